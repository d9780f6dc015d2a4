"""Trainings that show themselves: a bar over epochs, or a line for each of them."""

import math
import multiprocessing
import sys
import threading
import time
import warnings

from skorch.callbacks import Callback, PrintLog
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

    def update(self, best=None, stop=None, **figures):
        """Count one epoch more.

        Parameters
        ----------
        best : int, default=None
            The best epoch so far, from 1.
        stop : int, default=None
            The epoch after which the training ends unless one becomes the best; it is
            shown where it comes before the last.
        **figures : float
            Losses by name.
        """
        self._epoch += 1
        self._figures = {name: f"{value:.4g}" for name, value in figures.items()}
        if best is not None:
            self._figures["best epoch"] = str(best)
        if stop is not None and stop < self.max_epochs:
            self._figures["may stop at"] = str(stop)
        if self._bar is not None:
            self._bar.set_postfix(self._figures, refresh=False)
            self._bar.update()

    def close(self):
        """End the bar, or write the line."""
        if self._bar is not None:
            self._bar.close()
            return
        self._figures.pop("may stop at", None)
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
        best = net.best_weights
        stop = None
        if best.is_active and best.best_epoch_ is not None:
            waits = best.patience - best.n_stalled_ + best.n_waited_
            stop = None if math.isinf(waits) else len(net.history) + max(0, int(waits))
        self._progress.update(best=best.best_epoch_, stop=stop, **figures)

    def on_train_end(self, net, X=None, y=None, **kwargs):
        """Close the bar."""
        self._progress.close()
        self._progress = None


class EpochTable(PrintLog):
    """Print a table with a line for each epoch, whose columns stand below each other.

    The callback of skorch shows losses with four digits after the point, which is none
    of a small loss, and colours that a file does not want.

    Parameters
    ----------
    title : str, default=None
        What is fitted; None prints no title.
    """

    def __init__(self, title=None):
        super().__init__()
        self.title = title

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Begin a new table."""
        self._columns, self._begin = None, time.perf_counter()
        self._before = len(net.history)

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Print the line of an epoch."""
        epoch = net.history[-1]
        known = ("train_loss", "valid_loss", "valid_score")
        cells = {"epoch": f"{len(net.history)}"}
        cells |= {name: f"{epoch[name]:.5g}" for name in known if name in epoch}
        best = net.best_weights.best_epoch_
        if best is not None:
            cells["best"] = "*" if best == len(net.history) else f"{best}"
        seconds = time.perf_counter() - self._begin
        n_epochs = len(net.history) - self._before
        left = seconds / n_epochs * max(0, net.max_epochs - n_epochs)
        cells |= {"seconds": f"{seconds:.2f}", "left": f"<{left:.2g}"}
        if self._columns is None:
            self._columns = {name: max(len(name), 10) for name in cells}
            self._columns["epoch"] = 5
            if self.title is not None:
                self.sink(self.title)
            self.sink(self._line({name: name for name in cells}))
            self.sink(self._line({n: "-" * w for n, w in self._columns.items()}))
        self.sink(self._line(cells))
        if self.sink is print:
            sys.stdout.flush()

    def _line(self, cells):
        widths = self._columns.items()
        return "  ".join(cells.get(name, "").rjust(width) for name, width in widths)

    def __getstate__(self):
        kept = ("_columns", "_begin", "_before")
        return {name: value for name, value in vars(self).items() if name not in kept}


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
