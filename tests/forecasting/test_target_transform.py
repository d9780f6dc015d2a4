"""Targets are made local, and got back."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skrnn._forecasting.table import Origins
from skrnn._forecasting.target_transform import _sums
from tests.forecasting.support import ORDERS, forecaster, model, table, transform_of
from tests.support import short_network, wave_series


@pytest.mark.parametrize("scaling", [None, "series", "window"])
@pytest.mark.parametrize("orders", [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0)])
def test_forecasts_move_with_level_and_scale(scaling, orders):
    y = wave_series(70)
    options = {"scaling": scaling, "log": False, "sp": 9}
    options |= {"difference": orders[0], "seasonal_difference": orders[1]}
    exact = short_network(dtype="float64")
    first = forecaster(estimator=exact, **options).fit(y, fh=[1, 2, 3]).predict()
    other = forecaster(estimator=exact, **options).fit(100 * y - 7, fh=[1, 2, 3])
    np.testing.assert_allclose(other.predict(), 100 * first - 7, rtol=1e-6)


def test_a_trend_and_a_season_are_carried_on():
    t = np.arange(80)
    y = pd.Series(3.0 * t + np.tile([5.0, -2, 0, 7, -10, 1, 0, -1], 10))
    model = forecaster(sp=8, difference=1, seasonal_difference=1).fit(y[:70], fh=8)
    np.testing.assert_allclose(model.predict(range(1, 11)), y[70:80], atol=1e-6)


def test_logarithms_grow_without_bounds():
    y = pd.Series(np.exp(0.1 * np.arange(80)))
    model = forecaster(log=True, difference=2, sp=1).fit(y[:70], fh=5)
    assert model.log_.all()
    np.testing.assert_allclose(model.predict(range(1, 11)), y[70:80], rtol=1e-6)
    assert (model.predict_interval() > 0).all(axis=None)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("scaling", [None, "series", "window"])
def test_targets_are_got_back(order, scaling):
    """A network that were right would give the future exactly."""
    data = table(missing=False)
    made, prepared = transform_of(data, order, scaling=scaling)
    horizon_model = model(made, prepared, steps=(1, 2, 5))
    X, Y, _ = horizon_model.samples(prepared)
    rows = X.stop - 1
    codes = X.series
    base = horizon_model._baseline(prepared, Origins(rows, codes), X)
    u = base + Y.reshape(base.shape) * X.scale[:, None]
    found = made.to_units(u, codes, prepared.table)
    truth = data.y[rows[:, None] + [1, 2, 5]]
    np.testing.assert_allclose(found, truth, rtol=1e-9)
    np.testing.assert_allclose(
        made.from_units(truth[:, 0], codes, prepared.table), u[:, 0], atol=1e-9
    )


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("scaling", [None, "series", "window"])
def test_nothing_is_read_beyond_the_origin(order, scaling):
    data = table()
    made, learned = transform_of(data, order, scaling=scaling)
    rows = np.array([12, 25, 36, 50])
    codes = data.codes[rows]
    changed = table().with_moments(learned.table.moments)
    # In the window of three steps the X of one column is known ahead, no other is.
    later = np.ones(len(data.y), dtype=bool)
    for row, code in zip(rows, codes, strict=True):
        later[data.begin[code] : row + 1] = False
    rng = np.random.default_rng(1)
    changed.y[later] = np.exp(rng.normal(size=(later.sum(), 2)) * 3)
    changed.x[later, 1] = rng.normal(size=later.sum())
    # The newest origin of a series bounds what may change.
    newest = [max(rows[codes == code], default=-1) for code in range(3)]
    is_newest = np.isin(rows, newest)
    origins = Origins(rows[is_newest], codes[is_newest])
    found = []
    for one in (data, changed):
        prepared = made.prepare(one)
        horizon_model = model(made, prepared)
        X = horizon_model.windows(prepared, origins)
        found.append((np.asarray(X), horizon_model._baseline(prepared, origins, X)))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_windows_do_not_reach_into_another_series():
    data = table(missing=False)
    made, prepared = transform_of(data, (1, 0))
    begin = data.begin[1]
    origins = Origins(np.array([begin - 1, begin, begin + 3]), np.array([1, 1, 1]))
    X = model(made, prepared).windows(prepared, origins)
    np.testing.assert_array_equal(X.length, [0, 0, 3])
    base = made.baseline(prepared, origins, X, 2)
    # Before the first row nothing is known, after it the level is.
    np.testing.assert_array_equal(base[0], 0.0)
    np.testing.assert_allclose(base[1], prepared.u[[begin, begin]])


def test_values_below_those_of_fit_have_a_logarithm():
    data = table(missing=False)
    made, prepared = transform_of(data)
    later = prepared.table.until(data.last)
    later.y = later.y.copy()
    later.y[-1, 0] = -5.0
    assert np.isfinite(made.prepare(later).u).all()


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=40),
    st.integers(1, 3),
)
def test_sums_of_runs_in_any_order(runs, n_columns):
    values = np.random.default_rng(0).normal(size=(40, n_columns))
    begin = np.array([first for first, _ in runs], dtype=np.int64)
    stop = begin + np.array([length for _, length in runs], dtype=np.int64)
    # Windows without a row are told as ending at the first one.
    stop = np.where(stop > begin, stop, 0)
    begin = np.where(stop > 0, begin, 0)
    found = _sums(values, begin, stop)
    assert found.shape == (len(runs), n_columns)
    for mine, first, last in zip(found, begin, stop, strict=True):
        assert_allclose(mine, values[first:last].sum(axis=0), atol=1e-13)
        assert_array_equal(mine, _sums(values, np.array([first]), np.array([last]))[0])
