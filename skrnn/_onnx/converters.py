"""The estimators as converters of skl2onnx."""

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
    guess_tensor_type,
)

from skrnn._onnx.graph import Graph, Value, write
from skrnn._onnx.model import (
    classifier_outputs,
    onnx_classes,
    parameters_of,
    regressor_outputs,
    scores_of,
)
from skrnn._targets.heads import Labels
from skrnn.classifier import RNNClassifier
from skrnn.regressor import RNNRegressor


def new_graph(scope):
    """Make a graph whose names nobody else has."""
    return Graph(f"skrnn/{scope.get_unique_variable_name('skrnn')}")


def given_as(graph, variable):
    """Make a value of a variable that an operator is given, of float64."""
    # Whether it is of single precision or of whole numbers is all the same to the node
    # that makes it double.
    return Value(graph, variable.full_name, dtype_of(variable)).cast(np.float64)


def dtype_of(variable):
    """Dtype of the numbers of a variable: double precision, or else single."""
    is_double = isinstance(variable.type, DoubleTensorType)
    return np.float64 if is_double else np.float32


def read_inputs(estimator, inputs, graph):
    """Give what an operator reads: sequences, and their lengths or None.

    Parameters
    ----------
    estimator : BaseEstimator
        Fitted on sequences.
    inputs : list of skl2onnx.common._topology.Variable
        The first one is 3-D if X was in fit, and a second one then has lengths; else
        all are columns.
    graph : Graph
        Of the values.

    Returns
    -------
    x : Value of shape (N, L, F) or (N, T) of float64
    lengths : Value of shape (N,) of int64, or None
    """
    name = type(estimator).__name__
    n_dimensions = 3 if estimator._is_3d else 2
    for variable in inputs[:1] if estimator._is_3d else inputs:
        shape = variable.type.shape
        if shape and len(shape) != n_dimensions:
            raise ValueError(
                f"{name} was fitted on {n_dimensions}-D X, and its input "
                f"{variable.raw_name!r} has the shape {list(shape)}. Give the type of "
                "an X as in fit."
            )
    if not estimator._is_3d:
        columns = [given_as(graph, variable) for variable in inputs]
        return columns[0] if len(columns) == 1 else graph.concat(columns, 1), None
    if len(inputs) > 2:
        raise ValueError(
            f"{name} was fitted on 3-D X, and takes that and the lengths of the "
            f"sequences as inputs, got {len(inputs)}."
        )
    lengths = None
    if len(inputs) == 2:
        is_long = isinstance(inputs[1].type, Int64TensorType)
        dtype = np.int64 if is_long else np.int32
        lengths = Value(graph, inputs[1].full_name, dtype).cast(np.int64)
    return given_as(graph, inputs[0]), lengths


def _parameters(operator, scope):
    estimator, graph = operator.raw_operator, new_graph(scope)
    x, lengths = read_inputs(estimator, operator.inputs, graph)
    x = x if estimator._is_3d else x.unsqueeze(2)
    return parameters_of(estimator, x, lengths)


def _write(outputs, operator, container, scope):
    """Hand over as many outputs as are declared: ensembles want the first only."""
    pairs = list(zip(outputs, operator.outputs, strict=False))
    outputs = [
        value.cast(dtype_of(variable)) if value.dtype.kind == "f" else value
        for value, variable in pairs
    ]
    write(outputs[0].graph, outputs, container, scope, operator.outputs)


# -- regressors -----------------------------------------------------------------------


def _parse_regressor(scope, model, inputs, custom_parsers=None):
    operator = scope.declare_local_operator(_REGRESSOR, model)
    operator.inputs = inputs
    for name in _shapes(model):
        kind = guess_tensor_type(inputs[0].type)
        operator.outputs.append(scope.declare_local_variable(name, kind))
    return operator.outputs


def _shapes(regressor):
    """Shapes of the outputs of a regressor, by name, in their order."""
    head, levels = regressor._head, regressor._targets.quantiles
    shapes = {"variable": [None, regressor.n_outputs_]}
    if hasattr(head, "std"):
        shapes["std"] = [None, regressor.n_outputs_]
    if hasattr(head, "quantiles"):
        shapes["quantiles"] = [None, regressor.n_outputs_, len(levels)]
    return shapes


def _shape_regressor(operator):
    shapes = _shapes(operator.raw_operator).values()
    for variable, shape in zip(operator.outputs, shapes, strict=False):
        variable.type = type(guess_tensor_type(operator.inputs[0].type))(shape)


def _convert_regressor(scope, operator, container):
    parameters = _parameters(operator, scope)
    outputs = regressor_outputs(operator.raw_operator, parameters)
    _write(outputs.values(), operator, container, scope)


# -- classifiers ----------------------------------------------------------------------


def _classes(classifier, options):
    """Labels as the graph gives them: numbers from 0 with the option ``nocl``."""
    if options["nocl"]:
        return np.arange(len(classifier.classes_))
    return onnx_classes(classifier.classes_)


def _shape_classifier(operator):
    classifier, outputs = operator.raw_operator, operator.outputs
    options = operator.scope_inst.get_options(
        classifier, {"zipmap": True, "nocl": False}
    )
    n_targets = len(classifier.classes_)
    is_string = _classes(classifier, options).dtype == object
    kind = StringTensorType if is_string else Int64TensorType
    is_multilabel = isinstance(classifier._head, Labels)
    outputs[0].type = kind([None, n_targets] if is_multilabel else [None])
    if len(outputs) > 1:
        kind = type(guess_tensor_type(operator.inputs[0].type))
        if options["zipmap"] is True:  # ONNX makes maps of single precision only
            kind = FloatTensorType
        outputs[1].type = kind([None, n_targets])


def _convert_classifier(scope, operator, container):
    classifier = operator.raw_operator
    options = container.get_options(classifier, {"raw_scores": False, "nocl": False})
    parameters = _parameters(operator, scope)
    classes = _classes(classifier, options)
    label, probability = classifier_outputs(classifier, parameters, classes)
    if options["raw_scores"]:
        probability = scores_of(classifier, parameters)
    _write([label, probability], operator, container, scope)


_REGRESSOR, _CLASSIFIER = "SkrnnRNNRegressor", "SkrnnRNNClassifier"


def register_estimators(kinds=(RNNRegressor, RNNClassifier)):
    """Tell skl2onnx of estimators, which it knows by their exact classes.

    Parameters
    ----------
    kinds : iterable of class, default=(RNNRegressor, RNNClassifier)
        These, and whatever is derived from them; others are left out.
    """
    for kind in kinds:
        if issubclass(kind, RNNRegressor):
            both = _shape_regressor, _convert_regressor
            update_registered_converter(
                kind, _REGRESSOR, *both, parser=_parse_regressor
            )
        if issubclass(kind, RNNClassifier):
            both = _shape_classifier, _convert_classifier
            update_registered_converter(kind, _CLASSIFIER, *both, options=_OPTIONS)


# Of skl2onnx, for classifiers.
_OPTIONS = {
    "zipmap": [True, False, "columns"],
    "nocl": [True, False],
    "output_class_labels": [True, False],
    "raw_scores": [True, False],
}
