"""What parameters may be, and what they are once they are taken."""

import inspect
from collections.abc import Mapping
from functools import cache
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval

__all__ = [
    "AT_LEAST_ONE",
    "NOT_NEGATIVE",
    "RANDOM_STATE",
    "Number",
    "defaults_of",
    "parameters_of",
    "plain",
]

# More than anything is counted in. Sums of a few such numbers still are what C and
# NumPy call an integer, and floats tell two of them apart.
_TOO_MANY = 2**53


# To Python a bool is an integer, and to NumPy a difference of times is one.
_NO_NUMBERS = bool, np.bool_, np.timedelta64


def is_integer(value):
    """Whether a value is an integer of Python or NumPy, and nothing that passes as one.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    bool
    """
    return isinstance(value, Integral) and not isinstance(value, _NO_NUMBERS)


class Number(Interval):
    """A range of numbers to which no boolean belongs, though Python counts it as one.

    What belongs to it still does so as a number of Python, into which `plain` turns it:
    it neither overflows nor becomes zero.

    Parameters
    ----------
    type : {numbers.Integral, numbers.Real}
        Of which kind the numbers are.
    left, right : float or int or None
        The bounds; None for no bound, of integers for one that is beyond all use.
    closed : {"left", "right", "both", "neither"}
        Which of the bounds belong to it.
    """

    def __init__(self, type, left, right, *, closed):
        if right is None and type is Integral:
            right = _TOO_MANY
        super().__init__(type, left, right, closed=closed)

    def is_satisfied_by(self, val):
        """Tell whether a value is such a number."""
        if isinstance(val, _NO_NUMBERS) or not isinstance(val, self.type):
            return False
        try:
            return (float(val) if self.type is Real else int(val)) in self
        except OverflowError:  # an int that no float holds
            return False

    def __str__(self):
        return super().__str__().replace(str(_TOO_MANY), "2**53")


AT_LEAST_ONE = Number(Integral, 1, None, closed="left")
NOT_NEGATIVE = Number(Integral, 0, None, closed="left")
# A list of constraints: what scikit-learn makes a generator of, or None.
RANDOM_STATE = [
    Number(Integral, 0, 2**32 - 1, closed="both"),
    np.random.RandomState,
    None,
]


def plain(value):
    """Turn what holds numbers into numbers, strings and containers of Python.

    NumPy's own overflow, have fewer digits, or are refused by torch and C.

    Parameters
    ----------
    value : object
        A parameter, or a mapping, list or tuple of them.

    Returns
    -------
    object
        Mappings are dicts; anything else comes back as it is.
    """
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(plain(item) for item in value)
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, np.timedelta64):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if not isinstance(value, type) and hasattr(value, "tolist"):
        return value.tolist()  # an array, a Series, a string of NumPy
    return value


@cache
def defaults_of(kind):
    """Give the defaults of the parameters of an estimator.

    Parameters
    ----------
    kind : type
        Class of the estimator. A class derived from one of skrnn may have fewer
        parameters, and set the others itself: ``super().__init__("lstm", size)``.

    Returns
    -------
    dict
        By name, those of the classes that it derives from too.
    """
    defaults = {}
    for ancestor in reversed(kind.__mro__):
        if "__init__" not in vars(ancestor) or not hasattr(ancestor, "get_params"):
            continue  # a mixin, whose arguments are no parameters
        named = inspect.signature(ancestor).parameters.values()
        defaults |= {p.name: p.default for p in named if p.default is not p.empty}
    return defaults


def parameters_of(estimator):
    """Give all parameters of an estimator, those too that its class sets by itself.

    Parameters
    ----------
    estimator : estimator
        Of a class of skrnn, or of one that is derived from it.

    Returns
    -------
    dict
        Values by name.
    """
    inherited = {
        name: getattr(estimator, name) for name in defaults_of(type(estimator))
    }
    return inherited | estimator.get_params(deep=False)
