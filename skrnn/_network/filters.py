"""Convolutions that are trained with a network, whose recurrence reads them.

Karim, F., Majumdar, S., Darabi, H. and Chen, S. (2018). LSTM fully convolutional
networks for time series classification. IEEE Access 6. There they stand beside the
recurrence.
"""

import torch
from torch import nn
from torch.nn.functional import pad

from skrnn._kernels.rowwise import linear
from skrnn._network.without_weights import without_weights

# Steps of a sequence that a filter reads, at the least, and segments.
_LEAST_STEPS, _LEAST_SEGMENTS = 8, 2


def n_read(segment_length):
    """Count the segments (int) that a filter reads: half of them before each, or more.

    Parameters
    ----------
    segment_length : int or None
        Steps of a segment; None means 1.
    """
    return max(_LEAST_SEGMENTS, -(-_LEAST_STEPS // (segment_length or 1)))


class Filters(nn.Module):
    """Filters over the newest steps up to each segment, and what is above zero of them.

    Parameters
    ----------
    n_inputs : int
        Numbers of a segment.
    n_filters : int
        Filters.
    segment_length : int
        Steps of a segment.
    generator : torch.Generator
        Source of the initial weights, which are those of He et al. (2015),
        arXiv:1502.01852.
    """

    def __init__(self, n_inputs, n_filters, segment_length, generator):
        super().__init__()
        self.n_read = n_read(segment_length)
        self.project = without_weights(nn.Linear, n_inputs * self.n_read, n_filters)
        nn.init.kaiming_uniform_(
            self.project.weight, nonlinearity="relu", generator=generator
        )
        nn.init.zeros_(self.project.bias)

    def forward(self, x):
        """Read segments: (N, S, K) gives (N, S, n_filters).

        None reads what comes after its own segment, so what is padding behind a
        sequence changes nothing of it. Before its oldest segment are zeros.
        """
        before, n_segments = self.n_read - 1, x.shape[1]
        x = pad(x, (0, 0, before, 0))
        parts = [x[:, i : i + n_segments] for i in range(self.n_read)]
        return linear(self.project, torch.cat(parts, dim=2)).relu()
