"""The way from the user's units to the network's, and back."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from skrnn._sequences.changed import LimitedSource

# Variance added to that of a window, as a share of the variance of all rows: the
# scale of a constant window is small, but not zero. The number is that of Kim et al.
# (2022), who add it to windows of standardised series; no other was tried on record.
LEAST_VARIANCE = 1e-5
# Standard deviations beyond which an input counts as that far from the mean: its square
# is a float32, and double precision could not tell the other inputs apart beside it.
FARTHEST = 1e15


class WindowMoments(NamedTuple):
    """Level and deviation of each feature within a sequence, both (N, F)."""

    level: torch.Tensor
    deviation: torch.Tensor | None  # None where nothing is divided by it

    @property
    def spread(self):
        """What differences from the level are measured by: the deviation, or ones."""
        return torch.ones_like(self.level) if self.deviation is None else self.deviation


def normalise(x, moments):
    """Take level and spread off sequences.

    Parameters
    ----------
    x : Tensor of shape (N, L, F) of float64
        Sequences in the user's units.
    moments : WindowMoments or None
        Theirs; None takes nothing off.

    Returns
    -------
    Tensor of shape (N, L, F)
        NaN stays where it is.
    """
    if moments is None:
        return x
    x = x - moments.level[:, None]
    return x if moments.deviation is None else x / moments.deviation[:, None]


class Scaling(nn.Module):
    """Standardises sequences and targets; fills what is missing.

    It computes in double precision and on the CPU whatever the network does: a
    feature such as a time stamp may have a mean that is huge beside its deviation.

    Parameters
    ----------
    n_features, n_targets : int
        Features of a step; targets of a sequence.
    instance_norm : {None, "last", "standard"}
        What is taken off each sequence before it is scaled: nothing, its last value
        (NLinear; Zeng et al. 2023), or its mean, dividing by its deviation (RevIN; Kim
        et al. 2022).
    indicator : bool
        Whether single values may be missing: they are filled with the mean, and a
        0/1 channel a feature tells.
    is_bounded : bool, default=False
        Whether what lies far from the mean counts as being nearer; not for what is not
        scaled.
    is_code : sequence of bool, default=None
        Which features are codes, that stay as they are; None means none.
    """

    is_bounded = True

    def __init__(
        self,
        n_features,
        n_targets,
        *,
        instance_norm,
        indicator,
        is_bounded=False,
        is_code=None,
    ):
        super().__init__()
        self.is_bounded = is_bounded
        self.instance_norm = instance_norm
        self.indicator = indicator
        self.is_code = None if is_code is None else torch.tensor(is_code)
        self.n_inputs = n_features * (2 if indicator else 1)
        zeros = torch.zeros(n_features, dtype=torch.float64)
        # x: inputs; row: features before anything is taken off them; y: targets, less
        # their baseline; rest: those divided by the spread of their window as well.
        for name in ("x", "row"):
            self._register(name, zeros)
        zeros = torch.zeros(n_targets, dtype=torch.float64)
        for name in ("y", "rest"):
            self._register(name, zeros)

    def _register(self, name, zeros):
        self.register_buffer(f"{name}_mean", zeros.clone())
        self.register_buffer(f"{name}_scale", torch.ones_like(zeros))

    def _apply(self, fn, recurse=True):
        return self  # stays on the CPU, in double precision

    @torch.no_grad()
    def set_moments(self, which, mean, scale):
        """Fix mean and scale.

        Parameters
        ----------
        which : {"x", "row", "y", "rest"}
            Inputs, rows, targets less their baseline, or those over their spread.
        mean, scale : array-like of shape (n_features,) or (n_targets,)
            Moments.

        Raises
        ------
        ValueError
            If one is not finite.
        """
        for name, value, of_code in (("mean", mean, 0.0), ("scale", scale, 1.0)):
            value = torch.as_tensor(value, dtype=torch.float64)
            if self.is_code is not None and which in ("x", "row"):
                value = value.masked_fill(self.is_code, of_code)
            if not value.isfinite().all():
                whose = "X" if which in ("x", "row") else "y"
                raise ValueError(
                    f"{whose} has values so large that their variance is beyond the "
                    "largest float. Divide them by a constant."
                )
            getattr(self, f"{which}_{name}").copy_(value)

    def limited(self, source):
        """Move what lies too far from the mean of a feature nearer.

        Parameters
        ----------
        source : SequenceSource
            Sequences.

        Returns
        -------
        SequenceSource
            The same one, if nothing of it lies so far.
        """
        if not self.is_bounded:
            return source
        which = "x" if self.instance_norm is None else "row"
        mean = self._buffers[f"{which}_mean"].numpy()
        reach = FARTHEST * self._buffers[f"{which}_scale"].numpy()
        if source.largest <= np.minimum.reduce(reach - np.abs(mean)):
            return source
        return LimitedSource(source, mean - reach, mean + reach)

    def moments(self, x, lengths):
        """Level and spread of each sequence, or None where nothing is taken off.

        Parameters
        ----------
        x : Tensor of shape (N, L, F) of float64
            Right-padded sequences in the user's units.
        lengths : Tensor of shape (N,) of int64, or None
            Present steps of each.

        Returns
        -------
        WindowMoments or None
        """
        if self.instance_norm is None:
            return None
        step = torch.arange(x.shape[1])[None, :, None]
        seen = ~x.isnan() if self.indicator else torch.ones_like(x, dtype=torch.bool)
        if lengths is not None:
            seen = seen & (step < lengths[:, None, None])
        count = seen.sum(dim=1)  # (N, F)
        if self.instance_norm == "last":
            newest = (seen * (step + 1)).amax(dim=1) - 1
            level = x.gather(1, newest.clamp(min=0)[:, None])[:, 0]
            deviation = None
        else:
            values = torch.where(seen, x, 0.0)
            level = _sum(values) / count.clamp(min=1)
            error = torch.where(seen, x - level[:, None], 0.0)
            variance = _sum(error**2) / count.clamp(min=1)
            deviation = (variance + LEAST_VARIANCE * self.row_scale**2).sqrt()
            deviation = torch.where(count > 0, deviation, self.row_scale)
        # A sequence without a value has the level of all rows.
        level = torch.where(count > 0, level, self.row_mean)
        return WindowMoments(level, deviation)

    def inputs(self, x, moments):
        """Inputs (N, L, n_inputs) of the network, in double precision."""
        x = (normalise(x, moments) - self.x_mean) / self.x_scale
        # What is not taken off by sequence lies within that already, being `limited`.
        if self.is_bounded and moments is not None:
            x.clamp_(-FARTHEST, FARTHEST)
        if not self.indicator:
            return x
        missing = x.isnan()
        return torch.cat([x.masked_fill(missing, 0.0), missing.to(x.dtype)], dim=2)

    def to_loss(self, head, parameters, spread):
        """Take parameters from the network's units to those of the loss.

        Parameters
        ----------
        head : Point
            What they mean.
        parameters : Tensor of shape (N, k, width)
            What the network gives.
        spread : Tensor of shape (N, k) of float64, or None
            Spread of the windows of the targets; None where none was taken off.

        Returns
        -------
        Tensor of shape (N, k, width)
        """
        if spread is None:
            return parameters
        scale, shift = self.units_of_loss(spread, parameters)
        return head.affine(parameters, shift, scale)

    def units_of_loss(self, spread, like):
        """Scale and shift (N, k) of targets from the network's units to the loss's.

        Parameters
        ----------
        spread : Tensor of shape (N, k) of float64
            Spread of the windows of the targets.
        like : Tensor
            Of the dtype and on the device wanted.
        """
        scale = (self.rest_scale * spread / self.y_scale).to(like)
        shift = ((self.rest_mean * spread - self.y_mean) / self.y_scale).to(like)
        return scale, shift

    def encode(self, y, baseline):
        """Scale targets (n, k) in the user's units, less a baseline, for the loss."""
        return (y - baseline).sub_(self.y_mean).div_(self.y_scale)

    def decode(self, head, parameters, baseline=None):
        """Take parameters (n, k, width) in the loss's units back to the user's."""
        shift, scale = self.y_mean, self.y_scale
        if torch.is_grad_enabled():
            shift = shift if baseline is None else shift + baseline
            return head.affine(parameters.to("cpu", torch.float64), shift, scale)
        # NumPy takes half the time for a few numbers, and the same steps.
        shift = shift.numpy() if baseline is None else shift.numpy() + baseline.numpy()
        parameters = parameters.cpu().numpy().astype(np.float64)
        return torch.from_numpy(head.affine(parameters, shift, scale.numpy()))


def _sum(values):
    """Sum over steps, one after the other: padding then changes no bit."""
    return values.cumsum(dim=1)[:, -1]
