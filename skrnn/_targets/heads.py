"""What the numbers that a network puts out mean: values, rates, quantiles, laws.

A head turns the raw outputs of the last linear layer, of shape (N, n_targets, width),
into parameters of the same shape in units of the scaled target; moves those to
other units; compares them with targets; and reads forecasts from them.
"""

import math

import numpy as np
import torch
from scipy import special, stats
from torch.nn.functional import poisson_nll_loss, softplus

# The least scale of a likelihood, in units of the scaled target: without one a few
# equal targets drive it to zero and the likelihood to infinity.
LEAST_SCALE = 1e-4


class Point:
    """One number a target.

    Attributes
    ----------
    width : int
        Parameters a target.
    """

    width = 1

    @property
    def is_plain(self):
        """Whether raw outputs are the parameters, which shift and scale as targets."""
        own, plain = type(self), Point
        return own.transform is plain.transform and own.affine is plain.affine

    def transform(self, raw):
        """Turn raw outputs (N, k, width) into parameters of the same shape."""
        return raw

    def affine(self, parameters, shift, scale):
        """Parameters of ``shift + scale * target``; both of shape (k,) or (N, k).

        All three are tensors, or arrays.
        """
        return parameters * scale[..., None] + shift[..., None]

    def location(self, parameters):
        """Forecasts (n, k) from parameters, an ndarray (n, k, width)."""
        return parameters[..., 0]


class Classes(Point):
    """The unnormalised logarithm of a probability for each class."""

    def classes(self, n_targets):
        """Numbers (n_targets,) of the classes."""
        return np.arange(n_targets)

    def probability(self, parameters):
        """Probabilities (n, n_classes)."""
        return special.softmax(parameters[..., 0], axis=1)

    def location(self, parameters):
        """Numbers (n,) of the likeliest classes."""
        return parameters[..., 0].argmax(axis=1)


class Labels(Point):
    """The log-odds of each label; a sample may have several."""

    def classes(self, n_targets):
        """Numbers (n_targets, 2) of the classes of each label."""
        return np.tile([0, 1], (n_targets, 1))

    def probability(self, parameters):
        """Probabilities (n, n_labels)."""
        return special.expit(parameters[..., 0])

    def location(self, parameters):
        """Which labels each sample has (n, n_labels), as 0 and 1."""
        return (parameters[..., 0] > 0).astype(int)


class LogRate(Point):
    """The logarithm of a rate of counts."""

    def loss(self, parameters, target):
        """Poisson likelihood, negative, without what the targets alone give."""
        return poisson_nll_loss(parameters[..., 0], target, reduction="none")

    def affine(self, parameters, shift, scale):
        """Rates scale; there is no shift."""
        if isinstance(scale, torch.Tensor):
            return parameters + scale.log()[..., None]
        return parameters + np.log(scale)[..., None]

    def location(self, parameters):
        """Mean of the counts; infinite beyond floats."""
        with np.errstate(over="ignore"):
            return np.exp(parameters[..., 0])


class Quantiles(Point):
    """Quantiles that never cross: the median, and steps up and down from it.

    Parameters
    ----------
    levels : sequence of float
        The quantiles wanted, in (0, 1). The median is always among those trained.
    """

    def __init__(self, levels):
        self.wanted = tuple(levels)
        self.levels = sorted({*self.wanted, 0.5})
        self.width = len(self.levels)
        self._median = self.levels.index(0.5)

    def transform(self, raw):
        """Add positive steps to the median, upwards and downwards."""
        middle = raw[..., self._median : self._median + 1]
        below = softplus(raw[..., : self._median])
        above = softplus(raw[..., self._median + 1 :])
        below = below.flip(-1).cumsum(-1).flip(-1)
        return torch.cat([middle - below, middle, middle + above.cumsum(-1)], dim=-1)

    def loss(self, parameters, target):
        """Pinball loss, averaged over the levels."""
        levels = parameters.new_tensor(self.levels)
        error = target[..., None] - parameters  # (N, k, width)
        return torch.maximum(levels * error, (levels - 1) * error).mean(-1)

    def location(self, parameters):
        """Medians."""
        return parameters[..., self._median]

    def quantiles(self, parameters, levels):
        """Quantiles (n, k, n_levels) at levels that were trained."""
        return parameters[..., [self.levels.index(level) for level in levels]]


class Gaussian(Point):
    """Mean and standard deviation."""

    width = 2

    def transform(self, raw):
        """Make the deviation positive."""
        return _with_positive_scale(raw)

    def affine(self, parameters, shift, scale):
        """Move the mean, stretch both."""
        return _affine_law(parameters, shift, scale)

    def loss(self, parameters, target):
        """Negative log-likelihood."""
        mean, deviation = parameters.unbind(-1)
        standard = (target - mean) / deviation
        return standard**2 / 2 + deviation.log() + math.log(2 * math.pi) / 2

    def std(self, parameters):
        """Standard deviations (n, k)."""
        return parameters[..., 1]

    def quantiles(self, parameters, levels):
        """Quantiles (n, k, n_levels) at any levels in (0, 1)."""
        mean, deviation = (parameters[..., i, None] for i in range(2))
        return stats.norm.ppf(np.asarray(levels), mean, deviation)


class StudentT(Point):
    """Location, scale and degrees of freedom; those exceed 2, so the deviation exists.

    Lange, K. L., Little, R. J. A. and Taylor, J. M. G. (1989). Robust statistical
    modeling using the t distribution. JASA 84(408).
    """

    width = 3
    least_freedom = 2.1

    def transform(self, raw):
        """Make the scale positive and the degrees of freedom large enough."""
        freedom = softplus(raw[..., 2:]) + self.least_freedom
        return torch.cat([_with_positive_scale(raw[..., :2]), freedom], dim=-1)

    def affine(self, parameters, shift, scale):
        """Move the location, stretch it and the scale."""
        return _affine_law(parameters, shift, scale)

    def loss(self, parameters, target):
        """Negative log-likelihood."""
        location, scale, freedom = parameters.unbind(-1)
        standard = (target - location) / scale
        norm = (
            torch.lgamma(freedom / 2)
            - torch.lgamma((freedom + 1) / 2)
            + (freedom * math.pi).log() / 2
        )
        # Two large terms cancel above; their series keeps the digits.
        series = math.log(2 * math.pi) / 2 + 1 / (4 * freedom) - 1 / (24 * freedom**3)
        norm = torch.where(freedom < 50, norm, series)
        return (
            norm + scale.log() + (freedom + 1) / 2 * torch.log1p(standard**2 / freedom)
        )

    def std(self, parameters):
        """Standard deviations (n, k)."""
        _, scale, freedom = np.moveaxis(parameters, -1, 0)
        return scale * np.sqrt(freedom / (freedom - 2))

    def quantiles(self, parameters, levels):
        """Quantiles (n, k, n_levels) at any levels in (0, 1)."""
        location, scale, freedom = (parameters[..., i, None] for i in range(3))
        return stats.t.ppf(np.asarray(levels), freedom, location, scale)


def _with_positive_scale(raw):
    scale = softplus(raw[..., 1:]) + LEAST_SCALE
    return torch.cat([raw[..., :1], scale], dim=-1)


def _affine_law(parameters, shift, scale):
    location = parameters[..., :1] * scale[..., None] + shift[..., None]
    spread = parameters[..., 1:2] * scale[..., None]
    parts = [location, spread, parameters[..., 2:]]
    is_array = isinstance(parameters, np.ndarray)
    return np.concatenate(parts, axis=-1) if is_array else torch.cat(parts, dim=-1)
