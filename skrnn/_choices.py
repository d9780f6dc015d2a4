"""Choices about series that are made by looking at them."""

import numpy as np
from scipy.stats import spearmanr

from skrnn._recipe import Origins, Recipe, filled_forward

__all__ = ["choose_differences", "choose_log", "seasonal_period", "usual_period"]

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
_MOST_SERIES, _MOST_ORIGINS = 50, 2000
# An autocorrelation below this is no season.
_LEAST_CORRELATION = 0.3


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
    name = getattr(freq, "rule_code", "").split("-")[0]
    name = {"ME": "M", "MS": "M", "BME": "M", "BMS": "M"}.get(name, name)
    name = {"QE": "Q", "QS": "Q", "BQE": "Q", "BQS": "Q"}.get(name, name)
    name = {"YE": "Y", "YS": "Y", "BYE": "Y", "BYS": "Y"}.get(name, name)
    rows = _USUAL.get(name)
    if name in ("min", "s") and rows * 60 % freq.n == 0 and freq.n > 1:
        # Quarters of an hour have days, rather than hours.
        return 24 * 60 // freq.n if name == "min" else 60 // freq.n
    if rows is None or rows % freq.n:
        return None
    return rows // freq.n


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
    n_lags = min(min(map(len, correlations)) // 3, 400)
    if n_lags < 4:
        return 1
    mean = np.mean([c[: n_lags + 1] for c in correlations], axis=0)
    inner = mean[2:-1]
    is_peak = (inner >= mean[1:-2]) & (inner >= mean[3:]) & (inner > _LEAST_CORRELATION)
    if not is_peak.any():
        return 1
    lags = np.flatnonzero(is_peak) + 2
    # The shortest of the peaks that are nearly as high as the highest.
    high = mean[lags] >= 0.9 * mean[lags].max()
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
            if len(values) < 20 or values.max() < 1.5 * values.min():
                continue
            raw.append(_growth(values))
            logged.append(_growth(np.log(values)))
        if raw and np.mean(raw) > 0.2:
            chosen[target] = abs(np.mean(logged)) < np.mean(raw)
    return chosen


def _growth(values):
    """Rank correlation of the size of changes with the level where they start."""
    change = np.abs(np.diff(values))
    if np.ptp(change) == 0:
        return 0.0
    return float(spearmanr(change, values[:-1] + values[1:]).statistic)


def choose_differences(table, log, sp, scaling, window_length, n_steps, given):
    """How often to take differences: as often as makes the plainest forecast best.

    Parameters
    ----------
    table : SeriesTable
        The series.
    log : ndarray of shape (n_targets,) of bool
        Targets to take the logarithm of.
    sp : int
        Rows of a season.
    scaling : {None, "series", "window"}
        As for `Recipe`.
    window_length, n_steps : int
        Rows of a window; steps ahead.
    given : tuple of (int or "auto", int or "auto")
        Ordinary and seasonal differences, where they are fixed.

    Returns
    -------
    difference, seasonal_difference : int
        Those whose forecast "nothing changes any more" has the least mean absolute
        error, relative to the deviation of each series.
    """
    often, seasonally = given
    orders = [0, 1] if often == "auto" else [often]
    seasonal = [0, 1] if seasonally == "auto" else [seasonally]
    if sp == 1 and seasonally == "auto":
        seasonal = [0]
    candidates = [(d, D) for D in seasonal for d in orders]
    if len(candidates) == 1:
        return candidates[0]
    longest = max(d + D * sp for d, D in candidates)
    errors = []
    for d, D in candidates:
        recipe = Recipe(log, d, D, sp, scaling)
        errors.append(
            _error_of(recipe, table, longest, window_length, n_steps)
            if table.lengths.max() > longest + n_steps
            else d + D  # too short to tell
        )
    return candidates[int(np.argmin(errors))]


def _error_of(recipe, table, n_before, window_length, n_steps):
    table = copy_without_moments(table)
    recipe.learn_moments(table)
    prepared = recipe.prepare(table)
    codes = table.codes
    rows = np.arange(len(codes))
    usable = rows - table.begin[codes] >= n_before
    usable &= rows + n_steps < table.begin[codes + 1]
    rows = np.flatnonzero(usable)
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, _MOST_ORIGINS).astype(int))]
    origins = Origins(rows, codes[rows])
    windows = recipe.windows(prepared, prepared.z, origins, window_length, None)
    base = recipe.baseline(prepared, origins, windows, n_steps)
    future = rows[:, None] + np.arange(1, n_steps + 1)
    error = np.abs(prepared.u[future] - base)
    error[~prepared.known[future]] = np.nan
    spread = np.array(
        [
            prepared.u[start:stop].std(axis=0)
            for start, stop in zip(table.begin[:-1], table.begin[1:], strict=True)
        ]
    )
    spread = np.where(spread > 0, spread, np.inf)
    if not prepared.known[future].any():
        return np.inf
    return float(np.nanmean(error / spread[origins.codes][:, None]))


def copy_without_moments(table):
    """The same table, of whose series nothing is known yet."""
    bare = table.until(table.last)
    bare.moments = None
    return bare


def _longest(table):
    """Values (n_rows, n_targets) of the longest series, without gaps."""
    order = np.argsort(-table.lengths, kind="stable")[:_MOST_SERIES]
    for code in order:
        y = table.y[table.begin[code] : table.begin[code + 1]]
        y = filled_forward(y, np.zeros(len(y), dtype=np.int64))
        y = y[~np.isnan(y).any(axis=1)]
        if len(y) > 3:
            yield y
