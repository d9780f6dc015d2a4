"""Patience is spent once a classifier has learned; it ends when nothing is left."""

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.base import clone
from skorch.callbacks import Callback

from skrnn import RNNClassifier
from skrnn._ensemble.validation import split_rows
from skrnn._training import best_weights
from skrnn._training.outputs import outputs
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


class Losses(Callback):
    """Keep the loss of every sample that validates, epoch by epoch."""

    epochs = []  # of all copies: a net trains with a copy of its callbacks

    def on_epoch_end(self, net, dataset_valid=None, **kwargs):
        logits = outputs(net, dataset_valid.source)[..., 0]
        rows = np.arange(len(logits))
        self.epochs.append(-log_softmax(logits, axis=1)[rows, dataset_valid.target])


def by_hand(losses, curve, options, n_samples, constant):
    """The kept epoch, and how many there are, from the losses of single samples."""
    patience, tol = options["n_iter_no_change"], options.get("tol", 1e-4)
    best = kept = 0
    n_spent, n_batches = 0, -(-n_samples // options["batch_size"])
    for epoch, now in enumerate(losses):
        difference = now - losses[best]
        error = np.std(difference, ddof=1) / np.sqrt(len(now))
        is_better = difference.mean() < 0
        may_be_best = epoch == 0 or is_better or difference.mean() <= error
        is_early = epoch * n_batches < best_weights._STEPS_TO_LEARN
        is_free = is_early and (may_be_best or curve[epoch] >= constant / 2)
        n_spent += not is_free
        if epoch == 0 or difference.mean() <= -tol:
            n_spent = 0
        best, kept = epoch if is_better else best, epoch if may_be_best else kept
        newest = curve[epoch - 2 : epoch + 1] if epoch >= 2 else [np.inf]
        if n_spent == patience or np.mean(newest) * n_samples < constant:
            break
    return kept + 1, epoch + 1


@pytest.mark.parametrize("n_steps", [400, 20])
@pytest.mark.parametrize("patience", [2, 5])
@pytest.mark.parametrize("tol", [1e-4, 1e6])
def test_kept_is_the_latest_epoch_that_may_be_the_best(
    n_steps, patience, tol, monkeypatch
):
    monkeypatch.setattr(best_weights, "_STEPS_TO_LEARN", n_steps)
    wrong = np.where(np.arange(len(y)) % 4 == 0, np.roll(y, 1), y)  # some labels
    options = SLOW | {"learning_rate": 0.05, "max_epochs": 40}
    labels = np.unique(wrong, return_inverse=True)[1]
    train = split_rows(len(y), 0.2, groups=labels).train
    Losses.epochs.clear()
    endless = options | {"n_iter_no_change": 1000, "callbacks": [Losses()]}
    curve = RNNClassifier(**endless).fit(X, wrong).loss_curve_
    losses = [epoch.copy() for epoch in Losses.epochs]
    options |= {"n_iter_no_change": patience, "tol": tol}
    model = RNNClassifier(**options).fit(X, wrong)
    constant = loss_of_constant(labels[train])
    wanted = by_hand(losses, curve, options, len(train), constant)
    assert (model.best_epoch_, model.n_iter_) == wanted
    assert wanted[0] > 1 + np.argmin(model.validation_loss_curve_)
    again = clone(model).set_params(max_epochs=model.best_epoch_).fit(X, wrong)
    assert same_bits(model, again)


def test_the_error_of_a_difference_is_recorded():
    Losses.epochs.clear()
    model = RNNClassifier(**SLOW, callbacks=[Losses()]).fit(X, y)
    curve, losses = model.validation_loss_curve_, Losses.epochs
    for epoch in range(1, model.n_iter_):
        difference = losses[epoch] - losses[int(np.argmin(curve[:epoch]))]
        expected = np.std(difference, ddof=1) / np.sqrt(len(difference))
        found = model.net_.history[epoch, "valid_loss_error"]
        assert found == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_a_single_sample_proves_nothing():
    few = {"X_val": X[:1], "y_val": y[:1]}
    model = RNNClassifier(**SLOW | {"learning_rate": 0.05}).fit(X[1:], y[1:], **few)
    assert model.best_epoch_ == model.n_iter_


def test_a_score_decides_by_itself():
    options = SLOW | {"learning_rate": 0.05, "scoring": "accuracy"}
    model = RNNClassifier(**options).fit(X, y)
    assert model.best_epoch_ == 1 + int(np.argmax(model.validation_scores_))


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
