"""Stacks of layers with residuals and other cells against torch's layers."""

import pytest
import torch
from torch import nn

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
    new_layer,
    new_stack,
    torch_layer,
    torch_states,
)
from tests.support import normal


@every_cell
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("norm", [None, "layer"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_residual_stack_equals_a_loop(cell, bidirectional, norm, dropout):
    stack = new_stack(cell, 3, bidirectional, dropout, residual=True, norm=norm)
    generator = copy_of_generator(stack.dropout.generator)
    x = normal(N, L, F)
    states, final, _ = stack(x, LENGTHS)
    below, below_final = x, None
    for i, layer in enumerate(stack.layers):
        entering = below
        if i > 0 and dropout:
            entering = below * factors(below.shape, dropout, generator)
        own, last = torch_states(torch_layer(layer, cell), entering, LENGTHS)
        if norm is not None:
            twin_norm = nn.LayerNorm(layer.output_size, dtype=torch.float64)
            twin_norm.load_state_dict(layer.norm.state_dict())
            own, last = twin_norm(own), twin_norm(last)
        if i > 0:
            own, last = own + below, last + below_final
        below, below_final = own, last
    present = is_present(LENGTHS)
    close(states[present], below[present], rtol=0, atol=1e-12)
    close(final, below_final, rtol=0, atol=1e-12)


def test_residuals_begin_above_the_first_layer():
    one, plain = (new_stack("gru", residual=r) for r in (True, False))
    x = normal(N, L, F)
    assert torch.equal(one(x, LENGTHS)[0], plain(x, LENGTHS)[0])


@pytest.mark.parametrize("norm", [None, "layer", "batch"])
def test_no_step_is_the_zero_state(norm):
    stack = new_stack("lstm", 3, True, residual=True, norm=norm)
    _, final, _ = stack(normal(N, L, F), torch.tensor([2, 0, 7, 0, 1]))
    assert not final[[1, 3]].any()
    assert final[[0, 2, 4]].all()


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("recurrent_dropout", [0.0, 0.4])
def test_relu_equals_torch(bidirectional, recurrent_dropout):
    layer = new_layer(
        "rnn",
        bidirectional,
        nonlinearity="relu",
        recurrent_dropout=recurrent_dropout,
    )
    masks = layer.draw_masks()
    used = None if recurrent_dropout == 0 else masks
    twin = torch_layer(layer, "rnn", used, nonlinearity="relu")
    x = normal(N, L, F)
    states, final, _ = layer(x, LENGTHS, masks)
    expected, last = torch_states(twin, x, LENGTHS)
    present = is_present(LENGTHS)
    close(states[present], expected[present], rtol=0, atol=1e-12)
    close(final, last, rtol=0, atol=1e-12)
    assert (states >= 0).all()
    assert states.max() > 1  # beyond the range of tanh
