"""Ridge regression with samples left out, against fits that never saw them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge as Reference

from skrnn._convolutions import ridge as ridge_module
from skrnn._convolutions.ridge import _PENALTIES, Ridge


@pytest.fixture(autouse=True, params=["kept", "computed again"])
def components(request, monkeypatch):
    if request.param == "computed again":
        monkeypatch.setattr(ridge_module, "_MOST_KEPT", 0)
        monkeypatch.setattr(ridge_module, "_BAND", 4)


def read_from(features, size=7):
    tensor = torch.from_numpy(features)

    def read(rows):
        return (part for part in tensor[rows].split(size))

    return read


def fit(features, wanted, weight=None):
    weight = np.ones(len(wanted)) if weight is None else weight
    given_ones = (torch.from_numpy(a) for a in (wanted, weight))
    return Ridge(read_from(features), features.shape[1], *given_ones)


def data(n_samples, n_regressors, seed=0, n_targets=2):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n_samples, n_regressors)) * rng.uniform(
        0.1, 30, n_regressors
    )
    features += rng.normal(size=n_regressors) * 100
    wanted = features[:, :2] @ rng.normal(size=(2, n_targets)) / 30
    return features, wanted + rng.normal(size=wanted.shape)


def twin(features, wanted, weight, alpha, moments):
    """Scikit-learn's ridge on regressors standardised by given moments."""
    center, scale = moments
    model = Reference(alpha=alpha).fit((features - center) / scale, wanted, weight)
    return lambda rows: model.predict((rows - center) / scale)


def moments_of(features, weight):
    mean = np.average(features, axis=0, weights=weight)
    deviation = np.sqrt(np.average((features - mean) ** 2, axis=0, weights=weight))
    varies = deviation > 1e-9 * np.abs(mean)
    return mean, np.where(varies, deviation, np.inf) * np.sqrt(varies.sum())


def alpha_of(ridge):
    return float((ridge._damped - ridge._power)[0])


SHAPES = [(40, 6), (12, 30), (20, 20), (5, 50)]


@pytest.mark.parametrize("shape", SHAPES)
def test_equals_scikit_learn(shape):
    features, wanted = data(*shape)
    weight = np.random.default_rng(1).uniform(0.2, 3, len(wanted))
    ridge = fit(features, wanted, weight)
    model = twin(
        features, wanted, weight, alpha_of(ridge), moments_of(features, weight)
    )
    predicted = (features - ridge.center.numpy()) @ ridge.weight.numpy().T
    predicted += ridge.bias.numpy()
    np.testing.assert_allclose(predicted, model(features), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("shape", SHAPES)
def test_left_out_is_a_fit_without_the_sample(shape):
    features, wanted = data(*shape)
    ones = np.ones(len(wanted))
    ridge = fit(features, wanted)
    moments, alpha = moments_of(features, ones), alpha_of(ridge)
    for i in range(len(wanted)):
        rest = np.arange(len(wanted)) != i
        model = twin(features[rest], wanted[rest], ones[rest], alpha, moments)
        expected = model(features[i : i + 1])[0]
        np.testing.assert_allclose(ridge.left_out[i], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_without_some_samples(shape):
    features, wanted = data(*shape)
    weight = np.random.default_rng(2).uniform(0.5, 2, len(wanted))
    ridge = fit(features, wanted, weight)
    rows = np.arange(1, len(wanted), 3)
    rest = np.setdiff1d(np.arange(len(wanted)), rows)
    model = twin(
        features[rest],
        wanted[rest],
        weight[rest],
        alpha_of(ridge),
        moments_of(features, weight),
    )
    np.testing.assert_allclose(
        ridge.without(rows), model(features[rows]), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_penalty_and_errors_of_those_that_judge(shape):
    features, wanted = data(*shape, seed=6)
    weight = np.random.default_rng(7).uniform(0.5, 2, len(wanted))
    judging = np.arange(0, len(wanted), 3)
    given_ones = (torch.from_numpy(a) for a in (wanted, weight))
    ridge = Ridge(read_from(features), features.shape[1], *given_ones, judging)
    moments, left_out, errors = moments_of(features, weight), [], []
    for penalty in _PENALTIES.numpy():
        alpha = penalty * weight.sum()
        predicted = []
        for i in judging:
            rest = np.arange(len(wanted)) != i
            model = twin(features[rest], wanted[rest], weight[rest], alpha, moments)
            predicted.append(model(features[i : i + 1])[0])
        left_out.append(predicted)
        missed = np.square(wanted[judging] - predicted).sum(axis=1)
        errors.append(weight[judging] @ missed)
    squares = np.square(wanted[judging]).sum(axis=1)
    nothing = 1e-4 * (weight[judging] @ squares)
    chosen = np.flatnonzero(errors <= np.min(errors) + nothing)[-1]
    alpha = _PENALTIES[chosen].item() * weight.sum()
    assert alpha_of(ridge) == pytest.approx(alpha, rel=1e-6)
    np.testing.assert_allclose(ridge.left_out, left_out[chosen], rtol=1e-6, atol=1e-6)
    rows = np.arange(1, len(wanted), 3)  # of which none has judged
    rest = np.setdiff1d(np.arange(len(wanted)), rows)
    model = twin(features[rest], wanted[rest], weight[rest], alpha, moments)
    np.testing.assert_allclose(
        ridge.without(rows), model(features[rows]), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_samples_of_no_weight_are_only_predicted(shape):
    features, wanted = data(*shape)
    weight = np.ones(len(wanted))
    weight[1::4] = 0
    ridge = fit(features, wanted, weight)
    is_there = weight > 0
    rest = fit(features[is_there], wanted[is_there])
    predicted = (features[~is_there] - rest.center.numpy()) @ rest.weight.numpy().T
    predicted += rest.bias.numpy()
    left_out = ridge.left_out.numpy()
    close = {"rtol": 1e-6, "atol": 1e-6}
    np.testing.assert_allclose(left_out[is_there], rest.left_out, **close)
    np.testing.assert_allclose(left_out[~is_there], predicted, **close)


def test_penalty_is_the_one_of_the_least_error_of_samples_left_out():
    features, wanted = data(30, 12, seed=3)
    ones = np.ones(len(wanted))
    moments = moments_of(features, ones)
    errors = []
    for penalty in _PENALTIES.numpy():
        missed = []
        for i in range(len(wanted)):
            rest = np.arange(len(wanted)) != i
            alpha = penalty * len(wanted)
            model = twin(features[rest], wanted[rest], ones[rest], alpha, moments)
            missed.append(wanted[i] - model(features[i : i + 1])[0])
        errors.append(np.sum(np.square(missed)))
    chosen = alpha_of(fit(features, wanted)) / len(wanted)
    ties = np.flatnonzero(errors <= np.min(errors) + 1e-4 * np.square(wanted).sum())
    assert chosen == pytest.approx(_PENALTIES[ties[-1]].item(), rel=1e-6)


def test_samples_that_weigh_next_to_nothing_change_next_to_nothing():
    features, wanted = data(30, 60)
    wanted[:15], wanted[15:] = 1.0, -1.0
    weight = np.where(np.arange(30) < 15, 1000.0, 1e-4)
    ridge = fit(features, wanted, weight)
    predicted = (features - ridge.center.numpy()) @ ridge.weight.numpy().T + 1.0
    assert (predicted > 0.9).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_left_out_with_all_of_its_weight(shape):
    features, wanted = data(*shape)
    weight = np.random.default_rng(4).uniform(0.1, 5, len(wanted))
    ridge = fit(features, wanted, weight)
    moments, alpha = moments_of(features, weight), alpha_of(ridge)
    for i in range(len(wanted)):
        rest = np.arange(len(wanted)) != i
        model = twin(features[rest], wanted[rest], weight[rest], alpha, moments)
        expected = model(features[i : i + 1])[0]
        np.testing.assert_allclose(ridge.left_out[i], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_part_of_the_weight_left_out(shape):
    features, wanted = data(*shape)
    weight = np.random.default_rng(2).uniform(0.5, 2, len(wanted))
    ridge = fit(features, wanted, weight)
    rows = np.arange(1, len(wanted), 3)
    less = np.where(np.isin(np.arange(len(wanted)), rows), weight / 3, 0.0)
    moments, alpha = moments_of(features, weight), alpha_of(ridge)
    model = twin(features, wanted, weight - less, alpha, moments)
    predicted = ridge.without(rows, torch.from_numpy(less))
    np.testing.assert_allclose(predicted, model(features[rows]), rtol=1e-6, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.floats(0.1, 10), min_size=8, max_size=8),
    st.floats(1e-6, 1e6),
    st.sampled_from([3, 40]),
    st.integers(0, 99),
)
def test_the_unit_of_weights_does_not_matter(weight, unit, n_regressors, seed):
    features, wanted = data(8, n_regressors, seed)
    weight = np.array(weight)
    one, other = (fit(features, wanted, w) for w in (weight, unit * weight))
    for name in ("center", "weight", "bias", "left_out"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=1e-6, atol=1e-8
        )


def test_kernel_matrix_and_regressors_give_the_same():
    features, wanted = data(20, 20, seed=5)
    wide = np.hstack([features, np.full((20, 1), 7.0)])  # now fewer samples
    narrow, also = fit(features[:, :19], wanted), fit(wide[:, [*range(19), 20]], wanted)
    np.testing.assert_allclose(
        narrow.left_out.numpy(), also.left_out.numpy(), rtol=1e-6, atol=1e-7
    )


def test_constant_regressors_count_for_nothing():
    features, wanted = data(15, 4)
    ridge = fit(np.hstack([features, np.full((15, 3), 1e6)]), wanted)
    assert not ridge.weight[:, 4:].any()
    np.testing.assert_allclose(ridge.weight[:, :4], fit(features, wanted).weight)


def test_all_regressors_constant():
    ridge = fit(np.ones((6, 3)), np.arange(6.0)[:, None])
    assert not ridge.weight.any()
    assert ridge.bias == pytest.approx(2.5)
    np.testing.assert_allclose(
        ridge.left_out[:, 0], [(15 - i) / 5 for i in range(6)], rtol=1e-9
    )


def test_what_only_the_lightest_sample_differs_in_is_learned_by_finite_numbers():
    features = torch.ones(6, 9, dtype=torch.float64)
    features[0] = torch.arange(9.0)
    wanted = torch.tensor([[1.0], [-1.0]] * 3, dtype=torch.float64)
    weight = torch.tensor([1e-266, 1, 1, 1, 1, 1], dtype=torch.float64)
    for chosen in (features, features[:, :3]):
        ridge = Ridge(
            lambda rows, chosen=chosen: [chosen[rows]], chosen.shape[1], wanted, weight
        )
        assert ridge.weight.isfinite().all()
        assert ridge.left_out.isfinite().all()
