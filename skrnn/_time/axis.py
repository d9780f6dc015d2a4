"""Time stamps as whole numbers of steps, and back."""

import numpy as np
import pandas as pd

from skrnn._time.frequency import find_step
from skrnn._time.index import fixed_length, keys, order_kind, wall_clock

__all__ = ["TimeAxis"]

_DAY = pd.Timedelta(days=1)


class TimeAxis:
    """Counts the steps of a time index.

    Integers and periods count themselves. Steps of a DatetimeIndex or TimedeltaIndex
    are counted from its first time, on the grid of its frequency.

    Parameters
    ----------
    times : pandas.Index
        The times of one or more series.
    starts : ndarray of shape (n_series,) of int
        Where each series begins in `times`.
    freq : str, pandas offset or None, default=None
        The step, if it is known.

    Raises
    ------
    ValueError
        If the index does not order rows, or its times do not lie on one grid.
    """

    def __init__(self, times, starts, freq=None):
        self.kind = order_kind(times)
        self._anchor, self._step, self._tick = None, None, None
        if isinstance(times, pd.PeriodIndex):
            self._step = times.freq
        elif isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex)):
            self._step = find_step(freq, times, times, np.asarray(starts))
            self._anchor = times.min()
            self._tick = fixed_length(self._step)

    @property
    def freq(self):
        """The step as a pandas offset; None for integers."""
        return self._step

    def ordinals(self, times):
        """Whole numbers of the times (ndarray of int64), rising by one a step.

        Raises
        ------
        ValueError
            If the times are of another kind than in ``fit``, or between two steps.
        """
        if order_kind(times) != self.kind:
            raise ValueError(
                f"Times must be {self.kind}, as in fit, but are {order_kind(times)}."
            )
        if getattr(times, "tz", None) is not None:
            times = times.tz_convert(self._anchor.tz)
        if self._anchor is None:
            count = keys(times)
            n = getattr(self._step, "n", 1)
            return count // n if n > 1 else count
        if len(times) == 0:
            return np.empty(0, np.int64)
        if self._step is None:  # a series of one row, the only one
            steps = np.zeros(len(times), np.int64)
            if (times != self._anchor).any():
                raise ValueError(
                    "The frequency is unknown, since only one time was seen in fit. "
                    "Give an index with a freq, or fit on more rows."
                )
            return steps
        if self._tick is not None:
            elapsed = wall_clock(times) if self._tick >= _DAY else times
            anchor = self._anchor
            if elapsed is not times:
                anchor = anchor.tz_localize(None)
            steps, rest = divmod(elapsed - anchor, self._tick)
            steps = np.asarray(steps, dtype=np.int64)
            self._check_grid(times, np.asarray(rest != pd.Timedelta(0)))
            return steps
        grid = self._grid(times.min(), times.max())
        place = grid[0].get_indexer(times)
        self._check_grid(times, place < 0)
        return place + grid[1]

    def times(self, ordinals):
        """The times at these steps (pandas.Index), for features of the calendar."""
        ordinals = np.asarray(ordinals, dtype=np.int64)
        if self._anchor is None:
            if self._step is None:
                return pd.Index(ordinals)
            n = self._step.n
            return pd.PeriodIndex.from_ordinals(ordinals * n, freq=self._step)
        if self._step is None or not len(ordinals):
            return pd.DatetimeIndex([self._anchor] * len(ordinals))
        first = int(ordinals.min())
        grid = self._range(first, int(ordinals.max()) - first + 1)
        # A run keeps its frequency.
        is_run = (np.diff(ordinals) == 1).all()
        return grid if is_run else grid[ordinals - first]

    def _range(self, first, n_times):
        """Times of some steps in a row."""
        if isinstance(self._anchor, pd.Timedelta):
            start = self._anchor + first * self._step
            return pd.timedelta_range(start, periods=n_times, freq=self._step)
        zone = self._anchor.tz
        if zone is None or (self._tick is not None and self._tick < _DAY):
            start = self._anchor + first * self._step
            return pd.date_range(start, periods=n_times, freq=self._step)
        # A day and longer goes by the clock on the wall.
        start = self._anchor.tz_localize(None) + first * self._step
        local = pd.date_range(start, periods=n_times, freq=self._step)
        is_summer = np.ones(n_times, dtype=bool)
        return local.tz_localize(zone, ambiguous=is_summer, nonexistent="shift_forward")

    def _grid(self, first, last):
        """Times of the grid from the anchor, and the number of the first of them."""
        if first >= self._anchor:
            return pd.date_range(self._anchor, last, freq=self._step), 0
        before = pd.date_range(end=self._anchor, start=first, freq=self._step)
        after = pd.date_range(self._anchor, max(last, self._anchor), freq=self._step)
        before = before[before < self._anchor]
        return before.append(after), -len(before)

    def _check_grid(self, times, is_off):
        if not is_off.any():
            return
        wrong = times[int(np.argmax(is_off))]
        raise ValueError(
            f"The time {wrong} does not lie on the grid of the series, which goes from "
            f"{self._anchor} in steps of {self._step!r}. Resample the series, or give "
            "its index the right freq."
        )
