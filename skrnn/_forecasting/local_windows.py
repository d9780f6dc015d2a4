"""Windows that are brought to a level and a scale of their own as they are read."""

import numpy as np

from skrnn.windows._array import WindowedArray

__all__ = ["LocalWindows"]

# Windows that are written at a time: what that takes stays in a processor's cache.
_ROWS_AT_ONCE = 2048


class LocalWindows(WindowedArray):
    """Lazy windows, some features of which are shifted and divided window by window.

    Parameters
    ----------
    windows : WindowedArray of shape (n_windows, window_length, n_features)
        The windows as the rows have them.
    level, scale : ndarray of shape (n_windows, n_local) of float64
        What is taken off the first `n_local` features of each window, and what they
        are divided by then.
    is_padded : bool, default=False
        Whether an absent step holds what the oldest step that is present does, or zero
        where none is, rather than NaN.
    """

    def __init__(self, windows, level, scale, is_padded=False):
        vars(self).update(vars(windows), _full=None)
        self.level, self.scale, self.is_padded = level, scale, is_padded

    @property
    def dtype(self):
        return np.dtype(np.float64)

    def gather(self, rows, dtype=None, out=None):
        """Materialise some windows; see `WindowedArray.gather`."""
        rows = np.asarray(rows)
        block = super().gather(rows, dtype=np.float64)
        n_local = self.level.shape[1]
        local = block[:, :, :n_local]  # a view (N, L, n_local)
        local -= self.level[rows][:, None]
        local /= self.scale[rows][:, None]
        if self.is_padded:
            n_absent = self.window_length - self.length[rows]
            for i in np.flatnonzero(n_absent):
                oldest = block[i, n_absent[i]] if self.length[rows[i]] else 0.0
                block[i, : n_absent[i]] = oldest
        if out is not None:
            out[...] = block
            return out
        return block if dtype is None else block.astype(dtype, copy=False)

    def steps_of(self, feature, out):
        """Write the steps of one of the local features, 0 where they are absent.

        Parameters
        ----------
        feature : int
            Which of the first `n_local` ones.
        out : ndarray of shape (n_windows, window_length) of float64
            Where they go.
        """
        values, offsets = self.values[:, feature], np.arange(-self.window_length, 0)
        for begin in range(0, len(out), _ROWS_AT_ONCE):
            rows = slice(begin, begin + _ROWS_AT_ONCE)
            place = self.stop[rows, None] + offsets
            block = values.take(np.maximum(place, 0, out=place))
            block -= self.level[rows, feature, None]
            block /= self.scale[rows, feature, None]
            block[offsets < -self.length[rows, None]] = 0.0
            out[rows] = block

    def _of_windows(self, key):
        own = {"level": self.level[key], "scale": self.scale[key]}
        return super()._of_windows(key) | own

    def with_values(self, values, feature_names=None, categories=None):
        """Give the same windows over other rows; see `WindowedArray.with_values`."""
        windows = super().with_values(values, feature_names, categories)
        return LocalWindows(windows, self.level, self.scale, self.is_padded)
