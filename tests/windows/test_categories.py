"""Categories in columns of windows: codes, what is remembered and passed on."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

import skrnn
from skrnn import SlidingWindow, make_windows
from skrnn.exceptions import TargetInWindowWarning
from skrnn.windows import WindowedArray

DAYS = pd.date_range("2024-01-01", periods=6)
ROWS = pd.DataFrame(
    {
        "sold": np.arange(6.0),
        "kind": ["b", "a", None, "b", "a", "c"],
        "day": DAYS.day_name().astype("category"),
    },
    index=DAYS,
)
CODES = [2, 1, np.nan, 2, 1, 3]


def test_windows_hold_codes_and_know_what_they_mean():
    windows = SlidingWindow(2).fit_transform(ROWS)
    assert windows.dtype == np.float64
    assert_array_equal(windows.values[:, 1], CODES)
    assert list(windows.categories) == [1, 2]
    assert windows.categories[1].labels == ["a", "b", "c"]
    assert windows[2:].categories == windows.categories
    assert windows.with_newest_steps(1).categories == windows.categories
    assert pickle.loads(pickle.dumps(windows)).categories == windows.categories
    assert WindowedArray(np.ones((2, 1)), [1, 2], [1, 1], 1).categories == {}


def test_categories_are_those_of_fit():
    step = SlidingWindow(2).fit(ROWS[:4])
    windows = step.transform(ROWS[4:])
    # The remembered row first; "c" was not there in fit.
    assert_array_equal(windows[0][:, 1], [2, 1])
    assert_array_equal(windows[1][:, 1], [1, 0])
    step.partial_fit(ROWS[4:5])
    assert_array_equal(step.transform(ROWS[5:])[0][:, 1], [1, 0])
    other = ROWS[4:].assign(kind=[1, 2])
    with pytest.raises(ValueError, match="'kind' of X holds categories that were str"):
        step.transform(other)


def test_tables_of_any_library(tmp_path):
    table = ROWS.reset_index(names="date").sample(frac=1, random_state=0)
    keys = {"time": "date", "history": "allow"}
    step = SlidingWindow(3, known=["kind"], horizon=1, **keys).fit(table)
    columns = {
        name: column.astype(object).where(column.notna(), None).to_list()
        for name, column in table.items()
    }
    of_polars = pl.DataFrame(columns, schema_overrides={"day": pl.Categorical})
    expected = np.asarray(step.transform(table))
    assert_array_equal(np.asarray(step.transform(of_polars)), expected)
    assert_array_equal(np.asarray(step.transform(table.iloc[:, ::-1])), expected)
    skrnn.save(step, tmp_path / "step")
    again = skrnn.load(tmp_path / "step")
    assert_array_equal(np.asarray(again.transform(table)), expected)
    objects = SlidingWindow(2).fit_transform(ROWS.to_numpy(dtype=object))
    assert_array_equal(objects.values[:, 1], CODES)


@given(st.integers(0, 99), st.integers(0, 3), st.integers(0, 10))
@settings(max_examples=25, deadline=None)
def test_no_window_reads_categories_of_later_rows(seed, horizon, cut):
    rng, n = np.random.default_rng(seed), 12
    words = np.array(list("abc"))
    table = pd.DataFrame(
        {
            "store": np.repeat(["x", "y"], n),
            "date": 2 * list(pd.date_range("2024", periods=n)),
            "past": rng.choice(words, 2 * n),
            "ahead": pd.Categorical(rng.choice(words, 2 * n)),
        }
    )
    day = np.tile(np.arange(n), 2)
    step = SlidingWindow(
        3,
        horizon=horizon,
        known="ahead",
        partial_steps="keep",
        history="allow",
        series="store",
        time="date",
    ).fit(table.assign(date=table["date"] - pd.Timedelta("90D")))
    changed = table.copy()
    later = day > cut
    changed.loc[later, "ahead"] = rng.choice(words, later.sum())
    unread = day > cut - horizon
    changed.loc[unread, "past"] = rng.choice([*words, None, "new"], unread.sum())
    order = rng.permutation(2 * n)
    before, after = (
        np.asarray(step.transform(t)) for t in (table, changed.iloc[order])
    )
    now = np.flatnonzero(day[order] <= cut)
    assert_array_equal(after[now], before[order[now]])


def test_the_target_among_the_categories_is_found():
    with pytest.warns(TargetInWindowWarning, match="Column kind of X equals y"):
        SlidingWindow(2).fit(ROWS, ROWS["kind"])
    SlidingWindow(2, horizon=1).fit(ROWS, ROWS["kind"])
    SlidingWindow(2).fit(ROWS, ROWS["kind"][::-1])
    SlidingWindow(2).fit(ROWS, ROWS["sold"] + 1)


def test_make_windows_takes_categories():
    X, Y = make_windows(ROWS[["sold"]], 2, exog=ROWS[["kind", "day"]], known="day")
    assert list(X.categories) == [1, 2]
    assert_array_equal(X[0], [[0, 2, 5], [1, 1, 6]])
    assert_array_equal(Y.ravel(), [2, 3, 4, 5])
    X, Y = make_windows([ROWS[:3], ROWS[3:]], 2)
    assert X.categories[1].labels == ["a", "b", "c"]
    assert Y.shape == (2, 1)  # what is forecast is numbers
    with pytest.raises(ValueError, match="'kind' of series holds categories"):
        make_windows(ROWS, 2, target="kind")
    with pytest.raises(ValueError, match="holds nothing but categories"):
        make_windows(ROWS[["kind"]], 2)


def test_a_row_without_anything_is_absent():
    rows = ROWS.assign(sold=[0, 1, np.nan, 3, 4, 5], day=None)
    windows = SlidingWindow(1).fit_transform(rows)
    assert np.isnan(windows.values[2]).all()
