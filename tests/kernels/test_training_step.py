"""Gradients, clipping and Adam in compiled code against autograd and torch."""

import numpy as np
import pytest
import torch

from skrnn import RNNClassifier, RNNRegressor
from skrnn._estimator.reading import read_X
from skrnn._kernels.compiled_network import KernelInputs
from skrnn._sequences.sources import as_source
from skrnn._training.batches import SequenceDataset
from tests.instruction_levels import needs_kernels
from tests.kernels.support import (
    CELLS,
    DTYPES,
    GRADIENTS,
    compiled_step,
    sequences,
    targets,
    untrained,
)
from tests.support import seeded

pytestmark = needs_kernels

CASES = [
    (RNNRegressor, {"loss": "squared_error"}),
    (RNNRegressor, {"loss": "absolute_error", "num_layers": 3}),
    (RNNRegressor, {"loss": "huber", "dtype": "float64"}),
    (RNNRegressor, {"loss": "squared_error", "segment_length": 3}),
    (RNNClassifier, {"num_layers": 2, "segment_length": 2}),
    (RNNClassifier, {"num_layers": 2}),
    (RNNClassifier, {"label_smoothing": 0.2}),
    (RNNRegressor, {"pooling": "mean", "dtype": "float64"}),
    (RNNRegressor, {"pooling": "max", "dtype": "float64", "num_layers": 3}),
    (RNNRegressor, {"pooling": "mean", "num_layers": 2, "segment_length": 2}),
    (RNNClassifier, {"pooling": "max"}),
    (RNNRegressor, {"pooling": "mixed", "dtype": "float64", "num_layers": 2}),
    (RNNClassifier, {"pooling": "mixed", "hidden_size": 5}),
    # Of few samples and steps, weights without padding are read as they lie.
    (RNNRegressor, {"hidden_size": 16, "num_layers": 2}),
]


# Few samples are computed with units as lanes, many with samples as lanes.
BATCHES = [
    ("float32", 5),
    ("ragged", 5),
    ("float64", 13),
    ("float32", 150),
    ("ragged", 150),
]
# Each case meets every batch, and so does each cell; not every case with every cell.
MET = [
    (cell, *case, *BATCHES[(i + j + k) % len(BATCHES)])
    for i, case in enumerate(CASES)
    for j, cell in enumerate(CELLS)
    for k in (0, 2)
]


@pytest.mark.parametrize(("cell", "kind", "options", "layout", "n_samples"), MET)
def test_gradients_equal_those_of_autograd(
    level, cell, kind, options, layout, n_samples
):
    if cell == "relu":
        options = options | {"nonlinearity": "relu"}
    options = options | {"cell": "rnn" if cell == "relu" else cell}
    X, y = sequences(n_samples, layout), targets(kind, n_samples)
    compare_step(untrained(kind, options, X, y), X, y)


@pytest.mark.parametrize(
    ("cell", "layout", "n_samples"),
    [
        ("gru", "ragged", 30),  # rows of gradients in two blocks
        ("lstm", "float32", 30),
        ("lstm", "float32", 3),
        ("rnn", "float32", 30),
        ("gru", "float32", 90),
        ("lstm", "ragged", 90),
        ("rnn", "float32", 90),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_of_layers_that_are_multiplied_in_blocks(
    level, cell, layout, n_samples, dtype
):
    options = {"cell": cell, "num_layers": 2, "hidden_size": 515, "dtype": dtype}
    X, y = sequences(n_samples, layout), targets(RNNRegressor, n_samples)
    compare_step(untrained(RNNRegressor, options, X, y), X, y)


def coded(n_samples, layout, seed=0):
    """Sequences of a number, a code at each step, a number, and a code of all."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 7, 4))
    X[..., 1] = rng.integers(0, 9, (n_samples, 7))
    X[..., 3] = rng.integers(0, 3, (n_samples, 1))
    if layout == "ragged":
        return [row[: rng.integers(0, 8)] for row in X[:-1]] + [X[-1]]
    return X.astype(layout)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (RNNRegressor, {"cell": "lstm", "embedding_size": 3}),
        (RNNRegressor, {"num_layers": 2, "pooling": "max", "dtype": "float64"}),
        (RNNRegressor, {"segment_length": 3, "dtype": "float64"}),
        (RNNRegressor, {"segment_length": 2, "missing": "indicator"}),
        (RNNClassifier, {"cell": "rnn", "pooling": "mean", "hidden_size": 40}),
        (RNNClassifier, {"missing": "indicator", "dtype": "float64"}),
    ],
)
@pytest.mark.parametrize(
    ("layout", "n_samples"), [("float64", 5), ("ragged", 5), ("ragged", 150)]
)
def test_gradients_of_vectors_equal_those_of_autograd(
    level, kind, options, layout, n_samples
):
    X, y = coded(n_samples, layout), targets(kind, n_samples)
    options = options | {"categorical_features": [1, 3]}
    model = untrained(kind, options, X, y)
    source = read_X(model, X, missing="error", reset=False)
    compare_step(model, X, y, source)
    tables = model.net_.module_.embedding.tables
    assert all(bool(table.grad.abs().sum()) for table in tables)


def test_vectors_that_are_frozen_stay():
    X, y = coded(30, "float64"), targets(RNNRegressor, 30)
    options = {"categorical_features": [1, 3], "hidden_size": 6, "n_estimators": 1}
    first = RNNRegressor(**options, random_state=0, max_epochs=1).fit(X, y)
    model = RNNRegressor(**options, init=first, frozen="embedding", random_state=1)
    model.set_params(max_epochs=3).fit(X, y)
    before, after = first.net_.module_.state_dict(), model.net_.module_.state_dict()
    for name in before:
        if name.startswith("embedding"):
            assert torch.equal(before[name], after[name]), name
    assert not torch.equal(before["head.weight"], after["head.weight"])


@pytest.mark.parametrize("n_samples", [4, 40])
def test_the_gradient_of_a_maximum_goes_to_the_first_step_that_has_it(level, n_samples):
    X, y = np.zeros((n_samples, 5, 1)), targets(RNNRegressor, n_samples)
    model = untrained(RNNRegressor, {"cell": "rnn", "pooling": "max"}, X, y)
    with compiled_step(model.net_.module_, optimizer=model.net_.optimizer_) as step:
        _, weight_hh, _, bias, *_ = step.network.form.weights
        with torch.no_grad():
            weight_hh.zero_()  # all states are equal then
            bias.fill_(1.0)
        target = torch.from_numpy(y).float()
        step.gradients(KernelInputs(torch.from_numpy(X)), target, None)
    assert float(bias.grad.abs().min()) > 0
    assert not weight_hh.grad.any()  # before the first step are zeros


def test_gradients_of_several_labels_equal_those_of_autograd(level):
    rng = np.random.default_rng(0)
    X, y = sequences(40, "float32"), rng.integers(0, 2, size=(40, 3))
    for smoothing in (0.0, 0.3):
        options = {"label_smoothing": smoothing}
        compare_step(untrained(RNNClassifier, options, X, y), X, y)


def compare_step(model, X, y, source=None):
    net = model.net_
    network = net.module_.train()
    source = as_source(X) if source is None else source
    rng = np.random.default_rng(2)
    dtype = network.head.weight.dtype
    if y.ndim == 2:
        target = torch.from_numpy(rng.normal(size=y.shape)).to(dtype)
        if isinstance(model, RNNClassifier):
            target = torch.from_numpy(y).to(dtype)
    else:
        target = torch.from_numpy(model.classes_.searchsorted(y))
    weight = torch.from_numpy(rng.uniform(0.5, 1.5, len(y))).to(dtype)
    batch = next(iter(net.get_iterator(SequenceDataset(source, target, weight))))
    x, lengths = batch[0]["x"], batch[0].get("lengths")
    with compiled_step(network, net.criterion_.compiled, 2, net.optimizer_) as step:
        given = network.training_inputs(x, lengths, None, step.network.form)
        loss, outputs = step.gradients(given, target, weight)
        weights = [w for w in network.parameters() if w.grad is not None]
        ours = [w.grad.clone() for w in weights]
    network.zero_grad()
    parameters = network(x, lengths)
    expected = net.criterion_(parameters, target, weight)
    expected.backward()
    tolerance = DTYPES[dtype]
    assert loss == pytest.approx(expected.item(), rel=GRADIENTS[dtype])
    torch.testing.assert_close(
        outputs, parameters[..., 0].detach(), rtol=0, atol=2 * tolerance
    )
    for mine, weight in zip(ours, weights, strict=True):
        scale = float(weight.grad.abs().max()) + 1e-3
        torch.testing.assert_close(
            mine, weight.grad, rtol=0, atol=GRADIENTS[dtype] * scale
        )


def test_frozen_weights_stay():
    X, y = sequences(30, "float32"), targets(RNNRegressor, 30)
    first = RNNRegressor(hidden_size=6, random_state=0, max_epochs=1).fit(X, y)
    model = RNNRegressor(hidden_size=6, init=first, frozen="recurrent", random_state=1)
    model.set_params(max_epochs=3).fit(X, y)
    before, after = first.net_.module_.state_dict(), model.net_.module_.state_dict()
    for name in before:
        is_same = torch.equal(before[name], after[name])
        if name.startswith("stack"):
            assert is_same, name
        if name == "head.weight":
            assert not is_same


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (torch.optim.Adam, {}),
        (torch.optim.Adam, {"weight_decay": 0.1, "betas": (0.8, 0.99)}),
        (torch.optim.AdamW, {"weight_decay": 0.1, "eps": 1e-4}),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_adam_equals_torch(level, kind, options, dtype):
    X, y = sequences(10, dtype), targets(RNNRegressor, 10)
    model = untrained(RNNRegressor, {"dtype": dtype}, X, y)
    network = model.net_.module_
    ours = kind(network.parameters(), lr=0.01, **options)
    weights = network.standard_form().weights
    twins = [w.detach().clone().requires_grad_() for w in weights]
    theirs = kind(twins, lr=0.01, **options)
    generator = seeded()
    with compiled_step(network, optimizer=ours) as step:
        for _ in range(7):
            for weight, twin in zip(weights, twins, strict=True):
                noise = torch.randn(weight.shape, generator=generator)
                weight.grad.copy_(noise)
                twin.grad = weight.grad.clone()
            step.update()
            theirs.step()
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    for weight, twin in zip(weights, twins, strict=True):
        torch.testing.assert_close(weight.data, twin.data, rtol=0, atol=tolerance)
        state, other = ours.state[weight], theirs.state[twin]
        for name in ("step", "exp_avg", "exp_avg_sq"):
            torch.testing.assert_close(
                state[name], other[name], rtol=1e-5, atol=tolerance
            )


def test_penalty_and_clipping(level):
    X, y = sequences(10, "float32"), targets(RNNRegressor, 10)
    model = untrained(RNNRegressor, {}, X, y)
    weights = model.net_.module_.standard_form().weights
    with compiled_step(model.net_.module_, optimizer=model.net_.optimizer_) as step:
        for weight in weights:
            weight.grad.copy_(torch.randn(weight.shape, generator=seeded()))
        twins = [w.grad.clone() for w in weights]
        norm = step.clip(0.5, 0.8, 1.5)
        clipped = [w.grad.clone() for w in weights]
        again = step.clip(0, None, None)
    for weight, twin in zip(weights, twins, strict=True):
        if weight.ndim > 1:
            twin += 0.5 * weight.data.sign()
        twin.clamp_(-0.8, 0.8)
    expected = torch.cat([twin.flatten() for twin in twins]).norm()
    assert norm == pytest.approx(float(expected), rel=1e-6)
    for mine, twin in zip(clipped, twins, strict=True):
        torch.testing.assert_close(mine, twin * 1.5 / (expected + 1e-6))
    assert again == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("limits", "largest"),
    [
        ((0.0, None, None), 1.0),
        ((0.1, 0.8, 1.5), 1.0),
        ((0.0, None, 1.5), torch.inf),
    ],
)
def test_clipping_and_adam_in_one_call_do_what_two_do(level, limits, largest):
    X, y = sequences(10, "float32"), targets(RNNRegressor, 10)
    moved, norms = [], []
    for is_one in (False, True):
        model = untrained(RNNRegressor, {}, X, y)
        weights = model.net_.module_.standard_form().weights
        optimizer = torch.optim.Adam(weights, lr=0.1)
        with compiled_step(model.net_.module_, optimizer=optimizer) as step:
            for weight in weights:
                weight.grad.copy_(torch.randn(weight.shape, generator=seeded()))
            weights[0].grad[0, 0] = largest
            if is_one:
                norms.append(step.clip_and_update(*limits))
            else:
                norms.append(step.clip(*limits) if any(limits) else None)
                if limits[2] and norms[0] == torch.inf:  # as `limit_gradient` has it
                    for gradient in step.weight_gradients():
                        gradient.zero_()
                step.update()
        moved.append(weights)
    assert norms[0] == norms[1]
    for one, other in zip(*moved, strict=True):
        assert torch.equal(one, other)
