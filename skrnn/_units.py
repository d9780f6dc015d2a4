"""Powers of two that numbers are divided by where floats could not hold their squares.

The division is exact, so that nothing of what is learned depends on it: sequences,
targets and weights of 1e-300 and of 1e300 are learned from as those of 1. Ordinary
numbers have the exponent 0 and stay what they are, to the bit.
"""

import math

import numpy as np

# Numbers within 2^-300 and 2^300 are ordinary: their squares, sums of those, and ratios
# of two of them times a third are floats (2^-1022 to 2^1024) with all their digits.
LEAST, MOST = 2.0**-300, 2.0**300


def exponents_of(largest: np.ndarray) -> np.ndarray | None:
    """Return the exponents of the units of some numbers.

    Parameters
    ----------
    largest : ndarray of shape (n,) of float64
        The largest absolute value of each feature, or of whatever has a unit.

    Returns
    -------
    ndarray of shape (n,) of int32, or None
        0 for what is ordinary or zero; else such that the largest number, divided by
        two to that power, is at least 0.5 and less than 1. None where all are 0.
    """
    is_extreme = (largest > 0) & ((largest < LEAST) | (largest > MOST))
    if not is_extreme.any():
        return None
    return np.where(is_extreme, np.frexp(largest)[1], 0).astype(np.int32)


def are_finite(values: np.ndarray) -> bool:
    """Whether all values of an array are finite."""
    if values.size == 1:  # of a single prediction, in a twentieth of the time
        return math.isfinite(values.item())
    return bool(np.isfinite(values).all())


@np.errstate(over="ignore", under="ignore")
def times_power_of_two(
    values: np.ndarray, exponents: np.ndarray | int | None
) -> np.ndarray:
    """Multiply by powers of two; what is too large becomes infinite.

    Parameters
    ----------
    values : ndarray of any real dtype
        Numbers.
    exponents : ndarray or int, or None
        What two is raised to, of a shape that broadcasts; None changes nothing.

    Returns
    -------
    ndarray of float64, or the values themselves
    """
    if exponents is None:
        return values
    return np.ldexp(np.asarray(values, np.float64), exponents)


def ordinary_weights(weight: np.ndarray) -> np.ndarray:
    """Bring weights, whose unit means nothing, to one in which the largest is ordinary.

    Parameters
    ----------
    weight : ndarray of shape (n,) of float64
        Not negative.

    Returns
    -------
    ndarray of shape (n,) of float64
    """
    exponents = exponents_of(np.asarray([weight.max(initial=0.0)]))
    return weight if exponents is None else times_power_of_two(weight, -exponents)
