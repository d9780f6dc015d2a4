"""SlidingWindow: one window a row, as a transformer of scikit-learn."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn import FlattenSequence, SlidingWindow
from skrnn.exceptions import TargetInWindowWarning
from skrnn.windows import WindowedArray
from tests.windows.support import HOURS, NAN, column, frame, ridge_over_windows, table


def test_every_row_gets_the_rows_up_to_it():
    W = SlidingWindow(3).fit_transform(column(0, 1, 2, 3))
    assert_array_equal(table(W), [[NAN, NAN, 0], [NAN, 0, 1], [0, 1, 2], [1, 2, 3]])


def test_horizon_leaves_out_the_newest_rows():
    W = SlidingWindow(2, horizon=2).fit_transform(column(0, 1, 2, 3))
    assert_array_equal(table(W), [[NAN, NAN], [NAN, NAN], [NAN, 0], [0, 1]])


def test_row_that_is_not_read_may_be_nan():
    X = frame(HOURS[:4], [0, 1, 2, NAN])
    window = SlidingWindow(2, horizon=1).fit(X[:3])
    assert_array_equal(table(window.transform(X[3:])), [[1, 2]])
    assert_array_equal(table(window.fit_transform(X))[3], [1, 2])


def test_default_parameters():
    assert SlidingWindow().get_params() == {
        "window_length": 24,
        "horizon": 0,
        "freq": None,
        "history": "warn",
        "known": None,
        "partial_steps": "absent",
        "series": None,
        "time": None,
    }


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_float_dtype_is_kept(dtype):
    X = column(1, 2, 3).astype(dtype)
    W = SlidingWindow(2).fit_transform(X)
    assert W.dtype == dtype
    assert np.asarray(W).dtype == W[0].dtype == W.gather([0]).dtype == dtype
    assert np.shares_memory(W.values, X)


@pytest.mark.parametrize("dtype", ["int8", "uint64", "bool"])
def test_whole_numbers_give_float64(dtype):
    W = SlidingWindow(2).fit_transform(column(0, 1, 1).astype(dtype))
    assert W.dtype == np.asarray(W).dtype == W[2].dtype == "float64"
    assert_array_equal(table(W), [[NAN, 0], [0, 1], [1, 1]])


def test_dtype_does_not_depend_on_history():
    X = frame(HOURS)
    window = SlidingWindow(3, history="allow").fit(X[:6])
    for dtype, given in [("float32", "float32"), ("float64", "int64")]:
        near = window.transform(X[6:].astype(given))
        far = window.transform(X[8:].astype(given))
        assert near.dtype == far.dtype == dtype
        assert_array_equal(table(near)[0], [4, 5, 6])


def test_lists_and_polars_are_one_run_without_history():
    rows = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    polars = pl.DataFrame(rows, schema=["a", "b"], orient="row")
    window = SlidingWindow(2, history="allow")
    for X in (rows, np.array(rows), polars):
        W = window.fit_transform(X)
        assert W.index is None
        assert W.series is None
        assert_array_equal(W[2], [[2, 3], [4, 5]])
        assert np.isnan(window.transform(X[2:])[0][0]).all()
    assert W.feature_names == ["a", "b"]
    assert_array_equal(window.get_feature_names_out(), ["a", "b"])


def test_feature_names_and_index():
    X = pd.DataFrame(np.eye(4), columns=list("abcd"), index=HOURS[:4])
    window = SlidingWindow(2)
    W = window.fit_transform(X)
    assert W.index is X.index
    assert W.feature_names == list("abcd")
    assert_array_equal(window.feature_names_in_, list("abcd"))
    assert window.n_features_in_ == 4
    assert SlidingWindow(2).fit_transform(X.to_numpy()).feature_names is None


def test_groups_in_fit_only_or_in_transform_only():
    X = column(0, 1, 2)
    with pytest.raises(ValueError, match="transform was called without groups"):
        SlidingWindow().fit(X, groups=[0, 0, 1]).transform(X)
    with pytest.raises(ValueError, match="fitted without groups"):
        SlidingWindow().fit(X).transform(X, groups=[0, 0, 1])


def test_groups_by_metadata_routing():
    X = column(*range(8))
    groups = np.repeat(["a", "b"], 4)
    with sklearn.config_context(enable_metadata_routing=True):
        window = SlidingWindow(2).set_fit_request(groups=True)
        window.set_transform_request(groups=True)
        model = make_pipeline(window, FlattenSequence("zero"), Ridge())
        model.fit(X, X[:, 0] + 1, groups=groups)
        assert model[0]._grouped
        assert model.predict(X, groups=groups).shape == (8,)
        flat = model[:2].transform(X, groups=groups)
        assert_array_equal(flat[4], [0, 4])
        with pytest.raises(ValueError, match="without groups"):
            model.predict(X)


@pytest.mark.parametrize(
    ("X", "given"),
    [
        (np.zeros((2, 3, 4)), "a 3-D array of shape"),
        ([np.zeros((2, 1)), np.zeros((3, 1))], "a list of 2-D arrays"),
        (SlidingWindow(2).fit_transform(np.zeros((3, 1))), "windows already"),
    ],
)
def test_sequences_are_refused(X, given):
    with pytest.raises(ValueError, match=f"expects a 2-D X .* but X is {given}"):
        SlidingWindow().fit(X)
    with pytest.raises(ValueError, match=f"expects a 2-D X .* but X is {given}"):
        SlidingWindow().fit(column(0, 1)).transform(X)


@pytest.mark.parametrize("values", [HOURS, HOURS - HOURS[0]])
def test_columns_of_times_are_refused(values):
    window = SlidingWindow()
    with pytest.raises(ValueError, match=r"must hold numbers.*set_index"):
        window.fit(pd.DataFrame({"time": values}))
    assert vars(window) == vars(SlidingWindow())


@pytest.mark.parametrize(
    ("freq", "message"),
    [("hour-ish", "is not a frequency"), ("-1h", "forward"), (pd.Timedelta(0), "freq")],
)
def test_bad_freq(freq, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindow(freq=freq).fit(frame(HOURS))


@pytest.mark.parametrize(
    "parameters",
    [{"window_length": 0}, {"horizon": -1}, {"freq": 0}, {"history": "ignore"}],
)
def test_bad_parameters(parameters):
    name = next(iter(parameters))
    with pytest.raises(ValueError, match=f"'{name}' parameter of SlidingWindow"):
        SlidingWindow(**parameters).fit(column(0, 1))


def test_infinity_is_refused():
    with pytest.raises(ValueError, match="infinity"):
        SlidingWindow().fit(column(0, np.inf))


def test_not_fitted():
    with pytest.raises(NotFittedError):
        SlidingWindow().transform(column(0, 1))


@pytest.mark.parametrize(
    "X",
    [
        np.zeros((3, 2, 1)),
        column(0, np.inf),
        frame(HOURS[::-1]),
        pd.DataFrame(np.zeros((2, 3)), columns=list("xyz"), index=["p", "q"]),
        pd.DataFrame(np.zeros((2, 2)), columns=["x", 1]),
    ],
    ids=["3-D", "inf", "order", "index", "names"],
)
def test_a_fit_that_fails_changes_nothing(X):
    window = SlidingWindow(2).fit(frame(HOURS))
    before = vars(window).copy()
    with pytest.raises((ValueError, TypeError)):
        window.fit(X)
    assert vars(window) == before


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
def test_target_among_the_columns_warns(dtype):
    X = np.arange(20).reshape(-1, 2).astype(dtype)
    y = X[:, 1].astype(float)
    with pytest.warns(TargetInWindowWarning, match="Column 1 of X equals y"):
        SlidingWindow(2).fit(X, y)
    with pytest.warns(TargetInWindowWarning, match="Column b of X equals y"):
        SlidingWindow(2).fit_transform(pd.DataFrame(X, columns=["a", "b"]), y)
    with pytest.warns(TargetInWindowWarning):
        SlidingWindow(2).fit(X, np.c_[y + 1, y])


def test_target_with_missing_values_warns():
    X = column(0, NAN, 1, 2)
    with pytest.warns(TargetInWindowWarning):
        SlidingWindow(2).fit(X, X[:, 0])


@pytest.mark.parametrize(
    ("horizon", "y"),
    [(1, [0.0, 1, 2]), (0, [0.0, 1, 3]), (0, ["a", "b", "c"]), (0, None)],
)
def test_no_warning(horizon, y):
    SlidingWindow(2, horizon=horizon).fit(column(0, 1, 2), y)


def test_constant_target_does_not_warn():
    SlidingWindow(2).fit(column(1, 1, 1), [1, 1, 1])


def test_splitters_searches_and_predictions():
    rng = np.random.default_rng(0)
    X = frame(pd.date_range("2024", periods=60, freq="h"), rng.normal(size=60))
    y = X["load"].cumsum().to_numpy()
    model = ridge_over_windows(history="allow")
    scores = cross_val_score(model, X, y, cv=TimeSeriesSplit(3, gap=2))
    assert np.isfinite(scores).all()
    assert cross_val_predict(model, X, y, cv=KFold(4)).shape == (60,)
    grid = {"slidingwindow__window_length": [1, 4], "slidingwindow__horizon": [0, 1]}
    search = GridSearchCV(ridge_over_windows(), grid, cv=TimeSeriesSplit(3)).fit(X, y)
    assert search.best_params_["slidingwindow__window_length"] == 4


def test_set_output_leaves_windows():
    X = frame(HOURS)
    for transform in ("pandas", "polars", "default"):
        window = SlidingWindow(2).set_output(transform=transform)
        assert isinstance(window.fit_transform(X), WindowedArray)
        with sklearn.config_context(transform_output=transform):
            assert isinstance(SlidingWindow(2).fit_transform(X), WindowedArray)


def test_clone_and_pickle():
    X = frame(HOURS)
    window = SlidingWindow(3, horizon=1, freq="h").fit(X[:6])
    assert clone(window).get_params() == window.get_params()
    again = pickle.loads(pickle.dumps(window))
    assert_array_equal(table(again.transform(X[6:])), table(window.transform(X[6:])))


@pytest.mark.parametrize(
    "name",
    ["SlidingWindow", "WindowedArray", "make_windows", "make_targets"],
)
def test_pickles_by_the_public_name(name):
    """Where the public module holds the name, older pickles find it too."""
    by_name = pickle.loads(f"cskrnn.windows\n{name}\n.".encode())
    assert by_name is getattr(skrnn.windows, name)
    assert pickle.loads(pickle.dumps(by_name)) is by_name
