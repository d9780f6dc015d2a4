"""TimeDistributed: a transformer of rows sees every time step once."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from skrnn import SlidingWindow, TimeDistributed, ToSequence
from skrnn.exceptions import TabularInputWarning
from skrnn.windows import WindowedArray
from tests.reshape.support import NAN, series


class CountingScaler(StandardScaler):
    """Counts the rows it is given."""

    def fit(self, X, y=None):
        self.fitted_on_ = len(X)
        return super().fit(X, y)

    def transform(self, X):
        self.transformed_ = len(X)
        return super().transform(X)


def test_transformer_sees_every_row_once():
    rows = np.random.default_rng(0).normal(3, 2, (50, 2))
    windows = SlidingWindow(8).fit_transform(rows)
    step = TimeDistributed(CountingScaler()).fit(windows)
    lazy = step.transform(windows)
    assert isinstance(lazy, WindowedArray)
    assert step.transformer_.fitted_on_ == step.transformer_.transformed_ == 50
    expected = (np.asarray(windows) - rows.mean(0)) / rows.std(0)
    assert_allclose(lazy, expected, rtol=1e-12)
    assert lazy.stop is not None
    assert len(lazy.values) == 50


def test_transformer_sees_no_row_that_no_window_reads():
    rows = np.arange(50.0).reshape(-1, 1)
    windows = SlidingWindow(3).fit_transform(rows)
    step = TimeDistributed(CountingScaler()).fit(windows[10:20])
    assert step.transformer_.fitted_on_ == 12
    assert step.transformer_.mean_ == np.mean(rows[8:20])
    assert_allclose(
        step.transform(windows[10:20]),
        (np.asarray(windows)[10:20] - 13.5) / rows[8:20].std(),
    )
    windows = SlidingWindow(3, horizon=2).fit_transform(rows)
    assert TimeDistributed(CountingScaler()).fit(windows).transformer_.fitted_on_ == 48


def test_dense_ragged_and_lazy_agree():
    rows = np.random.default_rng(0).normal(3, 2, (30, 2))
    dense = np.asarray(SlidingWindow(8).fit_transform(rows))
    scaled = TimeDistributed().fit_transform(dense)
    present = dense[~np.isnan(dense[:, :, 0])]
    assert_allclose(scaled, (dense - present.mean(0)) / present.std(0), rtol=1e-10)
    pieces = [rows[:3], rows[3:3], rows[3:]]
    scaled = TimeDistributed().fit_transform(pieces)
    assert [len(piece) for piece in scaled] == [3, 0, 27]
    assert_allclose(np.concatenate(scaled), (rows - rows.mean(0)) / rows.std(0))


@pytest.mark.parametrize("missing", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_of_the_transformer_is_kept(dtype, missing):
    X = np.arange(12, dtype=dtype).reshape(2, 3, 2)
    if missing:
        X[0, 0] = NAN
    assert TimeDistributed().fit_transform(X).dtype == dtype
    assert TimeDistributed().fit_transform(X[:, :, 0]).dtype == dtype
    rows = X.reshape(-1, 2)
    windows = SlidingWindow(2).fit_transform(rows)
    assert TimeDistributed().fit_transform(windows).dtype == dtype


def test_two_dimensions_are_univariate_sequences():
    X = np.array([[NAN, 1.0, 3.0], [5.0, 7.0, 9.0]])
    step = TimeDistributed(StandardScaler())
    result = step.fit_transform(X)
    assert_allclose(result, (X - 5) / np.nanstd(X))
    assert step.get_feature_names_out().tolist() == ["x0", "x1", "x2"]
    squares = FunctionTransformer(lambda x: np.hstack([x, x**2]))
    result = TimeDistributed(squares).fit_transform(X)
    assert result.shape == (2, 3, 2)
    assert_array_equal(result[1], [[5, 25], [7, 49], [9, 81]])


def test_steps_may_change_their_features():
    X = series(10)
    X["kind"] = [0, 1] * 5
    transformer = ColumnTransformer(
        [("scale", StandardScaler(), ["v", "w"]), ("code", OneHotEncoder(), ["kind"])]
    )
    step = TimeDistributed(transformer)
    windows = SlidingWindow(3).fit_transform(X)
    lazy = step.fit_transform(windows)
    names = ["scale__v", "scale__w", "code__kind_0.0", "code__kind_1.0"]
    assert lazy.feature_names == list(step.get_feature_names_out()) == names
    assert lazy.index.equals(X.index)
    assert lazy.shape == (10, 3, 4)
    assert_allclose(lazy[9][:, :2], StandardScaler().fit_transform(X[["v", "w"]])[-3:])
    assert_array_equal(lazy[9][:, 2:], [[0, 1], [1, 0], [0, 1]])
    # Sparse output is made dense.
    sparse = TimeDistributed(OneHotEncoder()).fit_transform(windows[:, ...][5:])
    assert np.isin(np.asarray(sparse), [0, 1]).all()


def test_number_of_features_may_shrink():
    windows = SlidingWindow(3).fit_transform(series(10))
    lazy = TimeDistributed(PCA(1)).fit_transform(windows)
    assert lazy.shape == (10, 3, 1)
    assert lazy.feature_names == ["pca0"]
    unnamed = TimeDistributed(FunctionTransformer(lambda X: X)).fit_transform(windows)
    assert unnamed.feature_names is None


def test_imputer_fills_missing_features_not_absent_steps():
    X = np.array([[[NAN, NAN], [NAN, 1], [3, 5]]])
    result = TimeDistributed(SimpleImputer()).fit_transform(X)
    assert_array_equal(result, [[[NAN, NAN], [3, 1], [3, 5]]])


def test_no_present_step():
    step = TimeDistributed(CountingScaler())
    with pytest.raises(ValueError, match="no present step"):
        step.fit(np.full((3, 2, 1), NAN))
    step.fit(np.ones((3, 2, 1)))
    assert np.isnan(step.transform(np.full((3, 2, 1), NAN))).all()
    assert [len(item) for item in step.transform([np.zeros((0, 1))])] == [0]


@pytest.mark.parametrize(
    "function", [lambda X: X[1:], lambda X: np.ravel(X), lambda X: X[:, None], np.sum]
)
@pytest.mark.parametrize("layout", ["dense", "2-D", "ragged", "windows", "absent"])
def test_a_transformer_gives_a_row_for_each(function, layout):
    X = np.ones((4, 3, 1))
    X = {
        "dense": X,
        "2-D": X[:, :, 0],
        "ragged": [X[0], X[1, :2]],
        "windows": SlidingWindow(3).fit_transform(X[:, 0]),
        "absent": np.full((2, 3, 1), NAN),
    }[layout]
    step = TimeDistributed(FunctionTransformer(function))
    step.fit(np.ones((4, 3)) if layout == "2-D" else np.ones((4, 3, 1)))
    with pytest.raises(ValueError, match=r"FunctionTransformer.*made an output of"):
        step.transform(X)


def test_sparse_output_without_a_present_step():
    step = TimeDistributed(OneHotEncoder(handle_unknown="ignore"))
    step.fit(np.array([[[1.0], [2.0]]]))
    assert step.transform(np.full((3, 2, 1), NAN)).shape == (3, 2, 2)


@pytest.mark.parametrize("transformer", ["scaler", Ridge()])
def test_what_is_not_a_transformer_is_refused(transformer):
    with pytest.raises(ValueError, match="'transformer' parameter of TimeDistributed"):
        TimeDistributed(transformer).fit(np.ones((2, 3)))


def test_a_table_is_warned_of():
    hours = np.arange(48)
    table = pd.DataFrame({"wind": 5.5 + np.sin(hours), "hour": hours % 24})
    with pytest.warns(TabularInputWarning, match="read by TimeDistributed as one"):
        scaled = TimeDistributed().fit_transform(table)
    assert scaled.shape == table.shape
    # What it advises.
    steps = ToSequence(n_timesteps=1).fit_transform(table)
    scaled = TimeDistributed().fit_transform(steps)[:, 0]
    assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
