"""The rows that a fitted SlidingWindow remembers, by series."""

import numpy as np
import pandas as pd

from skrnn._time.index import keys

__all__ = ["Past"]


class Past:
    """Finds what a fit remembers of the rows right before a row of a stream.

    Parameters
    ----------
    history : History or None
        What `SlidingWindow` remembers; None where its rows had no times.
    clock : Clock or None
        Reads times.
    """

    def __init__(self, history, clock):
        self._history, self._clock = history, clock
        self._places = {}
        if history is None:
            return
        times = history.times
        if isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex)):
            times = times.as_unit("ns")
        self._ticks = np.array(keys(times), dtype=np.int64)
        if history.codes is None:
            self._places[None] = (0, len(self._ticks))
            return
        codes = np.arange(len(history.labels))
        low = np.searchsorted(history.codes, codes, side="left")
        high = np.searchsorted(history.codes, codes, side="right")
        for label, *place in zip(history.labels, low, high, strict=True):
            self._places[label] = tuple(place)

    def __contains__(self, key):
        """Whether a series was in the fit."""
        return key in self._places

    def before(self, key, tick, after):
        """The remembered rows that lead up to a row without a gap.

        Parameters
        ----------
        key : hashable
            The series.
        tick : int
            Number of the time of the row.
        after : int or None
            They are later than this one.

        Returns
        -------
        ticks : ndarray of shape (n,) of int64
        values : ndarray of shape (n, n_features)
        """
        low, high = self._places.get(key, (0, 0))
        if low == high:
            return np.empty(0, np.int64), None
        own = self._ticks[low:high]
        stop = int(np.searchsorted(own, tick))
        start = 0 if after is None else int(np.searchsorted(own, after, side="right"))
        if start >= stop:
            return np.empty(0, np.int64), None
        joined = self._clock.follows(
            own[start:stop], np.append(own[start + 1 : stop], tick)
        )
        broken = np.flatnonzero(~joined)
        start += int(broken[-1]) + 1 if len(broken) else 0
        return own[start:stop], self._history.values[low + start : low + stop]
