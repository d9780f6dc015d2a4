"""make_targets: rows of a plain pipeline and their targets of several steps."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import TimeSeriesSplit

from skrnn.windows import make_targets
from tests.windows.support import HOURS, frame, panel


def test_targets_of_rows():
    X, y = frame(HOURS[:5]), pd.Series(np.arange(0, 50, 10), index=HOURS[:5])
    X_, Y, gap = make_targets(X, y, 2)
    assert X_.equals(X[:3])
    assert_array_equal(Y, [[10, 20], [20, 30], [30, 40]])
    assert gap == 1
    _, Y, gap = make_targets(X, np.c_[y, -y], [3, 1])
    assert_array_equal(Y, [[30, -30, 10, -10], [40, -40, 20, -20]])
    assert gap == 2


def test_targets_by_series_and_run():
    X = panel("time")
    X_, Y, _ = make_targets(X, X["load"], 4)
    assert X_.index.equals(X.index[:4])
    assert_array_equal(Y[:2], [[1, 2, 3, 4], [7, 8, 9, 10]])
    gap = frame(HOURS.delete([4]))
    X_, _, _ = make_targets(gap, gap["load"], 2)
    assert X_.index.equals(HOURS[[0, 1, 5, 6, 7, 8, 9]])


def test_targets_of_other_containers():
    rows = pl.DataFrame({"a": [0.0, 1, 2]})
    X_, Y, _ = make_targets(rows, pl.Series([0, 1, 2]), 1)
    assert isinstance(X_, pl.DataFrame)
    assert_array_equal(Y, [[1], [2]])
    X_, Y, _ = make_targets([[0], [1], [2]], ["a", "b", "c"], 1)
    assert X_ == [[0], [1]]
    assert_array_equal(Y, [["b"], ["c"]])


def test_make_targets_errors():
    X = frame(HOURS)
    with pytest.raises(ValueError, match=r"No row has a complete future: .* 13 rows"):
        make_targets(X, X["load"], 12)
    with pytest.raises(ValueError, match="index of y"):
        make_targets(X, X["load"][::-1], 1)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        make_targets(X, np.zeros(3), 1)
    with pytest.raises(ValueError, match="fh must be"):
        make_targets(X, X["load"], -1)


def test_gap_is_what_keeps_the_test_rows_out_of_the_targets():
    y = np.arange(40)
    X_, Y, gap = make_targets(y.reshape(-1, 1), y, 5)
    for train, test in TimeSeriesSplit(4, gap=gap).split(X_):
        assert Y[train].max() == test[0]
