"""The ways to several steps ahead: at once, one by one, or by one's own forecasts."""

import copy
from typing import NamedTuple

import numpy as np

from skrnn._forecasting.covariates import Covariates
from skrnn._forecasting.horizon_model import (
    HorizonModel,
    new_members,
    takes_absent_steps,
)
from skrnn._forecasting.table import Origins
from skrnn._forecasting.target_transform import TargetTransform
from skrnn._time.axis import TimeAxis

__all__ = ["STRATEGIES", "Design", "Forecasts", "shown_steps"]

STRATEGIES = ("multioutput", "recursive", "direct", "dirrec")


class Design(NamedTuple):
    """What forecasts are made of, before a network has learned anything."""

    strategy: str  # as for `RNNForecaster`
    steps: np.ndarray  # (n_steps,) steps ahead that are asked for, rising
    is_later: np.ndarray  # (n_steps,) those asked for once late rows have come
    window_length: int
    transform: TargetTransform
    covariates: Covariates
    axis: TimeAxis
    estimator: object  # what the networks are clones of
    n_members: int  # networks of each model


class Forecasts:
    """Forecasts of a table's series by one of the strategies.

    Parameters
    ----------
    design : Design
        What they are made of.
    """

    def __init__(self, design):
        self.design = design
        self.strategy, self.transform = design.strategy, design.transform
        last = int(design.steps[-1])
        is_direct = self.strategy == "direct"
        self.steps = np.asarray(design.steps) if is_direct else np.arange(1, last + 1)
        needs_full = not takes_absent_steps(design.estimator)

        def model(steps, n_more=0):
            return HorizonModel(
                design.transform,
                design.covariates,
                design.axis,
                steps,
                design.window_length + n_more,
                needs_full,
            )

        if self.strategy == "multioutput":
            self.models = [model(self.steps)]
        elif self.strategy == "recursive":
            self.models = [model([1])]
        elif self.strategy == "direct":
            self.models = [model([step]) for step in self.steps]
        else:
            # The window of a later step holds the forecasts of the steps before.
            self.models = [model([1], i) for i in range(last)]

    @property
    def n_before(self):
        """Rows that a forecast reads, its origin among them."""
        longest = max(model.window_length for model in self.models)
        return longest + self.transform.lag

    @property
    def block(self):
        """Steps that one call of the networks gives."""
        return len(self.steps) if self.strategy == "multioutput" else 1

    def fit(self, prepared, random_state):
        """Train all networks.

        Parameters
        ----------
        prepared : Prepared
            The series.
        random_state : numpy.random.RandomState
            Source of the seeds.

        Returns
        -------
        self : Forecasts
        """
        estimator, n_members = self.design.estimator, self.design.n_members
        for model in self._in_order_of_seeds:
            model.fit(prepared, new_members(estimator, n_members, random_state))
        return self

    @property
    def _in_order_of_seeds(self):
        """What is asked for only later does not change what is asked for now."""
        if self.strategy != "direct":
            return self.models
        order = np.argsort(self.design.is_later, kind="stable")
        return [self.models[place] for place in order]

    def trained_on(self, prepared, newer_than, n_epochs):
        """A copy whose networks have trained on; see `HorizonModel.trained_on`."""
        other = copy.copy(self)
        other.models = [
            model.trained_on(prepared, newer_than, n_epochs) for model in self.models
        ]
        return other

    def predict(self, prepared, origins, steps):
        """Forecast from some rows.

        Parameters
        ----------
        prepared : Prepared
            The series; exogenous values may go beyond the origins.
        origins : Origins
            Where the forecasts are made from.
        steps : ndarray of int64
            Steps ahead, rising.

        Returns
        -------
        point : ndarray of shape (n, n_steps, n_targets) of float64
            In units of the series.
        scale : ndarray of shape (n, n_targets) of float64
            What the errors from each origin are measured in.
        """
        self.check(steps)
        last = int(steps[-1])
        if self.strategy == "direct":
            parts = [m.predict(prepared, origins) for m in self._direct_models(steps)]
            return np.concatenate([part for part, _ in parts], axis=1), parts[0][1]
        if last > self.block:
            return self._rolled(prepared.table, origins, last, steps)
        point, scale = self.models[0].predict(prepared, origins)
        return point[:, steps - 1], scale

    def unchanged(self, prepared, origins, steps):
        """Forecast that nothing changes; as `predict`, without any network."""
        windows = self.models[0].windows(prepared, origins)
        last = int(steps[-1])
        base = self.transform.baseline(prepared, origins, windows, last)
        effect = self.transform.effect_ahead(prepared, origins, steps)
        scale = self.transform.error_scale(prepared, origins, windows)
        return base[:, steps - 1] + effect, scale

    def _rolled(self, table, origins, last, steps):
        """Forecast block by block, each from a window with the forecasts so far."""
        context, newest = table.contexts(origins.rows, self.n_before, last + self.block)
        series = np.arange(len(newest))
        if context.x is not None:
            # Of some columns the future is not known, whatever the table says of it.
            is_later = np.arange(context.begin[-1]) > np.repeat(newest, context.lengths)
            is_past = ~self.models[0].covariates.is_future
            context.x[np.ix_(is_later, is_past)] = np.nan
        path, first_scale = [], None
        for done in range(0, last, self.block):
            is_chain = self.strategy == "dirrec"
            model = self.models[done if is_chain else 0]
            prepared = self.transform.prepare(context)
            point, scale = model.predict(prepared, Origins(newest + done, series))
            path.append(point)
            first_scale = scale if first_scale is None else first_scale
            ahead = (newest + done)[:, None] + np.arange(1, self.block + 1)
            context.y[ahead] = self.transform.to_units(point, series, context)
        return np.concatenate(path, axis=1)[:, steps - 1], first_scale

    @property
    def known_after(self):
        """Rows after an origin up to which a forecast reads X, for each of the steps.

        The steps themselves, but where one network has them all and X is known in the
        future: it reads that up to its last step (ndarray of int64).
        """
        reads_ahead = self.models[0].covariates.is_future.any()
        if self.strategy == "multioutput" and reads_ahead:
            return np.full_like(self.steps, self.steps[-1])
        return self.steps

    @property
    def n_awaited(self):
        """Rows whose forecast by the first step was made before all its X was known."""
        return int(self.known_after[0] - self.steps[0])

    @property
    def groups(self):
        """Places of steps whose errors count for each other, None for all of them."""
        is_later = self.design.is_later
        if self.strategy != "direct" or not is_later.any() or is_later.all():
            return None
        return [np.flatnonzero(~is_later), np.flatnonzero(is_later)]

    @property
    def loss(self):
        """The loss of the networks, None where they name none."""
        return getattr(self.design.estimator, "loss", None)

    def gives_distributions(self, steps):
        """Whether the loss of the networks says how sure these forecasts are."""
        loss = self.loss
        knows = isinstance(loss, str) and loss in ("quantile", "gaussian", "student_t")
        if not knows or int(steps[-1]) > int(self.steps[-1]):
            return False
        return self.strategy in ("multioutput", "direct") or int(steps[-1]) == 1

    def knows_levels(self, levels):
        """For which levels the networks have quantiles (ndarray of bool)."""
        member = self.models[0].members[0]
        if member.loss != "quantile":
            return np.ones(len(levels), dtype=bool)
        known = np.array(member.quantiles, dtype=float)
        return (levels >= known.min() - 1e-9) & (levels <= known.max() + 1e-9)

    def distributions(self, method, prepared, origins, steps, *arguments):
        """Call `quantiles` or `laws` of the models, for the steps that are asked for.

        Returns
        -------
        ndarray of shape (n, n_steps, n_targets, ...)
        """
        if self.strategy == "direct":
            models = self._direct_models(steps)
            parts = [getattr(m, method)(prepared, origins, *arguments) for m in models]
            return np.concatenate(parts, axis=1)
        found = getattr(self.models[0], method)(prepared, origins, *arguments)
        return found[:, steps - 1]

    def _direct_models(self, steps):
        return [self.models[i] for i in np.searchsorted(self.steps, steps)]

    def missing(self, steps):
        """Which of these steps ahead cannot be forecast (ndarray of int64)."""
        if self.strategy == "direct":
            return np.setdiff1d(steps, self.steps)
        is_chain = self.strategy == "dirrec"
        return steps[steps > self.steps[-1]] if is_chain else steps[:0]

    def check(self, steps):
        """Raise where some of these steps ahead cannot be forecast."""
        missing = self.missing(steps)
        if len(missing):
            raise ValueError(
                f"strategy={self.strategy!r} has a network for each of the steps "
                f"{shown_steps(self.steps)} ahead of the newest value of y, as fit was "
                f"told, and none for {shown_steps(missing)}. Give them to fit in fh, "
                "or choose strategy='multioutput' or 'recursive'. Rows of NaN at the "
                "end of y are steps too."
            )


def shown_steps(steps):
    """Steps ahead in words (str)."""
    steps = [int(step) for step in steps]
    if len(steps) > 3 and steps == list(range(steps[0], steps[-1] + 1)):
        return f"{steps[0]} to {steps[-1]}"
    return ", ".join(map(str, steps))
