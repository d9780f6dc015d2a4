"""Graphs of classifiers: labels, probabilities, random convolutions, stacking."""

import numpy as np
import pytest

from skrnn.onnx import to_onnx
from tests.onnx.support import (
    assert_near,
    classifier,
    inputs_of,
    run,
    sequences,
    session_of,
    with_gaps,
)

X = sequences(n_steps=14)
# Constant for a while, and all along: there a response is a bias to the last bit, or
# nothing but rounding.
X[16:20, 3:11] = X[16:20, 3:4]
X[20:] = X[20:, :1]
PLACE = np.arange(len(X)) % 3
NAMES = np.array(["up", "down", "sideways"])


def assert_same(model, X):
    """Assert that labels are equal and probabilities near, whatever is given."""
    session = session_of(to_onnx(model, lengths=True))
    for what, inputs, given in inputs_of(X):
        label, probability = session.run(["label", "probabilities"], inputs)
        wanted = model.predict_proba(given)
        np.testing.assert_array_equal(label, model.predict(given), err_msg=what)
        np.testing.assert_allclose(probability, wanted, rtol=1e-5, err_msg=what)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"n_estimators": 2, "loss": "focal"},
        {"n_kernels": 84},
        {"n_kernels": 252, "n_estimators": 2},
        {"n_kernels": 84, "missing": "indicator"},
        {"n_kernels": 84, "instance_norm": "standard"},
        {"n_kernels": 84, "scale": False},
    ],
    ids=str,
)
def test_every_option(options):
    assert_same(classifier(X, NAMES[PLACE], **options), X)


@pytest.mark.parametrize("n_features", [1, 12])
def test_few_channels_and_many(n_features):
    """With more than nine, a kernel never reads all of them."""
    many = sequences(n_steps=40, n_features=n_features)
    assert_same(classifier(many, PLACE, n_kernels=168), many)


def test_several_labels():
    labels = np.c_[PLACE > 0, PLACE > 1, PLACE == 1].astype(int)
    model = classifier(X, labels, n_kernels=84)
    assert_same(model, X)
    assert run(to_onnx(model), X=X)["label"].shape == labels.shape


@pytest.mark.parametrize(
    "classes",
    [
        NAMES,
        NAMES.astype(object),
        np.array([7, -1, 3], np.int8),
        np.array([False, True, True]),
        np.array([2.0, 0.0, 2.0]),
        np.array(["so", "", "é"]),
    ],
    ids=str,
)
def test_labels(classes):
    model = classifier(X, classes[PLACE])
    got = run(to_onnx(model), X=X)
    np.testing.assert_array_equal(got["label"], model.predict(X))
    assert_near(got["probabilities"], model.predict_proba(X))


def test_labels_that_onnx_does_not_have():
    model = classifier(X, np.array([0.5, 1.0, 2.0])[PLACE].astype(str))
    model.classes_ = np.array([0.5, 1.0, 2.0])
    with pytest.raises(ValueError, match="strings or whole numbers"):
        to_onnx(model)


def test_parts_that_do_not_count_are_left_out():
    model = classifier(X, PLACE, n_kernels=84)
    assert "Scan" in {node.op_type for node in to_onnx(model).graph.node}
    model.convolutions_.shares[:2] = 0.0
    assert "Scan" not in {node.op_type for node in to_onnx(model).graph.node}
    assert_same(model, X)


def test_what_is_refused_gives_nan():
    """Of convolutions too, for which NaN is only something that exceeds no bias."""
    model = classifier(X, PLACE, n_kernels=84)
    given = X[:3].copy()
    given[1, 5, 0] = np.nan
    probability = run(to_onnx(model), X=given)["probabilities"]
    assert np.isnan(probability[1]).all()
    assert_near(probability[[0, 2]], model.predict_proba(X[[0, 2]]))


def test_extreme_values_are_cut_off():
    model = classifier(X, PLACE, n_kernels=84)
    far = with_gaps(X) * 1e30
    probability = run(to_onnx(model), X=far)["probabilities"]
    assert_near(probability, model.predict_proba(far))
