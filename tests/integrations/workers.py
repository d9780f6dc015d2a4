"""What tests with processes of their own share: an accident, and the examples."""

import importlib
import os
import signal
import sys
from pathlib import Path

from skorch.callbacks import Callback

EXAMPLES = Path(__file__).parents[2] / "examples"


class DieOnce(Callback):
    """Kill the process in which some epoch ends; but not the one that asks for it.

    Parameters
    ----------
    path : path
        A file that says that it has happened.
    epoch : int, default=2
        After which.
    spared : int, default=None
        Number of the process that asks; None is the present one.
    """

    def __init__(self, path, epoch=2, spared=None):
        self.path, self.epoch = path, epoch
        self.spared = os.getpid() if spared is None else spared

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) != self.epoch or os.getpid() == self.spared:
            return
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    def has_happened(self):
        return os.path.exists(self.path)


def example(name):
    """A script among the examples, by a name under which workers can import it too."""
    if str(EXAMPLES) not in sys.path:
        sys.path.append(str(EXAMPLES))
    return importlib.import_module(name)


def found_alone():
    """Rows, their targets, and what every search of the examples finds in one process.

    Returns
    -------
    X, y : DataFrame and Series of 100 rows
    found : dict
        By search.
    """
    searches = example("searches")
    X, y = (part[:100] for part in searches.rows_of_days())
    return X, y, searches.found_alone(X, y)
