"""The moving average of the weights, against one that is kept by hand."""

import copy

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback

from skrnn import RNNClassifier, RNNRegressor
from skrnn.exceptions import NonFiniteLossError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 8))
Y = X[:, -3:].sum(axis=1)


class ByHand(Callback):
    """Weights after every step, and their average."""

    def __init__(self, decay):
        self.decay = decay

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.average_ = [w.detach().double().clone() for w in net.module_.parameters()]
        self.n_, self.raw_ = 0, []

    def on_batch_end(self, net, batch=None, training=False, **kwargs):
        weights = [w.detach().double() for w in net.module_.parameters()]
        if not training:
            self.seen_ = weights
            return
        decay = min(self.decay, (1 + self.n_) / (10 + self.n_))
        self.average_ = [
            decay * a + (1 - decay) * w
            for a, w in zip(self.average_, weights, strict=True)
        ]
        self.n_ += 1


def regressor(**parameters):
    options = {
        "hidden_size": 4,
        "linear_steps": None,
        "n_estimators": 1,
        "early_stopping": False,
        "max_epochs": 6,
        "ema_decay": 0.9,
        "dtype": "float64",
        "random_state": 0,
    }
    return RNNRegressor(**options | parameters)


def weights_of(model):
    return [w.detach().double().numpy() for w in model.net_.module_.parameters()]


def assert_equal(first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dropout", [0.0, 0.2])  # by kernels, and by autograd
@pytest.mark.parametrize("decay", [0.5, 0.9, 0.999])
def test_network_ends_with_the_average(decay, dropout):
    by_hand = ByHand(decay)
    model = regressor(ema_decay=decay, dropout=dropout, callbacks=[("hand", by_hand)])
    model.fit(X, Y)
    kept = dict(model.net_.callbacks_)["hand"]
    assert kept.n_ == 12
    for mine, theirs in zip(weights_of(model), kept.average_, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-14)


def test_validated_is_the_average():
    model = regressor(early_stopping=True, n_iter_no_change=99)
    model.set_params(callbacks=[("hand", ByHand(0.9))]).fit(X, Y)
    kept = dict(model.net_.callbacks_)["hand"]
    for seen, average in zip(kept.seen_, kept.average_, strict=True):
        np.testing.assert_allclose(seen, average, rtol=1e-12, atol=1e-14)


def test_training_is_that_without_an_average():
    losses = [
        regressor(ema_decay=decay).fit(X, Y).loss_curve_ for decay in (None, 0.99)
    ]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("steps", [(3, 3), (1, 5), (2, 2, 2)])
def test_fits_that_go_on_are_one(steps):
    whole = regressor().fit(X, Y)
    parts = regressor(warm_start=True)
    for n_epochs in steps:
        parts.set_params(max_epochs=n_epochs).fit(X, Y)
    assert_equal(weights_of(parts), weights_of(whole))
    stream = regressor()
    for _ in range(6):
        stream.partial_fit(X, Y)
    assert_equal(weights_of(stream), weights_of(whole))


def test_a_copy_goes_on():
    part = regressor(warm_start=True, max_epochs=3).fit(X, Y)
    part = copy.deepcopy(part).fit(X, Y)
    assert_equal(weights_of(part), weights_of(regressor().fit(X, Y)))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_resumed_fit_is_the_same(tmp_path, early_stopping):
    options = {"early_stopping": early_stopping, "n_iter_no_change": 99}
    whole = regressor(**options).fit(X, Y)
    part = regressor(**options, checkpoint_dir=tmp_path).set_params(max_epochs=3)
    part.fit(X, Y)
    part.set_params(max_epochs=6).fit(X, Y, resume=True)
    assert_equal(weights_of(part), weights_of(whole))


def test_best_epoch_again():
    model = regressor(early_stopping=True, max_epochs=40, n_iter_no_change=3).fit(X, Y)
    again = clone(model).set_params(max_epochs=model.best_epoch_).fit(X, Y)
    assert_equal(weights_of(again), weights_of(model))


def test_failed_fit_changes_nothing():
    model = regressor(warm_start=True).fit(X, Y)
    twin = copy.deepcopy(model)
    with pytest.raises(NonFiniteLossError):
        model.set_params(learning_rate=1e300, optimizer="sgd", max_grad_norm=None).fit(
            X, Y
        )
    model.set_params(**twin.get_params())
    assert_equal(weights_of(model), weights_of(twin))
    assert_equal(weights_of(model.fit(X, Y)), weights_of(twin.fit(X, Y)))


def test_goes_on_without_and_with():
    model = regressor(warm_start=True).fit(X, Y)
    held = weights_of(model)
    model.set_params(ema_decay=None, max_epochs=1, learning_rate=1e-12).fit(X, Y)
    for mine, theirs in zip(weights_of(model), held, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-8)
    model.set_params(ema_decay=0.5).fit(X, Y)
    assert model.net_.average.decay == 0.5


def test_frozen_weights_stay():
    model = regressor(frozen="recurrent").fit(X, Y)
    alone = regressor(frozen="recurrent", ema_decay=None, max_epochs=1).fit(X, Y)
    first = [w for name, w in model.net_.module_.stack.named_parameters()]
    second = [w for name, w in alone.net_.module_.stack.named_parameters()]
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one, other)


def test_restart_begins_a_new_average():
    with pytest.warns(UserWarning, match="goes on from the best weights"):
        model = regressor(
            learning_rate=1e200,
            optimizer="sgd",
            max_grad_norm=None,
            on_divergence="restart",
            max_epochs=2,
        )
        with pytest.raises(NonFiniteLossError):
            model.fit(X, Y)


def test_bad_decays_are_named():
    for decay in (0.0, 1.0, -1, "much"):
        with pytest.raises(ValueError, match="ema_decay"):
            RNNClassifier(ema_decay=decay).fit(X, Y > 0)
