"""What identifies a fit: its data and its parameters, as one short string."""

import functools
import hashlib

import joblib
import numpy as np
import torch
from sklearn.base import BaseEstimator

# Bytes of an array that are brought into order at a time.
_BLOCK = 2**20


class Fingerprint:
    """A hash over whatever makes up a fit, the same in every process."""

    def __init__(self):
        self._values = []

    def add(self, value):
        """Take in a value: number, text, array, tensor, class, or a tree of those.

        Parameters
        ----------
        value : object
            What to take in. Functions count by their name only, arrays by their
            numbers whatever their order in memory.
        """
        self._values.append(joblib.hash(_plain(value), hash_name="sha1"))

    def digest(self):
        """Return the hash (str)."""
        return joblib.hash(self._values, hash_name="sha1")


def _plain(value):
    """Replace what `joblib.hash` would take for more, or for less, than it means."""
    if isinstance(value, torch.Tensor):
        return ["tensor", _plain(value.detach().cpu().numpy())]
    if isinstance(value, np.ndarray) and value.dtype != object:
        return [value.dtype.str, value.shape, *_blocks(value)]
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [type(value).__name__, *map(_plain, value)]
    if isinstance(value, torch.nn.Module):  # it has hooks and modes beside
        return [repr(value), _plain(value.state_dict())]
    if isinstance(value, BaseEstimator):  # a fitted one has times of its epochs too
        fitted = getattr(value, "estimator", value)
        states = [net.module_.state_dict() for net in getattr(fitted, "nets_", ())]
        return [repr(value), _plain(states)]
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, functools.partial):
        return [_plain(part) for part in (value.func, value.args, value.keywords)]
    if isinstance(value, np.random.RandomState | set | int | float | str | None):
        return value
    if type(value).__repr__ is object.__repr__:  # which gives its address only
        return [_plain(type(value)), _plain(vars(value))]
    return [type(value).__qualname__, repr(value)]


def _blocks(array):
    """Yield hashes of rows: an array may be a memory map, or not contiguous."""
    rows = np.atleast_1d(array)
    size = max(1, _BLOCK // max(1, rows[:1].nbytes))
    for start in range(0, len(rows), size):
        numbers = rows[start : start + size].tobytes()
        yield hashlib.sha1(numbers, usedforsecurity=False).hexdigest()
