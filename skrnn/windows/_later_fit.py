"""Rows that are earlier than those of the fit, as a split by position leaves them."""

import numpy as np

from skrnn._time.index import conform, keys
from skrnn._warn import warn_user
from skrnn.exceptions import LeakingSplitWarning
from skrnn.windows._beginnings import stretches
from skrnn.windows._history import first_not_before

__all__ = ["split_by_time", "warn_of_later_fit"]

# Fewer rows may be a correction of some that came late.
_FEWEST = 10


def warn_of_later_fit(rows, history, beginnings, key_columns):
    """Warn if most rows of a call are earlier than rows of the fit, and were not in it.

    That alone may be meant, and nothing is said of rows in time order. Rows in any
    order that lie between those of the fit come from a splitter that cuts by position.

    Parameters
    ----------
    rows : Rows
        The rows of the call.
    history : History or None
        What the fit remembers.
    beginnings : Beginnings
        Where the runs of the fit began.
    key_columns : KeyColumns
        The columns that tell series and time.

    Warns
    -----
    LeakingSplitWarning
        If it is so.
    """
    if history is None or not len(history.times) or not rows.is_shuffled:
        return
    n_earlier = np.count_nonzero(_are_unseen(rows, history, beginnings))
    if n_earlier < _FEWEST or 2 * n_earlier <= rows.n_rows:
        return
    warn_user(
        f"{n_earlier} of {rows.n_rows} rows are earlier than rows that the model was "
        "fitted on, and were not among those: it knows their future, and their windows "
        f"lack the rows of the fit around them. {split_by_time(key_columns)}",
        LeakingSplitWarning,
    )


def split_by_time(key_columns):
    """Say which splitter is for rows that are not in time order (str)."""
    given = []
    if key_columns.series:
        names = list(key_columns.series)
        given.append(f"series={(names[0] if len(names) == 1 else names)!r}")
    if key_columns.time is not None:
        given.append(f"time={key_columns.time!r}")
    return (
        "The rows of X are not in time order: if they come from cross-validation, its "
        "splitter cuts by position and not by time, as TimeSeriesSplit and KFold do. "
        "Give "
        f"cv=skrnn.model_selection.PanelTimeSeriesSplit({', '.join(given)})."
    )


def _are_unseen(rows, history, beginnings):
    """Which rows, in order, lie before rows of the fit of their series, in no run."""
    series = beginnings.series_of(rows, np.arange(rows.n_rows))
    called, begun = conform(rows.times, beginnings.times)
    _, kept = conform(called, history.times)
    ticks, begun, kept = keys(called), keys(begun), keys(kept)
    low, high = stretches(history.codes, len(kept), series)
    place = first_not_before(kept, ticks, low, high)
    is_before = (series >= 0) & (place < high)
    # The next remembered row is of the run that a row is in, if it is in one.
    after = kept[np.where(is_before, place, 0)]
    bounds = stretches(beginnings.codes, len(begun), series)
    run, run_after = (
        first_not_before(begun, wanted + 1, *bounds) for wanted in (ticks, after)
    )
    return is_before & (run != run_after)
