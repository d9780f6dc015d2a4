"""From a design to its trained parts, their weights, and the errors to expect."""

import numpy as np

from skrnn._forecasting.calibration import new_scores
from skrnn._forecasting.combination import Combination
from skrnn._forecasting.error_scales import error_scales
from skrnn._forecasting.judged_errors import errors_without_judge, judged_errors
from skrnn._forecasting.judged_priors import judged_priors
from skrnn._forecasting.network_weight import learned_weight
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
    given, is_panel = settings.network_weight, len(prepared.table.keys) > 1
    smoothing = None
    if given != 1:
        smoothing = Smoothing(design.transform, settings.tries_logarithm)
        if is_panel:
            smoothing.priors = judged_priors(settings, networks, smoothing, prepared)
        smoothing = SmoothedPast(smoothing, prepared, networks.steps)
    regressed = None
    if smoothing is not None and is_panel and given is None:
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
    if settings.calibration_fraction is None:
        return combination, None
    smooth, network = errors
    if is_panel and given is None and network is not None and not weight.any():
        # Of smoothing alone more rows tell, and more series of linear models.
        n_rows = None if regressed is None else regressed.n_rows
        smooth, network = errors_without_judge(networks, judged, prepared, n_rows)
    if smooth is None:
        expected = network
    elif network is None:
        expected = smooth
    else:
        expected = smooth + weight * (network - smooth)
    if is_panel and smoothing is not None:
        of_all, _ = errors_without_judge(networks, smoothing, prepared)
        scales = error_scales(of_all, networks.steps)
        combination.scales = dict(zip(prepared.table.keys, scales, strict=True))
        expected = expected / scales[:, None, None]
    return combination, new_scores(expected, networks, settings.adaptation_rate)
