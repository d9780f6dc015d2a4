"""Windows are read with the series that they are of, and cost no memory."""

import tracemalloc

import numpy as np
import pandas as pd
from numpy.testing import assert_array_equal

from skrnn import RNNRegressor, SlidingWindow
from skrnn._estimator.reading import read_X
from skrnn.windows._array import WindowedArray
from tests.training.data import X


def test_windows_say_which_series_they_are_of():
    index = pd.MultiIndex.from_product([["a", "b", "c"], range(30)])
    frame = pd.DataFrame(X, index=index)
    groups = np.arange(90) % 30 < 10  # two series under each label of the index
    windows = SlidingWindow(4, horizon=1).fit_transform(frame, groups=groups)
    source = read_X(RNNRegressor(), windows, missing="error", reset=True)
    assert_array_equal(source.series, windows.series)
    assert len(np.unique(source.series)) == 6
    by_hand = WindowedArray(
        windows.values, windows.stop, windows.length, 4, index=windows.index
    )
    source = read_X(RNNRegressor(), by_hand, missing="error", reset=True)
    assert_array_equal(source.series, np.repeat([0, 1, 2], 30))


def test_the_series_of_windows_cost_no_memory():
    n_rows = 200_000
    index = pd.MultiIndex.from_product([range(10), range(n_rows // 10)])
    frame = pd.DataFrame(np.zeros((n_rows, 1), np.float32), index=index)
    windows = SlidingWindow(96).fit_transform(frame)
    tracemalloc.start()
    try:
        read_X(RNNRegressor(), windows, missing="error", reset=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # A block is checked at a time; the levels of the index alone would take 7 MB.
    assert peak < 1e6 + 2 * n_rows
