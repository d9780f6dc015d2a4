"""Longest stretches of ones, word by word, are those that are counted one by one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skrnn._onnx.graph import Graph, Value
from skrnn._onnx.stretches import WORD, longest_stretches
from tests.onnx.support import evaluate


def counted(column):
    longest = lasting = 0
    for one in column:
        lasting = lasting + 1 if one else 0
        longest = max(longest, lasting)
    return longest


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4).flatmap(lambda n: arrays(bool, (n * WORD, 7))))
def test_they_are_counted(ones):
    ones = ones.astype(np.float32)
    # Some that go through whole words.
    ones[:, 0], ones[1:, 1], ones[: WORD + 3, 2] = 1, 1, 1
    graph = Graph("test")
    rows = Value(graph, "ones", np.float32).reshape(-1, 7)
    value = longest_stretches(rows)
    [found] = evaluate(graph, [value], ones=ones)
    np.testing.assert_array_equal(found, [[counted(column) for column in ones.T]])
