"""Which rows a network sets aside to decide when to stop."""

from typing import NamedTuple

import numpy as np

from skrnn._preprocessing.distinct import number_distinct


class Fold(NamedTuple):
    """Rows that a network is trained on, and those that decide when it stops."""

    train: np.ndarray  # (n_train,) of int64
    valid: np.ndarray  # (n_valid,) of int64


def split_rows(
    n_samples,
    fraction,
    gap=0,
    groups=None,
    *,
    part=0,
    n_parts=1,
    at_least_one=False,
    together=False,
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
    together : bool, default=False
        Whether groups too small to give their share give it together: some of them
        a row, and of those to which that and the gap would leave less than half some
        all of theirs.

    Returns
    -------
    Fold
        Sorted row numbers. Any other group too small to give a row to either part
        stays in training whole.
    """
    is_train = np.ones(n_samples, bool)
    is_valid = np.zeros(n_samples, bool)
    of_few, whole = [], []  # groups that could give a row, or nothing but all
    for rows in _rows_of_each(groups, n_samples):
        n_valid = _share(fraction, len(rows))
        if at_least_one and len(rows) > 1:
            n_valid = max(1, n_valid)
        cut = _Cut.of(len(rows), max(1, n_valid), gap, part, n_parts)
        if n_valid and cut.trained.any():
            cut.mark(rows, is_train, is_valid)
        elif n_valid == 0 and 2 * cut.trained.sum() >= len(rows):
            of_few.append((rows, cut))
        else:
            whole.append(rows)
    if together:
        n_rows = _share(fraction, sum(len(rows) for rows, _ in of_few))
        for place in _evenly_spread(n_rows, len(of_few), part, n_parts):
            rows, cut = of_few[place]
            cut.mark(rows, is_train, is_valid)
        # By a share of nearly 1, too, one is left to train.
        n_whole = min(_share(fraction, len(whole)), len(whole) - 1)
        for place in _evenly_spread(n_whole, len(whole), part, n_parts):
            is_valid[whole[place]] = True
        is_train &= ~is_valid
    return Fold(np.flatnonzero(is_train), np.flatnonzero(is_valid))


class _Cut(NamedTuple):
    """Rows of a group that validate, and which others train."""

    valid: slice
    trained: np.ndarray  # (n,) of bool

    @classmethod
    def of(cls, n, n_valid, gap, part, n_parts):
        newest = n - n_valid
        start = newest - newest * part // max(1, n_parts - 1)
        stop = start + n_valid
        trained = np.ones(n, bool)
        trained[max(0, start - gap) : stop + gap] = False
        return cls(slice(start, stop), trained)

    def mark(self, rows, is_train, is_valid):
        is_valid[rows[self.valid]] = True
        is_train[rows[~self.trained]] = False


def split_distinct(
    keys,
    fraction,
    gap=0,
    groups=None,
    *,
    in_order,
    part=0,
    n_parts=1,
    together=False,
):
    """Split different samples: repetitions of one go with it and count for nothing.

    Parameters
    ----------
    keys : ndarray of shape (n_samples,)
        Equal ones for samples that are the same.
    fraction, gap, groups, part, n_parts, together
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
    options = {"part": part, "n_parts": n_parts, "together": together}
    fold = split_rows(len(first), fraction, gap, groups, **options)
    return Fold(*(np.flatnonzero(np.isin(number, some)) for some in fold))


def _share(fraction, number):
    # What is added keeps 0.29 * 100 from falling to 28.
    return int(fraction * number + 1e-9)


def _evenly_spread(n_chosen, number, part, n_parts):
    """Places (n_chosen,) among so many, other ones for each part where that can be."""
    first = np.arange(n_chosen) + (part + 0.5) / n_parts
    return (first * number / max(n_chosen, 1)).astype(np.int64)


def _rows_of_each(groups, n_samples):
    if groups is None:
        return [np.arange(n_samples)]
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=groups[order[0]] - 1))
    return np.split(order, starts[1:])
