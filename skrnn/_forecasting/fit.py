"""From the series of a fit to a forecaster of them."""

import numpy as np

from skrnn._forecasting.auto import choose_settings
from skrnn._forecasting.calendar_cycles import days_of, refuse_no_calendar
from skrnn._forecasting.covariates import Covariates
from skrnn._forecasting.engine import SeriesForecaster
from skrnn._forecasting.strategies import Design
from skrnn._forecasting.target_transform import TargetTransform

__all__ = ["fit_forecaster"]


def fit_forecaster(
    table, frames, steps, late, options, estimator, calendar_columns, random_state
):
    """Decide what to do about the series, and train networks on the rest.

    Parameters
    ----------
    table : SeriesTable
        The series.
    frames : SeriesFrames
        What is known of their columns and times.
    steps : ndarray of int64, or None
        Steps ahead of the newest row that are asked for, in any order.
    late : int
        How many of the newest rows have no target yet.
    options : Options
        What was given.
    estimator : estimator
        What the networks are clones of.
    calendar_columns : callable
        Gives columns and their names for times and a tuple of features.
    random_state : int, RandomState instance or None
        Source of the seeds.

    Returns
    -------
    SeriesForecaster

    Raises
    ------
    ValueError
        If parameters do not fit each other or the series.
    """
    seen, table = table, table.known_part()
    random_state = _own_random_state(random_state)
    axis, n_days = frames.axis, np.inf
    if options.calendar:
        refuse_no_calendar(axis, options.calendar)
        n_days = days_of(axis, int(table.first.min()), int(table.last.max()))
    settings, filled = choose_settings(options, table, frames, steps, late, n_days)
    transform, prepared = TargetTransform.fit(
        filled,
        settings.differencing,
        settings.scaling,
        ~frames.is_past if settings.linear_effects else None,
    )
    covariates = _covariates(settings, frames, calendar_columns)
    covariates.fit(prepared, random_state)
    design = Design(
        settings.strategy,
        settings.steps,
        settings.is_later,
        settings.window_length,
        transform,
        covariates,
        axis,
        estimator,
        settings.n_members,
    )
    return SeriesForecaster.fit(settings, design, prepared, seen, random_state)


def _covariates(settings, frames, calendar_columns):
    return Covariates(
        sp=settings.differencing.sp,
        fourier_terms=settings.fourier_terms,
        calendar=settings.calendar,
        calendar_columns=calendar_columns,
        static=settings.series_id,
        x_names=frames.x_names,
        is_future=~frames.is_past,
        y_names=list(map(str, frames.y_columns)),
    )


def _own_random_state(random_state):
    if random_state is None:
        # From the system: NumPy's global state belongs to the caller.
        return np.random.RandomState(np.random.SeedSequence().generate_state(1))
    if isinstance(random_state, np.random.RandomState):
        return np.random.RandomState(random_state.randint(2**31 - 1))
    return np.random.RandomState(random_state)
