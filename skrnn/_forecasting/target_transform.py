"""From series to what a network reads and learns, and from its outputs back.

A network forecasts what is left of a series when its level, its scale and, where they
help, its trend and its season have been taken off. All of it is local: to a window, or
to a series.
"""

from typing import NamedTuple

import numpy as np

from skrnn._forecasting.differencing import (
    differences,
    filled_forward,
    lag_polynomial,
    mean_of_known,
    without_outliers,
)
from skrnn._forecasting.local_windows import LocalWindows
from skrnn._forecasting.table import SeriesTable
from skrnn.windows._array import WindowedArray

__all__ = ["Prepared", "TargetTransform"]

# The scale of a window is not taken for smaller than this share of that of its series:
# a stretch without a change says little of the changes to come.
_LEAST_SHARE = 0.1


class Prepared(NamedTuple):
    """A table with all that windows are made of."""

    table: SeriesTable
    u: np.ndarray  # (R, k) targets without gaps, in units of their series, less effect
    effect: np.ndarray  # (R, k) what exogenous values add to them
    known: np.ndarray  # (R, k) which of them were observed
    z: np.ndarray  # (R, k) their differences
    start: np.ndarray  # (R,) first row of the series of each row


class TargetTransform:
    """How the targets of a forecast are made local.

    Parameters
    ----------
    log : ndarray of shape (k,) of bool
        The targets whose logarithm is forecast.
    difference, seasonal_difference : int
        How often each is taken: ``(1 - B)**d (1 - B**sp)**D`` [1]_.
    sp : int
        Rows of a season.
    scaling : {None, "series", "window"}
        What levels and scales belong to.

    References
    ----------
    .. [1] Box, G. E. P. and Jenkins, G. M. (1970). Time series analysis: forecasting
       and control.
    """

    def __init__(self, log, difference, seasonal_difference, sp, scaling):
        self.log, self.sp, self.scaling = log, sp, scaling
        self.difference, self.seasonal_difference = difference, seasonal_difference
        self.polynomial = lag_polynomial(difference, seasonal_difference, sp)
        self.is_shared = False  # whether errors count for other series too
        self.effect = None  # of exogenous values, where one is taken off
        self.floor = None  # (k,) what a logarithm is taken of at the least

    @property
    def lag(self):
        """Rows before another that its difference needs."""
        return len(self.polynomial) - 1

    def learn_moments(self, table):
        """Note, in a table, centre and scale of the series that lack them."""
        n_targets = table.y.shape[1]
        if table.moments is None:
            table.moments = np.full((len(table.keys), 2, n_targets), np.nan)
        new = np.flatnonzero(np.isnan(table.moments[:, 0, 0]))
        if not len(new):
            return
        table.moments = table.moments.copy()
        transformed = self._transformed(table.y)
        for code in new:
            rows = slice(table.begin[code], table.begin[code + 1])
            table.moments[code] = self._moments(transformed[rows])

    def _moments(self, values):
        n_targets = values.shape[1]
        if self.scaling is None:
            return np.zeros(n_targets), np.ones(n_targets)
        filled = filled_forward(values, np.zeros(len(values), dtype=np.int64))
        center = mean_of_known(filled)
        spread = np.sqrt(mean_of_known(without_outliers(filled - center) ** 2))
        if self.lag and len(values) > self.lag:
            changes = differences(filled, self.polynomial)[self.lag :]
            rms = np.sqrt(mean_of_known(without_outliers(changes) ** 2))
            spread = np.where(rms > 0, rms, spread)
        size = np.maximum(np.abs(center), np.finfo(float).tiny)
        return center, np.where(spread > 1e-9 * size, spread, 1.0)

    def prepare(self, table):
        """Transform, fill and difference the rows of a table."""
        start = np.repeat(table.begin[:-1], table.lengths)
        moments = np.repeat(table.moments, table.lengths, axis=0)  # (R, 2, k)
        center, scale = moments[:, 0], moments[:, 1]
        values = self._transformed(table.y)
        known = ~np.isnan(values)
        if not known.all():
            values = filled_forward(values, start)
        u = (values - center) / scale
        effect = np.zeros_like(u)
        if self.effect is not None:
            effect = self.effect.of(table, start)
            u = filled_forward(np.where(known, u - effect, np.nan), start)
        u[np.isnan(u)] = 0.0  # before the first observation
        z = differences(u, self.polynomial)
        z[np.arange(len(u)) - start < self.lag] = 0.0
        return Prepared(table, u, effect, known, z, start)

    def windows(self, prepared, features, origins, window_length, names):
        """Windows that end at some rows.

        Parameters
        ----------
        prepared : Prepared
            The table.
        features : ndarray of shape (n_rows, n_features)
            What the network reads of a row; its first `k` columns are ``prepared.z``.
        origins : Origins
            Newest row of each window.
        window_length : int
            Rows of a window.
        names : list of str
            Names of the features.

        Returns
        -------
        LocalWindows of shape (n, window_length, n_features)
        """
        rows, codes = origins
        begin = prepared.table.begin[codes] + self.lag
        length = np.clip(rows + 1 - begin, 0, window_length)
        stop = np.where(length > 0, rows + 1, 0)
        windows = WindowedArray(
            features, stop, length, window_length, feature_names=names, series=codes
        )
        return LocalWindows(windows, *self._local(prepared.z, stop, length))

    def _local(self, z, stop, length):
        """Level and scale (n, k) of the windows."""
        shape = (len(stop), z.shape[1])
        level, scale = np.zeros(shape), np.ones(shape)
        if self.scaling != "window":
            return level, scale
        count = np.maximum(length, 1)[:, None]
        mean = _sums(z, stop - length, stop) / count
        power = _sums(z * z, stop - length, stop) / count
        if not self.lag:
            level = mean
            # In units of their series these do not cancel badly.
            power = np.maximum(power - mean**2, 0.0)
        scale = np.sqrt(power + _LEAST_SHARE**2)
        empty = length == 0
        level[empty], scale[empty] = 0.0, 1.0
        return level, scale

    def error_scale(self, prepared, origins, windows):
        """What errors of forecasts are measured in: what a season leaves unexplained.

        Parameters
        ----------
        prepared : Prepared
            The table.
        origins : Origins
            Where the forecasts are made from.
        windows : LocalWindows of n windows
            The windows that end there.

        Returns
        -------
        ndarray of shape (n, k) of float64
            The root mean square change from season to season. Of windows of less than
            two seasons, of a series by itself, and where differences are taken or
            nothing is local to a window, the scale of the window.
        """
        if not self.is_shared or self.lag or self.sp < 2 or self.scaling != "window":
            return windows.scale
        count = np.maximum(windows.length - self.sp, 0)
        stop = np.where(count > 0, origins.rows + 1, 0)
        change = np.zeros_like(prepared.z)
        change[self.sp :] = prepared.z[self.sp :] - prepared.z[: -self.sp]
        power = _sums(change**2, stop - count, stop) / np.maximum(count, 1)[:, None]
        # Two errors make a change.
        scale = np.sqrt(power / 2 + (_LEAST_SHARE * windows.scale) ** 2)
        return np.where(count[:, None] >= self.sp, scale, windows.scale)

    def baseline(self, prepared, origins, windows, n_steps):
        """Forecasts if nothing changes any more.

        Parameters
        ----------
        prepared : Prepared
            The table.
        origins : Origins
            Where the forecasts are made from.
        windows : LocalWindows of n windows
            The windows that end there.
        n_steps : int
            Steps ahead.

        Returns
        -------
        ndarray of shape (n, n_steps, k) of float64
            In units of the series: the level where no difference is taken, else what
            differences of zero add up to.
        """
        if not self.lag:
            return np.repeat(windows.level[:, None], n_steps, axis=1)
        rows, codes = origins
        first = prepared.table.begin[codes]
        back = rows[:, None] - np.arange(self.lag - 1, -1, -1)  # (n, lag)
        path = np.empty((len(rows), self.lag + n_steps, prepared.u.shape[1]))
        path[:, : self.lag] = prepared.u[np.maximum(back, first[:, None])]
        path[rows < first, : self.lag] = 0.0
        used = [j for j, c in enumerate(self.polynomial) if c and j]
        for step in range(self.lag, self.lag + n_steps):
            path[:, step] = sum(-self.polynomial[j] * path[:, step - j] for j in used)
        return path[:, self.lag :]

    def effect_ahead(self, prepared, origins, steps):
        """What exogenous values add to forecasts (n, n_steps, k), in units of them."""
        last = prepared.table.begin[origins.codes + 1] - 1
        future = origins.rows[:, None] + steps
        return prepared.effect[np.minimum(future, last[:, None])]

    def to_units(self, u, codes, table):
        """Bring numbers (n, ..., k) in units of their series back to the user's."""
        center, scale = table.moments[codes, 0], table.moments[codes, 1]
        shape = (len(u), *(1,) * (u.ndim - 2), u.shape[-1])
        values = u * scale.reshape(shape) + center.reshape(shape)
        if self.log.any():
            with np.errstate(over="ignore"):
                values[..., self.log] = np.exp(values[..., self.log])
        return values

    def from_units(self, values, codes, table):
        """Bring targets (n, k) in the user's units to units of their series."""
        center, scale = table.moments[codes, 0], table.moments[codes, 1]
        return (self._transformed(values) - center) / scale

    def _transformed(self, y):
        if not self.log.any():
            return y
        y = y.copy()
        logged = y[:, self.log]
        if self.floor is None:
            least = np.fmin.reduce(logged, axis=0)
            self.floor = np.where(np.isnan(least), 1.0, least / 2)
        y[:, self.log] = np.log(np.maximum(logged, self.floor))
        return y


def _sums(values, begin, stop):
    """Sums (n, k) of runs of rows, each of its own rows alone to the last bit."""
    values = np.concatenate([values, np.zeros((1, values.shape[1]))])
    # Every second sum is of what lies between two runs.
    places = np.column_stack([begin, stop]).ravel()
    if not len(places):
        return np.zeros((0, values.shape[1]))
    return np.add.reduceat(values, places, axis=0)[::2]
