"""What is taken off the targets of a sequence and given back to the outputs."""

import numpy as np
import torch
from torch import nn

from skrnn._units import times_power_of_two


class Baseline(nn.Module):
    """Level of a window, and what a linear model predicts beyond that.

    The network learns what is left. Double precision, on the CPU.

    Parameters
    ----------
    n_targets : int
        Targets of a sequence.
    has_level : bool, default=False
        Whether targets follow the level and the spread of a feature within their
        window, which instance normalisation takes off the inputs.
    linear_path : LinearPath, default=None
        Predicts targets, less their level and divided by their spread.
    units : ndarray of shape (n_targets, F) of int32, default=None
        A feature, times two to that power, is in the unit of a target; None where all
        have one unit.
    """

    units = None

    def __init__(self, n_targets, *, has_level=False, linear_path=None, units=None):
        super().__init__()
        self.units = units
        self.n_targets, self.has_level = n_targets, has_level
        self.linear_path = linear_path
        # The feature that each target follows.
        self.register_buffer("feature", torch.zeros(n_targets, dtype=torch.int64))
        # Share of the variance of each target that is taken off, in training.
        share = torch.zeros(n_targets, dtype=torch.float64)
        self.register_buffer("explained", share)

    def _apply(self, fn, recurse=True):
        return self  # stays on the CPU, in double precision

    @property
    def is_zero(self):
        """Whether nothing is taken off the targets of any sequence."""
        return not self.has_level and self.linear_path is None

    def level(self, moments):
        """Level (N, k) of the windows of targets; zeros (k,) if they follow none."""
        if not self.has_level:
            return torch.zeros(self.n_targets, dtype=torch.float64)
        level = moments.level[:, self.feature]
        if self.units is None:
            return level
        if level.requires_grad:  # which NumPy would lose
            exponents = torch.from_numpy(self._followed())
            half = exponents.div(2, rounding_mode="floor")
            return level * 2.0**half * 2.0 ** (exponents - half)
        return torch.from_numpy(times_power_of_two(level.numpy(), self._followed()))

    def _followed(self):
        """Exponents (k,) of the units of the features that targets follow."""
        place = self.feature.numpy()[:, None]
        return np.take_along_axis(self.units, place, axis=1)[:, 0]

    def spread(self, moments):
        """Spread (N, k) of the windows of targets; None if they follow none.

        It stays in the unit of the feature: what is left of targets is divided by it
        and multiplied again.
        """
        return moments.spread[:, self.feature] if self.has_level else None

    def forward(self, x, lengths, moments):
        """Predict targets.

        Parameters
        ----------
        x : Tensor of shape (N, L, F), any real dtype, on the CPU
            Right-padded sequences in the user's units.
        lengths : Tensor of shape (N,) of int64, or None
            Present steps of each; None where all L are present.
        moments : WindowMoments or None
            Of the sequences.

        Returns
        -------
        Tensor of shape (N, k) or (k,) of float64
            In the user's units.
        """
        path, regressors = self.linear_path, None
        if path is not None:
            regressors = path.regressors(x, lengths, moments)
        return self.of(regressors, moments)

    def of(self, regressors, moments):
        """Predict targets, as `forward` does, from what was read of the sequences.

        Parameters
        ----------
        regressors : Tensor of shape (N, S * F) of float64, or None
            Of the linear path, if there is one.
        moments : WindowMoments or None
            Of the sequences.

        Returns
        -------
        Tensor of shape (N, k) or (k,) of float64
        """
        path = self.linear_path
        if path is None:
            return self.level(moments)
        predicted = path.predict(regressors)
        if not self.has_level:
            return predicted
        return self.level(moments) + self.spread(moments) * predicted
