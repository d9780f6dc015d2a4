"""Batches: every sample once, in an order drawn anew."""

import numpy as np
import torch
from numpy.testing import assert_array_equal

from skrnn import RNNRegressor
from skrnn._sequences.sources import as_source
from skrnn._training.batches import BatchIterator, SequenceDataset
from tests.support import same_bits
from tests.training.data import SMALL, X, y


def test_batches_hold_every_sample_once():
    data = SequenceDataset(as_source(X), np.arange(len(X)))
    generator = torch.Generator().manual_seed(0)
    batches = BatchIterator(data, 40, generator)
    orders = []
    for _ in range(2):
        read = list(batches)
        assert [len(inputs["x"]) for inputs, _ in read] == [40, 40, 10]
        order = torch.cat([wanted for _, wanted in read])
        values = torch.cat([inputs["x"] for inputs, _ in read])
        assert_array_equal(values[:, :, 0], X[order])
        assert_array_equal(np.sort(order), np.arange(len(X)))
        orders.append(order)
    assert not torch.equal(*orders)
    in_order = [wanted for _, wanted in BatchIterator(data, 40)]
    assert_array_equal(torch.cat(in_order), np.arange(len(X)))


def test_shuffle_changes_the_order_of_the_batches():
    options = SMALL | {"max_epochs": 2, "early_stopping": False}
    models = [RNNRegressor(**options, shuffle=s).fit(X, y) for s in (True, False)]
    assert not same_bits(*models)
    whole = [m.set_params(batch_size=None).fit(X, y) for m in models]
    assert same_bits(*whole)
