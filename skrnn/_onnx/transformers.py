"""The transformers of sequences as converters of skl2onnx."""

import numpy as np
import pandas as pd
from skl2onnx import update_registered_converter
from skl2onnx._parse import _parse_sklearn
from skl2onnx.common._registration import register_converter, register_shape_calculator
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
from sklearn.base import BaseEstimator, TransformerMixin

from skrnn._onnx.converters import dtype_of, given_as, new_graph, read_inputs
from skrnn._onnx.graph import write
from skrnn._onnx.steps import steps_before, take_steps
from skrnn.reshape import FlattenSequence, TimeDistributed, ToSequence
from skrnn.windows import SlidingWindow


def _type_like(variable):
    """Type of the numbers made of a variable: single precision only if that is."""
    is_single = isinstance(variable.type, FloatTensorType)
    return FloatTensorType if is_single else DoubleTensorType


def _one_output(alias):
    """Return a parser of an operator that makes one output of all its inputs."""

    def parse(scope, model, inputs, custom_parsers=None):
        operator = scope.declare_local_operator(alias, model)
        operator.inputs = inputs
        kind = _type_like(inputs[0])
        operator.outputs.append(scope.declare_local_variable("variable", kind()))
        return operator.outputs

    return parse


def _write_one(value, operator, container, scope):
    variable = operator.outputs[0]
    value = value.cast(dtype_of(variable))
    write(value.graph, [value], container, scope, [variable])


# -- columns that are inputs of their own ---------------------------------------------


class JoinColumns(TransformerMixin, BaseEstimator):
    """Joins columns in double precision, as skl2onnx's own steps do not."""

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def transform(self, X):
        """Give X."""
        return X


def _join_type(operator):
    is_single = all(isinstance(item.type, FloatTensorType) for item in operator.inputs)
    return FloatTensorType if is_single else DoubleTensorType


def _shape_columns(operator):
    operator.outputs[0].type = _join_type(operator)([None, len(operator.inputs)])


def _convert_columns(scope, operator, container):
    graph = new_graph(scope)
    columns = [given_as(graph, variable) for variable in operator.inputs]
    _write_one(graph.concat(columns, 1), operator, container, scope)


# -- ToSequence -----------------------------------------------------------------------


def _shape_to_sequence(operator):
    model = operator.raw_operator
    shape = [None, model.n_timesteps_, model.n_step_features_]
    operator.outputs[0].type = _type_like(operator.inputs[0])(shape)


def _convert_to_sequence(scope, operator, container):
    model, graph = operator.raw_operator, new_graph(scope)
    columns = [given_as(graph, variable) for variable in operator.inputs]
    X = columns[0] if len(columns) == 1 else graph.concat(columns, 1)
    n_steps, n_features = model.n_timesteps_, model.n_step_features_
    if model._order == "time":
        X = X.reshape(0, n_steps, n_features)
    else:
        X = X.reshape(0, n_features, n_steps).transpose(0, 2, 1)
    _write_one(X, operator, container, scope)


# -- FlattenSequence ------------------------------------------------------------------


def _shape_flatten(operator):
    model = operator.raw_operator
    n_columns = model.n_features_in_
    if model._is_3d:
        n_columns *= model.n_timesteps_
    operator.outputs[0].type = _type_like(operator.inputs[0])([None, n_columns])


def _convert_flatten(scope, operator, container):
    model, graph = operator.raw_operator, new_graph(scope)
    x, lengths = read_inputs(model, operator.inputs, graph)
    if not model._is_3d:
        x = x.unsqueeze(2)
    n_steps, n_features = x.length(1), x.length(2)
    if lengths is not None:
        # The newest steps to the end.
        place = graph.range(n_steps) - (n_steps - lengths.reshape(-1, 1))  # (N, L)
        x = take_steps(x, place.at_least(0))
        x = graph.where((place >= 0).unsqueeze(2), x, np.nan)
    if model._is_3d:
        missing = (model.n_timesteps_ - n_steps).at_least(np.array([0]))
        before = graph.value(np.full((1, 1, 1), np.nan))
        before = before.expand(x.length(0), missing, n_features)
        x = graph.concat([before, x], axis=1)
    if model._pad != "nan":
        x = _fill_absent(x, model._pad)
    # A sequence that is too long does not fit into that many columns. 0 keeps the
    # number of samples: of one that is computed ONNX Runtime makes -1, and then more
    # samples of longer sequences.
    n_columns = model.n_features_in_ * (model.n_timesteps_ if model._is_3d else 1)
    _write_one(x.reshape(0, n_columns), operator, container, scope)


def _fill_absent(x, pad):
    """Replace steps of x (N, L, F) that are NaN in every feature."""
    graph, missing = x.graph, x.apply("IsNaN", dtype=bool).cast(np.float32)
    is_absent = missing.min(2) > 0  # (N, L)
    if pad == "edge":
        step = graph.range(x.length(1))
        present = graph.where(is_absent, np.array(-1), step, np.int64)
        # Of each step, itself and those before: (N, L, L).
        is_before = step.unsqueeze(1) >= step
        before = graph.where(is_before, present.unsqueeze(1), np.array(-1), np.int64)
        before = before.max(2)
        oldest = is_absent.cast(np.int64).apply("ArgMin", axis=1, keepdims=1)
        x = take_steps(x, graph.where(before >= 0, before, oldest))
        is_absent = is_absent & (present.max(1, keep=True) < 0)
    return graph.where(is_absent.unsqueeze(2), 0.0, x)


# -- TimeDistributed ------------------------------------------------------------------

_ROWS, _STEPS = "SkrnnStepsToRows", "SkrnnRowsToSteps"


def _parse_time_distributed(scope, model, inputs, custom_parsers=None):
    """Make rows of all steps, have them transformed, and make steps of those."""
    to_rows = scope.declare_local_operator(_ROWS, model)
    to_rows.inputs = inputs
    kind = _type_like(inputs[0])
    rows = scope.declare_local_variable("rows", kind())
    to_rows.outputs.append(rows)
    n_features = model.n_features_in_ if model._is_3d else 1
    rows.type = kind([None, n_features])
    made = _parse_sklearn(
        scope, model.transformer_, [rows], custom_parsers=custom_parsers
    )
    to_steps = scope.declare_local_operator(_STEPS, model)
    to_steps.inputs = [*inputs, made[0]]
    to_steps.outputs.append(scope.declare_local_variable("steps", kind()))
    # Of the steps that follow, the first that reads sequences wants the lengths too.
    return [*to_steps.outputs, *(inputs[1:] if model._is_3d else [])]


def _shape_rows(operator):
    model = operator.raw_operator
    n_features = model.n_features_in_ if model._is_3d else 1
    operator.outputs[0].type = _type_like(operator.inputs[0])([None, n_features])


def _shape_steps(operator):
    model = operator.raw_operator
    width, kind = _width_out(model), _type_like(operator.inputs[0])
    if model._is_3d:
        shape = [None, None, width]
    else:
        shape = [None, model.n_features_in_] + ([] if width == 1 else [width])
    operator.outputs[0].type = kind(shape)


def _width_out(model):
    """Count the features that the inner transformer makes of a step (int)."""
    n_features = model.n_features_in_ if model._is_3d else 1
    row = np.zeros((1, n_features))
    names = getattr(model.transformer_, "feature_names_in_", None)
    if names is not None:
        row = pd.DataFrame(row, columns=names)
    return model._transform_rows(row).shape[1]


def _convert_rows(scope, operator, container):
    model, graph = operator.raw_operator, new_graph(scope)
    x, _ = read_inputs(model, operator.inputs, graph)
    n_features = model.n_features_in_ if model._is_3d else 1
    _write_one(x.reshape(-1, n_features), operator, container, scope)


def _convert_steps(scope, operator, container):
    model, graph = operator.raw_operator, new_graph(scope)
    *given, made = operator.inputs
    x, lengths = read_inputs(model, given, graph)
    x = x if model._is_3d else x.unsqueeze(2)
    rows, width = given_as(graph, made), _width_out(model)
    shape = graph.shape(x.length(0), x.length(1), width)
    steps = graph.node("Reshape", rows, shape)
    missing = x.apply("IsNaN", dtype=bool).cast(np.float32)
    is_absent = missing.min(2, keep=True) > 0
    if lengths is not None:
        within = steps_before(lengths.reshape(-1), x.length(1)).unsqueeze(2)
        is_absent = is_absent | ~within
    steps = graph.where(is_absent, np.nan, steps)
    if not model._is_3d and width == 1:
        steps = steps.squeeze(2)
    _write_one(steps, operator, container, scope)


# -- SlidingWindow --------------------------------------------------------------------


def _refuse_windows(scope, model, inputs, custom_parsers=None):
    """Say why windows are not in a graph, before anything is made of them."""
    raise NotImplementedError(
        "SlidingWindow reads rows from before those it is given, which an ONNX model "
        "does not have. Export what comes after it, such as to_onnx(pipeline[1:]), and "
        "give the model windows of shape (n_samples, n_timesteps, n_features)."
    )


def check_convertible(steps):
    """Refuse windows and categories among the steps (list) of a pipeline.

    Raises
    ------
    NotImplementedError
        If there are any.
    """
    for step in steps:
        is_coded = isinstance(step, TimeDistributed) and step._coded
        is_coded = is_coded or (
            isinstance(step, ToSequence) and step._categories != "[]"
        )
        if is_coded:
            raise NotImplementedError(
                "No ONNX operators are known for the categories that "
                f"{type(step).__name__} was fitted on. Export the last step by itself, "
                "and give it what the others make."
            )
        if isinstance(step, SlidingWindow):
            _refuse_windows(None, step, None)


def register_transformers():
    """Tell skl2onnx of the transformers."""
    for model, shape, convert in (
        (JoinColumns, _shape_columns, _convert_columns),
        (ToSequence, _shape_to_sequence, _convert_to_sequence),
        (FlattenSequence, _shape_flatten, _convert_flatten),
    ):
        alias = f"Skrnn{model.__name__}"
        parser = _one_output(alias)
        update_registered_converter(model, alias, shape, convert, parser=parser)
    for model, parser in (
        (TimeDistributed, _parse_time_distributed),
        (SlidingWindow, _refuse_windows),
    ):
        alias = f"Skrnn{model.__name__}"
        # The parser makes other operators of it.
        update_registered_converter(
            model, alias, _shape_rows, _convert_rows, parser=parser
        )
    for alias, shape, convert in (
        (_ROWS, _shape_rows, _convert_rows),
        (_STEPS, _shape_steps, _convert_steps),
    ):
        register_converter(alias, convert)
        register_shape_calculator(alias, shape)
