"""What "auto" means, by the number of samples."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from skorch.callbacks import Callback

from skrnn import RNNClassifier, RNNRegressor
from skrnn._ensemble import auto, network_ensemble, train_networks
from skrnn._ensemble.auto import (
    initial_weights,
    long_segment,
    n_convolutions,
    n_networks,
    of_regression,
    segment_length,
    sizes_and_rates,
    time_warp,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 6))
LABELS = (X[:, -1] > 0).astype(int)


def chosen_for(n_samples, n_folds=1, *, is_truncated=False):
    return sizes_and_rates(n_samples, n_folds, is_truncated=is_truncated)


@pytest.mark.parametrize(
    ("n_samples", "hidden_size", "is_bidirectional", "batch_size"),
    [
        (1, 64, False, 32),
        (4_999, 64, False, 32),
        (5_000, 64, False, 64),
        (19_999, 64, False, 64),
        (20_000, 128, True, 64),
        (1_000_000, 128, True, 64),
    ],
)
def test_sizes(n_samples, hidden_size, is_bidirectional, batch_size):
    values = chosen_for(n_samples)
    assert values["hidden_size"] == hidden_size
    assert values["bidirectional"] is is_bidirectional
    assert values["batch_size"] == batch_size


def test_rate_falls_with_the_samples():
    rates = [chosen_for(n)["learning_rate"] for n in (10, 1000, 16_000, 160_000)]
    assert rates[:2] == [0.01, 0.01]
    assert rates[2] == pytest.approx(0.005)
    # A network twice as wide has half the rate.
    assert rates[3] == pytest.approx(0.01 * 160**-0.25 / 2)


@pytest.mark.parametrize(
    ("n_samples", "alone", "beside"),
    [
        (1, 10, 5),
        (999, 10, 5),
        (1_999, 5, 5),
        (2_000, 5, 3),
        (4_999, 5, 3),
        (5_000, 5, 2),
        (19_999, 5, 2),
        (20_000, 5, 5),
    ],
)
def test_patience_with_many_samples_is_short(n_samples, alone, beside):
    assert chosen_for(n_samples)["n_iter_no_change"] == alone
    found = sizes_and_rates(n_samples, 1, is_truncated=False, stands_alone=False)
    assert found["n_iter_no_change"] == beside


@pytest.mark.parametrize(
    ("n_samples", "n_kernels"),
    [
        (1, 2_016),
        (500, 2_000),  # 8,000 features, of four by kernel
        (1_000, 500),
        (2_000, 252),
        (8_000, 252),
        (19_999, 252),
        (20_000, 504),
    ],
)
def test_kernels_are_fewer_where_they_cost_more(n_samples, n_kernels):
    assert n_convolutions(n_samples) == n_kernels


@pytest.mark.parametrize(
    ("segment_length", "pooling", "init", "n_samples", "strength"),
    [
        (None, "mixed", "orthogonal", 10, 0.0),
        (1, "mixed", "orthogonal", 10, 0.0),
        (6, "mixed", "orthogonal", 10, 0.3),
        (None, "last", "orthogonal", 1_000, 0.3),
        (None, "last", "integrating", 1_000, 0.0),
        (6, "last", "integrating", 1_000, 0.3),
        (None, "last", object(), 10, 0.3),
        (6, "last", "orthogonal", 1_001, 0.0),
    ],
)
def test_few_samples_run_unevenly(segment_length, pooling, init, n_samples, strength):
    assert time_warp(segment_length, pooling, init, n_samples) == strength


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("pooling", ["last", "mixed", "max"])
def test_an_lstm_of_which_the_final_state_counts_begins_with_a_long_memory(
    cell, pooling
):
    wanted = "integrating" if (cell, pooling) == ("lstm", "last") else "orthogonal"
    assert initial_weights(cell, pooling) == wanted
    options = {"max_epochs": 1, "parts": "network", "random_state": 0}
    model = RNNClassifier(cell, 4, pooling=pooling, **options).fit(X, LABELS)
    assert model.settings_.network.init == wanted
    twin = clone(model).set_params(init=wanted).fit(X, LABELS)
    np.testing.assert_array_equal(model.predict_proba(X), twin.predict_proba(X))


def test_share_that_is_set_aside():
    assert chosen_for(100, n_folds=5)["validation_fraction"] == 0.2
    assert chosen_for(100, n_folds=1)["validation_fraction"] == 0.1


def test_what_is_read_in_parts_is_read_forwards():
    assert not chosen_for(50_000, is_truncated=True)["bidirectional"]


def test_fit_takes_them():
    model = RNNClassifier(max_epochs=1, n_estimators=1, random_state=0)
    module = model.fit(X, LABELS).net_.module_
    assert module.stack.output_size == 64
    assert model.net_.lr == 0.01
    assert model.net_.batch_size == 32


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_size", 64),
        ("bidirectional", False),
        ("learning_rate", 0.01),
        ("batch_size", 32),
        ("validation_fraction", 0.2),
        ("n_iter_no_change", 10),
        ("init", "orthogonal"),
    ],
)
def test_same_as_the_value_itself(name, value):
    model = RNNClassifier(max_epochs=2, n_kernels=None, random_state=0)
    model.fit(X, LABELS)
    twin = clone(model).set_params(**{name: value}).fit(X, LABELS)
    np.testing.assert_array_equal(model.predict_proba(X), twin.predict_proba(X))


def test_fit_that_goes_on_keeps_them():
    model = RNNClassifier(
        max_epochs=1, warm_start=True, early_stopping=False, n_estimators=1
    )
    many = RNG.normal(size=(5_000, 2))
    rate = model.fit(X[:, :2], LABELS).net_.lr
    model.fit(many, many[:, 0] > 0)
    assert model.net_.lr == rate == 0.01
    assert model.net_.batch_size == 32


@pytest.mark.parametrize("wrap", [lambda model: model, FrozenEstimator])
def test_layers_of_another_estimator_say_how_large(wrap):
    donor = RNNRegressor(max_epochs=1, random_state=0).fit(X, X[:, 0])
    model = RNNClassifier(init=wrap(donor), max_epochs=1, random_state=0)
    model.fit(X, LABELS)
    assert model.net_.module_.stack.output_size == 16
    both = RNNClassifier("gru", 5, bidirectional=True, max_epochs=1, random_state=0)
    model.set_params(init=wrap(both.fit(X, LABELS))).fit(X, LABELS)
    assert model.net_.module_.stack.output_size == 10


def test_other_words_are_refused():
    names = ("hidden_size", "bidirectional", "learning_rate", "batch_size")
    for name in (*names, "validation_fraction", "n_iter_no_change"):
        with pytest.raises(ValueError, match=name):
            RNNClassifier(**{name: "most"}).fit(X, LABELS)
        with pytest.raises(ValueError, match=name):
            word = "most" if name == "n_iter_no_change" else "auto"
            RNNRegressor(**{name: word}).fit(X, X[:, 0])


@pytest.mark.parametrize(
    ("n_samples", "n_parts"),
    [(1, 5), (1_000, 5), (2_000, 2), (2_501, 1), (19_999, 1), (20_000, 3), (10**6, 3)],
)
def test_networks_of_a_classifier(n_samples, n_parts):
    assert n_networks(n_samples, is_classification=True) == n_parts


@pytest.mark.parametrize(
    ("n_samples", "n_parts"),
    [(1, 2), (2_500, 2), (2_501, 1), (20_000, 3)],
)
def test_networks_beside_convolutions_are_fewer(n_samples, n_parts):
    found = n_networks(n_samples, is_classification=True, stands_alone=False)
    assert found == n_parts


@pytest.mark.parametrize(
    ("longest", "length"), [(0, 1), (1, 1), (50, 1), (51, 2), (400, 8), (1_460, 30)]
)
def test_long_sequences_take_few_steps(longest, length):
    assert segment_length(longest) == length


def test_networks_of_a_regressor():
    for n_samples, n_parts in [(1_000, 5), (2_501, 1), (10**6, 1)]:
        assert n_networks(n_samples, is_classification=False) == n_parts


@pytest.mark.parametrize(
    ("n_samples", "changes", "is_incremental", "is_by_steps"),
    [
        (14_999, {}, False, False),
        (15_000, {}, False, True),
        (10**6, {}, False, True),
        (10**6, {"early_stopping": False}, False, False),
        (10**6, {"shuffle": False}, False, False),
        (10**6, {}, True, False),
    ],
)
def test_regressions_of_many_samples_go_by_steps(
    n_samples, changes, is_incremental, is_by_steps
):
    given = {"early_stopping": True, "shuffle": True, "ema_decay": "auto"} | changes
    given["batch_size"] = 32
    found = of_regression(given, n_samples, is_incremental=is_incremental)
    wanted = (None, 15, None)
    if is_by_steps:
        wanted = (0.999, 5, 1000 if n_samples == 15_000 else 4000)
    names = ("ema_decay", "n_iter_no_change", "steps_per_epoch")
    assert tuple(found[name] for name in names) == wanted
    given["ema_decay"] = None  # noisy validations have the patience of few samples
    found = of_regression(given, n_samples, is_incremental=is_incremental)
    assert found["n_iter_no_change"] == 15


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_fit_of_many_samples_has_short_epochs(monkeypatch):
    monkeypatch.setattr(auto, "_SAMPLES_OF_STEPS", len(X))
    monkeypatch.setattr(auto, "_FEWEST_STEPS", 2)
    monkeypatch.setattr(auto, "_MOST_STEPS", 2)
    monkeypatch.setattr(train_networks, "MOST_JUDGES", 7)
    judged = []

    class Count(Callback):
        def on_train_begin(self, net, X=None, y=None, **kwargs):
            judged.append(0 if y is None else len(y))

    options = {"hidden_size": 4, "batch_size": 5, "max_epochs": 3, "n_estimators": 1}
    options |= {"callbacks": [Count()], "random_state": 0}
    model = RNNRegressor(**options).fit(X, X[:, 0])
    assert model.net_.history[:, "train_batch_count"] == [2, 2, 2]
    assert judged == [7]  # of twelve
    assert model.net_.settings.ema_decay == 0.999
    options["callbacks"] = None
    again = RNNRegressor(**options | {"max_epochs": model.best_epoch_})
    again.fit(X, X[:, 0])
    assert np.array_equal(again.predict(X), model.predict(X))
    whole = RNNRegressor(**options, early_stopping=False)
    whole.fit(X, X[:, 0])
    assert whole.net_.history[:, "train_batch_count"] == [12, 12, 12]


def test_long_sequences_are_read_in_segments():
    lengths = [long_segment(n) for n in (1, 256, 511, 512, 1000, 2000, 100_000)]
    assert lengths == [None, None, None, 2, 3, 7, 390]


@pytest.mark.parametrize(
    ("options", "length"),
    [
        ({}, 2),
        ({"segment_length": 1}, 1),
        ({"n_kernels": None, "time_warp": 0.0}, None),  # of several kinds, as ever
    ],
)
def test_segments_of_a_classifier_of_long_sequences(options, length):
    rng = np.random.default_rng(0)
    long, labels = rng.normal(size=(12, 520)), np.arange(12) % 2
    model = RNNClassifier("gru", 2, max_epochs=1, random_state=0, **options)
    model.fit(long, labels)
    assert model.settings_.ensemble.segment_lengths[0] == length
    assert model.nets_[0].module_.segment_length == (length or 1)
    assert model.predict_proba(long).shape == (12, 2)


def test_networks_that_nothing_judges_are_one_and_count_for_nothing(monkeypatch):
    few, labels = X[:12], np.arange(12) % 4  # three of a class: none is set aside
    options = {"max_epochs": 2, "n_kernels": 84, "random_state": 0}
    model = RNNClassifier("gru", 3, **options).fit(few, labels)
    assert len(model.nets_) == 1
    several = RNNClassifier("gru", 3, n_estimators=3, **options).fit(few, labels)
    assert len(several.nets_) == 3
    assert np.array_equal(model.predict_proba(X), several.predict_proba(X))

    def fail(*arguments):
        raise AssertionError("A network was asked whose weight is 0.")

    monkeypatch.setattr(network_ensemble.NetworkEnsemble, "outputs", fail)
    model.predict_proba(X)
    given = RNNClassifier("gru", 3, **options)
    with pytest.raises(AssertionError):
        given.fit(few, labels, X_val=few, y_val=labels)
