"""The forecaster of series and the estimators of panels."""

import copy

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sktime.split import ExpandingWindowSplitter

from skrnn import FlattenSequence
from skrnn.sktime import RNNForecaster, RNNPanelClassifier, RNNPanelRegressor
from tests.golden.classification_cases import with_convolutions
from tests.golden.data import exogenous, numbers, ragged, series, waves, with_holes
from tests.golden.registry import SINGLE, case
from tests.golden.regression_cases import regressor


def forecaster(estimator=None, **options):
    """One network of a short window, which is trained in no time."""
    base = {"window_length": 8, "n_estimators": 1, "random_state": 0}
    base["network_weight"] = 1
    estimator = regressor() if estimator is None else estimator
    return RNNForecaster(estimator, **base | options)


def parts(n_rows, levels, names):
    """Series of one index, each of a level of its own."""
    frames = [series(n_rows, level=x, seed=int(x)) for x in levels]
    keys = pd.MultiIndex.from_tuples(names) if isinstance(names[0], tuple) else names
    return pd.concat(dict(zip(keys, frames, strict=True)))


@case(tolerance=SINGLE)
def forecaster_of_default_parameters():
    model = RNNForecaster(random_state=0).fit(series(60, freq="M"), fh=range(1, 5))
    return {"predict": model.predict(), "interval": model.predict_interval()}


@case
def forecasts_by_smoothing():
    y, found = series(90, freq="M"), {}
    for weight in (0, 0.5):
        model = forecaster(network_weight=weight).fit(y[:80], fh=[1, 2, 14])
        found[f"backtest {weight}"] = model.backtest(y[80:], step_length=4)
        found[f"interval {weight}"] = model.predict_interval(coverage=[0.5, 0.9])
    return found


@case
def forecasts_by_each_strategy():
    y, found = series(), {}
    for strategy in ("multioutput", "recursive", "direct", "dirrec"):
        model = forecaster(strategy=strategy, interval=None, sp=6)
        found[strategy] = model.fit(y, fh=[1, 2, 3]).predict()
        if strategy in ("multioutput", "recursive"):
            found[f"{strategy} beyond"] = model.predict(fh=[2, 5, 7])
    return found


@case
def forecasts_by_moving_cutoffs_of_sktime():
    y = series(80)["load"]
    cv = ExpandingWindowSplitter([1, 2], initial_window=4, step_length=5)
    model = forecaster(sp=6, n_estimators=2).fit(y[:60], fh=[1, 2])
    untouched = copy.deepcopy(model).update_predict(y[60:], cv, update_params=False)
    return {"untouched": untouched, "trained on": model.update_predict(y[60:], cv)}


@case
def conformal_intervals_with_a_backtest_and_an_update():
    y = series(90, trend=0.0)
    model = forecaster(n_estimators=2, sp=6).fit(y[:70], fh=[1, 2, 4])
    tested = model.backtest(y[70:], step_length=5, coverage=0.8)
    before = model.predict_interval(coverage=[0.5, 0.9])
    model.update(y[70:78], update_params=False)
    after = model.predict_quantiles(alpha=[0.1, 0.5])
    model.update(y[78:84], update_params=True)
    again = model.backtest(y[84:], step_length=3, refit="warm")
    return {
        "backtest": tested,
        "interval": before,
        "quantiles after an update": after,
        "predict after training on": model.predict(),
        "warm backtest": again,
        "past": model.predict(fh=[-3, -1, 0]),
    }


@case
def intervals_by_likelihood():
    y = series(period=4)
    quantile = regressor(loss="quantile", quantiles=(0.1, 0.25, 0.5, 0.75, 0.9))
    by_quantiles = forecaster(quantile, sp=4, difference=0).fit(y, fh=[1, 2, 3])
    gaussian = regressor(loss="gaussian", cell="lstm")
    by_law = forecaster(gaussian, strategy="direct", log=True).fit(y, fh=[1, 3])
    student = regressor(loss="student_t")
    robust = forecaster(student, interval="loss", scaling="series").fit(y, fh=[1, 2])
    return {
        "predict": by_quantiles.predict(),
        "quantiles": by_quantiles.predict_quantiles(alpha=[0.1, 0.3, 0.9]),
        "gaussian": by_law.predict_interval(coverage=0.8),
        "gaussian variance": by_law.predict_var(),
        "student t": robust.predict_interval(coverage=0.8),
    }


@case
def forecasts_with_exogenous_values_and_a_calendar():
    y = series(84, period=7)
    X = exogenous(y.index)
    y = y + 0.75 * X[["sun"]].to_numpy()
    y.iloc[[12, 40, 41]] = np.nan
    model = forecaster(
        past_covariates=["wind"],
        calendar=["day_of_week"],
        fourier_terms=2,
        interval="conformal",
        calibration_fraction=0.3,
    )
    model.fit(y[:80], X[:80], fh=range(1, 5))
    return {
        "predict": model.predict(X=X[80:][["sun"]].assign(wind=np.nan)),
        "interval": model.predict_interval(X=X[80:].assign(wind=np.nan)),
        "past": model.predict(fh=[-2, 0], X=X),
    }


@case
def forecasts_of_a_panel_and_of_others():
    y = parts(48, [10.0, 25.0, 60.0], ["a", "b", "c"])
    model = forecaster(series_id=True, scaling="series", sp=6).fit(y, fh=[1, 2, 3])
    other = parts(30, [15.0, 40.0], ["b", "c"])
    return {
        "predict": model.predict(),
        "interval": model.predict_interval(coverage=0.8),
        "others": model.predict(y=other),
        "past": model.predict(fh=[-1]),
    }


@case
def forecasts_of_a_hierarchy_of_two_targets():
    names = [("north", "a"), ("north", "b"), ("south", "a")]
    y = parts(40, [10.0, 20.0, 30.0], names)
    y["sold"] = parts(40, [40.0, 50.0, 60.0], names)["load"].to_numpy()
    model = forecaster(
        seasonal_difference=1, difference=0, sp=6, interval="conformal"
    ).fit(y, fh=[1, 2])
    return {"predict": model.predict(), "interval": model.predict_interval()}


@case
def forecasts_by_a_linear_model_on_lags():
    linear = make_pipeline(FlattenSequence(), Ridge(0.1))
    model = forecaster(linear, strategy="recursive", sp=6).fit(series(), fh=range(1, 7))
    return {"predict": model.predict(), "interval": model.predict_interval()}


@case
def forecasts_by_networks_trained_on_other_series():
    model = forecaster(interval=None, sp=6)
    model.pretrain(parts(48, [10.0, 25.0], ["a", "b"]), fh=[1, 2, 3])
    return {"predict": model.fit(series(level=50.0, seed=9), fh=[1, 2, 3]).predict()}


# -- panels ----------------------------------------------------------------------------


@case
def panel_classifier_of_arrays_and_frames():
    data = waves(n_features=2, noise=1.0)
    cubes = [X.transpose(0, 2, 1) for X in (data.X, data.X_new)]
    model = RNNPanelClassifier(with_convolutions(), random_state=3)
    dense = model.fit(cubes[0], data.y).predict_proba(cubes[1])
    frames = [[pd.DataFrame(x) for x in ragged(X, 6)] for X in (data.X, data.X_new)]
    model.fit(frames[0], np.array(list("xyz"))[data.y])
    return {"dense": dense, "ragged": model.predict_proba(frames[1])}


@case
def panel_regressor_with_missing_values():
    data = numbers(n_steps=12, n_features=3)
    cubes = [
        with_holes(X, 0.1, seed=6).transpose(0, 2, 1) for X in (data.X, data.X_new)
    ]
    model = RNNPanelRegressor(regressor(linear_steps="auto"), random_state=1)
    return {"predict": model.fit(cubes[0], data.y).predict(cubes[1])}
