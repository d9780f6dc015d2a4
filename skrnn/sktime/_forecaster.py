"""The forecaster for sktime."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sktime.forecasting.base import BaseForecaster
from sktime.utils.validation.forecasting import check_fh

from skrnn._forecasting.auto import network_weight_of, wants_calibration
from skrnn._forecasting.backtest import (
    as_frame,
    backtest,
    check_options,
    interval_levels,
)
from skrnn._forecasting.filled_table import FilledTable
from skrnn._forecasting.fit import fit_forecaster
from skrnn._forecasting.frames import SeriesFrames, time_axis
from skrnn._forecasting.plausibility import (
    check_gap,
    check_labels,
    check_positive,
    check_sizes,
    warn_of_gaps,
    warn_of_late_targets,
)
from skrnn._typing import (
    Auto,
    Floats,
    HorizonLike,
    RandomState,
    SeriesLike,
    Strings,
    SupportsFitPredict,
)
from skrnn._warn import warn_user
from skrnn.sktime._calendar import calendar_columns
from skrnn.sktime._given_series import checked, twin_of, whole_or_nothing, with_labels
from skrnn.sktime._horizon import dated, farthest, refuse_longer_than, steps_ahead
from skrnn.sktime._moving_cutoff import moving_forecasts, window_ends
from skrnn.sktime._parameters import (
    CONSTRAINTS,
    checked_options,
    test_parameters,
    usual_estimator,
)
from skrnn.sktime._predictions import Predictions, panel_weights, smoothing_weights
from skrnn.sktime._state import PlainStateMixin

__all__ = ["RNNForecaster"]


# Those of its methods that set what it knows, if only for the time that they take.
@whole_or_nothing(
    "fit",
    "fit_predict",
    "pretrain",
    "predict",
    "predict_quantiles",
    "predict_interval",
    "predict_var",
    "predict_proba",
    "predict_residuals",
    "score",
    "update",
    "update_predict",
    "update_predict_single",
)
class RNNForecaster(PlainStateMixin, BaseForecaster):
    """Forecasts of one or many series by recurrent networks and smoothing.

    A regressor learns, from windows over the newest rows, what comes next; all series
    of a panel or hierarchy train the same network. What a network would have to learn
    anew for every series is taken off first and put back later: level and scale of
    each window, and trend and season where that helps.

    Beside the networks stands exponential smoothing of each series, in closed form: the
    mean, by their likelihoods, of some hundred structural time series models [3]_ of
    level, damped trend and season; of a panel, all series say which of these are
    likely, and a linear model of the window stands beside them, of which each series
    has coefficients of its own, held near those of all [5]_. How much the networks
    count, errors of forecasts of the newest rows tell, which neither has seen; of
    series too short to tell, no network is trained.

    Parameters
    ----------
    estimator : estimator or None, default=None
        Regressor of scikit-learn for windows (n, window_length, n_features), of which
        clones are trained. None means ``RNNRegressor("gru", 32, n_estimators=1,
        learning_rate=0.003, validation_fraction=0.1, n_iter_no_change=5,
        ema_decay=None)``, which learns what ridge regression on the window leaves. Its
        `n_iter_no_change` is 4 where the longest series has 2,500 rows or more, and 3
        from 3,334 rows on. The `validation_gap` of any estimator is set to what the
        horizon needs unless it was given.
    window_length : int or None, default=None
        Newest rows that a forecast reads, at least 1. None means three seasons,
        12 to 168 rows.
    strategy : {"multioutput", "recursive", "direct", "dirrec"}, default="multioutput"
        How several steps ahead are forecast: by one network with an output for each;
        one step at a time, forecasts taking the place of observations; by a network
        for each step; or by a network for each step whose window also holds the
        forecasts of the steps before [1]_.
    sp : int or "auto", default="auto"
        Rows of a season. ``"auto"``: what is usual for the frequency of the index (12
        for months), else what autocorrelations show. Of less than two seasons it has no
        effect, which is warned of; more rows than there are is an error.
    log : bool or "auto", default="auto"
        Whether to forecast the logarithm. ``"auto"``: of positive targets whose changes
        grow with their level.
    difference : int or "auto", default="auto"
        How often to take the difference from row to row, at least 0.
    seasonal_difference : int or "auto", default="auto"
        How often to take the difference to the season before, at least 0.
    scaling : {"window", "series"} or None, default="window"
        What the level and the scale that are taken off belong to.
    fourier_terms : int or "auto", default="auto"
        Pairs of sine and cosine of the season among the covariates, at least 0.
        ``"auto"``, for this and both differences: a difference from row to row unless
        the mean of a window says more than its last value; if the season is strong, a
        seasonal difference in series of less than ten seasons, three pairs in others.
    calendar : list of str, bool or None, default=None
        Covariates from the calendar, by the names of
        `sktime.transformations.date.DateTimeFeatures`, such as ``["day_of_week"]``.
        True takes those that are usual for the frequency, as far as the series cover
        two rounds of them: two years for the day of the year. An index without dates
        is an error.
    past_covariates : list of str, "all" or None, default=None
        Columns of X that are known only up to the origin of a forecast; ``predict``
        needs none of them. The future of all others has to be given.
    linear_effects : bool, default=True
        Whether what the other columns of X explain of the changes of y, linearly and at
        once, is taken off and put back later, where a ridge regression finds that.
        Networks read those columns in any case.
    series_id : bool, default=False
        Whether the network is told which series it reads. Series that were not in fit
        have no code.
    n_estimators : int, default=3
        Networks of different seeds whose mean is the forecast, at least 1.
    network_weight : float or "auto", default="auto"
        How much the networks count beside smoothing, in [0, 1]: 1 for networks alone, 0
        for smoothing alone, of which no network is trained. ``"auto"`` learns it, one
        weight for all series and steps, from the errors on the newest rows
        (`calibration_fraction`), held near 0 by how little these can tell [4]_, and 0
        where those of many series are not sure that it is worth the time. Only then,
        and with ``scaling="window"``, have the series of a panel linear models
        (`panel_weights_`). What a loss says of intervals is of networks alone, so that
        it is 1 where they come from there, and for ``loss="poisson"``.
    interval : {"auto", "conformal", "loss"} or None, default="auto"
        Where intervals and quantiles come from. ``"conformal"``: from the errors on
        the newest rows of networks which have not seen those: one more is trained for
        them, or as many more as there are where `network_weight` is given. Errors that
        ``update`` brings to light count as well, and levels adapt to them [2]_.
        ``"loss"``: from ``loss="quantile"``, ``"gaussian"`` or
        ``"student_t"`` of the estimator. ``"auto"``: from the loss where it can tell,
        conformal where not. Smoothing has errors on all rows, since none of its
        forecasts reads a later one. None: there are none.
    calibration_fraction : float, default=0.25
        Share of the newest rows, in (0, 1), for conformal errors and `network_weight`;
        more of short series.
    adaptation_rate : float, default=0.02
        How far the level of a conformal quantile moves with each new error, at
        least 0.
    update_epochs : int, default=1
        Epochs of ``update(update_params=True)`` over the samples whose targets are new,
        at least 0.
    insample : bool, default=True
        Whether forecasts of the rows of fit are kept, two numbers for each. Nothing
        else of fit but the newest rows is.
    random_state : int, RandomState instance or None, default=None
        Seeds the networks that have no seed of their own.

    Attributes
    ----------
    estimator_ : estimator or None
        The first of the trained networks; None where none was trained, since they count
        for nothing.
    estimators_ : list of list of estimator
        All of them: for each model of the strategy its members.
    network_weight_ : ndarray of shape (n_steps, n_targets) of float64
        How much networks count for each step that was learned, in [0, 1].
    smoothing_weights_ : pandas.DataFrame or None
        How much the parts of smoothing count in forecasts of each series and target
        from its newest row, in [0, 1]: trends of six kinds, which make 1; seasons that
        last and that change; and logarithms. Found when it is asked for; None where
        networks are all there is.
    panel_weights_ : pandas.DataFrame or None
        What each series and target of a panel has of its own: how much its linear model
        counts beside smoothing, in [0, 1]; which share of the coefficients of that it
        has of its own, in [0, 1], and not in common with all; and how large its errors
        are, where those of all are 1. None of a single series, and where networks are
        all there is.
    window_length_ : int
        Rows of a window.
    sp_, difference_, seasonal_difference_, fourier_terms_ : int
        What was chosen, or given.
    log_ : ndarray of shape (n_targets,) of bool
        The targets that are forecast by their logarithm.

    See Also
    --------
    skrnn.RNNRegressor : What it is made of.

    Notes
    -----
    Windows lie in memory as their rows, not as windows. A step is what lies between
    the rows of most of the index, in integers as in dates: 10 for 0, 10, 20, ...
    and an hour for unix seconds of every hour; `fh` counts steps, also where
    sktime's own horizons would count integers. Columns of y are found by name, as
    those of X are.

    Smoothing knows of X what is linear in it, and of the calendar nothing: where no
    network is trained, that is all that counts, and a warning says so of what was asked
    for.

    Missing values are carried forward and marked; samples count as much as the
    share of their targets that was observed. A series that ends with NaN is one
    that ends earlier: it is forecast from its newest value, and intervals are as
    wide as so many more steps ask for. Where a strategy has no network for these
    steps, or a loss no intervals, that is an error; `fh` in fit names steps. Changes
    that exceed ten times what 95 % of them do not, are taken for accidents, of
    which networks learn less. With ``strategy="multioutput"`` one network has all
    steps from 1 to the last of `fh`; steps beyond it, at ``predict``, are had by
    feeding forecasts back, up to ten times the rows of the longest series.

    A call that fails changes nothing. What would need more rows than there are, or
    more memory than the process can have, is refused at once. Numbers may have any
    size; a number beside which the rest of its series would be lost (10**18 times as
    far off as most) is an error that names it, and so is a later one 2**60 times
    larger than all of fit.

    References
    ----------
    .. [1] Ben Taieb, S. et al. (2012). A review and comparison of strategies for
       multi-step ahead time series forecasting based on the NN5 forecasting
       competition. :arxiv:`1108.3259`.
    .. [2] Gibbs, I. and Candes, E. (2021). Adaptive conformal inference under
       distribution shift. NeurIPS. :arxiv:`2106.00170`.
    .. [3] Harvey, A. C. (1989). Forecasting, structural time series models and the
       Kalman filter. Cambridge University Press.
    .. [4] Bates, J. M. and Granger, C. W. J. (1969). The combination of forecasts.
       Operational Research Quarterly, 20.
    .. [5] Swamy, P. A. V. B. (1970). Efficient inference in a random coefficient
       regression model. Econometrica, 38(2).

    Examples
    --------
    >>> from sktime.datasets import load_airline
    >>> from skrnn.sktime import RNNForecaster
    >>> y = load_airline()
    >>> forecaster = RNNForecaster(random_state=0).fit(y[:-12], fh=range(1, 13))
    >>> forecast = forecaster.predict()
    >>> bool((abs(forecast - y[-12:]) / y[-12:]).mean() < 0.1)
    True
    >>> forecaster.predict_interval(coverage=0.8).shape
    (12, 2)
    """

    _tags = {
        "authors": ["skrnn"],
        "maintainers": ["skrnn"],
        "object_type": "forecaster",
        "y_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "X_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "capability:multivariate": True,
        "capability:exogenous": True,
        "capability:insample": True,
        "capability:pred_int": True,
        "capability:pred_int:insample": True,
        "capability:missing_values": True,
        "capability:update": True,
        "capability:pretrain": True,
        "capability:categorical_in_X": True,
        "capability:random_state": True,
        "property:randomness": "derandomized",
        "pretrain:fitted_params": ["pretrained_"],
        "requires-fh-in-fit": False,
        "X-y-must-have-same-index": True,
    }

    # The tail is all that is needed of what was seen.
    _config = {"remember_data": False}

    estimator_: Any
    estimators_: list[list[Any]]
    network_weight_: Floats
    window_length_: int
    sp_: int
    difference_: int
    seasonal_difference_: int
    fourier_terms_: int
    log_: NDArray[np.bool_]

    _parameter_constraints = CONSTRAINTS

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Parameters for sktime's checks.

        Parameters
        ----------
        parameter_set : str, default="default"
            Ignored: there is one set.

        Returns
        -------
        list of dict
        """
        return test_parameters()

    def __init__(
        self,
        estimator: SupportsFitPredict | None = None,
        window_length: int | None = None,
        strategy: Literal[
            "multioutput", "recursive", "direct", "dirrec"
        ] = "multioutput",
        *,
        sp: int | Auto = "auto",
        log: bool | Auto = "auto",
        difference: int | Auto = "auto",
        seasonal_difference: int | Auto = "auto",
        scaling: Literal["window", "series"] | None = "window",
        fourier_terms: int | Auto = "auto",
        calendar: Strings | bool | None = None,
        past_covariates: Strings | Literal["all"] | None = None,
        linear_effects: bool = True,
        series_id: bool = False,
        n_estimators: int = 3,
        network_weight: float | Auto = "auto",
        interval: Literal["auto", "conformal", "loss"] | None = "auto",
        calibration_fraction: float = 0.25,
        adaptation_rate: float = 0.02,
        update_epochs: int = 1,
        insample: bool = True,
        random_state: RandomState = None,
    ) -> None:
        self.estimator = estimator
        self.window_length = window_length
        self.strategy = strategy
        self.sp = sp
        self.log = log
        self.difference = difference
        self.seasonal_difference = seasonal_difference
        self.scaling = scaling
        self.fourier_terms = fourier_terms
        self.calendar = calendar
        self.past_covariates = past_covariates
        self.linear_effects = linear_effects
        self.series_id = series_id
        self.n_estimators = n_estimators
        self.network_weight = network_weight
        self.interval = interval
        self.calibration_fraction = calibration_fraction
        self.adaptation_rate = adaptation_rate
        self.update_epochs = update_epochs
        self.insample = insample
        self.random_state = random_state
        super().__init__()
        # What sktime remembers where its config says so.
        self._y = self._X = None
        loss = getattr(estimator, "loss", None)
        # About the past only errors tell.
        weight = network_weight_of(network_weight, interval, loss)
        has_errors = wants_calibration(interval, strategy, loss, weight)
        self.set_tags(
            **{
                "capability:insample": bool(insample),
                "capability:pred_int": interval is not None,
                "capability:pred_int:insample": bool(insample) and has_errors,
            }
        )

    # -- fitting ----------------------------------------------------------------

    def fit(
        self, y: SeriesLike, X: SeriesLike | None = None, fh: HorizonLike | None = None
    ) -> Self:
        """Train on series; of a forecaster that is pretrained, read their past.

        If that fails, the forecaster stays as it was.

        Parameters
        ----------
        y : series, panel or hierarchy in a data format of sktime
            The series to learn from.
        X : same kind as y, default=None
            Exogenous values of the same rows, and others. Columns of dtype category,
            and of words, are categories.
        fh : int, list of int, pandas.Index or ForecastingHorizon, default=None
            Steps ahead to learn. None: as many as a season has, 12 where there is
            none, and at most a quarter of the rows.

        Returns
        -------
        self : RNNForecaster
        """
        refuse_longer_than(y, fh)
        return super().fit(y, X=X, fh=fh)

    def _fit(self, y, X, fh):
        if hasattr(self, "pretrained_"):
            self._take_over(*self.pretrained_)
            self._read_history(y, X)
        else:
            self._train(y, X, fh)
        return self

    def _pretrain(self, y, X=None, fh=None):
        self._train(y, X, fh)
        self.pretrained_ = (self.frames_, self.forecaster_)
        return self

    def _train(self, y, X, fh):
        options = checked_options(self)
        frames = SeriesFrames(y, X, self.past_covariates)
        table = frames.table(y, X)
        warn_of_gaps(table, len(y), frames)
        # Of pretraining: series of many ends have no row that is the newest of all.
        is_late = self.cutoff is not None
        longest = int(table.lengths.max(initial=0))
        engine = fit_forecaster(
            table,
            frames,
            None if fh is None else steps_ahead(fh, self.cutoff, frames.axis),
            int(table.last.max() - table.known_last.max()) if is_late else 0,
            options,
            usual_estimator(longest) if self.estimator is None else self.estimator,
            calendar_columns,
            self.random_state,
        )
        self._take_over(frames, engine)
        warn_of_late_targets(engine.tail, frames)
        self._warn_of_unread()

    def _warn_of_unread(self):
        """Warn of what only networks read, where there is none."""
        asked = ("calendar", "past_covariates", "series_id")
        asked = [name for name in asked if getattr(self, name) not in (None, False, [])]
        if self.estimator_ is None and asked:
            warn_user(
                f"{' and '.join(asked)} have no effect: only networks read that, and "
                "none was trained, since network_weight is 0, or the series are too "
                "short to tell what networks are worth. Set network_weight above 0, or "
                "leave that out."
            )

    def _state_to_keep(self):
        shown = ("estimators_", "estimator_", "network_weight_", "_settings")
        return {k: v for k, v in super()._state_to_keep().items() if k not in shown}

    def _state_was_set(self):
        if hasattr(self, "forecaster_"):
            self._take_over(self.frames_, self.forecaster_)

    def _take_over(self, frames, engine):
        """Set what is fitted, from the frames and the engine that are."""
        self.frames_, self.forecaster_ = frames, engine
        self.estimators_ = [model.members for model in engine.forecasts.models]
        self.network_weight_ = engine.forecasts.weight
        self.estimator_ = self.estimators_[0][0] if self.estimators_[0] else None
        self._settings = settings = engine.settings
        self.window_length_, self.log_ = settings.window_length, settings.log
        self.difference_, self.seasonal_difference_, self.sp_ = settings.differencing
        self.fourier_terms_ = settings.fourier_terms

    @property
    def smoothing_weights_(self) -> pd.DataFrame | None:
        # No attribute: it takes another pass over the rows, and few ask for it.
        return smoothing_weights(self.forecaster_, self.frames_)

    @property
    def panel_weights_(self) -> pd.DataFrame | None:
        return panel_weights(self.forecaster_, self.frames_)

    def _read_history(self, y, X):
        """Forecast other series from now on, with the same networks."""
        frames = self.frames_.named_as(y)
        table = self._table(frames, y, X)
        warn_of_gaps(table, len(y), frames)
        self._check_new(table, frames)
        self._take_over(frames, self.forecaster_.for_series(table))
        warn_of_late_targets(self.forecaster_.tail, frames)

    def _table(self, frames, y, X):
        """Rows that come after fit, or of other series (SeriesTable)."""
        table = frames.table(y, X)
        check_positive(table, self._settings.log, frames)
        return table

    def _check_new(self, table, frames, known=()):
        """Raise where series that are new cannot be computed with."""
        new = [code for code, key in enumerate(table.keys) if key not in set(known)]
        transform = self.forecaster_.transform
        if new:
            own = FilledTable(table.chosen(new), transform.log, transform.floor)
            check_sizes(own, frames)

    def _newer(self, y, X):
        """Rows that come after those seen (SeriesTable)."""
        engine, table = self.forecaster_, self._table(self.frames_, y, X)
        check_gap(engine.seen, table, self.frames_, engine.forecasts.n_before)
        return table

    def _update_y_X(self, y, X=None, enforce_index_type=None):
        super()._update_y_X(y, X, enforce_index_type)
        # Before 1.2 sktime moved the cutoff only where it remembered the data.
        if y is not None:
            self._set_cutoff_from_y(y)

    def _check_X_y(self, X=None, y=None, y_inner_mtype=None, multivariate=None):
        check = functools.partial(with_labels, super()._check_X_y)
        is_pretrained = self.state == "pretrained" and y_inner_mtype is None
        if y is not None and self.is_fitted:
            return checked(self, check, self.frames_, X, y, is_other=False)
        if y is not None and is_pretrained and len(self.pretrained_[0].y_columns) > 1:
            return checked(self, check, self.pretrained_[0], X, y, is_other=True)
        return check(X, y, y_inner_mtype, multivariate)

    # -- going on ---------------------------------------------------------------

    def update(
        self, y: SeriesLike, X: SeriesLike | None = None, update_params: bool = True
    ) -> Self:
        """Take in newer rows, and train on with them.

        If that fails, the forecaster stays as it was.

        Parameters
        ----------
        y : series, panel or hierarchy in a data format of sktime
            The newer rows, with the columns of fit, which are found by name.
        X : same kind as y, default=None
            Exogenous values of those rows.
        update_params : bool, default=True
            Whether the networks train on, for `update_epochs` epochs.

        Returns
        -------
        self : RNNForecaster
        """
        return super().update(y, X=X, update_params=update_params)

    def _update(self, y, X=None, update_params=True):
        n_epochs = self.update_epochs if update_params else 0
        is_trained = self.estimator_ is not None
        if n_epochs and is_trained and not hasattr(self.estimator_, "partial_fit"):
            raise TypeError(
                "update(update_params=True) trains on by partial_fit, which "
                f"{type(self.estimator_).__name__} does not have. Set "
                "update_params=False, or update_epochs=0."
            )
        table = self._newer(y, X)
        known = self.forecaster_.tail.keys
        check_labels(table.keys, known)
        self._check_new(table, self.frames_, known)
        self._take_over(self.frames_, self.forecaster_.updated(table, n_epochs))
        warn_of_late_targets(self.forecaster_.tail, self.frames_)
        return self

    def update_predict_single(
        self,
        y: SeriesLike | None = None,
        fh: HorizonLike | None = None,
        X: SeriesLike | None = None,
        update_params: bool = True,
    ) -> Any:
        """Take in newer rows, and forecast from there.

        If that fails, the forecaster stays as it was.

        Parameters
        ----------
        y : series, panel or hierarchy in a data format of sktime
            As for `update`.
        fh : int, list of int, pandas.Index or ForecastingHorizon, default=None
            As for `predict`.
        X : same kind as y, default=None
            Exogenous values of those rows and of the times of `fh`.
        update_params : bool, default=True
            As for `update`.

        Returns
        -------
        y_pred : same type as y
            Forecasts, float64.
        """
        return super().update_predict_single(y, fh, X, update_params)

    def _for(self, y, X):
        """A forecaster of the same networks for other series."""
        self.check_is_fitted()
        other = twin_of(self)
        X_inner, y_inner = checked(
            other, super(RNNForecaster, other)._check_X_y, self.frames_, X, y, True
        )
        other._update_y_X(y_inner, X_inner)
        other._read_history(y_inner, X_inner)
        return other

    # -- predicting -------------------------------------------------------------

    def predict(
        self,
        fh: HorizonLike | None = None,
        X: SeriesLike | None = None,
        y: SeriesLike | None = None,
    ) -> Any:
        """Forecast.

        Parameters
        ----------
        fh : int, list of int, pandas.Index or ForecastingHorizon, default=None
            Steps ahead of the cutoff, or times; None takes those given last. Zero and
            below are rows that were seen: they get forecasts from the rows before
            them.
        X : DataFrame or other data format of sktime, default=None
            Exogenous values at the times of `fh`, if fit had some. Columns among
            `past_covariates` need not be there, and are not read.
        y : series, panel or hierarchy in a data format of sktime, default=None
            The past of other series, which need not have been in fit; they are
            forecast from their last rows on, and X has to cover them. None forecasts
            the series of fit.

        Returns
        -------
        y_pred : same type as y
            Forecasts, float64.
        """
        if y is not None:
            return self._for(y, X).predict(fh=fh, X=X)
        return super().predict(fh=fh, X=self._dated(X, fh))

    def predict_quantiles(
        self,
        fh: HorizonLike | None = None,
        X: SeriesLike | None = None,
        alpha: float | Sequence[float] | None = None,
        y: SeriesLike | None = None,
    ) -> pd.DataFrame:
        """Forecast quantiles.

        Parameters
        ----------
        fh : int, list of int, pandas.Index or ForecastingHorizon, default=None
            As for `predict`.
        X : DataFrame or other data format of sktime, default=None
            As for `predict`.
        alpha : float or list of float, default=None
            Levels in (0, 1); None means 0.05 and 0.95.
        y : series, panel or hierarchy in a data format of sktime, default=None
            As for `predict`.

        Returns
        -------
        quantiles : DataFrame
            Columns (target, level), which never cross.
        """
        if y is not None:
            return self._for(y, X).predict_quantiles(fh=fh, X=X, alpha=alpha)
        return super().predict_quantiles(fh=fh, X=self._dated(X, fh), alpha=alpha)

    def predict_interval(
        self,
        fh: HorizonLike | None = None,
        X: SeriesLike | None = None,
        coverage: float | Sequence[float] = 0.90,
        y: SeriesLike | None = None,
    ) -> pd.DataFrame:
        """Forecast intervals.

        Parameters
        ----------
        fh : int, list of int, pandas.Index or ForecastingHorizon, default=None
            As for `predict`.
        X : DataFrame or other data format of sktime, default=None
            As for `predict`.
        coverage : float or list of float, default=0.9
            Nominal coverage of each interval, in (0, 1).
        y : series, panel or hierarchy in a data format of sktime, default=None
            As for `predict`.

        Returns
        -------
        intervals : DataFrame
            Columns (target, coverage, "lower" or "upper").
        """
        if y is not None:
            return self._for(y, X).predict_interval(fh=fh, X=X, coverage=coverage)
        return super().predict_interval(fh=fh, X=self._dated(X, fh), coverage=coverage)

    def _check_fh(self, fh, pred_int=False):
        far = farthest(fh) if self.is_fitted else None
        if far is not None:  # before sktime counts up to it
            self.forecaster_.refuse_far(far)
        return super()._check_fh(fh, pred_int)

    def _dated(self, X, fh):
        if not isinstance(X, np.ndarray) or not self.is_fitted:
            return X
        fh, axis = self.fh if fh is None else check_fh(fh), self.frames_.axis
        now = axis.ordinals(self.cutoff)
        times = axis.times(now + steps_ahead(fh, self.cutoff, axis))
        frames = self.frames_
        names = [] if frames.x_columns is None else [frames.x_columns, frames.x_future]
        return dated(X, times, names)

    def _set_cutoff_from_y(self, y):
        super()._set_cutoff_from_y(y)
        times = self._cutoff
        if isinstance(times, pd.DatetimeIndex) and times.freq is None:
            # sktime counts with it, and dates with gaps do not show it.
            self._cutoff = self._axis_of(y).with_freq(times)

    def _axis_of(self, y):
        return self.frames_.axis if hasattr(self, "frames_") else time_axis(y.index)

    def _predictions(self, fh, X):
        frames, cutoff = self.frames_, self.cutoff
        now, steps = frames.axis.ordinals(cutoff), steps_ahead(fh, cutoff, frames.axis)
        self.forecaster_.refuse_far(int(steps.max()))
        names = self._get_varnames()
        return Predictions(self.forecaster_, frames, X, now, steps, names)

    def _predict(self, fh, X):
        predictions = self._predictions(fh, X)
        if self._y_metadata["mtype"] == "pd.Series":
            # What sktime would make of a table, in a third of the time.
            return predictions.point_of_series(self._converter_store_y.get("name"))
        return predictions.point()

    def _predict_quantiles(self, fh, X, alpha):
        return self._predictions(fh, X).quantiles(alpha)

    def _predict_proba(self, fh, X, marginal=True):
        return self._predictions(fh, X).law()

    def _predict_var(self, fh, X, cov=False):
        if cov:
            raise NotImplementedError(
                "RNNForecaster has variances of each time by itself, no covariances. "
                "Set cov=False."
            )
        return self._predictions(fh, X).variances()

    # -- many origins -----------------------------------------------------------

    def backtest(
        self,
        y: SeriesLike,
        X: SeriesLike | None = None,
        fh: HorizonLike | None = None,
        *,
        step_length: int = 1,
        refit: Literal["warm"] | None = None,
        coverage: float | Sequence[float] | None = None,
    ) -> pd.DataFrame:
        """Forecast from many origins, as if it had been done at the time.

        Parameters
        ----------
        y : series, panel or hierarchy in a data format of sktime
            The rows after those of fit; rows of fit among them are known already.
        X : same kind as y, default=None
            Exogenous values of those rows.
        fh : int, list of int or ForecastingHorizon, default=None
            Steps ahead of each origin, positive; None takes those given last.
        step_length : int, default=1
            Rows from one origin to the next; the first is the cutoff.
        refit : {None, "warm"}, default=None
            None: all forecasts come from the networks of fit, in one call. "warm":
            after each origin they train on for `update_epochs` epochs on the samples
            that are new.
        coverage : float or list of float, default=None
            Nominal coverage of intervals that are given too; they know only the errors
            that were known at the time.

        Returns
        -------
        forecasts : DataFrame
            A row for each origin and time, of which `y` has the truth; the levels of
            the index are those that name the series, "origin" and "time". The columns
            are the targets; with `coverage`, (target, "forecast", "") and (target,
            coverage, "lower" or "upper").

        Examples
        --------
        >>> from sktime.datasets import load_airline
        >>> from skrnn.sktime import RNNForecaster
        >>> y = load_airline()
        >>> forecaster = RNNForecaster(random_state=0).fit(y[:-36], fh=range(1, 13))
        >>> forecasts = forecaster.backtest(y[-36:], step_length=12)
        >>> len(forecasts)
        36
        """
        self.check_is_fitted()
        known = twin_of(self)
        X_inner, y_inner = known._check_X_y(X=X, y=y)
        steps = known._check_fh(fh)
        steps = np.unique(steps_ahead(steps, self.cutoff, self.frames_.axis))
        check_options(steps, step_length, refit)
        self.forecaster_.refuse_far(int(steps[-1]))
        coverage, levels = interval_levels(coverage, self.interval)
        found = backtest(
            self.forecaster_,
            self._newer(y_inner, X_inner),
            steps,
            step_length=step_length,
            n_epochs=self.update_epochs if refit else 0,
            levels=levels,
        )
        return as_frame(found, self.frames_, steps, coverage, self._get_varnames())

    def _predict_moving_cutoff(
        self, y, cv, X=None, update_params=True, reset_forecaster=True
    ):
        fh = check_fh(cv.get_fh())
        ends = []
        if not (update_params and self.update_epochs):
            ends = window_ends(y, cv, fh)
        if not ends:
            return super()._predict_moving_cutoff(
                y, cv, X, update_params, reset_forecaster
            )
        forecasts = moving_forecasts(self, y, X, fh, ends)
        if not reset_forecaster:
            self.update(y.iloc[: max(ends) + 1], X=X, update_params=False)
        return forecasts


# By which files name it. Within the class, inspect would show lines of that module.
RNNForecaster.__module__ = "skrnn.sktime"
