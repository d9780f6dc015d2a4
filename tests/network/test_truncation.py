"""Truncated back-propagation against explicit loops and finite differences."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

import skrnn._network.truncation
from skrnn._preprocessing.baseline import Baseline
from skrnn._preprocessing.scaling import Scaling
from tests.network.support import (
    LENGTHS,
    F,
    L,
    N,
    assert_gradient,
    close,
    copy_of_generator,
    every_cell,
    every_pooling,
    factors,
    first_steps,
    new_network,
    truth,
    twin_output,
)
from tests.support import normal


@pytest.mark.parametrize(
    ("length", "size", "expected"),
    [(7, 3, {0, 1, 4}), (6, 3, {0, 3}), (5, 1, {0, 1, 2, 3, 4}), (4, 9, {0})],
)
def test_parts_are_counted_from_the_end(length, size, expected):
    assert first_steps(length, size) == expected
    assert (length - 1) % size + 1 in expected | {length}


@every_cell
@every_pooling
@pytest.mark.parametrize("lengths", [None, torch.tensor([7, 1, 4, 0, 2])])
def test_values_of_truncated_networks(cell, pooling, lengths):
    network = new_network(pooling, cell=cell, num_layers=2, residual=True, norm="layer")
    x = normal(N, L, F)
    whole = network(x, lengths)
    close(whole, twin_output(network, cell, x, lengths), rtol=0, atol=1e-12)
    for size in (1, 2, 3, 6, 7, 20):
        network.tbptt_steps = size
        close(network(x, lengths), whole, rtol=0, atol=1e-12)
        with torch.no_grad():
            close(network(x, lengths), whole, rtol=0, atol=1e-12)


@every_cell
@every_pooling
@pytest.mark.parametrize("lengths", [None, torch.tensor([7, 1, 4, 0, 2])])
def test_gradients_of_truncated_networks(cell, pooling, lengths):
    network = new_network(pooling, cell=cell, num_layers=2, residual=True, norm="layer")
    x, different = normal(N, L, F), 0
    whole = truth(network, x, lengths, cell)
    for size in (1, 3, 6):
        network.tbptt_steps = size
        expected = truth(network, x, lengths, cell)
        network(x, lengths).square().sum().backward()
        for name, parameter in network.named_parameters():
            assert_gradient(parameter, expected[name])
            if "weight_hh" in name:
                different += not torch.allclose(parameter.grad, whole[name])
    assert different >= 4  # or nothing was truncated


@every_pooling
@pytest.mark.parametrize("num_layers", [1, 3])
def test_gradients_of_plain_truncated_stacks(pooling, num_layers):
    network = new_network(pooling, num_layers=num_layers)
    x = normal(N, L, F)
    for size in (2, 4):
        network.tbptt_steps = size
        expected = truth(network, x, LENGTHS)
        network(x, LENGTHS).square().sum().backward()
        for name, parameter in network.named_parameters():
            assert_gradient(parameter, expected[name])


@every_pooling
@pytest.mark.parametrize("kind", ["last", "standard"])
def test_windows_are_normalised_as_a_whole(pooling, kind):
    scaling = Scaling(F, 2, instance_norm=kind, indicator=True)
    baseline = Baseline(2, has_level=True)
    network = new_network(pooling, scaling=scaling, baseline=baseline)
    x = 3 + normal(N, L, F)
    x[0, 5, 1] = x[2, 0, 0] = math.nan
    values = [network(x, LENGTHS)]
    forecasts = [network.predict(x, LENGTHS)]
    network.tbptt_steps = 2
    close(network(x, LENGTHS), values[0], rtol=0, atol=1e-12)
    close(network.predict(x, LENGTHS), forecasts[0], rtol=0, atol=1e-12)


def noisy_network(pooling, **options):
    options = {
        "num_layers": 2,
        "dropout": 0.3,
        "recurrent_dropout": 0.2,
        "input_noise": 0.5,
        "tbptt_steps": 3,
    } | options
    return new_network(pooling, **options)


def plain_call(function, weights, *arguments):
    # Copied, since torch's cells keep them, and their memory is written to anew.
    return function(*(tensor.clone() for tensor in arguments))


@every_pooling
@pytest.mark.parametrize("lengths", [None, torch.tensor([7, 1, 4, 0, 2])])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_recomputation_draws_the_same_numbers(pooling, lengths, cell, monkeypatch):
    x, results = normal(N, L, F), []
    for is_plain in (False, True):
        if is_plain:
            monkeypatch.setattr(skrnn._network.truncation, "recomputed", plain_call)
        network = noisy_network(pooling, cell=cell)
        batches = []
        for _ in range(2):
            out = network(x, lengths)
            state = network.generator.get_state()
            out.square().sum().backward()
            assert torch.equal(network.generator.get_state(), state)
            batches.append(out.detach())
        assert not torch.equal(*batches)
        grads = [p.grad for p in network.parameters() if p.grad is not None]
        results.append([*batches, *grads, network.generator.get_state()])
    for mine, theirs in zip(*results, strict=True):
        close(mine, theirs, rtol=0, atol=1e-13)


def test_two_backward_passes_agree():
    network = noisy_network("attention")
    loss = network(normal(N, L, F), LENGTHS).square().sum()
    state = network.generator.get_state()
    parameters = list(network.parameters())
    first = torch.autograd.grad(loss, parameters, retain_graph=True)
    network.generator.manual_seed(123)
    moved = network.generator.get_state()
    second = torch.autograd.grad(loss, parameters)
    assert torch.equal(network.generator.get_state(), moved)
    assert not torch.equal(moved, state)
    for mine, theirs in zip(first, second, strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("name", ["pool.project.weight", "head.weight"])
def test_noisy_gradients_equal_finite_differences(name):
    # Parameters behind the recurrent layers: nothing of their gradient is truncated.
    network = noisy_network("attention")
    x, state = normal(N, L, F), network.generator.get_state()
    parameter = network.get_parameter(name)

    def loss():
        network.generator.set_state(state)
        return network(x, LENGTHS).square().sum()

    loss().backward()
    step = 1e-6
    for index in np.ndindex(*parameter.shape):
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                parameter[index] += sign * step
                values.append(loss().item())
                parameter[index] -= sign * step
        expected = (values[0] - values[1]) / (2 * step)
        assert_allclose(parameter.grad[index], expected, rtol=1e-6, atol=1e-7)


@every_pooling
def test_one_mask_for_all_parts(pooling):
    network = new_network(pooling, recurrent_dropout=0.4, cell="lstm")
    generator = copy_of_generator(network.generator)
    x = normal(N, L, F)
    network.tbptt_steps = 2
    out = network(x, LENGTHS)
    direction = network.stack.layers[0].directions[0]
    mask = factors(direction.weight_hh_l0.shape, 0.4, generator)
    assert torch.equal(generator.get_state(), network.generator.get_state())
    with torch.no_grad():
        direction.weight_hh_l0.mul_(mask)
    close(out, twin_output(network, "lstm", x, LENGTHS), rtol=0, atol=1e-12)


def n_operations(tensor):
    """Operations in the graph behind a tensor."""
    seen, waiting = set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [before for before, _ in node.next_functions]
    return len(seen)


@every_pooling
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("is_ragged", [False, True])
def test_graphs_grow_with_the_parts_not_with_their_steps(pooling, cell, is_ragged):
    network = noisy_network(pooling, cell=cell)
    sizes = []
    for steps in (5, 60):
        network.tbptt_steps = steps
        lengths = torch.tensor([3 * steps, 1, 2 * steps]) if is_ragged else None
        sizes.append(n_operations(network(normal(3, 3 * steps, F), lengths)))
    assert sizes[0] == sizes[1]
