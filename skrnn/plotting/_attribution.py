"""Attributions and importances as heat maps and bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self, TypeAlias

import numpy as np

from skrnn._typing import (
    ArrayLike,
    BaselineLike,
    Floats,
    SequencesLike,
    SupportsFitPredict,
)
from skrnn.inspection import Attributions, integrated_gradients
from skrnn.plotting._axes import (
    keep_axes,
    name_y,
    new_axes,
    shortened,
    tidy,
    width_of,
    wrapped,
    zero_line,
)
from skrnn.plotting._palette import BLUE, INK, ORANGE, signed_colors, size_colors
from skrnn.plotting._types import Axes, AxesImage, BarContainer, Figure

__all__ = ["AttributionDisplay"]

_Kind: TypeAlias = Literal["auto", "heatmap", "bar"]
# Cells of a heat map in which a dot for minus can still be told from another.
_MOST_DOTS = 1500
# Letters of a name beside an axis.
_MOST_LETTERS = 18


class AttributionDisplay:
    """What each step and feature counts: a heat map, or bars by step or feature.

    Make one by `from_estimator` or `from_values`, which also draw it.

    Parameters
    ----------
    values : ndarray of shape (n_timesteps, n_features)
        The oldest step first. One row where there are no steps, one column where there
        are no features.
    std : ndarray of shape (n_timesteps, n_features), default=None
        Deviations, drawn as whiskers of bars.
    step_names : list of str or None, default=None
        Of the steps; None where `values` are of features alone.
    feature_names : list of str or None, default=None
        Of the features; None where `values` are of steps alone.
    label : str, default="importance"
        What the values are.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it is drawn.
    figure_ : matplotlib Figure
        Its figure.
    im_ : matplotlib AxesImage
        The heat map; None of bars.
    bars_ : matplotlib BarContainer
        The bars; None of a heat map.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.plotting import AttributionDisplay
    >>> X = np.random.default_rng(0).normal(size=(60, 6, 3))
    >>> model = RNNRegressor(max_epochs=5, n_estimators=1).fit(X, X[:, -1, 0])
    >>> display = AttributionDisplay.from_estimator(model, X)
    >>> display.im_.get_array().shape  # features and steps
    (3, 6)
    """

    ax_: Axes
    figure_: Figure
    im_: AxesImage | None
    bars_: BarContainer | None

    def __init__(
        self,
        values: Floats,
        std: Floats | None = None,
        step_names: Sequence[str] | None = None,
        feature_names: Sequence[str] | None = None,
        label: str = "importance",
    ) -> None:
        self.values, self.std = values, std
        self.step_names, self.feature_names = step_names, feature_names
        self.label = label

    @classmethod
    def from_estimator(
        cls,
        estimator: SupportsFitPredict,
        X: SequencesLike,
        *,
        sample: int | None = None,
        target: Any = None,
        baseline: BaselineLike = "mean",
        n_steps: int = 64,
        kind: _Kind = "auto",
        ax: Axes | None = None,
    ) -> Self:
        """Compute and draw integrated gradients.

        Parameters
        ----------
        estimator : RNNRegressor, RNNClassifier, or Pipeline or search that ends in one
            Fitted.
        X : array-like, DataFrame, list of array-like or WindowedArray
            As for ``predict``.
        sample : int, default=None
            The sample of X that is drawn, with signs. None draws the mean absolute
            value over all samples.
        target : int, float, tuple or label, default=None
            What is explained; see :func:`~skrnn.inspection.integrated_gradients`.
        baseline : {"mean", "zero"}, float or array-like, default="mean"
            What samples are compared with; see there.
        n_steps : int, default=64
            Gradients on the way; see there.
        kind : {"auto", "heatmap", "bar"}, default="auto"
            As for `plot`.
        ax : matplotlib Axes, default=None
            Where; None makes a figure.

        Returns
        -------
        AttributionDisplay
        """
        found = integrated_gradients(
            estimator, X, target=target, baseline=baseline, n_steps=n_steps
        )
        return cls.from_values(found, sample=sample, kind=kind, ax=ax)

    @classmethod
    def from_values(
        cls,
        values: Attributions | ArrayLike | Mapping[str, Any],
        *,
        sample: int | None = None,
        step_names: Sequence[str] | None = None,
        feature_names: Sequence[str] | None = None,
        label: str | None = None,
        kind: _Kind = "auto",
        ax: Axes | None = None,
    ) -> Self:
        """Draw attributions or importances that are known.

        Parameters
        ----------
        values : Attributions, Bunch, or array-like of shape (n_timesteps,), \
                (n_timesteps, n_features) or (n_samples, n_timesteps, n_features)
            What :func:`~skrnn.inspection.integrated_gradients` or
            :func:`~skrnn.inspection.permutation_importance` gives, or numbers.
        sample : int, default=None
            Which sample is drawn, of values of several; None draws their mean absolute
            value.
        step_names, feature_names : list of str, default=None
            Names; None takes those of `values`, or counts.
        label : str, default=None
            What the values are.
        kind : {"auto", "heatmap", "bar"}, default="auto"
            As for `plot`.
        ax : matplotlib Axes, default=None
            Where; None makes a figure.

        Returns
        -------
        AttributionDisplay
        """
        std = None
        if isinstance(values, Attributions):
            step_names = values.step_names if step_names is None else step_names
            feature_names = feature_names or values.feature_names
            what = f"attribution to the {values.target}"
            values, of_samples = values.values, what
        elif isinstance(values, Mapping):
            if "importances_mean" not in values:
                raise ValueError(
                    "values must be of one score; choose one of those in "
                    f"{sorted(values)}."
                )
            step_names = values["step_names"] if step_names is None else step_names
            feature_names = feature_names or values["feature_names"]
            std, by = values["importances_std"], values["by"]
            values, of_samples = values["importances_mean"], "fall of the score"
            if by == "feature":
                values, std, step_names = values[None], std[None], None
            elif by == "step":
                values, std, feature_names = values[:, None], std[:, None], None
        else:
            of_samples = "attribution"
        values, is_mean = _of_sample(values, sample)
        if label is None:
            label = f"mean absolute {of_samples}" if is_mean else of_samples
        n_steps, n_features = values.shape
        for name, names, n in (
            ("step_names", step_names, n_steps),
            ("feature_names", feature_names, n_features),
        ):
            if names is not None and len(names) != n:
                raise ValueError(
                    f"{name} has {len(names)} names, and values have {n}: shape "
                    f"{values.shape}."
                )
        if step_names is None and n_steps > 1:
            step_names = [f"lag{lag}" for lag in range(n_steps - 1, -1, -1)]
        if feature_names is None and n_features > 1:
            feature_names = [f"x{i}" for i in range(n_features)]
        return cls(values, std, step_names, feature_names, label).plot(ax=ax, kind=kind)

    def plot(
        self, ax: Axes | None = None, *, kind: _Kind = "auto", colorbar: bool = True
    ) -> Self:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where; None makes a figure.
        kind : {"auto", "heatmap", "bar"}, default="auto"
            A heat map has steps and features; bars have one of them, those of several
            features the sums of their steps. ``"auto"``: a heat map where there are
            several of both.
        colorbar : bool, default=True
            Whether a heat map has one.

        Returns
        -------
        self : AttributionDisplay
        """
        if kind not in ("auto", "heatmap", "bar"):
            raise ValueError(f"kind must be 'auto', 'heatmap' or 'bar', got {kind!r}.")
        n_steps, n_features = self.values.shape
        if kind == "auto":
            kind = "heatmap" if n_steps > 1 and n_features > 1 else "bar"
        self.im_ = self.bars_ = None
        if kind == "heatmap":
            return self._heatmap(ax, colorbar)
        by_feature = n_steps == 1 or n_features > 1
        return self._bars_of_features(ax) if by_feature else self._bars_of_steps(ax)

    def _heatmap(self, ax, colorbar):
        n_steps, n_features = self.values.shape
        height = float(np.clip(0.9 + 0.26 * n_features, 2.0, 7.0))
        axes = new_axes("AttributionDisplay", ax, height=height)
        ax, image = axes.flat[0], self.values.T
        largest = float(np.nanmax(np.abs(image), initial=0)) or 1.0
        is_signed = bool((image < 0).any())
        # Importances below zero by chance are no sign worth a colour.
        is_signed &= self.std is None
        self.im_ = ax.imshow(
            image,
            cmap=signed_colors() if is_signed else size_colors(),
            vmin=-largest if is_signed else 0.0,
            vmax=largest,
            aspect="auto",
            interpolation="nearest",
        )
        if is_signed and image.size <= _MOST_DOTS:
            feature, step = np.nonzero(image < -0.02 * largest)
            cell = min(width_of(ax) / n_steps, 0.7 * height / n_features)
            size = float(np.clip(15 * cell, 1.0, 6.0))
            ax.plot(step, feature, ".", color=INK, markersize=size)
        _name_steps(ax, self.step_names, n_steps)
        names = self.feature_names or [f"x{i}" for i in range(n_features)]
        _name_features(ax, names, height)
        if colorbar:
            label = self.label + (" (dots: below 0)" if is_signed else "")
            bar = ax.figure.colorbar(self.im_, ax=ax, pad=0.02)
            bar.set_label(wrapped(label, 0.8 * height), fontsize="small")
        return keep_axes(self, axes)

    def _bars_of_steps(self, ax):
        axes = new_axes("AttributionDisplay", ax)
        ax, values = axes.flat[0], self.values[:, 0]
        places = np.arange(len(values))
        colors = [BLUE if value >= 0 else ORANGE for value in values]
        std = None if self.std is None else self.std[:, 0]
        self.bars_ = ax.bar(
            places,
            values,
            0.8,
            color=colors,
            yerr=std,
            error_kw={"ecolor": INK, "elinewidth": 0.9},
        )
        zero_line(ax)
        _name_steps(ax, self.step_names, len(values))
        ax.set_xlim(-0.6, len(values) - 0.4)
        name_y(ax, self.label)
        tidy(ax)
        return keep_axes(self, axes)

    def _bars_of_features(self, ax):
        n_steps, n_features = self.values.shape
        values, std = self.values.sum(axis=0), None
        if self.std is not None and n_steps == 1:
            std = self.std[0]
        height = float(np.clip(0.8 + 0.26 * n_features, 1.8, 9.0))
        axes = new_axes("AttributionDisplay", ax, height=height)
        ax = axes.flat[0]
        places = np.arange(n_features)
        self.bars_ = ax.barh(
            places,
            values,
            0.75,
            color=[BLUE if value >= 0 else ORANGE for value in values],
            xerr=std,
            error_kw={"ecolor": INK, "elinewidth": 0.9},
        )
        names = self.feature_names or [f"x{i}" for i in range(n_features)]
        _name_features(ax, names, height)
        ax.set_ylim(n_features - 0.4, -0.6)
        zero_line(ax, vertical=True)
        ax.set_xlabel(wrapped(self.label, width_of(ax)))
        tidy(ax)
        return keep_axes(self, axes)


def _of_sample(values, sample):
    """Values (T, F) of one sample, or mean absolute ones; whether they are means."""
    if isinstance(values, list) and np.ndim(values[0]) == 2:
        values = _aligned(values)
    values = np.asarray(values, np.float64)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim not in (2, 3) or 0 in values.shape:
        raise ValueError(
            "values must be of shape (n_timesteps,), (n_timesteps, n_features) or "
            f"(n_samples, n_timesteps, n_features), got {values.shape}."
        )
    if values.ndim == 2:
        if sample is not None:
            raise ValueError(f"sample={sample!r}, but values are of no single samples.")
        return values, False
    if sample is None:
        return np.abs(values).mean(axis=0), True
    if not -len(values) <= sample < len(values):
        raise ValueError(f"sample={sample} is none of the {len(values)} samples.")
    return values[sample], False


def _aligned(arrays):
    """Attributions of ragged sequences as one array, their newest steps last."""
    longest = max(map(len, arrays))
    found = np.zeros((len(arrays), longest, arrays[0].shape[1]))
    for sample, array in zip(found, arrays, strict=True):
        sample[longest - len(array) :] = array
    return found


def _name_steps(ax, names, n_steps):
    """Name the steps below an axis: lags as numbers, dates and others as they are."""
    if names is None:
        ax.set_xticks([])
        return
    names = list(map(str, names))
    lags = [f"lag{lag}" for lag in range(n_steps - 1, -1, -1)]
    is_of_lags = names == lags
    most = max(2, int(width_of(ax) / (0.4 if is_of_lags else 0.16)))
    if is_of_lags:
        step = next(s for s in _nice_steps() if n_steps / s <= most)
        places = np.arange(n_steps - 1, -1, -step)[::-1]
        ax.set_xticks(places, [str(n_steps - 1 - p) for p in places])
        ax.set_xlabel("lag (steps before the newest)")
        return
    step = max(1, -(-n_steps // most))
    places = np.arange(n_steps - 1, -1, -step)[::-1]
    shown = [shortened(names[p], _MOST_LETTERS) for p in places]
    wide = max(map(len, shown)) * 0.085 * len(shown) > width_of(ax)
    ax.set_xticks(
        places, shown, rotation=45 if wide else 0, ha="right" if wide else "center"
    )
    if wide:
        for label in ax.get_xticklabels():
            label.set(rotation_mode="anchor", ha="right")


def _nice_steps():
    scale = 1
    while True:
        yield from (scale, 2 * scale, 5 * scale)
        scale *= 10


def _name_features(ax, names, height):
    most = max(1, int(height / 0.17))
    step = max(1, -(-len(names) // most))
    places = np.arange(0, len(names), step)
    ax.set_yticks(places, [shortened(names[p], _MOST_LETTERS) for p in places])
