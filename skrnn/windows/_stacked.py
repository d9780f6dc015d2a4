"""One or several series stacked into one table: values, names, index and series."""

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array

from skrnn._categories.categories import Categories
from skrnn._categories.tables import columns_of_table, encode_table, holds_categories
from skrnn._columns import as_numbers, numbers_only, refuse_lazy
from skrnn._time.index import order_kind
from skrnn.windows._array import WindowedArray
from skrnn.windows._named_columns import positions_of
from skrnn.windows._runs import Rows

__all__ = ["StackedSeries", "check_same_index"]


class StackedSeries:
    """One or several series as one table, their rows below one another.

    Parameters
    ----------
    series : array-like, Series or DataFrame, or a list of them
        As :func:`~skrnn.make_windows` takes it.
    name : str
        What the user calls it; named in the errors.

    Attributes
    ----------
    values : ndarray of shape (n_rows, n_columns)
        All rows.
    names : list of str or None
        The names of the columns, where all series share them.
    index : pandas.Index of length n_rows, or None
        The label of each row.
    groups : ndarray of shape (n_rows,) or None
        The place of each row's series in the list; None where there is no list.
    categories : dict of Categories
        Those of the columns whose numbers are codes, by position.
    freq : pandas offset or None
        The step that the indexes of listed series have in common, if one knows it.
    """

    def __init__(self, series, name):
        self.name = name
        parts = series if _is_list_of_series(series) else [series]
        for part in parts:
            refuse_lazy(part, name)
        self.categories = _categories_of(parts, name)
        coded = [encode_table(part, self.categories, None, name) for part in parts]
        tables = [_values_names_index(part, name) for part in coded]
        shapes = {values.shape[1:] for values, _, _ in tables}
        names = {None if found is None else tuple(found) for _, found, _ in tables}
        if all(isinstance(part, pd.Series) for part in parts) and len(names) > 1:
            # Such a name tells the series from one another, not what they measure.
            names = {None}
        if len(shapes) > 1 or len(names) > 1:
            raise ValueError(f"The series in {name} must all have the same columns.")
        indexes = [index for _, _, index in tables]
        if len({index is None for index in indexes}) > 1:
            raise ValueError(
                f"Some of the series in {name} have a pandas index and others have not."
            )
        self.names = tables[0][1] if names != {None} else None
        self.index, self.groups, self.freq = indexes[0], None, None
        self.values = tables[0][0]
        if parts is series:
            sizes = [len(values) for values, _, _ in tables]
            self.groups = np.repeat(np.arange(len(parts)), sizes)
            self.values = np.concatenate([values for values, _, _ in tables])
            if self.index is not None:
                # Appending forgets the step that the indexes have in common.
                self.freq = _common_step(indexes, name)
                self.index = self.index.append(indexes[1:])

    def runs(self):
        """Cut the rows into unbroken runs (Runs)."""
        rows = Rows(len(self.values), self.index, self.groups)
        freq = None if isinstance(self.index, pd.PeriodIndex) else self.freq
        return rows.cut(rows.find_step(freq))

    def columns(self, target):
        """Positions of the target columns, given by name or by position."""
        n_columns = self.values.shape[1]
        if target is None:
            found = np.setdiff1d(np.arange(n_columns), list(self.categories))
            if not len(found):
                raise ValueError(
                    f"{self.name} holds nothing but categories, and what is forecast "
                    "must be numbers."
                )
            return found
        found = positions_of(
            target, self.names, n_columns, parameter="target", table="series"
        )
        if not len(found):
            raise ValueError(f"target={target!r} names no column of series.")
        for place in self.categories:
            if place in found:
                raise ValueError(
                    f"Column {self.label_of(place)!r} of series holds categories, and "
                    "what is forecast must be numbers. Leave it out of target."
                )
        return found

    def label_of(self, position):
        """What a column is called; its position if it has no name."""
        return int(position) if self.names is None else self.names[position]

    def with_columns_of(self, other):
        """Values, names and categories with another table's columns behind its own."""
        same_series = np.array_equal(
            [] if self.groups is None else self.groups,
            [] if other.groups is None else other.groups,
        )
        if len(self.values) != len(other.values) or not same_series:
            raise ValueError(
                f"{other.name} must have the rows of {self.name}, series by series: "
                f"got {len(other.values)} rows for {len(self.values)}."
            )
        check_same_index(self.index, other.index, other.name)
        named = self.names is not None and other.names is not None
        n_own = self.values.shape[1]
        return (
            np.concatenate([self.values, other.values], axis=1),
            self.names + other.names if named else None,
            self.categories | {n_own + j: of for j, of in other.categories.items()},
        )


def _categories_of(parts, name):
    """The categories (dict) of the columns of several tables together."""
    tables = [columns_of_table(part) for part in parts]
    found = {}
    if any(columns is None for columns in tables):
        return found
    labels = list(getattr(parts[0], "columns", range(len(tables[0]))))
    for j, label in enumerate(labels):
        columns = [columns[j] for columns in tables if j < len(columns)]
        if any(holds_categories(column, label, name) for column in columns):
            found[j] = Categories.of(*columns)
    return found


def _common_step(indexes, name):
    """The step that the indexes of several series know; raise if they differ."""
    flat = [index for index in indexes if not isinstance(index, pd.MultiIndex)]
    kinds = sorted({order_kind(index) for index in flat})
    if len(kinds) > 1:
        raise ValueError(
            f"The series in {name} must all have the same kind of index, but there is "
            f"{' and '.join(kinds)}."
        )
    steps = {getattr(index, "freq", None) for index in indexes} - {None}
    if len(steps) > 1:
        shown = " and ".join(sorted(step.freqstr for step in steps))
        raise ValueError(
            f"The series in {name} must all have the same step from row to row, but "
            f"there is {shown}. Resample them, or make the windows of each by itself."
        )
    return steps.pop() if steps else None


def _is_list_of_series(series):
    """Whether it is a list of arrays, and not the numbers of one series."""
    return (
        isinstance(series, list | tuple)
        and len(series) > 0
        and all(getattr(part, "ndim", 0) > 0 for part in series)
    )


def _values_names_index(series, name):
    if isinstance(series, WindowedArray) or getattr(series, "ndim", 2) > 2:
        raise ValueError(
            f"{name} must be rows, (n_rows,) or (n_rows, n_columns), or a list of "
            f"such; got an array of shape {series.shape}."
        )
    if not np.iterable(series):
        raise ValueError(f"{name} must be rows, or a list of such; got {series!r}.")
    names = index = None
    if isinstance(series, pd.DataFrame | pd.Series):
        index = series.index
        is_frame = isinstance(series, pd.DataFrame)
        names = list(series.columns) if is_frame else [series.name]
    elif hasattr(series, "columns"):
        names = list(series.columns)
    if names is not None and not all(isinstance(label, str) for label in names):
        names = None
    with numbers_only(series, name):
        values = check_array(
            series,
            ensure_2d=False,
            dtype="numeric",
            ensure_all_finite="allow-nan",
            input_name=name,
        )
        values = as_numbers(values)
    return values.reshape(len(values), -1), names, index


def check_same_index(index, other, name):
    given = isinstance(index, pd.Index) and isinstance(other, pd.Index)
    if given and not index.equals(other):
        raise ValueError(
            f"The index of {name} is not that of the rows it goes with. Align them "
            "first, for instance with reindex."
        )
