"""Targets that lie so far from those of the training that no loss holds them."""

import numpy as np

from skrnn._units import times_power_of_two

# So many deviations from the mean a target may be where the network is in single and in
# double precision: the square of that, over the least variance of a likelihood (1e-8),
# is a float.
_FARTHEST = {"float32": 1e15, "float64": 1e140}


def refuse_far_targets(target, given, numbers, settings, targets):
    """Refuse targets that single precision cannot hold the squares of.

    Parameters
    ----------
    target : ndarray of shape (n, n_targets) of float64
        In units of the loss.
    given : ndarray of shape (n, n_targets) of float64
        The same in those of the fit.
    numbers : ndarray of shape (n,) of int64
        Which samples these are, as the user counts them.
    settings : NetworkSettings
        Of the network.
    targets : Targets
        What is predicted.

    Raises
    ------
    ValueError
        If there is one.
    """
    most = _FARTHEST[settings.dtype]
    # The greatest is NaN if one is, and no mask is needed.
    with np.errstate(invalid="ignore"):
        if max(-target.min(initial=0.0), target.max(initial=0.0)) <= most:
            return
    sample, column = np.argwhere(~(np.abs(target) <= most))[0]
    far = f"{target[sample, column]:.3g}"
    if settings.scale:
        unit = "standard deviations" if targets.is_centered else "times their mean"
        far = f"{far} {unit} of the targets that are learned from,"
    value = times_power_of_two(
        given[sample, column],
        None if targets.exponents is None else targets.exponents[column],
    )
    raise ValueError(
        f"Target {column} of sample {numbers[sample]} (of those for training or for "
        f"validation), {value:.6g}, is {far} from what is expected, and "
        f"{settings.dtype} cannot hold the square of that: its y or its X is an "
        "outlier. Correct it, leave the sample out, or give the logarithm of what "
        "spans so many powers of ten."
    )
