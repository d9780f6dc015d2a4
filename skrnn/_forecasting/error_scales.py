"""How large the errors of each series of a panel are, beside those of all.

Of a short series few errors are known, of a panel many: the variance of each series is
held near what is usual among all, the nearer the less it tells of itself.
"""

import numpy as np
from scipy.special import digamma, polygamma

__all__ = ["error_scales"]

# Newton's rounds for the inverse of the trigamma function, of which few are needed, and
# the prior's degrees of freedom at the most: then all series are alike.
_ROUNDS, _MOST_FREEDOM = 30, 1e6


def error_scales(errors, steps):
    """Standard deviation of the errors of each series, beside that of all.

    Variances of series are draws from a scaled inverse chi-square distribution, whose
    two numbers the logarithms of all variances tell [1]_; that of a series is the mean
    of its posterior. Errors of different steps are brought to one size first.

    Parameters
    ----------
    errors : ndarray of shape (n_series, n_origins, n_steps, n_targets)
        Truth less forecast, in units of the series; NaN where unknown.
    steps : ndarray of shape (n_steps,) of int64
        The steps ahead. Errors that far ahead overlap with as many others.

    Returns
    -------
    ndarray of shape (n_series, n_targets) of float64
        Their mean square is 1.

    References
    ----------
    .. [1] Smyth, G. K. (2004). Linear models and empirical Bayes methods for assessing
       differential expression in microarray experiments. Statistical Applications in
       Genetics and Molecular Biology 3(1).
    """
    known = ~np.isnan(errors)
    squares = np.where(known, errors, 0.0) ** 2
    count = known.sum(axis=1)  # (S, H, k)
    of_steps = squares.sum(axis=(0, 1)) / np.maximum(count.sum(axis=0), 1)  # (H, k)
    of_steps = np.where(of_steps > 0, of_steps, 1.0)
    apart = count / np.asarray(steps)[:, None]
    own = squares.sum(axis=1) / of_steps / np.maximum(count, 1)  # (S, H, k)
    mass = apart.sum(axis=1)  # (S, k)
    own = (apart * own).sum(axis=1) / np.where(mass > 0, mass, 1.0)
    freedom = mass / errors.shape[2]
    scales = np.ones(own.shape)
    for target in range(own.shape[1]):
        variance = _posterior(own[:, target], freedom[:, target])
        scales[:, target] = np.sqrt(variance / variance.mean())
    return scales


def _posterior(variance, freedom):
    """Variances (n,) held near what is usual; those of no freedom are what is."""
    tells = (freedom >= 1) & (variance > 0)
    if tells.sum() < 2:
        return np.ones(len(variance))
    half = freedom[tells] / 2
    log = np.log(variance[tells]) - digamma(half) + np.log(half)
    excess = np.var(log, ddof=1) - polygamma(1, half).mean()
    if excess <= 0:
        return np.ones(len(variance))
    half_before = _inverse_trigamma(excess)
    usual = np.exp(log.mean() + digamma(half_before) - np.log(half_before))
    before = min(2 * half_before, _MOST_FREEDOM)
    return (before * usual + freedom * variance) / (before + freedom)


def _inverse_trigamma(value):
    """Where the trigamma function is so large (float above 0)."""
    x = 0.5 + 1.0 / value
    for _ in range(_ROUNDS):
        slope = polygamma(1, x)
        x += slope * (1 - slope / value) / polygamma(2, x)
    return x
