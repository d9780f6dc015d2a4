"""What is converted of a pipeline, and what it takes."""

import numpy as np
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from skrnn._onnx.transformers import JoinColumns
from skrnn.classifier import RNNClassifier
from skrnn.regressor import RNNRegressor
from skrnn.windows import WindowedArray

# Steps that see each column by itself, or join columns as they should.
_BY_COLUMN = (ColumnTransformer, OneHotEncoder, OrdinalEncoder)
_BY_COLUMN += (RNNClassifier, RNNRegressor)


def steps_of(estimator):
    """Steps (list of estimators) of a pipeline, or of the best one that was found."""
    if hasattr(estimator, "best_estimator_"):
        return steps_of(estimator.best_estimator_)
    if not isinstance(estimator, Pipeline):
        return [estimator]
    steps = []
    for _, step in estimator.steps:
        if step is not None and step != "passthrough":
            steps += steps_of(step)
    return steps


def check_kind(estimator):
    """Refuse what is no estimator of scikit-learn.

    Raises
    ------
    TypeError
        If it is none.
    """
    if isinstance(estimator, BaseEstimator):
        return
    name, inner = type(estimator).__name__, getattr(estimator, "estimator_", None)
    hint = ""
    if isinstance(inner, BaseEstimator):
        hint = (
            " Export its `estimator_`, which takes X of shape (n_samples, "
            "n_timesteps, n_features)."
        )
    raise TypeError(
        "to_onnx takes fitted estimators and pipelines of scikit-learn's kind, got "
        f"an object of type {name}.{hint}"
    )


def pipeline_of(steps, types):
    """Make what skl2onnx is to convert.

    Parameters
    ----------
    steps : list of estimators
        Fitted.
    types : list of (str, DataType)
        Inputs.

    Returns
    -------
    estimator or Pipeline
    """
    is_table = len(types) > 1 and not getattr(steps[0], "_is_3d", False)
    has_text = any(isinstance(kind, StringTensorType) for _, kind in types)
    if is_table and not has_text and not isinstance(steps[0], _BY_COLUMN):
        steps = [JoinColumns(), *steps]
    if len(steps) == 1:
        return steps[0]
    return Pipeline([(f"step{i}", step) for i, step in enumerate(steps)])


def input_types(steps, X, *, lengths):
    """Names and types of the inputs.

    Parameters
    ----------
    steps : list of estimators
        Fitted.
    X : array-like or None
        What the inputs are like; None for what they were in fit, in double precision.
    lengths : bool
        Whether the lengths of sequences are an input too.

    Returns
    -------
    list of (str, DataType)
    """
    first = steps[0]
    is_3d = getattr(first, "_is_3d", False)
    if lengths and not is_3d:
        raise ValueError(
            "lengths=True is for sequences of different lengths, and this "
            f"{type(first).__name__} was fitted on 2-D X, whose rows are all equally "
            "long. Set lengths=False; NaN stands for what is absent."
        )
    types = _fitted_types(first, is_3d) if X is None else _types_like(X)
    if is_3d:
        name, kind = types[0]
        kind.shape = [None, None, first.n_features_in_]
        types = [(name, kind)]
    return [*types, ("lengths", Int64TensorType([None]))] if lengths else types


def _fitted_types(first, is_3d):
    names = getattr(first, "feature_names_in_", None)
    if names is not None and not is_3d:
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
        return [(str(name), _type_like(X[name], [None, 1])) for name in X.columns]
    if isinstance(X, WindowedArray):
        X = X.values
    elif isinstance(X, (list, tuple)):  # of sequences, or of rows
        X = X[0]
    return [("X", _type_like(X, [None, *np.shape(X)[1:]]))]


def _type_like(values, shape):
    """Type of an input of that shape, of the dtype of some values."""
    values = np.asarray(values)
    if values.dtype.kind in "OUST":
        is_text = all(isinstance(value, str) for value in values.ravel())
        return (StringTensorType if is_text else DoubleTensorType)(shape)
    if values.dtype.kind == "f":
        is_single = values.dtype.itemsize <= 4
        return (FloatTensorType if is_single else DoubleTensorType)(shape)
    return Int64TensorType(shape)
