"""Forecasts for given times, of series that end at different ones."""

import numpy as np

from skrnn._forecasting.table import Origins

__all__ = ["forecasts_at"]


def forecasts_at(engine, frames, X, times, of_future, of_past=None):
    """Forecasts of all series for the same times.

    Parameters
    ----------
    engine : SeriesForecaster
        Fitted.
    frames : SeriesFrames
        Of its series.
    X : DataFrame or None
        Exogenous values.
    times : ndarray of shape (n,) of int64
        Steps on the time axis, in any order.
    of_future : callable
        Called with prepared series, origins and steps ahead, as ``engine.point``.
    of_past : callable, default=None
        Called with what ``engine.forecasts_of_past`` gave, and the number of the series
        of each row; None takes the forecasts from it.

    Returns
    -------
    ndarray of shape (n_series, n, ...)
        NaN before the first row of a series.
    """
    tail = engine.tail
    ahead = times - tail.last[:, None]  # (S, n) counted from their own end
    # Each made where it is empty, since only the parts know the shape of a forecast.
    values = None
    if (ahead > 0).any():
        codes, place = np.nonzero(ahead > 0)
        reach = np.maximum(ahead.max(axis=1), int(engine.steps[-1]))
        table = frames.with_future(tail, X, tail.last + reach, (codes, times[place]))
        values = _of_future(engine.transform, table, tail, ahead, of_future)
    if (ahead <= 0).any():
        codes, place = np.nonzero(ahead <= 0)
        past = engine.forecasts_of_past(codes, times[place])
        past = past[:, 0] if of_past is None else of_past(past, codes)
        if values is None:
            values = np.full((*ahead.shape, *past.shape[1:]), np.nan)
        values[codes, place] = past
    return values


def _of_future(transform, table, tail, ahead, of_future):
    """Forecasts of the steps ahead, NaN of the others; one call for each end."""
    values = None
    for last in np.unique(tail.last):
        codes = np.flatnonzero(tail.last == last)
        future = np.flatnonzero(ahead[codes[0]] > 0)
        if not len(future):
            continue
        steps, place = np.unique(ahead[codes[0], future], return_inverse=True)
        part = table if len(codes) == len(tail.keys) else table.chosen(codes)
        rows = part.begin[:-1] + tail.lengths[codes] - 1
        prepared = transform.prepare(part)
        found = of_future(prepared, Origins(rows, np.arange(len(codes))), steps)
        if values is None:
            values = np.full((*ahead.shape, *found.shape[2:]), np.nan)
        values[np.ix_(codes, future)] = found[:, place]
    return values
