"""What is asked for beyond all data or memory is refused at once."""

import copy

import numpy as np
import pandas as pd
import pytest

from skrnn._forecasting import limits
from tests.forecasting.support import LINEAR, STRATEGIES, forecaster
from tests.support import short_network, wave_panel, wave_series

HUGE = 10**9


@pytest.fixture
def memory(monkeypatch):
    """A process that can have a gibibyte."""
    monkeypatch.setattr(limits, "most_memory", lambda: 1 << 30)


def test_memory_is_known():
    most = limits.most_memory()
    assert most is None or 1 << 26 < most < 1 << 50


@pytest.mark.parametrize(
    "options, message",
    [
        (
            {"difference": 60},
            "difference=60 takes differences over 60 rows, but the lo",
        ),
        ({"difference": 10**30}, "parameter|differences over"),
        ({"difference": 55}, r"55 differences .* 2\*\*55"),
        (
            {"sp": 4, "seasonal_difference": 15},
            "seasonal_difference=15 takes .* 60 rows",
        ),
        ({"sp": 4, "seasonal_difference": HUGE}, "seasonal_difference=10{9} takes"),
        ({"sp": 4, "difference": 1, "seasonal_difference": 15}, "over 61 rows"),
        (
            {"sp": 4, "fourier_terms": 3},
            "a season of 4 rows can have: .* beyond 2 repeat",
        ),
        ({"sp": 4, "fourier_terms": HUGE}, "Set fourier_terms=2 or less"),
        ({"sp": 61}, "sp=61 rows make a season, but the longest series has only 60"),
        ({"sp": HUGE}, "sp=10{9} rows make a season"),
        ({"window_length": 601}, "window_length=601 rows, but .* 60: .* Set it to 600"),
        ({"window_length": HUGE}, "window_length=10{9} rows, but the longest series"),
        (
            {"n_estimators": HUGE},
            r"10{9} networks would take 9\.09 TiB .* There can be",
        ),
    ],
)
@pytest.mark.parametrize("estimator", [LINEAR, short_network()])
def test_parameters(options, message, estimator, memory):
    y = wave_series(60)
    with pytest.raises(ValueError, match=message):
        forecaster(estimator=estimator, **options).fit(y, fh=1)


def test_what_a_season_too_long_says():
    y = wave_series(60)
    with pytest.warns(UserWarning, match=r"sp=40 has no effect: .* has 60 rows"):
        assert forecaster(estimator=LINEAR, sp=40).fit(y, fh=1).sp_ == 1
    with pytest.warns(UserWarning, match="fourier_terms=2 has no effect"):
        forecaster(estimator=LINEAR, sp=1, fourier_terms=2).fit(y, fh=1)


def test_parameters_that_are_numbers_of_numpy():
    y = wave_series(300)
    options = {"estimator": LINEAR, "difference": 0}
    small = forecaster(**options, sp=np.int8(100), window_length=np.int8(120)).fit(
        y, fh=1
    )
    usual = forecaster(**options, sp=100, window_length=120).fit(y, fh=1)
    np.testing.assert_array_equal(small.predict(), usual.predict())


@pytest.mark.parametrize("far", [601, HUGE, 2**62, 2**63 - 1, 2**64, 10**30])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_horizons(far, strategy):
    y = wave_series(60)
    model = forecaster(estimator=LINEAR, strategy=strategy)
    wanted = [[1, far], np.array([far])] if far < 2**63 else [[1, far]]
    for fh in [far, range(1, far + 1), *wanted]:
        with pytest.raises(ValueError, match=f"longer than the {far} steps .* 60 rows"):
            model.fit(y, fh=fh)
    model.fit(y, fh=[1, 2])
    for fh in [far, range(1, far + 1), *wanted]:
        for call in (
            model.predict,
            model.predict_interval,
            lambda fh: model.update_predict_single(y[-1:], fh, update_params=False),
            lambda fh: model.backtest(y, fh=fh),
        ):
            with pytest.raises(
                ValueError, match=f"reaches {far} steps .* 60 rows: .* 600"
            ):
                call(fh)
    assert list(model.predict().index) == [60, 61]


def test_horizons_of_long_ago():
    model = forecaster(estimator=LINEAR).fit(wave_series(60), fh=[1])
    for fh in ([-(2**63)], -(10**30), [1, -(10**30)], range(-(2**62), 1)):
        for call in (model.predict, lambda fh: model.fit(wave_series(60), fh=fh)):
            with pytest.raises(ValueError, match="before all that was seen"):
                call(fh)
    assert np.isnan(model.predict([-HUGE])).all()


def test_horizons_as_long_as_a_series_with_gaps():
    index = np.sort(np.random.default_rng(0).permutation(200)[:150])
    y = wave_series(200).iloc[index]
    assert len(forecaster(estimator=LINEAR).fit(y, fh=160).predict()) == 160
    # Ten times what was seen, and later rows are seen too.
    model = forecaster(estimator=LINEAR).fit(wave_series(20), fh=[1])
    with pytest.raises(ValueError, match="The most that is forecast are 200 steps"):
        model.predict([201])
    model.update(wave_series(40)[20:], update_params=False)
    assert np.isfinite(model.predict([201])).all()


def test_series_of_more_rows_than_memory(memory):
    y = wave_series(60)
    y.index = [*range(59), HUGE]
    with pytest.raises(
        ValueError, match=r"y, of 60 rows from 0 to 10{9} .* makes 10+1 ro"
    ):
        forecaster(estimator=LINEAR).fit(y, fh=1)
    panel = wave_panel([30, 30])
    panel.index = pd.MultiIndex.from_arrays(
        [panel.index.get_level_values(0), [*range(30), *range(29), 2**61]]
    )
    with pytest.raises(ValueError, match="rows, which would take"):
        forecaster(estimator=LINEAR).fit(panel, fh=1)


def test_newer_rows_long_after(memory):
    y = wave_series(70)
    model = forecaster(estimator=LINEAR).fit(y[:60], fh=[1])
    late = y[60:].set_axis(range(100, 110))
    for call in (
        lambda y: copy.deepcopy(model).update(y, update_params=False),
        model.backtest,
    ):
        with pytest.warns(
            UserWarning, match="at 100, but was seen up to 59: the 40 rows"
        ):
            call(late)
        with pytest.raises(
            ValueError, match=r"goes on at 10{9} after 59, makes \d{9} "
        ):
            call(y[60:].set_axis(range(HUGE, HUGE + 10)))
    model.update(y[60:].set_axis(range(66, 76)), update_params=False)
    panel = wave_panel([40, 40])
    model = forecaster(estimator=LINEAR).fit(panel, fh=[1])
    new = pd.concat({"a": panel.loc["a"]}, names=panel.index.names)[-1:]
    new.index = new.index.set_levels(new.index.levels[1] + 30, level=1)
    with pytest.warns(UserWarning, match="the 29 rows between"):
        model.update(new, update_params=False)
