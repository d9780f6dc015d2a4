"""Steps by the day of the month, which pandas does not infer."""

import numpy as np
import pandas as pd
import pytest

from skrnn._time.frequency import find_step
from skrnn._time.month_days import read_month_days
from skrnn._time.steps import follows

MONTH_DAYS = {
    "15th": pd.date_range("2000-01-15", periods=40, freq=pd.DateOffset(months=1)),
    "5th of a quarter": pd.date_range(
        "2000-02-05", periods=40, freq=pd.DateOffset(months=3)
    ),
    "day of a year": pd.date_range(
        "2000-06-17", periods=40, freq=pd.DateOffset(months=12)
    ),
    "30th or the last": pd.DatetimeIndex(
        [pd.Timestamp("2000-01-30") + pd.DateOffset(months=n) for n in range(40)]
    ),
    "1st and 15th": pd.date_range("2000-01-01", periods=40, freq="SMS"),
    "15th and last": pd.date_range("2000-01-15", periods=40, freq="SME"),
    "1st and 20th": pd.date_range(
        "2000-01-01", periods=40, freq=pd.offsets.SemiMonthBegin(day_of_month=20)
    ),
}
ONE_SERIES = np.array([0])


@pytest.mark.parametrize("times", MONTH_DAYS.values(), ids=MONTH_DAYS)
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize("hour", [0, 6])
def test_days_of_the_month(times, zone, hour):
    times = pd.DatetimeIndex(list(times + pd.Timedelta(hours=hour))).tz_localize(zone)
    step = find_step(None, times, times, ONE_SERIES)
    assert follows(times[:-1], times[1:], step).all()
    # It is the step of what remains where rows are missing, and breaks there.
    kept = times.delete([4, 9, 10, 30])
    step = find_step(None, kept, kept, ONE_SERIES)
    joined = follows(kept[:-1], kept[1:], step)
    assert list(np.flatnonzero(~joined)) == [3, 7, 26]


@pytest.mark.parametrize(
    "times",
    [
        ["2024-01-15", "2024-02-15"],
        ["2024-01-15", "2024-01-16", "2024-01-17"],
        ["2024-01-15", "2024-02-15", "2024-03-16"],
        ["2024-01-15 00:00", "2024-02-15 00:00", "2024-03-15 01:00"],
        ["2024-01-01", "2024-01-15", "2024-02-01", "2024-02-16"],
        ["2024-01-01", "2024-01-15", "2024-02-15"],
        ["2024-01-31", "2024-02-07", "2024-02-29"],
        ["2024-01-01", "2024-01-15", "2024-04-01", "2024-08-15", "2025-01-01"],
        ["2024-01-01", "2024-01-31", "2024-02-01", "2024-02-29"],
    ],
)
def test_no_days_of_the_month(times):
    assert read_month_days(pd.DatetimeIndex(times)) is None


def test_lengths_of_time_have_no_days_of_the_month():
    assert read_month_days(pd.to_timedelta([0, 31, 60], unit="D")) is None
