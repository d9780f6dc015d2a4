"""Ridge regression of many series against least squares with rows for the penalties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrnn._forecasting.hierarchical_ridge import (
    held_near,
    in_common,
    own_share,
    sums_of,
)

LENGTHS = [7, 0, 30, 2]


def samples(seed=0, lengths=LENGTHS):
    """Regressors (n, 3), targets (n, 2) and series of some samples."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(len(lengths)), lengths)
    X = rng.normal(size=(len(codes), 3))
    own = rng.normal(size=(len(lengths), 3, 2))
    noise = rng.normal(size=(len(codes), 2))
    return X, np.einsum("np,npk->nk", X, own[codes]) + noise, codes


def slow_ridge(X, Y, near, penalty):
    """Least squares with a row for each coefficient that is held near something."""
    rows = np.sqrt(penalty) * np.eye(X.shape[1])
    whole = np.concatenate([X, rows]), np.concatenate([Y, rows @ near])
    return np.linalg.lstsq(*whole, rcond=None)[0]


@pytest.mark.parametrize("penalty", [0.01, 1.0, 30.0])
def test_coefficients_are_those_of_least_squares(penalty):
    X, Y, codes = samples()
    sums = sums_of(X, Y, codes, len(LENGTHS))
    np.testing.assert_array_equal(sums.count, LENGTHS)
    common = in_common(sums, penalty)
    wanted = slow_ridge(X, Y, np.zeros((3, 2)), penalty * len(X))
    np.testing.assert_allclose(common, wanted, rtol=1e-9)
    own = held_near(sums, common, penalty)
    share = own_share(sums, penalty)
    for code in range(len(LENGTHS)):
        mine = codes == code
        wanted = slow_ridge(X[mine], Y[mine], common, penalty)
        np.testing.assert_allclose(own[code], wanted, rtol=1e-9)
        # What a change of the targets does to what is said of them, direction by
        # direction.
        gram = X[mine].T @ X[mine]
        kept = np.trace(np.linalg.solve(gram + penalty * np.eye(3), gram)) / 3
        np.testing.assert_allclose(share[code], kept, rtol=1e-9, atol=1e-12)


@given(st.integers(0, 1000))
def test_limits_of_the_penalty(seed):
    X, Y, codes = samples(seed)
    sums = sums_of(X, Y, codes, len(LENGTHS))
    common = in_common(sums, 0.1)
    alike = held_near(sums, common, np.inf)
    nearly = held_near(sums, common, 1e9)
    for code in range(len(LENGTHS)):
        np.testing.assert_array_equal(alike[code], common)
        np.testing.assert_allclose(nearly[code], common, atol=1e-5)
    assert not own_share(sums, np.inf).any()
    # Those of a series with samples enough are its own where nothing holds them.
    mine = codes == 2
    alone = np.linalg.lstsq(X[mine], Y[mine], rcond=None)[0]
    np.testing.assert_allclose(held_near(sums, common, 1e-9)[2], alone, atol=1e-6)
    assert own_share(sums, 1e-9)[2] > 0.999
    # A series without any has what all have.
    np.testing.assert_allclose(held_near(sums, common, 1.0)[1], common, rtol=1e-12)


@given(st.permutations(range(len(LENGTHS))))
def test_the_order_of_series_does_not_matter(order):
    X, Y, codes = samples()
    sums = sums_of(X, Y, codes, len(LENGTHS))
    own = held_near(sums, in_common(sums, 0.1), 2.0)
    rows = np.concatenate([np.flatnonzero(codes == code) for code in order])
    place = np.argsort(order)[codes[rows]]
    other = sums_of(X[rows], Y[rows], place, len(LENGTHS))
    found = held_near(other, in_common(other, 0.1), 2.0)
    np.testing.assert_allclose(found, own[list(order)], rtol=1e-9, atol=1e-12)
