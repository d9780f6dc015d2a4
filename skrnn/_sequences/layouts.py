"""The layouts of X that estimators and transformers of sequences accept."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, validate_data

from skrnn._time.index import series_of
from skrnn.windows._array import WindowedArray


def check_sequences(
    estimator: BaseEstimator,
    X: object,
    *,
    reset: bool,
    ensure_all_finite: bool | str = "allow-nan",
) -> tuple[WindowedArray | np.ndarray | list[np.ndarray], Sequence[str] | None]:
    """Check X as scikit-learn does, in whichever layout it comes.

    Sets `n_features_in_` and `feature_names_in_` of the estimator: features of a step,
    or columns where X is 2-D.

    Parameters
    ----------
    estimator : estimator
        Whose X it is; named in the errors.
    X : array-like, DataFrame, list of array-like or WindowedArray
        What the user gave.
    reset : bool
        Whether to note what X is like (in fit) or compare it with what was noted.
    ensure_all_finite : bool or "allow-nan", default="allow-nan"
        As in `sklearn.utils.check_array`.

    Returns
    -------
    X : WindowedArray, list of ndarray of shape (n_timesteps, n_features), ndarray of \
            shape (n_samples, n_timesteps, n_features) or (n_samples, n_timesteps)
        The checked X.
    names : sequence of str or None
        Names of a step's features; None for 2-D X.

    Raises
    ------
    ValueError
        If X is not numeric, is empty, or differs from the X of fit in its layout or
        its features.
    """
    options = {"ensure_all_finite": ensure_all_finite, "input_name": "X"}
    if isinstance(X, WindowedArray):
        names = X.feature_names
        _check_features(estimator, X.shape[2], names, reset)
        if len(X) == 0:
            raise ValueError(
                f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 "
                f"is required by {type(estimator).__name__}."
            )
        return X, names
    if is_ragged(X):
        arrays, names = _read_arrays(X, options)
        _check_features(estimator, arrays[0].shape[1], names, reset)
        return arrays, names
    if not hasattr(X, "shape"):
        X = _from_lists(X)
    if len(X.shape) == 3:
        X = check_array(X, allow_nd=True, estimator=estimator, **options)
        _check_features(estimator, X.shape[2], None, reset)
        return X, None
    _check_layout(estimator, False, reset)
    options.pop("input_name")
    return validate_data(estimator, X, reset=reset, **options), None


def is_ragged(X: object) -> bool:
    """Tell whether X is a list (tuple, object array) of 2-D arrays.

    Parameters
    ----------
    X : object
        Whatever the user gave.

    Returns
    -------
    bool
    """
    if isinstance(X, np.ndarray) and (X.dtype != object or X.ndim != 1):
        return False
    if not isinstance(X, (list, tuple, np.ndarray)) or len(X) == 0:
        return False
    first = X[0]
    if hasattr(first, "ndim"):
        return first.ndim == 2
    try:
        return np.ndim(first) == 2
    except ValueError:  # a list of lists of unequal lengths has no dimension
        return False


def series_of_samples(X: object) -> np.ndarray | None:
    """Tell which series each sample is of (ndarray of int64), or None if none is named.

    Parameters
    ----------
    X : object
        Whatever the user gave. The levels of a MultiIndex before the last name series.
    """
    if isinstance(X, WindowedArray) and X.series is not None:
        # The index lacks what `groups` say, and takes tens of bytes a row to read.
        return X.series
    index = getattr(X, "index", None)
    # A list has a method of that name.
    return None if callable(index) else series_of(index)


def _check_features(estimator, n_features, names, reset):
    _check_layout(estimator, True, reset)
    if n_features == 0:
        raise ValueError(
            "Found array with 0 feature(s) a step while a minimum of 1 is required "
            f"by {type(estimator).__name__}."
        )
    # scikit-learn's own checks and words, over one row that has the same features.
    row = np.zeros((1, n_features))
    if names is not None:
        row = pd.DataFrame(row, columns=list(names))
    validate_data(estimator, row, reset=reset, skip_check_array=True)


def _check_layout(estimator, is_3d, reset):
    if reset:
        estimator._is_3d = is_3d
    elif estimator._is_3d != is_3d:
        layouts = {
            True: "3-D sequences (n_samples, n_timesteps, n_features)",
            False: "2-D rows (n_samples, n_timesteps)",
        }
        raise ValueError(
            f"{type(estimator).__name__} was fitted on "
            f"{layouts[estimator._is_3d]}, got "
            f"{layouts[is_3d]}. Give X in the layout of fit."
        )


def _read_arrays(X, options):
    """Check every sequence of a ragged X; the feature names of the first are all's."""
    names = getattr(X[0], "columns", None)
    arrays = []
    for i, item in enumerate(X):
        array = check_array(
            item,
            ensure_min_samples=0,
            ensure_min_features=0,
            **options | {"input_name": f"X[{i}]"},
        )
        if arrays and array.shape[1] != arrays[0].shape[1]:
            raise ValueError(
                f"Every sequence must have the same features: X[0] has "
                f"{arrays[0].shape[1]}, X[{i}] has {array.shape[1]}."
            )
        if names is not None and list(getattr(item, "columns", [])) != list(names):
            raise ValueError(
                f"Every sequence must have the columns of X[0], {list(names)}; X[{i}] "
                f"has {list(getattr(item, 'columns', []))}."
            )
        arrays.append(array)
    return arrays, names


def _from_lists(X):
    try:
        return np.asarray(X)
    except ValueError:
        raise ValueError(
            "X is a list of lists of different lengths. Give sequences of different "
            "lengths as a list of 2-D arrays of shape (n_timesteps, n_features)."
        ) from None
