"""Whether what the series of a panel tell of models of smoothing helps their forecasts.

Which models are likely by the errors of one step need not be the best of many.
"""

import copy

import numpy as np

from skrnn._forecasting.calibration import HeldOut
from skrnn._forecasting.judged_errors import errors_without_judge
from skrnn._forecasting.pooled_priors import pooled_priors
from skrnn._forecasting.series_weights import relative_size

__all__ = ["judged_priors"]

# Series by whose errors that is decided, evenly spread. They bound the time. Set by
# hand.
_MOST_JUDGED = 100


def judged_priors(settings, networks, smoothing, prepared):
    """Priors of the models that all series tell, unless errors say otherwise.

    Parameters
    ----------
    settings : Settings
        What was chosen.
    networks : Forecasts
        Untrained; says what is to be forecast.
    smoothing : Smoothing
        The models; not changed.
    prepared : Prepared
        The series of fit.

    Returns
    -------
    list of ndarray of shape (M,) of float64, or None
        To be `Smoothing.priors`; None where forecasts of the newest rows, with priors
        that the rows before them tell, are not better than with those of any series.
    """
    n = len(prepared.table.keys)
    codes = np.unique(np.linspace(0, n - 1, min(n, _MOST_JUDGED)).astype(np.int64))
    part = prepared if len(codes) == n else prepared.chosen(codes)
    held = HeldOut.of(networks, part, settings.judged_fraction)
    if held.tells:
        pooled = copy.copy(smoothing)
        pooled.priors = pooled_priors(smoothing, held.older)
        found = _errors(networks, pooled, part, held.n_rows)
        if relative_size(found, _errors(networks, smoothing, part, held.n_rows)) >= 1:
            return None
    return pooled_priors(smoothing, prepared)


def _errors(networks, smoothing, prepared, n_rows):
    """Errors (n_series, n_origins, n_steps * n_targets); zero where unknown."""
    errors, _ = errors_without_judge(networks, smoothing, prepared, n_rows)
    return np.nan_to_num(errors).reshape(*errors.shape[:2], -1)
