"""The transformers of sequences together, in pipelines and searches."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import skrnn
from skrnn import (
    FlattenSequence,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
    ToSequence,
    make_windows,
)
from skrnn.windows import check_no_lookahead
from tests.reshape.support import NAN, series


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


def test_history_is_transformed_as_its_rows_were():
    X = series(12)
    model = make_pipeline(SlidingWindow(3), TimeDistributed(StandardScaler())).fit(
        X[:8]
    )
    scaler = StandardScaler().fit(X[:8])
    assert_allclose(model.transform(X[8:])[0], scaler.transform(X[6:9]))


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


def lags_up_to_a_gap(values, rows, length):
    """What stood 1 to `length` hours before in some of the rows, the oldest first."""
    known = values.where(np.isin(np.arange(len(values)), rows))
    lags = np.stack([known.shift(lag) for lag in range(1, length + 1)], axis=1)
    lags[np.isnan(lags).cumsum(axis=1) > 0] = NAN
    return lags[:, ::-1]


def score_by_hand(estimator, values, split, length, *, pad, scale=False):
    """The mean score of an estimator over lags that pandas made."""
    scores = []
    for train, test in split.split(values):
        given = values
        if scale:
            read = values.iloc[np.intersect1d(train, train - 1)]
            given = (values - read.mean()) / read.std(ddof=0)
        X = lags_up_to_a_gap(given, train, length)[train]
        estimator.fit(pad(X), values.iloc[train])
        X = lags_up_to_a_gap(given, np.append(train, test), length)[test]
        scores.append(estimator.score(pad(X), values.iloc[test]))
    return np.mean(scores)


# The runs that the middle fold of KFold leaves are shorter than the longest window.
@pytest.mark.filterwarnings("ignore::skrnn.exceptions.ShortWindowsWarning")
@pytest.mark.parametrize(
    "split", [TimeSeriesSplit(3), TimeSeriesSplit(3, gap=2), KFold(3)]
)
def test_main_job(split):
    X = series(60)[["v"]]
    lengths = [2, 6]
    grid = {"slidingwindow__window_length": lengths}
    options = {"max_epochs": 2, "n_estimators": 1, "random_state": 0}
    recurrent = RNNRegressor("gru", 6, **options)
    forest = RandomForestRegressor(5, random_state=0)
    scaled_ridge = make_pipeline(StandardScaler(), Ridge())
    sequences = {"pad": lambda lags: lags[:, :, None]}
    for last, by_hand, options in (
        ([recurrent], recurrent, sequences),
        (
            [TimeDistributed(StandardScaler()), recurrent],
            recurrent,
            sequences | {"scale": True},
        ),
        (
            [FlattenSequence(pad="edge"), forest],
            forest,
            {"pad": lambda lags: pd.DataFrame(lags).bfill(axis=1).fillna(0).to_numpy()},
        ),
        (
            [FlattenSequence(pad="zero"), StandardScaler(), Ridge()],
            scaled_ridge,
            {"pad": np.nan_to_num},
        ),
    ):
        # Folds behind a gap, and the first of KFold, lack the rows before them.
        model = make_pipeline(SlidingWindow(horizon=1, history="allow"), *last)
        model.set_output(transform="pandas")
        search = GridSearchCV(model, grid, cv=split, error_score="raise")
        search.fit(X, X["v"])
        scores = search.cv_results_["mean_test_score"]
        assert np.isfinite(scores).all()
        expected = [
            score_by_hand(by_hand, X["v"], split, n, **options) for n in lengths
        ]
        assert_allclose(scores, expected, rtol=1e-6)
    scores = cross_val_score(model, X, X["v"], cv=split)
    assert np.isfinite(scores).all()
    expected = score_by_hand(scaled_ridge, X["v"], split, 24, pad=np.nan_to_num)
    assert_allclose(scores.mean(), expected, rtol=1e-9)


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


@pytest.mark.parametrize("name", skrnn.reshape.__all__)
def test_pickles_by_the_public_name(name):
    """Where the public module holds the name, older pickles find it too."""
    by_name = pickle.loads(f"cskrnn.reshape\n{name}\n.".encode())
    assert by_name is getattr(skrnn, name)
    assert pickle.loads(pickle.dumps(by_name)) is by_name
