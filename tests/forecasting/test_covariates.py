"""What a network reads of each row beside the targets."""

import numpy as np
import pandas as pd
import pytest

from skrnn import RNNRegressor
from tests.forecasting.support import LINEAR, PLAIN, STRATEGIES, driven, forecaster
from tests.support import wave_series


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_future_of_X_is_used(strategy):
    y, X = driven()
    model = forecaster(estimator=LINEAR, strategy=strategy, **PLAIN, scaling=None)
    model.fit(y[:80], X=X[:80], fh=[1, 2, 3])
    forecast = model.predict(X=X[80:83])
    np.testing.assert_allclose(forecast, y[80:83], atol=1e-3)
    # The order of its columns does not matter, and other rows do not either.
    same = model.predict(X=X.loc[80:, ["rain", "heat"]])
    np.testing.assert_allclose(same, forecast, rtol=0)


def test_a_long_horizon_is_read_by_a_short_window():
    y, X = driven()
    model = forecaster(estimator=LINEAR, **PLAIN, scaling=None, window_length=2)
    model.fit(y[:80], X=X[:80], fh=range(1, 6))
    np.testing.assert_allclose(model.predict(X=X[80:85]), y[80:85], atol=1e-3)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_past_covariates(strategy):
    y, X = driven()
    y = y.shift(1, fill_value=0.0)  # what X was a row before
    options = PLAIN | {"strategy": strategy, "scaling": None, "estimator": LINEAR}
    model = forecaster(past_covariates="all", **options)
    model.fit(y[:80], X=X[:80], fh=[1, 2])
    forecast = model.predict()
    assert forecast.iloc[0] == pytest.approx(y[80], abs=1e-3)
    # Whatever is said of the future of X, it is not read.
    np.testing.assert_array_equal(model.predict(X=X[80:82] * np.nan), forecast)
    mixed = forecaster(past_covariates=("heat",), **options)
    mixed.fit(y[:80], X=X[:80], fh=[1, 2])
    assert mixed.predict(X=X[80:82]).iloc[0] == pytest.approx(y[80], abs=1e-3)
    only = mixed.predict(X=X.loc[80:81, ["rain"]])
    np.testing.assert_array_equal(only, mixed.predict(X=X[80:82]))


def test_columns_of_X_named_as_those_of_y():
    y, X = driven(60)
    X.columns = ["load", "load is missing"]
    y[7] = np.nan
    model = forecaster().fit(y.rename("load")[:50], X=X[:50], fh=1)
    names = list(model.estimator_.feature_names_in_)
    assert len(set(names)) == len(names)
    assert np.isfinite(model.predict(X=X[50:])).all()


def test_calendar_and_seasons():
    days = pd.date_range("2023-01-01", periods=140)
    y = pd.Series(np.where(days.dayofweek >= 5, 0.0, 10.0), days)
    options = PLAIN | {"estimator": LINEAR, "scaling": None, "window_length": 1}
    model = forecaster(calendar=("is_weekend",), **options).fit(y[:126], fh=range(1, 8))
    np.testing.assert_allclose(model.predict(), y[126:133], atol=1e-2)
    model = forecaster(calendar=True, **PLAIN).fit(y, fh=[1, 3])
    assert list(model.estimator_.feature_names_in_[1:4]) == [
        "sin day_of_week",
        "cos day_of_week",
        "sin day_of_week[+3]",
    ]
    seasonal = forecaster(**options | {"sp": 7, "fourier_terms": 3})
    forecast = seasonal.fit(y[:126], fh=range(1, 8)).predict()
    np.testing.assert_allclose(forecast, y[126:133], atol=1e-2)
    with pytest.raises(ValueError, match="needs a DatetimeIndex or a PeriodIndex"):
        forecaster(calendar=["day_of_week"]).fit(wave_series(40), fh=1)


def test_the_identity_of_a_series_is_told():
    # Two series that look alike and go on differently.
    n = 60
    flat = np.tile([0.0, 0.0, 0.0, 1.0], n // 4)
    up, down = flat.copy(), flat.copy()
    up[4::8] = 3.0
    down[4::8] = -3.0
    y = pd.concat({k: pd.DataFrame({"y": v}) for k, v in (("u", up), ("d", down))})
    options = PLAIN | {"scaling": None, "window_length": 3}
    learned = RNNRegressor(
        "gru",
        8,
        linear_steps=None,
        learning_rate=0.01,
        max_epochs=40,
        early_stopping=False,
        n_estimators=1,
    )
    model = forecaster(estimator=learned, series_id=True, **options).fit(y, fh=5)
    forecast = model.predict(range(1, 9)).unstack(0)["y"]
    assert forecast["u"].max() > 1
    assert forecast["d"].min() < -1


def test_many_series_share_codes():
    y = pd.concat({i: pd.DataFrame({"y": wave_series(14, seed=i)}) for i in range(40)})
    model = forecaster(series_id=True, window_length=3).fit(y, fh=1)
    assert model.estimator_.n_features_in_ == 33
    assert np.isfinite(model.predict()).all(axis=None)
