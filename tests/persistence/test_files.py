"""Files that are damaged, forged, too large, or not there."""

import json
import os
import zipfile

import numpy as np
import pytest
import skops.io
from numpy.testing import assert_array_equal

import skrnn
from skrnn import RNNClassifier, RNNRegressor
from skrnn.__main__ import main
from skrnn.exceptions import ModelFileError
from skrnn.persistence import describe
from tests.mutation import damaged, forged

X = np.random.default_rng(0).normal(size=(40, 6))
OPTIONS = {"hidden_size": 4, "max_epochs": 2, "n_estimators": 2, "random_state": 0}


@pytest.fixture(scope="module")
def model():
    classifier = RNNClassifier(**OPTIONS, n_kernels=84, early_stopping=False)
    return classifier.fit(X, X[:, -1] > 0)


@pytest.fixture
def path(model, tmp_path):
    skrnn.save(model, tmp_path / "model.skops")
    return tmp_path / "model.skops"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
@pytest.mark.parametrize("change", [damaged, forged])
def test_whatever_is_changed_is_refused_or_means_nothing(model, path, change):
    """`tests/soak/model_files.py` does this ten thousand times."""
    content, rng = path.read_bytes(), np.random.default_rng(3)
    expected, n_refused = model.predict_proba(X), 0
    for _ in range(40):
        path.write_bytes(change(content, rng))
        try:
            # What was forged may be as large as floats are.
            with np.errstate(over="ignore", invalid="ignore"):
                found = skrnn.load(path).predict_proba(X)
        except (ModelFileError, ValueError):
            n_refused += 1
        else:
            assert np.isfinite(found).all()
            if change is damaged:
                assert_array_equal(found, expected)
    assert n_refused > 10


def test_a_file_of_skops_is_read_as_well(model, path):
    skops.io.dump(model, path)
    assert_array_equal(skrnn.load(path).predict(X), model.predict(X))
    skrnn.save(model, path)
    trusted = skops.io.get_untrusted_types(file=path)
    again = skops.io.load(path, trusted=trusted)
    assert_array_equal(again.predict(X), model.predict(X))


def test_a_bomb_is_not_read(tmp_path):
    path = tmp_path / "bomb.skops"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", bytes(200_000_000))
    with pytest.raises(ModelFileError, match="unpacks to 200,000,000"):
        skrnn.load(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are of POSIX")
def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        skrnn.load(tmp_path / "nothing")
    with pytest.raises(ModelFileError, match="is a folder"):
        skrnn.load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="a pipe or a device"):
        skrnn.load(tmp_path / "pipe")
    with open(tmp_path / "hole", "wb") as file:
        file.truncate(3 * 2**30)
    with pytest.raises(ModelFileError, match="no file of a model"):
        skrnn.load(tmp_path / "hole")
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(ModelFileError, match="no file of a model"):
        skrnn.load(tmp_path / "empty")


class Runs:
    def __reduce__(self):
        return os.system, ("echo something was run",)


def test_unknown_types_are_named(tmp_path):
    path = tmp_path / "model.skops"
    model = RNNRegressor(**OPTIONS).fit(X, X[:, 0])
    skops.io.dump([model, os.system], path)
    with pytest.raises(ModelFileError, match=r"not trusted: .*system"):
        skrnn.load(path)


@pytest.mark.parametrize(
    "noted",
    [
        {"n_features_in_": "6"},
        {"_is_3d": "6"},
        {"feature_names_in_": np.array(["a", "b"], dtype=object)},
        {"feature_names_in_": np.array([["a"]] * 6, dtype=object)},
        {"feature_names_in_": ["a"] * 6},
    ],
    ids=str,
)
def test_columns_that_no_fit_notes_are_refused(model, noted):
    state = model.__getstate__() | noted
    with pytest.raises(ValueError, match="noted of the columns"):
        object.__new__(RNNClassifier).__setstate__(state)


@pytest.mark.parametrize(
    "given",
    [{"_exponents": {}}, {"_exponents": np.zeros(6, np.int32)}, {"predict": len}],
    ids=str,
)
def test_attributes_that_no_fit_gives_are_refused(model, given):
    state = model.__getstate__() | given
    with pytest.raises(ValueError, match="attributes that no fit gives"):
        object.__new__(RNNClassifier).__setstate__(state)


def test_sizes_that_are_not_there_are_refused_before_they_are_made(model):
    state = model.__getstate__()
    text = state["_fitted"]["text"]
    assert '"hidden_size":4' in text
    state["_fitted"]["text"] = text.replace('"hidden_size":4', '"hidden_size":900000')
    with pytest.raises(ValueError, match="numbers or more; found were"):
        object.__new__(RNNClassifier).__setstate__(state)


def test_what_was_there_is_kept_where_writing_fails(path, monkeypatch):
    before = path.read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="What was there before is kept"):
        skrnn.save(RNNRegressor(), path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["model.skops"]


def test_what_cannot_be_written_is_told(tmp_path):
    pairs = np.array([(1, 2)], dtype=[("a", "i4"), ("b", "O")])
    with pytest.raises(TypeError, match="This RNNRegressor holds something"):
        skrnn.save(RNNRegressor(init=pairs), tmp_path / "model")


def test_what_could_not_be_read_again_is_not_written(tmp_path):
    with pytest.raises(TypeError, match=r"by its name, '.*lambda>'. Define it in a"):
        skrnn.save(RNNRegressor(scoring=lambda *_: 0.0), tmp_path / "model")
    assert not list(tmp_path.iterdir())


# -- description ----------------------------------------------------------------------


def test_description(model, path, capsys):
    found = describe(path)
    assert found["model"] == "skrnn.classifier.RNNClassifier"
    assert found["untrusted"] == []
    [one] = found["estimators"]
    assert one["versions"]["skrnn"] == skrnn.__version__
    expected = {"cell": "gru", "hidden_size": 4, "num_layers": 1, "n_networks": 2}
    expected |= {"n_features": 1, "convolutions": ["MultiRocket", "Hydra"]}
    assert {name: one[name] for name in expected} == expected
    states = [net.module_.state_dict().values() for net in model.nets_]
    assert one["n_numbers"] == sum(t.numel() for state in states for t in state)
    assert main(["describe", str(path)]) == 0
    assert json.loads(capsys.readouterr().out) == found


def test_description_of_nothing(tmp_path, capsys):
    path = tmp_path / "text.skops"
    path.write_text("no model")
    with pytest.raises(ModelFileError):
        describe(path)
    assert main(["describe", str(path)]) == 1
    assert "no file of a model" in capsys.readouterr().err
    assert main(["describe", str(tmp_path / "nothing")]) == 1
