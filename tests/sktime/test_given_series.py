"""Series given to a fitted forecaster: their columns, index and labels."""

import copy
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sktime.forecasting.base import ForecastingHorizon
from sktime.forecasting.model_evaluation import evaluate
from sktime.split import ExpandingWindowSplitter

from tests.forecasting.support import LINEAR, forecaster, state_of
from tests.support import wave_panel, wave_series

INDEXES = {
    "step of 10": pd.RangeIndex(5, 1005, 10),
    "unix seconds": pd.Index(1_700_000_000 + 3600 * np.arange(100)),
    "every tenth minute": pd.period_range("2000", periods=1000, freq="min")[::10],
}


@pytest.fixture(scope="module")
def two():
    """Two targets of very different size, and a forecaster fitted to 60 rows."""
    y = pd.DataFrame({"small": wave_series(80), "large": 100 * wave_series(80, seed=1)})
    return y, forecaster().fit(y[:60], fh=[1, 2])


# -- columns ---------------------------------------------------------------------------


def test_columns_are_found_by_name(two):
    y, model = two
    cv = ExpandingWindowSplitter(fh=[1, 2], initial_window=65, step_length=5)
    calls = [
        lambda m, y: m.update(y[60:], update_params=False).predict_interval(),
        lambda m, y: m.update_predict_single(y[60:], update_params=False),
        lambda m, y: m.backtest(y[60:], coverage=0.8),
        lambda m, y: m.update_predict(y, cv, update_params=False),
        lambda m, y: m.update_predict(y, cv, update_params=True),
        lambda m, y: m.predict(y=y[40:]),
        lambda m, y: m.predict_interval(y=y[40:]),
        lambda m, y: m.predict_quantiles(y=y[40:], alpha=[0.5]),
    ]
    for call in calls:
        expected = call(copy.deepcopy(model), y)
        found = call(copy.deepcopy(model), y[["large", "small"]])
        pd.testing.assert_frame_equal(found, expected)
        for wrong in (y.rename(columns={"small": "other"}), y[["small"]]):
            with pytest.raises(ValueError, match=r"but (fit )?had"):
                call(copy.deepcopy(model), wrong)


def test_names_of_one_series():
    y = wave_series(60)
    model = forecaster().fit(y[:50], fh=1)
    expected = model.predict(y=y)
    np.testing.assert_array_equal(model.predict(y=y.rename(None)), expected)
    with pytest.raises(ValueError, match=r"y has the columns \['sales'\], but fit had"):
        model.predict(y=y.rename("sales"))
    with pytest.raises(ValueError, match=r"but fit had \['load'\]"):
        model.update(y[50:].rename("sales"))
    nameless = forecaster().fit(y[:50].rename(None), fh=1)
    np.testing.assert_array_equal(nameless.predict(y=y), expected)


def test_names_after_pretraining():
    y = wave_panel([40, 40])
    y["other"] = 100 * y["load"].to_numpy()
    model = forecaster().pretrain(y, fh=[1])
    expected = copy.deepcopy(model).fit(y.loc["a"], fh=[1]).predict()
    swapped = copy.deepcopy(model).fit(y.loc["a"][["other", "load"]], fh=[1])
    pd.testing.assert_frame_equal(swapped.predict(), expected)
    with pytest.raises(ValueError, match="but fit had"):
        model.fit(y.loc["a"].rename(columns={"other": "third"}), fh=[1])
    # One target may go by another name.
    one = forecaster().pretrain(y[["load"]], fh=[1])
    assert one.fit(y.loc["a"]["other"], fh=[1]).predict().name == "other"


# -- refused, and nothing changed ------------------------------------------------------


@pytest.mark.parametrize("method", ["update", "update_predict_single"])
def test_what_is_refused_changes_nothing(method):
    y = wave_panel([40, 40])
    model = forecaster().fit(y, fh=[1, 2])
    before, expected = state_of(model), model.predict()
    more = wave_panel([44, 44]).groupby(level=0).tail(4)
    wrong = [
        (more.loc["a"], "The index of y has 1 levels, but had 2 in fit"),
        (pd.concat({"x": more}), "The index of y has 3 levels"),
        (more.rename(columns={"load": "other"}), "but fit had"),
        (more.replace(more.iloc[0, 0], np.inf), "y is infinite"),
    ]
    for y_wrong, match in wrong:
        with pytest.raises(ValueError, match=match):
            getattr(model, method)(y_wrong, update_params=False)
        assert state_of(model) == before
        pd.testing.assert_frame_equal(model.predict(), expected)
    model.update(more, update_params=False)
    assert (model.predict().index.get_level_values(1) > expected.index[1][1]).all()


def test_labels_of_another_type():
    y = wave_panel([40, 40])
    y.index = y.index.set_levels([1, 2], level=0)
    model = forecaster().fit(y, fh=1)
    texts = y.set_axis(y.index.set_levels(["1", "2"], level=0))
    with pytest.raises(ValueError, match=r"new series '1' \(text\), but .* number"):
        model.update(texts, update_params=False)
    more = y.loc[[2]].rename(index={2: 7}, level=0)
    assert len(model.update(more, update_params=False).predict()) == 3


def test_a_logarithm_of_what_is_not_positive():
    y = wave_series(60) + 20
    model = forecaster(log=True).fit(y[:50], fh=1)
    y.iloc[55] = 0.0
    for call in (model.update, model.backtest, lambda y: model.predict(y=y)):
        with pytest.raises(ValueError, match=r"y is 0 at .* but its logarithm"):
            call(y[50:])


# -- indexes ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", INDEXES)
def test_steps_of_an_index(name):
    index, plain = INDEXES[name], wave_series(100)
    y = plain.set_axis(index)
    model = forecaster(sp=18).fit(y[:80], fh=[1, 2])
    same = forecaster(sp=18).fit(plain[:80], fh=[1, 2])
    assert len(model.forecaster_.tail.y) == len(same.forecaster_.tail.y)
    assert list(model.predict().index) == list(index[80:82])
    np.testing.assert_allclose(model.predict(), same.predict())
    absolute = ForecastingHorizon(index[[80, 82]], is_relative=False)
    expected = same.predict([1, 3])
    np.testing.assert_allclose(model.predict(absolute), expected)
    assert list(model.predict([-1, 0]).index) == list(index[78:80])
    found = model.backtest(y[80:], fh=[1, 2])
    assert list(found.index.get_level_values("time")[:2]) == list(index[80:82])
    np.testing.assert_allclose(found, same.backtest(plain[80:], fh=[1, 2]))
    cv = ExpandingWindowSplitter(fh=[1, 2], initial_window=80, step_length=9)
    scores = evaluate(model, cv, y, strategy="no-update_params")
    reference = evaluate(same, cv, plain, strategy="no-update_params")
    column = "test_MeanAbsolutePercentageError"
    np.testing.assert_allclose(scores[column], reference[column])


def test_an_index_without_a_step():
    y = wave_series(60)
    jitter = pd.Index(1_700_000_000 + 3600 * np.arange(60) + np.arange(60) % 4)
    with pytest.raises(ValueError, match="does not lie on the grid"):
        forecaster().fit(y.set_axis(jitter), fh=1)
    times = pd.to_datetime(jitter, unit="s")
    with pytest.raises(ValueError, match="does not lie on the grid"):
        forecaster().fit(y.set_axis(times), fh=1)
    days = pd.date_range("2024-12-01", periods=60).strftime("%Y%m%d").astype(int)
    for dates in (days, days[:20]):
        with pytest.raises(ValueError, match=r"\(20241201, ...\) are dates"):
            forecaster().fit(y[: len(dates)].set_axis(dates), fh=1)
    sparse = np.cumsum(np.where(np.arange(60) % 9, 1, 100))
    with pytest.warns(UserWarning, match=r"60 rows, .* 654 steps of 1: most rows"):
        forecaster(interval=None).fit(y.set_axis(sparse), fh=1)


@pytest.mark.parametrize("freq", ["SMS", "SME"])
def test_two_days_of_each_month_without_a_frequency(freq):
    index = pd.date_range("2020-01-01", periods=62, freq=freq)
    y = wave_series(60, pd.DatetimeIndex(list(index[:60])))
    model = forecaster().fit(y, fh=[1, 2])
    assert list(model.predict().index) == list(index[60:])
    model.update(wave_series(1, index[60:61]), update_params=False)
    assert list(model.predict([1]).index) == list(index[61:])


@pytest.mark.parametrize("freq", [pd.DateOffset(months=1), pd.DateOffset(hours=3)])
def test_offsets_without_a_name(freq):
    index = pd.date_range("2000-01-31", periods=64, freq=freq)
    model = forecaster(calendar=True).fit(wave_series(60, index[:60]), fh=[1, 2, 3])
    assert list(model.predict().index) == list(index[60:63])
    assert model.sp_ == (12 if freq.kwds.get("months") else 8)


def test_days_without_a_midnight():
    local = pd.date_range("2018-06-01", periods=120)
    days = local.tz_localize("America/Santiago", nonexistent="shift_forward")
    model = forecaster().fit(wave_series(70, days[:70]), fh=range(1, 8))
    forecast = model.predict()
    assert list(forecast.index) == list(days[70:77])
    model.update(wave_series(20, days[70:90]), update_params=False)
    assert list(model.predict([1, 2]).index) == list(days[90:92])


@pytest.mark.parametrize("later", [False, True])
def test_rows_of_a_panel_in_any_order(later):
    y = wave_panel([60, 60])
    y.index = y.index.set_levels(y.index.levels[1].to_timestamp(), level=1)
    X = pd.DataFrame({"x": np.arange(120.0) % 7}, y.index)

    def in_time_order(frame):
        return frame.sort_index(level=[1, 0], kind="stable")

    options = {"estimator": LINEAR, "past_covariates": "all"}
    train = y.groupby(level=0).head(50)
    rest = y.drop(index=train.index)
    expected = forecaster(**options).fit(train, X.loc[train.index], fh=[1, 2])
    given = in_time_order(train)
    model = forecaster(**options).fit(given, X.loc[given.index], fh=[1, 2])
    if later:
        expected.update(rest, X.loc[rest.index], update_params=False)
        rest = in_time_order(rest)
        model.update(rest, X.loc[rest.index], update_params=False)
    pd.testing.assert_frame_equal(model.predict_interval(), expected.predict_interval())


# -- X ---------------------------------------------------------------------------------


def test_what_was_known_of_the_past_alone_is_not_asked_for():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(63, 2)), columns=["future", "past"])
    y = wave_series(63)
    model = forecaster(past_covariates=["past"]).fit(y[:60], X[:60], fh=[1, 2, 3])
    expected = model.predict(X=X[60:])
    X.loc[60:, "past"] = np.inf
    for future in (X[60:], X[60:][["future"]], X[60:][["future"]].to_numpy()):
        pd.testing.assert_series_equal(model.predict(X=future), expected)
        assert len(model.predict_interval(X=future)) == 3
    with pytest.raises(ValueError, match=r"fit had the columns \['future'\]"):
        model.predict()


def test_x_of_other_series():
    y = wave_panel([40, 40])
    X = pd.DataFrame({"x": np.arange(80.0)}, y.index)
    wrong = X.rename(index={"b": "c"}, level=0)
    with pytest.raises(ValueError, match=r"series 'b' of y; .* \['a', 'c'\]"):
        forecaster().fit(y, wrong, fh=1)


def test_labels_that_are_missing():
    y = wave_panel([40, 40])
    y.index = y.index.set_levels(range(40), level=1)
    model = forecaster(estimator=LINEAR).fit(y, fh=1)
    expected = model.predict()
    for labels in (["a"] * 40 + [None] * 40, [np.nan] * 80):
        index = pd.MultiIndex.from_arrays([labels, y.index.get_level_values(1)])
        wrong = y.set_axis(index)
        for call in (
            lambda y: model.update(y, update_params=False),
            lambda y: model.clone().fit(y, fh=1),
            lambda y: model.clone().pretrain(y, fh=1),
            lambda y: model.predict(y=y),
            model.backtest,
        ):
            with pytest.raises(ValueError, match="label of a series is missing"):
                call(wrong)
    pd.testing.assert_frame_equal(model.predict(), expected)


# -- what fails changes nothing --------------------------------------------------------

BAD_HORIZONS = {
    "too far": [4],
    "far too far": 10**9,
    "twice": [1, 1],
    "empty": [],
    "of texts": ["a"],
    "a fraction": [1.5],
    "off the grid": pd.PeriodIndex(["2030-01-01"], freq="D"),
    "of another kind": pd.DatetimeIndex(["2030-01-01"]),
}


@pytest.mark.parametrize("name", BAD_HORIZONS)
def test_a_horizon_that_is_refused_is_forgotten(name):
    y = wave_series(60, pd.period_range("2000-01", periods=60, freq="M"))
    model = forecaster(estimator=LINEAR, strategy="direct").fit(y[:50], fh=[1, 3])
    expected, before = model.predict(), vars(model).copy()
    fh = BAD_HORIZONS[name]
    cv = SimpleNamespace(get_fh=lambda: fh, split=lambda y: iter([([0, 1], [2])]))
    for call in (
        lambda: model.predict(fh),
        lambda: model.predict_interval(fh),
        lambda: model.predict_quantiles(fh),
        lambda: model.predict_var(fh),
        lambda: model.predict_proba(fh),
        lambda: model.score(y[50:52], fh=fh),
        lambda: model.backtest(y[50:], fh=fh),
        lambda: model.update_predict_single(y[50:], fh, update_params=False),
        lambda: model.update_predict(y[50:], cv, reset_forecaster=False),
        lambda: model.fit(y, fh=fh if name != "too far" else 60),
        lambda: model.fit_predict(y, fh=[1], X_pred=y[:1].to_frame()),
        lambda: model.predict([1], X=y[:1].to_frame()),
        lambda: model.predict_quantiles([1], alpha=2.0),
        lambda: model.predict_interval([1], coverage=[0.5, 0.5]),
        lambda: model.predict_residuals(y[5:3]),
        lambda: model.fit(y.where(y > 1e9), fh=[2]),
        lambda: model.pretrain(y, fh=[2]),
        lambda: model.update(y[50:].to_frame().assign(more=1.0)),
    ):
        with pytest.raises(
            (ValueError, TypeError, AttributeError, NotImplementedError)
        ):
            call()
        assert vars(model).keys() == before.keys()
        assert all(vars(model)[key] is before[key] for key in ("_fh", "_cutoff"))
        pd.testing.assert_series_equal(model.predict(), expected)
