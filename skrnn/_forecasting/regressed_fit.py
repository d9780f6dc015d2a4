"""Whether linear models count beside the smoothing of a panel, and how much."""

from typing import NamedTuple

import numpy as np

from skrnn._forecasting.calibration import MOST_SCORES, HeldOut
from skrnn._forecasting.differencing import without_outliers
from skrnn._forecasting.error_scales import error_scales
from skrnn._forecasting.hierarchical_ridge import (
    Sums,
    held_near,
    in_common,
    own_share,
    sums_of,
)
from skrnn._forecasting.lag_regression import Lags, TargetModel
from skrnn._forecasting.regressed_smoothing import RegressedSmoothing
from skrnn._forecasting.series_weights import relative_size, series_weights
from skrnn._forecasting.table import Origins, numbered

__all__ = ["Regressed", "fit_regressed"]

# Penalties that are tried: on the coefficients that series have in common, for each
# sample; and on how far those of a series are off, in samples. The errors of rows set
# aside choose; the range was set by hand.
_PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
_DEVIATION_PENALTIES = (np.inf, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0)
# Weights beside smoothing by which penalties are compared.
_FEW_WEIGHTS = (0.1, 0.2, 0.4, 0.7, 1.0)
# Series by whose errors they are, evenly spread. They bound the time. Set by hand.
_MOST_JUDGED = 300
# Origins whose errors are looked at, of all series together, but for a horizon of each.
# And numbers that the sums of all series may have, beyond which one model serves all.
# Both bound the memory.
_MOST_ORIGINS, _MOST_NUMBERS = 100_000, 20_000_000


class Regressed(NamedTuple):
    """Smoothing of a panel with linear models beside it."""

    future: RegressedSmoothing  # that has seen all rows
    judged: RegressedSmoothing  # whose linear models have not seen the newest rows
    n_rows: np.ndarray  # (n_series,) how many these are


def fit_regressed(settings, networks, smoothing, prepared):
    """Fit a linear model for each series of a panel, each held near all others.

    Ridge regression in two levels, as the random coefficients of [1]_: forecasts of all
    steps from the changes of the newest rows, with coefficients that all series have in
    common, and deviations from them. How large both may be, and how much the result
    counts beside smoothing, errors of the newest rows say, of models that have not seen
    these; then all rows are learned from.

    Parameters
    ----------
    settings : Settings
        What was chosen.
    networks : Forecasts
        Untrained; says what is to be forecast.
    smoothing : SmoothedPast
        What linear models stand beside.
    prepared : Prepared
        The series of fit.

    Returns
    -------
    Regressed or None
        None where linear models count for nothing.

    References
    ----------
    .. [1] Swamy, P. A. V. B. (1970). Efficient inference in a random coefficient
       regression model. Econometrica 38(2).
    """
    steps, farthest = networks.steps, int(networks.steps[-1])
    held = HeldOut.of(networks, prepared, settings.judged_fraction)
    # A window has a scale of its own, so that penalties mean the same everywhere.
    is_local = settings.scaling == "window"
    if not (is_local and held.tells and held.n_rows.sum() >= 2 * farthest):
        return None
    lags = Lags(networks.transform, steps, settings.window_length)
    most = max(_MOST_ORIGINS // len(held.n_rows), farthest + 1)
    n_rows = np.minimum(held.n_rows, min(most, MOST_SCORES))
    smooth = smoothing.predict(prepared, _newest(prepared.table, n_rows), steps)
    judged, final = zip(
        *(
            _fit_target(lags, held.older, prepared, n_rows, smooth, target)
            for target in range(prepared.u.shape[1])
        ),
        strict=True,
    )
    if not any(model.usual_weight for model in final):
        return None
    return Regressed(
        RegressedSmoothing(smoothing, lags, prepared.table.keys, list(final)),
        RegressedSmoothing(smoothing, lags, prepared.table.keys, list(judged)),
        held.n_rows,
    )


def _newest(table, n_rows):
    """So many of the newest rows of each series, but for the last (Origins)."""
    codes, number = numbered(n_rows)
    return Origins(table.begin[codes + 1] - 1 - n_rows[codes] + number, codes)


def _fit_target(lags, older, prepared, n_rows, smooth, target):
    """Models (TargetModel) of older rows, and of all, with the weights of both."""
    sums = _sums(lags, older, target)
    penalty, deviation = _penalties(lags, sums, prepared, n_rows, smooth, target)
    judged = _model(sums, in_common(sums, penalty), deviation)
    weight, usual = _Errors(lags, prepared, n_rows, smooth, target).weights(judged)
    sums = _sums(lags, prepared, target)
    final = _model(sums, in_common(sums, penalty), deviation)
    share = np.zeros(len(n_rows))
    if final.own is not None:
        share = own_share(sums, deviation)
    found = {"own_share": share, "weight": weight, "usual_weight": usual}
    return judged._replace(**found), final._replace(**found)


def _sums(lags, prepared, target):
    """Sums of the samples of each series, or as one series where these are too many."""
    X, Y, codes = lags.samples(prepared, target)
    n_series, size = len(prepared.table.keys), X.shape[1] * (X.shape[1] + Y.shape[1])
    if n_series * size > _MOST_NUMBERS:
        return sums_of(X, Y, np.zeros_like(codes), 1)
    return sums_of(X, Y, codes, n_series)


def _penalties(lags, sums, prepared, n_rows, smooth, target):
    """The penalties whose models, of older rows, have the least errors."""
    n = len(n_rows)
    some = np.unique(np.linspace(0, n - 1, min(n, _MOST_JUDGED)).astype(np.int64))
    if len(some) < n:
        smooth = smooth[np.isin(numbered(n_rows)[0], some)]
        prepared, n_rows = prepared.chosen(some), n_rows[some]
    errors = _Errors(lags, prepared, n_rows, smooth, target)

    is_each = len(sums.count) == n
    of_some = Sums(*(part[some] for part in sums)) if is_each else sums

    def size(penalty, deviation):
        common = in_common(sums, penalty)
        return errors.relative_size(_model(of_some, common, deviation))

    penalty = min(_PENALTIES, key=lambda p: size(p, np.inf))
    deviations = _DEVIATION_PENALTIES if is_each else [np.inf]
    return penalty, min(deviations, key=lambda d: size(penalty, d))


def _model(sums, common, deviation):
    """A model (TargetModel) that counts for nothing yet."""
    none = np.zeros(len(sums.count))
    own = None if np.isinf(deviation) else held_near(sums, common, deviation)
    return TargetModel(common, own, none, none, 0.0)


class _Errors:
    """Errors of smoothing at some origins, beside which others are laid.

    Parameters
    ----------
    lags : Lags
        What others read and forecast.
    prepared : Prepared
        The series of fit.
    n_rows : ndarray of shape (n_series,) of int64
        How many of the newest rows of each series, but for the last.
    smooth : ndarray of shape (n, n_steps, n_targets)
        Forecasts of smoothing.
    target : int
        Which target it is.
    """

    def __init__(self, lags, prepared, n_rows, smooth, target):
        origins = _newest(prepared.table, n_rows)
        rows, codes = origins
        self._steps = lags.steps
        future = rows[:, None] + lags.steps
        inside = future < prepared.table.begin[codes + 1][:, None]
        future = np.where(inside, future, 0)
        known = inside & prepared.known[future, target]
        effect = lags.transform.effect_ahead(prepared, origins, lags.steps)
        # Exogenous values add the same to both.
        self._smooth = smooth[..., target] - effect[..., target]
        self._view = lags.views(prepared, origins, target)
        self._place = codes, numbered(n_rows)[1]
        self._shape = len(n_rows), int(n_rows.max()), len(lags.steps)
        errors = np.where(known, prepared.u[future, target] - self._smooth, np.nan)
        errors = self._laid_out(errors)
        self._known = ~np.isnan(errors)
        # All series and steps are to count alike.
        self._sizes = error_scales(errors[..., None], lags.steps)
        errors = without_outliers(
            (errors / self._sizes[:, None]).reshape(-1, len(lags.steps))
        )
        count = np.maximum((~np.isnan(errors)).sum(axis=0), 1)
        of_steps = np.sqrt(np.nansum(errors**2, axis=0) / count)
        self._of_steps = np.where(of_steps > 0, of_steps, 1.0)
        self._errors = self._sized(errors)

    def _laid_out(self, values):
        """Values (n, n_steps) by series and origin (S, T, H); NaN elsewhere."""
        laid_out = np.full(self._shape, np.nan)
        laid_out[self._place] = values
        return laid_out

    def _sized(self, values):
        values = (values / self._of_steps).reshape(self._shape)
        return np.where(self._known, values, 0.0)

    def _apart(self, model):
        """How far forecasts of a model are above those of smoothing (S, T, H)."""
        every = np.arange(self._shape[0]), self._place[0], np.arange(self._shape[2])
        path = model.path(self._view, *every)
        apart = np.where(self._view.is_enough[:, None], path - self._smooth, 0.0)
        apart = self._laid_out(apart) / self._sizes[:, None]
        apart[~self._known] = np.nan
        return self._sized(without_outliers(apart.reshape(-1, self._shape[2])))

    def relative_size(self, model):
        """How large errors are with the best weight of a model (float)."""
        error, apart = self._errors, self._apart(model)
        return min(relative_size(error - w * apart, error) for w in _FEW_WEIGHTS)

    def weights(self, model):
        """How much a model counts; see `series_weights`."""
        farthest = int(self._steps[-1])
        return series_weights(self._errors, self._apart(model), farthest)
