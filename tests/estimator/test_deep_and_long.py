"""Many layers and long sequences: residual connections, truncated gradients."""

import pytest
import torch
from sklearn.datasets import load_digits

from skrnn import RNNClassifier, RNNRegressor
from tests.estimator.data import SMALL, X, y
from tests.support import weights_of


def test_deep_plain_stacks_stall_where_residual_ones_learn():
    digits, labels = load_digits(return_X_y=True)
    digits, labels = digits[:500].reshape(-1, 8, 8), labels[:500]
    options = {"cell": "lstm", "hidden_size": 16, "num_layers": 8, "max_epochs": 8}
    options |= {"early_stopping": False, "n_estimators": 1, "random_state": 0}
    losses = [
        RNNClassifier(**options, **how).fit(digits, labels).loss_curve_[-1]
        for how in ({}, {"residual": True, "norm": "layer"})
    ]
    assert losses[1] < losses[0] / 2


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "mixed", "attention"])
def test_parts_longer_than_the_sequences_change_nothing(pooling):
    options = {**SMALL, "pooling": pooling, "dropout": 0.2, "num_layers": 2}
    whole = RNNRegressor(**options).fit(X, y)
    parts = RNNRegressor(**options, tbptt_steps=7).fit(X, y)
    assert torch.equal(weights_of(whole), weights_of(parts))
    truncated = RNNRegressor(**options, tbptt_steps=3).fit(X, y)
    assert not torch.equal(weights_of(whole), weights_of(truncated))


def test_truncated_gradients_do_not_reach_beyond_their_part():
    # What decides the target lies further back than the gradient may flow; a state
    # that nothing teaches to remember it still carries some of it.
    first = X.copy()
    target = first[:, 0]
    options = {
        **SMALL,
        "cell": "rnn",
        "max_epochs": 40,
        "linear_steps": None,
        "learning_rate": 0.01,
    }
    whole = RNNRegressor(**options).fit(first, target)
    short = RNNRegressor(**options, tbptt_steps=2).fit(first, target)
    assert whole.score(first, target) > short.score(first, target) + 0.2
