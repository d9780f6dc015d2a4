"""The public function: what it takes, what it gives, and what it says."""

import subprocess
import sys

import numpy as np
import onnx
import pandas as pd
import polars
import pytest
from skl2onnx import get_latest_tested_opset_version
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import nn

from skrnn import RNNRegressor
from skrnn._onnx.graph import LEAST_OPSET
from skrnn.onnx import to_onnx
from skrnn.sktime import RNNPanelRegressor
from tests.onnx.support import assert_near, fitted, run, sequences, targets

X = sequences()
Y = targets(X)


@pytest.fixture(scope="module")
def model():
    return fitted(X, Y, segment_length=2, dtype="float64")


@pytest.mark.parametrize("opset", [LEAST_OPSET, get_latest_tested_opset_version()])
def test_opsets(model, opset):
    made = to_onnx(model, target_opset=opset)
    onnx.checker.check_model(made, full_check=True)
    assert [item.version for item in made.opset_import if not item.domain] == [opset]
    assert_near(run(made, X=X)["variable"], model.predict(X))


def test_an_opset_that_is_too_low(model):
    with pytest.raises(ValueError, match="target_opset=17 is too low"):
        to_onnx(model, target_opset=17)


def test_it_is_written(model, tmp_path):
    path = tmp_path / "model.onnx"
    made = to_onnx(model, path=path)
    assert path.read_bytes() == made.SerializeToString()


def test_shapes_are_free(model):
    made = to_onnx(model, lengths=True)
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in [*made.graph.input, *made.graph.output]
    }
    assert shapes == {"X": [0, 0, 2], "lengths": [0], "variable": [0, 2]}


def test_what_X_is_like_may_be_shown(model):
    ragged, single = list(X), X.astype(np.float32)
    assert to_onnx(model, ragged) == to_onnx(model, X) == to_onnx(model)
    kinds = [
        to_onnx(model, given).graph.input[0].type.tensor_type.elem_type
        for given in (X, single)
    ]
    assert kinds == [onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT]


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        ("f2", "FLOAT"),
        ("f4", "FLOAT"),
        ("f8", "DOUBLE"),
        ("u1", "INT64"),
        (bool, "INT64"),
    ],
)
def test_dtypes_of_inputs(model, dtype, kind):
    kinds = [
        to_onnx(model, given).graph.input[0].type.tensor_type.elem_type
        for given in (np.zeros((1, 2, 2), dtype), [np.zeros((3, 2), dtype)])
    ]
    assert kinds == [getattr(onnx.TensorProto, kind)] * 2


# So scikit-learn 1.6 announces a change in 1.7.
@pytest.mark.filterwarnings(r"ignore:\s*The format of the columns of the 'remainder'")
def test_frames_of_other_libraries():
    """And columns of text, which a step before the network makes numbers of."""
    frame = polars.DataFrame({"a": X[:, 0, 0], "b": X[:, 0, 1], "c": ["u", "v"] * 12})
    codes = ColumnTransformer(
        [("words", OneHotEncoder(sparse_output=False), ["c"])],
        remainder="passthrough",
    )
    table = pd.DataFrame(frame.to_dict(as_series=False))
    network = RNNRegressor(hidden_size=2, max_epochs=1, n_estimators=1)
    made = make_pipeline(codes, StandardScaler(), network).fit(table, Y[:, 0])
    given = {name: table[[name]].to_numpy() for name in table}
    got = run(to_onnx(made, frame), **given)["variable"]
    assert_near(got[:, 0], made.predict(table))


def test_what_is_no_estimator_of_scikit_learn():
    panel = RNNPanelRegressor(RNNRegressor(hidden_size=2, max_epochs=1))
    panel.fit(X.transpose(0, 2, 1), Y[:, 0])
    with pytest.raises(TypeError, match=r"type RNNPanelRegressor.*its `estimator_`"):
        to_onnx(panel)
    assert_near(
        run(to_onnx(panel.estimator_), X=X)["variable"][:, 0],
        panel.predict(X.transpose(0, 2, 1)),
    )
    with pytest.raises(TypeError, match="type dict"):
        to_onnx({})


def test_lengths_are_of_sequences():
    rows = fitted(X[:, :, 0], Y)
    with pytest.raises(ValueError, match="lengths=True"):
        to_onnx(rows, lengths=True)


def test_it_must_be_fitted():
    with pytest.raises(NotFittedError):
        to_onnx(RNNRegressor())


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda network: setattr(network, "filter", nn.Linear(1, 1)), "filter"),
        (lambda network: setattr(network.pool, "kind", "median"), "median"),
        (lambda network: setattr(network, "target_head", nn.ReLU()), "ReLU"),
        (
            lambda network: setattr(network.stack.layers[0], "norm", nn.Linear(1, 1)),
            "Linear",
        ),
    ],
)
def test_a_part_without_operators_is_refused(spoil, said):
    spoiled = fitted(X, Y)
    spoil(spoiled.nets_[0].module_)
    with pytest.raises(NotImplementedError, match=said):
        to_onnx(spoiled)


def test_neither_torch_nor_skrnn_is_needed_to_predict(model, tmp_path):
    path, rows, predicted = (tmp_path / name for name in ("m.onnx", "x.npy", "y.npy"))
    to_onnx(model, path=path)
    np.save(rows, X)
    code = (
        "import sys, numpy as np, onnxruntime;"
        "session = onnxruntime.InferenceSession(sys.argv[1]);"
        "found = session.run(['variable'], {'X': np.load(sys.argv[2])})[0];"
        "np.save(sys.argv[3], found);"
        "assert not {'torch', 'skrnn', 'sklearn'} & set(sys.modules)"
    )
    # Outside of the repository, whose modules would be found.
    subprocess.run(
        [sys.executable, "-c", code, path, rows, predicted], check=True, cwd=tmp_path
    )
    assert_near(np.load(predicted), model.predict(X))
