"""The step between the rows of a DatetimeIndex."""

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from skrnn._time.index import as_step, keys, wall_clock

__all__ = ["find_step"]

_DAY = pd.Timedelta(days=1)
# Bounds the work on an index that has no regular stretch.
_MOST_STRETCHES = 200


def find_step(freq, index, times, starts):
    """Find the step: `freq`, else the index's own, else the one its times show.

    Parameters
    ----------
    freq : str, timedelta, pandas offset, or None
        What the user gave.
    index : pandas.Index
        The index as given.
    times : pandas.Index or None
        Its times in order, series after series.
    starts : ndarray of shape (n_series,), dtype int64
        Where each series begins in `times`.

    Returns
    -------
    step : pandas offset or None
        None for an index that knows its step (integers, periods), and where no series
        has two rows to show it.
    """
    if not isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        return None
    if freq is not None:
        return as_step(freq)
    # A level of a MultiIndex has a step of its own, that its rows need not have kept.
    own = getattr(index, "freq", None)
    if own is not None:
        return as_step(own)
    return _shown_by(times, starts)


def _shown_by(times, starts):
    stops = np.append(starts[1:], len(times))
    within = np.ones(len(times), dtype=bool)
    within[stops - 1] = False
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
        return step or to_offset(int(gaps[within].min()) * unit)
    if times is not local:
        gaps = np.diff(keys(times), append=0)
    first, stop = parts[0]
    if (gaps[first : stop - 1] != gaps[first]).any():
        step = _read(times[first:stop])
        if step is not None:
            return step
    return to_offset(_longest_even(gaps, within) * unit)


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
    """The frequency of the longest stretch in which `pandas.infer_freq` finds one."""
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
