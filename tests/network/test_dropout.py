"""Dropped recurrent weights and noise against masks drawn by hand."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from skrnn._network.stack import RecurrentLayer
from skrnn._preprocessing.scaling import Scaling
from tests.network.support import (
    LENGTHS,
    F,
    L,
    N,
    close,
    copy_of_generator,
    every_cell,
    factors,
    is_present,
    new_network,
    new_stack,
    torch_layer,
    torch_states,
)
from tests.support import normal, seeded


@every_cell
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_recurrent_dropout_masks_weights(cell, bidirectional, lengths):
    p = 0.35
    stack = new_stack(cell, 2, bidirectional, recurrent_dropout=p)
    generator = copy_of_generator(stack.dropout.generator)
    x = normal(N, L, F)
    for _ in range(2):  # each batch has masks of its own
        states, final, _ = stack(x, lengths)
        own, masks, twins = x, [], []
        for layer in stack.layers:
            shapes = [cell.weight_hh_l0.shape for cell in layer.directions]
            masks.append([factors(shape, p, generator) for shape in shapes])
        for layer, drawn in zip(stack.layers, masks, strict=True):
            twins.append(torch_layer(layer, cell, drawn))
            own, last = torch_states(twins[-1], own, lengths)
        present = is_present(lengths)
        close(states[present], own[present], rtol=0, atol=1e-12)
        close(final, last, rtol=0, atol=1e-12)
        stack.zero_grad()
        final.square().sum().backward()
        last.square().sum().backward()
        for layer, drawn, twin in zip(stack.layers, masks, twins, strict=True):
            for direction, mask, end in zip(
                layer.directions, drawn, ("", "_reverse"), strict=False
            ):
                for name, value in direction.named_parameters():
                    expected = getattr(twin, name + end).grad
                    expected = expected * mask if name == "weight_hh_l0" else expected
                    close(value.grad, expected, rtol=0, atol=1e-10)
    assert torch.equal(generator.get_state(), stack.dropout.generator.get_state())


@every_cell
def test_recurrent_dropout_is_of_the_training_only(cell):
    stack = new_stack(cell, 2, recurrent_dropout=0.5).eval()
    plain = new_stack(cell, 2)
    plain.load_state_dict(stack.state_dict())
    before = stack.dropout.generator.get_state()
    x = normal(N, L, F)
    for mine, theirs in zip(stack(x, LENGTHS)[:2], plain(x, LENGTHS)[:2], strict=True):
        close(mine, theirs, rtol=0, atol=0)
    assert torch.equal(before, stack.dropout.generator.get_state())


def test_share_of_dropped_weights():
    layer = RecurrentLayer(
        "lstm", 3, 100, bidirectional=True, recurrent_dropout=0.3, generator=seeded()
    )
    for mask in layer.draw_masks():
        assert mask.shape == (400, 100)
        assert_allclose((mask == 0).float().mean(), 0.3, atol=0.01)
        assert_allclose(mask[mask != 0].unique(), [1 / 0.7], rtol=1e-6)


def test_input_noise_is_added_to_scaled_values_only():
    scaling = Scaling(F, 2, instance_norm=None, indicator=True)
    scaling.set_moments("x", np.array([5.0, 0.0, -1.0]), np.array([2.0, 10.0, 0.1]))
    network = new_network(scaling=scaling, input_noise=0.3)
    generator = copy_of_generator(network.generator)
    x = normal(N, L, F)
    x[0, 1, 2] = x[3, 0, 0] = math.nan
    noise = torch.empty(N, L, F, dtype=torch.float64).normal_(generator=generator)
    noisy = network.inputs(network.read(x, None))
    network.eval()
    clean = network.inputs(network.read(x, None))
    close(noisy[..., :F] - clean[..., :F], 0.3 * noise, rtol=0, atol=1e-12)
    assert torch.equal(noisy[..., F:], x.isnan().double())
    assert torch.equal(clean[..., F:], x.isnan().double())
