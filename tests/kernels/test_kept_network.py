"""Networks that stay open read the weights that there are, wherever these are."""

import copy
import gc
import threading
import weakref

import numpy as np
import pytest
import torch

from skrnn import RNNRegressor
from skrnn._kernels import kept_network as module
from skrnn._kernels.library import library

pytestmark = pytest.mark.skipif(library() is None, reason="no kernels")


@pytest.fixture
def regressor():
    return fitted()


def fitted():
    X = np.random.default_rng(0).normal(size=(30, 5, 2))
    y = np.sin(3 * X[:, -1, 0]) * X[:, 0, 1]
    options = {"max_epochs": 2, "n_estimators": 1, "random_state": 0}
    return RNNRegressor("gru", 4, early_stopping=False, **options).fit(X, y)


def predicted(regressor):
    """For one sample, which is read by the open network, and by another one."""
    X = np.random.default_rng(1).normal(size=(9, 5, 2))
    one, many = regressor.predict(X[:1])[0], regressor.predict(X)[0]
    assert one == many
    return one


def replace_data(network):
    for weight in network.parameters():
        weight.data = weight.data * 1.5


def replace_parameter(network):
    network.head.weight = torch.nn.Parameter(network.head.weight.detach() * 2)


def replace_module(network):
    layer = network.stack.layers[0]
    cell = copy.deepcopy(layer.directions[0])
    with torch.no_grad():
        cell.weight_hh_l0.mul_(2.0)
    layer.directions[0] = cell


def load(network):
    state = network.state_dict()
    network.load_state_dict({name: value * 1.25 for name, value in state.items()})


def pool_otherwise(network):
    network.pool.kind = "mean" if network.pool.kind != "mean" else "last"


def move_inputs(network):
    network.scaling.x_mean += 0.5


def replace_moments(network):
    network.scaling.x_scale = network.scaling.x_scale * 3


@pytest.mark.parametrize(
    "change",
    [
        replace_data,
        replace_parameter,
        replace_module,
        load,
        pool_otherwise,
        move_inputs,
        replace_moments,
    ],
)
def test_weights_that_are_replaced_are_read(regressor, change):
    before = predicted(regressor)
    change(regressor.net_.module_)
    gc.collect()
    assert predicted(regressor) != before


def test_weights_of_another_type_are_read(regressor):
    before = predicted(regressor)
    network = regressor.net_.module_
    network.stack.double(), network.head.double()
    assert predicted(regressor) == pytest.approx(before, rel=1e-4)


def test_weights_in_another_order_are_refused(regressor):
    predicted(regressor)
    weight = regressor.net_.module_.stack.layers[0].directions[0].weight_hh_l0
    weight.data = weight.data.t().contiguous().t()
    with pytest.raises(ValueError, match="not contiguous"):
        regressor.predict(np.zeros((1, 5, 2)))


def test_threads_have_networks_of_their_own(regressor):
    want, got = predicted(regressor), []
    threads = [
        threading.Thread(target=lambda: got.append(predicted(regressor)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [want] * 4


def test_a_network_is_closed_when_it_is_gone():
    regressor = fitted()
    predicted(regressor)
    kept = module._this_thread.networks
    network = weakref.ref(regressor.net_.module_)
    compiled = weakref.ref(kept[network()])
    del regressor
    gc.collect()
    assert network() is None and compiled() is None


def test_copies_do_not_share_it(regressor):
    before = predicted(regressor)
    twin = copy.deepcopy(regressor)
    replace_data(twin.net_.module_)
    assert predicted(twin) != before and predicted(regressor) == before
