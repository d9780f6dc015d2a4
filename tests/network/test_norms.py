"""Normalisation against torch's own and by hand."""

import math

import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from skrnn._network.norms import Repeats
from tests.network.support import (
    LENGTHS,
    F,
    H,
    L,
    N,
    close,
    every_cell,
    is_present,
    new_layer,
    new_stack,
    torch_layer,
    torch_states,
)
from tests.support import normal, shake


@every_cell
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_layer_norm_equals_torch(cell, bidirectional, lengths):
    layer = new_layer(cell, bidirectional, norm="layer")
    twin_norm = nn.LayerNorm(layer.output_size, dtype=torch.float64)
    with torch.no_grad():
        twin_norm.weight.copy_(layer.norm.weight)
        twin_norm.bias.copy_(layer.norm.bias)
    x = normal(N, L, F)
    states, final, _ = layer(x, lengths, [None, None])
    raw, last = torch_states(torch_layer(layer, cell), x, lengths)
    for i in range(N):
        for t in range(L if lengths is None else int(lengths[i])):
            close(states[i, t], twin_norm(raw[i, t]), rtol=0, atol=1e-12)
        close(final[i], twin_norm(last[i]), rtol=0, atol=1e-12)


def test_layer_norm_by_hand():
    layer = new_layer("gru", norm="layer")
    x = normal(N, L, F)
    states, final, end = layer(x, None, [None])
    raw, last = torch_states(torch_layer(layer, "gru"), x, None)
    weight, bias = (p.detach().numpy() for p in layer.norm.parameters())
    for i in range(N):
        own = raw[i, 3].detach().numpy()
        deviation = math.sqrt(((own - own.mean()) ** 2).mean() + 1e-5)
        expected = (own - own.mean()) / deviation * weight + bias
        assert_allclose(states[i, 3].detach(), expected, rtol=0, atol=1e-12)
    close(states[:, -1], final, rtol=0, atol=1e-14)
    # The state that goes on is that of the cell.
    close(end[0], last, rtol=0, atol=1e-12)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(
    "lengths", [None, LENGTHS, torch.tensor([3, 0, 7, 1, 0])], ids=str
)
def test_batch_norm_equals_torch(bidirectional, lengths):
    layer = new_layer("gru", bidirectional, norm="batch")
    plain = new_layer("gru", bidirectional)
    plain.directions.load_state_dict(layer.directions.state_dict())
    twin = nn.BatchNorm1d(layer.output_size, dtype=torch.float64)
    with torch.no_grad():
        twin.weight.copy_(layer.norm.weight)
        twin.bias.copy_(layer.norm.bias)
    present = is_present(lengths)

    def compare(seed):
        x = normal(N, L, F, seed=seed)
        mine = x.clone().requires_grad_()
        theirs = x.clone().requires_grad_()
        states, final, _ = layer(mine, lengths, [None, None])
        raw, _, _ = plain(theirs, lengths, [None, None])
        expected = torch.zeros(raw.shape, dtype=torch.float64)
        expected[present] = twin(raw[present])
        close(states[present], expected[present], rtol=0, atol=1e-10)
        for i in range(N):
            length = L if lengths is None else int(lengths[i])
            if length == 0:
                continue
            last = [expected[i, length - 1, :H]]
            if bidirectional:
                last.append(expected[i, 0, H:])
            close(final[i], torch.cat(last), rtol=0, atol=1e-10)
        weight = normal(*raw.shape, seed=99)
        (states * weight)[present].sum().backward()
        (expected * weight)[present].sum().backward()
        close(mine.grad, theirs.grad, rtol=0, atol=1e-9)
        close(layer.norm.running_mean, twin.running_mean, rtol=1e-12, atol=1e-12)
        close(layer.norm.running_var, twin.running_var, rtol=1e-12, atol=1e-12)

    for seed in range(4):
        compare(seed)
    layer.eval()
    twin.eval()
    before = layer.norm.running_mean.clone()
    compare(5)
    assert torch.equal(layer.norm.running_mean, before)


@pytest.mark.parametrize("lengths", [[0, 0, 0, 0, 0], [0, 1, 0, 0, 0]])
def test_batch_norm_of_next_to_nothing(lengths):
    layer = new_layer("gru", norm="batch")
    lengths = torch.tensor(lengths)
    x = normal(N, L, F).requires_grad_()
    states, final, _ = layer(x, lengths, [None])
    assert states.isfinite().all()
    if lengths.any():  # one step is its own mean, and has no deviation
        close(final[1], layer.norm.bias, rtol=0, atol=1e-12)
        raw, _ = torch_states(torch_layer(layer, "gru"), x, None)
        close(layer.norm.running_mean, 0.1 * raw[1, 0], rtol=0, atol=1e-12)
        close(layer.norm.running_var, torch.full((H,), 0.9).double())
    else:
        assert torch.equal(layer.norm.running_mean, torch.zeros(H).double())
        assert torch.equal(layer.norm.running_var, torch.ones(H).double())
    states.sum().backward()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(
    "lengths", [None, LENGTHS, torch.tensor([3, 0, 7, 1, 0])], ids=str
)
@pytest.mark.parametrize("times", [[1, 3, 0, 2, 1], [2, 0, 1, 0, 0]], ids=str)
def test_weights_of_batch_norm_are_repetitions(bidirectional, lengths, times):
    stack, twin = (
        shake(new_stack("gru", 2, bidirectional, norm="batch", residual=True)).train()
        for _ in range(2)
    )
    times = torch.tensor(times)
    repeats = Repeats.of(times.double(), lengths, L, normal(1))
    again = torch.repeat_interleave(torch.arange(N), times)
    for seed in range(3):
        x = normal(N, L, F, seed=seed)
        mine, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
        states, final, _ = stack(mine, lengths, repeats=repeats)
        few = None if lengths is None else lengths[again]
        expected, last, _ = twin(theirs[again], few)
        present = torch.arange(L) < (L if few is None else few[:, None])
        present = present.expand(len(again), L)
        close(states[again][present], expected[present], rtol=0, atol=1e-11)
        close(final[again], last, rtol=0, atol=1e-11)
        weight = normal(*states.shape, seed=99)
        (states * weight)[again][present].sum().backward()
        (expected * weight[again])[present].sum().backward()
        close(mine.grad, theirs.grad, rtol=0, atol=1e-10)
    for one, other in zip(stack.layers, twin.layers, strict=True):
        close(one.norm.running_mean, other.norm.running_mean, rtol=1e-12, atol=1e-12)
        close(one.norm.running_var, other.norm.running_var, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", [1e-300, 1e-3, 1.0, 1e300])
def test_batch_norm_of_weights_of_any_size(size):
    x, layer = normal(N, L, F).float(), new_layer("gru", norm="batch").float()
    weight = torch.full((N,), size / N / L, dtype=torch.float64)
    repeats = Repeats.of(weight, None, L, x)
    assert repeats.count == pytest.approx(size)
    states, _, _ = layer(x, None, [None], repeats=repeats)
    close(states.mean((0, 1)), layer.norm.bias.detach(), rtol=0, atol=1e-6)
    # Up to one whole step the variance is what it is, since none is unbiased.
    raw = torch_states(torch_layer(layer, "gru").float(), x, None)[0]
    variance = raw.reshape(-1, H).var(0, correction=0)
    close(layer.norm.running_var, 0.9 + 0.1 * variance)
    assert Repeats.of(weight, torch.zeros(N), L, x) is None


@pytest.mark.parametrize("weight", [1e60, 1e300])
def test_the_weight_of_a_sequence_without_a_step_does_not_count(weight):
    weight = torch.tensor([1.0, weight, 1.0], dtype=torch.float64)
    repeats = Repeats.of(weight, torch.tensor([1, 0, 2]), 2, torch.ones(1))
    assert repeats.count == 3
    close(repeats.share, torch.tensor([1 / 3, 0, 1 / 3]))


def test_frozen_batch_norm_keeps_its_moments():
    layer = new_layer("gru", norm="batch")
    for seed in range(3):
        layer(normal(N, L, F, seed=seed), LENGTHS, [None])
    layer.requires_grad_(False)
    mean, variance = layer.norm.running_mean.clone(), layer.norm.running_var.clone()
    x = normal(N, L, F, seed=8)
    states, _, _ = layer.train()(x, LENGTHS, [None])
    assert torch.equal(layer.norm.running_mean, mean)
    assert torch.equal(layer.norm.running_var, variance)
    raw, _ = torch_states(torch_layer(layer, "gru"), x, None)
    twin = nn.BatchNorm1d(H, dtype=torch.float64).eval()
    twin.load_state_dict(layer.norm.state_dict())
    expected = twin(raw.reshape(-1, H)).reshape(N, L, H)
    present = torch.arange(L) < LENGTHS[:, None]
    close(states[present], expected[present], rtol=0, atol=1e-12)
