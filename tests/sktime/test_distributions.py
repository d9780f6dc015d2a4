"""Distributions of forecasts, against their quantiles."""

import numpy as np
import pandas as pd
import pytest

from tests.forecasting.support import forecaster
from tests.support import short_network, wave_series


@pytest.mark.parametrize(
    "loss, log, name",
    [
        ("gaussian", False, "Normal"),
        ("gaussian", True, "LogNormal"),
        ("student_t", False, "TDistribution"),
        ("student_t", True, "Normal"),
        ("squared_error", False, "Normal"),
    ],
)
def test_distributions(loss, log, name):
    y = pd.DataFrame({"a": wave_series(80), "b": wave_series(80, seed=1) * 100})
    model = forecaster(estimator=short_network(loss=loss), log=log, n_estimators=2)
    model.fit(y, fh=[1, 2])
    law = model.predict_proba()
    assert type(law).__name__ == name
    assert law.index.equals(model.predict().index)
    assert list(law.columns) == ["a", "b"]
    if name != "Normal" or loss == "gaussian":
        quantiles = law.quantile([0.1, 0.5, 0.9])
        expected = model.predict_quantiles(alpha=[0.1, 0.5, 0.9])
        np.testing.assert_allclose(quantiles, expected, rtol=1e-4)
    else:
        np.testing.assert_allclose(law.mean(), model.predict())
        np.testing.assert_allclose(law.var(), model.predict_var())
