"""Heads and their likelihoods against scipy and plain loops."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose
from scipy import stats

from skrnn._targets.heads import (
    Classes,
    Gaussian,
    Labels,
    LogRate,
    Point,
    Quantiles,
    StudentT,
)
from skrnn._targets.losses import SampleLoss, regression_loss
from tests.support import normal
from tests.targets.data import C, K, N

LEVELS = (0.9, 0.05, 0.25)  # not sorted, and without the median
TRAINED = (0.05, 0.25, 0.5, 0.9)
HEADS = {
    "point": Point,
    "log_rate": LogRate,
    "quantiles": lambda: Quantiles(LEVELS),
    "gaussian": Gaussian,
    "student_t": StudentT,
}
every_head = pytest.mark.parametrize("name", list(HEADS))
LAWS = {
    "gaussian": lambda p: stats.norm(p[0], p[1]),
    "student_t": lambda p: stats.t(p[2], p[0], p[1]),
}
every_law = pytest.mark.parametrize("name", list(LAWS))


def drawn(name, seed=0, scale=1.5):
    head = HEADS[name]()
    return head, head.transform(normal(N, K, head.width, seed=seed, scale=scale))


def entries(parameters):
    """Every (sample, target) and its parameters as floats."""
    for i in range(parameters.shape[0]):
        for j in range(parameters.shape[1]):
            yield i, j, [float(p) for p in parameters[i, j]]


def pinball(prediction, target, level):
    if target >= prediction:
        return level * (target - prediction)
    return (1 - level) * (prediction - target)


@every_head
def test_parameters_of_raw_outputs(name):
    head = HEADS[name]()
    raw = normal(N, K, head.width, scale=3.0)
    parameters = head.transform(raw)
    assert parameters.shape == raw.shape

    def softplus(value):
        return math.log1p(math.exp(value))

    for i, j, numbers in entries(raw):
        if name == "quantiles":
            third = numbers[2]  # the median among 0.05, 0.25, 0.5, 0.9
            second = third - softplus(numbers[1])
            first = second - softplus(numbers[0])
            expected = [first, second, third, third + softplus(numbers[3])]
        elif name == "gaussian":
            expected = [numbers[0], softplus(numbers[1]) + 1e-4]
        elif name == "student_t":
            expected = [
                numbers[0],
                softplus(numbers[1]) + 1e-4,
                softplus(numbers[2]) + 2.1,
            ]
        else:
            expected = numbers
        assert_allclose(parameters[i, j], expected, rtol=1e-13, atol=1e-13)


def test_levels_are_sorted_and_hold_the_median():
    assert Quantiles(LEVELS).levels == list(TRAINED)
    assert Quantiles((0.5,)).levels == [0.5]
    assert Quantiles((0.7,)).width == 2
    assert Quantiles(LEVELS).wanted == LEVELS


@settings(deadline=None, max_examples=60)
@given(
    raw=hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 3), st.just(1), st.just(5)),
        elements=st.floats(-1e300, 1e300) | st.floats(-40, 40),
    ),
    single=st.booleans(),
    scale=st.floats(1e-6, 1e6),
    shift=st.floats(-1e9, 1e9),
)
def test_quantiles_never_cross(raw, single, scale, shift):
    head = Quantiles((0.01, 0.1, 0.5, 0.9, 0.99))
    raw = torch.as_tensor(raw)
    if single:
        raw = raw.clamp(-1e37, 1e37).float()
    parameters = head.transform(raw)
    assert parameters.isfinite().all()
    assert (parameters.diff(dim=-1) >= 0).all()
    moderate = parameters.clamp(-1e30, 1e30)
    one = torch.ones(1, dtype=parameters.dtype)
    moved = head.affine(moderate, shift * one, scale * one)
    assert (moved.diff(dim=-1) >= 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1.0, 30.0, 1e3, 1e6])
@every_law
def test_scales_are_positive_whatever_comes(name, size, dtype):
    head = HEADS[name]()
    raw = normal(50, K, head.width, scale=size).to(dtype).requires_grad_()
    parameters = head.transform(raw)
    assert (parameters[..., 1] > 0).all()
    if name == "student_t":
        assert (parameters[..., 2] > 2).all()
    loss = head.loss(parameters, torch.zeros(50, K, dtype=dtype))
    assert loss.shape == (50, K)
    assert loss.isfinite().all()
    loss.mean().backward()
    assert raw.grad.isfinite().all()


@every_law
def test_likelihoods_equal_scipy(name):
    head, parameters = drawn(name)
    target = normal(N, K, seed=1, scale=4.0)
    loss = head.loss(parameters, target)
    for i, j, numbers in entries(parameters):
        expected = -LAWS[name](numbers).logpdf(float(target[i, j]))
        assert_allclose(loss[i, j], expected, rtol=1e-12, atol=1e-12)


def test_poisson_equals_scipy_but_for_the_targets():
    head, parameters = drawn("log_rate")
    target = np.random.default_rng(0).poisson(3.0, size=(N, K))
    loss = head.loss(parameters, torch.as_tensor(target, dtype=torch.float64))
    for i, j, (log_rate,) in entries(parameters):
        count = int(target[i, j])
        expected = -stats.poisson(math.exp(log_rate)).logpmf(count)
        expected -= math.log(math.factorial(count))
        assert_allclose(loss[i, j], expected, rtol=1e-12, atol=1e-12)


def test_quantile_loss_equals_a_pinball_loop():
    head, parameters = drawn("quantiles")
    target = normal(N, K, seed=1, scale=4.0)
    target[0, 0] = parameters[0, 0, 1]  # met exactly
    loss = head.loss(parameters, target)
    for i, j, numbers in entries(parameters):
        wanted = float(target[i, j])
        terms = [
            pinball(p, wanted, level) for p, level in zip(numbers, TRAINED, strict=True)
        ]
        assert_allclose(loss[i, j], sum(terms) / 4, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["log_rate", "quantiles", "gaussian", "student_t"])
def test_gradients_of_heads(name):
    head = HEADS[name]()
    target = normal(N, K, seed=1, scale=3.0)
    shift, scale = normal(N, K, seed=2), normal(N, K, seed=3).exp()

    def run(raw):
        return head.loss(head.affine(head.transform(raw), shift, scale), target)

    raw = normal(N, K, head.width, scale=2.0).requires_grad_()
    assert torch.autograd.gradcheck(run, (raw,))


@pytest.mark.parametrize(
    "loss", ["squared_error", "absolute_error", "huber", "poisson", "gaussian"]
)
def test_names_of_regression_losses(loss):
    head, sample_loss = regression_loss(loss, (0.5,))
    raw = normal(N, K, head.width, scale=2.0)
    target = normal(N, K, seed=1, scale=2.0).abs()
    total = 0.0
    for i, j, numbers in entries(head.transform(raw)):
        wanted = float(target[i, j])
        error = wanted - numbers[0]
        if loss == "squared_error":
            total += error**2
        elif loss == "absolute_error":
            total += abs(error)
        elif loss == "huber":
            total += error**2 / 2 if abs(error) < 1 else abs(error) - 0.5
        elif loss == "poisson":
            total += math.exp(numbers[0]) - wanted * numbers[0]
        else:
            total -= stats.norm.logpdf(wanted, *numbers)
    result = sample_loss(head.transform(raw), target)
    assert_allclose(result, total / (N * K), rtol=1e-12)


def test_quantiles_reach_the_head():
    head, _ = regression_loss("quantile", [0.2, 0.8])
    assert isinstance(head, Quantiles)
    assert head.levels == [0.2, 0.5, 0.8]
    assert isinstance(regression_loss("student_t", None)[0], StudentT)


@pytest.mark.parametrize("each_sample", [False, True])
@every_head
def test_affine_is_the_law_of_the_moved_target(name, each_sample):
    head, parameters = drawn(name)
    shape = (N, K) if each_sample else (K,)
    shift, scale = normal(*shape, seed=4, scale=5.0), normal(*shape, seed=5).exp()
    moved = head.affine(parameters, shift, scale)
    shifts, scales = shift.expand(N, K).tolist(), scale.expand(N, K).tolist()
    target = normal(N, K, seed=6, scale=2.0)
    for i, j, numbers in entries(parameters):
        a, b = shifts[i][j], scales[i][j]
        new = moved[i, j].tolist()
        if name in ("point", "quantiles"):
            assert_allclose(new, [a + b * p for p in numbers], rtol=1e-12, atol=1e-12)
        elif name == "log_rate":
            assert_allclose(math.exp(new[0]), b * math.exp(numbers[0]), rtol=1e-12)
        else:
            # The density of a + b * Z at a + b * z is that of Z at z over b.
            z = float(target[i, j])
            before = LAWS[name](numbers).logpdf(z) - math.log(b)
            after = LAWS[name](new).logpdf(a + b * z)
            assert_allclose(after, before, rtol=1e-11, atol=1e-11)
            quantiles = LAWS[name](numbers).ppf([0.1, 0.5, 0.8])
            expected = [a + b * q for q in quantiles]
            assert_allclose(LAWS[name](new).ppf([0.1, 0.5, 0.8]), expected, rtol=1e-9)


def test_rates_scale_in_numpy_too():
    parameters = np.array([[[0.5], [1.0]]])
    moved = LogRate().affine(parameters, np.zeros(2), np.array([2.0, 3.0]))
    assert_allclose(np.exp(moved[0, :, 0]), [2 * math.exp(0.5), 3 * math.e])


@every_law
def test_forecasts_equal_scipy(name):
    head, parameters = drawn(name)
    parameters = parameters.numpy()
    levels = [0.7, 0.01, 0.5, 0.999]
    location, std = head.location(parameters), head.std(parameters)
    quantiles = head.quantiles(parameters, levels)
    assert quantiles.shape == (N, K, 4)
    for i, j, numbers in entries(parameters):
        law = LAWS[name](numbers)
        assert_allclose(location[i, j], law.mean(), rtol=1e-12)
        assert_allclose(std[i, j], law.std(), rtol=1e-12)
        for m, level in enumerate(levels):
            expected = float(law.ppf(level))
            assert_allclose(quantiles[i, j, m], expected, rtol=1e-10, atol=1e-12)
            assert_allclose(law.cdf(quantiles[i, j, m]), level, rtol=1e-8)


def test_forecasts_of_points_rates_and_quantiles():
    _, parameters = drawn("point")
    assert_allclose(Point().location(parameters.numpy()), parameters[..., 0])
    _, parameters = drawn("log_rate")
    location = LogRate().location(parameters.numpy())
    for i, j, (log_rate,) in entries(parameters):
        assert_allclose(location[i, j], stats.poisson(math.exp(log_rate)).mean())
    head, parameters = drawn("quantiles")
    parameters = parameters.numpy()
    chosen = head.quantiles(parameters, (0.9, 0.05))
    for i, j, numbers in entries(parameters):
        assert head.location(parameters)[i, j] == numbers[2]
        assert chosen[i, j].tolist() == [numbers[3], numbers[0]]


def test_probabilities_of_classes():
    logits = normal(N, C, scale=3.0)
    logits[1] *= 300  # certain
    head, parameters = Classes(), logits[..., None].numpy()
    probability, location = head.probability(parameters), head.location(parameters)
    for i, row in enumerate(logits.tolist()):
        masses = [math.exp(z - max(row)) for z in row]
        expected = [mass / sum(masses) for mass in masses]
        assert_allclose(probability[i], expected, rtol=1e-12, atol=1e-300)
        assert location[i] == row.index(max(row))


def test_probabilities_of_labels():
    logits = normal(N, C, scale=3.0)
    logits[1] *= 300
    head, parameters = Labels(), logits[..., None].numpy()
    probability, location = head.probability(parameters), head.location(parameters)
    for i, j, (z,) in entries(logits[..., None]):
        e = math.exp(-abs(z))
        expected = 1 / (1 + e) if z > 0 else e / (1 + e)
        assert_allclose(probability[i, j], expected, rtol=1e-12, atol=1e-300)
        assert location[i, j] == (1 if z > 0 else 0)


@pytest.mark.parametrize("name", ["log_rate", "quantiles", "gaussian", "student_t"])
def test_integer_weights_are_repetitions(name):
    head, parameters = drawn(name)
    target = normal(N, K, seed=1).abs()
    counts = torch.tensor([1, 3, 2, 0, 1, 5])
    loss = SampleLoss(head.loss)
    again = torch.repeat_interleave(torch.arange(N), counts)
    repeated = loss(parameters[again], target[again])
    weight = counts / counts.to(torch.float64).mean()
    assert_allclose(loss(parameters, target, weight), repeated, rtol=1e-12)
    equal = torch.ones(N, dtype=torch.float64)
    assert_allclose(loss(parameters, target, equal), loss(parameters, target))


def test_weights_have_mean_one_over_all_samples_not_over_the_batch():
    _, loss = regression_loss("squared_error", None)
    parameters, target = normal(N, K, 1), normal(N, K, seed=1)
    weight = torch.tensor([0.5, 2.0, 0.0, 1.0, 3.0, 4.0], dtype=torch.float64)
    total = 0.0
    for i, j, (numbers,) in entries(parameters):
        total += float(weight[i]) * (numbers - float(target[i, j])) ** 2 / K
    assert_allclose(loss(parameters, target, weight), total / N, rtol=1e-12)


@pytest.mark.parametrize("freedom", [2.5, 30.0, 49.9, 50.1, 1e3, 1e4, 1e6])
def test_student_t_keeps_its_digits_near_the_normal_law(freedom):
    parameters = torch.tensor([[[0.3, 1.2, freedom]]])
    loss = StudentT().loss(parameters, torch.tensor([[0.5]]))
    expected = -stats.t.logpdf(0.5, freedom, 0.3, 1.2)
    assert_allclose(loss, [[expected]], rtol=0, atol=1e-5)
