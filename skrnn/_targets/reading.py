"""y as the user gives it, checked."""

from collections.abc import Iterator, Mapping, Set

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array

from skrnn._columns import as_numbers, numbers_only, refuse_lazy


def checked_y(y, estimator_name, *, dtype=None):
    """Check y as scikit-learn does, and say what to do about a wrong shape or type.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        What the user gave.
    estimator_name : str
        Whose y it is.
    dtype : "numeric" or None, default=None
        Whether it must hold numbers.

    Returns
    -------
    ndarray of shape (n_samples,) or (n_samples, n_outputs)

    Raises
    ------
    ValueError, TypeError
        If y has another shape, is sparse, is not finite, or is no number.
    """
    refuse_lazy(y, "y")
    if isinstance(y, Mapping | Set | Iterator):
        raise TypeError(
            f"y of {estimator_name} is a {type(y).__name__}, and must be an array, a "
            "column of a table or a list, in the order of X: list(y) of an iterator, "
            "list(y.values()) of a mapping."
        )
    shape = np.shape(y) if np.isscalar(y) else getattr(y, "shape", None)
    if shape is not None and len(shape) not in (1, 2):
        remedy = ""
        if len(shape) > 2:
            remedy = (
                " The numbers of a sample are its columns: y.reshape(len(y), -1), and "
                "the predictions in the shape of y again."
            )
        raise ValueError(
            f"y of {estimator_name} must have the shape (n_samples,) or (n_samples, "
            f"n_outputs), found array with dim {len(shape)}: shape {tuple(shape)}."
            f"{remedy}"
        )
    _refuse_missing_objects(y)
    options = {"input_name": "y", "estimator": estimator_name, "ensure_2d": False}
    try:
        if dtype is None:
            with np.errstate(over="ignore", invalid="ignore"):  # of sums, as below
                return check_array(y, dtype=None, **options)
        with numbers_only(y, "y", ("sample", "target")):
            return as_numbers(check_array(y, dtype=dtype, **options))
    except ValueError as error:
        if "Input y contains NaN" in str(error):
            raise ValueError(f"Input y contains NaN{_of_samples(y)}") from error
        if "Input y contains infinity" in str(error):
            raise ValueError(f"{error}{_first_infinite(y)}") from error
        raise


def _refuse_missing_objects(y):
    """Raise if y holds None or pandas.NA, which are objects and no numbers."""
    if isinstance(y, pd.DataFrame):
        kinds = {dtype.kind for dtype in y.dtypes}
    else:  # of objects, strings and categories
        kinds = {getattr(getattr(y, "dtype", None), "kind", "")}
    if not isinstance(y, list | tuple) and "O" not in kinds:
        return
    try:
        values = np.asarray(y)
    except ValueError:  # a list of lists of unequal lengths
        return
    is_table = values.dtype == object and values.ndim in (1, 2)
    if is_table and np.asarray(pd.isna(values)).any():
        raise ValueError(f"Input y contains NaN{_of_samples(y)}")


def _first_infinite(y):
    """Say in which sample y is infinite (str)."""
    try:
        values = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        return ""
    infinite = np.isinf(values).reshape(len(values), -1).any(axis=1)
    return f" Sample {int(np.argmax(infinite))} is the first." if infinite.any() else ""


def _of_samples(y):
    """Say in which samples y is missing, and what to do about it."""
    missing = np.asarray(pd.isna(np.asarray(y)))
    missing = missing.reshape(len(missing), -1).any(axis=1)
    n_missing, n = np.count_nonzero(missing), len(missing)
    where = f" in {n_missing} of {n} samples"
    if missing[n - n_missing :].all():
        return (
            f"{where}, the last ones, as y.shift(-{n_missing}) leaves it in rows whose "
            "future is not known. Leave these rows out of X and y when you fit; "
            "skrnn.windows.make_targets makes targets some steps ahead, and does so."
        )
    if missing[:n_missing].all():
        return (
            f"{where}, the first ones, as differences and lags leave it. Leave these "
            "rows out of X and y when you fit."
        )
    return (
        f"{where}, the first of which is sample {int(np.argmax(missing))}. Leave them "
        "out of X and y when you fit; or, lest windows over the rows break, give them "
        "any number as y and a sample_weight of 0."
    )
