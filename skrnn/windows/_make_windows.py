"""Windows and the values ahead of them, outside a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from skrnn._numbers import AT_LEAST_ONE, plain
from skrnn._typing import ArrayLike, Columns, validate_params
from skrnn.windows._array import WindowedArray
from skrnn.windows._breaks import check_breaks, explain_breaks
from skrnn.windows._known import find_known, move_known
from skrnn.windows._make_targets import steps_ahead
from skrnn.windows._named_columns import COLUMNS
from skrnn.windows._stacked import StackedSeries

__all__ = ["make_windows"]

_BLOCK = 4096  # rows that are looked at together

_Windows: TypeAlias = tuple[WindowedArray, NDArray[Any]]
_WindowsAndNewest: TypeAlias = tuple[WindowedArray, NDArray[Any], WindowedArray]


@overload
def make_windows(
    series: ArrayLike | Sequence[ArrayLike],
    window_length: int,
    *,
    fh: int | Sequence[int] | NDArray[np.integer] = ...,
    step_length: int = ...,
    exog: ArrayLike | Sequence[ArrayLike] | None = ...,
    target: Columns | None = ...,
    return_newest: Literal[False] = ...,
    known: Columns | None = ...,
) -> _Windows: ...
@overload
def make_windows(
    series: ArrayLike | Sequence[ArrayLike],
    window_length: int,
    *,
    fh: int | Sequence[int] | NDArray[np.integer] = ...,
    step_length: int = ...,
    exog: ArrayLike | Sequence[ArrayLike] | None = ...,
    target: Columns | None = ...,
    return_newest: Literal[True],
    known: Columns | None = ...,
) -> _WindowsAndNewest: ...
@overload
def make_windows(
    series: ArrayLike | Sequence[ArrayLike],
    window_length: int,
    *,
    fh: int | Sequence[int] | NDArray[np.integer] = ...,
    step_length: int = ...,
    exog: ArrayLike | Sequence[ArrayLike] | None = ...,
    target: Columns | None = ...,
    return_newest: bool,
    known: Columns | None = ...,
) -> _Windows | _WindowsAndNewest: ...


@validate_params(
    {
        "window_length": [AT_LEAST_ONE],
        "step_length": [AT_LEAST_ONE],
        "return_newest": ["boolean"],
        "known": COLUMNS,
    },
    prefer_skip_nested_validation=True,
)
def make_windows(
    series: ArrayLike | Sequence[ArrayLike],
    window_length: int,
    *,
    fh: int | Sequence[int] | NDArray[np.integer] = 1,
    step_length: int = 1,
    exog: ArrayLike | Sequence[ArrayLike] | None = None,
    target: Columns | None = None,
    return_newest: bool = False,
    known: Columns | None = None,
) -> _Windows | _WindowsAndNewest:
    """Cut one or several series into windows and the values that come after them.

    This is the table of lags and targets of direct multi-step forecasting. Every window
    has a complete history and a complete future: it lies, with the steps that `fh` asks
    for, inside one unbroken run of rows of one series. NaN among the rows is kept, in X
    and in Y, so that nothing is dropped silently; ``keep = ~np.isnan(Y).any(axis=1)``
    and then ``X[keep], Y[keep]`` drops the windows whose future is not known.

    Parameters
    ----------
    series : array-like, Series or DataFrame, or a list of them
        One series, ``(n_rows,)`` or ``(n_rows, n_columns)``, or a list of series with
        the same columns. A pandas index tells where rows are missing, as for
        :class:`~skrnn.SlidingWindow`, and a MultiIndex ``(series..., time)`` holds
        several series. Columns of dtype category, and of words, are categories, which
        windows hold as codes, as those of :class:`~skrnn.SlidingWindow` do.
    window_length : int
        The number of rows of a window.
    fh : int or list of int, default=1
        The forecasting horizon: an integer means the steps 1 to `fh` after the
        window's newest row, a list means those steps.
    step_length : int, default=1
        The number of rows from one window to the next, counted in each run from its
        oldest complete window.
    exog : array-like, Series or DataFrame, or a list of them, default=None
        More columns for X, of the same rows as `series`, whose future is not asked
        for. Like those of `series` they are known up to the window's newest row, but
        for those that `known` names.
    target : str, int, or list of them, default=None
        The columns of `series` to forecast, by name, or by position if integers. None
        means all of them that are not known ahead, and hold numbers.
    return_newest : bool, default=False
        Whether to return the newest window of each series as well, whose future is
        unknown: the one to give to `predict` for the real forecast. With `known` it
        ends ``max(fh)`` rows before the end of its series, which goes on for the rows
        ahead, NaN in the columns that are not known.
    known : str, int, or list of them, default=None
        Columns of `series` and `exog` that are known ahead, by name, or by position
        among those of both. Every step of a window holds them from ``max(fh)`` rows
        later than the others, so that the newest steps hold those of the rows ahead.

    Returns
    -------
    X : WindowedArray of shape (n_windows, window_length, n_features)
        The windows, which share the rows and are gathered when they are read. Its
        `index` is the label of the newest row of each window, if there is an index;
        its `series` a code for the series of each, if there are several.
    Y : ndarray of shape (n_windows, len(fh) * n_targets)
        The values ahead, step-major: all targets of the first step, then of the next.
    newest : WindowedArray of shape (n_series, window_length, n_features)
        The newest window of each series, in order of appearance; missing history is
        absent (NaN). Only if ``return_newest=True``.

    Raises
    ------
    ValueError
        If no run is long enough for one window and its future, if rows are out of
        order or duplicate, if the series do not fit together, or if they hold nothing
        but NaN.

    Warns
    -----
    ShortWindowsWarning
        If breaks in the index leave out most windows.

    See Also
    --------
    SlidingWindow : Windows in a pipeline, one for every row.
    make_targets : Multi-step targets for a pipeline.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import make_windows
    >>> X, Y, newest = make_windows(np.arange(7), 3, fh=2, return_newest=True)
    >>> X.shape, Y.shape
    ((3, 3, 1), (3, 2))
    >>> X[0].ravel(), Y[0]
    (array([0., 1., 2.]), array([3, 4]))
    >>> newest[0].ravel()
    array([4., 5., 6.])
    """
    window_length, step_length = plain((window_length, step_length))
    ahead, furthest = steps_ahead(fh)
    table = StackedSeries(series, "series")
    if _is_all_missing(table.values):
        raise ValueError("series holds nothing but NaN.")
    values, names, categories = table.values, table.names, table.categories
    if exog is not None:
        values, names, categories = table.with_columns_of(StackedSeries(exog, "exog"))
    known = find_known(known, values, names, values.shape[1])
    targets = _targets(table, target, known)
    runs = table.runs()
    rows = runs.rows
    counts = _windows_per_run(runs, window_length, furthest, step_length)
    newest = _newest_rows(runs, counts, window_length - 1, step_length)
    values = rows.values(values)
    held = move_known(values, known, furthest)

    def windows(position, length):
        chosen = rows.caller_rows(position)
        codes, index = rows.given_codes, rows.index
        return WindowedArray(
            held,
            position + 1,
            length,
            window_length,
            index=None if index is None else index[chosen],
            feature_names=names,
            series=None if codes is None else codes[chosen],
            categories=categories,
        )

    X = windows(newest, np.full_like(newest, window_length))
    Y = np.empty((len(newest), len(ahead), len(targets)), dtype=values.dtype)
    for i, steps in enumerate(ahead):
        Y[:, i] = values[(newest + steps)[:, None], targets]
    Y = Y.reshape(len(newest), -1)
    if not return_newest:
        return X, Y
    last = _last_rows_of_series(rows)
    begin = runs.starts[runs.of(last)]
    length = last + 1 - begin
    if known:
        length = np.maximum(length - furthest, 0)
        last = np.maximum(last - furthest, begin)
    return X, Y, windows(last, np.minimum(length, window_length))


def _is_all_missing(values):
    """Whether no row holds a number; a memory map is read up to the first one."""
    return values.dtype.kind == "f" and all(
        np.isnan(values[start : start + _BLOCK]).all()
        for start in range(0, len(values), _BLOCK)
    )


def _targets(table, target, known):
    """Positions of the target columns; raise if one is known ahead."""
    targets = table.columns(target)
    both = np.isin(targets, known)
    if target is None and not both.all():
        return targets[~both]
    if both.any():
        raise ValueError(
            "A column to forecast cannot be known ahead: take column "
            f"{table.label_of(targets[both][0])!r} out of known, or out of target."
        )
    return targets


def _windows_per_run(runs, window_length, furthest, step_length):
    """How many windows with a complete future each run has; raise if none has one."""
    needed = window_length + furthest
    counts = np.maximum((runs.lengths - needed) // step_length + 1, 0)
    if not counts.any():
        raise ValueError(
            f"No window fits: window_length + max(fh) = {needed} rows without a gap "
            f"are needed, but the longest unbroken run has {runs.lengths.max()}. "
            + explain_breaks(runs)
        )
    check_breaks(runs, needed, left="are left out")
    return counts


def _newest_rows(runs, counts, offset, step_length):
    """Where, in order, the newest row of every window stands.

    Parameters
    ----------
    runs : Runs
        The unbroken runs of rows.
    counts : ndarray of shape (n_runs,)
        The number of windows of each run.
    offset : int
        How many rows of its run stand before the newest row of the first window.
    step_length : int
        The number of rows from one window to the next.

    Returns
    -------
    positions : ndarray of shape (n_windows,), dtype int32 or int64
        In the caller's order of the rows; the narrower type where it fits, since there
        are as many as there are rows.
    """
    rows = runs.rows
    positions = np.arange(counts.sum())
    positions *= step_length
    # The first of each run, less the windows before it, since those are counted too.
    positions += np.repeat(
        runs.starts + offset - step_length * (np.cumsum(counts) - counts), counts
    )
    # One more is where the window stops.
    positions = positions.astype(np.int32 if rows.n_rows < 2**31 - 1 else np.int64)
    if rows.order is not None:
        positions = positions[np.argsort(rows.caller_rows(positions), kind="stable")]
    return positions


def _last_rows_of_series(rows):
    """Where, in order, each series ends, in the order in which they first appear."""
    first = rows.series_starts()
    last = np.append(first[1:], rows.n_rows) - 1
    return last[np.argsort(rows.caller_rows(first), kind="stable")]
