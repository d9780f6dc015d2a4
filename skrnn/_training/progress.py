"""A progress bar over epochs: for terminals, notebooks and parallel workers."""

import multiprocessing
import sys
import threading
import warnings

from skorch.callbacks import Callback
from tqdm import TqdmWarning


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


def _new_bar(name, max_epochs):
    """Open the bar that fits: of a notebook, of a terminal, or None in a file."""
    if not sys.stderr.isatty() and "IPython" not in sys.modules:
        return None
    with warnings.catch_warnings():
        # That ipywidgets is missing: the bar of the terminal does nearly as well.
        warnings.simplefilter("ignore", TqdmWarning)
        from tqdm.auto import tqdm
    return tqdm(total=max_epochs, desc=name, unit="epoch")
