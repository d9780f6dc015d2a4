"""Forecasts of a table of series: fitting, going on, and how sure they are."""

import copy

import numpy as np

from skrnn._forecasting.conformal import AdaptiveScores
from skrnn._forecasting.table import Origins, numbered

__all__ = ["SeriesForecaster"]

# Origins whose errors are kept for the intervals.
_MOST_SCORES = 500
# Fewer rows than that tell nothing of the errors of a network.
_LEAST_SCORES = 6


class SeriesForecaster:
    """One network, or several, for all series of a table.

    Parameters
    ----------
    forecasts : callable
        Makes an unfitted `Forecasts`.
    estimator : estimator
        What the networks are clones of.
    n_members : int
        Networks of each model.
    calibration_fraction : float or None
        Newest share of the rows whose errors tell how sure forecasts are; None means
        that nothing does.
    rate : float
        As for `AdaptiveScores`.
    uses_loss : bool
        Whether the loss may answer for the errors, where it can.
    keeps_insample : bool
        Whether the forecasts of the rows of fit are kept.

    Attributes
    ----------
    forecasts : Forecasts
        The networks.
    tail : SeriesTable
        The newest rows of each series, as many as a forecast and its errors need.
    scores : AdaptiveScores or None
        Errors of forecasts, for the intervals.
    insample : dict of key to (first step, ndarray of shape (n_rows, 2, n_targets))
        Forecasts of the rows seen so far, and the scales of their errors.
    """

    def __init__(
        self,
        forecasts,
        estimator,
        *,
        n_members,
        calibration_fraction,
        rate,
        uses_loss,
        keeps_insample,
    ):
        self._new_forecasts, self._estimator = forecasts, estimator
        self._n_members, self._fraction = n_members, calibration_fraction
        self._rate, self._keeps_insample = rate, keeps_insample
        self.uses_loss = uses_loss

    @property
    def recipe(self):
        """What is local in these forecasts."""
        return self.forecasts.recipe

    @property
    def steps(self):
        """Steps ahead that the networks were trained for (ndarray of int64)."""
        return self.forecasts.steps

    def fit(self, table, random_state):
        """Train on all series.

        Parameters
        ----------
        table : SeriesTable
            The series, with their moments.
        random_state : numpy.random.RandomState
            Source of the seeds.

        Returns
        -------
        self : SeriesForecaster
        """
        state = random_state.get_state()
        self.forecasts = self._new_forecasts()
        self.forecasts.fit(table, self._estimator, self._n_members, random_state)
        self.scores = None
        if self._fraction is not None:
            random_state.set_state(state)
            self.scores = self._calibrated(table, random_state)
        self._take_rows(table)
        return self

    def _take_rows(self, table):
        self.tail = table.tails(self._n_kept)
        self.insample = {}
        if self._keeps_insample:
            self._add_insample(table, table.first)

    def for_series(self, table):
        """The same networks for other series, of which all is told anew.

        Parameters
        ----------
        table : SeriesTable
            Series with their moments.

        Returns
        -------
        SeriesForecaster
        """
        other = copy.copy(self)
        other._take_rows(table)
        if self.scores is not None:
            # Errors in units of a scale of their own hold for any series.
            pooled = self.scores.errors.reshape(1, -1, *self.scores.errors.shape[2:])
            errors = np.repeat(pooled, len(table.keys), axis=0)
            other.scores = self._scores_of(errors[:, -_MOST_SCORES:])
        return other

    @property
    def _n_kept(self):
        return self.forecasts.n_before + int(self.steps[-1])

    # -- going on ---------------------------------------------------------------

    def extended(self, newer):
        """The tail with newer rows behind it (SeriesTable), with all moments."""
        table = self.tail.followed_by(newer, self._n_kept)
        self.recipe.learn_moments(table)
        return table

    def update(self, newer, n_epochs):
        """Take in newer rows.

        Parameters
        ----------
        newer : SeriesTable
            Rows after those seen, or in their place. Where they end before those seen
            do, it is as if what came later had not been seen; nothing is learned from
            a row for the second time.
        n_epochs : int
            How often the networks read the new samples; 0 leaves them as they are.
        """
        table = self.extended(newer)
        known_until = self._known_until(table)
        if self.scores is not None:
            self.scores = self.scores_after(table, _MOST_SCORES)
        if self._keeps_insample:
            self.insample = dict(self.insample)
            self._add_insample(table, known_until + 1)
        if n_epochs:
            self.forecasts = copy.deepcopy(self.forecasts)
            self.forecasts.update(table, known_until, n_epochs)
        self.tail = table.tails(self._n_kept)

    def _known_until(self, table):
        """Step of each series of a table up to which its rows were seen before."""
        known_until = table.first - 1
        n_old = len(self.tail.keys)
        known_until[:n_old] = np.minimum(self.tail.last, table.last[:n_old])
        return known_until

    # -- forecasts --------------------------------------------------------------

    def point(self, table, origins, steps):
        """Forecasts (n, n_steps, n_targets), in the user's units."""
        u, _ = self.forecasts.predict(table, origins, steps)
        return self.recipe.to_units(u, origins.codes, table)

    def quantiles(self, table, origins, steps, levels, offsets=None, forecast=None):
        """Quantiles of forecasts, in the user's units.

        Parameters
        ----------
        table, origins, steps
            As for `Forecasts.predict`.
        levels : ndarray of shape (n_levels,) of float64
            In (0, 1).
        offsets : ndarray of shape (n, n_known_steps, n_targets, n_levels), default=None
            Quantiles of the errors as they were at each origin; None takes those of
            now.
        forecast : tuple, default=None
            What `Forecasts.predict` gives, where that is known already.

        Returns
        -------
        ndarray of shape (n, n_steps, n_targets, n_levels)

        Raises
        ------
        ValueError
            If neither the loss nor errors tell.
        """
        u = np.empty((len(origins.rows), len(steps), table.y.shape[1], len(levels)))
        by_loss = self._by_loss(steps, levels)
        if not by_loss.all():
            if self.scores is None:
                raise ValueError(
                    f"The loss does not give the quantiles {levels[~by_loss]} of these "
                    "forecasts. Set interval='conformal', or add them to the quantiles "
                    "of the estimator."
                )
            if offsets is None:
                offsets = self.scores.offsets(levels)[None]
            if forecast is None:
                forecast = self.forecasts.predict(table, origins, steps)
            point, scale = forecast
            u[...] = self._at_steps(offsets, steps) * scale[:, None, :, None]
            u += point[..., None]
        if by_loss.any():
            u[..., by_loss] = self.forecasts.distributions(
                "quantiles", table, origins, steps, levels[by_loss]
            )
        return self._sorted_units(u, levels, origins.codes, table)

    def both(self, table, origins, steps, levels, offsets):
        """Forecasts, and quantiles unless `levels` is None; see `quantiles`."""
        forecast = self.forecasts.predict(table, origins, steps)
        point = self.recipe.to_units(forecast[0], origins.codes, table)
        if levels is None:
            return point, None
        return point, self.quantiles(table, origins, steps, levels, offsets, forecast)

    def laws(self, table, origins, steps):
        """Parameters of the likelihood (n, n_steps, n_targets, width).

        Location and scale in the user's units, but of the logarithm where that is what
        is forecast.
        """
        laws = self.forecasts.distributions("laws", table, origins, steps)
        center, scale = np.moveaxis(table.moments[origins.codes], 1, 0)  # (n, k)
        laws[..., :2] *= scale[:, None, :, None]
        laws[..., 0] += center[:, None]
        return laws

    def forecasts_of_past(self, codes, steps):
        """Forecasts of rows that were seen, with the scales of their errors.

        Parameters
        ----------
        codes, steps : ndarray of shape (n,) of int64
            Series and step of each row.

        Returns
        -------
        ndarray of shape (n, 2, n_targets)
            NaN of steps before the first.
        """
        values = np.full((len(codes), 2, self.tail.y.shape[1]), np.nan)
        for code in np.unique(codes):
            start, known = self.insample[self.tail.keys[code]]
            mine = codes == code
            place = steps[mine] - start
            inside = (place >= 0) & (place < len(known))
            values[np.flatnonzero(mine)[inside]] = known[place[inside]]
        return values

    def moments_of(self, keys):
        """Centre and scale of series (n, 2, k); NaN of those that were not seen."""
        known = dict(zip(self.tail.keys, self.tail.moments, strict=True))
        unknown = np.full(self.tail.moments.shape[1:], np.nan)
        return np.array([known.get(key, unknown) for key in keys])

    def insample_quantiles(self, past, codes, levels):
        """Quantiles (n, k, n_levels) about what `forecasts_of_past` gave."""
        offsets = self.scores.offsets(levels)[0]  # (k, n_levels)
        u = self.recipe.from_units(past[:, 0], codes, self.tail)
        u = u[..., None] + offsets * past[:, 1, :, None]
        return self._sorted_units(u[:, None], levels, codes, self.tail)[:, 0]

    def _by_loss(self, steps, levels):
        if not self.uses_loss or not self.forecasts.gives_distributions(steps):
            return np.zeros(len(levels), dtype=bool)
        return self.forecasts.knows_levels(levels)

    def _at_steps(self, offsets, steps):
        """Offsets (n, n_steps, ...) of steps ahead, beyond those known as of a walk."""
        known = self.steps
        place = np.minimum(np.searchsorted(known, steps), len(known) - 1)
        growth = np.sqrt(np.maximum(steps / known[-1], 1.0))
        return offsets[:, place] * growth[:, None, None]

    def _sorted_units(self, u, levels, codes, table):
        """Numbers (n, S, k, n_levels) in the user's units, rising with the level."""
        order = np.argsort(levels)
        u[..., order] = np.sort(u, axis=-1)
        values = np.moveaxis(u, -1, -2)  # (n, S, n_levels, k)
        values = self.recipe.to_units(values, codes, table)
        return np.moveaxis(values, -1, -2)

    # -- errors, for the intervals ----------------------------------------------

    def _scores_of(self, errors):
        return AdaptiveScores(errors, self.steps, self._rate, _MOST_SCORES)

    def _calibrated(self, table, random_state):
        """Errors on the newest rows of networks that have not seen them."""
        lengths = table.lengths
        wanted = np.maximum(self._fraction * lengths, np.minimum(40, 0.4 * lengths))
        least = self.recipe.lag + int(self.steps[-1]) + 8
        held_out = np.minimum(wanted.astype(int), np.maximum(lengths - least, 0))
        is_judged = held_out.max() >= _LEAST_SCORES
        n_known = np.minimum(held_out if is_judged else lengths - 1, _MOST_SCORES)
        shape = (len(lengths), int(n_known.max()) + 1)
        errors = np.full((*shape, len(self.steps), table.y.shape[1]), np.nan)
        # Errors of training would be far too small: those without a network take over.
        forecast = self.forecasts.unchanged
        if is_judged:
            judge = self._new_forecasts()
            older = table.until(table.last - held_out)
            judge.fit(older, self._estimator, self._n_members, random_state)
            forecast = judge.predict
        self._fill_errors(errors, forecast, table, n_known)
        return self._scores_of(errors)

    def scores_after(self, table, most=None):
        """Errors of before with those that newer rows tell.

        Parameters
        ----------
        table : SeriesTable
            The tail with newer rows.
        most : int, default=None
            No more than so many of the newest origins are kept; None keeps all.

        Returns
        -------
        AdaptiveScores
        """
        old = self.scores.errors
        known_until = self._known_until(table)
        n_new = table.last - known_until
        n_cols = old.shape[1] + int(n_new.max())
        if most is not None:
            n_cols = min(n_cols, most)
        errors = np.full((len(table.keys), n_cols, *old.shape[2:]), np.nan)
        for code, known in enumerate(old):
            n_lost = int(self.tail.last[code] - known_until[code])
            if n_lost:
                known = known[: max(len(known) - n_lost, 0)].copy()
                for i, step in enumerate(self.steps):
                    known[max(len(known) - int(step), 0) :, i] = np.nan
            stop = max(n_cols - int(n_new[code]), 0)
            kept = min(len(known), stop)
            errors[code, stop - kept : stop] = known[len(known) - kept :]
        reach = np.minimum(n_new + int(self.steps[-1]), n_cols - 1)
        reach = np.minimum(reach, table.lengths - 1)
        n_newest = np.where(n_new, reach, 0)
        self._fill_errors(errors, self.forecasts.predict, table, n_newest)
        return self.scores.followed_by(errors, int(n_new.max()))

    def _fill_errors(self, errors, predict, table, n_newest):
        """Compute the errors from each of the newest origins; the last has none yet."""
        codes, number = numbered(n_newest)
        if not len(codes):
            return
        back = n_newest[codes] - number
        rows = table.begin[codes + 1] - 1 - back
        origins = Origins(rows, codes)
        forecast, scale = predict(table, origins, self.steps)
        prepared = self.recipe.prepare(table)
        future = rows[:, None] + self.steps
        inside = future < table.begin[codes + 1][:, None]
        future = np.where(inside, future, 0)
        seen = inside[..., None] & prepared.known[future]
        truth = prepared.u[future] + prepared.effect[future]
        found = (truth - forecast) / scale[:, None]
        place = errors.shape[1] - 1 - back
        old = errors[codes, place]
        # What was known stays: then the networks had not learned the truth.
        errors[codes, place] = np.where(seen & np.isnan(old), found, old)

    # -- forecasts of the past --------------------------------------------------

    def _add_insample(self, table, first):
        """Keep forecasts of the rows from these steps on, by the shortest step."""
        step = int(self.steps[0])
        begin = np.maximum(first - table.first, 0)
        counts = table.lengths - begin
        codes, number = numbered(counts)
        targets = table.begin[codes] + begin[codes] + number
        rows = np.maximum(targets - step, table.begin[codes] - 1)
        origins = Origins(rows, codes)
        both = np.empty((len(codes), 2, table.y.shape[1]))
        if len(codes):
            u, both[:, 1] = self.forecasts.predict(table, origins, np.array([step]))
            both[:, 0] = self.recipe.to_units(u, codes, table)[:, 0]
        parts = np.split(both, np.cumsum(counts)[:-1])
        for code, (key, new) in enumerate(zip(table.keys, parts, strict=True)):
            start = int(table.first[code] + begin[code])
            if key in self.insample:
                old_start, old = self.insample[key]
                new = np.concatenate([old[: max(start - old_start, 0)], new])
                start = min(start, old_start)
            self.insample[key] = (start, new)
