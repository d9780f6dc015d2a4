"""Columns of a long table that name the series and the time of its rows."""

from datetime import timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from skrnn._columns import refuse_lazy
from skrnn._numbers import AT_LEAST_ONE, is_integer
from skrnn._time.index import order_kind
from skrnn.windows._named_columns import as_list

__all__ = ["FREQ", "SERIES", "TIME", "KeyColumns"]

# What the parameters may be that name them, and the one that says the step of times.
SERIES = [str, list, tuple, None]
TIME = [str, None]
NOT_KNOWN_YET = (
    "Columns that these rows do not have yet, such as the target's own past, are to be "
    "NaN: X.assign(name=numpy.nan)."
)
FREQ = [str, timedelta, pd.offsets.BaseOffset, AT_LEAST_ONE, None]


class KeyColumns(NamedTuple):
    """The names of the columns that tell series and time; none where an index does.

    Attributes
    ----------
    series : tuple of str
        Columns that name the series of a row together.
    time : str or None
        The column that holds its time.
    """

    series: tuple
    time: str | None

    @classmethod
    def of(cls, series, time):
        """Read the parameters `series` and `time`; raise where they name no columns."""
        names = () if series is None else series
        names = (names,) if isinstance(names, str) else tuple(names)
        if not all(isinstance(name, str) for name in names):
            raise ValueError(f"series={series!r} must be the names of columns.")
        every = [*names, *([] if time is None else [time])]
        if len(set(every)) < len(every):
            raise ValueError(
                f"series={series!r} and time={time!r} name a column more than once."
            )
        return cls(names, time)

    @property
    def names(self):
        """All of them (list of str)."""
        return [*self.series, *([] if self.time is None else [self.time])]

    def index_of(self, X):
        """What the columns say of the rows, as an index.

        Parameters
        ----------
        X : DataFrame of pandas or polars of shape (n_rows, n_columns)
            The table, with rows in any order.

        Returns
        -------
        index : pandas.Index of length n_rows, or None
            With the time as its last level; that of a pandas X where no column is
            named for it.

        Raises
        ------
        ValueError
            If a column is not there, lacks a value, or is of a type that has no order.
        """
        refuse_lazy(X)
        if not self.names:
            return X.index if isinstance(X, pd.DataFrame) else None
        self._check_columns(X)
        levels = [_labels(X[name], name) for name in self.series]
        if self.time is not None:
            levels.append(_times(X[self.time], self.time))
        elif isinstance(X, pd.DataFrame):
            index = X.index
            levels += [index.get_level_values(i) for i in range(index.nlevels)]
        else:
            raise ValueError(
                f"series={self.series!r} is given without time, and X, which is no "
                "pandas DataFrame, has no index to tell the times of its rows. Name "
                "the column of the times."
            )
        return levels[0] if len(levels) == 1 else pd.MultiIndex.from_arrays(levels)

    def by_names(self, wanted, X):
        """Name columns of X that are given by their positions there.

        Parameters
        ----------
        wanted : str, int, list of them, callable or None
            Columns of X.
        X : array-like or DataFrame of shape (n_rows, n_columns)
            With these columns, which are not all features.

        Returns
        -------
        str, int, list of them, callable or None
            The same where all columns are features.
        """
        if not self.names or wanted is None or callable(wanted):
            return wanted
        columns = list(X.columns)
        return [
            columns[i] if is_integer(i) and 0 <= i < len(columns) else i
            for i in as_list(wanted)
        ]

    def features_of(self, X):
        """The other columns of X."""
        if not self.names:
            return X
        others = [name for name in X.columns if name not in self.names]
        if not others:
            raise ValueError(
                f"X has no columns besides those of series and time, {self.names}."
            )
        return X[others]

    def in_order(self, X, names):
        """X with its columns in the order of fit; raise if they are others.

        Parameters
        ----------
        X : DataFrame
            What the user gave.
        names : array-like of str
            The columns of fit.
        """
        if not self.names:
            return X
        self._check_columns(X)
        given, names = list(X.columns), list(names)
        missing = [name for name in names if name not in given]
        superfluous = [name for name in given if name not in names]
        if missing or superfluous:
            raise ValueError(
                "The feature names should match those that were passed during fit. "
                + (f"Missing: {missing}. " if missing else "")
                + (f"Unseen at fit: {superfluous}. " if superfluous else "")
                + NOT_KNOWN_YET
            )
        return X if given == names else X[names]

    def _check_columns(self, X):
        given = list(X.columns) if hasattr(X, "columns") else None
        for parameter, names in [("series", self.series), ("time", (self.time,))]:
            if not names or names[0] is None:
                continue
            shown = names[0] if len(names) == 1 else list(names)
            if given is None:
                raise ValueError(
                    f"{parameter}={shown!r} names a column, but X is a "
                    f"{type(X).__name__}, which has none. A step of a pipeline that "
                    "returns NumPy loses them, unless it is asked for data frames: "
                    'set_output(transform="pandas").'
                )
            missing = [name for name in names if name not in given]
            if missing:
                raise ValueError(
                    f"{parameter}={shown!r} names what X does not have, {missing}: its "
                    f"columns are {given}."
                )
        if len(set(given)) < len(given):
            twice = sorted({name for name in given if given.count(name) > 1}, key=str)
            raise ValueError(f"X has several columns of the name {twice}.")


def _labels(column, name):
    """Labels of series, in the same form whatever the type of the column."""
    values = np.asarray(column)
    if pd.isna(values).any():
        raise ValueError(
            f"Column {name!r}, which names the series, has no value in row "
            f"{int(np.argmax(pd.isna(values)))}."
        )
    return pd.Index(values, name=name)


def _times(column, name):
    """The times of a column, as the index that they would make."""
    if isinstance(column, pd.Series):
        times = pd.Index(column, name=name)
    else:
        times = pd.Index(column.to_numpy(), name=name)
        zone = getattr(column.dtype, "time_zone", None)  # polars has it in its type
        times = times if zone is None else times.tz_localize("UTC").tz_convert(zone)
    if times.hasnans:
        row = int(np.argmax(times.isna()))
        raise ValueError(f"Column {name!r}, which is the time, has none in row {row}.")
    try:
        order_kind(times)
    except ValueError as error:
        raise ValueError(
            f"Column {name!r}, which is the time, is of dtype {column.dtype}, by which "
            "rows cannot be put in time order. Expected times, periods or integers: "
            f"convert it, for instance by pandas.to_datetime(X[{name!r}])."
        ) from error
    return times
