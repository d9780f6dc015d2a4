"""The newest rows of each group validate, and never a random choice."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn import RNNClassifier, RNNRegressor, make_windows
from skrnn._ensemble.validation import split_distinct, split_rows

groups_of_rows = st.lists(st.integers(-2, 4), min_size=1, max_size=80).map(np.array)
fractions = st.integers(1, 99).map(lambda percent: Fraction(percent, 100))
every_split = given(groups_of_rows, fractions, st.integers(0, 6))
thorough = settings(max_examples=200, deadline=None)


@thorough
@every_split
def test_parts_are_sorted_and_disjoint(groups, fraction, gap):
    train, valid = split_rows(len(groups), float(fraction), gap, groups)
    for part in (train, valid):
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()
        assert ((part >= 0) & (part < len(groups))).all()
    assert len(np.intersect1d(train, valid)) == 0
    assert len(train) > 0


@thorough
@every_split
def test_each_group_is_cut_by_its_own_size(groups, fraction, gap):
    train, valid = split_rows(len(groups), float(fraction), gap, groups)
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        n_valid = int(fraction * len(rows))  # exact
        n_train = len(rows) - n_valid - gap
        if n_valid == 0 or n_train <= 0:
            n_valid, n_train = 0, len(rows)
        assert_array_equal(np.intersect1d(rows, train), rows[:n_train])
        assert_array_equal(np.intersect1d(rows, valid), rows[len(rows) - n_valid :])


@thorough
@every_split
def test_gap_is_in_neither_part(groups, fraction, gap):
    train, valid = split_rows(len(groups), float(fraction), gap, groups)
    n_cut = len(np.unique(groups[valid]))
    assert len(train) + len(valid) + gap * n_cut == len(groups)
    for row in valid:
        older = train[groups[train] == groups[row]]
        assert (older < row - gap).all()


@thorough
@given(st.integers(1, 300), fractions, st.integers(0, 6))
def test_no_groups_is_one_group(n_samples, fraction, gap):
    alone = split_rows(n_samples, float(fraction), gap)
    same = split_rows(n_samples, float(fraction), gap, np.full(n_samples, 7))
    for first, second in zip(alone, same, strict=True):
        assert_array_equal(first, second)


@thorough
@given(groups_of_rows, fractions, st.integers(0, 6), st.randoms())
def test_names_of_groups_do_not_matter(groups, fraction, gap, random):
    names, codes = np.unique(groups, return_inverse=True)
    other = list(range(10, 10 + len(names)))
    random.shuffle(other)
    first = split_rows(len(groups), float(fraction), gap, groups)
    second = split_rows(len(groups), float(fraction), gap, np.array(other)[codes])
    for left, right in zip(first, second, strict=True):
        assert_array_equal(left, right)


@thorough
@given(st.integers(2, 60), fractions)
def test_rows_added_to_one_group_leave_the_others(n_samples, fraction):
    assume(fraction * n_samples >= 1)
    groups = np.zeros(n_samples, int)
    more = np.append(groups, [1, 1, 1])
    alone = split_rows(n_samples, float(fraction), 0, groups)
    both = split_rows(n_samples + 3, float(fraction), 0, more)
    for first, second in zip(alone, both, strict=True):
        assert_array_equal(first, second[second < n_samples])


@pytest.mark.parametrize(
    ("n_samples", "fraction", "gap", "n_train", "n_valid"),
    [
        (100, 0.29, 0, 71, 29),  # 0.29 * 100 is a little less than 29
        (10, 0.1, 0, 9, 1),
        (9, 0.1, 0, 9, 0),
        (20, 0.1, 3, 15, 2),
        (20, 0.1, 17, 1, 2),
        (20, 0.1, 18, 20, 0),
        (1, 0.99, 0, 1, 0),
    ],
)
def test_sizes(n_samples, fraction, gap, n_train, n_valid):
    train, valid = split_rows(n_samples, fraction, gap)
    assert (len(train), len(valid)) == (n_train, n_valid)


def test_interleaved_groups():
    train, valid = split_rows(12, 0.25, 1, np.tile([0, 1], 6))
    assert_array_equal(train, range(8))
    assert_array_equal(valid, [10, 11])


@thorough
@given(groups_of_rows, fractions)
def test_at_least_one_row_of_each_group_that_has_two(groups, fraction):
    train, valid = split_rows(
        len(groups), float(fraction), groups=groups, at_least_one=True
    )
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        n_valid = int(fraction * len(rows))
        if len(rows) > 1:
            n_valid = max(1, n_valid)
        assert_array_equal(np.intersect1d(rows, valid), rows[len(rows) - n_valid :])
        assert_array_equal(np.intersect1d(rows, train), rows[: len(rows) - n_valid])


@pytest.mark.parametrize("in_order", [True, False])
def test_repetitions_do_not_change_who_is_set_aside(in_order):
    rng = np.random.default_rng(0)
    keys, classes = rng.permutation(40), np.arange(40) % 3
    times = 1 + np.arange(40) % 4
    options = {"in_order": in_order, "part": 1, "n_parts": 4}
    fold = split_distinct(keys, 0.2, 1, classes, **options)
    rows = np.repeat(np.arange(40), times)
    if not in_order:
        rows = rng.permutation(rows)
    repeated = split_distinct(keys[rows], 0.2, 1, classes[rows], **options)
    for one, other in zip(fold, repeated, strict=True):
        np.testing.assert_array_equal(one, np.unique(rows[other]))
    assert not set(fold.train) & set(fold.valid)


@thorough
@given(groups_of_rows, fractions, st.integers(0, 6), st.integers(1, 5), st.data())
def test_groups_that_are_too_small_give_their_share_together(
    groups, fraction, gap, n_parts, data
):
    part = data.draw(st.integers(0, n_parts - 1))
    options = {"part": part, "n_parts": n_parts}
    args = len(groups), float(fraction), gap, groups
    divided = split_rows(*args, **options)
    fold = split_rows(*args, **options, together=True)
    given_by_few, few, given_whole, whole = [], [], [], []
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        train, valid = (np.intersect1d(rows, some) for some in fold)
        if group in groups[divided.valid]:
            assert_array_equal(train, np.intersect1d(rows, divided.train))
            assert_array_equal(valid, np.intersect1d(rows, divided.valid))
            continue
        # The place of a row that is the only one to validate.
        newest = len(rows) - 1
        place = newest - newest * part // max(1, n_parts - 1)
        trained = [row for i, row in enumerate(rows) if abs(i - place) > gap]
        if int(fraction * len(rows)) or 2 * len(trained) < len(rows):
            whole.append(group)
            given_whole += [group] * (len(valid) > 0)
            assert {len(train), len(valid)} == {0, len(rows)}
        else:
            few += rows.tolist()
            given_by_few += valid.tolist()
            if len(valid):
                assert_array_equal(valid, rows[[place]])
                assert_array_equal(train, trained)
            else:
                assert_array_equal(train, rows)
    assert len(given_by_few) == int(fraction * len(few))  # exact
    assert len(given_whole) == int(fraction * len(whole))
    assert len(fold.train) > 0


@thorough
@given(st.integers(2, 40), st.integers(1, 5), st.integers(1, 3))
def test_each_part_has_whole_groups_of_its_own(n_groups, n_parts, n_rows):
    groups = np.repeat(np.arange(n_groups), n_rows)
    fraction = 1 / (n_parts + 2)
    assume(n_rows * fraction < 1 and n_groups * fraction >= 1)
    parts = [
        split_rows(
            len(groups),
            fraction,
            3,
            groups,
            part=part,
            n_parts=n_parts,
            together=True,
        ).valid
        for part in range(n_parts)
    ]
    together = np.concatenate(parts)
    assert len(np.unique(together)) == len(together) == n_parts * len(parts[0]) > 0


def test_what_small_groups_give_is_evenly_spread():
    groups = np.repeat(np.arange(10), 2)
    fold = split_rows(20, 0.2, groups=groups, together=True)
    assert_array_equal(fold.valid, [3, 7, 13, 17])  # the newest of every second or so
    assert_array_equal(np.union1d(*fold), range(20))
    fold = split_rows(20, 0.2, 1, groups, together=True)
    assert_array_equal(fold.valid, [4, 5, 14, 15])
    assert_array_equal(np.union1d(*fold), range(20))


@pytest.mark.parametrize("groups", [None, [7, 7], [7, 8], [7, 8, 8]])
def test_something_trains_by_any_fraction(groups):
    n_samples = 2 if groups is None else len(groups)
    groups = None if groups is None else np.array(groups)
    fold = split_rows(n_samples, 1 - 1e-12, groups=groups, together=True)
    assert len(fold.train) > 0


@pytest.mark.parametrize("gap", [0, 1, 6])
def test_many_short_series_stop_a_training_early(gap):
    rng = np.random.default_rng(0)
    X, y = make_windows(list(rng.normal(size=(30, 6))), 2, fh=[1, 2])  # 3 of each
    model = RNNRegressor(
        "gru", 4, parts="network", validation_gap=gap, max_epochs=60, random_state=0
    )
    model.fit(X, y)
    assert len(model.validation_loss_curve_) == model.n_iter_ < 60


def test_small_classes_stay_in_training():
    X = np.random.default_rng(0).normal(size=(12, 3, 1))
    y = np.repeat(np.arange(6), 2)
    model = RNNClassifier(
        "gru", 2, parts="network", validation_fraction=0.4, max_epochs=2, random_state=0
    )
    model.fit(X, y)
    assert model.validation_loss_curve_ is None
    assert len(model.classes_) == 6
