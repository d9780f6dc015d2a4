"""Every kind of horizon and index gives the same forecasts."""

import copy

import numpy as np
import pandas as pd
import pytest
from sktime.forecasting.base import ForecastingHorizon

from tests.forecasting.support import PLAIN, STRATEGIES, fitted, forecaster
from tests.support import wave_series


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_kind_of_horizon_gives_the_same_numbers(strategy):
    y, models = fitted()
    model = copy.deepcopy(models[strategy])
    expected = model.predict()
    assert list(expected.index) == [70, 71, 72]
    assert expected.name == "load"
    absolute = ForecastingHorizon(y.index[70:73], is_relative=False)
    for fh in ([1, 2, 3], np.array([3, 1, 2]), pd.Index([71, 70, 72]), absolute):
        is_absolute = isinstance(fh, pd.Index)
        fh = ForecastingHorizon(fh, is_relative=False) if is_absolute else fh
        pd.testing.assert_series_equal(model.predict(fh).sort_index(), expected)
    pd.testing.assert_series_equal(model.predict([2]), expected[[71]])
    pd.testing.assert_series_equal(model.predict(2), expected[[70, 71]])
    with_gaps = model.predict([1, 3])
    np.testing.assert_array_equal(with_gaps, expected[[70, 72]])


INDEXES = {
    "range": pd.RangeIndex(3, 83),
    "integers": pd.Index(np.arange(80) - 7),
    "months": pd.period_range("2000-01", periods=80, freq="M"),
    "quarters": pd.period_range("2000Q2", periods=80, freq="Q-NOV"),
    "days": pd.date_range("2000-01-30", periods=80),
    "month ends": pd.date_range("2000-01-31", periods=80, freq="ME"),
    "month starts": pd.date_range("2000-01-01", periods=80, freq="MS"),
    "two months": pd.date_range("2000-01-01", periods=80, freq="2MS"),
    "working days": pd.date_range("2000-01-03", periods=80, freq="B"),
    "weeks": pd.date_range("2000-01-05", periods=80, freq="W-WED"),
    "years": pd.date_range("1900", periods=80, freq="YS"),
    "quarter hours": pd.date_range("2000", periods=80, freq="15min"),
    "days over a change of clocks": pd.date_range(
        "2024-02-01", periods=80, tz="Europe/Berlin"
    ),
    "hours over a change of clocks": pd.date_range(
        "2024-03-28", periods=80, freq="h", tz="Europe/Berlin"
    ),
}


@pytest.mark.filterwarnings("ignore:PeriodDtype:FutureWarning")
@pytest.mark.parametrize("name", INDEXES)
@pytest.mark.parametrize("has_freq", [True, False])
def test_every_index_gives_the_same_numbers(name, has_freq):
    index = INDEXES[name]
    if not has_freq:
        index = pd.Index(list(index))
    expected = forecaster(**PLAIN).fit(wave_series(70), fh=[1, 5]).predict([1, 5, -2])
    y = wave_series(80, index)
    model = forecaster(**PLAIN).fit(y[:70], fh=[1, 5])
    forecast = model.predict([1, 5, -2])
    assert list(forecast.index) == list(index[[67, 70, 74]])
    np.testing.assert_array_equal(forecast, expected)
    fh = ForecastingHorizon(index[70:75], is_relative=False)
    assert list(model.predict(fh).index) == list(index[70:75])
    # A single row more, whose index shows no frequency.
    model.update(y[70:71], update_params=False)
    assert model.cutoff[0] == index[70]
    assert list(model.predict([1]).index) == [index[71]]
