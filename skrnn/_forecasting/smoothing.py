"""Exponential smoothing of all series of a table, in closed form.

Nothing is fitted: many models of a level, a damped trend and a season are averaged by
their likelihoods, of the targets and, where that can be, of their logarithms. A
forecast depends on the newest rows of its series alone, and on what is thought of the
models before its first row, so that it is the same whenever it is made.
"""

import weakref
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from skrnn._forecasting.smoothing_filter import Averages, filtered, powered
from skrnn._forecasting.smoothing_models import PARTS, models

__all__ = ["Smoothing"]

# Seasons, and rows, that a forecast reads at the least; it reads at most twice as many,
# or all there are. Older rows hardly count in any of the models. Set by hand.
_SEASONS, _LEAST_ROWS = 10, 200
# Numbers of windows that are worked on at a time.
_NUMBERS_AT_ONCE = 4_000_000
# How likely logarithms are beside numbers before the first row: what is positive mostly
# changes in proportion to its size. Chosen on the first M competition.
_LOGARITHM_PRIOR = 2.0
# The largest logarithm, and twice it, are of numbers that floats hold.
_MOST_LOG = 300.0
# By smoothing and target the newest forecasts from ends of windows: fit, predict and
# intervals ask for the same. Apart from what is copied and saved.
_ENDS = weakref.WeakKeyDictionary()


class Smoothing:
    """Averages of structural time series models; nothing is learned by `fit`.

    Parameters
    ----------
    transform : TargetTransform
        How targets are made local.
    tries_logarithm : bool
        Whether targets are smoothed by their logarithm, or by themselves, too: both
        count by their likelihoods.

    Attributes
    ----------
    priors : list of ndarray of shape (M,), or None
        How likely the models are before the first row, to a factor, where other series
        tell: see `pooled_priors`.
    """

    priors = None  # files of older versions have none

    def __init__(self, transform, tries_logarithm):
        self.transform, self.tries_logarithm = transform, tries_logarithm
        sp = transform.differencing.sp
        self.n_rows = max(_SEASONS * sp, -(-_LEAST_ROWS // sp) * sp)  # whole seasons

    @property
    def n_before(self):
        """Rows that a forecast reads at the most, its origin among them."""
        return 2 * self.n_rows

    def predict(self, prepared, origins, steps):
        """Forecast from some rows.

        Parameters
        ----------
        prepared : Prepared
            The series.
        origins : Origins
            Where the forecasts are made from.
        steps : ndarray of shape (n_steps,) of int64
            Steps ahead, rising.

        Returns
        -------
        ndarray of shape (n, n_steps, n_targets) of float64
            In units of the series; zero, as the centre of the series, where nothing was
            observed.
        """
        n_targets = prepared.u.shape[1]
        path = np.zeros((len(origins.rows), len(steps), n_targets))
        if not len(origins.rows):
            return path
        begin = self._begin(prepared.table, origins)
        for target in range(n_targets):
            path[..., target] = self._of_target(prepared, origins, begin, steps, target)
        return path + self.transform.effect_ahead(prepared, origins, steps)

    def _begin(self, table, origins):
        """First row that each forecast reads (n,).

        Many origins share one, whatever the table: so that their forecasts come from
        one pass, and do not depend on what else is asked for.
        """
        rows, codes = origins
        ordinals = table.first[codes] + rows - table.begin[codes]
        block = (ordinals + 1) // self.n_rows - 1
        return np.maximum(
            table.begin[codes],
            table.begin[codes] + block * self.n_rows - table.first[codes],
        )

    def _of_target(self, prepared, origins, begin, steps, target):
        """Forecasts (n, n_steps) of one target."""
        path = np.zeros((len(origins.rows), len(steps)))
        for place, windows, *own in self._blocks(prepared, origins, begin, target):
            path[place] = self._kept(windows, *own, steps, target)
        return path

    def _blocks(self, prepared, origins, begin, target):
        """Yield a few windows at a time, and which forecasts come from them.

        Yields
        ------
        place : ndarray of int64
            Of the forecasts among the origins.
        windows : tuple of ndarray
            Their values (n_windows, T), moments (n_windows, 2) and rows (n_windows,).
        window, rows : ndarray of int64
            Of each forecast the window, and the newest row of it that is known.
        is_end : ndarray of bool
            Whether that is the last row of the window.
        """
        known, u = prepared.known[:, target], prepared.u[:, target]
        # Each window begins with the first observation that it has.
        next_known = _next(known)
        first = next_known[begin]
        has_any = (first <= origins.rows) & (origins.rows >= begin)
        which = np.flatnonzero(has_any)
        if not len(which):
            return
        # A window is a series and where it begins, of which the row tells both.
        starts, window = np.unique(first[which], return_inverse=True)
        rows = origins.rows[which] - starts[window]
        lengths = np.zeros(len(starts), dtype=np.int64)
        np.maximum.at(lengths, window, rows + 1)
        codes = np.zeros(len(starts), dtype=np.int64)
        codes[window] = origins.codes[which]
        n_at_once = max(_NUMBERS_AT_ONCE // int(lengths.max()), 1)
        order = np.argsort(window, kind="stable")
        bounds = np.arange(0, len(starts) + n_at_once, n_at_once)
        places = np.searchsorted(window[order], bounds)
        for low, here, after in zip(bounds[:-1], places[:-1], places[1:], strict=True):
            part = order[here:after]
            high = low + n_at_once
            values = _windows(u, known, starts[low:high], lengths[low:high])
            moments = prepared.table.moments[codes[low:high], :, target]
            own = window[part] - low, rows[part]
            is_end = own[1] == lengths[low:high][own[0]] - 1
            yield which[part], (values, moments, lengths[low:high]), *own, is_end

    def _kept(self, windows, window, rows, is_end, steps, target):
        """What `_averaged` gives, but for what is known from a call before this one."""
        windows = [np.ascontiguousarray(part) for part in windows]
        digest = blake2b(b"".join(windows)).digest()
        ends = _ENDS.get(self, {}).get(target)
        is_known = ends is not None and ends.windows == digest and is_end.all()
        if is_known and np.array_equal(ends.steps, steps):
            return ends.path[window]
        path = self._averaged(*windows[:2], window, rows, steps, target)
        each, place = np.unique(window[is_end], return_index=True)
        if len(each) == len(windows[0]):
            newest = path[np.flatnonzero(is_end)[place]]
            _ENDS.setdefault(self, {})[target] = _Ends(digest, steps, newest)
        return path

    def _averaged(self, values, moments, window, rows, steps, target):
        """Forecasts (n, n_steps) in units of the series, by windows (n_windows, T)."""
        found, _ = self._filtered(values, moments, window, rows, steps, target)
        path = np.zeros_like(found[0].path)
        for share, part in zip(_shares(found), found, strict=True):
            path += share[:, None] * part.path
        return path

    def _filtered(self, values, moments, window, rows, steps, target, **options):
        """What all models of a season and a scale give, as windows (n_windows, T) tell.

        Returns
        -------
        found : list of Averages
            In units of the series; the likelihoods are those of numbers in these.
        is_log : list of bool
            Which are of logarithms.
        """
        periods = self._periods
        priors = self.priors or [None] * 2 * len(periods)
        found = [
            filtered(values, window, rows, steps, sp, prior, **options)
            for sp, prior in zip(periods, priors, strict=False)
        ]
        is_log = [bool(self.transform.log[target])] * len(found)
        if not self.tries_logarithm:
            return found, is_log
        other = _OtherScale(values, moments, self.transform, target)
        likelier = np.log(_LOGARITHM_PRIOR) * (-1.0 if other.is_log else 1.0)
        # A number that has no logarithm ends what logarithms can tell.
        there = np.flatnonzero(other.change[window, rows] > -np.inf)
        part = window[there], rows[there]
        changed = zip(periods, priors[len(periods) :], strict=True)
        for sp, prior in changed if len(there) else ():
            more = filtered(other.values, *part, steps, sp, prior, **options)
            whole = [None if f is None else np.zeros_like(f) for f in found[0]]
            whole[0][there] = other.back(more.path, *part)
            whole[1][:] = -np.inf
            change = powered(other.change[part])
            whole[1][there] = more.evidence + change + likelier
            if more.weights is not None:
                whole[2] = np.zeros((len(rows), more.weights.shape[1]))
                whole[2][there] = more.weights
            found.append(Averages(*whole))
            is_log.append(not other.is_log)
        return found, is_log

    def parts(self, prepared, origins):
        """How much each part of the models counts, by their likelihoods.

        Parameters
        ----------
        prepared : Prepared
            The series.
        origins : Origins
            Where forecasts would be made from.

        Returns
        -------
        ndarray of shape (n, n_targets, len(PARTS) + 1) of float64
            Shares of the models that have each of `PARTS`, and of those of logarithms,
            in [0, 1]; NaN where nothing was observed.
        """
        n_targets = prepared.u.shape[1]
        parts = np.full((len(origins.rows), n_targets, len(PARTS) + 1), np.nan)
        for place, target, found, is_log in self._weighed(prepared, origins):
            weights = _shares(found)
            sets = [models(sp).parts for sp in self._periods] * 2
            shares = np.array(
                [one.weights @ own for one, own in zip(found, sets, strict=False)]
            )
            parts[place, target, :-1] = (weights[..., None] * shares).sum(axis=0)
            parts[place, target, -1] = weights[is_log].sum(axis=0)
        return parts

    def likelihoods(self, prepared, origins):
        """How likely the rows so far are by each model, as far as that counts.

        Parameters
        ----------
        prepared : Prepared
            The series.
        origins : Origins
            The newest rows that count.

        Returns
        -------
        list of ndarray of shape (n, n_targets, M) of float64
            Logarithms, of each set of models in the order of `priors`: those without a
            season, those with one, and both once more on the other scale; -inf where
            nothing was observed, or there is no such scale.
        """
        n_targets = prepared.u.shape[1]
        prior = self.usual_priors if self.priors is None else self.priors
        logs = [np.full((len(origins.rows), n_targets, len(p)), -np.inf) for p in prior]
        for place, target, found, _ in self._weighed(prepared, origins):
            for mine, part, p in zip(logs, found, prior, strict=False):
                with np.errstate(divide="ignore"):
                    share = np.log(part.weights / p)
                mine[place, target] = part.evidence[:, None] + share
        return logs

    def _weighed(self, prepared, origins):
        """Yield places, a target, and what `_filtered` gives, weights and all."""
        begin, step = self._begin(prepared.table, origins), np.array([1])
        for target in range(prepared.u.shape[1]):
            blocks = self._blocks(prepared, origins, begin, target)
            for place, windows, *own, _ in blocks:
                where = *windows[:2], *own, step, target
                yield place, target, *self._filtered(*where, has_weights=True)

    @property
    def usual_priors(self):
        """Priors of the models where no other series tell; see `priors`."""
        return [models(sp).prior for sp in self._periods] * (1 + self.tries_logarithm)

    @property
    def _periods(self):
        """Rows of the seasons that models have, 1 for those without one, rising."""
        return sorted({1, self.transform.differencing.sp})


def _shares(found):
    """How much each of several averages counts (n_averages, n), by their evidence."""
    evidence = np.array([part.evidence for part in found])
    weight = np.exp(evidence - evidence.max(axis=0))
    return weight / weight.sum(axis=0)


class _Ends(NamedTuple):
    """Forecasts from the last rows of windows."""

    windows: bytes  # a digest of the windows
    steps: np.ndarray  # (n_steps,)
    path: np.ndarray  # (n_windows, n_steps)


class _OtherScale:
    """Windows as logarithms, or without them where logarithms are what is forecast.

    Parameters
    ----------
    values : ndarray of shape (n_windows, T)
        The windows, in units of their series.
    moments : ndarray of shape (n_windows, 2)
        Centre and scale of those.
    transform : TargetTransform
        Knows what is forecast.
    target : int
        Which target it is.

    Attributes
    ----------
    values : ndarray of shape (n_windows, T)
        NaN where nothing was observed, or has no logarithm.
    change : ndarray of shape (n_windows, T)
        Logarithm of the density of the rows so far but the first, for one of 1 of those
        in units of the series; -inf from the first row on that has no logarithm.
    """

    def __init__(self, values, moments, transform, target):
        self.center, self.scale = moments[:, :1], moments[:, 1:]
        self.is_log = bool(transform.log[target])
        numbers = values * self.scale + self.center
        if self.is_log:
            # Beside the first, lest they be too large for floats.
            self.first, self.floor = numbers[:, :1], np.log(transform.floor[target])
            distance = np.clip(numbers - self.first, -_MOST_LOG, _MOST_LOG)
            self.values = np.exp(distance)
            each = np.log(self.scale) + distance
        else:
            has_none = numbers <= 0
            self.values = np.log(np.where(has_none, np.nan, numbers))
            each = np.log(self.scale) - self.values
            low = np.fmin.accumulate(self.values, axis=1)
            high = np.fmax.accumulate(self.values, axis=1)
            self.range = low - (high - low), high + (high - low)
            each[has_none] = -np.inf
        each[np.isnan(each)] = 0.0
        # Of the first row no model says how likely it is.
        each[:, 0] = np.where(each[:, 0] > -np.inf, 0.0, -np.inf)
        self.change = np.cumsum(each, axis=1)

    def back(self, path, window, rows):
        """Forecasts (n, n_steps) from rows of windows, in units of their series."""
        center, scale = self.center[window], self.scale[window]
        if self.is_log:
            first = self.first[window]
            least = np.exp(np.clip(self.floor - first, -_MOST_LOG, _MOST_LOG))
            numbers = first + np.log(np.maximum(path, least))
        else:
            # No farther from what was seen than the past went, lest a trend explode.
            low, high = (end[window, rows][:, None] for end in self.range)
            numbers = np.exp(np.clip(path, low, np.minimum(high, _MOST_LOG)))
        return (numbers - center) / scale


def _next(known):
    """For each row the next that is known, itself or later (ndarray of int64)."""
    here = np.where(known, np.arange(len(known)), len(known))
    return np.minimum.accumulate(here[::-1])[::-1]


def _windows(u, known, starts, lengths):
    """Rows from some on (n_windows, T), NaN where nothing was observed."""
    column = np.arange(int(lengths.max()))
    place = starts[:, None] + column
    is_inside = column < lengths[:, None]
    place = np.where(is_inside, place, 0)
    return np.where(is_inside & known[place], u[place], np.nan)
