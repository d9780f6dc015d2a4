"""Conformal quantiles of forecast errors, which adapt as the errors come in."""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtrit

__all__ = ["AdaptiveScores"]

# With fewer errors than that a step shares its distribution, a symmetric one, with the
# other steps: of a hundred, five lie beyond either end of an interval of 90 %. Set by
# hand; how many truths the intervals hold, docs/benchmarks/forecasting.py measures.
_ENOUGH = 100
# Degrees of freedom that the size of errors has beside one for each error that is known
# and does not overlap with others. Chosen on the first M competition.
_USUAL_FREEDOM = 2.0
# Shared quantiles of few errors lie no nearer than those of a normal distribution of
# their size, as far out as that is asked for: the largest of few is not the largest
# there can be. That they do was chosen on the first M competition; how far out was not.
_LEAST_LEVEL = 1e-3
# Less doubt, one over degrees of freedom, is none.
_LEAST_DOUBT = 1e-12
# Origins that are dropped together, once there are so many more than count. Until then
# levels go on from where they were; afterwards they begin once more.
_DROPPED_TOGETHER = 100


class AdaptiveScores:
    """Errors of forecasts from rolling origins, and the quantiles that they call for.

    An error counts as soon as it is known: that of a forecast `h` steps ahead, `h`
    origins later. For each quantile asked for the level is moved whenever an error
    comes in, up if it lay above and down if it lay below, so that in the long run as
    many lie below as should, whatever the distribution does: adaptive conformal
    inference [1]_, one-sided, at each end of an interval by itself.

    Parameters
    ----------
    errors : ndarray of shape (n_series, n_origins, n_steps, n_targets)
        Truth less forecast, in units of `TargetTransform.error_scale` or, beside
        smoothing, of the series, in a panel of its errors (`error_scales`); NaN where
        unknown. Origins rise one by one.
    steps : ndarray of shape (n_steps,) of int64
        The steps ahead.
    rate : float
        How far the level moves, at least 0.
    most : int
        No more than so many of the newest origins count in a distribution.
    start : int, default=None
        Origin at which levels begin to move; None means where half of the errors, or
        enough, are there.
    known_after : ndarray of shape (n_steps,) of int64, default=None
        How many origins later an error of each step is known; None means as many as
        the steps are.
    groups : list of ndarray of int64, default=None
        Places of the steps that may share a distribution; None means all.

    References
    ----------
    .. [1] Gibbs, I. and Candes, E. (2021). Adaptive conformal inference under
       distribution shift. NeurIPS. :arxiv:`2106.00170`.
    """

    # How levels came to where they are, and how they did for the errors of before
    # (`_Way` or None): only time is lost without.
    _way = _former = None
    n_dropped = 0  # origins before these that are kept no more

    def __init__(
        self, errors, steps, rate, most, start=None, known_after=None, groups=None
    ):
        self.errors, self.steps, self.rate, self.most = errors, steps, rate, most
        self.known_after = steps if known_after is None else known_after
        self.groups = [slice(None)] if groups is None else groups
        usual = min(max(errors.shape[1] // 2, 1), _ENOUGH)
        self.start = usual if start is None else start
        self._latest = None  # what was asked for last

    def followed_by(self, errors, n_new):
        """Errors of more origins after these, or some of these computed anew.

        Parameters
        ----------
        errors : ndarray of shape (n_series, n_origins, n_steps, n_targets)
            Those of before too, as far as they are still known.
        n_new : int
            How many origins more there are than before.

        Returns
        -------
        AdaptiveScores
            Whose levels move on from where they began to.
        """
        dropped = self.errors.shape[1] + n_new - errors.shape[1]
        start = self._start_without(dropped)
        own = self.steps, self.rate, self.most, start, self.known_after, self.groups
        after = AdaptiveScores(errors, *own)
        after.n_dropped = self.n_dropped + dropped
        if not dropped:
            after._former = self._way or self._former
        return after

    def n_to_drop(self, n_origins):
        """Origins of so many (int) that need not be kept, from the oldest on (int)."""
        beyond = self.n_dropped + n_origins - self.most
        of_all = max(beyond, 0) // _DROPPED_TOGETHER * _DROPPED_TOGETHER
        return max(of_all - self.n_dropped, 0)

    def _start_without(self, dropped):
        """Where levels begin to move among the origins after some dropped ones."""
        return self.start if not dropped else max(self.start - dropped, _ENOUGH)

    def __getstate__(self):
        return {k: v for k, v in vars(self).items() if k not in ("_way", "_former")}

    def offsets(self, levels):
        """Quantiles of the errors to come.

        Parameters
        ----------
        levels : ndarray of shape (n_levels,) of float64
            In (0, 1).

        Returns
        -------
        ndarray of shape (n_steps, n_targets, n_levels) of float64
            In the units of the errors; rising with the level.
        """
        key = tuple(levels)
        if self._latest is None or self._latest[0] != key:
            # The levels' way is long, and asked for once for each end of the series.
            known = _as_they_come(self.errors, self.known_after)
            begun = self._former
            if begun is not None and not begun.leads_to(key, known, self.start):
                begun = None
            found, moved = self._moved_on(
                levels, known, known.shape[1], self.start, begun
            )
            self._way = _Way(key, self.start, known, moved)
            self._latest = key, found[-1]
        return self._latest[1].copy()

    def rolling_offsets(self, levels, n_newest):
        """The same as it was at each of the newest origins, and after them.

        Parameters
        ----------
        levels : ndarray of shape (n_levels,) of float64
            In (0, 1).
        n_newest : int
            Origins.

        Returns
        -------
        ndarray of shape (n_newest + 1, n_steps, n_targets, n_levels) of float64
        """
        n_origins, found = self.errors.shape[1], []
        dropped = [self.n_to_drop(n) for n in range(n_origins + 1)]
        while len(found) <= n_newest:
            first = n_origins - n_newest + len(found)
            n = dropped[first]
            errors = self.errors[:, n : np.searchsorted(dropped, n, "right") - 1]
            known = _as_they_come(errors, self.known_after)
            found += self._moved_on(levels, known, first - n, self._start_without(n))[0]
        return np.array(found)

    def _moved_on(self, levels, known, first, start, begun=None):
        """Offsets (list of ndarray) at origins from `first` on, and the moved levels.

        Those begin to move at an origin, or go on from a way (_Way) of fewer origins.
        """
        levels = np.asarray(levels, dtype=float)
        n_times, n_steps, n_targets = known.shape[1:]
        begin = min(first, start)
        moved = np.broadcast_to(levels, (n_steps, n_targets, len(levels)))
        if begun is not None:
            begin, moved = begun.known.shape[1], begun.moved
        moved, order, results = moved.copy(), np.argsort(levels), []
        for now in range(begin, n_times + 1):
            ahead = np.maximum(now - self.most, 0)
            now_at = np.clip(moved, 0.0, 1.0)
            offsets = self._quantiles(known[:, ahead:now], now_at, levels)
            offsets[..., order] = np.sort(offsets, axis=-1)
            if now >= first:
                results.append(offsets)
            if now == n_times or not self.rate:
                continue
            come = known[:, now][..., None]  # (S, H, k, 1)
            seen = ~np.isnan(come)
            below = (seen & (come <= offsets)).sum(axis=0)
            count = seen.sum(axis=0)
            share = below / np.maximum(count, 1)
            moved += np.where(count > 0, self.rate * (levels - share), 0.0)
        return results, moved

    def _quantiles(self, known, levels, wanted):
        """Quantiles (H, k, n_levels) of the errors known so far, group by group.

        At levels that have moved, and what they were before they did.
        """
        offsets = np.empty(levels.shape)
        for group in self.groups:
            offsets[group] = _quantiles(
                known[:, :, group], self.steps[group], levels[group], wanted
            )
        return offsets


class _Way(NamedTuple):
    """How far levels had moved when all errors that were there had come."""

    key: tuple  # the levels asked for
    start: int  # the origin at which they began to move
    known: np.ndarray  # (S, T, H, k), the errors as they came
    moved: np.ndarray  # (H, k, n_levels)

    def leads_to(self, key, known, start):
        """Whether levels (tuple) that meet other errors (S, T, H, k) come by here."""
        n_times = self.known.shape[1]
        return (
            self.key == key
            and self.start == start <= n_times <= known.shape[1]
            and self.known.shape[::2] == known.shape[::2]
            and np.array_equal(self.known, known[:, :n_times], equal_nan=True)
        )


def _as_they_come(errors, known_after):
    """Sort errors by the time at which they are known, a step by itself."""
    known = np.full_like(errors, np.nan)
    n_origins = errors.shape[1]
    for i, after in enumerate(known_after):
        late = min(int(after), n_origins)
        known[:, late:, i] = errors[:, : n_origins - late, i]
    return known


def _quantiles(known, steps, levels, wanted):
    """Conformal quantiles (H, k, n_levels) of the errors (S, T, H, k) known so far."""
    n_steps, n_targets = known.shape[2:]
    pooled = known.reshape(-1, n_steps, n_targets)
    count = (~np.isnan(pooled)).sum(axis=0)  # (H, k)
    offsets = np.zeros(levels.shape)
    # Forecasts that far ahead overlap with as many others.
    n_apart = np.maximum(count / np.asarray(steps)[:, None], 1.0)
    doubt = 1.0 / n_apart
    for target in range(n_targets):
        own = count[:, target] >= _ENOUGH
        if own.any():
            ordered = np.sort(pooled[:, own, target].T)  # NaN come last
            n = count[own, target]
            at = _corrected(levels[own, target], n[:, None])
            offsets[own, target] = _between(ordered, n, at)
            doubt[own, target] -= 1.0 / n  # so much is in the levels
        if own.all():
            continue
        spread = _spread(pooled[..., target], count[:, target])
        shape = pooled[..., target] / spread
        shape = shape[~np.isnan(shape)]
        if len(shape):
            # Few errors may as well have lain on the other side.
            shape = np.concatenate([shape, -shape])
            shared = np.quantile(shape, levels[~own, target])
            shared = _no_nearer_than_normal(shared, wanted)
            offsets[~own, target] = shared * spread[~own, None]
    return offsets * _beside_normal(wanted, doubt)


def _beside_normal(levels, doubt):
    """How much farther out quantiles (H, k, n_levels) lie by doubt (H, k) of the size.

    Few errors may have been small by chance. Errors of a normal distribution, over the
    size of `n` of them, have Student's t distribution of `n` degrees of freedom.
    """
    outer = 0.5 + np.clip(np.abs(levels - 0.5), _LEAST_LEVEL, 0.5 - _LEAST_LEVEL)
    freedom = _USUAL_FREEDOM + 1.0 / np.maximum(doubt, _LEAST_DOUBT)
    return stdtrit(freedom[..., None], outer) / ndtri(outer)


def _no_nearer_than_normal(quantiles, levels):
    """Quantiles of a distribution of unit size, or those of the normal one beyond."""
    normal = ndtri(np.clip(levels, _LEAST_LEVEL, 1.0 - _LEAST_LEVEL))
    farther = np.where(
        normal < 0, np.minimum(quantiles, normal), np.maximum(quantiles, normal)
    )
    return np.where(normal == 0, quantiles, farther)


def _spread(pooled, count):
    """Root mean square of the errors (n, H) of each step, never falling (H,)."""
    squares = np.nansum(pooled**2, axis=0) / np.maximum(count, 1)
    spread = np.sqrt(np.maximum.accumulate(squares, axis=0))
    return np.where(spread > 0, spread, 1.0)


def _corrected(levels, n):
    """Levels with the correction for a finite sample, away from the middle."""
    return np.clip(0.5 + (levels - 0.5) * (n + 1) / n, 0.0, 1.0)


def _between(ordered, count, levels):
    """Quantiles (n, n_levels) of the first `count` (n,) numbers of each sorted row."""
    last = count[:, None] - 1
    place = levels * last
    low = place.astype(np.int64)
    below = np.take_along_axis(ordered, low, axis=1)
    above = np.take_along_axis(ordered, np.minimum(low + 1, last), axis=1)
    return below + (place - low) * (above - below)
