"""Predictions for rows, which are made in another order."""

import numpy as np

__all__ = ["Results"]


class Results:
    """Gathers predictions by the numbers of their rows.

    Parameters
    ----------
    n_rows : int
        How many rows there are.
    """

    def __init__(self, n_rows):
        self._n_rows, self._pairs = n_rows, []

    def put(self, rows, predicted):
        """Note predictions (ndarray of shape (n, ...)) for rows (ndarray of int)."""
        self._pairs.append((rows, np.asarray(predicted)))

    def put_one(self, row, predicted):
        """Note the prediction for a row (int); None if there is none."""
        if predicted is not None:
            self.put(np.array([row]), np.asarray(predicted)[None])

    def joined(self):
        """All predictions (n_rows, ...); NaN or None where there is none."""
        if not self._pairs:
            return np.full(self._n_rows, np.nan)
        first = self._pairs[0][1]
        dtype = np.result_type(*(values.dtype for _, values in self._pairs))
        is_whole = sum(len(rows) for rows, _ in self._pairs) == self._n_rows
        if not is_whole and dtype.kind != "f":
            dtype = np.dtype(object)
        results = np.empty((self._n_rows, *first.shape[1:]), dtype)
        if not is_whole:
            results[...] = np.nan if dtype.kind == "f" else None
        for rows, values in self._pairs:
            results[rows] = values
        return results
