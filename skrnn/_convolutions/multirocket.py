"""Random convolutions of sequences, pooled over time: features that nobody trains.

The kernels are the 84 of MiniRocket (Dempster, Schmidt and Webb 2021, "MiniRocket: A
Very Fast (Almost) Deterministic Transform for Time Series Classification"), and the
poolings the four of MultiRocket (Tan, Dempster, Bergmeir and Webb 2022, "MultiRocket:
Multiple Pooling Operators and Transformations for Fast and Effective Time Series
Classification").
"""

from itertools import combinations

import numpy as np
import torch

from skrnn._convolutions.base import (
    N_WEIGHTS,
    FixedConvolutions,
    draw_channels,
    largest_dilation,
    shifted,
)
from skrnn._kernels.structs import ConvolutionCall

TRIPLES = list(combinations(range(N_WEIGHTS), 3))  # where the weight is 2, not -1
N_POOLINGS = 4
_MOST_DILATIONS = 32  # as in MiniRocket


class MultiRocket(FixedConvolutions):
    """Convolve sequences with fixed kernels and pool what is above a bias.

    A response is that of one of 84 kernels, under one of several dilations, to the sum
    of some channels. Pooled are, of the steps whose response exceeds a bias: their
    proportion, how far they exceed it on average, their average index divided by the
    number of steps (-1 where no step does), and the proportion of the longest stretch
    of them. Features of a sequence without steps are 0. They are ordered by dilation,
    kernel, bias and pooling.

    Parameters
    ----------
    n_features : int
        Channels, F.
    n_dilations : int
        Dilations, D.
    n_biases : int
        Biases for each dilation and kernel, B.

    Attributes
    ----------
    dilations : Tensor of shape (D,) of int64
        Steps from one weight of a kernel to the next.
    channels : Tensor of shape (D, 84, F) of bool
        Whether a kernel reads a channel.
    biases : Tensor of shape (D, 84, B) of float32
        What a response is to exceed.
    """

    title = "MultiRocket"
    _function = "skrnn_convolve"

    def __init__(self, n_features, n_dilations, n_biases):
        super().__init__()
        shape = n_dilations, len(TRIPLES)
        self.register_buffer("dilations", torch.zeros(n_dilations, dtype=torch.int64))
        channels = torch.zeros(*shape, n_features, dtype=torch.bool)
        self.register_buffer("channels", channels)
        self.register_buffer("biases", torch.zeros(*shape, n_biases))

    @property
    def sizes(self):
        """What it was made with (tuple of int)."""
        return self.channels.shape[2], len(self.dilations), self.biases.shape[2]

    @property
    def n_outputs(self):
        """Features of a sequence."""
        return self.biases.numel() * N_POOLINGS

    def _new_call(self):
        n_dilations, _, n_biases = self.biases.shape
        return ConvolutionCall(n_dilations=n_dilations, n_biases=n_biases)

    def responses(self, x, lengths, dilation_index, kernels):
        """Compute responses to a kernel each, of which quantiles make biases.

        Parameters
        ----------
        x : Tensor of shape (N, L, F) of float32
            Right-padded sequences.
        lengths : Tensor of shape (N,) of int64, or None
            Present steps of each; None where all L are present.
        dilation_index : int
            Which dilation.
        kernels : ndarray of shape (N,) of int64
            Which of the 84 kernels reads each sequence.

        Returns
        -------
        Tensor of shape (N, L) of float32
            NaN where a step is absent. Bit by bit what ``forward`` compares.
        """
        dilation = self.dilations[dilation_index]
        reads = self.channels[dilation_index, kernels]  # (N, F)
        triples = [TRIPLES[kernel] for kernel in kernels]
        u = x.new_zeros(x.shape[:2])
        for c in reads.any(dim=0).nonzero()[:, 0]:
            u = u + torch.where(reads[:, c, None], x[:, :, c], 0.0)
        if lengths is None:
            return _respond(u, dilation, triples)
        absent = torch.arange(x.shape[1], device=x.device) >= lengths[:, None]
        found = _respond(u.masked_fill(absent, 0.0), dilation, triples)
        return found.masked_fill(absent, torch.nan)

    def _features_of(self, sequence, kernels):
        biases, n_steps = kernels["biases"], len(sequence)
        if n_steps == 0:
            return sequence.new_zeros(self.n_outputs)
        index = torch.arange(n_steps, device=sequence.device)
        features = []
        for d, dilation in enumerate(self.dilations):
            u = sequence.new_zeros(len(TRIPLES), n_steps)
            for c, channel in enumerate(sequence.T):
                u += torch.where(self.channels[d, :, c, None], channel, 0.0)
            v = _respond(u, dilation, TRIPLES)[:, None] - biases[d][:, :, None]
            above = v > 0  # (84, B, L)
            count = above.sum(dim=2).double()
            total = torch.where(above, v, 0.0).sum(dim=2, dtype=torch.float64)
            indices = (above * index).sum(dim=2) / (count * n_steps)
            pooled = (
                count / n_steps,
                torch.where(count > 0, total / count, 0.0),
                torch.where(count > 0, indices, -1.0),
                _longest_stretch(above).double() / n_steps,
            )
            features.append(torch.stack(pooled, dim=2).float())  # (84, B, 4)
        return torch.cat(features).ravel()


def _longest_stretch(is_there):
    """Count the steps of the longest stretch of them: (..., L) of bool to (...)."""
    index = torch.arange(is_there.shape[-1], device=is_there.device)
    before = torch.where(is_there, -1, index).cummax(dim=-1).values
    return (index - before).amax(dim=-1)


def _respond(u, dilation, triples):
    # u (K, L): one sum of channels for each kernel, or several for one. The order of
    # the sums is that of convolutions.h, so that the bits are the same.
    read = shifted(u, dilation)
    nine = read[0]
    for part in read[1:]:
        nine = nine + part
    chosen = torch.tensor(triples, device=u.device).T  # (3, K)
    a, b, c = 3.0 * read[chosen, torch.arange(len(u), device=u.device)]
    return (a + b - nine) + c


def dilations_for(longest, most):
    """Choose dilations, at exponential distances from 1.

    Parameters
    ----------
    longest : int
        Steps of the longest sequence, which no kernel of several dilations exceeds.
    most : int
        How many there may be.

    Returns
    -------
    ndarray of shape (D,) of int64
        Distinct and in ascending order.
    """
    exponent = np.log2(largest_dilation(longest))
    return np.unique(np.logspace(0, exponent, most, base=2).astype(np.int64))


def new_multirocket(generator, n_features, longest, n_kernels):
    """Choose dilations and channels; the biases, all zero, are to be set.

    Parameters
    ----------
    generator : numpy.random.Generator
        Source of randomness.
    n_features : int
        Channels of the sequences.
    longest : int
        Steps of the longest sequence.
    n_kernels : int
        About how many kernels, with their dilations and biases, there are to be.

    Returns
    -------
    MultiRocket
    """
    n_triples = len(TRIPLES)
    most = max(1, min(_MOST_DILATIONS, n_kernels // n_triples))
    dilations = dilations_for(longest, most)
    n_biases = max(1, n_kernels // (n_triples * len(dilations)))
    convolutions = MultiRocket(n_features, len(dilations), n_biases)
    convolutions.dilations.copy_(torch.from_numpy(dilations))
    channels = draw_channels(generator, convolutions.channels.shape)
    convolutions.channels.copy_(torch.from_numpy(channels))
    return convolutions
