"""Going on with a fitted forecaster: newer rows, and other series."""

import copy

import numpy as np
import pandas as pd
import pytest
from sktime.forecasting.base import ForecastingHorizon
from sktime.split import ExpandingWindowSplitter, SlidingWindowSplitter

from tests.forecasting.support import (
    LINEAR,
    PLAIN,
    STRATEGIES,
    fitted,
    forecaster,
    state_of,
)
from tests.instruction_levels import ROUNDING
from tests.support import short_network, wave_panel, wave_series


def test_series_that_were_not_in_fit():
    y = wave_panel([40, 40, 40, 40])
    model = forecaster(series_id=True).fit(y.loc[["a", "b"]], fh=[1, 2])
    before = state_of(model)
    forecast = model.predict(y=y.loc[["c", "d"]])
    assert list(forecast.index.get_level_values(0).unique()) == ["c", "d"]
    assert forecast.loc["d", "load"].between(20, 30).all()
    intervals = model.predict_interval(y=y.loc[["c"]], coverage=0.8)
    assert np.isfinite(intervals).all(axis=None)
    # The levels of the ends of an interval, to the last bit.
    levels = [0.5 - 0.8 / 2, 0.5 + 0.8 / 2]
    quantiles = model.predict_quantiles(y=y.loc[["c"]], alpha=levels)
    np.testing.assert_array_equal(quantiles, intervals)
    assert state_of(model) == before
    # One of fit, and a single series.
    np.testing.assert_allclose(
        model.predict(y=y.loc[["a"]]), model.predict().loc[["a"]], rtol=0
    )
    single = model.predict(y=y.loc["c"]["load"])
    assert isinstance(single, pd.Series)
    np.testing.assert_array_equal(single, forecast.loc["c", "load"])


def test_pretraining():
    y = wave_panel([40, 40, 40])
    model = forecaster().pretrain(y.loc[["a", "b"]], fh=[1, 2, 3])
    assert model.state == "pretrained"
    model.fit(y.loc["c"], fh=[1, 2])
    forecast = model.predict()
    reference = forecaster().fit(y.loc[["a", "b"]], fh=[1, 2, 3])
    other = reference.predict(fh=[1, 2], y=y.loc["c"])
    np.testing.assert_array_equal(forecast, other)
    # Again, with another series: the networks are those of pretraining.
    model.fit(y.loc["a"], fh=[1, 2])
    np.testing.assert_array_equal(
        model.predict(), reference.predict(fh=[1, 2], y=y.loc["a"])
    )
    # All that fit leaves, though sktime takes it off before.
    for name in ("sp_", "log_", "window_length_", "fourier_terms_", "difference_"):
        assert getattr(model, name) == getattr(reference, name)
    assert model.predict_proba().shape == (2, 1)
    with pytest.raises(ValueError, match="pretrain needs fh in steps ahead"):
        forecaster().pretrain(
            y, fh=ForecastingHorizon(pd.PeriodIndex(["2030-01"], freq="M"), False)
        )


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_update_equals_the_same_rows_as_context(strategy):
    y, models = fitted()
    model = models[strategy]
    forecasts = model.backtest(y[70:90], coverage=0.8)
    moving = model.update_predict(
        y[:90],
        ExpandingWindowSplitter(fh=[1, 2, 3], initial_window=71),
        update_params=False,
    )
    step_by_step = copy.deepcopy(model)
    at_once = copy.deepcopy(model).update(y[70:80], update_params=False)
    for t in range(70, 80):
        step_by_step.update(y[t : t + 1], update_params=False)
        expected = step_by_step.predict()
        row = forecasts.loc[t]
        np.testing.assert_allclose(row["load"]["forecast"], expected, rtol=ROUNDING)
        intervals = step_by_step.predict_interval(coverage=0.8)
        np.testing.assert_allclose(
            row["load"][0.8], intervals["load"][0.8], rtol=ROUNDING
        )
        np.testing.assert_allclose(
            moving[t].dropna().to_numpy().ravel(), expected, rtol=ROUNDING
        )
    np.testing.assert_allclose(at_once.predict(), expected, rtol=ROUNDING)
    np.testing.assert_allclose(
        at_once.predict_interval(coverage=0.8), intervals, rtol=ROUNDING
    )
    afresh = model.predict(fh=[1, 2, 3], y=y[:80])
    if model.forecaster_.transform.scaling == "window":
        # Another history has other moments, which windows of their own scale away.
        np.testing.assert_allclose(afresh, expected, rtol=1e-2)


def test_the_state_stays():
    y = wave_series(100)
    model = forecaster().fit(y[:60], fh=[1, 2])
    before = state_of(model)
    model.predict()
    model.predict_interval()
    model.predict_quantiles(alpha=0.3)
    model.predict_var()
    model.predict_proba()
    model.backtest(y[60:], refit="warm", coverage=0.5, step_length=20)
    model.predict(fh=[1, 2], y=y[30:])
    model.update_predict(
        y[60:],
        SlidingWindowSplitter(fh=[1, 2], window_length=10, step_length=20),
        update_params=True,
    )
    assert state_of(model) == before


def test_training_on():
    y = wave_series(100)
    model = forecaster(update_epochs=2).fit(y[:60], fh=[1, 2])
    other = copy.deepcopy(model).update(y[60:80], update_params=True)
    idle = copy.deepcopy(model).update(y[60:80], update_params=False)
    assert (other.predict() != idle.predict()).all()
    assert other.estimator_ is not model.estimator_
    never = forecaster(update_epochs=0).fit(y[:60], fh=[1, 2])
    never.update(y[60:80], update_params=True)
    np.testing.assert_array_equal(never.predict(), idle.predict())
    linear = forecaster(estimator=LINEAR).fit(y[:60], fh=1)
    with pytest.raises(TypeError, match="Pipeline does not have"):
        linear.update(y[60:61])
    assert np.isfinite(linear.update(y[60:61], update_params=False).predict()).all()


def test_rows_that_were_seen_already():
    y = wave_series(90)
    model = forecaster().fit(y[:70], fh=[1, 2, 3])
    fh = [-10, 1, 2, 3]
    expected = model.predict(fh), model.predict_interval(fh)
    model.update(y[50:70], update_params=False)
    np.testing.assert_allclose(model.predict(fh), expected[0], rtol=0)
    np.testing.assert_allclose(model.predict_interval(fh), expected[1], rtol=0)
    # Back in time: as it would have been then.
    model.update(y[40:60], update_params=False)
    assert model.cutoff[0] == 59
    np.testing.assert_allclose(
        model.predict(1), model.predict(fh=1, y=y[:60]), rtol=1e-2
    )


def test_new_and_lost_series_in_an_update():
    y = wave_panel([40, 40, 40, 40])
    model = forecaster().fit(y.loc[["b", "c"]], fh=[1, 2])
    model.update(y.loc[["a", "b"]], update_params=False)
    forecast = model.predict()
    assert set(forecast.index.get_level_values(0)) == {"a", "b", "c"}
    assert forecast.loc["a", "load"].between(8, 12).all()
    assert np.isfinite(model.predict_interval()).all(axis=None)


def test_a_gap_before_new_rows():
    y = wave_series(90)
    model = forecaster().fit(y[:60], fh=[1, 2])
    model.update(y[64:70], update_params=False)
    assert list(model.predict().index) == [70, 71]
    assert np.isfinite(model.predict()).all()


def test_intervals_of_rows_that_were_seen():
    # A trend makes the scale of a window much smaller than that of the series.
    y = wave_series(200) + np.arange(200)
    model = forecaster(estimator=short_network(max_epochs=20), **PLAIN).fit(
        y, fh=[1, 2]
    )
    interval = model.predict_interval(np.arange(-150, 1), coverage=0.8)["load"][0.8]
    inside = y[49:].between(interval["lower"], interval["upper"])
    assert 0.7 < inside.mean() < 0.97
    none = forecaster(insample=False).fit(y, fh=1)
    with pytest.raises(NotImplementedError, match="in-sample"):
        none.predict([0])


# -- forecasts that are known when rows come -------------------------------------------


def told(model, fh=None):
    """Forecasts, intervals and quantiles."""
    return (
        model.predict(fh),
        model.predict_interval(fh, coverage=[0.5, 0.9]),
        model.predict_quantiles(fh, alpha=[0.8, 0.1]),
    )


def told_without_computing(model, fh, monkeypatch):
    def refuse(*_):
        raise AssertionError("computed once more")

    with monkeypatch.context() as patch:
        for name in ("point", "quantiles"):
            patch.setattr(model.forecaster_, name, refuse, raising=False)
        return told(model, fh)


def assert_same_bits(found, expected):
    for own, other in zip(found, expected, strict=True):
        assert type(own) is type(other)
        kind = "series" if isinstance(own, pd.Series) else "frame"
        check = getattr(pd.testing, f"assert_{kind}_equal")
        check(own, other, check_exact=True)


@pytest.mark.parametrize("network_weight", [0.5, 1])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("log", [False, True])
def test_a_forecast_after_new_rows_is_known_and_the_same(
    strategy, log, network_weight, monkeypatch
):
    y = wave_series(120)
    options = {"strategy": strategy, "log": log, "network_weight": network_weight}
    model = forecaster(**options).fit(y[:70], fh=[1, 2, 4])
    for begin, end in ((70, 71), (71, 75), (75, 76)):
        model.update(y[begin:end], update_params=False)
        for fh in (None, [4, 1], 2):
            expected = told(copy.deepcopy(model), fh)
            assert_same_bits(told_without_computing(model, fh, monkeypatch), expected)
    # Farther ahead than was asked of fit, and of the past.
    if strategy in ("multioutput", "recursive"):
        for fh in ([1, 9], [-1, 1]):
            assert_same_bits(told(model, fh), told(copy.deepcopy(model), fh))


@pytest.mark.parametrize("options", [{}, {"calendar": True}, {"fourier_terms": 2}])
def test_so_are_those_of_a_panel(options, monkeypatch):
    y = wave_panel([50, 50, 44])
    times = y.index.get_level_values("month")
    newest = times.max()
    model = forecaster(network_weight=0.5, **options).fit(
        y[times < newest - 2], fh=[1, 2]
    )
    model.update(y[times == newest - 2], update_params=False)
    expected = told(copy.deepcopy(model))
    assert_same_bits(told_without_computing(model, None, monkeypatch), expected)
    # Of one series there are no newer rows.
    is_new = (times == newest - 1) & (y.index.get_level_values("shop") != "b")
    model.update(y[is_new], update_params=False)
    assert_same_bits(told(model), told(copy.deepcopy(model)))


def test_intervals_by_a_loss_are_computed():
    y = wave_series(100)
    network = short_network(loss="quantile", quantiles=[0.1, 0.5, 0.9])
    model = forecaster(estimator=network, network_weight=1).fit(y[:90], fh=[1, 2])
    model.update(y[90:93], update_params=False)
    assert_same_bits(told(model), told(copy.deepcopy(model)))


def test_a_name_or_none_stays_that_of_the_series():
    y = wave_series(80)
    for name in ("load", None, 3):
        model = forecaster(network_weight=0).fit(y.rename(name)[:70], fh=[1, 2])
        forecast = model.predict()
        assert forecast.name == name
        assert isinstance(forecast, pd.Series)
        table = forecaster(network_weight=0).fit(y.rename(name)[:70].to_frame(), fh=1)
        assert isinstance(table.predict(), pd.DataFrame)
        array = forecaster(network_weight=0).fit(y.to_numpy()[:70], fh=[1, 2])
        np.testing.assert_array_equal(np.ravel(array.predict()), forecast)


def test_what_is_known_is_forgotten_where_it_no_longer_holds():
    y = wave_series(100)
    X = pd.DataFrame({"heat": np.sin(np.arange(100.0))})
    model = forecaster().fit(y[:70], fh=[1, 2])
    with_x = forecaster().fit(y[:70], X[:70], fh=[1, 2])
    model.update(y[70:72], update_params=False).update(y[72:73])  # trains on
    with_x.update(y[70:73], X[70:73], update_params=False)
    hot, cold = (with_x.predict(X=X[73:75] * factor) for factor in (1, -1))
    assert (hot != cold).all()
    pd.testing.assert_series_equal(
        with_x.predict(X=X[73:75]), copy.deepcopy(with_x).predict(X=X[73:75])
    )
    known = y[73:76].copy()
    known[75] = np.nan
    for rows in (y[70:73], known, y[74:75]):  # none, late targets, corrected rows
        expected = copy.deepcopy(model).predict()
        pd.testing.assert_series_equal(model.predict(), expected, check_exact=True)
        model.update(rows, update_params=False)
    expected = copy.deepcopy(model).predict()
    pd.testing.assert_series_equal(model.predict(), expected, check_exact=True)
