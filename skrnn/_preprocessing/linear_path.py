"""A linear model beside the network, which then learns what is not linear.

Lai, G. et al. (2018). Modeling long- and short-term temporal patterns with deep neural
networks. SIGIR, arXiv:1703.07015. There the linear model is trained with the network;
here it is ridge regression in closed form, and stays.
"""

import torch
from torch import nn

from skrnn._kernels.rowwise import affine


class LinearPath(nn.Module):
    """Targets from the newest steps of a sequence.

    Double precision, on the CPU. What is absent or missing contributes nothing, as if
    it were as usual.

    Parameters
    ----------
    n_steps, n_features, n_targets : int
        Newest steps that are read, their features, and targets of a sequence.
    """

    def __init__(self, n_steps, n_features, n_targets):
        super().__init__()
        self.n_steps = n_steps
        size = n_steps * n_features
        shapes = {
            "center": (size,),
            "weight": (n_targets, size),
            "bias": (n_targets,),
            "usual": (n_features,),  # newest value of a sequence that has none
        }
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape, dtype=torch.float64))

    def forward(self, x, lengths):
        """Predict targets.

        Parameters
        ----------
        x : Tensor of shape (N, L, F) of float64, on the CPU
            Right-padded sequences; NaN is missing.
        lengths : Tensor of shape (N,) of int64, or None
            Present steps of each; None where all L are present.

        Returns
        -------
        Tensor of shape (N, k)
            Without a gradient the bits of a row do not depend on the other rows.
        """
        columns, seen = self.columns(x, lengths)
        columns = (columns - self.center).masked_fill_(~seen, 0.0)
        return affine(columns, self.weight, self.bias)

    def columns(self, x, lengths):
        """What is regressed on, step by step and the newest step last.

        Of the newest step it is the newest value of each feature, of older ones the
        difference from that.

        Returns
        -------
        columns : Tensor of shape (N, S * F)
        seen : Tensor of shape (N, S * F) of bool
            Which of them are known.
        """
        n_steps, n_features = x.shape[1:]
        if lengths is None:
            lengths = torch.full((len(x),), n_steps, dtype=torch.int64)
        if n_steps == 0:
            x = x.new_zeros(len(x), 1, n_features)
        place = lengths[:, None] + torch.arange(-self.n_steps, 0)  # (N, S)
        is_there = (place >= 0)[:, :, None]
        place = place.clamp(min=0)[:, :, None].expand(-1, -1, n_features)
        values = x.gather(1, place)  # (N, S, F)
        seen = is_there & ~values.isnan()
        rank = (seen * torch.arange(1, self.n_steps + 1)[None, :, None]).amax(dim=1)
        newest = values.gather(1, (rank - 1).clamp(min=0)[:, None])[:, 0]
        newest = torch.where(rank > 0, newest, self.usual)  # (N, F)
        values = values - newest[:, None]
        values[:, -1] = newest
        seen[:, -1] = True
        return values.flatten(1), seen.flatten(1)
