"""make_windows: complete windows and the values ahead of them."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skrnn import make_windows
from tests.windows.support import HOURS, NAN, frame, panel, table


def test_index_is_that_of_the_newest_row():
    X, _, newest = make_windows(frame(HOURS), 3, fh=2, return_newest=True)
    assert_array_equal(X.index, HOURS[2:10])
    assert_array_equal(newest.index, HOURS[-1:])
    assert X.feature_names == ["load"]
    assert X.series is None
    X, _ = make_windows(pd.Series(np.arange(5.0), name="load"), 2)
    assert X.feature_names == ["load"]


def test_steps_are_major_over_targets():
    series = np.arange(12).reshape(-1, 2)
    _, Y = make_windows(series, 2, fh=[1, 3])
    assert_array_equal(Y, [[4, 5, 8, 9], [6, 7, 10, 11]])
    assert Y.dtype == series.dtype
    _, Y = make_windows(series, 2, fh=2, target=1)
    assert_array_equal(Y[0], [5, 7])


def test_step_length_counts_from_the_oldest_window_of_each_run():
    X, _ = make_windows(np.arange(9.0), 2, step_length=3)
    assert_array_equal(table(X), [[0, 1], [3, 4], [6, 7]])
    gap = frame(HOURS.delete([5]))
    X, _ = make_windows(gap, 2, step_length=3)
    assert_array_equal(table(X), [[0, 1], [5, 6], [8, 9]])


def test_positions_are_narrow():
    """Eight bytes a window, as for the windows of SlidingWindow."""
    X, _ = make_windows(np.arange(9.0), 3)
    assert X.stop.dtype == X.length.dtype == np.int32


def test_panel():
    X, Y, newest = make_windows(panel("time"), 5, return_newest=True)
    assert_array_equal(table(X), [[0, 1, 2, 3, 4], [6, 7, 8, 9, 10]])
    assert_array_equal(Y, [[5], [11]])
    assert_array_equal(newest.index.get_level_values(0), ["b", "a"])
    assert X.series[0] != X.series[1]


def test_missing_values_are_kept():
    X, Y = make_windows([0, NAN, 2, 3, NAN], 2)
    assert_array_equal(table(X), [[0, NAN], [NAN, 2], [2, 3]])
    assert_array_equal(Y.ravel(), [2, 3, NAN])
    keep = ~np.isnan(Y).any(axis=1)
    assert len(X[keep]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"window_length": 10, "fh": 3}, "= 13 rows .* longest unbroken run has 12"),
        ({"window_length": 0}, "'window_length' parameter of make_windows"),
        ({"step_length": 0}, "'step_length' parameter of make_windows"),
        ({"return_newest": 2}, "'return_newest' parameter of make_windows"),
        ({"fh": 0}, "fh must be a positive integer"),
        ({"fh": []}, "fh must be a positive integer"),
        ({"fh": [1, 1]}, "different positive integers"),
        ({"fh": 1.5}, "fh must be"),
        ({"series": frame(HOURS[::-1])}, "time order"),
    ],
)
def test_make_windows_errors(arguments, message):
    arguments = {"series": frame(HOURS), "window_length": 2} | arguments
    with pytest.raises(ValueError, match=message):
        make_windows(**arguments)
