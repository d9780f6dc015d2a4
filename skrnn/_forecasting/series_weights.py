"""How much one of two forecasts counts for each series of a panel."""

import numpy as np

from skrnn._forecasting.network_weight import PRIOR_VARIANCE, doubt_of_many, long_run

__all__ = ["WEIGHTS", "relative_size", "series_weights"]

# Weights that are tried for the typical series.
WEIGHTS = np.array([0.0, 0.05, 0.1, 0.15, *np.arange(2, 11) / 10])
# Variance of a series' weight about that of the typical one, before any error of it is
# known. Chosen on the first M competition and generated panels, among .02, .04 and .1,
# between which errors differ by a hundredth.
_OWN_VARIANCE = 0.04
# Errors of a series do not fall below this share of what they were: it is luck.
_LEAST_SHARE = 1e-3


def relative_size(error, before):
    """How large errors are beside others, in the geometric mean over all series.

    Unlike squares, that tells what becomes of the typical series: of many, a few with
    large errors hide all others.

    Parameters
    ----------
    error, before : ndarray of shape (n_series, n_origins, n_steps)
        Both errors; zero where unknown.

    Returns
    -------
    float
        Of mean absolute errors; 1 where there are none.
    """
    size, usual = (np.abs(e).sum(axis=(1, 2)) for e in (error, before))
    has_errors = usual > 0
    if not has_errors.any():
        return 1.0
    ratio = size[has_errors] / usual[has_errors]
    return float(np.exp(np.log(np.maximum(ratio, _LEAST_SHARE)).mean()))


def series_weights(error, apart, n_overlapping):
    """Weights of forecasts that differ, from the errors of those they stand beside.

    That of the typical series is the one by which errors fall the most, as
    `relative_size` has it; where they do not fall, nobody has one. To it each series'
    own, a regression of the errors on the differences [1]_, is held by how little its
    errors tell [2]_.

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
    sizes = [relative_size(error - weight * apart, error) for weight in WEIGHTS]
    usual = float(WEIGHTS[int(np.argmin(sizes))])
    if not usual:
        return np.zeros(len(error)), 0.0
    size = np.sum(apart * apart, axis=(1, 2))
    slope = np.sum(apart * (error - usual * apart), axis=2)  # (S, T)
    noise = np.maximum(*long_run(slope, n_overlapping))
    doubt = max(noise.sum(), doubt_of_many(slope, n_overlapping)) / size.sum() ** 2
    usual *= PRIOR_VARIANCE / (PRIOR_VARIANCE + doubt)
    tells = size > 0
    each = np.where(tells, size, 1.0)
    own = np.sum(apart * error, axis=(1, 2)) / each
    # What so few errors of a series say of their own noise would be a guess: it is
    # what most series have.
    doubt = np.median((noise / each)[tells]) / each
    share = np.where(tells, _OWN_VARIANCE / (_OWN_VARIANCE + doubt), 0.0)
    return np.clip(usual + share * (own - usual), 0.0, 1.0), float(usual)
