"""Hierarchies of sktime: aggregates, reconciliation, levels."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal, assert_index_equal
from sktime.forecasting.compose import ForecastByLevel, HierarchyEnsembleForecaster
from sktime.forecasting.naive import NaiveForecaster
from sktime.forecasting.reconcile import ReconcilerForecaster
from sktime.transformations.hierarchical.aggregate import Aggregator
from sktime.transformations.hierarchical.reconcile import Reconciler

from tests.integrations.support import assert_times, forecaster, mape


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
