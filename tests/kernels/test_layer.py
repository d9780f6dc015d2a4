"""A recurrent layer in compiled code against torch's own cells and differences."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skrnn._kernels import layer as kernel_layer
from skrnn._kernels.layer import run_kernel
from skrnn._network.cells import run_cell
from skrnn._network.stack import reverse_sequences
from tests.instruction_levels import needs_kernels
from tests.kernels.support import DTYPES, GRADIENTS, every_cell, every_dtype, new
from tests.support import seeded

pytestmark = needs_kernels


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


def test_reversed_sequences_are_what_the_kernel_reads():
    layer = new("gru", 3, 5, torch.float64)
    x = torch.randn(6, 4, 3, generator=seeded(), dtype=torch.float64)
    lengths = torch.tensor([4, 1, 3, 2, 4, 1])
    states, _ = run_kernel(layer, x, lengths, reverse=True)
    mirrored, _ = run_cell(layer, reverse_sequences(x, lengths))
    expected = reverse_sequences(mirrored, lengths)
    present = torch.arange(4) < lengths[:, None]
    torch.testing.assert_close(states[present], expected[present], rtol=0, atol=1e-12)
