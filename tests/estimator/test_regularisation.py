"""Penalties, dropout and noise act in the training, and there alone."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import RNNRegressor
from tests.estimator.data import SMALL, X, y
from tests.support import network_of, weights_of


def test_l1_makes_weights_small_and_leaves_biases():
    sums = []
    for l1 in (0.0, 0.5):
        model = RNNRegressor(**SMALL | {"max_epochs": 60}, l1=l1).fit(X, y)
        matrices = [p for p in network_of(model).parameters() if p.ndim > 1]
        sums.append(sum(float(p.detach().abs().sum()) for p in matrices))
    assert sums[1] < sums[0] / 3


def test_l1_is_the_gradient_of_the_absolute_values():
    options = {**SMALL, "max_epochs": 1, "batch_size": None, "dtype": "float64"}
    options |= {"optimizer": "sgd", "momentum": 0, "max_grad_norm": None}
    options |= {"learning_rate": 1e-3}
    start = RNNRegressor(**options | {"learning_rate": 1e-300}).fit(X, y)
    plain = RNNRegressor(**options).fit(X, y)
    sparse = RNNRegressor(**options, l1=0.5).fit(X, y)
    for begin, without, with_ in zip(
        *(network_of(m).parameters() for m in (start, plain, sparse)), strict=True
    ):
        step = 1e-3 * 0.5 * begin.sign() * (begin.ndim > 1)
        torch.testing.assert_close(with_, without - step, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "option",
    [
        {"dropout": 0.4},
        {"recurrent_dropout": 0.4},
        {"input_noise": 0.5},
        {"norm": "batch"},
    ],
)
def test_noise_is_of_the_training_only(option):
    model = RNNRegressor(**SMALL, **option).fit(X, y)
    assert_array_equal(model.predict(X), model.predict(X))
    plain = RNNRegressor(**SMALL).fit(X, y)
    assert not torch.equal(weights_of(model), weights_of(plain))
    again = RNNRegressor(**SMALL, **option).fit(X, y)
    assert torch.equal(weights_of(model), weights_of(again))
    one_by_one = np.concatenate([model.predict(X[i : i + 1]) for i in range(9)])
    assert_allclose(one_by_one, model.predict(X)[:9], rtol=0, atol=1e-12)
