"""History: what a fit remembers, and which rows of a call it comes before."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skrnn import SlidingWindow
from skrnn.exceptions import ShortWindowsWarning
from tests.windows.support import HOURS, NAN, column, frame, panel, table


def test_remembers_no_more_than_it_needs():
    X = frame(pd.date_range("2024", periods=5000, freq="h"))
    window = SlidingWindow(4, horizon=2).fit(X)
    assert len(pickle.dumps(window)) < 3000
    assert_array_equal(window._history.values.ravel(), np.arange(4995, 5000))
    window.fit(X.drop(X.index[[100, 200]]))
    assert len(window._history.values) == 3 * 5


def test_history_does_not_share_memory_with_the_training_rows():
    X = np.arange(10.0).reshape(-1, 1)
    rows = pd.DataFrame(X, HOURS[:10], ["load"], copy=False)
    window = SlidingWindow(3).fit(rows)
    X[:] = -1
    after = window.transform(frame(HOURS[10:], [10, 11]))
    assert_array_equal(table(after)[0], [8, 9, 10])


INDEXES = {
    "freq": HOURS,
    "no freq": pd.DatetimeIndex(list(HOURS)),
    "seconds": HOURS.as_unit("s"),
    "time zone": HOURS.tz_localize("UTC").tz_convert("Europe/Berlin"),
    "timedelta": pd.timedelta_range("0h", periods=12, freq="h"),
    "period": pd.period_range("2024-01", periods=12, freq="M"),
    "period of two": pd.period_range("2024-01", periods=12, freq="2D"),
    "range": pd.RangeIndex(12),
    "negative": pd.RangeIndex(-6, 6),
    "integer": pd.Index(list(range(100, 112))),
    "uint8": pd.Index(range(12), dtype="uint8"),
    "nullable": pd.Index(range(12), dtype="Int64"),
    "one level": pd.MultiIndex.from_arrays([HOURS]),
}


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
def test_history_by_index(index):
    X = frame(index)
    window = SlidingWindow(3, history="allow").fit(X.iloc[:6])
    assert_array_equal(table(window.transform(X.iloc[6:]))[:2], [[4, 5, 6], [5, 6, 7]])
    # After a gap there is none.
    assert_array_equal(table(window.transform(X.iloc[7:]))[0], [NAN, NAN, 7])
    # One row suffices.
    assert_array_equal(table(window.transform(X.iloc[6:7])), [[4, 5, 6]])
    # The remembered rows themselves are read from the call, what is before them too.
    assert_array_equal(table(window.transform(X.iloc[5:6] + 50)), [[NAN, 4, 55]])
    # In the middle of the training rows only the last of a run are remembered.
    assert_array_equal(table(window.transform(X.iloc[2:3])), [[NAN, NAN, 2]])


def test_every_run_of_fit_is_remembered():
    X = frame(HOURS)
    window = SlidingWindow(4)
    with pytest.warns(ShortWindowsWarning, match="only 1 of them"):
        window.fit(X.iloc[[0, 1, 2, 3, 6, 7, 10]])
    W = window.transform(X.iloc[[4, 5, 8, 11]])
    expected = [[1, 2, 3, 4], [2, 3, 4, 5], [5, 6, 7, 8], [NAN, NAN, 10, 11]]
    assert_array_equal(table(W), expected)


def test_rows_of_the_call_win_over_remembered_ones():
    X = frame(HOURS)
    window = SlidingWindow(4, history="allow").fit(X[:6])
    W = window.transform(X[4:8] + 100)
    assert_array_equal(table(W)[0], [NAN, NAN, 3, 104])
    assert_array_equal(table(W)[1], [NAN, 3, 104, 105])
    assert_array_equal(table(W)[3], [104, 105, 106, 107])
    # One remembered row between two rows of the call.
    W = window.transform(X.iloc[[4, 6]] + 100)
    assert_array_equal(table(W)[1], [3, 104, 5, 106])


def test_transform_does_not_change_what_is_remembered():
    X = frame(HOURS)
    window = SlidingWindow(3, history="allow").fit(X[:6])
    before = table(window.transform(X[6:8]))
    window.transform(X[8:])
    assert_array_equal(table(window.transform(X[6:8])), before)


def test_plain_array_after_a_frame_has_no_history():
    window = SlidingWindow(2, history="allow").fit(pd.DataFrame({0: [0.0, 1.0]}))
    assert_array_equal(table(window.transform(column(2))), [[NAN, 2]])


def test_frame_after_a_plain_array():
    window = SlidingWindow(2, history="allow").fit(column(0, 1, 2))
    X = pd.DataFrame({0: [0.0, 1, 2]}, index=HOURS[[0, 1, 3]])
    # The step is read off the call; a lone row needs none.
    assert_array_equal(table(window.transform(X)), [[NAN, 0], [0, 1], [NAN, 2]])
    assert_array_equal(table(window.transform(X[:1])), [[NAN, 0]])


def test_frames_without_their_index_are_another_kind():
    X = frame(HOURS)
    window = SlidingWindow(2).fit(X)
    zone = X.tz_localize("UTC")
    for other in (X.reset_index(drop=True), zone, X.to_period("h")):
        with pytest.raises(ValueError, match="fitted with a DatetimeIndex, so"):
            window.transform(other)
    with pytest.raises(ValueError, match="X has an integer index, but"):
        window.transform(X.reset_index(drop=True))
    with pytest.raises(ValueError, match=r"frequency D, but .* frequency h"):
        window.fit(X.to_period("h")).transform(X.to_period("h").asfreq("D")[:1])
    levels = X.set_axis(pd.MultiIndex.from_product([["a"], HOURS]))
    with pytest.raises(ValueError, match=r"named by 1 labels .* series named by 0"):
        window.fit(X).transform(levels)


def test_time_zones_of_the_same_instants():
    X = frame(HOURS).tz_localize("UTC")
    window = SlidingWindow(3).fit(X[:6])
    W = window.transform(X[6:].tz_convert("Asia/Tokyo"))
    assert_array_equal(table(W)[0], [4, 5, 6])
    W = window.transform(X[6:].set_axis(X.index[6:].as_unit("ns")))
    assert_array_equal(table(W)[0], [4, 5, 6])


def test_unknown_series_has_no_history():
    X = panel("series")
    window = SlidingWindow(2).fit(X.loc[["b"]])
    W = window.transform(X.loc[["a"]])
    assert_array_equal(table(W)[:2], [[NAN, 6], [6, 7]])
