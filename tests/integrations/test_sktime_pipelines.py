"""Pipelines of sktime around the forecaster."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from pandas.testing import assert_series_equal
from sklearn.preprocessing import StandardScaler
from sktime.forecasting.compose import (
    ForecastingPipeline,
    ForecastX,
    TransformedTargetForecaster,
)
from sktime.forecasting.naive import NaiveForecaster
from sktime.transformations.adapt import TabularToSeriesAdaptor
from sktime.transformations.boxcox import LogTransformer
from sktime.transformations.detrend import Deseasonalizer, Detrender
from sktime.utils.dependencies import _check_soft_dependencies

from tests.integrations.support import (
    FH,
    assert_forecast,
    assert_intervals,
    assert_times,
    forecaster,
)


def test_target_pipeline_equals_its_steps(airline, naive_error):
    past, future = airline
    steps = [LogTransformer(), Detrender()]
    pipe = TransformedTargetForecaster([*steps, forecaster()]).fit(past, fh=FH)
    log, trend = (step.clone() for step in steps)
    own = forecaster().fit(trend.fit_transform(log.fit_transform(past)), fh=FH)
    forecast = log.inverse_transform(trend.inverse_transform(own.predict()))
    assert_allclose(pipe.predict(), forecast)
    assert_forecast(pipe.predict(), future, naive_error)

    interval = pipe.predict_interval(coverage=0.8)
    assert_intervals(interval, future)
    for place in range(2):
        end = own.predict_interval(coverage=0.8).iloc[:, [place]]
        end.columns = [past.name]
        end = log.inverse_transform(trend.inverse_transform(end))
        assert_allclose(interval.iloc[:, place], end.iloc[:, 0])
    updated = pipe.update(future, update_params=False).predict()
    assert_times(updated, future.set_axis(future.index + 6))
    assert np.isfinite(updated).all()


@pytest.mark.skipif(
    not _check_soft_dependencies("statsmodels", severity="none"),
    reason="Deseasonalizer needs statsmodels",
)
def test_deseasonalized_target(airline, naive_error):
    past, future = airline
    pipe = Deseasonalizer(sp=12, model="multiplicative") * forecaster()
    pipe.fit(past, fh=FH)
    assert_forecast(pipe.predict(), future, naive_error)
    assert_intervals(pipe.predict_interval(coverage=0.8), future)


def test_pipeline_with_exogenous_transformers(longley):
    y, truth, X, X_future = longley
    scaler = TabularToSeriesAdaptor(StandardScaler())
    pipe = ForecastingPipeline([scaler, forecaster()]).fit(y, X=X, fh=[1, 2, 3])
    own_scaler = scaler.clone()
    own = forecaster().fit(y, X=own_scaler.fit_transform(X), fh=[1, 2, 3])
    expected = own.predict(X=own_scaler.transform(X_future))
    assert_series_equal(pipe.predict(X=X_future), expected)
    assert_forecast(expected, truth, 0.05)
    # X is read: another future of it gives another forecast.
    other = pipe.predict(X=X_future.iloc[::-1].set_axis(X_future.index))
    assert not np.allclose(other, expected)
    nested = TransformedTargetForecaster([LogTransformer(), pipe.clone()])
    nested.fit(y, X=X, fh=[1, 2, 3])
    assert_forecast(nested.predict(X=X_future), truth, 0.05)


def test_future_of_exogenous_values_is_forecast(longley):
    y, truth, X, _ = longley
    one = ForecastX(forecaster(), NaiveForecaster(strategy="drift"))
    one.fit(y, X=X, fh=[1, 2, 3])
    drift = NaiveForecaster(strategy="drift").fit(X, fh=[1, 2, 3]).predict()
    own = forecaster().fit(y, X=X, fh=[1, 2, 3]).predict(X=drift)
    assert_allclose(one.predict(), own)
    assert_forecast(one.predict(), truth, 0.05)
