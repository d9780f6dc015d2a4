"""Norms of gradients by step and layer."""

from __future__ import annotations

from typing import Self

import numpy as np

from skrnn._typing import ArrayLike, Floats, SequencesLike, SupportsFitPredict
from skrnn.inspection import GradientFlow, gradient_flow
from skrnn.plotting._axes import (
    keep_axes,
    legend_above,
    name_y,
    new_axes,
    tidy,
    whole_numbers,
)
from skrnn.plotting._palette import series_look
from skrnn.plotting._types import Axes, Figure, Line2D

__all__ = ["GradientFlowDisplay"]


class GradientFlowDisplay:
    """How the gradient of the loss shrinks or grows on its way back in time.

    Make one by `from_estimator` or `from_values`, which also draw it.

    Parameters
    ----------
    flow : GradientFlow or ndarray of shape (n_layers, n_timesteps)
        What :func:`~skrnn.inspection.gradient_flow` gives; norms, the newest step last.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it is drawn.
    figure_ : matplotlib Figure
        Its figure.
    lines_ : list of matplotlib Line2D
        One for each layer, and for its memory.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.plotting import GradientFlowDisplay
    >>> X = np.random.default_rng(0).normal(size=(60, 12))
    >>> model = RNNRegressor("rnn", 4, max_epochs=5, n_estimators=1).fit(X, X[:, -1])
    >>> display = GradientFlowDisplay.from_estimator(model, X, X[:, -1])
    >>> len(display.lines_)
    1
    """

    ax_: Axes
    figure_: Figure
    lines_: list[Line2D]

    def __init__(self, flow: GradientFlow | Floats) -> None:
        self.flow = flow

    @classmethod
    def from_estimator(
        cls,
        estimator: SupportsFitPredict,
        X: SequencesLike,
        y: ArrayLike,
        *,
        network: int = 0,
        ax: Axes | None = None,
    ) -> Self:
        """Measure and draw the gradients of a fitted estimator.

        Parameters
        ----------
        estimator : RNNRegressor, RNNClassifier, or Pipeline or search that ends in one
            Fitted.
        X : array-like, DataFrame, list of array-like or WindowedArray
            As for ``predict``.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.
        network : int, default=0
            Which of the networks ``nets_``.
        ax : matplotlib Axes, default=None
            Where; None makes a figure.

        Returns
        -------
        GradientFlowDisplay
        """
        return cls(gradient_flow(estimator, X, y, network=network)).plot(ax=ax)

    @classmethod
    def from_values(
        cls, flow: GradientFlow | ArrayLike, *, ax: Axes | None = None
    ) -> Self:
        """Draw gradients that are known.

        Parameters
        ----------
        flow : GradientFlow or array-like of shape (n_layers, n_timesteps)
            Norms, the newest step last.
        ax : matplotlib Axes, default=None
            Where; None makes a figure.

        Returns
        -------
        GradientFlowDisplay
        """
        if not isinstance(flow, GradientFlow):
            flow = np.atleast_2d(np.asarray(flow, np.float64))
            if flow.ndim != 2 or flow.shape[1] == 0:
                raise ValueError(
                    "flow must have norms of shape (n_layers, n_timesteps), got shape "
                    f"{flow.shape}."
                )
        return cls(flow).plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where; None makes a figure.

        Returns
        -------
        self : GradientFlowDisplay
        """
        axes = new_axes("GradientFlowDisplay", ax)
        ax = axes.flat[0]
        self.lines_, is_flow = [], isinstance(self.flow, GradientFlow)
        norms = self.flow.norms if is_flow else self.flow
        memory = self.flow.memory_norms if is_flow else None
        factors = self.flow.factors if is_flow else [None] * len(norms)
        n_layers, n_steps = norms.shape
        back = np.arange(n_steps - 1, -1, -1)
        for layer in range(n_layers):
            look = series_look(layer)
            name = f"layer {layer + 1}" if n_layers > 1 else "state"
            told = "" if factors[layer] is None else f": {factors[layer]:.3g} a step"
            kinds = [(norms[layer], name + told * (memory is None), 1.8)]
            if memory is not None:
                name = f"{name} memory" if n_layers > 1 else "memory"
                kinds.append((memory[layer], name + told, 1.0))
            for values, label, width in kinds:
                values = np.where(values > 0, values, np.nan)
                marker = "o" if n_steps <= 30 else None
                style = look if width > 1 else look | {"linestyle": ":"}
                (line,) = ax.plot(
                    back,
                    values,
                    linewidth=1.6,
                    marker=marker,
                    markersize=3.5,
                    label=label,
                    **style,
                )
                self.lines_.append(line)
        if any(np.isfinite(line.get_ydata()).any() for line in self.lines_):
            ax.set_yscale("log")
        if n_steps > 1:
            ax.set_xlim(n_steps - 1 + 0.02 * n_steps, -0.02 * n_steps)
        length = self.flow.segment_length if is_flow else 1
        unit = "steps" if length == 1 else f"segments of {length} steps"
        ax.set_xlabel(f"{unit} before the newest")
        name_y(ax, "norm of the loss's gradient")
        whole_numbers(ax.xaxis)
        tidy(ax)
        legend_above(ax)
        return keep_axes(self, axes)
