"""Linear models and sizes of errors that the series of a panel have of their own."""

import copy

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn._forecasting import regressed_fit
from skrnn._forecasting.lag_regression import TargetModel, Views
from skrnn._forecasting.table import Origins
from tests.forecasting.support import LINEAR, forecaster

OPTIONS = {"network_weight": "auto", "log": False, "difference": 0, "sp": 1}
FH = [1, 2, 3]


def autoregressions(n_rows=90, names="abcd", seed=0):
    """Series that swing, each at its own pace, and are of unlike size."""
    rng = np.random.default_rng(seed)
    parts = {}
    for i, name in enumerate(names):
        swing = 2 * 0.95 * np.cos(0.5 + 0.6 * i)
        y = np.zeros(n_rows)
        for t in range(2, n_rows):
            y[t] = swing * y[t - 1] - 0.9 * y[t - 2] + rng.normal()
        index = pd.period_range("2000-01", periods=n_rows, freq="M", name="month")
        parts[name] = pd.Series(50 + 10.0**i * y, index=index, name="sales")
    return pd.concat(parts, names=["store"]).to_frame()


def until_2007(y):
    return y[y.index.get_level_values("month") < "2007"]


def fitted(y, **options):
    return forecaster(estimator=LINEAR, **OPTIONS | options).fit(y, fh=FH)


@pytest.fixture(scope="module")
def model():
    return fitted(until_2007(autoregressions()))


def slow_forecast(model, values, code):
    """Smoothing and the linear model of a series, from its newest row."""
    engine = model.forecaster_
    local = engine.forecasts.smoothing
    prepared = engine.transform.prepare(engine.tail)
    here = Origins(prepared.table.begin[[code + 1]] - 1, np.array([code]))
    smooth = local.smoothing.predict(prepared, here, np.array(FH))[0, :, 0]
    center, scale = prepared.table.moments[code, :, 0]
    window = (values[-6:] - center) / scale
    level = window.mean()
    size = np.sqrt(window.var() + 0.1**2)  # no less than a tenth of its series'
    found = local.models[0]
    read = np.append((window - level) / size, 1.0)
    own = level + size * (read @ found.own[code])
    return center + scale * (smooth + found.weight[code] * (own - smooth))


def test_a_series_is_forecast_by_a_linear_model_of_its_own(model):
    assert model.estimator_ is None
    weights = model.panel_weights_
    assert list(weights.index) == [(store, "sales") for store in "abcd"]
    assert ((weights.iloc[:, :2] > 0.2) & (weights.iloc[:, :2] <= 1)).all(axis=None)
    found = model.predict()
    y = autoregressions()
    for code, store in enumerate("abcd"):
        values = y.loc[store, "sales"].to_numpy()[:84]
        expected = slow_forecast(model, values, code)
        np.testing.assert_allclose(found.loc[store, "sales"], expected, rtol=1e-9)
    truth = y.drop(index=until_2007(y).index)
    smoothing = fitted(until_2007(y), network_weight=0)
    assert not smoothing.panel_weights_["linear model"].any()
    errors = [
        np.log(np.abs(m.predict() - truth.groupby("store").head(3))).to_numpy().mean()
        for m in (model, smoothing)
    ]
    assert errors[0] < errors[1] - 0.2


def test_series_that_were_not_there_have_what_all_have(model):
    new = autoregressions(30, "xy", seed=1)
    other = model.predict(y=new)
    engine = model.forecaster_.for_series(model._table(model.frames_, new, None))
    found = engine.forecasts.panel_parts(engine.tail.keys)[:, 0]
    usual = engine.forecasts.smoothing.models[0].usual_weight
    np.testing.assert_array_equal(found, np.tile([usual, 0.0, 1.0], (2, 1)))
    both = pd.concat([new.loc[["x"]], autoregressions(30, "a")])
    known = model.predict(y=both)
    np.testing.assert_allclose(known.loc[["x"]], other.loc[["x"]], rtol=1e-9)


def test_the_order_of_series_does_not_matter(model):
    turned = dict(zip("abcd", "dcba", strict=True))
    y = until_2007(autoregressions()).rename(index=turned, level=0).sort_index()
    found = fitted(y).predict_interval().rename(index=turned, level=0)
    expected = model.predict_interval()
    np.testing.assert_allclose(found.loc[expected.index], expected, rtol=1e-6)


def test_what_comes_later_is_forecast_as_if_it_had_been_waited_for(model):
    y = autoregressions()
    later = y.drop(index=until_2007(y).index)
    tested = model.backtest(later, step_length=1)
    updated = copy.deepcopy(model)
    updated.update(later.groupby("store").head(2), update_params=False)
    found = updated.predict()
    months = found.index.get_level_values("month")
    tested = tested[tested.index.get_level_values(1) == months.min() - 1]
    np.testing.assert_array_equal(tested, found)


def test_steps_beyond_those_learned_differ_from_smoothing_as_the_last_does(model):
    engine = model.forecaster_
    local, prepared = engine.forecasts.smoothing, engine.transform.prepare(engine.tail)
    ends = Origins(prepared.table.begin[1:] - 1, np.arange(4))
    steps = np.arange(1, 8)
    apart = local.predict(prepared, ends, steps)
    apart -= local.smoothing.predict(prepared, ends, steps)
    np.testing.assert_allclose(apart[:, 3:], apart[:, [2] * 4], rtol=1e-7)
    assert np.abs(apart[:, 2]).min() > 0


def test_intervals_are_as_wide_as_the_errors_of_each_series(model):
    interval = model.predict_interval(coverage=0.8)
    width = interval.iloc[:, 1] - interval.iloc[:, 0]
    width = width.groupby("store").mean().to_numpy()
    # In units of the series the errors of slow swings are the smaller.
    moments = model.forecaster_.tail.moments[:, 1, 0]
    size = model.panel_weights_["error size"].to_numpy()
    np.testing.assert_allclose(width / moments / size, (width / moments / size)[0])
    assert np.ptp(size) > 0.1


def test_of_too_many_series_models_are_one_in_common(monkeypatch):
    monkeypatch.setattr(regressed_fit, "_MOST_NUMBERS", 100)
    model = fitted(until_2007(autoregressions()))
    found = model.forecaster_.forecasts.smoothing.models[0]
    assert found.own is None
    weights = model.panel_weights_
    assert not weights["own coefficients"].any()
    assert (weights["linear model"] > 0).all()
    np.testing.assert_array_equal(weights["linear model"], found.weight)


def test_a_single_series_has_nothing_of_a_panel():
    y = autoregressions().loc["a"]
    model = fitted(y)
    assert model.panel_weights_ is None
    assert model.forecaster_.forecasts.error_scales is None


def test_own_models_read_rows_of_all_series_as_those_of_one():
    rng = np.random.default_rng(0)
    own = rng.normal(size=(5, 4, 3))
    model = TargetModel(rng.normal(size=(4, 3)), own, np.zeros(5), np.zeros(5), 0.0)
    steps, places = np.arange(3), np.array([3, 0, 4])
    codes = np.repeat(np.arange(3), 6)
    rows = rng.normal(size=(18, 4))

    def path(kept, places=places):
        base, scale = np.zeros((len(kept), 3)), np.ones(len(kept))
        view = Views(rows[kept], base, scale, scale > 0)
        return model.path(view, places, codes[kept], steps)

    every = path(np.arange(18))
    for code, place in enumerate(places):
        mine = np.flatnonzero(codes == code)
        assert_array_equal(every[mine], path(mine))
        assert_allclose(every[mine], rows[mine] @ own[place], rtol=1e-12)
    some = rng.permutation(18)[:11]
    assert_array_equal(every[some], path(some))
    unknown = path(np.arange(18), np.array([3, -1, 4]))
    assert_allclose(unknown[6:12], rows[6:12] @ model.common, rtol=1e-12)
    assert_array_equal(unknown[:6], every[:6])
