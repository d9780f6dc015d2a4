"""The linear path that torch differentiates, beside the one that predicts."""

import numpy as np
import pytest
import torch

from skrnn._preprocessing.linear_path import LinearPath
from skrnn.inspection._linear_path import DifferentiableLinearPath


@pytest.mark.parametrize("n_steps", [0, 2, 5])
@pytest.mark.parametrize("is_code", [None, [True, False, False]])
@pytest.mark.parametrize("is_ragged", [True, False])
def test_both_predict_the_same(n_steps, is_code, is_ragged):
    rng = np.random.default_rng(0)
    path = LinearPath(3, 3, 2, is_code)
    for name in ("center", "weight", "bias"):
        buffer = getattr(path, name)
        buffer.copy_(torch.from_numpy(rng.normal(size=buffer.shape)))
    x = rng.normal(size=(8, n_steps, 3))
    x[rng.random(x.shape) < 0.3] = np.nan
    x, lengths = torch.from_numpy(x), None
    if is_ragged:
        lengths = torch.from_numpy(rng.integers(0, n_steps + 1, 8))
    with torch.no_grad():
        expected = path(x, lengths)
    found = DifferentiableLinearPath(path)(x.requires_grad_(), lengths)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    if n_steps == 0:
        return
    found.sum().backward()
    assert x.grad.isfinite().all()
