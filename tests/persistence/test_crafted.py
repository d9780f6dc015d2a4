"""Files that an attacker made are refused, or mean the same; none takes gigabytes."""

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn import RNNClassifier
from skrnn.exceptions import ModelFileError
from skrnn.persistence import describe
from tests import crafted

X = np.random.default_rng(0).normal(size=(40, 6))
OPTIONS = {"hidden_size": 3, "max_epochs": 2, "n_estimators": 1, "random_state": 0}
KINDS = [
    crafted.headers,
    crafted.swapped,
    crafted.exchanged,
    crafted.schemas,
    crafted.bombs,
    crafted.containers,
]
MOST_BYTES = 250 * 2**20


@pytest.fixture(scope="module")
def model():
    return RNNClassifier(**OPTIONS, n_kernels=84).fit(X, X[:, -1] > 0)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_crafted_is_refused_or_means_the_same(model, kind, tmp_path):
    path, expected = tmp_path / "model.skops", model.predict_proba(X)
    skrnn.save(model, path)
    content, n_refused = path.read_bytes(), 0
    for what, forged in kind(content):
        path.write_bytes(forged)
        if kind in (crafted.schemas, crafted.bombs):
            tracemalloc.start()
        try:
            found = skrnn.load(path)
        except ModelFileError:
            n_refused += 1
        else:
            told = found.predict_proba(X)
            # Another number of epochs, say, is one that the model might have.
            is_same = kind not in (crafted.swapped, crafted.exchanged)
            assert np.isfinite(told).all(), what
            if is_same:
                assert_array_equal(told, expected, err_msg=what)
        finally:
            _, peak = tracemalloc.get_traced_memory()  # 0 where nothing was traced
            tracemalloc.stop()
        assert peak < MOST_BYTES, what
    assert n_refused


def test_a_hole_before_an_archive_is_not_read(model, tmp_path):
    path = tmp_path / "model.skops"
    skrnn.save(model, path)
    content = path.read_bytes()
    with open(path, "wb") as file:
        file.truncate(3 * 2**30)
        file.seek(0, 2)
        file.write(content)
    with pytest.raises(ModelFileError, match="no file of a model"):
        skrnn.load(path)


def test_a_large_file_is_read(tmp_path):
    """One that is longer than what is looked at for its end."""
    model = RNNClassifier(**OPTIONS | {"hidden_size": 200}, n_kernels=None)
    model.fit(X, X[:, -1] > 0)
    skrnn.save(model, tmp_path / "model.skops")
    assert (tmp_path / "model.skops").stat().st_size > 2**17
    again = skrnn.load(tmp_path / "model.skops")
    assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_sparse_matrices_are_to_be_trusted(tmp_path):
    """Nothing checks their indices, by which compiled code reads memory."""
    path = tmp_path / "model.skops"
    model = make_pipeline(SGDClassifier(random_state=0).fit(X, X[:, 0] > 0).sparsify())
    assert sparse.issparse(model[0].coef_)
    skrnn.save(model, path)
    with pytest.raises(ModelFileError, match=r"not trusted: scipy\..*csr"):
        skrnn.load(path)
    found = skrnn.load(path, trusted=describe(path)["untrusted"])
    assert_array_equal(found.predict(X), model.predict(X))
