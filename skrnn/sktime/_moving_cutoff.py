"""Forecasts from the ends of many windows, in one call of the networks."""

import numpy as np
import pandas as pd

from skrnn._forecasting.table import Origins

__all__ = ["forecasts_of_windows"]


def forecasts_of_windows(engine, frames, seen, X, steps, ends):
    """Forecast from the ends of windows over a single series.

    Parameters
    ----------
    engine : SeriesForecaster
        Fitted.
    frames : SeriesFrames
        Of its series.
    seen : DataFrame
        The rows up to the last end.
    X : DataFrame or None
        Exogenous values.
    steps : ndarray of int64
        Steps ahead of each end, at least 1, in any order.
    ends : list of int
        Rows where windows end.

    Returns
    -------
    list of DataFrame
        Forecasts, in the order of `steps`, from each end.
    """
    table = engine.extended(frames.table(seen, X))
    # Before the future is added, of which the level of a series must not know.
    table = engine.transform.with_moments(table)
    reach = max(int(steps.max()), int(engine.steps[-1]))
    now = frames.axis.ordinals(seen.index[ends])
    codes = np.zeros(len(now), dtype=np.int64)
    wanted = np.repeat(codes, len(steps)), (now[:, None] + steps).ravel()
    table = frames.with_future(table, X, table.last + reach, wanted)
    distinct, place = np.unique(steps, return_inverse=True)
    origins = Origins(now - table.first[0], codes)
    values, _ = engine.both(
        engine.transform.prepare(table), origins, distinct, None, None
    )
    return [
        pd.DataFrame(part, frames.axis.times(when + steps), seen.columns)
        for part, when in zip(values[:, place], now, strict=True)
    ]
