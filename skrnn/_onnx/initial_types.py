"""What a graph takes, by what an estimator was fitted on."""

import numpy as np
from skl2onnx.algebra.type_helper import guess_initial_types
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType
from sklearn.pipeline import Pipeline

from skrnn.windows import WindowedArray


def input_types(estimator, X, *, lengths):
    """Names and types of the inputs.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : array-like or None
        What its inputs are like; None for what they were in fit, in double precision.
    lengths : bool
        Whether the lengths of sequences are an input too.

    Returns
    -------
    list of (str, DataType)
    """
    first = _first_step(estimator)
    is_3d = getattr(first, "_is_3d", False)
    if lengths and not is_3d:
        raise ValueError(
            "lengths=True is for sequences of different lengths, and this "
            f"{type(estimator).__name__} was fitted on 2-D X, whose rows are all "
            "equally long. Set lengths=False; NaN stands for what is absent."
        )
    types = _fitted_types(estimator, first) if X is None else _types_like(X)
    if is_3d:
        name, kind = types[0]
        kind.shape = [None, None, first.n_features_in_]
        types = [(name, kind)]
    return [*types, ("lengths", Int64TensorType([None]))] if lengths else types


def _first_step(estimator):
    """The innermost of the steps that see X first."""
    while True:
        if isinstance(estimator, Pipeline):
            steps = [step for _, step in estimator.steps if _is_step(step)]
            if not steps:
                return estimator
            estimator = steps[0]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return estimator


def _is_step(step):
    return step is not None and step != "passthrough"


def _fitted_types(estimator, first):
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None and not getattr(first, "_is_3d", False):
        return [(str(name), DoubleTensorType([None, 1])) for name in names]
    n_features = getattr(first, "n_features_in_", None)
    if n_features is None:
        raise ValueError(
            f"A {type(first).__name__} does not tell how many columns it was fitted "
            "on. Give X, some rows of what the model will be given."
        )
    return [("X", DoubleTensorType([None, n_features]))]


def _types_like(X):
    if hasattr(X, "columns"):
        return guess_initial_types(X)
    if isinstance(X, WindowedArray):
        X = X.values[:1]
    elif isinstance(X, (list, tuple)):  # of sequences, or of rows
        X = X[0]
    return guess_initial_types(np.asarray(X))
