"""What is taken off targets, against loops over samples and targets."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from skrnn._preprocessing.baseline import Baseline
from skrnn._preprocessing.linear_path import LinearPath
from skrnn._preprocessing.scaling import WindowMoments

N, L, F, K, S = 4, 5, 2, 3, 2
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, L, F)) * [3.0, 0.2] + [5.0, -1.0]
LEVEL, DEVIATION = RNG.normal(size=(N, F)), RNG.uniform(0.5, 2, size=(N, F))
FEATURE = [1, 0, 1]


def new_path():
    path = LinearPath(S, F, K)
    for buffer in path.buffers():
        buffer.copy_(torch.from_numpy(RNG.normal(size=buffer.shape)))
    return path


def new_baseline(*, has_level, path):
    baseline = Baseline(K, has_level=has_level, linear_path=path)
    baseline.feature.copy_(torch.tensor(FEATURE))
    return baseline


@pytest.mark.parametrize("has_deviation", [True, False])
@pytest.mark.parametrize("has_path", [True, False])
@pytest.mark.parametrize("has_level", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_baseline_equals_a_loop(has_level, has_path, has_deviation, dtype):
    path = new_path() if has_path else None
    baseline = new_baseline(has_level=has_level, path=path)
    assert baseline.is_zero == (not has_level and not has_path)
    x = torch.from_numpy(X).to(dtype)
    deviation = DEVIATION if has_deviation else np.ones((N, F))
    moments = None
    if has_level:
        scale = torch.from_numpy(DEVIATION) if has_deviation else None
        moments = WindowMoments(torch.from_numpy(LEVEL), scale)
    with torch.no_grad():
        found = baseline(x, None, moments)
    assert found.dtype == torch.float64
    found = np.broadcast_to(found.numpy(), (N, K))
    for i in range(N):
        steps = x[i].double().numpy()
        if has_level:
            steps = (steps - LEVEL[i]) / deviation[i]
        older, newest = steps[-2] - steps[-1], steps[-1]
        for k in range(K):
            expected = 0.0
            if has_path:
                pairs = zip(path.weight[k].tolist(), [*older, *newest], strict=True)
                center = path.center.tolist()
                expected = float(path.bias[k]) + math.fsum(
                    w * (v - c) for (w, v), c in zip(pairs, center, strict=True)
                )
            if has_level:
                f = FEATURE[k]
                expected = LEVEL[i, f] + deviation[i, f] * expected
            assert_allclose(found[i, k], expected, rtol=1e-10, atol=1e-12)


def test_spread_is_that_of_the_feature_of_a_target():
    moments = WindowMoments(torch.from_numpy(LEVEL), torch.from_numpy(DEVIATION))
    spread = new_baseline(has_level=True, path=None).spread(moments)
    assert_allclose(spread, DEVIATION[:, FEATURE])
    assert new_baseline(has_level=False, path=None).spread(moments) is None
    plain = WindowMoments(torch.from_numpy(LEVEL), None)
    spread = new_baseline(has_level=True, path=None).spread(plain)
    assert spread.tolist() == [[1.0] * K] * N
