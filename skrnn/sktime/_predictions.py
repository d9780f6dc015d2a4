"""Forecasts for the times of a horizon, as the frames of sktime."""

from functools import cached_property

import numpy as np
import pandas as pd
from scipy.stats import norm

from skrnn._forecasting.alignment import forecasts_at, starts_of
from skrnn._forecasting.plausibility import refuse_overflow
from skrnn._forecasting.smoothing_models import PARTS
from skrnn.sktime._distributions import distribution

__all__ = ["Predictions", "panel_weights", "smoothing_weights"]

_OF_PANELS = ["linear model", "own coefficients", "error size"]


class Predictions:
    """What a fitted forecaster says of some times.

    Parameters
    ----------
    engine : SeriesForecaster
        Fitted.
    frames : SeriesFrames
        Of its series.
    X : DataFrame or None
        Exogenous values.
    now : int
        Step of the cutoff on the time axis.
    steps : ndarray of shape (n,) of int64
        Steps ahead of the cutoff, in any order.
    names : list
        Of the targets.
    """

    def __init__(self, engine, frames, X, now, steps, names):
        self.engine, self.frames, self.X = engine, frames, X
        self.times, self.steps, self.names = now + steps, steps, names

    @cached_property
    def index(self):
        """Labels of the forecasts (pandas.Index), series after series."""
        keys = self.engine.tail.keys
        times = self.frames.axis.times(self.times)
        return self.frames.index(keys, [times] * len(keys))

    def point(self):
        """Forecasts (DataFrame), a column for each target."""
        return self._frame(self._point(), self.frames.y_columns)

    def point_of_series(self, name):
        """Forecasts (Series) of a single target of a single series, by this name."""
        return pd.Series(self._point().ravel(), self.index, name=name)

    def _point(self):
        engine = self.engine
        return self._values(engine.point, of_ends=engine.point_from_ends)

    def quantiles(self, alpha):
        """Quantiles (DataFrame) with columns (target, level).

        Parameters
        ----------
        alpha : list of float
            Levels, in any order.
        """
        engine, levels = self.engine, np.asarray(alpha, dtype=float)

        def of_future(prepared, origins, steps):
            return engine.quantiles(prepared, origins, steps, levels)

        def of_past(past, codes):
            return engine.insample_quantiles(past, codes, levels)

        def of_ends(steps):
            return engine.quantiles_from_ends(steps, levels)

        columns = pd.MultiIndex.from_product([self.names, alpha])
        return self._frame(self._values(of_future, of_past, of_ends), columns)

    def deviations(self):
        """Standard deviations of normal distributions with the quartiles forecast."""
        quartiles = self.quantiles([0.25, 0.75])
        low, high = (quartiles.xs(q, axis=1, level=1) for q in (0.25, 0.75))
        return (high - low) / (2 * norm.ppf(0.75))

    def variances(self):
        """Squares of the standard deviations (DataFrame).

        Raises
        ------
        ValueError
            If they are too large or too small for a number of 64 bits.
        """
        deviations = self.deviations()
        with np.errstate(over="ignore", under="ignore"):
            variances = deviations**2
        if np.isinf(variances).any(axis=None) or (
            (variances == 0) & (deviations > 0)
        ).any(axis=None):
            raise ValueError(
                "Variances of forecasts are beyond what numbers of 64 bits can hold: "
                f"deviations are up to {deviations.max(axis=None):g}. Ask for "
                "intervals or quantiles, or give y in another unit."
            )
        return variances

    def law(self):
        """Distributions: those of the loss where it has some, else normal ones."""
        engine, log = self.engine, self.engine.settings.log
        loss = engine.forecasts.loss
        starts = starts_of(engine, self.times)
        is_parametric = (
            engine.settings.uses_loss
            and loss in ("gaussian", "student_t")
            and (self.times > engine.tail.last[:, None]).all()
            and all(
                engine.forecasts.gives_distributions(np.unique(start.ahead))
                for start in starts
            )
            and not (log.any() and (loss == "student_t" or not log.all()))
        )
        if is_parametric:
            laws = self._values(engine.laws, in_units=False)  # (S, n, k, width)
            laws = laws.reshape(-1, *laws.shape[2:])
            units = self.frames.y_units
            if log.any():
                laws[..., 0] += units.exponents * np.log(2)
            else:
                laws[..., :2] = units.multiplied(laws[..., :2], axis=1)
        else:
            center, spread = self.point().to_numpy(), self.deviations().to_numpy()
            laws = np.stack([center, spread], axis=-1)
        return distribution(laws, is_parametric and log.any(), self.index, self.names)

    def _values(self, of_future, of_past=None, of_ends=None, in_units=True):
        """Values (n_series, n_times, k, ...), in the user's units unless told not."""
        asked = self.engine, self.frames, self.X, self.times
        values = forecasts_at(*asked, of_future, of_past, of_ends)
        if in_units:
            values = self.frames.y_units.multiplied(values, axis=2)
            refuse_overflow(values)
        return values

    def _frame(self, values, columns):
        values = values.reshape(len(self.index), -1)
        return pd.DataFrame(values, self.index, columns)


def smoothing_weights(engine, frames):
    """How much the parts of smoothing count for each series and target.

    Parameters
    ----------
    engine : SeriesForecaster
        Fitted.
    frames : SeriesFrames
        Of its series.

    Returns
    -------
    DataFrame or None
        A column for each of `PARTS` and for logarithms; None without smoothing.
    """
    parts = engine.smoothing_parts()
    return _by_series(parts, engine, frames, [*PARTS, "logarithm"])


def panel_weights(engine, frames):
    """What is a series' own in a panel, for each series and target.

    Parameters
    ----------
    engine : SeriesForecaster
        Fitted.
    frames : SeriesFrames
        Of its series.

    Returns
    -------
    DataFrame or None
        As `RNNForecaster.panel_weights_` says.
    """
    return _by_series(engine.panel_parts(), engine, frames, _OF_PANELS)


def _by_series(values, engine, frames, columns):
    """Values (n_series, n_targets, n_columns), or None, as a DataFrame."""
    if values is None:
        return None
    keys, names = engine.tail.keys, frames.y_columns
    index = pd.Index(names)
    if keys != [()]:
        index = pd.MultiIndex.from_tuples([(*key, n) for key in keys for n in names])
    return pd.DataFrame(values.reshape(len(index), -1), index, columns)
