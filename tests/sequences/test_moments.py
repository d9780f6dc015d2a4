"""Moments of features and targets against plain loops."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import SlidingWindow
from skrnn._sequences import sources
from skrnn._sequences.moments import (
    FeatureMoments,
    feature_moments,
    safe_scale,
    target_moments,
)
from skrnn._sequences.sources import as_source
from tests.sequences.drawn import F, inputs

ROW_MEAN, ROW_SCALE = np.array([10.0, -3.0, 0.5]), np.array([4.0, 0.1, 2.0])
in_many_blocks_and_one = pytest.mark.usefixtures("chunk_size")


@in_many_blocks_and_one
@settings(max_examples=100, deadline=None)
@given(inputs(), st.booleans(), st.integers(0, 10**6))
def test_moments_equal_naive_ones(drawn, is_weighted, seed):
    X, present = drawn
    weight = None
    each = np.ones(len(present))
    if is_weighted:
        weight = each = np.random.default_rng(seed).uniform(0.1, 3, len(present))
    mean, scale = feature_moments(as_source(X), weight)
    steps = np.concatenate(present).astype(float)
    if len(steps) == 0:
        assert_array_equal(mean, 0)
        assert_array_equal(scale, 1)
        return
    repeated = np.repeat(each, [len(sample) for sample in present])
    expected = np.average(steps, axis=0, weights=repeated)
    variance = np.average((steps - expected) ** 2, axis=0, weights=repeated)
    assert_allclose(mean, expected, rtol=1e-12, atol=1e-9)
    is_constant = (steps == steps[0]).all(axis=0)
    assert_allclose(
        scale, np.where(is_constant, 1, np.sqrt(variance)), rtol=1e-7, atol=1e-9
    )


@in_many_blocks_and_one
def test_a_weight_of_zero_is_absence():
    X = np.random.default_rng(0).normal(size=(20, 3, F))
    weight = np.repeat([2.0, 0.0, 1.0], [6, 8, 6])
    got = feature_moments(as_source(X), weight)
    kept = np.flatnonzero(weight)
    expected = feature_moments(as_source(X[kept]), weight[kept])
    assert_allclose(got, expected, rtol=1e-12)


@in_many_blocks_and_one
@pytest.mark.parametrize("value", [0.1, -3.7e9, 1e-300, 0.0])
def test_scale_of_a_constant_feature_is_one(value):
    X = np.random.default_rng(0).normal(size=(50, 4, 2))
    X[:, :, 1] = value
    mean, scale = feature_moments(as_source(X))
    assert_allclose(mean[1], value, rtol=1e-12)
    assert scale[1] == 1
    assert_allclose(scale[0], X[:, :, 0].std(), rtol=1e-12)


@in_many_blocks_and_one
def test_moments_keep_the_digits_of_large_numbers():
    noise = np.random.default_rng(0).integers(0, 2**10, (400, 5, 1)) / 2**10
    mean, scale = feature_moments(as_source(1.7e9 + noise))
    assert_allclose(mean - 1.7e9, noise.mean((0, 1)), rtol=0, atol=1e-6)
    assert_allclose(scale, noise.std((0, 1)), rtol=1e-6)


@in_many_blocks_and_one
def test_moments_do_not_depend_on_the_memory_order():
    X = np.random.default_rng(0).normal(size=(40, 6, F))
    expected = feature_moments(as_source(X))
    for order in (np.asfortranarray(X), X[::-1].copy()[::-1], X.tolist()):
        assert_array_equal(feature_moments(as_source(np.asarray(order))), expected)


def test_safe_scale():
    mean = np.array([0.0, 1e9, 1e9, 5.0])
    variance = np.array([0.0, 1e-20, 1.0, 4.0])
    assert_array_equal(safe_scale(mean, variance), [1, 1, 1, 2])


def plain_moments(samples, weights=None):
    """Mean and deviation of each feature over present values, one by one."""
    means, scales = [], []
    for f in range(samples[0].shape[1]):
        pairs = [
            (1.0 if weights is None else float(weights[i]), float(step[f]))
            for i, sample in enumerate(samples)
            for step in sample
            if not math.isnan(step[f])
        ]
        mass = math.fsum(w for w, _ in pairs)
        mean = math.fsum(w * v for w, v in pairs) / mass
        variance = math.fsum(w * (v - mean) ** 2 for w, v in pairs) / mass
        means.append(mean)
        scales.append(math.sqrt(variance))
    return means, scales


def samples_with_holes(seed, n=40, steps=9):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, steps, 3)) * ROW_SCALE + ROW_MEAN
    X[rng.random(X.shape) < 0.2] = np.nan
    X[rng.random((n, steps)) < 0.2] = np.nan  # absent steps
    X[0] = np.nan  # a sample without a step
    return X


def small_chunks(monkeypatch):
    monkeypatch.setattr(sources, "CHUNK_SIZE", 60)


@pytest.mark.parametrize("layout", ["dense", "ragged"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_feature_moments_equal_numpy(layout, seed, monkeypatch):
    small_chunks(monkeypatch)
    X = samples_with_holes(seed)
    given_X = X if layout == "dense" else [row[: 3 + i % 7] for i, row in enumerate(X)]
    source = as_source(given_X, allow_partial=True)
    assert len(list(source.chunks())) > 5
    mean, scale = feature_moments(source)
    rows = np.concatenate(list(given_X))
    assert_allclose(mean, np.nanmean(rows, axis=0), rtol=1e-12)
    assert_allclose(scale, np.nanstd(rows, axis=0), rtol=1e-12)


@pytest.mark.parametrize("layout", ["dense", "ragged"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_weighted_feature_moments_equal_a_loop(layout, seed, monkeypatch):
    small_chunks(monkeypatch)
    X = samples_with_holes(seed)
    given_X = X if layout == "dense" else [row[: 3 + i % 7] for i, row in enumerate(X)]
    weight = np.random.default_rng(seed).integers(0, 4, size=len(X)).astype(float)
    weight[5:15] = 0.0  # whole chunks count for nothing
    source = as_source(given_X, allow_partial=True)
    mean, scale = feature_moments(source, weight)
    means, scales = plain_moments(given_X, weight)
    assert_allclose(mean, means, rtol=1e-12)
    assert_allclose(scale, scales, rtol=1e-12)
    again = np.repeat(np.arange(len(X)), weight.astype(int))
    repeated = as_source([given_X[i] for i in again], allow_partial=True)
    assert_allclose(feature_moments(repeated), (mean, scale), rtol=1e-12)


@settings(deadline=None, max_examples=60)
@given(
    X=hnp.arrays(
        np.float64,
        (6, 4, 2),
        elements=st.floats(-100, 100).map(lambda v: round(v, 3)) | st.just(math.nan),
    ),
    weight=hnp.arrays(np.float64, 6, elements=st.sampled_from([0.0, 0.5, 1.0, 3.0])),
)
def test_any_feature_moments(X, weight):
    seen = ~np.isnan(X) & (weight > 0)[:, None, None]
    assume(seen.any(axis=(0, 1)).all())
    mean, scale = feature_moments(as_source(X, allow_partial=True), weight)
    means, scales = plain_moments(X, weight)
    assert_allclose(mean, means, rtol=1e-10, atol=1e-10)
    for got, expected in zip(scale, scales, strict=True):
        if expected > 1e-6:
            assert_allclose(got, expected, rtol=1e-9)
        else:  # constant but for rounding
            assert got == 1.0 or got < 1e-6


def test_features_without_values_or_variance():
    X = np.full((4, 3, 3), 2.5)
    X[:, :, 1] = np.nan
    X[:, :, 2] = 1e12 + 0.1
    mean, scale = feature_moments(as_source(X, allow_partial=True))
    assert_allclose(mean, [2.5, 0.0, 1e12 + 0.1], rtol=1e-15)
    assert scale.tolist() == [1.0, 1.0, 1.0]


def test_feature_moments_of_huge_means(monkeypatch):
    small_chunks(monkeypatch)
    X = samples_with_holes(3) + 1e9
    mean, scale = feature_moments(as_source(X, allow_partial=True))
    for f in range(3):
        values = [Fraction(v) for v in X[:, :, f].ravel().tolist() if v == v]
        exact = sum(values) / len(values)
        variance = sum((v - exact) ** 2 for v in values) / len(values)
        assert abs(float(Fraction(mean[f]) - exact)) < 1e-6
        assert_allclose(scale[f], math.sqrt(float(variance)), rtol=0, atol=1e-7)


def test_feature_moments_of_windows():
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(30, 2)) * [3.0, 0.2] + [5.0, -1.0]
    rows[rng.random(rows.shape) < 0.2] = np.nan
    windows = SlidingWindow(5).fit_transform(rows)
    source = as_source(windows, allow_partial=True)
    weight = rng.random(30) + 0.1
    samples = [rows[max(0, i - 4) : i + 1] for i in range(30)]
    assert_allclose(feature_moments(source, weight), plain_moments(samples, weight))


def test_feature_moments_of_what_is_left(monkeypatch):
    # Moments over normalised windows, as training takes them.
    small_chunks(monkeypatch)
    X = samples_with_holes(5)
    source = as_source(X, allow_partial=True)
    moments = FeatureMoments(3)
    for rows in source.chunks():
        block, lengths = source.batch(rows)
        moments.add(block / 2 + 1, lengths)
    mean, scale = moments.mean_and_scale()
    means, scales = plain_moments(X / 2 + 1)
    assert_allclose(mean, means, rtol=1e-12)
    assert_allclose(scale, scales, rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_target_moments_equal_a_loop(weighted):
    rng = np.random.default_rng(6)
    y = rng.normal(size=(20, 3)) * [1.0, 1e-3, 1.0] + [0.0, 1e6, 3.0]
    y[:, 2] = 1 / 3
    weight = rng.integers(0, 3, size=20).astype(float) if weighted else None
    before = y.copy()
    mean, scale = target_moments(y, weight)
    assert np.array_equal(y, before)
    means, scales = plain_moments(y[:, None], weight)
    assert_allclose(mean, means, rtol=1e-12, atol=1e-12)
    assert_allclose(scale[:2], scales[:2], rtol=1e-6)
    assert scale[2] == pytest.approx(1 / 3)


def test_scales_of_constant_targets():
    y = np.tile([1e-9, 0.0, -0.5, 7.0], (4, 1))
    assert_allclose(target_moments(y)[1], [1e-9, 1.0, 0.5, 1.0])
    given = np.array([2.0, 3.0, 4.0, 5.0])
    assert np.array_equal(target_moments(y, constant=given)[1], given)
