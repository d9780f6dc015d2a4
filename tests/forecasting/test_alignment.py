"""Forecasts for the same times, of series that end at different ones."""

import copy

import numpy as np
import pytest

from tests.forecasting.support import STRATEGIES, fitted, forecaster
from tests.support import wave_panel


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_horizons_that_reach_into_the_past(strategy):
    y, models = fitted()
    model = copy.deepcopy(models[strategy])
    mixed = model.predict([-69, -5, 0, 1, 3])
    assert list(mixed.index) == [0, 64, 69, 70, 72]
    np.testing.assert_array_equal(mixed[[70, 72]], model.predict([1, 3]))
    # A forecast of a row that was seen is the one that its predecessor gave.
    earlier = copy.deepcopy(models[strategy]).update(y[:64], update_params=False)
    assert earlier.predict(1)[64] == pytest.approx(mixed[64], abs=1e-12)
    # Before the first row nothing is known.
    assert np.isnan(model.predict([-70])).all()


def test_a_panel_is_one_network():
    y = wave_panel([40, 25, 60], ends=[0, 6, 2])
    model = forecaster().fit(y, fh=[1, 2])
    assert len(model.estimators_) == 1
    forecast = model.predict()
    # All series get the times after the newest of them.
    assert list(forecast.index.names) == ["shop", "month"]
    assert forecast.index.get_level_values("month").nunique() == 2
    levels = forecast.groupby("shop")["load"].mean()
    assert np.allclose(levels, [10, 15, 20], atol=2.5)
    # A series that ended earlier is forecast from its own end on.
    alone = model.predict(fh=[1, 2, 7, 8], y=y.loc[["b"]])
    np.testing.assert_allclose(
        alone.loc["b"].iloc[2:], forecast.loc["b"], rtol=0, atol=1e-9
    )
