"""How a baseline is found in training samples, read one block after the other."""

from typing import NamedTuple

import numpy as np
import torch

from skrnn._preprocessing.linear_path import KnownMeans, with_mean_one
from skrnn._preprocessing.scaling import WindowMoments
from skrnn._units import times_power_of_two


class View(NamedTuple):
    """What a baseline is found from, of a block of samples."""

    rows: np.ndarray  # (N,), consecutive
    regressors: torch.Tensor | None  # (N, S * F), of the linear path
    moments: WindowMoments | None


class BaselineFit:
    """Fits a baseline: first what can be summed block by block, then the ridge.

    Parameters
    ----------
    baseline : Baseline
        What is fitted.
    target : ndarray of shape (n_samples, n_targets) of float64
        Targets of the samples.
    weight : ndarray of shape (n_samples,) or None
        Their weights.
    n_features : int
        Features of a step.
    """

    def __init__(self, baseline, target, weight, n_features):
        self._baseline = baseline
        self._target = target
        self._weight = with_mean_one(weight, len(target))
        self._means = None
        if baseline.linear_path is not None:
            self._means = KnownMeans(baseline.linear_path.n_regressors)
        self._errors = np.zeros((target.shape[1], n_features))

    @property
    def n_numbers(self):
        """How many numbers the views of all samples hold (int)."""
        path, n_features = self._baseline.linear_path, self._errors.shape[1]
        n_regressors = 0 if path is None else path.n_regressors
        return len(self._target) * (n_regressors + 2 * n_features)

    def view(self, rows, x, lengths, moments):
        """See a block of samples.

        Parameters
        ----------
        rows : ndarray of shape (N,)
            Their numbers.
        x : Tensor of shape (N, L, F) of float64
            Their sequences, less what instance normalisation takes off.
        lengths : Tensor of shape (N,) of int64, or None
            Present steps of each.
        moments : WindowMoments or None
            What was taken off.

        Returns
        -------
        View
        """
        path = self._baseline.linear_path
        return View(
            rows, None if path is None else path.regressors(x, lengths), moments
        )

    def add(self, view):
        """Learn from a `View` what needs to see each sample once."""
        rows = view.rows
        if self._means is not None:
            self._means.add(view.regressors, torch.from_numpy(self._weight[rows]))
        if self._baseline.has_level and self._errors.shape[1] > 1:
            level = view.moments.level.numpy()[:, None]  # (N, 1, F)
            level = times_power_of_two(level, self._baseline.units)  # or (N, k, F)
            difference = self._target[rows][:, :, None] - level  # (N, k, F)
            part = self._weight[rows][:, None, None]
            self._errors += (part * difference**2).sum(axis=0)

    def finish(self, views):
        """Fit the baseline.

        Parameters
        ----------
        views : callable
            Gives an iterator over the views of all samples, each time anew.

        Returns
        -------
        taken_off, spread : ndarray of shape (n_samples, n_targets) of float64
            What is taken off the targets of each sample, and what the rest is
            measured by.
        largest : ndarray of shape (n_targets,)
            The largest level among those that `taken_off` has been summed from.
        """
        baseline, path = self._baseline, self._baseline.linear_path
        # The feature whose level within the window comes nearest to a target.
        baseline.feature.copy_(torch.from_numpy(self._errors.argmin(axis=1)))
        level, spread = np.zeros(self._target.shape), np.ones(self._target.shape)
        if baseline.has_level:
            for view in views():
                level[view.rows] = baseline.level(view.moments).numpy()
                spread[view.rows] = baseline.spread(view.moments).numpy()
        largest = np.abs(level).max(axis=0, initial=0.0)
        if path is None:
            self._explain(level)
            return level, spread, largest
        # In one memory order, so that sums round alike whatever y has.
        rest = np.ascontiguousarray((self._target - level) / spread)
        blocks = ((view.rows, view.regressors) for view in views())
        path.fit(blocks, self._means.result(), rest, self._weight)
        taken_off = level
        for view in views():
            predicted = baseline.of(view.regressors, view.moments)
            taken_off[view.rows] = predicted.numpy()
        self._explain(taken_off)
        return taken_off, spread, largest

    def _explain(self, taken_off):
        """Note the share of the targets' variance that is taken off; for the user."""
        weight, target = self._weight[:, None], self._target
        mean = (weight * target).sum(axis=0) / self._weight.sum()
        whole = (weight * (target - mean) ** 2).sum(axis=0)
        left = (weight * (target - taken_off) ** 2).sum(axis=0)
        left = np.divide(left, whole, out=np.ones_like(whole), where=whole > 0)
        self._baseline.explained.copy_(torch.from_numpy(np.nan_to_num(1 - left)))
