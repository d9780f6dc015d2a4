"""The compiled kernels against torch and autograd, on every instruction level here."""

import copy
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback
from torch import nn

from skrnn import RNNClassifier, RNNRegressor
from skrnn._kernels import layer as kernel_layer
from skrnn._kernels import library as kernel_library
from skrnn._kernels.compiled_network import CompiledNetwork, compiled_twin, is_standard
from skrnn._kernels.layer import run_kernel
from skrnn._kernels.rowwise import linear, sum_over_steps
from skrnn._kernels.training_step import CompiledStep
from skrnn._network.cells import new_cell, run_cell
from skrnn._network.stack import reverse_sequences
from skrnn._sequences.sources import as_source
from skrnn._training.batches import SequenceDataset
from tests.instruction_levels import LEVELS, library_of

if kernel_library.library() is None:
    pytest.skip("this machine compiled no kernels", allow_module_level=True)

DTYPES = {torch.float32: 1e-6, torch.float64: 1e-12}
GRADIENTS = {torch.float32: 1e-5, torch.float64: 1e-12}  # of the largest number
every_cell = pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "relu"])
every_dtype = pytest.mark.parametrize("dtype", list(DTYPES), ids=str)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    # Small tensors: handing them to a second thread takes longer than they do.
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(params=list(LEVELS))
def level(request, monkeypatch):
    library = library_of(request.param)
    if library is None:
        pytest.skip("not on this machine")
    monkeypatch.setattr(kernel_library, "library", lambda: library)
    return request.param


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


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


def torch_twin(cell, x, lengths, begin, reverse):
    """Sequence by sequence, without padding."""
    states, ends = torch.zeros(*x.shape[:2], cell.hidden_size, dtype=x.dtype), []
    for i, row in enumerate(x):
        n_steps = x.shape[1] if lengths is None else int(lengths[i])
        state = tuple(part[i : i + 1] for part in begin)
        if n_steps:
            given = row[None, :n_steps].flip(1) if reverse else row[None, :n_steps]
            own, state = run_cell(cell, given, state)
            own = own.flip(1) if reverse else own
            states = states.index_put((torch.tensor(i), torch.arange(n_steps)), own[0])
        ends.append(state)
    return states, [torch.cat(parts) for parts in zip(*ends, strict=True)]


def compare_layer(cell, dtype, n_samples, n_steps, sizes, *, ragged, reverse, seed):
    generator = seeded(seed)
    layer = new(cell, *sizes, dtype, seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator).to(dtype)

    x = normal(n_samples, n_steps, sizes[0]).requires_grad_()
    lengths = None
    if ragged:
        lengths = torch.randint(0, n_steps + 1, (n_samples,), generator=generator)
        lengths[0] = n_steps
    n_states = 2 if cell == "lstm" else 1
    begin = tuple(normal(n_samples, sizes[1]) for _ in range(n_states))
    twin = torch_twin(layer, x, lengths, begin, reverse)
    states, end = run_kernel(layer, x, lengths, begin=begin, reverse=reverse)
    tolerance = DTYPES[dtype]
    torch.testing.assert_close(states, twin[0], rtol=tolerance, atol=tolerance)
    for ours, theirs in zip(end, twin[1], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)
    wanted = normal(*states.shape), normal(*end[0].shape)
    results = []
    for all_states, final in ((states, end[0]), (twin[0], twin[1][0])):
        total = (all_states * wanted[0]).sum() + (final * wanted[1]).sum()
        results.append(torch.autograd.grad(total, [x, *layer.parameters()]))
    for ours, theirs in zip(*results, strict=True):
        scale = float(theirs.abs().max()) + 1e-3
        torch.testing.assert_close(ours, theirs, rtol=0, atol=GRADIENTS[dtype] * scale)


@every_cell
@every_dtype
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_layer_equals_torch(level, cell, dtype, ragged, reverse):
    for n_samples, n_steps, sizes in [
        (1, 1, (1, 1)),
        (3, 5, (1, 24)),
        (37, 3, (5, 50)),
        (150, 2, (4, 31)),
        (9, 4, (30, 130)),
    ]:
        options = {"ragged": ragged, "reverse": reverse, "seed": n_samples}
        compare_layer(cell, dtype, n_samples, n_steps, sizes, **options)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    cell=st.sampled_from(["lstm", "gru", "rnn", "relu"]),
    dtype=st.sampled_from(list(DTYPES)),
    n_samples=st.integers(1, 140),
    n_steps=st.integers(1, 12),
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 70)),
    ragged=st.booleans(),
    reverse=st.booleans(),
    seed=st.integers(0, 99),
)
def test_layers_of_any_size_equal_torch(
    cell, dtype, n_samples, n_steps, sizes, ragged, reverse, seed
):
    options = {"ragged": ragged, "reverse": reverse, "seed": seed}
    compare_layer(cell, dtype, n_samples, n_steps, sizes, **options)


@every_cell
@pytest.mark.parametrize("reverse", [False, True])
def test_gradients_are_those_of_differences(level, cell, reverse):
    layer = new(cell, 2, 3, torch.float64)
    x = torch.randn(4, 5, 2, generator=seeded(), dtype=torch.float64)
    lengths = torch.tensor([5, 0, 2, 4])
    weights = [w.detach().requires_grad_() for w in layer.parameters()]

    def run(x, *weights):
        twin = copy.deepcopy(layer)
        for name, weight in zip(layer._flat_weights_names, weights, strict=True):
            delattr(twin, name)
            setattr(twin, name, weight)
        states, end = run_kernel(twin, x, lengths, reverse=reverse)
        return states, end[0]

    assert torch.autograd.gradcheck(run, (x.requires_grad_(), *weights))


def test_memory_for_gradients_is_taken_only_where_they_are_wanted(monkeypatch):
    sizes = []

    class Record(kernel_layer._Record):
        def __init__(self, size):
            sizes.append(size)
            super().__init__(size)

    monkeypatch.setattr(kernel_layer, "_Record", Record)
    layer, x = new("lstm", 2, 3, torch.float32), torch.ones(4, 5, 2)
    states = run_kernel(layer, x, None)[0]
    assert len(sizes) == 1
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            assert torch.equal(run_kernel(layer, x, None)[0], states)
    assert len(sizes) == 1


def test_a_graph_can_be_gone_through_twice():
    layer = new("gru", 2, 8, torch.float32)
    x = torch.randn(20, 6, 2, generator=seeded())
    first = run_kernel(layer, x, None)[1][0].sum()
    once = torch.autograd.grad(first, layer.parameters(), retain_graph=True)
    run_kernel(layer, 3 * x, None)[1][0].sum().backward()
    twice = torch.autograd.grad(first, layer.parameters())
    for a, b in zip(once, twice, strict=True):
        assert torch.equal(a, b)


def test_a_transposed_input_is_read_right():
    layer = new("lstm", 3, 5, torch.float32)
    x = torch.randn(6, 3, 4, generator=seeded()).transpose(1, 2)
    assert not x.is_contiguous()
    ours, theirs = run_kernel(layer, x, None)[0], run_cell(layer, x)[0]
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


# -- the standard network --------------------------------------------------------------


def sequences(n_samples, kind, n_features=3, n_steps=7, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n_samples, n_steps, n_features)) * 3 + 1
    if kind == "ragged":
        return [row[: rng.integers(0, n_steps + 1)] for row in x[:-1]] + [x[-1]]
    return x.astype(kind)


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
]


def untrained(kind, options, X, y, **more):
    """An estimator with its first weights, which moved none."""
    model = kind(
        **{"hidden_size": 11, "random_state": 0, "max_epochs": 1} | options | more,
        early_stopping=False,
        learning_rate=1e-30,
        batch_size=None,
    )
    return model.fit(X, y)


def targets(kind, n_samples, name="several"):
    rng = np.random.default_rng(1)
    if kind is RNNRegressor:
        return rng.normal(size=(n_samples, 2)) * 5 + 2
    return rng.integers(0, 2 if name == "labels" else 4, size=(n_samples,))


@every_cell
@pytest.mark.parametrize(("kind", "options"), CASES, ids=str)
@pytest.mark.parametrize("layout", ["float32", "float64", "ragged"])
@pytest.mark.parametrize("n_samples", [5, 13, 150])  # the first by units as lanes
def test_gradients_equal_those_of_autograd(
    level, cell, kind, options, layout, n_samples
):
    if cell == "relu":
        options = options | {"nonlinearity": "relu"}
    options = options | {"cell": "rnn" if cell == "relu" else cell}
    X, y = sequences(n_samples, layout), targets(kind, n_samples)
    compare_step(untrained(kind, options, X, y), X, y)


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
    step = CompiledStep(network, ("squared_error", 0.0), 2)
    step.prepare(torch.optim.SGD(network.parameters()))
    _, outputs = step.gradients(x, lengths, target, None)
    ours = [w.grad.clone() for w in step.network.parameters()]
    predicted = step.network.outputs(x, lengths)
    step.network.close()

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
    for mine, weight in zip(ours, step.network.parameters(), strict=True):
        torch.testing.assert_close(mine, weight.grad, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("n_samples", [4, 40])
def test_the_gradient_of_a_maximum_goes_to_the_first_step_that_has_it(level, n_samples):
    X, y = np.zeros((n_samples, 5, 1)), targets(RNNRegressor, n_samples)
    model = untrained(RNNRegressor, {"cell": "rnn", "pooling": "max"}, X, y)
    step = CompiledStep(model.net_.module_, ("squared_error", 0.0), 1)
    step.prepare(model.net_.optimizer_)
    _, weight_hh, _, bias, *_ = step.network.parameters()
    with torch.no_grad():
        weight_hh.zero_()  # all states are equal then
        bias.fill_(1.0)
    target = torch.from_numpy(y).float()
    step.gradients(torch.from_numpy(X), None, target, None)
    step.network.close()
    assert float(bias.grad.abs().min()) > 0
    assert not weight_hh.grad.any()  # before the first step are zeros


def test_gradients_of_several_labels_equal_those_of_autograd(level):
    rng = np.random.default_rng(0)
    X, y = sequences(40, "float32"), rng.integers(0, 2, size=(40, 3))
    for smoothing in (0.0, 0.3):
        options = {"label_smoothing": smoothing}
        compare_step(untrained(RNNClassifier, options, X, y), X, y)


def compare_step(model, X, y):
    net = model.net_
    network = net.module_.train()
    source = as_source(X)
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
    step = CompiledStep(network, net.criterion_.compiled, 2)
    try:
        step.prepare(net.optimizer_)
        loss, outputs = step.gradients(x, lengths, target, weight)
        ours = [w.grad.clone() for w in step.network.parameters()]
    finally:
        step.network.close()
    network.zero_grad()
    parameters = network(x, lengths)
    expected = net.criterion_(parameters, target, weight)
    expected.backward()
    tolerance = DTYPES[dtype]
    assert loss == pytest.approx(expected.item(), rel=GRADIENTS[dtype])
    torch.testing.assert_close(
        outputs, parameters[..., 0].detach(), rtol=0, atol=2 * tolerance
    )
    for mine, weight in zip(ours, step.network.parameters(), strict=True):
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


# -- penalty, clipping and Adam --------------------------------------------------------


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
    step = CompiledStep(network, ("squared_error", 0.0), 1)
    step.prepare(ours)
    weights = step.network.parameters()
    twins = [w.detach().clone().requires_grad_() for w in weights]
    theirs = kind(twins, lr=0.01, **options)
    generator = seeded()
    for _ in range(7):
        for weight, twin in zip(weights, twins, strict=True):
            noise = torch.randn(weight.shape, generator=generator)
            weight.grad.copy_(noise)
            twin.grad = weight.grad.clone()
        step.update()
        theirs.step()
    step.network.close()
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
    step = CompiledStep(model.net_.module_, ("squared_error", 0.0), 1)
    step.prepare(model.net_.optimizer_)
    weights = step.network.parameters()
    for weight in weights:
        weight.grad.copy_(torch.randn(weight.shape, generator=seeded()))
    twins = [w.grad.clone() for w in weights]
    norm = step.clip(0.5, 0.8, 1.5)
    for weight, twin in zip(weights, twins, strict=True):
        if weight.ndim > 1:
            twin += 0.5 * weight.data.sign()
        twin.clamp_(-0.8, 0.8)
    expected = torch.cat([twin.flatten() for twin in twins]).norm()
    assert norm == pytest.approx(float(expected), rel=1e-6)
    for weight, twin in zip(weights, twins, strict=True):
        torch.testing.assert_close(weight.grad, twin * 1.5 / (expected + 1e-6))
    assert step.clip(0, None, None) == pytest.approx(1.5)
    step.network.close()


# -- whole fits ------------------------------------------------------------------------

SCRIPT = """
import numpy as np, sys
from skrnn import RNNRegressor
from skrnn._kernels.library import library
assert (library() is None) == (sys.argv[1] == "0")
X = np.random.default_rng(0).normal(size=(90, 6, 2))
model = RNNRegressor("gru", 9, max_epochs=5, random_state=0, dtype="float64")
model.fit(X, X.sum((1, 2)))
print(*model.predict(X).tolist())
"""


def test_torch_serves_where_there_are_no_kernels():
    results = []
    for switch in "01":
        shown = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", SCRIPT, switch],
            env={"PATH": "", "SKRNN_KERNELS": switch},
            capture_output=True,
            text=True,
            check=True,
        )
        results.append(np.array(shown.stdout.split(), float))
    assert_allclose(*results, rtol=1e-9)


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
        )
        predicted = model.fit(X, y).predict(X)
        assert torch.get_num_threads() == n_threads
    finally:
        torch.set_num_threads(before)
    return predicted, model


@pytest.mark.parametrize("batch_size", [7, 64, None])
@pytest.mark.parametrize(
    "options",
    [
        {"pooling": "attention", "hidden_size": 20},
        {"pooling": "mean"},
        {"pooling": "max", "num_layers": 2},
        {"pooling": "mixed", "num_layers": 2},
        {},
    ],
)
def test_the_number_of_threads_changes_no_bit(batch_size, options):
    options = {"hidden_size": 130} | options
    results = [fitted(n, batch_size, **options)[0] for n in (1, 2, 3, 9)]
    for other in results[1:]:
        assert_array_equal(results[0], other)


def test_fits_in_threads_of_the_user_change_no_bit():
    expected, results = fitted(2, 32)[0], []

    def work():
        results.append(fitted(2, 32)[0])

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    for result in results:
        assert_array_equal(result, expected)


def test_predictions_in_threads_of_the_user_do_not_disturb_each_other():
    expected, model = fitted(2, 32)
    X, wrong = sequences(300, "float32"), []

    def work():
        for i in range(30):
            rows = slice(i, 300 - i)
            if not np.array_equal(model.predict(X[rows]), expected[rows]):
                wrong.append(i)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_denormal_numbers_stay_the_users():
    fitted(2, 32)
    least = torch.full((1,), torch.finfo(torch.float64).tiny, dtype=torch.float64)
    assert float(least / 2) > 0
    assert np.finfo(np.float64).tiny / 2 > 0


def test_the_net_can_be_copied_in_the_midst_of_a_training():
    copies = []

    class Copy(Callback):
        def on_batch_end(self, net, batch=None, training=False, **kwargs):
            assert compiled_twin(net.module_) is not None
            copies.append(copy.deepcopy(net.module_))

    fitted(1, 100, callbacks=[Copy()])
    assert compiled_twin(copies[-1]) is None
    x = torch.zeros(2, 7, 3)
    with torch.no_grad():
        assert copies[-1].eval()(x).shape == (2, 2, 1)


# -- predictions that do not depend on each other --------------------------------------

OPTIONS = [
    {},
    {"num_layers": 3, "dropout": 0.2},
    {"bidirectional": True},
    {"pooling": "mean"},
    {"pooling": "max", "num_layers": 2},
    {"pooling": "mixed", "num_layers": 2},
    {"pooling": "max", "residual": True, "num_layers": 2},
    {"pooling": "attention"},
    {"pooling": "attention", "bidirectional": True, "norm": "layer"},
    {"norm": "layer", "num_layers": 2},
    {"norm": "batch"},
    {"tbptt_steps": 3, "pooling": "attention"},
    {"tbptt_steps": 3},
    {"instance_norm": "standard"},
    {"instance_norm": "last"},
    {"dtype": "float64", "pooling": "mean"},
    {"missing": "indicator"},
    {"segment_length": 4},
    {"segment_length": 3, "instance_norm": "last", "pooling": "mean"},
    {"decoder": "parallel"},
    {"decoder": "parallel", "segment_length": 1, "loss": "gaussian"},
    {"loss": "student_t"},
    {"loss": "quantile"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("kind", ["float32", "ragged"])
def test_the_bits_of_a_prediction_do_not_depend_on_other_rows(options, cell, kind):
    X, y = sequences(120, kind, n_steps=11), targets(RNNRegressor, 120)
    model = RNNRegressor(cell, 13, max_epochs=1, random_state=0, **options)
    whole = model.fit(X, y).predict(X)
    for rows in (slice(0, 1), slice(17, 18), slice(5, 37), slice(50, 120)):
        assert_array_equal(model.predict(X[rows]), whole[rows])
    order = np.random.default_rng(0).permutation(120)
    mixed = [X[i] for i in order] if kind == "ragged" else X[order]
    assert_array_equal(model.predict(mixed), whole[order])


def test_the_bits_of_a_probability_do_not_depend_on_other_rows():
    X, y = sequences(120, "float32"), targets(RNNClassifier, 120)
    model = RNNClassifier(hidden_size=13, max_epochs=2, random_state=0).fit(X, y)
    whole = model.predict_proba(X)
    for i in (0, 3, 77, 119):
        assert_array_equal(model.predict_proba(X[i : i + 1])[0], whole[i])


@every_dtype
def test_products_and_sums_row_by_row(dtype):
    layer = nn.Linear(37, 29).to(dtype)
    x = torch.randn(70, 5, 37, generator=seeded()).to(dtype)
    lengths = torch.randint(0, 6, (70,), generator=seeded())
    factors = torch.rand(70, 5, 1, generator=seeded()).to(dtype)
    factors *= (torch.arange(5) < lengths[:, None])[:, :, None]
    with torch.no_grad():
        results = [linear(layer, x), sum_over_steps(x, None, lengths)]
        results += [sum_over_steps(x, factors, lengths), sum_over_steps(x, None, None)]
    expected = [linear(layer, x), sum_over_steps(x, None, lengths)]
    expected += [sum_over_steps(x, factors, lengths), sum_over_steps(x, None, None)]
    assert expected[0].requires_grad
    for ours, theirs in zip(results, expected, strict=True):
        torch.testing.assert_close(
            ours, theirs.detach(), rtol=0, atol=10 * DTYPES[dtype]
        )


def test_sequences_of_no_step_and_of_many():
    X, y = sequences(40, "float32", n_steps=6), targets(RNNRegressor, 40)
    model = RNNRegressor("gru", 8, max_epochs=2, random_state=0).fit(X, y)
    empty = model.predict([np.empty((0, 3)), np.empty((0, 3))])
    assert np.isfinite(empty).all()
    assert_array_equal(empty[0], empty[1])
    long = model.predict(np.tile(X, (1, 300, 1)))
    assert long.shape == (40, 2)
    assert np.isfinite(long).all()


def test_a_network_that_is_not_standard_has_no_compiled_twin():
    X, y = sequences(30, "float32"), targets(RNNRegressor, 30)
    for options in (
        {"pooling": "attention"},
        {"pooling": "max", "bidirectional": True},
        {"norm": "layer"},
    ):
        model = RNNRegressor(hidden_size=4, max_epochs=1, **options).fit(X, y)
        assert not is_standard(model.net_.module_)
    network = RNNRegressor(hidden_size=4, max_epochs=1).fit(X, y).net_.module_
    assert is_standard(network)
    assert compiled_twin(network) is None
    twin = CompiledNetwork(network, 1)
    twin.close()
    twin.close()


def test_reversed_sequences_are_what_the_kernel_reads():
    layer = new("gru", 3, 5, torch.float64)
    x = torch.randn(6, 4, 3, generator=seeded(), dtype=torch.float64)
    lengths = torch.tensor([4, 1, 3, 2, 4, 1])
    states, _ = run_kernel(layer, x, lengths, reverse=True)
    mirrored, _ = run_cell(layer, reverse_sequences(x, lengths))
    expected = reverse_sequences(mirrored, lengths)
    present = torch.arange(4) < lengths[:, None]
    torch.testing.assert_close(states[present], expected[present], rtol=0, atol=1e-12)
