"""TokenSequence: what a text is as numbers, and a vocabulary that is scikit-learn's."""

import copy
import pickle
from collections import Counter

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import (
    check_get_feature_names_out_error,
    check_param_validation,
)

from skrnn import FlattenSequence, TokenSequence
from skrnn.text import TokenArray

TEXTS = ["The cat sat on the mat.", "A dog!", "", "the dog sat, the cat ran"]


def numbers(tokens):
    return [sample.ravel().tolist() for sample in tokens]


def test_words_in_their_order():
    step = TokenSequence()
    tokens = step.fit_transform(TEXTS)
    assert step.vocabulary_ == {
        word: i + 1
        for i, word in enumerate(["cat", "dog", "mat", "on", "ran", "sat", "the"])
    }
    assert numbers(tokens) == [[7, 1, 6, 4, 7, 3], [2], [], [7, 2, 6, 7, 1, 5]]
    assert isinstance(tokens, TokenArray)
    assert tokens.shape == (4, 6, 1)
    assert numbers(step.transform(["the bird sat"])) == [[7, 0, 6]]
    assert step.inverse_transform(step.transform(["the bird sat"])) == [
        ["the", None, "sat"]
    ]
    assert step.get_feature_names_out().tolist() == ["token"]


@pytest.mark.parametrize(
    "options",
    [
        {"analyzer": "char"},
        {"analyzer": "char_wb", "ngram_range": (1, 2)},
        {"ngram_range": (2, 2), "lowercase": False},
        {"stop_words": ["the"], "strip_accents": "unicode"},
        {"token_pattern": r"\w+"},
        {"tokenizer": str.split, "token_pattern": None},
        {"preprocessor": str.upper},
        {"analyzer": str.split},
        {"min_df": 2},
        {"max_df": 0.5},
        {"max_features": 3},
        {"vocabulary": ["the", "dog"]},
        {"vocabulary": {"the": 1, "dog": 0}},
    ],
)
def test_counts_are_those_of_scikit_learn(options):
    counts = CountVectorizer(**options).fit_transform(TEXTS).toarray()
    tokens = TokenSequence(**options).fit_transform(TEXTS)
    for row, sample in zip(counts, numbers(tokens), strict=True):
        found = Counter(sample)
        assert [found[i + 1] for i in range(len(row))] == row.tolist()


events = st.lists(st.lists(st.integers(-3, 3), max_size=5), min_size=1, max_size=6)


@given(events, events)
@settings(max_examples=30, deadline=None)
def test_lists_of_tokens_come_back(first, second):
    first = [*first, [0]]
    step = TokenSequence().fit(first)
    known = {token for tokens in first for token in tokens}
    assert set(step.vocabulary_) == known
    assert sorted(step.vocabulary_.values()) == list(range(1, len(known) + 1))
    expected = [[t if t in known else None for t in tokens] for tokens in second]
    assert step.inverse_transform(step.transform(second)) == expected


def test_containers():
    expected = numbers(TokenSequence().fit_transform(TEXTS))
    for X in (
        tuple(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, object),
        pd.Series(TEXTS, index=list("dcba")),
        pd.Series(TEXTS, dtype="string"),
        [text.encode() for text in TEXTS],
        iter(TEXTS),
    ):
        assert numbers(TokenSequence().fit_transform(X)) == expected
    lists = [np.array(["a", "b"]), ("b",), ["a"]]
    assert numbers(TokenSequence().fit_transform(lists)) == [[1, 2], [2], [1]]


@pytest.mark.parametrize("missing", [None, np.nan, float("nan"), pd.NA])
def test_a_missing_text_has_no_token(missing):
    tokens = TokenSequence().fit_transform(["one two", missing])
    assert numbers(tokens) == [[1, 2], []]


def test_lengths():
    X = [list("abcde"), list("ab")]
    assert numbers(TokenSequence(max_length=3).fit_transform(X)) == [[1, 2, 3], [1, 2]]
    for three in (3, np.uint8(3)):
        newest = TokenSequence(max_length=three, keep="last").fit_transform(X)
        assert numbers(newest) == [[3, 4, 5], [1, 2]]


def test_vectors():
    vectors = {"b": [1, 2], "x": [3, 4], "a": np.array([5.0, 6.0])}
    step = TokenSequence(vectors=vectors)
    tokens = step.fit_transform([["a", "b", "c"]])
    expected = np.array([[np.nan] * 2, [5, 6], [1, 2], [np.nan] * 2], np.float32)
    assert_array_equal(step.vectors_, expected)
    assert tokens.codes.vectors is step.vectors_
    assert step.transform([["c"]]).codes.vectors is step.vectors_
    assert TokenSequence().fit([["a"]]).vectors_ is None


def test_copies_are_the_same():
    step = TokenSequence(analyzer="char", max_length=9).fit(TEXTS)
    for twin in (
        pickle.loads(pickle.dumps(step)),
        copy.deepcopy(step),
        clone(step).fit(TEXTS),
    ):
        one, other = step.transform(TEXTS), twin.transform(TEXTS)
        assert numbers(one) == numbers(other)
        assert one.codes.identity == other.codes.identity


def test_another_vocabulary_is_told_apart():
    keys = {
        TokenSequence().fit_transform(X).codes.identity
        for X in (["aa bb"], ["aa cc"], ["bb aa"], [["aa bb"]], [[1, 2]], [["1", "2"]])
    }
    assert len(keys) == 5  # the third is the first


@pytest.mark.parametrize(
    ("X", "options", "message"),
    [
        ("a text", {}, "X is a single text"),
        ([], {}, r"Found array with 0 sample\(s\)"),
        (pd.DataFrame({"text": TEXTS}), {}, "X has 2 dimensions"),
        (pl.DataFrame({"text": TEXTS}), {}, "X has 2 dimensions"),
        (np.array([["a", "b"]]), {}, r"give X.tolist\(\)"),
        (["a text", 3], {}, r"X\[1\] is 3 of type int"),
        ([{"a": 1}], {}, "of type dict"),
        ([["a"]], {"ngram_range": (1, 2)}, "no n-grams are made"),
        ([["a", 1]], {}, "can be sorted"),
        ([[["a"]]], {}, "can be sorted"),
        (["", ""], {}, "empty vocabulary"),
        (TEXTS, {"min_df": 4}, "no terms remain"),
        (TEXTS, {"max_length": 0}, "'max_length' parameter"),
        (TEXTS, {"keep": "middle"}, "'keep' parameter"),
        (TEXTS, {"vectors": 3}, "'vectors' parameter"),
        (TEXTS, {"vectors": {"mouse": [1.0]}}, "None of the 7 tokens"),
        (TEXTS, {"vectors": {"cat": [1.0], "dog": [1.0, 2.0]}}, "has shape"),
        (TEXTS, {"vectors": {"cat": 1.0}}, r"expected was \(n,\)"),
        (TEXTS, {"vectors": {"cat": []}}, r"expected was \(n,\)"),
        (TEXTS, {"vectors": {"cat": [np.inf]}}, "is not finite"),
    ],
)
def test_what_is_refused(X, options, message):
    step = TokenSequence(**options)
    with pytest.raises(ValueError, match=message):
        step.fit(X)
    with pytest.raises(NotFittedError):
        step.transform(TEXTS)


def test_transform_refuses_too():
    step = TokenSequence().fit(TEXTS)
    with pytest.raises(ValueError, match="X is a single text"):
        step.transform("the cat")


def test_others_read_no_tokens():
    with pytest.raises(TypeError, match="FlattenSequence reads numbers"):
        make_pipeline(TokenSequence(), FlattenSequence()).fit(TEXTS)


@pytest.mark.parametrize(
    "check",
    [
        check_param_validation,
        check_get_feature_names_out_error,
    ],
    ids=lambda check: check.__name__,
)
def test_checks_of_scikit_learn(check):
    check("TokenSequence", TokenSequence())


def test_set_output_changes_nothing():
    step = TokenSequence().set_output(transform="pandas")
    assert isinstance(step.fit_transform(TEXTS), TokenArray)
