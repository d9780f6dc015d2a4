"""What holds of every kind of fixed convolutions, whatever their features are."""

import numpy as np
import torch
from numpy.testing import assert_array_equal

from skrnn._kernels.threads import kernel_threads
from tests.support import seeded


def gaussian(n_samples, n_steps, n_features, seed=0):
    """Sequences (n_samples, n_steps, n_features) of normal numbers."""
    return torch.randn(n_samples, n_steps, n_features, generator=seeded(seed))


def check_batch_and_padding(model, n_features):
    """Neither the other sequences nor what follows a sequence changes a bit of it."""
    x, lengths = gaussian(5, 60, n_features), torch.tensor([60, 17, 3, 0, 45])
    features = model(x, lengths)
    x[torch.arange(60) >= lengths[:, None]] = torch.nan
    longer = torch.cat([x, torch.full((5, 40, n_features), torch.inf)], dim=1)
    assert_array_equal(model(longer, lengths), features)
    for i, n_steps in enumerate(lengths):
        assert_array_equal(model(x[i : i + 1, :n_steps])[0], features[i])
        assert_array_equal(model(longer[i : i + 1], lengths[i : i + 1])[0], features[i])


def check_threads(model, n_threads):
    """The number of threads changes no bit."""
    x, lengths = gaussian(10, 50, 3), torch.arange(10) * 5
    alone = model(x, lengths)
    with kernel_threads(n_threads):
        for _ in range(3):
            assert_array_equal(model(x, lengths), alone)


def check_nothing(model):
    """No sequence has no features, and one without a step those that are zero."""
    assert model(torch.zeros(0, 5, 2)).shape == (0, model.n_outputs)
    assert_array_equal(model(torch.zeros(2, 0, 2)), np.zeros((2, model.n_outputs)))


def check_strides_and_types(model, x):
    """Neither the order in memory nor double precision changes a bit."""
    features = model(x)
    other = x.transpose(1, 2).contiguous().transpose(1, 2)
    assert_array_equal(model(other, torch.full((8,), 20)[::2]), features)
    assert_array_equal(model.double()(x.double()), features)
