"""Networks that forecast given steps ahead from windows, and ensembles of them."""

import copy
import warnings
from contextlib import nullcontext
from inspect import signature
from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.utils import get_tags

from skrnn._forecasting.differencing import without_outliers
from skrnn._forecasting.limits import refuse_short
from skrnn._forecasting.table import Origins

__all__ = ["HorizonModel", "new_members", "takes_absent_steps"]


# Windows of half their length, or of so many rows, teach as well as full ones; shorter
# ones hardly hold a thing. Set by hand.
_ENOUGH_ROWS = 12
# Windows that networks are trained on at the most, spread evenly over all rows: of
# neighbouring rows they are nearly the same, and many series teach no more than so
# many of theirs, or as all rows of so many series. They bound the time of a fit. Set
# by hand.
_MOST_WINDOWS, _MOST_TEACHERS = 20_000, 100


class HorizonModel:
    """Forecasts of some steps ahead, each from the window up to its origin.

    Parameters
    ----------
    transform : TargetTransform
        What is local.
    covariates : Covariates
        The other columns.
    axis : TimeAxis
        Of the steps.
    steps : ndarray of int64
        Steps ahead, rising.
    window_length : int
        Rows of a window.
    needs_full : bool, default=False
        Whether the networks read full windows alone; not all regressors know absent
        steps.
    """

    def __init__(
        self, transform, covariates, axis, steps, window_length, needs_full=False
    ):
        self.transform, self.covariates, self.axis = transform, covariates, axis
        self.steps, self.window_length = np.asarray(steps), window_length
        self.needs_full = needs_full
        self.members = []
        # Between them the shifts show a window every future row up to its last step.
        last = int(self.steps[-1])
        self.shifts = list(range(last, 0, -window_length))

    def fit(self, prepared, members):
        """Train one network for each member.

        Parameters
        ----------
        prepared : Prepared
            The table.
        members : list of estimator
            Unfitted; they are fitted in place.

        Returns
        -------
        self : HorizonModel
        """
        self.members = members
        X, Y, weight = self.samples(prepared)
        is_empty = not X.length.any()
        for member in members:
            for name, gap in member.get_params().items():
                # Those of an estimator inside a pipeline too.
                if name.split("__")[-1] == "validation_gap" and gap == 0:
                    member.set_params(**{name: int(self.steps[-1]) - 1})
            try:
                with warnings.catch_warnings() if is_empty else nullcontext():
                    # Of two rows a window holds none: the mean change is to be learned.
                    if is_empty:
                        warnings.filterwarnings("ignore", "Every step of X is absent")
                    member.fit(X, Y, **_weights(member.fit, weight))
            except ValueError as error:
                _explain_flat(member, error)
                raise
        return self

    def trained_on(self, prepared, newer_than, n_epochs):
        """A copy that has trained on, with the samples whose targets are new.

        Parameters
        ----------
        prepared : Prepared
            The table.
        newer_than : ndarray of shape (n_series,) of int64
            Step of each series whose later values are new.
        n_epochs : int
            How often the samples are read.

        Returns
        -------
        HorizonModel
        """
        other = copy.copy(self)
        X, Y, weight = self.samples(prepared, newer_than)
        if not len(X):
            return other
        other.members = copy.deepcopy(self.members)
        for member in other.members:
            for _ in range(n_epochs):
                member.partial_fit(X, Y, **_weights(member.partial_fit, weight))
        return other

    def has_samples(self, prepared):
        """Whether there is anything to learn from."""
        rows = np.flatnonzero(self._usable(prepared))
        if prepared.known.all():
            return len(rows) > 0
        return any(prepared.known[rows + step].any() for step in self.steps)

    def samples(self, prepared, newer_than=None):
        """Windows and targets of all rows whose future is known.

        Returns
        -------
        X : LocalWindows of shape (n, window_length, n_features)
        Y : ndarray of shape (n, n_steps * n_targets), step-major
        weight : ndarray of shape (n,), or None
            The share of the targets that was observed, where some was not.
        """
        origins = self._training_origins(prepared, newer_than)
        X = self.windows(prepared, origins)
        future = origins.rows[:, None] + self.steps  # (n, S)
        base = self._baseline(prepared, origins, X)
        Y = (prepared.u[future] - base) / X.scale[:, None]
        shape = len(Y), Y.shape[1] * Y.shape[2]
        Y, seen = Y.reshape(shape), prepared.known[future].reshape(shape)
        Y = without_outliers(Y)
        if seen.all():
            return X, Y, None
        kept = np.flatnonzero(seen.any(axis=1))
        return X[kept], Y[kept], seen[kept].mean(axis=1)

    def _usable(self, prepared):
        """Rows whose windows hold enough and whose future is there (bool)."""
        table, last = prepared.table, int(self.steps[-1])
        codes = table.codes
        rows = np.arange(len(codes))
        least = max(1, min(self.window_length // 2, _ENOUGH_ROWS))
        least = self.transform.lag + (self.window_length if self.needs_full else least)
        begin, stop = table.begin[codes], table.begin[codes + 1]
        usable = (rows + 1 - begin >= least) & (rows + last < stop)
        if not usable.any():
            usable = (rows + 1 - begin > self.transform.lag) & (rows + last < stop)
        return usable if usable.any() else rows + last < stop

    def _training_origins(self, prepared, newer_than):
        table, usable = prepared.table, self._usable(prepared)
        codes, last = table.codes, int(self.steps[-1])
        if newer_than is not None:
            usable &= table.ordinals + last > newer_than[codes]
        else:
            refuse_short(last, int(table.lengths.max()))
        rows = np.flatnonzero(usable)
        most = min(_MOST_WINDOWS, _MOST_TEACHERS * int(table.lengths.max()))
        if newer_than is None and len(rows) > most:
            rows = rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
        return Origins(rows, codes[rows])

    def windows(self, prepared, origins):
        """Windows (n, window_length, n_features) that end at the origins."""
        columns, names = self.covariates.columns(prepared, self.axis, self.shifts)
        return self.transform.windows(
            prepared, columns, origins, self.window_length, names, self.needs_full
        )

    def _baseline(self, prepared, origins, windows):
        last = int(self.steps[-1])
        base = self.transform.baseline(prepared, origins, windows, last)
        return base[:, self.steps - 1]

    def _begun(self, prepared, origins):
        """Windows, and what forecasts add the outputs to (n, n_steps, n_targets)."""
        X = self.windows(prepared, origins)
        base = self._baseline(prepared, origins, X)
        return X, base + self.transform.effect_ahead(prepared, origins, self.steps)

    def predict(self, prepared, origins):
        """Forecast from some rows.

        Returns
        -------
        point : ndarray of shape (n, n_steps, n_targets) of float64
            In units of the series; the mean over the members.
        scale : ndarray of shape (n, n_targets) of float64
            What the errors of each are measured in.
        """
        X, base = self._begun(prepared, origins)
        outputs = np.mean([member.predict(X) for member in self.members], axis=0)
        point = base + outputs.reshape(base.shape) * X.scale[:, None]
        return point, self.transform.error_scale(prepared, origins, X)

    def quantiles(self, prepared, origins, levels):
        """Quantiles as the loss gives them (n, n_steps, n_targets, n_levels)."""
        X, base = self._begun(prepared, origins)
        shape = (*base.shape, -1)
        parts = []
        for member in self.members:
            outputs = _quantiles_of(member, X, levels)
            parts.append(outputs.reshape(shape) * X.scale[:, None, :, None])
        return base[..., None] + np.mean(parts, axis=0)

    def laws(self, prepared, origins):
        """Parameters of a likelihood (n, n_steps, n_targets, width), location first.

        The mean over the members, whose quantiles then are the mean quantiles, nearly
        so for Student's t. The second is a scale; all others have no unit.
        """
        X, base = self._begun(prepared, origins)
        outputs = np.mean([m._predict_outputs(X) for m in self.members], axis=0)
        laws = outputs.reshape(*base.shape, -1)
        laws[..., :2] *= X.scale[:, None, :, None]
        laws[..., 0] += base
        return laws


def _explain_flat(estimator, error):
    """Raise a clearer error where an estimator of flat rows refused the windows."""
    if "dim 3" not in str(error):
        return
    name = type(estimator).__name__
    raise ValueError(
        f"{name} takes rows of numbers, but a forecaster gives its estimator windows "
        "of shape (n, window_length, n_features). Put FlattenSequence before it: "
        f"make_pipeline(FlattenSequence(), {name}(...))."
    ) from error


def takes_absent_steps(estimator):
    """Whether a window may have steps that are all NaN."""
    steps = getattr(estimator, "steps", None)
    if steps is None:
        return get_tags(estimator).input_tags.allow_nan
    # The tags of a pipeline are those of its first step.
    parts = [part for _, part in steps if part not in (None, "passthrough")]
    return all(takes_absent_steps(part) for part in parts)


def _weights(fit, weight):
    """Weights as an option of a method, if there are any and it takes them."""
    if weight is None or "sample_weight" not in signature(fit).parameters:
        return {}
    return {"sample_weight": weight}


def _quantiles_of(member, X, levels):
    """Quantiles (..., n_levels) of a member at any levels."""
    if member.loss != "quantile":
        return member._quantiles_at(X, tuple(levels))
    known = np.array(member.quantiles, dtype=float)
    order = np.argsort(known)
    values = member.predict_quantiles(X)[..., order]
    if len(known) == 1:
        return np.repeat(values, len(levels), axis=-1)
    known = known[order]
    right = np.clip(np.searchsorted(known, levels), 1, len(known) - 1)
    share = (np.asarray(levels) - known[right - 1]) / (known[right] - known[right - 1])
    share = np.clip(share, 0.0, 1.0)
    return values[..., right - 1] * (1 - share) + values[..., right] * share


def new_members(estimator, n_members, random_state):
    """Clones of an estimator, each with a seed of its own where it has none.

    Parameters
    ----------
    estimator : estimator
        What to clone.
    n_members : int
        How many.
    random_state : numpy.random.RandomState
        Source of the seeds.

    Returns
    -------
    list of estimator
    """
    members = []
    for i in range(n_members):
        member = clone(estimator)
        # A pipeline has seeds of the estimators inside it.
        for name, own in sorted(member.get_params().items()):
            if name.split("__")[-1] != "random_state":
                continue
            if own is None:
                seed = int(random_state.randint(2**31 - 1))
                member.set_params(**{name: seed})
            elif i and isinstance(own, Integral):
                member.set_params(**{name: int(own) + i})
        members.append(member)
    return members
