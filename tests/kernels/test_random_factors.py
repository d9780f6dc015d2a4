"""Random numbers of dropout: known answers, and the same bits by every way."""

import numpy as np
import pytest
import torch

from skrnn._kernels.random_factors import _fill, keep_factors, new_keys, scramble
from tests.instruction_levels import needs_kernels
from tests.support import seeded


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [  # of Random123, the authors' library
        ((0, 0, 0, 0), 0, (0x9C6CA96A, 0xE17EAE66, 0xFC10ECD4, 0x5256A7D8)),
    ],
)
def test_known_answers(counter, key, words):
    given = np.array(counter, dtype=np.uint32)[:, None]
    found = scramble(given, key, n_rounds=20)[:, 0]
    assert tuple(int(word) for word in found) == words


def test_each_number_has_a_place_of_its_own():
    key, p = 2**62 + 12345678901, 0.3
    factors = keep_factors(key, p, (3, 5, 7), torch.float64)
    for i, t, c in np.ndindex(3, 5, 7):
        counter = np.array([i, t, c // 4, 0], dtype=np.uint32)[:, None]
        is_kept = scramble(counter, key)[c % 4, 0] >= int(p * 2**32)
        assert factors[i, t, c] == (1 / (1 - p) if is_kept else 0)


@needs_kernels
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(1, 1), (3, 70), (40, 7, 5), (2, 3, 64), (0, 4)])
def test_kernels_draw_the_same(level, dtype, shape):
    key = int(new_keys(seeded(), 1))
    ours = keep_factors(key, 0.2, shape, dtype)
    twin = torch.empty(shape[0], *(shape[1:-1] or (1,)), shape[-1], dtype=dtype)
    _fill(twin.numpy(), key, 0.2)
    assert torch.equal(ours, twin.view(shape))


@pytest.mark.parametrize("p", [0.0, 0.05, 0.5, 0.95])
def test_share_and_independence(p):
    factors = keep_factors(99, p, (200, 20, 25), torch.float32)
    dropped = (factors == 0).double()
    error = (p * (1 - p) / dropped.numel()) ** 0.5
    assert abs(float(dropped.mean()) - p) <= 4 * error
    if p:
        assert float(factors.max()) == pytest.approx(1 / (1 - p))
        others = keep_factors(100, p, (200, 20, 25), torch.float32) == 0
        both = float((dropped * others).mean())
        assert both == pytest.approx(p * p, abs=5 * error)
        for axis in range(3):  # neighbours are as independent
            n = dropped.shape[axis]
            left, right = dropped.narrow(axis, 0, n - 1), dropped.narrow(axis, 1, n - 1)
            assert float((left * right).mean()) == pytest.approx(p * p, abs=5 * error)


def test_keys_are_the_same_one_by_one_and_together():
    one_by_one, together = seeded(), seeded()
    keys = [int(new_keys(one_by_one, 1)) for _ in range(37)]
    assert new_keys(together, 37).tolist() == keys
    assert torch.equal(one_by_one.get_state(), together.get_state())
