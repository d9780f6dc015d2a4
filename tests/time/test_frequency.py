"""The step of an index: what is asked first, which stretches are read, and how far."""

import numpy as np
import pandas as pd
import pytest

from skrnn._time.frequency import find_step
from skrnn._time.steps import fixed_length, follows

ONE_SERIES = np.array([0])
HOURS = pd.date_range("2024-01-01", periods=12, freq="h")


def without_freq(times):
    """The times alone: an index whose step is not known."""
    return type(times)(list(times))


def shown_by(*series):
    """The step that the times of some series show."""
    times = series[0].append(list(series[1:]))
    starts = np.cumsum([0, *map(len, series[:-1])])
    return find_step(None, None, without_freq(times), starts)


def days_shown_by(*series):
    return fixed_length(shown_by(*series)) / pd.Timedelta(days=1)


def at(*hours, unit="h"):
    return pd.Timestamp("2024-01-01") + pd.to_timedelta(list(hours), unit=unit)


def days(*numbers):
    return at(*numbers, unit="D")


@pytest.fixture
def lengths_read(monkeypatch):
    """How many rows pandas was given each time to infer a frequency from."""
    lengths = []
    infer = pd.infer_freq

    def counted(times):
        lengths.append(len(times))
        return infer(times)

    monkeypatch.setattr(pd, "infer_freq", counted)
    return lengths


# --- what is asked first -----------------------------------------------------------


@pytest.mark.parametrize("times", [HOURS, HOURS - HOURS[0]])
def test_the_parameter_then_the_index_then_its_times(times):
    shown = without_freq(times)
    assert find_step("2h", times, times, ONE_SERIES) == pd.offsets.Hour(2)
    # The index as given, not the times in order, says what its step is.
    known = pd.date_range("2024", periods=2, freq="30min")
    assert find_step(None, known, times, ONE_SERIES) == pd.offsets.Minute(30)
    assert find_step(None, shown, times, ONE_SERIES) == pd.offsets.Hour(1)
    assert find_step(None, shown, shown, ONE_SERIES) == pd.offsets.Hour(1)


def test_no_series_of_two_rows_shows_no_step():
    assert shown_by(HOURS[:1]) is None
    assert shown_by(HOURS[:1], HOURS[3:4], HOURS[:1]) is None
    assert shown_by(HOURS[:1], HOURS[3:5], HOURS[:1]) == pd.offsets.Hour(1)


# --- integers and periods ----------------------------------------------------------


def test_rows_without_an_index_have_no_step():
    assert find_step(None, None, None, ONE_SERIES) is None
    assert find_step("h", None, None, ONE_SERIES) is None


@pytest.mark.parametrize("step", [1, 10, 3600, 86_400_000])
@pytest.mark.parametrize("first", [-7, 0, 1_704_067_200])
def test_step_of_integers(step, first):
    numbers = pd.Index(first + step * np.arange(20))
    assert find_step(None, numbers, numbers, ONE_SERIES) == step
    gaps = numbers.delete([3, 4, 11])
    assert find_step(None, gaps, gaps, ONE_SERIES) == step
    ranged = pd.RangeIndex(first, first + 20 * step, step)
    for some in (ranged, ranged[:1]):  # it knows its step, as a freq
        assert find_step(None, some, some, ONE_SERIES) == step


def test_step_of_integers_is_shown_within_a_series():
    two = pd.Index([3, 13, 23, 24, 34, 44])
    assert find_step(None, two, two, np.array([0, 3])) == 10
    # Groups may share out the rows of an index, which has a step of its own.
    ranged = pd.RangeIndex(6)
    shared = ranged[[0, 2, 4, 1, 3, 5]]
    assert find_step(None, ranged, shared, np.array([0, 3])) == 2
    lone = pd.Index([5, 8])
    assert find_step(None, lone, lone, np.array([0, 1])) is None


def test_step_that_is_given_for_integers():
    numbers = pd.Index([0, 2, 4])
    assert find_step(1, numbers, numbers, ONE_SERIES) == 1
    # A time says nothing of integers.
    assert find_step("h", numbers, numbers, ONE_SERIES) == 2
    with pytest.raises(ValueError, match="freq=3 is not a frequency"):
        find_step(3, HOURS, HOURS, ONE_SERIES)


@pytest.mark.parametrize(
    ("unit", "freq"),
    [("min", "10min"), ("h", "6h"), ("D", "7D"), ("M", "3M"), ("2D", "4D")],
)
def test_step_of_periods(unit, freq):
    periods = pd.period_range("2024", periods=20, freq=freq).asfreq(unit, how="start")
    step = find_step(None, periods, periods, ONE_SERIES)
    assert follows(periods[:-1], periods[1:], step).all()
    assert find_step(freq, periods, periods, ONE_SERIES) == step
    assert find_step(unit, periods, periods, ONE_SERIES) == periods.freq


def test_step_of_periods_in_other_units():
    minutes = pd.period_range("2024", periods=3, freq="min")
    assert find_step("h", minutes, minutes, ONE_SERIES) == pd.offsets.Minute(60)
    hours = pd.period_range("2024", periods=3, freq="h")
    for freq in ("90min", "W", "30s"):
        with pytest.raises(ValueError, match="not a step of whole periods"):
            find_step(freq, hours, hours, ONE_SERIES)


def test_rows_of_several_series_may_share_an_index_with_a_step():
    turns = HOURS[[0, 2, 4, 6, 1, 3, 5, 7]]
    assert find_step(None, HOURS, turns, np.array([0, 4])) == pd.offsets.Hour(2)
    twice = HOURS.append(HOURS)
    assert find_step(None, HOURS, twice, np.array([0, 12])) == pd.offsets.Hour(1)


# --- steps shorter than a day ------------------------------------------------------


def test_gap_of_the_longest_even_stretch():
    assert shown_by(at(0, 1, 4, 6, 8)) == pd.offsets.Hour(2)
    assert shown_by(at(0, 2, 4, 6, 7, 8)) == pd.offsets.Hour(2)
    assert shown_by(at(0, 3, 4, 5, 8)) == pd.offsets.Hour(1)
    # The last gap counts, and the first.
    assert shown_by(at(0, 1, 4, 7)) == pd.offsets.Hour(3)
    assert shown_by(at(0, 3, 6, 7)) == pd.offsets.Hour(3)


def test_smallest_gap_among_even_stretches_of_equal_length():
    assert shown_by(at(0, 3, 6, 7, 8, 12)) == pd.offsets.Hour(1)
    assert shown_by(at(0, 1, 2, 5, 8, 12)) == pd.offsets.Hour(1)
    assert shown_by(at(0, 3, 4, 9)) == pd.offsets.Hour(1)


def test_even_stretch_ends_with_its_series():
    """Nor does the gap from one series to the next count, back in time or forth."""
    assert shown_by(at(0, 2), at(4, 6), at(0, 1, 2)) == pd.offsets.Hour(1)
    assert shown_by(at(0, 3, 6), at(9), at(12), at(0, 2, 4, 6)) == pd.offsets.Hour(2)
    assert shown_by(at(5, 7), at(7), at(8), at(9)) == pd.offsets.Hour(2)
    assert shown_by(at(5, 8), at(4), at(3)) == pd.offsets.Hour(3)


def test_uneven_hours_of_the_longest_series_are_read_by_pandas(lengths_read):
    index = pd.bdate_range("2024-01-01", periods=4)
    business = pd.DatetimeIndex(
        [day + pd.Timedelta(hours=hour) for day in index for hour in range(9, 17)]
    )
    assert shown_by(business) == pd.offsets.BusinessHour()
    assert lengths_read == [len(business)]
    assert shown_by(at(*range(0, 60, 2)), business) == pd.offsets.BusinessHour()
    assert shown_by(business, at(0, 2, 4)) == pd.offsets.BusinessHour()
    assert shown_by(business, at(*range(0, 70, 2))) == pd.offsets.Hour(2)
    # A series whose gaps are even is not read, and one that cannot be read is left.
    assert lengths_read == [len(business)] * 3
    assert shown_by(at(0, 1, 2, 3, 5)) == pd.offsets.Hour(1)
    assert lengths_read[3:] == [5]


def test_last_gap_of_the_longest_series_counts(lengths_read):
    """Three gaps of an hour and a longer one are not even."""
    shown_by(at(0, 1, 2, 3, 7))
    shown_by(at(0, 3, 4, 5, 6))
    # The gap to the next series is none of its own.
    shown_by(at(0, 1, 2, 3, 4), at(9, 10))
    shown_by(at(9, 10), at(0, 1, 2, 3, 4), at(0, 1))
    assert lengths_read == [5, 5]


@pytest.mark.parametrize("start", ["2024-03-30 22:00", "2024-10-26 22:00"])
def test_short_steps_are_elapsed_time(start):
    """The clock on the wall shows two uneven gaps, where it is set."""
    hours = pd.date_range(start, periods=8, freq="2h", tz="Europe/Berlin")
    assert shown_by(hours) == pd.offsets.Hour(2)
    for first in range(7):
        assert shown_by(hours[first : first + 2]) == pd.offsets.Hour(2)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_gaps_are_in_the_unit_of_the_index(unit):
    assert shown_by(at(0, 1, 2, 4).as_unit(unit)) == pd.offsets.Hour(1)
    assert days_shown_by(days(0, 1, 5, 7, 20).as_unit(unit)) == 1


# --- days and longer ---------------------------------------------------------------


def test_median_gap_of_a_day_is_long(lengths_read):
    """Only then stretches are read, of which the uneven ones may be months."""
    shown_by(at(0, 24, 48, 49))
    assert lengths_read == [4, 3]
    # 23 hours are short: even gaps are told from one another without pandas.
    assert shown_by(at(0, 23, 46, 69)) == pd.offsets.Hour(23)
    assert lengths_read == [4, 3]
    # The middle gap decides, not the largest and not the smallest.
    assert shown_by(at(0, 1, 2, 3, 103, 203)) == pd.offsets.Hour(1)
    assert lengths_read == [4, 3, 6]
    # Nor does the gap from one series to the next.
    shown_by(at(0, 1, 2), at(200, 201), at(500, 501))
    assert lengths_read == [4, 3, 6]


def test_days_are_counted_on_the_wall():
    index = pd.date_range("2024-03-29", periods=4, tz="Europe/Berlin")
    assert days_shown_by(index[1:3]) == 1  # 23 hours
    assert days_shown_by(index) == 1
    months = pd.date_range("2024-01-01", periods=6, freq="MS", tz="Europe/Berlin")
    assert shown_by(months) == pd.offsets.MonthBegin()


def test_smallest_gap_where_nothing_is_readable():
    assert days_shown_by(days(0, 4, 6, 19)) == 2
    assert days_shown_by(days(0, 3)) == 3
    # The smallest within a series: from 19 to 20 is from one to the next.
    assert days_shown_by(days(0, 4, 6, 19), days(20, 23)) == 2


def longest_one_by_one(series):
    """Read from each row as far as can be, going on from the last row read."""
    best, size = None, 2
    for times in sorted(series, key=len, reverse=True):
        start = 0
        while start < len(times):
            readable = {
                stop - start: found
                for stop in range(start + 3, len(times) + 1)
                if (found := pd.infer_freq(times[start:stop])) is not None
            }
            length = max(readable, default=2)
            if length > size:
                best, size = readable[length], length
            start += length - 1
    return best


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n_series", [1, 2])
def test_longest_readable_stretch_of_all(seed, n_series):
    rng = np.random.default_rng([seed, n_series])
    kinds = ["B", "MS", "ME", "W-WED", "QS", "2D", "YE"]
    series = []
    for freq in rng.choice(kinds, n_series, replace=False):
        index = pd.date_range("2001-01-01", periods=24, freq=freq)
        gone = rng.choice(24, rng.integers(3, 10), replace=False)
        series.append(without_freq(index.delete(gone)))
    expected = longest_one_by_one(series)
    assert expected is not None
    assert shown_by(*series) == pd.tseries.frequencies.to_offset(expected)


def test_first_of_the_stretches_that_are_equally_long():
    first = pd.date_range("2024-01-01", periods=4, freq="2D")
    second = pd.date_range("2024-02-01", periods=4, freq="3D")
    assert days_shown_by(first.append(second)) == 2
    assert days_shown_by(first, second) == 2
    assert days_shown_by(second, first) == 3
    many = [pd.date_range("2024-01-01", periods=3, freq=f"{n}D") for n in range(2, 42)]
    assert days_shown_by(*many) == 2
    # The longest series is read first.
    assert days_shown_by(second, first.append(days(20, 40))) == 2


def test_three_rows_are_the_fewest_that_can_be_read():
    uneven = days(0, 5)
    assert days_shown_by(uneven.append(days(8, 11))) == 3
    assert days_shown_by(days(0, 5, 11)) == 5


def test_stretches_overlap_in_one_row():
    """The last row of a stretch may be the first of the next one."""
    assert days_shown_by(days(0, 2, 4, 7, 10, 13)) == 3
    assert days_shown_by(days(0, 2, 4, 6, 9, 12)) == 2


# --- how far pandas is asked -------------------------------------------------------


def test_whole_stretch_is_read_first(lengths_read):
    shown_by(pd.date_range("2024", periods=100, freq="MS"))
    assert lengths_read == [100]


def test_doubling_up_to_a_bound_then_halving(lengths_read):
    """A stretch of 20 rows among 100 is found in a few readings of few rows."""
    index = pd.date_range("2001-01-01", periods=100, freq="MS")
    kept = index.delete([20, *range(24, 100, 3)])
    assert shown_by(kept) == pd.offsets.MonthBegin()
    whole = len(kept)
    assert lengths_read[:8] == [whole, 3, 6, 12, 24, 18, 21, 19]
    assert lengths_read[8] == 20
    # It goes on from the last row that was read, and stops where too few are left.
    assert lengths_read[9] == whole - 19


def test_readings_end_where_too_few_rows_are_left(lengths_read):
    assert days_shown_by(days(0, 2, 4, 6, 9, 12)) == 2
    # The whole, 3 rows, 5 (one fewer than all), 4; then three rows are left.
    assert lengths_read == [6, 3, 5, 4]
    # Three more rows could not be read any longer than the three before them.
    assert shown_by(days(0, 2, 4, 9, 16)) == pd.offsets.Day(2)
    assert lengths_read[4:] == [5, 3, 4]


def test_readings_of_one_series_are_bounded():
    """The 200th beginning is tried and the 201st is not."""
    for n_before, expected in [(199, 6), (200, 2)]:
        uneven = np.cumsum(2 + np.arange(n_before + 1) % 2 * 3)
        even = uneven[-1] + 6 * np.arange(1, 5)
        assert days_shown_by(days(*uneven, *even)) == expected


def test_only_the_longest_series_are_read():
    """The 200th is and the 201st is not."""
    unreadable = days(0, 1, 5, 8)
    for n_longer, expected in [(199, 3), (200, 1)]:
        assert days_shown_by(days(0, 3, 6), *[unreadable] * n_longer) == expected


def test_days_without_midnight_are_days():
    """No two of their gaps are alike: 24, 25 and 23 hours of the wall clock."""
    zone = "America/Sao_Paulo"
    days_there = pd.date_range("2018-11-02", periods=4).tz_localize(
        zone, nonexistent="shift_forward"
    )
    assert days_there[2].hour == 1
    assert days_shown_by(days_there) == 1
