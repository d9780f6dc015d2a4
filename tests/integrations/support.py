"""Short forecasters and regressors, and what is asked of their forecasts."""

import numpy as np
import pytest
from pandas.testing import assert_index_equal
from sklearn.base import clone
from sktime.performance_metrics.forecasting import (
    mean_absolute_percentage_error,
)

from skrnn import (
    RNNRegressor,
)
from skrnn.sktime import RNNForecaster

FH = np.arange(1, 7)


QUICK = RNNRegressor(
    "gru",
    4,
    linear_steps=None,
    max_epochs=10,
    early_stopping=False,
    n_estimators=1,
    learning_rate=0.01,
)


def forecaster(**options):
    base = {"n_estimators": 1, "network_weight": 1, "random_state": 0}
    options = base | options
    return RNNForecaster(clone(QUICK), **options)


def mape(truth, forecast):
    return mean_absolute_percentage_error(truth, forecast)


def assert_times(found, truth):
    """It has the index of the truth; sktime lets go of the name of a plain one."""
    is_plain = truth.index.nlevels == 1
    assert_index_equal(found.index, truth.index, check_names=not is_plain)
    assert getattr(found.index, "freq", None) == getattr(truth.index, "freq", None)


def assert_forecast(forecast, truth, weak_error):
    """It has the index and name of the truth and beats something weak."""
    assert_times(forecast, truth)
    assert forecast.name == truth.name
    assert forecast.dtype == np.float64
    assert mape(truth, forecast) < weak_error


def assert_intervals(interval, truth, least_covered=0.5):
    """Finite, in order, neither without width nor silly, and mostly right."""
    assert_times(interval, truth)
    low, high = interval.to_numpy(dtype=float).T
    assert np.isfinite(low).all() and np.isfinite(high).all()
    assert (low < high).all()
    assert (high - low).max() < 2 * np.abs(truth).max()
    assert ((low <= truth) & (truth <= high)).mean() >= least_covered


def regressor(**options):
    options = {"max_epochs": 15, "learning_rate": 0.02} | options
    return RNNRegressor(
        "gru", 4, early_stopping=False, n_estimators=1, random_state=0, **options
    )


def layout(windows, kind):
    if kind == "lazy":
        return windows
    return np.asarray(windows)[:, :, 0] if kind == "2-D" else np.asarray(windows)


layouts = pytest.mark.parametrize("kind", ["2-D", "3-D", "lazy"])


def assert_bounds(bounds, y, low=0.6, width=1.0):
    lower, upper = bounds[:, 0, 0], bounds[:, 1, 0]
    assert (lower <= upper).all()
    assert ((lower <= y) & (y <= upper)).mean() >= low
    assert np.mean(upper - lower) < width
