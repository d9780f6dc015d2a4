"""Smoothing of the series of a fit from all of their rows, in one pass."""

from functools import cached_property

import numpy as np

from skrnn._forecasting.table import Origins, numbered

__all__ = ["SmoothedPast"]

# Numbers that forecasts from all rows of fit may have, to be kept during it.
_MOST_KEPT = 20_000_000


class SmoothedPast:
    """Smoothing of a table from all of its rows, in one pass; answers as `Smoothing`.

    Parameters
    ----------
    smoothing : Smoothing
        What to forecast by.
    prepared : Prepared
        The series of fit.
    steps : ndarray of int64
        All steps ahead that are to be asked for, rising.
    """

    def __init__(self, smoothing, prepared, steps):
        self.smoothing, self.prepared, self.steps = smoothing, prepared, steps
        n_numbers = prepared.u.size * len(steps)
        self._is_kept = n_numbers <= _MOST_KEPT

    @property
    def n_before(self):
        return self.smoothing.n_before

    @property
    def of_future(self):
        """What forecasts without remembering anything (Smoothing)."""
        return self.smoothing

    @cached_property
    def _all(self):
        codes = self.prepared.table.codes
        origins = Origins(np.arange(len(codes)), codes)
        return self.smoothing.predict(self.prepared, origins, self.steps)

    def of_part(self, prepared, codes):
        """The same for some of the series (SmoothedPast).

        Parameters
        ----------
        prepared : Prepared
            Those of the numbers `codes` (ndarray of int64), in this order.
        """
        part = SmoothedPast(self.smoothing, prepared, self.steps)
        if self._is_kept:
            series, number = numbered(prepared.table.lengths)
            part._all = self._all[self.prepared.table.begin[codes][series] + number]
        return part

    def predict(self, prepared, origins, steps):
        """Forecast from some rows; see `Smoothing.predict`."""
        is_known = prepared is self.prepared and np.isin(steps, self.steps).all()
        if not (self._is_kept and is_known):
            return self.smoothing.predict(prepared, origins, steps)
        path = self._all[np.maximum(origins.rows, 0)][:, np.isin(self.steps, steps)]
        before = np.flatnonzero(origins.rows < prepared.table.begin[origins.codes])
        if len(before):
            none = Origins(origins.rows[before], origins.codes[before])
            path[before] = self.smoothing.predict(prepared, none, steps)
        return path
