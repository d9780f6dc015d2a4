"""Steps of training networks that are not standard, against autograd.

Without a compiled step autograd computes the same with the same random numbers; what
it computes is judged in tests/network, by plain torch.
"""

import numpy as np
import pytest
import torch

from skrnn import RNNClassifier, RNNRegressor
from skrnn._sequences.sources import as_source
from skrnn._training.batches import SequenceDataset
from tests.instruction_levels import needs_kernels
from tests.kernels.support import (
    CELLS,
    GRADIENTS,
    compiled_step,
    sequences,
    targets,
    untrained,
)
from tests.support import seeded

pytestmark = needs_kernels

OPTIONS = [
    {"dropout": 0.3},
    {"dropout": 0.3, "num_layers": 3},
    {"recurrent_dropout": 0.4},
    {"bidirectional": True},
    {"bidirectional": True, "num_layers": 2, "pooling": "mixed"},
    {"bidirectional": True, "pooling": "max"},
    {"norm": "layer"},
    {"norm": "layer", "num_layers": 2, "pooling": "max"},
    {"norm": "batch"},
    {"norm": "batch", "num_layers": 2, "bidirectional": True, "pooling": "mean"},
    {"pooling": "attention"},
    {"pooling": "attention", "bidirectional": True, "dropout": 0.2},
    {"residual": True, "num_layers": 3},
    {"residual": True, "num_layers": 3, "dropout": 0.3, "pooling": "mean"},
    {
        "residual": True,
        "num_layers": 2,
        "dropout": 0.2,
        "recurrent_dropout": 0.2,
        "norm": "batch",
        "bidirectional": True,
        "pooling": "attention",
        "segment_length": 2,
        "input_noise": 0.1,
    },
    {"residual": True, "num_layers": 2, "norm": "layer", "pooling": "mixed"},
    {"tbptt_steps": 3},
    {"tbptt_steps": 2, "pooling": "mean", "num_layers": 2, "norm": "layer"},
    {"tbptt_steps": 3, "pooling": "attention", "num_layers": 2, "dropout": 0.3},
    {"tbptt_steps": 4, "pooling": "mixed", "num_layers": 2, "residual": True},
    {"tbptt_steps": 3, "pooling": "max", "input_noise": 0.2, "dropout": 0.2},
    {"input_noise": 0.3, "missing": "indicator"},
    {"instance_norm": "standard"},
    {"instance_norm": "last", "loss": "huber", "norm": "layer"},
]
BATCHES = [("float64", 5), ("ragged", 40), ("float32", 150), ("ragged", 150)]
MET = [
    (CELLS[(i + 2 * j) % 4], options, *BATCHES[(i // 4 + i + j) % 4])
    for i, options in enumerate(OPTIONS)
    for j in range(1 + i % 2)  # in all, each cell with each layout
]


@pytest.mark.parametrize(("cell", "options", "layout", "n_samples"), MET)
def test_steps_equal_those_of_autograd(level, cell, options, layout, n_samples):
    if cell == "relu":
        options = options | {"nonlinearity": "relu"}
    options = options | {"cell": "rnn" if cell == "relu" else cell}
    X, y = sequences(n_samples, layout), targets(RNNRegressor, n_samples)
    dtype = "float32" if "norm" not in options and n_samples == 150 else "float64"
    compare(untrained(RNNRegressor, options, X, y, dtype=dtype), X)


@pytest.mark.parametrize(
    "options",
    [
        {"loss": "poisson"},
        {"loss": "gaussian"},
        {"loss": "student_t", "instance_norm": "last"},
        {"loss": "quantile", "quantiles": (0.4,), "instance_norm": "standard"},
        {"loss": "gaussian", "dropout": 0.2},
        {"loss": "student_t"},
        {"loss": "quantile", "quantiles": (0.05, 0.3, 0.8)},
        {"loss": "quantile", "quantiles": (0.7, 0.9)},
    ],
)
@pytest.mark.parametrize(("layout", "n_samples"), [("float64", 5), ("ragged", 90)])
def test_losses_of_regression(level, options, layout, n_samples):
    X, y = sequences(n_samples, layout), targets(RNNRegressor, n_samples)
    y = np.abs(y) if options["loss"] == "poisson" else y
    model = untrained(RNNRegressor, options, X, y, dtype="float64")
    with torch.no_grad():  # laws of few and of many degrees of freedom
        model.net_.module_.head.weight.mul_(8)
        model.net_.module_.head.bias.uniform_(-3, 60)
    compare(model, X)


@pytest.mark.parametrize("labels", ["several", "labels", "multilabel"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("n_samples", [5, 90])
def test_focal_loss(level, labels, smoothing, n_samples):
    X, y = sequences(n_samples, "float64"), targets(RNNClassifier, n_samples, labels)
    if labels == "multilabel":
        y = np.random.default_rng(0).integers(0, 2, size=(n_samples, 3))
    options = {"loss": "focal", "focal_gamma": 1.7, "label_smoothing": smoothing}
    compare(untrained(RNNClassifier, options, X, y, dtype="float64"), X)


EVERYTHING = {
    "num_layers": 2,
    "bidirectional": True,
    "dropout": 0.2,
    "recurrent_dropout": 0.2,
    "residual": True,
    "norm": "batch",
    "pooling": "attention",
}


def gradients_of(network, inputs, target, state, n_threads=1):
    """Loss, outputs and gradients of a batch, with random numbers of a state."""
    network.generator.set_state(state)
    with compiled_step(network, n_threads=n_threads) as step:
        given = inputs["x"], inputs.get("lengths"), None
        read = network.training_inputs(*given, step.network.form)
        loss, outputs = step.gradients(read, target, None)
        weights = step.network.form.weights
        return loss, outputs, [weight.grad.clone() for weight in weights]


def batch_of(options, layout, n_samples):
    X, y = sequences(n_samples, layout), targets(RNNRegressor, n_samples)
    model = untrained(RNNRegressor, options, X, y)
    network = model.net_.module_.train()
    target = torch.randn(n_samples, 2, generator=seeded(), dtype=torch.float64)
    target = target.to(network.head.weight.dtype)
    data = SequenceDataset(as_source(X), target)
    inputs, _ = next(iter(model.net_.get_iterator(data)))
    return network, inputs, target, network.generator.get_state()


@pytest.mark.parametrize(
    "options",
    [
        EVERYTHING,
        EVERYTHING | {"norm": "layer", "cell": "gru", "pooling": "mixed"},
        {"tbptt_steps": 3, "dropout": 0.2, "num_layers": 2, "pooling": "mean"},
    ],
    ids=str,
)
def test_the_number_of_threads_changes_no_bit(level, options):
    batch = batch_of(options, "ragged", 530)
    loss, outputs, gradients = gradients_of(*batch)
    for n_threads in (2, 3, 5):
        found = gradients_of(*batch, n_threads)
        assert found[0] == loss
        assert torch.equal(found[1], outputs)
        for mine, first in zip(found[2], gradients, strict=True):
            assert torch.equal(mine, first)


@pytest.mark.parametrize("options", [*OPTIONS, EVERYTHING], ids=str)
def test_gradients_are_slopes_of_the_loss(options):
    """By differences of the loss alone, along a random direction of all weights."""
    if "tbptt_steps" in options:  # whose gradient is cut off on purpose
        options = options | {"tbptt_steps": 7}
    options = options | {"dtype": "float64", "cell": "gru", "hidden_size": 5}
    batch = batch_of(options, "ragged", 20)
    network = batch[0]
    _, _, gradients = gradients_of(*batch)
    weights = network.training_form(7).weights
    directions = [
        torch.randn(w.shape, generator=seeded(i), dtype=w.dtype)
        for i, w in enumerate(weights)
    ]
    losses, size = [], 1e-5
    for sign in (1, -2):
        with torch.no_grad():
            for weight, direction in zip(weights, directions, strict=True):
                weight.add_(direction, alpha=sign * size)
        losses.append(gradients_of(*batch)[0])
    pairs = zip(gradients, directions, strict=True)
    expected = sum(float((g * d).sum()) for g, d in pairs)
    slope = (losses[0] - losses[1]) / (2 * size)
    assert slope == pytest.approx(expected, rel=1e-6, abs=1e-7)


def compare(model, X):
    """Compare a compiled step with that of autograd, weights of the samples and all."""
    net, network = model.net_, model.net_.module_.train()
    dtype = network.head.weight.dtype
    n_samples, (n_targets, _) = len(X), network.output_shape
    rng = np.random.default_rng(2)
    target = torch.from_numpy(rng.normal(size=(n_samples, n_targets))).to(dtype)
    if isinstance(model, RNNClassifier):
        target = torch.from_numpy(rng.integers(0, 2, n_samples))
        if net.criterion_.compiled[0] == "binary_cross_entropy":
            target = torch.from_numpy(rng.integers(0, 2, (n_samples, n_targets))).to(
                dtype
            )
    weight = torch.from_numpy(rng.uniform(0.5, 1.5, n_samples)).to(dtype)
    repeats = torch.from_numpy(rng.integers(0, 3, n_samples) + 0.5)
    data = SequenceDataset(as_source(X), target, weight, repeats.numpy())
    inputs, target = next(iter(net.get_iterator(data)))
    given = [inputs["x"], inputs.get("lengths"), inputs["repeats"]]
    before, moments = network.generator.get_state(), _moments(network)
    n_steps = max(map(len, X))
    step = compiled_step(network, net.criterion_.compiled, 2, net.optimizer_, n_steps)
    with step as step:
        read = network.training_inputs(*given, step.network.form)
        loss, outputs = step.gradients(read, target, weight)
        weights = [w for w in network.parameters() if w.grad is not None]
        ours = [w.grad.clone() for w in weights]
    assert len(weights) == len(list(network.parameters()))
    after, ours_moments = network.generator.get_state(), _moments(network)

    network.generator.set_state(before)
    for mine, theirs in zip(_norm_moments(network), moments, strict=True):
        mine.copy_(theirs)
    network.zero_grad()
    parameters = network(*given)
    expected = net.criterion_(parameters, target, weight)
    expected.backward()
    assert torch.equal(network.generator.get_state(), after)
    tolerance = GRADIENTS[dtype] * 5
    assert loss == pytest.approx(expected.item(), rel=tolerance)
    outputs = network.parameters_of(outputs, read)
    torch.testing.assert_close(
        outputs, parameters.detach(), rtol=tolerance, atol=tolerance
    )
    for mine, weight in zip(ours, weights, strict=True):
        scale = float(weight.grad.abs().max()) + 1e-3
        torch.testing.assert_close(mine, weight.grad, rtol=0, atol=tolerance * scale)
    for mine, theirs in zip(ours_moments, _moments(network), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=tolerance, atol=tolerance)


def _norm_moments(network):
    norms = [layer.norm for layer in network.stack.layers if layer.norm is not None]
    return [b for norm in norms for _, b in norm.named_buffers() if b.ndim]


def _moments(network):
    return [moment.clone() for moment in _norm_moments(network)]
