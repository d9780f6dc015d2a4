"""Forecasts of smoothing and networks together, and how much each counts."""

import copy

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sktime.datasets import load_airline

from skrnn import FlattenSequence, RNNRegressor
from skrnn._forecasting.horizon_model import HorizonModel
from skrnn._forecasting.network_weight import learned_weight
from skrnn._forecasting.smoothing import Smoothing
from tests.forecasting.support import LINEAR, PLAIN, STRATEGIES, forecaster
from tests.support import wave_panel, wave_series


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_half_of_each(strategy):
    y = wave_series(80)
    models = [
        forecaster(network_weight=weight, strategy=strategy, log=False, interval=None)
        for weight in (0, 1, 0.5)
    ]
    models = [model.fit(y[:70], fh=[1, 2, 3]) for model in models]
    smooth, network, both = (model.predict() for model in models)
    np.testing.assert_allclose(both, (smooth + network) / 2, rtol=1e-12)
    assert models[0].estimators_ in ([[]], [[]] * 3)
    assert models[0].estimator_ is None
    assert (models[2].network_weight_ == 0.5).all()


@pytest.mark.parametrize("weight", [0, 0.5])
def test_an_update_equals_the_same_rows_as_context(weight):
    y = wave_series(100).astype(float)
    y.iloc[[3, 30, 75]] = np.nan
    model = forecaster(network_weight=weight).fit(y[:70], fh=[1, 2, 3])
    tested = model.backtest(y[70:90], coverage=0.8)
    step_by_step = copy.deepcopy(model)
    for t in range(70, 77):
        step_by_step.update(y[t : t + 1], update_params=False)
        expected, row = step_by_step.predict(), tested.loc[t]
        np.testing.assert_allclose(row["load"]["forecast"], expected, rtol=0)
        intervals = step_by_step.predict_interval(coverage=0.8)
        np.testing.assert_allclose(row["load"][0.8], intervals["load"][0.8], rtol=0)
    # Networks, where there are some, learn from an update; smoothing does not.
    trained = copy.deepcopy(model).update(y[70:77], update_params=True)
    same = np.array_equal(trained.predict(), step_by_step.predict())
    assert same == (weight == 0)


def test_long_series_are_forecast_from_their_newest_rows():
    """As many as are kept: an update does not change what is older."""
    y = wave_series(700)
    model = forecaster(network_weight=0, interval=None).fit(y[:500], fh=[1, 2])
    updated = copy.deepcopy(model).update(y[500:690], update_params=False)
    assert len(updated.forecaster_.tail.y) < 500
    tested = model.backtest(y[500:], step_length=190)
    np.testing.assert_array_equal(updated.predict(), tested.loc[689, "load"])
    whole = forecaster(network_weight=0, interval=None).fit(y[:690], fh=[1, 2])
    np.testing.assert_allclose(whole.predict(), updated.predict(), rtol=1e-6)


def test_forecasts_of_the_past_know_nothing_later():
    y = wave_series(60)
    model = forecaster(network_weight=0).fit(y, fh=[1, 2])
    other = y.copy()
    other[50:] += 5.0
    changed = forecaster(network_weight=0, sp=model.sp_, log=False).fit(other, fh=[1])
    same = forecaster(network_weight=0, sp=model.sp_, log=False).fit(y, fh=[1])
    past = list(range(-50, -8))
    np.testing.assert_allclose(changed.predict(past), same.predict(past), rtol=1e-9)
    # Each is the forecast that was made then.
    then = forecaster(network_weight=0, sp=model.sp_, log=False).fit(y[:40], fh=[1])
    assert then.predict().iloc[0] == pytest.approx(same.predict([-19]).iloc[0])


def test_what_fit_has_smoothed_is_forecast_without_smoothing_again(monkeypatch):
    y = wave_panel([40, 25, 33])
    model = forecaster(network_weight=0).fit(y, fh=[1, 2, 3])
    fresh = copy.deepcopy(model)  # which knows nothing of what was smoothed before
    expected = fresh.predict()
    calls, averaged = [], Smoothing._averaged
    monkeypatch.setattr(
        Smoothing, "_averaged", lambda *given: calls.append(1) or averaged(*given)
    )
    np.testing.assert_array_equal(model.predict(), expected)
    assert not calls
    # Other rows and other steps are others.
    later = copy.deepcopy(model).update(y + 1.0, update_params=False)
    assert not np.array_equal(later.predict(), expected)
    assert len(model.predict(fh=[1, 5])) == 6
    assert calls


def test_series_of_a_panel_are_smoothed_each_by_itself():
    """By models that are as likely as all of them say."""
    y = wave_panel([40, 25, 33])
    options = {"network_weight": 0, "sp": 7, "log": False}
    model = forecaster(**options).fit(y, fh=[1, 2, 3])
    together = model.predict()
    for key in "abc":
        alone = model.predict(y=y.loc[[key]])
        np.testing.assert_allclose(together.loc[[key]], alone, rtol=1e-9)


def test_what_smoothing_finds_in_a_series_can_be_read():
    t = np.arange(72.0)
    season = np.tile([0, 3, 1, 2], 18)
    line, grows = 20 + 2 * t + 5 * season, np.exp(0.03 * t + 0.2 * season)
    noise = np.random.default_rng(0).normal(size=72)
    both = {"line": line + noise, "grows": grows * np.exp(0.05 * noise)}
    y = pd.DataFrame(both, pd.period_range("2000Q1", periods=72, freq="Q"))
    model = forecaster(network_weight=0, interval=None, log="auto").fit(y, fh=[1])
    found = model.smoothing_weights_
    assert list(found.index) == list(y)
    trends = found.loc[:, "level":"return"]
    np.testing.assert_allclose(trends.sum(axis=1), 1.0)
    assert (trends["drift"] > 0.3).all()
    assert (found["lasting season"] > 0.5).all()
    assert found.loc["line", "logarithm"] < 0.1 < 0.9 < found.loc["grows", "logarithm"]
    # Of each series of a panel, which the others make surer, and none where there is no
    # smoothing.
    panel = pd.concat({"a": y[["line"]], "b": y[["line"]]})
    model = forecaster(network_weight=0, interval=None, log="auto").fit(panel, fh=[1])
    two = model.smoothing_weights_
    assert list(two.index) == [("a", "line"), ("b", "line")]
    np.testing.assert_allclose(two.iloc[0], two.iloc[1], rtol=1e-6, atol=1e-9)
    likely = ["drift", "lasting season"]
    assert (two.iloc[0][likely] > found.loc["line", likely] - 1e-6).all()
    model = forecaster(network_weight=1, interval=None).fit(y["line"], fh=[1])
    assert model.smoothing_weights_ is None


def test_networks_that_cannot_show_their_worth_are_not_trained():
    y = wave_series(30)
    model = forecaster(network_weight="auto").fit(y, fh=range(1, 9))
    assert model.estimator_ is None
    assert (model.network_weight_ == 0).all()
    assert np.isfinite(model.predict_interval()).all(axis=None)
    with pytest.raises(ValueError, match="and none for 2, 3,"):
        forecaster(network_weight=0, strategy="direct").fit(y, fh=[1, 8]).predict(fh=9)


@pytest.mark.parametrize("weight", ["auto", 0.5])
def test_one_network_tells_what_weight_several_have(weight, monkeypatch):
    trained, fit = [], HorizonModel.fit
    monkeypatch.setattr(
        HorizonModel,
        "fit",
        lambda self, prepared, members: (
            trained.append((len(members), len(prepared.u))),
            fit(self, prepared, members),
        )[1],
    )
    y = wave_series(90)
    forecaster(network_weight=weight, n_estimators=2).fit(y, fh=[1, 2])
    (n_judged, n_older), *rest = trained
    assert (n_judged, n_older < 90) == (1 if weight == "auto" else 2, True)
    assert rest in ([(2, 90)], [])  # none, where the weight is 0


def test_networks_count_where_they_know_more():
    """Of a series whose next value the newest two tell, by a curve."""
    values = [0.3]
    for _ in range(310):
        values.append(3.9 * values[-1] * (1 - values[-1]))
    y = pd.Series(values)
    knowing = make_pipeline(FlattenSequence(), KNeighborsRegressor(2))
    options = {"estimator": knowing, "window_length": 1, "scaling": None, **PLAIN}
    model = forecaster(network_weight="auto", **options).fit(y[:300], fh=[1])
    assert model.network_weight_[0, 0] > 0.8
    errors = {}
    for weight in ("auto", 0):
        one = forecaster(network_weight=weight, **options).fit(y[:300], fh=[1])
        found = one.backtest(y[300:])
        errors[weight] = np.abs(found.to_numpy()[:, 0] - y[300:].to_numpy()).mean()
    assert errors["auto"] < 0.3 * errors[0]
    walk = pd.Series(np.random.default_rng(0).normal(size=200).cumsum())
    ignorant = forecaster(estimator=LINEAR, network_weight="auto", sp=1)
    assert ignorant.fit(walk, fh=[1, 2]).network_weight_[0, 0] < 0.4


def test_the_weight_of_errors():
    rng = np.random.default_rng(0)
    smooth = rng.normal(size=(1, 400, 3, 1))
    good, bad = 0.1 * smooth, smooth + rng.normal(size=smooth.shape)
    assert learned_weight(smooth, good, 3)[0] > 0.95
    assert learned_weight(smooth, bad, 3)[0] < 0.1
    # Independent errors of the same size: half of each, held back by what is not known.
    other = rng.normal(size=smooth.shape)
    many = learned_weight(smooth, other, 3)[0]
    few = learned_weight(smooth[:, :12], other[:, :12], 3)[0]
    assert 0.4 < many < 0.5
    assert few < many
    # Errors that come again tell no more.
    again = [np.repeat(part[:, :12], 4, axis=1) for part in (smooth, other)]
    assert learned_weight(*again, 12)[0] < learned_weight(*again, 1)[0]
    assert learned_weight(smooth, smooth, 3)[0] == 0
    unknown = np.full_like(smooth, np.nan)
    assert learned_weight(smooth, unknown, 3)[0] == 0


def test_the_weight_of_many_series():
    """Is none where it could be luck, or would hardly be worth the time."""
    rng = np.random.default_rng(1)
    smooth, noise = rng.normal(size=(2, 40, 10, 3, 1))
    assert learned_weight(smooth, smooth - noise - 0.25 * smooth, 3)[0] > 0.2
    # What one shows does not become surer by being repeated.
    one = smooth[:1].repeat(40, axis=0), noise[:1].repeat(40, axis=0)
    assert learned_weight(one[0], one[0] - one[1] - 0.25 * one[0], 3)[0] == 0
    # Two per cent of the squared errors are sure, and not worth it.
    assert learned_weight(smooth, smooth - noise - 0.15 * smooth, 3)[0] == 0


def test_intervals_by_the_loss_are_of_networks_alone():
    y = wave_series(60)
    network = RNNRegressor("gru", 4, max_epochs=2, loss="gaussian", n_estimators=1)
    model = forecaster(estimator=network, network_weight="auto").fit(y, fh=[1, 2])
    assert (model.network_weight_ == 1).all()
    with pytest.raises(ValueError, match="interval='loss' says how sure networks"):
        forecaster(estimator=network, network_weight=0.5, interval="loss").fit(
            y, fh=[1]
        )
    both = forecaster(estimator=network, network_weight=0.5, interval="auto").fit(
        y, fh=[1, 2]
    )
    assert both.forecaster_.scores is not None
    assert np.isfinite(both.predict_interval()).all(axis=None)


@pytest.mark.parametrize("factor", [1e-300, 1e300])
def test_the_size_of_numbers_changes_nothing(factor):
    y = load_airline()[:60]
    expected = forecaster(network_weight=0).fit(y, fh=[1, 5]).predict()
    found = forecaster(network_weight=0).fit(y * factor, fh=[1, 5]).predict()
    np.testing.assert_allclose(found / factor, expected, rtol=1e-6)


def test_smoothing_of_what_is_hardly_there():
    y = pd.DataFrame({"a": np.arange(20.0), "b": np.nan}, index=range(20))
    y.loc[19, "b"] = 3.0
    model = forecaster(network_weight=0).fit(y, fh=[1, 2])
    np.testing.assert_allclose(model.predict()["b"], 3.0)
    np.testing.assert_allclose(model.predict()["a"], [20, 21], rtol=0.05)
    zeros = pd.Series(np.zeros(15))
    np.testing.assert_array_equal(
        forecaster(network_weight=0).fit(zeros, fh=[1, 2]).predict(), 0.0
    )


def test_what_only_networks_read_is_not_left_out_in_silence():
    y = wave_series(40)
    y.index = pd.date_range("2024-01-01", periods=40, freq="D")
    model = forecaster(network_weight=0, calendar=["day_of_week"], series_id=True)
    with pytest.warns(UserWarning, match="calendar and series_id have no effect"):
        model.fit(y, fh=[1])
    with pytest.warns(UserWarning, match="past_covariates have no effect"):
        forecaster(network_weight=0, past_covariates=["x"]).fit(
            y, pd.DataFrame({"x": np.arange(40.0)}, index=y.index), fh=[1]
        )
