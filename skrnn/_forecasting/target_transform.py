"""From series to what a network reads and learns, and from its outputs back.

A network forecasts what is left of a series when its level, its scale and, where they
help, its trend and its season have been taken off. All of it is local: to a window, or
to a series.
"""

from typing import NamedTuple

import numpy as np

from skrnn._forecasting.differencing import differences, filled_forward
from skrnn._forecasting.exogenous import LinearEffect
from skrnn._forecasting.filled_table import FilledTable, logged, series_moments
from skrnn._forecasting.local_windows import LocalWindows
from skrnn._forecasting.table import SeriesTable, numbered
from skrnn.windows._array import WindowedArray

__all__ = ["Prepared", "TargetTransform"]

# The scale of a window is not taken for smaller than this share of that of its series:
# a stretch without a change says little of the changes to come. Set by hand.
_LEAST_SHARE = 0.1


class Prepared(NamedTuple):
    """A table with all that windows are made of."""

    table: SeriesTable  # with the moments of all its series
    u: np.ndarray  # (R, k) targets without gaps, in units of their series, less effect
    effect: np.ndarray  # (R, k) what exogenous values add to them
    known: np.ndarray  # (R, k) which of them were observed
    z: np.ndarray  # (R, k) their differences
    start: np.ndarray  # (R,) first row of the series of each row

    def until(self, last):
        """The same series up to these steps (ndarray of shape (n_series,))."""
        if (last >= self.table.last).all():
            return self
        table = self.table.until(last)
        # No row depends on a later one.
        place = self.table.positions(table.codes, table.ordinals)
        rows = (part[place] for part in self[1:5])
        return Prepared(table, *rows, np.repeat(table.begin[:-1], table.lengths))

    def chosen(self, codes):
        """The series of these numbers (ndarray of int64), in this order."""
        table = self.table.chosen(codes)
        series, number = numbered(table.lengths)
        place = self.table.begin[codes][series] + number
        rows = (part[place] for part in self[1:5])
        return Prepared(table, *rows, np.repeat(table.begin[:-1], table.lengths))


class TargetTransform:
    """How the targets of a forecast are made local; made by `fit`, never changed.

    Parameters
    ----------
    log : ndarray of shape (k,) of bool
        The targets whose logarithm is forecast.
    floor : ndarray of shape (k,) of float64
        What a logarithm is taken of at the least.
    differencing : Differencing
        The differences that are taken.
    scaling : {None, "series", "window"}
        What levels and scales belong to.
    is_shared : bool
        Whether the errors of a series count for others too.
    effect : LinearEffect or None
        Of exogenous values, where one is taken off.
    """

    def __init__(self, log, floor, differencing, scaling, is_shared, effect):
        self.log, self.floor, self.scaling = log, floor, scaling
        self.differencing, self.polynomial = differencing, differencing.polynomial
        self.is_shared, self.effect = is_shared, effect

    @classmethod
    def fit(cls, filled, differencing, scaling, is_future=None):
        """Learn the centre and scale of each series, and the effect of X on them.

        Parameters
        ----------
        filled : FilledTable
            The series of fit.
        differencing : Differencing
            The differences to take.
        scaling : {None, "series", "window"}
            What levels and scales belong to.
        is_future : ndarray of shape (n_exogenous,) of bool, default=None
            The columns of X whose future is known, and with it their effect; None
            looks for none.

        Returns
        -------
        transform : TargetTransform
        prepared : Prepared
            The table of fit, so that nobody needs to prepare it again.
        """
        moments = series_moments(filled, differencing, scaling)
        u, effect = _in_units(filled, moments), None
        if is_future is not None:
            polynomial = differencing.polynomial
            x, known = filled.table.x, filled.known
            effect = LinearEffect.fit(x, u, known, filled.start, polynomial, is_future)
        is_shared = len(moments) > 1
        own = filled.log, filled.floor, differencing, scaling, is_shared, effect
        transform = cls(*own)
        return transform, transform._prepared(filled, moments, u)

    @property
    def lag(self):
        """Rows before another that its difference needs."""
        return self.differencing.lag

    def with_moments(self, table):
        """The table, with the centre and scale of the series that lack them."""
        if table.moments is not None and not np.isnan(table.moments[:, 0, 0]).any():
            return table
        filled = FilledTable(table, self.log, self.floor)
        return table.with_moments(self._moments(filled))

    def _moments(self, filled):
        """Centres and scales as the table has them, else as its rows do."""
        moments = filled.table.moments
        if moments is None:
            return series_moments(filled, self.differencing, self.scaling)
        new = np.isnan(moments[:, 0, 0])
        if not new.any():
            return moments
        moments = moments.copy()
        lacking = FilledTable(
            filled.table.chosen(np.flatnonzero(new)), self.log, self.floor
        )
        moments[new] = series_moments(lacking, self.differencing, self.scaling)
        return moments

    def prepare(self, table):
        """Transform, fill and difference the rows of a table (Prepared)."""
        filled = FilledTable(table, self.log, self.floor)
        moments = self._moments(filled)
        return self._prepared(filled, moments, _in_units(filled, moments))

    def _prepared(self, filled, moments, u):
        table, known, start = filled.table, filled.known, filled.start
        effect = np.zeros_like(u)
        if self.effect is not None:
            effect = self.effect.of(table.x, start)
            u = filled_forward(np.where(known, u - effect, np.nan), start)
            u[np.isnan(u)] = 0.0  # before the first observation
        z = differences(u, self.polynomial)
        z[np.arange(len(u)) - start < self.lag] = 0.0
        return Prepared(table.with_moments(moments), u, effect, known, z, start)

    def windows(
        self, prepared, features, origins, window_length, names, is_padded=False
    ):
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
        is_padded : bool, default=False
            As for `LocalWindows`.

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
        level, scale = self._local(prepared.z, stop, length)
        return LocalWindows(windows, level, scale, is_padded)

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
        sp = self.differencing.sp
        if not self.is_shared or self.lag or sp < 2 or self.scaling != "window":
            return windows.scale
        count = np.maximum(windows.length - sp, 0)
        stop = np.where(count > 0, origins.rows + 1, 0)
        change = np.zeros_like(prepared.z)
        change[sp:] = prepared.z[sp:] - prepared.z[:-sp]
        power = _sums(change**2, stop - count, stop) / np.maximum(count, 1)[:, None]
        # Two errors make a change.
        scale = np.sqrt(power / 2 + (_LEAST_SHARE * windows.scale) ** 2)
        return np.where(count[:, None] >= sp, scale, windows.scale)

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
        return (logged(values, self.log, self.floor) - center) / scale


def _in_units(filled, moments):
    """Targets (R, k) in units of their series, 0 before the first observation."""
    center, scale = np.moveaxis(np.repeat(moments, filled.table.lengths, axis=0), 1, 0)
    u = (filled.values - center) / scale
    u[np.isnan(u)] = 0.0
    return u


def _sums(values, begin, stop):
    """Sums (n, k) of runs of rows, each of its own rows alone to the last bit."""
    sums = np.zeros((len(begin), values.shape[1]))
    some = np.flatnonzero(stop > begin)
    if (np.diff(begin[some]) < 0).any():
        some = some[np.argsort(begin[some], kind="stable")]
    # Every second sum is of what lies between two runs: of runs that come in their
    # order no row is in two of these.
    places = np.column_stack([begin[some], stop[some]]).ravel()
    if len(places):
        values = np.concatenate([values, np.zeros((1, values.shape[1]))])
        sums[some] = np.add.reduceat(values, places, axis=0)[::2]
    return sums
