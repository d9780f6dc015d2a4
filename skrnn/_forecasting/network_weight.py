"""How much networks count beside exponential smoothing."""

import numpy as np

from skrnn._forecasting.differencing import without_outliers

__all__ = ["PRIOR_VARIANCE", "doubt_of_many", "learned_weight", "long_run"]

# Variance, about zero, of the weight that is expected before any error is known: a
# network has to show that it is worth something. Chosen on the first M competition, on
# hourly stretches of ETTh1 and on generated hours, between which .03 and .3 differ by
# one or two per cent.
PRIOR_VARIANCE = 0.1
# Of many series a weight of fewer standard errors than that is none, and so is one that
# takes less than such a share off the squared errors: to train networks on all of them
# costs more than it gives. Set by hand.
_SURE, _LEAST_GAIN = 2.0, 0.03


def learned_weight(smooth, network, n_overlapping):
    """Weight with which the errors of both would have been least, held near none.

    A regression, over all origins and steps at once, of the errors of smoothing on what
    networks differ from it [1]_. Its doubt is that of errors which overlap, and so
    depend on each other [2]_; as in ridge regression, it is held against how large a
    weight is expected to be. Of many series the errors of each, and those of one time,
    may depend on each other too [3]_, and a weight that is not sure to be worth its
    time is none.

    Parameters
    ----------
    smooth, network : ndarray of shape (n_series, n_origins, n_steps, n_targets)
        Errors of both; NaN where unknown.
    n_overlapping : int
        Origins, one after the other, whose forecasts have times in common.

    Returns
    -------
    ndarray of shape (n_targets,) of float64
        In [0, 1].

    References
    ----------
    .. [1] Bates, J. M. and Granger, C. W. J. (1969). The combination of forecasts.
    .. [2] Newey, W. K. and West, K. D. (1987). A simple, positive semi-definite,
       heteroskedasticity and autocorrelation consistent covariance matrix.
    .. [3] Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2011). Robust inference
       with multiway clustering.
    """
    difference = smooth - network
    weight = np.zeros(smooth.shape[3])
    for target in range(len(weight)):
        error, apart = _comparable(smooth, difference, target)
        size = np.sum(apart * apart)
        if not size > 0:
            continue
        best = np.sum(apart * error) / size
        # The slope of the squared error, of each origin (S, T).
        slope = np.sum(apart * (error - best * apart), axis=2)
        doubt = _long_run_sum(slope, n_overlapping) / size**2
        if len(slope) > 1:
            doubt = max(doubt, doubt_of_many(slope, n_overlapping) / size**2)
            gain = best * np.sum(apart * error) / np.sum(error * error)
            if best < _SURE * np.sqrt(doubt) or gain < _LEAST_GAIN:
                continue
        weight[target] = best * PRIOR_VARIANCE / (PRIOR_VARIANCE + doubt)
    return np.clip(weight, 0.0, 1.0)


def _comparable(smooth, difference, target):
    """Errors and differences (S, T, H), each step of one size; zero where unknown."""
    shape = smooth.shape[:3]
    error = smooth[..., target].reshape(-1, shape[2])
    apart = difference[..., target].reshape(-1, shape[2])
    known = ~np.isnan(apart)
    error, apart = without_outliers(error), without_outliers(apart)
    count = np.maximum(known.sum(axis=0), 1)
    size = np.sqrt(np.where(known, error**2, 0.0).sum(axis=0) / count)
    size = np.where(size > 0, size, 1.0)
    return tuple(
        np.where(known, part / size, 0.0).reshape(shape) for part in (error, apart)
    )


def doubt_of_many(slope, n_overlapping):
    """Sum of the products of slopes (S, T) of one series, or of about one time."""
    of_times = _long_run_sum(slope.sum(axis=0, keepdims=True), n_overlapping)
    return max(np.sum(slope.sum(axis=1) ** 2), of_times)


def _long_run_sum(slope, n_overlapping):
    """Sum of the products of slopes (S, T) that are near each other in time."""
    alone, total = long_run(slope, n_overlapping)
    return max(total.sum(), alone.sum())


def long_run(slope, n_overlapping):
    """Sums of the squares of slopes, and of the products of those near in time.

    Parameters
    ----------
    slope : ndarray of shape (n_series, n_origins)
        Zero where unknown.
    n_overlapping : int
        Origins, one after the other, that depend on each other.

    Returns
    -------
    alone, total : ndarray of shape (n_series,) of float64
    """
    alone = np.sum(slope * slope, axis=1)
    total = alone
    for lag in range(1, min(n_overlapping, slope.shape[1])):
        share = 1.0 - lag / n_overlapping
        products = slope[:, lag:] * slope[:, :-lag]
        total = total + 2 * share * np.sum(products, axis=1)
    return alone, total
