"""The last rows of many streams, in arrays that all streams share."""

import numpy as np

__all__ = ["Rings", "Rows"]

_FEWEST = 16
_NAMES = ("values", "steps", "ticks", "runs", "newest", "size", "lost")


class Rows:
    """The remembered rows of one stream, oldest first.

    Attributes
    ----------
    values : ndarray of shape (n, n_features)
        As the windows are made of.
    steps : ndarray of shape (n, n_inputs)
        The newest step of the window of each row; `values` themselves where these are.
    ticks : ndarray of shape (n,) of int64
        Numbers of their times, zeros where there are none.
    runs : ndarray of shape (n,) of int64
        How many rows the unbroken run has up to each of them, itself included.
    lost : bool
        Whether older rows have been forgotten.
    """

    def __init__(self, values, steps, ticks, runs, lost):
        self.values, self.steps, self.ticks = values, steps, ticks
        self.runs, self.lost = runs, lost

    def __len__(self):
        return len(self.values)


class Rings:
    """Rows, steps and times of streams, each in a ring of its own.

    Parameters
    ----------
    capacity : int
        Rows that are remembered of a stream.
    n_features, n_inputs : int
        Numbers of a row, and of a step of a window.
    dtype : dtype
        Of rows and steps.
    has_steps : bool
        Whether steps are others than the rows.
    """

    def __init__(self, capacity, n_features, n_inputs, dtype, *, has_steps):
        self.capacity, self.has_steps = capacity, has_steps
        self.values = np.empty((0, capacity, n_features), dtype)
        self.steps = np.empty((0, capacity, n_inputs if has_steps else 0), dtype)
        self.ticks = np.empty((0, capacity), np.int64)
        self.runs = np.empty((0, capacity), np.int32)
        self.newest = np.empty(0, np.int64)
        self.size = np.empty(0, np.int64)
        self.lost = np.empty(0, bool)

    def arrays(self):
        """All arrays (dict), a row for each stream."""
        return {name: getattr(self, name) for name in _NAMES}

    def make_room(self, n_streams):
        """Have room for so many streams (int)."""
        had = len(self.size)
        if n_streams <= had:
            return
        size = max(n_streams, had + had // 2, _FEWEST)
        for name, array in self.arrays().items():
            grown = np.zeros((size, *array.shape[1:]), array.dtype)
            grown[:had] = array
            setattr(self, name, grown)

    def clear(self, slot):
        """Forget all rows of a stream."""
        self.newest[slot], self.size[slot], self.lost[slot] = -1, 0, False

    def append(self, slots, values, steps, ticks, runs):
        """Add one row to each of some streams, no two of which are the same.

        Or, by numbers, to one of them.
        """
        self.newest[slots] += 1
        place = self.newest[slots] % self.capacity
        self.values[slots, place] = values
        if self.has_steps:
            self.steps[slots, place] = steps
        self.ticks[slots, place] = ticks
        self.runs[slots, place] = runs
        size = self.size[slots]
        self.lost[slots] |= size == self.capacity
        self.size[slots] = size + (size < self.capacity)

    def last(self, name, slots, before=0):
        """Values of one array for the newest rows of streams, or rows before these."""
        place = (self.newest[slots] - before) % self.capacity
        return getattr(self, name)[slots, place]

    def tail(self, slots, count, before=0):
        """The last steps of streams, oldest first.

        Parameters
        ----------
        slots : ndarray of shape (n,) of int
            The streams.
        count : int
            How many steps.
        before : int, default=0
            How many newer ones there are.

        Returns
        -------
        ndarray of shape (n, count, n_inputs)
            What a stream does not have is whatever.
        """
        array = self.steps if self.has_steps else self.values
        back = np.arange(count - 1 + before, before - 1, -1)
        place = (self.newest[slots][:, None] - back) % self.capacity
        return array[slots[:, None], place]

    def window(self, slot, to, before=0):
        """Copy the last steps of one stream, oldest first.

        Parameters
        ----------
        slot : int
            The stream.
        to : ndarray of shape (count, n_inputs)
            Where they go; the stream has as many.
        before : int, default=0
            How many newer ones there are.
        """
        array, count = self.steps if self.has_steps else self.values, len(to)
        stop = (int(self.newest[slot]) - before) % self.capacity + 1
        own, n_old = array[slot], count - stop  # these lie before the ring's beginning
        if n_old > 0:
            to[:n_old] = own[self.capacity - n_old :]
            to[n_old:] = own[:stop]
        else:
            to[:] = own[stop - count : stop]

    def rows(self, slot):
        """All rows of a stream (Rows), as copies."""
        back = np.arange(self.size[slot] - 1, -1, -1)
        place = (self.newest[slot] - back) % self.capacity
        values = self.values[slot, place]
        return Rows(
            values,
            self.steps[slot, place] if self.has_steps else values,
            self.ticks[slot, place],
            self.runs[slot, place].astype(np.int64),
            bool(self.lost[slot]),
        )

    def put(self, slot, rows):
        """Replace all rows of a stream, by the newest of those that are given."""
        kept = min(len(rows), self.capacity)
        place = np.arange(kept)
        self.values[slot, place] = rows.values[len(rows) - kept :]
        if self.has_steps:
            self.steps[slot, place] = rows.steps[len(rows) - kept :]
        self.ticks[slot, place] = rows.ticks[len(rows) - kept :]
        self.runs[slot, place] = rows.runs[len(rows) - kept :]
        self.newest[slot], self.size[slot] = kept - 1, kept
        self.lost[slot] = rows.lost or kept < len(rows)
