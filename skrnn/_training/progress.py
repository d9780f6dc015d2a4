"""A progress bar over epochs: for terminals, notebooks and parallel workers."""

import multiprocessing
import sys
import threading

from skorch.callbacks import Callback
from tqdm.std import tqdm as terminal_bar


class EpochProgress:
    """Show how far a fit has come.

    In a terminal or a notebook that is a bar that moves. In the worker of a parallel
    search, where several bars would write over each other, and where the output is a
    file, it is one line at the end of each fit.

    Parameters
    ----------
    name : str
        What is being fitted.
    max_epochs : int
        Number of epochs if training is not stopped early.
    """

    def __init__(self, name, max_epochs):
        self.name = name
        self.max_epochs = max_epochs
        self._bar = None
        if not _is_worker():
            self._bar = _new_bar(name, max_epochs)
        self._epoch = 0
        self._figures = {}

    def update(self, **figures):
        """Count one epoch more, with its losses (floats by name)."""
        self._epoch += 1
        self._figures = {name: f"{value:.4g}" for name, value in figures.items()}
        if self._bar is not None:
            self._bar.set_postfix(self._figures, refresh=False)
            self._bar.update()

    def close(self):
        """End the bar, or write the line."""
        if self._bar is not None:
            self._bar.close()
            return
        figures = "".join(f", {name} {value}" for name, value in self._figures.items())
        line = f"{self.name}: {self._epoch}/{self.max_epochs} epochs{figures}"
        # One write, so that the lines of parallel fits do not run into each other.
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


class Progress(Callback):
    """Show how far a fit has come.

    Parameters
    ----------
    title : str
        What is fitted.
    """

    def __init__(self, title):
        self.title = title

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Open the bar."""
        self._progress = EpochProgress(self.title, net.max_epochs)

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Count an epoch."""
        epoch = net.history[-1]
        names = {
            "loss": "train_loss",
            "validation": "valid_loss",
            "score": "valid_score",
        }
        figures = {name: epoch[key] for name, key in names.items() if key in epoch}
        self._progress.update(**figures)

    def on_train_end(self, net, X=None, y=None, **kwargs):
        """Close the bar."""
        self._progress.close()
        self._progress = None


def _is_worker():
    return (
        multiprocessing.current_process().name != "MainProcess"
        or threading.current_thread() is not threading.main_thread()
    )


def _in_notebook():
    """Tell whether this is a notebook that can show widgets."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return False
    try:
        import ipywidgets  # noqa: F401
    except ImportError:  # the bar of the terminal does nearly as well
        return False
    return True


def _new_bar(name, max_epochs):
    if _in_notebook():
        from tqdm.notebook import tqdm as notebook_bar

        return notebook_bar(total=max_epochs, desc=name, unit="epoch")
    if not sys.stderr.isatty() and "IPython" not in sys.modules:
        return None
    return terminal_bar(total=max_epochs, desc=name, unit="epoch", file=sys.stderr)
