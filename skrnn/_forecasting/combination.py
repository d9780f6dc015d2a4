"""Forecasts of exponential smoothing and of networks, each as far as it counts."""

import copy

import numpy as np

from skrnn._forecasting.regressed_smoothing import RegressedSmoothing, places_of
from skrnn._forecasting.smoothed_past import SmoothedPast

__all__ = ["Combination"]


class Combination:
    """A weighted mean of smoothing and networks, step by step.

    It answers to all that `Forecasts` does.

    Parameters
    ----------
    networks : Forecasts
        The networks; untrained ones where they count for nothing.
    smoothing : Smoothing, RegressedSmoothing or None
        None where the networks are all there is.
    weight : ndarray of shape (n_steps, n_targets) of float64
        How much networks count for each of their steps, in [0, 1].

    Attributes
    ----------
    keys : list or None
        Labels of the series of a panel with smoothing; None of others.
    error_scales : ndarray of shape (n_series, n_targets) of float64, or None
        How large their errors are beside those of all; None where none are known.
    """

    keys = error_scales = None  # files of older versions have none

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
        # how the size of changes moves: so errors are measured in units of the series,
        # and in a panel by how large they are beside those of others.
        smooth = self.smoothing.predict(prepared, origins, steps)
        scale = self._scale(prepared.table.keys, origins.codes, smooth.shape[2])
        if not self.has_networks:
            self.networks.check(steps)
            return smooth, scale
        point, _ = self.networks.predict(prepared, origins, steps)
        place = np.minimum(np.searchsorted(self.steps, steps), len(self.steps) - 1)
        return smooth + self.weight[place] * (point - smooth), scale

    def _scale(self, keys, codes, n_targets):
        """What errors of forecasts are measured in (n, n_targets)."""
        if self.error_scales is None:
            return np.ones((len(codes), n_targets))
        return self._scales_of(keys)[codes]

    def _scales_of(self, keys):
        """Sizes of the errors of these series (n_keys, n_targets), 1 of others."""
        places = places_of(keys, self.keys)[:, None]
        return np.where(places >= 0, self.error_scales[places[:, 0]], 1.0)

    def panel_parts(self, keys):
        """What is a series' own in a panel.

        Parameters
        ----------
        keys : list
            Labels of series.

        Returns
        -------
        ndarray of shape (n_keys, n_targets, 3) or None
            How much linear models count, which share of their coefficients is its own,
            and how large its errors are beside those of all. None of a single series
            and of networks alone.
        """
        if self.keys is None:
            return None
        n_targets = self.weight.shape[1]
        parts = np.zeros((len(keys), n_targets, 3))
        parts[..., 2] = self._scale(keys, np.arange(len(keys)), n_targets)
        if isinstance(self.smoothing, RegressedSmoothing):
            parts[..., :2] = self.smoothing.shares(keys)
        return parts
