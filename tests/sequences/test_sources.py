"""Sources of sequences against slow loops: batches, moments and errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import SlidingWindow
from skrnn._sequences import sources
from skrnn._sequences.moments import feature_moments, safe_scale
from skrnn._sequences.sources import as_source

F = 2
KINDS = ["dense", "padded", "ragged", "windowed"]


@pytest.fixture(params=[7, 2**20], autouse=True, scope="module", ids=["many", "one"])
def chunk_size(request):
    """Read in many small blocks, and in one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "CHUNK_SIZE", request.param)
        yield request.param


@st.composite
def inputs(draw):
    """Draw an X of any kind and, for each sample, its present steps."""
    kind = draw(st.sampled_from(KINDS))
    dtype = draw(st.sampled_from([np.float64, np.float32, np.int64]))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n = draw(st.integers(1, 7))
    offset = draw(st.sampled_from([0, 1000, -100_000]))

    def numbers(*shape):
        return (offset + 30 * rng.normal(size=shape)).astype(dtype)

    if kind == "dense":
        X = numbers(n, draw(st.integers(1, 5)), F)
        return X, list(X)
    if kind == "ragged":
        X = [numbers(length, F) for length in rng.integers(0, 6, n)]
        return X, X
    if kind == "padded":
        X = numbers(n, draw(st.integers(1, 5)), F).astype(float)
        X[rng.random(X.shape[:2]) < 0.4] = np.nan
        return X, [sample[~np.isnan(sample[:, 0])] for sample in X]
    rows = numbers(n, F).astype(float)
    if draw(st.booleans()):
        rows[rng.random(n) < 0.3] = np.nan
    horizon, length = draw(st.integers(0, 2)), draw(st.integers(1, 4))
    present = []
    for i in range(n):
        stop = i + 1 - horizon
        seen = rows[max(0, stop - length) : max(0, stop)]
        present.append(seen[~np.isnan(seen[:, 0])])
    return SlidingWindow(length, horizon=horizon).fit_transform(rows), present


def assert_batch_equals(source, rows, expected):
    block, lengths = source.batch(rows)
    if lengths is None:
        lengths = np.full(len(rows), block.shape[1])
    assert block.shape[0] == len(lengths) == len(expected)
    assert block.shape[2] == F
    assert block.shape[1] >= max(map(len, expected), default=0)
    for got, length, steps in zip(block, lengths, expected, strict=True):
        assert_array_equal(got[:length], steps)
        assert_array_equal(got[length:], 0)


@settings(max_examples=100, deadline=None)
@given(inputs(), st.data())
def test_batches_equal_a_slow_loop(drawn, data):
    X, present = drawn
    source = as_source(X)
    assert len(source) == source.n_samples == len(present)
    assert source.n_features == F
    assert source.max_steps >= max(map(len, present))
    some = st.lists(st.integers(0, len(present) - 1), min_size=1, max_size=9)
    rows = np.array(data.draw(some))
    assert_batch_equals(source, rows, [present[i] for i in rows])


@settings(max_examples=100, deadline=None)
@given(inputs(), st.data())
def test_taking_twice_is_taking_the_rows_of_the_rows(drawn, data):
    X, present = drawn
    source = as_source(X)
    source.series = np.arange(len(source)) % 3
    first = np.array(data.draw(st.permutations(range(len(present)))))
    taken = source.take(first)
    some = st.lists(st.integers(0, len(first) - 1), min_size=1, max_size=9)
    second = np.array(data.draw(some))
    twice = taken.take(second)
    assert len(twice) == len(second)
    assert_array_equal(twice.series, source.series[first[second]])
    expected = [present[i] for i in first[second]]
    assert_batch_equals(twice, np.arange(len(second)), expected)
    assert_batch_equals(twice, np.arange(len(second))[::-1], expected[::-1])


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


def test_a_weight_of_zero_is_absence():
    X = np.random.default_rng(0).normal(size=(20, 3, F))
    weight = np.repeat([2.0, 0.0, 1.0], [6, 8, 6])
    got = feature_moments(as_source(X), weight)
    kept = np.flatnonzero(weight)
    expected = feature_moments(as_source(X[kept]), weight[kept])
    assert_allclose(got, expected, rtol=1e-12)


@pytest.mark.parametrize("value", [0.1, -3.7e9, 1e-300, 0.0])
def test_scale_of_a_constant_feature_is_one(value):
    X = np.random.default_rng(0).normal(size=(50, 4, 2))
    X[:, :, 1] = value
    mean, scale = feature_moments(as_source(X))
    assert_allclose(mean[1], value, rtol=1e-12)
    assert scale[1] == 1
    assert_allclose(scale[0], X[:, :, 0].std(), rtol=1e-12)


def test_moments_keep_the_digits_of_large_numbers():
    noise = np.random.default_rng(0).integers(0, 2**10, (400, 5, 1)) / 2**10
    mean, scale = feature_moments(as_source(1.7e9 + noise))
    assert_allclose(mean - 1.7e9, noise.mean((0, 1)), rtol=0, atol=1e-6)
    assert_allclose(scale, noise.std((0, 1)), rtol=1e-6)


def test_moments_do_not_depend_on_the_memory_order():
    X = np.random.default_rng(0).normal(size=(40, 6, F))
    expected = feature_moments(as_source(X))
    for order in (np.asfortranarray(X), X[::-1].copy()[::-1], X.tolist()):
        assert_array_equal(feature_moments(as_source(np.asarray(order))), expected)


def test_safe_scale():
    mean = np.array([0.0, 1e9, 1e9, 5.0])
    variance = np.array([0.0, 1e-20, 1.0, 4.0])
    assert_array_equal(safe_scale(mean, variance), [1, 1, 1, 2])


def test_two_dimensional_input_is_one_feature():
    X = np.arange(12.0).reshape(3, 4)
    block, lengths = as_source(X).batch(np.array([2, 0]))
    assert lengths is None
    assert_array_equal(block, X[[2, 0], :, None])


def test_chunks_cover_every_row_once(chunk_size):
    source = as_source(np.zeros((30, 3, F)))
    chunks = list(source.chunks())
    assert_array_equal(np.concatenate(chunks), np.arange(30))
    assert len(chunks) == (30 if chunk_size == 7 else 1)


# -- errors ---------------------------------------------------------------------------


def windows_over(rows, names=None):
    """Windows of 3 rows over rows that `SlidingWindow` itself would refuse."""
    windows = SlidingWindow(3).fit_transform(np.zeros(rows.shape))
    return windows.with_values(rows, names)


def with_fault(kind, value):
    """Put a value into the second feature of step 2 of sample 8."""
    X = np.random.default_rng(0).normal(size=(12, 5, F))
    X[3, 1] = np.nan  # an absent step elsewhere is no fault
    X[8, 2, 1] = X[10, 0, 0] = value
    return X if kind == "padded" else list(X)


every_fault = pytest.mark.parametrize(
    ("value", "what"),
    [(np.inf, "infinity"), (-np.inf, "infinity"), (np.nan, "Input X contains NaN")],
)
with_and_without_names = pytest.mark.parametrize(
    ("names", "name"), [(None, "1"), (["load", "wind"], "'wind'")]
)


@pytest.mark.parametrize("kind", ["padded", "ragged"])
@with_and_without_names
@every_fault
def test_errors_say_where(kind, names, name, value, what):
    X = with_fault(kind, value)
    with pytest.raises(ValueError, match=rf"{what}.*sample 8, step 2, feature {name}"):
        as_source(X, names)


@with_and_without_names
@every_fault
def test_errors_of_windows_say_where(names, name, value, what):
    rows = np.random.default_rng(0).normal(size=(12, F))
    rows[2] = np.nan
    rows[6, 1] = value  # the newest row of window 6 is the first place to read it
    rows[9, 0] = np.inf
    place = rf"{what}.*sample 6, step 2, feature {name}"
    with pytest.raises(ValueError, match=place):
        as_source(windows_over(rows, names))


def test_rows_that_no_window_reads_may_hold_anything():
    rows = np.random.default_rng(0).normal(size=(12, F))
    rows[10, 1] = np.nan
    windows = SlidingWindow(3).fit_transform(rows)
    block, lengths = as_source(windows[:10]).batch(np.arange(10))
    assert np.isfinite(block).all()
    assert_array_equal(lengths, [1, 2] + 8 * [3])
    with pytest.raises(ValueError, match="sample 10, step 2, feature 1"):
        as_source(windows)


def test_sums_that_overflow_are_no_fault():
    X = np.full((4, 3, F), 1e308)
    assert_array_equal(as_source(X).batch(np.arange(4))[0], X)
    X = np.full((4, 3, F), 3e38, np.float32)
    block, lengths = as_source(X).batch(np.arange(4))
    assert lengths is None
    assert np.isfinite(block).all()
