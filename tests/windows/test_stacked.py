"""The series that make_windows takes, and what they have to have in common."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal

from skrnn import make_windows
from tests.windows.support import HOURS, NAN, frame, table


@pytest.mark.parametrize(
    "series",
    [
        [0.0, 1, 2, 3, 4],
        np.arange(5.0),
        np.arange(5.0).reshape(-1, 1),
        pd.Series(np.arange(5.0)),
        frame(HOURS[:5]),
        pl.DataFrame({"load": np.arange(5.0)}),
        pl.Series(np.arange(5.0)),
        [np.arange(5.0)],
    ],
    ids=lambda series: type(series).__name__,
)
def test_one_series(series):
    X, Y, newest = make_windows(series, 3, fh=[2], return_newest=True)
    assert_array_equal(table(X), [[0, 1, 2]])
    assert_array_equal(Y, [[4]])
    assert_array_equal(table(newest), [[2, 3, 4]])


def test_list_of_series():
    first, second = np.arange(4.0), np.arange(10.0, 13)
    lone = np.array([20.0])
    X, Y, newest = make_windows([first, second, lone], 2, return_newest=True)
    assert_array_equal(table(X), [[0, 1], [1, 2], [10, 11]])
    assert_array_equal(Y.ravel(), [2, 3, 12])
    assert_array_equal(X.series, [0, 0, 1])
    assert_array_equal(table(newest), [[2, 3], [11, 12], [NAN, 20]])
    assert_array_equal(newest.series, [0, 1, 2])


def test_names_of_listed_series_are_not_those_of_columns():
    table = pd.DataFrame({"north": np.arange(12.0), "south": -np.arange(12.0)}, HOURS)
    listed = [table[name] for name in table]
    X, Y = make_windows(listed, 4)
    assert X.feature_names is None
    assert_array_equal(Y.ravel(), [*range(4, 12), *range(-4, -12, -1)])
    X, _ = make_windows([series.rename("load") for series in listed], 4)
    assert X.feature_names == ["load"]


def test_listed_series_of_different_steps_or_kinds():
    """None of them may be left out because it has the wrong step."""
    hourly = pd.Series(np.arange(9.0), pd.date_range("2024", periods=9, freq="h"))
    daily = pd.Series(np.arange(9.0), pd.date_range("2024", periods=9, freq="D"))
    with pytest.raises(ValueError, match=r"the same step .* there is D and h"):
        make_windows([hourly, daily], 3)
    with pytest.raises(ValueError, match="a DatetimeIndex and a DatetimeIndex with"):
        make_windows([hourly, hourly.tz_localize("UTC")], 3)
    with pytest.raises(ValueError, match="a DatetimeIndex and an integer index"):
        make_windows([hourly, daily.reset_index(drop=True)], 3)
    # A step that one of them knows is that of all.
    unknown = daily.iloc[[0, 2, 4, 5]].rename_axis("day")
    X, _ = make_windows([daily.iloc[:2], unknown], 1)
    assert len(X) == 2


def test_list_of_frames():
    frames = [frame(HOURS[:4]), frame(HOURS[[2, 3, 5, 6]])]
    X, _ = make_windows(frames, 2)
    assert_array_equal(X.index, HOURS[[1, 2]])
    assert_array_equal(X.series, [0, 0])
    # The step that the indexes have in common is not lost.
    months = pd.date_range("2024-01-01", periods=4, freq="MS")
    X, _ = make_windows([frame(months[:2]), frame(months[1:3])], 1)
    assert_array_equal(X.index, months[:2])


def test_exog_is_known_up_to_the_newest_row():
    series, exog = frame(HOURS), frame(HOURS).rename(columns={"load": "wind"}) + 100
    X, Y = make_windows(series, 2, exog=exog)
    assert X.feature_names == ["load", "wind"]
    assert_array_equal(X[0], [[0, 100], [1, 101]])
    assert Y.shape == (10, 1)
    X, _ = make_windows([np.arange(3), np.arange(4)], 2, exog=[np.ones(3), np.ones(4)])
    assert_array_equal(X[-1], [[1, 1], [2, 1]])
    assert make_windows(np.arange(3), 2, exog=exog[:3])[0].feature_names is None


def test_targets_by_name():
    X = pd.DataFrame(np.arange(8.0).reshape(-1, 2), columns=["a", "b"])
    for target in ("b", ["b"], 1, [1], np.int64(1)):
        windows, Y = make_windows(X, 2, target=target)
        assert_array_equal(Y, [[5], [7]])
        assert windows.shape == (2, 2, 2)
    assert_array_equal(make_windows(X, 3, target=["b", "a"])[1], [[7, 6]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": "wind"}, "target='wind' is not among the 1 columns"),
        ({"target": 1}, "target=1 is not among the 1 columns"),
        ({"target": []}, "names no column"),
        ({"exog": np.arange(5)}, "exog must have the rows of series.* 5 rows for 12"),
        ({"exog": frame(HOURS + pd.Timedelta("1h"))}, "index of exog"),
        ({"exog": np.zeros((2, 3, 4))}, "exog must be rows"),
        ({"series": np.zeros((2, 3, 4))}, "series must be rows"),
        ({"series": [np.zeros(5), np.zeros((5, 2))]}, "the same columns"),
        ({"series": [pd.Series(range(5)), np.zeros(5)]}, "have a pandas index"),
        ({"series": [0, np.inf, 1]}, "infinity"),
    ],
)
def test_series_that_do_not_fit_together(arguments, message):
    arguments = {"series": frame(HOURS), "window_length": 2} | arguments
    with pytest.raises(ValueError, match=message):
        make_windows(**arguments)
