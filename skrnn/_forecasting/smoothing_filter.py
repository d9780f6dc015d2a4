"""Many series filtered by many models at once, and the averages of their forecasts."""

from typing import NamedTuple

import numpy as np

from skrnn._forecasting.smoothing_models import gains_of, models

__all__ = ["Averages", "filtered"]

# A surprise counts for so many times what is usual so far at the most, once so many rows
# tell what is [1]_: chosen as the models are.
#
# .. [1] Gelper, S., Fried, R. and Croux, C. (2010). Robust forecasting with exponential
#    and Holt-Winters smoothing.
_MOST_SURPRISE, _ROWS_OF_SCALE = 4.0, 8
# What rounding leaves of a series that a model explains entirely.
_LEAST_VARIANCE = 1e-26
# States that are worked on at a time: as many numbers as a processor's cache holds.
_AT_ONCE = 60_000


class Averages(NamedTuple):
    """What a set of models makes of rows, each of the rows up to it alone."""

    path: np.ndarray  # (n, n_steps) forecasts, the mean by the models' likelihoods
    evidence: np.ndarray  # (n,) logarithm of the sum of those likelihoods


def filtered(values, series, rows, steps, sp):
    """Forecast from some rows of series, by models of one season.

    Models count by the likelihood of the rows so far [1]_, that of the best variance of
    each. No forecast depends on a later row.

    Parameters
    ----------
    values : ndarray of shape (n_series, T) of float64
        Series, each from its first observation on; NaN where nothing was observed.
    series, rows : ndarray of shape (n,) of int64
        What to forecast from: the series, and the newest row of it that is known.
    steps : ndarray of shape (n_steps,) of int64
        Steps ahead.
    sp : int
        Rows of a season; 1 for the models without one.

    Returns
    -------
    Averages

    References
    ----------
    .. [1] Burnham, K. P. and Anderson, D. R. (2002). Model selection and multimodel
       inference.
    """
    chosen = models(sp)
    n_steps = int(rows.max(initial=-1)) + 1
    gains = gains_of(sp, _rounded(n_steps))
    found = Averages(np.empty((len(rows), len(steps))), np.empty(len(rows)))
    size = gains.gain.shape[1] * gains.gain.shape[2]
    n_at_once = max(_AT_ONCE // size, 1)
    order = np.argsort(series, kind="stable")
    bounds = np.searchsorted(series[order], np.arange(0, len(values), n_at_once))
    for i, part in enumerate(np.split(order, bounds[1:])):
        if not len(part):
            continue
        begin = i * n_at_once
        block = values[begin : begin + n_at_once]
        _of_block(block, series[part] - begin, rows[part], steps, chosen, gains, part, found)
    return found


def _rounded(n_steps):
    """Steps to have gains for: few different numbers, so that they are kept."""
    return max(32, 1 << int(n_steps - 1).bit_length()) if n_steps > 1 else 32


def _of_block(values, series, rows, steps, chosen, gains, place, found):
    """Filter a few series, and write what is asked for into its place."""
    n, M = len(values), len(chosen.noise)
    n_rows = len(chosen.basis)
    state = np.zeros((gains.gain.shape[1], n, M))
    squares, sizes, logs = np.zeros((3, n, M))
    count, tiny = np.zeros((n, 1)), np.finfo(float).tiny
    first = values[:, :1]
    log_variance = np.log(np.maximum(gains.variance, tiny))
    damped = np.cumsum(chosen.damping[:, None] ** np.arange(1, steps[-1] + 1), axis=1)
    damped = damped[:, steps - 1].T.copy()  # (n_steps, M)
    order = np.argsort(rows, kind="stable")
    bounds = np.searchsorted(rows[order], np.arange(int(rows.max()) + 2))
    for t in range(int(rows.max()) + 1):
        if t:
            state[0] += chosen.damping * state[1]
            state[1] *= chosen.damping
        row = chosen.basis[t % n_rows]
        used = np.flatnonzero(row)
        expected = state[0] + sum(row[j] * state[2 + j] for j in used)
        surprise = values[:, t : t + 1] - first - expected
        seen = ~np.isnan(values[:, t : t + 1])
        if not seen.all():
            surprise = np.where(seen, surprise, 0.0)
        if t:
            size = surprise * surprise / gains.variance[t]
            if t > _ROWS_OF_SCALE:
                # Without it one outlier would be most of what is known of a series.
                most = _MOST_SURPRISE**2 * sizes / np.maximum(count, 1.0)
                is_gross = (size > most) & (most > 0)
                if is_gross.any():
                    share = np.sqrt(most / np.where(is_gross, size, 1.0))
                    surprise = surprise * np.where(is_gross, share, 1.0)
                squares += np.where(is_gross, most, size)
            else:
                squares += size
            sizes += size
            logs += seen * log_variance[t]
            count += seen
        state += gains.gain[t][:, None] * surprise
        here = order[bounds[t] : bounds[t + 1]]
        if len(here):
            mine = series[here]
            own = squares[mine], logs[mine], count[mine]
            weight, evidence = _weights(*own, chosen.prior)
            now = state[:, mine] * weight  # (D, n_here, M)
            # No product of matrices, whose last bits depend on how many rows there are.
            path = now[0].sum(axis=1)[:, None] + (now[1][:, None] * damped).sum(axis=2)
            if len(now) > 2:
                season = chosen.basis[(t + steps) % n_rows]  # (n_steps, n_effects)
                effects = now[2:].sum(axis=2).T[:, None]  # (n_here, 1, n_effects)
                path += (effects * season).sum(axis=2)
            found.path[place[here]] = path + first[mine]
            found.evidence[place[here]] = evidence


def _weights(squares, logs, count, prior):
    """Shares (n, M) of the models, and the logarithm of their likelihoods' sum (n,)."""
    n = np.maximum(count, 1.0)
    likelihood = -0.5 * (n * np.log(squares / n + _LEAST_VARIANCE) + logs)
    best = likelihood.max(axis=1, keepdims=True)
    weight = prior * np.exp(likelihood - best)
    total = weight.sum(axis=1, keepdims=True)
    return weight / total, (best + np.log(total))[:, 0]
