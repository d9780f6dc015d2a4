"""A linear model beside the network, which then learns what is not linear.

Lai, G. et al. (2018). Modeling long- and short-term temporal patterns with deep neural
networks. SIGIR, arXiv:1703.07015. There the linear model is trained with the network;
here it is ridge regression in closed form, and stays.

It is own code although scikit-learn has RidgeCV: that needs the regressors of all
samples in memory, and here windows over a series of any length are read block by block.
A weight of two and a sample that is there twice are the same to the cross-validation,
which counts different samples, and weights in another unit change nothing. What is
missing counts for nothing, and not all regressors are penalised alike.
"""

import numpy as np
import torch
from torch import nn

from skrnn._kernels.rowwise import affine
from skrnn._preprocessing.distinct import count_distinct, keys_of, number_distinct
from skrnn._preprocessing.scaling import normalise

# Penalties that are tried, four a decade, beside the mean square of a regressor, which
# is 1. Series without noise want the smallest. Cross-validation chooses among them in
# every fit; that their range or number was tuned is not recorded.
_PENALTIES = torch.logspace(-6, 4, 41, dtype=torch.float64)
# How many times less the newest values are penalised: what is shrunk towards is a
# forecast from those alone, as levels that wander want it. It took the place of a
# choice between models with and without that level when docs/benchmarks/accuracy.py was
# written, on whose first group of tasks the defaults of RNNRegressor were chosen; no
# search for this number is kept.
_LIGHTER = 100.0
# As many rows as that for each column are decomposed at once: the triangle of those
# before is decomposed with them anew, which is then a fifth of the work, however small
# the blocks are.
_ROWS_PER_COLUMN = 4
_EPSILON = torch.finfo(torch.float64).eps


class LinearPath(nn.Module):
    """Targets from the newest steps of a sequence.

    Double precision, on the CPU. What is absent or missing contributes nothing, as if
    it were as usual.

    Parameters
    ----------
    n_steps, n_features, n_targets : int
        Newest steps that are read, their features, and targets of a sequence.
    is_code : sequence of bool, default=None
        Which features are codes, that count as missing; None means none.
    """

    def __init__(self, n_steps, n_features, n_targets, is_code=None):
        super().__init__()
        self._is_code = None if is_code is None else torch.tensor(is_code)
        self.n_steps, self.n_features = n_steps, n_features
        size = n_steps * n_features
        shapes = {"center": (size,), "weight": (n_targets, size), "bias": (n_targets,)}
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape, dtype=torch.float64))

    @property
    def reads_numbers(self):
        """Whether no feature is of codes (bool)."""
        return self._is_code is None

    @property
    def n_regressors(self):
        """How many numbers of a sequence targets are predicted from (int)."""
        return len(self.center)

    def forward(self, x, lengths, moments=None):
        """Predict targets.

        Parameters
        ----------
        x : Tensor of shape (N, L, F), any real dtype, on the CPU
            Right-padded sequences; NaN is missing.
        lengths : Tensor of shape (N,) of int64, or None
            Present steps of each; None where all L are present.
        moments : WindowMoments, default=None
            What is taken off the sequences first.

        Returns
        -------
        Tensor of shape (N, k) of float64
            Without a gradient the bits of a row do not depend on the other rows.
        """
        return self.predict(self.regressors(x, lengths, moments))

    def predict(self, regressors):
        """Predict targets (N, k) from regressors (N, S * F)."""
        return affine(self._centred(regressors), self.weight, self.bias)

    def regressors(self, x, lengths, moments=None):
        """What is regressed on, step by step and the newest step last.

        Of the newest step it is the newest value of each feature, of older ones the
        difference from that.

        Parameters
        ----------
        x, lengths, moments
            As for `forward`.

        Returns
        -------
        Tensor of shape (N, S * F) of float64
            NaN where there is none.
        """
        # By NumPy, whose operations take a third of the time of torch's on one sample.
        values, is_there = self._newest_steps(x, lengths)  # (N, S, F), (N, S) or None
        values = values.astype(np.float64)
        if moments is not None:
            values = normalise(torch.from_numpy(values), moments).numpy()
        if self._is_code is not None:
            values[:, :, self._is_code.numpy()] = np.nan
        missing = np.isnan(values)
        if is_there is not None:
            missing |= ~is_there[:, :, None]
        newest = values[:, -1].copy()
        if missing.any():
            values[missing] = np.nan
            rank = (~missing * np.arange(1, self.n_steps + 1)[:, None]).max(axis=1)
            # Where no step is known the first is NaN like the others.
            place = np.maximum(rank - 1, 0)[:, None]
            newest = np.take_along_axis(values, place, axis=1)[:, 0]
        values -= newest[:, None]
        values[:, -1] = newest
        return torch.from_numpy(values.reshape(len(values), -1))

    def _newest_steps(self, x, lengths):
        """The newest steps (N, S, F), and which of them there are (N, S); None: all."""
        x = x.numpy()
        n_samples, n_steps, n_features = x.shape
        if lengths is None:
            if n_steps >= self.n_steps:
                return x[:, n_steps - self.n_steps :], None
            lengths = np.full(n_samples, n_steps)
        if n_steps == 0:
            x = np.zeros((n_samples, 1, n_features))
        place = np.asarray(lengths)[:, None] + np.arange(-self.n_steps, 0)  # (N, S)
        chosen = np.maximum(place, 0)[:, :, None]
        return np.take_along_axis(x, chosen, axis=1), place >= 0

    def _centred(self, regressors):
        centred = regressors.numpy() - self.center.numpy()
        centred[np.isnan(centred)] = 0.0
        return torch.from_numpy(centred)

    def fit(self, blocks, center, target, weight):
        """Fit the weights.

        The penalty of each target is what generalised cross-validation chooses [1]_,
        from the samples alone. Units of features, targets and weights do not matter.
        With weights its number of samples is that of the different ones, as in
        smoothing splines with ties [2]_.

        Parameters
        ----------
        blocks : iterable of (rows, regressors)
            Consecutive row numbers (ndarray of shape (N,)) of the samples, and their
            regressors (Tensor of shape (N, S * F)).
        center : Tensor of shape (S * F,) of float64
            Means of the regressors, of `KnownMeans`.
        target : ndarray of shape (n_samples, n_targets) of float64
            Their targets.
        weight : ndarray of shape (n_samples,) of float64
            Their weights of `with_mean_one`.

        References
        ----------
        .. [1] Golub, G. H., Heath, M. and Wahba, G. (1979). Generalized
           cross-validation as a method for choosing a good ridge parameter.
           Technometrics 21(2).
        .. [2] Wahba, G. (1990). Spline models for observational data, chapter 4.
           SIAM.
        """
        keys = _Keys(target)
        counts = weight
        weight, target = torch.from_numpy(weight), torch.from_numpy(target)
        mass = weight.sum()
        self.center.copy_(center)
        self.bias.copy_(weight @ target / mass)
        target = target - self.bias
        # Of the rows only what QR leaves is kept: to add up squares instead would take
        # half of the digits where a law is exact or the samples are few.
        triangle = Triangle(self.n_regressors + target.shape[1])
        for rows, regressors in blocks:
            keys.add(rows, regressors)
            block = torch.cat([self._centred(regressors), target[rows]], dim=1)
            block *= weight[rows].sqrt()[:, None]
            triangle.add(block)
        triangle = triangle.result()
        columns = triangle[:, : self.n_regressors]
        target = triangle[:, self.n_regressors :]
        scale = columns.norm(dim=0) / mass.sqrt()
        scale = torch.where(scale > _EPSILON * self.center.abs(), scale, torch.inf)
        scale[-self.n_features :] /= _LIGHTER**0.5
        n_samples = keys.count(counts)
        self.weight.copy_(_ridge(columns / scale, target, mass, n_samples) / scale)


class Triangle:
    """The triangle of a QR decomposition of rows that come block by block.

    Parameters
    ----------
    n_columns : int
        Of the rows.
    """

    def __init__(self, n_columns):
        self._triangle = torch.zeros(0, n_columns, dtype=torch.float64)
        self._blocks, self._n_rows = [], 0

    def add(self, block):
        """Take in rows (N, n_columns), a tensor of float64."""
        self._blocks.append(block)
        self._n_rows += len(block)
        if self._n_rows >= _ROWS_PER_COLUMN * block.shape[1]:
            self._decompose()

    def result(self):
        """Return the triangle: n_columns rows, or as many as there were if fewer."""
        if self._blocks:
            self._decompose()
        return self._triangle

    def _decompose(self):
        rows = torch.cat([self._triangle, *self._blocks])
        self._triangle = torch.linalg.qr(rows, mode="r").R
        self._blocks, self._n_rows = [], 0


class KnownMeans:
    """Weighted means of regressors over what is known of them, block by block.

    Parameters
    ----------
    n_regressors : int
        How many there are.
    """

    def __init__(self, n_regressors):
        self._total, self._mass = torch.zeros(2, n_regressors, dtype=torch.float64)

    def add(self, regressors, weight):
        """Learn from regressors (N, S * F) and weights (N,), both tensors."""
        seen = ~regressors.isnan()
        self._total += weight @ regressors.masked_fill(~seen, 0.0)
        self._mass += weight @ seen.to(torch.float64)

    def result(self):
        """Return the means (S * F,); zero of what nothing is known of."""
        return self._total / torch.where(self._mass > 0, self._mass, 1.0)


def with_mean_one(weight, n_samples):
    """Weights whose unit does not matter.

    Parameters
    ----------
    weight : ndarray of shape (n_samples,) of float64, or None
        As given; None means 1 each.
    n_samples : int
        How many samples there are.

    Returns
    -------
    ndarray of shape (n_samples,) of float64
    """
    if weight is None:
        return np.ones(n_samples)
    return weight * (n_samples / weight.sum())


class _Keys:
    """Tell which samples have the same regressors and targets.

    Parameters
    ----------
    target : ndarray of shape (n_samples, n_targets)
        Where they differ regressors need not be looked at.
    """

    def __init__(self, target):
        self._keys = keys_of(target)
        _, number, times = np.unique(
            self._keys, return_inverse=True, return_counts=True
        )
        self._is_open = times[number] > 1

    def add(self, rows, regressors):
        """See the regressors (N, S * F) of some rows (N,)."""
        is_open = self._is_open[rows]
        if is_open.any():
            some = rows[is_open]
            self._keys[some] = keys_of(regressors.numpy()[is_open], self._keys[some])

    def count(self, weight):
        """Count different samples, by the weights (n_samples,) of all."""
        return count_distinct(np.bincount(number_distinct(self._keys)[1], weight))


def _ridge(columns, target, mass, n_samples):
    """Weights (k, S * F) of ridge regression with the best penalties."""
    left, values, right = torch.linalg.svd(columns, full_matrices=False)
    rotated = left.T @ target  # (S * F, k), fewer rows if there are fewer samples
    outside = (target - left @ rotated).square().sum(dim=0)  # (k,)
    penalty = _best_penalty(values**2, rotated, outside, mass, n_samples)  # (k,)
    shrunk = values[:, None] / (values[:, None] ** 2 + penalty)
    return (right.T @ (shrunk * rotated)).T


def _best_penalty(values, rotated, outside, mass, n_samples):
    """Penalty (k,) of each target with the least criterion."""
    penalties = (_PENALTIES * mass)[:, None]  # (P, 1)
    kept = values / (values + penalties)  # (P, S * F)
    freedom = 1 + kept.sum(dim=1)  # (P,)
    power = outside + rotated.square().sum(dim=0)
    rest = outside + (1 - kept) ** 2 @ rotated**2  # (P, k)
    rest = torch.maximum(rest, _EPSILON * power)
    spare = (1 - freedom / n_samples).clamp(min=1e-9)[:, None]
    best = (rest / spare**2).argmin(dim=0)
    return penalties[best, 0]
