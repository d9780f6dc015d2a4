"""Forecasts from the ends of many windows, in one call of the networks."""

import numpy as np
import pandas as pd
from sktime.datatypes import convert_to
from sktime.forecasting.base._base import _format_moving_cutoff_predictions

from skrnn._forecasting.plausibility import refuse_overflow
from skrnn._forecasting.table import Origins

__all__ = ["moving_forecasts", "window_ends"]


def window_ends(y, cv, fh):
    """Rows where the windows of a splitter end, if one call can forecast from all.

    Parameters
    ----------
    y : DataFrame
        The rows.
    cv : splitter of sktime
        The windows.
    fh : ForecastingHorizon
        Its horizon.

    Returns
    -------
    list of int
        Empty for several series, and for times or steps that are not ahead.
    """
    is_ahead = fh.is_relative and fh.to_numpy().min() > 0
    if not is_ahead or isinstance(y.index, pd.MultiIndex):
        return []
    return [window[-1] for window, _ in cv.split(y)]


def moving_forecasts(model, y, X, fh, ends):
    """Forecast from the ends of windows over a single series, as sktime shows them.

    Parameters
    ----------
    model : RNNForecaster
        Fitted.
    y : DataFrame
        The rows.
    X : DataFrame or None
        Exogenous values.
    fh : ForecastingHorizon
        Steps ahead of each end, at least 1.
    ends : list of int
        Rows where windows end.

    Returns
    -------
    DataFrame or Series
    """
    seen, steps = y.iloc[: max(ends) + 1], fh.to_numpy().astype(np.int64)
    model.forecaster_.refuse_far(int(steps.max()))
    frames = _forecasts_of_windows(
        model.forecaster_, model.frames_, model._newer(seen, X), seen, X, steps, ends
    )
    kind, store = model._y_metadata["mtype"], model._converter_store_y
    forecasts = [
        convert_to(frame, kind, store=store, store_behaviour="freeze")
        for frame in frames
    ]
    return _format_moving_cutoff_predictions(
        forecasts, [y.index[[end]] for end in ends]
    )


def _forecasts_of_windows(engine, frames, table, seen, X, steps, ends):
    """Forecast from the ends of windows over a single series.

    Parameters
    ----------
    engine : SeriesForecaster
        Fitted.
    frames : SeriesFrames
        Of its series.
    table, seen : SeriesTable, DataFrame
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
    table = engine.extended(table)
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
    values = frames.y_units.multiplied(values)
    refuse_overflow(values)
    return [
        pd.DataFrame(part, frames.axis.times(when + steps), seen.columns)
        for part, when in zip(values[:, place], now, strict=True)
    ]
