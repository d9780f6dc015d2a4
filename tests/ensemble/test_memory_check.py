"""What no memory can hold is refused before anything is made of it."""

import numpy as np
import pytest
import torch

from skrnn import RNNClassifier, RNNRegressor
from skrnn._ensemble import memory_check, train_networks
from skrnn._network.weight_count import count_weights
from tests.estimator.data import LABELS, X, y

SMALL = {"hidden_size": 4, "max_epochs": 1, "n_estimators": 1, "random_state": 0}


@pytest.fixture
def nothing_is_made(monkeypatch):
    def fail(*_, **__):
        raise AssertionError("a network was made")

    monkeypatch.setattr(train_networks, "new_member", fail)


@pytest.mark.parametrize(
    "name",
    [
        "hidden_size",
        "num_layers",
        "n_estimators",
        "segment_length",
        "n_filters",
        "n_kernels",
    ],
)
@pytest.mark.parametrize("value", [10**9, 2**53 - 1])
@pytest.mark.parametrize("kind", [RNNRegressor, RNNClassifier])
def test_absurd_sizes_are_refused(kind, name, value, nothing_is_made):
    if name not in kind().get_params():
        return
    words = (
        rf"^{name}={value} asks for [\d,]+ .* takes? [\d,.]+ GB at least, but there "
    )
    model = kind(**SMALL | {name: value})
    for options in ({}, {"decoder": "parallel"} if kind is RNNRegressor else {}):
        with pytest.raises(ValueError, match=words + rf".* Set a smaller {name}\.$"):
            model.set_params(**options).fit(X, LABELS)
    with pytest.raises(ValueError, match=words):
        classes = {"classes": [0, 1]} if kind is RNNClassifier else {}
        model.partial_fit(X, LABELS, **classes)
    assert not hasattr(model, "net_")


def test_the_message_counts_weights_and_bytes(monkeypatch, nothing_is_made):
    monkeypatch.setattr(memory_check, "memory_of", lambda _: 10**9)
    model = RNNRegressor("lstm", 10_000, n_estimators=2, max_epochs=1)
    # Four gates of 10,000 units, each of one input, its states and two biases.
    n_weights = 2 * (4 * 10_000 * (1 + 10_000 + 2) + 10_001)
    # Each weight of four bytes, and Adam's two numbers beside it.
    with pytest.raises(ValueError, match=f"asks for {n_weights:,} weights.* 9.6 GB"):
        model.fit(X, y)


def test_what_fits_is_trained(monkeypatch):
    model = RNNRegressor(**SMALL).fit(X, y)
    settings, sizes = model.settings_, (1, 1, 1, len(X))
    needed = memory_check._bytes_of_networks(settings, *sizes)
    assert needed < memory_check._ANYWHERE  # or else this is no small network
    monkeypatch.setattr(memory_check, "_ANYWHERE", 0)
    monkeypatch.setattr(memory_check, "memory_of", lambda _: needed)
    again = RNNRegressor(**SMALL).fit(X, y)
    assert (again.predict(X) == model.predict(X)).all()
    monkeypatch.setattr(memory_check, "memory_of", lambda _: needed - 1)
    with pytest.raises(ValueError, match="of memory here"):
        RNNRegressor(**SMALL).fit(X, y)
    # One that goes on has its networks already.
    model.set_params(warm_start=True).fit(X, y)


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 10**9},
        {
            "max_epochs": 10**9,
            "n_iter_no_change": 1,
            "tol": 1e9,
            "lr_schedule": "cosine",
        },
        {
            "max_epochs": 10**9,
            "n_iter_no_change": 1,
            "tol": 1e9,
            "lr_schedule": "one_cycle",
        },
        {"tbptt_steps": 10**9},
        {"linear_steps": 10**9},
        {"validation_gap": 10**9},
        {"n_iter_no_change": 10**9},
    ],
)
def test_sizes_that_cost_nothing_are_taken(options):
    # Nothing is an improvement, so that training ends at once.
    options = {"n_iter_no_change": 1, "tol": 1e9} | options
    model = RNNRegressor(**SMALL | options).fit(X, y)
    assert np.isfinite(model.predict(X)).all()


SPACE = {
    "cell": ["lstm", "gru", "rnn"],
    "hidden_size": [1, 3],
    "num_layers": [1, 3],
    "bidirectional": [False, True],
    "segment_length": [None, 2],
    "n_filters": [None, 3],
    "norm": [None, "layer", "batch"],
    "residual": [False, True],
    "pooling": ["last", "mixed", "attention"],
    "missing": ["error", "indicator"],
    "decoder": ["linear", "parallel"],
    "loss": ["squared_error", "quantile", "student_t", torch.nn.MSELoss],
}


@pytest.mark.parametrize("seed", range(20))
def test_weights_are_counted_as_they_are(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    options = {
        name: values[rng.integers(len(values))] for name, values in SPACE.items()
    }
    n_features, n_targets = rng.integers(1, 4), rng.integers(1, 6)
    given, wanted = rng.normal(size=(8, 5, n_features)), rng.normal(size=(8, n_targets))
    model = RNNRegressor(**SMALL | options, linear_steps=None).fit(given, wanted)
    network = model.net_.module_
    width = network.target_head.width
    found = sum(weight.numel() for weight in network.parameters())
    sizes = int(n_features), int(n_targets), width
    assert count_weights(model.settings_.network, *sizes) == found


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "sgd", "momentum": 0.0},
        {"optimizer": "sgd"},
        {"optimizer": "adagrad"},
        {"optimizer": "rmsprop", "momentum": 0.0},
        {"optimizer": "rmsprop"},
        {"optimizer": "adam"},
        {"optimizer": "adamw"},
        {"optimizer": "nadam"},
    ],
)
def test_no_more_is_counted_than_an_optimiser_keeps(options):
    model = RNNRegressor(**SMALL | options).fit(X, y)
    net, settings = model.net_, model.settings_
    kept = sum(
        value.numel()
        for state in net.optimizer_.state.values()
        for value in state.values()
        if isinstance(value, torch.Tensor) and value.ndim
    )
    n_weights = sum(weight.numel() for weight in net.module_.parameters())
    n_moments = memory_check._n_moments(settings.training, settings.ensemble)
    assert kept == n_moments * n_weights
