"""What a forecaster does about its series, where its parameters leave that open."""

from typing import NamedTuple

import numpy as np

from skrnn._forecasting.seasonality import (
    Seasonality,
    choose_log,
    choose_seasonality,
    seasonal_period,
    usual_period,
)
from skrnn._forecasting.target_transform import TargetTransform

__all__ = ["Plan", "make_plan"]

# Seasons that a window holds unless its length is given, and the bounds of its rows.
_SEASONS, _LEAST_WINDOW, _MOST_WINDOW = 3, 12, 168
# Steps to learn where neither fh nor a season says how many.
_STEPS = 12


class Plan(NamedTuple):
    """All that is decided before a network is made."""

    recipe: TargetTransform
    steps: np.ndarray  # (n,) steps ahead to learn, rising
    window_length: int
    sp: int
    fourier_terms: int


def make_plan(forecaster, table, freq, steps):
    """Decide by looking at the series.

    Parameters
    ----------
    forecaster : RNNForecaster
        Whose parameters count.
    table : SeriesTable
        The series.
    freq : pandas offset or None
        The step of their index.
    steps : ndarray of int64, or None
        Steps that are asked for, in any order; those up to zero are not learned.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        If parameters do not fit each other or the series.
    """
    orders, log = _wanted(forecaster)
    log = _log_of(table, log)
    sp = _period(forecaster, table, freq)
    steps = _steps_to_learn(table, sp, steps)
    window_length = _window_rows(forecaster, table, sp, steps)
    chosen = choose_seasonality(
        table,
        log,
        sp,
        forecaster.scaling,
        window_length,
        int(steps[-1]),
        Seasonality(*orders, forecaster.fourier_terms if sp > 1 else 0),
    )
    recipe = TargetTransform(log, *chosen[:2], sp, forecaster.scaling)
    return Plan(recipe, steps, window_length, sp, chosen.fourier_terms)


def _wanted(forecaster):
    """Differences, ordinary and seasonal, and logarithm, as far as they are told."""
    orders = forecaster.difference, forecaster.seasonal_difference
    log = forecaster.log
    if getattr(forecaster.estimator, "loss", None) != "poisson":
        return orders, log
    # Counts are learned as they are.
    orders = tuple(0 if order == "auto" else order for order in orders)
    log = False if log == "auto" else log
    if forecaster.scaling is not None or log or any(orders):
        raise ValueError(
            'loss="poisson" is for counts as they are. Set scaling=None, and leave '
            "log and the differences alone."
        )
    return orders, log


def _log_of(table, log):
    if log == "auto":
        return choose_log(table)
    if log and not np.nanmin(table.y) > 0:
        raise ValueError(
            "log=True needs positive values, but the smallest of y is "
            f"{np.nanmin(table.y):g}. Set log='auto' or log=False."
        )
    return np.full(table.y.shape[1], bool(log))


def _period(forecaster, table, freq):
    longest = int(table.lengths.max())
    sp = forecaster.sp
    if sp == "auto":
        usual = usual_period(freq)
        sp = seasonal_period(table) if usual is None else usual
    elif 2 * sp > longest:
        given = forecaster.seasonal_difference, forecaster.fourier_terms
        if set(given) - {0, "auto"}:
            raise ValueError(
                f"sp={sp} rows make a season, but the longest series has only "
                f"{longest}. Give two seasons or more, or set sp=1."
            )
    return int(sp) if 2 * sp <= longest else 1


def _steps_to_learn(table, sp, steps):
    if steps is not None:
        ahead = np.unique(steps[steps > 0])
        return ahead if len(ahead) else np.array([1])
    usual = sp if sp > 1 else _STEPS
    return np.arange(1, max(1, min(usual, int(table.lengths.max()) // 4)) + 1)


def _window_rows(forecaster, table, sp, steps):
    if forecaster.window_length is not None:
        return int(forecaster.window_length)
    rows = max(_SEASONS * sp, _LEAST_WINDOW)
    rows = min(rows, max(_MOST_WINDOW, sp))
    most = (int(table.lengths.max()) - int(steps[-1])) // 2
    return int(max(1, min(rows, most)))
