"""Forecasts from many origins, against forecasts from one after the other."""

import copy

import numpy as np
import pandas as pd
import pytest

from tests.forecasting.support import fitted, forecaster
from tests.support import wave_panel, wave_series


def test_nothing_is_read_beyond_the_origin():
    y = wave_series(100)
    model = forecaster().fit(y[:60], fh=[1, 2, 3])
    forecasts = model.backtest(y[60:], coverage=0.8)
    changed = y.copy()
    changed[80:] = changed[80:] * -3 + 7
    others = model.backtest(changed[60:], coverage=0.8)
    origin = forecasts.index.get_level_values("origin")
    pd.testing.assert_frame_equal(others[origin < 80], forecasts[origin < 80])
    assert (others[origin >= 85] != forecasts[origin >= 85]).all(axis=None)


def test_backtest_of_many_origins():
    y, models = fitted()
    model = models["multioutput"]
    forecasts = model.backtest(y[70:], fh=[1, 4], step_length=2)
    origins = forecasts.index.unique("origin")
    assert list(origins) == list(range(69, 99, 2))
    assert forecasts.index.names == ["origin", "time"]
    for origin in (69, 81, 97):
        known = copy.deepcopy(model)
        if origin > 69:
            known.update(y[70 : origin + 1], update_params=False)
        expected = known.predict([1, 4])
        inside = expected.index <= 99
        np.testing.assert_allclose(
            forecasts.loc[origin, "load"], expected[inside], rtol=0
        )
    # Rows of fit among them change nothing.
    again = model.backtest(y, fh=[1, 4], step_length=2)
    pd.testing.assert_frame_equal(again, forecasts)
    for options, message in (
        ({"fh": [0, 1]}, "at least 1; got 0"),
        ({"step_length": 0}, "step_length"),
        ({"refit": "cold"}, "refit"),
        ({"y": y[:60]}, "no row after those that were seen"),
    ):
        with pytest.raises(ValueError, match=message):
            model.backtest(**{"y": y[70:]} | options)


@pytest.mark.parametrize("coverage", [80, 1.0, 0, [0.8, -0.5], "wide"])
def test_backtest_of_a_coverage_that_there_is_not(coverage):
    y = wave_series(40)
    one = forecaster().fit(y[:30], fh=[1, 2])
    with pytest.raises(ValueError, match="The 'coverage' parameter"):
        one.backtest(y[30:], coverage=coverage)


def test_backtest_with_warm_refit():
    y = wave_series(80)
    model = forecaster(update_epochs=2).fit(y[:60], fh=[1, 2])
    forecasts = model.backtest(y[60:], refit="warm", step_length=5, coverage=0.8)
    expected = copy.deepcopy(model)
    for start in range(60, 80, 5):
        np.testing.assert_allclose(
            forecasts.loc[start - 1, "load"]["forecast"], expected.predict(), rtol=0
        )
        np.testing.assert_allclose(
            forecasts.loc[start - 1, "load"][0.8],
            expected.predict_interval(coverage=0.8)["load"][0.8],
            rtol=0,
        )
        expected.update(y[start : start + 5], update_params=True)


def test_backtest_of_a_panel():
    y = wave_panel([50, 50, 30])
    cut = y.index.get_level_values("month").unique().sort_values()[-10]
    months = y.index.get_level_values("month")
    model = forecaster().fit(y[months < cut], fh=[1, 2])
    forecasts = model.backtest(y[months >= cut].loc[["a", "c"]])
    assert forecasts.index.names == ["shop", "origin", "time"]
    assert list(forecasts.index.unique("shop")) == ["a", "c"]
    assert len(forecasts) == 2 * (10 + 9)
    first = forecasts.loc[("c", cut - 1), "load"]
    np.testing.assert_allclose(first, model.predict().loc["c", "load"], rtol=0)
    new = pd.concat(
        {"z": wave_series(9, months.unique()[-9:]).to_frame()}, names=["shop"]
    )
    with pytest.raises(ValueError, match=r"not in fit, such as \('z',\)"):
        model.backtest(new)


def test_backtest_of_more_origins_than_errors_are_kept():
    y = wave_series(720)
    model = forecaster().fit(y[:60], fh=[1, 2])
    forecasts = model.backtest(y[60:], coverage=0.8)["load"]
    truth = y[forecasts.index.get_level_values("time")].to_numpy()
    inside = (truth >= forecasts[0.8]["lower"]) & (truth <= forecasts[0.8]["upper"])
    assert inside.mean() == pytest.approx(0.8, abs=0.05)
