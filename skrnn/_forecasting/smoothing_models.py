"""The models of exponential smoothing that are averaged, and their Kalman gains."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

__all__ = ["PARTS", "Gains", "Models", "gains_of", "models"]

# What a model may have: a trend of one of these kinds, or none, and a season.
_TREND_PARTS = (
    "level",
    "drift",
    "damped trend",
    "changing trend",
    "smooth course",
    "return",
)
PARTS = (*_TREND_PARTS, "lasting season", "changing season")

# All numbers of this file were chosen on the first M competition and on series of
# packages (docs/benchmarks/tuning/smoothing.py), whose errors hardly tell grids of this
# sort apart.
#
# How much of a surprise becomes a new level. With each goes no trend, or one of these:
# which share of that becomes a new trend, how much of a trend stays from step to step,
# and how likely that is beside the others. A trend that stays as it was is a drift:
# with it, smoothing is what the Theta method comes to [1]_.
#
# .. [1] Hyndman, R. J. and Billah, B. (2003). Unmasking the Theta method.
_LEVEL_GAINS = (0.05, 0.25, 0.5, 1.0)
_TRENDS = (
    (0.0, 0.8, 1.0),
    (0.0, 0.95, 1.0),
    (0.0, 1.0, 3.0),
    (0.2, 0.8, 1.0),
    (0.2, 0.95, 1.0),
    (0.2, 1.0, 1.0),
    (1.0, 1.0, 0.05),
)
# A smooth course: nothing but the trend changes, of whose first size nothing is known.
# How likely it is beside the others: where a series is smooth, its likelihood is beyond
# all others, and where not, it would bet on the newest change.
_SMOOTH_PRIOR = 0.03
# Levels that return to what they were: how much of a change is left a step later, the
# share of surprises that is noise, and how likely each is beside the others.
_RETURNING, _RETURN_NOISE, _RETURN_PRIOR = (0.5, 0.8, 0.95), (0.0, 0.3), 0.1
# How large a first trend may be, in surprises of one step, and the sizes that seasonal
# effects may have, with how fast they change from season to season, and how likely that
# is beside the others: standard deviation, variance and prior. A small deviation holds
# effects near none, which is shrinkage; between effects that last and those of last
# year the weights find a mean.
_FIRST_TREND = 1.0
_SEASONS = ((0.5, 0.0, 1.0), (2.0, 0.0, 1.0), (4.0, 0.1, 0.1), (4.0, 1.0, 1.0))
# Variance of what is not known before the first row: the level, of all models.
_VAGUE = 1e4
# A season of more rows has so many sines and cosines, not an effect of each row: rows
# of a year of weeks are too few to tell each week's.
_MOST_EFFECTS, _HARMONICS = 24, 6


class Models(NamedTuple):
    """State space models of a level, a damped trend and seasonal effects.

    The form is that of [1]_: the level adds the trend and a change of variance
    ``level``, the trend is damped by `damping` and changes by a variance of `trend`, an
    observation adds the seasonal effect and a noise of variance `noise`. Everything is
    in units of one variance, which is not a part of the model.

    References
    ----------
    .. [1] Harvey, A. C. (1989). Forecasting, structural time series models and the
       Kalman filter.
    """

    noise: np.ndarray  # (M,)
    level: np.ndarray  # (M,)
    trend: np.ndarray  # (M,)
    cross: np.ndarray  # (M,) covariance of the changes of level and trend
    damping: np.ndarray  # (M,) rising
    first_trend: np.ndarray  # (M,) variance of the trend before the first row
    first_cross: np.ndarray  # (M,) its covariance with the level
    first_season: np.ndarray  # (M,) variance of the effects before it
    season: np.ndarray  # (M,) variance by which an effect changes in a season
    prior: np.ndarray  # (M,) how likely each is before the first row, to a factor
    parts: np.ndarray  # (M, len(PARTS)) of bool: which of them each has
    basis: np.ndarray  # (sp, n_effects) what effects add to the rows of a season


class Gains(NamedTuple):
    """What a Kalman filter does at each step, whatever is observed."""

    gain: np.ndarray  # (T, D, M) how far a surprise of one moves level, trend, effects
    variance: np.ndarray  # (T, M) of the surprises
    log_variance: np.ndarray  # (T, M)


@lru_cache(maxsize=16)
def models(sp):
    """All models of a season, or all that have none.

    Parameters
    ----------
    sp : int
        Rows of a season; 1 for models without one.

    Returns
    -------
    Models
    """
    rows = [
        _rising(gain, *trend)
        for gain in _LEVEL_GAINS
        for trend in [(0.0, 1.0, 1.0, 0.0), *((*t, _FIRST_TREND) for t in _TRENDS)]
    ]
    rows += [
        _returning(stays, noise) for stays in _RETURNING for noise in _RETURN_NOISE
    ]
    rows.append(_smooth())
    rows.sort(key=lambda row: row["damping"])  # those of one damping lie together
    rows = [
        row | {"first_season": size**2, "season": change, "prior": prior * row["prior"]}
        for row in rows
        for size, change, prior in (((0.0, 0.0, 1.0),) if sp == 1 else _SEASONS)
    ]
    kinds = np.array([row.pop("kind") for row in rows])
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    has_season = columns["first_season"] > 0
    changes = columns["season"] >= 1  # by a surprise or more
    parts = [kinds == kind for kind in _TREND_PARTS]
    parts = np.column_stack([*parts, has_season & ~changes, has_season & changes])
    return Models(**columns, parts=parts, basis=_basis(sp))


def _rising(gain, share, damping, prior, first_trend):
    """A level and a trend that change by chance, each by itself (dict)."""
    kind = "changing trend" if share else "damped trend" if damping < 1 else "drift"
    return {
        "kind": kind if first_trend else "level",
        "noise": 1.0 - gain,
        "level": gain**2,  # then the filter comes to gains of that size
        "trend": (gain * share) ** 2,
        "cross": 0.0,
        "damping": damping,
        "first_trend": first_trend**2,
        "first_cross": 0.0,
        "prior": prior,
    }


def _smooth():
    """A trend that changes, and a level that has no other changes (dict)."""
    return {
        "kind": "smooth course",
        "noise": 0.0,
        "level": 0.0,
        "trend": 1.0,
        "cross": 0.0,
        "damping": 1.0,
        "first_trend": _VAGUE,
        "first_cross": 0.0,
        "prior": _SMOOTH_PRIOR,
    }


def _returning(stays, noise):
    """An autoregression about a level: each change begins a trend back (dict)."""
    back, long_run = (1.0 - stays) / stays, (1.0 - noise) / (1.0 - stays**2)
    return {
        "kind": "return",
        "noise": noise,
        "level": 1.0 - noise,
        "trend": (1.0 - noise) * back**2,
        "cross": -(1.0 - noise) * back,
        "damping": stays,
        "first_trend": long_run * back**2,
        "first_cross": -long_run * back,
        "prior": _RETURN_PRIOR,
    }


def _basis(sp):
    """Effects of the rows of a season (sp, n_effects)."""
    if sp == 1:
        return np.zeros((1, 0))
    if sp <= _MOST_EFFECTS:
        return np.eye(sp)
    angle = 2 * np.pi * np.arange(sp)[:, None] * np.arange(1, _HARMONICS + 1) / sp
    # Together they are as large as the effects of single rows.
    return np.concatenate([np.cos(angle), np.sin(angle)], axis=1) / np.sqrt(_HARMONICS)


def _first_covariance(chosen):
    """Covariance (M, D, D) of the state before the first row."""
    n_rows, n_effects = chosen.basis.shape
    size = 2 + n_effects
    P = np.zeros((len(chosen.noise), size, size))
    P[:, 0, 0], P[:, 1, 1] = _VAGUE, chosen.first_trend
    P[:, 0, 1] = P[:, 1, 0] = chosen.first_cross
    shape = np.eye(n_effects)
    if n_effects == n_rows:
        shape -= 1.0 / n_rows  # effects of a whole season add up to nothing
    P[:, 2:, 2:] = chosen.first_season[:, None, None] * shape
    return P


@lru_cache(maxsize=8)
def gains_of(sp, n_steps):
    """Gains of `models` for series that are observed at every step.

    Parameters
    ----------
    sp : int
        Rows of a season; 1 for the models without one.
    n_steps : int
        Rows.

    Returns
    -------
    Gains
    """
    chosen = models(sp)
    P, phi = _first_covariance(chosen), chosen.damping[:, None]
    n_rows, n_effects = chosen.basis.shape
    is_own = n_effects == n_rows  # each row of a season has an effect of its own
    gain = np.empty((n_steps, P.shape[1], len(P)))
    variance = np.empty((n_steps, len(P)))
    for t in range(n_steps):
        if t:
            P[:, 0] += phi * P[:, 1]
            P[:, 1] *= phi
            P[:, :, 0] += phi * P[:, :, 1]
            P[:, :, 1] *= phi
            P[:, 0, 0] += chosen.level
            P[:, 1, 1] += chosen.trend
            P[:, 0, 1] += chosen.cross
            P[:, 1, 0] += chosen.cross
        row = chosen.basis[t % n_rows]
        if n_effects and t >= n_rows:
            changed = [2 + t % n_rows] if is_own else np.arange(2, 2 + n_effects)
            often = 1 if is_own else n_rows
            P[:, changed, changed] += chosen.season[:, None] / often
        PH = P[:, :, 0].copy()  # (M, D)
        for effect in np.flatnonzero(row):
            PH += row[effect] * P[:, :, 2 + effect]
        variance[t] = PH[:, 0] + chosen.noise
        for effect in np.flatnonzero(row):
            variance[t] += row[effect] * PH[:, 2 + effect]
        K = PH / np.maximum(variance[t], np.finfo(float).tiny)[:, None]
        gain[t] = K.T
        P -= K[:, :, None] * PH[:, None, :]
    log_variance = np.log(np.maximum(variance, np.finfo(float).tiny))
    return Gains(gain, variance, log_variance)
