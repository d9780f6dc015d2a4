"""Files that releases have written are read, and what files name stays there."""

import importlib
import io
import json
import os
import pickle
import re
import subprocess
import sys
import warnings
import zipfile

import numpy as np
import pytest
from sklearn.exceptions import InconsistentVersionWarning

import skrnn
from skrnn._ensemble.packed_model import _CONVOLUTIONS
from skrnn._estimator.state import versions
from skrnn._persistence.files import TYPES
from skrnn.persistence import describe
from skrnn.sktime._state import _CODECS as SERIES_CODECS
from skrnn.windows._window_memory import _CODECS as WINDOW_CODECS
from tests.persistence.kept import FOLDER, MODELS, TOLERANCE, many
from tests.persistence.support import kept

FILES = sorted(FOLDER.glob("*/*.skops"))
# Names that files of releases hold. A line is added where a new one is written, and
# none is taken away or changed: old files hold it.
CLASSES = {
    "skrnn.classifier.RNNClassifier",
    "skrnn.regressor.RNNRegressor",
    "skrnn.reshape.FlattenSequence",
    "skrnn.reshape.TimeDistributed",
    "skrnn.reshape.ToSequence",
    "skrnn.sktime.RNNForecaster",
    "skrnn.sktime.RNNPanelClassifier",
    "skrnn.sktime.RNNPanelRegressor",
    "skrnn.text.TokenSequence",
    "skrnn.windows.SlidingWindow",
}
# Beside them in pickles.
PICKLED = {"skrnn.windows.WindowedArray"}
# In files of searches, none of which is kept.
SPLITTERS = {"skrnn.model_selection.PanelTimeSeriesSplit"}
OF_WINDOWS = {"History", "Beginnings", "Categories"}
OF_TIME = {"index", "step", "timestamp", "duration", "period", "span", "zone"}
OF_TIME |= {"clock", "moment", "day"}
OF_SERIES = {
    "AdaptiveScores",
    "Categories",
    "Combination",
    "Covariates",
    "Design",
    "Differencing",
    "ExogenousColumns",
    "Forecasts",
    "HorizonModel",
    "Lags",
    "LinearEffect",
    "RegressedSmoothing",
    "SeriesFrames",
    "SeriesForecaster",
    "SeriesTable",
    "Settings",
    "Smoothing",
    "TargetModel",
    "TargetTransform",
    "TimeAxis",
    "Units",
    "slice",
    "horizon",
    "kind of column",
    "function",
}
PLAIN = {"tuple", "dict", "pairs", "other"}


@pytest.fixture(scope="module")
def models():
    return {name: make() for name, (make, _) in MODELS.items()}


# -- files of releases ----------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_a_file_of_a_release_predicts_what_it_did(path):
    with np.load(path.with_name("predictions.npz")) as told:
        expected = told[path.stem]
    with warnings.catch_warnings():
        # That versions differ is what this is about.
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        found = MODELS[path.stem][1](skrnn.load(path))
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= TOLERANCE * np.abs(expected).max()


def test_every_release_has_its_files():
    text = (FOLDER.parents[2] / "CHANGELOG.md").read_text()
    released = set(re.findall(r"^## \[?(\d+\.\d+\.\d+)", text, re.M))
    for version in released | {skrnn.__version__}:
        folder = FOLDER / version
        assert (folder / "predictions.npz").exists(), (
            f"{version} has no files; write them by python -m tests.persistence.kept"
        )
        found = {path.stem for path in folder.glob("*.skops")}
        with np.load(folder / "predictions.npz") as told:
            assert found == set(told.files)
    assert found


# -- names in them --------------------------------------------------------------------


def names_in(path):
    """Names of skrnn that a file holds: of classes, and of what its states hold."""
    with zipfile.ZipFile(path) as archive:
        schema = archive.read("schema.json").decode()
    kinds = set()

    def walk(value):
        if isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, dict):
            [(kind, held)] = value.items()
            kinds.add(kind)
            for item in held.values() if kind == "dict" else [held]:
                walk(item)

    def states(node):
        for key, item in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(item, dict | list):
                states(item)
            elif key == "content" and str(item).startswith('"{'):
                walk(json.loads(json.loads(item)))

    states(json.loads(schema))
    classes = {name for name in describe(path)["types"] if name.startswith("skrnn")}
    return classes, kinds


class Globals(pickle.Unpickler):
    """Reads a pickle, and notes what it names."""

    def find_class(self, module, name):
        self.found = {*getattr(self, "found", ()), f"{module}.{name}"}
        return super().find_class(module, name)


def test_files_hold_no_other_names(models, tmp_path):
    classes, kinds = set(), set()
    for model in models.values():
        skrnn.save(model, tmp_path / "model.skops")
        more = names_in(tmp_path / "model.skops")
        classes, kinds = classes | more[0], kinds | more[1]
    assert classes == CLASSES
    assert kinds <= OF_WINDOWS | OF_TIME | OF_SERIES | PLAIN
    assert {"Beginnings", "History", "SeriesForecaster", "horizon"} <= kinds


def test_pickles_hold_no_other_names(models):
    windows = skrnn.SlidingWindow(2).fit_transform(np.zeros((3, 1)))
    found = set()
    for model in [*models.values(), windows]:
        reader = Globals(io.BytesIO(pickle.dumps(model)))
        reader.load()
        found |= {name for name in reader.found if name.startswith("skrnn")}
    assert found == CLASSES | PICKLED


@pytest.mark.parametrize("name", sorted(CLASSES | PICKLED | SPLITTERS))
def test_classes_are_still_there(name):
    module, _, attribute = name.rpartition(".")
    kind = getattr(importlib.import_module(module), attribute)
    assert f"{kind.__module__}.{kind.__qualname__}" == name
    # A public name, whose module may move beneath it.
    assert "._" not in name


def test_what_is_trusted_is_what_files_hold():
    assert set(TYPES) == CLASSES | SPLITTERS


def test_parts_are_still_known():
    assert set(WINDOW_CODECS) == OF_TIME | OF_WINDOWS
    assert set(SERIES_CODECS) == OF_TIME | OF_SERIES
    assert set(_CONVOLUTIONS) == {"MultiRocket", "Hydra"}


# -- versions that differ ------------------------------------------------------------


def test_what_came_later_has_its_default(models):
    """A file of a version to which a parameter was unknown is read."""
    for name in ("regressor", "classifier"):
        state = models[name].__getstate__()
        del state["dropout"], state["early_stopping"], state["loss"]
        packed = json.loads(state["_fitted"]["text"])
        settings = packed["dict"]["settings"]["dict"]
        for part, field in [("network", "dropout"), ("ensemble", "early_stopping")]:
            del settings[part]["dict"][field]
        state["_fitted"]["text"] = json.dumps(packed)
        twin = object.__new__(type(models[name]))
        twin.__setstate__(state)
        assert twin.get_params() == models[name].get_params()
        assert twin.settings_ == models[name].settings_


def other_version(monkeypatch, package):
    """Have states note another version of a package."""
    if package == "skrnn":
        monkeypatch.setattr("skrnn._versions.own_version", lambda: "0.0.1")
    written = versions() | {package: "0.0.1"}
    monkeypatch.setattr("skrnn._estimator.state.versions", lambda: written)


@pytest.mark.parametrize("package", ["skrnn", "scikit-learn", "torch"])
def test_another_version_is_told_by_every_way(models, package, tmp_path, monkeypatch):
    for name, model in models.items():
        if name == "classical" and package != "skrnn":
            continue  # has no network; scikit-learn tells its own
        with monkeypatch.context() as patch:
            other_version(patch, package)
            read = kept(model, tmp_path)
        expected = MODELS[name][1](model)
        for way, again in read.items():
            with pytest.warns(InconsistentVersionWarning) as told:
                twin = again()
            assert any(f"{package} 0.0.1" in str(item.message) for item in told), way
            np.testing.assert_array_equal(MODELS[name][1](twin), expected)


# -- other processes ------------------------------------------------------------------

_ELSEWHERE = """
import pickle, sys
from pathlib import Path
import numpy as np, torch
import skrnn
from tests.persistence.kept import MODELS, many
torch.set_num_threads(3)
folder, found = Path(sys.argv[1]), {}
for name, (_, ask) in MODELS.items():
    model = skrnn.load(folder / f"{name}.skops")
    found[name] = ask(model)
    found[name + ", pickled"] = ask(pickle.loads((folder / name).read_bytes()))
    if name in ("regressor", "classifier"):
        found[name + ", many"] = model.predict(many())
np.savez(folder / "found.npz", **found)
# Optimisers and symbols: their import takes a second, which prediction does not need.
# torch 2.6 needs symbols for other things, too.
unwanted = {"torch._dynamo"}
unwanted |= set() if torch.__version__.startswith("2.6.") else {"sympy"}
print(sorted(unwanted & set(sys.modules)))
"""


def test_another_process_with_other_threads_predicts_the_same_bits(models, tmp_path):
    """Starting it takes seconds; it reads every model."""
    expected = {}
    for name, model in models.items():
        skrnn.save(model, tmp_path / f"{name}.skops")
        (tmp_path / name).write_bytes(pickle.dumps(model))
        expected[name] = expected[name + ", pickled"] = MODELS[name][1](model)
    for name in ("regressor", "classifier"):
        expected[name + ", many"] = models[name].predict(many())
    run = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, tmp_path],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=FOLDER.parents[2],
        env=os.environ | {"OMP_NUM_THREADS": "3"},
    )
    assert run.stdout.strip() == "[]"
    with np.load(tmp_path / "found.npz") as found:
        assert set(found.files) == expected.keys()
        for name, numbers in expected.items():
            np.testing.assert_array_equal(found[name], numbers, err_msg=name)
