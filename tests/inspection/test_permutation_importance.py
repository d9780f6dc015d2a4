"""Permutation importance finds what matters, in every layout and pipeline."""

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.inspection import partial_dependence
from sklearn.inspection import permutation_importance as of_sklearn
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    FlattenSequence,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
    ToSequence,
)
from skrnn.inspection import permutation_importance
from skrnn.sktime import RNNPanelRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 5, 2))
TRUTH = np.zeros((5, 2))
TRUTH[-1, 0], TRUTH[-3, 1] = 1.0, 0.6
y = (X * TRUTH).sum(axis=(1, 2))
SMALL = {"hidden_size": 3, "max_epochs": 3, "n_estimators": 1, "random_state": 0}
ROWS = pd.DataFrame(rng.normal(size=(120, 3)), columns=["a", "b", "c"])
TARGET = (ROWS["a"].shift(1).fillna(0) + 0.5 * ROWS["b"]).to_numpy()


def importance(estimator, X, y, **options):
    options = {"random_state": 0, "n_repeats": 3} | options
    return permutation_importance(estimator, X, y, **options)


def test_the_truth_is_found_by_feature_and_step():
    model = RNNRegressor(**SMALL).fit(X, y)  # with a linear model, which is exact
    both = importance(model, X, y, by="feature_step")
    assert both.importances_mean.shape == both.importances_std.shape == (5, 2)
    assert both.importances.shape == (5, 2, 3)
    matters = TRUTH > 0
    assert both.importances_mean[matters].min() > 0.2
    assert np.abs(both.importances_mean[~matters]).max() < 0.02
    # A squared error of twice the variance, over the variance of y.
    wanted = 2 * TRUTH[-1, 0] ** 2 / np.var(y)
    assert_allclose(both.importances_mean[-1, 0], wanted, rtol=0.4)
    steps = importance(model, X, y, by="step")
    assert steps.step_names == ["lag4", "lag3", "lag2", "lag1", "lag0"]
    assert set(np.flatnonzero(steps.importances_mean > 0.1)) == {2, 4}
    features = importance(model, X, y)
    assert features.feature_names == ["x0", "x1"]
    assert features.importances_mean[0] > features.importances_mean[1] > 0.1
    lost = RNNRegressor(**SMALL).fit(X, rng.permutation(y))
    found = importance(lost, X, y, by="feature_step").importances_mean
    assert found[matters].min() < 0.1


def test_columns_of_lags_are_those_of_sklearn():
    """The same exchange and the same score, but for the order of the samples."""
    flat = X[..., 0]
    model = make_pipeline(StandardScaler(), RNNRegressor(**SMALL)).fit(flat, flat[:, 3])
    ours = importance(model, flat, flat[:, 3], by="step", n_repeats=20)
    theirs = of_sklearn(model, flat, flat[:, 3], n_repeats=20, random_state=0)
    assert_allclose(
        ours.importances_mean, theirs.importances_mean, rtol=0.15, atol=0.01
    )
    assert ours.importances_mean.argmax() == 3
    table = pd.DataFrame(flat, columns=list("vwxyz"))
    model = RNNRegressor(**SMALL).fit(table, 2 * flat[:, 3])
    found = importance(model, table, 2 * flat[:, 3], by="step")
    assert found.step_names == list("vwxyz")
    assert importance(model, table, 2 * flat[:, 3]).importances_mean.shape == (1,)


@pytest.mark.parametrize(
    "tail",
    [
        lambda: [RNNRegressor(**SMALL)],
        lambda: [TimeDistributed(StandardScaler()), RNNRegressor(**SMALL)],
        lambda: [FlattenSequence(pad="zero"), Ridge()],
    ],
)
def test_pipelines_from_raw_rows(tail):
    pipeline = make_pipeline(StandardScaler(), SlidingWindow(4), *tail())
    pipeline.set_params(standardscaler__with_mean=False)
    pipeline[0].set_output(transform="pandas")
    pipeline.fit(ROWS, TARGET)
    found = importance(pipeline, ROWS, TARGET, by="feature_step")
    assert found.feature_names == ["a", "b", "c"]
    places = np.argwhere(found.importances_mean > 0.1).tolist()
    assert places == [[2, 0], [3, 1]]
    with parallel_config("threading"):
        again = importance(pipeline, ROWS, TARGET, by="feature_step", n_jobs=3)
    assert_array_equal(again.importances, found.importances)


def test_processes_give_the_same_numbers():
    windows = SlidingWindow(4).fit_transform(ROWS)
    model = RNNRegressor(**SMALL).fit(windows, TARGET)
    options = {"by": "step", "n_repeats": 2, "max_samples": 50}
    found = importance(model, windows, TARGET, **options)
    again = importance(model, windows, TARGET, n_jobs=2, **options)
    assert_array_equal(again.importances, found.importances)


def test_wrappers_and_other_layouts():
    flat = X.reshape(120, 10)
    pipeline = make_pipeline(ToSequence(5), RNNRegressor(**SMALL))
    grid = GridSearchCV(pipeline, {"rnnregressor__hidden_size": [2]}, cv=2)
    grid.set_params(scoring="neg_mean_absolute_error").fit(flat, y)
    found = importance(grid, flat, y, by="step")
    assert set(np.flatnonzero(found.importances_mean > 0.1)) == {2, 4}
    direct = importance(
        grid.best_estimator_, flat, y, by="step", scoring="neg_mean_absolute_error"
    )
    assert_array_equal(found.importances, direct.importances)
    wrapped = TransformedTargetRegressor(
        pipeline, func=np.sinh, inverse_func=np.arcsinh
    )
    found = importance(wrapped.fit(flat, y), flat, y, by="feature")
    assert found.importances_mean.min() > 0.1
    ragged = [x[i % 3 :] for i, x in enumerate(X)]
    tables = [pd.DataFrame(x, columns=["p", "q"]) for x in ragged]
    model = RNNRegressor(**SMALL).fit(tables, y)
    found = importance(model, tables, y, by="feature_step")
    assert found.feature_names == ["p", "q"]
    assert np.argwhere(found.importances_mean > 0.1).tolist() == [[2, 1], [4, 0]]
    columns = {n: [pd.Series(x[:, i]) for x in X] for i, n in enumerate("pq")}
    nested = pd.DataFrame(columns)
    model = RNNRegressor(**SMALL).fit(nested, y)
    found = importance(model, nested, y, by="feature_step")
    assert np.argwhere(found.importances_mean > 0.1).tolist() == [[2, 1], [4, 0]]
    labels = np.where(y > 0, "up", "down")
    model = RNNClassifier(**SMALL, n_kernels=100).fit(X, labels)
    found = importance(model, X, labels, scoring="neg_log_loss")
    assert found.importances_mean[0] > 0


def test_groups_of_steps():
    model = RNNRegressor(**SMALL).fit(X, y)
    found = importance(model, X, y, by="step", step_groups=2)
    assert found.step_names == ["lag4", "lag3 to lag2", "lag1 to lag0"]
    groups = {"newest": [0], "old": [4, "lag3"]}
    found = importance(model, X, y, by="feature_step", step_groups=groups)
    assert found.step_names == ["newest", "old"]
    assert found.importances_mean.shape == (2, 2)
    assert found.importances_mean[0, 0] > 0.5
    named = importance(model, X, y, by="step", step_groups=[[0], [4, 3]])
    assert named.step_names == ["lag0", "lag4 to lag3"]
    for groups in (0, True, [], {}, "lag0", [[5]], [["lag9"]], [[0, 0]], [[]], 1.5):
        with pytest.raises(ValueError, match="step_groups"):
            importance(model, X, y, by="step", step_groups=groups)
    with pytest.raises(ValueError, match="groups steps"):
        importance(model, X, y, by="feature", step_groups=2)


def test_scorers():
    model = RNNRegressor(**SMALL).fit(X, y)
    own = importance(model, X, y)
    for scoring in ("r2", make_scorer(r2_score), lambda e, X, y: e.score(X, y)):
        assert_allclose(
            importance(model, X, y, scoring=scoring).importances, own.importances
        )
    names = ["r2", "neg_mean_absolute_error"]
    for scoring in (
        names,
        tuple(names),
        {"r2": "r2", "neg_mean_absolute_error": names[1]},
    ):
        several = importance(model, X, y, scoring=scoring)
        assert set(several) == set(names)
        assert_allclose(several["r2"].importances, own.importances)
    weight = np.zeros(120)
    weight[:40] = 1
    weighted = importance(model, X, y, sample_weight=weight)
    assert not np.allclose(weighted.importances, own.importances)
    with pytest.raises(ValueError, match="sample_weight"):
        importance(model, X, y, sample_weight=-weight + [np.nan])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        importance(model, X, y[:7])


def test_samples_of_a_repeat():
    model = RNNRegressor(**SMALL).fit(X, y)
    assert importance(model, X, y).n_samples == 120
    assert importance(model, X, y, max_samples=20).n_samples == 20
    assert importance(model, X, y, max_samples=0.5).n_samples == 60
    few = importance(model, X, y, max_samples=60, n_repeats=20)
    every = importance(model, X, y, n_repeats=20)
    assert_allclose(few.importances_mean, every.importances_mean, rtol=0.3)
    for wanted in (0, 1, 121, 0.0, 1.5, "all", None, True):
        with pytest.raises(ValueError, match="max_samples"):
            importance(model, X, y, max_samples=wanted)
    with pytest.raises(ValueError, match="at least 2 are needed"):
        importance(model, X[:1], y[:1])


def test_bad_input():
    model = RNNRegressor(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match="by must be"):
        importance(model, X, y, by="lag")
    for name, value in {"n_repeats": 0, "random_state": "0", "n_jobs": 1.5}.items():
        with pytest.raises(ValueError, match=name):
            importance(model, X, y, **{name: value})
    with pytest.raises(Exception, match="not fitted"):
        importance(RNNRegressor(), X, y)
    with pytest.raises(ValueError, match="3-D sequences"):
        importance(model, X[..., 0], y)
    with pytest.raises(ValueError, match="must hold sequences or columns"):
        importance(model, y, y)
    panel = RNNPanelRegressor(model).fit(np.swapaxes(X, 1, 2), y)
    with pytest.raises(TypeError, match="is one of sktime's"):
        importance(panel, np.swapaxes(X, 1, 2), y)
    own = importance(panel.estimator_, X, y, by="step")
    assert own.importances_mean.argmax() == 4
    search = GridSearchCV(LinearRegression(), {}, refit=False, cv=2).fit(X[..., 0], y)
    with pytest.raises(TypeError, match="refit=False"):
        importance(search, X[..., 0], y)


def test_the_random_state_of_numpy_stays():
    model = RNNRegressor(**SMALL).fit(X, y)
    before = np.random.get_state()[1].copy()
    first = importance(model, X, y)
    assert_array_equal(np.random.get_state()[1], before)
    assert_array_equal(importance(model, X, y).importances, first.importances)
    other = importance(model, X, y, random_state=1)
    assert not np.array_equal(other.importances, first.importances)


def test_partial_dependence_on_a_lag():
    """scikit-learn's own function reads columns of lags."""
    flat = pd.DataFrame(X[..., 0], columns=[f"lag{i}" for i in range(4, -1, -1)])
    target = 2 * flat["lag1"].to_numpy()
    pipeline = make_pipeline(StandardScaler(), RNNRegressor(**SMALL)).fit(flat, target)
    for lag, slope in (("lag1", 2.0), ("lag3", 0.0)):
        found = partial_dependence(pipeline, flat, [lag], grid_resolution=5)
        line = np.polyfit(found["grid_values"][0], found["average"][0], 1)
        assert_allclose(line[0], slope, atol=0.05)
