"""Generated panels for choosing: long series that have little in common."""

import numpy as np
import pandas as pd
from _series_sets import SEASONS, STEPS, Series

__all__ = ["generated_panels"]

_N_SERIES = 40
_ROWS = {"M": (60, 400), "Q": (60, 200), "Y": (40, 120)}


def generated_panels():
    """Swings of unlike paces, and growth that swings (dict of lists of Series)."""
    rng = np.random.default_rng(5)
    panels = {}
    for freq in ("M", "Q"):
        panels[f"generated swings {freq}"] = _panel(_swings, freq, rng)
    for freq in ("M", "Q", "Y"):
        panels[f"generated growth {freq}"] = _panel(_growth, freq, rng)
    return panels


def _panel(law, freq, rng):
    sp, steps = SEASONS[freq], STEPS[freq]
    series = []
    for number in range(_N_SERIES):
        n = int(rng.integers(*_ROWS[freq]))
        values = law(n + steps, sp, rng)
        index = pd.period_range(end="1999-12", periods=len(values), freq=freq)
        y = pd.Series(values, index=index, name="y")
        series.append(Series(f"series {number}", law.__name__, y, sp, steps, (n,)))
    return series


def _swings(n, sp, rng):
    """An autoregression, or the sum of one, and a season (n,)."""
    swing = _autoregression(n, rng, (0.3, 0.95))
    if rng.random() < 0.5:
        swing = 0.5 * np.cumsum(swing + 0.1 * rng.normal())
    return 50 + 4 * swing + rng.uniform(0, 4) * _season(n, sp, rng)


def _growth(n, sp, rng):
    """A level whose growth swings, a season and noise, on a scale of shares (n,)."""
    growth = _autoregression(n, rng, (0.8, 0.98)) * rng.uniform(0.1, 1)
    noise = rng.uniform(0, 1) * rng.normal(size=n)
    level = np.cumsum(growth + 0.3 * rng.normal() + noise)
    season = rng.uniform(0, 4) * _season(n, sp, rng)
    noise = rng.uniform(0, 0.5) * rng.normal(size=n)
    return np.exp(5 + rng.normal() + 0.01 * (level + season + noise))


def _autoregression(n, rng, radii, n_before=100):
    """Of second order with a pair of roots, or of first order; deviation 1 (n,)."""
    radius, angle = rng.uniform(*radii), rng.uniform(0, np.pi)
    first, second = 2 * radius * np.cos(angle), -(radius**2)
    if rng.random() < 0.5:
        first, second = rng.uniform(-0.5, 0.97), 0.0
    x = rng.normal(size=n + n_before)
    for t in range(2, len(x)):
        x[t] += first * x[t - 1] + second * x[t - 2]
    return x[n_before:] / x[n_before:].std()


def _season(n, sp, rng):
    """Effects of the rows of a season, that stay or change, of any size (n,)."""
    if sp == 1:
        return np.zeros(n)
    effects = rng.normal(size=sp)
    effects -= effects.mean()
    change, season = rng.choice([0.0, 0.05, 0.2]), np.empty(n)
    for t in range(n):
        effects[t % sp] += change * rng.normal()
        season[t] = effects[t % sp]
    return season * rng.uniform(0, 2)
