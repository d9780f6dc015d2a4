"""Runs: the order of rows, the step between them, and what breaks a run."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import train_test_split

from skrnn import SlidingWindow
from skrnn.exceptions import ShortWindowsWarning
from tests.windows.support import HOURS, NAN, column, frame, panel, table, without_freq


def test_row_has_a_window_only_after_an_unbroken_run():
    X = frame(HOURS[[0, 1, 2, 4, 5, 6]])
    W = SlidingWindow(2, horizon=1).fit_transform(X)
    expected = [[NAN, NAN], [NAN, 0], [0, 1], [NAN, NAN], [NAN, 3], [3, 4]]
    assert_array_equal(table(W), expected)
    with pytest.warns(ShortWindowsWarning, match="only 0 of them without a break"):
        W = SlidingWindow(2, horizon=3).fit_transform(X)
    assert np.isnan(np.asarray(W)).all()


def test_rows_off_the_grid():
    half = HOURS[:4].append(HOURS[4:8] + pd.Timedelta("30min"))
    with pytest.warns(ShortWindowsWarning, match="does not fit the index: 1 rows"):
        W = SlidingWindow(3, freq="h").fit_transform(frame(half))
    assert_array_equal(table(W)[4], [NAN, NAN, 4])
    assert_array_equal(table(W)[5], [NAN, 4, 5])
    # A remembered row between two rows of a run of the call does not break it.
    window = SlidingWindow(3, freq="h", history="allow").fit(frame(half[4:5]))
    W = window.transform(frame(HOURS[3:7]))
    assert_array_equal(table(W)[3], [1, 2, 3])


def test_freq_is_the_parameter_first():
    X = frame(HOURS)
    window = SlidingWindow(2, freq="2h", history="allow").fit(X[::2])
    assert window.freq_ == pd.offsets.Hour(2)
    assert np.isnan(table(window.transform(X))[:, 0]).all()
    half = frame(HOURS[0] + pd.Timedelta("30min") * np.arange(4))
    window.set_params(freq=pd.Timedelta("30min")).fit(half)
    assert window.freq_ == pd.offsets.Minute(30)


def test_freq_is_that_of_the_index_next():
    X = frame(pd.date_range("2024-01-31", periods=1, freq="ME"))
    window = SlidingWindow(2).fit(X)
    assert window.freq_ == pd.offsets.MonthEnd()
    W = window.transform(frame(pd.DatetimeIndex(["2024-02-29"]), [1.0]))
    assert_array_equal(table(W), [[0, 1]])


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
    assert SlidingWindow(3).fit(frame(hours)).freq_ == pd.offsets.Hour(2)


def test_freq_is_the_smallest_difference_last():
    index = pd.DatetimeIndex(
        ["2024-01-01 00:00", "2024-01-01 03:00", "2024-01-01 04:00", "2024-01-01 09:00"]
    )
    assert SlidingWindow().fit(frame(index)).freq_ == pd.offsets.Hour(1)
    days = pd.DatetimeIndex(["2024-01-01", "2024-01-05", "2024-01-07", "2024-01-20"])
    with pytest.warns(ShortWindowsWarning, match="2 days 00:00:00 to 13 days"):
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
    window = SlidingWindow(2, history="allow").fit(frame(without_freq(HOURS[:1])))
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
    freq = "D" if given else None
    window = SlidingWindow(2, freq=freq, history="allow").fit(X)
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
    with pytest.warns(ShortWindowsWarning, match="2024-01-08 .* after 2024-01-03"):
        W = SlidingWindow(2, freq="W-MON").fit_transform(frame(index))
    assert_array_equal(table(W), [[NAN, 0], [NAN, 1], [1, 2]])


def test_step_finer_than_the_unit_of_the_index():
    index = pd.date_range("2024-01-01", periods=3, freq="s", unit="s")
    with pytest.raises(ValueError, match="No row follows another"):
        SlidingWindow(2, freq="1500ms").fit(frame(index))


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


@pytest.mark.parametrize("indexed", [True, False])
def test_groups_name_the_series(indexed):
    groups = np.array(["x", "y", "x", "y", "x", "y"])
    index = HOURS[[0, 0, 1, 1, 2, 2]] if indexed else None
    X = pd.DataFrame({"load": np.arange(6.0)}, index=index)
    X = X if indexed else X.to_numpy()
    window = SlidingWindow(2, history="allow")
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


def test_groups_of_another_length_or_missing():
    with pytest.raises(ValueError, match=r"each of the 3 rows .* shape \(2,\)"):
        SlidingWindow().fit(column(0, 1, 2), groups=[0, 1])
    with pytest.raises(ValueError, match="label of a series is missing"):
        SlidingWindow().fit(column(0, 1, 2), groups=[0, 1, NAN])
    index = pd.MultiIndex.from_arrays([["a", None], HOURS[:2]])
    with pytest.raises(ValueError, match="label of a series is missing"):
        SlidingWindow().fit(frame(index))


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


def test_shuffled_rows_are_refused():
    X = frame(HOURS)
    with pytest.raises(ValueError, match="splitter that does not shuffle"):
        SlidingWindow().fit(train_test_split(X, random_state=0)[0])


def test_codes_of_series_stay_narrow():
    """A byte for each row, where there are few series."""
    index = pd.MultiIndex.from_product([["a", "b"], HOURS])
    W = SlidingWindow(3).fit_transform(frame(index))
    assert W.series.dtype == np.int8
    assert_array_equal(W.series, np.repeat([0, 1], len(HOURS)))
