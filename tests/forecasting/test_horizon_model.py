"""Windows and targets of networks, against loops over single windows."""

import copy

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from skrnn import RNNRegressor
from skrnn._forecasting import horizon_model
from skrnn._forecasting.horizon_model import new_members
from skrnn._forecasting.table import SeriesTable
from tests.forecasting.support import (
    LENGTHS,
    N_LAGS,
    ORDERS,
    SP,
    forecaster,
    model,
    slow_difference,
    slow_undo,
    slow_units,
    table,
    transform_of,
)
from tests.support import short_network, wave_series


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("scaling", [None, "series", "window"])
def test_samples_equal_a_loop_over_windows(order, scaling):
    data = table()
    made, prepared = transform_of(data, order, scaling=scaling)
    horizon_model = model(made, prepared)
    X, Y, weight = horizon_model.samples(prepared)
    dense = np.asarray(X)
    assert dense.shape[1:] == (6, 2 + 2 + 2 + 1 + 2 + 3)
    lag, at = N_LAGS[order], 0
    for code, n in enumerate(LENGTHS):
        part = slice(data.begin[code], data.begin[code + 1])
        y, x = data.y[part], data.x[part]
        moments = prepared.table.moments[code]
        u, known = slow_units(y, (True, False), moments, made.floor)
        z = slow_difference(u, order)
        for row in range(lag + 2, n - 3):
            if not known[[row + 1, row + 3]].any():
                continue
            begin = max(lag, row - 5)
            local = z[begin : row + 1]
            level, scale = np.zeros(2), np.ones(2)
            if scaling == "window":
                level = local.mean(axis=0) if not lag else level
                scale = np.sqrt(((local - level) ** 2).mean(axis=0) + 0.1**2)
            window = dense[at]
            assert np.isnan(window[: 6 - len(local)]).all()
            window = window[6 - len(local) :]
            np.testing.assert_allclose(
                window[:, :2], (local - level) / scale, atol=1e-9
            )
            np.testing.assert_array_equal(window[:, 2:4], ~known[begin : row + 1])
            np.testing.assert_array_equal(window[:, 4:6], x[begin : row + 1])
            np.testing.assert_array_equal(window[:, 6], x[begin + 3 : row + 4, 0])
            angle = 2 * np.pi * (data.first[code] + np.arange(begin, row + 1)) / SP
            np.testing.assert_allclose(window[:, 7], np.sin(angle), atol=1e-9)
            np.testing.assert_array_equal(window[:, 9:], np.eye(3)[[code] * len(local)])
            base = np.tile(level, (3, 1))
            if lag:
                base = slow_undo(u[: row + 1], order, 3)
            expected = (u[[row + 1, row + 3]] - base[[0, 2]]) / scale
            np.testing.assert_allclose(Y[at], expected.ravel(), atol=1e-8)
            seen = known[[row + 1, row + 3]].mean()
            assert weight[at] == pytest.approx(seen)
            at += 1
    assert at == len(Y)


def test_weights_are_none_where_all_was_observed():
    data = table(missing=False)
    made, prepared = transform_of(data)
    assert model(made, prepared).samples(prepared)[2] is None


def test_short_series_teach_what_they_can():
    y = np.arange(8.0)[:, None] * [1.0, 2.0] + 1
    data = SeriesTable([()], np.array([0]), np.array([0, 8]), y)
    made, prepared = transform_of(data, (0, 1))
    X, _, _ = model(made, prepared, steps=(1, 2), length=24).samples(prepared)
    assert list(X.length) == [1, 2]
    X, _, _ = model(made, prepared, steps=(5,), length=24).samples(prepared)
    assert list(X.length) == [0, 0, 0]
    with pytest.raises(ValueError, match="No series is longer than the 8 steps"):
        model(made, prepared, steps=(8,), length=24).samples(prepared)


@pytest.mark.parametrize(
    ("windows", "teachers", "most"), [(12, 100, 12), (20_000, 1, None)]
)
def test_many_windows_are_spread_over_all_series(monkeypatch, windows, teachers, most):
    data = table(missing=False)
    made, prepared = transform_of(data)
    whole = model(made, prepared).samples(prepared)[0].stop
    monkeypatch.setattr(horizon_model, "_MOST_WINDOWS", windows)
    monkeypatch.setattr(horizon_model, "_MOST_TEACHERS", teachers)
    most = most or int(data.lengths.max())
    assert len(whole) > most
    found = model(made, prepared).samples(prepared)[0].stop
    assert len(found) == len(set(found)) == most
    assert (found[0], found[-1]) == (whole[0], whole[-1])
    place = np.searchsorted(whole, found)
    np.testing.assert_array_equal(whole[place], found)
    assert np.ptp(np.diff(place)) <= 1


def test_only_new_targets_in_an_update():
    data = table(missing=False)
    made, prepared = transform_of(data)
    newer_than = data.last - [4, 0, 2]
    X, _, _ = model(made, prepared).samples(prepared, newer_than)
    newest = data.ordinals[X.stop - 1] + 3
    assert (newest > newer_than[X.series]).all()
    assert list(np.bincount(X.series, minlength=3)) == [4, 0, 2]


def test_seeds_of_members():
    state = np.random.RandomState(0)
    first, second = new_members(RNNRegressor(random_state=5), 2, state)
    assert (first.random_state, second.random_state) == (5, 6)
    first, second = new_members(RNNRegressor(), 2, state)
    assert first.random_state != second.random_state


def test_seeds_inside_a_pipeline():
    y = wave_series(60)
    pipeline = make_pipeline("passthrough", short_network())
    first = forecaster(estimator=pipeline, n_estimators=2).fit(y, fh=[1, 4])
    second = forecaster(estimator=pipeline, n_estimators=2).fit(y, fh=[1, 4])
    np.testing.assert_array_equal(first.predict(), second.predict())
    one, two = (member[-1] for member in first.estimators_[0])
    assert one.random_state != two.random_state
    assert one.validation_gap == 3
    assert pipeline[-1].random_state is None


def test_an_ensemble_is_the_mean_of_its_members():
    y = wave_series(60)
    model = forecaster(n_estimators=3).fit(y, fh=[1, 2])
    assert [len(group) for group in model.estimators_] == [3]
    alone = []
    for member in model.estimators_[0]:
        single = copy.deepcopy(model)
        single.forecaster_.forecasts.models[0].members = [member]
        alone.append(single.predict())
    np.testing.assert_allclose(np.mean(alone, axis=0), model.predict(), rtol=1e-9)
