"""What a fit says of an index whose breaks leave little of the windows."""

import numpy as np
import pandas as pd

from skrnn._time.dates_as_numbers import date_format
from skrnn._time.frequency import find_step
from skrnn._time.steps import fits_grid, follows
from skrnn._warn import warn_user
from skrnn.exceptions import ShortWindowsWarning

__all__ = ["check_breaks", "explain_breaks"]


def check_breaks(
    runs, n_needed, freq=None, *, left="have short or empty windows", remedy=""
):
    """Warn or raise where breaks in the index leave too little of the windows.

    Parameters
    ----------
    runs : Runs
        The unbroken runs of rows.
    n_needed : int
        How many rows without a break a full window takes.
    freq : str, timedelta, pandas offset, int or None
        What the user gave.
    left : str
        What becomes of the other rows, after "the others".
    remedy : str
        What is to be done about it first of all.

    Raises
    ------
    ValueError
        If no row of any series follows another, though some series has several, or if
        the integers of the index are dates, of which one month's last and the next
        one's first are no step apart.

    Warns
    -----
    ShortWindowsWarning
        If most rows that would have a full window, were their series unbroken, have
        none; if no row of a long series follows another; or if rows do not lie on the
        grid of the `freq` that was given.
    """
    rows = runs.rows
    if n_needed < 2 or rows.times is None or not runs.inner.any():
        return
    _refuse_dates_as_numbers(runs)
    if runs.lengths.max() == 1:
        raise ValueError(
            "No row follows another by the index, so that there are no windows at all. "
            + f"{remedy} {explain_breaks(runs, freq)}".lstrip()
        )
    possible = _n_full(np.diff(rows.series_starts(), append=rows.n_rows), n_needed)
    full = _n_full(runs.lengths, n_needed)
    if 2 * full.sum() < possible.sum():
        warn_user(
            f"{possible.sum()} rows stand among {n_needed} in a row of their series, "
            f"as a full window takes, but only {full.sum()} of them without a break in "
            f"the index. The others {left}. "
            + f"{remedy} {explain_breaks(runs, freq)}".lstrip(),
            ShortWindowsWarning,
        )
        return
    _warn_of_series_apart(runs, possible)
    if freq is not None:
        _warn_of_rows_off_grid(runs, freq)


def explain_breaks(runs, freq=None):
    """Say how an index breaks, and what can be done about it.

    Parameters
    ----------
    runs : Runs
        The unbroken runs of rows.
    freq : str, timedelta, pandas offset, int or None
        What the user gave.

    Returns
    -------
    text : str
        The step, the gaps, the longest run, and ways out; empty where nothing breaks.
    """
    times = runs.rows.times
    if times is None or not runs.inner.any():
        return ""
    later = np.flatnonzero(runs.rows.same_series) + 1
    source = "found in the index" if freq is None else f"given as freq={freq!r}"
    longest = runs.lengths.max()
    rows = "row" if longest == 1 else "rows"
    return (
        f"The step {source} is {_in_words(runs.step)}, the rows of a series are "
        f"{_gaps_in_words(times[later - 1], times[later])} apart, and the longest "
        f"unbroken run has {longest} {rows}. {_advice(runs, freq)}"
    )


def _n_full(n_rows, n_needed):
    """How many full windows so many rows in a row have."""
    return np.maximum(n_rows - n_needed + 1, 0)


def _breaks(runs):
    """Positions of the rows that begin a run, but not their series."""
    return runs.starts[runs.inner]


def _in_words(step):
    return repr(getattr(step, "freqstr", step))


def _gaps_in_words(earlier, later):
    """The middle one of the gaps, and the smallest and largest if they differ."""
    gaps = np.sort(np.asarray(_differences(earlier, later)))
    low, middle, high = (
        pd.Timedelta(gap) if gaps.dtype.kind == "m" else int(gap)
        for gap in gaps[[0, len(gaps) // 2, -1]]
    )
    return f"{low}" if low == high else f"{low} to {high} (most often {middle})"


def _differences(earlier, later):
    if isinstance(earlier, pd.PeriodIndex):
        return later.asi8 - earlier.asi8
    return later - earlier


def _advice(runs, freq):
    """Say what can be done about breaks."""
    rows = runs.rows
    if freq is not None:
        shown = find_step(None, None, rows.times, rows.series_starts())
        return "Leave freq out, or give the one that the rows have" + (
            f" ({_in_words(shown)} is what they show)." if shown != runs.step else "."
        )
    ways = []
    if isinstance(rows.times, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        if _are_business_days(runs):
            ways.append('If these are business days, give freq="B".')
        ways.append(
            "If another step is meant, give freq; if the times are not exact, round "
            "them (X.index.round); where rows are missing, X.asfreq puts rows of NaN, "
            "which are absent steps and break nothing."
        )
    else:
        ways.append(
            "If another step is meant, give freq; where rows are missing, X.reindex "
            "puts rows of NaN, which are absent steps and break nothing."
        )
    ways.append(
        "If each row follows the one before it, whatever the index says, call "
        "X.reset_index(drop=True)."
        if rows.codes is None
        else "If each row of a series follows the one before it, whatever the index "
        "says, number them: X.groupby(...).cumcount() as the last level."
    )
    return " ".join(ways)


def _are_business_days(runs):
    """Whether days from Monday to Friday break at weekends above all."""
    times = runs.rows.times
    if not isinstance(times, pd.DatetimeIndex) or runs.step != pd.offsets.Day():
        return False
    place = _breaks(runs)
    joined = follows(times[place - 1], times[place], pd.offsets.BDay())
    return 2 * np.count_nonzero(joined) > len(place)


def _refuse_dates_as_numbers(runs):
    """Raise if integers written like 20240131 break where days do not."""
    rows = runs.rows
    pattern = date_format(rows.times)
    if pattern is None:
        return
    dates = pd.to_datetime(rows.times.astype(str), format=pattern)
    shown = find_step(None, None, dates, rows.series_starts())
    place = _breaks(runs)
    if follows(dates[place - 1], dates[place], shown).any():
        raise ValueError(
            f"The integers of the index ({rows.times[0]}, ...) are dates: "
            f"{rows.times[place[0] - 1]} and {rows.times[place[0]]} are a step apart, "
            "but not as numbers. Make them times: "
            f'pandas.to_datetime(X.index, format="{pattern}"), in a MultiIndex of its '
            "last level."
        )


def _warn_of_series_apart(runs, possible):
    """Warn of long series of which no row follows another."""
    series = runs.rows.series_starts()
    longest = np.maximum.reduceat(runs.lengths, np.searchsorted(runs.starts, series))
    apart = np.flatnonzero((possible > 0) & (longest == 1))
    if not len(apart):
        return
    rows = runs.rows
    first = series[apart[0]]
    earlier, later = rows.times[first : first + 1], rows.times[first + 1 : first + 2]
    warn_user(
        f"In {len(apart)} of {len(series)} series no row follows another, so that "
        f"their windows are empty, as in {rows.label_of(first)}, whose first two rows "
        f"are {_gaps_in_words(earlier, later)} apart. The step of all series is "
        f"{_in_words(runs.step)}. Resample them to one step, or make the windows of "
        "each kind by itself.",
        ShortWindowsWarning,
    )


def _warn_of_rows_off_grid(runs, freq):
    rows = runs.rows
    place = _breaks(runs)
    off = place[~fits_grid(rows.times[place - 1], rows.times[place], runs.step)]
    if len(off):
        warn_user(
            f"freq={freq!r} does not fit the index: {len(off)} rows are no whole "
            f"number of steps after the row before them, the first of them "
            f"{rows.times[off[0]]} after {rows.times[off[0] - 1]}. "
            f"{_advice(runs, freq)}",
            ShortWindowsWarning,
        )
