"""One epoch: what its losses are the mean of, and what becomes of gradients."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone
from skorch.callbacks import Callback

from skrnn import RNNRegressor
from skrnn._kernels.compiled_network import CompiledNetwork
from skrnn._kernels.training_step import CompiledStep
from skrnn._training.state import Run
from skrnn.exceptions import NonFiniteLossError
from tests.instruction_levels import needs_kernels
from tests.support import weights_of
from tests.training.data import SMALL, X, y

FROZEN = SMALL | {
    "n_estimators": 1,
    "linear_steps": None,
    "learning_rate": 1e-30,
    "dtype": "float64",
    "max_epochs": 2,
}


@pytest.mark.parametrize("is_weighted", [False, True])
def test_training_loss_is_the_mean_over_samples(is_weighted):
    """Also where the last batch is smaller than the others."""
    weight = np.random.default_rng(1).uniform(0.2, 4, len(X)) if is_weighted else None
    model = RNNRegressor(**FROZEN, batch_size=40, early_stopping=False)
    model.fit(X, y, weight)
    error = (model.predict(X) - y) ** 2
    spread = (y - np.average(y, weights=weight)) ** 2
    expected = np.average(error, weights=weight) / np.average(spread, weights=weight)
    assert_allclose(model.loss_curve_, [expected] * 2, rtol=1e-9)
    assert model.validation_loss_curve_ is None


def test_validation_loss_is_that_of_the_newest_samples():
    model = RNNRegressor(**FROZEN, validation_fraction=0.3, validation_gap=5)
    model.fit(X, y)
    cut = len(X) - 27
    error = (model.predict(X[cut:]) - y[cut:]) ** 2
    expected = error.mean() / y[: cut - 5].var()
    assert_allclose(model.validation_loss_curve_, [expected] * 2, rtol=1e-9)


def test_gradient_clipping_bounds_the_step():
    options = SMALL | {
        "optimizer": "sgd",
        "momentum": 0.0,
        "learning_rate": 1.0,
        "batch_size": None,
        "early_stopping": False,
    }
    start = RNNRegressor(**options, max_grad_norm=1e-9).partial_fit(X, y)
    clipped = RNNRegressor(**options, max_grad_norm=0.01).partial_fit(X, y)
    free = RNNRegressor(**options, max_grad_norm=None).partial_fit(X, y)
    step = (weights_of(clipped) - weights_of(start)).norm()
    assert_allclose(step, 0.01, rtol=1e-3)
    assert (weights_of(free) - weights_of(start)).norm() > 0.05


def test_clipping_saves_a_large_learning_rate():
    options = SMALL | {"optimizer": "sgd", "momentum": 0.0, "learning_rate": 10.0}
    options |= {"early_stopping": False, "max_epochs": 5, "batch_size": None}
    model = RNNRegressor(**options, max_grad_norm=0.02, warm_start=True)
    model.set_params(max_epochs=1).fit(X, y)
    for _ in range(4):
        before = weights_of(model).clone()
        model.fit(X, y)
        assert (weights_of(model) - before).norm() <= 10.0 * 0.02 * (1 + 1e-5)


class _Overflow(Callback):
    """Makes the gradient of the second batch infinite."""

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.n_batches_ = 0
        next(net.module_.stack.parameters()).register_hook(self._spoil)

    def _spoil(self, gradient):
        self.n_batches_ += 1
        return gradient * np.inf if self.n_batches_ == 2 else gradient


def test_gradient_beyond_all_numbers_is_clipped_to_nothing():
    # With a loss of torch autograd runs, and its hooks.
    options = SMALL | {"loss": torch.nn.MSELoss, "early_stopping": False}
    model = RNNRegressor(**options, max_epochs=3, callbacks=[_Overflow()]).fit(X, y)
    assert dict(model.net_.callbacks_)["_Overflow"].n_batches_ > 2
    assert np.isfinite(model.predict(X)).all()
    with pytest.raises(NonFiniteLossError, match="set max_grad_norm"):
        clone(model).set_params(max_grad_norm=None).fit(X, y)


@needs_kernels
def test_kernels_clip_such_a_gradient_too():
    model = RNNRegressor(**SMALL, max_epochs=1).fit(X, y)
    net = model.net_
    form = net.module_.standard_form()
    with CompiledNetwork(form, 1) as compiled:
        step = CompiledStep(compiled, ("squared_error", 0.0, 0.0, ()))
        step.prepare(form, net.optimizer_)
        for gradient in step.weight_gradients():
            gradient.fill_(np.inf)
        net.run = Run(net)
        net.run.step = step
        net.on_grad_computed(net, ())
    assert not math.isfinite(net.run.grad_norm)
    assert not any(gradient.any() for gradient in step.weight_gradients())
    net.run = None
