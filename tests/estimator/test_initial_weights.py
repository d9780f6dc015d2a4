"""Training begins with the weights of another estimator, and parts of them stay."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score

from skrnn import RNNClassifier, RNNRegressor
from tests.estimator.data import LABELS, SMALL, X, y
from tests.support import network_of


def test_a_fitted_estimator_to_begin_with():
    donor = RNNRegressor(**SMALL | {"max_epochs": 20}).fit(X, y)
    still = {**SMALL, "max_epochs": 1, "learning_rate": 1e-30}
    same = RNNRegressor(**still, init=donor).fit(X, y)
    assert_allclose(same.predict(X), donor.predict(X), atol=1e-6)
    two = RNNRegressor(**still, init=donor).fit(X, np.column_stack([y, y]))
    labels = RNNClassifier("gru", **still, init=donor).fit(X, LABELS)
    for other in (two, labels):
        for mine, theirs in zip(
            network_of(other).stack.parameters(),
            network_of(donor).stack.parameters(),
            strict=True,
        ):
            torch.testing.assert_close(mine, theirs)
        means = (network_of(model).scaling.x_mean for model in (other, donor))
        assert_array_equal(*means)


def test_transfer_learns_faster_than_a_fresh_start():
    options = SMALL | {"linear_steps": None, "learning_rate": 0.01}
    donor = RNNRegressor(**options | {"max_epochs": 60}).fit(X[:60], y[:60])
    losses = [
        RNNRegressor(**options, **how).fit(X[60:], y[60:]).loss_curve_[0]
        for how in ({}, {"init": donor}, {"init": donor, "frozen": "recurrent"})
    ]
    assert max(losses[1:]) < losses[0] / 2


@pytest.mark.parametrize(
    ("frozen", "parts"),
    [
        ("recurrent", ["stack"]),
        (["recurrent.0"], ["stack.layers.0"]),
        (("pooling", "head"), ["pool", "head"]),
    ],
)
def test_frozen_parts_do_not_move(frozen, parts):
    options = {**SMALL, "num_layers": 2, "pooling": "attention", "norm": "batch"}
    begin = RNNRegressor(**options | {"max_epochs": 1, "learning_rate": 1e-30})
    begin.fit(X, y)
    model = RNNRegressor(**options, init=begin, frozen=frozen, weight_decay=0.1)
    model.fit(X, y)
    before = dict(network_of(begin).named_parameters())
    for name, now in network_of(model).named_parameters():
        is_frozen = any(name.startswith(part) for part in parts)
        is_same = torch.allclose(now, before[name], rtol=0, atol=1e-12)
        assert is_same == is_frozen, name


def test_clones_keep_the_weights_to_begin_with():
    donor = RNNRegressor(**SMALL).fit(X, y)
    for init in (donor, FrozenEstimator(donor)):
        model = RNNRegressor(**SMALL, init=init)
        assert clone(model).init is init
        search = GridSearchCV(model, {"frozen": [None, "recurrent"]}, cv=2)
        found = search.fit(X, y).cv_results_
        for params, score in zip(
            found["params"], found["mean_test_score"], strict=True
        ):
            own = clone(model).set_params(**params)
            assert score == cross_val_score(own, X, y, cv=2).mean()
    grid = {"init": [FrozenEstimator(donor), "chrono"]}
    GridSearchCV(RNNRegressor(**SMALL), grid, cv=2, error_score="raise").fit(X, y)
    with pytest.raises(NotFittedError, match=r"wrap it in sklearn\.frozen"):
        RNNRegressor(init=RNNRegressor()).fit(X, y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden_size": 7}, "hidden_size=6, so its layers do not fit hidden_size=7"),
        ({"cell": "lstm"}, "cell='gru'"),
        ({"frozen": "recurent"}, "out of .*'recurrent'.*; got 'recurent'"),
        ({"frozen": ["recurrent", "head"]}, "leaves nothing to train"),
    ],
)
def test_parts_that_do_not_fit(options, message):
    donor = RNNRegressor(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match=message):
        RNNRegressor(**SMALL | {"init": donor} | options).fit(X, y)
