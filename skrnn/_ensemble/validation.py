"""Which rows a network sets aside to decide when to stop."""

from typing import NamedTuple

import numpy as np

from skrnn._preprocessing.distinct import number_distinct


class Fold(NamedTuple):
    """Rows that a network is trained on, and those that decide when it stops."""

    train: np.ndarray  # (n_train,) of int64
    valid: np.ndarray  # (n_valid,) of int64


def split_rows(
    n_samples, fraction, gap=0, groups=None, *, part=0, n_parts=1, at_least_one=False
):
    """Split rows into some in a row for validation, and the others for training.

    Parameters
    ----------
    n_samples : int
        Number of rows, in time order within each group.
    fraction : float
        Share of each group's rows that validates, in (0, 1), rounded down.
    gap : int, default=0
        Rows on either side of those that validate that are in neither part.
    groups : ndarray of shape (n_samples,) of int, default=None
        Series or class of each row; None means one group.
    part, n_parts : int, default=0, 1
        Which rows of each group validate: those of part 0 are the newest, those of
        the last the oldest, and the others lie evenly between.

    at_least_one : bool, default=False
        Whether a row of each group of two or more validates, however small the share
        is: for scores that are not defined where a group has none.

    Returns
    -------
    Fold
        Sorted row numbers. A group too small to give a row to either part
        stays in training whole.
    """
    is_train = np.ones(n_samples, bool)
    is_valid = np.zeros(n_samples, bool)
    for rows in _rows_of_each(groups, n_samples):
        # The small number keeps 0.29 * 100 from falling to 28.
        n_valid = int(fraction * len(rows) + 1e-9)
        if at_least_one and len(rows) > 1:
            n_valid = max(1, n_valid)
        newest = len(rows) - n_valid
        start = newest - newest * part // max(1, n_parts - 1)
        stop = start + n_valid
        trained = np.ones(len(rows), bool)
        trained[max(0, start - gap) : stop + gap] = False
        if n_valid == 0 or not trained.any():
            continue
        is_valid[rows[start:stop]] = True
        is_train[rows[~trained]] = False
    return Fold(np.flatnonzero(is_train), np.flatnonzero(is_valid))


def split_distinct(keys, fraction, gap=0, groups=None, *, in_order, part=0, n_parts=1):
    """Split different samples: repetitions of one go with it and count for nothing.

    Parameters
    ----------
    keys : ndarray of shape (n_samples,)
        Equal ones for samples that are the same.
    fraction, gap, groups, part, n_parts
        As for `split_rows`, of different samples.
    in_order : bool
        Whether those that validate are in a row; else their keys pick them, so that
        the order of the samples does not matter, and there is no gap.

    Returns
    -------
    Fold
    """
    first, number = number_distinct(keys)
    if not in_order:
        _, first, number = np.unique(keys, return_index=True, return_inverse=True)
        gap = 0
    groups = None if groups is None else groups[first]
    fold = split_rows(len(first), fraction, gap, groups, part=part, n_parts=n_parts)
    return Fold(*(np.flatnonzero(np.isin(number, some)) for some in fold))


def _rows_of_each(groups, n_samples):
    if groups is None:
        return [np.arange(n_samples)]
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=groups[order[0]] - 1))
    return np.split(order, starts[1:])
