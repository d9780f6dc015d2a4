"""In which order rows are taken, and their predictions in the order of the rows."""

import numpy as np

__all__ = ["Results", "rounds"]


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


def rounds(slots):
    """Put rows in rounds, none of which has two rows of one stream.

    Parameters
    ----------
    slots : ndarray of shape (n,) of int64
        The place of the stream of each row.

    Returns
    -------
    list of ndarray of int64
        Numbers of rows: of each stream the first, then the second, and so on.
    """
    order = np.argsort(slots, kind="stable")
    sorted_slots = slots[order]
    is_first = np.append(True, sorted_slots[1:] != sorted_slots[:-1])[: len(slots)]
    start = np.maximum.accumulate(np.where(is_first, np.arange(len(slots)), 0))
    number = np.empty(len(slots), np.int64)
    number[order] = np.arange(len(slots)) - start
    by_number = np.argsort(number, kind="stable")
    cuts = np.flatnonzero(np.diff(number[by_number])) + 1
    return np.split(by_number, cuts) if len(slots) else []
