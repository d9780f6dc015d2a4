"""Filters before the recurrence, against torch's convolution and by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from skrnn import RNNClassifier
from skrnn._network.filters import Filters, n_read
from tests.estimator.data import LABELS, SMALL, X
from tests.network.support import LENGTHS, F, L, N
from tests.network.test_segments import new_network
from tests.support import normal, seeded, shake


@pytest.mark.parametrize(
    ("length", "expected"), [(None, 8), (1, 8), (3, 3), (4, 2), (7, 2), (30, 2)]
)
def test_segments_that_are_read(length, expected):
    assert n_read(length) == expected
    assert expected == 2 or (expected - 1) * (length or 1) < 8


@pytest.mark.parametrize("length", [1, 3])
def test_filters_are_a_convolution(length):
    """One whose windows end with each segment, that length apart."""
    filters = shake(Filters(F * length, 6, length, seeded()).double())
    size = filters.n_read * length
    x = normal(N, 4 * length, F)
    twin = nn.Conv1d(F, 6, size, stride=length, dtype=torch.float64)
    weight = filters.project.weight.detach().view(6, size, F)
    with torch.no_grad():
        twin.weight.copy_(weight.transpose(1, 2))
        twin.bias.copy_(filters.project.bias)
        before = torch.zeros(N, size - length, F, dtype=torch.float64)
        expected = twin(torch.cat([before, x], dim=1).transpose(1, 2)).relu()
    found = filters(x.reshape(N, 4, length * F))
    torch.testing.assert_close(found, expected.transpose(1, 2), rtol=0, atol=1e-12)


@pytest.mark.parametrize("length", [None, 2, 5])
def test_a_sequence_is_read_as_if_it_stood_alone(length):
    options = {"cell": "gru", "pooling": "mean", "n_filters": 4}
    network = shake(new_network(F, length, **options)).eval()
    x = normal(N, L, F)
    with torch.no_grad():
        found = network(x, LENGTHS)
        for row, n in enumerate(LENGTHS):
            alone = network(x[row : row + 1, :n])
            torch.testing.assert_close(found[row : row + 1], alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "ragged"])
def test_gradients(lengths):
    network = shake(new_network(F, 2, cell="lstm", n_filters=3))
    x = normal(N, L, F).requires_grad_()
    names, values = zip(*network.named_parameters(), strict=True)

    def run(x, *values):
        given = dict(zip(names, values, strict=True))
        return torch.func.functional_call(network, given, (x, lengths))

    assert torch.autograd.gradcheck(run, (x, *values))


@pytest.mark.parametrize("length", [None, 2])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "ragged"])
def test_parts_of_a_sequence_know_what_was_before(length, lengths):
    """Where no step knows the one before, there is nothing that parts cut off."""
    options = {"cell": "rnn", "pooling": "mean", "n_filters": 4}
    network, x = shake(new_network(F, length, **options)), normal(N, L, F)
    torch.nn.init.zeros_(network.stack.layers[0].directions[0].weight_hh_l0)
    found = []
    for network.tbptt_steps in (None, 1, 2):
        network.zero_grad()
        network(x, lengths).square().sum().backward()
        found.append(network.filters.project.weight.grad.clone())
    assert found[0].abs().max() > 0.1
    torch.testing.assert_close(found[1:], [found[0]] * 2, rtol=0, atol=1e-12)


def test_weights_go_on_from_another_estimator():
    options = SMALL | {"n_filters": 3, "n_estimators": 1, "n_kernels": None}
    donor = RNNClassifier(**options).fit(X, LABELS)
    model = RNNClassifier(**options, init=donor, frozen="filters").fit(X, LABELS)
    states = (m.net_.module_.filters.state_dict() for m in (donor, model))
    for mine, theirs in zip(*(state.values() for state in states), strict=True):
        assert torch.equal(mine, theirs)
    assert not np.array_equal(donor.predict_proba(X), model.predict_proba(X))
    with pytest.raises(ValueError, match="n_filters=3, so its layers do not fit"):
        RNNClassifier(**options | {"n_filters": 4, "init": donor}).fit(X, LABELS)
