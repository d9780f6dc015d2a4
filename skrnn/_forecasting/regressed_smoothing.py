"""Smoothing of the series of a panel, with a linear model of each beside it."""

import copy

import numpy as np

__all__ = ["RegressedSmoothing"]


class RegressedSmoothing:
    """A weighted mean of smoothing and linear models; answers as `Smoothing`.

    Parameters
    ----------
    smoothing : Smoothing or SmoothedPast
        What linear models stand beside.
    lags : Lags
        What they read and forecast.
    models : list of TargetModel
        Those of each target.
    """

    def __init__(self, smoothing, lags, models):
        self.smoothing, self.lags, self.models = smoothing, lags, models

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

    def predict(self, prepared, origins, steps):
        """Forecast from some rows; see `Smoothing.predict`.

        Beyond the steps that were learned, linear models differ from smoothing as they
        do at the last of these.
        """
        smooth = self.smoothing.predict(prepared, origins, steps)
        if not len(smooth):
            return smooth
        known, keys = self.lags.steps, prepared.table.keys
        place = np.minimum(np.searchsorted(known, steps), len(known) - 1)
        path = smooth
        is_later = steps > known[-1]
        if is_later.any():
            path = self.smoothing.predict(prepared, origins, known)[:, place]
        effect = self.lags.transform.effect_ahead(prepared, origins, known[place])
        for target, model in enumerate(self.models):
            view = self.lags.views(prepared, origins, target)
            found = model.path(view, keys, origins.codes, place)
            weight = model.weights(keys)[origins.codes] * view.is_enough
            apart = found + effect[..., target] - path[..., target]
            smooth[..., target] += weight[:, None] * apart
        return smooth
