"""What a forecaster settles before it makes a network."""

import numpy as np
import pandas as pd
import pytest

from skrnn._forecasting.auto import wants_calibration
from skrnn.sktime import RNNForecaster
from tests.forecasting.support import forecaster
from tests.support import short_network, wave_series


def test_a_horizon_in_the_past_in_fit():
    y = wave_series(40)
    model = forecaster().fit(y, fh=[-3, -1])
    # Then one step ahead is what there is to learn.
    expected = forecaster().fit(y, fh=1).predict([-3, -1, 1])
    np.testing.assert_array_equal(model.predict(), expected[[36, 38]])
    np.testing.assert_array_equal(model.predict(1), expected[[40]])


def test_counts():
    y = pd.Series(np.random.default_rng(0).poisson(3, 90).astype(float))
    model = forecaster(estimator=short_network(loss="poisson"), scaling=None)
    forecast = model.fit(y, fh=[1, 2]).predict()
    assert (forecast > 0).all()
    assert not model.log_.any()
    for options in ({}, {"scaling": None, "difference": 1}, {"log": True}):
        model = forecaster(estimator=short_network(loss="poisson"), **options)
        with pytest.raises(ValueError, match='loss="poisson" is for counts as they'):
            model.fit(y + 1, fh=1)


def test_nothing_is_left_open():
    y = wave_series(120, pd.date_range("2020", periods=120), period=7)
    model = RNNForecaster(
        short_network(), calendar=True, n_estimators=1, network_weight=1
    ).fit(y)
    found = model._settings
    assert "auto" not in [part for part in found if isinstance(part, str)]
    assert found.differencing.sp == model.sp_ == 7
    assert found.differencing.difference == model.difference_
    assert found.differencing.seasonal_difference == model.seasonal_difference_
    assert found.window_length == model.window_length_ == 21
    assert found.fourier_terms == model.fourier_terms_
    assert found.calendar == ("day_of_week",)
    np.testing.assert_array_equal(found.steps, np.arange(1, 8))
    np.testing.assert_array_equal(found.log, model.log_)
    assert found.calibration_fraction == 0.25
    with pytest.raises(AttributeError):
        found.window_length = 3


@pytest.mark.parametrize("interval", ["auto", "conformal", "loss", None])
@pytest.mark.parametrize("loss", ["squared_error", "gaussian", "quantile"])
@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_where_intervals_come_from(interval, loss, strategy):
    # A likelihood tells all levels, of forecasts that are not fed back.
    tells = loss == "gaussian" and strategy == "direct"
    expected = {"auto": not tells, "conformal": True, "loss": False, None: False}
    assert wants_calibration(interval, strategy, loss) == expected[interval]
