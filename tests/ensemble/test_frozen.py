"""Frozen parts of a network have no gradient."""

import pytest

from skrnn._ensemble.pretrained import freeze
from tests.network.support import (
    LENGTHS,
    F,
    L,
    N,
    assert_gradient,
    new_network,
    truth,
)
from tests.support import normal


@pytest.mark.parametrize(
    ("frozen", "prefixes"),
    [
        (None, ()),
        ("recurrent", ("stack.",)),
        ("recurrent.0", ("stack.layers.0.",)),
        (["recurrent.1", "head"], ("stack.layers.1.", "head.")),
        (("pooling",), ("pool.",)),
    ],
)
@pytest.mark.parametrize("tbptt_steps", [None, 3])
def test_frozen_parts_have_no_gradient(frozen, prefixes, tbptt_steps):
    network = new_network("attention", num_layers=2, norm="layer")
    network.tbptt_steps = tbptt_steps
    expected = truth(network, normal(N, L, F), LENGTHS)
    freeze(network, frozen)
    network(normal(N, L, F), LENGTHS).square().sum().backward()
    for name, parameter in network.named_parameters():
        if name.startswith(prefixes) and prefixes:
            assert parameter.grad is None
        else:
            assert_gradient(parameter, expected[name])


def test_wrong_parts():
    network = new_network()
    with pytest.raises(ValueError, match=r"recurrent\.7"):
        freeze(network, "recurrent.7")
    with pytest.raises(ValueError, match="nothing to train"):
        freeze(network, ["recurrent", "head"])
