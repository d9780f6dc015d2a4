"""Numbers of any size brought to an ordinary one, exactly, and back again.

Squares of very large numbers are infinite, those of very small ones zero. Columns of
such numbers are divided by a power of two, which changes no digit of them; others stay
as they are.
"""

import numpy as np

__all__ = ["Units"]

# The largest number of a column is ordinary up to this power of two, and down to one
# over it: far from what squares, and float32 in networks, can hold.
_ORDINARY = 60
# Later numbers may be larger than all of fit by up to this power of two: what networks
# make of them fits into float32.
_MOST_GROWTH = 60


class Units:
    """The power of two that each column of a fit is divided by.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns) of float64
        The columns of fit; NaN where nothing is known.

    Attributes
    ----------
    exponents : ndarray of shape (n_columns,) of int64
        The powers of two; zero for columns of an ordinary size.
    """

    def __init__(self, values):
        sizes = np.abs(np.where(np.isfinite(values), values, 0.0))
        powers = np.frexp(sizes.max(axis=0, initial=0.0))[1].astype(np.int64)
        self.exponents = np.where(np.abs(powers) > _ORDINARY, powers, 0)
        self._most = powers + _MOST_GROWTH

    def too_large(self, values):
        """Which numbers (n_rows, n_columns) are too large beside those of fit."""
        # What is no number has the exponent of an ordinary one.
        is_number = (values != 0) & ~np.isnan(values)
        return is_number & (np.frexp(values)[1] > self._most)

    def divided(self, values):
        """Numbers (n_rows, n_columns) of the user's, brought to an ordinary size."""
        if not self.exponents.any():
            return values
        return np.ldexp(values, -self.exponents)

    def multiplied(self, values, axis=-1):
        """Numbers brought back to the user's size; infinite where they overflow.

        Parameters
        ----------
        values : ndarray of float64
            Numbers of an ordinary size.
        axis : int, default=-1
            Which axis has the columns.
        """
        if not self.exponents.any():
            return values
        shape = np.ones(values.ndim, dtype=int)
        shape[axis] = len(self.exponents)
        with np.errstate(over="ignore", under="ignore"):
            return np.ldexp(values, self.exponents.reshape(shape))
