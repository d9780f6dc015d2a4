"""Errors of forecasts on rows that the networks have not seen, for the intervals."""

from typing import NamedTuple

import numpy as np

from skrnn._forecasting.conformal import AdaptiveScores
from skrnn._forecasting.table import Origins, numbered
from skrnn._forecasting.target_transform import Prepared

__all__ = [
    "MOST_SCORES",
    "HeldOut",
    "errors_of",
    "new_scores",
    "scores_after",
    "scores_of_others",
]

# Origins whose errors are kept for the intervals: five times what a step needs for a
# distribution of its own (`conformal._ENOUGH`). They bound what is kept and how far
# back a distribution reaches. Set by hand.
MOST_SCORES = 500
# Fewer rows than that tell nothing of the errors of a network: then the errors of the
# forecast that nothing changes stand in. Set by hand.
_LEAST_SCORES = 6
# Rows set aside of short series, at the most this share of them; and rows beyond a
# season and the horizon that the networks which are judged have to keep.
_FEW_ROWS, _MOST_SHARE, _LEAST_TRAINED = 40, 0.4, 8


class HeldOut(NamedTuple):
    """Newest rows whose forecasts are judged, by networks that have not seen them."""

    older: Prepared  # the series without those rows
    n_rows: np.ndarray  # (n_series,)
    tells: bool  # whether there are enough of them, and enough to learn from before

    @classmethod
    def of(cls, networks, prepared, fraction):
        """Set rows aside.

        Parameters
        ----------
        networks : Forecasts
            What is to be judged.
        prepared : Prepared
            The series of fit.
        fraction : float
            Newest share of the rows; more of short series.

        Returns
        -------
        HeldOut
        """
        table = prepared.table
        lengths = table.lengths
        wanted = np.maximum(
            fraction * lengths, np.minimum(_FEW_ROWS, _MOST_SHARE * lengths)
        )
        least = networks.transform.lag + int(networks.steps[-1]) + _LEAST_TRAINED
        if len(lengths) > 1:
            # What is learned before that, longer series teach.
            least = networks.transform.lag + 2
        n_rows = np.minimum(wanted.astype(int), np.maximum(lengths - least, 0))
        older = prepared.until(table.last - n_rows)
        # Of a few values, all of them may be among the rows set aside.
        has_samples = all(model.has_samples(older) for model in networks.models)
        return cls(older, n_rows, bool(n_rows.max() >= _LEAST_SCORES and has_samples))


def errors_of(predict, networks, prepared, n_rows):
    """Errors of forecasts from the newest rows.

    Parameters
    ----------
    predict : callable
        As `Forecasts.predict`.
    networks : Forecasts
        Says which steps there are, and what they read.
    prepared : Prepared
        The series of fit.
    n_rows : ndarray of shape (n_series,) of int64
        Rows of each series to forecast from; no more than `MOST_SCORES` are.

    Returns
    -------
    ndarray of shape (n_series, n_origins, n_steps, n_targets) of float64
        In units of what `predict` says; NaN where unknown.
    """
    n_known, steps = np.minimum(n_rows, MOST_SCORES), networks.steps
    shape = len(n_known), int(n_known.max()) + 1, len(steps), prepared.u.shape[1]
    errors = np.full(shape, np.nan)
    _fill_errors(errors, predict, prepared, steps, networks.known_after, n_known)
    return errors


def new_scores(errors, networks, rate):
    """Quantiles of these errors.

    Parameters
    ----------
    errors : ndarray of shape (n_series, n_origins, n_steps, n_targets)
        What `errors_of` gives.
    networks : Forecasts
        Says which steps there are, and which errors count for each other.
    rate : float
        As for `AdaptiveScores`.

    Returns
    -------
    AdaptiveScores
    """
    known_after, groups = networks.known_after, networks.groups
    return AdaptiveScores(
        errors,
        networks.steps,
        rate,
        MOST_SCORES,
        known_after=known_after,
        groups=groups,
    )


def scores_of_others(scores, n_series):
    """Errors for other series, one like the other.

    Errors in units of a scale of their own hold for any series.

    Parameters
    ----------
    scores : AdaptiveScores
        Of the series of fit.
    n_series : int
        How many others there are.

    Returns
    -------
    AdaptiveScores
    """
    pooled = scores.errors.reshape(1, -1, *scores.errors.shape[2:])
    errors = np.repeat(pooled, n_series, axis=0)[:, -MOST_SCORES:]
    return AdaptiveScores(
        errors,
        scores.steps,
        scores.rate,
        MOST_SCORES,
        known_after=scores.known_after,
        groups=scores.groups,
    )


def scores_after(scores, tail, forecasts, prepared, *, keeps_all=False):
    """Errors of before with those that newer rows tell.

    Parameters
    ----------
    scores : AdaptiveScores
        Errors of before.
    tail : SeriesTable
        The rows that were known then.
    forecasts : Forecasts
        What made the errors.
    prepared : Prepared
        Those rows and newer ones.
    keeps_all : bool, default=False
        Whether origins are kept that count no more.

    Returns
    -------
    scores : AdaptiveScores
    from_ends : tuple of ndarray, or None
        What `predict` says from the newest rows, which is asked for next: forecasts
        (n_series, n_steps, n_targets) and scales (n_series, n_targets); None where not
        all series have new rows.
    """
    old, steps, table = scores.errors, scores.steps, prepared.table
    known_until = tail.known_until(table)
    n_new = table.last - known_until
    n_cols = old.shape[1] + int(n_new.max())
    if not keeps_all:
        n_cols -= scores.n_to_drop(n_cols)
    errors = np.full((len(table.keys), n_cols, *old.shape[2:]), np.nan)
    for code, known in enumerate(old):
        n_lost = int(tail.last[code] - known_until[code])
        if n_lost:
            known = known[: max(len(known) - n_lost, 0)].copy()
            for i, late in enumerate(scores.known_after):
                known[max(len(known) - int(late), 0) :, i] = np.nan
        stop = max(n_cols - int(n_new[code]), 0)
        kept = min(len(known), stop)
        errors[code, stop - kept : stop] = known[len(known) - kept :]
    reach = np.minimum(n_new + int(steps[-1]), n_cols - 1)
    reach = np.minimum(reach, table.lengths - 1)
    n_newest = np.where(n_new, reach, 0)
    own = forecasts.predict, prepared, steps, scores.known_after, n_newest
    from_ends = _fill_errors(errors, *own, has_ends=(n_new > 0).all())
    return scores.followed_by(errors, int(n_new.max())), from_ends


def _fill_errors(
    errors, predict, prepared, steps, known_after, n_newest, has_ends=False
):
    """Compute the errors from each of the newest origins; the last has none yet.

    Those of forecasts that read more of X than is known are left out: they are not the
    errors that forecasts will have, and would depend on how the rows came.

    Returns
    -------
    tuple of ndarray, or None
        What is predicted from the last rows, if `has_ends`.
    """
    codes, number = numbered(n_newest + has_ends)
    if not len(codes):
        return None
    back = n_newest[codes] - number
    stop = prepared.table.begin[codes + 1]
    rows = stop - 1 - back
    forecast, scale = predict(prepared, Origins(rows, codes), steps)
    future = rows[:, None] + steps
    inside = future < stop[:, None]
    future = np.where(inside, future, 0)
    is_known = inside & (rows[:, None] + known_after < stop[:, None])
    seen = is_known[..., None] & prepared.known[future]
    truth = prepared.u[future] + prepared.effect[future]
    found = (truth - forecast) / scale[:, None]
    place = errors.shape[1] - 1 - back
    old = errors[codes, place]
    # What was known stays: then the networks had not learned the truth.
    errors[codes, place] = np.where(seen & np.isnan(old), found, old)
    return (forecast[back == 0], scale[back == 0]) if has_ends else None
