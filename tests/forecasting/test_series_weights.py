"""How much one of two forecasts counts for each series of a panel."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skrnn._forecasting.series_weights import WEIGHTS, relative_size, series_weights


def errors_of(shape=(12, 40, 3), seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def slow_size(error, before):
    """Geometric mean of how mean absolute errors changed, series by series."""
    logs = [
        math.log(sum(abs(e) for e in new.ravel()) / sum(abs(e) for e in old.ravel()))
        for new, old in zip(error, before, strict=True)
        if old.any()
    ]
    return math.exp(sum(logs) / len(logs))


def test_sizes_are_geometric_means():
    error, before = errors_of(seed=1), errors_of(seed=2)
    before[3] = 0.0  # of which nothing is known
    found = relative_size(error, before)
    np.testing.assert_allclose(found, slow_size(error, before), rtol=1e-9)
    assert relative_size(error, np.zeros_like(error)) == 1.0


def test_the_typical_series_has_the_best_weight():
    error = errors_of()
    apart = error + 0.6 * errors_of(seed=1)
    _, usual = series_weights(error, apart, 1)
    sizes = [slow_size(error - weight * apart, error) for weight in WEIGHTS]
    best = WEIGHTS[int(np.argmin(sizes))]
    # Held near none, but by little where so many errors tell.
    assert 0.95 * best < usual < best


def test_worse_forecasts_count_for_nothing():
    error = errors_of()
    for apart in (errors_of(seed=1), -error, np.zeros_like(error)):
        weight, usual = series_weights(error, apart, 3)
        np.testing.assert_array_equal(weight, np.zeros(12))
        assert usual == 0.0


def test_a_series_has_a_weight_of_its_own():
    error = errors_of()
    apart = errors_of(seed=1)
    apart[:8] = error[:8] + 0.3 * apart[:8]  # right for two thirds of the series
    apart[7] = 0.0  # and one whose other forecasts are the same
    weight, usual = series_weights(error, apart, 3)
    assert weight[:7].min() > usual > weight[8:].max()
    assert weight[7] == usual
    # Of fewer errors the weights are nearer the usual one.
    error, apart = error[:, :4], apart[:, :4]
    fewer, usual = series_weights(error, apart, 3)
    assert np.ptp(fewer) < np.ptp(weight)


@given(st.integers(0, 200), st.floats(1e-3, 1e3))
def test_units_and_the_order_of_series_do_not_matter(seed, unit):
    rng = np.random.default_rng(seed)
    error = rng.normal(size=(5, 20, 2))
    apart = rng.uniform(0, 1.5) * error + rng.normal(size=error.shape)
    weight, usual = series_weights(error, apart, 4)
    assert ((weight >= 0) & (weight <= 1)).all()
    order = rng.permutation(5)
    found, same = series_weights(unit * error[order], unit * apart[order], 4)
    np.testing.assert_allclose(found, weight[order], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(same, usual, rtol=1e-6)
