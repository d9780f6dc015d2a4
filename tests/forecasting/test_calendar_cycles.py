"""Features of the calendar that series can teach, and those that they cannot."""

import numpy as np
import pandas as pd
import pytest
from pandas.tseries.frequencies import to_offset

from skrnn._forecasting.calendar_cycles import usual_calendar
from tests.forecasting.support import PLAIN, forecaster
from tests.support import wave_series


@pytest.mark.parametrize(
    ("freq", "n_days", "features"),
    [
        ("h", 1e4, ["hour_of_day", "day_of_week", "day_of_year"]),
        ("h", 120, ["hour_of_day", "day_of_week"]),
        ("h", 13, ["hour_of_day"]),
        ("h", 1.5, []),
        ("D", 1e4, ["day_of_week", "day_of_year"]),
        ("B", 500, ["day_of_week"]),
        ("7D", 1e4, ["week_of_year"]),
        ("W", 728, ["week_of_year"]),
        ("W", 700, []),
        ("SMS", 1e4, ["week_of_year"]),
        ("ME", 730, ["month_of_year"]),
        ("QS", 1e4, ["quarter_of_year"]),
        ("YE", 1e4, []),
        (pd.DateOffset(months=1), 1e4, ["month_of_year"]),
        (pd.DateOffset(days=1, hours=1), 1e4, ["day_of_week", "day_of_year"]),
    ],
)
def test_features_that_come_back(freq, n_days, features):
    assert usual_calendar(to_offset(freq), n_days) == features


@pytest.mark.parametrize(
    ("index", "features"),
    [
        (pd.date_range("2024", periods=24 * 120, freq="h"), 2),
        (pd.date_range("2024", periods=24 * 5, freq="h"), 1),
        (pd.period_range("2020-01", periods=24, freq="M"), 1),
        (pd.period_range("2020-01", periods=23, freq="M"), 0),
        (pd.date_range("2020-01-31", periods=24, freq="ME"), 1),
    ],
)
def test_what_series_cover(index, features):
    model = forecaster(calendar=True, interval=None, **PLAIN)
    model.fit(wave_series(len(index), index), fh=1)
    assert len(model._settings.calendar) == features


def test_a_feature_by_name_that_was_not_seen_whole():
    days = pd.date_range("2024-02-01", periods=60)
    y = pd.Series(np.arange(60.0), days)
    with pytest.warns(UserWarning, match="day_of_year.* cover only 60 days"):
        model = forecaster(calendar=["day_of_year"], **PLAIN).fit(y, fh=1)
    assert model._settings.calendar == ("day_of_year",)


@pytest.mark.parametrize("calendar", [True, np.True_, ["day_of_week"]])
@pytest.mark.parametrize(
    "index",
    [pd.RangeIndex(60), pd.Index([*range(59), 70]), pd.timedelta_range(0, periods=60)],
)
def test_numbers_have_no_calendar(calendar, index):
    with pytest.raises(ValueError, match="needs a DatetimeIndex or a"):
        forecaster(calendar=calendar, **PLAIN).fit(wave_series(60, index), fh=1)
