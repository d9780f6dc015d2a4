"""What a forecaster settles before it makes a network."""

import numpy as np
import pandas as pd
import pytest

from tests.forecasting.support import (
    forecaster,
)
from tests.support import short_network, wave_series


def test_a_horizon_in_the_past_in_fit():
    model = forecaster().fit(wave_series(40), fh=[-3, -1])
    assert np.isfinite(model.predict()).all()
    assert np.isfinite(model.predict(1)).all()


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
