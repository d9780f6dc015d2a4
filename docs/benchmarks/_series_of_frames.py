"""Time series out of tables that were not made as such, by rule and not by hand.

A table serves if its rows have a time, by which they are unique alone, or together with
the first column of text by which they are, or with all of those. The time is, the first
that is there:

- a column by the name of date, datetime, time_hour, month, quarter, week or time that
  can be read as a date: 1960-01-31, 1960 Jan, 1960 Q1, 1960 W05 or 1/31/1960;
- columns year and month (and day, and hour), or year and quarter;
- a column year of four digits;
- a column time of numbers, in a table that has only one other column, as series of R
  have it: years and fractions of them, or a mere count of the rows.

Every other column of numbers is a series, once for each group, unless its name begins
with that of a part of the calendar. It is kept if

- its rows are years, quarters, months, weeks, days, working days, hours or counts, of
  which at most 5 % are missing between the first and the last that has a value (they
  get the value before);
- it has 36 rows or more, of which the newest 1,000 are taken;
- it has ten values or more, none of which half of the rows have, and its changes are
  not all the same.
"""

import re

import numpy as np
import pandas as pd

__all__ = ["LEAST_ROWS", "MOST_ROWS", "series_of_frame"]

LEAST_ROWS, MOST_ROWS = 36, 1_000
_MOST_MISSING = 0.05
_DATES = ("date", "datetime", "time_hour", "month", "quarter", "week", "time")
_CALENDAR = re.compile(r"(w?day|week|month|year|quarter|hour)", re.IGNORECASE)
_MOST_LEVELS = 1_000  # of a column that tells groups apart
_DAY = pd.Timedelta(1, "D")


def series_of_frame(table):
    """All series of a table.

    Parameters
    ----------
    table : pandas.DataFrame
        As a package has it.

    Returns
    -------
    list of tuple
        Column (str), group in words (str, may be empty), and the series (pandas.Series
        of float).
    """
    if len(table) < LEAST_ROWS:
        return []
    table = table.drop(columns=[c for c in table if str(c) == "rownames"])
    times, parts = _times(table)
    if times is None:
        return []
    keys = [
        c
        for c in table
        if c not in parts
        and not pd.api.types.is_numeric_dtype(table[c])
        and 1 < table[c].nunique() <= _MOST_LEVELS
    ]
    columns = [
        c
        for c in table
        if c not in parts
        and not _CALENDAR.match(str(c))
        and pd.api.types.is_numeric_dtype(table[c])
        and not pd.api.types.is_bool_dtype(table[c])
    ]
    table = table.assign(**{"_time": times}).dropna(subset=["_time"])
    if not table["_time"].duplicated().any():
        groups = [("", table)]
    else:
        keys = next((k for k in ([c] for c in keys) if _tell_apart(k, table)), keys)
        if not keys or not _tell_apart(keys, table):
            return []
        groups = [
            (" ".join(map(str, key)), group)
            for key, group in table.groupby(keys, observed=True)
        ]
    found = []
    for label, group in groups:
        group = group.set_index("_time").sort_index()
        for column in columns:
            series = _regular(group[column].astype(float))
            if series is not None:
                found.append((str(column), label, series))
    return found


def _tell_apart(keys, table):
    """Whether the times of a group of these columns are unique."""
    return not table.duplicated([*keys, "_time"]).any()


# -- the times of rows ----------------------------------------------------------------


def _times(table):
    """A column of dates, years or numbers, and the names of the columns it is from."""
    names = {str(c).lower(): c for c in table}
    parts = [names[n] for n in ("year", "month", "day", "hour") if n in names]
    parts += [c for n in ("quarter", "qtr") if (c := names.get(n)) is not None]
    for name in _DATES:
        column = names.get(name)
        if column is not None and not pd.api.types.is_numeric_dtype(table[column]):
            dates = _read_dates(table[column])
            if dates is not None:
                return dates, {*parts, column}
    if "year" in names:
        return _of_parts(table, names), set(parts)
    if "time" in names and len(table.columns) == 2:
        return _of_fractions(table[names["time"]].astype(float)), {names["time"]}
    return None, set()


def _read_dates(column):
    """Dates of a column of text, None if it holds others."""
    text = column.astype("string").str.strip()
    if text.notna().mean() < 0.99:
        return None
    sample = str(text.dropna().iloc[0])
    if re.fullmatch(r"\d{4} Q[1-4]", sample):
        text = text.str.replace(" ", "", regex=False)
        return pd.PeriodIndex(text, freq="Q").to_timestamp().to_series(column.index)
    formats = [(r"\d{4} [A-Z][a-z]{2}", "%Y %b"), (r"\d{4} W\d\d", "%G W%V-%u")]
    formats += [(r"\d+/\d+/\d{4}", "%m/%d/%Y"), (r"\d+/\d+/\d{4} .*", "%m/%d/%Y %H:%M")]
    formats += [(r"\d{4}-\d\d-\d\d.*", "ISO8601")]
    for pattern, form in formats:
        if re.fullmatch(pattern, sample):
            text = text + "-1" if form.endswith("%u") else text
            dates = pd.to_datetime(text, format=form, errors="coerce", utc=True)
            dates = dates.dt.tz_localize(None)
            return dates if dates.notna().mean() > 0.99 else None
    return None


def _of_parts(table, names):
    """Dates of columns for the year, the month and so on; None where they are none."""
    year = pd.to_numeric(table[names["year"]], errors="coerce")
    if not year.dropna().between(1500, 2100).all() or (year.dropna() % 1).any():
        return None
    quarter = names.get("quarter", names.get("qtr"))
    if "month" in names:
        month = _numbers(table[names["month"]])
    elif quarter is not None:
        month = 3 * _numbers(table[quarter]) - 2
    else:
        month = pd.Series(1.0, table.index)
    day = pd.Series(1.0, table.index)
    if "day" in names and "month" in names:
        day = _numbers(table[names["day"]])
    fields = {"year": year, "month": month, "day": day}
    if "hour" in names and "day" in names:
        fields["hour"] = _numbers(table[names["hour"]])
    return pd.to_datetime(pd.DataFrame(fields), errors="coerce")


def _numbers(column):
    """A column of numbers, NaN where it holds others."""
    return pd.to_numeric(column, errors="coerce")


def _of_fractions(time):
    """Dates of years and their fractions, or the numbers where they are no years."""
    step = time.diff().median()
    if not (time.between(1500, 2100).all() and 0 < step <= 1):
        return time if (time.diff().dropna() == 1).all() else None
    per_year = 1 / step
    known = {1: "Y", 4: "Q", 12: "M"}
    near = round(per_year)
    if near in known and abs(per_year - near) < 0.01:
        whole = np.floor(time + 0.5 / near)
        place = np.round((time - whole) * near).clip(0, near - 1)
        fields = {"year": whole, "month": 1 + place * 12 // near, "day": 1}
        return pd.to_datetime(pd.DataFrame(fields))
    for days, rows in ((7, 52.18), (7, 52), (1, 365.25), (1, 365)):
        if abs(per_year / rows - 1) < 1e-3:
            start = pd.Timestamp(int(time.iloc[0]), 1, 1)
            start += pd.Timedelta(round(365 * (time.iloc[0] % 1)), "D")
            dates = start + pd.to_timedelta(days * np.arange(len(time)), "D")
            return pd.Series(dates, time.index)
    return None


# -- series that serve ----------------------------------------------------------------


def _regular(series):
    """The series on a regular index, or None."""
    known = series[np.isfinite(series)]
    if len(known) < LEAST_ROWS:
        return None
    if isinstance(known.index, pd.DatetimeIndex):
        freq = _frequency(known.index)
        if freq is None:
            return None
        if freq in "YQM":
            known.index = known.index.to_period(freq)
            if known.index.has_duplicates:
                return None
            first, last = known.index[[0, -1]]
            full = known.reindex(pd.period_range(first, last))
        else:
            full = known.asfreq(freq)
    else:
        places = np.arange(known.index[0], known.index[-1] + 1)
        full = known.reindex(places).reset_index(drop=True)
    if full.isna().mean() > _MOST_MISSING:
        return None
    full = full.ffill()[-MOST_ROWS:]
    if not isinstance(full.index, (pd.PeriodIndex, pd.DatetimeIndex)):
        full = full.reset_index(drop=True)
    counts = full.value_counts()
    changes = full.diff().dropna().to_numpy()
    is_varied = len(counts) >= 10 and counts.iloc[0] < len(full) / 2
    if not is_varied or np.ptp(changes) <= 1e-6 * np.abs(changes).max():
        return None
    return full.rename("y").rename_axis(None) if len(full) >= LEAST_ROWS else None


def _frequency(index):
    """The name of the step that most rows have."""
    steps = pd.Series(index).diff().dropna()
    days = steps.mode().iloc[0] / _DAY
    if days == 1:
        return "D" if (index.dayofweek >= 5).any() else "B"
    ranges = {"Y": (360, 370), "Q": (88, 93), "M": (28, 31)}
    for freq, (low, high) in ranges.items():
        if low <= days <= high:
            return freq
    if days == 7:
        return index[0].strftime("W-%a").upper()
    return "h" if round(24 * days, 6) == 1 else None
