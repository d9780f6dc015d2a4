"""Steps of the calendar that `pandas.infer_freq` does not read: days of the month."""

import numpy as np
import pandas as pd

__all__ = ["read_month_days"]

# A later day does not exist in every month, and stands at the end of a shorter one.
_DAYS_OF_EVERY_MONTH = 28


def read_month_days(times):
    """Read the step of times on one day of the month, or on the same two days of each.

    Parameters
    ----------
    times : pandas.Index
        The times of one series, in order, on the clock on the wall. Some may be
        missing.

    Returns
    -------
    step : pandas offset or None
        ``DateOffset(months=...)`` for the 15th of each month, of each quarter or year;
        a semi-month offset for the 1st and the 15th or the 15th and the last day. None
        if the times are no such days.
    """
    if not isinstance(times, pd.DatetimeIndex) or len(times) < 3:
        return None
    if len(times[:5].day.unique()) > 3:
        return None
    if len((times - times.normalize()).unique()) > 1:
        return None
    month = np.asarray(12 * times.year + times.month)
    day, last = np.asarray(times.day), np.asarray(times.days_in_month)
    return _one_day(month, day, last) or _two_days(month, day, last)


def _one_day(month, day, last):
    """The step of one day of every so many months, or None."""
    anchor = int(day.max())
    if (day != np.minimum(anchor, last)).any():
        return None
    between, count = np.unique(np.diff(month), return_counts=True)
    months = int(between[count.argmax()])
    if months < 1:
        return None
    if anchor <= _DAYS_OF_EVERY_MONTH:
        return pd.DateOffset(months=months)
    return pd.DateOffset(months=months, day=anchor)


def _two_days(month, day, last):
    """The step of the first or the last day of every month and one more, or None."""
    for is_late, inner, offset in [
        (day != 1, day[day != 1], pd.offsets.SemiMonthBegin),
        (day == last, day[day != last], pd.offsets.SemiMonthEnd),
    ]:
        # Each of the two days has to be seen twice.
        if min(len(inner), len(day) - len(inner)) < 2 or (inner != inner[0]).any():
            continue
        if 1 < inner[0] < _DAYS_OF_EVERY_MONTH:
            halves = np.diff(2 * month + is_late)
            if 2 * np.count_nonzero(halves == 1) > len(halves):
                return offset(day_of_month=int(inner[0]))
    return None
