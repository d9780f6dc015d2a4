"""The estimators inside the compositions of sktime, MAPIE and scikit-learn."""

import numpy as np
import optuna
import pandas as pd
import pytest
from mapie.regression import (
    ConformalizedQuantileRegressor,
    CrossConformalRegressor,
    SplitConformalRegressor,
    TimeSeriesRegressor,
)
from mapie.subsample import BlockBootstrap
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal, assert_index_equal, assert_series_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingRegressor,
    StackingRegressor,
    VotingRegressor,
)
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.multioutput import MultiOutputRegressor, RegressorChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sktime.base import load
from sktime.datasets import load_airline, load_longley
from sktime.forecasting.compose import (
    BaggingForecaster,
    ColumnEnsembleForecaster,
    EnsembleForecaster,
    FallbackForecaster,
    ForecastByLevel,
    ForecastingPipeline,
    ForecastX,
    HierarchyEnsembleForecaster,
    MultiplexForecaster,
    StackingForecaster,
    TransformedTargetForecaster,
)
from sktime.forecasting.conformal import ConformalIntervals
from sktime.forecasting.enbpi import EnbPIForecaster
from sktime.forecasting.model_evaluation import evaluate
from sktime.forecasting.model_selection import (
    ForecastingGridSearchCV,
    ForecastingOptunaSearchCV,
)
from sktime.forecasting.naive import NaiveForecaster, NaiveVariance
from sktime.forecasting.reconcile import ReconcilerForecaster
from sktime.forecasting.stream import UpdateEvery, UpdateRefitsEvery
from sktime.performance_metrics.forecasting import (
    MeanAbsolutePercentageError,
    mean_absolute_percentage_error,
)
from sktime.performance_metrics.forecasting.probabilistic import (
    CRPS,
    EmpiricalCoverage,
    IntervalWidth,
    PinballLoss,
)
from sktime.split import (
    CutoffSplitter,
    ExpandingGreedySplitter,
    ExpandingWindowSplitter,
    SingleWindowSplitter,
    SlidingWindowSplitter,
    temporal_train_test_split,
)
from sktime.transformations.adapt import TabularToSeriesAdaptor
from sktime.transformations.bootstrap import MovingBlockBootstrapTransformer
from sktime.transformations.boxcox import LogTransformer
from sktime.transformations.detrend import Deseasonalizer, Detrender
from sktime.transformations.hierarchical.aggregate import Aggregator
from sktime.transformations.hierarchical.reconcile import Reconciler
from sktime.utils._testing.hierarchical import _make_hierarchical
from sktime.utils.dependencies import _check_soft_dependencies

from skrnn import (
    FlattenSequence,
    RNNRegressor,
    SlidingWindow,
    ToSequence,
    make_windows,
)
from skrnn.sktime import RNNForecaster

FH = np.arange(1, 7)
QUICK = RNNRegressor(
    "gru",
    4,
    linear_steps=None,
    max_epochs=10,
    early_stopping=False,
    learning_rate=0.01,
)


def forecaster(**options):
    options = {"n_estimators": 1, "random_state": 0} | options
    return RNNForecaster(clone(QUICK), **options)


def mape(truth, forecast):
    return mean_absolute_percentage_error(truth, forecast)


@pytest.fixture(scope="module")
def airline():
    """Rows to fit, and the six months after them."""
    return temporal_train_test_split(load_airline(), test_size=6)


@pytest.fixture(scope="module")
def naive_error(airline):
    """What repeating the newest value gets; all that trains has to be better."""
    past, future = airline
    return mape(future, NaiveForecaster().fit(past, fh=FH).predict())


@pytest.fixture(scope="module")
def longley():
    y, X = load_longley()
    return y[:-3], y[-3:], X[["GNP", "POP"]][:-3], X[["GNP", "POP"]][-3:]


@pytest.fixture(scope="module")
def hierarchy():
    """Two regions of three shops: 40 days, with a week, and 14 days after them."""
    y = _make_hierarchical((2, 3), min_timepoints=54, max_timepoints=54, random_state=0)
    day = y.groupby(level=[0, 1]).cumcount().to_numpy()
    shop = y.index.droplevel(-1).factorize()[0]
    rng = np.random.default_rng(0)
    week = np.sin(2 * np.pi * day / 7)
    y["c0"] = (shop + 1) * (10 + 3 * week + rng.normal(size=len(y)) / 2)
    return y[day < 40], y[day >= 40]


def assert_times(found, truth):
    """It has the index of the truth; sktime lets go of the name of a plain one."""
    is_plain = truth.index.nlevels == 1
    assert_index_equal(found.index, truth.index, check_names=not is_plain)
    assert getattr(found.index, "freq", None) == getattr(truth.index, "freq", None)


def assert_forecast(forecast, truth, weak_error):
    """It has the index and name of the truth and beats something weak."""
    assert_times(forecast, truth)
    assert forecast.name == truth.name
    assert forecast.dtype == np.float64
    assert mape(truth, forecast) < weak_error


def assert_intervals(interval, truth, least_covered=0.5):
    """Finite, in order, neither without width nor silly, and mostly right."""
    assert_times(interval, truth)
    low, high = interval.to_numpy(dtype=float).T
    assert np.isfinite(low).all() and np.isfinite(high).all()
    assert (low < high).all()
    assert (high - low).max() < 2 * np.abs(truth).max()
    assert ((low <= truth) & (truth <= high)).mean() >= least_covered


# -- sktime: searches and evaluation ---------------------------------------------------


def test_grid_search_scores_as_a_loop_does(airline, naive_error):
    past, future = airline
    splits = ExpandingWindowSplitter(FH, initial_window=108, step_length=12)
    grid = {"estimator__hidden_size": [2, 8], "strategy": ["multioutput", "recursive"]}
    search = ForecastingGridSearchCV(
        forecaster(interval=None), splits, grid, scoring=MeanAbsolutePercentageError()
    ).fit(past, fh=FH)
    for params, score in zip(
        search.cv_results_["params"],
        search.cv_results_["mean_test_MeanAbsolutePercentageError"],
        strict=True,
    ):
        errors = [
            mape(past.iloc[test], one.fit(past.iloc[train], fh=FH).predict())
            for train, test in splits.split(past)
            for one in [forecaster(interval=None).set_params(**params)]
        ]
        assert score == pytest.approx(np.mean(errors))
    chosen = search.best_forecaster_
    hidden_size = search.best_params_["estimator__hidden_size"]
    assert chosen.estimator_.hidden_size == hidden_size
    assert_forecast(search.predict(), future, naive_error)
    # What all candidates were made of stays as it was.
    assert search.forecaster.estimator.hidden_size == 4
    assert not hasattr(search.forecaster.estimator, "net_")


# Of sktime's search itself, whenever one is made.
@pytest.mark.filterwarnings("ignore:ForecastingOptunaSearchCV is experimental")
def test_optuna_search(airline, naive_error):
    past, future = airline
    sizes = {"estimator__hidden_size": optuna.distributions.IntDistribution(2, 6)}
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        search = ForecastingOptunaSearchCV(
            forecaster(interval=None),
            SingleWindowSplitter(FH),
            sizes,
            n_evals=3,
            sampler=optuna.samplers.RandomSampler(0),
        ).fit(past, fh=FH)
    finally:
        optuna.logging.set_verbosity(before)
    assert 2 <= search.best_params_["estimator__hidden_size"] <= 6
    assert_forecast(search.predict(), future, naive_error)


@pytest.mark.parametrize("strategy", ["refit", "update", "no-update_params"])
def test_evaluate_equals_a_loop(airline, strategy):
    y = airline[0]
    splits = ExpandingWindowSplitter(FH, initial_window=108, step_length=12)
    scoring = [
        MeanAbsolutePercentageError(),
        PinballLoss(alpha=[0.1, 0.9]),
        EmpiricalCoverage(coverage=0.8),
        IntervalWidth(coverage=0.8),
    ]
    found = evaluate(
        forecaster(), splits, y, strategy=strategy, scoring=scoring, error_score="raise"
    )
    assert found.notna().all(axis=None)
    assert len(found) == splits.get_n_splits(y) == 3
    one, seen = None, 0
    for row, (train, test) in enumerate(splits.split(y)):
        if one is None or strategy == "refit":
            one = forecaster().fit(y.iloc[train], fh=FH)
        else:
            # Here only what is new, there all that was seen: the same comes out.
            one.update(y.iloc[seen : train[-1] + 1], update_params=strategy == "update")
        seen = train[-1] + 1
        truth, interval = y.iloc[test], one.predict_interval(coverage=0.8)
        expected = {
            "MeanAbsolutePercentageError": mape(truth, one.predict()),
            "PinballLoss": scoring[1](truth, one.predict_quantiles(alpha=[0.1, 0.9])),
            "EmpiricalCoverage": scoring[2](truth, interval),
            "IntervalWidth": (interval.iloc[:, 1] - interval.iloc[:, 0]).mean(),
        }
        for name, value in expected.items():
            assert found[f"test_{name}"][row] == pytest.approx(value)


@pytest.mark.parametrize("loss", ["gaussian", "student_t", "squared_error"])
def test_distributions_are_scored(airline, loss):
    y = airline[0]
    one = forecaster(log=False).set_params(estimator__loss=loss)
    splits = ExpandingWindowSplitter(FH, initial_window=114, step_length=12)
    found = evaluate(
        one, splits, y, scoring=CRPS(), error_score="raise", return_data=True
    )
    assert found["test_CRPS"].lt(y.std()).all()
    for row, (_, test) in enumerate(splits.split(y)):
        law = found["y_pred_proba"][row]
        assert_times(law.mean(), y.iloc[test])
        low, high = (law.ppf(p).to_numpy() for p in (0.1, 0.9))
        assert (low < high).all()
        assert found["test_CRPS"][row] == pytest.approx(CRPS()(y.iloc[test], law))


@pytest.mark.parametrize(
    "splits",
    [
        SlidingWindowSplitter(FH, window_length=100, step_length=12),
        ExpandingGreedySplitter(test_size=6, folds=3),
        CutoffSplitter(cutoffs=np.array([100, 125]), fh=FH, window_length=90),
        SingleWindowSplitter(FH, window_length=100),
    ],
    ids=lambda splits: type(splits).__name__,
)
def test_splitters(airline, splits):
    y = airline[0]
    found = evaluate(
        forecaster(interval=None),
        splits,
        y,
        scoring=MeanAbsolutePercentageError(),
        error_score="raise",
        return_data=True,
    )
    for row, (train, test) in enumerate(splits.split(y)):
        fh = np.arange(1, len(test) + 1)
        own = forecaster(interval=None).fit(y.iloc[train], fh=fh).predict()
        assert_series_equal(found["y_pred"][row], own)
        assert_times(own, y.iloc[test])
    assert found["test_MeanAbsolutePercentageError"].mean() < 0.12


@pytest.mark.parametrize("update_params", [True, False])
def test_update_predict(airline, update_params):
    past = airline[0]
    one = forecaster(interval=None).fit(past[:108], fh=[1, 2])
    splits = ExpandingWindowSplitter([1, 2], initial_window=1, step_length=10)
    found = one.update_predict(past[108:], splits, update_params=update_params)
    own, newest = one.clone().fit(past[:108], fh=[1, 2]), 108
    for cutoff in found.columns:
        stop = past.index.get_loc(cutoff) + 1
        own.update(past[newest:stop], update_params=update_params)
        newest = stop
        assert_allclose(found[cutoff].dropna(), own.predict(), rtol=1e-6)
    assert len(found.columns) == 3


# -- sktime: pipelines -----------------------------------------------------------------


def test_target_pipeline_equals_its_steps(airline, naive_error):
    past, future = airline
    steps = [LogTransformer(), Detrender()]
    pipe = TransformedTargetForecaster([*steps, forecaster()]).fit(past, fh=FH)
    log, trend = (step.clone() for step in steps)
    own = forecaster().fit(trend.fit_transform(log.fit_transform(past)), fh=FH)
    forecast = log.inverse_transform(trend.inverse_transform(own.predict()))
    assert_allclose(pipe.predict(), forecast)
    assert_forecast(pipe.predict(), future, naive_error)

    interval = pipe.predict_interval(coverage=0.8)
    assert_intervals(interval, future)
    for place in range(2):
        end = own.predict_interval(coverage=0.8).iloc[:, [place]]
        end.columns = [past.name]
        end = log.inverse_transform(trend.inverse_transform(end))
        assert_allclose(interval.iloc[:, place], end.iloc[:, 0])
    updated = pipe.update(future, update_params=False).predict()
    assert_times(updated, future.set_axis(future.index + 6))
    assert np.isfinite(updated).all()


@pytest.mark.skipif(
    not _check_soft_dependencies("statsmodels", severity="none"),
    reason="Deseasonalizer needs statsmodels",
)
def test_deseasonalized_target(airline, naive_error):
    past, future = airline
    pipe = Deseasonalizer(sp=12, model="multiplicative") * forecaster()
    pipe.fit(past, fh=FH)
    assert_forecast(pipe.predict(), future, naive_error)
    assert_intervals(pipe.predict_interval(coverage=0.8), future)


def test_pipeline_with_exogenous_transformers(longley):
    y, truth, X, X_future = longley
    scaler = TabularToSeriesAdaptor(StandardScaler())
    pipe = ForecastingPipeline([scaler, forecaster()]).fit(y, X=X, fh=[1, 2, 3])
    own_scaler = scaler.clone()
    own = forecaster().fit(y, X=own_scaler.fit_transform(X), fh=[1, 2, 3])
    expected = own.predict(X=own_scaler.transform(X_future))
    assert_series_equal(pipe.predict(X=X_future), expected)
    assert_forecast(expected, truth, 0.05)
    # X is read: another future of it gives another forecast.
    other = pipe.predict(X=X_future.iloc[::-1].set_axis(X_future.index))
    assert not np.allclose(other, expected)
    nested = TransformedTargetForecaster([LogTransformer(), pipe.clone()])
    nested.fit(y, X=X, fh=[1, 2, 3])
    assert_forecast(nested.predict(X=X_future), truth, 0.05)


def test_future_of_exogenous_values_is_forecast(longley):
    y, truth, X, _ = longley
    one = ForecastX(forecaster(), NaiveForecaster(strategy="drift"))
    one.fit(y, X=X, fh=[1, 2, 3])
    drift = NaiveForecaster(strategy="drift").fit(X, fh=[1, 2, 3]).predict()
    own = forecaster().fit(y, X=X, fh=[1, 2, 3]).predict(X=drift)
    assert_allclose(one.predict(), own)
    assert_forecast(one.predict(), truth, 0.05)


# -- sktime: intervals -----------------------------------------------------------------


@pytest.mark.parametrize("wrapper", [ConformalIntervals, NaiveVariance])
def test_intervals_by_sktime(airline, wrapper):
    past, future = airline
    one = wrapper(forecaster(interval=None), initial_window=126).fit(past, fh=FH)
    plain = forecaster(interval=None).fit(past, fh=FH).predict()
    assert_series_equal(one.predict(), plain)
    interval = one.predict_interval(coverage=0.8)
    # The airline's months grow together: six errors are hardly more than one.
    assert_intervals(interval, future, least_covered=0.3)
    low, high = interval.to_numpy(dtype=float).T
    assert ((low < plain) & (plain < high)).all()


def test_bagging_of_bootstrapped_series(airline, naive_error):
    past, future = airline
    bootstrap = MovingBlockBootstrapTransformer(4, block_length=36, random_state=0)
    one = BaggingForecaster(bootstrap, forecaster(interval=None)).fit(past, fh=FH)
    # One network learns from the series and its bootstraps.
    series = bootstrap.clone().fit_transform(past)
    own = forecaster(interval=None).fit(series, fh=FH).predict()
    assert len(own) == 5 * len(FH)
    assert_allclose(one.predict(), own.groupby(level=-1).mean().iloc[:, 0])
    assert_times(one.predict(), future)
    # Blocks of the series put together have lost its trend, so that there is not more
    # to ask of the mean; the series itself is among them.
    actual = own.xs("actual", level=0).iloc[:, 0].rename(future.name)
    assert mape(future, actual) < naive_error
    assert_intervals(one.predict_interval(coverage=0.9), future, least_covered=0)


@pytest.mark.skipif(
    not _check_soft_dependencies("tsbootstrap", severity="none"),
    reason="EnbPIForecaster needs tsbootstrap",
)
def test_enbpi(airline, naive_error):
    past, future = airline
    one = EnbPIForecaster(forecaster(interval=None), random_state=0).fit(past, fh=FH)
    assert_forecast(one.predict(), future, naive_error)
    assert_intervals(one.predict_interval(coverage=0.8), future)


# -- sktime: ensembles, choices and schedules ------------------------------------------


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
    one = {
        "refit": UpdateRefitsEvery(forecaster(), refit_interval=3),
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
        both = (each.update(future).predict() for each in (one, other))
        assert_series_equal(*both)


# -- sktime: hierarchies ---------------------------------------------------------------


def test_aggregates_are_forecast_as_well(hierarchy):
    past, future = hierarchy
    fh = np.arange(1, 15)
    pipe = (Aggregator() * forecaster()).fit(past, fh=fh)
    own = forecaster().fit(Aggregator().fit_transform(past), fh=fh)
    assert_frame_equal(pipe.predict(), own.predict())
    truth = Aggregator().fit_transform(future)
    assert_index_equal(own.predict().index, truth.index)
    weak = NaiveForecaster().fit(Aggregator().fit_transform(past), fh=fh).predict()
    assert mape(truth, own.predict()) < 0.7 * mape(truth, weak)

    coherent = Reconciler(method="ols").fit_transform(own.predict())
    bottom = coherent.drop(index="__total", level=0).drop(index="__total", level=1)
    assert_allclose(coherent, Aggregator().fit_transform(bottom), rtol=1e-6)
    assert mape(truth, coherent) < 0.7 * mape(truth, weak)


# From within ReconcilerForecaster, which aggregates what has been aggregated.
@pytest.mark.filterwarnings("ignore:Found elements in the index of X named '__total'")
@pytest.mark.parametrize("method", ["bu", "ols", "mint_shrink", "td_fcst"])
def test_reconciled_forecasts_add_up(hierarchy, method):
    past, future = hierarchy
    fh = np.arange(1, 15)
    found = ReconcilerForecaster(forecaster(), method=method).fit(past, fh=fh).predict()
    bottom = found.drop(index="__total", level=0).drop(index="__total", level=1)
    assert_times(bottom, future)
    assert_allclose(found, Aggregator().fit_transform(bottom), rtol=1e-6)
    weak = NaiveForecaster().fit(past, fh=fh).predict()
    assert mape(future, bottom) < 0.7 * mape(future, weak)


def test_dates_of_which_the_index_does_not_say_the_step(hierarchy):
    past, future = hierarchy
    gaps = past.drop(index=past.index.get_level_values(-1)[[7, 9, 10]], level=-1)
    shop = ("h0_1", "h1_2")
    total = Aggregator().fit_transform(past)
    for seen, truth in ((total, future), (gaps.loc[shop], future.loc[shop])):
        one = forecaster().fit(seen, fh=[1, 14])
        assert seen.index.get_level_values(-1).inferred_freq is None
        found = one.predict()
        ends = truth[truth.index.get_level_values(-1).day.isin([10, 23])]
        assert_index_equal(found.loc[ends.index].index, ends.index)
        assert mape(ends, found.loc[ends.index]) < 0.15
        dates = found.index.get_level_values(-1).unique()
        assert_frame_equal(one.predict(fh=dates), found)
        past_too = one.predict_interval(fh=[-20, 14])
        assert len(past_too) == len(found)
        assert np.isfinite(past_too).all(axis=None)


def test_levels_of_a_hierarchy_have_their_own(hierarchy):
    past, future = hierarchy
    fh = np.arange(1, 15)
    total = Aggregator().fit_transform(past)
    one = HierarchyEnsembleForecaster(
        [("naive", NaiveForecaster(sp=7), 1), ("rnn", forecaster(), 2)],
        by="level",
        default=NaiveForecaster(),
    ).fit(total, fh=fh)
    shops = one.predict().loc[future.index]
    own = forecaster().fit(past, fh=fh).predict()
    assert_frame_equal(shops, own)

    local = ForecastByLevel(forecaster(), "local").fit(past, fh=fh).predict()
    shop = ("h0_1", "h1_2")
    single = forecaster().fit(past.loc[shop], fh=fh).predict()
    assert_allclose(local.loc[shop], single)
    assert not np.allclose(local, own)  # there all shops trained one network


# -- MAPIE -----------------------------------------------------------------------------


def regressor(**options):
    options = {"max_epochs": 15, "learning_rate": 0.02} | options
    return RNNRegressor("gru", 4, early_stopping=False, random_state=0, **options)


@pytest.fixture(scope="module")
def waves():
    """Windows over a noisy wave, the next two values, and where the test begins."""
    rng = np.random.default_rng(0)
    wave = np.sin(np.arange(260) / 5) + rng.normal(size=260) / 10
    return *make_windows(wave, 8, fh=2), 180


def layout(windows, kind):
    if kind == "lazy":
        return windows
    return np.asarray(windows)[:, :, 0] if kind == "2-D" else np.asarray(windows)


layouts = pytest.mark.parametrize("kind", ["2-D", "3-D", "lazy"])


def assert_bounds(bounds, y, low=0.6, width=1.0):
    lower, upper = bounds[:, 0, 0], bounds[:, 1, 0]
    assert (lower <= upper).all()
    assert ((lower <= y) & (y <= upper)).mean() >= low
    assert np.mean(upper - lower) < width


@layouts
@pytest.mark.parametrize("method", ["enbpi", "aci"])
def test_mapie_time_series(waves, kind, method):
    X, y, now = layout(waves[0], kind), waves[1][:, 0], waves[2]
    blocks = BlockBootstrap(25, length=20, overlapping=True, random_state=0)
    one = TimeSeriesRegressor(
        regressor(), method=method, cv=blocks, agg_function="mean", random_state=0
    ).fit(X[:now], y[:now])
    forecast, bounds = one.predict(X[now:], confidence_level=0.8, ensemble=True)
    assert r2_score(y[now:], forecast) > 0.9
    assert_bounds(bounds, y[now:])
    later = slice(now, now + 40)
    if method == "aci":
        one.adapt_conformal_inference(
            X[later], y[later], gamma=0.05, confidence_level=0.8
        )
    else:
        # It says so of the defaults of parameters that it does not use any more.
        with pytest.warns(UserWarning, match="behavior has been changed"):
            one.update(X[later], y[later])
    _, newer = one.predict(X[now + 40 :], confidence_level=0.8, ensemble=True)
    assert_bounds(newer, y[now + 40 :], low=0.5)
    assert not np.array_equal(newer, bounds[40:])


@pytest.mark.parametrize("prefit", [True, False])
def test_mapie_split(waves, prefit):
    X, y, now = layout(waves[0], "2-D"), waves[1][:, 0], waves[2]
    fitted = regressor().fit(X[:120], y[:120])
    one = SplitConformalRegressor(
        fitted if prefit else regressor(), confidence_level=0.8, prefit=prefit
    )
    if not prefit:
        one.fit(X[:120], y[:120])
    one.conformalize(X[120:now], y[120:now])
    forecast, bounds = one.predict_interval(X[now:])
    assert_allclose(forecast, fitted.predict(X[now:]))
    assert_bounds(bounds, y[now:])
    # Symmetric about the forecast, as wide as the errors of the rows between call for.
    errors = np.sort(np.abs(y[120:now] - fitted.predict(X[120:now])))
    rank = int(np.ceil(0.8 * (len(errors) + 1)))
    assert_allclose(bounds[:, 1, 0] - forecast, errors[rank - 1])


def test_mapie_split_of_sequences(rows):
    X, _, now = rows
    windows, ahead = make_windows(X, 8, fh=1)
    ahead = ahead[:, 0]
    # To see whether a model is fitted, or the last step of its pipeline, MAPIE asks it
    # for a forecast of one flat row. Sequences are not flat.
    one = SplitConformalRegressor(regressor(), confidence_level=0.8, prefit=False)
    one.fit(windows[:120], ahead[:120])
    with pytest.raises(UserWarning, match="failed a minimal prediction test"):
        one.conformalize(windows[120:now], ahead[120:now])
    # A model of flat rows that folds them into sequences inside is what it takes.
    flat = FlattenSequence().fit_transform(windows)
    folds = make_pipeline(ToSequence(n_features=2), regressor())
    one = SplitConformalRegressor(
        TransformedTargetRegressor(folds), confidence_level=0.8, prefit=False
    )
    one.fit(flat[:120], ahead[:120]).conformalize(flat[120:now], ahead[120:now])
    forecast, bounds = one.predict_interval(flat[now:])
    same = regressor().fit(windows[:120], ahead[:120])
    assert_allclose(forecast, same.predict(windows[now:]), rtol=1e-6)
    assert_bounds(bounds, ahead[now:], low=0.5)


@layouts
def test_mapie_cross(waves, kind):
    X, y, now = layout(waves[0], kind), waves[1][:, 0], waves[2]
    one = CrossConformalRegressor(
        regressor(), confidence_level=0.8, cv=KFold(3), method="base"
    )
    one.fit_conformalize(X[:now], y[:now])
    forecast, bounds = one.predict_interval(X[now:])
    plain = regressor().fit(X[:now], y[:now])
    assert_allclose(forecast, plain.predict(X[now:]))
    assert_bounds(bounds, y[now:])
    errors = np.abs(y[:now] - cross_val_predict(regressor(), X[:now], y[:now], cv=3))
    rank = int(np.ceil(0.8 * (now + 1)))
    assert_allclose(bounds[:, 1, 0] - forecast, np.sort(errors)[rank - 1])


def test_mapie_conformalized_quantiles(waves):
    X, y, now = layout(waves[0], "2-D"), waves[1][:, 0], waves[2]
    # It knows by name the four classes that it can clone for a quantile; of any other
    # it takes three that are fitted: lower, upper, middle.
    with pytest.raises(ValueError, match="base model is not supported"):
        ConformalizedQuantileRegressor(regressor(), confidence_level=0.8).fit(X, y)
    fitted = [
        regressor(loss="quantile", quantiles=[q]).fit(X[:120], y[:120])
        for q in (0.1, 0.9, 0.5)
    ]
    one = ConformalizedQuantileRegressor(fitted, confidence_level=0.8, prefit=True)
    one.conformalize(X[120:now], y[120:now])
    forecast, bounds = one.predict_interval(X[now:])
    assert_allclose(forecast, fitted[2].predict(X[now:]))
    assert_bounds(bounds, y[now:])


# -- scikit-learn ----------------------------------------------------------------------


@layouts
def test_one_network_for_each_target(waves, kind):
    X, Y, now = layout(waves[0], kind), *waves[1:]
    found = MultiOutputRegressor(regressor()).fit(X[:now], Y[:now]).predict(X[now:])
    for target in range(2):
        one = regressor().fit(X[:now], Y[:now, target])
        assert_allclose(found[:, target], one.predict(X[now:]))
    assert r2_score(Y[now:], found) > 0.9


def test_chain_of_targets(waves):
    X, Y, now = layout(waves[0], "2-D"), *waves[1:]
    found = RegressorChain(regressor()).fit(X[:now], Y[:now]).predict(X[now:])
    # The first target is one more step of the sequence for the second.
    first = regressor().fit(X[:now], Y[:now, 0])
    second = regressor().fit(np.column_stack([X[:now], Y[:now, 0]]), Y[:now, 1])
    ahead = first.predict(X[now:])
    assert_allclose(found[:, 0], ahead)
    assert_allclose(found[:, 1], second.predict(np.column_stack([X[now:], ahead])))
    assert r2_score(Y[now:], found) > 0.9


@pytest.mark.parametrize("kind", ["3-D", "lazy"])
@pytest.mark.parametrize(
    "ensemble", [BaggingRegressor, RegressorChain], ids=lambda cls: cls.__name__
)
def test_flat_columns_for_those_that_insist(waves, kind, ensemble):
    X, Y, now = layout(waves[0], kind), *waves[1:]
    Y = Y[:, 0] if ensemble is BaggingRegressor else Y
    # They draw columns of X, or add some, which a 3-D array has not.
    with pytest.raises(ValueError, match="Found array with dim 3"):
        ensemble(regressor()).fit(X[:now], Y[:now])
    one = make_pipeline(FlattenSequence(), ensemble(regressor())).fit(X[:now], Y[:now])
    assert r2_score(Y[now:], one.predict(X[now:])) > 0.9


def test_bagging(waves):
    X, y, now = layout(waves[0], "2-D"), waves[1][:, 0], waves[2]
    bag = BaggingRegressor(regressor(), 30, oob_score=True, random_state=0)
    bag.fit(X[:now], y[:now])
    members = [member.predict(X[now:]) for member in bag.estimators_]
    assert_allclose(bag.predict(X[now:]), np.mean(members, axis=0))
    assert len({member.random_state for member in bag.estimators_}) == 30
    assert bag.oob_score_ > 0.9
    assert r2_score(y[now:], bag.predict(X[now:])) > 0.9
    # Every member reads half of the steps.
    steps = BaggingRegressor(regressor(), 3, max_features=0.5, random_state=0)
    assert r2_score(y[now:], steps.fit(X[:now], y[:now]).predict(X[now:])) > 0.85


@layouts
def test_vote_and_stack(waves, kind):
    X, y, now = layout(waves[0], kind), waves[1][:, 0], waves[2]
    parts = [("gru", regressor()), ("rnn", regressor().set_params(cell="rnn"))]
    fitted = [part.fit(X[:now], y[:now]) for _, part in parts]
    own = np.column_stack([part.predict(X[now:]) for part in fitted])
    vote = VotingRegressor(parts).fit(X[:now], y[:now])
    assert_allclose(vote.predict(X[now:]), own.mean(axis=1))

    stack = StackingRegressor(parts, Ridge(), cv=KFold(3)).fit(X[:now], y[:now])
    inner = [cross_val_predict(part, X[:now], y[:now], cv=3) for _, part in parts]
    final = Ridge().fit(np.column_stack(inner), y[:now])
    assert_allclose(stack.predict(X[now:]), final.predict(own))
    assert r2_score(y[now:], stack.predict(X[now:])) > 0.9


@layouts
def test_transformed_target(waves, kind):
    X, Y, now = layout(waves[0], kind), *waves[1:]
    Y = np.exp(Y)
    one = TransformedTargetRegressor(regressor(), func=np.log, inverse_func=np.exp)
    found = one.fit(X[:now], Y[:now]).predict(X[now:])
    own = regressor().fit(X[:now], np.log(Y[:now])).predict(X[now:])
    assert_allclose(found, np.exp(own))
    assert r2_score(Y[now:], found) > 0.85


@layouts
def test_boosting(waves, kind):
    X, y, now = layout(waves[0], kind), waves[1][:, 0], waves[2]
    boosted = AdaBoostRegressor(regressor(), n_estimators=4, random_state=0)
    boosted.fit(X[:now], y[:now])
    assert len(boosted.estimators_) == 4
    members = np.array([member.predict(X[now:]) for member in boosted.estimators_])
    found = boosted.predict(X[now:])
    # A weighted median: the forecast of one of them.
    assert np.isclose(members, found).any(axis=0).all()
    assert r2_score(y[now:], found) > 0.9


@pytest.fixture(scope="module")
def rows():
    """Rows of two columns in time order, and the target that follows the first."""
    time = np.arange(240) / 5
    rng = np.random.default_rng(0)
    X = np.column_stack([np.sin(time), np.cos(time)]) + rng.normal(size=(240, 2)) / 20
    return pd.DataFrame(X, columns=["a", "b"]), pd.Series(X[:, 0], name="a"), 180


@pytest.mark.parametrize(
    "ensemble",
    [
        lambda one: MultiOutputRegressor(one),
        lambda one: VotingRegressor([("one", one)]),
        lambda one: StackingRegressor([("one", one)], Ridge(), cv=KFold(3)),
        lambda one: TransformedTargetRegressor(one, transformer=StandardScaler()),
    ],
    ids=["multioutput", "voting", "stacking", "transformed"],
)
@pytest.mark.parametrize("inside", [True, False])
def test_windows_inside_and_before(rows, ensemble, inside):
    X, y, now = rows
    y = y.to_frame() if isinstance(ensemble(regressor()), MultiOutputRegressor) else y
    window = SlidingWindow(8, horizon=1)
    if inside:
        one = ensemble(make_pipeline(window, regressor()))
    else:
        one = make_pipeline(window, ensemble(regressor()))
    found = one.fit(X[:now], y[:now]).predict(X[now:])
    assert r2_score(y[now:], found) > 0.85
    # The rows of the test follow those of fit by their index, so that their first
    # windows are whole, and a later row does not change what is said of an earlier.
    assert_allclose(one.predict(X[now : now + 30]), found[:30], rtol=1e-6)


def test_bagging_draws_windows_rather_than_rows(rows):
    X, y, now = rows
    # Rows that are drawn are not in time order any more: windows come first.
    folds = make_pipeline(ToSequence(n_features=2), regressor())
    one = make_pipeline(
        SlidingWindow(8, horizon=1),
        FlattenSequence(),
        BaggingRegressor(folds, 5, random_state=0),
    ).fit(X[:now], y[:now])
    assert r2_score(y[now:], one.predict(X[now:])) > 0.85


def test_boosting_has_no_place_for_missing_history(rows):
    X, y, now = rows
    # The first windows have no history; AdaBoost does not let that through.
    one = make_pipeline(
        SlidingWindow(8, horizon=1), AdaBoostRegressor(regressor(), n_estimators=2)
    )
    with pytest.raises(ValueError, match="contains NaN"):
        one.fit(X[:now], y[:now])
    windows, ahead = make_windows(X, 8, fh=1)
    boosted = AdaBoostRegressor(regressor(), n_estimators=3, random_state=0)
    boosted.fit(windows[:now], ahead[:now, 0])
    assert r2_score(ahead[now:, 0], boosted.predict(windows[now:])) > 0.85
