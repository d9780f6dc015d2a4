"""A few samples in one call, against the way that all others go."""

import numpy as np
import pytest
import torch

from skrnn import RNNClassifier, RNNRegressor
from skrnn._kernels import kept_network as module
from skrnn._kernels.kept_network import kept_whole
from skrnn.streaming._network_state import NetworkState
from tests.instruction_levels import needs_kernels
from tests.kernels.support import every_cell, sequences, targets, untrained

pytestmark = needs_kernels
POOLINGS = ["last", "mean", "max", "mixed"]


def new(cell="gru", kind=RNNRegressor, n_steps=7, **options):
    if cell == "relu":
        options |= {"nonlinearity": "relu"}
    X, y = sequences(40, "float64", n_steps=n_steps), targets(kind, 40)
    options = {"cell": "rnn" if cell == "relu" else cell, "parts": "network"} | options
    model = untrained(kind, options, X, y)
    model.predict(X)  # it stands in evaluation mode from now on
    return model, X


def general(model, X):
    """By networks that are asked for many samples at once."""
    network = model.net_.module_
    many = np.concatenate([X, X, X, X, X])[: len(X) + 5]
    form = network.whole_form
    network.whole_form = lambda: None
    try:
        return model._predict_outputs(many)[: len(X)]
    finally:
        assert network.whole_form() is None
        del network.whole_form
        assert network.whole_form() is form()


@every_cell
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("num_layers", [1, 2])
def test_bits_are_those_of_all_others(cell, pooling, num_layers, level):
    for more in ({}, {"dtype": "float64"}, {"scale": False}, {"linear_steps": 3}):
        if more.get("linear_steps"):
            more |= {"parts": "all"}
        model, X = new(cell, pooling=pooling, num_layers=num_layers, **more)
        whole = kept_whole(model.net_.module_)
        assert whole.form.n_path == more.get("linear_steps", 0)
        for kind in ("float64", "float32"):
            given = X.astype(kind)
            want = general(model, given)
            for n in (1, 2, 4):
                found = whole.outputs(given[:n], 1e3)
                assert found.shape == want[:n].shape
                assert (found == want[:n]).all()
        turned = np.asfortranarray(X[:3])
        assert (whole.outputs(turned, 1e3) == general(model, X[:3])).all()


def test_of_classes():
    model, X = new(kind=RNNClassifier)
    whole = kept_whole(model.net_.module_)
    assert (whole.outputs(X[:2], 1e3) == general(model, X[:2])).all()


@pytest.mark.parametrize(
    "options",
    [
        {"instance_norm": "last"},
        {"missing": "indicator"},
        {"loss": "gaussian"},
        {"loss": "quantile"},
        {"loss": "poisson"},
        {"segment_length": 2},
        {"pooling": "attention"},
        {"bidirectional": True},
        {"norm": "layer"},
    ],
    ids=str,
)
def test_others_go_the_long_way(options):
    X, y = sequences(40, "float64"), np.abs(targets(RNNRegressor, 40))
    model = untrained(RNNRegressor, {"parts": "network"} | options, X, y)
    model.predict(X)
    assert kept_whole(model.net_.module_) is None
    assert (model.predict(X[:1]) == model.predict(X)[:1]).all()


@pytest.mark.parametrize(
    "change",
    [
        lambda x: np.where(x == x[0, 0, 0], 1e17, x),
        lambda x: x[:, :0],
        lambda x: x[:, :2],
        lambda x: x[:, :, :2],
        lambda x: x.astype(">f8"),
        lambda x: x.astype(np.int64),
    ],
)
def test_what_is_left_to_others(change):
    model, X = new(parts="all", linear_steps=3)
    whole, x = kept_whole(model.net_.module_), change(X[:1])
    assert whole.outputs(x, float(np.abs(x).max(initial=0))) is None


def test_what_stands_around_is_read_anew():
    model, X = new(parts="all", linear_steps=3)
    network = model.net_.module_
    path = network.baseline.linear_path
    found = [model.predict(X[:1])]
    changes = [
        lambda: path.weight.mul_(2.0),
        lambda: setattr(path, "bias", path.bias + 1.0),
        lambda: network.scaling.y_mean.add_(1.0),
        lambda: setattr(network.scaling, "y_scale", network.scaling.y_scale * 2),
        lambda: setattr(network.baseline, "linear_path", None),
    ]
    for change in changes:
        change()
        found.append(model.predict(X[:1]))
        assert (found[-1] == model.predict(X)[:1]).all()
        assert (found[-1] != found[-2]).all()


def test_what_is_kept_is_gone_with_its_network():
    model, X = new()
    model.predict(X[:1])
    n_kept = len(module._this_thread.wholes)
    del model
    assert len(module._this_thread.wholes) == n_kept - 1


def test_tensors_that_misfit_are_refused():
    model, X = new(parts="all", linear_steps=3)
    path = model.net_.module_.baseline.linear_path
    path.weight = path.weight[:, :-1]
    with pytest.raises(ValueError, match="weight is"):
        model.predict(X[:1])


@every_cell
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_step_is_that_of_the_modules(cell, pooling, dtype, level):
    options = {"pooling": pooling, "dtype": dtype, "num_layers": 2}
    model, X = new(cell, parts="all", linear_steps=2, **options)
    network = model.net_.module_
    whole, state = kept_whole(network), NetworkState(network)
    states = twin = np.tile(state.begin, (3, 1))
    for t in range(1, 7):
        x = np.ascontiguousarray(X[:3, max(t - 2, 0) : t])
        found = whole.step(x, 1e3, states) if t > 1 else None
        with torch.no_grad():
            twin = state.take_step(twin, torch.from_numpy(x[:, -1:]))
            counts = torch.full((3,), t)
            want = state.predict(twin, torch.from_numpy(x), None, counts)
        outputs, states = found or (want, twin)
        tolerance = 1e-5 if dtype == "float32" else 1e-12
        np.testing.assert_allclose(states, twin, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(outputs, want, rtol=tolerance, atol=tolerance)


def test_states_that_misfit_are_refused():
    model, X = new()
    whole = kept_whole(model.net_.module_)
    with pytest.raises(ValueError, match="before is a float32 of shape"):
        whole.step(X[:1], 1e3, np.zeros((1, 3), np.float32))
