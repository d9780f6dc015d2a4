"""Tokens in a graph: their numbers go in, and what is no number of one gives NaN."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, RNNRegressor, TokenSequence
from skrnn.onnx import to_onnx
from tests.onnx.support import assert_near, fitted, session_of

RNG = np.random.default_rng(0)
LISTS = [RNG.integers(0, 5, RNG.integers(1, 7)).tolist() for _ in range(24)]
TOKENS = TokenSequence().fit_transform(LISTS)
y = np.array([sum(tokens) for tokens in LISTS], float)


def padded():
    """Numbers of all tokens (n, L, 1), zero behind each sequence, and the lengths."""
    block = np.zeros(TOKENS.shape)
    for row, sample in zip(block, TOKENS, strict=True):
        row[: len(sample)] = sample
    return {"X": block, "lengths": TOKENS.lengths}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"segment_length": 3, "bidirectional": True},
        {"dtype": "float64", "embedding_size": 1},
    ],
)
def test_graphs_predict_what_estimators_do(options):
    model = fitted(TOKENS, y, RNNRegressor, **options)
    session = session_of(to_onnx(model, lengths=True))
    got = session.run(["variable"], padded())[0]
    assert_near(got[:, 0], model.predict(TOKENS))
    labels = fitted(TOKENS, y > 9, RNNClassifier, **options)
    session = session_of(to_onnx(labels, lengths=True))
    got = session.run(["probabilities"], padded())[0]
    assert_near(got, labels.predict_proba(TOKENS))


@pytest.mark.parametrize("number", [-1.0, 6.0, 1e9, 1.5, np.inf])
def test_other_numbers_are_refused(number):
    session = session_of(to_onnx(fitted(TOKENS, y), lengths=True))
    inputs = padded()
    inputs["X"][3, 0] = number
    got = session.run(["variable"], inputs)[0][:, 0]
    assert np.isnan(got[3])
    assert np.isfinite(np.delete(got, 3)).all()


def test_texts_are_not_split_in_the_graph():
    model = make_pipeline(TokenSequence(), fitted(TOKENS, y)).fit(LISTS, y)
    with pytest.raises((NotImplementedError, ValueError), match="TokenSequence"):
        to_onnx(model)
    with pytest.raises((NotImplementedError, ValueError), match="TokenSequence"):
        to_onnx(model, np.array(["a text"]))
