"""Streams of rows: what each remembers, and how a new row goes on from there."""

import contextlib
from typing import NamedTuple

import numpy as np
import pandas as pd

from skrnn.streaming._clock import Clock
from skrnn.streaming._missing import MissingHistory
from skrnn.streaming._past import Past
from skrnn.streaming._rings import Rings
from skrnn.streaming._slots import Slots

__all__ = ["Arrivals", "Streams"]

# Runs are counted so far: windows are shorter, and the number is a short one.
_LONGEST = 2**30


class Arrivals(NamedTuple):
    """New rows, each the newest of a stream of its own, that are not yet remembered."""

    slots: np.ndarray  # (n,) of int64
    values: np.ndarray  # (n, n_features)
    ticks: np.ndarray  # (n,) of int64
    runs: np.ndarray  # (n,) of int64, rows of the run up to and with the new one
    steps: np.ndarray  # (n, n_inputs), what the new row makes readable


class Streams:
    """The last rows of all streams, and what follows from them.

    Parameters
    ----------
    parts : Parts
        The pipeline.
    n_before : int
        Steps before its newest one that a prediction reads.
    max_delay : int
        Rows by which a row may be late.
    dtype : dtype
        Of the rows.
    max_streams : int or None
        How many streams there are at most.
    freq : pandas offset, str, int or None
        Step between rows, where there is no SlidingWindow.
    """

    def __init__(self, parts, *, n_before, max_delay, dtype, max_streams, freq):
        self.parts, self.dtype, self.freq = parts, dtype, freq
        self.slots = Slots(max_streams)
        self.clock, self.past, self._history = None, None, False
        self.read_history()
        has_steps = bool(parts.of_steps) or bool(parts.known and parts.horizon)
        capacity = n_before + parts.horizon + 1 + max_delay
        self.rings = Rings(
            capacity, parts.n_features, parts.n_inputs, dtype, has_steps=has_steps
        )
        self._missing = MissingHistory(parts.window)

    def read_history(self):
        """Look at what the SlidingWindow remembers by now."""
        window = self.parts.window
        if window is None:
            self.past = Past(None, None) if self.past is None else self.past
            return
        history = window._history
        if history is self._history:
            return
        self._history = history
        if history is not None:
            self.clock = Clock(history.times, window.freq_)
        self.past = Past(history, self.clock)

    def take_over(self, parts):
        """Go on with parts that were fitted again, on rows of the same shape."""
        self.parts = parts
        self._missing = MissingHistory(parts.window)
        self.read_history()
        self.renew_steps()

    def tick(self, time):
        """Number (int) of the time of a row; zero where rows have none."""
        if self._is_untimed(time):
            return 0
        return self.clock.tick(time)

    def ticks(self, times, n_rows):
        """Numbers (n_rows,) of the times of rows."""
        times = None if times is None else pd.Index(times)
        if self._is_untimed(None if times is None or times.empty else times[0]):
            return np.zeros(n_rows, np.int64)
        if times is None:
            self.clock.tick(None)
        if len(times) != n_rows:
            raise ValueError(f"There are {n_rows} rows, but {len(times)} times.")
        return self.clock.ticks(times)

    def _is_untimed(self, time):
        if self.clock is not None:
            return False
        if time is None:
            return True
        if self.parts.window is not None:
            raise ValueError(
                "time is given, but SlidingWindow was fitted on rows without an index "
                "of times, so that it knows no step between rows. Fit on a DataFrame "
                "with the index of its rows, or leave time out: every row then "
                "follows the one before it."
            )
        if len(self.slots):
            raise ValueError(
                "time is given, but the rows before had none. Give the times of all "
                "rows, or of none; reset() begins anew."
            )
        self.clock = Clock.of(self.freq, time)
        return False

    @contextlib.contextmanager
    def opened(self, keys):
        """Have streams of these keys within; of new ones without a row none is left."""
        new = [key for key in keys if self.slots.get(key) is None]
        for key in new:
            slot = self.slots.add(key)
            self.rings.make_room(slot + 1)
            self.clear(slot)
        try:
            yield
        except BaseException:
            for key in new:
                if not self.rings.size[self.slots.of(key)]:
                    self.slots.drop(key)
            raise
        finally:
            self.slots.trim()

    def clear(self, slot):
        """Forget all of a stream."""
        self.rings.clear(slot)

    def arrays(self):
        """All arrays (dict) of what is remembered, a row for each place."""
        return self.rings.arrays()

    def missed_of(self, slot):
        """What was said of rows that were left out before the run of a stream."""
        return self._missing.of(slot)

    def set_missed(self, slot, missed):
        """Note the same again."""
        self._missing.note(slot, missed)

    def is_newest(self, slots, ticks):
        """Whether rows are later than all of their streams (bool, as `slots`)."""
        if self.clock is None:
            return True if isinstance(slots, int) else np.ones(len(slots), dtype=bool)
        return (self.rings.size[slots] == 0) | (ticks > self.rings.last("ticks", slots))

    def newest_row(self, key, slot, value, tick):
        """Take a row that is the newest of its stream, and predict for it.

        Parameters
        ----------
        key : hashable
            The stream.
        slot : int
            Its place.
        value : ndarray of shape (n_features,)
            The row.
        tick : int
            Number of its time.

        Returns
        -------
        ndarray or scalar
            As `newest` gives it for each of its rows.
        """
        run = self._whole_run(slot, tick)
        # Most rows follow others and lack nothing: a few numbers then tell all.
        predicted = self._follow(slot, value, tick, run) if run else None
        if predicted is None:
            slots, ticks = np.array([slot]), np.array([tick])
            predicted = self.newest([key], slots, value[None], ticks)
        return predicted[0]

    def _whole_run(self, slot, tick):
        """Rows (int) of the run up to a new one; 0 where its window is not full."""
        rings, parts = self.rings, self.parts
        if rings.has_steps or not parts.is_direct or parts.is_flat:
            return 0
        if not rings.size[slot]:
            return 0
        place = rings.newest[slot] % rings.capacity
        clock = self.clock
        if clock is not None and not clock.follows(int(rings.ticks[slot, place]), tick):
            return 0
        run = 1 + min(int(rings.runs[slot, place]), _LONGEST)
        return run if run - self._unread >= parts.window_length else 0

    def _follow(self, slot, value, tick, run):
        """Take such a row, and predict (ndarray); None, and nothing, where it is not.

        Where the window lacks a value, say, there is more to be looked at.
        """
        raise NotImplementedError

    def arrive(self, keys, slots, values, ticks):
        """Say what new rows, each later than all of its stream, go on from.

        Parameters
        ----------
        keys : list of hashable
            The stream of each row.
        slots, values, ticks
            As in `Arrivals`.

        Returns
        -------
        Arrivals
        """
        rings = self.rings
        joined = rings.size[slots] > 0
        if self.clock is not None:
            had = np.flatnonzero(joined)
            if len(had):
                last = rings.last("ticks", slots[had])
                joined[had] = self.clock.follows(last, ticks[had])
            for i in np.flatnonzero(~joined):
                last = self.rings.rows(slots[i]) if rings.size[slots[i]] else None
                n_before = self._remember_past(keys[i], slots[i], int(ticks[i]))
                joined[i] = n_before > 0
                is_short = n_before < self._reach
                self._missing.look(
                    self, keys[i], slots[i], values[i], ticks[i], last, is_short
                )
        runs = 1 + np.minimum(rings.last("runs", slots), _LONGEST) * joined
        steps = self._steps(slots, values, runs)
        return Arrivals(slots, values, ticks, runs, steps)

    def _remember_past(self, key, slot, tick):
        """Put the rows of the fit before a row; tell how many there are (int)."""
        rings = self.rings
        after = None
        if rings.size[slot]:
            after = int(rings.last("ticks", slot))
        older, values = self.past.before(key, tick, after)
        if not len(older):
            return 0
        slots, run = np.array([slot]), 0
        if after is not None and self.clock.follows(after, int(older[0])):
            run = int(rings.last("runs", slot))
        for i in range(len(older)):
            run += 1
            value = values[i : i + 1].astype(self.dtype)
            runs = np.array([run])
            steps = self._steps(slots, value, runs)
            self.remember(Arrivals(slots, value, older[i : i + 1], runs, steps))
        return run

    def remember(self, arrivals):
        """Add rows to their streams."""
        slots, values, ticks, runs, steps = arrivals
        if len(slots) == 1:  # by numbers, in a third of the time
            slots, runs = int(slots[0]), int(runs[0])
            values, steps, ticks = values[0], steps[0], ticks[0]
        self.rings.append(slots, values, steps, ticks, runs)

    def n_readable(self, runs):
        """Steps (n,) that there are of runs of so many rows."""
        return np.maximum(runs - self._unread, 0)

    @property
    def _reach(self):
        """Rows before its own that the window of a row reads (int)."""
        return self.parts.window_length + self.parts.horizon - 1

    @property
    def _unread(self):
        return 0 if self.parts.is_opened else self.parts.horizon

    @property
    def shift(self):
        """How many rows later than its newest step a row is, in the ring."""
        return 0 if self.rings.has_steps else self.parts.horizon

    def _steps(self, slots, values, runs):
        """The step that each new row makes readable."""
        parts, h = self.parts, self.parts.horizon
        if not self.rings.has_steps and not h:
            return values
        steps = values
        if h:
            steps = self.rings.last("values", slots, before=h - 1)
            steps[runs <= h] = np.nan
            steps[:, parts.known] = values[:, parts.known]
        return self._prepared(steps, runs) if self.rings.has_steps else steps

    def _prepared(self, steps, runs):
        is_read = runs > self._unread
        if not self.parts.of_steps:
            return np.where(is_read[:, None], steps, np.nan)
        shape = len(steps), self.rings.steps.shape[2]
        prepared = np.full(shape, np.nan, self.dtype)
        if is_read.any():
            prepared[is_read] = self.parts.prepare(steps[is_read])
        return prepared

    def make_steps(self, rows, first):
        """Make the steps of the rows (Rows) of a stream anew, from a position on."""
        parts, h = self.parts, self.parts.horizon
        if not self.rings.has_steps:
            return
        steps = rows.values[first:].copy()
        if h:
            place = np.arange(first, len(rows)) - h
            steps = rows.values[np.maximum(place, 0)]
            steps[rows.runs[first:] <= h] = np.nan
            steps[:, parts.known] = rows.values[first:, parts.known]
            # What the oldest rows were made of may be forgotten: they stay.
            first += int(np.count_nonzero((place < 0) & (rows.runs[first:] > h)))
            steps = steps[len(steps) - (len(rows) - first) :]
        rows.steps[first:] = self._prepared(steps, rows.runs[first:])

    def renew_steps(self):
        """Make the steps of all rows anew, by what was fitted again."""
        if self.rings.has_steps:
            for key in self.slots.keys():
                slot = self.slots.of(key)
                rows = self.rings.rows(slot)
                self.make_steps(rows, 0)
                self.rings.put(slot, rows)
