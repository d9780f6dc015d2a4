"""Forecasts after their history, with intervals as fans."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._typing import HorizonLike, SeriesLike, SupportsFitPredict
from skrnn.plotting._axes import (
    date_axis,
    keep_axes,
    legend_above,
    name_y,
    new_axes,
    shortened,
    tidy,
)
from skrnn.plotting._forecast_data import (
    as_frame,
    bands_of,
    column_of,
    interval_frame,
    keys_of,
    line_of,
    name_of,
    part_of,
    point_columns,
)
from skrnn.plotting._palette import BLUE, INK
from skrnn.plotting._types import Axes, Figure, Panels

__all__ = ["ForecastDisplay"]

# Series that are drawn, each in a panel, where no others are asked for.
_MOST_SERIES = 6
# Newest values of the history that are shown for each step ahead.
_HISTORY = 4


class ForecastDisplay:
    """History, forecasts and the fan of their intervals, a panel for each series.

    Make one by `from_estimator` or `from_predictions`, which also draw it.

    Parameters
    ----------
    forecasts : DataFrame
        A column a target. The levels of the index are those that name the series,
        ``"origin"`` where there are several, and the time.
    y : DataFrame, default=None
        What happened, before the forecasts and after.
    intervals : DataFrame, default=None
        Columns (target, coverage, "lower" or "upper"), as ``predict_interval`` gives.
    target : label, default=None
        Which column is drawn; None takes the only one.
    series : list, default=None
        Labels of the series that are drawn; None takes the first six.
    n_history : int, default=None
        Newest values of `y` before the first forecast; None shows four times as many
        as there are steps ahead, and at least 24; all there are, if fewer.

    Attributes
    ----------
    ax_ : matplotlib Axes, or array of them
        Where it is drawn.
    axes_ : ndarray of Axes of shape (n_rows, n_columns)
        All panels.
    figure_ : matplotlib Figure
        Their figure.

    Examples
    --------
    >>> from sktime.datasets import load_airline
    >>> from skrnn.plotting import ForecastDisplay
    >>> from skrnn.sktime import RNNForecaster
    >>> y = load_airline()
    >>> forecaster = RNNForecaster(n_estimators=1, random_state=0)
    >>> forecaster = forecaster.fit(y[:-12], fh=range(1, 13))
    >>> display = ForecastDisplay.from_estimator(forecaster, y, coverage=[0.5, 0.9])
    >>> display.ax_.get_ylabel()
    'Number of airline passengers'
    """

    ax_: Axes | Any  # an array of several
    axes_: NDArray[Any]
    figure_: Figure

    def __init__(
        self,
        forecasts: pd.DataFrame,
        y: pd.DataFrame | None = None,
        intervals: pd.DataFrame | None = None,
        *,
        target: Hashable = None,
        series: Any = None,
        n_history: int | None = None,
    ) -> None:
        self.forecasts, self.y, self.intervals = forecasts, y, intervals
        self.target, self.series, self.n_history = target, series, n_history

    @classmethod
    def from_estimator(
        cls,
        forecaster: SupportsFitPredict,
        y: SeriesLike | None = None,
        X: SeriesLike | None = None,
        *,
        fh: HorizonLike | None = None,
        coverage: float | Sequence[float] | None = (0.5, 0.9),
        target: Hashable = None,
        series: Any = None,
        n_history: int | None = None,
        ax: Panels | None = None,
    ) -> Self:
        """Forecast and draw.

        Parameters
        ----------
        forecaster : RNNForecaster or forecaster of sktime
            Fitted.
        y : Series or DataFrame, default=None
            What happened, before the cutoff and after, to be drawn with the forecasts.
        X : DataFrame, default=None
            Exogenous values at the times of `fh`.
        fh : int, list of int or ForecastingHorizon, default=None
            Steps ahead; None takes those of fit.
        coverage : float, list of float or None, default=(0.5, 0.9)
            Of the intervals; None draws none. They are left out where the forecaster
            has none.
        target : label, default=None
            Which column is drawn; None takes the only one.
        series : list, default=None
            Labels of the series that are drawn; None takes the first six.
        n_history : int, default=None
            Newest values of `y` before the first forecast; None as for the class.
        ax : matplotlib Axes or array of Axes, default=None
            Where, one for each series; None makes a figure.

        Returns
        -------
        ForecastDisplay
        """
        forecaster = copy.deepcopy(forecaster)  # which notes the fh that it is asked
        forecasts, intervals = forecaster.predict(fh=fh, X=X), None
        has_intervals = forecaster.get_tag("capability:pred_int")
        if coverage is not None and has_intervals:
            coverage = [coverage] if np.ndim(coverage) == 0 else list(coverage)
            intervals = forecaster.predict_interval(fh=fh, X=X, coverage=coverage)
        return cls.from_predictions(
            forecasts,
            y,
            intervals,
            target=target,
            series=series,
            n_history=n_history,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        forecasts: pd.Series | pd.DataFrame,
        y: pd.Series | pd.DataFrame | None = None,
        intervals: pd.DataFrame | None = None,
        *,
        target: Hashable = None,
        series: Any = None,
        n_history: int | None = None,
        ax: Panels | None = None,
    ) -> Self:
        """Draw forecasts that are known.

        Parameters
        ----------
        forecasts : Series or DataFrame
            From one origin, as ``predict`` gives them, or from many, as ``backtest``
            of :class:`~skrnn.sktime.RNNForecaster` does, with its intervals or without.
        y : Series or DataFrame, default=None
            What happened, before the forecasts and after.
        intervals : DataFrame, default=None
            What ``predict_interval`` gives.
        target : label, default=None
            Which column is drawn; None takes the only one.
        series : list, default=None
            Labels of the series that are drawn; None takes the first six.
        n_history : int, default=None
            Newest values of `y` before the first forecast; None as for the class.
        ax : matplotlib Axes or array of Axes, default=None
            Where, one for each series; None makes a figure.

        Returns
        -------
        ForecastDisplay
        """
        frame = as_frame(forecasts, "forecasts")
        if intervals is None:
            intervals = interval_frame(frame)
        frame = point_columns(frame)
        if len(frame) == 0:
            raise ValueError("forecasts has no rows.")
        y = None if y is None else as_frame(y, "y")
        display = cls(
            frame, y, intervals, target=target, series=series, n_history=n_history
        )
        return display.plot(ax=ax)

    def plot(self, ax: Panels | None = None) -> Self:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes or array of Axes, default=None
            Where, one for each series; None makes a figure.

        Returns
        -------
        self : ForecastDisplay
        """
        forecasts = self.forecasts
        has_origins = "origin" in forecasts.index.names
        n_levels = forecasts.index.nlevels - 1 - has_origins
        column = column_of(forecasts, self.target)
        keys = chosen_series(column, n_levels, self.series)
        shape = (1, len(keys)) if ax is not None else _shape_of(len(keys))
        height = 3.4 if len(keys) == 1 else 2.1
        axes = new_axes("ForecastDisplay", ax, shape, height=height)
        truth = self._truth(column)
        bands = {}
        if self.intervals is not None:
            bands = bands_of(self.intervals, column.name)
        for panel, key in zip(axes.flat, keys, strict=False):
            own = {
                c: tuple(part_of(e, key, n_levels) for e in b) for c, b in bands.items()
            }
            draw_series(
                panel,
                part_of(column, key, n_levels),
                part_of(truth, key, n_levels),
                own,
                has_origins,
                self.n_history,
            )
        name = str(column.name if truth is None or self.target else truth.name)
        if len(keys) > 1:
            _name_panels(axes, keys, name, is_own=ax is None)
            return keep_axes(self, axes)
        panel = axes.flat[0]
        name_y(panel, name if keys[0] is None else f"{name}, {name_of(keys[0])}")
        legend_above(panel)
        return keep_axes(self, axes)

    def _truth(self, column):
        """What happened (Series), of the target that is drawn; None if not known."""
        if self.y is None:
            return None
        if self.target is None and self.y.shape[1] == 1:
            return self.y.iloc[:, 0]
        return column_of(self.y, column.name if self.target is None else self.target)


def _shape_of(n_series):
    """Rows and columns of panels, in a figure as wide as matplotlib makes it."""
    from matplotlib import rcParams

    n_columns = 1 if n_series == 1 or rcParams["figure.figsize"][0] < 5 else 2
    return -(-n_series // n_columns), n_columns


def _name_panels(axes, keys, name, is_own):
    """Name the series of panels, what they show, and its parts, once for all."""
    panels, figure = list(axes.flat), axes.flat[0].figure
    if not is_own:  # a figure of the user's may hold other pictures too
        for panel, key in zip(panels, keys, strict=True):
            name_y(panel, f"{name}, {name_of(key)}")
        legend_above(panels[0])
        return
    for panel, key in zip(panels, keys, strict=False):
        panel.set_title(shortened(name_of(key), 30), fontsize="medium", loc="left")
    for panel in panels[len(keys) :]:
        panel.set_visible(False)
    figure.supylabel(name, fontsize="medium")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside upper left",
        ncols=min(len(labels), 2 * axes.shape[1]),
        frameon=False,
        fontsize="small",
    )


def chosen_series(column, n_levels, series):
    """Labels (list) of the series that are drawn."""
    known = keys_of(column, n_levels)
    if series is None:
        return known[:_MOST_SERIES]
    wanted = list(series) if isinstance(series, (list, tuple, np.ndarray)) else [series]
    if isinstance(series, tuple) and series in known:
        wanted = [series]
    lacking = [key for key in wanted if key not in known]
    if lacking or not wanted:
        raise ValueError(f"series={series!r} must name some of {known[:8]}.")
    return wanted


def draw_series(ax, column, truth, bands, has_origins, n_history):
    """Draw one series.

    Parameters
    ----------
    ax : Axes
        Where.
    column : Series
        Forecasts, by time or by origin and time.
    truth : Series or None
        What happened, by time.
    bands : dict of float to tuple of Series
        Ends of intervals by coverage, the widest first.
    has_origins : bool
        Whether there are several origins.
    n_history : int or None
        As for `ForecastDisplay`.
    """
    paths = _by_origin(column) if has_origins else [column]
    n_origins, steps = len(paths), max(map(len, paths))
    first = column.index.get_level_values(-1).min()
    if truth is not None:
        before = int((truth.index < first).sum())
        kept = max(24, _HISTORY * steps) if n_history is None else n_history
        shown = truth.iloc[max(0, before - kept) :]
        shown = shown[shown.index <= column.index.get_level_values(-1).max()]
        places, values = line_of(shown)
        marker = "o" if len(shown) <= 40 else None
        ax.plot(
            places,
            values,
            color=INK,
            linewidth=1.1,
            marker=marker,
            markersize=2.5,
            label="observed",
            zorder=3,
        )
    # Where many forecasts lie above each other the truth still shows through.
    n_above = len(column) / column.index.get_level_values(-1).nunique()
    shades = np.linspace(0.18, 0.38, len(bands)) / n_above**0.75
    for (coverage, ends), shade in zip(bands.items(), shades, strict=True):
        pieces = [ends]
        if has_origins:
            pieces = list(zip(*map(_by_origin, ends), strict=True))
        for number, (low, high) in enumerate(pieces):
            places, below = line_of(low)
            ax.fill_between(
                places,
                below,
                high.to_numpy(np.float64),
                color=BLUE,
                alpha=shade,
                linewidth=0,
                label=None if number else f"{coverage:.0%} interval",
            )
    faint = 1.0 if n_origins == 1 else float(np.clip(6 / n_origins, 0.35, 0.9))
    for number, path in enumerate(paths):
        places, values = line_of(path)
        ax.plot(
            places,
            values,
            color=BLUE,
            linewidth=1.8 if n_origins == 1 else 1.1,
            alpha=faint,
            marker="o" if len(path) <= 20 and n_origins <= 5 else None,
            markersize=3,
            label=None if number else "forecast" + "s" * has_origins,
            zorder=4,
        )
    date_axis(ax, places)
    if places.dtype.kind != "M":
        name = column.index.names[-1]
        ax.set_xlabel(name if isinstance(name, str) else "time")
    tidy(ax)


def _by_origin(series):
    """Values (list of Series) from each origin; single ones make one line."""
    paths = [path.droplevel("origin") for _, path in series.groupby(level="origin")]
    if max(map(len, paths)) == 1:
        return [pd.concat(paths).sort_index()]
    return paths
