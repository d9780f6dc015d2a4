"""Forecasts for given times, of series that end at different ones."""

from typing import NamedTuple

import numpy as np

from skrnn._forecasting.table import Origins

__all__ = ["Start", "forecasts_at", "starts_of"]


class Start(NamedTuple):
    """Where series that end alike are forecast from."""

    codes: np.ndarray  # (m,) the series
    places: np.ndarray  # (n,) which of the times are after their end
    ahead: np.ndarray  # (n,) steps to those times


def starts_of(engine, times):
    """Where the forecasts of times after the ends of the series begin.

    From the newest row that has a target: a series that ends with NaN ends earlier.

    Parameters
    ----------
    engine : SeriesForecaster
        Fitted.
    times : ndarray of shape (n,) of int64
        Steps on the time axis.

    Returns
    -------
    list of Start
    """
    starts = []
    for last in np.unique(engine.tail.last):
        codes = np.flatnonzero(engine.tail.last == last)
        places = np.flatnonzero(times > last)
        if len(places):
            starts.append(Start(codes, places, times[places] - last))
    return starts


def forecasts_at(engine, frames, X, times, of_future, of_past=None, of_ends=None):
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
    of_ends : callable, default=None
        Called with steps ahead of series that all end alike, as
        ``engine.point_from_ends``: what that knows is not computed once more.

    Returns
    -------
    ndarray of shape (n_series, n, ...)
        NaN before the first row of a series.
    """
    tail = engine.tail
    ahead = times - tail.last[:, None]  # (S, n) counted from their own end
    if of_ends is not None and X is None and (ahead > 0).all():
        known = of_ends(ahead[0]) if (tail.last == tail.last[0]).all() else None
        if known is not None:
            return known
    # Each made where it is empty, since only the parts know the shape of a forecast.
    values = None
    if (ahead > 0).any():
        codes, place = np.nonzero(ahead > 0)
        reach = np.maximum(ahead.max(axis=1), int(engine.steps[-1]))
        last = np.maximum(tail.last + reach, engine.seen.last)
        table = frames.with_future(engine.seen, X, last, (codes, times[place]))
        starts = starts_of(engine, times)
        values = _of_future(engine, table, ahead, starts, of_future)
    if (ahead <= 0).any():
        codes, place = np.nonzero(ahead <= 0)
        past = engine.forecasts_of_past(codes, times[place])
        past = past[:, 0] if of_past is None else of_past(past, codes)
        if values is None:
            values = np.full((*ahead.shape, *past.shape[1:]), np.nan)
        values[codes, place] = past
    return values


def _of_future(engine, table, ahead, starts, of_future):
    """Forecasts of the steps ahead, NaN of the others; one call for each end."""
    values, tail = None, engine.tail
    for codes, places, steps in starts:
        steps, order = np.unique(steps, return_inverse=True)
        part = table if len(codes) == len(tail.keys) else table.chosen(codes)
        rows = part.begin[:-1] + tail.lengths[codes] - 1
        prepared = engine.transform.prepare(part)
        origins = Origins(rows, np.arange(len(codes)))
        found = of_future(prepared, origins, steps)
        if values is None:
            values = np.full((*ahead.shape, *found.shape[2:]), np.nan)
        values[np.ix_(codes, places)] = found[:, order]
    return values
