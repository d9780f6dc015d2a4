"""Smoothing of the series of a panel, with a linear model of each beside it."""

import copy

import numpy as np

__all__ = ["RegressedSmoothing", "places_of"]


class RegressedSmoothing:
    """A weighted mean of smoothing and linear models; answers as `Smoothing`.

    Parameters
    ----------
    smoothing : Smoothing or SmoothedPast
        What linear models stand beside.
    lags : Lags
        What they read and forecast.
    keys : list
        Labels of the series of fit.
    models : list of TargetModel
        Those of each target.
    """

    def __init__(self, smoothing, lags, keys, models):
        self.smoothing, self.lags = smoothing, lags
        self.keys, self.models = keys, models

    @property
    def n_before(self):
        """Rows that a forecast reads at the most, its origin among them."""
        rows = self.lags.window_length + self.lags.transform.lag
        return max(rows, self.smoothing.n_before)

    @property
    def of_future(self):
        """The same without what smoothing remembers of fit."""
        return self._with(self.smoothing.of_future)

    def of_part(self, prepared, codes):
        """The same for some of the series; see `SmoothedPast.of_part`."""
        return self._with(self.smoothing.of_part(prepared, codes))

    def _with(self, smoothing):
        other = copy.copy(self)
        other.smoothing = smoothing
        return other

    def parts(self, prepared, origins):
        """How much each part of smoothing counts; see `Smoothing.parts`."""
        return self.smoothing.parts(prepared, origins)

    def shares(self, keys):
        """How much linear models count, and how much of each is a series' own.

        Parameters
        ----------
        keys : list
            Labels of series.

        Returns
        -------
        ndarray of shape (n_keys, n_targets, 2)
            In [0, 1].
        """
        places = places_of(keys, self.keys)
        each = [(m.weights(places), m.own_shares(places)) for m in self.models]
        return np.moveaxis(np.array(each), 2, 0)

    def predict(self, prepared, origins, steps):
        """Forecast from some rows; see `Smoothing.predict`.

        Beyond the steps that were learned, linear models differ from smoothing as they
        do at the last of these.
        """
        smooth = self.smoothing.predict(prepared, origins, steps)
        if not len(smooth):
            return smooth
        known, codes = self.lags.steps, origins.codes
        learned = np.minimum(np.searchsorted(known, steps), len(known) - 1)
        beside = smooth
        if steps[-1] > known[-1]:
            beside = self.smoothing.predict(prepared, origins, known)[:, learned]
        # Exogenous values add the same to both.
        effect = self.lags.transform.effect_ahead(prepared, origins, known[learned])
        places = places_of(prepared.table.keys, self.keys)
        path = smooth.copy()
        for target, model in enumerate(self.models):
            view = self.lags.views(prepared, origins, target)
            weight = model.weights(places)[codes] * view.is_enough
            found = model.path(view, places, codes, learned) + effect[..., target]
            path[..., target] += weight[:, None] * (found - beside[..., target])
        return path


def places_of(keys, known):
    """Find series by their labels.

    Parameters
    ----------
    keys : list
        Labels of series.
    known : list
        Labels among which they are looked for.

    Returns
    -------
    ndarray of shape (n_keys,) of int64
        Where each is; -1 where it is not there.
    """
    if keys == known:
        return np.arange(len(keys))
    there = {key: i for i, key in enumerate(known)}
    return np.array([there.get(key, -1) for key in keys], dtype=np.int64)
