"""Losses by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from skrnn._estimator.base import BaseRNN
from skrnn._typing import ArrayLike, Auto, Floats, SupportsFitPredict
from skrnn.inspection._fitted import unwrapped
from skrnn.plotting._axes import (
    keep_axes,
    legend_above,
    name_y,
    new_axes,
    steps_axis,
    tidy,
)
from skrnn.plotting._palette import BLUE, INK, MIDDLE, ORANGE
from skrnn.plotting._types import Axes, Figure, Line2D

__all__ = ["LossCurveDisplay"]

# Losses that span more than this are shown by their logarithm.
_WIDE = 10.0


class LossCurveDisplay:
    """Training and validation loss of every network by epoch, the best epoch marked.

    Make one by `from_estimator` or `from_values`, which also draw it.

    Parameters
    ----------
    train : list of ndarray of shape (n_epochs_i,)
        Training loss of each network.
    validation : list of ndarray of shape (n_epochs_i,) or None
        Validation loss of each; None, or NaN at epochs, where there was none.
    best_epochs : list of int or None, default=None
        The epoch (from 1) of each whose weights are kept.
    names : list of str, default=None
        Of the networks.
    loss_name : str, default="loss"
        What the axis says.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it is drawn.
    figure_ : matplotlib Figure
        Its figure.
    lines_ : list of matplotlib Line2D
        Training losses, then validation losses.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.plotting import LossCurveDisplay
    >>> X = np.random.default_rng(0).normal(size=(60, 6))
    >>> model = RNNRegressor(n_estimators=3, max_epochs=10).fit(X, X[:, -1])
    >>> display = LossCurveDisplay.from_estimator(model)
    >>> display.ax_.get_xlabel()
    'epoch'
    """

    ax_: Axes
    figure_: Figure
    lines_: list[Line2D]

    def __init__(
        self,
        train: list[Floats],
        validation: list[Floats] | None,
        best_epochs: list[int] | None = None,
        names: Sequence[str] | None = None,
        loss_name: str = "loss",
    ) -> None:
        self.train, self.validation = train, validation
        self.best_epochs, self.names, self.loss_name = best_epochs, names, loss_name

    @classmethod
    def from_estimator(
        cls,
        estimator: SupportsFitPredict,
        *,
        ax: Axes | None = None,
        log: bool | Auto = "auto",
    ) -> Self:
        """Draw the training of a fitted estimator.

        Parameters
        ----------
        estimator : RNNRegressor, RNNClassifier, pipeline, search or RNNForecaster
            Fitted.
        ax : matplotlib Axes, default=None
            Where; None makes a figure.
        log : bool or "auto", default="auto"
            As for `plot`.

        Returns
        -------
        LossCurveDisplay
        """
        nets, loss = [], None
        for model in _models(estimator):
            nets += model.nets_
            loss = model._targets.loss
        train = [_curve(net, "train_loss") for net in nets]
        validation = [_curve(net, "valid_loss") for net in nets]
        has_some = any(np.isfinite(curve).any() for curve in validation)
        best = [net.best_weights.best_epoch_ for net in nets]
        best = best if has_some and None not in best else None
        name = loss.replace("_", " ") if isinstance(loss, str) else "loss"
        return cls(
            train,
            validation if has_some else None,
            best,
            [f"network {i}" for i in range(len(nets))],
            f"{name} (scaled units)" if loss else "loss",
        ).plot(ax=ax, log=log)

    @classmethod
    def from_values(
        cls,
        train: ArrayLike | Sequence[ArrayLike],
        validation: ArrayLike | Sequence[ArrayLike] | None = None,
        *,
        best_epoch: int | Sequence[int] | None = None,
        ax: Axes | None = None,
        log: bool | Auto = "auto",
    ) -> Self:
        """Draw losses that are known.

        Parameters
        ----------
        train, validation : array-like of shape (n_epochs,), or list of such
            Losses of a network, or of each of several.
        best_epoch : int or list of int, default=None
            The epochs (from 1) whose weights are kept.
        ax : matplotlib Axes, default=None
            Where; None makes a figure.
        log : bool or "auto", default="auto"
            As for `plot`.

        Returns
        -------
        LossCurveDisplay
        """
        train = _curves(train, "train")
        validation = None if validation is None else _curves(validation, "validation")
        if validation is not None and len(validation) != len(train):
            raise ValueError(
                f"train has {len(train)} curves, validation has {len(validation)}."
            )
        best = None if best_epoch is None else np.atleast_1d(best_epoch).tolist()
        if best is not None:
            lengths = [len(curve) for curve in train]
            is_fit = len(best) == len(train) and all(
                1 <= b <= n for b, n in zip(best, lengths, strict=True)
            )
            if not is_fit:
                raise ValueError(
                    f"best_epoch={best_epoch!r} must be one epoch for each curve, "
                    f"from 1 to its last: {lengths}."
                )
        return cls(train, validation, best).plot(ax=ax, log=log)

    def plot(self, ax: Axes | None = None, *, log: bool | Auto = "auto") -> Self:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where; None makes a figure.
        log : bool or "auto", default="auto"
            Whether the losses have a logarithmic axis; ``"auto"`` where they are above
            0 and differ by more than a factor of 10.

        Returns
        -------
        self : LossCurveDisplay
        """
        axes = new_axes("LossCurveDisplay", ax)
        ax, n_networks = axes.flat[0], len(self.train)
        faint = 1.0 if n_networks == 1 else max(0.4, 0.9 / n_networks**0.5)
        self.lines_ = []
        looks = [(self.train, "training", MIDDLE, "--", 1.2)]
        if self.validation is not None:
            looks.append((self.validation, "validation", BLUE, "-", 1.8))
        for curves, label, color, dashes, width in looks:
            for number, curve in enumerate(curves):
                (line,) = ax.plot(
                    np.arange(1, len(curve) + 1),
                    curve,
                    color=color,
                    linestyle=dashes,
                    linewidth=width,
                    alpha=faint,
                    marker="o" if len(curve) == 1 else None,
                    label=None if number else f"{label} loss",
                )
                self.lines_.append(line)
        self._mark_best(ax)
        values = np.concatenate([line.get_ydata() for line in self.lines_])
        values = values[np.isfinite(values)]
        if log == "auto":
            log = len(values) > 0 and values.min() > 0
            log = log and values.max() > _WIDE * values.min()
        if log:
            ax.set_yscale("log")
        ax.set_xlabel("epoch")
        name_y(ax, self.loss_name)
        steps_axis(ax, max(len(line.get_ydata()) for line in self.lines_))
        tidy(ax)
        legend_above(ax)
        return keep_axes(self, axes)

    def _mark_best(self, ax):
        if self.best_epochs is None:
            return
        curves = self.train if self.validation is None else self.validation
        values = [
            curve[best - 1]
            for curve, best in zip(curves, self.best_epochs, strict=True)
        ]
        label = f"best epoch, {self.best_epochs[0]}"
        if len(curves) > 1:
            low, high = min(self.best_epochs), max(self.best_epochs)
            label = f"best epochs, {low} to {high}" if low < high else label
        ax.plot(
            self.best_epochs,
            values,
            linestyle="none",
            marker="D",
            markersize=6 if len(curves) == 1 else 4.5,
            color=ORANGE,
            markeredgecolor=INK,
            markeredgewidth=0.6,
            zorder=5,
            label=label,
        )


def _models(estimator):
    """Recurrent estimators (list) within what users fit."""
    estimator = unwrapped(estimator)
    if hasattr(estimator, "steps"):
        return _models(estimator.steps[-1][1])
    if hasattr(estimator, "regressor_"):
        return _models(estimator.regressor_)
    if isinstance(estimator, BaseRNN):
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(estimator)
        return [estimator]
    members = getattr(estimator, "estimators_", None)
    if members is None:
        members = [getattr(estimator, "estimator_", None)]
    members = [
        m for group in members for m in (group if isinstance(group, list) else [group])
    ]
    if None in members or not members:
        raise TypeError(
            "LossCurveDisplay draws the training of fitted RNNRegressor, RNNClassifier "
            f"and RNNForecaster, and of pipelines and searches of those; got "
            f"{type(estimator).__name__}, or one that is not fitted."
        )
    return [model for member in members for model in _models(member)]


def _curve(net, name):
    return np.array([float(epoch.get(name, np.nan)) for epoch in net.history])


def _curves(values, name):
    several = values if np.ndim(values[0]) == 1 else [values]
    curves = [np.asarray(curve, np.float64) for curve in several]
    if any(curve.ndim != 1 or len(curve) == 0 for curve in curves):
        raise ValueError(f"{name} must have one or more losses for each network.")
    return curves
