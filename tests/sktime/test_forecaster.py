"""The forecaster of sktime: behaviour as a user sees it."""

import copy
import inspect
import pickle
import re

import numpy as np
import pandas as pd
import pytest
import torch
from numpydoc.validate import validate
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sktime.base import load
from sktime.forecasting.base import ForecastingHorizon
from sktime.forecasting.compose import TransformedTargetForecaster
from sktime.forecasting.model_evaluation import evaluate
from sktime.split import ExpandingWindowSplitter, SlidingWindowSplitter
from sktime.transformations.detrend import Detrender
from sktime.utils.estimator_checks import check_estimator

from skrnn import FlattenSequence, RNNRegressor
from skrnn.sktime import RNNForecaster

STRATEGIES = ["multioutput", "recursive", "direct", "dirrec"]
LINEAR = make_pipeline(FlattenSequence(), LinearRegression())
PLAIN = {"log": False, "difference": 0, "seasonal_difference": 0, "sp": 1}


def network(**options):
    """A network that is trained in no time."""
    base = {"cell": "gru", "hidden_size": 4, "max_epochs": 2, "early_stopping": False}
    return RNNRegressor(**base | options)


def forecaster(**options):
    base = {"window_length": 6, "n_estimators": 1, "random_state": 0}
    return RNNForecaster(options.pop("estimator", network()), **base | options)


def waves(n, index=None, *, seed=0, period=9):
    rng = np.random.default_rng(seed)
    values = 10 + np.sin(np.arange(n) * 2 * np.pi / period) + rng.normal(0, 0.1, n)
    return pd.Series(values, index, name="load")


def panel(lengths, ends=None, *, start="2020-01"):
    """Series a, b, ... of monthly waves, each with a level of its own."""
    parts = {}
    ends = [0] * len(lengths) if ends is None else ends
    last = pd.Period(start, "M") + max(lengths)
    for i, (n, before) in enumerate(zip(lengths, ends, strict=True)):
        index = pd.period_range(end=last - before, periods=n, freq="M", name="month")
        parts["abcdefgh"[i]] = (waves(n, index, seed=i) + 5 * i).to_frame()
    return pd.concat(parts, names=["shop"])


def state_of(model):
    """All that a forecaster knows, in a form that can be compared."""
    engine = model.forecaster_
    arrays = [engine.tail.y, engine.tail.first, engine.tail.moments, model.cutoff]
    arrays += [engine.scores.errors, engine.scores.start]
    arrays += [part for _, part in engine.insample.values()]
    for group in model.estimators_:
        for member in group:
            arrays += [p.detach().numpy() for p in member.net_.module_.parameters()]
    return pickle.dumps((arrays, model._y_metadata, model.get_params(deep=False)))


@pytest.fixture(scope="module")
def fitted():
    """Each strategy, fitted to the first 70 rows of 100."""
    y = waves(100)
    return y, {
        strategy: forecaster(strategy=strategy).fit(y[:70], fh=[1, 2, 3])
        for strategy in STRATEGIES
    }


# -- sktime's own checks ---------------------------------------------------------------


# sktime joins its own frames that way.
@pytest.mark.filterwarnings("ignore:Sorting by default when concatenating")
def test_every_check_of_sktime():
    results = check_estimator(RNNForecaster, verbose=False)
    assert {name: r for name, r in results.items() if r != "PASSED"} == {}
    assert len(results) >= 880
    # None is left out by a tag either.
    assert not RNNForecaster.get_class_tag("tests:skip_all", False)
    assert not RNNForecaster.get_class_tag("tests:skip_by_name")


def test_docstring():
    path = "skrnn.sktime.RNNForecaster"
    assert [e for e in validate(path)["errors"] if e[0] not in ("ES01", "PR06")] == []
    text = inspect.getdoc(RNNForecaster)
    section = text.split("Parameters\n----------\n")[1].split("\nAttributes\n")[0]
    described = re.findall(r"^(\w+) : ", section, re.M)
    parameters = inspect.signature(RNNForecaster).parameters
    assert described == list(parameters)
    for name in described:
        stated = re.search(rf"^{name} : .*?default=(.+)$", section, re.M)[1]
        assert eval(stated) == parameters[name].default
    assert set(RNNForecaster._parameter_constraints) == set(parameters)


def test_fitted_attributes_are_described():
    model = forecaster().fit(waves(40), fh=2)
    section = inspect.getdoc(RNNForecaster).split("Attributes\n----------\n")[1]
    described = re.findall(
        r"^(\w+_(?:, \w+_)*) : ", section.split("\nSee Also")[0], re.M
    )
    for name in ", ".join(described).split(", "):
        assert hasattr(model, name), name


# -- horizons --------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_kind_of_horizon_gives_the_same_numbers(fitted, strategy):
    y, models = fitted
    model = copy.deepcopy(models[strategy])
    expected = model.predict()
    assert list(expected.index) == [70, 71, 72]
    assert expected.name == "load"
    absolute = ForecastingHorizon(y.index[70:73], is_relative=False)
    for fh in ([1, 2, 3], np.array([3, 1, 2]), pd.Index([71, 70, 72]), absolute):
        is_absolute = isinstance(fh, pd.Index)
        fh = ForecastingHorizon(fh, is_relative=False) if is_absolute else fh
        pd.testing.assert_series_equal(model.predict(fh).sort_index(), expected)
    pd.testing.assert_series_equal(model.predict([2]), expected[[71]])
    pd.testing.assert_series_equal(model.predict(2), expected[[70, 71]])
    with_gaps = model.predict([1, 3])
    np.testing.assert_array_equal(with_gaps, expected[[70, 72]])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_horizons_that_reach_into_the_past(fitted, strategy):
    y, models = fitted
    model = copy.deepcopy(models[strategy])
    mixed = model.predict([-69, -5, 0, 1, 3])
    assert list(mixed.index) == [0, 64, 69, 70, 72]
    np.testing.assert_array_equal(mixed[[70, 72]], model.predict([1, 3]))
    # A forecast of a row that was seen is the one that its predecessor gave.
    earlier = copy.deepcopy(models[strategy]).update(y[:64], update_params=False)
    assert earlier.predict(1)[64] == pytest.approx(mixed[64], abs=1e-12)
    # Before the first row nothing is known.
    assert np.isnan(model.predict([-70])).all()


def test_steps_beyond_those_of_fit(fitted):
    _, models = fitted
    for strategy in ("multioutput", "recursive"):
        model = copy.deepcopy(models[strategy])
        far = model.predict(range(1, 11))
        assert np.isfinite(far).all()
        np.testing.assert_array_equal(far[:3], model.predict([1, 2, 3]))
        np.testing.assert_array_equal(far[[73, 79]], model.predict([4, 10]))
        intervals = model.predict_interval(range(1, 11))
        width = intervals.iloc[:, 1] - intervals.iloc[:, 0]
        assert (width[75:] > width.iloc[2]).all()
    for strategy in ("direct", "dirrec"):
        with pytest.raises(ValueError, match=r"none for 4\. Give them to fit"):
            copy.deepcopy(models[strategy]).predict([1, 4])


def test_gaps_in_the_horizon_of_fit():
    y = waves(80)
    direct = forecaster(strategy="direct").fit(y, fh=[2, 7])
    assert len(direct.estimators_) == 2
    np.testing.assert_array_equal(direct.predict().index, [81, 86])
    with pytest.raises(ValueError, match="each of the steps 2, 7 ahead"):
        direct.predict([1])
    several = forecaster().fit(y, fh=[2, 7])
    assert np.isfinite(several.predict(range(1, 8))).all()


def test_a_horizon_in_the_past_in_fit():
    model = forecaster().fit(waves(40), fh=[-3, -1])
    assert np.isfinite(model.predict()).all()
    assert np.isfinite(model.predict(1)).all()


# -- indexes ---------------------------------------------------------------------------

INDEXES = {
    "range": pd.RangeIndex(3, 83),
    "integers": pd.Index(np.arange(80) - 7),
    "months": pd.period_range("2000-01", periods=80, freq="M"),
    "quarters": pd.period_range("2000Q2", periods=80, freq="Q-NOV"),
    "days": pd.date_range("2000-01-30", periods=80),
    "month ends": pd.date_range("2000-01-31", periods=80, freq="ME"),
    "month starts": pd.date_range("2000-01-01", periods=80, freq="MS"),
    "two months": pd.date_range("2000-01-01", periods=80, freq="2MS"),
    "working days": pd.date_range("2000-01-03", periods=80, freq="B"),
    "weeks": pd.date_range("2000-01-05", periods=80, freq="W-WED"),
    "years": pd.date_range("1900", periods=80, freq="YS"),
    "quarter hours": pd.date_range("2000", periods=80, freq="15min"),
    "days over a change of clocks": pd.date_range(
        "2024-02-01", periods=80, tz="Europe/Berlin"
    ),
    "hours over a change of clocks": pd.date_range(
        "2024-03-28", periods=80, freq="h", tz="Europe/Berlin"
    ),
}


@pytest.mark.filterwarnings("ignore:PeriodDtype:FutureWarning")
@pytest.mark.parametrize("name", INDEXES)
@pytest.mark.parametrize("has_freq", [True, False])
def test_every_index_gives_the_same_numbers(name, has_freq):
    index = INDEXES[name]
    if not has_freq:
        index = pd.Index(list(index))
    expected = forecaster(**PLAIN).fit(waves(70), fh=[1, 5]).predict([1, 5, -2])
    y = waves(80, index)
    model = forecaster(**PLAIN).fit(y[:70], fh=[1, 5])
    forecast = model.predict([1, 5, -2])
    assert list(forecast.index) == list(index[[67, 70, 74]])
    np.testing.assert_array_equal(forecast, expected)
    fh = ForecastingHorizon(index[70:75], is_relative=False)
    assert list(model.predict(fh).index) == list(index[70:75])
    # A single row more, whose index shows no frequency.
    model.update(y[70:71], update_params=False)
    assert model.cutoff[0] == index[70]
    assert list(model.predict([1]).index) == [index[71]]


@pytest.mark.parametrize("freq", ["D", "h", "W", "MS"])
def test_gaps_in_dates_are_missing_values(freq):
    index = pd.date_range("2000", periods=90, freq=freq)
    y = waves(90, index)
    gone = [5, 17, 18, 30, 31, 32, 50, 60]
    y_missing = y.copy()
    y_missing.iloc[gone] = np.nan
    expected = forecaster().fit(y_missing[:80], fh=[1, 2]).predict()
    model = forecaster().fit(y.drop(index[gone])[:72], fh=[1, 2])
    pd.testing.assert_series_equal(model.predict(), expected, check_freq=False)


def test_times_off_the_grid_and_of_another_kind():
    y = waves(40, pd.date_range("2000", periods=40))
    model = forecaster().fit(y, fh=1)
    wrong = pd.Series([1.0], pd.DatetimeIndex(["2000-02-10 07:00"]))
    with pytest.raises(ValueError, match="does not lie on the grid"):
        model.update(wrong)
    with pytest.raises(ValueError, match="must be a DatetimeIndex, as in fit"):
        copy.deepcopy(model).update(waves(3), update_params=False)


# -- exactness -------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_linear_series_is_learned(strategy):
    # Any wave is a linear function of its last two values.
    y = pd.Series(np.sin(np.arange(60) / 4) + 0.3 * np.cos(np.arange(60) / 7) + 2)
    model = forecaster(estimator=LINEAR, strategy=strategy, scaling=None, **PLAIN)
    model.fit(y[:50], fh=range(1, 9))
    np.testing.assert_allclose(model.predict(), y[50:58], atol=1e-6)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_network_learns_a_sine(strategy):
    y = pd.Series(np.sin(np.arange(150) * 0.7))
    learned = RNNRegressor("gru", 16, max_epochs=40, early_stopping=False)
    model = forecaster(estimator=learned, window_length=9, strategy=strategy, **PLAIN)
    model.fit(y[:140], fh=[1, 2, 3])
    np.testing.assert_allclose(model.predict(), y[140:143], atol=0.1)


@pytest.mark.parametrize("scaling", [None, "series", "window"])
@pytest.mark.parametrize("orders", [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0)])
def test_forecasts_move_with_level_and_scale(scaling, orders):
    y = waves(70)
    options = {"scaling": scaling, "log": False, "sp": 9}
    options |= {"difference": orders[0], "seasonal_difference": orders[1]}
    exact = network(dtype="float64")
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


def test_counts():
    y = pd.Series(np.random.default_rng(0).poisson(3, 90).astype(float))
    model = forecaster(estimator=network(loss="poisson"), scaling=None)
    forecast = model.fit(y, fh=[1, 2]).predict()
    assert (forecast > 0).all()
    assert not model.log_.any()
    for options in ({}, {"scaling": None, "difference": 1}, {"log": True}):
        model = forecaster(estimator=network(loss="poisson"), **options)
        with pytest.raises(ValueError, match='loss="poisson" is for counts as they'):
            model.fit(y + 1, fh=1)


# -- the newest row --------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_gradient_of_the_first_step_by_the_newest_row(fitted, strategy):
    _, models = fitted
    for group in models[strategy].estimators_:
        module = group[0].net_.module_
        generator = torch.Generator().manual_seed(0)
        window = torch.randn(1, 6, 1, generator=generator, requires_grad=True)
        length = torch.tensor([6])
        (gradient,) = torch.autograd.grad(_first_output(module, window, length), window)
        assert (gradient[0, -1] != 0).all()


def _first_output(module, window, length):
    return module(window, length)[0, 0, 0]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("differences", [0, 1])
def test_the_first_step_depends_on_the_newest_value(strategy, differences):
    y = waves(60)
    options = PLAIN | {"difference": differences, "strategy": strategy}
    options["scaling"] = "series"
    model = forecaster(**options).fit(y, fh=[1, 2, 3])
    changed = y.copy()
    changed.iloc[-1] += 0.5
    other = copy.deepcopy(model).update(changed[-1:], update_params=False)
    assert (other.predict() != model.predict()).all()
    assert abs(other.predict(1).iloc[0] - model.predict(1).iloc[0]) > 1e-6


# -- exogenous values ------------------------------------------------------------------


def driven(n=90):
    """A series that repeats its X of the same time, and X."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n, 2)), columns=["heat", "rain"])
    return X["heat"] * 3 + 1, X


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_future_of_X_is_used(strategy):
    y, X = driven()
    model = forecaster(estimator=LINEAR, strategy=strategy, **PLAIN, scaling=None)
    model.fit(y[:80], X=X[:80], fh=[1, 2, 3])
    forecast = model.predict(X=X[80:83])
    np.testing.assert_allclose(forecast, y[80:83], atol=1e-3)
    # The order of its columns does not matter, and other rows do not either.
    same = model.predict(X=X.loc[80:, ["rain", "heat"]])
    np.testing.assert_allclose(same, forecast, rtol=0)


def test_a_long_horizon_is_read_by_a_short_window():
    y, X = driven()
    model = forecaster(estimator=LINEAR, **PLAIN, scaling=None, window_length=2)
    model.fit(y[:80], X=X[:80], fh=range(1, 6))
    np.testing.assert_allclose(model.predict(X=X[80:85]), y[80:85], atol=1e-3)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_past_covariates(strategy):
    y, X = driven()
    y = y.shift(1, fill_value=0.0)  # what X was a row before
    options = PLAIN | {"strategy": strategy, "scaling": None, "estimator": LINEAR}
    model = forecaster(past_covariates="all", **options)
    model.fit(y[:80], X=X[:80], fh=[1, 2])
    forecast = model.predict()
    assert forecast.iloc[0] == pytest.approx(y[80], abs=1e-3)
    # Whatever is said of the future of X, it is not read.
    np.testing.assert_array_equal(model.predict(X=X[80:82] * np.nan), forecast)
    mixed = forecaster(past_covariates=["heat"], **options)
    mixed.fit(y[:80], X=X[:80], fh=[1, 2])
    assert mixed.predict(X=X[80:82]).iloc[0] == pytest.approx(y[80], abs=1e-3)
    only = mixed.predict(X=X.loc[80:81, ["rain"]])
    np.testing.assert_array_equal(only, mixed.predict(X=X[80:82]))


def test_faults_of_X():
    y, X = driven(60)
    model = forecaster().fit(y[:50], X=X[:50], fh=[1, 3])
    with pytest.raises(ValueError, match="X is needed at predict"):
        model.predict()
    with pytest.raises(ValueError, match="X has no row for 52"):
        model.predict(X=X[50:52])
    with pytest.raises(ValueError, match=r"X lacks the columns \['heat'\]"):
        model.predict(X=X.loc[50:, ["rain"]])
    with pytest.raises(ValueError, match="X is infinite"):
        model.predict(X=X[50:] * np.inf)
    with pytest.raises(ValueError, match="X is needed with y"):
        model.update(y[50:51])
    # Rows between those of fh may be absent, and values missing.
    assert np.isfinite(model.predict(X=X.loc[[50, 52]])).all()
    assert np.isfinite(model.predict(X=X[50:] * np.nan)).all()
    with pytest.raises(ValueError, match="but fit had no X"):
        forecaster().fit(y[:50], fh=1).predict(X=X[50:])
    with pytest.raises(ValueError, match=r"past_covariates=\['wind'\] names"):
        forecaster(past_covariates=["wind"]).fit(y, X=X, fh=1)


def test_columns_of_X_named_as_those_of_y():
    y, X = driven(60)
    X.columns = ["load", "load is missing"]
    y[7] = np.nan
    model = forecaster().fit(y.rename("load")[:50], X=X[:50], fh=1)
    names = list(model.estimator_.feature_names_in_)
    assert len(set(names)) == len(names)
    assert np.isfinite(model.predict(X=X[50:])).all()


def test_calendar_and_seasons():
    days = pd.date_range("2023-01-01", periods=140)
    y = pd.Series(np.where(days.dayofweek >= 5, 0.0, 10.0), days)
    options = PLAIN | {"estimator": LINEAR, "scaling": None, "window_length": 1}
    model = forecaster(calendar=["is_weekend"], **options).fit(y[:126], fh=range(1, 8))
    np.testing.assert_allclose(model.predict(), y[126:133], atol=1e-2)
    model = forecaster(calendar=True, **PLAIN).fit(y, fh=[1, 3])
    assert list(model.estimator_.feature_names_in_[1:6]) == [
        "sin day_of_week",
        "cos day_of_week",
        "sin day_of_year",
        "cos day_of_year",
        "sin day_of_week[+3]",
    ]
    seasonal = forecaster(**options | {"sp": 7, "fourier_terms": 3})
    forecast = seasonal.fit(y[:126], fh=range(1, 8)).predict()
    np.testing.assert_allclose(forecast, y[126:133], atol=1e-2)
    with pytest.raises(ValueError, match="needs a DatetimeIndex or a PeriodIndex"):
        forecaster(calendar=["day_of_week"]).fit(waves(40), fh=1)


# -- missing values --------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("where", ["first", "last", "all over"])
def test_missing_values(strategy, where):
    y = waves(80)
    if where == "first":
        y[:9] = np.nan
    elif where == "last":
        y[-4:] = np.nan
    else:
        y[np.random.default_rng(0).random(80) < 0.3] = np.nan
    model = forecaster(strategy=strategy).fit(y, fh=[1, 2])
    forecast = model.predict()
    assert forecast.between(7, 13).all()
    assert np.isfinite(model.predict_interval()).all(axis=None)
    assert np.isfinite(model.update(y[-3:]).predict()).all()


def test_missing_values_of_estimators_without_weights():
    y = waves(80)
    y[20:25] = np.nan
    y = pd.DataFrame({"a": y, "b": waves(80, seed=1)})
    model = forecaster(estimator=LINEAR).fit(y, fh=[1, 2])
    assert np.isfinite(model.predict()).all(axis=None)


def test_a_target_that_was_never_seen():
    y = pd.DataFrame({"a": waves(60), "b": np.full(60, np.nan)})
    model = forecaster().fit(y, fh=[1, 2])
    assert np.isfinite(model.predict()).all(axis=None)
    with pytest.raises(ValueError, match="y holds nothing but NaN"):
        model.clone().fit(y[["b"]], fh=1)


def test_constant_series():
    y = pd.Series(np.full(50, 4.0))
    model = forecaster().fit(y, fh=[1, 2])
    np.testing.assert_allclose(model.predict(), 4.0, atol=0.5)
    assert np.isfinite(model.predict_interval()).all(axis=None)


@pytest.mark.parametrize("n", [2, 3, 5, 9, 14])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_short_series(n, strategy):
    y = waves(n, pd.period_range("2020-01", periods=n, freq="M"))
    model = forecaster(strategy=strategy, window_length=None).fit(y, fh=1)
    assert np.isfinite(model.predict()).all()
    assert np.isfinite(model.predict_interval()).all(axis=None)
    assert np.isfinite(model.predict(np.arange(-n + 1, 2))).all()
    assert np.isfinite(model.update(y[-1:]).predict()).all()


# -- several targets, several series ---------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_several_targets(strategy):
    t = np.arange(70)
    lead = np.random.default_rng(0).normal(size=70)
    y = pd.DataFrame({"lead": lead, "follower": np.roll(lead, 1) * 2 + 5})
    y.loc[0, "follower"] = 5.0
    options = PLAIN | {"estimator": LINEAR, "strategy": strategy, "scaling": None}
    model = forecaster(**options).fit(y[:60], fh=[1, 2])
    forecast = model.predict()
    assert list(forecast.columns) == ["lead", "follower"]
    assert forecast.loc[60, "follower"] == pytest.approx(
        y.loc[60, "follower"], abs=1e-3
    )
    intervals = model.predict_interval(coverage=[0.5, 0.9])
    assert intervals.columns.nlevels == 3
    assert intervals.shape == (2, 8)
    assert len(t) == len(y)


def test_a_panel_is_one_network():
    y = panel([40, 25, 60], ends=[0, 6, 2])
    model = forecaster().fit(y, fh=[1, 2])
    assert len(model.estimators_) == 1
    forecast = model.predict()
    # All series get the times after the newest of them.
    assert list(forecast.index.names) == ["shop", "month"]
    assert forecast.index.get_level_values("month").nunique() == 2
    levels = forecast.groupby("shop")["load"].mean()
    assert np.allclose(levels, [10, 15, 20], atol=2.5)
    # A series that ended earlier is forecast from its own end on.
    alone = model.predict(fh=[1, 2, 7, 8], y=y.loc[["b"]])
    np.testing.assert_allclose(
        alone.loc["b"].iloc[2:], forecast.loc["b"], rtol=0, atol=1e-9
    )


def test_series_that_were_not_in_fit():
    y = panel([40, 40, 40, 40])
    model = forecaster(series_id=True).fit(y.loc[["a", "b"]], fh=[1, 2])
    before = state_of(model)
    forecast = model.predict(y=y.loc[["c", "d"]])
    assert list(forecast.index.get_level_values(0).unique()) == ["c", "d"]
    assert forecast.loc["d", "load"].between(20, 30).all()
    intervals = model.predict_interval(y=y.loc[["c"]], coverage=0.8)
    assert np.isfinite(intervals).all(axis=None)
    quantiles = model.predict_quantiles(y=y.loc[["c"]], alpha=[0.1, 0.9])
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
    y = panel([40, 40, 40])
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
    with pytest.raises(ValueError, match="pretrain needs fh in steps ahead"):
        forecaster().pretrain(
            y, fh=ForecastingHorizon(pd.PeriodIndex(["2030-01"], freq="M"), False)
        )


def test_hierarchies():
    one, two = panel([30, 30]), panel([30, 30])
    y = pd.concat({"north": one, "south": two + 50}, names=["region"])
    model = forecaster(series_id=True).fit(y, fh=[1, 2])
    forecast = model.predict()
    assert forecast.index.names == ["region", "shop", "month"]
    assert forecast.loc[("south", "b"), "load"].between(60, 70).all()
    assert model.predict_interval().index.equals(forecast.index)


def test_the_identity_of_a_series_is_told():
    # Two series that look alike and go on differently.
    n = 60
    flat = np.tile([0.0, 0.0, 0.0, 1.0], n // 4)
    up, down = flat.copy(), flat.copy()
    up[4::8] = 3.0
    down[4::8] = -3.0
    y = pd.concat({k: pd.DataFrame({"y": v}) for k, v in (("u", up), ("d", down))})
    options = PLAIN | {"scaling": None, "window_length": 3}
    learned = RNNRegressor(
        "gru",
        8,
        linear_steps=None,
        learning_rate=0.01,
        max_epochs=40,
        early_stopping=False,
    )
    model = forecaster(estimator=learned, series_id=True, **options).fit(y, fh=5)
    forecast = model.predict(range(1, 9)).unstack(0)["y"]
    assert forecast["u"].max() > 1
    assert forecast["d"].min() < -1


def test_many_series_share_codes():
    y = pd.concat({i: pd.DataFrame({"y": waves(14, seed=i)}) for i in range(40)})
    model = forecaster(series_id=True, window_length=3).fit(y, fh=1)
    assert model.estimator_.n_features_in_ == 33
    assert np.isfinite(model.predict()).all(axis=None)


# -- going on --------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_update_equals_the_same_rows_as_context(fitted, strategy):
    y, models = fitted
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
        np.testing.assert_allclose(row["load"]["forecast"], expected, rtol=0)
        intervals = step_by_step.predict_interval(coverage=0.8)
        np.testing.assert_allclose(row["load"][0.8], intervals["load"][0.8], rtol=0)
        np.testing.assert_allclose(
            moving[t].dropna().to_numpy().ravel(), expected, rtol=0
        )
    np.testing.assert_allclose(at_once.predict(), expected, rtol=0)
    np.testing.assert_allclose(
        at_once.predict_interval(coverage=0.8), intervals, rtol=0
    )
    afresh = model.predict(fh=[1, 2, 3], y=y[:80])
    if model.forecaster_.recipe.scaling == "window":
        # Another history has other moments, which windows of their own scale away.
        np.testing.assert_allclose(afresh, expected, rtol=1e-2)


def test_nothing_is_read_beyond_the_origin():
    y = waves(100)
    model = forecaster().fit(y[:60], fh=[1, 2, 3])
    forecasts = model.backtest(y[60:], coverage=0.8)
    changed = y.copy()
    changed[80:] = changed[80:] * -3 + 7
    others = model.backtest(changed[60:], coverage=0.8)
    origin = forecasts.index.get_level_values("origin")
    pd.testing.assert_frame_equal(others[origin < 80], forecasts[origin < 80])
    assert (others[origin >= 85] != forecasts[origin >= 85]).all(axis=None)


def test_the_state_stays():
    y = waves(100)
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
    y = waves(100)
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
    y = waves(90)
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
    y = panel([40, 40, 40, 40])
    model = forecaster().fit(y.loc[["b", "c"]], fh=[1, 2])
    model.update(y.loc[["a", "b"]], update_params=False)
    forecast = model.predict()
    assert set(forecast.index.get_level_values(0)) == {"a", "b", "c"}
    assert forecast.loc["a", "load"].between(8, 12).all()
    assert np.isfinite(model.predict_interval()).all(axis=None)


def test_a_gap_before_new_rows():
    y = waves(90)
    model = forecaster().fit(y[:60], fh=[1, 2])
    model.update(y[64:70], update_params=False)
    assert list(model.predict().index) == [70, 71]
    assert np.isfinite(model.predict()).all()


# -- backtests -------------------------------------------------------------------------


def test_backtest_of_many_origins(fitted):
    y, models = fitted
    model = models["multioutput"]
    forecasts = model.backtest(y[70:], fh=[1, 4], step_length=2)
    origins = forecasts.index.unique("origin")
    assert list(origins) == list(range(69, 99, 2))
    assert forecasts.index.names == ["origin", "time"]
    for origin in (69, 81, 97):
        known = copy.deepcopy(model)
        if origin > 69:
            known.update(y[70 : origin + 1], update_params=False)
        expected = known.predict([1, 4])
        inside = expected.index <= 99
        np.testing.assert_allclose(
            forecasts.loc[origin, "load"], expected[inside], rtol=0
        )
    # Rows of fit among them change nothing.
    again = model.backtest(y, fh=[1, 4], step_length=2)
    pd.testing.assert_frame_equal(again, forecasts)
    for options, message in (
        ({"fh": [0, 1]}, "at least 1; got 0"),
        ({"step_length": 0}, "step_length"),
        ({"refit": "cold"}, "refit"),
        ({"y": y[:60]}, "no row after those that were seen"),
    ):
        with pytest.raises(ValueError, match=message):
            model.backtest(**{"y": y[70:]} | options)


@pytest.mark.parametrize("coverage", [80, 1.0, 0, [0.8, -0.5], "wide"])
def test_backtest_of_a_coverage_that_there_is_not(coverage):
    y = waves(40)
    one = forecaster().fit(y[:30], fh=[1, 2])
    with pytest.raises(ValueError, match="The 'coverage' parameter"):
        one.backtest(y[30:], coverage=coverage)


def test_backtest_with_warm_refit():
    y = waves(80)
    model = forecaster(update_epochs=2).fit(y[:60], fh=[1, 2])
    forecasts = model.backtest(y[60:], refit="warm", step_length=5, coverage=0.8)
    expected = copy.deepcopy(model)
    for start in range(60, 80, 5):
        np.testing.assert_allclose(
            forecasts.loc[start - 1, "load"]["forecast"], expected.predict(), rtol=0
        )
        np.testing.assert_allclose(
            forecasts.loc[start - 1, "load"][0.8],
            expected.predict_interval(coverage=0.8)["load"][0.8],
            rtol=0,
        )
        expected.update(y[start : start + 5], update_params=True)


def test_backtest_of_a_panel():
    y = panel([50, 50, 30])
    cut = y.index.get_level_values("month").unique().sort_values()[-10]
    months = y.index.get_level_values("month")
    model = forecaster().fit(y[months < cut], fh=[1, 2])
    forecasts = model.backtest(y[months >= cut].loc[["a", "c"]])
    assert forecasts.index.names == ["shop", "origin", "time"]
    assert list(forecasts.index.unique("shop")) == ["a", "c"]
    assert len(forecasts) == 2 * (10 + 9)
    first = forecasts.loc[("c", cut - 1), "load"]
    np.testing.assert_allclose(first, model.predict().loc["c", "load"], rtol=0)
    new = pd.concat({"z": waves(9, months.unique()[-9:]).to_frame()}, names=["shop"])
    with pytest.raises(ValueError, match=r"not in fit, such as \('z',\)"):
        model.backtest(new)


def test_backtest_of_more_origins_than_errors_are_kept():
    y = waves(720)
    model = forecaster().fit(y[:60], fh=[1, 2])
    forecasts = model.backtest(y[60:], coverage=0.8)["load"]
    truth = y[forecasts.index.get_level_values("time")].to_numpy()
    inside = (truth >= forecasts[0.8]["lower"]) & (truth <= forecasts[0.8]["upper"])
    assert inside.mean() == pytest.approx(0.8, abs=0.05)


def test_sktimes_own_evaluation(fitted):
    y, models = fitted
    cv = ExpandingWindowSplitter(fh=[1, 2, 3], initial_window=60, step_length=15)
    results = evaluate(models["multioutput"], cv, y, strategy="no-update_params")
    assert (results["test_MeanAbsolutePercentageError"] < 0.2).all()


def test_in_a_pipeline_of_sktime():
    y = waves(80) + np.arange(80)
    model = TransformedTargetForecaster([("trend", Detrender()), ("net", forecaster())])
    forecast = model.fit(y[:70], fh=[1, 2, 3]).predict()
    assert np.allclose(forecast, y[70:73], atol=3)


# -- intervals and distributions -------------------------------------------------------

SOURCES = {
    "conformal": {},
    "quantile": {"estimator": network(loss="quantile", max_epochs=20)},
    "gaussian": {"estimator": network(loss="gaussian", max_epochs=20)},
    "student_t": {"estimator": network(loss="student_t", max_epochs=20)},
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("log", [False, True])
def test_intervals(source, log):
    rng = np.random.default_rng(0)
    y = pd.Series(20 + rng.normal(size=400))
    options = {"log": log, "difference": 0, "sp": 1}
    model = forecaster(**options | SOURCES[source]).fit(y[:300], fh=[1, 2])
    levels = [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98]
    quantiles = model.predict_quantiles(alpha=levels)
    assert (np.diff(quantiles, axis=1) >= 0).all()
    shuffled = [0.9, 0.1, 0.5]
    pd.testing.assert_frame_equal(
        model.predict_quantiles(alpha=shuffled),
        quantiles[[("load" if False else 0, a) for a in shuffled]],
    )
    wide = model.predict_interval(coverage=[0.5, 0.8])[0]
    assert (wide[0.8]["lower"] <= wide[0.5]["lower"]).all()
    assert (wide[0.8]["upper"] >= wide[0.5]["upper"]).all()
    np.testing.assert_allclose(wide[0.8]["lower"], quantiles[0][0.1])
    found = model.backtest(y[300:], coverage=[0.5, 0.8])[0]
    truth = y[found.index.get_level_values("time")].to_numpy()
    for coverage, tolerance in ((0.5, 0.15), (0.8, 0.12)):
        ends = found[coverage]
        inside = (truth >= ends["lower"]) & (truth <= ends["upper"])
        assert inside.mean() == pytest.approx(coverage, abs=tolerance)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("source", SOURCES)
def test_every_strategy_has_intervals(strategy, source):
    y = waves(80)
    model = forecaster(strategy=strategy, **SOURCES[source]).fit(y, fh=[1, 2])
    quantiles = model.predict_quantiles(alpha=[0.05, 0.5, 0.95])
    assert (np.diff(quantiles, axis=1) > 0).all()
    assert model.predict_var().shape == (2, 1)
    assert (model.predict_var() > 0).all(axis=None)
    forecast = model.predict()
    interval = model.predict_interval(coverage=0.9).to_numpy()
    assert ((interval[:, 0] <= forecast) & (forecast <= interval[:, 1])).all()


def test_intervals_tell_noise_from_season():
    # Series of seasons of all sizes and the same noise, and others like them.
    def series(seed):
        rng = np.random.default_rng(seed)
        wave = np.sin(np.arange(160) * 2 * np.pi / 12 + rng.uniform(0, 6))
        values = rng.uniform(1, 20) * wave + rng.normal(size=160)
        return pd.DataFrame({"load": values})

    y = pd.concat({i: series(i) for i in range(24)}, names=["shop", "month"])
    early = y.index.get_level_values("month") < 120
    seen = y.index.get_level_values("shop") < 12
    options = {"sp": 12, "window_length": 36, "fourier_terms": 0}
    model = forecaster(
        estimator=LINEAR, log=False, difference=0, seasonal_difference=0, **options
    )
    model.pretrain(y[seen & early], fh=[1, 2, 3])
    model.fit(y[~seen & early], fh=[1, 2, 3])
    found = model.backtest(y[~seen & ~early], coverage=0.95)
    ends = found["load"][0.95]
    truth = y["load"].loc[list(found.index.droplevel("origin"))].to_numpy()
    inside = pd.Series((truth >= ends["lower"]) & (truth <= ends["upper"]), found.index)
    assert inside.mean() == pytest.approx(0.95, abs=0.04)
    assert inside.groupby("shop").mean().min() > 0.8
    # Seasonal naive forecasts have errors of sqrt(2).
    assert (ends["upper"] - ends["lower"]).mean() < 2 * 1.96 * np.sqrt(2)


def test_intervals_of_rows_that_were_seen():
    # A trend makes the scale of a window much smaller than that of the series.
    y = waves(200) + np.arange(200)
    model = forecaster(estimator=network(max_epochs=20), **PLAIN).fit(y, fh=[1, 2])
    interval = model.predict_interval(np.arange(-150, 1), coverage=0.8)["load"][0.8]
    inside = y[49:].between(interval["lower"], interval["upper"])
    assert 0.7 < inside.mean() < 0.97
    none = forecaster(insample=False).fit(y, fh=1)
    with pytest.raises(NotImplementedError, match="in-sample"):
        none.predict([0])


def test_intervals_from_where_they_are_asked_from():
    y = waves(60)
    model = forecaster(interval=None).fit(y, fh=1)
    with pytest.raises(NotImplementedError):
        model.predict_interval()
    model = forecaster(interval="loss").fit(y, fh=1)
    with pytest.raises(ValueError, match="The loss does not give the quantiles"):
        model.predict_interval()
    gaussian = network(loss="gaussian")
    calibrated = forecaster(estimator=gaussian, interval="conformal").fit(y, fh=1)
    assert calibrated.forecaster_.scores is not None
    assert forecaster(estimator=gaussian).fit(y, fh=1).forecaster_.scores is None
    # Levels beyond those that were learned are conformal.
    quantile = network(loss="quantile", quantiles=(0.25, 0.5, 0.75), max_epochs=20)
    model = forecaster(estimator=quantile).fit(y, fh=1)
    assert (np.diff(model.predict_quantiles(alpha=[0.01, 0.3, 0.99])) > 0).all()
    model = forecaster(estimator=quantile, interval="loss").fit(y, fh=1)
    with pytest.raises(ValueError, match="add them to the quantiles"):
        model.predict_quantiles(alpha=[0.01])
    with pytest.raises(NotImplementedError, match="no covariances"):
        model.predict_var(cov=True)


@pytest.mark.parametrize(
    "loss, log, name",
    [
        ("gaussian", False, "Normal"),
        ("gaussian", True, "LogNormal"),
        ("student_t", False, "TDistribution"),
        ("student_t", True, "Normal"),
        ("squared_error", False, "Normal"),
    ],
)
def test_distributions(loss, log, name):
    y = pd.DataFrame({"a": waves(80), "b": waves(80, seed=1) * 100})
    model = forecaster(estimator=network(loss=loss), log=log, n_estimators=2)
    model.fit(y, fh=[1, 2])
    law = model.predict_proba()
    assert type(law).__name__ == name
    assert law.index.equals(model.predict().index)
    assert list(law.columns) == ["a", "b"]
    if name != "Normal" or loss == "gaussian":
        quantiles = law.quantile([0.1, 0.5, 0.9])
        expected = model.predict_quantiles(alpha=[0.1, 0.5, 0.9])
        np.testing.assert_allclose(quantiles, expected, rtol=1e-4)
    else:
        np.testing.assert_allclose(law.mean(), model.predict())
        np.testing.assert_allclose(law.var(), model.predict_var())


# -- seeds, files, parameters ----------------------------------------------------------


def test_same_seed_same_bits_and_nothing_of_the_callers():
    y = waves(60)
    before = pickle.dumps(np.random.get_state()), torch.get_rng_state()
    options = {"n_estimators": 2, "series_id": True}
    first = forecaster(**options).fit(y, fh=[1, 2])
    second = forecaster(**options).fit(y, fh=[1, 2])
    pd.testing.assert_frame_equal(
        first.predict_interval(), second.predict_interval(), check_exact=True
    )
    assert pickle.dumps(np.random.get_state()) == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])
    other = forecaster(**options | {"random_state": 1}).fit(y, fh=[1, 2])
    assert (other.predict() != first.predict()).all()
    drawn = [forecaster(random_state=None).fit(y, fh=1).predict() for _ in range(2)]
    assert (drawn[0] != drawn[1]).all()
    # The members differ, whatever seed the estimator has.
    seeded = forecaster(estimator=network(random_state=3), n_estimators=2).fit(y, fh=1)
    seeds = [member.random_state for member in seeded.estimators_[0]]
    assert seeds == [3, 4]


def test_seeds_inside_a_pipeline():
    y = waves(60)
    pipeline = make_pipeline("passthrough", network())
    first = forecaster(estimator=pipeline, n_estimators=2).fit(y, fh=[1, 4])
    second = forecaster(estimator=pipeline, n_estimators=2).fit(y, fh=[1, 4])
    np.testing.assert_array_equal(first.predict(), second.predict())
    one, two = (member[-1] for member in first.estimators_[0])
    assert one.random_state != two.random_state
    assert one.validation_gap == 3
    assert pipeline[-1].random_state is None


def test_an_ensemble_is_the_mean_of_its_members():
    y = waves(60)
    model = forecaster(n_estimators=3).fit(y, fh=[1, 2])
    assert [len(group) for group in model.estimators_] == [3]
    alone = []
    for member in model.estimators_[0]:
        single = copy.deepcopy(model)
        single.forecaster_.forecasts.models[0].members = [member]
        alone.append(single.predict())
    np.testing.assert_allclose(np.mean(alone, axis=0), model.predict(), rtol=1e-9)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_files(fitted, strategy, tmp_path):
    _, models = fitted
    model = models[strategy]
    expected = model.predict_interval()
    again = pickle.loads(pickle.dumps(model))
    pd.testing.assert_frame_equal(again.predict_interval(), expected)
    model.save(tmp_path / "model")
    pd.testing.assert_frame_equal(
        load(tmp_path / "model.zip").predict_interval(), expected
    )


def test_the_past_is_not_kept():
    def size(n, **options):
        model = forecaster(interval=None, **options).fit(waves(n), fh=[1, 2])
        assert model._y is None
        return len(pickle.dumps(model))

    assert abs(size(2000, insample=False) - size(200, insample=False)) < 500
    assert size(2000) - size(200) == pytest.approx(1800 * 2 * 8, rel=0.05)
    # Updates do not pile up either.
    y = waves(1000)
    model = forecaster(insample=False).fit(y[:600], fh=[1, 2])
    before = len(pickle.dumps(model))
    for start in range(600, 1000, 50):
        model.update(y[start : start + 50], update_params=False)
    assert len(pickle.dumps(model)) < before * 1.6


def test_parameters_and_clones():
    model = forecaster(strategy="direct", estimator=network(hidden_size=7))
    twin = model.clone()
    assert twin.get_params()["estimator__hidden_size"] == 7
    twin.set_params(estimator__hidden_size=5, window_length=4)
    assert twin.estimator.hidden_size == 5
    assert model.estimator.hidden_size == 7
    twin.fit(waves(40), fh=1)
    assert twin.estimator_.hidden_size == 5
    assert twin.estimator is not twin.estimator_
    assert not hasattr(twin.estimator, "net_")
    assert twin.get_config()["remember_data"] is False


def test_the_default_estimator():
    y = waves(60)
    model = RNNForecaster(random_state=0).fit(y, fh=1)
    assert model.estimator is None
    assert isinstance(model.estimator_, RNNRegressor)
    assert abs(model.predict().iloc[0] - 10) < 2


@pytest.mark.parametrize(
    "options, message",
    [
        ({"strategy": "rectify"}, "strategy"),
        ({"window_length": 0}, "window_length"),
        ({"sp": 0}, "sp"),
        ({"n_estimators": 0}, "n_estimators"),
        ({"scaling": "global"}, "scaling"),
        ({"calibration_fraction": 1.0}, "calibration_fraction"),
        ({"interval": "bootstrap"}, "interval"),
        ({"estimator": 3}, "estimator"),
        ({"difference": -1}, "difference"),
        ({"sp": 50, "seasonal_difference": 1}, "sp=50 rows make a season"),
        ({"log": True}, "log=True needs positive values"),
    ],
)
def test_bad_parameters(options, message):
    y = waves(60) - 12
    with pytest.raises(ValueError, match=message):
        forecaster(**options).fit(y, fh=1)


def test_bad_series():
    y = waves(60)
    with pytest.raises(ValueError, match="more than one row for 39"):
        forecaster().fit(pd.concat([y[:40], y[39:]]), fh=1)
    with pytest.raises(ValueError, match="y is infinite at 7"):
        forecaster().fit(y.where(y.index != 7, np.inf), fh=1)
    with pytest.raises(ValueError, match="No series is longer than the 80 steps"):
        forecaster().fit(y, fh=80)
    with pytest.raises(ValueError, match="must be passed"):
        forecaster().fit(y).predict()
    model = forecaster().fit(y, fh=1)
    with pytest.raises(ValueError, match="y has 2 columns, but had 1 in fit"):
        model.update(pd.DataFrame({"a": y, "b": y}))
