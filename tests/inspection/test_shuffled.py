"""Exchanges between samples are permutations, whatever the layout."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn import SlidingWindow, TokenSequence
from skrnn.inspection._shuffled import donors_of, samples_of
from skrnn.windows import WindowedArray


@given(st.data())
def test_donors_are_a_permutation_without_fixed_points(data):
    n = data.draw(st.integers(1, 12))
    circle = np.array(data.draw(st.permutations(range(n))))
    is_there = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    donors = donors_of(circle, is_there)
    assert_array_equal(donors[~is_there], np.flatnonzero(~is_there))
    those = np.flatnonzero(is_there)
    assert_array_equal(np.sort(donors[those]), those)
    assert len(those) < 2 or (donors[those] != those).all()


def gaps(seed, n=9, n_steps=5):
    """Sequences (n, T, 2) with absent steps."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_steps, 2))
    X[rng.random((n, n_steps)) < 0.3] = np.nan
    return X, rng.permutation(n)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.sets(st.integers(0, 4)), st.sets(st.integers(0, 1)))
def test_only_what_is_named_moves(seed, steps, features):
    X, circle = gaps(seed)
    steps, features = sorted(steps), sorted(features)
    moved = samples_of(X).shuffled(circle, steps, features)
    assert_array_equal(np.isnan(moved), np.isnan(X))
    for step, feature in np.ndindex(5, 2):
        before, after = X[:, step, feature], moved[:, step, feature]
        if step in steps and feature in features:
            assert_array_equal(np.sort(before), np.sort(after))
            present = ~np.isnan(before)
            assert present.sum() < 2 or (before != after)[present].all()
        else:
            assert_array_equal(before, after)


def test_a_course_stays_together_where_nothing_is_absent():
    X = np.arange(40.0).reshape(4, 5, 2)
    circle = np.array([2, 0, 3, 1])
    moved = samples_of(X).shuffled(circle, range(5), [1])
    for sample, donor in zip(circle, np.roll(circle, -1), strict=True):
        assert_array_equal(moved[sample, :, 1], X[donor, :, 1])
        assert_array_equal(moved[sample, :, 0], X[sample, :, 0])


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_layouts_move_alike(seed, length):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(8, 2))
    rows[3] = np.nan  # an absent row
    windows = SlidingWindow(length, history="allow").fit_transform(rows)
    circle, steps = rng.permutation(8), sorted({0, length - 1})
    lazy = samples_of(windows).shuffled(circle, steps, [0])
    assert isinstance(lazy, WindowedArray)
    dense = samples_of(np.asarray(windows)).shuffled(circle, steps, [0])
    assert_array_equal(np.asarray(lazy), dense)
    assert_array_equal(np.asarray(lazy.gathered()), dense)
    some = np.array([5, 1, 1])
    assert_array_equal(np.asarray(lazy[some]), dense[some])
    assert_array_equal(lazy[2], dense[2])
    newest = lazy.with_newest_steps(1)
    assert_array_equal(np.asarray(newest), dense[:, -1:])
    ragged = [window[~np.isnan(window).all(axis=1)] for window in np.asarray(windows)]
    kept = [bool(len(x)) for x in ragged]
    assert kept.count(True) > 1
    lists = samples_of(ragged).shuffled(circle, range(length), [0, 1])
    assert [len(x) for x in lists] == [len(x) for x in ragged]


def test_lists_of_tables_stay_tables():
    X = [pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}) for _ in range(3)]
    moved = samples_of(X).shuffled(np.arange(3), [0], [0])
    assert [list(x.columns) for x in moved] == [["a", "b"]] * 3


def test_tables_and_tokens_stay_what_they_are():
    table = pd.DataFrame({"a": [1, 2, 3], "b": ["u", "v", None]}, index=[5, 6, 7])
    moved = samples_of(table).shuffled(np.array([0, 1, 2]), [0, 1], [0])
    assert moved.index.equals(table.index)
    assert moved["a"].tolist() == [2, 3, 1]
    assert moved["b"].tolist()[:2] == ["v", "u"]
    tokens = TokenSequence().fit_transform(["aa bb cc", "dd", "ee ff"])
    moved = samples_of(tokens).shuffled(np.array([0, 1, 2]), [2], [0])
    assert_array_equal(moved.lengths, tokens.lengths)
    assert moved.codes is tokens.codes
    newest = [int(tokens[i][-1, 0]) for i in range(3)]
    assert [int(moved[i][-1, 0]) for i in range(3)] == newest[1:] + newest[:1]
