"""Columns of categories: which are, what their codes are, and what is refused."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn._categories.categories import (
    Categories,
    categories_from_text,
    text_of_categories,
)
from skrnn._categories.tables import encode_table, find_categories, holds_categories

WORDS = ["mall", "city", None, "mall"]
CODES = [2.0, 1.0, np.nan, 2.0]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(WORDS),
        pd.Series(WORDS, dtype=object),
        pd.Series(WORDS, dtype="string"),
        pd.Series(WORDS, dtype="category"),
        pd.Series(pd.Categorical(WORDS, ["other", "mall", "city"], ordered=True)),
        pl.Series(WORDS),
        pl.Series(WORDS, dtype=pl.Categorical),
        pl.Series(WORDS, dtype=pl.Enum(["other", "mall", "city"])),
        np.array(WORDS, dtype=object),
        np.array([*WORDS[:2], np.nan, WORDS[3]], dtype=object),
    ],
    ids=lambda column: f"{type(column).__module__[:2]}-{column.dtype}",
)
def test_the_type_of_words_does_not_matter(column):
    assert holds_categories(column, "kind")
    found = Categories.of(column)
    assert found.labels == ["city", "mall"]
    assert (found.n_codes, found.missing_code) == (4, 3)
    assert_array_equal(found.codes_of(column, "kind"), CODES)
    assert_array_equal(Categories.of(pd.Series(WORDS)).codes_of(column, "x"), CODES)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([3, 10, 3, None], ["3", "10"]),
        ([3.0, 10.5, 3.0], ["3", "10.5"]),
        ([True, False, True], ["0", "1"]),
        (pd.to_datetime(["2024-02-01", "2024-01-01"]), None),
        (pd.cut([1.0, 5.0, 9.0], [0, 4, 8, 12]), ["(0, 4]", "(4, 8]", "(8, 12]"]),
        (pd.period_range("2024-01", periods=2, freq="M"), ["2024-01", "2024-02"]),
        ([None, None], []),
        (["b", 1, "1"], ["1", "1", "b"]),
    ],
)
def test_categories_may_be_anything(values, labels):
    column = pd.Series(values).astype("category")
    assert holds_categories(column, "x")
    found = Categories.of(column)
    if labels is None:
        labels = ["2024-01-01 00:00:00", "2024-02-01 00:00:00"]
    assert found.labels == labels
    codes = found.codes_of(column, "x")
    assert_array_equal(np.isnan(codes), column.isna())
    assert set(codes[~np.isnan(codes)]) == set(range(1, len(labels) + 1))


def test_numbers_and_times_are_the_same_whatever_holds_them():
    found = Categories.of(pd.Series([1, 2, 3]))
    for other in ([1.0, 3.0, np.nan], pd.array([1, 3, None], "Int64")):
        assert_array_equal(found.codes_of(pd.Series(other), "x"), [1, 3, np.nan])
    days = [datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)]
    found = Categories.of(pl.Series(days))
    assert_array_equal(found.codes_of(pd.Series(pd.to_datetime(days)), "x"), [1, 2])
    # Of integers that no float tells apart.
    found = Categories.of(pd.Series([2**60, 2**60 + 1]))
    assert found.n_codes == 4


@pytest.mark.parametrize(
    "column",
    [
        np.array([1.0, None], dtype=object),
        np.array([None, np.nan], dtype=object),
        np.array(["a", 1.0], dtype=object),
        np.array([{}, "a"], dtype=object),
        pd.Series([[1], [2]]),
        pd.Series([True, False]),
        pd.Series([1, 2], dtype="Int8"),
        pd.Series(pd.date_range("2024", periods=2)),
        pl.Series([1.0, None]),
    ],
)
def test_what_is_no_category_by_its_type(column):
    assert not holds_categories(column, "x")


def test_strings_of_numbers_are_numbers_and_said_to_be():
    for column in (pd.Series(["1", "2.5", "nan"]), pl.Series(["1", None])):
        with pytest.warns(UserWarning, match="'zip' of X holds strings of numbers"):
            assert not holds_categories(column, "zip")
    with pytest.raises(ValueError, match="some are numbers, such as '1', and others"):
        holds_categories(pd.Series(["1", "n/a"]), "zip")
    assert holds_categories(pd.Series(["1", "n/a"], dtype="category"), "zip")


def test_values_of_another_kind_are_refused():
    found = Categories.of(pd.Series(["1", "2"]))
    with pytest.raises(
        ValueError, match=r"'a' of X .* strings in fit, and are numbers"
    ):
        found.codes_of(pd.Series([1, 2]), "a")
    assert_array_equal(found.codes_of(pd.Series([np.nan]), "a"), [np.nan])
    assert_array_equal(found.codes_of(pd.Series(["x"]), "a"), [0])


word = st.one_of(st.none(), st.text(max_size=3), st.sampled_from("ab"))


@given(st.lists(word), st.lists(word), st.lists(word))
@settings(max_examples=60, deadline=None)
def test_codes_equal_a_loop(one, two, asked):
    known = sorted({w for w in one + two if w is not None})
    columns = [pd.Series(values, dtype=object) for values in (one, two)]
    found = Categories.of(*columns)
    assert found.labels == known
    codes = found.codes_of(pd.Series(asked, dtype=object), "x")
    expected = [
        np.nan if w is None else known.index(w) + 1 if w in known else 0 for w in asked
    ]
    assert_array_equal(codes, expected)
    back = found.decode(codes)
    assert back.tolist() == [w if w in known else np.nan for w in asked] or all(
        (b == w) or (b != b and w not in known)
        for b, w in zip(back, asked, strict=True)
    )
    again = categories_from_text(text_of_categories({3: found}), 4)
    assert again == {3: found}


def test_labels_that_look_alike_are_told_apart():
    found = Categories.of(pd.Series(["1", 1], dtype="category"))
    decoded = found.decode(np.array([1.0, 2.0, 0.0])).tolist()
    assert decoded[:2] == ["1 (numbers)", "1 (strings)"]


def test_columns_are_found_by_name():
    table = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
    found = find_categories(table)
    assert list(found) == [1]
    turned = encode_table(table[["b", "a"]], found, ["a", "b"])
    assert_array_equal(turned["b"], [1, 2])
    assert table["b"].tolist() == ["x", "y"]  # not changed
    assert encode_table(table[["a"]], found, ["a", "b"]).columns.tolist() == ["a"]
    of_polars = encode_table(pl.DataFrame({"a": [1.0], "b": ["y"]}), found)
    assert of_polars.to_numpy().tolist() == [[1.0, 2.0]]
    array = encode_table(np.array([[1.0, "z"]], dtype=object), found)
    assert array.tolist() == [[1.0, 0.0]]
    assert find_categories(np.ones((2, 2))) == {}


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[0]",
        '[["a", ["ta"]]]',
        "[[0, [1]]]",
        '[[0, [""]]]',
        '[[9, ["ta"]]]',
        "[1",
    ],
)
def test_altered_texts_are_refused(text):
    with pytest.raises(ValueError, match=r"altered|delimiter|Expecting"):
        categories_from_text(text, 2)
