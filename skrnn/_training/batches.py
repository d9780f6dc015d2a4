"""Sequences with their targets and weights, and batches of them."""

from itertools import pairwise
from typing import NamedTuple

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
    elif not block.dtype.isnative:
        block = block.astype(block.dtype.newbyteorder("="))
    x = torch.from_numpy(np.ascontiguousarray(block))
    return x, None if lengths is None else torch.from_numpy(lengths)


# Small batches are read several at once, so many and of so many numbers at the most: to
# ask a source takes as long as to copy some hundred short sequences.
_READ_AT_ONCE, _NUMBERS_AT_ONCE = 16, 2**18
# Numbers that are kept where reading is more than a copy (32 MiB in double precision):
# a tenth of the memory that a process with torch has anyway.
_NUMBERS_KEPT = 2**22


def even_size(n_samples, batch_size):
    """Return how large batches are (int) that are as many, and as alike as can be.

    Parameters
    ----------
    n_samples : int
        Of all batches together.
    batch_size : int
        Samples of a batch at the most.
    """
    n_batches = max(1, -(-n_samples // batch_size))
    return max(1, -(-n_samples // n_batches))


class Several(NamedTuple):
    """Batches that were read at once, one behind the other."""

    x: torch.Tensor  # (N, L, F)
    lengths: torch.Tensor | None  # (N,)
    target: torch.Tensor | None
    weight: torch.Tensor | None
    size: int  # samples of a batch; the last one may have fewer

    @property
    def count(self):
        """How many batches there are (int)."""
        return max(1, -(-len(self.x) // self.size))

    def are_of_one_length(self):
        """Whether the longest sequence of each has all steps (bool)."""
        if self.lengths is None:
            return True
        begins = np.arange(0, len(self.lengths), self.size)
        longest = np.maximum.reduceat(self.lengths.numpy(), begins)
        return len(begins) > 0 and bool((longest == self.x.shape[1]).all())


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
    most_batches : int, default=None
        How many batches there are at the most: where the samples are more, each time
        others are drawn. Only with a generator.
    """

    def __init__(
        self, dataset, batch_size, generator=None, change=None, most_batches=None
    ):
        self.dataset = dataset
        self.batch_size = batch_size
        self.generator = generator
        self.change = change
        n_samples, self.borders = len(dataset), dataset.source.borders
        # Of those that are in memory together, in turns, all are read.
        if None not in (most_batches, generator) and self.borders is None:
            n_samples = min(n_samples, most_batches * batch_size)
        self.n_samples = n_samples
        self.workers = None  # among whom the batches are shared out
        self._n_passes = 0
        self._kept = None  # all samples, as `read_batch` gives them, where they are few

    def __len__(self):
        return -(-self.n_samples // self.batch_size)

    def __iter__(self):
        """Yield pairs: inputs of the network, with the weights, and targets."""
        parts = self.parts()
        return (batch for _, batches in parts for batch in batches)

    def parts(self):
        """Yield some batches at a time.

        Yields
        ------
        several : Several or None
            All of them together, where each is what is read, as it lies there.
        batches : iterator
            As from `__iter__`.
        """
        return self._read(self._order())

    def _read(self, order):
        data = self.dataset
        for rows, x, lengths, share in self._parts(order):
            target, weight, repeats = (
                None if values is None else values.index_select(0, rows)
                for values in (data.target, data.weight, data.repeats)
            )
            several = Several(x, lengths, target, weight, self.batch_size)
            is_as_read = self.change is None and several.are_of_one_length()
            told = several if is_as_read and share is None else None
            yield told, self._each(several, told, repeats, share)

    def _each(self, several, told, repeats, share):
        """Yield batches one by one."""
        parts = (*several[:4], repeats)
        columns = [
            [None] * several.count if part is None else part.split(self.batch_size)
            for part in parts
        ]
        for number, batch in enumerate(zip(*columns, strict=True)):
            inputs, y = self._batch(*batch)
            if share is not None:
                inputs["share"] = share
            elif told is not None:
                inputs["several"] = told, number
            yield inputs, y

    def _batch(self, x, lengths, target, weight, repeats):
        x, lengths = _trimmed(x, lengths)
        inputs = {"x": x if self.change is None else self.change(x, lengths)}
        found = {"lengths": lengths, "weight": weight, "repeats": repeats}
        inputs |= {name: part for name, part in found.items() if part is not None}
        # skorch concatenates the targets of batches, and has no use for None.
        return inputs, x.new_zeros(0, dtype=torch.int64) if target is None else target

    def share_out(self, workers, *, is_training):
        """Read a part of every batch only, as one of several `Workers`."""
        self.workers, self.is_training = workers, is_training

    def _parts(self, order):
        """Read batches: rows (N,), sequences (N, L, F), lengths, and a share or None.

        A share is the numbers of samples of the batch here and of all of it; without
        one there may be several batches, one behind the other.
        """
        source, size = self.dataset.source, self.batch_size
        if self.workers is None:
            n_numbers = size * source.max_steps * source.n_features
            most = max(1, _NUMBERS_AT_ONCE // max(1, n_numbers))
            for rows in order.split(min(_READ_AT_ONCE, most) * size):
                yield rows, *self._samples(rows), None
            return
        options = {"is_training": self.is_training}
        parts = self.workers.parts(order, self.batch_size, source.series, **options)
        for rows, n_own, n_all in parts:
            yield rows, *read_batch(source, rows.numpy()), (n_own, n_all)

    def _samples(self, rows):
        """Read some samples (Tensor of int64); see `read_batch`.

        Few that are read again are kept.
        """
        source = self.dataset.source
        n_numbers = len(source) * source.max_steps * source.n_features
        most = _NUMBERS_AT_ONCE if source.is_ready else _NUMBERS_KEPT
        is_small = n_numbers <= most and self.borders is None
        if self._n_passes < 2 or not is_small:
            return read_batch(source, rows.numpy())
        if self._kept is None:
            self._kept = read_batch(source, np.arange(len(source)))
        x, lengths = (
            None if part is None else part.index_select(0, rows) for part in self._kept
        )
        return _trimmed(x, lengths)

    def _order(self):
        """Numbers of the samples (Tensor of int64), in the order in which they come."""
        n_samples = len(self.dataset)
        self._n_passes += 1
        if self.generator is None:
            return torch.arange(n_samples)
        if self.borders is None:
            order = torch.randperm(n_samples, generator=self.generator)
            return order[: self.n_samples]
        # Those that are in memory together, lest each batch reads all there is.
        parts = [
            start + torch.randperm(stop - start, generator=self.generator)
            for start, stop in pairwise(self.borders.tolist())
        ]
        return torch.cat(parts)


def _trimmed(x, lengths):
    """Sequences without the steps that all of them lack, and their lengths."""
    if lengths is None or not len(lengths):
        return x, lengths
    least, most = (int(value) for value in lengths.aminmax())
    x = x[:, : max(1, most)].contiguous()
    return x, None if least == x.shape[1] else lengths
