"""Checkpoints with a right hash and a wrong content; `tests.soak.forged` tries all."""

import math
import os

import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback

from skrnn import RNNRegressor
from skrnn._training.checkpoint_file import read_file
from skrnn.exceptions import ModelFileError
from tests.forgery import file_of, forgeries, outcome, replaced
from tests.support import same_fit, samples_with_target

X, y = samples_with_target(40)
OPTIONS = {"hidden_size": 4, "max_epochs": 3, "n_estimators": 1, "random_state": 0}
# One file of so many is tried.
EVERY = 307


class Stop(Callback):
    """Break off before the last epoch."""

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 3:
            raise OSError("the machine went down")


def broken_off(directory, **options):
    """A model whose fit broke off, its newest checkpoint, and an unbroken fit."""
    model = RNNRegressor(**OPTIONS | options)
    unbroken = clone(model).fit(X, y)
    model.set_params(checkpoint_dir=directory)
    with pytest.raises(OSError, match="went down"):
        clone(model).set_params(callbacks=[Stop()]).fit(X, y)
    os.unlink(directory / "checkpoint-previous.skrnn")
    return model, directory / "checkpoint.skrnn", unbroken


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"norm": "batch", "ema_decay": 0.9, "lr_schedule": "one_cycle"},
        {"optimizer": "sgd", "lr_schedule": "plateau", "scale": False},
        {"early_stopping": False, "optimizer": "rmsprop", "lr_schedule": "step"},
    ],
    ids=str,
)
def test_forged_fields_are_refused_or_change_no_bit(tmp_path, options):
    model, path, unbroken = broken_off(tmp_path, **options)
    wrong, n_refused = [], 0
    for what, forged in forgeries(path, EVERY, 7):
        told = outcome(clone(model), X, y, path, forged, unbroken)
        n_refused += told == "refused"
        if told not in ("refused", "same"):
            wrong.append((what, told))
    assert wrong == []
    assert n_refused > 8


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("optimizer", "state", 0, "exp_avg"), torch.zeros(1), "has shape"),
        (("optimizer", "state", 1, "exp_avg_sq"), None, "not a tensor"),
        (("optimizer", "state", 7), {}, "optimizer.state is not of 6 weights"),
        (("optimizer", "param_groups", 0, "lr"), math.nan, "lr is not finite"),
        (("optimizer", "param_groups", 0, "eps"), -1.0, "eps is not"),
        (("weights", "head.bias"), torch.full((1,), math.nan), "head.bias"),
        (("weights", "scaling.y_scale"), torch.zeros(1).double(), "the data give"),
        (("history", 0, "train_loss"), -5.0, "train_loss"),
        (("history", 0, "valid_loss"), "small", "of type str"),
        (("n_before",), 1, "n_before is not 0"),
        (("seconds",), -1.0, "seconds is out of range"),
        (("best", "best_epoch_"), 17, "best_epoch_ is not"),
        (("random_state",), torch.zeros(5056, dtype=torch.uint8), "random_state"),
        (("schedule",), {}, "without lr_schedule"),
        (("one", "more"), 1, "one"),
    ],
    ids=str,
)
def test_the_error_says_what_is_wrong(tmp_path, place, value, told):
    model, path, _ = broken_off(tmp_path)
    content = read_file(path, 2**30)
    if place == ("one", "more"):
        content["state"]["one"], place, value = 1, ("one",), 2
    state = replaced(content["state"], place, value)
    path.write_bytes(file_of({**content, "state": state}))
    before = dict(vars(model))
    with pytest.raises(ModelFileError, match="not of this training") as error:
        model.fit(X, y, resume=True)
    assert told in str(error.value)
    assert str(path) in str(error.value)
    assert vars(model) == before


def test_moments_that_share_memory_are_copied(tmp_path):
    """A stride of zero makes a large tensor out of one number."""
    model, path, _ = broken_off(tmp_path)
    content = read_file(path, 2**30)
    state = content["state"]["optimizer"]["state"][0]
    for name in ("exp_avg", "exp_avg_sq"):
        state[name] = torch.full((1, 1), 0.01).expand(state[name].shape)
    path.write_bytes(file_of(content))
    resumed = clone(model).fit(X, y, resume=True)
    moments = resumed.net_.optimizer_.state_dict()["state"][0]
    assert moments["exp_avg"].is_contiguous()
    assert moments["exp_avg"].data_ptr() != moments["exp_avg_sq"].data_ptr()


def test_the_one_before_takes_the_place_of_a_forged_one(tmp_path):
    model, path, unbroken = broken_off(tmp_path)
    good = path.read_bytes()
    content = read_file(path, 2**30)
    content["state"]["rate"] = -1.0
    (tmp_path / "checkpoint-previous.skrnn").write_bytes(good)
    path.write_bytes(file_of(content))
    assert same_fit(clone(model).fit(X, y, resume=True), unbroken)


def test_what_callbacks_record_is_no_fault(tmp_path):
    class Record(Callback):
        def on_epoch_end(self, net, **kwargs):
            net.history.record("mine", {"a": [1, None, "text", (1, 2)], "b": object()})

    model = RNNRegressor(**OPTIONS, checkpoint_dir=tmp_path)
    clone(model).set_params(max_epochs=2, callbacks=[Record()]).fit(X, y)
    resumed = clone(model).fit(X, y, resume=True)
    assert same_fit(resumed, RNNRegressor(**OPTIONS).fit(X, y))
