"""Whether one time follows another, and what lies some steps later."""

import numpy as np
import pandas as pd
import pytest

from skrnn._time.steps import fits_grid, follows, steps_later


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
