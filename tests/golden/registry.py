"""The cases by name, and how far a machine's rounding may take their values."""

import contextlib
from collections.abc import Callable
from typing import NamedTuple
from unittest import mock

import numpy as np
import torch

# What machines may differ by, in units of the largest value of an array: ten times what
# was measured with other instructions and with no kernels, and more where a network is
# trained long, or where the products are those of bfloat16. Double precision does not
# say more since initial weights are drawn in single precision.
DOUBLE = 1e-5
SINGLE = 1e-3
HALF = 1e-2


class Case(NamedTuple):
    """A fit and its predictions."""

    compute: Callable
    tolerance: float

    def values(self):
        """Fit, and return the predictions (dict of ndarray of float64) by name."""
        with on_the_cpu():
            found = self.compute()
        return {name: np.asarray(a, dtype=np.float64) for name, a in found.items()}


CASES = {}


def case(function=None, *, tolerance=DOUBLE):
    """Register a function as the case of its name."""

    def register(function):
        name = function.__name__
        if name in CASES:
            raise ValueError(f"There are two cases {name}.")
        CASES[name] = Case(function, tolerance)
        return function

    return register if function is None else register(function)


@contextlib.contextmanager
def on_the_cpu():
    """Hide a GPU, which rounds otherwise and draws other random numbers."""
    with mock.patch.object(torch.cuda, "is_available", return_value=False):
        yield


def training_of(model, *more):
    """What an estimator tells of its training, as arrays."""
    names = ("n_iter_", "best_epoch_", "loss_curve_", *more)
    return {name: getattr(model, name) for name in names}
