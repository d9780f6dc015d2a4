"""Copies of a net train like the net, which they leave as it is."""

import copy

import pytest
import torch
from skorch.callbacks import Callback, LRScheduler

from skrnn import RNNRegressor
from tests.support import same_bits, weights_of
from tests.training.data import SMALL, X, y


@pytest.mark.parametrize("batch_size", [16, None])
def test_continuing_is_the_same_as_going_on(batch_size):
    options = SMALL | {"early_stopping": False, "dropout": 0.2, "num_layers": 2}
    options["batch_size"] = batch_size
    whole = RNNRegressor(**options, max_epochs=6).fit(X, y)
    warm = RNNRegressor(**options, max_epochs=3, warm_start=True).fit(X, y).fit(X, y)
    stepwise = RNNRegressor(**options)
    for _ in range(6):
        stepwise.partial_fit(X, y)
        stepwise = copy.deepcopy(stepwise)
    assert same_bits(whole, warm)
    assert same_bits(whole, stepwise)
    assert whole.loss_curve_ == warm.loss_curve_ == stepwise.loss_curve_
    assert (whole.n_iter_, warm.n_iter_, stepwise.n_iter_) == (6, 3, 6)


def test_a_copy_goes_on_like_the_original():
    options = SMALL | {"dropout": 0.3, "num_layers": 2, "cell": "gru"}
    model = RNNRegressor(**options, max_epochs=4, pooling="attention").fit(X, y)
    twin = copy.deepcopy(model)
    assert same_bits(model, twin)
    before = weights_of(model).clone()
    twin.partial_fit(X, y)
    assert torch.equal(weights_of(model), before)
    model.partial_fit(X, y)
    assert same_bits(model, twin)
    assert not torch.equal(weights_of(model), before)
    assert model.predict(X).tobytes() == twin.predict(X).tobytes()


@pytest.mark.parametrize(
    "options",
    [
        {"lr_schedule": "exponential"},
        {"lr_schedule": "one_cycle", "optimizer": "sgd"},
        {"lr_schedule": "warmup", "frozen": "recurrent.0"},
        {"optimizer": torch.optim.LBFGS},
    ],
    ids=lambda options: "-".join(options),
)
def test_a_copy_goes_on_with_its_schedule_and_optimiser(options):
    model = RNNRegressor("gru", 4, max_epochs=6, random_state=0, **options)
    model.partial_fit(X, y).partial_fit(X, y)
    twin = copy.deepcopy(model)
    for _ in range(3):
        model.partial_fit(X, y)
        twin.partial_fit(X, y)
    assert same_bits(model, twin)
    rates = [m.net_.optimizer_.param_groups[0]["lr"] for m in (model, twin)]
    assert rates[0] == rates[1]


class Steps(Callback):
    """Count steps, and remember the optimiser that takes them."""

    def __init__(self):
        self.n_steps = 0

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.optimizer = net.optimizer_

    def on_batch_end(self, net, batch=None, training=False, **kwargs):
        self.n_steps += training


def everything_of(net):
    """All numbers that a training goes on from, as bytes."""
    tensors = [*net.module_.state_dict().values(), net.module_.generator.get_state()]
    for state in net.optimizer_.state_dict()["state"].values():
        tensors += [value for value in state.values() if torch.is_tensor(value)]
    if net.average is not None:
        tensors += net.average.state_dict()["other"]
    schedule = None if net.schedule_ is None else net.schedule_.state_dict()
    rates = net.lr, net.optimizer_.param_groups[0]["lr"], repr(schedule)
    told = [{k: v for k, v in e.items() if k != "dur"} for e in net.history]
    return [tensor.numpy().tobytes() for tensor in tensors], rates, repr(told)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"dropout": 0.2, "num_layers": 2, "norm": "batch"},
        {"ema_decay": 0.9, "lr_schedule": "one_cycle"},
        {"optimizer": torch.optim.LBFGS, "lr_schedule": "plateau"},
        {"optimizer": "sgd", "frozen": "head", "shuffle": False},
        {"callbacks": [LRScheduler("StepLR", step_size=2, gamma=0.5)]},
        {"loss": torch.nn.HuberLoss(delta=0.5)},
    ],
    ids=lambda options: "-".join(options),
)
def test_a_deep_copy_of_a_net_shares_nothing_that_is_trained(options):
    options = SMALL | {"max_epochs": 3, "warm_start": True} | options
    options["callbacks"] = [*options.get("callbacks", []), ("steps", Steps())]
    model = RNNRegressor("gru", **options).fit(X, y)
    net, before = model.net_, everything_of(model.net_)
    twin = copy.deepcopy(net)
    assert everything_of(twin) == before
    assert twin.module is twin.module_
    assert twin.criterion is twin.criterion_
    assert dict(twin.callbacks_)["steps"].optimizer is twin.optimizer_
    trained = {id(p) for group in twin.optimizer_.param_groups for p in group["params"]}
    assert trained == {id(p) for p in twin.learnable()}
    other = copy.copy(model)
    other.net_, other.nets_ = twin, [twin]
    other.fit(X, y)
    assert everything_of(net) == before
    model.fit(X, y)
    assert everything_of(model.net_) == everything_of(other.net_)
    steps = [dict(n.callbacks_)["steps"].n_steps for n in (net, model.net_, other.net_)]
    assert 0 < steps[0] < steps[1] == steps[2]
