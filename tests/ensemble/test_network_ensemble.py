"""Several networks in one estimator: which there are, what they see, how they count."""

import pickle
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_softmax
from sklearn.base import clone
from skorch.callbacks import Callback

import skrnn._ensemble.auto
from skrnn import RNNClassifier, RNNRegressor
from skrnn._ensemble.validation import split_rows
from skrnn._sequences.sources import as_source
from skrnn._training.net import SequenceNet
from skrnn._training.outputs import outputs
from tests.support import assert_rows_alone, same_bits, weights_of_all

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 8))
y = X[:, -1] - X[:, 2] * X[:, 5] + RNG.normal(size=60) / 9
SMALL = {"hidden_size": 3, "max_epochs": 4, "tol": 0, "random_state": 0}


@pytest.fixture(autouse=True)
def few_epochs():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*still improved")
        yield


def segment_lengths(model):
    return [net.module_.segment_length for net in model.nets_]


# -- which rows each of them sets aside ----------------------------------------------


@given(
    st.integers(1, 60),
    st.floats(0.05, 0.6),
    st.integers(0, 4),
    st.integers(1, 6),
    st.integers(1, 3),
)
def test_rows_of_every_part(n_samples, fraction, gap, n_parts, n_groups):
    groups = np.arange(n_samples) % n_groups
    seen = []
    for part in range(n_parts):
        split = {"part": part, "n_parts": n_parts}
        train, valid = split_rows(n_samples, fraction, gap, groups, **split)
        assert not set(train) & set(valid)
        for group in range(n_groups):
            rows = np.flatnonzero(groups == group)
            place = np.flatnonzero(np.isin(rows, valid))
            if len(place) == 0:
                assert np.isin(rows, train).all()
                continue
            assert len(place) == int(fraction * len(rows) + 1e-9)
            assert (np.diff(place) == 1).all()
            near = [p for p in range(len(rows)) if abs(place - p).min() <= gap]
            left_out = np.flatnonzero(~np.isin(rows, train))
            assert_array_equal(left_out, near)
            if part == 0:
                assert place[-1] == len(rows) - 1
            elif part == n_parts - 1:
                assert place[0] == 0
        seen.append(valid)
    assert len({len(valid) for valid in seen}) == 1 or gap > 0


def test_a_fifth_for_each_of_five_is_a_five_fold_cross_validation():
    parts = [split_rows(50, 0.2, part=part, n_parts=5)[1] for part in range(5)]
    assert_array_equal(np.concatenate(parts[::-1]), np.arange(50))


# -- which networks there are --------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "lengths"),
    [
        ({}, [1, 6] * 5),
        ({"n_estimators": 3}, [1] * 3),
        ({"early_stopping": False}, [1, 6] * 5),
        ({"early_stopping": False, "n_estimators": 2}, [1] * 2),
        ({"segment_length": 2}, [2] * 5),
        ({"decoder": "parallel"}, [1] * 5),
    ],
)
def test_how_many_there_are(options, lengths):
    model = RNNRegressor(**SMALL | {"max_epochs": 1} | options).fit(X, y)
    assert segment_lengths(model) == lengths
    assert model.net_weights_.sum() == pytest.approx(1)
    assert any(model.net_ is net for net in model.nets_)


@pytest.mark.parametrize(
    ("options", "lengths"),
    [
        ({}, [1] * 2),
        ({"segment_length": "auto"}, [1] * 2),
        ({"n_kernels": None}, [1, 6, 1, 6, 1]),
        ({"parts": "networks"}, [1, 6, 1, 6, 1]),
        ({"parts": "networks", "early_stopping": False}, [1, 6, 1, 6, 1]),
        ({"parts": "network"}, [1]),
        ({"parts": "networks", "n_estimators": 3}, [1] * 3),
        ({"parts": "networks", "segment_length": 2}, [2] * 5),
    ],
)
def test_kinds_of_a_classifier_take_turns(options, lengths):
    model = RNNClassifier(**SMALL | {"max_epochs": 1} | options).fit(X, y > 0)
    assert segment_lengths(model) == lengths
    assert_allclose(model.net_weights_, 1 / len(lengths))
    warps = [net.settings.time_warp for net in model.nets_]
    assert warps == [0.3 if length > 1 else 0.0 for length in lengths]


def test_each_of_those_that_take_turns_sets_other_samples_aside():
    model = RNNClassifier(**SMALL, parts="networks").fit(X, y > 0)
    ensemble = model.settings_.ensemble
    assert ensemble.n_networks == ensemble.n_folds == 5
    assert [ensemble.fold_of(place) for place in range(5)] == [0, 1, 2, 3, 4]
    assert [ensemble.kind_of(place) for place in range(5)] == [0, 1, 0, 1, 0]
    assert ensemble.sizes_of_kinds == [3, 2]
    assert RNNRegressor(**SMALL).fit(X, y).settings_.ensemble.sizes_of_kinds == [5, 5]
    logits = np.mean([outputs(net, as_source(X))[..., 0] for net in model.nets_], 0)
    assert_allclose(model.predict_log_proba(X), log_softmax(logits, axis=1), atol=1e-6)


def test_those_that_take_turns_go_on_and_are_kept(tmp_path):
    options = SMALL | {"parts": "networks", "warm_start": True}
    model = RNNClassifier(**options).fit(X, y > 0)
    loaded = pickle.loads(pickle.dumps(model))
    for one in (model, loaded):
        one.fit(X, y > 0)
        assert segment_lengths(one) == [1, 6, 1, 6, 1]
        assert [net.settings.time_warp for net in one.nets_] == [0, 0.3, 0, 0.3, 0]
    skrnn.save(model, tmp_path / "model.skrnn")
    again = skrnn.load(tmp_path / "model.skrnn")
    assert [net.settings.time_warp for net in again.nets_] == [0, 0.3, 0, 0.3, 0]
    assert_array_equal(again.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize(("limit", "n_parts"), [(59, 1), (60, 1), (120, 2), (999, 5)])
def test_the_more_samples_the_fewer_networks(limit, n_parts, monkeypatch):
    monkeypatch.setattr(skrnn._ensemble.auto, "_SAMPLES_OF_ALL", limit)
    model = RNNRegressor(**SMALL | {"max_epochs": 1}).fit(X, y)
    assert segment_lengths(model) == [1, 6] * n_parts


def test_partial_fit_makes_one_and_keeps_what_there_is():
    assert segment_lengths(RNNRegressor(**SMALL).partial_fit(X, y)) == [1]
    model = RNNRegressor(**SMALL, n_estimators=2).fit(X, y)
    before, weights = weights_of_all(model), model.net_weights_
    model.partial_fit(X, y)
    assert_array_equal(model.net_weights_, weights)
    for one, other in zip(before, weights_of_all(model), strict=True):
        assert not torch.equal(one, other)


def test_the_first_is_that_of_a_fit_of_one():
    one = RNNRegressor(**SMALL, n_estimators=1).fit(X, y)
    several = RNNRegressor(**SMALL).fit(X, y)
    assert torch.equal(weights_of_all(one)[0], weights_of_all(several)[0])
    assert (
        len({net.tobytes() for net in map(np.asarray, weights_of_all(several))}) == 10
    )


def test_data_of_the_user_validate_all():
    sizes = []

    class Spy(Callback):
        def on_train_begin(self, net, X=None, y=None, **kwargs):
            sizes.append((len(X), len(y)))

    model = RNNRegressor(**SMALL, callbacks=[Spy()])
    model.fit(X[:50], y[:50], X_val=X[50:], y_val=y[50:])
    assert sizes == [(50, 10)] * 10


# -- how they count ------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["squared_error", "quantile", "gaussian"])
def test_predictions_are_the_weighted_mean(loss):
    model = RNNRegressor(**SMALL, loss=loss).fit(X, y)
    expected = 0.0
    for net, weight in zip(model.nets_, model.net_weights_, strict=True):
        with torch.no_grad():
            found = net.module_.eval().predict(torch.from_numpy(X[:, :, None])).numpy()
        expected = expected + weight * net.module_.target_head.location(found)[:, 0]
    assert_allclose(model.predict(X), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("loss", ["squared_error", "huber", "gaussian"])
def test_the_kind_that_validates_better_counts_more(loss):
    model = RNNRegressor(**SMALL, loss=loss).fit(X, y)
    least = [
        min(epoch["valid_loss"] for epoch in net.history if "valid_loss" in epoch)
        for net in model.nets_
    ]
    whole, segments = sum(least[::2]) / 5, sum(least[1::2]) / 5
    share = 0.5
    if loss != "gaussian":  # a likelihood is no size of an error
        share = segments**4 / (whole**4 + segments**4)
    expected = [share / 5, (1 - share) / 5] * 5
    assert_allclose(model.net_weights_, expected, rtol=1e-9)


def test_told_of_is_that_of_the_latest_best_epoch():
    model = RNNRegressor(**SMALL | {"max_epochs": 30}, learning_rate=0.02).fit(X, y)
    best = [net.best_weights.best_epoch_ for net in model.nets_]
    assert model.best_epoch_ == max(best) > min(best)
    assert model.net_ is model.nets_[int(np.argmax(best))]
    assert model.best_epoch_ == 1 + int(np.argmin(model.validation_loss_curve_))
    assert model.n_iter_ == len(model.loss_curve_)
    again = clone(model).set_params(max_epochs=model.best_epoch_).fit(X, y)
    assert same_bits(model, again)
    assert_array_equal(again.predict(X), model.predict(X))


def test_without_early_stopping_every_best_epoch_is_the_last():
    model = RNNRegressor(**SMALL, n_estimators=3, early_stopping=False).fit(X, y)
    assert model.best_epochs_ == [4, 4, 4]
    assert model.best_epoch_ == 4
    model.partial_fit(X, y)
    assert model.best_epochs_ == [5, 5, 5]


def test_a_prediction_does_not_depend_on_the_other_rows():
    model = RNNRegressor(**SMALL).fit(X, y)
    together = model.predict(X)
    assert_rows_alone([model.predict(X[i : i + 1])[0] for i in range(60)], together)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), together)


# -- going on, failing ---------------------------------------------------------------


class Fail(Callback):
    """End the fit in an epoch of the network of this number."""

    def __init__(self, number, error=OSError):
        self.number = number
        self.error = error

    def on_batch_end(self, net, training=False, **kwargs):
        if f" {self.number}/" in net.title and len(net.history) >= 2:
            raise self.error("the machine went down")


def test_a_resumed_fit_gives_the_bits_of_an_unbroken_one(tmp_path):
    options = SMALL | {"n_estimators": 3, "dropout": 0.1}
    whole = RNNRegressor(**options).fit(X, y)
    model = RNNRegressor(**options, checkpoint_dir=tmp_path)
    with pytest.raises(OSError, match="went down"):
        clone(model).set_params(callbacks=[Fail(2)]).fit(X, y)
    model.fit(X, y, resume=True)
    assert same_bits(model, whole)
    assert_array_equal(model.predict(X), whole.predict(X))
    assert_array_equal(model.fit(X, y, resume=True).predict(X), whole.predict(X))


def test_a_continuation_that_fails_changes_none():
    options = SMALL | {"n_estimators": 3, "warm_start": True}
    model = RNNRegressor(**options, callbacks=[Fail(9)]).fit(X, y)
    before, predictions = weights_of_all(model), model.predict(X)
    dict(model.nets_[1].callbacks_)["Fail"].number = 2
    with pytest.raises(OSError, match="went down"):
        model.fit(X, y)
    for one, other in zip(before, weights_of_all(model), strict=True):
        assert torch.equal(one, other)
    assert_array_equal(model.predict(X), predictions)


def test_warm_start_goes_on_with_all():
    options = SMALL | {"n_estimators": 2, "warm_start": True, "early_stopping": False}
    twice = RNNRegressor(**options).fit(X, y).fit(X, y)
    whole = RNNRegressor(**options | {"max_epochs": 8}).fit(X, y)
    assert same_bits(twice, whole)
    with pytest.raises(ValueError, match="fitted with n_estimators=2"):
        twice.set_params(n_estimators=3).fit(X, y)


def test_an_interrupt_keeps_the_networks_there_are(monkeypatch):
    original = SequenceNet._set_training

    def set_training(self, training=True):
        if training and " 2/" in self.title:
            raise KeyboardInterrupt
        return original(self, training)

    monkeypatch.setattr(SequenceNet, "_set_training", set_training)
    with pytest.warns(UserWarning, match="after 1 of 3 networks"):
        model = RNNRegressor(**SMALL, n_estimators=3).fit(X, y)
    monkeypatch.undo()
    assert len(model.nets_) == len(model.net_weights_) == 1
    assert same_bits(model, RNNRegressor(**SMALL, n_estimators=1).fit(X, y))
    model.set_params(warm_start=True).fit(X, y)
    assert len(model.nets_) == 1


def test_each_has_its_share_of_the_time():
    model = RNNRegressor(**SMALL, n_estimators=4, max_time=1e-9).fit(X, y)
    assert [len(net.history) for net in model.nets_] == [1] * 4
    assert {net.settings.max_time for net in model.nets_} == {1e-9 / 4}


def test_weights_to_begin_with_are_those_of_the_same_number():
    donor = RNNRegressor(**SMALL).fit(X, y)
    still = SMALL | {"learning_rate": 1e-30, "init": donor}
    heir = RNNRegressor(**still).fit(X, y)
    assert segment_lengths(heir) == [1] * 5
    for mine, theirs in zip(
        weights_of_all(heir), weights_of_all(donor)[::2], strict=True
    ):
        assert_allclose(mine, theirs, atol=1e-6)


def test_no_number_of_networks_below_one():
    with pytest.raises(ValueError, match="'n_estimators' parameter"):
        RNNRegressor(n_estimators=0).fit(X, y)
