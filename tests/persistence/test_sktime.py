"""Forecasters and panel estimators, through every way of keeping them."""

import copy
import pickle

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal
from sktime.base import load as load_by_sktime
from sktime.datasets import load_airline, load_unit_test

import skrnn
from skrnn import RNNClassifier, RNNRegressor
from skrnn.sktime import RNNForecaster, RNNPanelClassifier

SMALL = {"hidden_size": 4, "max_epochs": 2, "n_estimators": 1, "random_state": 0}
FH = [1, 2, 3]


def kept(model, tmp_path):
    """Copies of a model by every way."""
    skrnn.save(model, tmp_path / "model.skops")
    yield skrnn.load(tmp_path / "model.skops")
    yield pickle.loads(pickle.dumps(model))
    yield cloudpickle.loads(cloudpickle.dumps(model))
    joblib.dump(model, tmp_path / "model.joblib")
    yield joblib.load(tmp_path / "model.joblib")
    yield load_by_sktime(model.save())
    model.save(str(tmp_path / "model"))
    yield load_by_sktime(str(tmp_path / "model"))
    yield copy.copy(model)
    yield copy.deepcopy(model)


def stores():
    hours = pd.date_range("2024", periods=60, freq="h")
    index = pd.MultiIndex.from_product([["a", "b"], hours], names=["store", "hour"])
    return pd.DataFrame({"sold": np.arange(120) % 24 + 1.0}, index=index)


def unlike():
    """Series whose linear models differ, and count."""
    days = pd.date_range("2024", periods=60)
    index = pd.MultiIndex.from_product([["a", "b"], days], names=["store", "day"])
    t = np.arange(60)
    waves = [np.sin(0.7 * t + 3 * np.sin(t / 9)), np.sin(1.9 * t + np.cos(t / 7))]
    return pd.DataFrame({"sold": np.concatenate(waves)}, index=index)


def effects():
    y = load_airline()[:72]
    return y, pd.DataFrame({"x": np.arange(72) % 5 * 1.0}, index=y.index)


def airline():
    return load_airline()[:60]


CASES = {
    "default": ({}, load_airline),
    "calendar": ({"calendar": True, "insample": False}, lambda: load_airline()[:60]),
    "panel": ({"series_id": True, "scaling": "series"}, stores),
    "models of a panel": ({"network_weight": "auto", "sp": 1}, unlike),
    "direct": ({"strategy": "direct", "log": False, "difference": 1}, airline),
    "recursive": ({"strategy": "recursive", "window_length": 6}, airline),
    "dirrec": ({"strategy": "dirrec", "seasonal_difference": 1, "sp": 12}, airline),
    "waves": ({"fourier_terms": 2, "scaling": None, "n_estimators": 2}, airline),
    "likelihood": ({"interval": "loss"}, airline),
    "conformal": ({"interval": "conformal", "calibration_fraction": 0.4}, airline),
    "smoothing": ({"network_weight": 0}, airline),
    "both": ({"network_weight": 0.5}, airline),
    "none": ({"interval": None, "update_epochs": 2, "adaptation_rate": 0.1}, airline),
    "dates": (
        {"sp": 7},
        lambda: pd.Series(
            np.arange(60) % 7 + 1.0, pd.date_range("2024", periods=60, tz="UTC")
        ),
    ),
    "covariates": ({"linear_effects": False}, effects),
    "past": ({"past_covariates": ["x"]}, effects),
}


def test_every_parameter_is_tried():
    given = RNNForecaster().get_params(deep=False)
    tried = {name for options, _ in CASES.values() for name in options}
    assert tried | {"estimator", "random_state"} == set(given)


def forecasts(model, future):
    """All that a forecaster says."""
    yield pd.DataFrame(model.predict(X=future))
    if model.interval is not None:
        yield model.predict_interval(X=future)


@pytest.mark.parametrize("name", CASES)
def test_forecasters(name, tmp_path):
    options, data = CASES[name]
    found = data()
    y, X = found if isinstance(found, tuple) else (found, None)
    loss = "gaussian" if options.get("interval") == "loss" else "squared_error"
    small = RNNRegressor("gru", **SMALL, loss=loss)
    base = {"n_estimators": 1, "network_weight": 1, "random_state": 0}
    model = RNNForecaster(small, **base | options)
    future = None
    if X is not None:
        future = X[-3:].set_axis(y.index[-1] + np.arange(1, 4) * y.index.freq)
    model.fit(y, fh=FH, X=X)
    expected = list(forecasts(model, future))
    for twin in kept(model, tmp_path):
        for found, wanted in zip(forecasts(twin, future), expected, strict=True):
            assert_frame_equal(found, wanted)
        assert twin.get_params().keys() == model.get_params().keys()
        assert vars(twin).keys() == vars(model).keys()
        members = twin.forecaster_.forecasts.models[0].members
        assert twin.estimator_ is (members[0] if members else None)


def test_a_forecaster_goes_on_by_rows_that_come_later(tmp_path):
    y = load_airline()
    small = RNNRegressor("gru", **SMALL)
    model = RNNForecaster(small, n_estimators=1, random_state=0).fit(y[:100], fh=FH)
    twins = [*kept(model, tmp_path), model]
    found = [t.update(y[100:], update_params=False).predict() for t in twins]
    for one in found:
        assert_array_equal(one, found[-1])


def test_panels(tmp_path):
    X, y = load_unit_test(split="train")
    model = RNNPanelClassifier(RNNClassifier(**SMALL, n_kernels=84)).fit(X, y)
    expected = model.predict_proba(X)
    for twin in kept(model, tmp_path):
        assert_array_equal(twin.predict_proba(X), expected)
        assert_array_equal(twin.classes_, model.classes_)


def test_what_is_not_fitted(tmp_path):
    model = RNNForecaster(RNNRegressor("lstm"), sp=3)
    for twin in kept(model, tmp_path):
        assert str(twin.get_params()) == str(model.get_params())
