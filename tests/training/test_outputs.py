"""Outputs of a network, a batch at a time."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skrnn import RNNRegressor
from skrnn._sequences.sources import as_source
from skrnn._training.outputs import evaluation_batch
from tests.training.data import SMALL, X, y


def test_prediction_of_a_sample_does_not_depend_on_the_others():
    ragged = [X[i, : 1 + i % 7, None] for i in range(len(X))]
    model = RNNRegressor(**SMALL, max_epochs=2, bidirectional=True).fit(ragged, y)
    alone = np.concatenate([model.predict([sample]) for sample in ragged])
    assert_allclose(model.predict(ragged), alone, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize("n_steps", [5, 500, 500_000])
def test_batches_of_outputs_hold_a_bounded_amount_of_numbers(n_steps, is_compiled):
    model = RNNRegressor("lstm", 8, num_layers=2, max_epochs=1, bidirectional=True)
    network = model.fit(X, y).net_.module_
    source = as_source(np.broadcast_to(np.float32(0), (9, n_steps, 1)))
    size = evaluation_batch(network, source, is_compiled=is_compiled)
    # A feature, and six numbers for each unit of two layers in two directions.
    numbers = n_steps * (1 + (0 if is_compiled else 2 * 16 * 6))
    assert 1 <= size <= 4096
    assert size == 1 or size * numbers <= 2**22
    assert size == 4096 or (size + 1) * numbers > 0.9 * 2**22
