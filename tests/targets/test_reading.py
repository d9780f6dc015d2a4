"""y that cannot be read, and classes in any container."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from skrnn import RNNClassifier, RNNRegressor

X = np.random.default_rng(0).normal(size=(30, 5))
y = X[:, 4]
LABELS = (y > 0).astype(int)
TIMES = pd.date_range("2026-01-01", periods=30)
FAST = {"hidden_size": 4, "max_epochs": 2, "n_estimators": 1, "random_state": 0}


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        (3.0, ValueError, r"must have the shape \(n_samples,\).*dim 0"),
        (np.array(3.0), ValueError, r"must have the shape \(n_samples,\).*dim 0"),
        (y[:, None, None], ValueError, r"y.reshape\(len\(y\), -1\)"),
        (sparse.csr_array(y[:, None]), TypeError, r"Sparse.* for y.*toarray\(\)"),
        (sparse.csr_array(LABELS[:, None]), TypeError, r"Sparse.* for y.*toarray\(\)"),
    ],
)
@pytest.mark.parametrize("Estimator", [RNNRegressor, RNNClassifier])
def test_targets_of_another_shape(Estimator, target, error, message):
    with pytest.raises(error, match=message):
        Estimator(**FAST).fit(X, target)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (TIMES, "y must hold numbers, but it holds times .*seconds since"),
        (TIMES - TIMES[0], r"it holds times .*total_seconds\(\)"),
        (np.arange(30).astype("m8[s]"), r"it holds times .*total_seconds\(\)"),
        (
            pd.DataFrame({"a": y, "b": TIMES}),
            "but column 'b' holds times",
        ),
        (
            pd.DataFrame({"a": y, "b": "x"}),
            "but column 'b' holds strings",
        ),
    ],
)
def test_targets_that_are_no_numbers(target, message):
    with pytest.raises(ValueError, match=message):
        RNNRegressor(**FAST).fit(X, target)


@pytest.mark.parametrize("missing", [None, pd.NA, np.nan])
@pytest.mark.parametrize("dtype", ["string", "str", "category", object])
@pytest.mark.parametrize(
    "holder",
    [pd.Series, pd.array, pd.Index, lambda *a, **k: pd.Series(*a, **k).to_frame()],
)
def test_labels_that_are_missing(holder, dtype, missing):
    labels = [*"ab" * 3, missing, *"ab" * 11, "a"]
    with pytest.raises(ValueError, match=r"NaN in 1 of 30 samples, .* sample 6"):
        RNNClassifier(**FAST).fit(X, holder(labels, dtype=dtype))


@pytest.mark.parametrize(
    "classes",
    [
        {0, 1},
        frozenset([1, 0]),
        {0: "down", 1: "up"}.keys(),
        range(2),
        (0, 1),
        pd.Series([1, 0]),
        pd.Index([0, 1]),
    ],
    ids=lambda classes: type(classes).__name__,
)
def test_classes_in_any_container(classes):
    model = RNNClassifier(**FAST).partial_fit(X, LABELS, classes=classes)
    assert_array_equal(model.classes_, [0, 1])
    model.partial_fit(X, LABELS, classes=classes)
    expected = RNNClassifier(**FAST).partial_fit(X, LABELS, classes=[0, 1])
    expected.partial_fit(X, LABELS)
    assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize("classes", [2, "ab"])
def test_classes_that_are_no_list(classes):
    with pytest.raises(ValueError, match="`classes` must list all labels"):
        RNNClassifier(**FAST).partial_fit(X, LABELS, classes=classes)


def test_new_labels_say_what_to_do():
    model = RNNClassifier(**FAST, warm_start=True).fit(X, LABELS)
    with pytest.raises(ValueError, match=r"(?s)\[3\].*warm_start.*`init`"):
        model.fit(X, np.where(LABELS, 3, 0))
    with pytest.raises(ValueError, match=r"(?s)\[3\].*partial_fit is told all of them"):
        model.partial_fit(X, np.where(LABELS, 3, 0))
    # What the error advises.
    again = RNNClassifier(**FAST, init=model).fit(X, np.where(LABELS, 3, 0))
    assert_array_equal(again.classes_, [0, 3])
