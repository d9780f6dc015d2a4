"""The step between the rows of an index."""

from numbers import Integral

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from skrnn._time.index import keys
from skrnn._time.month_days import read_month_days
from skrnn._time.steps import as_step, fixed_length, follows, wall_clock

__all__ = ["find_step"]

_DAY = pd.Timedelta(days=1)
_DAYS_AND_WEEKS = (pd.offsets.Tick, pd.offsets.Day, pd.offsets.Week)
# Of the clocks, in nearly all zones.
_CHANGE = pd.Timedelta(hours=1)
# Bounds the work on an index that has no regular stretch.
_MOST_STRETCHES = 200


def find_step(freq, index, times, starts):
    """Find the step: `freq`, else the index's own, else the one its times show.

    Parameters
    ----------
    freq : str, timedelta, pandas offset, int, or None
        What the user gave; an integer is read for integers, the others for times.
    index : pandas.Index
        The index as given.
    times : pandas.Index or None
        Its times in order, series after series.
    starts : ndarray of shape (n_series,), dtype int64
        Where each series begins in `times`.

    Returns
    -------
    step : pandas offset, int or None
        An integer for an index of integers, an offset for times and periods; None
        where no series has two rows to show it.

    Raises
    ------
    ValueError
        If `freq` is no frequency, or none that the periods of a PeriodIndex make up.
    """
    if times is None:
        return None
    if not isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        return _step_in_units(freq, index, times, starts)
    if freq is not None:
        return as_step(freq)
    # A level of a MultiIndex has a step of its own, that its rows need not have kept.
    own = getattr(index, "freq", None)
    if own is None:
        return _shown_by(times, starts)
    own = as_step(own)
    if len(starts) == 1 or _joins_most(times, starts, own):
        return own
    # The rows of several series, named by groups, may take turns in one index.
    return _shown_by(times, starts) or own


def _step_in_units(freq, index, times, starts):
    """The step of integers (int) or of periods (an offset), or None."""
    is_period = isinstance(times, pd.PeriodIndex)
    if is_period and freq is not None:
        return _step_of_periods(freq, times.freq)
    if isinstance(freq, Integral):
        return int(freq)
    if isinstance(index, pd.RangeIndex) and len(starts) == 1:
        return index.step
    within = _within_series(len(times), starts)
    if not within.any():
        return None
    count = _longest_even(np.diff(keys(times), append=0), within)
    return times.freq.base * count if is_period else count


def _step_of_periods(freq, unit):
    """A step given by the user, in the unit that the periods count."""
    step = as_step(freq, is_period=True)
    if step.base == unit.base:
        return step
    length, tick = fixed_length(step), fixed_length(unit.base)
    if length is None or tick is None or length % tick:
        raise ValueError(
            f"freq={freq!r} is not a step of whole periods of the index, whose "
            f"frequency is {unit.freqstr!r}."
        )
    return unit.base * (length // tick)


def _within_series(n_rows, starts):
    """For each row, whether the next one is of its series."""
    within = np.ones(n_rows, dtype=bool)
    within[np.append(starts[1:], n_rows) - 1] = False
    return within


def _joins_most(times, starts, step):
    """Whether most rows that have one before them in their series are a step later."""
    within = _within_series(len(times), starts)[:-1]
    joined = follows(times[:-1], times[1:], step) & within
    return 2 * np.count_nonzero(joined) > np.count_nonzero(within)


def _shown_by(times, starts):
    stops = np.append(starts[1:], len(times))
    within = _within_series(len(times), starts)
    if not within.any():
        return None
    local = wall_clock(times)
    gaps = np.diff(keys(local), append=0)
    unit = pd.Timedelta(1, unit=times.unit)
    longest = np.argsort(starts - stops, kind="stable")[:_MOST_STRETCHES]
    parts = [(starts[i], stops[i]) for i in longest]
    if np.median(gaps[within]) * unit >= _DAY:
        # Months and business days have uneven gaps, which only pandas can read.
        step = _longest_readable(local, parts)
        if step is None or isinstance(step, _DAYS_AND_WEEKS):
            # From the 15th of July to that of September it is twice 31 days.
            first, stop = parts[0]
            step = read_month_days(local[first:stop]) or step
        return step or to_offset(_whole_days(int(gaps[within].min()) * unit, times))
    if times is not local:
        gaps = np.diff(keys(times), append=0)
    first, stop = parts[0]
    if (gaps[first : stop - 1] != gaps[first]).any():
        step = _read(times[first:stop])
        if step is not None:
            return step
    return to_offset(_longest_even(gaps, within) * unit)


def _whole_days(gap, times):
    """The gap (Timedelta), or the days that a change of clocks makes of it.

    Where the clock skips midnight, a day begins late, and the gaps beside it are no
    whole days by any clock.
    """
    days = gap.round("D")
    is_changed = getattr(times, "tz", None) is not None and abs(gap - days) <= _CHANGE
    return days if is_changed else gap


def _longest_even(gaps, within):
    """The gap of the longest evenly spaced stretch; the smallest if there is none."""
    changes = np.ones(len(gaps), dtype=bool)
    changes[1:] = (gaps[1:] != gaps[:-1]) | (within[1:] != within[:-1])
    begins = np.flatnonzero(changes)
    sizes = np.diff(begins, append=len(gaps))
    sizes[~within[begins]] = 0
    longest = begins[sizes == sizes.max()]
    # Among equals, and where no two gaps are alike, the smallest.
    return int(gaps[longest].min())


def _longest_readable(times, parts):
    """The frequency of the longest stretch in which one can be read."""
    best, size = None, 2
    for start, stop in parts:
        first = start
        for _ in range(_MOST_STRETCHES):
            if stop - first <= size:
                break
            step, length = _readable_from(times[first:stop])
            if length > size:
                best, size = step, length
            first += max(length - 1, 1)
    return best


def _readable_from(times):
    """The frequency and the number of rows that can be read from the first row on."""
    whole = _read(times)
    if whole is not None:
        return whole, len(times)
    step, readable, unreadable = None, 0, len(times)
    probe = 3
    while readable + 1 < unreadable:
        probe = min(probe, unreadable - 1)
        found = _read(times[:probe])
        if found is None:
            unreadable = probe
        else:
            step, readable = found, probe
        # Doubling while no bound was met, halving the rest afterwards.
        probe = 2 * readable if unreadable == len(times) else 0
        probe = probe or (readable + unreadable) // 2
        if probe < 3:
            break
    return step, readable


def _read(times):
    found = pd.infer_freq(times) if len(times) > 2 else None
    return None if found is None else as_step(found)
