"""Half precision where it is asked for."""

from contextlib import nullcontext

import pytest
import torch
from sklearn.base import clone

from skrnn import RNNRegressor
from skrnn._network.cells import bfloat16_fault
from tests.estimator.data import SMALL, X, y
from tests.support import network_of, weights_of


def test_autocast_trains_and_predicts_in_full_precision():
    model = RNNRegressor(**SMALL | {"max_epochs": 30}, autocast=True).fit(X, y)
    plain = clone(model).set_params(autocast=False).fit(X, y)
    assert not torch.equal(weights_of(model), weights_of(plain))
    assert model.score(X, y) > 0.7
    assert network_of(model).head.weight.dtype == torch.float32


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("lengths", [None, "ragged"])
def test_autocast_with_batch_normalisation(cell, lengths):
    given = X[:, :, None]
    if lengths is not None:
        given = [x[: 1 + i % 7] for i, x in enumerate(given)]
    options = SMALL | {"max_epochs": 30, "norm": "batch", "autocast": True}
    expected = nullcontext()
    # Such as an LSTM on a processor without AVX-512.
    if bfloat16_fault("RNN_TANH" if cell == "rnn" else cell.upper(), "cpu"):
        expected = pytest.warns(UserWarning, match="cannot run this cell in bfloat16")
    with expected:
        model = RNNRegressor(cell, **options).fit(given, y)
    assert network_of(model).stack.layers[0].norm.running_var.dtype == torch.float32
    assert model.loss_curve_[-1] < model.loss_curve_[0]
