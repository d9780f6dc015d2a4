"""Whatever a series looks like, a forecaster learns what it can."""

import numpy as np
import pandas as pd
import pytest

from skrnn import RNNRegressor
from skrnn._forecasting.filled_table import FilledTable
from skrnn._forecasting.target_transform import TargetTransform
from skrnn.sktime import RNNForecaster
from tests.forecasting.support import LINEAR, PLAIN, STRATEGIES, driven, forecaster
from tests.support import wave_series


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("where", ["first", "last", "all over"])
def test_missing_values(strategy, where):
    y = wave_series(80)
    if where == "first":
        y[:9] = np.nan
    elif where == "last":
        y[-4:] = np.nan
    else:
        y[np.random.default_rng(0).random(80) < 0.3] = np.nan
    model = forecaster(strategy=strategy).fit(y, fh=[1, 2])
    forecast = model.predict()
    assert forecast.between(7, 13).all()
    assert np.isfinite(model.predict_interval()).all(axis=None)
    assert np.isfinite(model.update(y[-3:]).predict()).all()


def test_missing_values_of_estimators_without_weights():
    y = wave_series(80)
    y[20:25] = np.nan
    y = pd.DataFrame({"a": y, "b": wave_series(80, seed=1)})
    model = forecaster(estimator=LINEAR).fit(y, fh=[1, 2])
    assert model.predict().apply(lambda column: column.between(8, 12)).all(axis=None)


def test_a_target_that_was_never_seen():
    y = pd.DataFrame({"a": wave_series(60), "b": np.full(60, np.nan)})
    model = forecaster().fit(y, fh=[1, 2])
    assert np.isfinite(model.predict()).all(axis=None)
    assert model.predict()["a"].between(8, 12).all()
    with pytest.raises(ValueError, match="y holds nothing but NaN"):
        model.clone().fit(y[["b"]], fh=1)


def test_constant_series():
    y = pd.Series(np.full(50, 4.0))
    model = forecaster().fit(y, fh=[1, 2])
    np.testing.assert_allclose(model.predict(), 4.0, atol=0.5)
    assert np.isfinite(model.predict_interval()).all(axis=None)


@pytest.mark.parametrize("n", [2, 3, 5, 9, 14])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_short_series(n, strategy):
    y = wave_series(n, pd.period_range("2020-01", periods=n, freq="M"))
    model = forecaster(strategy=strategy, window_length=None).fit(y, fh=1)
    forecast = model.predict()
    assert forecast.between(8, 12).all()
    low, high = model.predict_interval().to_numpy().T
    assert ((low < forecast) & (forecast < high)).all()
    seen = model.predict(np.arange(-n + 1, 2))
    assert seen.between(8, 12).all()
    np.testing.assert_array_equal(seen.iloc[-1:], forecast)
    assert model.update(y[-1:]).predict().between(8, 12).all()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_several_targets(strategy):
    t = np.arange(70)
    lead = np.random.default_rng(0).normal(size=70)
    y = pd.DataFrame({"lead": lead, "follower": np.roll(lead, 1) * 2 + 5})
    y.loc[0, "follower"] = 5.0
    options = PLAIN | {"estimator": LINEAR, "strategy": strategy, "scaling": None}
    model = forecaster(**options).fit(y[:60], fh=[1, 2])
    forecast = model.predict()
    assert list(forecast.columns) == ["lead", "follower"]
    assert forecast.loc[60, "follower"] == pytest.approx(
        y.loc[60, "follower"], abs=1e-3
    )
    intervals = model.predict_interval(coverage=[0.5, 0.9])
    assert intervals.columns.nlevels == 3
    assert intervals.shape == (2, 8)
    assert len(t) == len(y)


def test_an_outlier_does_not_spoil_the_forecast_of_the_rest():
    rng = np.random.default_rng(0)
    y = pd.Series(rng.normal(size=150))
    y[100] = 1e4
    network = RNNRegressor("gru", 4, max_epochs=5, early_stopping=False, n_estimators=1)
    for strategy in ("multioutput", "recursive"):
        one = RNNForecaster(
            network, strategy=strategy, n_estimators=1, interval=None, random_state=0
        )
        forecast = one.fit(y, fh=[1, 2, 3]).predict()
        assert np.abs(forecast).max() < 10


@pytest.fixture
def n_filled(monkeypatch):
    """Rows of the tables whose logarithms are taken and gaps are filled."""
    rows, make = [], FilledTable.__init__

    def counted(self, table, log, floor=None):
        rows.append(len(table.y))
        make(self, table, log, floor)

    monkeypatch.setattr(FilledTable, "__init__", counted)
    return rows


@pytest.fixture
def n_prepared(monkeypatch):
    """Rows of the tables that are prepared, but for trials of differences."""
    rows, prepare = [], TargetTransform.prepare

    def counted(self, table):
        rows.append(len(table.y))
        return prepare(self, table)

    monkeypatch.setattr(TargetTransform, "prepare", counted)
    return rows


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("has_x", [False, True])
def test_a_table_is_prepared_once(strategy, has_x, n_filled, n_prepared):
    y, X = driven(330)
    past, future = (X[:300], X[300:]) if has_x else (None, None)
    model = forecaster(strategy=strategy, past_covariates="all" if has_x else None)
    model.fit(y[:300], past, fh=[1])
    assert n_filled == [300]
    assert n_prepared == []  # the fit of the transform has done it
    n_filled.clear()
    model.predict()
    assert len(n_filled) == len(n_prepared) == 1
    n_rows = len(model.forecaster_.tail.y) + 30
    for call in (
        lambda: model.backtest(y[300:], future, coverage=0.8),
        lambda: model.update(y[300:], future),
    ):
        n_filled.clear()
        n_prepared.clear()
        call()
        assert n_filled == n_prepared == [n_rows]


def test_warm_refits_prepare_each_table_once(n_prepared):
    y = wave_series(330)
    model = forecaster().fit(y[:300], fh=[1])
    model.backtest(y[300:], refit="warm", step_length=10)
    kept = len(model.forecaster_.tail.y)
    # All rows for the forecasts, and those up to each origin for the training.
    assert n_prepared == [kept + 30, kept + 10, 20, 30]
