"""FlattenSequence: sequences become named lag columns."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError

from skrnn import FlattenSequence, SlidingWindow
from tests.reshape.support import NAN, series

PADS = [
    ("nan", [[NAN, NAN, 1], [NAN, 1, 2], [1, 2, 3]]),
    ("edge", [[1, 1, 1], [1, 1, 2], [1, 2, 3]]),
    ("zero", [[0, 0, 1], [0, 1, 2], [1, 2, 3]]),
]


@pytest.mark.parametrize(("pad", "expected"), PADS)
def test_flatten_windows(pad, expected):
    index = pd.date_range("2024", periods=3)
    frame = pd.DataFrame({"temp": [1.0, 2, 3], "x": 0.0}, index)
    windows = SlidingWindow(3).fit_transform(frame)
    flatten = FlattenSequence(pad).set_output(transform="pandas")
    result = flatten.fit_transform(windows)
    assert result.index.equals(index)
    names = [f"{n}__lag{k}" for k in (2, 1, 0) for n in ("temp", "x")]
    assert list(result.columns) == names == list(flatten.get_feature_names_out())
    assert_array_equal(result.filter(like="temp"), expected)
    assert flatten.n_features_in_ == 2
    assert flatten.n_timesteps_ == 3
    assert_array_equal(flatten.transform(windows[[2, 0]]), result.iloc[[2, 0]])
    assert flatten.transform(windows[[2, 0]]).index.equals(index[[2, 0]])


@pytest.mark.parametrize(("pad", "expected"), PADS)
def test_flatten_lag_columns(pad, expected):
    X = np.array([[NAN, NAN, 1], [NAN, 1, 2], [1, 2, 3]])
    assert_array_equal(FlattenSequence(pad).fit_transform(X), expected)
    X = pd.DataFrame(X, index=list("pqr"), columns=["l2", "l1", "l0"])
    result = FlattenSequence(pad).set_output(transform="pandas").fit_transform(X)
    assert result.index.equals(X.index)
    assert result.columns.equals(X.columns)


def test_flatten_dense_and_ragged():
    dense = np.arange(12.0).reshape(2, 3, 2)
    flatten = FlattenSequence("zero").fit(dense)
    assert_array_equal(flatten.transform(dense), dense.reshape(2, 6))
    assert flatten.get_feature_names_out().tolist()[:2] == ["x0__lag2", "x1__lag2"]
    assert flatten.get_feature_names_out(["a", "b"])[-1] == "b__lag0"
    # Shorter sequences are absent in their oldest steps, in any layout.
    assert_array_equal(flatten.transform(dense[:, 1:])[0], [0, 0, 2, 3, 4, 5])
    assert_array_equal(flatten.transform([dense[0, 1:]])[0], [0, 0, 2, 3, 4, 5])
    ragged = [dense[0], dense[1, :0]]
    assert_array_equal(FlattenSequence("zero").fit_transform(ragged)[1], np.zeros(6))


def test_flatten_pads_every_absent_step_and_no_other():
    X = np.array([[[NAN], [1], [NAN], [2]], [[NAN]] * 4])
    edge = FlattenSequence("edge").fit_transform(X)
    assert_array_equal(edge, [[1, 1, 1, 2], [0, 0, 0, 0]])
    X = np.array([[[NAN, NAN], [NAN, 1]]])
    edge = FlattenSequence("edge").fit_transform(X)
    assert_array_equal(edge, [[NAN, 1, NAN, 1]])
    assert_array_equal(FlattenSequence("zero").fit_transform(X), [[0, 0, NAN, 1]])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_flatten_keeps_the_dtype(dtype):
    X = np.ones((2, 3, 1), dtype)
    assert FlattenSequence("edge").fit_transform(X).dtype == dtype
    windows = SlidingWindow(2).fit_transform(X[:, 0])
    assert FlattenSequence("edge").fit_transform(windows).dtype == windows.dtype


def test_flatten_does_not_write_to_its_input():
    X = np.array([[NAN, 1.0]])
    FlattenSequence("zero").fit_transform(X)
    assert np.isnan(X[0, 0])


def test_flatten_errors():
    frame = series(5)
    flatten = FlattenSequence().fit(SlidingWindow(3).fit_transform(frame))
    plain = FlattenSequence().fit(np.zeros((2, 3, 2)))
    with pytest.raises(ValueError, match="a sequence of 4 steps, but"):
        flatten.transform(SlidingWindow(4).fit_transform(frame))
    with pytest.raises(ValueError, match="has 1 features, but"):
        plain.transform(np.zeros((2, 3, 1)))
    with pytest.raises(ValueError, match="layout of fit"):
        flatten.transform(frame)
    with pytest.raises(ValueError, match="feature names should match"):
        flatten.transform(SlidingWindow(3).fit_transform(frame[["w", "v"]]))
    with pytest.raises(ValueError, match="'pad' parameter of FlattenSequence"):
        FlattenSequence("mean").fit(frame)
    with pytest.raises(NotFittedError):
        FlattenSequence().transform(frame)
