"""Optimisers against torch's own and by hand."""

import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from skrnn import RNNRegressor
from skrnn._training.optimizers import optimizer_spec
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
