"""Series that end with NaN, and values that are carried forward over what is cut."""

import copy
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline
from sklearn.tree import ExtraTreeRegressor

from skrnn import FlattenSequence
from tests.forecasting.support import LINEAR, PLAIN, STRATEGIES, forecaster
from tests.support import short_network, wave_panel, wave_series

# A regressor whose forecasts depend on its seed.
UNSURE = make_pipeline(FlattenSequence(), ExtraTreeRegressor(min_samples_leaf=8))
# What forecasts read: differences, X, several targets, their own forecasts.
KINDS = {
    "one target": {},
    "X": {"past_covariates": ["past"]},
    "recursive": {"strategy": "recursive", "past_covariates": ["past"]},
    "direct": {"strategy": "direct", "difference": 1},
    "dirrec": {"strategy": "dirrec", "sp": 4, "seasonal_difference": 1},
    "log": {"log": True, "scaling": "series"},
}
# Those have networks for the steps of fit alone, which rows of NaN are among.
FAR = {"direct": range(1, 31), "dirrec": range(1, 31)}


def holed(seed, kind, n=88):
    """Two targets and X with missing values, one by one and many in a row."""
    rng = np.random.default_rng(seed)
    y = pd.DataFrame({"u": wave_series(n) + 30, "v": wave_series(n, period=5) + 40})
    X = pd.DataFrame(rng.normal(size=(n, 2)), columns=["future", "past"])
    y = y.add(3 * X["future"], axis=0)[["u"] if kind == "X" else ["u", "v"]]
    y[rng.random(y.shape) < 0.2] = np.nan
    X[rng.random(X.shape) < 0.3] = np.nan
    begin = int(rng.integers(46, 75))
    y[begin : begin + int(rng.integers(3, 25))] = np.nan
    return y, X if "past_covariates" in KINDS[kind] else None


@pytest.mark.filterwarnings("ignore:.*where other columns of y have")
@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=2)
@given(seed=st.integers(0, 1000), cuts=st.sets(st.integers(61, 79), max_size=4))
def test_forecasts_do_not_depend_on_how_the_rows_came(kind, seed, cuts):
    y, X = holed(seed, kind)
    fh = [1, 2, 3]

    def part(a, b):
        return {"y": y[a:b], "X": None if X is None else X[a:b]}

    options = {"estimator": LINEAR, "window_length": 5} | KINDS[kind]
    model = forecaster(**options).fit(**part(0, 60), fh=FAR.get(kind, fh))
    found = []
    for ends in ([60, 80], [60, *sorted(cuts), 80]):
        other = copy.deepcopy(model)
        for begin, end in itertools.pairwise(ends):
            other.update(**part(begin, end), update_params=False)
        future = {"X": part(80, 83)["X"]}
        found.append(other.predict(fh, **future).to_numpy())
        found.append(other.predict_interval(fh, coverage=0.8, **future).to_numpy())
        seen = range(-19, 1)
        found.append(other.predict(seen).to_numpy())
    tested = model.backtest(**part(60, 83), fh=fh, coverage=0.8).loc[79]
    is_point = tested.columns.get_level_values(1) == "forecast"
    found.append(tested.loc[:, is_point].to_numpy())
    found.append(tested.loc[:, ~is_point].to_numpy())
    for i in range(3, len(found)):
        np.testing.assert_allclose(found[i], found[i % 3], rtol=1e-9)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("fh", [[1, 2, 3], [0, 2, 9]])
def test_a_fit_to_a_series_that_ends_with_nan(strategy, fh):
    y = wave_series(120)
    late = y.where(y.index < 110)
    options = {"strategy": strategy, "estimator": UNSURE}
    model = forecaster(**options).fit(late, fh=fh)
    cut = forecaster(**options).fit(y[:110], fh=np.add(fh, 10))
    pd.testing.assert_series_equal(model.predict(), cut.predict())
    pd.testing.assert_frame_equal(model.predict_interval(), cut.predict_interval())
    # Once the rows are there, the same steps are asked for from the newest.
    model.update(y[110:], update_params=False)
    assert list(model.predict([2]).index) == [121]


@pytest.mark.parametrize("strategy", ["multioutput", "recursive"])
def test_a_series_that_ends_with_nan_ends_earlier(strategy):
    y = wave_series(120)
    late = y.where(y.index < 106)
    options = {"strategy": strategy, "estimator": short_network()}
    model = forecaster(**options).fit(late, fh=[1, 2, 3])
    cut = forecaster(**options).fit(y[:106], fh=[15, 16, 17])
    pd.testing.assert_series_equal(model.predict(), cut.predict())
    pd.testing.assert_frame_equal(model.predict_interval(), cut.predict_interval())
    # Within a fit of other rows too.
    older = forecaster(**options).fit(y[:80], fh=[1, 2, 3])
    late = copy.deepcopy(older).update(late[80:], update_params=False)
    cut = copy.deepcopy(older).update(y[80:106], update_params=False)
    pd.testing.assert_frame_equal(
        late.predict_interval([1, 2]), cut.predict_interval([15, 16])
    )
    # And the rows that are missing may come later.
    late.update(y[106:120], update_params=False)
    whole = copy.deepcopy(older).update(y[80:], update_params=False)
    pd.testing.assert_frame_equal(
        late.predict_interval([1, 2]), whole.predict_interval([1, 2])
    )


def test_x_of_the_rows_without_a_target_is_known():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"heat": rng.normal(size=100)})
    y = 3 * X["heat"] + 1
    model = forecaster(estimator=LINEAR, **PLAIN).fit(
        y.where(y.index < 88), X, fh=[1, 2]
    )
    future = pd.DataFrame({"heat": [1.0, -1.0]}, [100, 101])
    np.testing.assert_allclose(model.predict(X=future), [4.0, -2.0], atol=0.1)
    seen = model.predict(fh=[-3, -2], X=None)
    np.testing.assert_allclose(seen, y[96:98], atol=0.1)


def test_each_series_of_a_panel_ends_by_itself():
    y = wave_panel([60, 60, 60])
    newest = [("b", time) for time in y.loc["b"].index[-7:]]
    holed = y.copy()
    holed.loc[newest] = np.nan
    first = forecaster().fit(holed, fh=[1, 2])
    second = forecaster().fit(y.drop(index=newest), fh=[1, 2])
    pd.testing.assert_frame_equal(first.predict_interval(), second.predict_interval())


@pytest.mark.parametrize("strategy", ["direct", "dirrec"])
def test_where_there_is_no_network_for_the_steps(strategy):
    y = wave_series(100)
    late = y[80:86].where(y[80:86].index < 82)
    far = forecaster(strategy=strategy, estimator=UNSURE).fit(y[:80], fh=range(1, 8))
    cut = copy.deepcopy(far).update(y[80:82], update_params=False)
    far.update(late, update_params=False)
    pd.testing.assert_frame_equal(
        far.predict_interval([1, 2, 3]), cut.predict_interval([5, 6, 7])
    )
    near = forecaster(strategy=strategy, estimator=UNSURE).fit(y[:80], fh=[1, 2, 3])
    with pytest.raises(ValueError, match=r"newest value of y, .* none for 4\."):
        near.predict([4])
    before = copy.deepcopy(near)
    near.update(late, update_params=False)
    for call in (near.predict, near.predict_interval):
        with pytest.raises(ValueError, match=r"none for 5, 6, 7\..* Rows of NaN"):
            call([1, 2, 3])
    with pytest.raises(ValueError, match=r"none for 4\.|none for 4, 5\."):
        before.backtest(late, fh=[1, 2, 3])
    near.update(y[80:86], update_params=False)
    assert np.isfinite(near.predict([1, 2, 3])).all()


def test_a_loss_that_tells_all_with_rows_missing():
    y = wave_series(100)
    gaussian = short_network(loss="gaussian")
    model = forecaster(estimator=gaussian).fit(y[:80], fh=[1, 2])
    far = forecaster(estimator=gaussian).fit(y[:80], fh=range(1, 5))
    cut = copy.deepcopy(far).update(y[80:82], update_params=False)
    for other in (model, far):
        other.update(y[80:84].where(y[80:84].index < 82), update_params=False)
    assert np.isfinite(model.predict()).all()
    with pytest.raises(ValueError, match=r"forecasts 3, 4 steps ahead of the newest"):
        model.predict_interval()
    pd.testing.assert_frame_equal(
        far.predict_interval([1, 2]), cut.predict_interval([3, 4])
    )


def test_a_column_that_ends_earlier_than_others():
    y = pd.DataFrame({"u": wave_series(80), "v": wave_series(80)})
    y.loc[75:, "v"] = np.nan
    with pytest.warns(UserWarning, match="'v' has no value in the newest 5 rows up to"):
        forecaster().fit(y, fh=1)


def test_nothing_but_nan():
    y = wave_panel([40, 40])
    y.loc[("b", slice(None)), :] = np.nan
    with pytest.raises(ValueError, match="nothing but NaN in the series 'b'"):
        forecaster().fit(y, fh=1)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("place", [0, 30, 59])
def test_one_value_and_the_rest_nan(strategy, place):
    y = wave_series(60).where(np.arange(60) == place)
    model = forecaster(strategy=strategy, estimator=LINEAR)
    if place == 0 or (place < 59 and strategy in ("multioutput", "direct")):
        with pytest.raises(ValueError, match="rows of NaN at the end do not count"):
            model.fit(y, fh=[place + 1])
        return
    model.fit(y, fh=[1])
    assert model.predict().iloc[0] == pytest.approx(y.iloc[place])
    assert np.isfinite(model.predict_interval()).all(axis=None)
