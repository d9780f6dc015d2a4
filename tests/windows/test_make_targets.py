"""make_targets: rows of a plain pipeline and their targets of several steps."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import TimeSeriesSplit

from skrnn.exceptions import LeakingSplitWarning
from skrnn.windows import make_targets, make_windows
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


def reaches(X_, Y_time, gap, n_splits):
    """How far past the first test row the targets of training rows reach, at most."""
    moments = X_.index.get_level_values(-1)
    return max(
        Y_time[train].max() - moments[test].min()
        for train, test in TimeSeriesSplit(n_splits, gap=gap).split(X_)
    )


PANELS = {
    "whole": pd.MultiIndex.from_product([list("abcd"), range(60)]),
    "some begin late": pd.MultiIndex.from_tuples(
        [(name, time) for name in range(6) for time in range(4 * name, 60)]
    ),
    "some are between": pd.MultiIndex.from_tuples(
        [(name, 2 * time + name % 2) for name in range(5) for time in range(60)]
    ),
    "one": pd.MultiIndex.from_product([["a"], range(60)]),
}


@pytest.mark.parametrize("fh", [1, 2, 6, [3], [5, 2]])
@pytest.mark.parametrize("kind", PANELS)
@pytest.mark.parametrize("n_splits", [2, 5])
def test_gap_of_a_panel_in_order_of_time(kind, fh, n_splits):
    """TimeSeriesSplit counts the rows of all series."""
    X = frame(PANELS[kind]).sort_index(level=-1, kind="stable")
    when = X.index.get_level_values(-1).to_numpy()
    X_, times, gap = make_targets(X, when, fh)
    assert reaches(X_, times, gap, n_splits) <= 0
    if kind == "whole":
        assert gap == 4 * np.max(fh) - 1
    if kind == "one":
        assert gap == np.max(fh) - 1


def test_gap_of_days():
    index = pd.MultiIndex.from_product(
        [["a", "b"], pd.date_range("2024-01-01", periods=12)]
    )
    X = frame(index).sort_index(level=-1)
    X_, _, gap = make_targets(X, X["load"], 3)
    assert gap == 5
    days = X_.index.get_level_values(-1)
    for train, test in TimeSeriesSplit(2, gap=gap).split(X_):
        assert days[train].max() + pd.Timedelta(days=3) <= days[test].min()


def test_no_gap_is_right_series_after_series():
    X = panel("series")
    with pytest.warns(
        LeakingSplitWarning, match=r"PanelTimeSeriesSplit.*sort_ind"
    ) as caught:
        _, _, gap = make_targets(X, X["load"], 3)
    assert [item.filename for item in caught] == [__file__]
    assert gap == 2


def test_index_of_the_target_tells_series_and_times():
    """A scaler may have made an array of X, while y keeps its index."""
    X = panel("time")
    expected = make_targets(X, X["load"], 4)
    found = make_targets(X.to_numpy(), X["load"], 4)
    assert_array_equal(found[0], expected[0])
    assert_array_equal(found[1], expected[1])
    assert found[2] == expected[2]
    y = frame(HOURS.delete([4]))["load"]
    assert len(make_targets(np.zeros((11, 1)), y, 2)[0]) == 7
    # Numbers may be left from rows in any order.
    plain = pd.Series(np.arange(4), index=[3, 1, 2, 0])
    assert len(make_targets(np.zeros((4, 1)), plain, 1)[0]) == 3


@pytest.mark.parametrize("fh", [10**6, 2**52, [1, 2**52]])
def test_steps_beyond_all_rows_are_never_made(fh):
    X = np.arange(20.0)[:, None]
    with pytest.raises(ValueError, match="No row has a complete future"):
        make_targets(X, X[:, 0], fh)
    with pytest.raises(ValueError, match="No window fits"):
        make_windows(X, 3, fh=fh)
