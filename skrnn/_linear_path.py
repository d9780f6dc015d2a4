"""A linear model beside the network, which then learns what is not linear.

Lai, G. et al. (2018). Modeling long- and short-term temporal patterns with deep neural
networks. SIGIR, arXiv:1703.07015. There the linear model is trained with the network;
here it is ridge regression in closed form, and stays.
"""

import torch
from torch import nn

from skrnn._row_by_row import affine


class LinearPath(nn.Module):
    """Targets from the newest steps of a sequence, in the user's units.

    Double precision, on the CPU. What is absent or missing contributes nothing, as if
    it had its mean.

    Parameters
    ----------
    n_steps, n_features, n_targets : int
        Newest steps that are read, their features, and targets of a sequence.
    """

    def __init__(self, n_steps, n_features, n_targets):
        super().__init__()
        self.n_steps = n_steps
        size = n_steps * n_features

        def register(name, *shape, dtype=torch.float64):
            self.register_buffer(name, torch.zeros(*shape, dtype=dtype))

        register("center", size)
        register("weight", n_targets, size)
        register("bias", n_targets)
        # The newest value of its source may be added to a target; of these features
        # the steps count from that value.
        register("is_relative", n_features, dtype=torch.bool)
        register("source", n_targets, dtype=torch.int64)
        register("newest", n_features)  # of a sequence without a value

    def forward(self, x, lengths):
        """Predict targets.

        Parameters
        ----------
        x : Tensor of shape (N, L, F) of float64, on the CPU
            Right-padded sequences in the user's units; NaN is missing.
        lengths : Tensor of shape (N,) of int64, or None
            Present steps of each; None where all L are present.

        Returns
        -------
        Tensor of shape (N, k)
            Without a gradient the bits of a row do not depend on the other rows.
        """
        values, seen, newest = self.read(x, lengths)
        outputs = affine(self.columns(values, seen, newest), self.weight, self.bias)
        if self.is_relative.any():
            outputs = outputs + newest[:, self.source]
        return outputs

    def read(self, x, lengths):
        """Newest steps of sequences.

        Returns
        -------
        values : Tensor of shape (N, S, F)
            Those steps, the newest one last.
        seen : Tensor of shape (N, S, F) of bool
            Which values are present.
        newest : Tensor of shape (N, F)
            The newest of them.
        """
        n_steps = x.shape[1]
        if lengths is None:
            lengths = torch.full((len(x),), n_steps, dtype=torch.int64)
        place = lengths[:, None] + torch.arange(-self.n_steps, 0)  # (N, S)
        seen = (place >= 0)[:, :, None]
        if n_steps == 0:
            x = x.new_zeros(len(x), 1, x.shape[2])
        place = place.clamp(min=0)[:, :, None].expand(-1, -1, x.shape[2])
        values = x.gather(1, place)
        seen = seen & ~values.isnan()
        rank = (seen * torch.arange(1, self.n_steps + 1)[None, :, None]).amax(dim=1)
        last = values.gather(1, (rank - 1).clamp(min=0)[:, None])[:, 0]
        return values, seen, torch.where(rank > 0, last, self.newest)

    def columns(self, values, seen, newest):
        """Regressors (N, S * F), centred; zero where a value is not seen."""
        level = torch.where(self.is_relative, newest, 0.0)  # (N, F)
        columns = (values - level[:, None]).flatten(1) - self.center
        return columns.masked_fill_(~seen.flatten(1), 0.0)
