"""ToSequence, FlattenSequence and TimeDistributed."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from skrnn import (
    FlattenSequence,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
    ToSequence,
    make_windows,
)
from skrnn.windows import WindowedArray, check_no_lookahead

NAN = np.nan


def series(n=20):
    index = pd.date_range("2024", periods=n, freq="h")
    return pd.DataFrame({"v": np.sin(np.arange(n)), "w": np.arange(float(n))}, index)


# --- ToSequence --------------------------------------------------------------------


def test_to_sequence():
    X = np.arange(24).reshape(2, 12)
    by_time = ToSequence(n_features=3).fit_transform(X)
    assert_array_equal(by_time, X.reshape(2, 4, 3))
    assert by_time.dtype == X.dtype
    by_feature = ToSequence(4, order="feature").fit_transform(X)
    assert_array_equal(by_feature, X.reshape(2, 3, 4).transpose(0, 2, 1))
    assert ToSequence().fit_transform(X).shape == (2, 12, 1)
    assert ToSequence(4, 3).fit_transform(X).shape == (2, 4, 3)
    assert_array_equal(FlattenSequence().fit_transform(by_time), X)


def test_to_sequence_names():
    X = pd.DataFrame(np.zeros((2, 4)), columns=list("abcd"))
    assert ToSequence(2).fit(X).get_feature_names_out().tolist() == ["x0", "x1"]
    assert ToSequence(1).fit(X).get_feature_names_out().tolist() == list("abcd")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_timesteps": 5}, "12 columns, which are not n_timesteps=5 times"),
        ({"n_features": 5}, "12 columns"),
        ({"n_timesteps": 3, "n_features": 3}, "12 columns"),
        ({"n_timesteps": 24}, "12 columns"),
        ({"n_timesteps": 0}, "'n_timesteps' parameter"),
        ({"order": "both"}, "'order' parameter"),
    ],
)
def test_to_sequence_errors(parameters, message):
    with pytest.raises(ValueError, match=message):
        ToSequence(**parameters).fit(np.zeros((2, 12)))


def test_to_sequence_refuses_sequences():
    with pytest.raises(ValueError, match="ToSequence expects a 2-D X"):
        ToSequence().fit(np.zeros((2, 3, 4)))
    with pytest.raises(NotFittedError):
        ToSequence().transform(np.zeros((2, 3)))


# --- FlattenSequence ---------------------------------------------------------------


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


@pytest.mark.parametrize("by", ["method", "configuration"])
@pytest.mark.parametrize("transform", ["pandas", "polars"])
def test_set_output_on_a_whole_pipeline(transform, by):
    X = series(6)
    model = make_pipeline(
        SlidingWindow(2), TimeDistributed(StandardScaler()), FlattenSequence("edge")
    )
    if by == "method":
        result = model.set_output(transform=transform).fit_transform(X)
    else:
        with sklearn.config_context(transform_output=transform):
            result = model.fit_transform(X)
    names = ["v__lag1", "w__lag1", "v__lag0", "w__lag0"]
    assert isinstance(
        result, {"pandas": pd.DataFrame, "polars": pl.DataFrame}[transform]
    )
    assert list(result.columns) == names == list(model.get_feature_names_out())
    if transform == "pandas":
        assert result.index.equals(X.index)
    scaled = StandardScaler().fit_transform(X)
    assert_allclose(result.to_numpy()[:, 2:], scaled)


def test_to_sequence_in_a_pipeline_with_set_output():
    model = make_pipeline(StandardScaler(), ToSequence(n_features=2))
    result = model.set_output(transform="pandas").fit_transform(np.eye(4))
    assert result.shape == (4, 2, 2)


def test_feature_union_of_flat_windows():
    union = FeatureUnion(
        [("edge", FlattenSequence("edge")), ("nan", FlattenSequence())]
    )
    result = make_pipeline(SlidingWindow(2), union).fit_transform(series(5))
    assert result.shape == (5, 8)


# --- TimeDistributed ---------------------------------------------------------------


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


def test_history_is_transformed_as_its_rows_were():
    X = series(12)
    model = make_pipeline(SlidingWindow(3), TimeDistributed(StandardScaler())).fit(
        X[:8]
    )
    scaler = StandardScaler().fit(X[:8])
    assert_allclose(model.transform(X[8:])[0], scaler.transform(X[6:9]))


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


def test_time_distributed_in_a_grid_and_in_a_pickle():
    X = series(40)
    model = make_pipeline(
        SlidingWindow(3), TimeDistributed(PCA(1)), FlattenSequence("zero"), Ridge()
    )
    grid = {"timedistributed__transformer__n_components": [1, 2]}
    search = GridSearchCV(model, grid, cv=TimeSeriesSplit(3)).fit(
        X, X["v"].shift(-1, fill_value=0)
    )
    assert search.best_params_["timedistributed__transformer__n_components"] in (1, 2)
    again = pickle.loads(pickle.dumps(search))
    assert_array_equal(again.predict(X), search.predict(X))


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


# --- all together ------------------------------------------------------------------


@pytest.mark.parametrize(
    "split", [TimeSeriesSplit(3), TimeSeriesSplit(3, gap=2), KFold(3)]
)
def test_main_job(split):
    X = series(60)[["v"]]
    grid = {"slidingwindow__window_length": [2, 6]}
    recurrent = RNNRegressor("gru", 6, max_epochs=2, random_state=0)
    for last in (
        [recurrent],
        [TimeDistributed(StandardScaler()), recurrent],
        [FlattenSequence(pad="edge"), RandomForestRegressor(5, random_state=0)],
        [FlattenSequence(pad="zero"), StandardScaler(), Ridge()],
    ):
        model = make_pipeline(SlidingWindow(horizon=1), *last)
        model.set_output(transform="pandas")
        search = GridSearchCV(model, grid, cv=split, error_score="raise")
        search.fit(X, X["v"])
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert np.isfinite(cross_val_score(model, X, X["v"], cv=split)).all()


def test_one_model_over_windows_made_once():
    X, Y = make_windows(series(60), 4, fh=3, target="v")
    model = make_pipeline(TimeDistributed(StandardScaler()), FlattenSequence(), Ridge())
    model.fit(X[:40], Y[:40])
    assert model.score(X[40:], Y[40:]) > 0.9


def test_no_lookahead():
    X = series(40)
    y = X["v"].cumsum()
    network = RNNRegressor("gru", 4, max_epochs=2, random_state=0)
    scale = TimeDistributed(StandardScaler())
    for last in (
        [network],
        [scale, network],
        [scale, FlattenSequence("edge"), Ridge()],
    ):
        good = make_pipeline(SlidingWindow(4, horizon=1), *last)
        check_no_lookahead(good, X, y, horizon=1, n_cuts=5)
    smooth = FunctionTransformer(
        lambda X: X.rolling(5, center=True, min_periods=1).mean()
    )
    with pytest.raises(AssertionError, match=r"the prediction of row \d+ "):
        check_no_lookahead(make_pipeline(smooth, good), X, y)
