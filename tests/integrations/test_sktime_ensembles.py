"""Ensembles, choices, schedules and files of sktime."""

import pandas as pd
import pytest
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal, assert_series_equal
from sklearn.linear_model import LinearRegression
from sktime.base import load
from sktime.forecasting.compose import (
    ColumnEnsembleForecaster,
    EnsembleForecaster,
    FallbackForecaster,
    MultiplexForecaster,
    StackingForecaster,
)
from sktime.forecasting.model_selection import ForecastingGridSearchCV
from sktime.forecasting.naive import NaiveForecaster
from sktime.forecasting.stream import UpdateEvery, UpdateRefitsEvery
from sktime.split import SingleWindowSplitter
from sktime.transformations.boxcox import LogTransformer

from tests.integrations.support import FH, assert_forecast, assert_times, forecaster
from tests.sktime.support import IS_OLD


def test_ensemble_is_the_mean(airline, naive_error):
    past, future = airline
    seasonal = NaiveForecaster(sp=12)
    both = EnsembleForecaster([("rnn", forecaster()), ("naive", seasonal)], n_jobs=1)
    found = both.fit(past, fh=FH).predict()
    expected = sum(
        part.clone().fit(past, fh=FH).predict() for part in (forecaster(), seasonal)
    )
    assert_allclose(found, expected / 2)
    assert_forecast(found, future, naive_error)


def test_stacked_forecasters(airline, naive_error):
    past, future = airline
    parts = [("rnn", forecaster()), ("naive", NaiveForecaster(sp=12))]
    one = StackingForecaster(parts, LinearRegression(positive=True))
    assert_forecast(one.fit(past, fh=FH).predict(), future, naive_error)


def test_multiplexer_is_searched(airline):
    past, future = airline
    one = MultiplexForecaster([("rnn", forecaster()), ("naive", NaiveForecaster())])
    search = ForecastingGridSearchCV(
        one, SingleWindowSplitter(FH), {"selected_forecaster": ["naive", "rnn"]}
    ).fit(past, fh=FH)
    assert search.best_params_ == {"selected_forecaster": "rnn"}
    expected = forecaster().fit(past, fh=FH)
    assert_series_equal(search.predict(), expected.predict())
    assert_frame_equal(search.predict_interval(), expected.predict_interval())
    assert_times(expected.predict(), future)


def test_columns_have_forecasters_of_their_own(airline):
    past, future = airline
    Y = pd.DataFrame({"up": past, "down": -past})
    one = ColumnEnsembleForecaster(
        [("rnn", forecaster(), "up"), ("naive", NaiveForecaster(), "down")]
    ).fit(Y, fh=FH)
    expected = forecaster().fit(past, fh=FH).predict()
    assert_allclose(one.predict()["up"], expected)
    assert list(one.predict().columns) == ["up", "down"]
    assert_times(one.predict(), future)


def test_fallback_takes_over_where_there_is_too_little(airline):
    past = airline[0]
    parts = [("rnn", forecaster()), ("naive", NaiveForecaster())]
    short = FallbackForecaster(parts).fit(past[:5], fh=FH)
    assert short.current_name_ == "naive"
    with pytest.raises(ValueError, match="No series is longer than the 6 steps"):
        forecaster().fit(past[:5], fh=FH)
    assert FallbackForecaster(parts).fit(past, fh=FH).current_name_ == "rnn"


@pytest.mark.parametrize("schedule", ["refit", "update"])
def test_schedules_of_updates(airline, schedule):
    past, future = airline
    # sktime 1.1 takes its own default, 0, for a lag of all rows but the first.
    lag = {"refit_window_lag": None} if IS_OLD else {}
    one = {
        "refit": UpdateRefitsEvery(forecaster(), refit_interval=3, **lag),
        "update": UpdateEvery(forecaster(), update_interval=3),
    }[schedule].fit(past[:-6], fh=FH)
    one.update(past[-6:])
    own = forecaster().fit(past[:-6], fh=FH).update(past[-6:])
    if schedule == "refit":
        own = forecaster().fit(past, fh=FH)
    assert_series_equal(one.predict(), own.predict())
    assert_times(one.predict(), future)


@pytest.mark.parametrize("where", ["memory", "file"])
def test_save_and_load(airline, where, tmp_path):
    past, future = airline
    for one in (forecaster(), LogTransformer() * forecaster()):
        one.fit(past, fh=FH)
        path = None if where == "memory" else str(tmp_path / type(one).__name__)
        saved = one.save(path)
        other = load(path or saved)
        assert_series_equal(other.predict(), one.predict())
        assert_frame_equal(other.predict_interval(), one.predict_interval())
        # The rows are those of both; a training that goes on has a new optimiser.
        both = (
            each.update(future, update_params=False).predict() for each in (one, other)
        )
        assert_series_equal(*both)
