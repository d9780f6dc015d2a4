"""TokenArray and its source: sequences of tokens, chosen and read without a copy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.utils import _safe_indexing

from skrnn._sequences.codes import Codes
from skrnn._sequences.tokens import TokenArray, TokenSource

CODES = Codes((9,), 1)


def array_of(samples):
    lengths = np.array([len(sample) for sample in samples], np.int64)
    numbers = np.array([i for sample in samples for i in sample], np.int32)
    return TokenArray(numbers, lengths.cumsum() - lengths, lengths, CODES)


SAMPLES = [[1, 2, 3], [], [8], [4, 4]]
TOKENS = array_of(SAMPLES)


def lists(tokens):
    return [sample[:, 0].tolist() for sample in tokens]


@pytest.mark.parametrize(
    "key",
    [
        slice(1, None),
        [2, 0],
        [-1],
        [],
        np.array([True, False, False, True]),
        np.array([3, 3, 1]),
    ],
)
def test_chosen_as_from_an_array(key):
    of_objects = np.array([*SAMPLES, None], object)[:-1]
    expected = of_objects[np.asarray(key, int) if isinstance(key, list) else key]
    for given_key in (key, (key, ...)):
        chosen = TOKENS[given_key]
        assert lists(chosen) == list(expected)
        assert chosen.numbers is TOKENS.numbers
    assert lists(_safe_indexing(TOKENS, key)) == list(expected)


def test_what_it_is():
    assert TOKENS.shape == (4, 3, 1)
    assert TOKENS.dtype == np.int32
    assert len(TOKENS) == 4
    assert_array_equal(TOKENS[0], [[1], [2], [3]])
    assert_array_equal(TOKENS[np.int64(-1)], [[4], [4]])
    assert repr(TOKENS) == "TokenArray(n_samples=4, longest=3, n_codes=9)"
    assert TOKENS[:0].shape == (0, 0, 1)


@pytest.mark.parametrize("key", [(0, 1), 1.5, [[0]], True, "a", ["a"]])
def test_other_keys_are_refused(key):
    with pytest.raises(IndexError):
        TOKENS[key]


def test_it_is_no_array():
    with pytest.raises(TypeError, match="no array"):
        np.asarray(TOKENS)


samples = st.lists(st.lists(st.integers(0, 8), max_size=6), min_size=1, max_size=8)


@given(samples, st.data())
@settings(max_examples=50, deadline=None)
def test_batches_equal_a_loop(given_samples, data):
    source = TokenSource(array_of(given_samples))
    place = st.integers(0, len(given_samples) - 1)
    rows = np.array(data.draw(st.lists(place, max_size=5)), np.int64)
    for one in (source, source.take(np.arange(len(source)))):
        block, lengths = one.batch(rows)
        chosen = [given_samples[i] for i in rows]
        assert lengths.tolist() == one.lengths(rows).tolist() == [*map(len, chosen)]
        assert block.shape == (len(rows), max([1, *map(len, chosen)]), 1)
        for found, sample in zip(block, chosen, strict=True):
            rest = [0] * (block.shape[1] - len(sample))
            assert found[:, 0].tolist() == [*sample, *rest]
        assert one.codes is CODES


def test_contents_hold_all_that_is_read():
    vectors = np.ones((9, 2), np.float32)
    other = TokenArray(
        TOKENS.numbers, TOKENS.starts, TOKENS.lengths, Codes((9,), 1, vectors)
    )
    assert len(TokenSource(TOKENS).contents()) == 3
    assert TokenSource(other).contents()[-1] is vectors
