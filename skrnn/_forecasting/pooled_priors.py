"""What many series together tell of the models of exponential smoothing.

A short series hardly tells which of them it follows. Many do: the models that other
series follow are likely for it, too.
"""

import numpy as np

from skrnn._forecasting.table import Origins

__all__ = ["pooled_priors"]

# What is thought of the models before any series is seen counts for so many series.
# Chosen on panels of the first M competition and of packages, among 10, 30, 100, 600.
_SERIES_OF_PRIOR = 30.0
# Series that are looked at, evenly spread: more of them tell hardly more.
_MOST_SERIES = 300
# Rounds of expectation and maximisation, which move little at the end.
_ROUNDS = 30


def pooled_priors(smoothing, prepared):
    """How likely each model of smoothing is before the first row of a series.

    Shares of a mixture that have all series in common, as likely as can be: empirical
    Bayes by expectation and maximisation [1]_, each share held near what it was
    before any series was seen [2]_.

    Parameters
    ----------
    smoothing : Smoothing
        The models; not changed.
    prepared : Prepared
        The series.

    Returns
    -------
    list of ndarray of shape (M,) of float64
        To be `Smoothing.priors`.

    References
    ----------
    .. [1] Dempster, A. P., Laird, N. M. and Rubin, D. B. (1977). Maximum likelihood
       from incomplete data via the EM algorithm.
    .. [2] Robbins, H. (1956). An empirical Bayes approach to statistics.
    """
    table = prepared.table
    n = len(table.keys)
    codes = np.unique(np.linspace(0, n - 1, min(n, _MOST_SERIES)).astype(np.int64))
    logs = smoothing.likelihoods(prepared, Origins(table.begin[codes + 1] - 1, codes))
    sizes = [part.shape[2] for part in logs]
    logs = np.concatenate(logs, axis=2).reshape(-1, sum(sizes))
    best = logs.max(axis=1, keepdims=True)
    likelihood = np.exp((logs - best)[np.isfinite(best[:, 0])])
    before = np.concatenate(smoothing.usual_priors)
    before = before / before.sum()
    share = before
    # What a series tells of itself is in its own likelihood already: of n series, n - 1
    # are others.
    of_others = 1 - 1 / max(len(likelihood), 1)
    for _ in range(_ROUNDS):
        each = likelihood * share
        each /= each.sum(axis=1, keepdims=True)
        share = _SERIES_OF_PRIOR * before + of_others * each.sum(axis=0)
        share /= share.sum()
    return np.split(share, np.cumsum(sizes)[:-1])
