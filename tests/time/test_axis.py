"""Time stamps as whole numbers of steps."""

import numpy as np
import pandas as pd
import pytest

from skrnn._time.axis import TimeAxis

AXES = [
    pd.RangeIndex(5, 65),
    pd.period_range("2000-01", periods=60, freq="M"),
    pd.period_range("2000-01", periods=60, freq="3M"),
    pd.date_range("2000-01-31", periods=60, freq="ME"),
    pd.date_range("2000-01-01", periods=60, freq="QS"),
    pd.date_range("2000-01-05", periods=60, freq="W-WED"),
    pd.date_range("2000-01-03", periods=60, freq="B"),
    pd.date_range("2000", periods=60, freq="90min"),
    pd.date_range("2000-03-01", periods=60, tz="Europe/Berlin"),
    pd.date_range("2000-10-28", periods=60, freq="h", tz="Europe/Berlin"),
    pd.date_range("2000-01-01", periods=60, freq="MS", tz="Europe/Berlin"),
    pd.timedelta_range("1h", periods=60, freq="7min"),
]


@pytest.mark.parametrize("times", AXES, ids=lambda times: times.dtype.name)
def test_steps_of_an_axis(times):
    # Seen in fit: the middle, with gaps.
    seen = times[20:40].delete([3, 9, 10])
    axis = TimeAxis(seen, np.array([0]))
    steps = axis.ordinals(times)
    np.testing.assert_array_equal(np.diff(steps), 1)
    assert axis.times(steps).equals(times)
    some = np.array([50, 3, 21, 3])
    assert list(axis.times(steps[some])) == list(times[some])
    assert len(axis.ordinals(times[:0])) == 0


def test_times_in_another_zone_are_the_same_times():
    times = pd.date_range("2000-03-01", periods=60, tz="Europe/Berlin")
    axis = TimeAxis(times, np.array([0]))
    abroad = times.tz_convert("Asia/Tokyo")
    np.testing.assert_array_equal(axis.ordinals(abroad), np.arange(60))


def test_times_that_do_not_fit():
    axis = TimeAxis(pd.date_range("2000", periods=9, freq="MS"), np.array([0]))
    with pytest.raises(
        ValueError, match="2000-01-02 00:00:00 does not lie on the grid"
    ):
        axis.ordinals(pd.DatetimeIndex(["2000-01-01", "2000-01-02"]))
    with pytest.raises(ValueError, match="Times must be a DatetimeIndex, as in fit"):
        axis.ordinals(pd.RangeIndex(3))
    one = TimeAxis(pd.DatetimeIndex(["2000-01-01"]), np.array([0]))
    assert list(one.ordinals(pd.DatetimeIndex(["2000-01-01"]))) == [0]
    with pytest.raises(ValueError, match="The frequency is unknown"):
        one.ordinals(pd.DatetimeIndex(["2000-01-02"]))
