"""Parameters of a training that goes on, and what a pickled net holds."""

import copy
import pickle

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from skrnn import RNNClassifier, RNNRegressor
from tests.support import same_bits, weights_of
from tests.training.data import SMALL, X, y


def test_warm_start_refuses_another_network():
    model = RNNRegressor(**SMALL, max_epochs=1, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="fitted with hidden_size=6"):
        model.set_params(hidden_size=7).fit(X, y)


def test_learning_rate_of_a_warm_start_counts():
    options = SMALL | {"max_epochs": 1, "warm_start": True, "early_stopping": False}
    slow = RNNRegressor(**options, max_grad_norm=None).fit(X, y)
    start = weights_of(slow).clone()
    slow.set_params(learning_rate=1e-9).fit(X, y)
    assert (weights_of(slow) - start).abs().max() < 1e-7


def test_parameters_of_a_warm_start_count():
    model = RNNRegressor(**SMALL, max_epochs=1, warm_start=True, dropout=0.5)
    model.fit(X, y)
    model.set_params(batch_size=10, dropout=0.0, n_iter_no_change=3, tol=1e9).fit(X, y)
    assert model.net_.history[-1, "train_batch_count"] == 8  # of 72 rows
    model.set_params(max_epochs=50).fit(X, y)
    assert model.n_iter_ == 4
    assert model.net_.module_.stack.dropout.p == 0.0


def test_a_new_learning_rate_keeps_the_state_of_the_optimiser():
    options = SMALL | {"early_stopping": False, "max_epochs": 3, "warm_start": True}
    model = RNNRegressor(**options).fit(X, y)
    twin = copy.deepcopy(model)
    model.set_params(learning_rate=0.02).fit(X, y)
    twin.net_.optimizer_.param_groups[0]["lr"] = 0.02
    twin.fit(X, y)
    assert same_bits(model, twin)


@pytest.mark.parametrize(
    "change",
    [
        {"recurrent_dropout": 0.5},
        {"input_noise": 1.0},
        {"tbptt_steps": 2},
        {"frozen": "recurrent"},
    ],
    ids=lambda change: "-".join(change),
)
def test_parameters_of_a_fit_that_goes_on(change):
    model = RNNRegressor("gru", 4, random_state=0, max_epochs=2, warm_start=True)
    model.fit(X, y)
    same, other = copy.deepcopy(model).fit(X, y), copy.deepcopy(model)
    other.set_params(**change).fit(X, y)
    assert not same_bits(same, other)
    # And back again.
    for twin in (same, other):
        back = {name: getattr(model, name) for name in change}
        twin.set_params(**back).fit(X, y)
    head = [p.detach().clone() for p in other.net_.module_.stack.parameters()]
    other.fit(X, y)
    after = other.net_.module_.stack.parameters()
    assert not all(torch.equal(p, q) for p, q in zip(head, after, strict=True))


def test_unfreezing_is_a_new_optimiser_and_freezing_holds():
    options = SMALL | {"max_epochs": 3, "early_stopping": False}
    model = RNNRegressor("gru", frozen="recurrent", warm_start=True, **options)
    stack = copy.deepcopy(model.fit(X, y).net_.module_.stack.state_dict())
    model.fit(X, y)
    now = model.net_.module_.stack.state_dict()
    assert all(torch.equal(stack[name], now[name]) for name in stack)
    model.set_params(frozen="head").fit(X, y)
    now = model.net_.module_.stack.state_dict()
    assert not any(torch.equal(stack[name], now[name]) for name in stack)
    with pytest.raises(ValueError, match="frozen names parts"):
        model.set_params(frozen="nothing").fit(X, y)
    before = weights_of(model).clone()
    assert not torch.equal(before, weights_of(model.set_params(frozen=None).fit(X, y)))


@pytest.mark.parametrize("change", [{"label_smoothing": 0.4}, {"focal_gamma": 5.0}])
def test_options_of_the_loss_in_a_fit_that_goes_on(change):
    labels = (y > 0).astype(int)
    model = RNNClassifier("gru", 4, loss="focal", random_state=0, max_epochs=2)
    model.set_params(warm_start=True).fit(X, labels)
    same, other = copy.deepcopy(model), copy.deepcopy(model).set_params(**change)
    assert not same_bits(same.fit(X, labels), other.fit(X, labels))


def test_partial_fit_keeps_the_first_scaling():
    model = RNNRegressor(**SMALL).partial_fit(X, y)
    moments = (
        model.net_.module_.scaling.x_mean.clone(),
        model.net_.module_.scaling.y_scale.clone(),
    )
    model.partial_fit(X + 100, 7 * y)
    assert torch.equal(moments[0], model.net_.module_.scaling.x_mean)
    assert torch.equal(moments[1], model.net_.module_.scaling.y_scale)


def test_a_pickle_holds_tensors_only_where_skorch_finds_a_device_for_them():
    # Any other tensor of a training on a GPU could be read on a GPU only.
    model = RNNRegressor(**SMALL | {"max_epochs": 2}, lr_schedule="cosine").fit(X, y)
    state = model.net_.__getstate__()
    del state["__cuda_dependent_attributes__"]
    assert b"_rebuild_tensor" not in pickle.dumps(state)
    net = pickle.loads(pickle.dumps(model.net_))
    assert net.module is net.module_
    assert net.criterion is net.criterion_
    assert net.schedule_.scheduler.optimizer is net.optimizer_


def test_a_net_that_was_read_has_an_optimiser_when_one_is_asked_for():
    model = RNNRegressor(**SMALL | {"n_estimators": 1}).fit(X, y)
    net = pickle.loads(pickle.dumps(model)).net_
    copies = [copy.deepcopy(net), pickle.loads(pickle.dumps(net))]
    for twin in [net, *copies]:
        assert not twin.has_optimizer
        assert type(twin.optimizer_) is type(model.net_.optimizer_)
        [group] = twin.optimizer_.param_groups
        assert group["lr"] == twin.lr == model.learning_rate
        ids = {id(weight) for weight in twin.learnable()}
        assert ids == {id(weight) for weight in group["params"]}
        # As skorch has it of each of its nets.
        twin.set_params(lr=0.25)
        assert group["lr"] == 0.25
        assert copy.deepcopy(twin).optimizer_.param_groups[0]["lr"] == 0.25
    with pytest.raises(AttributeError, match="no attribute 'nothing_'"):
        net.nothing_  # noqa: B018


class Copies(Callback):
    """What a copy of the weights in the midst of a training holds, and torch's."""

    def on_epoch_end(self, net, **kwargs):
        self.copied, self.state = net.copy_of_weights(), net.module_.state_dict()


@pytest.mark.parametrize("kind", [RNNRegressor, RNNClassifier])
def test_copies_of_weights_are_states(kind):
    callback, labels = Copies(), y > np.median(y)
    options = {"num_layers": 2, "max_epochs": 1, "early_stopping": False}
    model = kind(**SMALL | options, callbacks=[callback])
    model.fit(X, labels if kind is RNNClassifier else y)
    seen = dict(model.net_.callbacks_)["Copies"]
    after = model.net_.copy_of_weights(), model.net_.module_.state_dict()
    for copied, state in ((seen.copied, seen.state), after):
        assert list(copied) == list(state)
        for name, value in copied.items():
            assert torch.equal(value, state[name])
            assert value.data_ptr() != state[name].data_ptr()
            assert not value.requires_grad
