"""Values of categories as codes: against a loop, and what names a feature."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn import SlidingWindow
from skrnn._categories.categories import Categories
from skrnn._sequences.categories import (
    NumberCoder,
    TableCoder,
    codes_of,
    columns_of,
    seen_codes,
    values_of,
    with_codes,
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
    def arrays(samples):
        return [np.array(s, float).reshape(-1, 3) for s in samples]

    columns = np.array([0, 2])
    values = values_of(arrays(first), columns)
    known = [sorted({s[j] for one in first for s in one}) for j in columns]
    assert [v.tolist() for v in values] == known
    coders = {0: NumberCoder(values[0]), 2: NumberCoder(values[1])}
    assert codes_of(3, coders).sizes == (2 + len(known[0]), 0, 2 + len(known[1]))
    coded = with_codes(arrays(second), coders)
    for found, given_sample in zip(coded, second, strict=True):
        for step, (a, b, c) in zip(found, given_sample, strict=True):
            codes = [
                k.index(v) + 1 if v in k else 0
                for k, v in zip(known, (a, c), strict=True)
            ]
            assert step.tolist() == [codes[0], b, codes[1]]


def test_missing_is_a_category_of_its_own():
    X = np.array([[[1.0, np.nan], [2.0, 5.0], [np.nan, np.nan]]])
    coders = {1: NumberCoder(values_of(X, np.array([1]))[0])}
    coded = with_codes(X, coders)
    assert_array_equal(coded, [[[1, 2], [2, 1], [np.nan, np.nan]]])
    assert X[0, 0, 1] != X[0, 0, 1]  # left as it is
    assert_array_equal(with_codes(np.array([[[1.0, 7.0]]]), coders), [[[1, 0]]])
    infinite = with_codes(np.array([[[1.0, np.inf]]]), coders)
    with pytest.raises(ValueError, match="infinity"):
        as_source(infinite)


def test_single_precision_stays_where_it_holds_the_codes():
    X = np.ones((2, 3, 2), np.float32)
    assert with_codes(X, {1: NumberCoder(np.ones(1))}).dtype == np.float32
    assert with_codes(X, {1: NumberCoder(np.arange(2.0**24))}).dtype == np.float64
    assert with_codes(X.astype(int), {1: NumberCoder(np.ones(1))}).dtype == np.float64


def test_windows_stay_windows():
    rows = np.stack([np.arange(9.0), np.arange(9) % 3 * 10.0], axis=1)
    windows = SlidingWindow(4).fit_transform(rows)
    [values] = values_of(windows, np.array([1]))
    assert values.tolist() == [0, 10, 20]
    coded = with_codes(windows, {1: NumberCoder(values)})
    assert coded.values[:, 1].tolist() == [1, 2, 3] * 3
    assert_array_equal(coded[5][:, 0], windows[5][:, 0])
    # Rows that no window reads have no say.
    assert values_of(windows[:2], np.array([1]))[0].tolist() == [0, 10]


def test_other_values_are_other_codes():
    one, same, other = (
        codes_of(2, {0: NumberCoder(np.array(v))}).identity
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
    coder = TableCoder(known, theirs)
    words = sorted(set(of_fit))
    expected = [
        len(words) + 1 if v is None else words.index(v) + 1 if v in words else 0
        for v in of_call
    ]
    codes = theirs.codes_of(np.array(of_call, object), "x")
    X = np.stack([np.ones(len(codes)), codes], axis=1)[:, None]
    found = with_codes(X, {1: coder})
    assert found[:, 0, 1].tolist() == expected
    source = as_source(found)
    source.codes = codes_of(2, {1: coder})
    assert source.codes.sizes == (0, len(words) + 2)
    [seen] = seen_codes(source)
    assert np.flatnonzero(seen).tolist() == sorted(set(expected))


def test_what_is_no_code_is_unknown():
    known = Categories.of(np.array(["a", "b"], object))
    coder = TableCoder(known, known)
    assert coder(np.array([-1.0, 1.5, 3.0, np.inf, 2.0, 0.0])).tolist() == [
        *(0, 0, 0, 0, 2, 0)
    ]
