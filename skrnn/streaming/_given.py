"""Rows, keys and times, in the many forms in which they are given."""

import math
import operator
from collections.abc import Iterator, Mapping
from datetime import date

import numpy as np
import pandas as pd

from skrnn._categories.tables import encode_table
from skrnn._columns import numbers_only, refuse_lazy
from skrnn._time.index import split_index
from skrnn.streaming._row_index import RowIndex
from skrnn.windows._given_rows import check_rows
from skrnn.windows._read_rows import read_values

__all__ = ["RowReader"]

# Rows by which it is seen whether what stands before the windows reads other rows.
_TRIALS = 3


class RowReader:
    """Reads rows as the windows are to be given them.

    Parameters
    ----------
    parts : Parts
        The pipeline.
    dtype : dtype
        Of the rows.
    is_timed : bool
        Whether the index of tables tells times, where there is no SlidingWindow.
    """

    def __init__(self, parts, dtype, *, is_timed=False):
        self._parts, self._dtype, self._is_timed = parts, dtype, is_timed
        names = parts.column_names
        self._names = names
        self._places = None
        if names is not None:
            self._places = {name: i for i, name in enumerate(names)}
        self._categories = (
            {} if parts.window is None else parts.window._categories or {}
        )
        is_coded = bool(self._key_names or self._categories)
        self._is_plain = not parts.before and not is_coded
        self._earlier, self._n_trials = {}, 0
        has_index = parts.before and parts.window._history is not None
        self._index = None
        if has_index and not self._key_names:
            self._index = RowIndex(parts.window)

    @property
    def _key_names(self):
        window = self._parts.window
        return [] if window is None else window._key_columns.names

    def row(self, row, key, time):
        """Read one row.

        Parameters
        ----------
        row : mapping, pandas.Series, DataFrame of one row or array-like of shape \
                (n_columns,)
            As given to `update`.
        key, time : object
            As given.

        Returns
        -------
        values : ndarray of shape (1, n_features)
        key, time : object
            Those that columns of the row tell, where they do.
        """
        if self._is_row(row):
            return row[None], _plain_key(key), time
        if hasattr(row, "columns"):
            return self._row_of_table(row, key, time)
        if isinstance(row, pd.Series):
            row = row.to_dict()
        if not self._is_plain:
            if self._key_names:
                row = self._with_read_time(row)
                key, time = self._told_by_columns(row, key, time)
            if isinstance(row, Mapping):
                row = pd.DataFrame([self._from_mapping(row)], columns=self._names)
            key = _plain_key(key)
            return self._values(row, [key], [time]), key, time
        if isinstance(row, Mapping):
            row = self._from_mapping(row)
        values = self._as_numbers(row)
        if values.ndim == 2 and len(values) == 1:
            values = values[0]
        if values.ndim == 0 and self._parts.n_columns == 1:
            values = values[None]
        self._check_shape(values[None])
        self._refuse_infinite(values[None])
        return values[None], _plain_key(key), time

    def _is_row(self, row):
        """Whether a row is finite numbers as they are to be (bool), seen in no time.

        The square of what is finite may be not: then more is looked at.
        """
        return (
            type(row) is np.ndarray
            and self._is_plain
            and row.dtype == self._dtype
            and row.shape == (self._parts.n_columns,)
            and math.isfinite(row.dot(row))
        )

    def _row_of_table(self, table, key, time):
        if len(table) != 1:
            raise ValueError(
                f"update takes one row, got a table of {len(table)}. Give them to "
                "update_many."
            )
        given = ([one] if one is not None else None for one in (key, time))
        values, keys, times = self.rows(table, *given)
        return (
            values,
            key if keys is None else keys[0],
            time if times is None else times[0],
        )

    def _from_mapping(self, row):
        names = self._names
        if self._parts.is_flat:
            raise ValueError(
                "The row is a mapping, but the fit was on lag columns, which are steps "
                "of one series: a row is a single number."
            )
        if names is None:
            raise ValueError(
                "The row is a mapping, but the fit saw no names of columns. Fit on a "
                "DataFrame, or give the row as an array in the order of fit."
            )
        if len(row) != len(names) or any(name not in self._places for name in row):
            missing = [name for name in names if name not in row]
            superfluous = [name for name in row if name not in self._places]
            raise ValueError(
                f"The row must have the columns of fit, {names}. Missing: {missing}. "
                f"Unseen at fit: {superfluous}."
            )
        return [row[name] for name in names]

    def _check_shape(self, values):
        n_columns = self._parts.n_columns
        if values.ndim != 2 or values.shape[1] != n_columns:
            raise ValueError(
                f"A row must have {n_columns} numbers, as in fit; got an array of "
                f"shape {values.shape[1:]}."
            )

    def _refuse_infinite(self, values):
        """Raise where a value is infinite, of which later windows would tell else."""
        infinite = np.isinf(values)
        if not infinite.any():
            return
        place = int(np.flatnonzero(infinite.any(axis=0))[0])
        has_name = self._names is not None and len(self._names) == values.shape[1]
        name = self._names[place] if has_name else place
        raise ValueError(
            f"A row must hold finite numbers or NaN, but its column {name!r} is "
            f"infinite, or a value too large for {self._dtype}. Give NaN where the "
            "value is not known."
        )

    def _as_numbers(self, rows):
        """Rows, or one of them, as numbers; raise with the name of what is none."""
        try:
            with np.errstate(over="ignore"):  # of what is too large for float32
                return np.asarray(rows, dtype=self._dtype)
        except OverflowError:
            given = np.atleast_1d(np.array(rows, dtype=object))
            with numbers_only(given, "A row", ("row", "column")[-given.ndim :]):
                raise
        except (TypeError, ValueError) as error:
            table = np.atleast_2d(np.array(rows, dtype=object))
            for place, value in enumerate(table.flat):
                if value is None or value is pd.NA:
                    table.flat[place] = np.nan
                    continue
                try:
                    float(value)
                except (TypeError, ValueError):
                    column = place % table.shape[1]
                    name = column if self._names is None else self._names[column]
                    raise ValueError(
                        f"A row must hold numbers, but its column {name!r} is "
                        f"{value!r} ({error}). Encode it as it was for the fit."
                    ) from error
            return table.astype(self._dtype)

    def _told_by_columns(self, row, key, time):
        """Key and time, where columns of a row tell them."""
        columns = self._parts.window._key_columns
        if not isinstance(row, Mapping) or any(n not in row for n in columns.names):
            raise ValueError(
                f"SlidingWindow reads the columns {columns.names}: give the row as a "
                "mapping from the names of columns to values, these included."
            )
        if columns.series:
            labels = [_plain_key(row[name]) for name in columns.series]
            told = labels[0] if len(labels) == 1 else tuple(labels)
            key = _agreed("key", key, told)
        if columns.time is not None:
            time = _agreed("time", self._read_time(time), row[columns.time])
        return key, time

    def _with_read_time(self, row):
        """The row (mapping), whose time may be text, such as JSON has."""
        column = self._parts.window._key_columns.time
        if not isinstance(row, Mapping) or column not in row:
            return row
        return {**row, column: self._read_time(row[column])}

    def _with_read_times(self, table):
        """The same of all rows of a DataFrame."""
        column = self._parts.window._key_columns.time
        if column not in table or table[column].dtype.kind in "iufbmM":
            return table
        times = [self._read_time(time) for time in table[column]]
        return table.assign(**{column: times})

    def _read_time(self, time):
        """A time of the kind of the fit, if it is text or a date that names one."""
        like = getattr(self._parts.window._history, "times", None)
        if not isinstance(time, str | date) or time is pd.NaT:
            return time
        try:
            if isinstance(like, pd.PeriodIndex):
                return pd.Period(time, freq=like.freq)
            if isinstance(like, pd.DatetimeIndex):
                time = pd.Timestamp(time)
                # Texts of one zone may have several offsets.
                return time if time.tz is None else time.tz_convert(like.tz)
            if isinstance(like, pd.TimedeltaIndex):
                return pd.Timedelta(time)
        except (TypeError, ValueError):
            pass  # what reads the column says what is wrong with it
        return time

    def rows(self, rows, keys, times):
        """Read many rows.

        Parameters
        ----------
        rows : DataFrame, array-like of shape (n, n_columns) or list of mappings
            As given to `update_many`.
        keys, times : array-like of shape (n,) or None
            As given; else an index or columns of a DataFrame tell them.

        Returns
        -------
        values : ndarray of shape (n, n_features)
        keys : list or None
        times : pandas.Index, array-like or None
        """
        for name, given in (("keys", keys), ("times", times)):
            if isinstance(given, str):
                raise ValueError(
                    f"{name} must have an entry for each row, got the text {given!r}. "
                    "Where it is the same for all rows, give it that often."
                )
        rows = self._as_table(rows)
        if isinstance(rows, pd.DataFrame):
            if self._key_names:
                rows = self._with_read_times(rows)
                told = self._told_by(rows)
                if self._parts.window._key_columns.series:
                    keys = _all_agreed("keys", keys, told[0])
                if self._parts.window._key_columns.time is not None:
                    if times is not None:
                        times = [self._read_time(time) for time in times]
                    times = _all_agreed("times", times, told[1])
                elif times is None:
                    times = told[1]
            elif keys is None and times is None:
                keys, times = self._told_by(rows)
        keys = None if keys is None else [_plain_key(key) for key in keys]
        values = self._values(rows, keys, times)
        if keys is not None and len(keys) != len(values):
            raise ValueError(f"There are {len(values)} rows, but {len(keys)} keys.")
        return values, keys, times

    def _as_table(self, rows):
        """Rows by names as a DataFrame of pandas; others as they are."""
        if isinstance(rows, Mapping):
            raise ValueError(
                "update_many takes many rows, got a mapping. Give one row to update, "
                "[row, ...] to update_many, or a table as pandas.DataFrame(rows)."
            )
        refuse_lazy(rows, "rows")
        rows = list(rows) if isinstance(rows, Iterator) else rows
        if hasattr(rows, "__len__") and not len(rows):
            raise ValueError("update_many takes at least one row, got none.")
        if hasattr(rows, "columns") and not isinstance(rows, pd.DataFrame):
            return pd.DataFrame({name: list(rows[name]) for name in rows.columns})
        is_list = isinstance(rows, list | tuple) and len(rows)
        if not is_list or not isinstance(rows[0], Mapping | pd.Series):
            return rows
        # Each has the columns of fit: a key that is not there is no missing value.
        rows = [row.to_dict() if isinstance(row, pd.Series) else row for row in rows]
        return pd.DataFrame(map(self._from_mapping, rows), columns=self._names)

    def _told_by(self, table):
        """Keys and times that columns or the index of a DataFrame tell."""
        window = self._parts.window
        if window is None:
            return None, table.index if self._is_timed else None
        labels = window._beginnings.labels
        is_timed = window._history is not None
        if not self._key_names and isinstance(table.index, pd.RangeIndex):
            if labels is not None or not is_timed:
                return None, None  # numbers that pandas gave
        if not (is_timed or self._key_names):
            # What stands before the window may lose the index; else it is refused.
            return None, None if self._parts.before else table.index
        index = window._key_columns.index_of(table)
        codes, found, times = split_index(index, None, len(table))
        keys = None if codes is None else found.take(codes).tolist()
        return keys, times if is_timed else None

    def _values(self, rows, keys, times):
        """What windows are made of (n, n_features), of rows as they are given."""
        parts = self._parts
        if isinstance(rows, pd.DataFrame) and self._names is not None:
            self._from_mapping(dict.fromkeys(rows.columns))
            rows = rows[self._names]
        if self._is_plain:
            values = self._as_numbers(rows)
            self._check_shape(values)
            self._refuse_infinite(values)
            return values
        table = rows
        if not isinstance(rows, pd.DataFrame):
            table = np.atleast_2d(
                np.asarray(rows, object if self._categories else None)
            )
        table = parts.table(table)
        if self._index is not None and isinstance(table, pd.DataFrame):
            # Steps may read it, such as the hour of a time.
            table = table.set_axis(self._index.of(len(table), keys, times))
        for step in parts.before:
            given, table = table, step.transform(table)
            table = table.toarray() if hasattr(table, "toarray") else table
            if self._n_trials < _TRIALS:
                self._check_step(step, given, table)
        self._n_trials += 1
        window = parts.window
        if self._key_names:
            values = read_values(table, window._key_columns, window)
            return values.astype(self._dtype, copy=False)
        table = encode_table(table, self._categories, window._feature_names())
        values = check_rows(window, table, reset=False)
        return values.astype(self._dtype, copy=False)

    def _check_step(self, step, given, made):
        """Raise where a step before the windows makes a row of others too."""
        if len(given) > 1:
            together, apart = made[-1:], step.transform(given[-1:])
        elif id(step) in self._earlier:
            earlier = self._earlier[id(step)]
            join = pd.concat if isinstance(given, pd.DataFrame) else np.concatenate
            together, apart = step.transform(join([earlier, given]))[-1:], made
        else:
            together = apart = made
        self._earlier[id(step)] = given[-1:]
        if not _same(*(_as_array(rows)[0] for rows in (together, apart))):
            raise ValueError(
                f"{step!r} makes of a row something else when it stands beside other "
                "rows, so that its rows cannot be streamed one by one. Put what reads "
                "several rows behind SlidingWindow."
            )


def _agreed(name, given, told):
    if given is None or given == told:
        return told
    raise ValueError(
        f"{name}={given!r} is given, but the columns of the row say {told!r}."
    )


def _all_agreed(name, given, told):
    """What columns tell of all rows, if nothing else is given."""
    if given is None or told is None:
        return given if told is None else told
    if len(given) == len(told) and all(map(operator.eq, given, told)):
        return told
    raise ValueError(
        f"{name}={given!r} are given, but the columns of the rows say {list(told)!r}."
    )


def _as_array(rows):
    return rows.toarray() if hasattr(rows, "toarray") else np.asarray(rows)


def _same(one, other):
    if one.dtype.kind in "fiub" and other.dtype.kind in "fiub":
        return np.allclose(one, other, rtol=1e-6, equal_nan=True)
    pairs = zip(one.tolist(), other.tolist(), strict=True)
    return all(a == b or (pd.isna(a) and pd.isna(b)) for a, b in pairs)


def _plain_key(key):
    """A key as it names a stream; raise where it cannot."""
    if key is None or type(key) in (str, int):
        return key
    if isinstance(key, list):
        key = tuple(key)
    key = key.item() if isinstance(key, np.generic) else key
    if any(map(_is_missing, key if isinstance(key, tuple) else (key,))):
        raise ValueError(
            f"key={key!r} is missing: it equals no other, so that its stream could "
            "never be found again. Give the label of the series of the row, or None "
            "where there is a single one."
        )
    try:
        hash(key)
    except TypeError as error:
        raise ValueError(
            f"key={key!r} names no stream ({error}). Give a text, a number, or a tuple "
            "of these."
        ) from error
    return key


def _is_missing(label):
    return label is pd.NA or label is pd.NaT or label != label
