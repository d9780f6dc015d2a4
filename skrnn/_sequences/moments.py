"""Means and deviations of features and targets, which make them alike."""

import numpy as np


def feature_moments(source, sample_weight=None, transform=None):
    """Mean and standard deviation of each feature over all present values.

    The moments of blocks are merged as in Chan, Golub and LeVeque (1983), which
    stays exact where the mean is large beside the deviation.

    Parameters
    ----------
    source : SequenceSource
        The samples.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weight of every step of a sample.
    transform : callable, default=None
        Applied to each batch (ndarray of shape (N, L, F) of float64, lengths) first.

    Returns
    -------
    mean, scale : ndarray of shape (n_features,) of float64
        The scale of a constant feature is 1.
    """
    total = np.zeros(source.n_features)
    mean = np.zeros(source.n_features)
    squares = np.zeros(source.n_features)
    for rows in source.chunks():
        block, lengths = source.batch(rows)
        # One memory order, so that the sums round alike whatever X has.
        block = np.ascontiguousarray(block, np.float64)  # (N, L, F)
        if transform is not None:
            block = transform(block, lengths)
        weight = np.ones(len(rows)) if sample_weight is None else sample_weight[rows]
        weight = np.broadcast_to(weight[:, None], block.shape[:2])
        if lengths is not None:
            weight = weight * (np.arange(block.shape[1]) < lengths[:, None])
        missing = np.isnan(block)
        if missing.any():
            weight = weight[:, :, None] * ~missing  # (N, L, F)
            block = np.where(missing, 0.0, block)
            mass = weight.sum(axis=(0, 1))
            axes = "nlf"
        else:
            mass = np.full(source.n_features, weight.sum())
            axes = "nl"
        if not mass.any():
            continue
        share = np.divide(1.0, mass, out=np.zeros_like(mass), where=mass > 0)
        block_mean = np.einsum(f"{axes},nlf->f", weight, block) * share
        deviation = block - block_mean
        delta = np.where(mass > 0, block_mean - mean, 0.0)
        squares += np.einsum(f"{axes},nlf,nlf->f", weight, deviation, deviation)
        both = np.where(mass > 0, total + mass, 1.0)
        squares += delta**2 * (total * mass / both)
        mean += delta * (mass / both)
        total += mass
    return mean, safe_scale(mean, squares / np.where(total > 0, total, 1.0))


def target_moments(target, sample_weight=None):
    """Mean and standard deviation of each target.

    Parameters
    ----------
    target : ndarray of shape (n_samples, n_outputs) of float64
        Targets.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights; None means 1 each.

    Returns
    -------
    mean, scale : ndarray of shape (n_outputs,) of float64
        The scale of a constant target is 1.
    """
    mean = np.average(target, axis=0, weights=sample_weight)
    deviation = target - mean
    deviation *= deviation
    return mean, safe_scale(mean, np.average(deviation, axis=0, weights=sample_weight))


def safe_scale(mean, variance):
    """Square root of a variance, or 1 where the values are constant.

    Parameters
    ----------
    mean, variance : ndarray of shape (n_features,) of float64
        Moments. A variance within rounding error of zero counts as zero.

    Returns
    -------
    scale : ndarray of shape (n_features,) of float64
    """
    rounding = 10 * np.finfo(np.float64).eps * np.abs(mean)
    scale = np.sqrt(variance)
    return np.where(scale <= rounding, 1.0, scale)
