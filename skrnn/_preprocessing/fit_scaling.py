"""Moments of features and targets, found in the training samples."""

import numpy as np
import torch

from skrnn._kernels.threads import single_thread
from skrnn._preprocessing.blocks import read_blocks, tensors
from skrnn._preprocessing.fit_linear_path import fit_linear_path
from skrnn._sequences.moments import feature_moments, target_moments

# The least scale of what a linear path leaves, as a share of that of the targets.
_LEAST_SHARE = 1e-6


def fit_scaling(scaling, source, weight, *, scale):
    """Fix the moments of the features.

    Parameters
    ----------
    scaling : Scaling
        Whose moments.
    source : SequenceSource
        Training samples.
    weight : ndarray of shape (n_samples,) or None
        Their weights.
    scale : bool
        Whether to standardise.
    """
    if scaling.instance_norm is not None:
        scaling.set_moments("row", *feature_moments(source, weight))
    if scale:
        moments = feature_moments(source, weight, _normaliser(scaling))
        scaling.set_moments("x", *moments)


def fit_target_scaling(scaling, source, target, weight, *, scale, center):
    """Fix the linear path, the moments of the targets, and the features they go with.

    Parameters
    ----------
    scaling : Scaling
        Whose moments; those of its features are fixed.
    source : SequenceSource
        Training samples.
    target : ndarray of shape (n_samples, n_targets) of float64
        Their targets.
    weight : ndarray of shape (n_samples,) or None
        Their weights.
    scale : bool
        Whether to standardise.
    center : bool
        Whether to take off the mean; else targets are divided by it.
    """
    if scaling.is_undone:
        best = _nearest_features(scaling, source, target, weight)
        scaling.source.copy_(torch.as_tensor(best))
    if scaling.linear is not None:
        _fit_linear(scaling, source, target, weight)
    if not scale:
        return
    if not center:
        mean = np.average(target, axis=0, weights=weight)
        scaling.set_moments("y", np.zeros_like(mean), np.where(mean > 0, mean, 1.0))
        return
    if not scaling.has_baseline:
        scaling.set_moments("y", *target_moments(target, weight))
        return
    whole = target_moments(target, weight)[1]
    baseline, spread = baselines(scaling, source, with_spread=True)
    target = target - baseline
    moments = {"y": target_moments(target, weight)}
    if scaling.is_undone:
        moments["rest"] = target_moments(target / spread, weight)
    for name, (mean, scale) in moments.items():
        if scaling.linear is not None:
            mean = np.zeros_like(mean)  # the path has a constant of its own
            # What an exact linear law leaves is rounding, and nothing to be learned.
            scale = np.maximum(scale, _LEAST_SHARE * (whole if name == "y" else 1.0))
        scaling.set_moments(name, mean, scale)


@single_thread()
@torch.no_grad()
def baselines(scaling, source, *, with_spread=False):
    """What is taken off the targets of each sample; the spread too, if asked for.

    Parameters
    ----------
    scaling : Scaling
        What knows them.
    source : SequenceSource
        Samples.
    with_spread : bool, default=False
        Whether to return the spread too.

    Returns
    -------
    ndarray of shape (n_samples, n_targets) of float64, or a pair of them
        Zeros where nothing is taken off.
    """
    shape = (len(source), len(scaling.y_mean))
    taken_off, spreads = np.zeros(shape), np.ones(shape)
    if scaling.has_baseline:
        for rows, x, lengths in read_blocks(source):
            moments = scaling.moments(x, lengths)
            taken_off[rows] = scaling.baseline(x, lengths, moments).numpy()
            if scaling.is_undone:
                spreads[rows] = scaling.spread(moments).numpy()
    return (taken_off, spreads) if with_spread else taken_off


def _fit_linear(scaling, source, target, weight):
    if scaling.is_undone:
        level, spread = baselines(scaling, source, with_spread=True)
        target = (target - level) / spread
    weight = np.ones(len(target)) if weight is None else weight

    def normalise(x, lengths):
        return scaling.normalise(x, scaling.moments(x, lengths))

    # In one memory order, so that sums round alike whatever y has.
    target = np.ascontiguousarray(target)
    fit_linear_path(scaling.linear, source, target, weight, normalise)


def _normaliser(scaling):
    if scaling.instance_norm is None:
        return None

    def normalise(block, lengths):
        x, lengths = tensors(block, lengths)
        return scaling.normalise(x, scaling.moments(x, lengths)).numpy()

    return normalise


def _nearest_features(scaling, source, target, weight):
    """For each target the feature whose level within the window comes nearest."""
    n_features = len(scaling.row_mean)
    error = np.zeros((target.shape[1], n_features))
    if n_features > 1:
        for rows, x, lengths in read_blocks(source):
            moments = scaling.moments(x, lengths)
            difference = target[rows][:, :, None] - moments.level.numpy()[:, None]
            part = 1.0 if weight is None else weight[rows][:, None, None]
            error += (part * difference**2).sum(axis=0)
    return error.argmin(axis=1)
