"""What parameters may be, and what they are once they are taken."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval

__all__ = ["AT_LEAST_ONE", "NOT_NEGATIVE", "Number", "plain"]


class Number(Interval):
    """A range of numbers to which no boolean belongs, though Python counts it as one.

    Parameters
    ----------
    type : {numbers.Integral, numbers.Real}
        Of which kind the numbers are.
    left, right : float or int or None
        The bounds; None for no bound.
    closed : {"left", "right", "both", "neither"}
        Which of the bounds belong to it.
    """

    def is_satisfied_by(self, val):
        """Tell whether a value is such a number."""
        return not isinstance(val, bool) and super().is_satisfied_by(val)


AT_LEAST_ONE = Number(Integral, 1, None, closed="left")
NOT_NEGATIVE = Number(Integral, 0, None, closed="left")


def plain(value):
    """Turn what holds numbers into numbers, strings and containers of Python.

    NumPy's own overflow, have fewer digits, or are refused by torch and C.

    Parameters
    ----------
    value : object
        A parameter, or a dict, list or tuple of them.

    Returns
    -------
    object
        Anything else comes back as it is.
    """
    if type(value) is dict:
        return {key: plain(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(plain(item) for item in value)
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if not isinstance(value, type) and hasattr(value, "tolist"):
        return value.tolist()  # an array, a Series, a string of NumPy
    return value
