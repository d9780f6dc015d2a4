"""The guard against slow commits: what it makes of paired costs."""

import importlib
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

BENCHMARKS = Path(__file__).parent.parent / "docs" / "benchmarks"


@pytest.fixture(scope="module")
def guard():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield importlib.import_module("compare_commits")


def pairs_of(ratios, before=2.0):
    return [(before, before * ratio) for ratio in ratios]


def test_the_ratio_is_the_median_of_the_pairs(guard):
    ratio, error, verdict = guard.compare(pairs_of([1.0, 9.0, 1.2, 1.1, 1.3]))
    # The middle half lies between 1.1 and 1.3.
    assert ratio == pytest.approx(1.2)
    assert error == pytest.approx(math.sqrt(math.pi / 2) * 0.2 / 1.349 / 5**0.5, 1e-3)
    assert verdict == ""  # 0.2 is less than three errors


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ([1.2, 1.21, 1.19, 1.2, 1.2], "slower"),
        ([0.8, 0.81, 0.79, 0.8, 0.8], "faster"),
        ([1.04] * 9, ""),  # sure, and no news
        ([0.7, 1.5, 1.2, 0.9, 1.6], ""),  # much, and not sure
        ([1.2, 1.2, 1.2], ""),  # too few
        ([1.2, 1.2, 9.0, 1.21, 1.19, 1.2, 1.2], "slower"),  # one that was disturbed
    ],
)
def test_what_counts_as_slower(guard, ratios, verdict):
    assert guard.compare(pairs_of(ratios))[2] == verdict


@settings(max_examples=50, deadline=None)
@given(
    ratios=st.lists(st.floats(0.5, 2.0), min_size=4, max_size=12),
    unit=st.floats(1e-3, 1e9),
    load=st.lists(st.floats(0.1, 10.0), min_size=12, max_size=12),
)
def test_neither_units_nor_load_that_falls_on_both_matter(guard, ratios, unit, load):
    alone = guard.compare(pairs_of(ratios))
    pairs = [(unit * k, unit * k * r) for k, r in zip(load, ratios, strict=False)]
    ratio, error, _ = guard.compare(pairs)
    assert ratio == pytest.approx(alone[0])
    assert error == pytest.approx(alone[1], abs=1e-9)


def test_costs_without_a_difference_are_rarely_called_one(guard):
    rng = np.random.default_rng(0)
    found = [
        guard.compare(pairs_of(np.exp(0.05 * rng.normal(size=9)))) for _ in range(300)
    ]
    assert sum(verdict != "" for *_, verdict in found) <= 9
    # The errors that it tells are those that its medians have.
    told = np.mean([error for _, error, _ in found])
    assert told == pytest.approx(np.std([ratio for ratio, *_ in found]), rel=0.25)


def test_the_order_of_the_turns_does_not_exchange_the_commits(guard, monkeypatch):
    asked = []

    def ask(process, job):
        asked.append((process, job))
        return {"old": 1.0, "new": 3.0}[process]

    monkeypatch.setattr(guard, "ask", ask)
    pairs = guard.measure("old", "new", ["fit", "predict"], rounds=4)
    assert pairs == {"fit": [(1.0, 3.0)] * 4, "predict": [(1.0, 3.0)] * 4}
    assert [process for process, job in asked if job == "fit"] == [
        *("old", "new", "new", "old"),
        *("old", "new", "new", "old"),
    ]
    shown, is_slower = guard.table(pairs)
    assert is_slower
    assert "| fit | 1 | 3 | 3.000 | 0.000 | slower |" in shown
