"""A loss curve that is drawn while a network is trained."""

from __future__ import annotations

import sys
import time
from os import PathLike
from typing import Any

import numpy as np
from skorch.callbacks import Callback

from skrnn._plain import pack_path, unpack_path
from skrnn._warn import warn_user
from skrnn.plotting._axes import pyplot
from skrnn.plotting._loss_curve import LossCurveDisplay

__all__ = ["LiveLossCurve"]


class LiveLossCurve(Callback):
    """Draw the loss curve of a training as it goes on, in a notebook or into a file.

    Give it to an estimator as one of its ``callbacks``. Each of its networks has a
    picture of its own, which is drawn anew after an epoch, and a last time at the end.

    Parameters
    ----------
    interval : float, default=1.0
        Least seconds from one drawing to the next, at least 0.
    path : str or path-like, default=None
        File that the picture is written to as well, such as a PNG that another program
        shows; of several networks it is that of the one in training.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.plotting import LiveLossCurve
    >>> X = np.random.default_rng(0).normal(size=(60, 6))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "loss.png"
    ...     model = RNNRegressor(
    ...         max_epochs=3, early_stopping=False, n_estimators=1,
    ...         callbacks=[LiveLossCurve(path=path)], random_state=0,
    ...     ).fit(X, X[:, -1])
    ...     path.exists()
    True
    """

    def __init__(
        self, interval: float = 1.0, path: str | PathLike[str] | None = None
    ) -> None:
        self.interval, self.path = interval, path

    def on_train_begin(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Open the picture."""
        self._display = _display_function()
        if self._display is None and self.path is None:
            warn_user(
                "LiveLossCurve draws in a notebook, and this is none. Give it a path "
                "to have the picture in a file."
            )
        self._handle, self._drawn_at = None, -np.inf

    def on_epoch_end(
        self,
        net: Any,
        dataset_train: Any = None,
        dataset_valid: Any = None,
        **kwargs: Any,
    ) -> None:
        """Draw anew, if it is time."""
        if time.monotonic() - self._drawn_at >= self.interval:
            self._draw(net)

    def on_train_end(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Draw the last time."""
        self._draw(net)
        self._display = self._handle = None

    def _draw(self, net):
        epochs = [epoch for epoch in net.history if "train_loss" in epoch]
        if not epochs or (self._display is None and self.path is None):
            return
        train = [epoch["train_loss"] for epoch in epochs]
        validation = [epoch.get("valid_loss", np.nan) for epoch in epochs]
        has_some = np.isfinite(validation).any()
        best = net.best_weights.best_epoch_
        # Made without pyplot's list of figures, which would show it once more.
        from matplotlib.figure import Figure

        pyplot("LiveLossCurve")
        figure = Figure(figsize=(6.0, 3.2), layout="constrained")
        ax = figure.add_subplot()
        LossCurveDisplay(
            [np.asarray(train, np.float64)],
            [np.asarray(validation, np.float64)] if has_some else None,
            [best] if has_some and best is not None and best <= len(train) else None,
        ).plot(ax=ax)
        ax.set_title(net.title, fontsize="medium", loc="right")
        if self.path is not None:
            figure.savefig(self.path)
        if self._display is not None and self._handle is None:
            self._handle = self._display(figure, display_id=True)
        elif self._handle is not None:
            self._handle.update(figure)
        self._drawn_at = time.monotonic()

    def __getstate__(self):
        kept = ("_display", "_handle", "_drawn_at")
        state = {name: v for name, v in vars(self).items() if name not in kept}
        return state | {"path": pack_path(self.path)}

    def __setstate__(self, state):
        vars(self).update(state)
        self.path = unpack_path(self.path)


# By which files name it. Within the class, inspect would show lines of that module.
LiveLossCurve.__module__ = "skrnn.plotting"


def _display_function():
    """What shows an object in the notebook that this runs in, or None."""
    # Where there is a notebook, IPython has been imported.
    ipython = sys.modules.get("IPython")
    if ipython is None:
        return None
    shell = ipython.get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return display
