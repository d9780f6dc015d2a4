"""Steps that are absent, and errors that say where a faulty one is."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skrnn import SlidingWindow
from skrnn._sequences.sources import as_source
from tests.sequences.drawn import F

pytestmark = pytest.mark.usefixtures("chunk_size")


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
