"""Between the frames of pandas and tables of series."""

import copy

import numpy as np
import pandas as pd

from skrnn._forecasting.exogenous_columns import ExogenousColumns
from skrnn._forecasting.limits import refuse_rows
from skrnn._forecasting.table import table_of
from skrnn._forecasting.units import Units
from skrnn._time.axis import TimeAxis
from skrnn._time.index import key_levels, order_kind, split_keys
from skrnn._time.index import keys as time_keys

__all__ = ["SeriesFrames", "time_axis"]


def time_axis(index):
    """The axis of an index of rows (TimeAxis), whose last level is the time."""
    _, codes, times = split_keys(index)
    order_kind(times)
    count = time_keys(times)
    next_code, next_count = np.diff(codes), np.diff(count)
    if ((next_code < 0) | ((next_code == 0) & (next_count < 0))).any():
        # In the order of the times, say, all series together.
        order = np.lexsort((count, codes))
        codes, times = codes[order], times[order]
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
    return TimeAxis(times, starts, getattr(index, "freq", None))


class SeriesFrames:
    """Knows the columns and the time axis of the series of a fit.

    Parameters
    ----------
    y : DataFrame of shape (n_rows, n_targets)
        Targets of fit; the last level of its index is the time, the others name the
        series.
    X : DataFrame of shape (n_rows_x, n_exogenous), or None
        Exogenous values.
    past_covariates : list of str, "all" or None
        The columns of X of which no future is known.

    Raises
    ------
    ValueError
        If columns, values or the index are not as they have to be.
    """

    def __init__(self, y, X, past_covariates):
        self.axis = time_axis(y.index)
        self.x_columns = None if X is None else X.columns
        self.exogenous = None if X is None else ExogenousColumns.of(X)
        self.is_past_column = self._past(past_covariates)
        x = None if X is None else self.exogenous.numbers(X)
        self.y_columns, self.index_names = y.columns, list(y.index.names)
        self.y_units = Units(y.to_numpy(dtype=float))
        self.x_units = None if X is None else Units(x)

    @property
    def x_future(self):
        """The columns of X whose future is known (pandas.Index)."""
        return self.x_columns[~self.is_past_column]

    @property
    def is_past(self):
        """Of which numbers that X becomes no future is known (ndarray of bool)."""
        if self.exogenous is None:
            return self.is_past_column
        return self.is_past_column[self.exogenous.owner]

    @property
    def x_names(self):
        """What the numbers are called that X becomes (list of str)."""
        return [] if self.exogenous is None else self.exogenous.names

    @property
    def n_levels(self):
        """Levels of the index of fit."""
        return len(self.index_names)

    def named_as(self, y):
        """The same for results that are named as other series are (SeriesFrames)."""
        other = copy.copy(self)
        other.y_columns, other.index_names = y.columns, list(y.index.names)
        return other

    def _past(self, past):
        columns = [] if self.x_columns is None else list(self.x_columns)
        if past is None or (isinstance(past, str) and past == "all"):
            return np.full(len(columns), past is not None)
        unknown = [name for name in past if name not in columns]
        if unknown:
            raise ValueError(
                f"past_covariates={past!r} names {unknown}, but the columns of X are "
                f"{columns}."
            )
        return np.array([name in past for name in columns], dtype=bool)

    def ordered(self, y, keeps_names=False):
        """The same rows with the columns of fit, found by name (DataFrame).

        Columns that have no names, in fit or here, are taken in their order; their
        names stay where `keeps_names` says so.

        Raises
        ------
        ValueError
            If a column of fit is lacking, or another one is there.
        """
        names, given = list(self.y_columns), list(y.columns)
        if given == names:
            return y
        if len(given) != len(names):
            raise ValueError(
                f"y has {len(given)} columns, but had {len(names)} in fit: {given}, "
                f"but {names} then. Give it those."
            )
        if _is_nameless(names) or _is_nameless(given):
            return y if keeps_names else y.set_axis(self.y_columns, axis=1)
        if set(given) != set(names):
            raise ValueError(
                f"y has the columns {given}, but fit had {names}. Give it those, by "
                "these names."
            )
        return y[names]

    def table(self, y, X=None):
        """Lay y, and X wherever y has rows, on the grid of the axis (SeriesTable)."""
        keys, codes, times = split_keys(y.index)
        values = _numbers(y, "y", self.y_units)
        x = None
        n_exogenous = len(self.x_names)
        if self.x_columns is not None:
            x = np.full((len(y), n_exogenous), np.nan)
        steps = self.axis.ordinals(times)
        self._refuse_lengths(codes, steps, y, n_exogenous)
        table = table_of(keys, codes, steps, values, x)
        place = table.positions(codes, steps)
        twice = np.bincount(place, minlength=1) > 1
        if twice.any():
            row = int(np.argmax(twice[place]))
            raise ValueError(f"y has more than one row for {y.index[row]}.")
        if X is None and self.x_columns is not None:
            raise ValueError(
                f"X is needed with y: fit had the columns {list(self.x_columns)}."
            )
        if X is None:
            return table
        given, _ = self._series_and_steps(table, X)
        lacking = np.setdiff1d(np.arange(len(keys)), given)
        if self.x_columns is not None and len(lacking):
            names = [key[0] if len(key) == 1 else key for key in split_keys(X.index)[0]]
            key = keys[lacking[0]]
            raise ValueError(
                f"X has no row for the series {key[0] if len(key) == 1 else key!r} of "
                f"y; its series are {names[:5]}. Give X the labels of y, of one type."
            )
        return self.with_x(table, X)

    def _refuse_lengths(self, codes, steps, y, n_exogenous):
        """Raise where the grids from first to last row of the series are huge."""
        order = np.lexsort((steps, codes))
        ends = np.flatnonzero(np.append(np.diff(codes[order]), 1))
        starts = np.append(0, ends[:-1] + 1)
        # As floats, since times may be further apart than integers go.
        lengths = np.subtract(steps[order][ends], steps[order][starts], dtype=float) + 1
        what = (
            f"y, of {len(y)} rows from {y.index.min()} to {y.index.max()} in steps of "
            f"{self.axis.step_name},"
        )
        refuse_rows(
            what,
            lengths,
            y.shape[1],
            n_exogenous,
            "Check its times, or resample it to a longer step: memory is enough for "
            "{} rows.",
        )

    def with_x(self, table, X):
        """Fill exogenous values into a table wherever it has a row."""
        if self.x_columns is None:
            raise ValueError(
                f"X has the columns {list(X.columns)}, but fit had no X. Give none, or "
                "give fit their past."
            )
        lacking = [
            name
            for name, is_past in zip(self.x_columns, self.is_past_column, strict=True)
            if name not in X.columns and not is_past
        ]
        if lacking:
            raise ValueError(
                f"X lacks the columns {lacking} of fit. Give them, or name those that "
                "are not known in the future in past_covariates."
            )
        given = self.x_columns.isin(X.columns)[self.exogenous.owner]
        # In the order of fit, since each column has its own unit there.
        x = self.exogenous.numbers(X)
        x = _numbers(X, "X", self.x_units, x, self.x_names)[:, given]
        codes, steps = self._series_and_steps(table, X)
        known = codes >= 0
        return table.with_x(x[known], codes[known], steps[known], given)

    def _series_and_steps(self, table, X):
        """Number in the table, -1 of unknown series, and step of each row of X."""
        keys, codes, times = split_keys(X.index)
        here = {key: i for i, key in enumerate(table.keys)}
        numbers = np.array([here.get(key, -1) for key in keys])
        return numbers[codes], self.axis.ordinals(times)

    def with_future(self, table, X, last, wanted):
        """The table up to some step of each series, with what X says of the future.

        Parameters
        ----------
        table : SeriesTable
            What is known.
        X : DataFrame or None
            Exogenous values.
        last : ndarray of shape (n_series,) of int64
            Step to which the result goes.
        wanted : tuple of (ndarray of int64, ndarray of int64)
            Series and steps of the rows that X has to have.

        Returns
        -------
        SeriesTable
        """
        codes, steps = wanted
        is_new = steps > table.last[codes]
        refuse_rows(
            "The future to forecast",
            last.astype(float) - table.first + 1,
            table.y.shape[1],
            0 if table.x is None else table.x.shape[1],
            "Give a shorter fh: memory is enough for {} rows.",
        )
        table = table.spanning(table.first, last)
        if self.x_columns is None:
            return table if X is None else self.with_x(table, X)
        future = self.x_future
        if not len(future) or (X is None and not is_new.any()):
            return table
        if X is None:
            raise ValueError(
                f"X is needed at predict: fit had the columns {list(future)}. Give "
                "their values at the times of fh, or name those that are not known in "
                "the future in past_covariates."
            )
        self._check_rows(table, X, codes[is_new], steps[is_new])
        # What may be there of the others nobody could have known.
        return self.with_x(table, X[[name for name in future if name in X.columns]])

    def _check_rows(self, table, X, codes, steps):
        given, times = self._series_and_steps(table, X)
        place = table.positions(given, times)
        has_row = np.zeros(table.begin[-1], dtype=bool)
        has_row[place[(given >= 0) & (place >= 0)]] = True
        lacks = np.flatnonzero(~has_row[table.positions(codes, steps)])
        if len(lacks):
            first = lacks[0]
            label = (*table.keys[codes[first]], self.axis.times(steps[[first]])[0])
            raise ValueError(
                f"X has no row for {label[0] if len(label) == 1 else label}, which is "
                "to be forecast. Give its exogenous values, NaN where not known, or "
                "name columns without a future in past_covariates."
            )

    def index(self, keys, times):
        """Index of results: the times of each series, series after series.

        Parameters
        ----------
        keys : list of tuple
            Labels of the series.
        times : list of pandas.Index
            The times of each.

        Returns
        -------
        pandas.Index
        """
        if keys == [()]:
            return times[0].rename(self.index_names[-1])
        codes = np.repeat(np.arange(len(keys)), [len(part) for part in times])
        first, others = times[0], times[1:]
        if all(part is first for part in others):  # pandas would join them one by one
            each = first.take(np.tile(np.arange(len(first)), len(keys)))
        else:
            each = first.append(list(others))
        levels = [*key_levels(keys, codes), each]
        return pd.MultiIndex.from_arrays(levels, names=self.index_names)


def _numbers(frame, name, units, values=None, columns=None):
    """Numbers of a frame of an ordinary size; raise where some are too large."""
    values = frame.to_numpy(dtype=float) if values is None else values
    columns = frame.columns if columns is None else columns
    infinite, large = np.isinf(values), units.too_large(values)
    if infinite.any():
        row, column = np.argwhere(infinite)[0]
        raise ValueError(
            f"{name} is infinite at {frame.index[row]} in {columns[column]!r}. Replace "
            "it, or set it to NaN if the value is not known."
        )
    if large.any():
        row, column = np.argwhere(large)[0]
        raise ValueError(
            f"{name} is {values[row, column]:g} at {frame.index[row]} in "
            f"{columns[column]!r}, too large beside the values of fit to be computed "
            "with. Set it to NaN if it is an accident, else fit again."
        )
    return units.divided(values)


def _is_nameless(columns):
    return columns == list(range(len(columns)))
