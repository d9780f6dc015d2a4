"""From the steps that a network reads to those of X as it was given, and back."""

import numpy as np
import torch

from skrnn._network.segments import n_segments
from skrnn._preprocessing.blocks import tensors


def batches(read, size):
    """Read samples, some at a time.

    Parameters
    ----------
    read : ReadModel
        The samples.
    size : int
        How many at a time.

    Yields
    ------
    rows : ndarray of shape (N,) of int
    x : Tensor of shape (N, L, F)
        Present steps, and zeros behind them.
    lengths : Tensor of shape (N,) of int64
        How many those are.
    """
    for start in range(0, len(read.source), size):
        rows = np.arange(start, min(start + size, len(read.source)))
        x, lengths = tensors(*read.source.batch(rows))
        if lengths is None:
            lengths = torch.full((len(rows),), x.shape[1], dtype=torch.int64)
        yield rows, x, lengths


def spread(values, lengths, presence, filler):
    """Put what belongs to present steps where these are in X.

    Parameters
    ----------
    values : ndarray of shape (N, L, ...)
        Of present steps, from the first on.
    lengths : ndarray of shape (N,) of int
        How many those are.
    presence : ndarray of shape (N, T) of bool
        Which steps of X there are.
    filler : float
        Of the others.

    Returns
    -------
    ndarray of shape (N, T, ...)
    """
    found = np.full((*presence.shape, *values.shape[2:]), filler, values.dtype)
    found[presence] = values[np.arange(values.shape[1]) < lengths[:, None]]
    return found


class StepArrays:
    """Collects arrays of samples by the steps of X, or of the recurrence.

    Where a network reads segments of several steps there is a value for each segment,
    the newest one last.

    Parameters
    ----------
    read : ReadModel
        The samples.
    segment_length : int
        Steps of X that are one of the recurrence.
    filler : float, default=NaN
        Of steps that are absent.
    """

    def __init__(self, read, segment_length, filler=np.nan):
        self._read, self._length, self._filler = read, segment_length, filler
        self._parts = []

    def add(self, rows, values, lengths):
        """Take the values (ndarray (N, S, ...)) of some samples.

        Parameters
        ----------
        rows : ndarray of shape (N,) of int
            The samples, which follow those of before.
        values : ndarray of shape (N, S, ...)
            Of present steps of the recurrence, from the first on.
        lengths : ndarray of shape (N,) of int
            Present steps of X.
        """
        if self._length == 1:
            presence = self._read.presence(rows)
        else:
            lengths = n_segments(lengths, self._length)
            most = n_segments(self._read.lengths()[rows], self._length)
            place = np.arange(most.max(initial=0))
            presence = (place < most[:, None]) & (place >= (most - lengths)[:, None])
        found = spread(values, lengths, presence, self._filler)
        if not self._read.is_ragged:
            self._parts.append(found)
            return
        n_steps = n_segments(self._read.lengths()[rows], self._length)
        self._parts += [a[:n] for a, n in zip(found, n_steps, strict=True)]

    def result(self):
        """Return an array (n, T, ...), or a list of arrays where X is ragged."""
        return self._parts if self._read.is_ragged else np.concatenate(self._parts)
