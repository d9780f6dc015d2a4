"""Windows and multi-step targets outside a pipeline."""

from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.validation import check_array, check_consistent_length

from skrnn._time.index import order_kind
from skrnn.windows._array import WindowedArray
from skrnn.windows._runs import Rows

__all__ = ["make_targets", "make_windows"]

_POSITIVE = Interval(Integral, 1, None, closed="left")


@validate_params(
    {"window_length": [_POSITIVE], "step_length": [_POSITIVE], "return_newest": [bool]},
    prefer_skip_nested_validation=True,
)
def make_windows(
    series,
    window_length,
    *,
    fh=1,
    step_length=1,
    exog=None,
    target=None,
    return_newest=False,
):
    """Cut one or several series into windows and the values that come after them.

    Every window has a complete history and a complete future: it lies, with the steps
    that `fh` asks for, inside one unbroken run of rows of one series. NaN among the
    rows is kept, in X and in Y, so that nothing is dropped silently;
    ``keep = ~np.isnan(Y).any(axis=1)`` and then ``X[keep], Y[keep]`` drops the windows
    whose future is not known.

    Parameters
    ----------
    series : array-like, Series or DataFrame, or a list of them
        One series, ``(n_rows,)`` or ``(n_rows, n_columns)``, or a list of series with
        the same columns. A pandas index tells where rows are missing, as for
        :class:`~skrnn.SlidingWindow`, and a MultiIndex ``(series..., time)`` holds
        several series.
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
        for. Like those of `series` they are known up to the window's newest row.
    target : str, int, or list of them, default=None
        The columns of `series` to forecast, by name, or by position if integers. None
        means all of them.
    return_newest : bool, default=False
        Whether to return the newest window of each series as well, whose future is
        unknown: the one to give to `predict` for the real forecast.

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
        order or duplicate, or if the series do not fit together.

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
    ahead = _steps_ahead(fh)
    table = _Table(series, "series")
    columns = table.columns(target)
    values, names = table.values, table.names
    if exog is not None:
        values, names = table.beside(_Table(exog, "exog"))
    rows = table.rows()
    lengths = np.diff(rows.starts, append=rows.n_rows)
    needed = window_length + ahead.max()
    counts = np.maximum((lengths - needed) // step_length + 1, 0)
    if not counts.any():
        raise ValueError(
            f"No window fits: window_length + max(fh) = {needed} rows without a gap "
            f"are needed, but the longest unbroken run has {lengths.max()}."
        )
    newest = _positions(rows, counts, window_length - 1, step_length)
    values = rows.values(values)

    def windows(position, length):
        chosen = rows.caller_rows(position)
        codes, index = rows.given_codes, rows.index
        return WindowedArray(
            values,
            position + 1,
            length,
            window_length,
            index=None if index is None else index[chosen],
            feature_names=names,
            series=None if codes is None else codes[chosen],
        )

    X = windows(newest, np.full_like(newest, window_length))
    Y = np.empty((len(newest), len(ahead), len(columns)), dtype=values.dtype)
    for i, steps in enumerate(ahead):
        Y[:, i] = values[(newest + steps)[:, None], columns]
    Y = Y.reshape(len(newest), -1)
    if not return_newest:
        return X, Y
    # The last row of each series, in the order in which the series first appear.
    first = np.append(0, np.flatnonzero(~rows.same_series) + 1)
    last = np.append(first[1:], rows.n_rows) - 1
    last = last[np.argsort(rows.caller_rows(first), kind="stable")]
    run = np.searchsorted(rows.starts, last, side="right") - 1
    length = np.minimum(last + 1 - rows.starts[run], window_length)
    return X, Y, windows(last, length)


def _positions(rows, counts, offset, step_length):
    """Where, in order, the newest rows of the windows of each run stand.

    Parameters
    ----------
    rows : Rows
        The rows, cut into runs.
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
    positions = np.arange(counts.sum())
    positions *= step_length
    # The first of each run, less the windows before it, since those are counted too.
    positions += np.repeat(
        rows.starts + offset - step_length * (np.cumsum(counts) - counts), counts
    )
    # One more is where the window stops.
    positions = positions.astype(np.int32 if rows.n_rows < 2**31 - 1 else np.int64)
    if rows.order is not None:
        positions = positions[np.argsort(rows.caller_rows(positions), kind="stable")]
    return positions


def make_targets(X, y, fh):
    """Give every row the targets that come after it, for a plain pipeline.

    Rows without a complete future, at the end of each unbroken run of each series, are
    dropped. A NaN inside y is kept.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_samples, n_features)
        Rows in time order. The index of a DataFrame tells where rows are missing, and
        a MultiIndex ``(series..., time)`` holds several series, as for
        :class:`~skrnn.SlidingWindow`.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        The value of the target at each row.
    fh : int or list of int
        An integer means the steps 1 to `fh` after the row, a list means those steps.

    Returns
    -------
    X_ : same type as X, of shape (n_kept, n_features)
        The rows that have a complete future.
    Y : ndarray of shape (n_kept, len(fh) * n_targets)
        Their targets, step-major: all targets of the first step, then of the next.
    gap : int
        ``max(fh) - 1``: the number of rows to leave out between training and test
        rows, since their targets reach past the border; for the ``gap`` of
        :class:`~sklearn.model_selection.TimeSeriesSplit` and for `validation_gap`.

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
    """
    ahead = _steps_ahead(fh)
    index = X.index if isinstance(X, pd.DataFrame) else None
    _check_same_index(index, getattr(y, "index", None), "y")
    check_consistent_length(X, y)
    y = check_array(y, ensure_2d=False, dtype=None, ensure_all_finite=False)
    rows = Rows(len(y), index)
    rows.cut(rows.find_step(None))
    counts = np.diff(rows.starts, append=rows.n_rows)
    ends = np.repeat(rows.starts + counts, counts)
    position = np.flatnonzero(np.arange(rows.n_rows) + ahead.max() < ends)
    if not len(position):
        raise ValueError(
            f"No row has a complete future: max(fh) + 1 = {ahead.max() + 1} rows "
            f"without a gap are needed, but the longest unbroken run has "
            f"{counts.max()}."
        )
    kept = rows.caller_rows(position)
    future = y[rows.caller_rows(position[:, None] + ahead)].reshape(len(kept), -1)
    in_order = np.argsort(kept, kind="stable")
    return _safe_indexing(X, kept[in_order]), future[in_order], int(ahead.max()) - 1


def _steps_ahead(fh):
    steps = np.asarray(fh)
    if steps.ndim == 0 and steps.dtype.kind in "iu" and steps > 0:
        return np.arange(1, int(steps) + 1)
    good = steps.ndim == 1 and steps.size > 0 and steps.dtype.kind in "iu"
    if not good or steps.min() < 1 or len(np.unique(steps)) < len(steps):
        raise ValueError(
            "fh must be a positive integer, for the steps 1 to fh, or a list of "
            f"different positive integers, for those steps; got {fh!r}."
        )
    return steps.astype(np.intp)


def _check_same_index(index, other, name):
    given = isinstance(index, pd.Index) and isinstance(other, pd.Index)
    if given and not index.equals(other):
        raise ValueError(
            f"The index of {name} is not that of the rows it goes with. Align them "
            "first, for instance with reindex."
        )


class _Table:
    """One or several series, stacked: values, column names, index, and series."""

    def __init__(self, series, name):
        self.name = name
        parts = series if _is_list_of_series(series) else [series]
        tables = [_values_names_index(part, name) for part in parts]
        shapes = {values.shape[1:] for values, _, _ in tables}
        names = {None if found is None else tuple(found) for _, found, _ in tables}
        if all(isinstance(part, pd.Series) for part in parts) and len(names) > 1:
            # Such a name tells the series from one another, not what they measure.
            names = {None}
        if len(shapes) > 1 or len(names) > 1:
            raise ValueError(f"The series in {name} must all have the same columns.")
        indexes = [index for _, _, index in tables]
        if len({index is None for index in indexes}) > 1:
            raise ValueError(
                f"Some of the series in {name} have a pandas index and others have not."
            )
        self.names = tables[0][1] if names != {None} else None
        self.index, self.groups, self.freq = indexes[0], None, None
        self.values = tables[0][0]
        if parts is series:
            sizes = [len(values) for values, _, _ in tables]
            self.groups = np.repeat(np.arange(len(parts)), sizes)
            self.values = np.concatenate([values for values, _, _ in tables])
            if self.index is not None:
                # Appending forgets the step that the indexes have in common.
                self.freq = _common_step(indexes, name)
                self.index = self.index.append(indexes[1:])

    def rows(self):
        """Cut the rows into unbroken runs."""
        rows = Rows(len(self.values), self.index, self.groups)
        freq = None if isinstance(self.index, pd.PeriodIndex) else self.freq
        return rows.cut(rows.find_step(freq))

    def columns(self, target):
        """Positions of the target columns."""
        n_columns = self.values.shape[1]
        if target is None:
            return np.arange(n_columns)
        wanted = [target] if isinstance(target, str | Integral) else list(target)
        by_name = dict(zip(self.names or [], range(n_columns), strict=False))
        by_name.update((i, i) for i in range(n_columns))
        unknown = [column for column in wanted if column not in by_name]
        if unknown or not wanted:
            raise ValueError(
                f"target={target!r} is not among the {n_columns} columns of series"
                + (f", {self.names}." if self.names else ", which have no names.")
            )
        return np.array([by_name[column] for column in wanted])

    def beside(self, other):
        """Values and names with the columns of another table added."""
        same_series = np.array_equal(
            [] if self.groups is None else self.groups,
            [] if other.groups is None else other.groups,
        )
        if len(self.values) != len(other.values) or not same_series:
            raise ValueError(
                f"{other.name} must have the rows of {self.name}, series by series: "
                f"got {len(other.values)} rows for {len(self.values)}."
            )
        _check_same_index(self.index, other.index, other.name)
        named = self.names is not None and other.names is not None
        return (
            np.concatenate([self.values, other.values], axis=1),
            self.names + other.names if named else None,
        )


def _common_step(indexes, name):
    """The step that the indexes of several series know; raise if they differ."""
    flat = [index for index in indexes if not isinstance(index, pd.MultiIndex)]
    kinds = sorted({order_kind(index) for index in flat})
    if len(kinds) > 1:
        raise ValueError(
            f"The series in {name} must all have the same kind of index, but there is "
            f"{' and '.join(kinds)}."
        )
    steps = {getattr(index, "freq", None) for index in indexes} - {None}
    if len(steps) > 1:
        shown = " and ".join(sorted(step.freqstr for step in steps))
        raise ValueError(
            f"The series in {name} must all have the same step from row to row, but "
            f"there is {shown}. Resample them, or make the windows of each by itself."
        )
    return steps.pop() if steps else None


def _is_list_of_series(series):
    """Whether it is a list of arrays, and not the numbers of one series."""
    return (
        isinstance(series, list | tuple)
        and len(series) > 0
        and all(getattr(part, "ndim", 0) > 0 for part in series)
    )


def _values_names_index(series, name):
    if isinstance(series, WindowedArray) or getattr(series, "ndim", 2) > 2:
        raise ValueError(
            f"{name} must be rows, (n_rows,) or (n_rows, n_columns), or a list of "
            f"such; got an array of shape {series.shape}."
        )
    names = index = None
    if isinstance(series, pd.DataFrame | pd.Series):
        index = series.index
        is_frame = isinstance(series, pd.DataFrame)
        names = list(series.columns) if is_frame else [series.name]
    elif hasattr(series, "columns"):
        names = list(series.columns)
    if names is not None and not all(isinstance(label, str) for label in names):
        names = None
    values = check_array(
        series,
        ensure_2d=False,
        dtype="numeric",
        ensure_all_finite="allow-nan",
        input_name=name,
    )
    return values.reshape(len(values), -1), names, index
