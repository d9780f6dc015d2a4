"""The convolution paths of a classifier: their kernels, weights and shares."""

import zlib

import numpy as np
import torch
from scipy import optimize, special

from skrnn._convolutions.convolution_classifier import ConvolutionPath
from skrnn._convolutions.hydra import plan_competition
from skrnn._convolutions.multirocket import plan
from skrnn._convolutions.ridge import Ridge
from skrnn._kernels.layer import kernel_threads
from skrnn._kernels.threads import single_thread

# How strongly the shares are held to 1 for the first path and 0 for all else, in units
# of the loss of a sample: few samples prove little.
_DOUBT = 3.0
# Range of the logarithm of what the scores of the ridge classifier are multiplied by.
_LEAST_LOG, _MOST_LOG = -3.0, 6.0


def new_convolution_paths(source, scaling, n_targets, *, n_kernels, seed):
    """Choose random convolutions of both sorts for the samples of a source.

    Parameters
    ----------
    source : SequenceSource
        The samples.
    scaling : Scaling
        What makes their features alike.
    n_targets : int
        Classes, or labels.
    n_kernels : int
        Convolutions of each sort, about.
    seed : int
        Of the choice.

    Returns
    -------
    list of ConvolutionPath
        On pooled convolutions, and on competing ones.
    """
    size = source.n_features, max(1, source.longest()), n_kernels
    generator = np.random.default_rng(seed)
    pooled = ConvolutionPath(scaling, plan(generator, *size), n_targets)
    _choose_biases(pooled, source, generator)
    competing = plan_competition(np.random.default_rng((seed, 1)), *size)
    return [pooled, ConvolutionPath(scaling, competing, n_targets)]


@single_thread()
@torch.no_grad()
def _choose_biases(path, source, generator):
    """Set biases to quantiles of what a kernel gives for one sample each.

    Which one, a checksum of its values says: neither the order of the samples matters
    nor how often each is there.
    """
    convolutions = path.convolutions
    different = np.unique(_checksums(source), return_index=True)[1]
    biases = convolutions.biases.numpy()  # (D, 84, B)
    for place in np.ndindex(biases.shape[:2]):
        row = different[generator.integers(len(different))]
        x, lengths = path.inputs(source, np.array([row]))
        levels = (np.arange(biases.shape[2]) + generator.uniform()) / biases.shape[2]
        response = convolutions.responses(x, lengths, *place)[0].numpy()
        response = response[~np.isnan(response)]
        if len(response):
            biases[place] = np.quantile(response, levels)


def _checksums(source):
    sums = []
    for rows in source.chunks():
        block, lengths = source.batch(rows)
        block = np.ascontiguousarray(block, np.float64)
        if lengths is None:
            lengths = np.full(len(block), block.shape[1])
        pairs = zip(block, lengths, strict=True)
        sums += [zlib.crc32(sample[:length].tobytes()) for sample, length in pairs]
    return np.array(sums)


@torch.no_grad()
def fit_convolution_path(path, source, target, weight, loss_weight):
    """Fit the ridge classifier of a path, so that it gives logits.

    Scores are made logits by a factor that gives the least cross-entropy over the
    samples, each scored by a fit without it [1]_.

    Parameters
    ----------
    path : ConvolutionPath
        What is fitted.
    source : SequenceSource
        The samples.
    target : ndarray of shape (n,) of int64, or (n, n_labels) of float64
        Numbers of their classes, or which labels they have.
    weight : ndarray of shape (n,) or None
        How many samples each of them stands for.
    loss_weight : ndarray of shape (n,) or None
        What the loss of each of them weighs.

    Returns
    -------
    callable
        Takes row numbers, and gives their logits (n, n_targets) by a fit without them.

    References
    ----------
    .. [1] Platt, J. (1999). Probabilistic outputs for support vector machines and
       comparisons to regularized likelihood methods. Advances in Large Margin
       Classifiers.
    """
    ones = np.ones(len(source))
    weight = ones if weight is None else weight
    loss_weight = weight if loss_weight is None else loss_weight
    unit = loss_weight / weight * np.minimum(weight, 1.0)
    wanted = _indicator(target, len(path.bias))

    def read(rows):
        return (features for _, features in path.blocks(source.take(rows)))

    weights = (torch.from_numpy(w.astype(np.float64)) for w in (loss_weight, unit))
    with single_thread() as n_threads, kernel_threads(n_threads):
        wanted_scores = torch.from_numpy(2 * wanted - 1)
        ridge = Ridge(read, len(path.center), wanted_scores, *weights)
    factor = _factor(ridge.left_out.numpy(), wanted, loss_weight, target.ndim == 2)
    path.center.copy_(ridge.center)
    path.weight.copy_(factor * ridge.weight)
    path.bias.copy_(factor * ridge.bias)

    @torch.no_grad()
    def without(rows):
        with single_thread() as n_threads, kernel_threads(n_threads):
            return factor * ridge.without(rows).numpy()

    return without


def _indicator(target, n_targets):
    return target if target.ndim == 2 else np.eye(n_targets)[target]


def cross_entropy(logits, wanted, is_multilabel):
    """Cross-entropy (n,) of logits (n, K) with wanted probabilities (n, K)."""
    if is_multilabel:
        loss = np.logaddexp(0, logits) - wanted * logits
        return loss.mean(axis=1)
    return -(wanted * special.log_softmax(logits, axis=1)).sum(axis=1)


def _factor(scores, wanted, weight, is_multilabel):
    # A sample more of every class, so that scores without fault stay finite.
    mass, n_targets = weight.sum(), wanted.shape[1]
    n_kinds = 2 if is_multilabel else n_targets
    wanted = (wanted * mass + 1) / (mass + n_kinds)

    def loss(log_factor):
        logits = np.exp(log_factor) * scores
        return weight @ cross_entropy(logits, wanted, is_multilabel)

    bounds = (_LEAST_LOG, _MOST_LOG)
    return float(np.exp(optimize.minimize_scalar(loss, bounds=bounds).x))


def fit_shares(beside, logits, target, weight):
    """Find what the logits of paths and of networks are multiplied by in their sum.

    As in stacked generalisation [1]_ by samples that none of them was fitted on.

    Parameters
    ----------
    beside : ConvolutionPaths
        Whose shares are set.
    logits : sequence of ndarray of shape (n, n_targets)
        Of each path, and last of the networks.
    target : ndarray of shape (n,) of int64, or (n, n_targets) of float64
        Numbers of the classes, or which labels the samples have.
    weight : ndarray of shape (n,)
        What the loss of each sample weighs.

    References
    ----------
    .. [1] Wolpert, D. H. (1992). Stacked generalization. Neural Networks 5(2).
    """
    logits = np.stack(logits)  # (P, n, K)
    prior = np.eye(len(logits))[0]
    wanted, is_multilabel = _indicator(target, logits.shape[2]), target.ndim == 2

    def loss(shares):
        together = np.tensordot(shares, logits, axes=1)
        total = weight @ cross_entropy(together, wanted, is_multilabel)
        return total + _DOUBT / 2 * ((shares - prior) ** 2).sum()

    bounds = [(0, None)] * len(logits)
    found = optimize.minimize(loss, prior + 0.1, method="L-BFGS-B", bounds=bounds)
    beside.shares.copy_(torch.from_numpy(found.x))
