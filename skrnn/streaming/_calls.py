"""What is done with rows that are given, between reading and remembering them."""

import numpy as np

from skrnn.streaming._given import RowReader
from skrnn.streaming._keys import KeyCheck
from skrnn.streaming._parts import Parts, flat_steps
from skrnn.streaming._results import Results, rounds
from skrnn.streaming._stateful_mode import StatefulStreams
from skrnn.streaming._window_mode import WindowStreams
from skrnn.windows import SlidingWindow

__all__ = ["MODES", "StreamCalls"]

# So many numbers of windows are gathered at a time, 32 MB: a bound of memory.
_MOST_NUMBERS = 2**22
MODES = {"window": WindowStreams, "stateful": StatefulStreams}


class StreamCalls:
    """All of `StreamingPredictor` but its signatures and what users read of them."""

    def _begin(self):
        parts = self._parts_now()
        if not hasattr(parts.estimator, self.method):
            raise ValueError(
                f"{type(parts.estimator).__name__} has no method {self.method!r}."
            )
        reach = parts.window_length + parts.horizon - 1
        streams = MODES[self.mode](
            parts,
            self.method,
            max_delay=reach if self.max_delay is None else int(self.max_delay),
            dtype=np.dtype(self.dtype),
            max_streams=self.max_streams,
            freq=self.freq,
        )
        self._take(parts)
        self._streams = streams

    def _take(self, parts):
        self._parts, self._check_key = parts, KeyCheck(parts.window)
        is_timed = self.freq is not None
        self._reader = RowReader(parts, np.dtype(self.dtype), is_timed=is_timed)

    def _parts_now(self):
        length = self.window_length
        if self.mode == "stateful" and length is None:
            steps = flat_steps(self.estimator)
            # Where nothing tells how many steps are read, all are.
            is_told = any(isinstance(step, SlidingWindow) for step in steps)
            is_told |= not getattr(steps[0], "_is_3d", True)
            length = None if is_told else 1
        return Parts(self.estimator, length)

    def _notice_fits(self):
        """Go on with what was fitted meanwhile, or raise where that cannot be."""
        if self._parts.is_of(self.estimator):
            self._streams.read_history()
            return
        parts = self._parts_now()
        is_like = parts.shape() == self._parts.shape() and not parts.before
        is_like = is_like and parts.meaning == self._parts.meaning
        if self.mode == "stateful" or not is_like:
            raise ValueError(
                "The estimator was fitted again since these streams began, and what "
                "they remember is not what it would make of their rows. Call reset(), "
                "and send the newest rows once more."
            )
        self._streams.take_over(parts)
        self._take(parts)

    def _take_one(self, key, slot, value, tick):
        if self._streams.is_newest(slot, tick):
            return self._streams.newest_row(key, slot, value[0], tick)
        return self._late(key, slot, value[0], tick)

    def _take_many(self, values, keys, times):
        """Take rows (n, n_features) with their keys and times; predict for each."""
        keys = [None] * len(values) if keys is None else keys
        distinct = dict.fromkeys(keys)
        for key in distinct:
            self._check_key(key)
        if self.max_streams is not None and len(distinct) > self.max_streams:
            raise ValueError(
                f"The rows are of {len(distinct)} streams, more than "
                f"max_streams={self.max_streams}."
            )
        ticks = self._streams.ticks(times, len(values))
        results = Results(len(values))
        with self._streams.opened(distinct):
            slots = np.array(list(map(self._streams.slots.of, keys)), np.int64)
            for rows in rounds(slots):
                self._take_round(rows, keys, slots, values, ticks, results)
        return results.joined()

    def _take_round(self, rows, keys, slots, values, ticks, results):
        """Take rows (ndarray of int), no two of which are of one stream."""
        newest = self._streams.is_newest(slots[rows], ticks[rows])
        of_window = self._parts.window_length * self._parts.n_inputs
        size = max(1, _MOST_NUMBERS // of_window)
        for start in range(0, np.count_nonzero(newest), size):
            some = rows[newest][start : start + size]
            named = [keys[i] for i in some]
            given = slots[some], values[some], ticks[some]
            results.put(some, self._streams.newest(named, *given))
        for i in rows[~newest]:
            results.put_one(
                i, self._late(keys[i], int(slots[i]), values[i], int(ticks[i]))
            )

    def _late(self, key, slot, value, tick):
        predicted = self._streams.late(key, slot, value, tick)
        if predicted is not None:
            return predicted[0]
        if self.late == "skip":
            return None
        time, remedy = self._streams.clock.index([tick])[0], "raise max_delay (in rows)"
        if self.mode == "stateful":
            remedy = 'take mode="window", which may put rows in between'
        raise ValueError(
            f"The row at {time} of stream {key!r} is older than what is remembered, so "
            "that what came before it is not known any more. Send rows in time order, "
            f'{remedy}, or leave such rows out by late="skip".'
        )
