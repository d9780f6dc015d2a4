"""What identifies a fit: its data and its parameters, as one short string."""

import functools
import hashlib

import numpy as np
import torch
from sklearn.base import BaseEstimator


class Fingerprint:
    """A hash over whatever makes up a fit."""

    def __init__(self):
        self._hash = hashlib.blake2b(digest_size=20)

    def add(self, value):
        """Take in a value: number, text, array, tensor, class, or a tree of those.

        Parameters
        ----------
        value : object
            What to take in. Functions count by their name only.
        """
        self._hash.update(f"<{type(value).__qualname__}".encode())
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu().numpy()
        if isinstance(value, np.ndarray) and value.dtype != object:
            self._add_array(value)
        elif isinstance(value, dict):
            for key in sorted(value, key=str):
                self.add(key)
                self.add(value[key])
        elif isinstance(value, list | tuple | np.ndarray):
            for item in value:
                self.add(item)
        elif isinstance(value, np.random.RandomState):
            self.add(value.get_state(legacy=True))
        elif isinstance(value, torch.nn.Module):
            self.add(repr(value))
            self.add(value.state_dict())
        elif isinstance(value, BaseEstimator):
            self.add(_weights_of(value))
            self.add(repr(value))
        elif hasattr(value, "__qualname__"):
            self._hash.update(f"{value.__module__}.{value.__qualname__}".encode())
        elif isinstance(value, functools.partial):
            self.add([value.func, value.args, value.keywords])
        elif type(value).__repr__ is object.__repr__:  # which gives its address only
            self.add([type(value), vars(value)])
        else:
            self._hash.update(repr(value).encode())
        self._hash.update(b">")

    def _add_array(self, array):
        self._hash.update(f"{array.dtype.str}{array.shape}".encode())
        # A few rows at a time: an array may be a memory map, or not contiguous.
        size = max(1, 2**20 // max(1, array[:1].nbytes)) if array.ndim else 1
        for start in range(0, len(array) if array.ndim else 0, size):
            self._hash.update(np.ascontiguousarray(array[start : start + size]).data)
        if array.ndim == 0:
            self._hash.update(array.tobytes())

    def digest(self):
        """Return the hash (str)."""
        return self._hash.hexdigest()


def _weights_of(estimator):
    estimator = getattr(estimator, "estimator", estimator)
    return [net.module_.state_dict() for net in getattr(estimator, "nets_", ())]
