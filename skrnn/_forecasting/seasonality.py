"""Choices about series that are made by looking at them."""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from skrnn._forecasting.differencing import Differencing, filled_forward
from skrnn._forecasting.table import Origins
from skrnn._forecasting.target_transform import TargetTransform

__all__ = [
    "Seasonality",
    "choose_log",
    "choose_seasonality",
    "seasonal_period",
    "usual_period",
]

# Rows of a season by the first letters of a frequency: months of a year and so on.
_USUAL = {
    "Y": 1,
    "A": 1,
    "Q": 4,
    "M": 12,
    "W": 52,
    "B": 5,
    "D": 7,
    "h": 24,
    "min": 60,
    "s": 60,
}
_SPANS = {
    "years": "Y",
    "months": "M",
    "weeks": "W",
    "days": "D",
    "hours": "h",
    "minutes": "min",
    "seconds": "s",
}
# The numbers below were set by hand: no search for them is on record. How they fare on
# nineteen real and seven generated series, docs/benchmarks/forecasting.py measures, and
# docs/benchmarks/tuning/forecaster.py tries others.

# Series (the longest) and origins (evenly spread) that are looked at: they bound the
# work on a panel.
_MOST_SERIES, _MOST_ORIGINS = 50, 2000
# How small the error has to be, beside that without, for a season to count, and for the
# mean of a window to be preferred to its last value. A network learns a season by
# itself; it pays to take it off where that is most of what there is.
_SEASON_GAIN, _LEVEL_GAIN = 0.55, 0.8
# With fewer seasons than that, a network does not learn what a season is; with more it
# is shown so many pairs of sine and cosine.
_FEW_SEASONS, _TERMS = 10, 3
# An autocorrelation of the changes below this is no season: 0.3 is three times the
# standard error that a hundred rows leave. Peaks nearly as high as the highest count as
# it, so that the season is taken and not twice the season. Lags end at a third of the
# series, so that a season is seen three times, and where a year of days fits in.
_LEAST_CORRELATION, _NEARLY_AS_HIGH, _MOST_LAGS = 0.3, 0.9, 400
# A logarithm is thought of for series of so many rows at the least whose largest value
# is so many times their smallest, and where the rank correlation of the size of changes
# with the level is higher than that: with less, logarithms hardly differ from a line.
_LEAST_ROWS, _LEAST_RATIO, _LEAST_GROWTH = 20, 1.5, 0.2


def usual_period(freq):
    """Rows of the shortest season that is usual for a frequency.

    Parameters
    ----------
    freq : pandas offset or None
        The step of an index.

    Returns
    -------
    int or None
        None for steps of which none is known.
    """
    if freq is None:
        return None
    name, n = _name_of(freq)
    # A month, quarter or year is one whichever of its days, or business days, it names.
    name = re.sub(r"^B?([MQY])[ES]$", r"\1", name)
    rows = _USUAL.get(name)
    if name in ("min", "s") and rows * 60 % n == 0 and n > 1:
        # Quarters of an hour have days, rather than hours.
        return 24 * 60 // n if name == "min" else 60 // n
    if rows is None or rows % n:
        return None
    return rows // n


def _name_of(freq):
    """The first letters of a frequency, and how many of it make a step."""
    kwds = getattr(freq, "kwds", {})
    spans = [name for name in kwds if name in _SPANS]
    if type(freq) is pd.DateOffset:
        # Its name is what it adds, if that is one thing.
        return (
            (_SPANS[spans[0]], freq.n * kwds[spans[0]]) if len(spans) == 1 else ("", 1)
        )
    try:
        return freq.rule_code.split("-")[0], freq.n
    except NotImplementedError:  # Easter, for one
        return "", 1


def seasonal_period(table):
    """Rows of a season as autocorrelations show it.

    Parameters
    ----------
    table : SeriesTable
        The series.

    Returns
    -------
    int
        1 where there is none. A season is the lag of the highest peak of the mean
        autocorrelation of the changes from row to row, if it is high enough.
    """
    correlations = []
    for y in _longest(table):
        changes = np.diff(y, axis=0)
        changes = changes - changes.mean(axis=0)
        power = (changes**2).sum(axis=0)
        size = 2 * len(changes)
        spectrum = np.fft.rfft(changes, size, axis=0)
        raw = np.fft.irfft(np.abs(spectrum) ** 2, size, axis=0)[: len(changes)]
        useful = power > 0
        if useful.any():
            correlations.append((raw[:, useful] / power[useful]).mean(axis=1))
    if not correlations:
        return 1
    n_lags = min(min(map(len, correlations)) // 3, _MOST_LAGS)
    if n_lags < 4:
        return 1
    mean = np.mean([c[: n_lags + 1] for c in correlations], axis=0)
    inner = mean[2:-1]
    is_peak = (inner >= mean[1:-2]) & (inner >= mean[3:]) & (inner > _LEAST_CORRELATION)
    if not is_peak.any():
        return 1
    lags = np.flatnonzero(is_peak) + 2
    # The shortest of the peaks that are nearly as high as the highest.
    high = mean[lags] >= _NEARLY_AS_HIGH * mean[lags].max()
    return int(lags[high][0])


def choose_log(table):
    """Which targets are to be forecast by their logarithm.

    Parameters
    ----------
    table : SeriesTable
        The series.

    Returns
    -------
    ndarray of shape (n_targets,) of bool
        Those that are positive, and whose changes grow with their level more than the
        changes of the logarithm do with its.
    """
    n_targets = table.y.shape[1]
    chosen = np.zeros(n_targets, dtype=bool)
    for target in range(n_targets):
        if not np.nanmin(table.y[:, target], initial=np.inf) > 0:
            continue
        raw, logged = [], []
        for y in _longest(table):
            values = y[:, target]
            if len(values) < _LEAST_ROWS or values.max() < _LEAST_RATIO * values.min():
                continue
            raw.append(_growth(values))
            logged.append(_growth(np.log(values)))
        if raw and np.mean(raw) > _LEAST_GROWTH:
            chosen[target] = abs(np.mean(logged)) < np.mean(raw)
    return chosen


def _growth(values):
    """Rank correlation of the size of changes with the level where they start."""
    change = np.abs(np.diff(values))
    if np.ptp(change) == 0:
        return 0.0
    return float(spearmanr(change, values[:-1] + values[1:]).statistic)


class Seasonality(NamedTuple):
    """What is done about trend and season."""

    difference: int
    seasonal_difference: int
    fourier_terms: int


def choose_seasonality(filled, sp, scaling, window_length, n_steps, given):
    """Whether to take off trend and season, or to tell a network of the season.

    Judged by the forecast "nothing changes any more": by its mean absolute error about
    the median error of each step, which any network learns to add. The last value is
    what forecasts begin from unless the level of the window comes much nearer. A season
    that is most of what there is, is taken off where the series has few seasons to
    learn from, else it is shown to the network by sines and cosines.

    Parameters
    ----------
    filled : FilledTable
        The series.
    sp : int
        Rows of a season.
    scaling : {None, "series", "window"}
        As for `TargetTransform`.
    window_length, n_steps : int
        Rows of a window; steps ahead.
    given : Seasonality
        What is fixed; the rest is "auto".

    Returns
    -------
    Seasonality
    """
    longest = int(filled.table.lengths.max())
    if longest <= 1 + sp + n_steps + 1:  # too short to tell
        return Seasonality(1, 0, 0)._replace(**_fixed(given))
    errors = {}
    for d in (0, 1):
        for D in (0, 1) if sp > 1 else (0,):
            transform, prepared = TargetTransform.fit(
                filled, Differencing(d, D, sp), scaling
            )
            errors[d, D] = _error_of(
                transform, prepared, 1 + sp, window_length, n_steps
            )
    is_seasonal = sp > 1 and min(errors[0, 1], errors[1, 1]) < _SEASON_GAIN * min(
        errors[0, 0], errors[1, 0]
    )
    pair = int(is_seasonal)
    has_level = errors[0, pair] < _LEVEL_GAIN * errors[1, pair]
    has_few = longest < _FEW_SEASONS * sp
    chosen = Seasonality(
        difference=0 if has_level else 1,
        seasonal_difference=int(is_seasonal and has_few),
        fourier_terms=min(_TERMS, sp // 2) if is_seasonal and not has_few else 0,
    )
    return chosen._replace(**_fixed(given))


def _fixed(given):
    return {name: n for name, n in given._asdict().items() if n != "auto"}


def _error_of(transform, prepared, n_before, window_length, n_steps):
    table = prepared.table
    codes = table.codes
    rows = np.arange(len(codes))
    usable = rows - table.begin[codes] >= n_before
    usable &= rows + n_steps < table.begin[codes + 1]
    rows = np.flatnonzero(usable)
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, _MOST_ORIGINS).astype(int))]
    origins = Origins(rows, codes[rows])
    windows = transform.windows(prepared, prepared.z, origins, window_length, None)
    base = transform.baseline(prepared, origins, windows, n_steps)
    future = rows[:, None] + np.arange(1, n_steps + 1)
    seen = prepared.known[future]
    if not seen.any():
        return np.inf
    error = np.where(seen, prepared.u[future] - base, np.nan)
    # What was never seen tells nothing, for all orders alike.
    error[:, ~seen.any(axis=0)] = 0.0
    error = np.abs(error - np.nanmedian(error, axis=0))
    here, place = np.unique(origins.codes, return_inverse=True)
    spread = _spread(prepared.u, table.begin[here], table.lengths[here])
    spread = np.where(spread > 0, spread, np.inf)
    return float(np.nanmean(error / spread[place][:, None]))


def _spread(u, begin, lengths):
    """Standard deviations (n, n_targets) of stretches of rows, one by one or as many.

    Those of one length are laid side by side, which rounds as one by one does.
    """
    spread = np.empty((len(begin), u.shape[1]))
    for length in np.unique(lengths):
        mine = np.flatnonzero(lengths == length)
        spread[mine] = u[begin[mine][:, None] + np.arange(length)].std(axis=1)
    return spread


def _longest(table):
    """Values (n_rows, n_targets) of the longest series, without gaps."""
    order = np.argsort(-table.lengths, kind="stable")[:_MOST_SERIES]
    for code in order:
        y = table.y[table.begin[code] : table.begin[code + 1]]
        y = filled_forward(y, np.zeros(len(y), dtype=np.int64))
        y = y[~np.isnan(y).any(axis=1)]
        if len(y) > 3:
            yield y
