"""Vectors in the place of codes: against torch's own, with gradients."""

import numpy as np
import pytest
import torch

from skrnn._network.embedding import CodeEmbedding, embedding_size
from tests.network.support import close, every_cell
from tests.support import new_network, seeded, shake, torch_layers

N_CODES, SIZE = 6, 3
CODES = torch.randint(0, N_CODES, (5, 7, 1), generator=seeded())
LENGTHS = torch.tensor([7, 1, 4, 6, 2])


def new_embedding(n_codes=(N_CODES,), sizes=(SIZE,), vectors=None, **options):
    return CodeEmbedding(n_codes, sizes, vectors, generator=seeded(), **options)


def of_codes(cell="gru", **options):
    options = {"cell": cell, "embedding": new_embedding(), "n_targets": 2} | options
    return shake(new_network(1, **options))


@every_cell
@pytest.mark.parametrize("tbptt_steps", [None, 7])
def test_outputs_and_gradients_equal_torch(cell, tbptt_steps):
    network = of_codes(cell, tbptt_steps=tbptt_steps).eval()
    table = network.embedding.tables[0]
    twin, weight = torch_layers(network.stack, cell), table.detach().clone()
    weight.requires_grad_()
    found = network(CODES.double(), LENGTHS)
    rows = []
    for codes, length in zip(CODES, LENGTHS, strict=True):
        states, _ = twin(weight[codes[:length, 0]][None])
        rows.append(states[0, -1])
    expected = network.head(torch.stack(rows)).unflatten(1, (2, 1))
    close(found, expected)
    for output, of in ((found, table), (expected, weight)):
        (output**2).sum().backward()
        assert of.grad is not None
    close(table.grad, weight.grad)


def test_gradients_in_parts_reach_the_table():
    network = of_codes(tbptt_steps=3, pooling="mean")
    (network(CODES.double()) ** 2).sum().backward()
    assert (network.embedding.tables[0].grad[CODES.unique()] != 0).any(1).all()


def test_numbers_and_channels_stay():
    embedding = new_embedding((0, 4, 0, 2), (1, 2, 1, 3), n_more=1)
    x = torch.tensor([[[0.5, 3.0, -2.0, 1.0, 9.0], [1.5, 0.0, 4.0, 0.0, 8.0]]])
    first, second = embedding.tables
    found = embedding(x.double())
    assert found.shape == (1, 2, embedding.size) == (1, 2, 8)
    for step, given in zip(found[0], x[0], strict=True):
        a, i, b, j, more = given.tolist()
        expected = [a, *first[int(i)].tolist(), b, *second[int(j)].tolist(), more]
        assert step.tolist() == expected


def test_it_begins_with_what_is_given():
    vectors = np.full((N_CODES, SIZE), np.nan, np.float32)
    vectors[2], vectors[4] = [0.1, 0.2, 0.3], [-0.1, -0.2, -0.3]
    table = new_embedding(vectors=vectors).tables[0].detach().numpy()
    np.testing.assert_array_equal(table[[2, 4]], vectors[[2, 4]])
    assert (table[0] == 0).all()  # the unknown one
    others, plain = table[[1, 3, 5]], new_embedding().tables[0].detach().numpy()
    np.testing.assert_allclose(others, plain[[1, 3, 5]] * vectors[[2, 4]].std())
    assert (plain[0] == 0).all()
    many = new_embedding((5000,), (4,)).tables[0]
    assert abs(many[1:].std().item() - 1) < 0.02


def test_padding_is_never_seen():
    for options in ({}, {"segment_length": 3}):
        network = of_codes(**options).eval()
        padded = CODES.double()
        for sample, length in zip(padded, LENGTHS, strict=True):
            sample[length:] = 5.0
        close(network(padded, LENGTHS), network(CODES.double(), LENGTHS))


def test_sizes():
    assert [embedding_size(n) for n in (2, 3, 10, 99, 100, 10**6)] == [
        *(1, 2, 5, 50),
        *(50, 50),
    ]
