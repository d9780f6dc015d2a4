"""Patience is spent once a classifier has learned; it ends when nothing is left."""

import numpy as np
import pytest
from sklearn.base import clone
from skorch.callbacks import Callback

from skrnn import RNNClassifier
from skrnn._ensemble.validation import split_rows
from skrnn._training import best_weights
from tests.support import same_bits, same_fit, waves_of_classes

X, y = waves_of_classes(40)
ONE = {
    "hidden_size": 4,
    "n_estimators": 1,
    "n_kernels": None,
    "validation_fraction": 0.2,
    "random_state": 0,
}
SLOW = ONE | {"learning_rate": 0.01, "batch_size": 16, "max_epochs": 60}


def loss_of_constant(labels):
    """Cross-entropy of the shares of the classes."""
    share = np.unique(labels, return_counts=True)[1] / len(labels)
    return -(share * np.log(share)).sum()


def training_labels():
    places = np.unique(y, return_inverse=True)[1]
    return y[split_rows(len(y), 0.2, groups=places).train]


def epochs_by_hand(curve, n_samples, patience, constant, n_batches=3, n_steps=400):
    """Epochs that a training takes in which no validation counts as better."""
    n_spent = 0
    for epoch, loss in enumerate(curve):
        is_late = epoch * n_batches >= n_steps
        n_spent += epoch > 0 and (loss < constant / 2 or is_late)
        newest = curve[epoch - 2 : epoch + 1] if epoch >= 2 else [np.inf]
        if n_spent == patience or np.mean(newest) * n_samples < constant:
            return epoch + 1
    return len(curve)


def full_curve(options):
    """Training losses of a network that nothing stops, on the same samples."""
    return RNNClassifier(**options | {"n_iter_no_change": 1000}).fit(X, y).loss_curve_


@pytest.mark.parametrize("patience", [1, 4])
def test_patience_is_spent_when_half_is_learned(patience):
    options = SLOW | {"tol": 1e6, "n_iter_no_change": patience}
    model = RNNClassifier(**options).fit(X, y)
    curve, labels = full_curve(SLOW), training_labels()
    wanted = epochs_by_hand(curve, len(labels), patience, loss_of_constant(labels))
    assert model.n_iter_ == wanted > patience + 1  # it waited
    assert model.loss_curve_ == curve[:wanted]
    assert model.best_epoch_ == 1 + int(np.argmin(model.validation_loss_curve_))


def test_a_network_no_better_than_a_constant_goes_on_to_the_last_epoch():
    options = ONE | {"learning_rate": 1e-7, "n_iter_no_change": 2, "max_epochs": 9}
    model = RNNClassifier(**options, tol=1e6).fit(X, y)
    assert model.n_iter_ == 9
    assert min(model.loss_curve_) > loss_of_constant(training_labels()) / 2


def test_it_does_not_wait_where_convolutions_have_learned():
    options = ONE | {"learning_rate": 1e-7, "n_iter_no_change": 2, "max_epochs": 9}
    model = RNNClassifier(**options | {"n_kernels": 84}, tol=1e6).fit(X, y)
    assert model.n_iter_ == 3


def test_after_many_steps_it_waits_no_longer(monkeypatch):
    monkeypatch.setattr(best_weights, "_STEPS_TO_LEARN", 10)
    options = ONE | {"learning_rate": 1e-7, "batch_size": 16, "max_epochs": 20}
    model = RNNClassifier(**options, n_iter_no_change=2, tol=1e6).fit(X, y)
    assert -(-len(training_labels()) // 16) == 3  # steps an epoch
    assert model.n_iter_ == 6  # before the fifth there were twelve


def test_training_ends_when_nothing_is_left_to_learn():
    options = ONE | {"learning_rate": 0.05, "batch_size": 4, "n_iter_no_change": 1000}
    model = RNNClassifier(**options).fit(X, y)
    labels = training_labels()
    limit = loss_of_constant(labels) / len(labels)
    means = np.convolve(model.loss_curve_, np.ones(3) / 3, "valid")
    assert model.n_iter_ < model.max_epochs
    assert means[-1] < limit
    assert (means[:-1] >= limit).all()
    best = RNNClassifier(**options, max_epochs=model.best_epoch_).fit(X, y)
    assert same_bits(model, best)
    # Without early stopping it has been asked for all epochs.
    options |= {"early_stopping": False, "max_epochs": model.n_iter_ + 2}
    assert RNNClassifier(**options).fit(X, y).n_iter_ == model.n_iter_ + 2


def test_an_epoch_that_waited_is_resumed(tmp_path):
    class Stop(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 7:
                raise OSError("the machine went down")

    options = SLOW | {"tol": 1e6, "n_iter_no_change": 2}
    unbroken = RNNClassifier(**options).fit(X, y)
    assert unbroken.n_iter_ > 7
    model = RNNClassifier(**options, checkpoint_dir=tmp_path)
    with pytest.raises(OSError, match="went down"):
        clone(model).set_params(callbacks=[Stop()]).fit(X, y)
    resumed = clone(model).fit(X, y, resume=True)
    assert resumed.n_iter_ == unbroken.n_iter_
    assert same_fit(resumed, unbroken)


def test_a_fit_that_goes_on_has_learned_already():
    options = ONE | {"learning_rate": 0.05, "batch_size": 4, "warm_start": True}
    model = RNNClassifier(**options).fit(X, y)
    n_before = len(model.loss_curve_)
    model.fit(X, y)
    assert len(model.loss_curve_) == n_before + model.n_iter_
    assert model.n_iter_ <= 3  # of which the mean is known then
