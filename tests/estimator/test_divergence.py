"""A training that diverges says so or starts again."""

import numpy as np
import pytest

from skrnn import RNNRegressor
from skrnn.exceptions import NonFiniteLossError
from tests.estimator.data import SMALL, X, y


def test_a_diverged_training_says_where_and_why():
    model = RNNRegressor(
        **SMALL, optimizer="sgd", learning_rate=1e30, max_grad_norm=None
    )
    with pytest.raises(NonFiniteLossError) as caught:
        model.fit(X, y)
    message = str(caught.value)
    for part in (
        "epoch 1",
        "batch",
        "learning rate 1e+30",
        "norm was",
        "max_grad_norm",
    ):
        assert part in message
    assert not hasattr(model, "net_")


def test_a_diverged_training_starts_again_at_a_tenth_of_the_rate():
    options = {**SMALL, "optimizer": "sgd", "max_grad_norm": None, "momentum": 0.0}
    model = RNNRegressor(**options, learning_rate=1e4, on_divergence="restart")
    model.set_params(scale=False, max_epochs=8)
    with pytest.warns(UserWarning, match="Training goes on from the best weights"):
        model.fit(X * 10, y * 100)
    assert model.n_iter_ == 8
    assert model.net_.lr < 1e4
    assert np.isfinite(model.predict(X)).all()
    hopeless = model.set_params(learning_rate=1e30)
    with pytest.raises(NonFiniteLossError, match="after 5 restarts"), pytest.warns():
        hopeless.fit(X * 10, y * 100)
