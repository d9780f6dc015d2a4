"""Forecasts of a table of series: fitting, going on, and how sure they are."""

import copy
import weakref

import numpy as np

from skrnn._forecasting.calibration import scores_after, scores_of_others
from skrnn._forecasting.combine import fit_combination
from skrnn._forecasting.limits import MOST_LENGTHS
from skrnn._forecasting.strategies import shown_steps
from skrnn._forecasting.table import Origins, newest_known, numbered

__all__ = ["SeriesForecaster"]

# By forecaster what its models said when the newest rows came: forecasts from these and
# scales of their errors. Apart from what is copied and saved.
_FROM_ENDS = weakref.WeakKeyDictionary()


class SeriesForecaster:
    """One network, or several, for all series of a table; made by `fit`.

    Parameters
    ----------
    settings : Settings
        What was chosen.
    forecasts : Combination
        The trained networks and the smoothing beside them.
    prepared : Prepared
        The series to forecast, without rows of NaN at their ends.
    scores : AdaptiveScores or None
        Errors of forecasts, for the intervals.
    seen : SeriesTable
        The same series with those rows.

    Attributes
    ----------
    tail : SeriesTable
        The newest rows of each series, as many as a forecast and its errors need, up to
        the newest that has a target: a series that ends with NaN ends earlier.
    seen : SeriesTable
        The tail, and after it the rows without a target.
    insample : dict of key to (first step, ndarray of shape (n_rows, 2, n_targets))
        Forecasts of the rows seen so far, and the scales of their errors.
    """

    def __init__(self, settings, forecasts, prepared, scores, seen):
        self.settings, self.forecasts, self.scores = settings, forecasts, scores
        table = prepared.table
        self._keep(table, seen)
        self.longest = int(table.lengths.max())  # rows of the longest series so far
        self.insample = {}
        if settings.keeps_insample:
            self.insample = self._insample_with(prepared, table.first)

    @classmethod
    def fit(cls, settings, design, prepared, seen, random_state):
        """Train on all series.

        Parameters
        ----------
        settings : Settings
            What was chosen.
        design : Design
            What the forecasts are made of.
        prepared, seen : Prepared, SeriesTable
            The series without, and with, rows of NaN at their ends.
        random_state : numpy.random.RandomState
            Source of the seeds.

        Returns
        -------
        SeriesForecaster
        """
        forecasts, scores = fit_combination(settings, design, prepared, random_state)
        fitted = cls(settings, forecasts, prepared, scores, seen)
        fitted.forecasts = forecasts.of_future
        return fitted

    @property
    def transform(self):
        """What is local in these forecasts."""
        return self.forecasts.transform

    @property
    def steps(self):
        """Steps ahead that the networks were trained for (ndarray of int64)."""
        return self.forecasts.steps

    @property
    def _n_kept(self):
        return self.forecasts.n_before + int(self.steps[-1])

    def for_series(self, table):
        """The same networks for other series, of which all is told anew.

        Parameters
        ----------
        table : SeriesTable
            The series. Those of a panel that were seen keep their level and scale.

        Returns
        -------
        SeriesForecaster
        """
        if table.keys != [()]:
            known = dict(zip(self.tail.keys, self.tail.moments, strict=True))
            unknown = np.full(self.tail.moments.shape[1:], np.nan)
            moments = np.array([known.get(key, unknown) for key in table.keys])
            table = table.with_moments(moments)
        scores = self.scores
        if scores is not None:
            scores = scores_of_others(scores, len(table.keys))
        prepared = self.transform.prepare(table.known_part())
        return SeriesForecaster(self.settings, self.forecasts, prepared, scores, table)

    def smoothing_parts(self):
        """How much each part of smoothing counts now; see `Smoothing.parts`.

        None where there is no smoothing.
        """
        smoothing = self.forecasts.smoothing
        if smoothing is None:
            return None
        prepared = self.transform.prepare(self.tail)
        ends = Origins(self.tail.begin[1:] - 1, np.arange(len(self.tail.keys)))
        return smoothing.parts(prepared, ends)

    def panel_parts(self):
        """What is each series' own in a panel; see `Combination.panel_parts`."""
        return self.forecasts.panel_parts(self.tail.keys)

    # -- going on ---------------------------------------------------------------

    def _keep(self, table, seen):
        self.tail = table.tails(self._n_kept)
        self.seen = self.tail.reaching(seen)

    def extended(self, newer):
        """What was kept with newer rows behind it (SeriesTable)."""
        return self.seen.followed_by(newer)

    def updated(self, newer, n_epochs):
        """A forecaster that has taken in newer rows.

        Parameters
        ----------
        newer : SeriesTable
            Rows after those seen, or in their place. Where they end before those seen
            do, it is as if what came later had not been seen; nothing is learned from
            a row for the second time.
        n_epochs : int
            How often the networks read the new samples; 0 leaves them as they are.

        Returns
        -------
        SeriesForecaster
        """
        other = copy.copy(self)
        seen = self.extended(newer)
        prepared = self.transform.prepare(seen.known_part())
        known_until = self.tail.known_until(prepared.table)
        if self.scores is not None:
            known = self.tail, self.forecasts, prepared
            other.scores, from_ends = scores_after(self.scores, *known)
            # Networks that train on will say something else.
            if from_ends is not None and not n_epochs:
                _FROM_ENDS[other] = from_ends
        if self.settings.keeps_insample:
            # Of newer rows, and of rows whose X was not known as far as it counts.
            first = known_until + 1 - self.forecasts.n_awaited
            other.insample = self._insample_with(prepared, first)
        if n_epochs:
            other.forecasts = self.forecasts.trained_on(prepared, known_until, n_epochs)
        other._keep(prepared.table, seen)
        n_new = prepared.table.last - known_until
        other.longest = self.longest + max(int(n_new.max()), 0)
        return other

    def scores_after(self, prepared):
        """All errors, with those of newer rows; see `calibration.scores_after`."""
        known = self.tail, self.forecasts, prepared
        return scores_after(self.scores, *known, keeps_all=True)[0]

    # -- forecasts --------------------------------------------------------------

    def refuse_far(self, step):
        """Raise where a step ahead (int) is beyond all that the series can tell."""
        most = max(int(self.steps[-1]), MOST_LENGTHS * self.longest)
        if step > most:
            raise ValueError(
                f"fh reaches {step} steps ahead, but the longest series has "
                f"{self.longest} rows: that far ahead, forecasts which are fed back "
                f"tell nothing. The most that is forecast are {most} steps, "
                f"{MOST_LENGTHS} times the rows. Give a shorter fh."
            )

    def point_from_ends(self, steps):
        """Forecasts from the newest rows as far as they are known already.

        Parameters
        ----------
        steps : ndarray of shape (n_steps,) of int64
            Steps ahead, in any order.

        Returns
        -------
        ndarray of shape (n_series, n_steps, n_targets) of float64, or None
            As `point` would give them; None where they are not known, or depend on
            what X will be.
        """
        known = self._from_ends(steps)
        if known is None:
            return None
        return self.transform.to_units(known[0], np.arange(len(known[0])), self.tail)

    def quantiles_from_ends(self, steps, levels):
        """Quantiles of these, as `quantiles` would give them.

        Parameters
        ----------
        steps : ndarray of shape (n_steps,) of int64
            Steps ahead, in any order.
        levels : ndarray of shape (n_levels,) of float64
            In (0, 1).

        Returns
        -------
        ndarray of shape (n_series, n_steps, n_targets, n_levels), or None
            None where the forecasts are not known, or the loss gives a quantile.
        """
        known = self._from_ends(steps)
        if known is None or self._by_loss(np.sort(steps), levels).any():
            return None
        u = self._about(*known, steps, self.scores.offsets(levels)[None])
        return self._sorted_units(u, levels, np.arange(len(u)), self.tail)

    def _from_ends(self, steps):
        """Forecasts and scales that were told when the newest rows came, or None."""
        known = _FROM_ENDS.get(self)
        if known is None or self.tail.x is not None:
            return None
        place = np.minimum(np.searchsorted(self.steps, steps), len(self.steps) - 1)
        if (self.steps[place] != steps).any():
            return None
        return known[0][:, place], known[1]

    def point(self, prepared, origins, steps):
        """Forecasts (n, n_steps, n_targets), in the user's units."""
        u, _ = self.forecasts.predict(prepared, origins, steps)
        return self.transform.to_units(u, origins.codes, prepared.table)

    def quantiles(
        self,
        prepared,
        origins,
        steps,
        levels,
        offsets=None,
        forecast=None,
    ):
        """Quantiles of forecasts, in the user's units.

        Parameters
        ----------
        prepared, origins, steps
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
        u = np.empty((len(origins.rows), len(steps), prepared.u.shape[1], len(levels)))
        by_loss = self._by_loss(steps, levels)
        if not by_loss.all():
            if self.scores is None:
                raise ValueError(
                    f"The loss does not give the quantiles {levels[~by_loss]} of "
                    f"forecasts {shown_steps(steps)} steps ahead of the newest value "
                    "of y. Set interval='conformal', or give the steps to fit in fh, "
                    "or add them to the quantiles of the estimator."
                )
            if offsets is None:
                offsets = self.scores.offsets(levels)[None]
            if forecast is None:
                forecast = self.forecasts.predict(prepared, origins, steps)
            u[...] = self._about(*forecast, steps, offsets)
        if by_loss.any():
            u[..., by_loss] = self.forecasts.distributions(
                "quantiles", prepared, origins, steps, levels[by_loss]
            )
        return self._sorted_units(u, levels, origins.codes, prepared.table)

    def both(self, prepared, origins, steps, levels, offsets):
        """Forecasts, and quantiles unless `levels` is None; see `quantiles`.

        Those from rows without a target are made from the newest row that has one.
        """
        gaps = rows_since_known(prepared, origins)
        parts = []
        for gap in np.unique(gaps):
            which = slice(None) if not gaps.any() else np.flatnonzero(gaps == gap)
            start = Origins(origins.rows[which] - gap, origins.codes[which])
            own = offsets
            if offsets is not None and len(offsets) > 1:
                own = offsets[which]
            ahead = steps + gap
            forecast = self.forecasts.predict(prepared, start, ahead)
            point = self.transform.to_units(forecast[0], start.codes, prepared.table)
            parts.append((which, point, None))
            if levels is not None:
                where = prepared, start, ahead, levels, own, forecast
                parts[-1] = which, point, self.quantiles(*where)
        if len(parts) == 1:
            return parts[0][1:]
        place = np.argsort(np.concatenate([which for which, _, _ in parts]))
        return tuple(
            None if found[0] is None else np.concatenate(found)[place]
            for found in list(zip(*parts, strict=True))[1:]
        )

    def laws(self, prepared, origins, steps):
        """Parameters of the likelihood (n, n_steps, n_targets, width).

        Location and scale in the user's units, but of the logarithm where that is what
        is forecast.
        """
        laws = self.forecasts.distributions("laws", prepared, origins, steps)
        center, scale = np.moveaxis(
            prepared.table.moments[origins.codes], 1, 0
        )  # (n, k)
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

    def insample_quantiles(self, past, codes, levels):
        """Quantiles (n, k, n_levels) about what `forecasts_of_past` gave."""
        offsets = self.scores.offsets(levels)[0]  # (k, n_levels)
        u = self.transform.from_units(past[:, 0], codes, self.tail)
        u = u[..., None] + offsets * past[:, 1, :, None]
        return self._sorted_units(u[:, None], levels, codes, self.tail)[:, 0]

    def _by_loss(self, steps, levels):
        if not self.settings.uses_loss or not self.forecasts.gives_distributions(steps):
            return np.zeros(len(levels), dtype=bool)
        return self.forecasts.knows_levels(levels)

    def _about(self, point, scale, steps, offsets):
        """Quantiles (n, n_steps, k, n_levels) about forecasts, in their units."""
        offsets = self._at_steps(offsets, steps) * scale[:, None, :, None]
        return offsets + point[..., None]

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
        values = self.transform.to_units(values, codes, table)
        return np.moveaxis(values, -1, -2)

    # -- forecasts of the past --------------------------------------------------

    def _insample_with(self, prepared, first):
        """Forecasts of the past, those from these steps on by the shortest step."""
        table, insample = prepared.table, dict(self.insample)
        step = int(self.steps[0])
        begin = np.maximum(first - table.first, 0)
        counts = table.lengths - begin
        codes, number = numbered(counts)
        targets = table.begin[codes] + begin[codes] + number
        rows = np.maximum(targets - step, table.begin[codes] - 1)
        origins = Origins(rows, codes)
        both = np.empty((len(codes), 2, table.y.shape[1]))
        if len(codes):
            u, both[:, 1] = self.forecasts.predict(prepared, origins, np.array([step]))
            both[:, 0] = self.transform.to_units(u, codes, table)[:, 0]
        parts = np.split(both, np.cumsum(counts)[:-1])
        for code, (key, new) in enumerate(zip(table.keys, parts, strict=True)):
            start = int(table.first[code] + begin[code])
            if key in insample:
                old_start, old = insample[key]
                new = np.concatenate([old[: max(start - old_start, 0)], new])
                start = min(start, old_start)
            insample[key] = (start, new)
        return insample


def rows_since_known(prepared, origins):
    """Rows since the newest that has a target, at each origin (ndarray of int64).

    0 where none has one.
    """
    if not len(origins.rows) or prepared.known.any(axis=1).all():
        return np.zeros(len(origins.rows), dtype=np.int64)
    newest = newest_known(prepared.known.any(axis=1)[:, None], prepared.table.begin)
    newest = newest[np.maximum(origins.rows, 0), 0]
    is_inside = origins.rows >= prepared.table.begin[origins.codes]
    return np.where(is_inside & (newest >= 0), origins.rows - newest, 0)
