"""Numbers of any size are forecast as those of an ordinary one, or refused."""

import copy

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sktime.split import ExpandingWindowSplitter

from skrnn._forecasting.filled_table import FilledTable
from skrnn._forecasting.table import SeriesTable
from skrnn._forecasting.units import Units
from tests.forecasting.support import LINEAR, PLAIN, driven, forecaster
from tests.support import short_network, wave_panel, wave_series

# Powers of two, with which nothing but the exponent of a number changes.
SIZES = [2.0**-1040, 2.0**-1000, 2.0**-530, 2.0**-100, 2.0**100, 2.0**520, 2.0**1010]


@settings(deadline=None, max_examples=50)
@given(
    values=st.lists(
        st.floats(allow_infinity=False, allow_nan=True, allow_subnormal=True),
        min_size=1,
        max_size=6,
    )
)
@example([0.0, 1e-300])
@example([5e-324, 0.0])
@example([4.9e-191, np.nan])
def test_units_are_exact_and_ordinary(values):
    values = np.array(values)[:, None]
    units = Units(values)
    divided = units.divided(values)
    largest = np.nanmax(np.abs(values), initial=0.0)
    if 2.0**-61 <= largest < 2.0**60 or largest == 0:
        assert units.exponents[0] == 0
        np.testing.assert_array_equal(divided, values)
    else:
        assert 0.5 <= np.nanmax(np.abs(divided)) < 1
    kept = np.abs(divided) >= 2.0**-1022
    np.testing.assert_array_equal(units.multiplied(divided)[kept], values[kept])
    assert not units.too_large(values).any()


def of_size(size):
    """All that a forecaster says of a series of some size, and of its X."""
    y, X = driven(80)
    y, X = (y + 30) * size, X * [size, 1.0]
    model = forecaster(estimator=LINEAR, past_covariates=["rain"])
    model.fit(y[:60], X[:60], fh=[1, 2])
    found = [model.backtest(y[60:], X[60:], coverage=0.8)]
    cv = ExpandingWindowSplitter(fh=[1, 2], initial_window=62)
    found.append(model.update_predict(y[:70], cv, X[:70], update_params=False))
    model.update(y[60:70], X[60:70], update_params=False)
    future = {"X": X[70:72]}
    found += [model.predict(**future), model.predict_interval(**future)]
    found += [model.predict([-3, 0]), model.predict_quantiles([-3, 0], alpha=0.2)]
    return [part.to_numpy() / size for part in found]


@pytest.mark.parametrize("size", SIZES)
def test_the_size_of_numbers_changes_nothing(size):
    for found, expected in zip(of_size(size), of_size(1.0), strict=True):
        # The least of them have fewer digits.
        np.testing.assert_allclose(
            found, expected, rtol=1e-12 if size > 1e-305 else 1e-9
        )


@pytest.mark.parametrize("loss", ["gaussian", "student_t"])
@pytest.mark.parametrize("log", [False, True])
def test_laws_of_numbers_of_any_size(loss, log):
    y, found = wave_series(50), []
    for size in (1.0, 2.0**600):
        options = {"log": log, "interval": "loss", "insample": False}
        network = short_network(loss=loss)
        model = forecaster(estimator=network, **options).fit(y * size, fh=[1, 2])
        law = model.predict_proba()
        found.append(law.quantile([0.1, 0.5]).to_numpy() / size)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9)
    with pytest.raises(
        ValueError, match=r"Variances .* deviations are up to .*e.1(79|80)"
    ):
        model.predict_var()


@pytest.mark.parametrize("size", SIZES)
def test_zeros_are_of_any_size(size):
    y = pd.Series((np.arange(80) % 7 == 0) * 4.0)
    X = pd.DataFrame({"zero": np.zeros(80), "one": (np.arange(80) % 5 == 0) * size})
    model = forecaster(estimator=LINEAR, past_covariates="all")
    found = model.fit(y * size, X, fh=[1, 7]).predict() / size
    np.testing.assert_allclose(found, model.fit(y, X, fh=[1, 7]).predict(), atol=1e-6)


def test_columns_have_sizes_of_their_own():
    y = pd.DataFrame({"a": wave_series(60), "b": wave_series(60, seed=1)})
    expected = forecaster(estimator=LINEAR).fit(y, fh=[1, 2]).predict()
    model = forecaster(estimator=LINEAR).fit(y * [1.0, 2.0**900], fh=[1, 2])
    np.testing.assert_allclose(model.predict() / [1.0, 2.0**900], expected, rtol=1e-12)
    swapped = model.predict(y=(y * [1.0, 2.0**900])[["b", "a"]])
    assert (swapped["b"] > 1e200).all()


@pytest.mark.parametrize("difference", [0, 1])
@pytest.mark.parametrize("n", [25, 100])
@pytest.mark.parametrize("size", [1e12, -1e17])
def test_one_outlier_does_not_move_the_rest(difference, n, size):
    options = PLAIN | {"difference": difference, "estimator": short_network()}
    y = wave_series(n)
    y.iloc[n // 2] = size
    forecast = forecaster(**options).fit(y, fh=[1, 2]).predict()
    assert forecast.between(0, 20).all()


def test_an_outlier_in_x_hides_no_effect():
    y, X = driven(90)
    X.iloc[40, 0] = 1e12
    model = forecaster(estimator=LINEAR, **PLAIN).fit(y[:85], X[:85], fh=[1, 2])
    # Hidden, it would be off by 3. Least squares lose digits beside such a number, and
    # those of scikit-learn 1.6, which have no tolerance yet, twice as many.
    np.testing.assert_allclose(model.predict(X=X[85:87]), y[85:87], atol=0.5)


def test_the_centre_of_ordinary_series_is_their_mean():
    rng = np.random.default_rng(0)
    y = np.column_stack([rng.standard_t(2, size=80), rng.random(80) < 0.04])
    table = SeriesTable([()], np.array([0]), np.array([0, 80]), y)
    filled = FilledTable(table, np.array([False, False]))
    np.testing.assert_array_equal(filled.spreads[0, 0], y.sum(axis=0) / 80)


# -- refused ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1e30, -1e200, 1.7e308])
def test_outliers_beside_which_nothing_is_left(size):
    y, X = driven(80)
    y.iloc[40] = size
    place = r"y is -?1(\.7)?e\+\d+ at 40 in 'heat', beside which the other values"
    with pytest.raises(ValueError, match=place):
        forecaster(log=False).fit(y, fh=1)
    y, X = driven(80)
    X.iloc[40, 1] = size
    with pytest.raises(
        ValueError, match=r"X is -?1(\.7)?e\+\d+ at 40 in 'rain', besid"
    ):
        forecaster().fit(y, X, fh=1)


def test_later_numbers_that_are_too_large():
    y, X = driven(80)
    model = forecaster(estimator=LINEAR).fit(y[:60], X[:60], fh=[1, 2])
    expected = model.predict(X=X[60:62])
    y[70], wrong = 1e30, X.copy()
    wrong.iloc[70, 0] = -1e200
    for call in (
        lambda y, X: model.update(y, X, update_params=False),
        lambda y, X: model.backtest(y, X),
        lambda y, X: model.predict(y=y, X=X),
    ):
        with pytest.raises(ValueError, match=r"y is 1e.30 at 70 in 'heat', too large"):
            call(y[60:], X[60:])
        with pytest.raises(
            ValueError, match=r"X is -1e.200 at 70 in 'heat', too large"
        ):
            call(y[60:].where(y < 1e9), wrong[60:])
    pd.testing.assert_series_equal(model.predict(X=X[60:62]), expected)


def test_series_too_small_beside_others():
    y = wave_panel([40, 40])
    model = forecaster(estimator=LINEAR).fit(y, fh=1)
    small = y.copy()
    small.loc["b"] = (y.loc["b"] * 1e-200).to_numpy()
    with pytest.raises(ValueError, match=r"e-199 at \('b', .*too small beside"):
        forecaster().fit(small, fh=1)
    new = pd.concat({"c": y.loc["b"] * 1e-200}, names=y.index.names)
    for call in (
        lambda y: model.update(y, update_params=False),
        lambda y: model.predict(y=y),
    ):
        with pytest.raises(ValueError, match=r"at \('c', .*too small beside"):
            call(new)
    model.update(small.groupby(level=0).tail(1), update_params=False)
    assert np.isfinite(model.predict()).all(axis=None)


def test_forecasts_beyond_all_numbers():
    y = pd.Series(np.exp(np.arange(100) * 7.0))
    model = forecaster(log=True, sp=1, difference=1).fit(y, fh=[1])
    for call in (model.predict, model.predict_interval):
        with pytest.raises(ValueError, match=r"beyond 1.8e308, the largest"):
            call([1, 9])
    steep = pd.Series(np.linspace(1e308, 1.7e308, 60))
    trend = forecaster(estimator=LINEAR, difference=1, sp=1).fit(steep, fh=[1])
    with pytest.raises(ValueError, match=r"beyond 1.8e308"):
        copy.deepcopy(trend).predict([60])


def test_values_that_have_no_logarithm():
    y = (wave_series(50) - 10) * 1e300
    with pytest.raises(
        ValueError, match=r"log=True needs positive values, but y is -\d.*e\+"
    ):
        forecaster(log=True).fit(y, fh=1)
    wide = pd.Series(10.0 ** np.linspace(-300, 300, 50))
    with pytest.raises(
        ValueError, match="y is 0 at 0 in 0, or too small beside the lar"
    ):
        forecaster(log=True).fit(wide, fh=1)
