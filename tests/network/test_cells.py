"""Initial weights of the cells, and the precision that they run in."""

import math

import pytest
import torch
from numpy.testing import assert_allclose
from scipy import stats

from skrnn._network.stack import RecurrentLayer
from tests.network.support import (
    F,
    H,
    seeded,
)


def raw_layer(cell, size=H, **options):
    layer = RecurrentLayer(
        cell, F, size, bidirectional=True, generator=seeded(), **options
    )
    return layer.directions


@pytest.mark.parametrize("max_steps", [1, 2, 3, 4, 10, 1000])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_chrono_biases(cell, max_steps):
    size = 200
    for direction in raw_layer(cell, size, init="chrono", max_steps=max_steps):
        assert not direction.bias_hh_l0.any()
        gates = direction.bias_ih_l0.detach().double().split(size)
        # torch: input, forget, cell, output; and reset, update, new
        keep, longest = gates[1], max(2, max_steps - 1)
        assert keep.min() >= 0
        assert keep.max() <= math.log(longest) + 1e-6
        lasting = stats.uniform(1, longest - 1)
        assert stats.kstest(keep.exp().numpy(), lasting.cdf).pvalue > 1e-3
        if cell == "lstm":
            assert torch.equal(gates[0], -keep)
            assert not gates[3].any()
        else:
            assert not gates[0].any()
        assert not gates[2].any()


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_chrono_keeps_the_state_as_long_as_it_says(cell):
    direction = raw_layer(cell, init="chrono", max_steps=50)[0].double()
    biases = direction.bias_ih_l0.detach()[H : 2 * H].tolist()
    with torch.no_grad():
        direction.weight_ih_l0.zero_()
        direction.weight_hh_l0.zero_()
        begin = torch.ones(1, 1, H, dtype=torch.float64)
        x = torch.zeros(1, 20, F, dtype=torch.float64)
        states, end = direction(x, (begin, begin) if cell == "lstm" else begin)
    kept = end[1][0, 0] if cell == "lstm" else states[0, -1]
    expected = [(1 / (1 + math.exp(-bias))) ** 20 for bias in biases]
    assert_allclose(kept, expected, rtol=1e-10)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_chrono_changes_biases_only(cell):
    plain = raw_layer(cell)[0]
    chrono = raw_layer(cell, init="chrono", max_steps=9)[0]
    assert torch.equal(plain.weight_ih_l0, chrono.weight_ih_l0)
    assert torch.equal(plain.weight_hh_l0, chrono.weight_hh_l0)


def test_identity():
    for direction in raw_layer("rnn", 100, init="identity", nonlinearity="relu"):
        assert torch.equal(direction.weight_hh_l0, torch.eye(100))
        assert not direction.bias_ih_l0.any()
        assert not direction.bias_hh_l0.any()
        weight = direction.weight_ih_l0.detach().numpy().ravel()
        assert stats.kstest(weight / 0.001, stats.norm.cdf).pvalue > 1e-3
        x, begin = torch.zeros(1, 30, F), torch.rand(1, 1, 100, generator=seeded(3))
        assert torch.equal(direction(x, begin)[0][0, -1], begin[0, 0])
