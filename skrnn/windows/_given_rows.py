"""Checks of X where rows are expected, which transformers of rows share."""

import numpy as np
from sklearn.utils.validation import _get_feature_names, validate_data

from skrnn._columns import as_numbers, numbers_only, refuse_lazy
from skrnn.windows._array import WindowedArray


def check_rows(estimator, X, *, reset):
    """Check a 2-D X as scikit-learn does; NaN is allowed.

    Parameters
    ----------
    estimator : estimator
        Whose X it is; named in the errors.
    X : array-like or DataFrame of shape (n_samples, n_features)
        What the user gave.
    reset : bool
        Whether to note what X is like or compare it with what was noted.

    Returns
    -------
    ndarray of shape (n_samples, n_features)

    Raises
    ------
    ValueError
        If X is no table of numbers, or sequences already.
    """
    refuse_sequences(X, estimator)
    with numbers_only(X):
        X = validate_data(estimator, X, reset=reset, ensure_all_finite="allow-nan")
        return as_numbers(X)


def refuse_sequences(X, estimator):
    """Raise if X is sequences already, or no table yet, where plain rows are due."""
    refuse_lazy(X)
    if isinstance(X, WindowedArray):
        given = "windows already (a WindowedArray)"
    elif getattr(X, "ndim", 2) == 3:
        given = f"a 3-D array of shape {tuple(X.shape)}"
    elif isinstance(X, list | tuple) and X and getattr(X[0], "ndim", 1) == 2:
        given = "a list of 2-D arrays"
    else:
        return
    name = type(estimator).__name__
    raise ValueError(
        f"{name} expects a 2-D X of shape (n_samples, n_features), but X is {given}. "
        f"Sequences need no {name}: give them to the next step."
    )


def refuse_numberless(X):
    """Raise where a checked X is not of numbers, or of missing ones alone."""
    if X.dtype.kind not in "fiub":
        raise ValueError(
            f"X must hold numbers, but its columns are of dtype {X.dtype}. "
            "The times of the rows belong in the index: X.set_index(...)."
        )
    if X.dtype.kind == "f" and np.isnan(X[0]).all() and np.isnan(X).all():
        raise ValueError(
            "X holds nothing but NaN: every step of every window would be absent."
        )


def names_of(X):
    """Names of the columns of X (list of str), or None if not all are strings."""
    names = _get_feature_names(X)
    return None if names is None else names.tolist()
