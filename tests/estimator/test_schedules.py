"""The learning rate of every epoch is what its schedule says."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from skorch.callbacks import Callback

from skrnn import RNNRegressor
from tests.estimator.data import SMALL, X, y
from tests.support import weights_of


def rates(schedule, options=None, max_epochs=6, **others):
    """Learning rate of every epoch, as its first batch has it."""
    seen = []

    class Spy(Callback):
        def on_epoch_begin(self, net, **kwargs):
            seen.append(net.optimizer_.param_groups[0]["lr"])

        def __deepcopy__(self, memo):
            return self

    model = RNNRegressor(
        hidden_size=3,
        max_epochs=max_epochs,
        early_stopping=False,
        n_estimators=1,
        learning_rate=0.1,
        lr_schedule=schedule,
        lr_schedule_options=options,
        callbacks=[Spy()],
        random_state=0,
        **others,
    )
    model.fit(X, y)
    return seen


def test_schedules():
    assert_allclose(rates(None), [0.1] * 6)
    assert_allclose(rates("step"), [0.1, 0.1, 0.01, 0.01, 0.001, 0.001])
    assert_allclose(rates("exponential"), 0.1 * 0.95 ** np.arange(6))
    assert_allclose(
        rates("cosine"), 0.05 * (1 + np.cos(np.pi * np.arange(6) / 6)), atol=1e-12
    )
    assert_allclose(rates("warmup"), 0.1 * np.minimum(0.1 + 0.18 * np.arange(6), 1))
    cycle = rates("one_cycle")
    assert cycle[0] == pytest.approx(0.1 / 25)
    assert max(cycle) > 0.05
    assert cycle[-1] < 0.04
    assert_allclose(rates("step", {"step_size": 5, "gamma": 0.5})[-2:], [0.1, 0.05])
    polynomial = torch.optim.lr_scheduler.PolynomialLR
    assert_allclose(
        rates(polynomial, {"total_iters": 5}), 0.1 * (1 - np.arange(6) / 5), atol=1e-12
    )
    cycle = torch.optim.lr_scheduler.OneCycleLR
    by_epochs = {"max_lr": 0.1, "epochs": 6, "steps_per_epoch": 3}
    assert_allclose(rates(cycle, by_epochs)[0], 0.1 / 25)
    shorter = rates("one_cycle", {"epochs": 3, "steps_per_epoch": 3})
    assert shorter[-1] == shorter[-2] < 1e-3  # it stays where the cycle ended
    # A rate that is far too high: the loss on a plateau.
    assert rates("plateau", {"patience": 0, "threshold": 10.0})[-1] < 0.1


def test_a_cosine_does_not_go_up_again():
    model = RNNRegressor(
        **SMALL, lr_schedule="cosine", warm_start=True, learning_rate=0.1
    )
    model.fit(X, y)
    before = weights_of(model)
    model.fit(X, y)  # at a rate of zero
    assert torch.equal(before, weights_of(model))


def test_a_schedule_goes_on_over_calls():
    options = {**SMALL, "lr_schedule": "exponential", "max_epochs": 5}
    whole = RNNRegressor(**options).fit(X, y)
    stepwise = RNNRegressor(**options)
    for _ in range(5):
        stepwise.partial_fit(X, y)
    assert torch.equal(weights_of(whole), weights_of(stepwise))
