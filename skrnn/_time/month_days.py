"""Steps of the calendar that `pandas.infer_freq` does not read: days of the month."""

import numpy as np
import pandas as pd

__all__ = ["read_month_days"]

# A later day does not exist in every month, and stands at the end of a shorter one.
_DAYS_OF_EVERY_MONTH = 28


def read_month_days(times):
    """Read the step of times on the same day of a month, or on two days of each.

    Parameters
    ----------
    times : pandas.Index
        Three times or more, in order, on the clock on the wall.

    Returns
    -------
    step : pandas offset or None
        ``DateOffset(months=...)`` for the 15th of each month, of each quarter or year;
        a semi-month offset for the 1st and the 15th or the 15th and the last day. None
        if the times are no such days.
    """
    if not isinstance(times, pd.DatetimeIndex) or len(times) < 3:
        return None
    if len((times - times.normalize()).unique()) > 1:
        return None
    month = np.asarray(12 * times.year + times.month)
    day, last = np.asarray(times.day), np.asarray(times.days_in_month)
    return _one_day(month, day, last) or _two_days(month, day, last)


def _one_day(month, day, last):
    """The step of one day of every so many months, or None."""
    between = np.diff(month)
    anchor = int(day.max())
    if between[0] < 1 or (between != between[0]).any():
        return None
    if (day != np.minimum(anchor, last)).any():
        return None
    if anchor <= _DAYS_OF_EVERY_MONTH:
        return pd.DateOffset(months=int(between[0]))
    return pd.DateOffset(months=int(between[0]), day=anchor)


def _two_days(month, day, last):
    """The step of the first or the last day of every month and one more, or None."""
    first_half = day == 1
    second_half = day == last
    for is_late, inner, offset in [
        (~first_half, day[~first_half], pd.offsets.SemiMonthBegin),
        (second_half, day[~second_half], pd.offsets.SemiMonthEnd),
    ]:
        one_day = len(inner) > 0 and (inner == inner[0]).all()
        if one_day and 1 < inner[0] < _DAYS_OF_EVERY_MONTH:
            if (np.diff(2 * month + is_late) == 1).all():
                return offset(day_of_month=int(inner[0]))
    return None
