"""Networks and random convolutions together, and how much each counts."""

import numpy as np
import torch
from scipy import optimize, special
from torch import nn

from skrnn._convolutions.convolution_classifier import (
    cross_entropy,
    indicator,
    new_convolution_classifiers,
)
from skrnn._ensemble.build import new_scaling
from skrnn._kernels.threads import on_cpu_unless_told
from skrnn._preprocessing.distinct import (
    count_distinct,
    keys_of,
    number_distinct,
    sample_keys,
)
from skrnn._preprocessing.preprocessing import Preprocessing
from skrnn._units import ordinary_weights

# How strongly the stacking weights are held to 1 for the first classifier and 0 for all
# else, in units of the loss of a sample: few different samples prove little.
_DOUBT = 3.0


class StackedConvolutions(nn.Module):
    """Convolution classifiers beside networks; they stay on the CPU.

    Parameters
    ----------
    classifiers : list of ConvolutionClassifier
        One for each sort of convolutions.

    Attributes
    ----------
    shares : Tensor of shape (1 + len(classifiers),) of float64
        Stacking weights: what the logits of each classifier, and last those of the
        networks, are multiplied by before they are added.
    losses : Tensor of shape (2 + len(classifiers),) of float64
        Mean cross-entropy of each of these by itself, and last of their weighted sum,
        for samples that it was not fitted on; NaN where there was none.
    """

    def __init__(self, classifiers):
        super().__init__()
        self.classifiers = nn.ModuleList(classifiers)
        shares = torch.ones(len(classifiers) + 1, dtype=torch.float64)
        self.register_buffer("shares", shares)
        losses = torch.full((len(shares) + 1,), torch.nan, dtype=torch.float64)
        self.register_buffer("losses", losses)

    def _apply(self, fn, recurse=True):
        return self

    @on_cpu_unless_told
    def logits(self, source):
        """Compute the logits of every classifier.

        Parameters
        ----------
        source : SequenceSource
            The sequences.

        Returns
        -------
        list of ndarray of shape (n_samples, n_targets) of float64
        """
        return [classifier.logits(source) for classifier in self.classifiers]


class Stacking:
    """Networks and convolutions, whose weighted logits are added.

    Parameters
    ----------
    networks : NetworkEnsemble
    convolutions : StackedConvolutions
    """

    def __init__(self, networks, convolutions):
        self.networks, self.convolutions = networks, convolutions

    def outputs(self, source):
        """Compute logits, as `NetworkEnsemble.outputs`."""
        *weights, of_networks = self.convolutions.shares.tolist()
        classifiers = self.convolutions.classifiers
        logits = np.zeros((len(source), len(classifiers[0].bias), 1))
        # What counts for nothing is not computed: 0 times its logits changes no bit.
        if of_networks:
            logits = of_networks * self.networks.outputs(source)
        for weight, classifier in zip(weights, classifiers, strict=True):
            if weight:
                logits = logits + weight * classifier.logits(source)[..., None]
        return logits


def fit_stacking(networks, training, seed):
    """Fit convolutions beside networks, and stacking weights for both.

    Parameters
    ----------
    networks : NetworkEnsemble
        Trained.
    training : NetworkTraining
        The training that they come from.
    seed : int
        Of the convolutions.

    Returns
    -------
    Stacking
    """
    settings, samples = training.settings, training.samples
    source, n_targets = samples.source, training.targets.n_targets
    scaling = new_scaling(settings.network, source.n_features, n_targets)
    Preprocessing(scaling).fit(
        source, weight=samples.weight, scale=settings.network.scale
    )
    classifiers = new_convolution_classifiers(
        source, scaling, n_targets, n_kernels=settings.ensemble.n_kernels, seed=seed
    )
    fitted = source, samples.target, samples.loss_weight, training.keys
    out_of_fold = [classifier.fit(*fitted) for classifier in classifiers]
    stacking = Stacking(networks, StackedConvolutions(classifiers))
    judged = _judged_logits(stacking, training, out_of_fold)
    # Without early stopping samples of weight 2 are the same as repeated ones, and then
    # have to come to the same weights.
    weights = stacking_weights(
        *judged, to_rounding=not settings.ensemble.early_stopping
    )
    stacking.convolutions.shares.copy_(torch.from_numpy(weights))
    stacking.convolutions.losses.copy_(torch.from_numpy(_losses(*judged, weights)))
    return stacking


def _judged_logits(stacking, training, out_of_fold):
    """Logits of each part for samples that it was not fitted on; targets; weights."""
    given = training.given
    samples = training.samples if given is None else given
    source, target = samples.source, samples.target
    networks, convolutions = stacking.networks, stacking.convolutions
    if given is not None:
        of_networks = networks.outputs(source)[..., 0]
        weight = _as_samples(samples.loss_weight, sample_keys(source, target))
        return [*convolutions.logits(source), of_networks], target, weight
    parts, judged, places = [], [], []
    for place in range(len(networks.nets)):
        fold = training.fold(place)
        if len(fold.valid):
            unseen = np.setdiff1d(np.arange(len(source)), fold.train)
            is_valid = np.isin(unseen, fold.valid)
            of_convolutions = [predict(unseen)[is_valid] for predict in out_of_fold]
            of_networks = networks.out_of_fold(place, source, fold)
            parts.append(np.stack([*of_convolutions, of_networks]))
            judged.append(fold.valid)
            places.append(np.full(len(fold.valid), place))
    rows, places = (
        np.concatenate([np.empty(0, np.int64), *several])
        for several in (judged, places)
    )
    shape = len(out_of_fold) + 1, 0, training.targets.n_targets
    logits = np.concatenate([np.empty(shape), *parts], axis=1)
    weight = None if samples.loss_weight is None else samples.loss_weight[rows]
    # What is judged by two networks is two samples.
    keys = training.keys[rows] + keys_of(places)
    return logits, target[rows], _as_samples(weight, keys)


def _losses(logits, target, weight, weights):
    """Mean cross-entropy (P + 1,) of each part by itself, and of their weighted sum."""
    logits = np.stack(logits)  # (P, n, K)
    if not weight.any():
        return np.full(len(logits) + 1, np.nan)
    wanted, is_multilabel = indicator(target, logits.shape[2]), target.ndim == 2
    together = np.tensordot(weights, logits, axes=1)
    several = [cross_entropy(z, wanted, is_multilabel) for z in (*logits, together)]
    return np.average(several, axis=1, weights=weight)


def _as_samples(weight, keys):
    """Weights (n,) that add up to the number of different samples, in any unit."""
    weight = np.ones(len(keys)) if weight is None else ordinary_weights(weight)
    total = np.bincount(number_distinct(keys)[1], weight)
    return weight * (count_distinct(total) / total.sum()) if weight.any() else weight


def stacking_weights(logits, target, weight, *, to_rounding=False):
    """Find what logits are multiplied by in their sum.

    As in stacked generalisation [1]_ by samples that none of them was fitted on.

    Parameters
    ----------
    logits : sequence of ndarray of shape (n, n_targets)
        Of each classifier, and last of the networks.
    target : ndarray of shape (n,) of int64, or (n, n_targets) of float64
        Numbers of the classes, or which labels the samples have.
    weight : ndarray of shape (n,)
        What the loss of each sample weighs.
    to_rounding : bool, default=False
        Whether to find them to rounding rather than to six digits.

    Returns
    -------
    ndarray of shape (len(logits),) of float64
        None of them negative.

    References
    ----------
    .. [1] Wolpert, D. H. (1992). Stacked generalization. Neural Networks 5(2).
    """
    logits = np.stack(logits)  # (P, n, K)
    prior = np.eye(len(logits))[0]
    wanted, is_multilabel = indicator(target, logits.shape[2]), target.ndim == 2

    def loss(weights):
        together = np.tensordot(weights, logits, axes=1)
        total = weight @ cross_entropy(together, wanted, is_multilabel)
        return total + _DOUBT / 2 * ((weights - prior) ** 2).sum()

    def gradient(weights):
        together = np.tensordot(weights, logits, axes=1)
        if is_multilabel:
            missed = (special.expit(together) - wanted) / wanted.shape[1]
        else:
            missed = special.softmax(together, axis=1) - wanted
        of_loss = np.einsum("n,nk,pnk->p", weight, missed, logits)
        return of_loss + _DOUBT * (weights - prior)

    options = {"jac": gradient, "options": {"ftol": 0, "gtol": 1e-11}}
    return optimize.minimize(
        loss,
        prior + 0.1,
        method="L-BFGS-B",
        bounds=[(0, None)] * len(logits),
        **options if to_rounding else {},
    ).x
