"""The same seed gives the same bits: in any process, thread and search."""

import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, RNNRegressor, SlidingWindow
from tests.support import same_bits
from tests.training.data import SMALL, X, y


def test_same_seed_same_bits():
    first = RNNRegressor(**SMALL, max_epochs=3, dropout=0.3).fit(X, y)
    assert same_bits(first, RNNRegressor(**SMALL, max_epochs=3, dropout=0.3).fit(X, y))
    other = clone(first).set_params(random_state=1).fit(X, y)
    assert not same_bits(first, other)
    free = [RNNRegressor(hidden_size=6, max_epochs=1).fit(X, y) for _ in range(2)]
    assert not same_bits(*free)


def test_same_bits_in_another_process():
    code = (
        "import numpy as np; from skrnn import RNNRegressor;"
        "X = np.random.default_rng(0).normal(size=(50, 7));"
        "m = RNNRegressor(hidden_size=6, max_epochs=3, random_state=0, dropout=.2);"
        "print(m.fit(X, X[:, 0]).predict(X).tobytes().hex())"
    )
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    given = np.random.default_rng(0).normal(size=(50, 7))
    model = RNNRegressor(hidden_size=6, max_epochs=3, random_state=0, dropout=0.2)
    expected = model.fit(given, given[:, 0]).predict(given)
    assert bytes.fromhex(shown) == expected.tobytes()


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_n_jobs_changes_no_bit(backend):
    index = pd.date_range("2024", periods=len(y), freq="h")
    series = pd.Series(y, index)
    several = SMALL | {"n_estimators": 3, "max_epochs": 3, "dropout": 0.2}
    model = make_pipeline(SlidingWindow(5, horizon=1), RNNRegressor(**several))
    grid = {"slidingwindow__window_length": [3, 9], "rnnregressor__cell": ["gru"]}
    searches = []
    for n_jobs in (1, 2):
        search = GridSearchCV(model, grid, cv=TimeSeriesSplit(3), n_jobs=n_jobs)
        with joblib.parallel_config(backend):
            searches.append(search.fit(series.to_frame(), series))
    first, second = (search.cv_results_ for search in searches)
    for key in first:
        if key.startswith("split"):
            assert_array_equal(first[key], second[key])
    assert same_bits(*(search.best_estimator_[-1] for search in searches))


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_search_over_plain_arrays_gives_the_same_bits(backend):
    model = RNNClassifier(**SMALL, max_epochs=2, dropout=0.2, n_kernels=84)
    labels = np.where(y > 0, "up", "down")
    grid = {"cell": ["rnn", "gru"], "learning_rate": [0.01, 0.1]}
    searches = []
    for n_jobs in (1, 2):
        search = GridSearchCV(model, grid, cv=3, n_jobs=n_jobs, scoring="neg_log_loss")
        with joblib.parallel_config(backend):
            searches.append(search.fit(X, labels))
    first, second = (search.cv_results_ for search in searches)
    for key in ("split0_test_score", "split2_test_score", "mean_test_score"):
        assert_array_equal(first[key], second[key])
    assert len(set(first["mean_test_score"])) == 4
    assert searches[0].best_params_ == searches[1].best_params_
    shown = [search.predict_proba(X).tobytes() for search in searches]
    assert shown[0] == shown[1]


@pytest.mark.parametrize("seed", [0, None])
def test_global_random_state_is_untouched(seed):
    numpy_state, torch_state = np.random.get_state(), torch.get_rng_state()
    model = RNNRegressor(hidden_size=6, max_epochs=2, dropout=0.5, random_state=seed)
    model.fit(X, y).predict(X)
    model.partial_fit(X, y)
    assert torch.equal(torch_state, torch.get_rng_state())
    for before, after in zip(numpy_state, np.random.get_state(), strict=True):
        assert_array_equal(before, after)


def test_random_state_instance_advances():
    source = np.random.RandomState(0)
    models = [
        RNNRegressor(hidden_size=6, max_epochs=1, random_state=source).fit(X, y)
        for _ in range(2)
    ]
    assert not same_bits(*models)


def test_random_state_instance_gives_the_seeds_one_after_another():
    source = np.random.RandomState(3)
    models = [
        RNNRegressor(hidden_size=6, max_epochs=1, random_state=source).fit(X, y)
        for _ in range(2)
    ]
    again = np.random.RandomState(3)
    for model in models:
        assert same_bits(model, clone(model).set_params(random_state=again).fit(X, y))
