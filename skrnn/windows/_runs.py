"""Rows in time order, the unbroken runs among them, and the windows these give."""

import numpy as np
import pandas as pd

from skrnn._time.frequency import find_step
from skrnn._time.index import keys, split_index
from skrnn._time.steps import follows

__all__ = ["Rows", "Runs"]


class Rows:
    """The rows of one call, ordered by series and time.

    Parameters
    ----------
    n_rows : int
        The number of rows.
    index : pandas.Index or None
        Their index.
    groups : array-like of shape (n_rows,), or None
        A label of the series of each row.
    sort : bool, default=False
        Whether the rows of a series may be out of time order, and are sorted.

    Attributes
    ----------
    given_codes : ndarray of shape (n_rows,) or None
        The code of the series of each row, in the caller's order.
    labels : pandas.Index or None
        The label of each code.
    order : ndarray of shape (n_rows,) or None
        The caller's rows, series after series, each in time order; None if they are
        given so.
    codes, times : array and pandas.Index, or None
        Series and time of the rows in that order.
    same_series : ndarray of shape (n_rows - 1,), dtype bool
        For each row but the first, whether it is of the series of the row before it.
    """

    def __init__(self, n_rows, index=None, groups=None, *, sort=False):
        self.n_rows = n_rows
        self.index = index
        self.given_codes, self.labels, self.times = split_index(index, groups, n_rows)
        self.codes = self.given_codes
        self._sort = sort and self.times is not None
        self.order = self._order()
        if self.order is not None:
            self.codes = None if self.codes is None else self.codes[self.order]
            self.times = None if self.times is None else self.times[self.order]
        self.same_series = self._same_series()
        if self.times is not None:
            self._check_time_order()

    def _order(self):
        """What puts the rows in order, by series alone or by time as well; or None."""
        grouped = self.codes is None or _grouped(self.codes, self._same_series())
        if not self._sort:
            return None if grouped else np.argsort(self.codes, kind="stable")
        ticks = keys(self.times)
        if grouped and not (self._same_series() & (ticks[1:] < ticks[:-1])).any():
            return None
        levels = (ticks,) if self.codes is None else (ticks, self.codes)
        return np.lexsort(levels)

    @property
    def is_shuffled(self):
        """Whether the rows of some series were given out of time order (bool)."""
        if not self._sort or self.order is None:
            return False
        return bool(((np.diff(self.order) < 0) & self.same_series).any())

    @property
    def rank(self):
        """The place of each row in order of time, in the caller's order, or None.

        None where the rows are in that order, or were not to be sorted. Rows of one
        time are in order of their series, so that nothing depends on the caller's.
        """
        if not self._sort:
            return None
        ticks = self.in_given_order(keys(self.times))
        levels = (ticks,) if self.codes is None else (self.given_codes, ticks)
        order = np.lexsort(levels)
        if (np.diff(order) > 0).all():
            return None
        rank = np.empty(self.n_rows, np.int32 if self.n_rows < 2**31 else np.int64)
        rank[order] = np.arange(self.n_rows)
        return rank

    def _same_series(self):
        if self.codes is None:
            return np.ones(max(self.n_rows - 1, 0), dtype=bool)
        return self.codes[1:] == self.codes[:-1]

    def _check_time_order(self):
        ticks = keys(self.times)
        wrong = ticks[1:] <= ticks[:-1]
        wrong &= self.same_series
        if not wrong.any():
            return
        second = int(np.argmax(wrong)) + 1
        place = [second - 1, second]
        rows = place if self.order is None else self.order[place].tolist()
        before, after = (self.times[i] for i in place)
        of = "" if self.codes is None else f" of {self.label_of(second)}"
        if ticks[second] == ticks[second - 1]:
            way = "the series of each row by a MultiIndex (series, time) or by groups"
            if self._sort:
                way = "the columns that tell their series apart by series"
            raise ValueError(
                f"Two rows{of} have the same time: rows {rows[0]} and {rows[1]} are "
                f"both at {after}. Drop the duplicate, or name {way}."
            )
        raise ValueError(
            f"Rows must be in time order, but row {rows[1]}{of} at {after} comes after "
            f"row {rows[0]} at {before}. Sort them first (X.sort_index()), y with "
            "them, and split them with a splitter that does not shuffle."
        )

    def series_starts(self):
        """Where each series begins in order (ndarray of int64)."""
        return _beginnings(self.same_series)

    @property
    def n_series(self):
        return np.count_nonzero(~self.same_series) + 1 if self.n_rows else 0

    @property
    def n_labels(self):
        """By how many labels a series is named (int)."""
        return 0 if self.labels is None else self.labels.nlevels

    def label_of(self, position):
        """Name in words the series of the row at a position in order."""
        return f"series {_plain(self.labels[self.codes[position]])!r}"

    def find_step(self, freq):
        """Find the step of the index; see `skrnn._time.frequency.find_step`."""
        return find_step(freq, self.index, self.times, self.series_starts())

    def cut(self, step):
        """Cut the rows, which are `step` apart, into unbroken runs.

        Parameters
        ----------
        step : pandas offset, int or None
            As `find_step` gives it.

        Returns
        -------
        runs : Runs
        """
        joined = self.same_series
        evenly = isinstance(self.times, pd.RangeIndex) and self.times.step == step
        if self.times is not None and not evenly:
            joined = joined & follows(self.times[:-1], self.times[1:], step)
        return Runs(self, _beginnings(joined), step)

    def caller_rows(self, positions):
        """The caller's numbers of rows given by their position in order."""
        return positions if self.order is None else self.order[positions]

    def in_given_order(self, values):
        """Values of the rows in order, in the order in which the caller gave them."""
        if self.order is None:
            return values
        given = np.empty_like(values)
        given[self.order] = values
        return given

    def values(self, X, preceding=None):
        """The values that the windows read, in the order their positions count."""
        if preceding is None:
            return X if self.order is None else X[self.order]
        dtype = X.dtype if X.dtype.kind == "f" else np.float64
        values = np.empty((self.n_rows + len(preceding.values), X.shape[1]), dtype)
        called = np.ones(len(values), dtype=bool)
        called[preceding.position + np.arange(len(preceding.values))] = False
        values[called] = X if self.order is None else X[self.order]
        values[~called] = preceding.values
        return values


class Runs:
    """Unbroken runs: stretches of rows of one series in which no time is missing.

    A window lies inside one run, and so crosses neither a gap nor a series' border.

    Parameters
    ----------
    rows : Rows
        The rows, in order.
    starts : ndarray of shape (n_runs,)
        Where each run begins among them.
    step : pandas offset, int or None
        The step from row to row.

    Attributes
    ----------
    lengths : ndarray of shape (n_runs,)
        The number of rows of each run.
    inner : ndarray of shape (n_runs,), dtype bool
        Whether a run begins after another of its series.
    """

    def __init__(self, rows, starts, step):
        self.rows = rows
        self.starts = starts
        self.step = step
        self.lengths = np.diff(starts, append=rows.n_rows)

    @property
    def inner(self):
        return np.append(False, self.rows.same_series)[self.starts]

    def of(self, positions):
        """The number of the run that the row at each position is of."""
        return np.searchsorted(self.starts, positions, side="right") - 1

    def tails(self, reach):
        """Positions, in order, of the last `reach` rows of every run."""
        kept = np.minimum(self.lengths, reach)
        first = self.starts + self.lengths - kept - (np.cumsum(kept) - kept)
        return np.arange(kept.sum()) + np.repeat(first, kept)

    def windows(self, window_length, horizon, preceding=None):
        """Where the window of each row stops, and how many rows it has.

        Parameters
        ----------
        window_length, horizon : int
            Those of the windows.
        preceding : PrecedingRows, default=None
            Rows inserted before some of the runs.

        Returns
        -------
        stop, length : ndarray of shape (n_rows,), dtype int32 or int64
            In the caller's order; positions count the inserted rows. The narrower
            type where every position fits it.
        """
        rows, begins, counts = self.rows, self.starts, self.lengths
        n_inserted = 0 if preceding is None else len(preceding.values)
        reach = rows.n_rows + n_inserted + window_length + horizon
        dtype = np.int32 if reach < 2**31 else np.int64
        stop = np.arange(1 - horizon, rows.n_rows + 1 - horizon, dtype=dtype)
        if preceding is not None:
            inserted = preceding.counts(len(begins))
            shift = np.cumsum(inserted)
            stop += np.repeat(shift.astype(dtype), counts)
            # A run that is chained to the one before it begins where that one does.
            begins = np.where(preceding.chained, -1, begins + shift - inserted)
            begins = np.maximum.accumulate(begins)
        length = stop - np.repeat(begins.astype(dtype), counts)
        np.clip(length, 0, window_length, out=length)
        stop[length == 0] = 0
        return rows.in_given_order(stop), rows.in_given_order(length)


def _beginnings(joined):
    """Where a row is not joined to the row before it, the first row included."""
    return np.append(0, np.flatnonzero(~joined) + 1)


def _plain(label):
    """A label, or several in a tuple, without types of NumPy."""
    if isinstance(label, tuple):
        return tuple(map(_plain, label))
    return label.item() if isinstance(label, np.generic) else label


def _grouped(codes, same_series):
    """Whether the rows of every series stand together."""
    return np.count_nonzero(~same_series) + 1 <= len(pd.unique(codes))
