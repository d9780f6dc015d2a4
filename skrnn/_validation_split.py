"""Which rows an estimator sets aside to decide when to stop."""

import numpy as np


def newest_rows(n_samples, fraction, gap=0, groups=None):
    """Split rows into older ones for training and the newest for validation.

    Parameters
    ----------
    n_samples : int
        Number of rows, in time order within each group.
    fraction : float
        Share of each group's rows that validates, in (0, 1), rounded down.
    gap : int, default=0
        Rows just before the cut that are in neither part.
    groups : ndarray of shape (n_samples,) of int, default=None
        Series or class of each row; None means one group.

    Returns
    -------
    train, valid : ndarray of int64
        Sorted row numbers. A group too small to give a row to either part
        stays in training whole.
    """
    is_train = np.ones(n_samples, bool)
    is_valid = np.zeros(n_samples, bool)
    for rows in _rows_of_each(groups, n_samples):
        # The small number keeps 0.29 * 100 from falling to 28.
        n_valid = int(fraction * len(rows) + 1e-9)
        cut = len(rows) - n_valid
        if n_valid == 0 or cut - gap <= 0:
            continue
        is_valid[rows[cut:]] = True
        is_train[rows[cut - gap :]] = False
    return np.flatnonzero(is_train), np.flatnonzero(is_valid)


def _rows_of_each(groups, n_samples):
    if groups is None:
        return [np.arange(n_samples)]
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=groups[order[0]] - 1))
    return np.split(order, starts[1:])
