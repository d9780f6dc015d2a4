"""The linear path in closed form: ridge regression on the newest steps."""

import torch

from skrnn._kernels.threads import single_thread
from skrnn._preprocessing.blocks import read_blocks

# Penalties that are tried, beside the mean square of a regressor, which is 1. Series
# without noise want the smallest.
_PENALTIES = torch.logspace(-6, 4, 41, dtype=torch.float64)
# How many times less the newest values are penalised: what is shrunk towards is a
# forecast from those alone, as levels that wander want it.
_LIGHTER = 100.0
_EPSILON = torch.finfo(torch.float64).eps


@single_thread()
@torch.no_grad()
def fit_linear_path(path, source, target, weight, normalise):
    """Fit the linear path of a network.

    The penalty of each target is what generalised cross-validation chooses [1]_, from
    the samples alone. Units of features and targets do not matter.

    Parameters
    ----------
    path : LinearPath
        What is fitted.
    source : SequenceSource
        Samples.
    target : ndarray of shape (n_samples, n_targets) of float64
        Their targets.
    weight : ndarray of shape (n_samples,) of float64
        Their weights; a weight of two counts as two samples.
    normalise : callable
        Applied to each batch (Tensor of shape (N, L, F) of float64, lengths) first.

    References
    ----------
    .. [1] Golub, G. H., Heath, M. and Wahba, G. (1979). Generalized cross-validation as
       a method for choosing a good ridge parameter. Technometrics 21(2).
    """

    def blocks():
        for rows, x, lengths in read_blocks(source):
            yield rows, *path.columns(normalise(x, lengths), lengths)

    # Weights that add up to less than the samples there are tell of no fewer samples.
    weight = torch.from_numpy(weight * max(1.0, len(weight) / weight.sum()))
    target, mass = torch.from_numpy(target), weight.sum()
    path.usual.fill_(torch.nan)
    path.center.copy_(_means(blocks(), path, weight))
    path.usual.copy_(path.center[-len(path.usual) :])
    path.bias.copy_(weight @ target / mass)
    target = target - path.bias
    # Of the rows only what QR leaves is kept: to add up squares instead would take half
    # of the digits where a law is exact or the samples are few.
    size = len(path.center)
    triangle = torch.zeros(0, size + target.shape[1], dtype=torch.float64)
    for rows, columns, seen in blocks():
        columns = (columns - path.center).masked_fill_(~seen, 0.0)  # (N, S * F)
        block = torch.cat([columns, target[rows]], dim=1)
        block *= weight[rows].sqrt()[:, None]
        triangle = torch.linalg.qr(torch.cat([triangle, block]), mode="r").R
    columns, target = triangle[:, :size], triangle[:, size:]
    scale = columns.norm(dim=0) / mass.sqrt()
    scale = torch.where(scale > _EPSILON * path.center.abs(), scale, torch.inf)
    scale[-len(path.usual) :] /= _LIGHTER**0.5
    left, values, right = torch.linalg.svd(columns / scale, full_matrices=False)
    rotated = left.T @ target  # (S * F, k), fewer rows if there are fewer samples
    outside = (target - left @ rotated).square().sum(dim=0)  # (k,)
    penalty = _choose(values**2, rotated, outside, mass)  # (k,)
    shrunk = values[:, None] / (values[:, None] ** 2 + penalty)
    path.weight.copy_((right.T @ (shrunk * rotated) / scale[:, None]).T)


def _means(blocks, path, weight):
    """Means (S * F,) of the regressors over what is known of them."""
    total, mass = torch.zeros(2, len(path.center), dtype=torch.float64)
    for rows, columns, seen in blocks:
        seen &= ~columns.isnan()  # newest values of sequences that have none
        share = weight[rows]
        total += share @ columns.masked_fill_(~seen, 0.0)
        mass += share @ seen.to(torch.float64)
    return total / torch.where(mass > 0, mass, 1.0)


def _choose(values, rotated, outside, mass):
    """Penalty (k,) of each target with the least criterion."""
    penalties = (_PENALTIES * mass)[:, None]  # (P, 1)
    kept = values / (values + penalties)  # (P, S * F)
    freedom = 1 + kept.sum(dim=1)  # (P,)
    power = outside + rotated.square().sum(dim=0)
    rest = outside + (1 - kept) ** 2 @ rotated**2  # (P, k)
    rest = torch.maximum(rest, _EPSILON * power)
    spare = (1 - freedom / mass).clamp(min=1e-9)[:, None]
    best = (rest / spare**2).argmin(dim=0)
    return penalties[best, 0]
