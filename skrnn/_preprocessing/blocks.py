"""Samples as tensors, a bounded amount of data at a time."""

import numpy as np
import torch


def read_blocks(source):
    """Read a source, a bounded amount of data at a time.

    Parameters
    ----------
    source : SequenceSource
        The samples.

    Yields
    ------
    rows : ndarray of int64
        Consecutive row numbers.
    x : Tensor of shape (N, L, F) of float64
        Their sequences, padded behind their last present step.
    lengths : Tensor of shape (N,) of int64, or None
        Present steps of each.
    """
    for rows in source.chunks():
        yield rows, *tensors(*source.batch(rows))


def tensors(block, lengths):
    """Make tensors of a batch of a source.

    Parameters
    ----------
    block : ndarray of shape (N, L, F)
        Sequences, padded behind their last present step.
    lengths : ndarray of shape (N,) of int, or None
        Present steps of each.

    Returns
    -------
    x : Tensor of shape (N, L, F) of float64
        Of one step at the least, which is padding where there is none.
    lengths : Tensor of shape (N,) of int64, or None
    """
    x = torch.from_numpy(np.ascontiguousarray(block, np.float64))
    if x.shape[1] == 0:
        return x.new_zeros(len(x), 1, x.shape[2]), torch.zeros(len(x), dtype=torch.long)
    return x, None if lengths is None else torch.from_numpy(lengths)


class Blocks:
    """The blocks of `read_blocks`, which may be gone over several times.

    Parameters
    ----------
    source : SequenceSource
        The samples.
    keep : bool
        Whether to hold all of them in memory rather than to read them each time.
    """

    def __init__(self, source, *, keep):
        self._source = source
        self._kept = list(read_blocks(source)) if keep else None

    def __iter__(self):
        """Yield what `read_blocks` yields."""
        return read_blocks(self._source) if self._kept is None else iter(self._kept)
