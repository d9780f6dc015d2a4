"""Arithmetic of pandas indexes: which series a row is of, which row follows which."""

import warnings

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

__all__ = [
    "as_step",
    "conform",
    "fits_grid",
    "fixed_length",
    "follows",
    "key_levels",
    "keys",
    "order_kind",
    "series_of",
    "split_index",
    "split_keys",
    "steps_later",
]

_DAY = pd.Timedelta(days=1)
_UNITS = ("s", "ms", "us", "ns")


def series_of(index):
    """Tell which series each row is of.

    Parameters
    ----------
    index : pandas.Index or None
        With several levels, the last is the time and the others name the series.

    Returns
    -------
    ndarray of shape (n_rows,) of int64, or None
        Number of the series of each row, in order of appearance; None where the index
        has no more than one level.

    Raises
    ------
    ValueError
        If a label of a series is missing.
    """
    if getattr(index, "nlevels", 1) < 2:
        return None
    codes = _combined_codes(_series_levels(index))
    return pd.factorize(codes)[0].astype(np.int64, copy=False)


def split_index(index, groups, n_rows):
    """Split what is known of the rows into series and times.

    Parameters
    ----------
    index : pandas.Index of length n_rows, or None
        The rows' index. The last level of a MultiIndex is the time, the others name
        the series.
    groups : array-like of shape (n_rows,), or None
        A label of the series of each row. Together with a MultiIndex, a series is a
        combination of both.
    n_rows : int
        The number of rows.

    Returns
    -------
    codes : ndarray of shape (n_rows,), or None
        An integer for each row's series; None if there is one series.
    labels : pandas.Index or None
        The label of each code.
    times : pandas.Index of length n_rows, or None
        A DatetimeIndex, TimedeltaIndex, PeriodIndex or integer Index.
    """
    levels = []
    times = index
    if isinstance(index, pd.MultiIndex):
        times = _last_level(index)
        levels = _series_levels(index)
    if times is not None:
        order_kind(times)
    if groups is not None:
        levels.append(_known(_factorized(groups, n_rows)))
    codes, labels = _combined(levels)
    return codes, labels, times


def split_keys(index):
    """Labels of the series of an index, the number of each row, and their times.

    Parameters
    ----------
    index : pandas.Index
        With several levels, the last is the time and the others name the series.

    Returns
    -------
    keys : list of tuple
        In order of appearance; ``[()]`` for one series.
    codes : ndarray of shape (n_rows,) of int64
        Number of the series of each row.
    times : pandas.Index
        Time of each row.

    Raises
    ------
    ValueError
        If a label of a series is missing.
    """
    codes = series_of(index)
    if codes is None:
        return [()], np.zeros(len(index), dtype=np.int64), index
    _, first = np.unique(codes, return_index=True)
    keys = index[first].droplevel(-1)
    keys = [key if isinstance(key, tuple) else (key,) for key in keys]
    return keys, codes, index.get_level_values(-1)


def key_levels(keys, codes):
    """Levels of an index that name the series (list of pandas.Index).

    Parameters
    ----------
    keys : list of tuple
        Label of each series.
    codes : ndarray of shape (n_rows,) of int64
        Number of the series of each row.
    """
    levels = zip(*keys, strict=True)
    # Of objects first: a tuple may hold an array's own kind of number.
    levels = [pd.Index(np.array(level, dtype=object)) for level in levels]
    return [level.infer_objects().take(codes) for level in levels]


def order_kind(times):
    """Say in words what orders these times; raise if nothing does."""
    if isinstance(times, pd.DatetimeIndex):
        kind = "a DatetimeIndex" + (" with a time zone" if times.tz is not None else "")
    elif isinstance(times, pd.TimedeltaIndex):
        kind = "a TimedeltaIndex"
    elif isinstance(times, pd.PeriodIndex):
        kind = f"a PeriodIndex of frequency {times.freqstr}"
    elif pd.api.types.is_integer_dtype(times.dtype):
        kind = "an integer index"
    else:
        raise ValueError(
            f"Rows cannot be put in time order by an index of dtype {times.dtype}. "
            "Expected a DatetimeIndex, a PeriodIndex, an integer index, or a "
            "MultiIndex whose last level is one of these. Convert it, for instance "
            "with pandas.to_datetime, or call X.reset_index(drop=True) if the rows are "
            "in time order and none is missing."
        )
    if not isinstance(times, pd.RangeIndex) and times.hasnans:
        raise ValueError("The index has a missing time (NaT or NaN).")
    is_unsigned = times.dtype == np.uint64
    if is_unsigned and len(times) and times.max() > np.iinfo(np.int64).max:
        raise ValueError(
            f"The index has the integer {times.max()}, beyond those of 64 bits with a "
            "sign. Count the rows from a nearer start."
        )
    return kind


def keys(times):
    """Integers in the order of the times (int64, without a copy where possible)."""
    if isinstance(times, pd.RangeIndex):
        # Its own conversion would be cached inside the caller's index.
        return np.arange(times.start, times.stop, times.step, dtype=np.int64)
    if isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex, pd.PeriodIndex)):
        return times.asi8
    return times.to_numpy(dtype=np.int64)


def conform(times, like):
    """Express two sets of times in one unit and time zone; raise if they differ.

    Parameters
    ----------
    times, like : pandas.Index
        Times of a call, and times of fit.

    Returns
    -------
    times, like : pandas.Index
        The same times, comparable with each other by their `keys`.
    """
    given, expected = order_kind(times), order_kind(like)
    if given != expected:
        raise ValueError(
            f"X has {given}, but SlidingWindow was fitted with {expected}, so the rows "
            "before these cannot be found. Give X the same kind of index as in "
            "fit, or a plain array to have windows without history."
        )
    if isinstance(times, pd.DatetimeIndex) and times.tz is not None:
        times = times.tz_convert(like.tz)
    if isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        unit = max(times.unit, like.unit, key=_UNITS.index)
        times, like = times.as_unit(unit), like.as_unit(unit)
    return times, like


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


def _last_level(index):
    level = index.levels[-1]
    codes = index.codes[-1]
    if len(codes) and np.min(codes) < 0:
        raise ValueError("The index has a missing time (NaT or NaN).")
    order_kind(level)
    return level.take(codes)


def _series_levels(index):
    """Codes and labels of the levels of a MultiIndex that name the series."""
    return [
        _known((np.asarray(index.codes[i]), index.levels[i]))
        for i in range(index.nlevels - 1)
    ]


def _known(level):
    if (level[0] < 0).any():
        raise ValueError("The label of a series is missing (NaN) in at least one row.")
    return level


def _factorized(groups, n_rows):
    groups = np.asarray(groups)
    if groups.shape != (n_rows,):
        raise ValueError(
            f"groups must have one label for each of the {n_rows} rows of X, got an "
            f"array of shape {groups.shape}."
        )
    codes, labels = pd.factorize(groups)
    return codes, pd.Index(labels)


def _combined(levels):
    """One code and one label for each combination of levels."""
    if len(levels) < 2:
        return levels[0] if levels else (None, None)
    combined = _combined_codes(levels)
    _, first = np.unique(combined, return_index=True)
    labels = pd.MultiIndex.from_arrays(
        [values.take(codes[first]) for codes, values in levels]
    )
    return combined, labels


def _combined_codes(levels):
    combined, _ = levels[0]
    for codes, values in levels[1:]:
        # Numbered anew at each level, so that the product cannot overflow.
        combined, _ = pd.factorize(combined.astype(np.int64) * len(values) + codes)
    return combined
