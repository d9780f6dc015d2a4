"""Which series a row is of: one answer for windows, estimators and forecasters."""

import numpy as np
import pandas as pd
import pytest

from skrnn import RNNRegressor, SlidingWindow
from skrnn._time.index import (
    fits_grid,
    follows,
    key_levels,
    series_of,
    split_index,
    split_keys,
    steps_later,
)
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


@pytest.mark.parametrize(
    ("times", "step", "expected"),
    [
        (pd.Index([0, 10, 15, 35]), 10, [True, False, True]),
        (
            pd.PeriodIndex(["2024-01", "2024-03", "2024-06"], freq="M"),
            pd.offsets.MonthEnd(2),
            [True, False],
        ),
        (
            pd.DatetimeIndex(["2024-01-01", "2024-01-03", "2024-01-03 12:00"]),
            pd.offsets.Day(),
            [True, False],
        ),
        (
            pd.to_timedelta(["0h", "3h", "5h"]),
            pd.offsets.Hour(3),
            [True, False],
        ),
        (
            pd.DatetimeIndex(["2024-01-05", "2024-01-08", "2024-01-13", "2024-01-15"]),
            pd.offsets.BDay(),
            [True, False, False],
        ),
        (
            pd.DatetimeIndex(["2024-01-31", "2024-03-31", "2024-04-01"]),
            pd.offsets.MonthEnd(),
            [True, False],
        ),
        (
            pd.DatetimeIndex(["2024-01-31", "2024-02-29", "2024-05-30"]),
            pd.DateOffset(months=1),
            [True, True],
        ),
    ],
)
def test_grid_of_a_step(times, step, expected):
    np.testing.assert_array_equal(fits_grid(times[:-1], times[1:], step), expected)


def test_days_of_a_time_zone_are_not_doubted():
    days = pd.date_range("2018-11-02", periods=4).tz_localize(
        "America/Sao_Paulo", nonexistent="shift_forward"
    )
    assert fits_grid(days[[0, 2]], days[[2, 3]], pd.offsets.Day()).all()


@pytest.mark.parametrize(
    ("times", "step", "count", "later"),
    [
        (pd.Index([3, 7]), 2, 3, [9, 13]),
        (
            pd.period_range("2024-01", periods=2, freq="2h"),
            pd.offsets.Hour(2),
            3,
            pd.period_range("2024-01-01 06:00", periods=2, freq="2h"),
        ),
        (
            pd.DatetimeIndex(["2024-01-31", "2024-02-29"]),
            pd.offsets.MonthEnd(),
            2,
            pd.DatetimeIndex(["2024-03-31", "2024-04-30"]),
        ),
        # A day is one of the calendar, an hour is elapsed time.
        (
            pd.DatetimeIndex(["2024-03-30 12:00"], tz="Europe/Berlin"),
            pd.offsets.Day(),
            1,
            pd.DatetimeIndex(["2024-03-31 12:00"], tz="Europe/Berlin"),
        ),
        (
            pd.DatetimeIndex(["2024-03-30 12:00"], tz="Europe/Berlin"),
            pd.offsets.Hour(),
            24,
            pd.DatetimeIndex(["2024-03-31 13:00"], tz="Europe/Berlin"),
        ),
        (pd.to_timedelta(["1s"]), pd.offsets.Milli(500), 3, pd.to_timedelta(["2.5s"])),
    ],
)
def test_steps_later(times, step, count, later):
    assert list(steps_later(times, step, count)) == list(later)
    if isinstance(times, pd.DatetimeIndex):
        many = times
        for _ in range(count):
            assert follows(many, steps_later(many, step, 1), step).all()
            many = steps_later(many, step, 1)
        assert list(many) == list(later)


def test_no_steps_beyond_all_times():
    with pytest.raises(OverflowError, match="No time is 9 steps of 1 later"):
        steps_later(pd.Index([2**63 - 5]), 1, 9)
