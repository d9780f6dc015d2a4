"""Absent steps: any pattern of them, and any lengths, give what the estimator gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skrnn._onnx.graph import Graph, Value
from skrnn._onnx.steps import read_steps
from skrnn.onnx import to_onnx
from tests.onnx.support import (
    assert_near,
    evaluate,
    fitted,
    sequences,
    session_of,
    targets,
    with_gaps,
)

X = sequences()
N_SAMPLES, N_STEPS = 5, 9
PATTERNS = arrays(bool, (N_SAMPLES, N_STEPS, 2))
LENGTHS = arrays(np.int64, N_SAMPLES, elements=st.integers(0, N_STEPS))


@pytest.fixture(scope="module")
def model():
    return fitted(
        with_gaps(X),
        targets(X),
        missing="indicator",
        instance_norm="standard",
        segment_length=2,
        bidirectional=True,
        pooling="attention",
        linear_steps=4,
    )


@pytest.fixture(scope="module")
def session(model):
    return session_of(to_onnx(model, lengths=True))


@settings(max_examples=40, deadline=None)
@given(missing=PATTERNS, lengths=LENGTHS)
def test_any_pattern(model, session, missing, lengths):
    block = sequences(N_SAMPLES, N_STEPS, seed=3)
    block[missing] = np.nan
    got = session.run(["variable"], {"X": block, "lengths": lengths})[0]
    ragged = [x[:n] for x, n in zip(block, lengths, strict=True)]
    # Beside numbers that are no smaller than those of most patterns.
    wanted, scale = model.predict(ragged), np.abs(model.predict(X)).max()
    assert np.abs(got - wanted).max() <= 1e-5 * max(scale, np.abs(wanted).max())


@settings(max_examples=30, deadline=None)
@given(missing=arrays(bool, (N_SAMPLES, N_STEPS)))
def test_present_steps_keep_their_order(missing):
    block = sequences(N_SAMPLES, N_STEPS, seed=3)
    block[missing] = np.nan
    graph = Graph("test")
    steps = read_steps(Value(graph, "x", np.float64), None, allow_partial=False)
    x, lengths = evaluate(graph, [steps.x, steps.lengths], x=block)
    assert x.shape[1] == max(1, lengths.max())
    for row, sample in enumerate(block):
        present = sample[~missing[row]]
        assert lengths[row] == len(present)
        np.testing.assert_array_equal(x[row, : len(present)], present)
        assert not x[row, len(present) :].any()


def test_lengths_beyond_the_array(model, session):
    """Are those of the array."""
    block = sequences(N_SAMPLES, N_STEPS)
    got = session.run(None, {"X": block, "lengths": np.full(N_SAMPLES, 99)})[0]
    assert_near(got, model.predict(block))
