"""Series are found in tables by rule, kept apart by their rows, and scored rightly."""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).parent.parent / "docs" / "benchmarks"


@pytest.fixture
def load(monkeypatch, tmp_path):
    """Import a module that stands beside the scripts."""
    monkeypatch.setenv("SKRNN_BENCHMARK_CACHE", str(tmp_path))
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module


@pytest.fixture
def series_of_frame(load):
    return load("_series_of_frames").series_of_frame


def values(n, seed=0):
    return np.random.default_rng(seed).normal(size=n).cumsum()


@pytest.mark.parametrize(
    ("times", "freq", "first"),
    [
        ({"time": 1960 + np.arange(60) / 12}, "M", "1960-01"),
        ({"time": 1971.25 + np.arange(60) / 4}, "Q-DEC", "1971Q2"),
        ({"time": 1900 + np.arange(60)}, "Y-DEC", "1900"),
        (
            {
                "Month": pd.period_range("1960-03", periods=60, freq="M").strftime(
                    "%Y %b"
                )
            },
            "M",
            "1960-03",
        ),
        (
            {"Quarter": [f"{1956 + i // 4} Q{1 + i % 4}" for i in range(60)]},
            "Q-DEC",
            "1956Q1",
        ),
        (
            {"Week": [f"{1991 + i // 50} W{1 + i % 50:02}" for i in range(50)]},
            "W-MON",
            "1990-12-31",
        ),
        (
            {"Year": 1990 + np.arange(60) // 12, "Month": 1 + np.arange(60) % 12},
            "M",
            "1990-01",
        ),
        (
            {"date": pd.date_range("2001-01-01", periods=60).strftime("%m/%d/%Y")},
            "D",
            "2001-01-01",
        ),
        (
            {"date": pd.bdate_range("2001-01-01", periods=60).astype(str)},
            "B",
            "2001-01-01",
        ),
        (
            {
                "time_hour": pd.date_range("2013-01-01", periods=60, freq="h").astype(
                    str
                )
            },
            "h",
            "2013-01-01",
        ),
    ],
)
def test_times_are_read(series_of_frame, times, freq, first):
    n = len(next(iter(times.values())))
    y = values(n)
    ((column, group, found),) = series_of_frame(pd.DataFrame({**times, "value": y}))
    assert (column, group, found.index.freqstr) == ("value", "", freq)
    start = found.index[0]
    start = start if isinstance(start, pd.Period) else start.to_period("D")
    assert start == pd.Period(first, start.freqstr)
    np.testing.assert_array_equal(found, y)


def test_rows_without_order_groups_and_gaps(series_of_frame):
    year = np.arange(1900, 1960)
    parts = [
        pd.DataFrame({"land": name, "year": year, "sold": values(60, seed)})
        for seed, name in enumerate(("east", "west"))
    ]
    table = pd.concat(parts).sample(frac=1, random_state=0)
    table = table[(table["year"] != 1930) | (table["land"] == "west")]
    found = {group: y for _, group, y in series_of_frame(table)}
    np.testing.assert_array_equal(found["west"], parts[1]["sold"])
    assert len(found["east"]) == 60
    assert found["east"]["1930"].item() == parts[0]["sold"][29]  # the value before
    # A tenth of the years is too much.
    assert {g for _, g, _ in series_of_frame(table[table["year"] % 10 > 0])} == set()


@pytest.mark.parametrize(
    "table",
    [
        {"year": np.arange(1900, 1930), "x": values(30)},  # short
        {"year": np.arange(1900, 1960), "x": np.arange(60.0)},  # a count
        {"year": np.arange(1900, 1960), "x": np.arange(60) % 9},  # few values
        {
            "year": np.arange(1900, 1960),
            "x": np.maximum(values(60) - 99, 0),
        },  # constant
        {"year": np.repeat(np.arange(30) + 1900, 2), "x": values(60)},  # no groups
        {"x": values(60)},  # no time
    ],
)
def test_tables_that_are_no_series(series_of_frame, table):
    assert series_of_frame(pd.DataFrame(table)) == []


def test_choosing_and_judging_share_nothing(load):
    sets = load("_series_sets")
    assert not set(sets.CHOOSING) & set(sets.JUDGING)
    y = pd.Series(values(80))
    known = set()
    assert len(list(sets._without_twins([("first", y)], known))) == 1
    others = [
        ("in other units", 3 * y + 5),
        ("a part of it", y[20:60]),
        ("another", pd.Series(values(80, 1))),
    ]
    kept = list(sets._without_twins(others, known))
    assert [item.name for item in kept] == ["another"]


def test_origins_leave_enough_to_fit_on(load):
    as_series = load("_series_sets").as_series
    for n in (36, 40, 60, 144):
        index = pd.period_range("1990-01", periods=n, freq="M")
        item = as_series("months", pd.Series(values(n), index=index))
        assert item.origins[-1] + item.steps == n
        assert item.origins[0] >= max(16, 2 * item.sp)
        assert len(item.origins) == 3 or n == 36


def test_scores(load):
    runs, scores = load("_series_runs"), load("_series_scores")
    index = pd.period_range("1990", periods=40, freq="Y")
    item = load("_series_sets").as_series("years", pd.Series(values(40), index=index))
    rng, made, wanted = np.random.default_rng(0), [], []
    for origin in item.origins:
        table = np.sort(rng.normal(size=(item.steps, 5)), axis=1)
        table = table[:, [2, 1, 3, 0, 4]]
        made.append(runs.run_of(item, origin, table))
        scale = np.mean(
            [abs(item.y.iloc[i] - item.y.iloc[i - 1]) for i in range(1, origin)]
        )
        errors, inside, score = [], [], []
        for k in range(item.steps):
            truth, (mean, low, high, *_) = item.y.iloc[origin + k], table[k]
            errors.append(abs(truth - mean) / scale)
            inside.append(low <= truth <= high)
            penalty = max(low - truth, 0, truth - high) * 2 / 0.2
            score.append((high - low + penalty) / scale)
        wanted.append([np.mean(errors), np.mean(inside), np.mean(score)])
    found = scores.by_series(made)[["MASE", "inside 0.8", "score 0.8"]]
    np.testing.assert_allclose(found.to_numpy()[0], np.mean(wanted, axis=0))


def test_how_far_models_are_from_the_best_classical_one(load):
    scores = load("_series_scores")
    names = ["AutoETS", "AutoARIMA", "AutoTheta", "ours"]
    index = pd.MultiIndex.from_tuples([("a", "yearly"), ("b", "yearly")])
    errors = {"AutoETS": [1, 4], "AutoARIMA": [2, 2], "AutoTheta": [4, 8]}
    errors["ours"] = [0.5, 8]
    made = {
        n: pd.DataFrame({"MASE": map(float, errors[n])}, index=index) for n in names
    }
    lines = list(scores.ratio_table(made))[2:]
    found = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert found == [
        ["AutoETS", "1.414", "2.00", "50.0"],
        ["AutoARIMA", "1.414", "2.00", "50.0"],
        ["AutoTheta", "4.000", "4.00", "100.0"],
        ["ours", "1.414", "4.00", "50.0"],
    ]
