"""Dropout whose masks come from a generator of its own."""

from torch import nn

from skrnn._kernels.random_factors import keep_factors, new_keys


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
        """Draw the factors for a tensor (N, C) or (N, L, C): 0 or 1 / (1 - p)."""
        key = int(new_keys(self.generator, 1))
        return keep_factors(key, self.p, tuple(x.shape), x.dtype).to(x.device)
