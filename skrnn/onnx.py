"""Fitted estimators as ONNX models, preprocessing inside.

It needs the packages of the extra ``skrnn[onnx]``. With the first import the estimators
and the transformers of sequences are registered as converters of skl2onnx, so that
``skl2onnx.to_onnx`` converts pipelines of them too.
"""

from __future__ import annotations

from os import PathLike

import onnx
from skl2onnx import convert_sklearn
from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from skrnn._onnx.converters import register_estimators
from skrnn._onnx.graph import LEAST_OPSET
from skrnn._onnx.pipelines import check_kind, input_types, pipeline_of, steps_of
from skrnn._onnx.transformers import check_convertible, register_transformers
from skrnn._typing import SequencesLike, SupportsFitPredict

__all__ = ["to_onnx"]

register_estimators()
register_transformers()


def to_onnx(
    estimator: SupportsFitPredict,
    X: SequencesLike | None = None,
    *,
    path: str | PathLike[str] | None = None,
    lengths: bool = False,
    target_opset: int = LEAST_OPSET,
) -> onnx.ModelProto:
    """Write a fitted estimator as an ONNX model.

    The whole way from the user's units and back is in the model: absent steps, scaling,
    the recurrence, pooling, all networks and random convolutions, the linear path, and
    labels. Whatever runs ONNX, such as ONNX Runtime, predicts with it; neither torch
    nor skrnn is needed there.

    Parameters
    ----------
    estimator : RNNRegressor, RNNClassifier, or Pipeline or search that ends in one
        Fitted. A pipeline is converted by skl2onnx, to which its other steps must be
        known.
    X : array-like, DataFrame, list of array-like or WindowedArray, default=None
        What the inputs are to be like: dtype, and names where it is a DataFrame; its
        values do not matter. None is double precision, and columns by name if the
        columns of fit had names.
    path : str or path-like, default=None
        Where to write the model too; None writes nothing.
    lengths : bool, default=False
        Whether a second input ``lengths``, int64 of shape (n_samples,), tells how many
        steps each sequence has; what stands behind them is then not read.
    target_opset : int, default=18
        Version of ONNX's operators, at least 18.

    Returns
    -------
    onnx.ModelProto
        The model. Its numbers of samples and steps are free.

    Raises
    ------
    NotImplementedError
        If a part of the model has no operators, such as `SlidingWindow`, which reads
        rows from before those it is given: export what comes after it.
    TypeError
        If `estimator` is none of scikit-learn's kind, such as a forecaster.
    ValueError
        If an argument is not as described, or labels are neither strings nor whole
        numbers.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.

    See Also
    --------
    skrnn.RNNRegressor : Recurrent network for regression.
    skrnn.RNNClassifier : Recurrent network for classification.

    Notes
    -----
    **Inputs.** ``X`` of shape (n_samples, n_timesteps, n_features) for 3-D, ragged and
    windowed X; (n_samples, n_timesteps) for 2-D X. If the columns of 2-D X have names,
    each is an input of its own, of shape (n_samples, 1), as skl2onnx has it; give an
    array as `X` for a single one. A step whose features are all NaN is absent. What the
    estimator refuses, infinity and steps that are missing in part, gives NaN, and the
    label of such a sample means nothing. For tokens X holds their numbers, one feature
    a step, as the arrays in a :class:`~skrnn.text.TokenArray` do; texts are split, by
    `TokenSequence`, before the graph. In the same way it holds the codes of categories
    that windows have, NaN where one is missing; categories that are numbers are given
    as these numbers. Words in columns of 2-D X, or in 3-D X, are refused.

    **Outputs**, named as skl2onnx names them: ``variable`` (n_samples, n_outputs) of a
    regressor, followed by ``std`` (n_samples, n_outputs) for ``loss="gaussian"`` and
    ``"student_t"``, and ``quantiles`` (n_samples, n_outputs, n_quantiles) for those and
    ``"quantile"``; ``label`` and ``probabilities`` of a classifier.

    **Precision.** Scaling and the linear path are computed in double precision, the
    recurrence in that of `dtype`. Predictions agree with those of the estimator to
    its rounding, 1e-5 of the largest output at the most. Where X is of single precision
    so are inputs and outputs.

    Examples
    --------
    >>> import numpy as np
    >>> from onnxruntime import InferenceSession
    >>> from skrnn import RNNRegressor
    >>> from skrnn.onnx import to_onnx
    >>> X = np.random.default_rng(0).normal(size=(40, 5, 2))
    >>> model = RNNRegressor(n_estimators=1, max_epochs=2).fit(X, X[:, -1, 0])
    >>> written = to_onnx(model).SerializeToString()
    >>> session = InferenceSession(written, providers=["CPUExecutionProvider"])
    >>> predicted = session.run(["variable"], {"X": X})[0]
    >>> predicted.shape, bool(np.allclose(predicted[:, 0], model.predict(X)))
    ((40, 1), True)
    """
    check_kind(estimator)
    check_is_fitted(estimator)
    steps = steps_of(estimator)
    check_convertible(steps)
    register_estimators({type(step) for step in steps})
    types = input_types(steps, X, lengths=lengths)
    try:
        model = convert_sklearn(
            pipeline_of(steps, types),
            name=type(estimator).__name__,
            initial_types=types,
            target_opset=target_opset,
            options={"zipmap": False} if is_classifier(estimator) else None,
        )
    except (MissingConverter, MissingShapeCalculator) as error:
        raise NotImplementedError(
            f"{str(error).splitlines()[0]} skl2onnx writes the other steps of a "
            "pipeline; register a converter of this one with it "
            "(skl2onnx.update_registered_converter), or export the steps after it."
        ) from error
    if path is not None:
        onnx.save(model, path)
    return model
