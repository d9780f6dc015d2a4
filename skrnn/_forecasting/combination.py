"""Forecasts of exponential smoothing and of networks, each as far as it counts."""

import copy

import numpy as np

from skrnn._forecasting.regressed_smoothing import RegressedSmoothing
from skrnn._forecasting.smoothed_past import SmoothedPast

__all__ = ["Combination"]


class Combination:
    """A weighted mean of smoothing and networks, step by step.

    It answers to all that `Forecasts` does.

    Parameters
    ----------
    networks : Forecasts
        The networks; untrained ones where they count for nothing.
    smoothing : Smoothing or None
        None where the networks are all there is.
    weight : ndarray of shape (n_steps, n_targets) of float64
        How much networks count for each of their steps, in [0, 1].
    """

    scales = None  # files of older versions have none

    def __init__(self, networks, smoothing, weight):
        self.networks, self.smoothing, self.weight = networks, smoothing, weight

    @property
    def has_networks(self):
        """Whether networks count for anything."""
        return bool(self.weight.any())

    @property
    def is_all_networks(self):
        """Whether nothing but networks counts."""
        return self.smoothing is None

    @property
    def of_future(self):
        """The same without what smoothing remembers of fit (Combination)."""
        other = copy.copy(self)
        if isinstance(self.smoothing, SmoothedPast | RegressedSmoothing):
            other.smoothing = self.smoothing.of_future
        return other

    # -- what is asked of networks ----------------------------------------------

    @property
    def models(self):
        return self.networks.models

    @property
    def design(self):
        return self.networks.design

    @property
    def transform(self):
        return self.networks.transform

    @property
    def steps(self):
        return self.networks.steps

    @property
    def known_after(self):
        return self.networks.known_after

    @property
    def n_awaited(self):
        return self.networks.n_awaited

    @property
    def groups(self):
        return self.networks.groups

    @property
    def loss(self):
        """The loss of the networks, None where they do not answer for all."""
        return self.networks.loss if self.is_all_networks else None

    def missing(self, steps):
        return self.networks.missing(steps)

    def gives_distributions(self, steps):
        return self.is_all_networks and self.networks.gives_distributions(steps)

    def knows_levels(self, levels):
        return self.networks.knows_levels(levels)

    def distributions(self, *arguments):
        return self.networks.distributions(*arguments)

    @property
    def n_before(self):
        """Rows that a forecast reads, its origin among them."""
        rows = self.networks.n_before
        return rows if self.smoothing is None else max(rows, self.smoothing.n_before)

    def trained_on(self, prepared, newer_than, n_epochs):
        """A copy whose networks have trained on; smoothing learns nothing."""
        if not self.has_networks:
            return self
        other = copy.copy(self)
        other.networks = self.networks.trained_on(prepared, newer_than, n_epochs)
        return other

    # -- forecasts --------------------------------------------------------------

    def predict(self, prepared, origins, steps):
        """Forecast from some rows; see `Forecasts.predict`."""
        if self.smoothing is None:
            return self.networks.predict(prepared, origins, steps)
        # A weight is learned from what is wrong in all, and short windows hardly show
        # how the size of changes moves: so errors are measured in units of the series.
        smooth = self.smoothing.predict(prepared, origins, steps)
        scale = self._error_scale(prepared.table.keys, origins.codes, smooth.shape[2])
        if not self.has_networks:
            self.networks.check(steps)
            return smooth, scale
        point, _ = self.networks.predict(prepared, origins, steps)
        place = np.minimum(np.searchsorted(self.steps, steps), len(self.steps) - 1)
        return smooth + self.weight[place] * (point - smooth), scale

    def _error_scale(self, keys, codes, n_targets):
        """What the errors of forecasts are measured in (n, n_targets)."""
        usual = np.ones(n_targets)
        if self.scales is None:
            return np.tile(usual, (len(codes), 1))
        each = np.array([self.scales.get(key, usual) for key in keys])
        return each[codes]
