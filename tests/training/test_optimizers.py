"""Optimisers against torch's own and by hand."""

import subprocess
import sys

import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from skrnn import RNNRegressor
from skrnn._training.optimizers import call, new_optimizer, optimizer_spec
from tests.instruction_levels import needs_kernels
from tests.support import weights_of
from tests.training.data import SMALL, X, y


@pytest.mark.parametrize(
    ("name", "kind", "extra"),
    [
        ("sgd", torch.optim.SGD, {"momentum": 0.7, "nesterov": True}),
        ("adagrad", torch.optim.Adagrad, {}),
        ("rmsprop", torch.optim.RMSprop, {"momentum": 0.7}),
        ("adam", torch.optim.Adam, {}),
        ("adamw", torch.optim.AdamW, {}),
        ("nadam", torch.optim.NAdam, {}),
    ],
)
@pytest.mark.parametrize("weight_decay", [0, 0.25])
def test_specs(name, kind, extra, weight_decay):
    spec = optimizer_spec(
        name, learning_rate=0.3, momentum=0.7, nesterov=True, weight_decay=weight_decay
    )
    assert spec == (kind, {"lr": 0.3, "weight_decay": weight_decay} | extra)
    made, twin = (nn.Parameter(torch.tensor([1.0, -2.0])) for _ in range(2))
    mine = spec[0]([made], **spec[1])
    theirs = kind([twin], lr=0.3, weight_decay=weight_decay, **extra)
    for _ in range(3):
        for parameter, optimizer in ((made, mine), (twin, theirs)):
            parameter.grad = 2 * parameter.detach()
            optimizer.step()
    assert torch.equal(made, twin)


def test_plain_gradient_descent_by_hand():
    kind, options = optimizer_spec(
        "sgd", learning_rate=0.1, momentum=0.5, nesterov=False, weight_decay=0.2
    )
    parameter = nn.Parameter(torch.tensor([3.0], dtype=torch.float64))
    optimizer = kind([parameter], **options)
    value, speed = 3.0, None
    for _ in range(5):
        parameter.grad = parameter.detach() ** 2
        optimizer.step()
        gradient = value**2 + 0.2 * value
        speed = gradient if speed is None else 0.5 * speed + gradient
        value -= 0.1 * speed
    assert_allclose(parameter.item(), value, rtol=1e-12)


@pytest.mark.parametrize("kind", [torch.optim.Adamax, torch.optim.RAdam])
def test_classes_get_what_they_understand(kind):
    options = {"learning_rate": 0.3, "momentum": 0.9, "nesterov": True}
    assert optimizer_spec(kind, weight_decay=0.0, **options) == (kind, {"lr": 0.3})
    expected = {"lr": 0.3, "weight_decay": 0.5}
    assert optimizer_spec(kind, weight_decay=0.5, **options) == (kind, expected)


@pytest.mark.parametrize(
    "optimizer",
    ["adam", "adamw", "nadam", "rmsprop", "adagrad", "sgd", torch.optim.RAdam],
)
def test_optimizers_lower_the_loss(optimizer):
    model = RNNRegressor(
        **SMALL | {"linear_steps": None, "learning_rate": 0.01},
        optimizer=optimizer,
        max_epochs=25,
    )
    curve = model.fit(X, y).loss_curve_
    assert curve[-1] < 0.9 * curve[0]


def test_weight_decay_shrinks_the_weights():
    norms = [
        weights_of(
            RNNRegressor(**SMALL, max_epochs=30, weight_decay=w).fit(X, y)
        ).norm()
        for w in (0, 0.1)
    ]
    assert norms[1] < 0.8 * norms[0]


FIRST_FIT = """
import sys
import numpy as np
from skrnn import RNNClassifier, RNNRegressor
X = np.random.default_rng(0).normal(size=(30, 5))
options = {"hidden_size": 3, "max_epochs": 2, "n_estimators": 1}
RNNRegressor(**options, early_stopping=False, warm_start=True).fit(X, X[:, 0]).fit(
    X, X[:, 0]
)
RNNClassifier(**options, parts="network", early_stopping=False).fit(X, X[:, 0] > 0)
assert "torch" in sys.modules
print([name for name in ("torch._dynamo", "sktime", "sympy") if name in sys.modules])
"""


@needs_kernels  # autograd is left by networks that kernels train
def test_the_first_fit_does_not_import_the_compiler_of_torch():
    command = [sys.executable, "-c", FIRST_FIT]
    shown = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert shown == "[]\n"


def test_methods_without_the_compiler_do_what_torch_has_them_do(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch._dynamo", raising=False)
    options = {"lr": 0.1, "weight_decay": 0.5}
    weights = [nn.Parameter(torch.tensor([1.0, -2.0])) for _ in range(2)]
    mine = new_optimizer(torch.optim.Adam, weights[:1], options)
    twin = torch.optim.Adam(weights[1:], **options)
    assert type(mine) is torch.optim.Adam
    assert vars(mine).keys() == vars(twin).keys()
    for weight, optimizer in zip(weights, (mine, twin), strict=True):
        weight.grad = torch.ones(2)
        optimizer.step()
    state = call(mine, "state_dict")
    wanted = twin.state_dict()
    assert state["param_groups"] == wanted["param_groups"]
    for name, value in wanted["state"][0].items():
        assert torch.equal(state["state"][0][name], value)
    call(twin, "load_state_dict", state)
    assert torch.equal(twin.state[weights[1]]["exp_avg"], state["state"][0]["exp_avg"])


def test_methods_of_an_optimiser_of_the_user_are_called():
    class Own(torch.optim.SGD):
        def add_param_group(self, param_group):
            self.n_groups = getattr(self, "n_groups", 0) + 1
            super().add_param_group(param_group)

        def state_dict(self):
            return {"own": True}

    optimizer = new_optimizer(Own, [nn.Parameter(torch.ones(1))], {"lr": 0.1})
    assert optimizer.n_groups == 1
    assert call(optimizer, "state_dict") == {"own": True}
