"""Initial weights of the cells, and the precision that they run in."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import stats
from torch import nn

from skrnn import RNNRegressor
from skrnn._network.cells import bfloat16_fault, new_cell, run_cell
from skrnn._network.stack import RecurrentLayer
from tests.network.support import F, H, L, N, close
from tests.support import normal, seeded


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


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("size", [1, 2, 5, 8])
def test_a_third_of_the_units_integrates_another(cell, size):
    plain, chrono, found = (
        new_cell(cell, F, size, init=init, max_steps=30, generator=seeded())
        for init in ("orthogonal", "chrono", "integrating")
    )
    n_others = size // 3
    # Glorot's bound of three inputs, and what makes the deviation a half.
    bound = max((6 / (F + size)) ** 0.5, 0.5 * F**-0.5 * 3**0.5)
    gain = bound / (6 / (F + size)) ** 0.5
    assert_allclose(found.weight_ih_l0.detach(), gain * plain.weight_ih_l0.detach())
    biases = found.bias_ih_l0.view(-1, size)
    assert torch.equal(
        biases[:, :n_others], plain.bias_ih_l0.view(-1, size)[:, :n_others]
    )
    assert torch.equal(
        biases[:, n_others:], chrono.bias_ih_l0.view(-1, size)[:, n_others:]
    )
    expected = plain.weight_hh_l0.detach().view(-1, size, size).clone()
    for unit in range(2 * n_others, size if n_others else 0):
        expected[2, unit] = 0
        expected[2, unit, (unit - 2 * n_others) % n_others] = 3
    assert torch.equal(found.weight_hh_l0.view(-1, size, size), expected)


def test_those_that_integrate_end_with_a_mean_of_what_the_others_find():
    size, n_steps, generator = 9, 400, seeded()
    cell = new_cell(
        "lstm", F, size, init="integrating", max_steps=n_steps, generator=generator
    ).double()
    n_others, n_before = size // 3, 2 * size // 3
    with torch.no_grad():
        for weights in (cell.weight_ih_l0, cell.weight_hh_l0):
            gates = weights.view(4, size, -1)
            gates[[0, 1, 3], n_before:] = 0.0  # gates that nothing moves
        cell.weight_ih_l0.view(4, size, -1)[2, n_before:] = 0.0
        states, end = run_cell(cell, normal(1, n_steps, F))
    others, bias = states[0, :, :n_others].numpy(), cell.bias_ih_l0.detach().numpy()
    read = np.tanh(3 * np.vstack([np.zeros(n_others), others[:-1]]))
    forget = 1 / (1 + np.exp(-bias[size + n_before : 2 * size]))
    ages = np.arange(n_steps)[::-1, None]
    expected = ((1 - forget) * forget**ages * read).sum(axis=0)
    assert_allclose(end[1][0, n_before:], expected, rtol=1e-10)


@pytest.mark.parametrize("n_inputs", [1, 4, 100])
def test_where_units_integrate_inputs_count_for_a_half_at_least(n_inputs):
    size, generator = 300, seeded()
    weights = new_cell(
        "lstm", n_inputs, size, init="integrating", max_steps=9, generator=generator
    ).weight_ih_l0.detach()
    by_glorot = (2 / (n_inputs + size)) ** 0.5
    expected = max(0.5, by_glorot * n_inputs**0.5)
    assert_allclose(weights.std() * n_inputs**0.5, expected, rtol=0.05)


def test_identity():
    for direction in raw_layer("rnn", 100, init="identity", nonlinearity="relu"):
        assert torch.equal(direction.weight_hh_l0, torch.eye(100))
        assert not direction.bias_ih_l0.any()
        assert not direction.bias_hh_l0.any()
        weight = direction.weight_ih_l0.detach().numpy().ravel()
        assert stats.kstest(weight / 0.001, stats.norm.cdf).pvalue > 1e-3
        x, begin = torch.zeros(1, 30, F), torch.rand(1, 1, 100, generator=seeded(3))
        assert torch.equal(direction(x, begin)[0][0, -1], begin[0, 0])


# -- precision ------------------------------------------------------------------------

NO_LSTM = "could not create a primitive descriptor for the LSTM forward propagation"


@pytest.fixture
def forget():
    """Try anew what torch can, before a test and after it."""
    bfloat16_fault.cache_clear()
    yield
    bfloat16_fault.cache_clear()


@pytest.fixture
def lstm_fails(forget, monkeypatch):
    """Have torch refuse an LSTM in bfloat16, as on a processor that has none."""
    calls = []

    def forward(self, *arguments):
        if torch.is_autocast_enabled("cpu"):
            calls.append(NO_LSTM)
            raise RuntimeError(f"{NO_LSTM}. Run workload with ONEDNN_VERBOSE=all.")
        return plain(self, *arguments)

    plain = nn.LSTM.forward
    monkeypatch.setattr(nn.LSTM, "forward", forward)
    return calls


def low_precision():
    return torch.autocast("cpu", dtype=torch.bfloat16)


@pytest.mark.parametrize("dropped", [False, True])
def test_a_cell_without_bfloat16_stays_in_float32(lstm_fails, dropped):
    cell = new_cell("lstm", F, H, generator=seeded())
    keep = torch.rand(cell.weight_hh_l0.shape, generator=seeded(1)) if dropped else None
    x = normal(N, L, F).float()
    for state in (None, (normal(N, H).float(), normal(N, H, seed=2).float())):
        expected, end = run_cell(cell, x, state, keep)
        for _ in range(2):
            with low_precision():
                # What comes from the layer below may be in bfloat16.
                states, last = run_cell(cell, x, state, keep)
                rounded, _ = run_cell(cell, x.bfloat16(), state, keep)
            assert states.dtype == rounded.dtype == torch.float32
            close(states, expected, rtol=0, atol=1e-6)
            close(rounded, expected, rtol=0, atol=0.1)
            for mine, theirs in zip(last, end, strict=True):
                close(mine, theirs, rtol=0, atol=1e-6)
            gradient = torch.autograd.grad(states.sum(), cell.weight_ih_l0)[0]
            assert gradient.isfinite().all()
    assert len(lstm_fails) == 1  # tried once


def test_a_cell_that_torch_can_run_in_bfloat16_is():
    assert bfloat16_fault("GRU", "cpu") is None
    cell, x = new_cell("gru", F, H, generator=seeded()), normal(N, L, F).float()
    exact, _ = run_cell(cell, x)
    with low_precision():
        states, _ = run_cell(cell, x)
        theirs, _ = cell(x, torch.zeros(1, N, H))
    close(states, theirs)
    close(states.float(), exact, rtol=0, atol=0.05)
    assert float((states - exact).detach().abs().max()) > 1e-4


def test_what_torch_said_is_told(lstm_fails):
    before = torch.get_rng_state()
    with torch.inference_mode():
        assert bfloat16_fault("LSTM", "cpu") == NO_LSTM
    for mode in ("GRU", "RNN_TANH", "RNN_RELU"):
        assert bfloat16_fault(mode, "cpu") is None
    assert torch.equal(torch.get_rng_state(), before)


def test_another_error_is_no_want_of_bfloat16(forget, monkeypatch):
    def forward(*arguments):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(nn.LSTM, "forward", forward)
    with pytest.raises(RuntimeError, match="allocate memory"):
        bfloat16_fault("LSTM", "cpu")
    with low_precision(), pytest.raises(RuntimeError, match="allocate memory"):
        run_cell(new_cell("lstm", F, H, generator=seeded()), torch.ones(N, L, F))


@pytest.mark.parametrize("options", [{}, {"norm": "batch"}, {"tbptt_steps": 3}])
def test_one_warning_of_a_fit_whose_cell_stays_in_float32(lstm_fails, options):
    x = normal(40, L, F).numpy()
    options = {"hidden_size": 4, "random_state": 0, "early_stopping": False} | options
    model = RNNRegressor("lstm", max_epochs=3, n_estimators=2, **options)
    model.set_params(autocast=True)
    with pytest.warns(UserWarning, match=rf"in bfloat16 .* \({NO_LSTM}\)") as caught:
        model.fit(x, x[:, -1])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    curve = model.loss_curve_
    assert curve[-1] < curve[0]
    model.set_params(autocast=False).fit(x, x[:, -1])  # and no warning
    assert_allclose(curve, model.loss_curve_, rtol=0.02)
    RNNRegressor("gru", max_epochs=1, autocast=True, **options).fit(x, x[:, -1])
