"""Targets of several steps ahead for the rows of a plain pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_array, check_consistent_length

from skrnn._columns import refuse_lazy
from skrnn._numbers import AT_LEAST_ONE
from skrnn._time.index import keys
from skrnn._typing import ArrayLike, SeriesColumns, validate_params
from skrnn._warn import warn_user
from skrnn.exceptions import LeakingSplitWarning
from skrnn.windows._beginnings import has_times
from skrnn.windows._breaks import check_breaks, explain_breaks
from skrnn.windows._key_columns import SERIES, TIME, KeyColumns
from skrnn.windows._runs import Rows
from skrnn.windows._stacked import check_same_index

__all__ = ["make_targets", "steps_ahead"]

_Table = TypeVar("_Table")


@validate_params(
    {
        "at": [StrOptions({"origin", "last"})],
        "series": SERIES,
        "time": TIME,
        "gap_in": [StrOptions({"rows", "steps"}), None],
    },
    prefer_skip_nested_validation=True,
)
def make_targets(
    X: _Table,
    y: ArrayLike,
    fh: int | Sequence[int] | NDArray[np.integer],
    *,
    at: Literal["origin", "last"] = "origin",
    series: SeriesColumns | None = None,
    time: str | None = None,
    gap_in: Literal["rows", "steps"] | None = None,
) -> tuple[_Table, NDArray[Any], int]:
    """Give every row targets of several steps, for a plain pipeline.

    These are the targets of direct multi-step forecasting: a value for each step ahead.
    Rows without all of them, at the end of each unbroken run of each series or at its
    beginning, are dropped. A NaN inside y is kept.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_samples, n_features)
        Rows in time order. The index of a DataFrame tells where rows are missing, and
        a MultiIndex ``(series..., time)`` holds several series, as for
        :class:`~skrnn.SlidingWindow`. Where X has no index, that of y does so.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        The value of the target at each row.
    fh : int or list of int
        An integer means the steps 1 to `fh` after the row, a list means those steps.
    at : {"origin", "last"}, default="origin"
        In which row the targets stand. "origin" is the row from which they are counted,
        so that they come after it. "last" is the row of the furthest step, where all
        that is known ahead stands: the row for which ``SlidingWindow(horizon=max(fh),
        known=[...])`` has the window of the origin with the known columns of the rows
        ahead. A forecast is then that of the last of ``max(fh)`` new rows.
    series : str or list of str, default=None
        The columns of X that name the series of a row, in place of levels of the index,
        as for :class:`~skrnn.SlidingWindow`.
    time : str, default=None
        The column of X that holds the time of a row, in place of the index. With
        `series` or `time` the rows may be in any order.
    gap_in : {"rows", "steps"}, default=None
        What the gap that is returned counts: "rows" for
        :class:`~sklearn.model_selection.TimeSeriesSplit`, "steps" for
        :class:`~skrnn.model_selection.PanelTimeSeriesSplit`. None means "steps" where
        `time` or `series` names columns, else "rows".

    Returns
    -------
    X_ : same type as X, of shape (n_kept, n_features)
        The rows that have all their targets. With ``at="last"`` the first ``max(fh)``
        rows of each run are not among them, and the next ones lack them as history.
    Y : ndarray of shape (n_kept, len(fh) * n_targets)
        Their targets, step-major: all targets of the first step, then of the next.
    gap : int
        What to leave out between training and test rows, since their targets reach past
        the border. In steps it is ``max(fh) - 1``, as it is in rows for one series. For
        several series, with their rows in order of time, it counts the rows of all of
        them. `validation_gap` counts the rows of each series, and takes
        ``max(fh) - 1``.

    Raises
    ------
    ValueError
        If no row has all its targets, or rows are out of order or duplicate.

    Warns
    -----
    LeakingSplitWarning
        If the gap counts rows, and X holds those of one series after those of another:
        then no gap of ``TimeSeriesSplit`` is right. The gap returned is
        ``max(fh) - 1``.
    ShortWindowsWarning
        If breaks in the index leave most rows without a target.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.windows import make_targets
    >>> X = np.arange(5.0).reshape(-1, 1)
    >>> X_, Y, gap = make_targets(X, y=[0, 10, 20, 30, 40], fh=2)
    >>> X_.ravel()
    array([0., 1., 2.])
    >>> Y
    array([[10, 20],
           [20, 30],
           [30, 40]])
    >>> gap
    1
    >>> X_, Y, gap = make_targets(X, y=[0, 10, 20, 30, 40], fh=2, at="last")
    >>> X_.ravel(), Y[0]
    (array([2., 3., 4.]), array([10, 20]))
    """
    ahead, furthest = steps_ahead(fh)
    refuse_lazy(X)
    refuse_lazy(y, "y")
    index = _index_of(X, y)
    key_columns = KeyColumns.of(series, time)
    if key_columns.names:
        index = key_columns.index_of(X)
    check_consistent_length(X, y)
    y = check_array(y, ensure_2d=False, dtype=None, ensure_all_finite=False)
    rows = Rows(len(y), index, sort=bool(key_columns.names))
    runs = rows.cut(rows.find_step(None))
    ends = np.repeat(runs.starts + runs.lengths, runs.lengths)
    origin = np.flatnonzero(np.arange(rows.n_rows) + furthest < ends)
    if not len(origin):
        raise ValueError(
            f"No row has a complete future: max(fh) + 1 = {furthest + 1} rows "
            f"without a gap are needed, but the longest unbroken run has "
            f"{runs.lengths.max()}. {explain_breaks(runs)}"
        )
    check_breaks(runs, furthest + 1, left="are dropped, as their targets are unknown")
    row = origin if at == "origin" else origin + furthest
    kept = rows.caller_rows(row)
    in_order = np.argsort(kept, kind="stable")
    origin, row, kept = origin[in_order], row[in_order], kept[in_order]
    future = y[rows.caller_rows(origin[:, None] + np.asarray(ahead))]  # (n, S, ...)
    future = future.reshape(len(kept), -1)
    if gap_in is None:
        gap_in = "steps" if key_columns.names else "rows"
    gap = furthest - 1
    if gap_in == "rows" and rows.n_series > 1:
        gap = _gap(rows, origin, row, furthest)
    return _safe_indexing(X, kept), future, gap


def _index_of(X, y):
    """The index of the rows: that of X, or else that of y if it names times."""
    index = X.index if isinstance(X, pd.DataFrame) else None
    of_target = getattr(y, "index", None)
    check_same_index(index, of_target, "y")
    if index is None and isinstance(of_target, pd.Index):
        if isinstance(of_target, pd.MultiIndex) or has_times(of_target):
            return of_target
    return index


def _gap(rows, origin, row, furthest):
    """Rows to leave out before a row, lest the targets of those before reach past it.

    Parameters
    ----------
    rows : Rows
        All rows.
    origin, row : ndarray of shape (n_kept,)
        Where the rows from which targets are counted, and those at which they stand,
        are in order of series and time; in the order in which the caller has them.
    furthest : int
        How many rows ahead the targets reach.

    Returns
    -------
    gap : int
    """
    ticks = keys(rows.times)
    begin, reach = ticks[origin], ticks[origin + furthest]
    if (np.diff(ticks[row]) < 0).any():
        warn_user(
            "X holds the rows of one series after those of another: rows of any number "
            "before a test row may be later than it, so that no gap of TimeSeriesSplit "
            "keeps the targets of training rows from the test rows. Split them by "
            'PanelTimeSeriesSplit, with gap_in="steps", or sort the rows by time '
            "(X.sort_index(level=-1), y with them). The gap returned counts steps, as "
            "validation_gap does.",
            LeakingSplitWarning,
        )
        return furthest - 1
    # Of the rows before each one, those from the first on that reaches past it.
    safe = np.searchsorted(np.maximum.accumulate(reach), begin, side="right")
    return max(furthest - 1, int((np.arange(len(begin)) - safe).max()))


def steps_ahead(fh):
    """Read a forecasting horizon.

    Parameters
    ----------
    fh : int or list of int
        As for `make_targets`.

    Returns
    -------
    steps : range or ndarray of int64
        The steps in the order given, lazily, as there may be more than rows.
    furthest : int
        The greatest of them.
    """
    given = fh[()] if isinstance(fh, np.ndarray) and fh.ndim == 0 else fh
    if AT_LEAST_ONE.is_satisfied_by(given):
        return range(1, int(given) + 1), int(given)
    steps = np.asarray(given)
    is_fine = (
        steps.ndim == 1
        and steps.size > 0
        # Of the list itself: among integers an array takes True for 1.
        and all(map(AT_LEAST_ONE.is_satisfied_by, given))
        and len(np.unique(steps)) == len(steps)
    )
    if not is_fine:
        raise ValueError(
            "fh must be a positive integer, for the steps 1 to fh, or a list of "
            f"different positive integers, for those steps; got {fh!r}."
        )
    return steps.astype(np.intp), int(steps.max())
