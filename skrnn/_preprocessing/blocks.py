"""Samples as tensors, a bounded amount of data at a time."""

import numpy as np
import torch


def read_blocks(source):
    """Read a source, a bounded amount of data at a time.

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
    """Batch of a source as tensors of float64 and int64, of one step at the least."""
    block = torch.from_numpy(np.ascontiguousarray(block, np.float64))
    if block.shape[1] == 0:
        block, lengths = block.new_zeros(len(block), 1, block.shape[2]), lengths * 0
    return block, None if lengths is None else torch.from_numpy(lengths)
