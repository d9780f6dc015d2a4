"""Signs that rows have lost the index that told their times and their series."""

from numbers import Integral

import pandas as pd

from skrnn._time.index import series_of
from skrnn._warn import warn_user
from skrnn.exceptions import LostIndexWarning
from skrnn.windows._beginnings import has_times

__all__ = [
    "check_index_of_target",
    "is_numbered",
    "refuse_timeless",
    "warn_of_unread_freq",
]

_REMEDY = (
    "A scaler or ColumnTransformer before SlidingWindow returns NumPy rows, unless it "
    'is asked for data frames: pipeline.set_output(transform="pandas").'
)


def warn_of_unread_freq(freq, rows):
    """Warn if a step was given for rows whose index it cannot be read for.

    Parameters
    ----------
    freq : str, timedelta, pandas offset, int or None
        What the user gave.
    rows : Rows
        The rows of the fit.

    Warns
    -----
    LostIndexWarning
        If the rows have no index, or one of integers where `freq` is a time.
    """
    if freq is None or has_times(rows.times):
        return
    if rows.times is None:
        has = "X has no index"
    elif not isinstance(freq, Integral):
        has = "the index of X holds integers, not times"
    else:
        return
    warn_user(
        f"freq={freq!r} was given, but {has}, so that it cannot be told where a row is "
        f"missing. Put the times into the index. {_REMEDY}",
        LostIndexWarning,
    )


def check_index_of_target(rows, y):
    """Compare the index of the rows of a fit with that of their target.

    Parameters
    ----------
    rows : Rows
        The rows of the fit.
    y : array-like or None
        Their target, which passes through a pipeline as it is.

    Raises
    ------
    ValueError
        If the index of y names several series, and nothing tells those of X.

    Warns
    -----
    LostIndexWarning
        If the index of y holds times, and X has none, or has its rows numbered.
    """
    index = getattr(y, "index", None)
    if not isinstance(index, pd.Index) or len(index) != rows.n_rows:
        return
    if not is_numbered(rows.index) or rows.codes is not None:
        return
    several = series_of(index)
    if several is not None and several.max(initial=0) > 0:
        raise ValueError(
            f"X has no index, but that of y names {several.max() + 1} series: windows "
            f"of X would cross from one series into another. {_REMEDY}"
        )
    times = index.get_level_values(-1)
    if has_times(times):
        warn_user(
            "X has no index of times, but y has one: rows are taken to follow each "
            "other without a gap, and `transform` cannot find the rows of fit that "
            f"come before its own. {_REMEDY}",
            LostIndexWarning,
        )


def refuse_timeless(history, rows):
    """Say that rows cannot be remembered whose times nothing tells.

    Parameters
    ----------
    history : History or None
        What a fit remembers; None where its rows had no times.
    rows : Rows
        Those to add to it.

    Raises
    ------
    ValueError
        If either had times, and the other has none.

    Warns
    -----
    LostIndexWarning
        If neither had.
    """
    remedy = (
        "Give data frames whose index holds the times, or name columns by the "
        "parameters series and time."
    )
    if history is None and rows.times is None:
        warn_user(
            "Nothing is remembered of rows without times: send those before the rows "
            f"of transform along. {remedy}",
            LostIndexWarning,
        )
        return
    whose = "of fit" if history is None else "given to it"
    raise ValueError(
        f"partial_fit adds rows by their times, but the rows {whose} have none. "
        f"{remedy}"
    )


def is_numbered(index):
    """Whether there is no index, or the one that pandas gives to rows without one."""
    if index is None:
        return True
    return isinstance(index, pd.RangeIndex) and index.equals(pd.RangeIndex(len(index)))
