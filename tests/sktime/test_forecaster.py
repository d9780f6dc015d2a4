"""The forecaster of sktime: behaviour as a user sees it."""

import inspect
import pickle
import re

import numpy as np
import pandas as pd
import pytest
import torch
from numpydoc.validate import validate
from sklearn.utils._param_validation import InvalidParameterError
from sktime.base import load
from sktime.forecasting.compose import TransformedTargetForecaster
from sktime.forecasting.model_evaluation import evaluate
from sktime.split import ExpandingWindowSplitter
from sktime.transformations.detrend import Detrender
from sktime.utils.estimator_checks import parametrize_with_checks

from skrnn import RNNRegressor
from skrnn.sktime import RNNForecaster
from skrnn.sktime._parameters import usual_estimator
from tests.forecasting.support import STRATEGIES, fitted, forecaster
from tests.sktime.support import IS_OLD, failed_checks, n_checks, skips_none
from tests.support import short_network, wave_series

# Before 1.2 these asked for the data of fit, which the config says are not remembered.
_OF_MEMORY = {"test__y_and_cutoff", "test__y_when_refitting"}


# sktime joins its own frames that way.
@pytest.mark.filterwarnings("ignore:Sorting by default when concatenating")
@parametrize_with_checks(RNNForecaster)
def test_check_of_sktime(obj, test_name):
    if IS_OLD and test_name in _OF_MEMORY:
        pytest.skip("sktime asks for what is not remembered")
    assert failed_checks(obj, test_name) == {}


def test_no_check_of_sktime_is_left_out():
    assert n_checks(RNNForecaster) >= (878 if IS_OLD else 880)
    assert skips_none(RNNForecaster)


def test_docstring():
    path = "skrnn.sktime.RNNForecaster"
    assert [e for e in validate(path)["errors"] if e[0] not in ("ES01", "PR06")] == []
    text = inspect.getdoc(RNNForecaster)
    section = text.split("Parameters\n----------\n")[1].split("\nAttributes\n")[0]
    described = re.findall(r"^(\w+) : ", section, re.M)
    parameters = inspect.signature(RNNForecaster).parameters
    assert described == list(parameters)
    for name in described:
        stated = re.search(rf"^{name} : .*?default=(.+)$", section, re.M)[1]
        assert eval(stated) == parameters[name].default
    assert set(RNNForecaster._parameter_constraints) == set(parameters)


def test_fitted_attributes_are_described():
    model = forecaster().fit(wave_series(40), fh=2)
    section = inspect.getdoc(RNNForecaster).split("Attributes\n----------\n")[1]
    described = re.findall(
        r"^(\w+_(?:, \w+_)*) : ", section.split("\nSee Also")[0], re.M
    )
    for name in ", ".join(described).split(", "):
        assert hasattr(model, name), name


def test_sktimes_own_evaluation():
    y, models = fitted()
    cv = ExpandingWindowSplitter(fh=[1, 2, 3], initial_window=60, step_length=15)
    results = evaluate(models["multioutput"], cv, y, strategy="no-update_params")
    assert (results["test_MeanAbsolutePercentageError"] < 0.2).all()


def test_in_a_pipeline_of_sktime():
    y = wave_series(80) + np.arange(80)
    model = TransformedTargetForecaster([("trend", Detrender()), ("net", forecaster())])
    forecast = model.fit(y[:70], fh=[1, 2, 3]).predict()
    assert np.allclose(forecast, y[70:73], atol=3)


def test_same_seed_same_bits_and_nothing_of_the_callers():
    y = wave_series(60)
    before = pickle.dumps(np.random.get_state()), torch.get_rng_state()
    options = {"n_estimators": 2, "series_id": True}
    first = forecaster(**options).fit(y, fh=[1, 2])
    second = forecaster(**options).fit(y, fh=[1, 2])
    pd.testing.assert_frame_equal(
        first.predict_interval(), second.predict_interval(), check_exact=True
    )
    assert pickle.dumps(np.random.get_state()) == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])
    other = forecaster(**options | {"random_state": 1}).fit(y, fh=[1, 2])
    assert (other.predict() != first.predict()).all()
    drawn = [forecaster(random_state=None).fit(y, fh=1).predict() for _ in range(2)]
    assert (drawn[0] != drawn[1]).all()
    # The members differ, whatever seed the estimator has.
    seeded = forecaster(estimator=short_network(random_state=3), n_estimators=2).fit(
        y, fh=1
    )
    seeds = [member.random_state for member in seeded.estimators_[0]]
    assert seeds == [3, 4]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_files(strategy, tmp_path):
    _, models = fitted()
    model = models[strategy]
    expected = model.predict_interval()
    again = pickle.loads(pickle.dumps(model))
    pd.testing.assert_frame_equal(again.predict_interval(), expected)
    model.save(tmp_path / "model")
    pd.testing.assert_frame_equal(
        load(tmp_path / "model.zip").predict_interval(), expected
    )


def test_the_past_is_not_kept():
    def size(n, **options):
        model = forecaster(interval=None, **options).fit(wave_series(n), fh=[1, 2])
        assert model._y is None
        return len(pickle.dumps(model))

    assert abs(size(2000, insample=False) - size(200, insample=False)) < 500
    assert size(2000) - size(200) == pytest.approx(1800 * 2 * 8, rel=0.05)
    # Updates do not pile up either.
    y = wave_series(1000)
    model = forecaster(insample=False).fit(y[:600], fh=[1, 2])
    before = len(pickle.dumps(model))
    for start in range(600, 1000, 50):
        model.update(y[start : start + 50], update_params=False)
    assert len(pickle.dumps(model)) < before * 1.6


def test_parameters_and_clones():
    model = forecaster(strategy="direct", estimator=short_network(hidden_size=7))
    twin = model.clone()
    assert twin.get_params()["estimator__hidden_size"] == 7
    twin.set_params(estimator__hidden_size=5, window_length=4)
    assert twin.estimator.hidden_size == 5
    assert model.estimator.hidden_size == 7
    twin.fit(wave_series(40), fh=1)
    assert twin.estimator_.hidden_size == 5
    assert twin.estimator is not twin.estimator_
    assert not hasattr(twin.estimator, "net_")
    assert twin.get_config()["remember_data"] is False


def test_the_default_estimator():
    y = wave_series(60)
    model = RNNForecaster(network_weight=1, random_state=0).fit(y, fh=1)
    assert model.estimator is None
    assert isinstance(model.estimator_, RNNRegressor)
    assert abs(model.predict().iloc[0] - 10) < 2


def test_the_default_estimator_waits_for_fewer_epochs_of_more_rows(monkeypatch):
    sizes = (2, 2_499, 2_500, 3_333, 3_334, 10**6)
    found = [usual_estimator(n).n_iter_no_change for n in sizes]
    assert found == [5, 5, 4, 4, 3, 3]
    monkeypatch.setattr("skrnn.sktime._parameters._ROWS_OF_PATIENCE", 160)
    short, long = wave_series(40), wave_series(60)
    panel = pd.concat({"a": short, "b": long}, names=["id", "time"]).to_frame("y")
    for y, patience in ((short, 4), (long, 3), (panel, 3)):  # the longest counts
        model = RNNForecaster(network_weight=1, n_estimators=1, random_state=0)
        assert model.fit(y, fh=1).estimator_.n_iter_no_change == patience


@pytest.mark.parametrize(
    "options, message",
    [
        ({"strategy": "rectify"}, "strategy"),
        ({"window_length": 0}, "window_length"),
        ({"sp": 0}, "sp"),
        ({"n_estimators": 0}, "n_estimators"),
        ({"scaling": "global"}, "scaling"),
        ({"calibration_fraction": 1.0}, "calibration_fraction"),
        ({"interval": "bootstrap"}, "interval"),
        ({"estimator": 3}, "estimator"),
        ({"difference": -1}, "difference"),
        ({"sp": 50, "seasonal_difference": 1}, "sp=50 rows make a season"),
        ({"log": True}, "log=True needs positive values"),
    ],
)
def test_bad_parameters(options, message):
    y = wave_series(60) - 12
    with pytest.raises(ValueError, match=message):
        forecaster(**options).fit(y, fh=1)


def test_bad_series():
    y = wave_series(60)
    with pytest.raises(ValueError, match="more than one row for 39"):
        forecaster().fit(pd.concat([y[:40], y[39:]]), fh=1)
    with pytest.raises(ValueError, match="y is infinite at 7"):
        forecaster().fit(y.where(y.index != 7, np.inf), fh=1)
    with pytest.raises(ValueError, match="No series is longer than the 80 steps"):
        forecaster().fit(y, fh=80)
    with pytest.raises(ValueError, match="must be passed"):
        forecaster().fit(y).predict()
    model = forecaster().fit(y, fh=1)
    with pytest.raises(ValueError, match="y has 2 columns, but had 1 in fit"):
        model.update(pd.DataFrame({"a": y, "b": y}))


@pytest.mark.parametrize(
    "name",
    [
        "window_length",
        "sp",
        "n_estimators",
        "fourier_terms",
        "adaptation_rate",
        "update_epochs",
        "difference",
        "seasonal_difference",
        "calibration_fraction",
        "random_state",
    ],
)
def test_a_boolean_is_no_number(name):
    y = pd.Series(np.arange(40.0))
    for value in (True, np.True_):
        with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of RNNF"):
            RNNForecaster(**{name: value}).fit(y, fh=[1])
