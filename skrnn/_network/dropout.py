"""Dropout whose masks come from a generator of its own."""

import torch
from torch import nn


class SeededDropout(nn.Module):
    """Zeroes numbers with probability p while training, from a generator of its own.

    Parameters
    ----------
    p : float
        Probability in [0, 1) of zeroing a number; the others are divided by 1 - p.
    generator : torch.Generator
        Source of the masks, on the CPU, so that they are the same on every device.
    """

    def __init__(self, p, generator):
        super().__init__()
        self.p = p
        self.generator = generator

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        return x * self.mask(x)

    def mask(self, x):
        """Draw the factors for a tensor: 0 or 1 / (1 - p)."""
        keep = torch.empty(x.shape, dtype=x.dtype, device="cpu")
        keep.bernoulli_(1 - self.p, generator=self.generator)
        return keep.div_(1 - self.p).to(x.device)
