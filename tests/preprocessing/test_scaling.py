"""Scaling of sequences and targets against plain loops."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose
from scipy import stats
from torch import nn

from skrnn._preprocessing.baseline import Baseline
from skrnn._preprocessing.linear_path import LinearPath
from skrnn._preprocessing.scaling import Scaling, normalise
from skrnn._targets.heads import Gaussian, Point, Quantiles, StudentT

N, L, F, K = 5, 6, 3, 2
LENGTHS = torch.tensor([6, 1, 4, 0, 2])
KINDS = ("last", "standard")
every_kind = pytest.mark.parametrize("kind", KINDS)
ROW_MEAN, ROW_SCALE = np.array([10.0, -3.0, 0.5]), np.array([4.0, 0.1, 2.0])
X_MEAN, X_SCALE = np.array([0.3, -0.2, 0.1]), np.array([1.5, 0.7, 3.0])
FEATURE = [2, 0]  # of each target


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def new_scaling(kind, *, indicator=False):
    scaling = Scaling(F, K, instance_norm=kind, indicator=indicator)
    scaling.set_moments("row", ROW_MEAN, ROW_SCALE)
    scaling.set_moments("x", X_MEAN, X_SCALE)
    scaling.set_moments("y", np.array([7.0, -2.0]), np.array([3.0, 0.5]))
    if kind is not None:
        scaling.set_moments("rest", np.array([0.4, -1.1]), np.array([2.0, 0.3]))
    return scaling


def new_baseline(kind):
    baseline = Baseline(K, has_level=kind is not None)
    if baseline.has_level:
        baseline.feature.copy_(torch.tensor(FEATURE))
    return baseline


def sequences(lengths=LENGTHS, filler=0.0):
    x = normal(N, L, F) * torch.as_tensor(ROW_SCALE) + torch.as_tensor(ROW_MEAN)
    if lengths is not None:
        x[torch.arange(L) >= lengths[:, None]] = filler
    return x


def with_holes(x):
    x = x.clone()
    x[0, 5, 0] = x[0, 2, 1] = x[2, 0, 0] = x[2, 3, 2] = x[4, 1, 0] = math.nan
    x[1, 0, 1] = math.nan  # that sample has no value of the feature
    return x


def window_moments(x, lengths, kind):
    """Level and spread of every sequence and feature, a value at a time."""
    levels, spreads = np.zeros((N, F)), np.zeros((N, F))
    for i in range(N):
        for f in range(F):
            length = L if lengths is None else int(lengths[i])
            seen = [float(x[i, t, f]) for t in range(length)]
            seen = [value for value in seen if not math.isnan(value)]
            if not seen:
                levels[i, f] = ROW_MEAN[f]
                spreads[i, f] = ROW_SCALE[f] if kind == "standard" else 1.0
            elif kind == "last":
                levels[i, f], spreads[i, f] = seen[-1], 1.0
            else:
                mean = math.fsum(seen) / len(seen)
                variance = math.fsum((v - mean) ** 2 for v in seen) / len(seen)
                levels[i, f] = mean
                spreads[i, f] = math.sqrt(variance + 1e-5 * ROW_SCALE[f] ** 2)
    return levels, spreads


def plain_inputs(x, levels, spreads, kind, indicator):
    n_inputs = 2 * F if indicator else F
    result = np.zeros((*x.shape[:2], n_inputs))
    for i, t, f in np.ndindex(*x.shape):
        value = float(x[i, t, f])
        if math.isnan(value):
            result[i, t, F + f] = 1.0
            continue
        if kind is not None:
            value -= levels[i, f]
        if kind == "standard":
            value /= spreads[i, f]
        result[i, t, f] = (value - X_MEAN[f]) / X_SCALE[f]
    return result


# -- sequences ------------------------------------------------------------------------


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("indicator", [False, True])
@every_kind
def test_moments_of_windows_equal_a_loop(kind, indicator, ragged):
    lengths = LENGTHS if ragged else None
    x = sequences(lengths, filler=1e6)
    x = with_holes(x) if indicator else x
    scaling = new_scaling(kind, indicator=indicator)
    moments = scaling.moments(x, lengths)
    levels, spreads = window_moments(x, lengths, kind)
    assert_allclose(moments.level, levels, rtol=1e-12, atol=1e-12)
    assert_allclose(moments.spread, spreads, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("indicator", [False, True])
@pytest.mark.parametrize("kind", [None, *KINDS])
def test_inputs_equal_a_loop(kind, indicator, ragged):
    lengths = LENGTHS if ragged else None
    x = sequences(lengths)
    x = with_holes(x) if indicator else x
    scaling = new_scaling(kind, indicator=indicator)
    inputs = scaling.inputs(x, scaling.moments(x, lengths))
    levels, spreads = window_moments(x, lengths, kind)
    expected = plain_inputs(x, levels, spreads, kind, indicator)
    assert inputs.shape == (N, L, scaling.n_inputs)
    assert inputs.isfinite().all()
    assert_allclose(inputs, expected, rtol=1e-10, atol=1e-10)


def test_nothing_is_taken_off_without_instance_norm():
    scaling = new_scaling(None)
    assert scaling.moments(sequences(), LENGTHS) is None
    x = sequences()
    assert normalise(x, None) is x
    assert new_baseline(None).level(None).tolist() == [0.0] * K


@pytest.mark.parametrize("indicator", [False, True])
@pytest.mark.parametrize("value", [0.0, 5.0, -1e9, 1e9 + 0.1])
@every_kind
def test_constant_windows(kind, value, indicator):
    x = torch.full((N, L, F), value, dtype=torch.float64)
    scaling = new_scaling(kind, indicator=indicator)
    moments = scaling.moments(x, None)
    assert_allclose(moments.level, np.full((N, F), value), rtol=1e-14)
    floor = [1.0] * F
    if kind == "standard":
        floor = [math.sqrt(1e-5) * scale for scale in ROW_SCALE]
    assert_allclose(moments.spread, [floor] * N, rtol=1e-6)
    rest = normalise(x, moments)
    assert_allclose(rest, np.zeros((N, L, F)), atol=1e-3 if abs(value) > 1e8 else 0)
    expected = [-m / s for m, s in zip(X_MEAN, X_SCALE, strict=True)]
    inputs = scaling.inputs(x, moments)
    assert_allclose(inputs[..., :F], np.broadcast_to(expected, x.shape), atol=1e-2)


@settings(deadline=None, max_examples=80)
@given(
    x=hnp.arrays(
        np.float64,
        (N, L, F),
        elements=st.floats(-1e6, 1e6) | st.just(math.nan) | st.just(2.0),
    ),
    lengths=st.lists(st.integers(0, L), min_size=N, max_size=N),
    kind=st.sampled_from(KINDS),
)
def test_any_sequences(x, lengths, kind):
    lengths = torch.tensor(lengths)
    x = torch.as_tensor(x)
    x[torch.arange(L) >= lengths[:, None]] = 0.0
    scaling = new_scaling(kind, indicator=True)
    moments = scaling.moments(x, lengths)
    levels, spreads = window_moments(x, lengths, kind)
    assert_allclose(moments.level, levels, rtol=1e-9, atol=1e-9)
    if kind == "standard":
        assert_allclose(moments.spread, spreads, rtol=1e-6)
    inputs = scaling.inputs(x, moments)
    assert inputs.isfinite().all()
    expected = plain_inputs(x, levels, spreads, kind, True)
    assert_allclose(inputs, expected, rtol=1e-5, atol=1e-5)


@every_kind
def test_huge_means_keep_their_digits(kind):
    x = 1e9 + normal(N, L, F)
    scaling = new_scaling(kind)
    moments = scaling.moments(x, None)
    normalised = normalise(x, moments)
    for i in range(N):
        for f in range(F):
            values = [Fraction(float(v)) for v in x[i, :, f]]
            mean, spread = values[-1], 1.0
            if kind == "standard":
                mean = sum(values) / L
                variance = sum((v - mean) ** 2 for v in values) / L
                spread = math.sqrt(float(variance) + 1e-5 * ROW_SCALE[f] ** 2)
            expected = [float(v - mean) / spread for v in values]
            assert_allclose(moments.spread[i, f], spread, rtol=1e-9)
            assert_allclose(normalised[i, :, f], expected, rtol=0, atol=1e-6)


@every_kind
def test_narrow_numbers_lose_nothing(kind):
    x = sequences(None).float()
    scaling = new_scaling(kind)
    wide = scaling.moments(x.double(), None)
    narrow = scaling.inputs(x, wide)
    assert narrow.dtype == torch.float64
    assert torch.equal(narrow, scaling.inputs(x.double(), wide))


# -- targets --------------------------------------------------------------------------

HEADS = {
    "point": Point(),
    "quantiles": Quantiles((0.1, 0.5, 0.8)),
    "gaussian": Gaussian(),
    "student_t": StudentT(),
}
LAWS = {
    "gaussian": lambda p: stats.norm(p[0], p[1]),
    "student_t": lambda p: stats.t(p[2], p[0], p[1]),
}
every_head = pytest.mark.parametrize("name", list(HEADS))


def window_of_targets(x, lengths, kind):
    levels, spreads = window_moments(x, lengths, kind)
    return levels[:, FEATURE], spreads[:, FEATURE]


@pytest.mark.parametrize("kind", [None, *KINDS])
@every_head
def test_outputs_in_the_units_of_the_user(name, kind):
    head, scaling, x = HEADS[name], new_scaling(kind), sequences()
    raw = head.transform(normal(N, K, head.width, seed=1))
    moments, baseline = scaling.moments(x, LENGTHS), new_baseline(kind)
    in_loss = scaling.to_loss(head, raw, baseline.spread(moments))
    result = scaling.decode(head, in_loss, baseline.level(moments))
    assert result.shape == raw.shape
    if kind is None:
        levels, spreads = np.zeros((N, K)), np.ones((N, K))
        rest_mean, rest_scale = [7.0, -2.0], [3.0, 0.5]
    else:
        levels, spreads = window_of_targets(x, LENGTHS, kind)
        rest_mean, rest_scale = [0.4, -1.1], [2.0, 0.3]
    for i in range(N):
        for j in range(K):
            scale = rest_scale[j] * spreads[i, j]
            shift = rest_mean[j] * spreads[i, j] + levels[i, j]
            own = raw[i, j].tolist()
            if name in LAWS:
                expected = [shift + scale * own[0], scale * own[1], *own[2:]]
                points = [0.05, 0.5, 0.7]
                assert_allclose(
                    LAWS[name](result[i, j].tolist()).ppf(points),
                    shift + scale * LAWS[name](own).ppf(points),
                    rtol=1e-9,
                )
            else:
                expected = [shift + scale * p for p in own]
            assert_allclose(result[i, j], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", [None, *KINDS])
@pytest.mark.parametrize("name", list(LAWS))
def test_the_loss_compares_like_with_like(name, kind):
    # The likelihood of scaled targets is that of the user's, but for the unit.
    head, scaling, x = HEADS[name], new_scaling(kind), sequences()
    moments, baseline = scaling.moments(x, LENGTHS), new_baseline(kind)
    raw = head.transform(normal(N, K, head.width, seed=1))
    in_loss = scaling.to_loss(head, raw, baseline.spread(moments))
    level = baseline.level(moments)
    y = 5 * normal(N, K, seed=2)
    loss = head.loss(in_loss, scaling.encode(y, level))
    result = scaling.decode(head, in_loss, level)
    for i in range(N):
        for j, unit in enumerate([3.0, 0.5]):
            law = LAWS[name](result[i, j].tolist())
            expected = -law.logpdf(float(y[i, j])) - math.log(unit)
            assert_allclose(loss[i, j], expected, rtol=1e-9)


@pytest.mark.parametrize("kind", [None, *KINDS])
@pytest.mark.parametrize("size", [1.0, 1e-6, 1e6])
def test_encode_and_decode_are_inverse(kind, size):
    scaling, x = new_scaling(kind), sequences()
    level = new_baseline(kind).level(scaling.moments(x, LENGTHS))
    y = size * normal(N, K, seed=2)
    before = y.clone()
    encoded = scaling.encode(y, level)
    assert torch.equal(y, before)
    levels = np.zeros((N, K))
    if kind is not None:
        levels, _ = window_of_targets(x, LENGTHS, kind)
    for i in range(N):
        for j in range(K):
            mean, unit = [(7.0, 3.0), (-2.0, 0.5)][j]
            expected = (float(y[i, j]) - levels[i, j] - mean) / unit
            assert_allclose(encoded[i, j], expected, rtol=1e-11, atol=1e-11)
    decoded = scaling.decode(Point(), encoded[..., None], level)
    assert_allclose(decoded[..., 0], y, rtol=1e-12, atol=1e-12 * max(1, 1 / size))


@every_kind
def test_huge_targets_keep_their_digits(kind):
    x = 1e9 + normal(N, L, F)
    scaling = new_scaling(kind)
    level = new_baseline(kind).level(scaling.moments(x, None))
    y = 1e9 + normal(N, K, seed=2)
    encoded = scaling.encode(y, level)
    for i in range(N):
        for j in range(K):
            values = [Fraction(float(v)) for v in x[i, :, FEATURE[j]]]
            own = values[-1] if kind == "last" else sum(values) / L
            mean, unit = [(7.0, 3.0), (-2.0, 0.5)][j]
            expected = (float(Fraction(float(y[i, j])) - own) - mean) / unit
            assert_allclose(encoded[i, j], expected, rtol=0, atol=2e-6)
    decoded = scaling.decode(Point(), encoded[..., None].float(), level)
    assert_allclose(decoded[..., 0] - 1e9, y - 1e9, rtol=0, atol=1e-5)


def test_classes_get_nothing_back():
    scaling, x = new_scaling("standard"), sequences()
    moments, baseline = scaling.moments(x, LENGTHS), Baseline(K)
    parameters = normal(N, K, 1)
    spread = baseline.spread(moments)
    assert scaling.to_loss(Point(), parameters, spread) is parameters
    assert baseline.level(moments).tolist() == [0.0] * K


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_parameters_keep_their_type_until_they_are_decoded(dtype):
    scaling, x = new_scaling("standard"), sequences()
    moments, baseline = scaling.moments(x, LENGTHS), new_baseline("standard")
    parameters = normal(N, K, 2, seed=1).exp().to(dtype)
    in_loss = scaling.to_loss(Gaussian(), parameters, baseline.spread(moments))
    assert in_loss.dtype == dtype
    result = scaling.decode(Gaussian(), in_loss, baseline.level(moments))
    assert result.dtype == torch.float64


@pytest.mark.parametrize(
    "move",
    [
        lambda module: module.to(torch.float32),
        lambda module: module.half(),
        lambda module: module.to("meta"),
        lambda module: nn.ModuleList([module]).bfloat16(),
        lambda module: nn.ModuleList([module]).to("meta", torch.float16),
    ],
)
def test_the_module_stays_where_it_is(move):
    scaling, baseline = new_scaling("standard"), new_baseline("standard")
    baseline.linear_path = LinearPath(2, F, K)
    scaling.set_moments("x", np.full(F, 1e9 + 0.125), X_SCALE)
    for module in (scaling, baseline):
        move(module)
        for name, buffer in module.named_buffers():
            assert buffer.device.type == "cpu"
            assert buffer.dtype == (torch.int64 if name == "feature" else torch.float64)
    assert scaling.x_mean.tolist() == [1e9 + 0.125] * F
    assert scaling.y_scale.tolist() == [3.0, 0.5]


def test_state_goes_to_another_module():
    scaling = new_scaling("last")
    other = Scaling(F, K, instance_norm="last", indicator=False)
    other.load_state_dict(scaling.state_dict())
    baseline, theirs = new_baseline("last"), Baseline(K, has_level=True)
    theirs.load_state_dict(baseline.state_dict())
    x = sequences()
    moments = other.moments(x, LENGTHS)
    assert torch.equal(moments.level, scaling.moments(x, LENGTHS).level)
    assert torch.equal(other.inputs(x, moments), scaling.inputs(x, moments))
    assert torch.equal(theirs.level(moments), baseline.level(moments))


def test_lists_of_moments_keep_their_digits():
    scaling = Scaling(1, 1, instance_norm=None, indicator=False)
    scaling.set_moments("x", [1e9 + 0.125], [0.1])
    assert float(scaling.x_mean) == 1e9 + 0.125
    assert float(scaling.x_scale) == 0.1
