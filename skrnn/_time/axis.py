"""Time stamps as whole numbers of steps, and back."""

import contextlib
import functools

import numpy as np
import pandas as pd

from skrnn._time.dates_as_numbers import date_format
from skrnn._time.frequency import find_step
from skrnn._time.index import keys, order_kind
from skrnn._time.steps import fixed_length, wall_clock

__all__ = ["TimeAxis"]

_DAY = pd.Timedelta(days=1)
# So far from zero there is room to count on, and the difference of any two is an int64.
_MOST = 2**62 - 1
_BEYOND = (
    "The times of the series, or those to forecast, go beyond what an index of 64 bits "
    "can hold or count on from: {}. Count the rows from a nearer start, or give dates "
    'a coarser unit, as in y.index.as_unit("s").'
)


class TimeAxis:
    """Counts the steps of a time index.

    The steps of integers and periods are those between most of the rows, and all of
    them have to be whole numbers of these. Steps of a DatetimeIndex or TimedeltaIndex
    are counted from its first time, on the grid of its frequency; days and longer ones
    by the clock on the wall.

    Parameters
    ----------
    times : pandas.Index
        The times of one or more series, series after series, rising in each.
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
        self.kind, starts = order_kind(times), np.asarray(starts)
        _refuse_far(times)
        self._anchor, self._step, self._tick = None, None, None
        self._first = times.min() if len(times) else None
        if isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex)):
            self._step = find_step(freq, times, times, starts)
            self._tick = None if self._step is None else fixed_length(self._step)
            self._anchor, self._zone = times.min(), getattr(times, "tz", None)
            self._only = times[:1]  # the time, where there is no other
            is_long = self._tick is None or self._tick >= _DAY
            has_step = self._step is not None
            self._by_wall = has_step and self._zone is not None and is_long
            if self._by_wall:
                self._anchor = _usual_start(times)
            return
        self._stride, self._phase = _stride(times, starts)
        self._unit = None
        if isinstance(times, pd.PeriodIndex):
            self._unit = times.freq
            self._step = times.freq.base * self._stride

    @property
    def freq(self):
        """The step as a pandas offset; None for integers."""
        return self._step

    def with_freq(self, time):
        """A DatetimeIndex of one time, with the frequency if it is one of that."""
        time = time.copy()
        with contextlib.suppress(ValueError):  # a skipped midnight, say
            time.freq = self._step
        return time

    @property
    def has_dates(self):
        """Whether the times are dates, which have a calendar."""
        return self.kind.startswith(("a DatetimeIndex", "a PeriodIndex"))

    @property
    def step_name(self):
        """The step in words."""
        return repr(self._step) if self._step is not None else str(self._stride)

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
        if self._anchor is None:
            _refuse_far(times)
            steps, rest = np.divmod(keys(times) - self._phase, self._stride)
            self._check_grid(times, rest != 0)
            return steps
        if len(times) == 0:
            return np.empty(0, np.int64)
        if self._zone is not None:
            times = times.tz_convert(self._zone)
        if self._step is None:  # a series of one row, the only one
            if (times != self._anchor).any():
                raise ValueError(
                    "The frequency is unknown, since only one time was seen in fit. "
                    "Give an index with a freq, or fit on more rows."
                )
            return np.zeros(len(times), np.int64)
        if self._tick is None:
            return self._on_calendar(times)
        counted = None if self._by_wall else self._counted(times)
        if counted is not None:
            steps, is_off = counted
        else:
            elapsed = wall_clock(times) if self._by_wall else times
            with self._explaining():
                steps, rest = divmod(elapsed - self._anchor, self._tick)
            steps = np.asarray(steps, dtype=np.int64)
            is_off = np.asarray(rest != pd.Timedelta(0))
        if self._by_wall and is_off.any():
            # A day whose midnight the clocks skipped begins later.
            is_off &= np.asarray(self.times(steps) != times)
        self._check_grid(times, is_off)
        return steps

    def _counted(self, times):
        """Steps and whether times are between two, by whole numbers of their unit.

        None where those do not tell. Pandas takes ten times as long for a few times.
        """
        unit = self._anchor.unit
        tick = _units_of(self._tick, unit) if times.unit == unit else None
        if tick is None:
            return None
        count, begin = times.asi8, int(self._anchor.asm8.astype(np.int64))
        first, last = int(count.min()) - begin, int(count.max()) - begin
        if first < -_MOST or last > _MOST:
            return None
        steps, rest = np.divmod(count - begin, tick)
        return steps, rest != 0

    def _on_calendar(self, times):
        """Numbers of times whose steps are of uneven length."""
        local = wall_clock(times) if self._by_wall else times
        with self._explaining():
            grid, first = self._grid(local.min(), local.max())
        place = grid.get_indexer(local)
        if self._by_wall and (place < 0).any():
            moved = _localized(grid, self._zone).get_indexer(times)
            place = np.where(place < 0, moved, place)
        self._check_grid(times, place < 0)
        return place + first

    def times(self, ordinals):
        """The times at these steps (pandas.Index), for features of the calendar.

        Raises
        ------
        ValueError
            If dates are beyond those that an index can hold.
        """
        ordinals = np.asarray(ordinals, dtype=np.int64)
        if self._anchor is None:
            count = ordinals * self._stride + self._phase
            if self._step is None:
                return pd.Index(count)
            return pd.PeriodIndex.from_ordinals(count, freq=self._unit)
        if self._step is None or not len(ordinals):
            return self._only[np.zeros(len(ordinals), np.int64)]
        first = int(ordinals.min())
        with self._explaining():
            grid = self._range(first, int(ordinals.max()) - first + 1)
        # A run keeps its frequency.
        is_run = (np.diff(ordinals) == 1).all()
        return grid if is_run else grid[ordinals - first]

    def _range(self, first, n_times):
        """Times of some steps in a row."""
        if isinstance(self._anchor, pd.Timedelta):
            start = self._anchor + first * self._step
            return pd.timedelta_range(start, periods=n_times, freq=self._step)
        unit = self._anchor.unit  # pandas 2 would take nanoseconds for every start
        if type(self._step) is pd.DateOffset and first > 0:
            # A month after the 31st of January may be the 29th from then on.
            n_all = first + n_times
            grid = pd.date_range(
                self._anchor, periods=n_all, freq=self._step, unit=unit
            )[first:]
        else:
            start = self._anchor + first * self._step
            grid = pd.date_range(start, periods=n_times, freq=self._step, unit=unit)
        return _localized(grid, self._zone) if self._by_wall else grid

    def _grid(self, first, last):
        """Times of the grid from the anchor, and the number of the first of them."""
        if first >= self._anchor:
            return pd.date_range(self._anchor, last, freq=self._step), 0
        before = pd.date_range(end=self._anchor, start=first, freq=self._step)
        after = pd.date_range(self._anchor, max(last, self._anchor), freq=self._step)
        before = before[before < self._anchor]
        return before.append(after), -len(before)

    @contextlib.contextmanager
    def _explaining(self):
        """Say in our words where pandas cannot go on counting."""
        try:
            yield
        except (OverflowError, AssertionError, ValueError) as error:
            raise ValueError(_BEYOND.format(error)) from error

    def _check_grid(self, times, is_off):
        if not is_off.any():
            return
        wrong = times[int(np.argmax(is_off))]
        advice = "Resample the series, or give its index the right freq"
        if self._anchor is None:
            advice = (
                "Round the index to its step, or resample the series, so that all rows "
                "are a whole number of steps apart"
            )
        raise ValueError(
            f"The time {wrong} does not lie on the grid of the series, which goes from "
            f"{self._first} in steps of {self.step_name}. {advice}."
        )


@functools.cache
def _units_of(tick, unit):
    """How many units (int) a Timedelta is; None where that is no whole number."""
    one = pd.Timedelta(1, unit=unit)
    count = tick // one
    return int(count) if count * one == tick else None


def _refuse_far(times):
    """Raise where times are near the end of what 64 bits hold, or far apart."""
    if not len(times):
        return
    count = keys(times)
    first, last = int(count.min()), int(count.max())
    is_far = last - first > _MOST
    if not isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        is_far |= first < -_MOST or last > _MOST
    if is_far:
        raise ValueError(_BEYOND.format(f"they go from {times.min()} to {times.max()}"))


def _stride(times, starts):
    """The step of integers or periods, in their own unit, and what it leaves over."""
    count = keys(times)
    step = find_step(None, times, times, starts)
    step = getattr(step, "n", step)
    usual = times.freq.n if isinstance(times, pd.PeriodIndex) else 1
    step = usual if step is None else abs(int(step))
    within = np.ones(len(count), dtype=bool)
    within[np.append(starts[1:], len(count)) - 1] = False
    gaps = np.diff(count, append=0)[within]
    if len(gaps) and ((count - count.min()) % step).any():
        # The longest regular stretch is not on the grid of the rest; most rows may be.
        sizes, counts = np.unique(gaps[gaps > 0], return_counts=True)
        step = int(sizes[np.argmax(counts)]) if len(sizes) else step
    _refuse_dates(times, gaps, step)
    return step, int(count.min() % step) if len(count) else 0


def _refuse_dates(times, gaps, step):
    """Raise where integers are dates, such as 20240131."""
    pattern = date_format(times)
    if pattern is None or ((gaps == step).all() and len(str(times[0])) < 8):
        return
    raise ValueError(
        f"The integers of the index ({times[0]}, ...) are dates, whose numbers do not "
        "rise by one step after the other. Make them times: "
        f'pandas.to_datetime(y.index, format="{pattern}"), in a MultiIndex of its last '
        "level."
    )


def _usual_start(times):
    """The first day by the clock on the wall, at the hour that most days have.

    The first may begin an hour later, where the clocks skipped its midnight.
    """
    wall = wall_clock(times)
    hours, counts = np.unique(wall - wall.normalize(), return_counts=True)
    first = wall.min()
    usual = first.normalize() + pd.Timedelta(hours[np.argmax(counts)])
    is_moved = _localized(pd.DatetimeIndex([usual]), times.tz)[0] == times.min()
    return usual if is_moved else first


def _localized(wall, zone):
    """Times on the wall as times of a zone; what it skips is moved on."""
    is_summer = np.ones(len(wall), dtype=bool)
    return wall.tz_localize(zone, ambiguous=is_summer, nonexistent="shift_forward")
