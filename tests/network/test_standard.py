"""Which networks have a standard form, and what it says of them."""

import pytest
import torch

from skrnn._kernels.library import library
from skrnn._preprocessing.scaling import Scaling
from tests.instruction_levels import needs_kernels
from tests.network.support import F, H, L, every_cell, new_network


def scaling_of(**options):
    options = {"instance_norm": None, "indicator": False} | options
    return Scaling(F, 2, **options)


@needs_kernels
@every_cell
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "mixed"])
@pytest.mark.parametrize("num_layers", [1, 3])
def test_form(cell, pooling, num_layers):
    network = new_network(pooling, cell=cell, num_layers=num_layers)
    form = network.standard_form()
    assert (form.cell, form.pooling, form.n_layers) == (cell, pooling, num_layers)
    assert (form.n_features, form.hidden_size, form.n_outputs) == (F, H, 2)
    assert not form.is_relu
    weights = list(network.parameters())
    assert len(form.weights) == len(weights) == 4 * num_layers + 2
    for mine, theirs in zip(form.weights, weights, strict=True):
        assert mine is theirs
    assert form.x_mean is network.scaling.x_mean
    assert form.x_scale is network.scaling.x_scale


@needs_kernels
def test_form_of_others():
    network = new_network(cell="rnn", nonlinearity="relu", segment_length=3)
    form = network.standard_form()
    assert form.is_relu
    assert form.cell == "rnn"
    assert form.n_features == 3 * F
    assert network.to(torch.float32).standard_form().weights[0].dtype == torch.float32


@pytest.mark.parametrize(
    "options",
    [
        {"pooling": "attention"},
        {"bidirectional": True},
        {"norm": "layer"},
        {"norm": "batch"},
        {"num_layers": 2, "residual": True},
        {"target_group": 1},
    ],
    ids=str,
)
def test_not_standard(options):
    assert new_network(**options).standard_form() is None


def test_no_form_where_there_are_no_kernels(monkeypatch):
    monkeypatch.setattr("skrnn._network.standard.library", lambda: None)
    assert new_network().standard_form() is None
    monkeypatch.setattr("skrnn._network.standard.library", library)
    network = new_network().to(torch.bfloat16)
    assert network.standard_form() is None


@needs_kernels
@pytest.mark.parametrize(
    ("options", "is_composed"),
    [
        ({}, False),
        ({"dropout": 0.1}, True),
        ({"recurrent_dropout": 0.1}, True),
        ({"input_noise": 0.1}, False),
        ({"scaling": scaling_of(instance_norm="last")}, False),
        ({"scaling": scaling_of(indicator=True)}, False),
        ({"tbptt_steps": L - 1}, True),
        ({"tbptt_steps": L}, False),
        ({"tbptt_steps": 3, "segment_length": 3}, False),
        ({"tbptt_steps": 2, "segment_length": 3}, True),
    ],
    ids=str,
)
def test_gradients(options, is_composed):
    network = new_network(**options)
    form = network.training_form(L)
    assert (form.composition is not None) == is_composed
    assert network.standard_form() is not None


@needs_kernels
@pytest.mark.parametrize("norm", [None, "layer", "batch"])
@pytest.mark.parametrize("pooling", ["last", "attention"])
def test_composed_form(norm, pooling):
    options = {"bidirectional": True, "num_layers": 2, "norm": norm, "residual": True}
    network = new_network(pooling, **options, dropout=0.1, recurrent_dropout=0.2)
    form = network.training_form(L)
    parts = form.composition
    assert parts.kind == (2, norm, True)
    assert (parts.dropout, parts.recurrent_dropout) == (0.1, 0.2)
    weights = {id(weight) for weight in network.parameters()}
    assert len(form.weights) == len(weights)
    assert {id(weight) for weight in form.weights} == weights
    assert len(parts.moments) == (4 if norm == "batch" else 0)
    assert parts.n_keys(2, L) == 4 + 1 + 1


@needs_kernels
def test_what_kernels_cannot_train():
    assert new_network(target_group=1).training_form(L) is None
    network = new_network(norm="batch")
    network.stack.layers[0].norm.requires_grad_(False)
    assert network.training_form(L) is None


@needs_kernels
@pytest.mark.parametrize(
    ("options", "is_scaled"),
    [
        ({}, False),
        ({"segment_length": 3}, True),
        ({"scaling": scaling_of(instance_norm="last")}, True),
        ({"scaling": scaling_of(indicator=True)}, True),
    ],
    ids=str,
)
def test_inputs_of_kernels(options, is_scaled):
    network = new_network(**options).eval()
    x, lengths = torch.ones(2, L, F), torch.tensor([L, 2])
    given = network.scaled_inputs(network.read(x, lengths))
    read, steps, done = given[:3]
    assert set(given[3:]) == {None}
    assert done == is_scaled
    assert (read is x) == (not is_scaled)
    expected = network.n_steps(lengths)
    assert torch.equal(steps, expected)
    if is_scaled:
        assert torch.equal(read, network.inputs(network.read(x, lengths)))
