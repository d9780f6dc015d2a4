"""What chooses samples from sequences that are no array: by sample only."""

import numpy as np

__all__ = ["sample_key"]


def sample_key(key, kind, unit, instead):
    """Return what chooses samples, as NumPy reads it.

    Parameters
    ----------
    key : object
        What stands in brackets; an ellipsis behind it, as scikit-learn has it, counts
        for nothing.
    kind, unit : str
        Names, in an error, of what is indexed and of a sample of it.
    instead : str
        What the error says of other ways to steps and features.

    Returns
    -------
    slice, or ndarray of shape () or (n,), of int or bool
        An array of no axis, which is never of bool, chooses one sample.

    Raises
    ------
    IndexError
        If it does not choose samples.
    """
    if isinstance(key, tuple):
        if len(key) != 2 or key[1] is not Ellipsis:
            raise IndexError(
                f"A {kind} is indexed by {unit} only, as in X[rows] or X[rows, ...]; "
                f"got {key!r}. {instead}"
            )
        key = key[0]
    if isinstance(key, slice):
        return key
    key = np.asarray(key)
    if key.size == 0 and key.dtype.kind != "b":
        key = key.astype(np.intp)
    if key.ndim > 1 or key.dtype.kind not in "iub":
        raise IndexError(
            f"{unit.capitalize()}s are chosen by an integer, a slice, or a 1-D array "
            f"of integers or booleans; got shape {key.shape}, dtype {key.dtype}."
        )
    if key.ndim == 0 and key.dtype.kind == "b":
        raise IndexError(f"A single boolean does not choose a {unit}.")
    return key
