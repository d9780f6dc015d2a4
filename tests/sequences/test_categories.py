"""Values of categories as codes: against a loop, and what names a feature."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skrnn._categories.categories import Categories
from skrnn._sequences.categories import (
    CategorySource,
    RecodedSource,
    columns_of,
    seen_codes,
    values_of,
)
from skrnn._sequences.sources import as_source

NAMES = ["a", "b", "c"]


@pytest.mark.parametrize(
    "wanted",
    [
        ["c", "a"],
        [2, 0],
        np.array([0, 2], np.int8),
        [True, False, True],
        pd.Index(["a", "c"]),
        np.array(["a", "c"], object),
    ],
)
def test_features_are_found(wanted):
    assert columns_of(wanted, 3, NAMES).tolist() == [0, 2]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (["d"], NAMES),
        (["a"], None),
        ("a", NAMES),
        ([3], NAMES),
        ([-1], NAMES),
        ([0, 0], NAMES),
        ([True, False], NAMES),
        ([False] * 3, NAMES),
        ([], NAMES),
        ([0.0], NAMES),
        ([[0]], NAMES),
        (["a", 0], NAMES),
    ],
)
def test_others_are_refused(wanted, names):
    with pytest.raises(ValueError, match="must name features of a step"):
        columns_of(wanted, 3, names)


value = st.sampled_from([-1.0, 0.0, 2.5, 7.0, 1e9])
sample = st.lists(st.tuples(value, value, value), max_size=4)


@given(st.lists(sample, min_size=1, max_size=5), st.lists(sample, min_size=1))
@settings(max_examples=40, deadline=None)
def test_codes_equal_a_loop(first, second):
    def source(samples):
        return as_source([np.array(s, float).reshape(-1, 3) for s in samples])

    columns = np.array([0, 2])
    values = values_of(source(first), columns)
    known = [sorted({s[j] for one in first for s in one}) for j in columns]
    assert [v.tolist() for v in values] == known
    coded = CategorySource(source(second), columns, values)
    assert coded.codes.sizes == (2 + len(known[0]), 0, 2 + len(known[1]))
    block, lengths = coded.batch(np.arange(len(second)))
    assert (block[np.arange(block.shape[1]) >= lengths[:, None]] == 0).all()
    for found, given_sample in zip(block, second, strict=True):
        for step, (a, b, c) in zip(found, given_sample, strict=False):
            codes = [
                k.index(v) + 1 if v in k else 0
                for k, v in zip(known, (a, c), strict=True)
            ]
            assert step.tolist() == [codes[0], b, codes[1]]


def test_missing_is_a_category_of_its_own():
    X = np.array([[[1.0, np.nan], [2.0, 5.0], [np.nan, np.nan]]])
    source = as_source(X, None, allow_partial=True)
    values = values_of(source, np.array([1]))
    coded = CategorySource(source, np.array([1]), values)
    assert coded.batch(np.array([0]))[0].tolist() == [[[1, 2], [2, 1]]]
    unknown = as_source(np.array([[[1.0, 7.0]]]))
    coded_unknown = CategorySource(unknown, np.array([1]), values)
    assert coded_unknown.batch(np.array([0]))[0].tolist() == [[[1, 0]]]
    assert coded.contents()[-1] is values[0]


def test_other_values_are_other_codes():
    source = as_source(np.zeros((1, 2, 2)))
    one, same, other = (
        CategorySource(source, np.array([0]), [np.array(v)]).codes.identity
        for v in ([1.0, 2.0], [1.0, 2.0], [1.0, 3.0])
    )
    assert one == same != other


@given(
    st.lists(st.sampled_from("abcd"), min_size=1),
    st.lists(st.sampled_from(["b", "c", "d", "e", None]), min_size=1),
)
@settings(max_examples=40, deadline=None)
def test_codes_of_another_encoder_equal_those_of_the_values(of_fit, of_call):
    known, theirs = (Categories.of(np.array(v, object)) for v in (of_fit, of_call))
    values = np.array(of_call, object)
    X = np.stack([np.ones(len(values)), theirs.codes_of(values, "x")], axis=1)
    source = RecodedSource(
        as_source(X[:, None], is_category=np.array([False, True])),
        {1: known},
        {1: theirs},
    )
    words = sorted(set(of_fit))
    expected = [
        len(words) + 1 if v is None else words.index(v) + 1 if v in words else 0
        for v in of_call
    ]
    found = source.batch(np.arange(len(values)))[0]
    assert found[:, 0, 1].tolist() == expected
    assert source.codes.sizes == (0, len(words) + 2)
    [seen] = seen_codes(source)
    assert np.flatnonzero(seen).tolist() == sorted(set(expected))


def test_what_is_no_code_is_unknown():
    X = np.array([[[0.0, -1.0]], [[0.0, 1.5]], [[0.0, 3.0]], [[0.0, 2.0]]])
    known = Categories.of(np.array(["a", "b"], object))
    source = RecodedSource(as_source(X), {1: known})
    assert source.batch(np.arange(4))[0][:, 0, 1].tolist() == [0, 0, 0, 2]
