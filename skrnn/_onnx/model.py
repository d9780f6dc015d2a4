"""A fitted estimator as nodes of a graph: networks, stacking, labels."""

import numpy as np

from skrnn._ensemble.network_ensemble import NetworkEnsemble
from skrnn._ensemble.stacking import Stacking
from skrnn._estimator.extremes import most_of_x
from skrnn._onnx.codes import coded
from skrnn._onnx.convolutions import classifier_logits
from skrnn._onnx.heads import deviation, location, quantiles
from skrnn._onnx.network import network_parameters
from skrnn._onnx.steps import read_steps
from skrnn._sequences.changed import FARTHEST
from skrnn._targets.heads import Labels


def parameters_of(estimator, x, lengths):
    """Parameters of the targets, as `BaseRNN._predict_outputs` gives them.

    Parameters
    ----------
    estimator : BaseRNN
        Fitted.
    x : Value of shape (N, L, F) of float64
        Sequences.
    lengths : Value of shape (N,) of int64, or None
        Steps of each.

    Returns
    -------
    Value of shape (N, n_targets, width) of float64
        NaN for a sample that the estimator would refuse.
    """
    graph, settings, model = x.graph, estimator.settings_.network, estimator._model
    allow_partial = settings.missing == "indicator"
    x = coded(x, estimator)
    steps = read_steps(x, lengths, allow_partial=allow_partial)
    if not settings.scale:
        most = most_of_x(settings.dtype, settings.instance_norm)
        steps = _refuse_beyond(steps, most)
    if settings.n_codes is not None:
        steps = _refuse_other_codes(steps, settings.n_codes)
    exponents = estimator._exponents
    x = steps.x.times_power_of_two(None if exponents is None else -exponents)
    steps = steps._replace(x=x.clip(-FARTHEST, FARTHEST))
    parameters = _network_outputs(model.networks, steps)
    if isinstance(model, Stacking):
        n_features = estimator.n_features_in_ if estimator._is_3d else 1
        *weights, of_networks = model.convolutions.shares.tolist()
        parameters = parameters * of_networks
        pairs = zip(weights, model.convolutions.classifiers, strict=True)
        for weight, classifier in pairs:
            if weight:
                logits = classifier_logits(classifier, steps, n_features)
                parameters = parameters + logits.unsqueeze(2) * weight
    elif not isinstance(model, NetworkEnsemble):
        raise NotImplementedError(
            f"No ONNX operators are known for a {type(model).__name__}."
        )
    is_fault = parameters.apply("IsNaN", dtype=bool)
    is_fault = is_fault | parameters.apply("IsInf", dtype=bool)
    is_faulty = is_fault.cast(np.float32).max(2).max(1) > 0  # (N,)
    is_faulty = (steps.is_faulty | is_faulty).unsqueeze(1, 2)
    return graph.where(is_faulty, np.nan, parameters)


def _refuse_beyond(steps, most):
    """Count sequences with a larger value among those that are refused."""
    is_beyond = (steps.x.apply("Abs") > most).cast(np.float32).max(2).max(1) > 0
    return steps._replace(is_faulty=steps.is_faulty | is_beyond)


def _refuse_other_codes(steps, n_codes):
    """Count sequences with what is no code among those that are refused."""
    is_code = np.array([n > 0 for n in n_codes])
    most = np.array([n - 1.0 if n else np.inf for n in n_codes])
    is_other = (steps.x.apply("Floor") < steps.x) | (steps.x < 0) | (steps.x > most)
    is_other = (is_other & is_code).cast(np.float32).max(2).max(1) > 0
    return steps._replace(is_faulty=steps.is_faulty | is_other)


def _network_outputs(networks, steps):
    """Weighted mean of the parameters of all networks."""
    total = None
    for net, weight in zip(networks.nets, networks.weights, strict=True):
        if not weight:
            continue
        part = network_parameters(net.module_, steps)
        part = part if len(networks.nets) == 1 else part * float(weight)
        total = part if total is None else total + part
    return total


def regressor_outputs(regressor, parameters):
    """What a regressor predicts.

    Parameters
    ----------
    regressor : RNNRegressor
        Fitted.
    parameters : Value of shape (N, n_outputs, width)
        Of `parameters_of`.

    Returns
    -------
    dict of Value
        By name: ``"variable"`` (N, n_outputs), and by the loss ``"std"`` (N, n_outputs)
        and ``"quantiles"`` (N, n_outputs, n_quantiles).
    """
    head, targets = regressor._head, regressor._targets
    outputs = {"variable": location(head, parameters)}
    outputs["std"] = deviation(head, parameters)
    outputs["quantiles"] = quantiles(head, parameters, targets.quantiles)
    if targets.exponents is not None:
        # Of each target: (k,), and (k, 1) for quantiles.
        exponents = targets.exponents
        shapes = {"variable": exponents, "std": exponents}
        shapes["quantiles"] = exponents[:, None]
    else:
        shapes = dict.fromkeys(outputs)
    return {
        name: _finite(value.times_power_of_two(shapes[name]))
        for name, value in outputs.items()
        if value is not None
    }


def _finite(value):
    """NaN in the place of what is beyond the largest float."""
    return value.graph.where(value.apply("IsInf", dtype=bool), np.nan, value)


def classifier_outputs(classifier, parameters, classes):
    """What a classifier predicts.

    Parameters
    ----------
    classifier : RNNClassifier
        Fitted.
    parameters : Value of shape (N, n_targets, 1)
        Of `parameters_of`.
    classes : ndarray of shape (n_targets,)
        Labels as `onnx_classes` gives them.

    Returns
    -------
    label : Value of shape (N,), or (N, n_labels) for several labels a sample
    probability : Value of shape (N, n_targets) of float64
    """
    logits = parameters.squeeze(2)
    if isinstance(classifier._head, Labels):
        probability = logits.apply("Sigmoid")
        return (probability > 0.5).cast(np.int64), probability
    probability = logits.apply("Softmax", axis=1)
    place = probability.apply("ArgMax", axis=1, keepdims=0, dtype=np.int64)
    return parameters.graph.value(classes).gather(place, 0), probability


def scores_of(classifier, parameters):
    """Scores (N, n_targets) of classes or labels, as skl2onnx gives raw scores.

    Parameters
    ----------
    classifier : RNNClassifier
        Fitted.
    parameters : Value of shape (N, n_targets, 1)
        Of `parameters_of`.
    """
    logits = parameters.squeeze(2)
    if len(classifier.classes_) != 2 or isinstance(classifier._head, Labels):
        return logits
    odds = logits.slice(1, 1, 2) - logits.slice(1, 0, 1)
    return logits.graph.concat([-odds, odds], axis=1)


def onnx_classes(classes):
    """Labels in one of the dtypes that labels of ONNX may have.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        As an estimator has them.

    Returns
    -------
    ndarray of shape (n_classes,) of int64 or object
        Whole numbers, where booleans and floats are such; or strings.

    Raises
    ------
    ValueError
        If they are neither.
    """
    values = classes.tolist()
    if all(isinstance(value, str) for value in values):
        return np.array(values, dtype=object)
    try:
        numbers = np.array([int(value) for value in values], np.int64)
    except (TypeError, ValueError, OverflowError):
        numbers = None
    if numbers is None or numbers.tolist() != values:
        raise ValueError(
            f"Labels of ONNX are strings or whole numbers, got the classes {values!r}. "
            "Fit the classifier on such labels, of scikit-learn's LabelEncoder for one."
        )
    return numbers
