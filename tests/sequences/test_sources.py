"""Sources of sequences against slow loops: batches, lengths and errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn import SlidingWindow
from skrnn._sequences.sources import as_source
from tests.sequences.drawn import F, inputs

pytestmark = pytest.mark.usefixtures("chunk_size")


def assert_batch_equals(source, rows, expected):
    block, lengths = source.batch(rows)
    if lengths is None:
        lengths = np.full(len(rows), block.shape[1])
    assert block.shape[0] == len(lengths) == len(expected)
    assert block.shape[2] == F
    assert block.shape[1] >= max(map(len, expected), default=0)
    for got, length, steps in zip(block, lengths, expected, strict=True):
        assert_array_equal(got[:length], steps)
        assert_array_equal(got[length:], 0)


@settings(max_examples=100, deadline=None)
@given(inputs(), st.data())
def test_batches_equal_a_slow_loop(drawn, data):
    X, present = drawn
    source = as_source(X)
    assert len(source) == source.n_samples == len(present)
    assert source.n_features == F
    assert source.max_steps >= max(map(len, present))
    assert_array_equal(source.lengths(np.arange(len(present))), [*map(len, present)])
    least = min(1, source.max_steps)  # where samples may have steps at all
    assert source.longest() == max(least, *map(len, present))
    some = st.lists(st.integers(0, len(present) - 1), min_size=1, max_size=9)
    rows = np.array(data.draw(some))
    assert_batch_equals(source, rows, [present[i] for i in rows])


@settings(max_examples=100, deadline=None)
@given(inputs(), st.data())
def test_taking_twice_is_taking_the_rows_of_the_rows(drawn, data):
    X, present = drawn
    source = as_source(X)
    source.series = np.arange(len(source)) % 3
    first = np.array(data.draw(st.permutations(range(len(present)))))
    taken = source.take(first)
    some = st.lists(st.integers(0, len(first) - 1), min_size=1, max_size=9)
    second = np.array(data.draw(some))
    twice = taken.take(second)
    assert len(twice) == len(second)
    assert_array_equal(twice.series, source.series[first[second]])
    lengths = [len(present[i]) for i in first[second]]
    assert_array_equal(twice.lengths(np.arange(len(second))), lengths)
    assert twice.longest() == max(min(1, twice.max_steps), *lengths)
    expected = [present[i] for i in first[second]]
    assert_batch_equals(twice, np.arange(len(second)), expected)
    assert_batch_equals(twice, np.arange(len(second))[::-1], expected[::-1])


def test_two_dimensional_input_is_one_feature():
    X = np.arange(12.0).reshape(3, 4)
    block, lengths = as_source(X).batch(np.array([2, 0]))
    assert lengths is None
    assert_array_equal(block, X[[2, 0], :, None])


def test_chunks_cover_every_row_once(chunk_size):
    source = as_source(np.zeros((30, 3, F)))
    chunks = list(source.chunks())
    assert_array_equal(np.concatenate(chunks), np.arange(30))
    assert len(chunks) == (30 if chunk_size == 7 else 1)


def test_the_longest_of_no_steps():
    assert as_source(np.zeros((3, 0, F))).longest() == 0
    assert as_source([np.zeros((0, F))] * 2).longest() == 0
    assert as_source(np.full((3, 4, F), np.nan)).longest() == 1


def test_lengths_are_counted_without_reading(monkeypatch):
    rows = np.random.default_rng(0).normal(size=(40, F))
    rows[::7] = np.nan
    windows = SlidingWindow(5).fit_transform(rows)
    for X in (windows, np.asarray(windows), list(np.asarray(windows))):
        source = as_source(X)
        expected = [(~np.isnan(window[:, 0])).sum() for window in np.asarray(windows)]
        monkeypatch.setattr(type(source), "batch", None)
        assert_array_equal(source.lengths(np.arange(40)), expected)
        assert source.longest() == max(expected)


def test_full_windows_are_read_as_they_are():
    windows = SlidingWindow(5).fit_transform(np.arange(80.0).reshape(40, 2))
    block, lengths = as_source(windows).batch(np.arange(4, 40))
    assert lengths is None
    assert_array_equal(block, windows[4:])
    assert_array_equal(as_source(windows).batch(np.arange(3, 5))[1], [4, 5])


@pytest.mark.parametrize("with_gap", [False, True])
def test_windows_longer_than_all_rows_cost_no_more(with_gap):
    rows = np.arange(20.0).reshape(10, 2)
    rows[6] = np.nan if with_gap else 0.0
    found = as_source(SlidingWindow(2**52).fit_transform(rows))
    expected = as_source(SlidingWindow(10).fit_transform(rows))
    chosen = np.array([9, 0, 4, 7])
    assert found.longest() == expected.longest() == 10 - with_gap
    assert_array_equal(found.lengths(chosen), expected.lengths(chosen))
    for one, other in zip(found.batch(chosen), expected.batch(chosen), strict=True):
        assert_array_equal(one, other)
    windows = SlidingWindow(2**52, horizon=10).fit_transform(np.arange(5.0)[:, None])
    assert as_source(windows).lengths(np.arange(5)).max() == 0


def test_a_fault_in_a_long_window_is_told_by_its_step():
    rows = np.arange(20.0).reshape(10, 2)
    rows[3, 1] = np.inf
    windows = SlidingWindow(2**52).fit_transform(np.nan_to_num(rows, posinf=0.0))
    with pytest.raises(ValueError, match=f"step {2**52 - 1}"):
        as_source(windows.with_values(rows))
