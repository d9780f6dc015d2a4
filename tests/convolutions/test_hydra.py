"""Competing convolutions against a slow twin, and what changes no bit of a sample."""

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skrnn._convolutions import base
from skrnn._convolutions.hydra import Hydra, new_hydra
from skrnn._kernels import library as kernel_library
from tests.convolutions.checks import (
    check_batch_and_padding,
    check_nothing,
    check_strides_and_types,
    check_threads,
    gaussian,
)
from tests.instruction_levels import needs_kernels


def new(n_features, dilations, n_groups=3, seed=0):
    generator = np.random.default_rng(seed)
    model = Hydra(n_features, len(dilations), n_groups)
    model.dilations.copy_(torch.tensor(dilations))
    model.is_change[::2] = True
    channels = generator.random(model.channels.shape) < 0.4
    channels[generator.random(channels.shape[:2]) < 0.3] = True  # some in a row alike
    model.channels.copy_(torch.from_numpy(channels))
    model.weights.copy_(torch.from_numpy(generator.normal(size=model.weights.shape)))
    return model


def twin(model, x, lengths=None):
    """The definition, step by step, in double precision."""
    names = ("dilations", "is_change", "channels", "weights")
    dilations, is_change, channels, weights = (getattr(model, n).numpy() for n in names)
    features = np.zeros((len(x), *channels.shape[:2], 8, 2))
    for i, row in enumerate(x.numpy().astype(np.float64)):
        row = row if lengths is None else row[: int(lengths[i])]
        for s, g in np.ndindex(*channels.shape[:2]):
            u = row[:, channels[s, g]].sum(axis=1)
            u = u[1:] - u[:-1] if is_change[s] else u
            responses = np.zeros((len(u), 8))
            for j in range(9):
                at = np.arange(len(u)) + (j - 4) * dilations[s]
                (inside,) = np.nonzero((at >= 0) & (at < len(u)))
                responses[inside] += weights[s, g, j] * u[at[inside], None]
            for response in responses:
                features[i, s, g, response.argmax(), 0] += response.max() / len(u)
                features[i, s, g, response.argmin(), 1] -= response.min() / len(u)
    return np.sqrt(np.maximum(features, 0)).reshape(len(x), -1)


@pytest.mark.parametrize("n_features", [1, 7])
def test_equals_the_definition(level, n_features):
    model, x = new(n_features, [1, 1, 4]), gaussian(7, 41, n_features)
    lengths = torch.tensor([41, 0, 1, 2, 7, 16, 33])
    for given_lengths in (None, lengths):
        features = model(x, given_lengths)
        assert features.dtype == torch.float32
        assert features.shape == (7, model.n_outputs) == (7, 3 * 3 * 8 * 2)
        expected = twin(model, x, given_lengths)
        assert_allclose(features, expected, rtol=1e-5, atol=1e-6)


def test_dilations_beyond_the_sequence(level):
    model, x = new(1, [50, 10**15]), gaussian(2, 20, 1)
    assert_allclose(model(x), twin(model, x), rtol=1e-5, atol=1e-6)


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=4),
    st.integers(1, 4),
    st.lists(st.integers(1, 12), min_size=1, max_size=3),
    st.integers(0, 1000),
)
def test_any_shape_equals_the_definition(lengths, n_features, dilations, seed):
    model = new(n_features, dilations, 2, seed)
    x = gaussian(len(lengths), max(*lengths, 1), n_features, seed)
    lengths = torch.tensor(lengths)
    assert_allclose(model(x, lengths), twin(model, x, lengths), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n_features", [1, 5])
def test_neither_the_batch_nor_padding_changes_a_bit(level, n_features):
    check_batch_and_padding(new(n_features, [1, 4]), n_features)


@needs_kernels
@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_the_number_of_threads_changes_no_bit(n_threads):
    check_threads(new(3, [1, 4]), n_threads)


@needs_kernels
@pytest.mark.parametrize(("n_features", "n_steps"), [(1, 1500), (7, 90)])
def test_libraries_agree(level, n_features, n_steps, monkeypatch):
    model, x = new(n_features, [1, 7]), gaussian(3, n_steps, n_features)
    features = model(x)
    monkeypatch.setattr(base, "library", kernel_library.library)
    assert_allclose(features, model(x), rtol=1e-4, atol=1e-5)


def test_constant_stretches_say_nothing(level):
    # All responses are equal but for their rounding: whichever wins must not matter.
    model = new_hydra(np.random.default_rng(0), 1, 200, 300)
    x = torch.full((1, 200, 1), 0.7)
    inside = model(x).view(len(model.dilations), -1)[model.is_change]
    assert_array_equal(inside, torch.zeros_like(inside))
    middle = Hydra(1, 1, 1)
    middle.weights.copy_(model.weights[:1, :1])
    middle.channels.fill_(True)
    ends = middle(torch.full((1, 9, 1), 0.7)) ** 2 * 9
    assert_allclose(middle(x) ** 2 * 200, ends, rtol=1e-3, atol=1e-4)


def test_nothing_to_convolve(level):
    check_nothing(new(2, [1]))


def test_any_strides_and_types(level):
    check_strides_and_types(new(3, [1, 2]), gaussian(4, 20, 3))


def test_pickled():
    model, x = new(3, [1, 4]), gaussian(2, 30, 3)
    assert_array_equal(pickle.loads(pickle.dumps(model))(x), model(x))
    assert list(model.parameters()) == []


@pytest.mark.parametrize("longest", [1, 8, 9, 17, 100, 5000])
def test_plan(longest):
    model = new_hydra(np.random.default_rng(0), 12, longest, 672)
    assert (model.dilations[::2] == model.dilations[1::2]).all()
    assert 8 * model.dilations.max() + 1 <= max(9, longest)
    assert 8 * 2 * model.dilations.max() + 1 > longest
    assert (model.is_change == torch.arange(len(model.is_change)) % 2).all()
    assert model.n_outputs == pytest.approx(2 * 672, rel=0.15)
    assert_allclose(model.weights.sum(dim=2), 0, atol=1e-6)
    assert_allclose(model.weights.abs().sum(dim=2), 1, rtol=1e-5)
    sizes = model.channels.sum(dim=2)
    assert 1 <= sizes.min() <= sizes.max() <= 9
    again = new_hydra(np.random.default_rng(0), 12, longest, 672)
    assert_array_equal(again.weights, model.weights)
