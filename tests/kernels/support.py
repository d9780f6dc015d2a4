"""What the tests of the kernels share: cells, data, estimators, steps of training."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch

from skrnn import RNNRegressor
from skrnn._kernels.compiled_network import CompiledNetwork
from skrnn._kernels.training_step import CompiledStep
from skrnn._network.cells import new_cell
from tests.support import seeded

DTYPES = {torch.float32: 1e-6, torch.float64: 1e-12}
GRADIENTS = {torch.float32: 1e-5, torch.float64: 1e-12}  # of the largest number
SQUARED_ERROR = ("squared_error", 0.0, 0.0, ())
CELLS = ["lstm", "gru", "rnn", "relu"]
every_cell = pytest.mark.parametrize("cell", CELLS)
every_dtype = pytest.mark.parametrize("dtype", list(DTYPES), ids=str)


def new(cell, n_features, hidden_size, dtype, seed=0):
    options = {"nonlinearity": "relu"} if cell == "relu" else {}
    kind = "rnn" if cell == "relu" else cell
    generator = seeded(seed)
    layer = new_cell(kind, n_features, hidden_size, generator=generator, **options)
    with torch.no_grad():
        for weight in layer.parameters():
            noise = torch.randn(weight.shape, generator=generator)
            weight.mul_(0.7).add_(noise, alpha=0.3 / hidden_size**0.5)
    return layer.to(dtype)


def sequences(n_samples, kind, n_features=3, n_steps=7, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n_samples, n_steps, n_features)) * 3 + 1
    if kind == "ragged":
        return [row[: rng.integers(0, n_steps + 1)] for row in x[:-1]] + [x[-1]]
    return x.astype(kind)


def targets(kind, n_samples, name="several"):
    rng = np.random.default_rng(1)
    if kind is RNNRegressor:
        return rng.normal(size=(n_samples, 2)) * 5 + 2
    return rng.integers(0, 2 if name == "labels" else 4, size=(n_samples,))


def untrained(kind, options, X, y, **more):
    """An estimator with its first weights, which moved none."""
    model = kind(
        **{"hidden_size": 11, "random_state": 0, "max_epochs": 1} | options | more,
        early_stopping=False,
        n_estimators=1,
        learning_rate=1e-30,
        batch_size=None,
    )
    return model.fit(X, y)


@contextmanager
def compiled_step(network, loss=SQUARED_ERROR, n_threads=1, optimizer=None, n_steps=7):
    """A step of training a network in compiled code, for as long as it is used."""
    form = network.training_form(n_steps)
    with CompiledNetwork(form, n_threads) as compiled:
        step = CompiledStep(compiled, loss)
        step.prepare(form, optimizer or torch.optim.SGD(network.parameters()))
        yield step


def fitted(n_threads, batch_size, **options):
    X, y = sequences(300, "float32"), targets(RNNRegressor, 300)
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        model = RNNRegressor(
            **{"hidden_size": 20} | options,
            max_epochs=2,
            batch_size=batch_size,
            random_state=0,
            early_stopping=False,
            n_estimators=1,
        )
        predicted = model.fit(X, y).predict(X)
        assert torch.get_num_threads() == n_threads
    finally:
        torch.set_num_threads(before)
    return predicted, model
