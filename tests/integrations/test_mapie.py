"""Intervals of MAPIE around forecasts."""

import numpy as np
import pytest
from mapie.regression import (
    ConformalizedQuantileRegressor,
    CrossConformalRegressor,
    SplitConformalRegressor,
    TimeSeriesRegressor,
)
from mapie.subsample import BlockBootstrap
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from skrnn import FlattenSequence, SlidingWindow, ToSequence, make_windows
from tests.integrations.support import assert_bounds, layout, layouts, regressor


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


# The row of MAPIE's question has neither names nor history.
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.filterwarnings("ignore::skrnn.exceptions.MissingHistoryWarning")
@pytest.mark.parametrize("prefit", [True, False])
def test_mapie_split_of_a_pipeline_with_windows(rows, prefit):
    X, y, now = rows
    pipeline = make_pipeline(SlidingWindow(8, horizon=1), regressor())
    fitted = clone(pipeline).fit(X[:120], y[:120])
    # MAPIE asks the last step of a pipeline, which reads windows, about a flat row.
    one = SplitConformalRegressor(fitted, confidence_level=0.8, prefit=True)
    with pytest.raises(UserWarning, match="failed a minimal prediction test"):
        one.conformalize(X[120:now], y[120:now])
    hidden = FrozenEstimator(fitted) if prefit else TransformedTargetRegressor(pipeline)
    one = SplitConformalRegressor(hidden, confidence_level=0.8, prefit=prefit)
    if not prefit:
        one.fit(X[:120], y[:120])
    one.conformalize(X[120:now], y[120:now])
    forecast, bounds = one.predict_interval(X[now:])
    assert_allclose(forecast, fitted.predict(X[now:]), rtol=1e-6)
    assert_bounds(bounds, y[now:], low=0.5)
