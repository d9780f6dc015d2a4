"""Linear effects of exogenous values, against least squares on the changes."""

import numpy as np
import pandas as pd
import pytest

from skrnn import RNNRegressor
from skrnn._forecasting.differencing import Differencing
from skrnn._forecasting.exogenous import LinearEffect
from skrnn._forecasting.filled_table import FilledTable
from skrnn._forecasting.table import SeriesTable
from skrnn._forecasting.target_transform import TargetTransform
from skrnn.sktime import RNNForecaster

QUICK = RNNRegressor("gru", 4, max_epochs=3, early_stopping=False, n_estimators=1)


def table_of(y, x):
    """Two series of the same rows each."""
    n = len(y)
    begin = np.array([0, n // 2, n])
    return SeriesTable([("a",), ("b",)], np.zeros(2, dtype=int), begin, y, x)


def prepared_of(table, order, sp, scaling):
    filled = FilledTable(table, np.zeros(1, dtype=bool))
    return TargetTransform.fit(filled, Differencing(*order, sp), scaling)


def effect_of(transform, prepared, is_future):
    table, _, _, known, _, start = prepared
    found = transform.polynomial
    return LinearEffect.fit(table.x, prepared.u, known, start, found, is_future)


@pytest.mark.parametrize("order", [(0, 0), (1, 0), (0, 1)])
def test_weights_equal_least_squares_on_the_changes(order):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2))
    y = x @ [[2.0], [-1.0]] + rng.normal(size=(400, 1)) / 10
    transform, prepared = prepared_of(table_of(y, x), order, 4, None)
    found = effect_of(transform, prepared, np.ones(2, dtype=bool))
    lag = 4 if order[1] else 1
    changes = [
        values[start + lag : start + 200] - values[start : start + 200 - lag]
        for values in (x, y)
        for start in (0, 200)
    ]
    A, b = np.concatenate(changes[:2]), np.concatenate(changes[2:])
    A = np.column_stack([A, np.ones(len(A))])
    expected = np.linalg.lstsq(A, b, rcond=None)[0][:2]
    np.testing.assert_allclose(found.weight, expected, rtol=1e-3)
    np.testing.assert_allclose(found.mean, x.mean(axis=0))
    effect = found.of(prepared.table.x, prepared.start)
    np.testing.assert_allclose(effect, (x - x.mean(axis=0)) @ found.weight)


def test_no_effect_where_nothing_is_explained():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(300, 2)), rng.normal(size=(300, 1))

    def effect(y, x, is_future):
        made = prepared_of(table_of(y, x), (1, 0), 1, "window")
        return effect_of(*made, is_future)

    every = np.ones(2, dtype=bool)
    assert effect(y, x, every) is None
    assert effect(y, np.ones((300, 2)), every) is None
    related = x[:, :1] + 0.0
    assert effect(related, x, ~every) is None
    found = effect(related, x, np.array([True, False]))
    assert found.weight[0, 0] > 0 == found.weight[1, 0]


@pytest.mark.parametrize("strategy", ["multioutput", "recursive", "direct", "dirrec"])
def test_what_is_known_of_the_future_is_used(strategy):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(80, 2)), columns=["a", "b"])
    y = 5 + 2 * X["a"] - X["b"]
    forecaster = RNNForecaster(
        QUICK, strategy=strategy, n_estimators=1, random_state=0
    ).fit(y[:74], X[:74], fh=range(1, 7))
    error = (forecaster.predict(X=X[74:]) - y[74:]).abs()
    assert error.max() < y.std() / 10
    # Errors, and so the intervals, are those of the rest as well.
    low, high = forecaster.predict_interval(X=X[74:], coverage=0.9).to_numpy().T
    assert (low <= y[74:] + 0.2).all() and (y[74:] - 0.2 <= high).all()
    assert (high - low).max() < y.std()
    without = RNNForecaster(
        QUICK, strategy=strategy, linear_effects=False, n_estimators=1, random_state=0
    ).fit(y[:74], X[:74], fh=range(1, 7))
    assert (without.predict(X=X[74:]) - y[74:]).abs().mean() > 3 * error.mean()


def test_missing_values_and_rows_seen_before():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=120).cumsum()})
    y = 3 * X["a"] + rng.normal(size=120) / 10
    y[::9] = np.nan
    forecaster = RNNForecaster(QUICK, n_estimators=1, interval=None, random_state=0)
    forecaster.fit(y[:100], X[:100], fh=[1, 2])
    past = forecaster.predict(fh=[-3, -2, -1], X=X[100:])
    assert np.isfinite(past).all()
    table = forecaster.backtest(y[100:], X[100:], fh=[1])
    truth = y.loc[table.index.get_level_values("time")].to_numpy()
    error = np.abs(table.iloc[:, 0].to_numpy() - truth)
    assert np.nanmean(error) < y.diff().abs().mean() / 2
