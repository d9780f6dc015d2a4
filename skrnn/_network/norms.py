"""Normalisation of the states that a layer gives, padding aside."""

from typing import NamedTuple

import torch
from torch import nn


class Repeats(NamedTuple):
    """How many times each sequence of a batch counts.

    Attributes
    ----------
    share : Tensor of shape (N,)
        What each of its present steps is of all steps; over those they sum to 1.
    count : float
        Present steps of all sequences, each as often as it counts.
    """

    share: torch.Tensor
    count: float

    @classmethod
    def of(cls, weight, lengths, n_steps, like):
        """Make it from weights.

        Parameters
        ----------
        weight : Tensor of shape (N,) of float64, on the CPU
            How many times each sequence counts.
        lengths : Tensor of shape (N,) of int64, or None
            Present steps of each; None where all `n_steps` are present.
        n_steps : int
            Of the longest sequence.
        like : Tensor
            Of the dtype and on the device wanted.

        Returns
        -------
        Repeats or None
            None where no step is present.
        """
        if lengths is not None:  # what has no step has no share, whatever it weighs
            weight = weight * (lengths > 0)
        count = float((weight * (n_steps if lengths is None else lengths)).sum())
        # Divided in double precision: there are weights beyond single precision.
        return cls((weight / count).to(like), count) if count > 0 else None


class LayerNorm(nn.LayerNorm):
    """Normalises the states of every step and every sample by itself.

    Ba, J. L., Kiros, J. R. and Hinton, G. E. (2016), arXiv:1607.06450.
    """

    def forward(self, states, final, lengths, repeats=None):
        """Normalise the states (N, L, H) and the final ones (N, H)."""
        return super().forward(states), super().forward(final)


class BatchNorm(nn.BatchNorm1d):
    """Normalises by the moments of all present steps of a batch.

    Sequence-wise, as in Laurent, C. et al. (2016), arXiv:1510.01378. Predictions
    use the running moments, so that samples do not influence each other.
    """

    def forward(self, states, final, lengths, repeats=None):
        """Normalise the states (N, L, H) and the final ones (N, H).

        Parameters
        ----------
        states, final : Tensor
            Of all steps and after the last one.
        lengths : Tensor of shape (N,) of int64, or None
            Present steps of each sequence.
        repeats : Repeats, default=None
            How many times each sequence counts; once each if None.
        """
        if self.training and self.weight.requires_grad:
            share, count = (None, None) if repeats is None else repeats
            present = states.reshape(-1, states.shape[2])
            if lengths is not None:
                step = torch.arange(states.shape[1], device=states.device)
                is_present = step < lengths[:, None]
                present = states[is_present]
            present = present.to(self.weight.dtype)  # whatever autocast made of it
            if share is not None:
                share = share[:, None].expand(states.shape[:2])
                share = share.flatten() if lengths is None else share[is_present]
            mean, variance = self._moments(present, share, count)
        else:
            mean, variance = self.running_mean, self.running_var
        factor = self.weight / (variance + self.eps).sqrt()
        shift = self.bias - mean * factor
        return states * factor + shift, final * factor + shift

    def _moments(self, present, share, count):
        if len(present) == 0:
            return self.running_mean, self.running_var
        if share is None:
            count = len(present)
            mean, variance = present.mean(0), present.var(0, unbiased=False)
        else:
            share = share[:, None]
            mean = (share * present).sum(0)
            variance = (share * (present - mean) ** 2).sum(0)
        with torch.no_grad():
            # No more than one step, or a fraction of it, has no unbiased variance.
            unbiased = variance * max(1.0, count / max(1.0, count - 1))
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(unbiased, self.momentum)
        return mean, variance


# By the name that users give.
NORMS = {None: lambda size: None, "layer": LayerNorm, "batch": BatchNorm}
