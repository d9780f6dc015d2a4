"""Displays of forecasts and backtests: what they show is what was forecast."""

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sktime.forecasting.naive import NaiveForecaster

from skrnn import RNNRegressor
from skrnn.plotting import BacktestDisplay, ForecastDisplay
from skrnn.plotting._backtest import steps_ahead
from skrnn.sktime import RNNForecaster
from tests.plotting.support import check_picture
from tests.plotting.test_model_displays import looked_at

rng = np.random.default_rng(0)
NET = RNNRegressor("gru", 3, max_epochs=2, n_estimators=1, random_state=0)
OPTIONS = {"n_estimators": 1, "random_state": 0, "window_length": 6, "sp": 1}
N = 60
HOLD = 12
INDEXES = {
    "months": pd.period_range("2015-01", periods=N, freq="M"),
    "hours": pd.date_range("2024-03-30", periods=N, freq="h", tz="Europe/Berlin"),
    "quarters": pd.date_range("2010-01-01", periods=N, freq="QS"),
    "numbers": pd.RangeIndex(N),
}


def series_over(index):
    values = 10 + np.sin(np.arange(N) / 3) + 0.1 * rng.normal(size=N)
    return pd.Series(values, index, name="load (MW)")


def fitted(y, fh=(1, 2, 3)):
    return RNNForecaster(NET, **OPTIONS).fit(y[:-HOLD], fh=list(fh))


def panel_of(n_series, n=40):
    index = pd.date_range("2024-01-01", periods=n, freq="D")
    return pd.concat(
        {
            f"store {k}": pd.DataFrame({"sales": k + rng.normal(size=n)}, index)
            for k in range(n_series)
        },
        names=["store", "day"],
    )


@pytest.mark.parametrize("kind", INDEXES)
def test_one_series(kind):
    y = series_over(INDEXES[kind])
    if kind == "quarters":
        y.index.freq = None
    forecaster = fitted(y)
    display = looked_at(
        lambda: ForecastDisplay.from_estimator(forecaster, y, coverage=[0.5, 0.9])
    )
    history, forecast = display.ax_.lines
    assert_allclose(forecast.get_ydata(), forecaster.predict().to_numpy())
    assert_allclose(history.get_ydata(), y[-HOLD - 24 : -HOLD + 3])
    assert len(display.ax_.collections) == 2
    assert display.ax_.get_ylabel() == "load (MW)"
    is_date = isinstance(display.ax_.xaxis.get_major_locator(), mdates.DateLocator)
    assert is_date == (kind != "numbers")
    labels = [t.get_text() for t in display.ax_.get_legend().get_texts()]
    assert labels == ["observed", "90% interval", "50% interval", "forecast"]
    # Times of day are those of the index, not of Greenwich.
    if kind == "hours":
        first = mdates.num2date(forecast.get_xdata(orig=False)[0])
        assert first.hour == y.index[-HOLD].hour


def test_drawing_leaves_the_forecaster_as_it_is():
    y = series_over(INDEXES["months"])
    forecaster = fitted(y)
    display = ForecastDisplay.from_estimator(forecaster, y, fh=[1], coverage=None)
    assert len(display.ax_.lines[1].get_ydata()) == 1
    assert len(forecaster.predict()) == 3
    without = RNNForecaster(NET, **OPTIONS, interval=None).fit(y[:-HOLD], fh=[1, 2])
    display = ForecastDisplay.from_estimator(without)
    assert not display.ax_.collections
    naive = NaiveForecaster().fit(y[:-HOLD], fh=[1, 2])
    assert len(ForecastDisplay.from_estimator(naive, y).ax_.collections) == 2


def test_several_series():
    panel = panel_of(8)
    past = panel.index.get_level_values("day") < panel.index[-5][1]
    forecaster = RNNForecaster(NET, **OPTIONS).fit(panel[past], fh=[1, 2])
    display = looked_at(lambda: ForecastDisplay.from_estimator(forecaster, panel))
    titles = [ax.get_title(loc="left") for ax in display.ax_ if ax.get_visible()]
    assert titles == [f"store {k}" for k in range(6)]
    forecasts = forecaster.predict()
    for k, ax in enumerate(display.ax_[:6]):
        wanted = forecasts.loc[f"store {k}", "sales"]
        assert_allclose(ax.lines[1].get_ydata(), wanted)
    _, axes = plt.subplots(2)
    chosen = ["store 7", "store 1"]
    display = ForecastDisplay.from_estimator(
        forecaster, panel, series=chosen, ax=axes, coverage=None
    )
    assert display.ax_[0] is axes[0]
    wanted = forecasts.loc["store 7", "sales"]
    assert_allclose(axes[0].lines[1].get_ydata(), wanted)
    for series in (["store 9"], [], "store 9"):
        with pytest.raises(ValueError, match="must name some of"):
            ForecastDisplay.from_estimator(forecaster, panel, series=series)


def test_many_origins_and_several_targets():
    index = INDEXES["months"]
    both = pd.DataFrame({"p": series_over(index), "q": 1 + series_over(index)})
    forecaster = RNNForecaster(NET, **OPTIONS).fit(both[:-HOLD], fh=[1, 2, 3])
    found = forecaster.backtest(both[-HOLD:], step_length=4, coverage=[0.8])
    with pytest.raises(ValueError, match="choose by target one of"):
        ForecastDisplay.from_predictions(found, both)
    display = looked_at(
        lambda: ForecastDisplay.from_predictions(found, both, target="q")
    )
    forecasts = [line.get_ydata() for line in display.ax_.lines[1:]]
    assert_allclose(np.concatenate(forecasts), found[("q", "forecast", "")])
    assert [len(path) for path in forecasts] == [3, 3, 3]
    assert len(display.ax_.collections) == 3
    with pytest.raises(ValueError, match="none of"):
        ForecastDisplay.from_predictions(found, both, target="r")
    # What is forecast a single step ahead makes one line.
    single = forecaster.backtest(both[-HOLD:], fh=[1])
    display = ForecastDisplay.from_predictions(single, both, target="p")
    assert_allclose(display.ax_.lines[1].get_ydata(), single["p"])


def test_bad_forecasts():
    y = series_over(INDEXES["months"])
    with pytest.raises(TypeError, match="forecasts must be a Series"):
        ForecastDisplay.from_predictions(y.to_numpy())
    with pytest.raises(ValueError, match="forecasts has no rows"):
        ForecastDisplay.from_predictions(y[:0])
    with pytest.raises(ValueError, match="columns of predict_interval"):
        ForecastDisplay.from_predictions(y[-3:], y[:-3], y[-3:].to_frame())
    with pytest.raises(ValueError, match="a level 'origin'"):
        BacktestDisplay.from_predictions(y[-3:], y)


def test_backtests_are_measured():
    y = series_over(INDEXES["months"])
    forecaster = fitted(y)
    found = forecaster.backtest(y[-HOLD:], coverage=[0.5, 0.9])
    display = looked_at(lambda: BacktestDisplay.from_predictions(found, y))
    assert len(display.ax_) == 3
    point = found[("load (MW)", "forecast", "")]
    for step in (1, 2, 3):
        errors, inside = [], []
        for (origin, time), value in point.items():
            if (time - origin).n == step:
                errors.append(value - y[time])
                ends = found.loc[(origin, time)]["load (MW)"][0.9]
                inside.append(ends["lower"] <= y[time] <= ends["upper"])
        mae, rmse = np.mean(np.abs(errors)), np.sqrt(np.mean(np.square(errors)))
        assert_allclose(display.errors_.loc[step], [mae, rmse])
        assert_allclose(display.coverage_.loc[step, 0.9], np.mean(inside))
    shown = display.ax_[1].lines[0]
    assert_allclose(shown.get_ydata(), display.errors_["MAE"])
    assert_allclose(display.ax_[2].lines[1].get_ydata(), display.coverage_[0.5])


def test_kinds_of_backtests():
    y = series_over(INDEXES["numbers"])
    forecaster = fitted(y)
    options = {"y": y[-HOLD:], "step_length": 3}
    display = looked_at(
        lambda: BacktestDisplay.from_estimator(forecaster, **options, coverage=None)
    )
    assert len(display.ax_) == 2 and display.coverage_ is None
    one = BacktestDisplay.from_estimator(forecaster, **options, kind="error", fh=[1])
    assert one.errors_.index.tolist() == [1]
    check_picture(one.figure_)
    with pytest.raises(ValueError, match="needs intervals"):
        BacktestDisplay.from_estimator(
            forecaster, **options, coverage=None, kind="coverage"
        )
    with pytest.raises(ValueError, match="kind must be"):
        BacktestDisplay.from_estimator(forecaster, **options, kind="table")
    found = forecaster.backtest(y[-HOLD:])
    with pytest.raises(ValueError, match="no value at any time"):
        BacktestDisplay.from_predictions(found, y[:5])


def test_a_backtest_of_a_panel_is_over_all_series():
    panel = panel_of(3)
    past = panel.index.get_level_values("day") < panel.index[-8][1]
    forecaster = RNNForecaster(NET, **OPTIONS).fit(panel[past], fh=[1, 2])
    display = looked_at(
        lambda: BacktestDisplay.from_estimator(
            forecaster, panel[~past], series="store 2", coverage=0.8
        )
    )
    found = display.forecasts.xs("forecast", axis=1, level=1)
    times = found.index.droplevel("origin")
    errors = found.to_numpy().ravel() - panel["sales"][times].to_numpy()
    steps = steps_ahead(found.index, times.get_level_values("time"))
    wanted = [np.abs(errors[steps == step]).mean() for step in (1, 2)]
    assert_allclose(display.errors_["MAE"], wanted)
    assert display.ax_[0].get_ylabel().replace("\n", " ") == "sales, store 2"


@pytest.mark.parametrize("kind", INDEXES)
def test_steps_ahead(kind):
    index = INDEXES[kind]
    origins, steps = np.repeat(np.arange(10, 30, 4), 3), np.tile([2, 3, 7], 5)
    pairs = pd.MultiIndex.from_arrays(
        [index[origins], index[origins + steps]], names=["origin", "time"]
    )
    assert_array_equal(steps_ahead(pairs, index), steps)
    if kind != "quarters":  # a row that is missing is a step all the same
        assert_array_equal(steps_ahead(pairs, index.delete([12, 13])), steps)
