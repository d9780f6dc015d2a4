"""Modules whose weights have memory and no values yet."""

import pytest
import torch
from torch import nn

from skrnn._network.without_weights import without_weights


@pytest.mark.parametrize(
    ("kind", "sizes", "options"),
    [(nn.GRU, (3, 4), {"batch_first": True}), (nn.Linear, (3, 2), {})],
)
def test_it_is_the_module_that_torch_makes(kind, sizes, options):
    before = torch.get_rng_state()
    made = without_weights(kind, *sizes, **options)
    assert torch.equal(torch.get_rng_state(), before)
    like = kind(*sizes, **options)
    assert str(made) == str(like)
    made.load_state_dict(like.state_dict())
    assert all(w.device.type == "cpu" and w.requires_grad for w in made.parameters())
    x = torch.randn(2, 5, 3)
    found, wanted = made(x), like(x)
    if kind is nn.GRU:
        found, wanted = found[0], wanted[0]
    assert torch.equal(found, wanted)
    found.sum().backward()
    assert all(weight.grad is not None for weight in made.parameters())
