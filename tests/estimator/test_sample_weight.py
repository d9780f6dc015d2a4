"""Weights of samples and of classes count like repetitions."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import RNNClassifier, RNNRegressor
from tests.estimator.data import LABELS, SMALL, X, y


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
    by_class.set_params(scale=False).fit(X, Y)
    assert_allclose(by_class.predict_proba(X), repeated.predict_proba(X), atol=1e-7)
