"""Forecasters that are trained in no time, and slow twins of what they do."""

import functools
import pickle

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from skrnn import FlattenSequence
from skrnn._forecasting.covariates import Covariates
from skrnn._forecasting.differencing import Differencing
from skrnn._forecasting.filled_table import FilledTable
from skrnn._forecasting.horizon_model import HorizonModel
from skrnn._forecasting.table import SeriesTable
from skrnn._forecasting.target_transform import TargetTransform
from skrnn._time.axis import TimeAxis
from skrnn.sktime import RNNForecaster
from tests.support import short_network, wave_series

# -- forecasters -----------------------------------------------------------------------

STRATEGIES = ["multioutput", "recursive", "direct", "dirrec"]
LINEAR = make_pipeline(FlattenSequence(), LinearRegression())
PLAIN = {"log": False, "difference": 0, "seasonal_difference": 0, "sp": 1}


def forecaster(**options):
    """A forecaster of one small network."""
    base = {"window_length": 6, "n_estimators": 1, "random_state": 0}
    base["network_weight"] = 1  # what is said of networks is not hidden by smoothing
    return RNNForecaster(options.pop("estimator", short_network()), **base | options)


@functools.cache
def fitted():
    """A series of 100 rows, and a forecaster of each strategy fitted to the first 70.

    They are shared by tests, which copy what they change.
    """
    y = wave_series(100)
    return y, {
        strategy: forecaster(strategy=strategy).fit(y[:70], fh=[1, 2, 3])
        for strategy in STRATEGIES
    }


def driven(n=90):
    """A series that repeats its X of the same time, and X."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n, 2)), columns=["heat", "rain"])
    return X["heat"] * 3 + 1, X


def state_of(model):
    """All that a forecaster knows, in a form that can be compared."""
    engine = model.forecaster_
    arrays = [engine.tail.y, engine.tail.first, engine.tail.moments, model.cutoff]
    arrays += [engine.scores.errors, engine.scores.start]
    arrays += [part for _, part in engine.insample.values()]
    for group in model.estimators_:
        for member in group:
            arrays += [p.detach().numpy() for p in member.net_.module_.parameters()]
    return pickle.dumps((arrays, model._y_metadata, model.get_params(deep=False)))


# -- tables of series ------------------------------------------------------------------

ORDERS = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 1)]
SP = 4
LENGTHS = [30, 9, 41]
N_LAGS = {order: order[0] + order[1] * SP for order in ORDERS}


def table(*, missing=True, x=True):
    """Three series of two targets, the first of which grows by its level."""
    rng = np.random.default_rng(0)
    begin = np.append(0, np.cumsum(LENGTHS))
    y = np.exp(rng.normal(size=(begin[-1], 2)).cumsum(axis=0) / 5) * [1.0, 30.0] + 1
    if missing:
        y[rng.random(y.shape) < 0.15] = np.nan
        y[:3, 0] = np.nan  # the first series begins without its first target
    keys = [("a",), ("b",), ("c",)]
    first = np.array([0, 7, -4])
    values = rng.normal(size=(len(y), 2)) if x else None
    return SeriesTable(keys, first, begin, y, values)


def transform_of(data, order=(0, 0), *, scaling="window", log=(True, False)):
    """A fitted transform of a table, and the table as it prepares it."""
    filled = FilledTable(data, np.array(log))
    return TargetTransform.fit(filled, Differencing(*order, SP), scaling)


def model(made, prepared, *, steps=(1, 3), length=6, fourier_terms=1, needs_full=False):
    """A model without networks."""
    has_x = prepared.table.x is not None
    covariates = Covariates(
        sp=SP,
        fourier_terms=fourier_terms,
        calendar=(),
        calendar_columns=None,
        static=True,
        x_names=["known", "past"] if has_x else [],
        is_future=np.array([True, False]) if has_x else np.zeros(0, dtype=bool),
        y_names=["u", "v"],
    ).fit(prepared, np.random.RandomState(0))
    axis = TimeAxis(pd.RangeIndex(3), np.array([0]))
    return HorizonModel(made, covariates, axis, np.array(steps), length, needs_full)


# -- loops -----------------------------------------------------------------------------


def slow_units(y, is_log, moments, floor):
    """One series (n, 2) without gaps, in its units; and what was observed."""
    values = y.copy()
    for target in range(2):
        if is_log[target]:
            values[:, target] = np.log(np.maximum(values[:, target], floor[target]))
    known = ~np.isnan(values)
    for target in range(2):
        newest = np.nan
        for i in range(len(values)):
            newest = values[i, target] if known[i, target] else newest
            values[i, target] = newest
    units = (values - moments[0]) / moments[1]
    return np.where(np.isnan(units), 0.0, units), known


def slow_difference(u, order):
    """Differences, from the first row that has all its lags on; zero before."""
    z = u.copy()
    for _ in range(order[0]):
        z = np.vstack([np.full((1, 2), np.nan), np.diff(z, axis=0)])
    for _ in range(order[1]):
        z = np.vstack([np.full((SP, 2), np.nan), z[SP:] - z[:-SP]])
    return np.where(np.isnan(z), 0.0, z)


def slow_undo(u, order, n_steps):
    """Rows that follow if all differences are zero from now on."""
    path = list(u)
    for _ in range(n_steps):
        zero = np.vstack([path, [np.nan, np.nan]])
        # What the next row must be is linear in it: find it from two trials.
        trial = []
        for value in (0.0, 1.0):
            zero[-1] = value
            trial.append(slow_difference(np.array(zero), order)[-1])
        path.append(-trial[0] / (trial[1] - trial[0]))
    return np.array(path[len(u) :])
