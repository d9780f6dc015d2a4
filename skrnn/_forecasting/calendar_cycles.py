"""Which features of the calendar a series can teach."""

import numpy as np
import pandas as pd

__all__ = ["days_of", "refuse_no_calendar", "usual_calendar", "without_cycle"]

# Days after which a feature comes round again; a year as 52 weeks of rows has it.
_CYCLES = {
    "hour_of_day": 1,
    "day_of_week": 7,
    "hour_of_week": 7,
    "day_of_month": 28,
    "month_of_quarter": 90,
    "day_of_year": 364,
    "week_of_year": 364,
    "month_of_year": 364,
    "quarter_of_year": 364,
}
# Features that matter where a step is shorter than so many days.
_USUAL = [
    (1, ["hour_of_day", "day_of_week", "day_of_year"]),
    (7, ["day_of_week", "day_of_year"]),
    (28, ["week_of_year"]),
    (90, ["month_of_year"]),
    (364, ["quarter_of_year"]),
]
_DAY = pd.Timedelta(days=1)


def usual_calendar(freq, n_days=np.inf):
    """Features of the calendar that matter for a frequency and were seen to come back.

    That something comes round again shows only where it has been seen twice; of four
    months the day of the year is a trend by another name.

    Parameters
    ----------
    freq : pandas offset
        The step of an index.
    n_days : float, default=inf
        How many days the series cover.

    Returns
    -------
    list of str
    """
    usual = next((f for longest, f in _USUAL if _days_of_step(freq) < longest), [])
    return [name for name in usual if 2 * _CYCLES[name] <= n_days]


def without_cycle(features, n_days):
    """Those of some features whose values to come were not all seen (list of str).

    Parameters
    ----------
    features : sequence of str
        Features of the calendar.
    n_days : float
        How many days the series cover.
    """
    return [name for name in features if _CYCLES.get(name, 0) > n_days]


def refuse_no_calendar(axis, calendar):
    """Raise where an index has no dates to take features of the calendar from.

    Parameters
    ----------
    axis : TimeAxis
        Of the series.
    calendar : list of str, or True
        What is asked for.
    """
    if not axis.has_dates:
        raise ValueError(
            f"calendar={calendar} needs a DatetimeIndex or a PeriodIndex, but the "
            f"index is {axis.kind}. Set calendar=None, or give y dates."
        )


def days_of(axis, first, last):
    """How many days some steps take, from the first to the end of the last (float).

    Parameters
    ----------
    axis : TimeAxis
        Of the series.
    first, last : int
        Steps.
    """
    times = axis.times(np.array([first, last + 1]))
    if isinstance(times, pd.PeriodIndex):
        times = times.to_timestamp()
    if not isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        return np.inf
    return (times[1] - times[0]) / _DAY


def _days_of_step(freq):
    """The usual length of a step."""
    start, n_steps = pd.Timestamp("2001-01-01") + freq, 12
    return (start + n_steps * freq - start) / _DAY / n_steps
