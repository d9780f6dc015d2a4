"""Backtests: errors by horizon, forecasts from their origins, coverage."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._typing import HorizonLike, SeriesLike, SupportsBacktest
from skrnn.plotting._axes import (
    keep_axes,
    legend_above,
    name_y,
    new_axes,
    steps_axis,
    tidy,
)
from skrnn.plotting._forecast import chosen_series, draw_series
from skrnn.plotting._forecast_data import (
    as_frame,
    bands_of,
    column_of,
    interval_frame,
    name_of,
    part_of,
    point_columns,
)
from skrnn.plotting._palette import BLUE, FAINT, INK, series_look
from skrnn.plotting._types import Axes, Figure, Panels

__all__ = ["BacktestDisplay"]

_Kind: TypeAlias = Literal["forecasts", "error", "coverage"]
_Kinds: TypeAlias = Literal["all"] | _Kind | Sequence[_Kind]
_KINDS = ("forecasts", "error", "coverage")


class BacktestDisplay:
    """Forecasts from many origins over the truth, and how good they are by horizon.

    Make one by `from_estimator` or `from_predictions`, which also draw it.

    Parameters
    ----------
    forecasts : DataFrame
        What ``backtest`` of :class:`~skrnn.sktime.RNNForecaster` gives.
    y : DataFrame
        What happened at the times of the forecasts, and before if it is to be drawn.
    target : label, default=None
        Which column of y; None takes the only one.
    series : label, default=None
        The series whose forecasts are drawn; None takes the first. Errors and coverage
        are over all of them.

    Attributes
    ----------
    ax_ : matplotlib Axes, or array of them
        Where it is drawn.
    axes_ : ndarray of Axes of shape (n_panels, 1)
        All panels.
    figure_ : matplotlib Figure
        Their figure.
    errors_ : DataFrame
        Mean absolute and root mean squared error by steps ahead.
    coverage_ : DataFrame or None
        Share of the truth within each interval, by steps ahead.

    Examples
    --------
    >>> from sktime.datasets import load_airline
    >>> from skrnn.plotting import BacktestDisplay
    >>> from skrnn.sktime import RNNForecaster
    >>> y = load_airline()
    >>> forecaster = RNNForecaster(n_estimators=1, random_state=0)
    >>> forecaster = forecaster.fit(y[:-36], fh=range(1, 13))
    >>> display = BacktestDisplay.from_estimator(forecaster, y[-36:], coverage=0.8)
    >>> list(display.errors_.index[:3])
    [1, 2, 3]
    """

    ax_: Axes | Any  # an array of several
    axes_: NDArray[Any]
    figure_: Figure
    errors_: pd.DataFrame
    coverage_: pd.DataFrame | None

    def __init__(
        self,
        forecasts: pd.DataFrame,
        y: pd.DataFrame,
        *,
        target: Hashable = None,
        series: Hashable = None,
    ) -> None:
        self.forecasts, self.y = forecasts, y
        self.target, self.series = target, series

    @classmethod
    def from_estimator(
        cls,
        forecaster: SupportsBacktest,
        y: SeriesLike,
        X: SeriesLike | None = None,
        *,
        fh: HorizonLike | None = None,
        step_length: int = 1,
        coverage: float | Sequence[float] | None = (0.5, 0.9),
        target: Hashable = None,
        series: Hashable = None,
        kind: _Kinds = "all",
        ax: Panels | None = None,
    ) -> Self:
        """Backtest and draw.

        Parameters
        ----------
        forecaster : RNNForecaster
            Fitted.
        y : series, panel or hierarchy of pandas
            The rows after those of fit.
        X : DataFrame, default=None
            Exogenous values of those rows.
        fh : int, list of int or ForecastingHorizon, default=None
            Steps ahead of each origin; None takes those given last.
        step_length : int, default=1
            Rows from one origin to the next.
        coverage : float, list of float or None, default=(0.5, 0.9)
            Of the intervals; None for none.
        target : label, default=None
            Which column of y; None takes the only one.
        series : label, default=None
            The series whose forecasts are drawn; None takes the first.
        kind : {"all", "forecasts", "error", "coverage"} or list, default="all"
            Which panels are drawn.
        ax : matplotlib Axes or array of Axes, default=None
            Where, one for each panel; None makes a figure.

        Returns
        -------
        BacktestDisplay
        """
        found = forecaster.backtest(
            y,
            X,
            fh,
            step_length=step_length,
            coverage=coverage
            if coverage is None or np.ndim(coverage) == 0
            else list(coverage),
        )
        return cls.from_predictions(
            found, y, target=target, series=series, kind=kind, ax=ax
        )

    @classmethod
    def from_predictions(
        cls,
        forecasts: pd.DataFrame,
        y: pd.Series | pd.DataFrame,
        *,
        target: Hashable = None,
        series: Hashable = None,
        kind: _Kinds = "all",
        ax: Panels | None = None,
    ) -> Self:
        """Draw a backtest that is known.

        Parameters
        ----------
        forecasts : DataFrame
            What ``backtest`` gives: a row for each origin and time, the levels of the
            index those that name the series, ``"origin"`` and the time.
        y : Series or DataFrame
            What happened.
        target : label, default=None
            Which column of y; None takes the only one.
        series : label, default=None
            The series whose forecasts are drawn; None takes the first.
        kind : {"all", "forecasts", "error", "coverage"} or list, default="all"
            Which panels are drawn.
        ax : matplotlib Axes or array of Axes, default=None
            Where, one for each panel; None makes a figure.

        Returns
        -------
        BacktestDisplay
        """
        forecasts = as_frame(forecasts, "forecasts")
        if "origin" not in forecasts.index.names or len(forecasts) == 0:
            raise ValueError(
                "forecasts must have rows, and a level 'origin' in its index, as "
                f"backtest gives it; its levels are {list(forecasts.index.names)}."
            )
        display = cls(forecasts, as_frame(y, "y"), target=target, series=series)
        return display.plot(ax=ax, kind=kind)

    def plot(self, ax: Panels | None = None, *, kind: _Kinds = "all") -> Self:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes or array of Axes, default=None
            Where, one for each panel; None makes a figure.
        kind : {"all", "forecasts", "error", "coverage"} or list, default="all"
            Which panels are drawn; coverage only where there are intervals.

        Returns
        -------
        self : BacktestDisplay
        """
        column = column_of(point_columns(self.forecasts), self.target)
        y = self.y
        truth = y.iloc[:, 0] if y.shape[1] == 1 else column_of(y, column.name)
        intervals = interval_frame(self.forecasts)
        bands = {} if intervals is None else bands_of(intervals, column.name)
        kinds = _chosen_kinds(kind, has_intervals=bool(bands))
        self._measure(column, truth, bands)
        axes = new_axes("BacktestDisplay", ax, (len(kinds), 1), height=2.6)
        draw = {
            "forecasts": lambda panel: self._draw_forecasts(
                panel, column, truth, bands
            ),
            "error": self._draw_errors,
            "coverage": self._draw_coverage,
        }
        for panel, one in zip(axes.flat, kinds, strict=True):
            draw[one](panel)
        return keep_axes(self, axes)

    def _measure(self, column, truth, bands):
        """Errors and coverage by steps ahead."""
        index = column.index
        known = truth.reindex(index.droplevel("origin")).to_numpy(np.float64)
        if not np.isfinite(known).any():
            raise ValueError(
                "y has no value at any time that is forecast: the last level of its "
                "index must be that of the forecasts."
            )
        steps = steps_ahead(index, truth.index.get_level_values(-1))
        error = column.to_numpy(np.float64) - known
        table = pd.DataFrame({"absolute": np.abs(error), "squared": error**2})
        table = table.groupby(steps).mean()
        self.errors_ = pd.DataFrame(
            {"MAE": table["absolute"], "RMSE": np.sqrt(table["squared"])}
        ).rename_axis("steps ahead")
        self.coverage_ = None
        if bands:
            inside = {
                c: np.where(
                    np.isfinite(known),
                    (low.to_numpy() <= known) & (known <= high.to_numpy()),
                    np.nan,
                )
                for c, (low, high) in bands.items()
            }
            shares = pd.DataFrame(inside).astype(float).groupby(steps).mean()
            self.coverage_ = shares.rename_axis("steps ahead")

    def _draw_forecasts(self, ax, column, truth, bands):
        n_levels = column.index.nlevels - 2
        key = chosen_series(column, n_levels, self.series)[0]
        own = {c: tuple(part_of(e, key, n_levels) for e in b) for c, b in bands.items()}
        widest = dict(list(own.items())[:1])  # one above the other would be a blur
        column = part_of(column, key, n_levels)
        draw_series(ax, column, part_of(truth, key, n_levels), widest, True, None)
        name_y(ax, truth.name if key is None else f"{truth.name}, {name_of(key)}")
        legend_above(ax)

    def _draw_errors(self, ax):
        errors = self.errors_
        for number, (name, color) in enumerate((("MAE", BLUE), ("RMSE", INK))):
            ax.plot(
                errors.index,
                errors[name],
                "--" if number else "-",
                color=color,
                marker="o" if len(errors) <= 30 else None,
                markersize=3.5,
                linewidth=1.6,
                label={"MAE": "mean absolute", "RMSE": "root mean squared"}[name],
            )
        top = float(np.nanmax(errors.to_numpy()))
        ax.set(xlabel="steps ahead", ylabel="error", ylim=(0, 1.08 * top or 1.0))
        steps_axis(ax, int(errors.index.max()))
        tidy(ax)
        legend_above(ax)

    def _draw_coverage(self, ax):
        for number, level in enumerate(sorted(self.coverage_.columns)):
            look = series_look(number)
            ax.axhline(level, color=FAINT, linewidth=1, linestyle="-", zorder=0)
            ax.plot(
                self.coverage_.index,
                self.coverage_[level],
                marker="o" if len(self.coverage_) <= 30 else None,
                markersize=3.5,
                linewidth=1.6,
                label=f"{level:.0%} interval",
                **look,
            )
        ax.set(xlabel="steps ahead", ylabel="coverage", ylim=(0, 1.04))
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        steps_axis(ax, int(self.coverage_.index.max()))
        tidy(ax)
        legend_above(ax)


def _chosen_kinds(kind, has_intervals):
    kinds = list(_KINDS) if isinstance(kind, str) and kind == "all" else kind
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if not kinds or not set(kinds) <= set(_KINDS):
        raise ValueError(f"kind must be 'all' or some of {list(_KINDS)}, got {kind!r}.")
    if has_intervals:
        return kinds
    if kinds == ["coverage"]:
        raise ValueError("kind='coverage' needs intervals: give coverage to backtest.")
    return [one for one in kinds if one != "coverage"]


def steps_ahead(index, times):
    """Count the steps (ndarray of int) from the origin to the time of each row.

    Parameters
    ----------
    index : MultiIndex
        With a level "origin", and times in the last one.
    times : pandas.Index
        Of what happened, which tell what a step is.
    """
    origin, time = index.get_level_values("origin"), index.get_level_values(-1)
    if isinstance(time, pd.PeriodIndex):
        return np.array(time.asi8) - np.array(origin.asi8)
    known = times.union(origin).union(time).unique().sort_values()
    distance, between = time - origin, known[1:] - known[:-1]
    if isinstance(time, pd.DatetimeIndex):
        distance, between = distance.as_unit("ns").asi8, between.as_unit("ns").asi8
    distance, step = np.asarray(distance), np.asarray(between).min()
    if (np.asarray(between) % step == 0).all():
        return np.round(distance / step).astype(int)
    # Months and quarters have no one length; then there is a row for each.
    return known.get_indexer(time) - known.get_indexer(origin)
