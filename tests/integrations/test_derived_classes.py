"""Classes that users derive, whose ``__init__`` has parameters of their own."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, RNNRegressor, SlidingWindow, load, save
from skrnn._numbers import defaults_of, parameters_of
from skrnn.sktime import RNNForecaster
from skrnn.streaming import StreamingPredictor, fit_stream
from tests.support import wave_series

TINY = {"max_epochs": 2, "n_estimators": 1, "random_state": 0, "early_stopping": False}
X = np.random.default_rng(0).normal(size=(30, 5, 2))
y = X[:, -1, 0]


class Mixin:
    """Whose arguments are no parameters of what it is mixed into."""

    def __init__(self, ignored=1):
        pass


class Small(Mixin, RNNRegressor):
    """Fewer parameters, and one more."""

    def __init__(self, hidden_size=3, remark=None):
        RNNRegressor.__init__(self, "lstm", hidden_size, **TINY)
        self.remark = remark


class SmallClassifier(RNNClassifier):
    """Fewer parameters."""

    def __init__(self, hidden_size=3):
        super().__init__("gru", hidden_size, n_kernels=None, **TINY)


class Seasonal(RNNForecaster):
    """Fewer parameters."""

    def __init__(self, sp=12):
        super().__init__(sp=sp, network_weight=0, random_state=0)


class Hourly(SlidingWindow):
    """Fewer parameters."""

    def __init__(self, window_length=3):
        super().__init__(window_length, horizon=1, time="time", history="allow")


def test_parameters_of_all_classes_in_line():
    assert defaults_of(RNNRegressor) == RNNRegressor().get_params(deep=False)
    assert "ignored" not in defaults_of(Small)
    parameters = parameters_of(Small(8))
    assert (parameters["cell"], parameters["hidden_size"]) == ("lstm", 8)
    assert parameters.keys() - RNNRegressor().get_params().keys() == {"remark"}


@pytest.mark.parametrize(
    ("derived", "usual", "target"),
    [
        (Small(4), RNNRegressor("lstm", 4, **TINY), y),
        (
            SmallClassifier(4),
            RNNClassifier("gru", 4, n_kernels=None, **TINY),
            np.where(y > 0, "up", "down"),
        ),
    ],
    ids=["regressor", "classifier"],
)
def test_an_estimator(derived, usual, target, tmp_path):
    expected = usual.fit(X, target).predict(X)
    assert_array_equal(derived.fit(X, target).predict(X), expected)
    assert_array_equal(pickle.loads(pickle.dumps(derived)).predict(X), expected)
    save(derived, tmp_path / "model.skrnn")
    name = f"{__name__}.{type(derived).__name__}"
    saved = load(tmp_path / "model.skrnn", trusted=[name])
    assert_array_equal(saved.predict(X), expected)
    begun = [clone(usual).set_params(init=model) for model in (derived, usual)]
    found = [model.fit(X, target).predict(X) for model in begun]
    assert_array_equal(found[0], found[1])


def test_a_search():
    search = GridSearchCV(Small(), {"hidden_size": [1, 2]}, cv=2).fit(X, y)
    network = search.best_estimator_.settings_.network
    assert network.hidden_size == search.best_params_["hidden_size"]


def test_a_forecaster():
    series = wave_series(60)
    usual = RNNForecaster(sp=12, network_weight=0, random_state=0)
    expected = usual.fit(series, fh=[1, 2]).predict()
    derived = Seasonal().fit(series, fh=[1, 2])
    pd.testing.assert_series_equal(derived.predict(), expected)
    again = pickle.loads(pickle.dumps(derived))
    pd.testing.assert_series_equal(again.predict(), expected)


def test_windows_of_a_stream():
    rows = pd.DataFrame({"time": np.arange(40), "value": np.sin(np.arange(40.0))})
    chunks = [(rows[:20], rows["value"][:20]), (rows[20:], rows["value"][20:])]

    def fitted(window):
        return fit_stream(make_pipeline(window, RNNRegressor("gru", 3, **TINY)), chunks)

    usual = SlidingWindow(3, horizon=1, time="time", history="allow")
    one, other = fitted(Hourly()), fitted(usual)
    assert_array_equal(one.predict(rows), other.predict(rows))
    later = {"time": 40, "value": np.nan}
    found = [StreamingPredictor(model).update(later) for model in (one, other)]
    assert found[0] == found[1]
