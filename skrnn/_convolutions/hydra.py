"""Random convolutions that compete, each step counting for one of a group.

They are those of Hydra (Dempster, Schmidt and Webb 2023, "Hydra: Competing
convolutional kernels for fast and accurate time series classification",
arXiv:2203.13652), but for the smallest responses, which are summed as the largest are:
how often a kernel has the smallest one jumps with the last bit where a sequence is
constant.
"""

import numpy as np
import torch

from skrnn._convolutions.base import (
    N_WEIGHTS,
    FixedConvolutions,
    draw_channels,
    largest_dilation,
    shifted,
)
from skrnn._kernels.structs import CompetitionCall

_RIVALS = 8  # of a group, as in the paper


class Hydra(FixedConvolutions):
    """Convolve sequences with groups of fixed kernels; the extreme responses count.

    At each step one kernel of a group has the largest response to the sum of some
    channels, and one the smallest. A kernel's features are the square roots of the sums
    of its largest, and of its smallest with the sign changed, divided by the number of
    steps; or 0 where a sum is negative, or there are no steps. They are ordered by set,
    group, kernel, and whether it is the largest or the smallest.

    Parameters
    ----------
    n_features : int
        Channels, F.
    n_sets : int
        Sets of groups, S, each with a dilation.
    n_groups : int
        Groups of a set, G.

    Attributes
    ----------
    dilations : Tensor of shape (S,) of int64
        Steps from one weight of a kernel to the next.
    is_change : Tensor of shape (S,) of bool
        Whether the changes from each step to the next are convolved in place of the
        steps.
    channels : Tensor of shape (S, G, F) of bool
        Whether a group reads a channel.
    weights : Tensor of shape (S, G, 9, 8) of float32
        Of the eight kernels of each group.
    """

    title = "Hydra"
    _function = "skrnn_compete"

    def __init__(self, n_features, n_sets, n_groups):
        super().__init__()
        self.register_buffer("dilations", torch.ones(n_sets, dtype=torch.int64))
        self.register_buffer("is_change", torch.zeros(n_sets, dtype=torch.bool))
        channels = torch.zeros(n_sets, n_groups, n_features, dtype=torch.bool)
        self.register_buffer("channels", channels)
        weights = torch.zeros(n_sets, n_groups, N_WEIGHTS, _RIVALS)
        self.register_buffer("weights", weights)

    @property
    def sizes(self):
        """What it was made with (tuple of int)."""
        return self.channels.shape[2], *self.channels.shape[:2]

    @property
    def n_outputs(self):
        """Features of a sequence."""
        return 2 * self.weights[:, :, 0].numel()

    def _new_call(self):
        n_sets, n_groups = self.channels.shape[:2]
        return CompetitionCall(n_sets=n_sets, n_groups=n_groups)

    def forward(self, x, lengths=None):
        """Compute the features of sequences; as `FixedConvolutions.forward`."""
        return super().forward(x, lengths).clamp_(min=0).sqrt_()

    def _features_of(self, sequence, kernels):
        parts = []
        for s, dilation in enumerate(self.dilations.tolist()):
            read = sequence.diff(dim=0) if self.is_change[s] else sequence
            n_steps = len(read)
            if n_steps == 0:
                parts.append(read.new_zeros(self.channels.shape[1], _RIVALS, 2))
                continue
            u = self.channels[s].float() @ read.T  # (G, L)
            values = shifted(u, dilation).transpose(0, 1)  # (G, 9, L)
            response = kernels["weights"][s].transpose(1, 2) @ values  # (G, 8, L)
            most = response.amax(dim=1, keepdim=True)
            least = response.amin(dim=1, keepdim=True)
            sums = [
                torch.where(response == most, response, 0.0).sum(dim=2),
                -torch.where(response == least, response, 0.0).sum(dim=2),
            ]
            parts.append(torch.stack(sums, dim=2) / n_steps)  # (G, 8, 2)
        return torch.cat([part.ravel() for part in parts])


def new_hydra(generator, n_features, longest, n_kernels):
    """Choose dilations, channels and weights.

    Parameters
    ----------
    generator : numpy.random.Generator
        Source of randomness.
    n_features : int
        Channels of the sequences.
    longest : int
        Steps of the longest sequence, which no kernel of several dilations exceeds.
    n_kernels : int
        About how many kernels there are to be.

    Returns
    -------
    Hydra
    """
    exponent = int(np.log2(largest_dilation(longest)))
    dilations = np.repeat(2 ** np.arange(exponent + 1), 2)
    n_groups = max(1, round(n_kernels / (len(dilations) * _RIVALS)))
    convolutions = Hydra(n_features, len(dilations), n_groups)
    convolutions.dilations.copy_(torch.from_numpy(dilations))
    convolutions.is_change[1::2] = True
    weights = generator.normal(size=convolutions.weights.shape)
    weights -= weights.mean(axis=2, keepdims=True)
    weights /= np.abs(weights).sum(axis=2, keepdims=True)
    convolutions.weights.copy_(torch.from_numpy(weights))
    channels = draw_channels(generator, convolutions.channels.shape)
    convolutions.channels.copy_(torch.from_numpy(channels))
    return convolutions
