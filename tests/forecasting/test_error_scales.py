"""How large the errors of each series are, against the formulas by root finding."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import polygamma, psi

from skrnn._forecasting.error_scales import error_scales


def drawn(n_series, n_origins, freedom, seed=0):
    """Errors of one step (n_series, n_origins, 1, 1), and their deviations."""
    rng = np.random.default_rng(seed)
    sizes = np.sqrt(freedom / rng.chisquare(freedom, n_series))
    errors = sizes[:, None] * rng.normal(size=(n_series, n_origins))
    return errors[..., None, None], sizes


def slow_scales(errors):
    """Of one step: posterior means of variances, number by number."""
    n = errors.shape[1]
    variances = [np.mean(row**2) for row in errors[..., 0, 0]]
    total = np.mean(variances)
    logs = [np.log(v / total) - psi(n / 2) + np.log(n / 2) for v in variances]
    excess = np.var(logs, ddof=1) - polygamma(1, n / 2)
    half = brentq(lambda x: polygamma(1, x) - excess, 1e-3, 1e6, xtol=1e-12)
    usual = np.exp(np.mean(logs) + psi(half) - np.log(half))
    held = [(2 * half * usual + n * v / total) / (2 * half + n) for v in variances]
    return np.sqrt(np.array(held) / np.mean(held))


def test_scales_are_those_of_the_posterior():
    errors, _ = drawn(30, 12, 5.0)
    found = error_scales(errors, np.array([1]))[:, 0]
    np.testing.assert_allclose(found, slow_scales(errors), rtol=1e-8)


def test_scales_are_nearer_the_truth_than_what_each_series_says():
    errors, sizes = drawn(200, 6, 6.0)
    sizes = sizes / np.sqrt(np.mean(sizes**2))
    found = error_scales(errors, np.array([1]))[:, 0]
    own = np.sqrt((errors**2).mean(axis=1)[:, 0, 0])
    own /= np.sqrt(np.mean(own**2))

    def far(values):
        return np.mean(np.log(values / sizes) ** 2)

    assert far(found) < 0.8 * min(far(own), far(np.ones(200)))


def test_series_that_are_alike_have_one_scale():
    rng = np.random.default_rng(0)
    # More alike than chance has it.
    errors = rng.permuted(np.tile(np.linspace(-1, 1, 20), (9, 1)), axis=1)
    found = error_scales(errors[..., None, None], np.array([1]))
    np.testing.assert_array_equal(found, np.ones((9, 1)))
    # Of one series, or of errors that are all zero, nothing is known.
    for errors in (rng.normal(size=(1, 8, 2, 1)), np.zeros((3, 8, 2, 1))):
        found = error_scales(errors, np.array([1, 2]))
        np.testing.assert_array_equal(found, np.ones((len(errors), 1)))


@given(st.integers(0, 100), st.floats(1e-6, 1e6))
def test_units_and_the_order_of_series_do_not_matter(seed, unit):
    rng = np.random.default_rng(seed)
    errors = rng.normal(size=(6, 15, 3, 2)) * rng.uniform(0.1, 5, (6, 1, 1, 2))
    errors[rng.random(errors.shape) < 0.2] = np.nan
    errors[4] = np.nan  # of which nothing is known
    steps = np.array([1, 2, 5])
    found = error_scales(errors, steps)
    np.testing.assert_allclose(np.mean(found**2, axis=0), 1.0, rtol=1e-9)
    np.testing.assert_allclose(error_scales(unit * errors, steps), found, rtol=1e-6)
    order = rng.permutation(6)
    again = error_scales(errors[order], steps)
    np.testing.assert_allclose(again, found[order], rtol=1e-6)
