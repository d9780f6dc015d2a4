"""Rows that a fit remembers, so that the first windows of a call have their past."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from skrnn._time.index import conform, keys
from skrnn._time.steps import follows

__all__ = ["History", "PrecedingRows", "first_not_before"]


@dataclass(eq=False)
class PrecedingRows:
    """Remembered rows to insert before the runs of a call.

    Attributes
    ----------
    values : ndarray of shape (n, n_features)
        The rows, in order.
    position : ndarray of shape (n,)
        The position in the call of the row that each is inserted before.
    run : ndarray of shape (n,)
        The run that this row begins.
    chained : ndarray of shape (n_runs,), dtype bool
        Whether the run before it in the call goes on without a break through the
        inserted rows.
    begins : ndarray of shape (n,), dtype bool
        Whether a run of the fit began with this row.
    """

    values: np.ndarray
    position: np.ndarray
    run: np.ndarray
    chained: np.ndarray
    begins: np.ndarray

    def counts(self, n_runs):
        return np.bincount(self.run, minlength=n_runs)


@dataclass(eq=False)
class History:
    """The last rows of every run of a fit, in order of series and time.

    Attributes
    ----------
    values : ndarray of shape (n, n_features)
        The rows.
    codes, labels : ndarray of shape (n,) and pandas.Index, or None
        The series of each row; None if there is one series.
    times : pandas.Index of length n
        The time of each row.
    begins : ndarray of shape (n,), dtype bool
        Whether a run of the fit began with this row.
    reach : int
        How many rows before its own row a window can go back to.
    """

    values: np.ndarray
    codes: np.ndarray | None
    labels: pd.Index | None
    times: pd.Index
    begins: np.ndarray
    reach: int

    @classmethod
    def of(cls, runs, X, reach):
        """Remember the last `reach` rows of every run; None without an index."""
        rows = runs.rows
        if rows.times is None:
            return None
        tails = runs.tails(reach)
        codes, labels = rows.codes, rows.labels
        if codes is not None:
            codes, used = pd.factorize(codes[tails])
            labels = labels.take(used)
        # Copies, lest the whole of X or of its index live on in the fitted estimator.
        values, times = X[rows.caller_rows(tails)], rows.times[tails]
        begins = np.isin(tails, runs.starts)
        return cls(values, codes, labels, times, begins, reach)

    def before(self, runs, step):
        """Find the remembered rows that come immediately before the runs of a call.

        Parameters
        ----------
        runs : Runs
            Those of the call.
        step : pandas offset, int or None
            The step between rows.

        Returns
        -------
        preceding : PrecedingRows or None
            None if there is no such row.
        """
        called, times = conform(runs.rows.times, self.times)
        kept, position, run = self._at_starts(runs, keys(called), keys(times))
        if not len(kept):
            return None
        useful = _reaches_its_run(called, times, kept, position, run, step)
        if not useful.any():
            return None
        kept, position, run = kept[useful], position[useful], run[useful]
        chained = _chained(runs, called, times, kept, run, step)
        return PrecedingRows(
            self.values[kept], position, run, chained, self.begins[kept]
        )

    def _at_starts(self, runs, ticks, own):
        """Remembered rows whose next row in the call is the first of a run.

        Parameters
        ----------
        runs : Runs
            Those of the call.
        ticks, own : ndarray of int64
            The comparable times of the rows of the call, and of those remembered.

        Returns
        -------
        kept, position, run : ndarray of shape (n,)
            The number of each among those remembered, the position in the call of its
            next row, and the run that this row begins.
        """
        kept, low, high = self._same_series(runs.rows, ticks, own)
        own = own[kept]
        position = first_not_before(ticks, own, low, high)
        # What the call holds itself wins, and what comes after it is of no use.
        before = position < high
        before[before] = ticks[position[before]] != own[before]
        # Nor is a row between two rows of one run, off the grid of the call.
        run = runs.of(position)
        before &= runs.starts[run] == position
        return kept[before], position[before], run[before]

    def _same_series(self, rows, ticks, own):
        """Remembered rows of the call's series, and from where to where these stand."""
        if self.codes is None:
            # One row may be asked for at a time, so no row is looked at in vain.
            first, last = np.searchsorted(own, ticks[[0, -1]])
            kept = np.arange(max(first - self.reach, 0), last)
            return kept, np.zeros_like(kept), np.full_like(kept, rows.n_rows)
        known = self.labels.get_indexer(rows.labels)
        call_code = np.full(len(self.labels), -1)
        call_code[known[known >= 0]] = np.flatnonzero(known >= 0)
        codes = call_code[self.codes]
        starts = rows.series_starts()
        low = np.full(len(rows.labels), -1)
        high = low.copy()
        low[rows.codes[starts]] = starts
        high[rows.codes[starts]] = np.append(starts[1:], rows.n_rows)
        kept = np.flatnonzero((codes >= 0) & (low[codes] >= 0))
        # Series after series in the order of the call.
        kept = kept[np.argsort(low[codes[kept]], kind="stable")]
        return kept, low[codes[kept]], high[codes[kept]]


def _reaches_its_run(called, times, kept, position, run, step):
    """Whether no row is missing from each remembered row to the run it precedes."""
    last = np.append(run[1:] != run[:-1], True)
    successors = times.take(kept).append(called.take(position))
    here = np.arange(len(kept))
    joined = follows(
        successors[: len(kept)],
        successors.take(np.where(last, here + len(kept), here + 1)),
        step,
    )
    end = np.flatnonzero(last)[np.cumsum(last) - last]
    breaks = np.cumsum(~joined)
    return breaks[end] - breaks + ~joined == 0


def _chained(runs, called, times, kept, run, step):
    """Which runs the call's own row before them reaches through the inserted rows."""
    chained = np.zeros(len(runs.starts), dtype=bool)
    opening = np.append(True, run[1:] != run[:-1])
    start = runs.starts[run[opening]]
    inner = np.append(False, runs.rows.same_series)[start]
    start, first = start[inner], kept[opening][inner]
    chained[run[opening][inner]] = follows(called[start - 1], times[first], step)
    return chained


def first_not_before(ticks, wanted, low, high):
    """Bisect each wanted tick in its own stretch ``ticks[low:high]``, all at once."""
    low, high = low.copy(), high.copy()
    while (open_ := low < high).any():
        middle = (low + high) // 2
        less = open_ & (ticks[np.minimum(middle, len(ticks) - 1)] < wanted)
        low = np.where(less, middle + 1, low)
        high = np.where(open_ & ~less, middle, high)
    return low
