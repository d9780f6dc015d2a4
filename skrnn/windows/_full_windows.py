"""Windows that lack no step, as a view of the rows."""

import numpy as np

__all__ = ["every_full_window"]


def every_full_window(values, stop, length, window_length):
    """Find the windows that are full.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        The rows.
    stop, length : ndarray of shape (n_windows,) of int
        Where each window stops, and how many rows it has.
    window_length : int
        How many a full one has.

    Returns
    -------
    every_window : ndarray of shape (n_rows - window_length + 1, window_length, \
            n_features)
        Every run of `window_length` rows, as a view.
    first : ndarray of shape (n_windows,)
        Which of those each window is; -1 for one that is not full. One look into it
        tells both, which is what keeps a small batch fast.
    """
    row, column = values.strides
    n_runs = max(len(values) - window_length + 1, 0)
    every_window = np.lib.stride_tricks.as_strided(
        values,
        (n_runs, window_length, values.shape[1]),
        (row, row, column),
        writeable=False,
    )
    # Of a wider type where `window_length` alone does not fit that of `stop`.
    wide = np.result_type(stop, np.min_scalar_type(-1 - window_length))
    first = np.subtract(stop, window_length, dtype=wide)
    first[length != window_length] = -1
    return every_window, first
