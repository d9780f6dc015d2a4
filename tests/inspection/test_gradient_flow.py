"""Norms of gradients, against finite differences of the loss."""

import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from skrnn import RNNClassifier, RNNRegressor
from skrnn.inspection import gradient_flow
from tests.inspection.support import sigmoid

rng = np.random.default_rng(0)
X = rng.normal(size=(6, 5, 2))
y = X[:, -2, 0]
PLAIN = {"n_estimators": 1, "linear_steps": None, "dtype": "float64"}
SMALL = {"hidden_size": 3, "max_epochs": 2, "random_state": 0, **PLAIN}


def moved_loss(model, sample, target, step, unit, by):
    """Loss of a sample, were a state moved by something; memory where unit < 0."""
    net = model.nets_[0].module_
    cell = net.stack.layers[0].directions[0]
    w_ih, w_hh, b_ih, b_hh = (p.detach().numpy() for p in cell.parameters())
    size = cell.hidden_size
    h, c = np.zeros(size), np.zeros(size)
    scaled = (sample - net.scaling.x_mean.numpy()) / net.scaling.x_scale.numpy()
    for number, x in enumerate(scaled):
        given, kept = (
            np.split(v, len(v) // size) for v in (w_ih @ x + b_ih, w_hh @ h + b_hh)
        )
        if cell.mode == "LSTM":
            i, f, g, o = (a + b for a, b in zip(given, kept, strict=True))
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            if number == step and unit < 0:
                c[-1 - unit] += by
            h = sigmoid(o) * np.tanh(c)
        elif cell.mode == "GRU":
            r, z = (sigmoid(given[k] + kept[k]) for k in range(2))
            n = np.tanh(given[2] + r * kept[2])
            h = (1 - z) * n + z * h
        else:
            h = np.tanh(given[0] + kept[0])
        if number == step and unit >= 0:
            h[unit] += by
    head = net.head
    output = head.weight.detach().numpy() @ h + head.bias.detach().numpy()
    wanted = (target - net.scaling.y_mean.numpy()) / net.scaling.y_scale.numpy()
    return float(((output - wanted) ** 2).mean())


def slope(model, i, step, unit, by=1e-5):
    ends = [moved_loss(model, X[i], y[i], step, unit, s * by) for s in (1, -1)]
    return (ends[0] - ends[1]) / (2 * by)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_norms_are_those_of_finite_differences(cell):
    model = RNNRegressor(cell, **SMALL).fit(X, y)
    flow = gradient_flow(model, X, y)
    units = {"norms": range(3)}
    if cell == "lstm":
        units["memory_norms"] = range(-1, -4, -1)
    else:
        assert flow.memory_norms is None
    for name, numbers in units.items():
        slopes = [
            [[slope(model, i, t, u) for u in numbers] for t in range(5)]
            for i in range(6)
        ]
        wanted = np.linalg.norm(slopes, axis=2).mean(axis=0)
        assert_allclose(getattr(flow, name), [wanted], rtol=1e-6)


def test_layers_directions_norms_and_classes():
    """A step forward along the gradient lowers the loss by its square."""
    options = {"num_layers": 2, "bidirectional": True, "norm": "layer", **SMALL}
    options.pop("linear_steps")
    labels = y > 0
    model = RNNClassifier("gru", **options, n_kernels=None).fit(X, labels)
    ragged = [x[i % 3 :] for i, x in enumerate(X)]
    flow = gradient_flow(model, ragged, labels)
    assert flow.norms.shape == (2, 5)
    assert (flow.norms > 0).all()
    assert flow.n_samples == 6
    # Only two samples have all five steps, and count alone for the oldest.
    alone = gradient_flow(model, [ragged[0], ragged[3]], labels[[0, 3]])
    assert_allclose(flow.norms[:, 0], alone.norms[:, 0])


def test_both_directions_stand_at_the_step_that_they_have_read():
    model = RNNRegressor("rnn", **SMALL, bidirectional=True).fit(X, y)
    twin = copy.deepcopy(model)
    head = twin.nets_[0].module_.head
    with torch.no_grad():
        head.weight[:, :3] = 0.0  # nothing comes from reading forwards
    flow = gradient_flow(twin, X, y)
    # What is read backwards ends at the oldest step.
    assert flow.norms[0, 0] == flow.norms[0].max()
    with torch.no_grad():
        head.weight[:, :3], head.weight[:, 3:] = 1.0, 0.0
    flow = gradient_flow(twin, X, y)
    assert flow.norms[0, -1] == flow.norms[0].max()


def test_factors_tell_vanishing_from_exploding():
    model = RNNRegressor("rnn", 1, nonlinearity="relu", **PLAIN, max_epochs=1)
    model.fit(np.abs(X), y)
    cell = model.nets_[0].module_.stack.layers[0].directions[0]
    for recurrent in (0.5, 1.5):
        with torch.no_grad():
            cell.weight_hh_l0[:] = recurrent
            cell.weight_ih_l0[:], cell.bias_ih_l0[:] = 0.0, 1.0  # always open
        assert gradient_flow(model, X, y).factors == pytest.approx(recurrent)


def test_bad_input():
    model = RNNRegressor(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        gradient_flow(model, X, y[:4])
    with pytest.raises(ValueError, match="network=3 is none"):
        gradient_flow(model, X, y, network=3)
    assert np.isnan(gradient_flow(model, X[:, :1], y).factors[0])
