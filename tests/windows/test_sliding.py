"""Windows that keep their rows: what the design says, sentence by sentence."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils.validation import _num_samples

from skrnn import FlattenSequence, SlidingWindow, TimeDistributed, make_windows
from skrnn.exceptions import TargetInWindowWarning
from skrnn.windows import WindowedArray, check_no_lookahead, make_targets

NAN = float("nan")
HOURS = pd.date_range("2024-01-01", periods=12, freq="h")


def column(*values):
    return np.array(values, dtype=float).reshape(-1, 1)


def frame(index, values=None):
    values = np.arange(len(index), dtype=float) if values is None else values
    return pd.DataFrame({"load": values}, index=index)


def table(windows):
    """Windows of one feature as a table: a row a window."""
    return np.asarray(windows)[:, :, 0]


# --- SlidingWindow: rows -----------------------------------------------------------


def test_every_row_gets_the_rows_up_to_it():
    W = SlidingWindow(3).fit_transform(column(0, 1, 2, 3))
    assert_array_equal(table(W), [[NAN, NAN, 0], [NAN, 0, 1], [0, 1, 2], [1, 2, 3]])


def test_horizon_leaves_out_the_newest_rows():
    W = SlidingWindow(2, horizon=2).fit_transform(column(0, 1, 2, 3))
    assert_array_equal(table(W), [[NAN, NAN], [NAN, NAN], [NAN, 0], [0, 1]])


def test_row_has_a_window_only_after_an_unbroken_run():
    X = frame(HOURS[[0, 1, 2, 4, 5, 6]])
    W = SlidingWindow(2, horizon=1).fit_transform(X)
    expected = [[NAN, NAN], [NAN, 0], [0, 1], [NAN, NAN], [NAN, 3], [3, 4]]
    assert_array_equal(table(W), expected)
    W = SlidingWindow(2, horizon=3).fit_transform(X)
    assert np.isnan(np.asarray(W)).all()


def test_row_that_is_not_read_may_be_nan():
    X = frame(HOURS[:4], [0, 1, 2, NAN])
    window = SlidingWindow(2, horizon=1).fit(X[:3])
    assert_array_equal(table(window.transform(X[3:])), [[1, 2]])
    assert_array_equal(table(window.fit_transform(X))[3], [1, 2])


def test_default_parameters():
    assert SlidingWindow().get_params() == {
        "window_length": 24,
        "horizon": 0,
        "freq": None,
    }


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_float_dtype_is_kept(dtype):
    X = column(1, 2, 3).astype(dtype)
    W = SlidingWindow(2).fit_transform(X)
    assert W.dtype == dtype
    assert np.asarray(W).dtype == W[0].dtype == W.gather([0]).dtype == dtype
    assert np.shares_memory(W.values, X)


@pytest.mark.parametrize("dtype", ["int8", "uint64", "bool"])
def test_whole_numbers_give_float64(dtype):
    W = SlidingWindow(2).fit_transform(column(0, 1, 1).astype(dtype))
    assert W.dtype == np.asarray(W).dtype == W[2].dtype == "float64"
    assert_array_equal(table(W), [[NAN, 0], [0, 1], [1, 1]])


def test_dtype_does_not_depend_on_history():
    X = frame(HOURS)
    window = SlidingWindow(3).fit(X[:6])
    for dtype, given in [("float32", "float32"), ("float64", "int64")]:
        near = window.transform(X[6:].astype(given))
        far = window.transform(X[8:].astype(given))
        assert near.dtype == far.dtype == dtype
        assert_array_equal(table(near)[0], [4, 5, 6])


def test_lists_and_polars_are_one_run_without_history():
    rows = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    polars = pl.DataFrame(rows, schema=["a", "b"], orient="row")
    window = SlidingWindow(2)
    for X in (rows, np.array(rows), polars):
        W = window.fit_transform(X)
        assert W.index is None
        assert W.series is None
        assert_array_equal(W[2], [[2, 3], [4, 5]])
        assert np.isnan(window.transform(X[2:])[0][0]).all()
    assert W.feature_names == ["a", "b"]
    assert_array_equal(window.get_feature_names_out(), ["a", "b"])


def test_feature_names_and_index():
    X = pd.DataFrame(np.eye(4), columns=list("abcd"), index=HOURS[:4])
    window = SlidingWindow(2)
    W = window.fit_transform(X)
    assert W.index is X.index
    assert W.feature_names == list("abcd")
    assert_array_equal(window.feature_names_in_, list("abcd"))
    assert window.n_features_in_ == 4
    assert SlidingWindow(2).fit_transform(X.to_numpy()).feature_names is None


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


# --- SlidingWindow: history by index -----------------------------------------------


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
    window = SlidingWindow(3).fit(X.iloc[:6])
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
    window = SlidingWindow(4).fit(X.iloc[[0, 1, 2, 3, 6, 7, 10]])
    W = window.transform(X.iloc[[4, 5, 8, 11]])
    expected = [[1, 2, 3, 4], [2, 3, 4, 5], [5, 6, 7, 8], [NAN, NAN, 10, 11]]
    assert_array_equal(table(W), expected)


def test_rows_of_the_call_win_over_remembered_ones():
    X = frame(HOURS)
    window = SlidingWindow(4).fit(X[:6])
    W = window.transform(X[4:8] + 100)
    assert_array_equal(table(W)[0], [NAN, NAN, 3, 104])
    assert_array_equal(table(W)[1], [NAN, 3, 104, 105])
    assert_array_equal(table(W)[3], [104, 105, 106, 107])
    # One remembered row between two rows of the call.
    W = window.transform(X.iloc[[4, 6]] + 100)
    assert_array_equal(table(W)[1], [3, 104, 5, 106])


def test_transform_does_not_change_what_is_remembered():
    X = frame(HOURS)
    window = SlidingWindow(3).fit(X[:6])
    before = table(window.transform(X[6:8]))
    window.transform(X[8:])
    assert_array_equal(table(window.transform(X[6:8])), before)


def test_rows_off_the_grid():
    half = HOURS[:4].append(HOURS[4:8] + pd.Timedelta("30min"))
    W = SlidingWindow(3, freq="h").fit_transform(frame(half))
    assert_array_equal(table(W)[4], [NAN, NAN, 4])
    assert_array_equal(table(W)[5], [NAN, 4, 5])
    # A remembered row between two rows of a run of the call does not break it.
    window = SlidingWindow(3, freq="h").fit(frame(half[4:5]))
    W = window.transform(frame(HOURS[3:7]))
    assert_array_equal(table(W)[3], [1, 2, 3])


def test_integer_step_is_one():
    W = SlidingWindow(2).fit_transform(frame(pd.RangeIndex(0, 8, 2)))
    assert np.isnan(table(W)[:, 0]).all()


def test_plain_array_after_a_frame_has_no_history():
    window = SlidingWindow(2).fit(pd.DataFrame({0: [0.0, 1.0]}))
    assert_array_equal(table(window.transform(column(2))), [[NAN, 2]])


def test_frame_after_a_plain_array():
    window = SlidingWindow(2).fit(column(0, 1, 2))
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


# --- SlidingWindow: the step -------------------------------------------------------


def test_freq_is_the_parameter_first():
    X = frame(HOURS)
    window = SlidingWindow(2, freq="2h").fit(X)
    assert window.freq_ == pd.offsets.Hour(2)
    assert np.isnan(table(window.transform(X))[:, 0]).all()
    assert SlidingWindow(freq=pd.Timedelta("30min")).fit(X).freq_ == pd.offsets.Minute(
        30
    )


def test_freq_is_that_of_the_index_next():
    X = frame(pd.date_range("2024-01-31", periods=1, freq="ME"))
    window = SlidingWindow(2).fit(X)
    assert window.freq_ == pd.offsets.MonthEnd()
    W = window.transform(frame(pd.DatetimeIndex(["2024-02-29"]), [1.0]))
    assert_array_equal(table(W), [[0, 1]])


def without_freq(index):
    return pd.DatetimeIndex(list(index))


@pytest.mark.parametrize("freq", ["B", "MS", "ME", "QS-NOV", "YE-DEC", "W-WED", "2D"])
@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_freq_is_read_off_the_longest_stretch(freq, zone):
    index = pd.date_range("2001-01-01 06:00", periods=40, freq=freq, tz=zone)
    kept = without_freq(index.delete([3, 5, 30]))
    X = frame(kept)
    window = SlidingWindow(3).fit(X)
    W = window.transform(X)
    position = index.get_indexer(kept)
    broken = np.append(True, np.diff(position) != 1)
    assert_array_equal(np.isnan(table(W)[:, 1]), broken)


def test_freq_among_even_gaps_is_that_of_the_longest_stretch():
    hours = HOURS[[0, 1, 4, 6, 8, 10]]
    assert SlidingWindow().fit(frame(hours)).freq_ == pd.offsets.Hour(2)


def test_freq_is_the_smallest_difference_last():
    index = pd.DatetimeIndex(
        ["2024-01-01 00:00", "2024-01-01 03:00", "2024-01-01 04:00", "2024-01-01 09:00"]
    )
    assert SlidingWindow().fit(frame(index)).freq_ == pd.offsets.Hour(1)
    days = pd.DatetimeIndex(["2024-01-01", "2024-01-05", "2024-01-07", "2024-01-20"])
    window = SlidingWindow(2).fit(frame(days))
    assert_array_equal(table(window.transform(frame(days)))[2], [1, 2])


def test_smallest_difference_of_a_short_day():
    index = without_freq(pd.date_range("2024-03-31", periods=3, tz="Europe/Berlin"))
    window = SlidingWindow(2).fit(frame(index[:2]))  # 23 hours apart
    assert_array_equal(table(window.transform(frame(index[2:], [2]))), [[1, 2]])


def test_business_hours():
    days = pd.date_range("2024-01-01", periods=10, freq="B")
    index = pd.DatetimeIndex(
        [day + pd.Timedelta(hours=hour) for day in days for hour in range(9, 17)]
    )
    W = SlidingWindow(2).fit_transform(frame(index))
    assert not np.isnan(table(W)[1:]).any()


def test_freq_is_that_of_a_series_not_of_all_rows():
    first, second = HOURS, HOURS + pd.Timedelta("30min")
    index = pd.MultiIndex.from_arrays(
        [["a"] * 12 + ["b"] * 12, without_freq(first.append(second))]
    )
    window = SlidingWindow(2).fit(frame(index))
    assert window.freq_ == pd.offsets.Hour()


def test_freq_of_the_levels_of_a_multiindex_is_not_that_of_its_rows():
    index = pd.MultiIndex.from_product([["a", "b"], HOURS])[::2]
    assert SlidingWindow().fit(frame(index)).freq_ == pd.offsets.Hour(2)


def test_unknown_step_joins_nothing():
    window = SlidingWindow(2).fit(frame(without_freq(HOURS[:1])))
    assert window.freq_ is None
    W = window.transform(frame(without_freq(HOURS[1:2])))
    assert_array_equal(table(W), [[NAN, 0]])
    # Two rows show their step.
    W = window.transform(frame(without_freq(HOURS[1:3]), [1, 2]))
    assert_array_equal(table(W), [[0, 1], [1, 2]])


@pytest.mark.parametrize("start", ["2024-03-30 12:00", "2024-10-26 12:00"])
@pytest.mark.parametrize("given", [True, False])
def test_hours_through_a_clock_change(start, given):
    index = pd.date_range(start, periods=36, freq="h", tz="Europe/Berlin")
    index = index if given else without_freq(index)
    W = SlidingWindow(2).fit_transform(frame(index))
    assert_array_equal(table(W)[1:, 0], np.arange(35))
    missing = frame(index.delete(13))
    assert np.isnan(table(SlidingWindow(2).fit_transform(missing))[13, 0])


@pytest.mark.parametrize("start", ["2024-03-25", "2024-10-21", "2024-03-25 02:30"])
@pytest.mark.parametrize("given", [True, False])
def test_days_through_a_clock_change(start, given):
    local = pd.date_range(start, periods=14, freq="D")
    index = local.tz_localize("Europe/Berlin", nonexistent="shift_forward")
    X = frame(index)
    window = SlidingWindow(2, freq="D" if given else None).fit(X)
    assert_array_equal(table(window.transform(X))[1:, 0], np.arange(13))
    window.fit(X[:6])
    assert_array_equal(table(window.transform(X[6:]))[0], [5, 6])
    gap = window.transform(X.drop(index[6]))
    assert np.isnan(table(gap)[6, 0])


def test_months_of_a_time_zone():
    index = pd.date_range("2024-01-01", periods=14, freq="MS", tz="Europe/Berlin")
    W = SlidingWindow(2).fit_transform(frame(without_freq(index)))
    assert_array_equal(table(W)[1:, 0], np.arange(13))


def test_days_off_an_anchored_grid_are_not_followed():
    # From Wednesday the next Monday is a week's step for pandas.
    index = pd.DatetimeIndex(["2024-01-03", "2024-01-08", "2024-01-15"])
    W = SlidingWindow(2, freq="W-MON").fit_transform(frame(index))
    assert_array_equal(table(W), [[NAN, 0], [NAN, 1], [1, 2]])


def test_step_finer_than_the_unit_of_the_index():
    index = pd.date_range("2024-01-01", periods=3, freq="s", unit="s")
    W = SlidingWindow(2, freq="1500ms").fit_transform(frame(index))
    assert np.isnan(table(W)[:, 0]).all()


# --- SlidingWindow: series ---------------------------------------------------------


def panel(order):
    index = pd.MultiIndex.from_product([["b", "a"], HOURS[:6]])
    X = frame(index)
    return X.iloc[np.argsort(index.codes[1], kind="stable")] if order == "time" else X


@pytest.mark.parametrize("order", ["series", "time"])
def test_series_in_a_multiindex(order):
    X = panel(order)
    W = SlidingWindow(2).fit_transform(X)
    assert W.index is X.index
    expected = pd.DataFrame(table(W), X.index).loc["a"].to_numpy()
    assert_array_equal(expected, [[NAN, 6], [6, 7], [7, 8], [8, 9], [9, 10], [10, 11]])
    codes = pd.Series(W.series, X.index)
    assert codes.groupby(level=0).nunique().eq(1).all()
    assert codes.nunique() == 2
    first = X.index.get_level_values(1) < HOURS[4]
    window = SlidingWindow(3).fit(X[first])
    after = pd.DataFrame(table(window.transform(X[~first])), X.index[~first])
    assert_array_equal(after.loc["b"], [[2, 3, 4], [3, 4, 5]])
    assert_array_equal(after.loc["a"], [[8, 9, 10], [9, 10, 11]])


def test_unknown_series_has_no_history():
    X = panel("series")
    window = SlidingWindow(2).fit(X.loc[["b"]])
    W = window.transform(X.loc[["a"]])
    assert_array_equal(table(W)[:2], [[NAN, 6], [6, 7]])


@pytest.mark.parametrize("indexed", [True, False])
def test_groups_name_the_series(indexed):
    groups = np.array(["x", "y", "x", "y", "x", "y"])
    index = HOURS[[0, 0, 1, 1, 2, 2]] if indexed else None
    X = pd.DataFrame({"load": np.arange(6.0)}, index=index)
    X = X if indexed else X.to_numpy()
    window = SlidingWindow(2)
    W = window.fit_transform(X, groups=groups)
    expected = [[NAN, 0], [NAN, 1], [0, 2], [1, 3], [2, 4], [3, 5]]
    assert_array_equal(table(W), expected)
    assert_array_equal(W.series, [0, 1, 0, 1, 0, 1])
    window.fit(X[:4], groups=groups[:4])
    after = table(window.transform(X[4:], groups=groups[4:]))
    assert_array_equal(after, [[2, 4], [3, 5]] if indexed else [[NAN, 4], [NAN, 5]])


def test_groups_and_a_multiindex_make_series_together():
    index = pd.MultiIndex.from_arrays([["a"] * 4, HOURS[[0, 0, 1, 1]]])
    W = SlidingWindow(2).fit_transform(frame(index), groups=[1, 2, 1, 2])
    assert_array_equal(table(W), [[NAN, 0], [NAN, 1], [0, 2], [1, 3]])


def test_groups_in_fit_only_or_in_transform_only():
    X = column(0, 1, 2)
    with pytest.raises(ValueError, match="transform was called without groups"):
        SlidingWindow().fit(X, groups=[0, 0, 1]).transform(X)
    with pytest.raises(ValueError, match="fitted without groups"):
        SlidingWindow().fit(X).transform(X, groups=[0, 0, 1])


def test_groups_of_another_length_or_missing():
    with pytest.raises(ValueError, match=r"each of the 3 rows .* shape \(2,\)"):
        SlidingWindow().fit(column(0, 1, 2), groups=[0, 1])
    with pytest.raises(ValueError, match="label of a series is missing"):
        SlidingWindow().fit(column(0, 1, 2), groups=[0, 1, NAN])
    index = pd.MultiIndex.from_arrays([["a", None], HOURS[:2]])
    with pytest.raises(ValueError, match="label of a series is missing"):
        SlidingWindow().fit(frame(index))


def test_groups_by_metadata_routing():
    X = column(*range(8))
    groups = np.repeat(["a", "b"], 4)
    with sklearn.config_context(enable_metadata_routing=True):
        window = SlidingWindow(2).set_fit_request(groups=True)
        window.set_transform_request(groups=True)
        model = make_pipeline(window, FlattenSequence("zero"), Ridge())
        model.fit(X, X[:, 0] + 1, groups=groups)
        assert model[0]._grouped
        assert model.predict(X, groups=groups).shape == (8,)
        flat = model[:2].transform(X, groups=groups)
        assert_array_equal(flat[4], [0, 4])
        with pytest.raises(ValueError, match="without groups"):
            model.predict(X)


# --- SlidingWindow: errors ---------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (HOURS[::-1], "time order, but row 1 at 2024-01-01 10:00:00 comes after row 0"),
        (HOURS[[0, 2, 1]], "Rows must be in time order"),
        (HOURS[[0, 1, 1]], "the same time: rows 1 and 2 are both at 2024-01-01 01"),
        (pd.Index([0, 0]), "rows 0 and 1 are both at 0"),
        (pd.RangeIndex(3, 0, -1), "row 1 at 2 comes after row 0 at 3"),
        (pd.Index(["x", "y"]), "index of dtype (str|object)"),
        (pd.Index([0.0, 1.0]), "index of dtype float64"),
        (pd.Index([True, False]), "index of dtype bool"),
        (pd.Index([HOURS[0].date(), HOURS[1].date()]), "index of dtype object"),
        (pd.CategoricalIndex(["x", "y"]), "index of dtype category"),
        (pd.DatetimeIndex([HOURS[0], pd.NaT]), "missing time"),
        (pd.PeriodIndex(["2024-01", None], freq="M"), "missing time"),
        (pd.Index([1, pd.NA], dtype="Int64"), "missing time"),
        (
            pd.MultiIndex.from_arrays([["a", "a", "b"], HOURS[[1, 0, 0]]]),
            "row 1 of series 'a' at",
        ),
        (
            pd.MultiIndex.from_arrays([["a", "b", "a"], HOURS[[0, 0, 0]]]),
            "Two rows of series 'a' have the same time: rows 0 and 2",
        ),
        (pd.MultiIndex.from_arrays([[0, 1], ["x", "y"]]), "index of dtype"),
        (pd.MultiIndex.from_arrays([[0, 1], [HOURS[0], pd.NaT]]), "missing time"),
    ],
)
def test_rows_that_cannot_be_ordered(index, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindow().fit(frame(index))
    plain = np.zeros((len(index), 1))
    window = SlidingWindow().fit(plain)
    X = pd.DataFrame(plain, index=index)
    with pytest.raises(ValueError, match=message):
        window.transform(X)


@pytest.mark.parametrize(
    ("X", "given"),
    [
        (np.zeros((2, 3, 4)), "a 3-D array of shape"),
        ([np.zeros((2, 1)), np.zeros((3, 1))], "a list of 2-D arrays"),
        (SlidingWindow(2).fit_transform(np.zeros((3, 1))), "windows already"),
    ],
)
def test_sequences_are_refused(X, given):
    with pytest.raises(ValueError, match=f"expects a 2-D X .* but X is {given}"):
        SlidingWindow().fit(X)
    with pytest.raises(ValueError, match=f"expects a 2-D X .* but X is {given}"):
        SlidingWindow().fit(column(0, 1)).transform(X)


@pytest.mark.parametrize("values", [HOURS, HOURS - HOURS[0]])
def test_columns_of_times_are_refused(values):
    window = SlidingWindow()
    with pytest.raises(ValueError, match=r"must hold numbers.*set_index"):
        window.fit(pd.DataFrame({"time": values}))
    assert vars(window) == vars(SlidingWindow())


@pytest.mark.parametrize(
    ("freq", "message"),
    [("hour-ish", "is not a frequency"), ("-1h", "forward"), (pd.Timedelta(0), "freq")],
)
def test_bad_freq(freq, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindow(freq=freq).fit(frame(HOURS))


@pytest.mark.parametrize(
    "parameters", [{"window_length": 0}, {"horizon": -1}, {"freq": 3}]
)
def test_bad_parameters(parameters):
    name = next(iter(parameters))
    with pytest.raises(ValueError, match=f"'{name}' parameter of SlidingWindow"):
        SlidingWindow(**parameters).fit(column(0, 1))


def test_infinity_is_refused():
    with pytest.raises(ValueError, match="infinity"):
        SlidingWindow().fit(column(0, np.inf))


def test_not_fitted():
    with pytest.raises(NotFittedError):
        SlidingWindow().transform(column(0, 1))


@pytest.mark.parametrize(
    "X",
    [
        np.zeros((3, 2, 1)),
        column(0, np.inf),
        frame(HOURS[::-1]),
        pd.DataFrame(np.zeros((2, 3)), columns=list("xyz"), index=["p", "q"]),
        pd.DataFrame(np.zeros((2, 2)), columns=["x", 1]),
    ],
    ids=["3-D", "inf", "order", "index", "names"],
)
def test_a_fit_that_fails_changes_nothing(X):
    window = SlidingWindow(2).fit(frame(HOURS))
    before = vars(window).copy()
    with pytest.raises((ValueError, TypeError)):
        window.fit(X)
    assert vars(window) == before


# --- SlidingWindow: the warning ----------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
def test_target_among_the_columns_warns(dtype):
    X = np.arange(20).reshape(-1, 2).astype(dtype)
    y = X[:, 1].astype(float)
    with pytest.warns(TargetInWindowWarning, match="Column 1 of X equals y"):
        SlidingWindow(2).fit(X, y)
    with pytest.warns(TargetInWindowWarning, match="Column b of X equals y"):
        SlidingWindow(2).fit_transform(pd.DataFrame(X, columns=["a", "b"]), y)
    with pytest.warns(TargetInWindowWarning):
        SlidingWindow(2).fit(X, np.c_[y + 1, y])


def test_target_with_missing_values_warns():
    X = column(0, NAN, 1, 2)
    with pytest.warns(TargetInWindowWarning):
        SlidingWindow(2).fit(X, X[:, 0])


@pytest.mark.parametrize(
    ("horizon", "y"),
    [(1, [0.0, 1, 2]), (0, [0.0, 1, 3]), (0, ["a", "b", "c"]), (0, None)],
)
def test_no_warning(horizon, y):
    SlidingWindow(2, horizon=horizon).fit(column(0, 1, 2), y)


def test_constant_target_does_not_warn():
    SlidingWindow(2).fit(column(1, 1, 1), [1, 1, 1])


# --- SlidingWindow in scikit-learn -------------------------------------------------


def model(window_length=3, **parameters):
    return make_pipeline(
        SlidingWindow(window_length, **parameters), FlattenSequence("zero"), Ridge()
    )


def test_splitters_searches_and_predictions():
    rng = np.random.default_rng(0)
    X = frame(pd.date_range("2024", periods=60, freq="h"), rng.normal(size=60))
    y = X["load"].cumsum().to_numpy()
    scores = cross_val_score(model(), X, y, cv=TimeSeriesSplit(3, gap=2))
    assert np.isfinite(scores).all()
    assert cross_val_predict(model(), X, y, cv=KFold(4)).shape == (60,)
    grid = {"slidingwindow__window_length": [1, 4], "slidingwindow__horizon": [0, 1]}
    search = GridSearchCV(model(), grid, cv=TimeSeriesSplit(3)).fit(X, y)
    assert search.best_params_["slidingwindow__window_length"] == 4


def test_shuffled_rows_are_refused():
    X = frame(HOURS)
    with pytest.raises(ValueError, match="splitter that does not shuffle"):
        SlidingWindow().fit(train_test_split(X, random_state=0)[0])


def test_set_output_leaves_windows():
    X = frame(HOURS)
    for transform in ("pandas", "polars", "default"):
        window = SlidingWindow(2).set_output(transform=transform)
        assert isinstance(window.fit_transform(X), WindowedArray)
        with sklearn.config_context(transform_output=transform):
            assert isinstance(SlidingWindow(2).fit_transform(X), WindowedArray)


def test_clone_and_pickle():
    X = frame(HOURS)
    window = SlidingWindow(3, horizon=1, freq="h").fit(X[:6])
    assert clone(window).get_params() == window.get_params()
    again = pickle.loads(pickle.dumps(window))
    assert_array_equal(table(again.transform(X[6:])), table(window.transform(X[6:])))


# --- WindowedArray -----------------------------------------------------------------


@pytest.fixture
def W():
    X = pd.DataFrame(np.arange(20.0).reshape(-1, 2), columns=["a", "b"])
    return SlidingWindow(3).fit_transform(X, groups=[0] * 5 + [1] * 5)


KEYS = [
    slice(2, 7),
    slice(None, None, -2),
    [3, 1, 1],
    [],
    np.array([9, 0]),
    np.arange(10) % 3 == 0,
    [True, False] * 5,
    pd.Series([4, 5]),
    (np.array([2, 8]), ...),
    (slice(4), ...),
]


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_subsets_are_lazy(W, key):
    part = W[key]
    rows = key[0] if isinstance(key, tuple) else key
    rows = rows if isinstance(rows, slice) else np.asarray(rows)
    rows = np.arange(10)[rows if np.size(rows) else slice(0)]
    assert isinstance(part, WindowedArray)
    assert np.shares_memory(part.values, W.values)
    assert part.shape == (len(rows), 3, 2)
    assert_array_equal(np.asarray(part), np.asarray(W)[rows])
    assert_array_equal(part.index, W.index[rows])
    assert_array_equal(part.series, W.series[rows])
    assert part.feature_names == ["a", "b"]


@pytest.mark.parametrize("key", [4, -1, np.int64(0), (4, ...), np.array(2)])
def test_one_window_is_an_array(W, key):
    number = key[0] if isinstance(key, tuple) else key
    assert type(W[key]) is np.ndarray
    assert_array_equal(W[key], np.asarray(W)[number])


@pytest.mark.parametrize(
    "key", [10, -11, [10], True, 1.5, "a", None, (1, 2), [[1]], ..., (0, ..., 0)]
)
def test_other_keys_are_refused(W, key):
    with pytest.raises(IndexError):
        W[key]


def test_attributes(W):
    assert W.shape == (10, 3, 2)
    assert len(W) == 10
    assert W.ndim == 3
    assert W.size == 60
    assert W.nbytes == 20 * 8 + 10 * 8 + 2 * 10 * 4  # rows, series, windows
    assert repr(W) == "WindowedArray(shape=(10, 3, 2), dtype=float64, holds 320 bytes)"
    assert_array_equal(np.array(list(W)), np.asarray(W))


def test_windows_are_read_only(W):
    with pytest.raises(TypeError):
        W[0] = 0
    for array in (W.values, W.stop, W.length, W.series, W[2:].values, W[2:].stop):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    W[5][:] = -1
    np.asarray(W)[:] = -1
    assert W[0][2, 0] == 0


def test_array_of_callers_stays_writable():
    X = column(0, 1, 2)
    SlidingWindow(2).fit_transform(X)
    X[0] = 5


def test_conversion(W):
    assert np.asarray(W, dtype="float32").dtype == "float32"
    assert np.array(W, copy=True).shape == W.shape
    with pytest.raises(ValueError, match="without a copy"):
        np.array(W, copy=False)


def test_gather(W):
    dense = np.asarray(W)
    assert_array_equal(W.gather([9, 2, 9]), dense[[9, 2, 9]])
    assert_array_equal(W.gather([9, 0], dtype="float32"), dense[[9, 0]])
    assert W.gather([9, 0], dtype="float32").dtype == "float32"
    assert W.gather([9, 9], dtype="float32").dtype == "float32"
    assert W.gather([]).shape == (0, 3, 2)
    out = np.empty((2, 3, 2), dtype="float32")
    for rows in ([9, 4], [0, 1]):
        assert W.gather(rows, out=out) is out
        assert_array_equal(out, dense[rows])
    with pytest.raises(IndexError):
        W.gather([10])
    many = SlidingWindow(2).fit_transform(np.arange(10000.0).reshape(-1, 1))
    assert_array_equal(table(many)[1:, 1], np.arange(1, 10000))


@pytest.mark.parametrize("window_length", [127, 128, 129])
def test_long_windows_are_gathered(window_length):
    """The arithmetic on narrow positions holds at the edge of an integer type."""
    X = np.arange(300.0)[:, None]
    W = SlidingWindow(window_length).fit_transform(X)
    rows = np.array([window_length - 1, 299])
    expected = [X[:window_length], X[300 - window_length :]]
    assert_array_equal(W.gather(rows), expected)
    rows[0] -= 1
    expected = [np.vstack([[[NAN]], X[: window_length - 1]]), expected[1]]
    assert_array_equal(W.gather(rows), expected)


def test_codes_of_series_stay_narrow():
    """A byte for each row, where there are few series."""
    index = pd.MultiIndex.from_product([["a", "b"], HOURS])
    W = SlidingWindow(3).fit_transform(frame(index))
    assert W.series.dtype == np.int8
    assert_array_equal(W.series, np.repeat([0, 1], len(HOURS)))


def test_rows_of_fewer_than_a_window():
    W = SlidingWindow(50).fit_transform(column(1, 2))
    assert W.shape == (2, 50, 1)
    assert_array_equal(table(W)[1, -3:], [NAN, 1, 2])
    assert np.isnan(table(W[:0])).all()


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_copies(W, duplicate):
    part = W[[8, 9]]
    other = duplicate(part)
    assert_array_equal(np.asarray(other), np.asarray(part))
    assert not other.values.flags.writeable


@pytest.mark.parametrize("rows", [slice(3, 6), [0, 9], [9, 0], [0], [], slice(None)])
@pytest.mark.parametrize("horizon", [0, 2])
def test_pickle_carries_the_rows_it_needs(rows, horizon):
    X = np.arange(10.0).reshape(-1, 1)
    part = SlidingWindow(2, horizon=horizon).fit_transform(X)[rows]
    part.gather(np.arange(len(part)))
    other = pickle.loads(pickle.dumps(part))
    assert_array_equal(np.asarray(other), np.asarray(part))
    assert len(other.values) <= 2 * part.rows_read().sum()
    assert (other.stop >= 0).all()
    assert not other.stop.flags.writeable


def test_memory_map_stays_on_disk(tmp_path):
    rows = np.memmap(tmp_path / "rows", dtype="float32", mode="w+", shape=(50, 2))
    rows[:] = np.arange(100).reshape(-1, 2)
    for X in (rows, pd.DataFrame(rows, copy=False)):
        W = SlidingWindow(4).fit_transform(X)
        assert np.shares_memory(W.values, rows)
        assert np.shares_memory(W[10:20].values, rows)
    X, _ = make_windows(rows, 4)
    assert np.shares_memory(X.values, rows)
    joblib.dump(rows, tmp_path / "dumped")
    read_only = joblib.load(tmp_path / "dumped", mmap_mode="r")
    assert np.shares_memory(SlidingWindow(4).fit_transform(read_only).values, read_only)


def test_what_scikit_learn_does_with_windows(W):
    for key in ([1, 2], np.array([1, 2]), slice(1, 3), np.arange(10) == 4):
        part = _safe_indexing(W, key)
        assert isinstance(part, WindowedArray)
    assert _num_samples(W) == 10
    assert indexable(W, np.zeros(10))[0] is W
    train, test, y_train, _ = train_test_split(W, np.arange(10), random_state=0)
    assert isinstance(train, WindowedArray)
    assert_array_equal(train.index, y_train)
    assert len(train) + len(test) == 10
    shown = joblib.Parallel(n_jobs=2)(joblib.delayed(np.asarray)(W[i:]) for i in (0, 5))
    assert_array_equal(shown[1], np.asarray(W)[5:])


def test_grid_search_over_windows():
    X, Y = make_windows(np.sin(np.arange(60.0)), 4)
    model = make_pipeline(FlattenSequence(), Ridge())
    search = GridSearchCV(model, {"ridge__alpha": [1e-6, 100]}, cv=TimeSeriesSplit(3))
    search.fit(X, Y)
    assert search.best_params_ == {"ridge__alpha": 1e-6}
    assert search.best_score_ > 0.99


def test_with_values(W):
    other = W.with_values(np.arange(10.0).reshape(-1, 1), ["c"])
    assert other.shape == (10, 3, 1)
    assert other.feature_names == ["c"]
    assert other.index is W.index
    with pytest.raises(ValueError, match="read 10 rows, but values has 9"):
        W.with_values(np.zeros((9, 1)))


def test_parts_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match="stop has 2 windows, but length has 1"):
        WindowedArray(column(0, 1), [1, 2], [1], 1)
    with pytest.raises(ValueError, match="2-D array of numbers"):
        WindowedArray(np.array(["a"]), [1], [1], 1)


# --- make_windows ------------------------------------------------------------------


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


def test_panel():
    X, Y, newest = make_windows(panel("time"), 5, return_newest=True)
    assert_array_equal(table(X), [[0, 1, 2, 3, 4], [6, 7, 8, 9, 10]])
    assert_array_equal(Y, [[5], [11]])
    assert_array_equal(newest.index.get_level_values(0), ["b", "a"])
    assert X.series[0] != X.series[1]


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
        ({"target": "wind"}, "target='wind' is not among the 1 columns"),
        ({"target": 1}, "target=1 is not among the 1 columns"),
        ({"target": []}, "is not among"),
        ({"exog": np.arange(5)}, "exog must have the rows of series.* 5 rows for 12"),
        ({"exog": frame(HOURS + pd.Timedelta("1h"))}, "index of exog"),
        ({"exog": np.zeros((2, 3, 4))}, "exog must be rows"),
        ({"series": np.zeros((2, 3, 4))}, "series must be rows"),
        ({"series": [np.zeros(5), np.zeros((5, 2))]}, "the same columns"),
        ({"series": [pd.Series(range(5)), np.zeros(5)]}, "have a pandas index"),
        ({"series": frame(HOURS[::-1])}, "time order"),
        ({"series": [0, np.inf, 1]}, "infinity"),
    ],
)
def test_make_windows_errors(arguments, message):
    arguments = {"series": frame(HOURS), "window_length": 2} | arguments
    with pytest.raises(ValueError, match=message):
        make_windows(**arguments)


# --- make_targets ------------------------------------------------------------------


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


# --- check_no_lookahead ------------------------------------------------------------


class Leak(TransformerMixin, BaseEstimator):
    """Reads what it should not, in one of several ways."""

    def __init__(self, how):
        self.how = how

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        table = pd.DataFrame(np.asarray(X))
        if self.how == "centred":
            return table.rolling(3, center=True, min_periods=1).mean().to_numpy()
        if self.how == "scaler":
            return ((table - table.mean()) / table.std()).to_numpy()
        if self.how == "maximum":
            return (table / table.max()).to_numpy()
        if self.how == "filled":
            return table.bfill().ffill().to_numpy()
        if self.how == "next":
            return table.shift(-1, fill_value=0).to_numpy()
        if self.how == "random":
            return np.random.default_rng().normal(size=table.shape)
        return table.rolling(3, min_periods=1).mean().to_numpy()


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    index = pd.date_range("2024", periods=60, freq="h")
    X = pd.DataFrame({"a": rng.normal(size=60), "b": rng.integers(0, 9, 60)}, index)
    return X, X["a"].cumsum().to_numpy()


@pytest.mark.parametrize("how", ["centred", "scaler", "maximum"])
@pytest.mark.parametrize("container", [pd.DataFrame, np.asarray])
def test_leaks_are_found(rows, how, container):
    X, y = rows
    leaking = make_pipeline(Leak(how), *(step for _, step in model().steps))
    # Every one of them lets the first row move with the rows after it.
    match = "Look-ahead: the prediction of row 0 .*moved when the rows after row 0"
    with pytest.raises(AssertionError, match=match):
        check_no_lookahead(leaking, container(X), y)


def test_back_fill_is_found_where_values_are_missing(rows):
    X, y = rows
    X = X.copy()
    X.iloc[30, 0] = NAN
    leaking = make_pipeline(Leak("filled"), Ridge())
    message = r"row 30 \(2024-01-02 06:00:00\) moved .* after row 30"
    with pytest.raises(AssertionError, match=message):
        check_no_lookahead(leaking, X, y, n_cuts=None)


def test_good_pipelines_pass(rows):
    X, y = rows
    good = [
        model(),
        model(horizon=2),
        make_pipeline(
            SlidingWindow(4), TimeDistributed(StandardScaler()), *model()[1:]
        ),
        make_pipeline(StandardScaler(), Leak("trailing"), Ridge()),
    ]
    for estimator in good:
        check_no_lookahead(estimator, X, y)
        check_no_lookahead(estimator, X.to_numpy(), y)
    classifier = make_pipeline(*model()[:2], LogisticRegression())
    check_no_lookahead(classifier, X, y > 0)
    check_no_lookahead(SlidingWindow(3), X)


@pytest.mark.parametrize("kinds", [["x", "y"], [0, 1], [True, False]])
def test_columns_of_few_values_can_always_be_changed(rows, kinds):
    _, y = rows
    X = pd.DataFrame({"c": np.array(kinds)[np.arange(60) % 2]})
    encoder = OneHotEncoder(sparse_output=False)
    # The future of the last cut is a single row, which must not come out as it was.
    for seed in range(10):
        check_no_lookahead(make_pipeline(encoder, Ridge()), X, y, random_state=seed)
        leaking = make_pipeline(encoder, Leak("next"), Ridge())
        with pytest.raises(AssertionError, match="row 0"):
            check_no_lookahead(leaking, X, y, random_state=seed)


def test_horizon_is_checked(rows):
    X, y = rows
    check_no_lookahead(model(horizon=2), X, y, horizon=2)
    with pytest.raises(AssertionError, match=r"row 2 .* with horizon=2"):
        check_no_lookahead(model(horizon=1), X, y, horizon=2)


def test_future_of_a_panel_is_later_time(rows):
    X, y = rows
    index = pd.MultiIndex.from_product([["a", "b"], X.index[:30]])
    check_no_lookahead(model(), X.set_axis(index), y)
    stacked = make_pipeline(Leak("trailing"), Ridge())
    # Stacked below one another, the second series reads the end of the first.
    with pytest.raises(AssertionError, match=r"row 30 .*'b'"):
        check_no_lookahead(stacked, X.set_axis(index), y)


def test_estimator_is_cloned(rows):
    X, y = rows
    estimator = model()
    check_no_lookahead(estimator, X, y, n_cuts=1)
    assert not hasattr(estimator[0], "freq_")


def test_what_cannot_be_checked(rows):
    X, y = rows
    with pytest.raises(AssertionError, match=r"row 0 .* at random"):
        check_no_lookahead(Leak("random"), X, y)
    with pytest.raises(ValueError, match="at least two moments"):
        check_no_lookahead(model(), X[:1], y[:1])
    with pytest.raises(ValueError, match="all alike"):
        check_no_lookahead(model(), np.zeros((5, 1)), np.arange(5))
    with pytest.raises(ValueError, match="needs the whole pipeline"):
        check_no_lookahead(Ridge(), SlidingWindow(2).fit_transform(X), y)
    with pytest.raises(TypeError, match="none of the methods"):
        check_no_lookahead(OnlyFits(), X, y)
    with pytest.raises(ValueError, match="1 predictions for 60 rows"):
        check_no_lookahead(OnlyFits().set_params(answer=1), X, y)


class OnlyFits(BaseEstimator):
    """Has something to predict with only where it is given an answer."""

    def __init__(self, answer=None):
        self.answer = answer

    def fit(self, X, y=None):
        if self.answer is not None:
            self.predict = lambda X: [self.answer]
        return self
