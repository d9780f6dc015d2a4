"""How much one of two forecasts counts for each series of a panel."""

import numpy as np

from skrnn._forecasting.network_weight import PRIOR_VARIANCE, doubt_of_many, long_run

__all__ = ["series_weights"]

# Weights that are tried for the typical series.
_WEIGHTS = np.array([0.0, 0.05, 0.1, 0.15, *np.arange(2, 11) / 10])
# Errors of a series do not fall below this share of what they were: it is luck.
_LEAST_SHARE = 1e-3


def series_weights(error, apart, n_overlapping):
    """Weights of forecasts that differ, from the errors of those they stand beside.

    That of the typical series is the one by which the geometric mean, over all series,
    of the mean absolute error falls the most; where it does not fall, nobody has one.
    To it each series' own, a regression of the errors on the differences [1]_, is held
    by how little its errors tell [2]_.

    Parameters
    ----------
    error, apart : ndarray of shape (n_series, n_origins, n_steps)
        Errors of forecasts, and how far others are above these, in units in which all
        series and steps count alike; zero where unknown.
    n_overlapping : int
        Origins, one after the other, whose forecasts have times in common.

    Returns
    -------
    weight : ndarray of shape (n_series,) of float64
        In [0, 1].
    usual : float
        That of the typical series.

    References
    ----------
    .. [1] Bates, J. M. and Granger, C. W. J. (1969). The combination of forecasts.
    .. [2] Efron, B. and Morris, C. (1975). Data analysis using Stein's estimator and
       its generalizations.
    """
    n_series = len(error)
    size = np.sum(apart * apart, axis=(1, 2))
    usual = _usual(error, apart)
    if not usual:
        return np.zeros(n_series), 0.0
    slope = np.sum(apart * (error - usual * apart), axis=2)  # (S, T)
    alone, total = long_run(slope, n_overlapping)
    noise = np.maximum(total, alone).sum()
    doubt = max(noise, doubt_of_many(slope, n_overlapping)) / size.sum() ** 2
    usual *= PRIOR_VARIANCE / (PRIOR_VARIANCE + doubt)
    tells = size > 0
    each = np.where(tells, size, 1.0)
    own = np.sum(apart * error, axis=(1, 2)) / each
    # Of so few errors each series' own noise would be a guess: it is as all have it.
    doubt = noise / size.sum() / each
    share = np.where(tells, PRIOR_VARIANCE / (PRIOR_VARIANCE + doubt), 0.0)
    return np.clip(usual + share * (own - usual), 0.0, 1.0), float(usual)


def _usual(error, apart):
    """The weight (float) that makes the errors of the typical series least."""
    before = np.abs(error).sum(axis=(1, 2))
    has_errors = before > 0
    if not (has_errors.any() and apart.any()):
        return 0.0
    error, apart, before = error[has_errors], apart[has_errors], before[has_errors]
    sizes = []
    for weight in _WEIGHTS:
        after = np.abs(error - weight * apart).sum(axis=(1, 2))
        sizes.append(np.log(np.maximum(after / before, _LEAST_SHARE)).mean())
    return float(_WEIGHTS[int(np.argmin(sizes))])
