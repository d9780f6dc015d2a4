"""The linear path in closed form: ridge regression on the newest steps."""

import numpy as np
import torch

from skrnn._fit_scaling import read_blocks
from skrnn._threads import single_thread

# Penalties that are tried, beside the mean square of a regressor, which is 1. Series
# without noise want the smallest.
_PENALTIES = torch.logspace(-6, 4, 41, dtype=torch.float64)
_EPSILON = torch.finfo(torch.float64).eps


@single_thread()
@torch.no_grad()
def fit_linear_path(path, source, target, weight, *, must_be_relative):
    """Fit the linear path of a network.

    Ridge regression shrinks towards a forecast: the mean of the targets, or for series
    whose level wanders the newest value, to which the path then adds. Which of them,
    and how much, generalised cross-validation decides [1]_, from the samples alone.

    Parameters
    ----------
    path : LinearPath
        What is fitted.
    source : SequenceSource
        Samples.
    target : ndarray of shape (n_samples, n_targets) of float64
        Their targets.
    weight : ndarray of shape (n_samples,) or None
        Their weights; a weight of two counts as two samples.
    must_be_relative : bool
        Whether the newest value is the only choice.

    References
    ----------
    .. [1] Golub, G. H., Heath, M. and Wahba, G. (1979). Generalized cross-validation as
       a method for choosing a good ridge parameter. Technometrics 21(2).
    """
    weight = np.ones(len(target)) if weight is None else weight
    # Weights that add up to less than the samples there are tell of no fewer samples.
    weight = torch.from_numpy(weight * max(1.0, len(weight) / weight.sum()))
    target = torch.from_numpy(target)
    mean = weight @ target / weight.sum()
    power = weight @ (target - mean) ** 2  # (k,)
    power = torch.where(power > 0, power, 1.0)
    _fit_newest(path, source, target, weight)
    candidates = []
    for is_relative in (True,) if must_be_relative else (False, True):
        path.is_relative.zero_()
        path.is_relative[path.source] = is_relative
        candidates.append(_fit_ridge(path, source, target, weight, power))
    # Of equals the first: it takes no target for a level.
    _, state = min(candidates, key=lambda candidate: candidate[0])
    path.load_state_dict(state)


def _fit_newest(path, source, target, weight):
    """Find mean newest values, and the feature whose newest value is nearest."""
    n_features = len(path.newest)
    total, mass = torch.zeros(2, n_features, dtype=torch.float64)
    error = torch.zeros(target.shape[1], n_features, dtype=torch.float64)
    for rows, x, lengths in read_blocks(source):
        _, seen, newest = path.read(x, lengths)
        share = weight[rows][:, None] * seen.any(dim=1)  # (N, F)
        total += (share * newest).sum(dim=0)
        mass += share.sum(dim=0)
    path.newest.copy_(total / torch.where(mass > 0, mass, 1.0))
    for rows, x, lengths in read_blocks(source):
        newest = path.read(x, lengths)[2]
        distance = target[rows][:, :, None] - newest[:, None]  # (N, k, F)
        error += (weight[rows][:, None, None] * distance**2).sum(dim=0)
    path.source.copy_(error.argmin(dim=1))


def _fit_ridge(path, source, target, weight, power):
    """Solve for one kind of level; return the criterion and the state of the path."""
    if path.is_relative.any():
        target = target.clone()
        for rows, x, lengths in read_blocks(source):
            target[rows] -= path.read(x, lengths)[2][:, path.source]
    mass = weight.sum()
    mean = weight @ target / mass  # (k,)
    target = target - mean
    path.center.copy_(_means(path, source, weight))
    size = len(path.center)
    gram = torch.zeros(size, size, dtype=torch.float64)
    moment = torch.zeros(size, target.shape[1], dtype=torch.float64)
    for rows, x, lengths in read_blocks(source):
        columns = path.columns(*path.read(x, lengths))  # (N, S * F)
        weighted = columns * weight[rows][:, None]
        gram += weighted.T @ columns
        moment += weighted.T @ target[rows]
    scale = (gram.diagonal() / mass).sqrt()
    scale = torch.where(scale > 0, scale, 1.0)
    values, vectors = torch.linalg.eigh(gram / scale / scale[:, None])
    values = values.clamp(min=0)
    rotated = vectors.T @ (moment / scale[:, None])  # (S * F, k)
    criteria, penalty = _choose(values, rotated, weight @ target**2, mass)
    solution = rotated / (values[:, None] + penalty)
    path.weight.copy_((vectors @ solution / scale[:, None]).T)
    path.bias.copy_(mean)
    return float((criteria / power).sum()), {
        name: t.clone() for name, t in path.state_dict().items()
    }


def _choose(values, rotated, power, mass):
    """Least criterion of each target (k,), and the penalty (k,) that gives it."""
    penalties = (_PENALTIES * mass)[:, None]  # (P, 1)
    shrunk = values + penalties  # (P, S * F)
    freedom = 1 + (values / shrunk).sum(dim=1)  # (P,)
    fitted = (2 - values / shrunk) / shrunk  # (P, S * F)
    rest = torch.maximum(power - fitted @ rotated**2, _EPSILON * power)  # (P, k)
    spare = (1 - freedom / mass).clamp(min=1e-9)[:, None]
    criteria, best = (rest / spare**2).min(dim=0)
    return criteria, penalties[best, 0]


def _means(path, source, weight):
    """Means (S * F,) of the regressors over what is seen of them."""
    path.center.zero_()
    total, mass = torch.zeros(2, len(path.center), dtype=torch.float64)
    for rows, x, lengths in read_blocks(source):
        values, seen, newest = path.read(x, lengths)
        share = weight[rows]
        total += share @ path.columns(values, seen, newest)
        mass += share @ seen.flatten(1).to(torch.float64)
    return total / torch.where(mass > 0, mass, 1.0)
