"""Steps of time: whether one time follows another, and what lies some steps later."""

import warnings

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from skrnn._time.index import keys

__all__ = [
    "as_step",
    "fits_grid",
    "fixed_length",
    "follows",
    "steps_later",
    "wall_clock",
]

_DAY = pd.Timedelta(days=1)


def as_step(freq, is_period=False):
    """Turn a frequency, given in any form that pandas reads, into an offset."""
    try:
        step = to_offset(freq, is_period=is_period and isinstance(freq, str))
    except (ValueError, TypeError) as error:
        raise ValueError(f"freq={freq!r} is not a frequency: {error}") from error
    if step.n < 1:
        raise ValueError(f"freq={freq!r} must go forward in time.")
    return step


def follows(earlier, later, step):
    """Whether each later time is one step after the earlier time beside it.

    Parameters
    ----------
    earlier, later : pandas.Index of the same kind and length
        Times to compare pairwise.
    step : pandas offset, int or None
        The step, as `skrnn._time.frequency.find_step` gives it. A step shorter than a
        day is elapsed time; a day and longer is counted on the calendar of the time
        zone. None if it is unknown: then no time follows another, and of integers and
        periods the next one does.

    Returns
    -------
    joined : ndarray of shape (n,), dtype bool
    """
    if isinstance(earlier, pd.PeriodIndex):
        count = (earlier.freq if step is None else step).n
        return keys(later) - keys(earlier) == count
    if not isinstance(earlier, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        return keys(later) - keys(earlier) == (1 if step is None else step)
    if step is None:
        return np.zeros(len(earlier), dtype=bool)
    delta = fixed_length(step)
    zone = getattr(earlier, "tz", None)
    if delta is not None and (zone is None or delta < _DAY):
        return _apart(earlier, later, delta)
    first, second = wall_clock(earlier), wall_clock(later)
    if delta is not None:
        joined = _apart(first, second, delta)
    else:
        joined = _moved(first, step) == second
        # A time off the grid (a Wednesday, for weeks from Monday) is followed by none.
        unsure = np.flatnonzero(joined & (_moved(second, step, -1) != first))
        joined[unsure] = [step.is_on_offset(time) for time in first[unsure]]
    if zone is not None and not joined.all():
        rest = np.flatnonzero(~joined)
        joined[rest] = _around_missing_hour(earlier[rest], later[rest], step)
    return joined


def fits_grid(earlier, later, step):
    """Whether a whole number of steps may lead from each time to the one beside it.

    Parameters
    ----------
    earlier, later : pandas.Index of the same kind and length
        Times to compare pairwise.
    step : pandas offset or int
        The step.

    Returns
    -------
    fits : ndarray of shape (n,), dtype bool
        False where no number of steps does: half an hour on a grid of hours, a Monday
        on one of Sundays. Days in a time zone are not doubted, since midnight may be
        skipped there.
    """
    if isinstance(earlier, pd.PeriodIndex):
        return (keys(later) - keys(earlier)) % step.n == 0
    if not isinstance(earlier, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        return (keys(later) - keys(earlier)) % step == 0
    delta = fixed_length(step)
    if delta is not None:
        if delta >= _DAY and getattr(earlier, "tz", None) is not None:
            return np.ones(len(earlier), dtype=bool)
        return np.asarray((later - earlier) % delta == pd.Timedelta(0))
    return _on_offset(wall_clock(earlier), step) & _on_offset(wall_clock(later), step)


def steps_later(times, step, count):
    """Times some steps after others.

    Parameters
    ----------
    times : pandas.Index
        Times of any kind that orders rows.
    step : pandas offset or int
        The step, as for `follows`.
    count : int
        How many.

    Returns
    -------
    later : pandas.Index
        Of the kind of `times`, though perhaps in a finer unit.

    Raises
    ------
    OverflowError, pandas.errors.OutOfBoundsDatetime, pandas.errors.OutOfBoundsTimedelta
        If there are no such times.
    """
    if not isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        is_period, ticks = isinstance(times, pd.PeriodIndex), keys(times)
        distance = count * (step.n if is_period else step)
        if int(ticks.max(initial=0)) + distance > np.iinfo(np.int64).max:
            raise OverflowError(f"No time is {count} steps of {step} later.")
        later = ticks + distance
        if is_period:
            return pd.PeriodIndex.from_ordinals(later, freq=times.freq)
        return pd.Index(later)
    delta, zone = fixed_length(step), getattr(times, "tz", None)
    if zone is None or (delta is not None and delta < _DAY):
        return _moved(times, step, count)
    return _moved(wall_clock(times), step, count).tz_localize(
        zone, nonexistent="shift_forward", ambiguous=np.zeros(len(times), dtype=bool)
    )


def _on_offset(times, step):
    """Whether each time is one that the offset leads to."""
    on = np.asarray(_moved(_moved(times, step), step, -1) == times)
    unsure = np.flatnonzero(~on)
    on[unsure] = [step.is_on_offset(time) for time in times[unsure]]
    return on


def fixed_length(step):
    """The length of a step as a Timedelta, or None for one that varies (a month)."""
    if isinstance(step, pd.offsets.Day):
        return pd.Timedelta(days=step.n)
    return pd.Timedelta(step) if isinstance(step, pd.offsets.Tick) else None


def wall_clock(times):
    """The local time without its zone."""
    if isinstance(times, pd.DatetimeIndex) and times.tz is not None:
        return times.tz_localize(None)
    return times


def _apart(earlier, later, delta):
    unit = pd.Timedelta(1, unit=earlier.unit)
    ticks = delta // unit
    if ticks * unit != delta:
        return np.zeros(len(earlier), dtype=bool)
    return keys(later) - keys(earlier) == ticks


def _moved(times, step, sign=1):
    with warnings.catch_warnings():
        # Rare offsets are applied one by one, which pandas remarks on.
        warnings.simplefilter("ignore", pd.errors.PerformanceWarning)
        return times + sign * step


def _around_missing_hour(earlier, later, step):
    """Join rows of which one stands later because its hour was skipped that day."""

    def moved_clock(times, sign):
        return _moved(wall_clock(times), step, sign).tz_localize(
            times.tz, nonexistent="shift_forward", ambiguous="NaT"
        )

    return np.asarray(
        (moved_clock(earlier, 1) == later) | (moved_clock(later, -1) == earlier)
    )
