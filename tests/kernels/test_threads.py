"""The number of threads, and threads of the user's, change no bit."""

import threading

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from skrnn._kernels.layer import run_kernel
from skrnn._kernels.threads import current_handle, current_pool, kernel_threads
from tests.instruction_levels import needs_kernels
from tests.kernels.support import (
    fitted,
    new,
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


@pytest.mark.parametrize("batch_size", [7, 256])
def test_the_number_of_threads_changes_no_bit_of_vectors(batch_size):
    # So many that the threads share the sums of their gradients.
    options = {"categorical_features": [0, 2], "embedding_size": 40, "scale": False}
    results = [
        fitted(n, batch_size, **options, hidden_size=70, segment_length=2)[0]
        for n in (1, 2, 3)
    ]
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


def test_a_pool_is_of_one_thread_and_one_use():
    pools, others = [], []
    assert current_pool() is None
    assert current_handle() is None
    with kernel_threads(2):
        pools.append(current_pool())
        assert current_handle() == pools[0].handle is not None
        with kernel_threads(3):  # within another use
            assert current_pool() is pools[0]
        thread = threading.Thread(target=lambda: others.append(current_pool()))
        thread.start()
        thread.join()
    assert others == [None]
    assert current_pool() is None
    assert pools[0].handle is None
    pools[0].close()


def test_a_pool_is_closed_after_an_error():
    with pytest.raises(KeyError), kernel_threads(2):
        pool = current_pool()
        raise KeyError
    assert pool.handle is None
    assert current_pool() is None


def test_a_pool_keeps_memory_for_the_next_call():
    layer, x = new("gru", 2, 8, torch.float32), torch.ones(20, 6, 2)
    with kernel_threads(2):
        pool = current_pool()
        run_kernel(layer, x, None)[0].sum().backward()
        (size,) = pool._free
        (memory,) = pool._free[size]
        states = run_kernel(layer, x, None)[0]
        assert pool._free[size] == []
        states.sum().backward()
        del states
        assert pool._free[size][0] is memory
        kept = run_kernel(layer, x, None)[0]
    # What the pool no longer wants goes back.
    del kept
    assert pool._free == {}
    assert pool.take_memory(7).shape == (7,)
