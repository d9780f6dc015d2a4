"""What a forecaster chooses by looking at its series."""

import numpy as np
import pandas as pd
import pytest

from skrnn._forecasting.filled_table import FilledTable
from skrnn._forecasting.seasonality import (
    Seasonality,
    choose_log,
    choose_seasonality,
    seasonal_period,
    usual_period,
)
from skrnn._forecasting.table import SeriesTable


def table(*series):
    """Series of shape (n,) or (n, k) as a table."""
    series = [np.reshape(y, (len(y), -1)).astype(float) for y in series]
    begin = np.append(0, np.cumsum([len(y) for y in series]))
    keys = [(i,) for i in range(len(series))]
    first = np.zeros(len(series), dtype=np.int64)
    return SeriesTable(keys, first, begin, np.concatenate(series))


def noise(n, seed=0):
    return np.random.default_rng(seed).normal(size=n)


@pytest.mark.parametrize(
    "freq, rows",
    [
        ("YS", 1),
        ("QE", 4),
        ("QS-FEB", 4),
        ("ME", 12),
        ("MS", 12),
        ("2MS", 6),
        ("BME", 12),
        ("W-WED", 52),
        ("D", 7),
        ("B", 5),
        ("h", 24),
        ("3h", 8),
        ("min", 60),
        ("15min", 96),
        ("s", 60),
        ("ms", None),
        ("5MS", None),
        ("2D", None),
    ],
)
def test_usual_period(freq, rows):
    assert usual_period(pd.tseries.frequencies.to_offset(freq)) == rows


def test_usual_period_of_periods_and_integers():
    assert usual_period(pd.period_range("2000", periods=3, freq="M").freq) == 12
    assert usual_period(pd.period_range("2000", periods=3, freq="Q").freq) == 4
    assert usual_period(pd.period_range("2000", periods=3, freq="Y").freq) == 1
    assert usual_period(None) is None


@pytest.mark.parametrize("period", [4, 7, 12, 24])
def test_seasons_are_found(period):
    t = np.arange(12 * period)
    season = np.random.default_rng(period).normal(size=period)[t % period]
    y = 3 * season + 0.3 * noise(len(t)) + t / 20
    assert seasonal_period(table(y)) == period
    y[5:8] = np.nan
    assert seasonal_period(table(y, y[: 9 * period])) == period


@pytest.mark.parametrize(
    "y",
    [
        noise(300),
        noise(300).cumsum(),
        np.arange(100),
        np.ones(50),
        np.ones(3),
        np.full(30, np.nan),
    ],
)
def test_no_season(y):
    assert seasonal_period(table(y)) == 1


def test_logarithms():
    t = np.arange(200)
    growing = np.exp(t / 40 + 0.1 * noise(200))
    additive = 50 + t / 4 + noise(200)
    assert choose_log(table(growing)).all()
    assert not choose_log(table(additive)).any()
    assert not choose_log(table(growing - growing.mean())).any()
    both = choose_log(table(np.column_stack([growing, additive])))
    assert list(both) == [True, False]
    assert not choose_log(table(np.full(30, np.nan))).any()
    assert not choose_log(table(np.ones(30))).any()
    assert not choose_log(table(growing[:10])).any()


AUTO = Seasonality("auto", "auto", "auto")
SHAPE = 3 * noise(8)
CASES = {
    "noise": (noise(240), (0, 0, 0)),
    "walk": (noise(240).cumsum(), (1, 0, 0)),
    "season": (np.tile(SHAPE, 30) + 0.1 * noise(240), (0, 0, 3)),
    "few seasons": (np.tile(SHAPE, 8) + 0.1 * noise(64), (1, 1, 0)),
    "walk with a season": (3 * np.tile(SHAPE, 30) + noise(240).cumsum(), (1, 0, 3)),
    "walk with few seasons": (
        3 * np.tile(SHAPE, 8) + 0.5 * noise(64).cumsum(),
        (1, 1, 0),
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("scaling", ["series", "window"])
def test_seasonality(name, scaling):
    y, expected = CASES[name]
    data = table(y, y[: len(y) * 3 // 4] * 50 + 7)
    arguments = FilledTable(data, np.array([False])), 8, scaling, 24, 3
    found = choose_seasonality(*arguments, AUTO)
    assert found == expected
    # What is given stays.
    assert choose_seasonality(*arguments, Seasonality(1, 0, 2)) == (1, 0, 2)
    given = choose_seasonality(*arguments, AUTO._replace(difference=2))
    assert given == (2, *found[1:])
    assert data.moments is None


def test_seasonality_of_what_tells_nothing():
    half = np.full(60, np.nan)
    half[:20] = 1.0
    for y in (np.ones(60), np.full(60, np.nan), half, np.ones(4), np.ones(1)):
        for sp in (1, 8):
            filled = FilledTable(table(y), np.array([False]))
            arguments = filled, sp, "window", 6, 3
            found = choose_seasonality(*arguments, AUTO)
            assert found == (1, 0, 0)
            assert choose_seasonality(*arguments, AUTO._replace(difference=0))[0] == 0
