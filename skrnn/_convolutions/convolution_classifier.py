"""Ridge classifiers on random convolutions.

Many fixed kernels, and a ridge classifier on what they find, need no training by
gradients and are hard to beat where samples are few: ROCKET (Dempster, Petitjean and
Webb 2020, arXiv:1910.13051). Kernels of two sorts find different things; each has a
classifier of its own, so that those which say nothing of the classes can be left out.
"""

import itertools
import zlib

import numpy as np
import torch
from scipy import optimize, special
from torch import nn

from skrnn._convolutions.base import N_WEIGHTS
from skrnn._convolutions.hydra import new_hydra
from skrnn._convolutions.multirocket import new_multirocket
from skrnn._convolutions.ridge import Ridge
from skrnn._kernels.rowwise import affine
from skrnn._kernels.threads import kernel_threads, no_gradients, single_thread
from skrnn._preprocessing.blocks import tensors
from skrnn._preprocessing.distinct import count_distinct, number_distinct

# Numbers that a block of samples and their features hold: 16 MB in double precision.
_BLOCK_SIZE = 2**21
# Range of the logarithm of what the scores of the ridge classifier are multiplied by:
# beyond it probabilities are those of a coin, or certain, to many digits.
_LEAST_LOG, _MOST_LOG = -3.0, 6.0
# So many samples left out tell which penalty is best; more take time and tell the same.
_MOST_JUDGING = 3_000


class ConvolutionClassifier(nn.Module):
    """Logits of classes or labels from random convolutions of one sort.

    It computes in double precision but for the convolutions.

    Parameters
    ----------
    scaling : Scaling
        What makes features of different units alike.
    convolutions : MultiRocket or Hydra
        What is computed from them.
    n_targets : int
        Classes, or labels.
    """

    def __init__(self, scaling, convolutions, n_targets):
        super().__init__()
        self.scaling, self.convolutions = scaling, convolutions
        shapes = {
            "center": (convolutions.n_outputs,),
            "weight": (n_targets, convolutions.n_outputs),
            "bias": (n_targets,),
        }
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape, dtype=torch.float64))

    def inputs(self, source, rows):
        """Scaled sequences (N, L, F) of float32 and their lengths, of some rows."""
        x, lengths = tensors(*source.batch(rows))
        x = self.scaling.inputs(x, self.scaling.moments(x, lengths))
        # Without the channels that tell what is missing.
        x = x[:, :, : source.n_features]
        if self.scaling.is_code is not None:
            x = x.masked_fill(self.scaling.is_code, 0.0)
        return x.to(torch.float32), lengths

    def blocks(self, source):
        """Compute the features of a source, a bounded amount of data at a time.

        Parameters
        ----------
        source : SequenceSource
            The sequences.

        Yields
        ------
        rows : slice
            Which samples.
        features : Tensor of shape (N, P) of float64
        """
        source = self.scaling.limited(source)
        step = source.n_features * source.max_steps + self.convolutions.n_outputs
        size = int(np.clip(_BLOCK_SIZE // step, 1, 1024))
        for start in range(0, len(source), size):
            stop = min(start + size, len(source))
            x, lengths = self.inputs(source, np.arange(start, stop))
            features = self.convolutions(x, lengths)
            yield slice(start, stop), features.to(torch.float64)

    @no_gradients()
    def logits(self, source):
        """Compute the logits of a source.

        Parameters
        ----------
        source : SequenceSource
            The sequences.

        Returns
        -------
        ndarray of shape (n_samples, n_targets) of float64
            The bits of a row do not depend on the other rows.
        """
        results = np.empty((len(source), len(self.bias)))
        with single_thread() as n_threads, kernel_threads(n_threads):
            for rows, features in self.blocks(source):
                outputs = affine(features - self.center, self.weight, self.bias)
                results[rows] = outputs.numpy()
        return results

    @no_gradients()
    def fit(self, source, target, weight, keys):
        """Fit the ridge classifier.

        Scores are made logits by a factor that gives the least cross-entropy over the
        samples, or some thousands of them, each scored by a fit without it [1]_ and all
        of its repetitions.

        Parameters
        ----------
        source : SequenceSource
            The samples.
        target : ndarray of shape (n,) of int64, or (n, n_labels) of float64
            Numbers of their classes, or which labels they have.
        weight : ndarray of shape (n,) or None
            What the loss of each of them weighs, in any unit.
        keys : ndarray of shape (n,)
            Equal ones for samples that are the same, targets included.

        Returns
        -------
        callable
            Takes row numbers, and gives their logits (n, n_targets) out of fold: by a
            fit without all of these rows.

        References
        ----------
        .. [1] Platt, J. (1999). Probabilistic outputs for support vector machines and
           comparisons to regularized likelihood methods. Advances in Large Margin
           Classifiers.
        """
        first, number = number_distinct(keys)
        weight = np.ones(len(source)) if weight is None else weight
        weight = weight * (len(first) / weight.sum())
        total = np.bincount(number, weight)  # (n_distinct,), 1 in the mean
        distinct, wanted = source.take(first), indicator(target[first], len(self.bias))

        def read(rows):
            return (features for _, features in self.blocks(distinct.take(rows)))

        scores = torch.from_numpy(2 * wanted - 1), torch.from_numpy(total)
        # By their keys, so that the order of the samples does not matter.
        order = np.lexsort((keys[first], total == 0))
        judging = np.sort(order[:_MOST_JUDGING])
        with single_thread() as n_threads, kernel_threads(n_threads):
            ridge = Ridge(read, len(self.center), *scores, judging)
        judged = ridge.left_out.numpy(), wanted[judging], total[judging]
        factor = _factor(*judged, target.ndim == 2)
        self.center.copy_(ridge.center)
        self.weight.copy_(factor * ridge.weight)
        self.bias.copy_(factor * ridge.bias)

        @no_gradients()
        def out_of_fold(rows):
            some, place = np.unique(number[rows], return_inverse=True)
            left_out = np.bincount(number[rows], weight[rows], minlength=len(first))
            with single_thread() as n_threads, kernel_threads(n_threads):
                predicted = ridge.without(some, torch.from_numpy(left_out))
            return factor * predicted.numpy()[place]

        return out_of_fold


def new_convolution_classifiers(source, scaling, n_targets, *, n_kernels, seed):
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
    list of ConvolutionClassifier
        Unfitted: on MultiRocket's convolutions, and on Hydra's.
    """
    size = source.n_features, max(1, source.longest()), n_kernels
    generator = np.random.default_rng(seed)
    multirocket = new_multirocket(generator, *size)
    pooled = ConvolutionClassifier(scaling, multirocket, n_targets)
    _choose_biases(pooled, source, generator)
    hydra = new_hydra(np.random.default_rng((seed, 1)), *size)
    return [pooled, ConvolutionClassifier(scaling, hydra, n_targets)]


@single_thread()
@no_gradients()
def _choose_biases(classifier, source, generator):
    """Set biases to quantiles of what a kernel gives for one sample each.

    Which one, a checksum of its values says: neither the order of the samples matters
    nor how often each is there.
    """
    convolutions, source = classifier.convolutions, classifier.scaling.limited(source)
    different = np.unique(_checksums(source), return_index=True)[1]
    biases = convolutions.biases.numpy()  # (D, 84, B)
    n_biases, rows, start = biases.shape[2], [], []
    for _ in range(biases[..., 0].size):
        rows.append(different[generator.integers(len(different))])
        start.append(generator.uniform())
    rows = np.reshape(rows, biases.shape[:2])
    levels = (np.arange(n_biases) + np.reshape(start, (*rows.shape, 1))) / n_biases
    # Sequences of these are read at once.
    size = max(1, source.max_steps) * (source.n_features + N_WEIGHTS)
    size = int(np.clip(_BLOCK_SIZE // size, 1, rows.shape[1]))
    for d, k in itertools.product(range(len(rows)), range(0, rows.shape[1], size)):
        kernels = np.arange(k, min(k + size, rows.shape[1]))
        x, lengths = classifier.inputs(source, rows[d, kernels])
        responses = convolutions.responses(x, lengths, d, kernels).numpy()
        for kernel, response in zip(kernels, responses, strict=True):
            response = response[~np.isnan(response)]
            if len(response):
                biases[d, kernel] = np.quantile(response, levels[d, kernel])


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


def indicator(target, n_targets):
    """Return wanted probabilities (n, n_targets) of encoded classes or labels."""
    return target if target.ndim == 2 else np.eye(n_targets)[target]


def cross_entropy(logits, wanted, is_multilabel):
    """Cross-entropy (n,) of logits (n, K) with wanted probabilities (n, K)."""
    if is_multilabel:
        loss = np.logaddexp(0, logits) - wanted * logits
        return loss.mean(axis=1)
    return -(wanted * special.log_softmax(logits, axis=1)).sum(axis=1)


def _factor(scores, wanted, weight, is_multilabel):
    # A sample more of every class, so that scores without fault stay finite.
    n_samples, n_targets = count_distinct(weight), wanted.shape[1]
    n_kinds = 2 if is_multilabel else n_targets
    wanted = (wanted * n_samples + 1) / (n_samples + n_kinds)

    def loss(log_factor):
        logits = np.exp(log_factor) * scores
        return weight @ cross_entropy(logits, wanted, is_multilabel)

    bounds = (_LEAST_LOG, _MOST_LOG)
    return float(np.exp(optimize.minimize_scalar(loss, bounds=bounds).x))
