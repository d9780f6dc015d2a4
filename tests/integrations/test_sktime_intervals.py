"""Intervals that sktime puts around forecasts of points."""

import pytest
from numpy.testing import assert_allclose
from pandas.testing import assert_series_equal
from sktime.forecasting.compose import BaggingForecaster
from sktime.forecasting.conformal import ConformalIntervals
from sktime.forecasting.enbpi import EnbPIForecaster
from sktime.forecasting.naive import NaiveVariance
from sktime.transformations.bootstrap import MovingBlockBootstrapTransformer
from sktime.utils.dependencies import _check_soft_dependencies

from tests.integrations.support import (
    FH,
    assert_forecast,
    assert_intervals,
    assert_times,
    forecaster,
    mape,
)


@pytest.mark.parametrize("wrapper", [ConformalIntervals, NaiveVariance])
def test_intervals_by_sktime(airline, wrapper):
    past, future = airline
    one = wrapper(forecaster(interval=None), initial_window=126).fit(past, fh=FH)
    plain = forecaster(interval=None).fit(past, fh=FH).predict()
    assert_series_equal(one.predict(), plain)
    interval = one.predict_interval(coverage=0.8)
    # The airline's months grow together: six errors are hardly more than one.
    assert_intervals(interval, future, least_covered=0.3)
    low, high = interval.to_numpy(dtype=float).T
    assert ((low < plain) & (plain < high)).all()


def test_bagging_of_bootstrapped_series(airline, naive_error):
    past, future = airline
    bootstrap = MovingBlockBootstrapTransformer(4, block_length=36, random_state=0)
    one = BaggingForecaster(bootstrap, forecaster(interval=None)).fit(past, fh=FH)
    # One network learns from the series and its bootstraps.
    series = bootstrap.clone().fit_transform(past)
    own = forecaster(interval=None).fit(series, fh=FH).predict()
    assert len(own) == 5 * len(FH)
    assert_allclose(one.predict(), own.groupby(level=-1).mean().iloc[:, 0])
    assert_times(one.predict(), future)
    # Blocks of the series put together have lost its trend, so that there is not more
    # to ask of the mean; the series itself is among them.
    actual = own.xs("actual", level=0).iloc[:, 0].rename(future.name)
    assert mape(future, actual) < naive_error
    assert_intervals(one.predict_interval(coverage=0.9), future, least_covered=0)


@pytest.mark.skipif(
    not _check_soft_dependencies("tsbootstrap", severity="none"),
    reason="EnbPIForecaster needs tsbootstrap",
)
def test_enbpi(airline, naive_error):
    past, future = airline
    one = EnbPIForecaster(forecaster(interval=None), random_state=0).fit(past, fh=FH)
    assert_forecast(one.predict(), future, naive_error)
    assert_intervals(one.predict_interval(coverage=0.8), future)
