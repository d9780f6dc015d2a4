"""Ridge regression of many series, each held near what all of them have in common."""

from typing import NamedTuple

import numpy as np

__all__ = ["Sums", "held_near", "in_common", "own_share", "sums_of"]


class Sums(NamedTuple):
    """What ridge regression needs of the samples of each series."""

    gram: np.ndarray  # (n_series, P, P) products of regressors
    cross: np.ndarray  # (n_series, P, n_outputs) products with the targets
    count: np.ndarray  # (n_series,) samples


def sums_of(regressors, targets, codes, n_series):
    """Add up the samples of each series.

    Parameters
    ----------
    regressors : ndarray of shape (n, P) of float64
        What is regressed on.
    targets : ndarray of shape (n, n_outputs) of float64
        What is to be predicted.
    codes : ndarray of shape (n,) of int64
        The series of each sample, rising.
    n_series : int
        How many series there are; some may have no sample.

    Returns
    -------
    Sums
    """
    P, n_outputs = regressors.shape[1], targets.shape[1]
    count = np.bincount(codes, minlength=n_series)
    stop = np.cumsum(count)
    gram, cross = np.zeros((n_series, P, P)), np.zeros((n_series, P, n_outputs))
    for code in np.flatnonzero(count):
        mine = slice(stop[code] - count[code], stop[code])
        X = regressors[mine]
        gram[code], cross[code] = X.T @ X, X.T @ targets[mine]
    return Sums(gram, cross, count)


def in_common(sums, penalty):
    """Coefficients of all series together.

    Parameters
    ----------
    sums : Sums
        Of the series.
    penalty : float
        On the squares of the coefficients, for each sample; above 0.

    Returns
    -------
    ndarray of shape (P, n_outputs)
    """
    gram = sums.gram.sum(axis=0)
    gram[np.diag_indices_from(gram)] += penalty * max(sums.count.sum(), 1)
    return np.linalg.solve(gram, sums.cross.sum(axis=0))


def held_near(sums, common, penalty):
    """Coefficients of each series, held near those of all.

    Parameters
    ----------
    sums : Sums
        Of the series.
    common : ndarray of shape (P, n_outputs)
        What coefficients are held near.
    penalty : float
        On the squares of the deviations, in samples; above 0. Infinite gives what is
        in common.

    Returns
    -------
    ndarray of shape (n_series, P, n_outputs)
    """
    if np.isinf(penalty):
        return np.broadcast_to(common, sums.cross.shape)
    rest = sums.cross - sums.gram @ common
    gram = sums.gram + penalty * np.eye(len(common))
    return common + np.linalg.solve(gram, rest)


def own_share(sums, penalty):
    """How much of its coefficients each series has of its own.

    Parameters
    ----------
    sums : Sums
        Of the series.
    penalty : float
        As for `held_near`.

    Returns
    -------
    ndarray of shape (n_series,) of float64
        Share of the regressors' directions that its samples, and not the penalty, tell:
        from 0, where it has those in common, to 1.
    """
    if np.isinf(penalty):
        return np.zeros(len(sums.gram))
    values = np.maximum(np.linalg.eigvalsh(sums.gram), 0.0)
    return (values / (values + penalty)).mean(axis=1)
