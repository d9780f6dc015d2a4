"""Windows that are brought to a level and a scale of their own as they are read."""

import numpy as np

from skrnn.windows._array import WindowedArray

__all__ = ["LocalWindows"]


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

    def _of_windows(self, key):
        own = {"level": self.level[key], "scale": self.scale[key]}
        return super()._of_windows(key) | own

    def with_values(self, values, feature_names=None, categories=None):
        """Give the same windows over other rows; see `WindowedArray.with_values`."""
        windows = super().with_values(values, feature_names, categories)
        return LocalWindows(windows, self.level, self.scale, self.is_padded)
