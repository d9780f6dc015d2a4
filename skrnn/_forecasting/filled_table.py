"""The targets of a table without gaps, and the centre and scale of each series."""

from functools import cached_property

import numpy as np

from skrnn._forecasting.differencing import (
    differences,
    filled_forward,
    mean_of_known,
    without_outliers,
)

__all__ = ["FilledTable", "log_floor", "logged", "series_moments"]

# A scale of less than this share of the centre is what rounding leaves of a constant.
_LEAST_SPREAD = 1e-9
# Of so few rows an outlier moves the mean so far that nothing shows that it is one.
_FEW_ROWS = 60


class FilledTable:
    """The targets of a table, their logarithm where it is forecast, filled forward.

    All that is tried before it is known what to do about trend and season begins here,
    so that the table is read once.

    Parameters
    ----------
    table : SeriesTable
        The series.
    log : ndarray of shape (n_targets,) of bool
        Targets to take the logarithm of.
    floor : ndarray of shape (n_targets,) of float64, default=None
        What a logarithm is taken of at the least; None learns it from the table.

    Attributes
    ----------
    values : ndarray of shape (n_rows, n_targets) of float64
        NaN before the first observation alone.
    known : ndarray of shape (n_rows, n_targets) of bool
        Which of them were observed.
    start : ndarray of shape (n_rows,) of int64
        First row of the series of each row.
    """

    def __init__(self, table, log, floor=None):
        self.table, self.log = table, log
        self._scales = {}
        self._near = {}  # series of which some outliers were brought nearer
        self.floor = log_floor(table.y) if floor is None else floor
        self.start = np.repeat(table.begin[:-1], table.lengths)
        self.values = logged(table.y, log, self.floor)
        self.known = ~np.isnan(self.values)
        if not self.known.all():
            self.values = filled_forward(self.values, self.start)

    def of_series(self, code):
        """Values (n_rows, n_targets) of one series."""
        begin = self.table.begin
        return self.values[begin[code] : begin[code + 1]]

    @cached_property
    def alike(self):
        """Series of equal lengths: pairs of their numbers and values (S, n_rows, k)."""
        lengths, begin = self.table.lengths, self.table.begin
        # Of those with missing values before the first, each by itself: quantiles of
        # what is not missing are computed one by one in any case.
        is_whole = ~np.isnan(self.values[np.minimum(begin[:-1], len(self.values) - 1)])
        is_whole = is_whole.all(axis=1)
        found = [np.array([code]) for code in np.flatnonzero(~is_whole)]
        order = np.flatnonzero(is_whole)
        order = order[np.argsort(lengths[order], kind="stable")]
        if len(order):
            found += np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1)
        return [
            (codes, self.values[begin[codes][:, None] + np.arange(lengths[codes[0]])])
            for codes in found
        ]

    @cached_property
    def spreads(self):
        """Mean, and root mean square about it, of each series (n_series, 2, k)."""
        moments = np.empty((len(self.table.keys), 2, self.values.shape[1]))
        for codes, values in self.alike:
            center = mean_of_known(values)
            away = values - center[:, None]
            near = without_outliers(away)
            unequal = (near != away) & ~np.isnan(away)
            doubtful = unequal.any(axis=(1, 2)) | (values.shape[1] <= _FEW_ROWS)
            if doubtful.any():
                robust = _center_without_outliers(values[doubtful], center[doubtful])
                is_off = robust != center[doubtful]
                center[doubtful] = robust
                changed = np.flatnonzero(doubtful)[is_off.any(axis=1)]
                is_off = is_off[is_off.any(axis=1)]
                middle = center[changed, None]
                near[changed] = without_outliers(values[changed] - middle)
                for i, off in zip(changed, is_off, strict=True):
                    self._near[codes[i]] = np.where(off, center[i] + near[i], values[i])
            moments[codes] = np.stack([center, np.sqrt(mean_of_known(near**2))], axis=1)
        return moments

    def scales(self, differencing):
        """Root mean square of the differences of each series (n_series, k).

        That of the series about its mean where no difference is taken, is there, or is
        not zero. Computed once for each sort of differences.
        """
        if differencing not in self._scales:
            lag, polynomial = differencing.lag, differencing.polynomial
            scales = self.spreads[:, 1].copy()
            for codes, values in self.alike if lag else ():
                if values.shape[1] <= lag:
                    continue
                robust = [i for i, code in enumerate(codes) if code in self._near]
                if robust:
                    values = values.copy()
                    values[robust] = [self._near[codes[i]] for i in robust]
                changes = differences(values, polynomial)[:, lag:]
                size = np.sqrt(mean_of_known(without_outliers(changes) ** 2))
                scales[codes] = np.where(size > 0, size, scales[codes])
            self._scales[differencing] = scales
        return self._scales[differencing]


def _center_without_outliers(values, mean):
    """Centre (S, k) of rows (S, n, k): their mean unless outliers put it far off most.

    Then it is the mean of the rows with those outliers brought nearer.
    """
    missing = np.isnan(values)
    if missing.any():
        seen = ~missing.all(axis=1)
        middle = np.nanmedian(np.where(seen[:, None], values, 0.0), axis=1)
    else:
        seen, middle = True, np.median(values, axis=1)
    near = without_outliers(values - middle[:, None])
    robust = middle + mean_of_known(near)
    # Beyond all that was not clipped no mean of most rows lies.
    reach = np.fmax.reduce(np.abs(near), axis=1, initial=0.0)
    return np.where((np.abs(mean - middle) > reach) & seen, robust, mean)


def log_floor(y):
    """Half of the smallest of each target (k,), for logarithms of what is to come."""
    least = np.fmin.reduce(y, axis=0)
    return np.where(np.isnan(least), 1.0, least / 2)


def logged(y, log, floor):
    """Targets (n, k), the logarithm of some of them."""
    if not log.any():
        return y
    y = y.copy()
    y[:, log] = np.log(np.maximum(y[:, log], floor[log]))
    return y


def series_moments(filled, differencing, scaling):
    """Centre and scale of each series.

    Parameters
    ----------
    filled : FilledTable
        The series.
    differencing : Differencing
        What is taken of them; the scale is that of the differences.
    scaling : {None, "series", "window"}
        With None there is neither.

    Returns
    -------
    ndarray of shape (n_series, 2, n_targets) of float64
    """
    if scaling is None:
        shape = len(filled.table.keys), filled.values.shape[1]
        return np.stack([np.zeros(shape), np.ones(shape)], axis=1)
    center, scale = filled.spreads[:, 0], filled.scales(differencing)
    size = np.maximum(np.abs(center), np.finfo(float).tiny)
    return np.stack(
        [center, np.where(scale > _LEAST_SPREAD * size, scale, 1.0)], axis=1
    )
