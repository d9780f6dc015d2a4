"""Random convolutions against a slow twin, and what must not change a sample's bits."""

import io
import pickle
from itertools import combinations, groupby

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skrnn._convolutions import base
from skrnn._convolutions.multirocket import (
    MultiRocket,
    dilations_for,
    new_multirocket,
)
from skrnn._kernels import library as kernel_library
from tests.convolutions.checks import (
    check_batch_and_padding,
    check_nothing,
    check_strides_and_types,
    check_threads,
    gaussian,
)
from tests.instruction_levels import needs_kernels


def new(n_features, dilations, n_biases, seed=0):
    """Convolutions of a few bits, so that no sum is rounded."""
    generator = np.random.default_rng(seed)
    model = MultiRocket(n_features, len(dilations), n_biases)
    model.dilations.copy_(torch.tensor(dilations))
    channels = generator.random(model.channels.shape) < 0.4
    channels[generator.random(channels.shape[:2]) < 0.3] = True  # some in a row alike
    model.channels.copy_(torch.from_numpy(channels))
    biases = generator.integers(-64, 64, model.biases.shape) / 8
    model.biases.copy_(torch.from_numpy(biases))
    return model


def sequences(n_samples, n_steps, n_features, seed=0):
    generator = np.random.default_rng(seed)
    whole = generator.integers(-16, 17, (n_samples, n_steps, n_features))
    return torch.from_numpy((whole / 8).astype(np.float32))


def gaussian_biases(model, seed=0):
    model.biases.copy_(gaussian(*model.biases.shape, seed=seed))
    return model


def stretches(is_there):
    return (run for key, run in groupby(is_there) if key)


def twin(model, x, lengths=None):
    """The definition, weight by weight, in double precision."""
    dilations, channels, biases = (
        t.numpy() for t in (model.dilations, model.channels, model.biases)
    )
    triples = list(combinations(range(9), 3))
    x = x.numpy().astype(np.float64)
    features = np.zeros((len(x), *biases.shape, 4))
    for i, row in enumerate(x):
        n_steps = len(row) if lengths is None else int(lengths[i])
        for d, k in np.ndindex(*biases.shape[:2]):
            u = row[:n_steps, channels[d, k]].sum(axis=1)
            response = np.zeros(n_steps)
            for j in range(9):
                at = np.arange(n_steps) + (j - 4) * dilations[d]
                (inside,) = np.nonzero((at >= 0) & (at < n_steps))
                response[inside] += (2 if j in triples[k] else -1) * u[at[inside]]
            for b, bias in enumerate(biases[d, k]):
                v = response - bias
                (found,) = np.nonzero(v > 0)
                if n_steps == 0:
                    continue
                features[i, d, k, b] = 0, 0, -1, 0
                if len(found):
                    features[i, d, k, b] = (
                        len(found) / n_steps,
                        v[found].mean(),
                        found.mean() / n_steps,
                        max(sum(1 for _ in run) for run in stretches(v > 0)) / n_steps,
                    )
    return features.reshape(len(x), -1)


@pytest.mark.parametrize("n_features", [1, 7])
@pytest.mark.parametrize("n_biases", [1, 3])
def test_equals_the_definition(level, n_features, n_biases):
    model = new(n_features, [1, 2, 5], n_biases)
    x = sequences(6, 41, n_features)
    lengths = torch.tensor([41, 0, 1, 7, 16, 33])
    for given_lengths in (None, lengths):
        features = model(x, given_lengths)
        assert features.dtype == torch.float32
        assert features.shape == (6, model.n_outputs) == (6, 3 * 84 * n_biases * 4)
        assert_allclose(features, twin(model, x, given_lengths), rtol=2e-7, atol=0)


@pytest.mark.parametrize("n_biases", [2, 4, 5, 7, 8, 12, 19])
def test_any_number_of_biases(level, n_biases):
    model, x = new(2, [3], n_biases), sequences(2, 24, 2)
    assert_allclose(model(x), twin(model, x), rtol=2e-7, atol=0)


def test_long_sequences(level):
    model, x = new(1, [1, 300], 2), sequences(3, 1100, 1)
    x[1, :, 0] = torch.arange(1100) // 150 % 2 * 2.0  # stretches beyond a word
    model.biases[0, 0, 0] = -1000.0  # and of all steps
    lengths = torch.tensor([1100, 1090, 1025])
    features = model(x, lengths)
    assert_allclose(features, twin(model, x, lengths), rtol=1e-6, atol=0)
    longest = features.view(3, 2, 84, 2, 4)[:, :, :, :, 3]
    assert (longest[:, 0, 0, 0] == 1).all()
    assert ((longest[1] * 1090 > 64) & (longest[1] < 1)).any()


def test_dilations_beyond_the_sequence(level):
    model, x = new(1, [50, 10**15, 0], 1), sequences(2, 20, 1)
    assert_allclose(model(x), twin(model, x), rtol=2e-7, atol=0)


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=4),
    st.integers(1, 4),
    st.lists(st.integers(1, 12), min_size=1, max_size=3),
    st.integers(1, 3),
    st.integers(0, 1000),
)
def test_any_shape_equals_the_definition(
    lengths, n_features, dilations, n_biases, seed
):
    model = new(n_features, dilations, n_biases, seed)
    x = sequences(len(lengths), max(*lengths, 1), n_features, seed)
    lengths = torch.tensor(lengths)
    assert_allclose(model(x, lengths), twin(model, x, lengths), rtol=2e-7, atol=0)


@pytest.mark.parametrize("n_features", [1, 5])
def test_neither_the_batch_nor_padding_changes_a_bit(level, n_features):
    check_batch_and_padding(gaussian_biases(new(n_features, [1, 4], 3)), n_features)


@needs_kernels
@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_the_number_of_threads_changes_no_bit(n_threads):
    check_threads(gaussian_biases(new(3, [1, 4], 2)), n_threads)


@needs_kernels
@pytest.mark.parametrize(("n_features", "n_steps"), [(1, 1500), (7, 90)])
@pytest.mark.parametrize("n_biases", [1, 11])
def test_libraries_agree_on_every_bit(
    level, n_features, n_steps, n_biases, monkeypatch
):
    model = gaussian_biases(new(n_features, [1, 7], n_biases))
    x = gaussian(3, n_steps, n_features)
    features = model(x)
    monkeypatch.setattr(base, "library", kernel_library.library)
    if level == "torch":  # sums in another order
        assert_allclose(features, model(x), rtol=1e-5, atol=0)
    else:
        assert_array_equal(features, model(x))


def test_responses_are_what_biases_are_compared_to(level):
    model = new(4, [1, 3], 1)
    x, lengths = gaussian(3, 30, 4), torch.tensor([30, 12, 0])
    for d, k in ((0, 0), (1, 40), (1, 83)):
        responses = model.responses(x, lengths, d, [k] * 3)
        assert responses.shape == (3, 30)
        assert_array_equal(responses.isnan(), torch.arange(30) >= lengths[:, None])
        assert_array_equal(responses[0], model.responses(x, None, d, [k] * 3)[0])
        # A response is not above itself, to the last bit.
        for i, n_steps in enumerate(lengths[:2]):
            for bias in responses[i, :n_steps]:
                model.biases[d, k, 0] = bias
                share = model(x[i : i + 1], lengths[i : i + 1]).view(2, 84, 4)[d, k, 0]
                n_above = int((responses[i] > bias).sum())
                assert round(float(share) * int(n_steps)) == n_above
                if level == "torch":  # slowly
                    break


def test_missing_numbers_are_above_no_bias(level):
    model, x = new(2, [1, 2], 1), sequences(2, 30, 2)
    whole = model(x)
    x[1, 10] = torch.nan
    x[1, 20] = torch.inf
    features = model(x)
    assert_array_equal(features[0], whole[0])
    for d, k in ((0, 0), (1, 50)):
        n_above = (model.responses(x, None, d, [k] * 2)[1] > model.biases[d, k]).sum()
        assert features.view(2, 2, 84, 4)[1, d, k, 0] == n_above / 30


def test_nothing_to_convolve(level):
    check_nothing(new(2, [1], 1))


def test_any_strides_and_types(level):
    check_strides_and_types(new(3, [1, 2], 2), sequences(4, 20, 3))


def test_no_gradient():
    model, x = new(1, [1], 1), sequences(1, 20, 1).requires_grad_()
    assert not model(x).requires_grad
    assert list(model.parameters()) == []


def test_saved_and_read():
    model, x = gaussian_biases(new(3, [1, 4], 2)), gaussian(2, 30, 3)
    other = MultiRocket(3, 2, 2)
    assert other.n_outputs == model.n_outputs
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert_array_equal(other(x), model(x))
    assert_array_equal(pickle.loads(pickle.dumps(model))(x), model(x))


@pytest.mark.parametrize("longest", [0, 1, 8, 9, 16, 17, 100, 5000])
@pytest.mark.parametrize("most", [1, 2, 8, 32])
def test_dilations(longest, most):
    dilations = dilations_for(longest, most)
    assert dilations.dtype == np.int64
    assert 1 <= len(dilations) <= most
    assert dilations[0] == 1
    assert (np.diff(dilations) > 0).all()
    assert 8 * dilations[-1] + 1 <= max(9, longest)
    if most > 1:
        assert dilations[-1] >= int((longest - 1) / 8) - 1


@pytest.mark.parametrize("n_features", [1, 2, 7, 30])
def test_plan(n_features):
    model = new_multirocket(np.random.default_rng(0), n_features, 2000, 672)
    assert model.biases.shape == (8, 84, 1)
    assert not model.biases.any()
    assert model.channels.shape == (8, 84, n_features)
    sizes = model.channels.sum(dim=2)
    assert sizes.min() == 1
    assert sizes.max() == min(n_features, 9)
    again = new_multirocket(np.random.default_rng(0), n_features, 2000, 672)
    assert_array_equal(again.channels, model.channels)


def test_plan_has_about_as_many_kernels_as_asked_for():
    for longest, n_kernels in [(5, 672), (50, 672), (200, 3000), (3000, 9996)]:
        n_found = new_multirocket(
            np.random.default_rng(0), 1, longest, n_kernels
        ).biases.numel()
        assert n_kernels / 2 < n_found <= n_kernels
    assert new_multirocket(np.random.default_rng(0), 1, 100, 10).biases.shape == (
        1,
        84,
        1,
    )
