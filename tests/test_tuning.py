"""The table of tuned numbers is true, and the scripts compare as they say."""

import importlib
import math
import re
from pathlib import Path

import numpy as np
import pytest

TUNING = Path(__file__).parent.parent / "docs" / "benchmarks" / "tuning"


@pytest.fixture
def load(monkeypatch):
    """Import a module that stands beside the scripts."""
    for directory in (TUNING.parent, TUNING):
        monkeypatch.syspath_prepend(directory)
    return importlib.import_module


@pytest.fixture
def names(load):
    return load("_names")


def test_the_table_is_true(names):
    rows = names.table()
    assert len(rows) > 70
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        value = names.value_of(row.name)  # raises if there is none
        if row.value != "in the function":
            wanted = names.wanted_of(row)
            assert names.is_equal(value, wanted), f"{row.name} is {value!r}"


def test_scripts_of_the_table_exist_and_name_what_they_search(names):
    """A row's script has the last part of its name somewhere."""
    for row in names.table():
        for script in filter(None, row.script.split(", ")):
            text = (TUNING / script).read_text()
            last = re.split(r"[.(:]", row.name.rstrip(")"))[-1]
            if row.value != "in the function":
                assert last in text, (row.name, script)


@pytest.mark.parametrize(
    "script",
    ["regressor", "classifier", "forecaster", "networks_alone", "smoothing"],
)
def test_what_scripts_replace_is_in_the_table(names, load, script):
    known = {row.name for row in names.table()}
    subjects = load(script).SUBJECTS.values()
    for found in subjects:
        variants = found[0] if isinstance(found, tuple) else found
        for variant in variants:
            constants = {name for name in variant.values if "." in name}
            assert constants <= known
            with names.replaced({name: variant.values[name] for name in constants}):
                for name in constants:
                    assert names.value_of(name) == variant.values[name]


@pytest.mark.parametrize(
    "name",
    [
        "skrnn._ensemble.auto._GONE",
        "skrnn._gone.auto._RATE",
        "gone.auto",
        "skrnn.RNNRegressor(gone)",
        "native/narrow.h:GONE",
        "native/gone.h:FEW_SAMPLES",
    ],
)
def test_a_name_that_is_gone(names, name):
    with pytest.raises(LookupError, match="README"):
        names.value_of(name)


def test_values_are_put_back(names):
    rate, power = "skrnn._ensemble.auto._RATE", "skrnn._ensemble.auto._POWER"
    before = names.value_of(rate), names.value_of(power)
    with pytest.raises(ZeroDivisionError), names.replaced({rate: 1.0, power: 2.0}):
        assert (names.value_of(rate), names.value_of(power)) == (1.0, 2.0)
        raise ZeroDivisionError
    with pytest.raises(LookupError), names.replaced({rate: 1.0, f"{power}_GONE": 2.0}):
        pass
    assert (names.value_of(rate), names.value_of(power)) == before


def test_who_imports_a_public_constant_has_the_other_value_too(names):
    settings = importlib.import_module("skrnn._ensemble.settings")
    before = settings.SEGMENT_LENGTHS
    with names.replaced({"skrnn._ensemble.auto.SEGMENT_LENGTHS": (None,)}):
        assert settings.SEGMENT_LENGTHS == (None,)
    assert settings.SEGMENT_LENGTHS is before


@pytest.mark.parametrize(
    "name", ["skrnn.RNNRegressor(cell)", "native/narrow.h:FEW_SAMPLES"]
)
def test_only_constants_can_be_replaced(names, name):
    with pytest.raises(ValueError, match="no constant"), names.replaced({name: 1}):
        pass


def test_differences_are_paired(load, names):
    search = load("_search")
    rate = "skrnn._ensemble.auto._RATE"
    noise = np.random.default_rng(0).normal(size=(3, 2))  # of tasks and seeds
    calls = []

    def loss(task, parameters, seed):
        calls.append((task, seed))
        by_rate = 10 * (names.value_of(rate) - 0.01)
        return noise[task, seed] + task * parameters.get("much", 0) + by_rate

    tasks, done = {"a": 0, "b": 1, "c": 2}, {}
    variants = [*search.each("much", 0, 2), *search.constant(rate, 0.51)]
    same, much, other = search.compare(variants, tasks, loss, range(2), done)
    assert (same.difference, same.error, same.n_same) == (0, 0, 3)
    assert math.isclose(much.difference, 2)  # of 0, 2 and 4
    assert math.isclose(much.error, 2 / math.sqrt(3))
    assert (much.n_better, much.n_worse, much.n_same) == (0, 2, 1)
    assert math.isclose(other.difference, 5)
    assert abs(other.error) < 1e-12
    assert len(calls) == 4 * 3 * 2
    search.compare(variants[:1], tasks, loss, range(2), done)
    assert len(calls) == 4 * 3 * 2  # nothing is fitted twice
