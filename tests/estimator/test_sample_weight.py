"""Weights of samples and of classes count like repetitions."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import RNNClassifier, RNNRegressor
from tests.estimator.data import LABELS, SMALL, X, y
from tests.support import waves_of_classes


@pytest.mark.parametrize(
    "loss",
    [
        "absolute_error",
        "huber",
        "poisson",
        "quantile",
        "gaussian",
        "student_t",
        torch.nn.SmoothL1Loss,
        torch.nn.HuberLoss(delta=0.3),
    ],
)
def test_weights_are_repetitions_in_every_loss(loss):
    times = np.arange(len(X)) % 3
    options = {**SMALL, "batch_size": None, "dtype": "float64", "loss": loss}
    target = np.exp(y)
    weighted = RNNRegressor(**options).fit(X, target, times)
    repeated = RNNRegressor(**options)
    repeated.fit(np.repeat(X, times, axis=0), np.repeat(target, times))
    assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-7)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"loss": "focal"},
        {"label_smoothing": 0.2},
        {"class_weight": "balanced"},
        {"n_estimators": "auto", "n_kernels": 84},
        {"loss": torch.nn.MultiMarginLoss},
    ],
)
def test_weights_are_repetitions_for_classes(options):
    times = np.arange(len(X)) % 3
    options = {**SMALL, "batch_size": None, "dtype": "float64", **options}
    labels = np.digitize(y, [-1, 1])
    weighted = RNNClassifier(**options)
    weighted.fit(X, labels, times)
    repeated = RNNClassifier(**options)
    repeated.fit(np.repeat(X, times, axis=0), np.repeat(labels, times))
    assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-7)


@pytest.mark.parametrize(
    "options",
    [
        {"num_layers": 2, "pooling": "attention"},
        {"cell": "gru", "residual": True, "num_layers": 3, "bidirectional": True},
        {"cell": "rnn", "early_stopping": False},
    ],
)
@pytest.mark.parametrize("is_ragged", [False, True])
def test_weights_are_repetitions_in_batch_normalisation(options, is_ragged):
    times = np.arange(len(X)) % 3
    options = {**SMALL, "batch_size": None, "dtype": "float64", **options}
    given = [row[: 3 + i % 5, None] for i, row in enumerate(X)] if is_ragged else X
    rows = np.repeat(np.arange(len(X)), times)
    more = [given[i] for i in rows] if is_ragged else X[rows]
    weighted = RNNRegressor(**options, norm="batch").fit(given, y, times)
    repeated = RNNRegressor(**options, norm="batch").fit(more, y[rows])
    assert_allclose(weighted.predict(given), repeated.predict(given), rtol=1e-7)
    assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-7)
    kept = np.flatnonzero(times)
    fewer = [given[i] for i in kept] if is_ragged else X[kept]
    without = RNNRegressor(**options, norm="batch").fit(fewer, y[kept], times[kept])
    assert_array_equal(weighted.predict(given), without.predict(given))


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 1, 1: 5, 2: 2}])
def test_batch_normalisation_counts_samples_and_not_classes(class_weight):
    times = np.arange(len(X)) % 3
    options = {**SMALL, "batch_size": None, "dtype": "float64", "norm": "batch"}
    options["class_weight"] = class_weight
    labels = np.digitize(y, [-1, 1])
    weighted = RNNClassifier(**options).fit(X, labels, times)
    repeated = RNNClassifier(**options)
    repeated.fit(np.repeat(X, times, axis=0), np.repeat(labels, times))
    assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-7)


@pytest.mark.parametrize("autocast", [False, True])
def test_weights_in_batches_of_batch_normalisation(autocast):
    options = SMALL | {"norm": "batch", "autocast": autocast, "max_epochs": 30}
    weight = np.where(np.arange(len(X)) % 2, 1e-3, 2.0)
    model = RNNRegressor(**options, batch_size=16).fit(X, y, weight)
    assert model.score(X, y, weight) > 0.3


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ({0: -1.0, 1: 1.0}, "not negative"),
        ({0: np.nan, 1: 1.0}, "finite numbers"),
        ({0: 0.0, 1: 0.0}, "leaves no sample with a weight"),
        ([{0: 1, 1: 2}], "a list, which is for several labels"),
    ],
)
def test_class_weights_without_sense(weight, message):
    with pytest.raises(ValueError, match=message):
        RNNClassifier(**SMALL, class_weight=weight).fit(X, LABELS)


def test_class_weights_of_several_labels():
    Y = np.c_[LABELS, X[:, -1] > 0.5, X[:, -2] > 1].astype(int)
    weight = [{0: 1, 1: 3}, {0: 2, 1: 1}, {0: 1, 1: 1}]
    factor = np.prod([np.where(Y[:, i], w[1], w[0]) for i, w in enumerate(weight)], 0)
    options = SMALL | {"batch_size": None, "dtype": "float64"}
    by_class = RNNClassifier(**options, class_weight=weight).fit(X, Y)
    by_sample = RNNClassifier(**options).fit(X, Y, sample_weight=factor)
    # The features are scaled with the weights of the samples only.
    assert_allclose(by_class.loss_curve_, by_sample.loss_curve_, rtol=0.1)
    rows = np.repeat(np.arange(90), factor)
    repeated = RNNClassifier(**options, scale=False).fit(X[rows], Y[rows])
    by_class.set_params(scale=False, class_weight=tuple(weight)).fit(X, Y)
    assert_allclose(by_class.predict_proba(X), repeated.predict_proba(X), atol=1e-7)


# -- the unit of weights -------------------------------------------------------------

WEIGHT = np.random.default_rng(5).uniform(0.2, 4, len(X))
PARTS = {
    "early_stopping": st.booleans(),
    "n_estimators": st.sampled_from([1, 2]),
    "norm": st.sampled_from([None, "batch"]),
    "instance_norm": st.sampled_from([None, "standard"]),
    "batch_size": st.sampled_from([None, 16]),
    "scale": st.booleans(),
}
UNITS = st.integers(-30, 30).map(lambda exponent: 2.0**exponent)


@settings(max_examples=8, deadline=None)
@given(st.fixed_dictionaries(PARTS), UNITS, st.sampled_from([None, 2]))
def test_a_regressor_has_no_unit_of_weights(options, unit, linear_steps):
    options = SMALL | {"max_epochs": 2} | options
    model = RNNRegressor(**options, linear_steps=linear_steps)
    expected = model.fit(X, y, WEIGHT).predict(X)
    assert_array_equal(model.fit(X, y, unit * WEIGHT).predict(X), expected)


@settings(max_examples=8, deadline=None)
@given(st.fixed_dictionaries(PARTS), UNITS, st.sampled_from([None, 84]))
def test_a_classifier_has_no_unit_of_weights(options, unit, n_kernels):
    options = SMALL | {"max_epochs": 2} | options
    model = RNNClassifier(**options, n_kernels=n_kernels)
    expected = model.fit(X, LABELS, WEIGHT).predict_proba(X)
    found = model.fit(X, LABELS, unit * WEIGHT).predict_proba(X)
    assert_array_equal(found, expected)
    model.set_params(class_weight={0: unit, 1: 3 * unit})
    of_classes = model.fit(X, LABELS).predict_proba(X)
    model.set_params(class_weight={0: 1, 1: 3})
    assert_array_equal(model.fit(X, LABELS).predict_proba(X), of_classes)


@pytest.mark.parametrize("unit", [1e-300, 1e-3, 7.0, 1e300])
@pytest.mark.parametrize("early_stopping", [True, False])
def test_equal_weights_are_none(unit, early_stopping):
    options = SMALL | {"early_stopping": early_stopping, "n_estimators": 1}
    weight = np.full(len(X), unit)
    model = RNNRegressor(**options)
    expected = model.fit(X, y).predict(X)
    assert_allclose(model.fit(X, y, weight).predict(X), expected, rtol=1e-4)
    model = RNNClassifier(**options, n_kernels=84)
    expected = model.fit(X, LABELS).predict_proba(X)
    found = model.fit(X, LABELS, weight).predict_proba(X)
    assert_allclose(found, expected, rtol=1e-4)
    model.set_params(class_weight={0: unit, 1: unit})
    assert_allclose(model.fit(X, LABELS).predict_proba(X), expected, rtol=1e-4)


def long_and_noisy():
    rng = np.random.default_rng(0)
    many = rng.normal(size=(350, 60))
    target = many[:, -1] + 0.7 * many[:, -3] - 0.5 * many[:, -8]
    return many, target + rng.normal(size=350)


@pytest.mark.parametrize("kind", ["all", "newest", "repeated"])
def test_large_weights_are_no_more_samples(kind):
    many, target = long_and_noisy()
    options = {"max_epochs": 3, "n_estimators": 1, "random_state": 0}
    rows = np.arange(150)
    plain = RNNRegressor(**options).fit(many[rows], target[rows])
    weight = np.where(rows >= 100, 3.0, 1.0) if kind != "all" else np.full(150, 100.0)
    if kind == "repeated":
        rows, weight = np.repeat(rows, weight.astype(int)), None
    model = RNNRegressor(**options).fit(many[rows], target[rows], weight)
    least = plain.score(many[150:], target[150:]) - 0.2
    assert model.score(many[150:], target[150:]) > least > 0.3


@pytest.mark.parametrize("unit", [1e-3, 100.0])
def test_a_classifier_is_as_right_with_weights_in_any_unit(unit):
    many, labels = waves_of_classes(180)
    many = many + np.random.default_rng(0).normal(size=many.shape)
    options = {"max_epochs": 3, "n_estimators": 2, "n_kernels": 336, "random_state": 0}
    model = RNNClassifier(**options)
    expected = model.fit(many[:90], labels[:90]).predict_proba(many[90:])
    weight = np.full(90, unit)
    found = model.fit(many[:90], labels[:90], weight).predict_proba(many[90:])
    assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("early_stopping", [True, False])
def test_class_weights_are_weights_of_samples_where_nothing_is_scaled(early_stopping):
    options = SMALL | {"early_stopping": early_stopping, "n_estimators": 2}
    model = RNNClassifier(**options, n_kernels=84, scale=False)
    by_sample = model.fit(X, LABELS, WEIGHT * np.where(LABELS, 5.0, 2.0))
    expected = by_sample.predict_proba(X)
    model.set_params(class_weight={0: 2.0, 1: 5.0})
    found = model.fit(X, LABELS, WEIGHT).predict_proba(X)
    assert_allclose(found, expected, rtol=1e-4)
