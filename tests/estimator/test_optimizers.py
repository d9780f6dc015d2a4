"""Steps of the optimisers are those of torch, and gradients are bounded."""

import copy

import pytest
import torch
from sklearn.base import clone

from skrnn import RNNRegressor
from tests.estimator.data import SMALL, X, y
from tests.support import network_of, weights_of


def torch_twin(model, optimizer, n_steps):
    """Full-batch training of a copy of a network by torch alone."""
    twin = copy.deepcopy(network_of(model))
    scaled = (torch.as_tensor(y) - twin.scaling.y_mean) / twin.scaling.y_scale
    optimizer = optimizer(twin.parameters())
    for _ in range(n_steps):
        optimizer.zero_grad()
        out = twin(torch.as_tensor(X)[:, :, None])[:, 0, 0]
        (out - scaled).square().mean().backward()
        optimizer.step()
    return torch.cat([p.detach().flatten() for p in twin.parameters()])


@pytest.mark.parametrize(
    ("options", "optimizer"),
    [
        ({"optimizer": "sgd", "momentum": 0.0}, lambda p: torch.optim.SGD(p, 0.1)),
        ({"optimizer": "sgd"}, lambda p: torch.optim.SGD(p, 0.1, momentum=0.9)),
        (
            {"optimizer": "sgd", "nesterov": True, "momentum": 0.5},
            lambda p: torch.optim.SGD(p, 0.1, momentum=0.5, nesterov=True),
        ),
        ({"optimizer": "adagrad"}, lambda p: torch.optim.Adagrad(p, 0.1)),
        (
            {"optimizer": "rmsprop"},
            lambda p: torch.optim.RMSprop(p, 0.1, momentum=0.9),
        ),
        ({"optimizer": "adam"}, lambda p: torch.optim.Adam(p, 0.1)),
        (
            {"optimizer": "adamw", "weight_decay": 0.3},
            lambda p: torch.optim.AdamW(p, 0.1, weight_decay=0.3),
        ),
        ({"optimizer": "nadam"}, lambda p: torch.optim.NAdam(p, 0.1, weight_decay=0)),
        ({"optimizer": torch.optim.Adamax}, lambda p: torch.optim.Adamax(p, 0.1)),
    ],
    ids=lambda value: str(value.get("optimizer")) if isinstance(value, dict) else "",
)
def test_full_batch_steps_equal_those_of_torch(options, optimizer):
    model = RNNRegressor(
        "lstm",
        **SMALL | {"max_epochs": 1},
        linear_steps=None,
        learning_rate=1e-300,
        dtype="float64",
        batch_size=None,
        max_grad_norm=None,
    ).fit(X, y)
    start = clone(model).set_params(
        init=model, max_epochs=3, learning_rate=0.1, **options
    )
    start.fit(X, y)
    expected = torch_twin(model, optimizer, 3)
    torch.testing.assert_close(weights_of(start), expected, rtol=0, atol=1e-10)


def test_clipping_by_value_bounds_each_number():
    options = {**SMALL, "max_epochs": 1, "batch_size": None, "optimizer": "sgd"}
    options |= {"momentum": 0, "max_grad_norm": None, "learning_rate": 1.0}
    start = RNNRegressor(**options | {"learning_rate": 1e-30}).fit(X, y)
    model = RNNRegressor(**options, max_grad_value=1e-3).fit(X, y)
    moved = (weights_of(model) - weights_of(start)).abs()
    assert moved.max() <= 1e-3 + 1e-7
    assert (moved > 0.99e-3).sum() > 5
