"""Differences of rows, and what is done about gaps and outliers in them."""

from typing import NamedTuple

import numpy as np

__all__ = [
    "Differencing",
    "differences",
    "filled_forward",
    "mean_of_known",
    "without_outliers",
]

# Beyond so many times what is usual, a number is an accident. A normal variable gets
# there never (ten times its 95 % quantile are twenty deviations), Student's t of three
# degrees of freedom once in ten thousand times. Set by hand, not searched for.
_GROSS = 10
# An outlier is part of the 95 % quantile of so few numbers, or nearly, once differences
# are taken; so many times what the smaller ones do not exceed, that shows.
_FEW, _MOST_OF_FEW, _ABSURD = 60, 0.75, 2.0**20


class Differencing(NamedTuple):
    """How often differences are taken: ``(1 - B)**d (1 - B**sp)**D`` [1]_.

    References
    ----------
    .. [1] Box, G. E. P. and Jenkins, G. M. (1970). Time series analysis: forecasting
       and control.
    """

    difference: int
    seasonal_difference: int
    sp: int  # rows of a season

    @property
    def lag(self):
        """Rows before another that its difference needs."""
        return self.difference + self.seasonal_difference * self.sp

    @property
    def polynomial(self):
        """Coefficients by lag, ndarray of shape (lag + 1,)."""
        polynomial = np.ones(1)
        for _ in range(self.difference):
            polynomial = np.convolve(polynomial, [1.0, -1.0])
        season = [1.0, *np.zeros(self.sp - 1), -1.0]
        for _ in range(self.seasonal_difference):
            polynomial = np.convolve(polynomial, season)
        return polynomial


def mean_of_known(values):
    """Mean (..., k) of the rows (..., n, k) that are not NaN; 0 where none is."""
    seen = ~np.isnan(values)
    total = np.where(seen, values, 0.0).sum(axis=-2)
    return total / np.maximum(seen.sum(axis=-2), 1)


def differences(values, polynomial):
    """Take differences of rows.

    Parameters
    ----------
    values : ndarray of shape (..., n_rows, n_columns) of float64
        Rows, one after the other.
    polynomial : ndarray of float64
        Coefficients, by lag.

    Returns
    -------
    ndarray of shape (..., n_rows, n_columns)
        As if the first row had always been there before.
    """
    here, found = np.arange(values.shape[-2]), np.zeros_like(values)
    for lag in np.flatnonzero(polynomial):
        found += polynomial[lag] * values[..., np.maximum(here - lag, 0), :]
    return found


def without_outliers(values):
    """Bring gross outliers nearer, so that they do not count for all the rest.

    Parameters
    ----------
    values : ndarray of shape (..., n, n_columns) of float64
        Deviations from something; NaN is left alone.

    Returns
    -------
    ndarray of shape (..., n, n_columns)
        Clipped, column by column, at ten times the size that 95 % do not exceed, unless
        those are all zero.
    """
    if values.shape[-2] < 2:
        return values
    sizes = np.abs(values)
    missing = np.isnan(sizes)
    if missing.any():
        sizes = np.where(missing.all(axis=-2, keepdims=True), 0.0, sizes)
    # The same number, in half the time where nothing is missing.
    quantile = np.nanquantile if np.isnan(sizes).any() else np.quantile
    usual = quantile(sizes, 0.95, axis=-2, keepdims=True)
    if values.shape[-2] <= _FEW:
        most = quantile(sizes, _MOST_OF_FEW, axis=-2, keepdims=True, method="lower")
        usual = _of_few(most, usual)
    most = np.where(usual > 0, _GROSS * usual, np.inf)
    return np.clip(values, -most, most)


def _of_few(most, usual):
    """What is usual of a few numbers: not their 95 % quantile if that is absurd.

    An outlier, or what it makes of several differences, is part of that quantile.
    """
    return np.where((most > 0) & (usual > _ABSURD * most), most, usual)


def filled_forward(values, start, before=np.nan):
    """Carry the newest observation forward, within each series.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns) of float64
        Rows; NaN where nothing was observed.
    start : ndarray of shape (n_rows,) of int64
        First row of the series of each row.
    before : float or ndarray of shape (n_columns,), default=NaN
        What stands before the first observation.

    Returns
    -------
    ndarray of shape (n_rows, n_columns)
    """
    here = np.arange(len(values))[:, None]
    seen = np.where(np.isnan(values), -1, here)
    newest = np.maximum.accumulate(seen, axis=0)
    inside = newest >= start[:, None]
    filled = np.take_along_axis(values, np.maximum(newest, 0), axis=0)
    return np.where(inside, filled, before)
