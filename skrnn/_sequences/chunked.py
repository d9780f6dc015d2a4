"""Samples that come in chunks, of which a few are held in memory at a time."""

from collections.abc import Callable, Iterator
from itertools import islice

import joblib
import numpy as np

from skrnn._sequences.sources import SequenceSource


class Chunks:
    """Chunks of samples that can be gone through again and again.

    Parameters
    ----------
    given : sequence, iterable, or callable that returns an iterable
        Of what a fit takes for X, a chunk each. Of a sequence single chunks are asked
        for; else all are gone through from the first one on.
    n_chunks : int
        How many of them there are to be; others behind them are not asked for.
    buffer_size : int
        Samples that are held at a time, if a chunk has no more.
    """

    index = None  # as of a table without one

    def __init__(self, given, n_chunks: int, buffer_size: int):
        self._given, self.n_chunks = given, n_chunks
        self.buffer_size = buffer_size

    def begin(self, first: int = 0) -> Iterator:
        """Go through the chunks, from one of them (by its number) on."""
        given = self._given
        if hasattr(given, "__getitem__") and hasattr(given, "__len__"):
            return (given[number] for number in range(first, self.n_chunks))
        return islice(given() if callable(given) else given, first, self.n_chunks)


class ChunkedSource(SequenceSource):
    """Samples of chunks, which are read from the first on, again and again.

    Neighbouring chunks are held in memory together, as many as have `buffer_size`
    samples; what is asked for beyond them takes their place.

    Parameters
    ----------
    begin : callable
        Takes a number, and gives an iterator over the sources of that chunk and all
        behind it.
    n_chunks : int
        How many chunks there are.
    buffer_size : int
        Samples that are held at a time.
    """

    def __init__(
        self,
        begin: Callable[[int], Iterator[SequenceSource]],
        n_chunks: int,
        buffer_size: int,
    ):
        self._begin = begin
        self._next, self._coming, self._held, self._sources = 0, None, None, []
        sizes, self.largest, self._longest, self.max_steps = [], 0.0, 0, 0
        self._digests = None
        for source in begin(0):
            sizes.append(len(source))
            self.largest = max(self.largest, source.largest)
            self._longest = max(self._longest, source.longest())
            self.max_steps = max(self.max_steps, source.max_steps)
            if len(sizes) == 1:
                self.n_features, self.codes = source.n_features, source.codes
                self.is_of_windows = source.is_of_windows
        if len(sizes) != n_chunks:
            raise ValueError(
                f"The chunks were gone through twice, and gave {n_chunks} and then "
                f"{len(sizes)}. Give a list, or a function that begins anew each time."
            )
        self._first = np.concatenate([[0], np.cumsum(sizes)])  # sample of each chunk
        self.n_samples = int(self._first[-1])
        self._buffers = [0]  # chunks with which they begin
        for number in range(1, n_chunks):
            if self._first[number + 1] - self._first[self._buffers[-1]] > buffer_size:
                self._buffers.append(number)
        self._buffers.append(n_chunks)
        self.borders = self._first[self._buffers]

    def contents(self) -> list:
        if self._digests is None:
            sources = self._begin(0)
            self._digests = [joblib.hash(source.contents()) for source in sources]
        return self._digests

    def longest(self) -> int:
        return self._longest

    def _hold(self, buffer):
        """Read the chunks of a buffer (number), and let go of those before."""
        if buffer == self._held:
            return
        first, stop = self._buffers[buffer], self._buffers[buffer + 1]
        self._held, self._sources = None, []
        if self._coming is None or self._next != first:
            self._coming = self._begin(first)
        self._sources = list(islice(self._coming, stop - first))
        sizes = [len(source) for source in self._sources]
        if sizes != np.diff(self._first[first : stop + 1]).tolist():
            raise ValueError(
                f"Chunks {first} to {stop - 1} had "
                f"{np.diff(self._first[first : stop + 1]).tolist()} samples at first, "
                f"and then {sizes}. They must be the same each time."
            )
        self._held, self._next = buffer, stop

    def _parts(self, rows):
        """Yield places (array) among the rows, and the source and rows of a chunk."""
        chunk = np.searchsorted(self._first, rows, side="right") - 1
        buffer = np.searchsorted(self._buffers, chunk, side="right") - 1
        for number in np.unique(buffer):
            self._hold(number)
            for place in np.unique(chunk[buffer == number]):
                where = np.flatnonzero(chunk == place)
                source = self._sources[place - self._buffers[number]]
                yield where, source, rows[where] - self._first[place]

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        read = [(where, *source.batch(own)) for where, source, own in self._parts(rows)]
        if len(read) == 1:
            return read[0][1:]
        blocks = [block for _, block, _ in read]
        n_steps = max((block.shape[1] for block in blocks), default=0)
        dtype = np.result_type(*blocks) if blocks else np.float64
        whole = np.zeros((len(rows), n_steps, self.n_features), dtype)
        lengths = np.zeros(len(rows), np.int64)
        for where, block, own in read:
            whole[where, : block.shape[1]] = block
            lengths[where] = block.shape[1] if own is None else own
        return whole, None if (lengths == n_steps).all() else lengths

    def lengths(self, rows: np.ndarray) -> np.ndarray:
        found = np.zeros(len(rows), np.int64)
        for where, source, own in self._parts(rows):
            found[where] = source.lengths(own)
        return found
