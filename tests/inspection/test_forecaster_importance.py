"""Permutation importance of forecasters, by what their series are made of."""

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import FlattenSequence, RNNRegressor, TimeDistributed
from skrnn.inspection import permutation_importance
from skrnn.inspection._forecaster_importance import MixedWindows
from skrnn.sktime import RNNForecaster

rng = np.random.default_rng(0)
N = 160
INDEX = pd.period_range("2000-01", periods=N, freq="M")
NET = RNNRegressor("gru", 4, max_epochs=4, n_estimators=1, random_state=0)
LAGGED = make_pipeline(FlattenSequence(pad="edge"), Ridge())
OPTIONS = {
    "n_estimators": 1,
    "random_state": 0,
    "interval": None,
    "network_weight": 1,
    "window_length": 6,
    "sp": 1,
    "log": False,
    "difference": 0,
}


def third_lag():
    """A series whose next value is that of two rows before the newest."""
    y = rng.normal(size=N)
    for t in range(3, N):
        y[t] = 0.9 * y[t - 3] + 0.3 * y[t]
    return pd.Series(y, INDEX, name="load")


def test_the_lag_that_matters():
    y = third_lag()
    forecaster = RNNForecaster(LAGGED, **OPTIONS).fit(y[:-60], fh=[1])
    options = {"random_state": 0, "n_repeats": 3}
    found = permutation_importance(forecaster, None, y[-60:], by="step", **options)
    assert found.step_names == ["lag5", "lag4", "lag3", "lag2", "lag1", "lag0"]
    assert found.importances_mean.argmax() == 3
    others = np.delete(found.importances_mean, 3)
    assert found.importances_mean[3] > 3 * np.abs(others).max()
    assert found.n_samples == 60
    with parallel_config("threading"):
        again = permutation_importance(
            forecaster, None, y[-60:], by="step", n_jobs=2, **options
        )
    assert_array_equal(again.importances, found.importances)
    whole = permutation_importance(forecaster, None, y[-60:], **options)
    assert whole.feature_names == ["load"]
    assert whole.importances_mean[0] > 0.8 * found.importances_mean[3]
    scores = permutation_importance(
        forecaster, None, y[-60:], by="step", scoring=["r2"], **options
    )
    assert scores["r2"].importances_mean.argmax() == 3


@pytest.mark.parametrize("linear_effects", [True, False])
def test_covariates(linear_effects):
    X = pd.DataFrame(rng.normal(size=(N, 2)), INDEX, columns=["price", "noise"])
    y = pd.Series(3 + 2 * X["price"] + 0.1 * rng.normal(size=N), INDEX, name="sales")
    forecaster = RNNForecaster(LAGGED, **OPTIONS, linear_effects=linear_effects)
    forecaster.fit(y[:-60], X=X[:-60], fh=[1, 2])
    before = forecaster.predict(X=X[-60:-58])
    found = permutation_importance(
        forecaster, X[-60:], y[-60:], random_state=0, n_repeats=2
    )
    assert found.feature_names == ["sales", "price", "noise"]
    assert found.importances_mean[1] > 5 * abs(found.importances_mean[2])
    pd.testing.assert_series_equal(forecaster.predict(X=X[-60:-58]), before)


def test_panels_seasons_and_calendars():
    index = pd.date_range("2021-01-01", periods=120, freq="D")
    week = 5 * (index.dayofweek == 6)
    panel = pd.concat(
        {
            key: pd.DataFrame({"y": week + 0.1 * rng.normal(size=120)}, index)
            for key in "ab"
        },
        names=["shop", "day"],
    )
    past = panel.index.get_level_values("day") < index[-28]
    options = OPTIONS | {"series_id": True, "calendar": ["day_of_week"]}
    options |= {"fourier_terms": 1, "sp": 7, "seasonal_difference": 0}
    forecaster = RNNForecaster(LAGGED, **options).fit(panel[past], fh=[1, 2])
    found = permutation_importance(
        forecaster, None, panel[~past], random_state=0, n_repeats=2
    )
    assert found.feature_names == ["y", "season", "calendar", "series"]
    assert found.importances_mean[:3].min() > 1
    assert abs(found.importances_mean[3]) < 0.1


def test_the_networks_of_this_package():
    y = third_lag()
    forecaster = RNNForecaster(NET, **OPTIONS).fit(y[:-20], fh=[1])
    found = permutation_importance(
        forecaster, None, y[-20:], by="feature_step", random_state=0, n_repeats=1
    )
    assert found.importances_mean.shape == (6, 1)
    assert found.importances_mean.any()


def test_mixed_windows_stay_lazy():
    from skrnn import make_windows

    windows = make_windows(np.arange(20.0), 4)[0]
    mixed = MixedWindows(windows, [1, 3], [0], seed=0)
    whole = np.asarray(mixed)
    assert_array_equal(whole[:, [0, 2]], np.asarray(windows)[:, [0, 2]])
    for step in (1, 3):
        moved = whole[:, step, 0]
        assert_array_equal(np.sort(moved), np.asarray(windows)[:, step, 0])
        assert (moved != np.asarray(windows)[:, step, 0]).all()
    assert_array_equal(np.asarray(mixed[3:6]), whole[3:6])
    assert_array_equal(np.asarray(mixed.with_newest_steps(2)), whole[:, 2:])


def test_bad_input():
    y = third_lag()
    forecaster = RNNForecaster(LAGGED, **OPTIONS)
    with pytest.raises(Exception, match="fitted"):
        permutation_importance(forecaster, None, y)
    forecaster.fit(y[:-20], fh=[1])
    with pytest.raises(ValueError, match="sample_weight is not taken"):
        permutation_importance(forecaster, None, y[-20:], sample_weight=np.ones(20))
    with pytest.raises(TypeError, match="y must be a Series or DataFrame"):
        permutation_importance(forecaster, None, y[-20:].to_numpy())
    scaled = make_pipeline(TimeDistributed(StandardScaler()), NET)
    forecaster = RNNForecaster(scaled, **OPTIONS).fit(y[:-20], fh=[1])
    with pytest.raises(TypeError, match="whose estimator transforms its windows"):
        permutation_importance(forecaster, None, y[-20:], by="step", n_repeats=1)
    assert_allclose(forecaster.predict().isna().sum(), 0)


def test_categories_and_forecasts_without_networks():
    kind = np.random.default_rng(3).choice(["none", "promo", "sale"], N)
    X = pd.DataFrame({"kind": kind, "price": rng.normal(size=N)}, INDEX)
    # Of the name of a column of X, as pandas makes it.
    y = pd.Series(10 + 4 * (kind == "promo") + X["price"], INDEX)
    assert y.name == "price"
    options = {"random_state": 0, "n_repeats": 2}
    for weight, n_networks in ((0, 0), (1, 1)):
        forecaster = RNNForecaster(NET, **OPTIONS | {"network_weight": weight})
        forecaster.fit(y[:110], X=X[:110], fh=[1, 2])
        assert sum(map(len, forecaster.estimators_)) == n_networks
        found = permutation_importance(forecaster, X, y[110:], **options)
        assert found.feature_names[-2:] == ["kind", "price of X"]
        assert (found.importances_mean[-2:] > 0.5).all()
    alone = RNNForecaster(NET, **OPTIONS | {"network_weight": 0}).fit(y[:110], fh=[1])
    for by in ("feature", "step"):
        with pytest.raises(ValueError, match="none was trained"):
            permutation_importance(alone, None, y[110:], by=by, **options)
