"""Streams whose predictions are those of windows over their last rows."""

import numpy as np

from skrnn.streaming._late_rows import place_row
from skrnn.streaming._predict import WindowPredictor
from skrnn.streaming._streams import Streams

__all__ = ["WindowStreams"]


class WindowStreams(Streams):
    """Rings of rows; of each the windows are read as a batch would read them.

    Parameters
    ----------
    parts : Parts
        The pipeline.
    method : str
        What is asked of its estimator.
    **options
        As for `Streams`.
    """

    def __init__(self, parts, method, **options):
        super().__init__(parts, n_before=parts.window_length - 1, **options)
        self._method, self._predict = method, WindowPredictor(parts, method)

    def take_over(self, parts):
        """Go on with parts that were fitted again, on rows of the same shape."""
        super().take_over(parts)
        self._predict = WindowPredictor(parts, self._method)

    def newest(self, keys, slots, values, ticks):
        """Take rows, each the newest of a stream, and predict (ndarray) for them."""
        arrivals = self.arrive(keys, slots, values, ticks)
        windows, lengths = self._windows(arrivals)
        self._missing.report(self, arrivals, lengths)
        predicted = self._predict(windows, lengths)
        self.remember(arrivals)
        return predicted

    def _follow(self, slot, value, tick, run):
        rings, shift = self.rings, self.shift
        window = np.empty((1, self.parts.window_length, len(value)), self.dtype)
        if shift:
            rings.window(slot, window[0], shift - 1)
        else:
            rings.window(slot, window[0, :-1])
            window[0, -1] = value
        predicted = self._predict.of_whole(window)
        if predicted is not None:
            rings.append(slot, value, None, tick, run)
        return predicted

    def _windows(self, arrivals):
        slots, runs = arrivals.slots, arrivals.runs
        n_steps, shift = self.parts.window_length, self.shift
        if shift:
            windows = self.rings.tail(slots, n_steps, before=shift - 1)
        else:
            steps = arrivals.steps
            windows = np.empty((len(slots), n_steps, steps.shape[1]), self.dtype)
            windows[:, :-1] = self.rings.tail(slots, n_steps - 1)
            windows[:, -1] = steps
        lengths = np.minimum(self.n_readable(runs), n_steps)
        if len(lengths) and lengths.min() < n_steps:
            is_absent = np.arange(n_steps) < (n_steps - lengths)[:, None]
            windows[is_absent] = np.nan
        return windows, lengths

    def late(self, key, slot, value, tick):
        """Take a row that is not the newest of its stream.

        Returns
        -------
        ndarray of shape (1, ...), or None
            The prediction for it; None where it is older than what is remembered.
        """
        rows = self.rings.rows(slot)
        if rows.lost and tick < rows.ticks[0]:
            return None
        placed, first, place = place_row(
            rows,
            value,
            tick,
            lambda at, after: self.past.before(key, at, after),
            self.clock,
        )
        # Rows of its run that are forgotten would be missing in its window.
        n_before = min(int(placed.runs[place]), self._reach + 1) - 1
        if placed.lost and place < n_before:
            return None
        self.make_steps(placed, first)
        stop = place + 1 - self.shift
        length = min(int(self.n_readable(placed.runs[place])), self.parts.window_length)
        shape = 1, self.parts.window_length, placed.steps.shape[1]
        window = np.full(shape, np.nan, self.dtype)
        if length:
            window[0, -length:] = placed.steps[stop - length : stop]
        predicted = self._predict(window, np.array([length]))
        self.rings.put(slot, placed)
        return predicted
