"""The best weights: when they are kept, and that a training ends with them."""

import numpy as np
import pytest
from sklearn.base import clone

from skrnn import RNNRegressor
from tests.support import same_bits
from tests.training.data import SMALL, InterruptInEpoch, X, interrupt_in_epoch, y


def test_early_stopping_restores_the_best_epoch():
    model = RNNRegressor(**SMALL, n_iter_no_change=3, dropout=0.1, learning_rate=0.05)
    model.fit(X, y)
    assert model.n_iter_ < model.max_epochs
    curve = model.validation_loss_curve_
    assert model.best_epoch_ == 1 + int(np.argmin(curve))
    assert model.best_epoch_ < model.n_iter_ == len(curve) == len(model.loss_curve_)
    again = clone(model).set_params(max_epochs=model.best_epoch_).fit(X, y)
    assert same_bits(model, again)


def test_patience_counts_epochs_without_an_improvement():
    model = RNNRegressor(**SMALL, n_iter_no_change=3, tol=1e6).fit(X, y)
    assert model.n_iter_ == 4
    curve = model.validation_loss_curve_
    assert model.best_epoch_ == 1 + int(np.argmin(curve))


def test_interrupt_keeps_the_best_weights(monkeypatch):
    options = SMALL | {"learning_rate": 0.05, "max_epochs": 9}
    interrupt_in_epoch(monkeypatch, 8)
    with pytest.warns(UserWarning, match="after 7 epochs"):
        model = RNNRegressor(**options).fit(X, y)
    monkeypatch.undo()
    assert model.best_epoch_ == 1 + int(np.argmin(model.validation_loss_curve_))
    best = RNNRegressor(**options | {"max_epochs": model.best_epoch_}).fit(X, y)
    assert same_bits(model, best)


@pytest.mark.parametrize("early_stopping", [True, False])
def test_half_an_epoch_is_not_kept(early_stopping):
    options = SMALL | {"dropout": 0.2, "early_stopping": early_stopping}
    options["n_estimators"] = 1
    model = RNNRegressor(**options, callbacks=[InterruptInEpoch(4)])
    with pytest.warns(UserWarning, match="interrupted by the user after 3 epochs"):
        model.fit(X, y)
    again = RNNRegressor(**options, max_epochs=model.best_epoch_).fit(X, y)
    assert same_bits(model, again)
