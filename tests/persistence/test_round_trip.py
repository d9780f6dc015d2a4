"""Every option, through every way of keeping a model."""

import copy
import io
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
import torch
from numpy.testing import assert_array_equal
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skrnn
from skrnn import (
    FlattenSequence,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
    ToSequence,
)
from skrnn._estimator import state

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6, 2))
Y = np.stack([X[:, -1, 0], X[:, 0, 1], X.sum((1, 2))], axis=1)
LABELS = np.array(["no", "yes", "well"])[np.digitize(X[:, -1, 0], [-0.5, 0.5])]
SMALL = {"hidden_size": 3, "max_epochs": 2, "n_estimators": 1, "random_state": 0}
REGRESSORS = [
    *({"cell": cell, "num_layers": 2} for cell in ("lstm", "gru", "rnn")),
    {"cell": "rnn", "nonlinearity": "relu", "init": "identity"},
    {"bidirectional": True, "norm": "layer", "pooling": "attention"},
    {"norm": "batch", "residual": True, "num_layers": 2, "pooling": "mixed"},
    {"segment_length": 2, "decoder": "parallel", "pooling": "max"},
    {"instance_norm": "last", "linear_steps": None},
    {"instance_norm": "standard", "missing": "indicator"},
    {"scale": False, "dtype": "float64", "init": "chrono"},
    {"ema_decay": 0.9, "lr_schedule": "cosine", "optimizer": "sgd"},
    {"tbptt_steps": 2, "frozen": ["recurrent"]},
    {"n_estimators": 2, "early_stopping": False},
    {"n_estimators": "auto", "parts": "networks", "max_epochs": 1},
    *({"loss": loss} for loss in ("quantile", "gaussian", "student_t", "huber")),
]
CLASSIFIERS = [
    {"n_kernels": 84},
    {"n_kernels": None, "loss": "focal", "label_smoothing": 0.1},
    {"class_weight": {"no": 1.0, "yes": 2.0, "well": 0.5}, "parts": "network"},
]
# What a file must be told to trust.
OBJECTS = [
    {"loss": torch.nn.SmoothL1Loss},
    {"loss": torch.nn.HuberLoss(delta=2.0)},
    {"optimizer": torch.optim.Adagrad},
]


def told(model, given=X):
    """All that a model says of sequences."""
    names = ("predict", "predict_proba", "decision_function", "predict_quantiles")
    return {name: getattr(model, name)(given) for name in names if hasattr(model, name)}


def by_joblib(model):
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    return joblib.load(buffer)


def by_skops(model):
    content = skops.io.dumps(model)
    trusted = skops.io.get_untrusted_types(data=content)
    return skops.io.loads(content, trusted=trusted)


def check(model, tmp_path, trusted=(), given=X):
    expected = told(model, given)
    skrnn.save(model, tmp_path / "model.skops")
    twins = [
        skrnn.load(tmp_path / "model.skops", trusted=trusted),
        pickle.loads(pickle.dumps(model)),
        by_joblib(model),
        by_skops(model),
        copy.copy(model),
        copy.deepcopy(model),
    ]
    for twin in twins:
        found = told(twin, given)
        assert found.keys() == expected.keys()
        for name in expected:
            assert_array_equal(found[name], expected[name])
    return twins


@pytest.mark.parametrize("options", REGRESSORS, ids=str)
def test_regressors(options, tmp_path):
    model = RNNRegressor(**SMALL | options).fit(X, np.abs(Y))
    for twin in check(model, tmp_path):
        assert vars(twin).keys() == vars(model).keys()
        assert twin.settings_ == model.settings_
        for name in ("n_iter_", "best_epochs_", "loss_curve_", "fit_time_"):
            assert getattr(twin, name) == getattr(model, name), name
        assert str(twin.summary()) == str(model.summary())


@pytest.mark.parametrize("options", CLASSIFIERS, ids=str)
def test_classifiers(options, tmp_path):
    model = RNNClassifier(**SMALL | options).fit(X, LABELS)
    for twin in check(model, tmp_path):
        assert_array_equal(twin.classes_, model.classes_)
        assert str(twin.summary()) == str(model.summary())


def test_several_labels(tmp_path):
    model = RNNClassifier(**SMALL, n_kernels=84).fit(X, (Y > 0).astype(int))
    check(model, tmp_path)


def test_counts_and_first_calls_of_partial_fit(tmp_path):
    check(RNNRegressor(**SMALL, loss="poisson").fit(X, np.abs(Y)), tmp_path)
    check(RNNRegressor(**SMALL).partial_fit(X, Y[:, 0]), tmp_path)


@pytest.mark.parametrize("options", OBJECTS, ids=str)
def test_objects_of_torch_are_to_be_trusted(options, tmp_path):
    model = RNNRegressor(**SMALL | options).fit(X, Y)
    skrnn.save(model, tmp_path / "model.skops")
    with pytest.raises(skrnn.exceptions.ModelFileError, match=r"trusted: .*torch"):
        skrnn.load(tmp_path / "model.skops")
    untrusted = skrnn.persistence.describe(tmp_path / "model.skops")["untrusted"]
    check(model, tmp_path, untrusted)


def test_pretrained_weights(tmp_path):
    first = RNNRegressor(**SMALL).fit(X, Y)
    check(RNNRegressor(**SMALL, init=first).fit(X, Y), tmp_path)


def test_pipelines_keep_their_windows(tmp_path):
    hours = pd.date_range("2024", periods=60, freq="h", tz="Europe/Berlin")
    index = pd.MultiIndex.from_product([["a", "b"], hours], names=["site", "hour"])
    table = pd.DataFrame({"load": np.arange(120) % 7.0}, index=index)
    last = RNNRegressor(**SMALL)
    window = SlidingWindow(4, horizon=1)
    model = make_pipeline(window, TimeDistributed(StandardScaler()), last)
    rows = np.tile(np.arange(60) < 50, 2)
    model.fit(table[rows], table.load[rows])
    check(model, tmp_path, given=table[~rows])


def test_what_is_not_fitted_is_kept_too(tmp_path):
    model = make_pipeline(
        SlidingWindow(3, freq="D"), FlattenSequence(), ToSequence(3, 1), RNNClassifier()
    )
    skrnn.save(model, tmp_path / "model.skops")
    for twin in (
        skrnn.load(tmp_path / "model.skops"),
        pickle.loads(pickle.dumps(model)),
    ):
        assert str(twin.get_params()) == str(model.get_params())


# -- what is not kept -----------------------------------------------------------------


def test_size_does_not_depend_on_the_samples():
    model = RNNRegressor(**SMALL)
    sizes = [
        len(pickle.dumps(model.fit(np.tile(X, (n, 1, 1)), np.tile(Y, (n, 1)))))
        for n in (1, 20)
    ]
    assert abs(sizes[0] - sizes[1]) < 100


def test_a_default_regressor_takes_no_more_than_twice_its_weights(tmp_path):
    model = RNNRegressor(max_epochs=40, random_state=0, early_stopping=False)
    model.fit(X[:, :, 0], Y[:, 0])
    skrnn.save(model, tmp_path / "model.skops")
    n_bytes = 4 * model.summary().n_parameters
    assert (tmp_path / "model.skops").stat().st_size <= 2 * n_bytes


def test_a_loaded_model_goes_on_with_a_new_optimiser():
    model = RNNRegressor(**SMALL).partial_fit(X, Y)
    twin = pickle.loads(pickle.dumps(model))
    assert model.net_.optimizer_.state_dict()["state"]
    assert not twin.net_.optimizer_.state_dict()["state"]
    again = pickle.loads(pickle.dumps(model))
    # What is random goes on alike from each copy.
    assert_array_equal(
        twin.partial_fit(X, Y).predict(X), again.partial_fit(X, Y).predict(X)
    )
    assert twin.n_iter_ == 2


# -- versions -------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["skrnn", "scikit-learn", "torch"])
def test_another_version_is_told(package, monkeypatch):
    model = RNNRegressor(**SMALL).fit(X, Y)
    written = state.versions() | {package: "0.0.1"}
    with monkeypatch.context() as patch:
        patch.setattr(state, "versions", lambda: written)
        content = pickle.dumps(model)
    with pytest.warns(InconsistentVersionWarning, match=f"{package} 0.0.1"):
        twin = pickle.loads(content)
    assert_array_equal(twin.predict(X), model.predict(X))


def test_a_later_format_is_refused(monkeypatch):
    monkeypatch.setattr(state, "FORMAT", 10**6)
    content = pickle.dumps(RNNRegressor(**SMALL).fit(X, Y))
    monkeypatch.undo()
    with pytest.raises(ValueError, match="later version of skrnn, in format 1000000"):
        pickle.loads(content)
