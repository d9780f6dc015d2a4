"""Between frames of pandas and tables of series."""

import copy

import numpy as np
import pandas as pd
import pytest

from skrnn._forecasting.frames import SeriesFrames
from tests.forecasting.support import driven, forecaster
from tests.support import wave_panel, wave_series


@pytest.mark.parametrize("freq", ["D", "h", "W", "MS"])
def test_gaps_in_dates_are_missing_values(freq):
    index = pd.date_range("2000", periods=90, freq=freq)
    y = wave_series(90, index)
    gone = [5, 17, 18, 30, 31, 32, 50, 60]
    y_missing = y.copy()
    y_missing.iloc[gone] = np.nan
    expected = forecaster().fit(y_missing[:80], fh=[1, 2]).predict()
    model = forecaster().fit(y.drop(index[gone])[:72], fh=[1, 2])
    pd.testing.assert_series_equal(model.predict(), expected, check_freq=False)


def test_times_off_the_grid_and_of_another_kind():
    y = wave_series(40, pd.date_range("2000", periods=40))
    model = forecaster().fit(y, fh=1)
    wrong = pd.Series([1.0], pd.DatetimeIndex(["2000-02-10 07:00"]))
    with pytest.raises(ValueError, match="does not lie on the grid"):
        model.update(wrong)
    with pytest.raises(ValueError, match="must be a DatetimeIndex, as in fit"):
        copy.deepcopy(model).update(wave_series(3), update_params=False)


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


def test_hierarchies():
    one, two = wave_panel([30, 30]), wave_panel([30, 30])
    y = pd.concat({"north": one, "south": two + 50}, names=["region"])
    model = forecaster(series_id=True).fit(y, fh=[1, 2])
    forecast = model.predict()
    assert forecast.index.names == ["region", "shop", "month"]
    assert forecast.loc[("south", "b"), "load"].between(60, 70).all()
    assert model.predict_interval().index.equals(forecast.index)


def frame(values, starts):
    parts = {}
    for name, (n, start) in values.items():
        index = pd.period_range(start, periods=n, freq="M")
        parts[name] = pd.DataFrame({"y": np.arange(n) + starts[name]}, index)
    return pd.concat(parts)


def test_frames_to_tables_and_back():
    y = frame({"b": (4, "2000-03"), "a": (3, "2000-01")}, {"b": 10.0, "a": 20.0})
    X = pd.DataFrame({"u": -y["y"], "v": 1.0}).iloc[[0, 2, 3, 4, 6]]
    frames = SeriesFrames(y, X, ["v"])
    np.testing.assert_array_equal(frames.is_past, [False, True])
    table = frames.table(y, X[["v", "u"]])
    assert table.keys == [("b",), ("a",)]
    assert list(table.last - table.first) == [3, 2]
    np.testing.assert_array_equal(table.y[:, 0], y["y"])
    np.testing.assert_array_equal(
        table.x[[0, 2, 3, 4, 6], 0], -y["y"].iloc[[0, 2, 3, 4, 6]]
    )
    assert np.isnan(table.x[[1, 5]]).all()
    times = [
        frames.axis.times(table.first[i] + np.arange(table.lengths[i])) for i in (0, 1)
    ]
    assert frames.index(table.keys, times).equals(y.index)
    later = frames.with_future(
        table, X, table.last + 2, (np.array([0]), table.last[:1])
    )
    assert list(later.lengths) == [6, 5]
    assert np.isnan(later.y[[4, 5, 9, 10]]).all()
    with pytest.raises(ValueError, match=r"no row for \('a', Period\('2000-04'"):
        frames.with_future(
            table, X, table.last + 2, (np.array([1]), table.last[1:] + 1)
        )
