"""The state of a training: what a checkpoint takes along of it."""

import copy
import warnings

import pytest
from sklearn.base import clone
from skorch.callbacks import Callback

from skrnn import RNNRegressor
from skrnn._training.state import training_state
from tests.support import same_fit, samples_with_target
from tests.training.data import SMALL

X, y = samples_with_target()


class Stop(Callback):
    """End the process's fit in the middle of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, **kwargs):
        if len(net.history) > self.epoch:
            raise OSError("the machine went down")


def test_a_restart_is_part_of_the_state(tmp_path):
    options = {"hidden_size": 4, "max_epochs": 9, "optimizer": "sgd", "momentum": 0.0}
    options |= {"max_grad_norm": None, "learning_rate": 1e4, "random_state": 0}
    options |= {"on_divergence": "restart", "scale": False, "early_stopping": False}
    with pytest.warns(UserWarning, match="goes on from the best weights"):
        unbroken = RNNRegressor(**options).fit(10 * X, 100 * y)
    model = RNNRegressor(**options, checkpoint_dir=tmp_path)
    with pytest.warns(UserWarning, match="goes on from the best weights"):
        with pytest.raises(OSError, match="went down"):
            clone(model).set_params(callbacks=[Stop(5)]).fit(10 * X, 100 * y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it may diverge once more, as it did before
        resumed = clone(model).fit(10 * X, 100 * y, resume=True)
    assert same_fit(resumed, unbroken)
    assert resumed.net_.lr == unbroken.net_.lr < 1e4


class Look(Callback):
    """Remember the state at the end of each epoch."""

    def __init__(self):
        self.states = []

    def on_epoch_end(self, net, **kwargs):
        self.states.append(training_state(net))
        self.copy = copy.deepcopy(net)


def test_state_tells_of_the_whole_training():
    options = SMALL | {"max_epochs": 3, "ema_decay": 0.9, "lr_schedule": "cosine"}
    model = RNNRegressor(**options, callbacks=[("look", Look())]).fit(X, y)
    look = dict(model.net_.callbacks_)["look"]
    assert [len(state["history"]) for state in look.states] == [1, 2, 3]
    assert all("batches" not in epoch for epoch in look.states[-1]["history"])
    assert [state["average"]["n_updates"] for state in look.states] == [3, 6, 9]
    assert {state["rate"] for state in look.states} == {model.net_.lr}
    seconds = [state["seconds"] for state in look.states]
    assert 0 < seconds[0] < seconds[1] < seconds[2]


def test_a_copy_in_the_midst_of_a_training_is_in_none():
    model = RNNRegressor(**SMALL, max_epochs=2, callbacks=[("look", Look())])
    look = dict(model.fit(X, y).net_.callbacks_)["look"]
    assert look.copy.run is None
    assert len(look.copy.history) == 2
    assert model.net_.run is None
