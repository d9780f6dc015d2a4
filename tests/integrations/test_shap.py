"""The recipe of the guide for Shapley values by lag."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

PATH = Path(__file__).parents[2] / "docs/benchmarks/explain.py"


# The import of shap makes colour maps in a way that matplotlib will give up.
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_shapley_values_by_lag():
    spec = importlib.util.spec_from_file_location("explain", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rng = np.random.default_rng(0)
    X, weights = rng.normal(size=(3, 5, 2)), rng.normal(size=(5, 2))

    def predict(X):
        # A sum of lags, and a product of two of them that is shared in halves.
        return (X * weights).sum(axis=(1, 2)) + X[:, 0, 0] * X[:, 4, 0]

    model = SimpleNamespace(predict=predict)
    found = module.shapley_by_lag(model, X, np.zeros(2))
    wanted = (X * weights).sum(axis=2)
    wanted[:, [0, 4]] += X[:, :1, 0] * X[:, 4:, 0] / 2
    assert_allclose(found, wanted, atol=1e-10)
