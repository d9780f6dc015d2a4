"""Sequences with their targets and weights, and batches of them."""

from itertools import pairwise

import numpy as np
import torch
from torch.utils.data import Dataset


class SequenceDataset(Dataset):
    """A source of sequences with its targets and weights.

    Parameters
    ----------
    source : SequenceSource
        The sequences.
    target : ndarray of shape (n_samples, n_targets) or (n_samples,), default=None
        Targets in the units of the loss.
    weight : ndarray of shape (n_samples,), default=None
        Weights with mean 1, of the loss.
    repeats : ndarray of shape (n_samples,) of float64, default=None
        How many times each sample counts in the moments of a batch.
    """

    def __init__(self, source, target=None, weight=None, repeats=None):
        self.source = source
        self.target = None if target is None else torch.as_tensor(target)
        self.weight = None if weight is None else torch.as_tensor(weight)
        self.repeats = None if repeats is None else torch.as_tensor(repeats)

    def __len__(self):
        return len(self.source)


def read_batch(source, rows):
    """Read some samples of a source as tensors.

    Parameters
    ----------
    source : SequenceSource
        The sequences.
    rows : ndarray of shape (N,) of int64
        Which of them.

    Returns
    -------
    x : Tensor of shape (N, L, F) of float32 or float64
        Right-padded sequences.
    lengths : Tensor of shape (N,) of int64, or None
        Present steps of each; None where all L are present.
    """
    block, lengths = source.batch(rows)
    if block.dtype.char not in "fd":
        block = block.astype(np.float64)
    x = torch.from_numpy(np.ascontiguousarray(block))
    return x, None if lengths is None else torch.from_numpy(lengths)


class BatchIterator:
    """Batches of a data set, in order or in an order drawn anew each time.

    Parameters
    ----------
    dataset : SequenceDataset
        What to read.
    batch_size : int
        Samples in a batch; the last one may have fewer.
    generator : torch.Generator, default=None
        Where the order comes from; None keeps the order of the rows.
    change : callable, default=None
        Takes sequences (N, L, F) and their lengths, and returns what is read in the
        place of the sequences.
    """

    def __init__(self, dataset, batch_size, generator=None, change=None):
        self.dataset = dataset
        self.batch_size = batch_size
        self.generator = generator
        self.change = change
        self.workers = None  # among whom the batches are shared out

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        """Yield pairs: inputs of the network, with the weights, and targets."""
        return self._read(self._order())

    def _read(self, order):
        data = self.dataset
        for rows, share in self._parts(order):
            x, lengths = read_batch(data.source, rows.numpy())
            inputs = {"x": x}
            if share is not None:
                inputs["share"] = share
            if lengths is not None:
                inputs["lengths"] = lengths
            if self.change is not None:
                inputs["x"] = self.change(inputs["x"], inputs.get("lengths"))
            if data.weight is not None:
                inputs["weight"] = data.weight.index_select(0, rows)
            if data.repeats is not None:
                inputs["repeats"] = data.repeats.index_select(0, rows)
            # skorch concatenates the targets of batches, and has no use for None.
            if data.target is None:
                yield inputs, rows.new_zeros(0)
            else:
                yield inputs, data.target.index_select(0, rows)

    def share_out(self, workers, *, is_training):
        """Read a part of every batch only, as one of several `Workers`."""
        self.workers, self.is_training = workers, is_training

    def _parts(self, order):
        """Rows of each batch, and numbers of its samples here and of all, or None."""
        if self.workers is None:
            yield from ((rows, None) for rows in order.split(self.batch_size))
            return
        series, is_training = self.dataset.source.series, self.is_training
        options = {"is_training": is_training}
        parts = self.workers.parts(order, self.batch_size, series, **options)
        for rows, n_own, n_all in parts:
            yield rows, (n_own, n_all)

    def _order(self):
        """Numbers of all samples (Tensor of int64), in the order in which they come."""
        n_samples, borders = len(self.dataset), self.dataset.source.borders
        if self.generator is None:
            return torch.arange(n_samples)
        if borders is None:
            return torch.randperm(n_samples, generator=self.generator)
        # Those that are in memory together, lest each batch reads all there is.
        parts = [
            start + torch.randperm(stop - start, generator=self.generator)
            for start, stop in pairwise(borders.tolist())
        ]
        return torch.cat(parts)
