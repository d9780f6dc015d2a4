"""Sequences that run unevenly: where they begin and end, and what lies between."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skrnn import RNNClassifier
from skrnn._training.time_warp import warp
from tests.support import normal, same_bits, seeded, waves_of_classes

X, y = waves_of_classes(40)
SMALL = {"hidden_size": 4, "n_estimators": 1, "n_kernels": None, "max_epochs": 3}
SMALL |= {"random_state": 0}


def warped_by_hand(sequence, speeds):
    """One sequence (L, F) that runs at speeds (6,), a step at a time."""
    last = len(sequence) - 1
    at = np.linspace(0, last, len(speeds))
    speed = [np.interp(step, at, speeds) for step in range(len(sequence))]
    passed = [0.0]
    for before, after in pairwise(speed):
        passed.append(passed[-1] + (before + after) / 2)
    times = np.array(passed) * last / passed[-1]
    columns = [np.interp(times, np.arange(last + 1), column) for column in sequence.T]
    return np.column_stack(columns)


@pytest.mark.parametrize("lengths", [None, [9, 2, 30, 17]], ids=str)
def test_it_is_what_a_step_at_a_time_gives(lengths):
    x = normal(4, 30, 2)
    given_lengths = None if lengths is None else torch.tensor(lengths)
    got = warp(x, given_lengths, 0.5, seeded(3)).numpy()
    drawn = torch.empty(4, 6, dtype=torch.float64).normal_(generator=seeded(3))
    for i, length in enumerate(lengths or [30] * 4):
        expected = warped_by_hand(x[i, :length].numpy(), np.exp(0.5 * drawn[i].numpy()))
        assert_allclose(got[i, :length], expected, atol=1e-12)


@given(
    n_steps=st.integers(1, 25),
    strength=st.floats(0, 3),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_time_goes_on_from_the_first_step_to_the_last(n_steps, strength, seed, data):
    lengths = data.draw(st.lists(st.integers(0, n_steps), min_size=1, max_size=4))
    x = torch.arange(n_steps).expand(len(lengths), -1)[:, :, None].float()
    got = warp(x, torch.tensor(lengths), strength, seeded(seed))
    assert got.shape == x.shape
    for times, length in zip(got[:, :, 0].numpy(), lengths, strict=True):
        if length:
            assert times[0] == 0
            assert times[length - 1] == pytest.approx(length - 1)
            assert (np.diff(times[:length]) >= 0).all()


def test_without_strength_samples_stay_as_they_are():
    x = normal(3, 12, 2)
    assert_allclose(warp(x, None, 0.0, seeded()), x, atol=1e-12)


def test_whole_numbers_and_what_is_missing():
    x = torch.tensor([[0.0, 1.0, torch.nan, 3.0, 4.0, 5.0]])[:, :, None]
    got = warp(x, None, 0.4, seeded())[0, :, 0].numpy()
    assert got[0] == 0
    assert got[-1] == 5
    assert 1 <= np.isnan(got).sum() <= 4
    assert warp(x.nan_to_num().int(), None, 0.4, seeded()).dtype == torch.float64


def test_no_overflow():
    x = torch.tensor([[1e308, -1e308, 1e308]], dtype=torch.float64)[:, :, None]
    assert warp(x, None, 1.0, seeded()).isfinite().all()


@pytest.mark.parametrize(
    ("options", "strength"),
    [
        ({}, 0.0),
        ({"segment_length": 3}, 0.3),
        ({"segment_length": 1}, 0.0),
        ({"pooling": "last"}, 0.3),
        ({"pooling": "last", "init": "integrating"}, 0.0),
        ({"cell": "lstm", "pooling": "last"}, 0.0),
        ({"cell": "lstm", "pooling": "last", "init": "chrono"}, 0.3),
        ({"time_warp": 0.2}, 0.2),
        ({"segment_length": 3, "time_warp": 0.0}, 0.0),
        ({"segment_length": 3, "n_kernels": 84}, 0.0),
        ({"segment_length": 3, "n_kernels": 84, "time_warp": 0.1}, 0.1),
    ],
    ids=str,
)
def test_what_auto_means(options, strength):
    model = RNNClassifier(**SMALL | options).fit(X, y)
    assert [net.settings.time_warp for net in model.nets_] == [strength]
    plain = clone(model).set_params(time_warp=0.0).fit(X, y)
    assert same_bits(model, plain) == (strength == 0)
    model.partial_fit(X, y)
    asked = options.get("time_warp", 0.0)
    assert [net.settings.time_warp for net in model.nets_] == [asked]


def test_predictions_read_samples_as_they_are():
    model = RNNClassifier(**SMALL, time_warp=1.0).fit(X, y)
    assert_array_equal(model.predict_proba(X), model.predict_proba(X))
