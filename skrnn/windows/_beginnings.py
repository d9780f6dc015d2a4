"""Where the runs of a fit began, to tell a beginning from rows that were left out."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from skrnn._time.index import conform, keys
from skrnn._time.steps import wall_clock
from skrnn.windows._history import first_not_before

__all__ = ["Beginnings", "has_times", "times_finer"]

_NEVER = np.iinfo(np.int64).min
_THOUSANDS = {"s": 0, "ms": 1, "us": 2, "ns": 3}


@dataclass(eq=False)
class Beginnings:
    """The first row of every run of a fit, in order of series and time.

    Attributes
    ----------
    values : ndarray of shape (n_runs, n_features)
        The rows.
    codes, labels : ndarray of shape (n_runs,) and pandas.Index, or None
        The series of each; None if there is one series.
    times : pandas.Index of length n_runs, or None
        The time of each; None if the rows had no index.
    breaks : ndarray of int64
        How far a run began after the end of the one before it, in the unit of `times`:
        the lengths that there are, each once.
    """

    values: np.ndarray
    codes: np.ndarray | None
    labels: pd.Index | None
    times: pd.Index | None
    breaks: np.ndarray

    @classmethod
    def of(cls, runs, X):
        """Remember the beginnings of the runs of a fit."""
        rows = runs.rows
        codes, labels = rows.codes, rows.labels
        if codes is not None:
            codes, used = pd.factorize(codes[runs.starts])
            labels = labels.take(used)
        times, breaks = None, np.empty(0, np.int64)
        if rows.times is not None:
            times = rows.times[runs.starts]
            later = runs.starts[runs.inner]
            breaks = _apart(rows.times[later - 1], rows.times[later])
        values = X[rows.caller_rows(runs.starts)]
        return cls(values, codes, labels, times, np.unique(breaks))

    def check_labels(self, rows):
        """Raise if the series of a call are not named by the labels of the fit."""
        known = 0 if self.labels is None else self.labels.nlevels
        if rows.n_labels == known:
            self._check_kind_of_labels(rows)
            return
        lost = (
            ""
            if rows.index is not None
            else " X has no index at all: a step of the pipeline that returns NumPy "
            "loses it, unless it is asked for data frames by "
            'set_output(transform="pandas").'
        )
        raise ValueError(
            f"The series of X are named by {rows.n_labels} labels (the levels of a "
            "MultiIndex before the last, and groups), but SlidingWindow was "
            f"fitted on series named by {known}. Give X the index levels of fit.{lost}"
        )

    def _check_kind_of_labels(self, rows):
        """Raise if the series were numbers and are text now, or the reverse."""
        if self.labels is None or _are_numbers(self.labels) == _are_numbers(
            rows.labels
        ):
            return
        raise ValueError(
            f"The series of X are named by labels such as {rows.labels[0]!r}, those of "
            f"fit by labels such as {self.labels[0]!r}: numbers and text are never the "
            "same series. Give X labels of the type that fit had."
        )

    def lost_times(self, rows):
        """Whether either the fit or the call had times, and the other no index."""
        if (self.times is None) == (rows.times is None):
            return False
        return has_times(self.times if rows.times is None else rows.times)

    def missed_by(self, runs, X, history=None, preceding=None, *, strictly=False):
        """Which runs of a call do not begin as the fit makes one expect.

        A run may begin where one of the fit began, after a break as long as one within
        the fit, or with the first row of a series that the fit did not know. Else rows
        before it were left out. Where neither the fit nor the call has an index nothing
        can be told, and several rows are taken for a run that begins with them.

        Parameters
        ----------
        runs : Runs
            Those of the call.
        X : ndarray of shape (n_rows, n_features)
            The rows of the call.
        history : History or None
            What the fit remembers.
        preceding : PrecedingRows or None
            Those that `history` gives to the runs.
        strictly : bool, default=False
            Whether what cannot be told counts as left out.

        Returns
        -------
        missed : ndarray of shape (n_runs,), dtype bool
        """
        rows = runs.rows
        series = self.series_of(rows, runs.starts)
        first = X[rows.caller_rows(runs.starts)]
        begun = (series < 0) & ~runs.inner
        if self.times is not None and rows.times is not None:
            begun |= self._begun_in_time(runs, series, first, history)
        elif not self.lost_times(rows):
            begun |= ~runs.inner & self._same_rows(first, np.maximum(series, 0))
            if not strictly and self.times is None and rows.times is None:
                begun |= runs.lengths > 1
        if preceding is not None:
            opening = np.append(True, preceding.run[1:] != preceding.run[:-1])
            begun[preceding.run[opening]] = preceding.begins[opening]
            root = np.where(preceding.chained, 0, np.arange(len(begun)))
            begun = begun[np.maximum.accumulate(root)]
        return ~begun

    def series_of(self, rows, positions):
        """The number in the fit of the series of rows of a call; -1 if unknown."""
        if self.labels is None:
            return np.zeros(len(positions), dtype=np.intp)
        return self.labels.get_indexer(rows.labels)[rows.codes[positions]]

    def _begun_in_time(self, runs, series, first, history):
        """Which runs begin at a time, or after a break, of the fit."""
        rows, starts = runs.rows, runs.starts
        called, own = conform(rows.times[starts], self.times)
        ticks, begins = keys(called), keys(own)
        low, high = stretches(self.codes, len(begins), series)
        place = first_not_before(begins, ticks, low, high)
        found = place < high
        place = np.where(found, place, 0)
        found &= begins[place] == ticks
        if not has_times(rows.times):
            # Numbers begin anew when they are set anew: only the row itself tells.
            found &= self._same_rows(first, place)
        _, remembered = conform(called, history.times)
        low, high = stretches(history.codes, len(remembered), series)
        place = first_not_before(keys(remembered), ticks, low, high)
        wall = keys(wall_clock(called))
        ended, _ = conform(rows.times[starts - 1], self.times)
        since = np.where(runs.inner, keys(wall_clock(ended)), _NEVER)
        behind = np.flatnonzero(place > low)
        kept = keys(wall_clock(remembered))[place[behind] - 1]
        since[behind] = np.maximum(since[behind], kept)
        known = since > _NEVER
        breaks = self.breaks * times_finer(own, self.times)
        found[known] |= np.isin(wall[known] - since[known], breaks)
        return found

    def _same_rows(self, first, place):
        """Whether each row is the one that a run of the fit began with."""
        own = self.values[place]
        missing = (first != first) & (own != own)
        return ((first == own) | missing).all(axis=1)


def _are_numbers(labels):
    """For each level of labels, whether it is of numbers (list of bool)."""
    levels = labels.levels if isinstance(labels, pd.MultiIndex) else [labels]
    return [pd.api.types.is_numeric_dtype(level.dtype) for level in levels]


def has_times(times):
    """Whether an index holds times or periods, not mere numbers."""
    return isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex, pd.PeriodIndex))


def _apart(earlier, later):
    return keys(wall_clock(later)) - keys(wall_clock(earlier))


def times_finer(times, original):
    """How many of the units of some times make one of the original unit."""
    if not isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        return 1
    return 1000 ** (_THOUSANDS[times.unit] - _THOUSANDS[original.unit])


def stretches(codes, n, series):
    """From where to where, among `n` rows in order, those of each series stand."""
    if codes is None:
        return np.zeros_like(series), np.full_like(series, n)
    low = np.searchsorted(codes, series, side="left")
    return low, np.searchsorted(codes, series, side="right")
