"""Sequences, fitted estimators whose weights are all of use, and running of graphs."""

import numpy as np
import onnxruntime
from onnx import helper

from skrnn import RNNClassifier, RNNRegressor
from skrnn._onnx.graph import LEAST_OPSET
from skrnn.onnx import to_onnx
from tests.support import shake

# How far predictions may be apart, as a share of the largest.
TOLERANCE = 1e-5


def sequences(n_samples=24, n_steps=6, n_features=2, seed=0):
    """Sequences far from zero, beside which they vary little."""
    rng = np.random.default_rng(seed)
    shape = n_samples, n_steps, n_features
    return 1e5 + 3 * rng.normal(size=shape)


def targets(X):
    """Two targets that no linear model finds."""
    Z = (X - 1e5) / 3
    return np.c_[np.sin(2 * Z[:, -1, 0]) * Z[:, 1, -1], np.abs(Z[:, 0, 0]) - 1]


def fitted(X, y, kind=RNNRegressor, **options):
    """A tiny estimator that is trained hardly at all, and then shaken."""
    base = {"hidden_size": 4, "max_epochs": 1, "n_estimators": 1, "random_state": 0}
    base["linear_steps" if kind is RNNRegressor else "n_kernels"] = None
    model = kind(**base | options).fit(X, y)
    for net in model.nets_:
        shake(net.module_)
    return model


def classifier(X, y, **options):
    """The same for classes; convolutions count as much as the network."""
    model = fitted(X, y, RNNClassifier, **options)
    if model.convolutions_ is not None:
        model.convolutions_.shares[:] = 1.0
    return model


def with_gaps(X, share=0.4, seed=1):
    """The same with absent steps anywhere, and a sample that has none present."""
    X = X.copy()
    X[np.random.default_rng(seed).random(X.shape[:2]) < share] = np.nan
    X[1] = np.nan
    return X


def session_of(model):
    """ONNX Runtime over an ONNX model."""
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def run(model, **inputs):
    """Outputs of an ONNX model by name."""
    session = session_of(model)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def inputs_of(X, seed=2):
    """What one model may be given, and what the estimator is given for the same.

    Yields
    ------
    what : str
    inputs : dict
        Of a model with lengths.
    X : ndarray or list of ndarray
    """
    n_samples, n_steps = X.shape[:2]
    full = np.full(n_samples, n_steps)
    lengths = np.random.default_rng(seed).integers(0, n_steps + 1, n_samples)
    behind = X.copy()
    behind[np.arange(n_steps) >= lengths[:, None]] = np.inf  # not read
    ragged = [x[:n] for x, n in zip(X, lengths, strict=True)]
    gaps, longer = with_gaps(X), np.concatenate([X[:9], X[9:18]], axis=1)
    yield "dense", {"X": X, "lengths": full}, X
    yield "gaps", {"X": gaps, "lengths": full}, gaps
    yield "ragged", {"X": behind, "lengths": lengths}, ragged
    yield "longer", {"X": longer, "lengths": 2 * full[:9]}, longer
    yield "one step of one", {"X": X[:1, :1], "lengths": full[:1]}, X[:1, :1]
    yield "no step", {"X": X[:2, :0], "lengths": full[:2]}, X[:2, :0]


def assert_near(got, wanted, what=""):
    """Equal but for rounding, beside the largest number."""
    assert got.shape == wanted.shape, what
    error = np.abs(got - wanted).max()
    assert error <= TOLERANCE * np.abs(wanted).max(), f"{what}: {error:.2g}"


def assert_predicts(model, X):
    """Assert that a regressor's graph predicts what it does, whatever it is given."""
    session = session_of(to_onnx(model, lengths=True))
    names = [output.name for output in session.get_outputs()]
    for what, inputs, given in inputs_of(X):
        got = dict(zip(names, session.run(names, inputs), strict=True))
        wanted = {"variable": model.predict(given)}
        if model.loss in ("gaussian", "student_t"):
            wanted["std"] = model.predict(given, return_std=True)[1]
        if model.loss in ("gaussian", "student_t", "quantile"):
            wanted["quantiles"] = model.predict_quantiles(given)
        assert got.keys() == wanted.keys()
        for name, value in wanted.items():
            assert_near(got[name], value, f"{name}, {what}")


def evaluate(graph, outputs, **inputs):
    """Compute values of a `Graph` from arrays that its inputs are named after."""

    def described(values, dtypes):
        return [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), None
            )
            for name, dtype in zip(values, dtypes, strict=True)
        ]

    names = [value.name for value in outputs]
    made = helper.make_graph(
        graph.nodes,
        "test",
        described(inputs, [array.dtype for array in inputs.values()]),
        described(names, [value.dtype for value in outputs]),
        list(graph.constants.values()),
    )
    opsets = [helper.make_opsetid("", LEAST_OPSET)]
    version = helper.find_min_ir_version_for(opsets)
    model = helper.make_model(made, opset_imports=opsets, ir_version=version)
    return session_of(model).run(names, inputs)
