"""The whole network in compiled code against plain torch."""

import copy
import pickle
import threading

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from skorch.callbacks import Callback
from torch import nn

from skrnn import RNNRegressor
from skrnn._kernels.compiled_network import CompiledNetwork, KernelInputs
from tests.instruction_levels import needs_kernels
from tests.kernels.support import (
    compiled_step,
    every_cell,
    fitted,
    sequences,
    targets,
    untrained,
)
from tests.support import seeded

pytestmark = needs_kernels


@every_cell
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "mixed"])
@pytest.mark.parametrize("n_samples", [4, 40])
def test_pooled_states_equal_those_of_plain_torch(level, cell, pooling, n_samples):
    options = {"cell": cell, "pooling": pooling, "dtype": "float64"}
    if cell == "relu":
        options |= {"cell": "rnn", "nonlinearity": "relu"}
    # Several tiles of units where these are the lanes.
    options |= {"hidden_size": 70, "scale": False}
    X, y = sequences(n_samples, "ragged", n_features=1), targets(RNNRegressor, 4)
    X[0] = X[0][:0]
    network = untrained(RNNRegressor, options, X[-1:], y[-1:]).net_.module_
    lengths = torch.tensor([len(row) for row in X])
    rows = [torch.from_numpy(row) for row in X]
    x = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=1e6)
    target = torch.randn(n_samples, 2, generator=seeded(), dtype=torch.float64)
    with compiled_step(network, n_threads=2) as step:
        _, outputs = step.gradients(KernelInputs(x, lengths), target, None)
        weights = step.network.form.weights
        ours = [w.grad.clone() for w in weights]
        predicted = step.network.outputs(KernelInputs(x, lengths))

    layer, pooled = network.stack.layers[0].directions[0], []
    pool = {"last": lambda h: h[-1], "mean": lambda h: h.mean(0)}
    pool["max"] = lambda h: h.max(dim=0)[0]
    pool["mixed"] = lambda h: torch.cat([h[-1, :35], h[:, 35:].max(dim=0)[0]])
    for row in rows:
        states = layer(row)[0] if len(row) else torch.zeros(1, 70).double()
        pooled.append(pool[pooling](states))
    expected = network.head(torch.stack(pooled))
    for mine in (outputs, predicted):
        torch.testing.assert_close(mine, expected.detach(), rtol=0, atol=1e-12)
    network.zero_grad()
    ((expected - target) ** 2).mean().backward()
    for mine, weight in zip(ours, weights, strict=True):
        torch.testing.assert_close(mine, weight.grad, rtol=1e-11, atol=1e-11)


@every_cell
@pytest.mark.parametrize("n_samples", [1, 2, 15, 32])
@pytest.mark.parametrize("n_steps", [1, 7, 20])
def test_large_weights_are_used_as_they_lie(level, cell, n_samples, n_steps):
    """A width that fills no vector; two layers; sums over more rows than one pass."""
    kind = {"cell": "rnn", "nonlinearity": "relu"} if cell == "relu" else {"cell": cell}
    options = kind | {"hidden_size": 133, "num_layers": 2, "dtype": "float64"}
    options |= {"scale": False, "pooling": "last"}
    x = np.random.default_rng(0).normal(size=(n_samples, n_steps, 3))
    y = targets(RNNRegressor, n_samples)
    network = untrained(RNNRegressor, options, x, y).net_.module_
    x = torch.from_numpy(x)
    target = torch.randn(n_samples, 2, generator=seeded(), dtype=torch.float64)
    found = []
    for n_threads in (1, 2, 3):
        with compiled_step(network, n_threads=n_threads, n_steps=n_steps) as step:
            step.gradients(KernelInputs(x, None), target, None)
            weights = step.network.form.weights
            found.append([w.grad.clone() for w in weights])
    for other in found[1:]:
        for mine, first in zip(other, found[0], strict=True):
            assert torch.equal(mine, first)

    last = []
    for row in x:
        states = row
        for layer in network.stack.layers:
            states = layer.directions[0](states)[0]
        last.append(states[-1])
    network.zero_grad()
    ((network.head(torch.stack(last)) - target) ** 2).mean().backward()
    for mine, weight in zip(found[0], weights, strict=True):
        torch.testing.assert_close(mine, weight.grad, rtol=1e-11, atol=1e-11)


class _Copy(Callback):
    def on_batch_end(self, net, batch=None, training=False, **kwargs):
        assert net.compiled is not None
        others = []
        thread = threading.Thread(target=lambda: others.append(net.compiled))
        thread.start()
        thread.join()
        assert others == [None]
        self.copies_ = [copy.deepcopy(net.module_), pickle.loads(pickle.dumps(net))]


def test_the_net_can_be_copied_in_the_midst_of_a_training():
    _, model = fitted(1, 100, callbacks=[_Copy()])
    assert model.net_.compiled is None
    network, net = dict(model.net_.callbacks_)["_Copy"].copies_
    assert net.compiled is None
    x = torch.zeros(2, 7, 3)
    with torch.no_grad():
        assert network.eval()(x).shape == (2, 2, 1)
        assert net.module_.eval()(x).shape == (2, 2, 1)


def test_sequences_of_no_step_and_of_many():
    X, y = sequences(40, "float32", n_steps=6), targets(RNNRegressor, 40)
    model = RNNRegressor("gru", 8, max_epochs=2, random_state=0).fit(X, y)
    empty = model.predict([np.empty((0, 3)), np.empty((0, 3))])
    assert np.isfinite(empty).all()
    assert_array_equal(empty[0], empty[1])
    long = model.predict(np.tile(X, (1, 300, 1)))
    assert long.shape == (40, 2)
    assert np.isfinite(long).all()


def test_a_network_that_is_not_standard_has_no_standard_form():
    X, y = sequences(30, "float32"), targets(RNNRegressor, 30)
    for options in (
        {"pooling": "attention"},
        {"pooling": "max", "bidirectional": True},
        {"norm": "layer"},
    ):
        model = RNNRegressor(hidden_size=4, max_epochs=1, **options).fit(X, y)
        assert model.net_.module_.standard_form() is None
    network = RNNRegressor(hidden_size=4, max_epochs=1).fit(X, y).net_.module_
    form = network.standard_form()
    assert form is not None
    with CompiledNetwork(form, 1) as compiled:
        assert compiled.handle is not None
        compiled.close()
        compiled.close()
        assert compiled.handle is None
    with CompiledNetwork(form, 1) as compiled:
        pass
    assert compiled.handle is None
    with pytest.raises(ValueError, match="is closed"):
        compiled.outputs(KernelInputs(torch.zeros(2, 7, 3)))
