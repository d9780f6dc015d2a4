"""Covariates from the calendar, by sktime's `DateTimeFeatures`."""

import numpy as np
import pandas as pd

try:
    from sktime.transformations.date import DateTimeFeatures
except ImportError:  # its place before sktime 1.0
    from sktime.transformations.series.date import DateTimeFeatures

__all__ = ["calendar_columns"]

# After how much each of sktime's features comes round again.
_PERIODS = {
    "quarter_of_year": 4,
    "month_of_year": 12,
    "week_of_year": 53,
    "day_of_year": 366,
    "month_of_quarter": 3,
    "day_of_month": 31,
    "day_of_week": 7,
    "hour_of_week": 168,
    "hour_of_day": 24,
    "minute_of_hour": 60,
    "second_of_minute": 60,
}


def calendar_columns(times, features):
    """Columns of the calendar for some times.

    Parameters
    ----------
    times : DatetimeIndex or PeriodIndex of length n
        The times.
    features : sequence of str
        Names that `sktime.transformations.date.DateTimeFeatures` knows in
        ``manual_selection``.

    Returns
    -------
    columns : ndarray of shape (n, n_columns) of float64
        Sine and cosine of what comes round again, else the number itself.
    names : list of str
    """
    if isinstance(times, pd.DatetimeIndex) and times.tz is not None:
        times = times.tz_localize(None)
    frame = pd.DataFrame({"y": np.zeros(len(times))}, index=times)
    # In the order of the times as given: the transformer wants them to rise.
    found = DateTimeFeatures(manual_selection=list(features)).fit_transform(frame)
    columns, names = [], []
    for name in features:
        values = found[name].to_numpy(dtype=float)
        period = _PERIODS.get(name)
        if period is None:
            columns.append(values)
            names.append(name)
            continue
        angle = 2 * np.pi * values / period
        columns += [np.sin(angle), np.cos(angle)]
        names += [f"sin {name}", f"cos {name}"]
    return np.column_stack(columns), names
