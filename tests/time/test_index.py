"""Which series a row is of: one answer for windows, estimators and forecasters."""

import numpy as np
import pandas as pd
import pytest

from skrnn import RNNRegressor, SlidingWindow
from skrnn._time.index import key_levels, series_of, split_index, split_keys
from skrnn.sktime import RNNForecaster


@pytest.mark.parametrize("n_levels", [1, 2, 3])
@pytest.mark.parametrize("n_rows", [0, 1, 200])
def test_series_are_numbered_as_they_appear(n_levels, n_rows):
    rng = np.random.default_rng(n_levels)
    labels = [rng.integers(0, 5, n_rows).astype(object) for _ in range(n_levels)]
    index = pd.MultiIndex.from_arrays([*labels, np.arange(n_rows)])
    seen = {}
    expected = [seen.setdefault(row, len(seen)) for row in zip(*labels, strict=True)]
    codes = series_of(index)
    assert codes.dtype == np.int64
    np.testing.assert_array_equal(codes, expected)
    keys, same_codes, times = split_keys(index)
    assert keys == list(seen)
    np.testing.assert_array_equal(same_codes, codes)
    assert list(times) == list(range(n_rows))
    # Windows number their series otherwise, and tell the same ones apart.
    others, named, _ = split_index(index, None, n_rows)
    assert len(set(zip(codes, others, strict=True))) == len(seen)
    assert [key if n_levels > 1 else (key,) for key in named.take(others)] == list(
        zip(*labels, strict=True)
    )


@pytest.mark.parametrize("index", [None, pd.RangeIndex(3), pd.Index(list("abc"))])
def test_one_level_is_one_series(index):
    assert series_of(index) is None


def test_keys_of_an_index():
    keys, codes, times = split_keys(pd.RangeIndex(3))
    assert keys == [()]
    assert list(codes) == [0, 0, 0]
    assert list(times) == [0, 1, 2]
    index = pd.MultiIndex.from_tuples([("b", 1, 5), ("b", 1, 6), ("a", 2, 5)])
    keys, codes, times = split_keys(index)
    assert keys == [("b", 1), ("a", 2)]
    assert list(codes) == [0, 0, 1]
    assert list(times) == [5, 6, 5]
    levels = key_levels(keys, codes)
    assert pd.MultiIndex.from_arrays([*levels, times]).equals(index)


def incomplete():
    """Two series of twenty rows, of which the second has no label."""
    labels = ["a"] * 20 + [np.nan] * 20
    index = pd.MultiIndex.from_arrays([labels, list(range(20)) * 2])
    return pd.DataFrame({"y": np.arange(40.0)}, index)


MISSING = r"The label of a series is missing \(NaN\) in at least one row"


@pytest.mark.parametrize("read", [series_of, split_keys])
def test_a_missing_label_of_an_index(read):
    with pytest.raises(ValueError, match=MISSING):
        read(incomplete().index)
    two = pd.MultiIndex.from_tuples([("a", np.nan, 5), ("b", 1.0, 5)])
    with pytest.raises(ValueError, match=MISSING):
        read(two)


def test_a_missing_label_is_one_error_for_all():
    y = incomplete()
    with pytest.raises(ValueError, match=MISSING):
        SlidingWindow(3).fit_transform(y)
    network = RNNRegressor(max_epochs=1)
    with pytest.raises(ValueError, match=MISSING):
        RNNForecaster(network).fit(y, fh=1)
    with pytest.raises(ValueError, match=MISSING):
        network.fit(y, y["y"])
