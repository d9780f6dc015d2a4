"""Errors of smoothing and of networks, by which networks are weighed and errors known.

Those of networks are of ones that have not seen the rows. Of many series a part is
judged: what some of them tell holds for all.
"""

from typing import NamedTuple

import numpy as np

from skrnn._forecasting.calibration import HeldOut, errors_of
from skrnn._forecasting.combination import Combination
from skrnn._forecasting.strategies import Forecasts

__all__ = ["JudgedErrors", "errors_without_judge", "judged_errors"]

# Rows of a series whose smoothing has hardly begun: so many beyond a season, and one in
# so many of all. Their errors are not those to come.
_FIRST_ROWS, _FIRST_SHARE = 3, 3
# Origins whose errors are kept, of all series together, but for two horizons of each.
_MOST_ORIGINS = 100_000
# Errors that do not overlap, for a network to be trained.
_LEAST_APART = 2
# Series that are judged, evenly spread, and the networks that are for that. They bound
# the time that it takes to find out that networks are worth nothing. Set by hand.
_MOST_JUDGED, _JUDGES = 100, 1


class JudgedErrors(NamedTuple):
    """Errors (n_series, n_origins, n_steps, n_targets); NaN where unknown."""

    smooth: np.ndarray | None  # None without smoothing
    network: np.ndarray | None  # None where no network was judged


def judged_errors(settings, networks, smoothing, prepared, random_state):
    """Errors of forecasts of the newest rows, as far as any are wanted.

    Parameters
    ----------
    settings : Settings
        What was chosen.
    networks : Forecasts
        Untrained; says what is to be judged.
    smoothing : SmoothedPast, RegressedSmoothing or None
        Whose linear models have not seen the newest rows; None where networks are all
        there is.
    prepared : Prepared
        The series of fit.
    random_state : numpy.random.RandomState
        Source of the seeds.

    Returns
    -------
    JudgedErrors
    """
    given, n_series = settings.network_weight, len(prepared.table.keys)
    if settings.calibration_fraction is None and given is not None:
        return JudgedErrors(None, None)
    codes = np.arange(n_series)
    if n_series > _MOST_JUDGED:
        codes = np.linspace(0, n_series - 1, _MOST_JUDGED).astype(np.int64)
    part = prepared if len(codes) == n_series else prepared.chosen(codes)
    part_of_smoothing = smoothing
    if smoothing is not None and part is not prepared:
        part_of_smoothing = smoothing.of_part(part, codes)
    held_out = HeldOut.of(networks, part, settings.judged_fraction)
    can_count = given if given is not None else _can_count(held_out, networks)
    if not (held_out.tells and can_count):
        return errors_without_judge(networks, smoothing, prepared)
    design = networks.design
    if not given:
        # One tells what weight the mean of several has: they err by less.
        design = design._replace(n_members=min(_JUDGES, design.n_members))
    judge = Forecasts(design).fit(held_out.older, random_state)
    if smoothing is None:
        smooth = None
        network = errors_of(judge.predict, networks, part, held_out.n_rows)
    else:
        smooth, network = (
            errors_of(
                _alone(judge, part_of_smoothing, weight).predict,
                networks,
                part,
                held_out.n_rows,
            )
            for weight in (0.0, 1.0)
        )
    return JudgedErrors(*(_of_all(e, codes, n_series) for e in (smooth, network)))


def errors_without_judge(networks, smoothing, prepared, n_rows=None):
    """Errors of smoothing from most rows, or of the forecast that nothing changes.

    Parameters
    ----------
    networks, smoothing, prepared
        As for `judged_errors`.
    n_rows : ndarray of shape (n_series,) of int64, default=None
        The newest rows of each series, where smoothing has learned from older ones.

    Returns
    -------
    JudgedErrors
        What stands in for networks has its errors where these are all there is: those
        of training would be far too small.
    """
    lengths = prepared.table.lengths
    if smoothing is None:
        same = networks.unchanged
        return JudgedErrors(None, errors_of(same, networks, prepared, lengths - 1))
    first = _FIRST_ROWS + networks.transform.differencing.sp
    first = np.maximum(first, lengths // _FIRST_SHARE)
    if n_rows is None:
        n_rows = np.maximum(lengths - first, np.minimum(lengths - 1, 1))
    most = max(_MOST_ORIGINS // len(lengths), 2 * int(networks.steps[-1]))
    predict = _alone(networks, smoothing, 0.0).predict
    return JudgedErrors(
        errors_of(predict, networks, prepared, np.minimum(n_rows, most)), None
    )


def _can_count(held_out, networks):
    """Whether errors could tell that networks are worth something.

    All series together have two errors of the farthest step, at least, that do not
    overlap: of one alone nobody knows whether it is luck.
    """
    return held_out.n_rows.sum() >= _LEAST_APART * int(networks.steps[-1])


def _alone(networks, smoothing, weight):
    """A combination in which one of both is all that counts."""
    weight = np.full((len(networks.steps), 1), weight)
    return Combination(networks, smoothing, weight)


def _of_all(errors, codes, n_series):
    """Errors of some series, with unknown ones of the others."""
    if errors is None or len(codes) == n_series:
        return errors
    every = np.full((n_series, *errors.shape[1:]), np.nan)
    every[codes] = errors
    return every
