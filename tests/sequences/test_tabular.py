"""Tables whose columns are not lags are told from those whose are."""

import calendar

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_iris, load_wine

from skrnn._sequences.tabular import unlike_columns

RNG = np.random.default_rng(0)
N = 400
HOUR = np.arange(N)
TEMPERATURE = 20 + 8 * np.sin(HOUR / 24 * 6.28) + RNG.normal(size=N)
HUMIDITY = 60 + 15 * np.cos(HOUR / 24 * 6.28) + RNG.normal(size=N)
WALK = RNG.normal(size=N).cumsum()


def standard(values):
    return (values - values.mean()) / values.std()


def sign(columns):
    frame = pd.DataFrame(columns)
    return unlike_columns(frame.to_numpy(float), list(frame.columns))


def lags(values, names):
    series = pd.Series(values)
    return {name: series.shift(i) for i, name in enumerate(names)}


TABLES = {
    "hour": {"temperature": TEMPERATURE, "humidity": HUMIDITY, "hour": HOUR % 24},
    "floats": {"temperature": TEMPERATURE, "pressure": 1013 + RNG.normal(size=N)},
    "scaled": {"temperature": standard(TEMPERATURE), "hour": standard(HOUR % 24)},
    "flag": {"temperature": TEMPERATURE, "open": HOUR % 24 > 8},
    "prices": {"price": 100 + WALK, "volume": RNG.integers(1000, 9000, N)},
    "counts": {"store": RNG.integers(0, 5, N), "sales": RNG.integers(0, 900, N)},
    "radiation": {"radiation": 500 * RNG.random(N), "wind": 5 * RNG.random(N)},
    "lags and hour": lags(WALK, ["lag_2", "lag_1"]) | {"hour": HOUR % 24},
    "two things": lags(WALK, ["load__lag1", "load__lag0"])
    | lags(1000 + WALK, ["cost__lag1", "cost__lag0"]),
    "holes": {
        "temperature": np.where(HOUR % 9, TEMPERATURE, np.nan),
        "hour": HOUR % 24,
    },
}


@pytest.mark.parametrize("columns", TABLES.values(), ids=TABLES)
def test_a_table_is_told(columns):
    assert sign(columns)


@pytest.mark.parametrize("load", [load_iris, load_wine, load_diabetes])
def test_tables_of_scikit_learn(load):
    X = load(as_frame=True).data
    assert unlike_columns(X.to_numpy(), list(X.columns))


def growing(names):
    """Columns of whole numbers and fractions, each larger than the one before."""
    return {
        name: RNG.gamma(2, 10.0 + 90 * i, N).round(i % 2)
        for i, name in enumerate(names)
    }


LAGS = {
    "lags": lags(WALK, [f"lag_{i}" for i in range(5)]),
    "with y": lags(WALK, ["y", "lag_1", "lag_2"]),
    "whole": lags(HOUR % 24, ["y", "lag_1"]),
    "minus": growing(["t-3", "t-2", "t-1", "t"]),
    "flat": growing(["load__lag2", "load__lag1", "load__lag0"]),
    "pixels": growing([f"pixel{i}" for i in range(9)]),
    "numbers": growing(["0", "1", "2"]),
    "letters": dict(zip("abcd", RNG.normal(size=(4, N)), strict=True)),
    "shifted letters": lags(WALK, "abcd"),
    "months": growing(calendar.month_name[1:]),
    "sales of months": growing(f"sales_{m.lower()}" for m in calendar.month_abbr[1:]),
    "days": growing(calendar.day_abbr),
    "dates": growing(d.strftime("%d %b %Y") for d in pd.date_range("2026", periods=60)),
    "iso": growing(str(d.date()) for d in pd.date_range("2026", periods=6)),
    "quarters": growing(["Q1 2025", "Q2 2025", "Q1 2026"]),
    "waves": growing(["400.5nm", "401nm", "401.5nm"]),
    "words": growing(["yesterday", "today"]),
    "previous": growing(["load_prev", "load"]),
    "ages": lags(WALK, ["oldest", "middle", "newest"]),
    "one": {"temperature": TEMPERATURE},
    "constant": {"night": np.zeros(N), "noon": RNG.random(N)},
    "few rows": {"temperature": TEMPERATURE[:10], "hour": HOUR[:10]},
}


@pytest.mark.parametrize("columns", LAGS.values(), ids=LAGS)
def test_lags_are_left_in_peace(columns):
    assert sign(columns) is None


def test_without_names_nothing_is_said():
    X = np.column_stack([TEMPERATURE, HOUR % 24])
    assert unlike_columns(X, None) is None
    assert unlike_columns(X, [0, 1]) is None
    assert unlike_columns(X, list(pd.date_range("2026", periods=2))) is None
    X = load_digits(as_frame=True).data
    assert unlike_columns(X.to_numpy(), list(X.columns)) is None
