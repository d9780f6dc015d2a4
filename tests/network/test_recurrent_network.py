"""The network against torch's own layers, NumPy twins and finite differences."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from skrnn._network.dropout import SeededDropout
from skrnn._network.recurrent_network import RecurrentNetwork
from skrnn._network.stack import RecurrentStack, reverse_sequences
from skrnn._preprocessing.scaling import Scaling
from skrnn._targets.heads import Point

TORCH = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
every_cell = pytest.mark.parametrize("cell", list(TORCH))
N, L, F, H = 5, 7, 3, 4
LENGTHS = torch.tensor([7, 1, 4, 6, 2])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def new_stack(cell, num_layers=1, bidirectional=False, dtype=torch.float64):
    stack = RecurrentStack(
        cell,
        F,
        H,
        num_layers=num_layers,
        bidirectional=bidirectional,
        dropout=0.0,
        generator=seeded(),
    )
    return stack.to(dtype)


def torch_twin(stack, cell, num_layers, bidirectional, dtype):
    twin = TORCH[cell](
        F, H, num_layers, bidirectional=bidirectional, batch_first=True, dtype=dtype
    )
    with torch.no_grad():
        for i, layer in enumerate(stack.layers):
            for direction, suffix in zip(
                layer.directions, ("", "_reverse"), strict=False
            ):
                for name, value in direction.named_parameters():
                    getattr(twin, name.replace("l0", f"l{i}{suffix}")).copy_(value)
    return twin


def new_network(pooling="last", dtype=torch.float64, **options):
    options = {
        "cell": "gru",
        "hidden_size": H,
        "num_layers": 1,
        "bidirectional": False,
        "dropout": 0.0,
        "generator": seeded(),
    } | options
    scaling = Scaling(F, 2, instance_norm=None, indicator=False)
    return RecurrentNetwork(
        scaling, Point(), n_targets=2, pooling=pooling, dtype=dtype, **options
    )


@every_cell
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6)]
)
def test_stack_equals_torch(cell, num_layers, bidirectional, dtype, tolerance):
    stack = new_stack(cell, num_layers, bidirectional, dtype)
    twin = torch_twin(stack, cell, num_layers, bidirectional, dtype)
    x = torch.randn(N, L, F, generator=seeded(1), dtype=dtype)
    states, final, _ = stack(x, None)
    expected, last = twin(x)
    last = (last[0] if cell == "lstm" else last)[-2 if bidirectional else -1 :]
    torch.testing.assert_close(states, expected, rtol=0, atol=tolerance)
    torch.testing.assert_close(final, torch.cat(list(last), 1), rtol=0, atol=tolerance)


@every_cell
@pytest.mark.parametrize("bidirectional", [False, True])
def test_ragged_equals_torch_packed(cell, bidirectional):
    stack = new_stack(cell, 2, bidirectional)
    twin = torch_twin(stack, cell, 2, bidirectional, torch.float64)
    x = torch.randn(N, L, F, generator=seeded(1), dtype=torch.float64)
    packed = nn.utils.rnn.pack_padded_sequence(
        x, LENGTHS, batch_first=True, enforce_sorted=False
    )
    expected, last = twin(packed)
    expected, _ = nn.utils.rnn.pad_packed_sequence(expected, batch_first=True)
    last = (last[0] if cell == "lstm" else last)[-2 if bidirectional else -1 :]
    states, final, _ = stack(x, LENGTHS)
    present = torch.arange(L) < LENGTHS[:, None]
    torch.testing.assert_close(states[present], expected[present], rtol=0, atol=1e-12)
    torch.testing.assert_close(final, torch.cat(list(last), 1), rtol=0, atol=1e-12)


def numpy_cell(cell, layer, x):
    """Run one cell over one sequence (L, F), a step and a gate at a time."""
    w, u, b, c = (
        p.detach().numpy()
        for p in (
            layer.weight_ih_l0,
            layer.weight_hh_l0,
            layer.bias_ih_l0,
            layer.bias_hh_l0,
        )
    )
    h, memory = np.zeros(H), np.zeros(H)
    for step in x:
        a, r = w @ step + b, u @ h + c
        if cell == "rnn":
            h = np.tanh(a + r)
            continue
        gates = [(a[i : i + H], r[i : i + H]) for i in range(0, len(a), H)]
        sigmoid = [1 / (1 + np.exp(-(p + q))) for p, q in gates]
        if cell == "gru":
            new = np.tanh(gates[2][0] + sigmoid[0] * gates[2][1])
            h = (1 - sigmoid[1]) * new + sigmoid[1] * h
        else:
            memory = sigmoid[1] * memory + sigmoid[0] * np.tanh(sum(gates[2]))
            h = sigmoid[3] * np.tanh(memory)
    return h


@every_cell
def test_cells_equal_a_plain_loop(cell):
    stack = new_stack(cell)
    x = torch.randn(N, L, F, generator=seeded(1), dtype=torch.float64)
    final = stack(x, LENGTHS)[1].detach().numpy()
    layer = stack.layers[0].directions[0]
    for i, length in enumerate(LENGTHS):
        expected = numpy_cell(cell, layer, x[i, :length].numpy())
        assert_allclose(final[i], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "mixed", "attention"])
def test_pooling(pooling):
    network = new_network(pooling)
    lengths = torch.tensor([7, 1, 4, 0, 2])
    states = torch.randn(N, L, H, generator=seeded(2), dtype=torch.float64)
    pooled = network.pool(states, states[:, 0] * (lengths > 0)[:, None], lengths)
    for i, length in enumerate(lengths):
        seen = states[i, :length].numpy()
        if length == 0:
            expected = np.zeros(H)
        elif pooling == "last":
            expected = states[i, 0]
        elif pooling == "mixed":
            half = H // 2
            expected = np.r_[states[i, 0, :half], seen[:, half:].max(axis=0)]
        elif pooling == "attention":
            project, score = network.pool.project, network.pool.score
            energy = np.tanh(seen @ project.weight.detach().numpy().T)
            energy = np.exp(energy @ score.weight.detach().numpy().T)
            expected = (energy / energy.sum() * seen).sum(axis=0)
        else:
            expected = getattr(seen, pooling)(axis=0)
        assert_allclose(pooled[i].detach(), expected, rtol=0, atol=1e-12)


@every_cell
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "mixed", "attention"])
def test_padding_is_never_seen(cell, pooling):
    results = []
    for filler in (0.0, 1e6):
        network = new_network(pooling, cell=cell, bidirectional=True, num_layers=2)
        x = torch.randn(N, L, F, generator=seeded(1), dtype=torch.float64)
        lengths = torch.tensor([7, 1, 4, 0, 2])
        x[torch.arange(L) >= lengths[:, None]] = filler
        out = network(x, lengths)
        out.square().sum().backward()
        grads = [p.grad.clone() for p in network.parameters()]
        results.append([out.detach(), *grads])
    for first, second in zip(*results, strict=True):
        torch.testing.assert_close(first, second, rtol=0, atol=1e-12)


@every_cell
@pytest.mark.parametrize("pooling", ["last", "mean", "attention"])
def test_gradients(cell, pooling):
    network = new_network(pooling, cell=cell, bidirectional=True)
    x = torch.randn(3, 4, F, generator=seeded(1), dtype=torch.float64)
    x.requires_grad_()
    lengths = torch.tensor([4, 2, 0])
    names, values = zip(*network.named_parameters(), strict=True)

    def run(x, *values):
        weights = dict(zip(names, values, strict=True))
        return torch.func.functional_call(network, weights, (x, lengths))

    assert torch.autograd.gradcheck(run, (x, *values))


@every_cell
def test_initial_weights(cell):
    state = torch.get_rng_state()
    stack, again = new_stack(cell), new_stack(cell)
    assert torch.equal(state, torch.get_rng_state())
    for first, second in zip(stack.parameters(), again.parameters(), strict=True):
        assert torch.equal(first, second)
    layer = stack.layers[0].directions[0]
    for gate in layer.weight_hh_l0.split(H):
        torch.testing.assert_close(
            gate @ gate.T, torch.eye(H, dtype=gate.dtype), rtol=0, atol=1e-6
        )
    bias = layer.bias_ih_l0 + layer.bias_hh_l0
    expected = torch.zeros_like(bias)
    if cell == "lstm":
        expected[H : 2 * H] = 1
    assert torch.equal(bias, expected)


def test_dropout():
    dropout = SeededDropout(0.3, seeded())
    state = torch.get_rng_state()
    x = torch.ones(200, 50, 10)
    out = dropout(x)
    assert torch.equal(state, torch.get_rng_state())
    assert_allclose((out == 0).float().mean(), 0.3, atol=0.01)
    assert_allclose(out[out != 0].unique(), [1 / 0.7], rtol=1e-6)
    assert torch.equal(dropout.eval()(x), x)


def test_scaling_keeps_the_digits_of_large_numbers():
    network = new_network(dtype=torch.float32)
    x = 1.7e9 + torch.randn(N, L, F, generator=seeded(1), dtype=torch.float64)
    network.scaling.set_moments("x", np.full(F, 1.7e9), np.ones(F))
    near = new_network(dtype=torch.float32)
    torch.testing.assert_close(network(x), near(x - 1.7e9), rtol=0, atol=1e-6)


def test_reverse_sequences():
    x = torch.arange(1, 9.0).reshape(2, 4, 1)
    reversed_ = reverse_sequences(x, torch.tensor([2, 4]))[:, :, 0]
    assert reversed_[0, :2].tolist() == [2, 1]
    assert reversed_[1].tolist() == [8, 7, 6, 5]
    assert torch.equal(reverse_sequences(x, None), x.flip(1))


@every_cell
def test_each_direction_ends_with_its_own_final_state(cell):
    stack = new_stack(cell, bidirectional=True)
    x = torch.randn(N, L, F, generator=seeded(1), dtype=torch.float64)
    final = stack(x, LENGTHS)[1].detach().numpy()
    forward, backward = stack.layers[0].directions
    for i, length in enumerate(LENGTHS):
        steps = x[i, :length].numpy()
        assert_allclose(final[i, :H], numpy_cell(cell, forward, steps), atol=1e-12)
        assert_allclose(
            final[i, H:], numpy_cell(cell, backward, steps[::-1]), atol=1e-12
        )


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "mixed", "attention"])
def test_no_step_is_the_zero_state(pooling):
    network = new_network(pooling, bidirectional=True)
    nn.init.normal_(network.head.bias, generator=seeded(3))
    x = torch.randn(3, L, F, generator=seeded(1), dtype=torch.float64)
    out = network(x, torch.tensor([2, 0, 7]))
    assert torch.equal(out[1, :, 0], network.head.bias)
    assert not torch.equal(out[0, :, 0], network.head.bias)
    none = network(x[:, :0], torch.zeros(3, dtype=torch.int64))
    assert torch.equal(none[:, :, 0], network.head.bias.expand(3, 2))


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "mixed", "attention"])
def test_padding_has_no_gradient(pooling):
    network = new_network(pooling, cell="lstm", bidirectional=True, num_layers=2)
    x = torch.randn(N, L, F, generator=seeded(1), dtype=torch.float64)
    absent = torch.arange(L) >= LENGTHS[:, None]
    x[absent] = 1e300
    x.requires_grad_()
    network(x, LENGTHS).square().sum().backward()
    assert not x.grad[absent].any()
    assert x.grad[~absent].any(dim=1).all() or pooling == "max"
    assert x.grad[~absent].isfinite().all()


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "mixed", "attention"])
def test_whole_sequences_need_no_lengths(pooling):
    network = new_network(pooling, bidirectional=True)
    x = torch.randn(N, L, F, generator=seeded(1), dtype=torch.float64)
    torch.testing.assert_close(
        network(x), network(x, torch.full((N,), L)), rtol=0, atol=1e-14
    )


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gradients_of_the_maximum(cell):
    network = new_network("max", cell=cell, num_layers=2)
    x = torch.randn(3, 4, F, generator=seeded(1), dtype=torch.float64)
    lengths = torch.tensor([4, 2, 0])
    x.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: network(x, lengths), (x,))


def test_attention_uses_its_biases():
    network = new_network("attention")
    project, score = network.pool.project, network.pool.score
    nn.init.normal_(project.bias, generator=seeded(4))
    states = torch.randn(N, L, H, generator=seeded(2), dtype=torch.float64)
    pooled = network.pool(states, states[:, 0], LENGTHS).detach().numpy()
    w, b, v = (p.detach().numpy() for p in (project.weight, project.bias, score.weight))
    for i, length in enumerate(LENGTHS):
        seen = states[i, :length].numpy()
        energy = np.exp(np.tanh(seen @ w.T + b) @ v[0])
        assert_allclose(pooled[i], energy @ seen / energy.sum(), rtol=0, atol=1e-12)


@every_cell
def test_network_depends_on_its_generator_alone(cell):
    state = torch.get_rng_state()
    x = torch.randn(N, L, F, generator=seeded(1), dtype=torch.float64)
    options = {"cell": cell, "dropout": 0.5, "num_layers": 2, "bidirectional": True}
    outputs = []
    for seed in (0, 0, 1):
        network = new_network("attention", generator=seeded(seed), **options)
        first, second = network(x, LENGTHS), network(x, LENGTHS)
        assert not torch.equal(first, second)
        outputs.append(torch.cat([first, second]))
        network.eval()
        assert torch.equal(network(x, LENGTHS), network(x, LENGTHS))
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])
    assert torch.equal(state, torch.get_rng_state())


def test_dropout_treats_every_element_alike():
    x = torch.ones(4000, 3, 2, dtype=torch.float64, requires_grad=True)
    out = SeededDropout(0.25, seeded())(x)
    assert_allclose(out.mean(dim=0).detach(), np.ones((3, 2)), atol=0.06)
    covariance = torch.cov(out.detach().reshape(4000, 6).T)
    assert_allclose(covariance, np.eye(6) * 0.25 / 0.75, atol=0.04)
    out.sum().backward()
    assert torch.equal(x.grad, out.detach())
    assert SeededDropout(0.0, seeded())(x) is x
