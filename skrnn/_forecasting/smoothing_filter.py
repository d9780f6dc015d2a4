"""Many series filtered by many models at once, and the averages of their forecasts."""

import contextlib
from typing import NamedTuple

import numpy as np

from skrnn._forecasting.smoothing_models import gains_of, models
from skrnn._kernels.smoothing import can_smooth, smooth
from skrnn._kernels.threads import current_handle, kernel_threads, single_thread

__all__ = ["Averages", "filtered", "powered"]

# Likelihoods count by their square roots: none of the models is what made a series, and
# whole ones would soon bet on a single model [2]_. Chosen on the first M competition
# and on series of packages.
#
# .. [2] Holmes, C. C. and Walker, S. G. (2017). Assigning a value to a power likelihood
#    in a general Bayesian model.
_POWER = 0.5

# A surprise counts for so many times what is usual so far at the most, once so many
# rows tell what is [1]_: chosen as the models are.
#
# .. [1] Gelper, S., Fried, R. and Croux, C. (2010). Robust forecasting with exponential
#    and Holt-Winters smoothing.
_MOST_SURPRISE, _ROWS_OF_SCALE = 4.0, 8
# What rounding leaves of a series that a model explains entirely.
_LEAST_VARIANCE = 1e-26
# States that are worked on at a time: as many numbers as a processor's cache holds.
_AT_ONCE = 60_000
# Numbers of states, over all rows of all series, that threads are started for: some
# milliseconds of work.
_MANY = 4_000_000
# So many states of series are kept, by their rows themselves: to forecast after one new
# row, only rows since the first origin that is asked for have to be looked at.
_MOST_KEPT = 32
_KEPT = {}


class Averages(NamedTuple):
    """What a set of models makes of rows, each of the rows up to it alone."""

    path: np.ndarray  # (n, n_steps) forecasts, the mean by the models' likelihoods
    evidence: np.ndarray  # (n,) logarithm of the sum of those likelihoods' powers
    weights: np.ndarray | None = None  # (n, M) shares of the models


def filtered(values, series, rows, steps, sp, prior=None, has_weights=False):
    """Forecast from some rows of series, by models of one season.

    Models count by the likelihood of the rows so far [1]_, that of the best variance of
    each, and less than all of it (see `powered`). No forecast depends on a later row.

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
    prior : ndarray of shape (M,) of float64, default=None
        How likely each model is before the first row, to a factor; None takes what
        `models` says.
    has_weights : bool, default=False
        Whether the shares of the models are asked for, too.

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
    weights = np.empty((len(rows), len(chosen.prior))) if has_weights else None
    found = Averages(np.empty((len(rows), len(steps))), np.empty(len(rows)), weights)
    if not len(rows):
        return found
    ahead = _Ahead(chosen, steps, chosen.prior if prior is None else prior)
    values = values[:, :n_steps]
    if len(values) == 1:
        _of_stream(values, rows, ahead, chosen, gains, found)
    elif can_smooth():
        _of_many(values, series, rows, ahead, chosen, gains, found)
    else:
        _of_blocks(values, series, rows, ahead, chosen, gains, found)
    return found


def powered(likelihood):
    """As much of the logarithm of a likelihood as counts."""
    return _POWER * likelihood


def _rounded(n_steps):
    """Steps to have gains for: few different numbers, so that they are kept."""
    return max(32, 1 << int(n_steps - 1).bit_length()) if n_steps > 1 else 32


def _of_many(values, series, rows, ahead, chosen, gains, found):
    """Forecast by the kernels, and write what is asked for into its place."""
    # Of many series all rows are asked for, as they lie.
    is_sorted = (np.diff(series * values.shape[1] + rows) >= 0).all()
    every, own = np.arange(len(values) + 1), found
    if not is_sorted:
        order = np.lexsort((rows, series))
        series, rows = series[order], rows[order]
        own = Averages(
            *(None if part is None else np.empty_like(part) for part in found)
        )
    asked = np.searchsorted(series, every)
    with _threads_for(values.size * gains.gain[0].size):
        smooth(
            *(chosen, gains, ahead, values, asked, rows, _limits(), own),
            pool=current_handle(),
        )
    if not is_sorted:
        _put(own, order, found)


@contextlib.contextmanager
def _threads_for(n_numbers):
    """Have the kernels use several threads for so many numbers of states (int)."""
    if n_numbers < _MANY:
        yield
        return
    with single_thread() as n_threads, kernel_threads(n_threads):
        yield


def _limits():
    return _MOST_SURPRISE, _ROWS_OF_SCALE, _LEAST_VARIANCE, _POWER


def _put(part, place, found):
    """Write a part of what is asked for into its place."""
    for to, own in zip(found, part, strict=True):
        if to is not None:
            to[place] = own


def _of_blocks(values, series, rows, ahead, chosen, gains, found):
    """Forecast a few series at a time."""
    size = gains.gain.shape[1] * gains.gain.shape[2]
    n_at_once = max(_AT_ONCE // size, 1)
    order = np.argsort(series, kind="stable")
    bounds = np.searchsorted(series[order], np.arange(0, len(values), n_at_once))
    for i, part in enumerate(np.split(order, bounds[1:])):
        if len(part):
            begin = i * n_at_once
            block = values[begin : begin + n_at_once]
            state = _Filter(len(block), chosen, gains)
            asked = series[part] - begin, rows[part], part
            state.run(block, 0, *asked, ahead, found)


def _of_stream(values, rows, ahead, chosen, gains, found):
    """Forecast one series, of which a stream asks for the newest rows, row by row."""
    state_of = _CompiledFilter if can_smooth() else _Filter
    wanted, last = int(rows.min()), int(rows.max())
    begin, state = _go_on(values[0, : wanted + 1], chosen, gains, state_of)
    state = state_of(1, chosen, gains) if state is None else state
    before = -1
    for end in sorted({wanted, last}):
        place = np.flatnonzero((rows > before) & (rows <= end))
        asked = np.zeros_like(place), rows[place], place
        state.run(values[:, : end + 1], begin, *asked, ahead, found)
        begin, before = max(begin, end + 1), end
        _keep(values[0, : end + 1], chosen, state, is_over=end == last)


class _CompiledFilter:
    """The state of all models of one series, for the kernels."""

    def __init__(self, n, chosen, gains):
        assert n == 1, "The state of one series is all that is kept."
        self.chosen, self.gains = chosen, gains
        n_numbers, n_models = gains.gain.shape[1:]
        # Level, trend, effects, what likelihoods are made of, and rows seen behind all.
        self.numbers = np.zeros((n_numbers + 3) * n_models + 1)

    def copy(self, gains):
        """Copy it; see `_Filter.copy`."""
        twin = _CompiledFilter(1, self.chosen, gains)
        twin.numbers[:] = self.numbers
        return twin

    def run(self, values, begin, series, rows, place, ahead, found):
        """Take in rows, and forecast from some; see `_Filter.run`."""
        order = np.argsort(rows, kind="stable")
        part = Averages(
            *(None if whole is None else np.empty_like(whole[place]) for whole in found)
        )
        asked, kept = np.array([0, len(rows)]), (begin, self.numbers)
        models = self.chosen, self.gains, ahead
        smooth(*models, values, asked, rows[order], _limits(), part, kept)
        _put(part, place[order], found)


class _Filter:
    """States of all models, of a few series."""

    def __init__(self, n, chosen, gains):
        self.chosen, self.gains = chosen, gains
        self.state = np.zeros((gains.gain.shape[1], n, len(chosen.noise)))
        self._moves = np.empty_like(self.state)
        self._effects = [np.flatnonzero(row) for row in chosen.basis]
        self.likelihoods = _Likelihoods(n, gains)

    def copy(self, gains):
        """Copy it, to go on by gains (of as many rows as there will be, at least)."""
        twin = _Filter(self.state.shape[1], self.chosen, gains)
        twin.state[:] = self.state
        for name in _Likelihoods.SUMS:
            getattr(twin.likelihoods, name)[:] = getattr(self.likelihoods, name)
        return twin

    def run(self, values, begin, series, rows, place, ahead, found):
        """Take in rows from `begin` on, up to the last from which to forecast.

        Parameters
        ----------
        values : ndarray of shape (n, T)
            The series.
        begin : int
            Row that is to be taken in next; none before the last but it is asked for.
        series, rows, place : ndarray of shape (n_asked,) of int64
            From which rows to forecast, and where among what is found that belongs.
        ahead : _Ahead
            What turns states into forecasts.
        found : Averages
            Written to.
        """
        first = values[:, :1]
        last = int(rows.max())
        order = np.argsort(rows, kind="stable")
        bounds = np.searchsorted(rows[order], np.arange(last + 2))
        for t in range(min(begin, int(rows.min())), last + 1):
            if t >= begin:
                self.take(t, values[:, t : t + 1], first)
            here = order[bounds[t] : bounds[t + 1]]
            if len(here):
                self.write(ahead, series[here], place[here], first, t, found)

    def take(self, t, values, first):
        """Take in a row: values (n, 1), beside the first ones (n, 1)."""
        state, chosen = self.state, self.chosen
        if t:
            state[0] += chosen.damping * state[1]
            state[1] *= chosen.damping
        row = chosen.basis[t % len(chosen.basis)]
        expected = state[0] + first
        for effect in self._effects[t % len(chosen.basis)]:
            expected += row[effect] * state[2 + effect]
        surprise = values - expected
        seen = ~np.isnan(values)
        if not seen.all():
            surprise[~seen[:, 0]] = 0.0
        surprise = self.likelihoods.after(t, surprise, seen)
        np.multiply(self.gains.gain[t][:, None], surprise, out=self._moves)
        state += self._moves

    def write(self, ahead, mine, place, first, t, found):
        """Write the forecasts of series `mine` from row t into their places."""
        n = self.state.shape[1]
        is_all = len(mine) == n and (mine == np.arange(n)).all()
        now = self.state if is_all else self.state[:, mine]
        weight, evidence = self.likelihoods.weights(mine, ahead.prior)
        found.path[place] = ahead.path(now, weight, t) + first[mine]
        found.evidence[place] = evidence
        if found.weights is not None:
            found.weights[place] = weight


def _go_on(values, chosen, gains, state_of):
    """Find the state after all of some values (T,), or after all but the newest.

    Returns
    -------
    begin : int
        Row that is to be taken in next.
    state : _Filter, _CompiledFilter or None
        A copy; None where nothing is known of so many of the values.
    """
    for n_rows in (len(values), len(values) - 1):
        kept = _KEPT.get((len(chosen.basis), values[:n_rows].tobytes()))
        is_fit = type(kept) is state_of and kept.chosen is chosen
        if is_fit:
            return n_rows, kept.copy(gains)
    return 0, None


def _keep(values, chosen, state, is_over):
    """Keep the state after some values (T,), for a forecast from there or one later."""
    key = len(chosen.basis), values.tobytes()
    if key not in _KEPT:
        _KEPT[key] = state if is_over else state.copy(state.gains)
    while len(_KEPT) > _MOST_KEPT:
        # Another thread may have been faster.
        _KEPT.pop(next(iter(_KEPT)), None)


class _Likelihoods:
    """How much each model counts by the surprises so far, of a few series."""

    SUMS = ("squares", "sizes", "logs", "count")

    def __init__(self, n_series, gains):
        shape = n_series, gains.variance.shape[1]
        self.squares, self.sizes, self.logs = np.zeros((3, *shape))
        self.count = np.zeros((n_series, 1))
        self.variance, self.log_variance = gains.variance, gains.log_variance

    def after(self, t, surprise, seen):
        """Take in the surprises (n, M) of a row, and give them without gross ones."""
        if not t:  # Of the first row no model says how likely it is.
            return surprise
        size = surprise * surprise
        size /= self.variance[t]
        if t > _ROWS_OF_SCALE:
            # Without it one outlier would be most of what is known of a series.
            most = _MOST_SURPRISE**2 * self.sizes
            most /= np.maximum(self.count, 1.0)
            is_gross = (size > most) & (most > 0)
            if is_gross.any():
                self.sizes += size
                share = np.sqrt(most[is_gross] / size[is_gross])
                surprise[is_gross] *= share
                size[is_gross] = most[is_gross]
                self.squares += size
            else:
                self.squares += size
                self.sizes += size
        else:
            self.squares += size
            self.sizes += size
        self.logs += seen * self.log_variance[t]
        self.count += seen
        return surprise

    def weights(self, series, prior):
        """Shares (n, M) of the models, and the log of their powers' sum (n,)."""
        n = np.maximum(self.count[series], 1.0)
        variance = self.squares[series] / n + _LEAST_VARIANCE
        likelihood = powered(-0.5 * (n * np.log(variance) + self.logs[series]))
        best = likelihood.max(axis=1, keepdims=True)
        weight = prior * np.exp(likelihood - best)
        total = weight.sum(axis=1, keepdims=True)
        return weight / total, (best + np.log(total))[:, 0]


class _Ahead:
    """From the states of models to the mean of their forecasts."""

    def __init__(self, chosen, steps, prior):
        self.basis, self.steps, self.prior = chosen.basis, steps, prior
        damping, self.starts = np.unique(chosen.damping, return_index=True)
        far = np.arange(1, int(steps[-1]) + 1)
        damped = np.cumsum(damping[:, None] ** far, axis=1)
        self.damped = damped[:, steps - 1].T.copy()  # (n_steps, n_damping)

    def path(self, state, weight, t):
        """Forecasts (n, n_steps) from row t, by states (D, n, M) and shares (n, M)."""
        # No product of matrices, whose last bits depend on how many rows there are.
        mean = np.einsum("dnm,nm->dn", state, weight)
        trend = np.add.reduceat(state[1] * weight, self.starts, axis=1)
        path = mean[0][:, None] + (trend[:, None] * self.damped).sum(axis=2)
        if len(state) > 2:
            season = self.basis[(t + self.steps) % len(self.basis)]
            path += (mean[2:].T[:, None] * season).sum(axis=2)
        return path
