"""From a design to its trained parts, their weights, and the errors to expect."""

import numpy as np

from skrnn._forecasting.calibration import new_scores
from skrnn._forecasting.combination import Combination
from skrnn._forecasting.error_scales import error_scales
from skrnn._forecasting.judged_errors import errors_without_judge, judged_errors
from skrnn._forecasting.network_weight import learned_weight
from skrnn._forecasting.pooled_priors import pooled_priors
from skrnn._forecasting.regressed_fit import fit_regressed
from skrnn._forecasting.smoothed_past import SmoothedPast
from skrnn._forecasting.smoothing import Smoothing
from skrnn._forecasting.strategies import Forecasts

__all__ = ["fit_combination"]


def fit_combination(settings, design, prepared, random_state):
    """Train networks as far as they can count, and weigh them.

    Parameters
    ----------
    settings : Settings
        What was chosen.
    design : Design
        What the forecasts are made of.
    prepared : Prepared
        The series, without rows of NaN at their ends.
    random_state : numpy.random.RandomState
        Source of the seeds.

    Returns
    -------
    combination : Combination
        Whose smoothing knows its forecasts of the past; `Combination.of_future` is to
        be kept.
    scores : AdaptiveScores or None
        None where no errors are wanted.
    """
    state = random_state.get_state()
    networks = Forecasts(design)
    shape = len(networks.steps), prepared.u.shape[1]
    given = settings.network_weight
    smoothing = _smoothing(settings, networks, prepared)
    is_panel = smoothing is not None and len(prepared.table.keys) > 1
    regressed = None
    if is_panel and given is None:
        regressed = fit_regressed(settings, networks, smoothing, prepared)
    judged = smoothing if regressed is None else regressed.judged
    errors = judged_errors(settings, networks, judged, prepared, random_state)
    if given is not None:
        weight = np.full(shape, float(given))
    elif errors.network is None:
        weight = np.zeros(shape)
    else:
        farthest = int(networks.steps[-1])
        weight = np.tile(learned_weight(*errors, farthest), (shape[0], 1))
    if weight.any():
        random_state.set_state(state)
        networks.fit(prepared, random_state)
    local = smoothing if regressed is None else regressed.future
    combination = Combination(networks, local, weight)
    if is_panel:
        combination.keys = prepared.table.keys
    if settings.calibration_fraction is None:
        return combination, None
    if is_panel:
        of_smoothing = errors_without_judge(networks, smoothing, prepared)
    if is_panel and given is None and not weight.any():
        # Of smoothing alone more rows tell, and of its linear models more series.
        errors = of_smoothing
        if regressed is not None:
            errors = errors_without_judge(networks, judged, prepared, regressed.n_rows)
    errors = _expected(errors, weight)
    if is_panel:
        scales = error_scales(of_smoothing.smooth, networks.steps)
        combination.error_scales, errors = scales, errors / scales[:, None, None]
    return combination, new_scores(errors, networks, settings.adaptation_rate)


def _smoothing(settings, networks, prepared):
    """Smoothing of all rows (SmoothedPast), None where networks are all there is."""
    if settings.network_weight == 1:
        return None
    smoothing = Smoothing(networks.transform, settings.tries_logarithm)
    if len(prepared.table.keys) > 1:
        smoothing.priors = pooled_priors(smoothing, prepared)
    return SmoothedPast(smoothing, prepared, networks.steps)


def _expected(errors, weight):
    """Errors of the weighted mean of smoothing and networks, as far as known."""
    smooth, network = errors
    if smooth is None:
        return network
    return smooth if network is None else smooth + weight * (network - smooth)
