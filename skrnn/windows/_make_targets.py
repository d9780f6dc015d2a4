"""Targets of several steps ahead for the rows of a plain pipeline."""

import numpy as np
import pandas as pd
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_array, check_consistent_length

from skrnn.windows._runs import Rows
from skrnn.windows._stacked import check_same_index

__all__ = ["make_targets", "steps_ahead"]


def make_targets(X, y, fh):
    """Give every row the targets that come after it, for a plain pipeline.

    These are the targets of direct multi-step forecasting: a value for each step ahead.
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
    ahead = steps_ahead(fh)
    index = X.index if isinstance(X, pd.DataFrame) else None
    check_same_index(index, getattr(y, "index", None), "y")
    check_consistent_length(X, y)
    y = check_array(y, ensure_2d=False, dtype=None, ensure_all_finite=False)
    rows = Rows(len(y), index)
    runs = rows.cut(rows.find_step(None))
    ends = np.repeat(runs.starts + runs.lengths, runs.lengths)
    position = np.flatnonzero(np.arange(rows.n_rows) + ahead.max() < ends)
    if not len(position):
        raise ValueError(
            f"No row has a complete future: max(fh) + 1 = {ahead.max() + 1} rows "
            f"without a gap are needed, but the longest unbroken run has "
            f"{runs.lengths.max()}."
        )
    kept = rows.caller_rows(position)
    future = y[rows.caller_rows(position[:, None] + ahead)].reshape(len(kept), -1)
    in_order = np.argsort(kept, kind="stable")
    return _safe_indexing(X, kept[in_order]), future[in_order], int(ahead.max()) - 1


def steps_ahead(fh):
    """Read a forecasting horizon (ndarray of int64, the steps in the order given)."""
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
