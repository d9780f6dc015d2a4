"""States of a layer over the steps of a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from skrnn._typing import ArrayLike, Floats, SequencesLike, SupportsFitPredict
from skrnn.inspection._fitted import read_model
from skrnn.inspection._states import states_of
from skrnn.plotting._axes import keep_axes, new_axes, whole_numbers
from skrnn.plotting._palette import INK, level_colors
from skrnn.plotting._types import Axes, AxesImage, Figure

__all__ = ["HiddenStatesDisplay"]


class HiddenStatesDisplay:
    """What the units of a layer hold at every step of a sample.

    Make one by `from_estimator` or `from_values`, which also draw it.

    Parameters
    ----------
    states : ndarray of shape (n_timesteps, n_units)
        Of one sample and layer; NaN where a step is absent.
    n_directions : int, default=1
        Directions whose units stand one after the other; a line parts them.
    step_names : list of str, default=None
        Of the steps; None counts them back from the newest.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it is drawn.
    figure_ : matplotlib Figure
        Its figure.
    im_ : matplotlib AxesImage
        The heat map.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.plotting import HiddenStatesDisplay
    >>> X = np.random.default_rng(0).normal(size=(60, 12))
    >>> model = RNNRegressor(max_epochs=5, n_estimators=1).fit(X, X[:, -1])
    >>> display = HiddenStatesDisplay.from_estimator(model, X, sample=3)
    >>> display.ax_.get_ylabel()
    'unit'
    """

    ax_: Axes
    figure_: Figure
    im_: AxesImage

    def __init__(
        self,
        states: Floats,
        n_directions: int = 1,
        step_names: Sequence[str] | None = None,
    ) -> None:
        self.states, self.n_directions = states, n_directions
        self.step_names = step_names

    @classmethod
    def from_estimator(
        cls,
        estimator: SupportsFitPredict,
        X: SequencesLike,
        *,
        sample: int = 0,
        layer: int = -1,
        network: int = 0,
        ax: Axes | None = None,
        colorbar: bool = True,
    ) -> Self:
        """Compute and draw the states of a fitted estimator.

        Parameters
        ----------
        estimator : RNNRegressor, RNNClassifier, or Pipeline or search that ends in one
            Fitted.
        X : array-like, DataFrame, list of array-like or WindowedArray
            As for ``predict``.
        sample : int, default=0
            Which sample of X.
        layer : int, default=-1
            Which layer; -1 is the last.
        network : int, default=0
            Which of the networks ``nets_``.
        ax : matplotlib Axes, default=None
            Where; None makes a figure.
        colorbar : bool, default=True
            Whether there is one.

        Returns
        -------
        HiddenStatesDisplay
        """
        read = read_model(estimator, X, "HiddenStatesDisplay")
        n_samples = len(read.source)
        if not -n_samples <= sample < n_samples:
            raise ValueError(
                f"sample={sample} is none of the {n_samples} samples of X."
            )
        layers = states_of(read.take(np.array([sample % n_samples])), network)
        if not -len(layers) <= layer < len(layers):
            raise ValueError(f"layer={layer} is none of the {len(layers)} layers.")
        stack = read.model.nets_[network].module_.stack
        n_directions = len(stack.layers[layer].directions)
        return cls(layers[layer][0], n_directions).plot(ax=ax, colorbar=colorbar)

    @classmethod
    def from_values(
        cls,
        states: ArrayLike,
        *,
        n_directions: int = 1,
        ax: Axes | None = None,
        colorbar: bool = True,
    ) -> Self:
        """Draw states that are known.

        Parameters
        ----------
        states : array-like of shape (n_timesteps, n_units)
            Of one sample and layer.
        n_directions : int, default=1
            Directions whose units stand one after the other.
        ax : matplotlib Axes, default=None
            Where; None makes a figure.
        colorbar : bool, default=True
            Whether there is one.

        Returns
        -------
        HiddenStatesDisplay
        """
        states = np.asarray(states, np.float64)
        if states.ndim != 2 or 0 in states.shape:
            raise ValueError(
                "states must be those of one sample, of shape (n_timesteps, n_units), "
                f"got shape {states.shape}."
            )
        return cls(states, n_directions).plot(ax=ax, colorbar=colorbar)

    def plot(self, ax: Axes | None = None, *, colorbar: bool = True) -> Self:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where; None makes a figure.
        colorbar : bool, default=True
            Whether there is one.

        Returns
        -------
        self : HiddenStatesDisplay
        """
        axes = new_axes("HiddenStatesDisplay", ax)
        ax, (n_steps, n_units) = axes.flat[0], self.states.shape
        largest = np.nanmax(np.abs(self.states), initial=0)
        limit = 1.0 if largest <= 1 else float(largest)
        colors = level_colors().with_extremes(bad="white")
        self.im_ = ax.imshow(
            self.states.T,
            cmap=colors,
            vmin=-limit,
            vmax=limit,
            aspect="auto",
            interpolation="nearest",
            extent=(n_steps - 0.5, -0.5, n_units - 0.5, -0.5),
        )
        for direction in range(1, self.n_directions):
            place = direction * n_units // self.n_directions - 0.5
            ax.axhline(place, color=INK, linewidth=1)
        ax.set(xlabel="steps before the newest", ylabel="unit")
        whole_numbers(ax.xaxis)
        whole_numbers(ax.yaxis)
        if colorbar:
            ax.figure.colorbar(self.im_, ax=ax, label="state", pad=0.02)
        return keep_axes(self, axes)
