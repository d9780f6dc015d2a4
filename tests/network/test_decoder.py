"""The parallel decoder against torch's cells, loops and finite differences."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from torch import nn

from skrnn import RNNRegressor, make_windows
from skrnn._kernels.library import library
from skrnn._network.decoder import ParallelDecoder, group_length

H, G = 4, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 7, 2)) + 1
Y = np.stack([X[:, -1, 0] + k * X[:, 3, 1] for k in range(7)], axis=1)
SMALL = {
    "hidden_size": 5,
    "linear_steps": None,  # a law without noise would leave nothing to decode
    "random_state": 0,
    "early_stopping": False,
    "n_estimators": 1,
    "max_epochs": 3,
}
PARALLEL = {**SMALL, "decoder": "parallel"}
CELLS = {"lstm": nn.LSTMCell, "gru": nn.GRUCell, "rnn": nn.RNNCell}
every_cell = pytest.mark.parametrize("cell", [*CELLS, "relu"])


def new_decoder(cell, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    nonlinearity = "relu" if cell == "relu" else "tanh"
    kind = "rnn" if cell == "relu" else cell
    decoder = ParallelDecoder(
        kind, H, G, nonlinearity=nonlinearity, generator=generator
    )
    for parameter in decoder.parameters():  # biases count too
        nn.init.normal_(parameter, std=0.7, generator=generator)
    return decoder.to(dtype)


def state_of(n_samples=6):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n_samples, H, generator=generator, dtype=torch.float64)


@every_cell
def test_decoder_equals_cells_of_torch(cell):
    decoder, state = new_decoder(cell), state_of()
    options = {"nonlinearity": "relu"} if cell == "relu" else {}
    twin = CELLS["rnn" if cell == "relu" else cell](H, H, dtype=state.dtype, **options)
    named = decoder.cell.state_dict().items()
    twin.load_state_dict({name.removesuffix("_l0"): value for name, value in named})
    for g, position in enumerate(decoder.positions):
        read = position.expand_as(state)
        expected = twin(read, (state, state) if cell == "lstm" else state)
        expected = expected[0] if cell == "lstm" else expected
        torch.testing.assert_close(decoder(state)[:, g], expected, rtol=0, atol=1e-12)
        with torch.no_grad():  # by kernels, where there are any
            found = decoder(state)[:, g]
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@every_cell
def test_gradients(cell):
    decoder = new_decoder(cell)
    names, values = zip(*decoder.named_parameters(), strict=True)

    def run(state, *values):
        weights = dict(zip(names, values, strict=True))
        return torch.func.functional_call(decoder, weights, (state,))

    assert torch.autograd.gradcheck(run, (state_of(3).requires_grad_(), *values))


@given(st.integers(1, 2000), st.none() | st.integers(1, 2000))
def test_groups(n_targets, segment_length):
    length = group_length(n_targets, segment_length)
    n_groups = -(-n_targets // length)
    assert 1 <= length <= n_targets
    assert (n_groups - 1) * length < n_targets <= n_groups * length
    if segment_length is None:
        assert length - 1 <= n_groups <= length
    else:
        assert length == min(segment_length, n_targets)


def numpy_cell(cell, weights, given, h):
    w, u, b, c = weights
    a, r = w @ given + b, u @ h + c
    if cell == "rnn":
        return np.tanh(a + r)
    a, r = a.reshape(-1, len(h)), r.reshape(-1, len(h))
    gates = 1 / (1 + np.exp(-a - r))
    if cell == "gru":
        return (1 - gates[1]) * np.tanh(a[2] + gates[0] * r[2]) + gates[1] * h
    return gates[3] * np.tanh(gates[1] * h + gates[0] * np.tanh(a[2] + r[2]))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("segment_length", [None, 1, 2, 4, 7, 9])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_predictions_equal_a_loop_in_numpy(cell, segment_length, bidirectional):
    model = RNNRegressor(
        cell,
        **PARALLEL,
        segment_length=segment_length,
        bidirectional=bidirectional,
        pooling="mean",
        dtype="float64",
    ).fit(X, Y)
    network = model.net_.module_
    pooled = []
    network.pool.register_forward_hook(lambda *call: pooled.append(call[2]))
    found = model.predict(X[:5])
    weights = [
        getattr(network.decoder.cell, f"{kind}_l0").detach().numpy()
        for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    ]
    positions = network.decoder.positions.detach().numpy()
    head = network.head.weight.detach().numpy(), network.head.bias.detach().numpy()
    for row, state in zip(found, pooled[0].numpy(), strict=True):
        raw = []
        for position in positions:
            raw.extend(head[0] @ numpy_cell(cell, weights, position, state) + head[1])
        expected = np.array(raw[:7]) * network.scaling.y_scale.numpy()
        assert_allclose(row, expected + network.scaling.y_mean.numpy(), atol=1e-10)


def test_each_position_has_its_own_outputs():
    model = RNNRegressor(**PARALLEL, segment_length=3).fit(X, Y)
    before = model.predict(X)
    with torch.no_grad():
        model.net_.module_.decoder.positions[1] += 1
    moved = (model.predict(X) != before).all(axis=0)
    assert_array_equal(np.flatnonzero(moved), [3, 4, 5])
    assert (model.predict(X) == before)[:, [0, 1, 2, 6]].all()


LOSSES = ["squared_error", "absolute_error", "huber", "quantile", "gaussian"]
LOSSES += ["student_t", "poisson", nn.SmoothL1Loss]


@pytest.mark.parametrize("loss", LOSSES, ids=str)
@pytest.mark.parametrize("segment_length", [None, 3])
def test_every_loss(loss, segment_length):
    target = np.abs(Y)
    model = RNNRegressor(**PARALLEL, loss=loss, segment_length=segment_length)
    model.fit(X, target)
    assert model.predict(X).shape == Y.shape
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    alone, whole = model.predict(X[11:12]), model.predict(X)[11:12]
    if library() is None:  # torch rounds otherwise with another number of rows
        assert_allclose(alone, whole, rtol=1e-12)
    else:
        assert_array_equal(alone, whole)
    if loss in ("quantile", "gaussian", "student_t"):
        levels = model.predict_quantiles(X)
        assert levels.shape == (80, 7, 3)
        assert (np.diff(levels, axis=2) >= 0).all()
    one = clone(model).fit(X, target[:, 0])
    assert one.predict(X).shape == (80,)
    assert one.net_.module_.decoder.positions.shape[0] == 1


@pytest.mark.parametrize("loss", ["gaussian", "quantile"])
def test_numbers_of_a_target_stand_together(loss):
    """As many heads as groups would give, a target at a time."""
    model = RNNRegressor(**PARALLEL, loss=loss, segment_length=2, dtype="float64")
    network = model.fit(X, Y).net_.module_
    width = network.output_shape[1]
    state = torch.zeros(1, 5).double()
    with torch.no_grad():
        groups = network.decoder(state)[0] @ network.head.weight.T + network.head.bias
        raw = network._decode(state).unflatten(1, network.output_shape)
    for target in range(7):
        group, place = divmod(target, 2)
        expected = groups[group, place * width : (place + 1) * width]
        assert_allclose(raw[0, target], expected, rtol=0, atol=1e-12)


def test_long_forecasts_need_few_weights():
    target = np.tile(Y, (1, 40))  # 280 columns
    sizes = {}
    for decoder in ("linear", "parallel"):
        model = RNNRegressor("gru", 16, decoder=decoder, max_epochs=1)
        model.set_params(early_stopping=False, segment_length=14).fit(X, target)
        network = model.net_.module_
        is_standard = network.standard_form() is not None
        assert is_standard == (decoder == "linear" and library() is not None)
        sizes[decoder] = sum(p.numel() for p in network.parameters())
    assert sizes["parallel"] < sizes["linear"] / 1.3


def test_frozen_and_given_parts():
    donor = RNNRegressor(**PARALLEL, segment_length=3).fit(X, Y)
    still = {**PARALLEL, "segment_length": 3, "max_epochs": 1, "learning_rate": 1e-30}
    same = RNNRegressor(**still, init=donor).fit(X, Y)
    assert_allclose(same.predict(X), donor.predict(X), atol=1e-6)
    model = RNNRegressor(**PARALLEL, segment_length=3, init=donor, frozen="decoder")
    mine, theirs = model.fit(X, Y).net_.module_, donor.net_.module_
    for p, q in zip(
        mine.decoder.parameters(), theirs.decoder.parameters(), strict=True
    ):
        assert torch.equal(p, q)
    assert not torch.equal(mine.head.weight, theirs.head.weight)
    # Only the layers fit a network that decodes in another way, or less.
    plain = RNNRegressor(**still | {"decoder": "linear"}, init=donor).fit(X, Y)
    fewer = RNNRegressor(**still, init=donor).fit(X, Y[:, :4])
    for other in (plain, fewer):
        network = other.net_.module_
        assert network.head.weight.shape != theirs.head.weight.shape or not torch.equal(
            network.head.weight, theirs.head.weight
        )
        torch.testing.assert_close(
            network.stack.state_dict(), theirs.stack.state_dict()
        )
    with pytest.raises(ValueError, match=r"out of .*'head'.*; got 'decoder'"):
        RNNRegressor(**SMALL, frozen="decoder").fit(X, Y)


def test_another_decoder_is_another_network():
    model = RNNRegressor(**SMALL, warm_start=True).fit(X, Y)
    with pytest.raises(
        ValueError, match=r"decoder='linear', and .* decoder='parallel'"
    ):
        model.set_params(decoder="parallel").fit(X, Y)


def test_searches_over_decoders():
    grid = {"decoder": ["linear", "parallel"], "segment_length": [None, 3]}
    search = GridSearchCV(
        RNNRegressor(**SMALL), grid, cv=TimeSeriesSplit(2), error_score="raise"
    )
    scores = search.fit(X, Y).cv_results_["mean_test_score"]
    assert len(set(scores)) == 4


def test_a_long_rhythm_is_forecast():
    hour = np.arange(1500.0)
    noise = 0.1 * RNG.normal(size=len(hour))
    series = (hour % 24 == 5) * 2.0 + np.sin(hour * np.pi / 12) + noise
    windows, targets = make_windows(series[:, None], 48, fh=60)
    model = RNNRegressor(
        "gru", 16, segment_length=12, decoder="parallel", random_state=0
    ).set_params(learning_rate=0.02, early_stopping=False, max_epochs=15)
    model.fit(windows[:1000], targets[:1000])
    assert model.score(windows[1100:], targets[1100:]) > 0.9
