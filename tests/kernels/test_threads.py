"""The number of threads, and threads of the user's, change no bit."""

import threading

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from tests.instruction_levels import needs_kernels
from tests.kernels.support import (
    fitted,
    sequences,
)

pytestmark = needs_kernels


@pytest.mark.parametrize("batch_size", [7, 64, None])
@pytest.mark.parametrize(
    "options",
    [
        {"pooling": "attention", "hidden_size": 20},
        {"pooling": "mean"},
        {"pooling": "max", "num_layers": 2},
        {"pooling": "mixed", "num_layers": 2},
        {},
    ],
)
def test_the_number_of_threads_changes_no_bit(batch_size, options):
    options = {"hidden_size": 130} | options
    results = [fitted(n, batch_size, **options)[0] for n in (1, 2, 3, 9)]
    for other in results[1:]:
        assert_array_equal(results[0], other)


def test_fits_in_threads_of_the_user_change_no_bit():
    expected, results = fitted(2, 32)[0], []

    def work():
        results.append(fitted(2, 32)[0])

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    for result in results:
        assert_array_equal(result, expected)


def test_predictions_in_threads_of_the_user_do_not_disturb_each_other():
    expected, model = fitted(2, 32)
    X, wrong = sequences(300, "float32"), []

    def work():
        for i in range(30):
            rows = slice(i, 300 - i)
            if not np.array_equal(model.predict(X[rows]), expected[rows]):
                wrong.append(i)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_denormal_numbers_stay_the_users():
    fitted(2, 32)
    least = torch.full((1,), torch.finfo(torch.float64).tiny, dtype=torch.float64)
    assert float(least / 2) > 0
    assert np.finfo(np.float64).tiny / 2 > 0
