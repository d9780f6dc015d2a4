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
    pd.RangeIndex(3, 603, 10),
    pd.Index(1_700_000_000 + 3600 * np.arange(60)),
    pd.period_range("2000", periods=600, freq="min")[5::10],
    pd.period_range("2000-01-01 00:05", periods=60, freq="10min"),
    pd.date_range("2000-01-15", periods=60, freq=pd.DateOffset(months=1)),
    pd.date_range("2000-01-31", periods=60, freq=pd.DateOffset(days=10)),
    pd.date_range("2000-01-31", periods=60, freq=pd.DateOffset(months=1, day=31)),
    pd.date_range("2000-01-01", periods=60, freq="SMS"),
]


@pytest.mark.parametrize("times", AXES, ids=lambda times: times.dtype.name)
def test_steps_of_an_axis(times):
    # Seen in fit: the middle, with gaps.
    seen = times[20:40].delete([3, 9, 10])
    axis = TimeAxis(seen, np.array([0]), _given_only(times))
    steps = axis.ordinals(times)
    np.testing.assert_array_equal(np.diff(steps), 1)
    assert axis.times(steps).equals(times)
    some = np.array([50, 3, 21, 3])
    assert list(axis.times(steps[some])) == list(times[some])
    assert len(axis.ordinals(times[:0])) == 0


def _given_only(times):
    """The frequency of times that do not show it."""
    freq = getattr(times, "freq", None)
    is_shown = isinstance(times, pd.PeriodIndex) or freq is None
    is_special = isinstance(freq, (pd.DateOffset, pd.offsets.SemiMonthBegin))
    return freq if is_special and not is_shown else None


def test_months_that_begin_on_a_day_that_others_lack():
    # From the 29th of February on, pandas goes by the 29th.
    times = pd.date_range("2000-01-31", periods=60, freq=pd.DateOffset(months=1))
    axis = TimeAxis(times[:40], [0], times.freq)
    np.testing.assert_array_equal(axis.ordinals(times), np.arange(60))
    assert axis.times(np.arange(38, 60)).equals(times[38:])


def test_the_step_of_several_series_in_integers():
    times = pd.Index([10, 20, 40, 50, 30, 40, 50])
    axis = TimeAxis(times, np.array([0, 4]))
    np.testing.assert_array_equal(axis.ordinals(times), [1, 2, 4, 5, 3, 4, 5])
    with pytest.raises(ValueError, match=r"45 does not lie .* from 10 in steps of 10"):
        axis.ordinals(pd.Index([45]))
    # One row a series: nothing shows a step but that of integers.
    one = TimeAxis(pd.Index([10, 20]), np.array([0, 1]))
    np.testing.assert_array_equal(one.ordinals(pd.Index([13])), [13])


def test_integers_without_a_common_step():
    times = pd.Index(np.arange(0, 3600 * 50, 3600) + np.arange(50) % 3)
    axis = TimeAxis(times, np.array([0]))
    with pytest.raises(ValueError, match="Round the index to its step"):
        axis.ordinals(times)


@pytest.mark.parametrize(
    "zone",
    [
        "America/Santiago",
        "Africa/Cairo",
        "Asia/Beirut",
        "America/Havana",
        "America/Sao_Paulo",
        "America/Asuncion",
    ],
)
@pytest.mark.parametrize("freq", ["D", "W-SUN", "MS", "B"])
def test_days_whose_midnight_the_clocks_skip(zone, freq):
    local = pd.date_range("2015-01-01", "2018-12-31", freq=freq)
    for is_summer in (True, False):
        ambiguous = np.full(len(local), is_summer)
        times = local.tz_localize(zone, ambiguous, "shift_forward")
        axis = TimeAxis(times[20:40], [0], freq)
        steps = axis.ordinals(times)
        np.testing.assert_array_equal(np.diff(steps), 1)
        back = axis.times(steps).tz_localize(None)
        assert back.equals(times.tz_localize(None))
    # A skipped midnight may be the first that is seen.
    begins_late = [i for i, time in enumerate(times) if time.hour]
    for i in begins_late[:2]:
        late = TimeAxis(times[i:], [0], freq)
        np.testing.assert_array_equal(np.diff(late.ordinals(times[i:])), 1)


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


FAR = 2**63 - 1
# Integers, periods and dates near the end of what 64 bits hold, or a whole world apart.
FAR_AWAY = {
    "the largest": pd.RangeIndex(FAR - 50, FAR),
    "the largest of all": pd.Index(np.arange(FAR - 50, FAR) + 1),
    "the least": pd.Index(np.arange(-FAR - 1, -FAR + 50)),
    "steps of ten": pd.Index(-FAR - 1 + 10 * np.arange(50)),
    "both": pd.Index([-FAR, -1, FAR - 1]),
    "without a sign": pd.Index(np.arange(50, dtype=np.uint64) + np.uint64(2**63 - 9)),
    "beyond a sign": pd.Index(np.arange(50, dtype=np.uint64) + np.uint64(2**64 - 50)),
    "periods": pd.PeriodIndex.from_ordinals(np.arange(FAR - 50, FAR), freq="M"),
    "dates apart": pd.DatetimeIndex(
        np.array([-FAR, 0, FAR], dtype="M8[ns]"), dtype="M8[ns]"
    ),
    "lengths apart": pd.TimedeltaIndex(np.array([-FAR, 0, FAR], dtype="m8[ns]")),
}


@pytest.mark.parametrize("name", FAR_AWAY)
def test_times_near_the_end_of_all_integers(name):
    times = FAR_AWAY[name]
    with pytest.raises(ValueError, match=r"64 bits"):
        TimeAxis(times, np.array([0]))
    near = TimeAxis(pd.RangeIndex(9), np.array([0]))
    if isinstance(times, pd.RangeIndex):
        with pytest.raises(ValueError, match=r"64 bits .* go from 92\d+ to 92\d+"):
            near.ordinals(times)


@pytest.mark.parametrize("freq", ["D", "h", "MS", "W", "3D"])
@pytest.mark.parametrize("sign", [1, -1])
def test_dates_beyond_all_dates(freq, sign):
    end = pd.Timestamp.max if sign > 0 else pd.Timestamp.min
    start = (end - sign * pd.Timedelta(days=2000)).normalize()
    times = pd.date_range(start, periods=30, freq=freq, unit="ns")
    axis = TimeAxis(times, np.array([0]))
    np.testing.assert_array_equal(axis.times(axis.ordinals(times)), times)
    with pytest.raises(ValueError, match=r"64 bits .* coarser unit, as in"):
        axis.times(np.array([0, sign * 50_000]))
    # As that advice has it.
    axis = TimeAxis(times.as_unit("s"), np.array([0]))
    assert (axis.times(np.array([0, sign * 50_000]))[1] > times[0]) == (sign > 0)


def test_integers_as_far_as_there_is_room():
    times = pd.Index(2**62 - 200 + 3 * np.arange(50))
    axis = TimeAxis(times, np.array([0]))
    np.testing.assert_array_equal(axis.times(axis.ordinals(times)), times)
    later = axis.ordinals(times)[-1] + np.arange(9)
    np.testing.assert_array_equal(axis.times(later), times[-1] + 3 * np.arange(9))
    small = pd.Index(np.arange(68, 128), dtype=np.int8)
    axis = TimeAxis(small, np.array([0]))
    np.testing.assert_array_equal(
        axis.times(np.array([127, 128, 300])), [127, 128, 300]
    )


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_steps_counted_by_numbers_are_those_of_pandas(unit, zone, monkeypatch):
    times = pd.date_range("1990-01-01", periods=90, freq="15min", tz=zone, unit=unit)
    axis = TimeAxis(times, [0])
    others = [
        times,
        times[-1:],
        times[:5] - pd.Timedelta("3h"),
        times[:3].as_unit("ms"),
    ]
    found = [axis.ordinals(other) for other in others]
    monkeypatch.setattr(TimeAxis, "_counted", lambda self, times: None)
    for mine, other in zip(found, others, strict=True):
        np.testing.assert_array_equal(mine, axis.ordinals(other))
    off = times[:2] + pd.Timedelta("7min")
    for _ in range(2):
        with pytest.raises(ValueError, match="does not lie on the grid"):
            axis.ordinals(off)
        monkeypatch.undo()
