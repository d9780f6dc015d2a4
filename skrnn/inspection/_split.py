"""Where in a pipeline sequences begin: what makes them, and what reads them."""

import copy
from typing import NamedTuple

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skrnn._sequences.nested import sequences_of
from skrnn._sequences.tokens import TokenArray
from skrnn.inspection._fitted import as_layout, lag_names, unwrapped
from skrnn.windows._array import WindowedArray

# Their arrays have steps last, which nothing about the array tells.
_OF_SKTIME = (
    "permutation_importance takes estimators of scikit-learn's kind and RNNForecaster, "
    "and {name} is one of sktime's. Of a panel estimator of this package, give its "
    "estimator_ and sequences of shape (n_samples, n_timesteps, n_features)."
)


class Split(NamedTuple):
    """An estimator that reads sequences, and these."""

    estimator: object  # fitted
    X: object
    step_names: list
    feature_names: list


def split_at_sequences(estimator, X):
    """Do what a pipeline does until there are sequences.

    Parameters
    ----------
    estimator : estimator
        Fitted: whatever scikit-learn knows, a pipeline or a search too.
    X : object
        What its ``predict`` is given.

    Returns
    -------
    Split
        X as it is given, and the whole estimator, where no step gives sequences.
    """
    estimator = unwrapped(estimator)
    if hasattr(estimator, "get_tag"):
        raise TypeError(_OF_SKTIME.format(name=type(estimator).__name__))
    check_is_fitted(estimator)
    reader, given = _reader(estimator, X)
    if not _is_sequences(given):
        reader, given = estimator, X
    names = getattr(given, "feature_names", None)
    return Split(reader, given, *_names(reader, given, names))


def _reader(estimator, X):
    """The part of an estimator that reads sequences, and what it is given."""
    estimator = unwrapped(estimator)
    if isinstance(estimator, TransformedTargetRegressor):
        reader, X = _reader(estimator.regressor_, X)
        estimator = copy.copy(estimator)
        estimator.regressor_ = reader
        return estimator, X
    if not isinstance(estimator, Pipeline):
        return estimator, X
    steps = [step for step in estimator.steps if step[1] not in (None, "passthrough")]
    for place, (_, step) in enumerate(steps[:-1]):
        if _is_sequences(X):
            return _rest(steps[place:]), X
        X = step.transform(X)
    return _reader(steps[-1][1], X) if _is_sequences(X) else (estimator, X)


def _rest(steps):
    return steps[0][1] if len(steps) == 1 else Pipeline(steps)


def _is_sequences(X):
    if isinstance(X, (WindowedArray, TokenArray)):
        return True
    X = as_layout(X)
    return isinstance(X, list) or X.ndim == 3


def _names(reader, X, names):
    """Names of steps and features (two lists of str)."""
    if not _is_sequences(X):
        columns = getattr(X, "columns", None)
        n_columns = np.shape(X)[1] if np.ndim(X) == 2 or columns is not None else 0
        if n_columns == 0:
            raise ValueError(
                f"X must hold sequences or columns of lags; got {type(X).__name__} of "
                f"shape {np.shape(X)}."
            )
        if columns is None:
            columns = getattr(reader, "feature_names_in_", lag_names(n_columns))
        return [str(name) for name in columns], ["x0"]
    layout = as_layout(X)
    if isinstance(layout, list):
        n_steps, n_features = max(map(len, layout)), layout[0].shape[1]
        names = sequences_of(X)[1]
    else:
        n_steps, n_features = layout.shape[1:]
    if names is None:
        names = getattr(reader, "feature_names_in_", None)
    if names is None or len(names) != n_features:
        names = [f"x{i}" for i in range(n_features)]
    return lag_names(n_steps), [str(name) for name in names]
