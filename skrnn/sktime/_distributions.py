"""Predictive distributions of skpro, which is imported when one is asked for."""

import numpy as np

__all__ = ["distribution"]


def distribution(laws, is_log, index, columns):
    """Distribution of forecasts, as the loss of a network describes it.

    Parameters
    ----------
    laws : ndarray of shape (n_rows, n_targets, width) of float64
        Location, scale and, for Student's t, degrees of freedom.
    is_log : bool
        Whether location and scale are those of the logarithm.
    index, columns : pandas.Index
        Labels of the forecasts.

    Returns
    -------
    skpro.distributions.base.BaseDistribution
        Normal, LogNormal, or Student's t.

    Raises
    ------
    ImportError
        If skpro is not installed.
    """
    from skpro.distributions import LogNormal, Normal, TDistribution

    labels = {"index": index, "columns": columns}
    location, scale = np.moveaxis(laws[..., :2], -1, 0)
    if laws.shape[-1] == 2:
        kind = LogNormal if is_log else Normal
        return kind(mu=location, sigma=scale, **labels)
    return TDistribution(mu=location, sigma=scale, df=laws[..., 2], **labels)
