"""From a design to its trained parts, their weights, and the errors to expect."""

import numpy as np

from skrnn._forecasting.calibration import HeldOut, errors_of, new_scores
from skrnn._forecasting.combination import Combination
from skrnn._forecasting.network_weight import learned_weight
from skrnn._forecasting.pooled_priors import pooled_priors
from skrnn._forecasting.smoothing import SmoothedPast, Smoothing
from skrnn._forecasting.strategies import Forecasts

__all__ = ["fit_combination"]

# Rows of a series whose smoothing has hardly begun: so many beyond a season, and one in
# so many of all. Their errors are not those to come.
_FIRST_ROWS, _FIRST_SHARE = 3, 3
# Origins whose errors are kept, of all series together, but for two horizons of each.
_MOST_ORIGINS = 100_000
# Errors that do not overlap, for a network to be trained.
_LEAST_APART = 2


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
    smoothing = None
    if given != 1:
        smoothing = Smoothing(design.transform, settings.tries_logarithm)
        if len(prepared.table.keys) > 1:
            smoothing.priors = pooled_priors(smoothing, prepared)
        smoothing = SmoothedPast(smoothing, prepared, networks.steps)
    is_calibrated = settings.calibration_fraction is not None
    held_out = judged = None
    if is_calibrated or given is None:
        held_out = HeldOut.of(networks, prepared, settings.judged_fraction)
        if held_out.tells and (
            given or (given is None and _can_count(held_out, networks))
        ):
            judged = Forecasts(design).fit(held_out.older, random_state)
    smooth, network = _errors(smoothing, judged, networks, prepared, held_out)
    if given is not None:
        weight = np.full(shape, float(given))
    elif network is None:
        weight = np.zeros(shape)
    else:
        weight = np.tile(
            learned_weight(smooth, network, int(networks.steps[-1])), (shape[0], 1)
        )
    if weight.any():
        random_state.set_state(state)
        networks.fit(prepared, random_state)
    combination = Combination(networks, smoothing, weight)
    if not is_calibrated:
        return combination, None
    if smooth is None:
        errors = network
    elif network is None:
        errors = smooth
    else:
        errors = smooth + weight * (network - smooth)
    return combination, new_scores(errors, networks, settings.adaptation_rate)


def _can_count(held_out, networks):
    """Whether errors could tell that networks are worth something.

    The usual series has two errors of the farthest step, at least, that do not overlap:
    of one alone nobody knows whether it is luck.
    """
    return held_out.n_rows.mean() >= _LEAST_APART * int(networks.steps[-1])


def _errors(smoothing, judged, networks, prepared, held_out):
    """Errors of smoothing and of networks, as far as each is there to be judged."""
    if held_out is None:
        return None, None
    n_rows, lengths = held_out.n_rows, prepared.table.lengths
    if smoothing is None:
        # Errors of training would be far too small: those without a network take over.
        n_rows = n_rows if judged else lengths - 1
        predict = judged.predict if judged else networks.unchanged
        return None, errors_of(predict, networks, prepared, n_rows)
    network = None
    if judged is None:
        first = _FIRST_ROWS + networks.transform.differencing.sp
        first = np.maximum(first, lengths // _FIRST_SHARE)
        n_rows = np.maximum(lengths - first, np.minimum(lengths - 1, 1))
        most = max(_MOST_ORIGINS // len(lengths), 2 * int(networks.steps[-1]))
        n_rows = np.minimum(n_rows, most)
    else:
        alone = Combination(judged, smoothing, np.ones((len(networks.steps), 1)))
        network = errors_of(alone.predict, networks, prepared, n_rows)
    alone = Combination(networks, smoothing, np.zeros((len(networks.steps), 1)))
    return errors_of(alone.predict, networks, prepared, n_rows), network
