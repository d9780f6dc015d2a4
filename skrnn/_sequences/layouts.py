"""The layouts of X that estimators and transformers of sequences accept."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, validate_data

from skrnn._columns import as_numbers, numbers_only, refuse_lazy
from skrnn._sequences.nested import sequences_of
from skrnn._sequences.tokens import TokenArray
from skrnn._time.index import series_of
from skrnn.windows._array import WindowedArray

_AXES = ("sample", "step", "feature")


def check_sequences(
    estimator: BaseEstimator,
    X: object,
    *,
    reset: bool,
    ensure_all_finite: bool | str = "allow-nan",
    takes_tokens: bool = False,
) -> tuple[
    WindowedArray | TokenArray | np.ndarray | list[np.ndarray], Sequence[str] | None
]:
    """Check X as scikit-learn does, in whichever layout it comes.

    Sets `n_features_in_` and `feature_names_in_` of the estimator: features of a step,
    or columns where X is 2-D.

    Parameters
    ----------
    estimator : estimator
        Whose X it is; named in the errors.
    X : array-like, DataFrame, list of array-like or WindowedArray
        What the user gave. A Series or object array of sequences, and a table whose
        cells are series, are lists of sequences too.
    reset : bool
        Whether to note what X is like (in fit) or compare it with what was noted.
    ensure_all_finite : bool or "allow-nan", default="allow-nan"
        As in `sklearn.utils.check_array`.
    takes_tokens : bool, default=False
        Whether X may be sequences of tokens.

    Returns
    -------
    X : WindowedArray, TokenArray, list of ndarray of shape (n_timesteps, n_features), \
            ndarray of shape (n_samples, n_timesteps, n_features) or \
            (n_samples, n_timesteps)
        The checked X.
    names : sequence of str or None
        Names of a step's features; None for 2-D X.

    Raises
    ------
    ValueError
        If X is not numeric, is empty, or differs from the X of fit in its layout or
        its features.
    TypeError
        If X holds tokens, where they are not taken.
    """
    refuse_lazy(X)
    if isinstance(X, list | tuple) and X:
        refuse_lazy(X[0], "X[0]")
    if isinstance(X, TokenArray) and not takes_tokens:
        raise TypeError(
            f"X holds tokens, and {type(estimator).__name__} reads numbers. Give the "
            "output of TokenSequence to RNNClassifier or RNNRegressor."
        )
    options = {"ensure_all_finite": ensure_all_finite, "input_name": "X"}
    if isinstance(X, (WindowedArray, TokenArray)):
        names = getattr(X, "feature_names", None)
        _check_features(estimator, X.shape[2], names, reset)
        if len(X) == 0:
            raise ValueError(
                f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 "
                f"is required by {type(estimator).__name__}."
            )
        return X, names
    if not reset and _is_like_fit(estimator, X, ensure_all_finite):
        return X, None
    sequences, names = sequences_of(X)
    if sequences is not None:
        arrays, names = _read_arrays(sequences, names, options)
        _check_features(estimator, arrays[0].shape[1], names, reset)
        return arrays, names
    if isinstance(X, list | tuple) and not X:
        raise ValueError(
            "Found array with 0 sample(s) (X is an empty list) while a minimum of 1 is "
            f"required by {type(estimator).__name__}."
        )
    if not hasattr(X, "shape"):
        X = _from_lists(X)
    if len(X.shape) == 3:
        with numbers_only(X, axes=_AXES):
            X = check_array(X, allow_nd=True, estimator=estimator, **options)
            X = as_numbers(X)
        _check_features(estimator, X.shape[2], None, reset)
        return X, None
    _refuse_shape(estimator, X)
    _check_layout(estimator, False, reset)
    options.pop("input_name")
    with numbers_only(X, axes=_AXES):
        return as_numbers(validate_data(estimator, X, reset=reset, **options)), None


def _is_like_fit(estimator, X, ensure_all_finite):
    """Whether there is nothing to say or to change about an X, which most often is so.

    The checks of scikit-learn take longer than the prediction of a single sample.
    """
    if type(X) is not np.ndarray or X.dtype not in (np.float32, np.float64):
        return False
    is_3d = X.ndim == 3
    return (
        ensure_all_finite is False
        and (is_3d or X.ndim == 2)
        and X.size > 0
        and estimator._is_3d == is_3d
        and estimator.n_features_in_ == X.shape[-1]
        # Else it is remarked that X has none.
        and not hasattr(estimator, "feature_names_in_")
    )


def _refuse_shape(estimator, X):
    """Say what to do with an X of another number of dimensions than two or three."""
    name = type(estimator).__name__
    if len(X.shape) == 1 and X.shape[0] > 0 and _holds_numbers(X):
        raise ValueError(
            f"Expected 2D array, got 1D array instead: X has shape {tuple(X.shape)}. "
            "If X is one series in time order, make_windows(X, window_length) cuts it "
            "into sequences. Reshape your data with numpy.reshape(X, (1, -1)) if it is "
            "a single sequence, (-1, 1) if each number is a sequence of one step."
        )
    if len(X.shape) == 0 and X.dtype == object:
        raise TypeError(
            f"X is a {type(X.item()).__name__}, and {name} takes arrays, data frames "
            "and lists: an iterator as list(X)."
        )
    if len(X.shape) > 3:
        raise ValueError(
            f"Found array with dim {len(X.shape)}, while {name} takes X of 2 or 3: "
            "(n_samples, n_timesteps) or (n_samples, n_timesteps, n_features). Got "
            f"shape {tuple(X.shape)}; X.reshape({X.shape[0]}, {X.shape[1]}, -1) makes "
            "one row of features of all that belongs to a step."
        )


def _holds_numbers(X):
    return getattr(X.dtype, "kind", "") in "fiub"


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


def time_order_of_samples(X: object) -> np.ndarray | None:
    """Tell what puts the samples in time order (ndarray of int), or None if they are.

    Parameters
    ----------
    X : object
        Whatever the user gave. Windows over a long table know the place of each.
    """
    if not isinstance(X, WindowedArray) or X.rank is None:
        return None
    return np.argsort(X.rank, kind="stable")


def _check_features(estimator, n_features, names, reset):
    _check_layout(estimator, True, reset)
    if n_features == 0:
        raise ValueError(
            "Found array with 0 feature(s) a step while a minimum of 1 is required "
            f"by {type(estimator).__name__}."
        )
    if names is not None and not reset:
        known = getattr(estimator, "feature_names_in_", None)
        if known is not None and list(known) == list(names):
            return  # a table for the checks below takes as long as a small prediction
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
            f"{layouts[is_3d]}. Give X in the layout of fit"
            + ("." if is_3d else "; a single sequence x is [x].")
        )


def _read_arrays(X, names, options):
    """Check every sequence of a ragged X; the feature names of the first are all's."""
    has_frames = hasattr(X[0], "columns")
    arrays = []
    for i, item in enumerate(X):
        with numbers_only(item, f"X[{i}]", _AXES[1:]):
            array = as_numbers(
                check_array(
                    item,
                    ensure_min_samples=0,
                    ensure_min_features=0,
                    **options | {"input_name": f"X[{i}]"},
                )
            )
        if arrays and array.shape[1] != arrays[0].shape[1]:
            raise ValueError(
                f"Every sequence must have the same features: X[0] has "
                f"{arrays[0].shape[1]}, X[{i}] has {array.shape[1]}."
            )
        if has_frames and list(getattr(item, "columns", [])) != list(names):
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
            "lengths as a list of 2-D arrays of shape (n_timesteps, n_features): of "
            "one feature, [numpy.reshape(x, (-1, 1)) for x in X]."
        ) from None
