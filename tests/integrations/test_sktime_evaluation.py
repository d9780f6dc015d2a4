"""Searches, evaluations, splitters and updates of sktime."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from pandas.testing import assert_series_equal
from sktime.forecasting.model_evaluation import evaluate
from sktime.forecasting.model_selection import ForecastingGridSearchCV
from sktime.performance_metrics.forecasting import MeanAbsolutePercentageError
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
)

from tests.integrations.support import (
    FH,
    assert_forecast,
    assert_times,
    forecaster,
    mape,
)


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
