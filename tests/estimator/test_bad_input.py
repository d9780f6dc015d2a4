"""Bad input: a clear error of the usual kind, and the estimator as it was."""

import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.utils._param_validation import InvalidParameterError

from skrnn import RNNClassifier, RNNRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 5))
y = RNG.normal(size=30)
FAST = {"hidden_size": 4, "max_epochs": 2, "random_state": 0}


def with_value(array, value):
    array = array.copy()
    array.flat[7] = value
    return array


FAULTS = [
    (with_value(X, np.inf), y, None, ValueError, "infinity"),
    (X.astype(str), y, None, ValueError, r"strings such as '0.1.*numpy.asarray\(X"),
    (X + 1j, y, None, ValueError, "Complex data not supported"),
    (sparse.csr_array(X), y, None, TypeError, "[Ss]parse"),
    (X[:0], y[:0], None, ValueError, "0 sample"),
    (X[:, :0], y, None, ValueError, "0 feature"),
    (X[:, :, None][:, :, :0], y, None, ValueError, "0 feature|layout of fit"),
    (X[:, 0], y, None, ValueError, "Expected 2D array, got 1D array"),
    (X[:, :, None, None], y, None, ValueError, "dim 4"),
    ([[1.0, 2.0], [3.0]], [0, 1], None, ValueError, "list of 2-D arrays"),
    ([np.ones((2, 1)), np.ones((2, 3))], [0, 1], None, ValueError, r"X\[1\] has 3"),
    (X, y[:-1], None, ValueError, "inconsistent numbers of samples"),
    (X, None, None, ValueError, "requires y to be passed"),
    (X, with_value(y, np.nan), None, ValueError, "y contains NaN in 1 .* sample 7"),
    (X, [*y[:28], np.nan, np.nan], None, ValueError, r"NaN in 2 .*y.shift\(-2\)"),
    (X, [*y[:-1].tolist(), None], None, ValueError, r"NaN in 1 .*y.shift\(-1\)"),
    (X, [np.nan, *y[1:]], None, ValueError, "NaN in 1 of 30 .* differences"),
    (X, with_value(y, np.inf), None, ValueError, "y contains infinity.* Sample 7 is"),
    (X, np.full(30, "a"), None, ValueError, "strings such as 'a'.*RNNClassifier"),
    (X, iter(y.tolist()), None, TypeError, "y of RNNRegressor is a list_iterator"),
    (X, dict(enumerate(y)), None, TypeError, r"is a dict.*list\(y.values\(\)\)"),
    (X, y, np.zeros(30), ValueError, "[Ww]eight.*zero"),
    (X, y, -np.ones(30), ValueError, "[Nn]egative"),
    (X, y, np.ones(29), ValueError, "sample_weight.shape"),
    (X, y, with_value(np.ones(30), np.nan), ValueError, "NaN"),
]


def snapshot(model):
    state = vars(model).copy()
    if hasattr(model, "net_"):
        net = model.net_
        state["weights"] = copy.deepcopy(net.module_.state_dict())
        state["generator"] = net.module_.generator.get_state()
        state["epochs"] = len(net.history)
    return state


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name, value in first.items():
        if name == "weights":
            for key, tensor in value.items():
                assert torch.equal(tensor, second[name][key])
        elif name == "generator":
            assert torch.equal(value, second[name])
        else:
            assert value is second[name] or value == second[name]


@pytest.mark.parametrize(("X_", "y_", "weight", "error", "message"), FAULTS)
def test_a_failed_fit_changes_nothing(X_, y_, weight, error, message):
    unfitted = RNNRegressor(**FAST)
    fitted = clone(unfitted).fit(X, y)
    warm = clone(unfitted).set_params(warm_start=True).fit(X, y)
    for model, method in (
        (unfitted, "fit"),
        (fitted, "fit"),
        (warm, "fit"),
        (fitted, "partial_fit"),
    ):
        before = snapshot(model)
        with pytest.raises(error, match=message):
            getattr(model, method)(X_, y_, sample_weight=weight)
        assert_same(before, snapshot(model))


def test_a_diverging_continuation_is_undone():
    model = RNNRegressor(
        **FAST, warm_start=True, early_stopping=False, n_estimators=1
    ).fit(X, y)
    before = snapshot(model)
    expected = model.predict(X)
    model.net_.optimizer_.param_groups[0]["lr"] = float("inf")
    with pytest.raises(ArithmeticError, match="diverged"):
        model.fit(X, y)
    assert_same(before, snapshot(model))
    assert_array_equal(model.predict(X), expected)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (y, "continuous"),
        (np.column_stack([np.arange(30) % 3] * 2), "1d array.*MultiOutputClassifier"),
        (["a", None] * 15, "y contains NaN in 15 of 30 samples, .* sample 1"),
        ([1, 0] * 14 + [None, 0], "y contains NaN in 1 of 30 samples, .* sample 28"),
        (np.array([1, "a"] * 15, dtype=object), r"such as 1 \(int\) of sample 0"),
        (with_value(np.arange(30.0) % 2, np.nan), "NaN"),
    ],
)
def test_labels_that_are_none(labels, message):
    model = RNNClassifier(**FAST)
    with pytest.raises(ValueError, match=message):
        model.fit(X, labels)
    assert vars(model) == model.get_params()


def test_other_labels_in_a_warm_start():
    model = RNNClassifier(**FAST, warm_start=True).fit(X, np.arange(30) % 2)
    with pytest.raises(ValueError, match="not among the classes"):
        model.fit(X, np.arange(30) % 3)
    with pytest.raises(ValueError, match="fitted with one label a sample"):
        model.fit(X, RNG.integers(0, 2, (30, 3)))


@pytest.mark.parametrize(
    ("name", "values"),
    {
        "cell": ["LSTM", None],
        "hidden_size": [0, 2.5, None],
        "num_layers": [0],
        "bidirectional": ["yes"],
        "segment_length": [0, 2.5, "day"],
        "dropout": [1.0, -0.1, np.nan],
        "pooling": ["first"],
        "optimizer": ["lbfgs", 3],
        "learning_rate": [0, -1, np.nan],
        "momentum": [1.0],
        "weight_decay": [-1e-3],
        "max_grad_norm": [0],
        "batch_size": [0, "most", 1.5],
        "max_epochs": [0],
        "validation_fraction": [0.0, 1.0],
        "validation_gap": [-1],
        "n_iter_no_change": [0],
        "tol": [-1],
        "random_state": ["seed"],
        "dtype": ["float16"],
        "verbose": [-1],
    }.items(),
)
def test_parameters(name, values):
    for Estimator in (RNNRegressor, RNNClassifier):
        for value in values:
            model = Estimator(**{name: value})
            with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter"):
                model.fit(X, np.arange(30) % 2)


def test_other_parameters():
    with pytest.raises(InvalidParameterError, match="'loss'"):
        RNNRegressor(loss="cross_entropy").fit(X, y)
    with pytest.raises(InvalidParameterError, match="'decoder'"):
        RNNRegressor(decoder="recursive").fit(X, y)
    with pytest.raises(InvalidParameterError, match="'class_weight'"):
        RNNClassifier(class_weight="even").fit(X, np.arange(30) % 2)
    with pytest.raises(ValueError, match="device must be 'auto', 'cpu', 'cuda'"):
        RNNRegressor(device="gpu7x").fit(X, y)
    endless = RNNRegressor(**FAST, n_iter_no_change=np.inf).fit(X, y)
    assert endless.n_iter_ == 2
