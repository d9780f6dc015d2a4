"""Splits by time over many series: no time and no target is on both sides."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline

from skrnn import FlattenSequence, SlidingWindow, make_windows
from skrnn.exceptions import LeakingSplitWarning, ShortWindowsWarning
from skrnn.model_selection import PanelTimeSeriesSplit
from skrnn.windows import make_targets
from tests.windows.support import HOURS, frame, without_freq
from tests.windows.test_windows_reference import frequency, tables, with_series

KEYS = {"series": "store", "time": "date"}


def reference_splits(places, n_splits, test_size, max_train_size, gap):
    """Rows of each set, by loops over the places of their times on the grid."""
    different = sorted(set(places))
    size = test_size or len(different) // (n_splits + 1)
    splits = []
    for split in range(n_splits):
        start = len(different) - (n_splits - split) * size
        tested = different[start : start + size]
        trained = [p for p in different if p + gap < tested[0]]
        if max_train_size is not None:
            trained = trained[-max_train_size:]
        splits.append(
            tuple(
                [row for row, place in enumerate(places) if place in chosen]
                for chosen in (trained, tested)
            )
        )
    return splits


@settings(max_examples=120, deadline=None)
@given(
    tables(),
    st.integers(2, 4),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([None, 1, 3]),
    st.integers(0, 3),
    st.sampled_from(["index", "two levels", "columns", "time alone"]),
    st.randoms(),
)
def test_splits(table, n_splits, test_size, max_train_size, gap, how, random):
    kind, rows, X = table
    keys = {}
    if how in ("index", "two levels"):
        X, _ = with_series(X, rows, how)
    else:
        keys = KEYS if how == "columns" else {"time": "date"}
        X = X.rename_axis("date").reset_index()
        X["store"] = [series for series, _, _ in rows]
    order = list(range(len(rows)))
    random.shuffle(order)
    X, places = X.iloc[order], [rows[i][1] for i in order]
    n_times = len(set(places))
    splitter = PanelTimeSeriesSplit(
        n_splits,
        test_size=test_size,
        max_train_size=max_train_size,
        gap=gap,
        freq=frequency(kind),
        **keys,
    )
    size = test_size or n_times // (n_splits + 1)
    enough = size > 0 and n_splits * size < n_times
    if enough:
        expected = reference_splits(places, n_splits, test_size, max_train_size, gap)
        enough = len(expected[0][0]) > 0
    if not enough:
        with pytest.raises(ValueError, match=f"Too few times: X has {n_times} "):
            list(splitter.split(X))
        return
    found = [(train.tolist(), test.tolist()) for train, test in splitter.split(X)]
    assert found == expected
    assert len(found) == splitter.get_n_splits() == n_splits


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(1, 3), st.sampled_from(["origin", "last"]))
def test_no_target_reaches_past_the_border(table, fh, at):
    _, rows, X = table
    X = X.rename_axis("date").reset_index()
    X["store"] = [series for series, _, _ in rows]
    # The time of the target itself, so that it can be seen where a target stands.
    y = np.array([place for _, place, _ in rows])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ShortWindowsWarning)
        try:
            X_, Y, gap = make_targets(X, y, fh, at=at, **KEYS)
        except ValueError:
            assume(False)
    assert gap == fh - 1
    try:
        splits = list(PanelTimeSeriesSplit(2, gap=gap, **KEYS).split(X_))
    except ValueError as error:
        assert "Too few times" in str(error) or "two rows" in str(error)
        return
    for train, test in splits:
        # What is asked for is never a value that was trained on.
        assert Y[train].max() < Y[test].min() + (at == "origin" and gap == 0)
        assert X_["date"].iloc[train].max() < X_["date"].iloc[test].min()


def test_one_series_is_split_as_scikit_learn_does():
    X = frame(pd.date_range("2024", periods=50, freq="h"))
    for settings_ in (
        {},
        {"gap": 3},
        {"test_size": 4},
        {"max_train_size": 5, "gap": 1},
    ):
        ours = PanelTimeSeriesSplit(4, **settings_).split(X)
        theirs = TimeSeriesSplit(4, **settings_).split(X)
        for (train, test), (train_, test_) in zip(ours, theirs, strict=True):
            assert_array_equal(train, train_)
            assert_array_equal(test, test_)


def test_the_gap_counts_the_steps_of_a_series_and_not_the_times_of_all():
    # Two stores, each hourly, half an hour apart.
    table = pd.DataFrame(
        {
            "store": ["a"] * 12 + ["b"] * 12,
            "date": [*HOURS, *(HOURS + pd.Timedelta("30min"))],
        }
    )
    [*_, (train, test)] = PanelTimeSeriesSplit(2, test_size=2, gap=2, **KEYS).split(
        table
    )
    border = table["date"][test].min()
    assert border - table["date"][train].max() == pd.Timedelta("2h30min")
    # Where an hour is missing everywhere, it is a step nonetheless.
    closed = table.loc[~table["date"].dt.hour.isin([8, 9])]
    [*_, (train, test)] = PanelTimeSeriesSplit(2, test_size=4, gap=2, **KEYS).split(
        closed
    )
    assert closed["date"].iloc[test].min() == HOURS[10]
    assert closed["date"].iloc[train].max() == HOURS[7] + pd.Timedelta("30min")


def test_gaps_of_steps_that_vary():
    months = pd.date_range("2024-01-31", periods=12, freq="ME")
    X = frame(pd.MultiIndex.from_product([["a", "b"], without_freq(months)]))
    [(train, test), _] = PanelTimeSeriesSplit(2, test_size=3, gap=2).split(X)
    assert_array_equal(train, [0, 1, 2, 3, 12, 13, 14, 15])
    assert_array_equal(test, [6, 7, 8, 18, 19, 20])
    days = pd.date_range("2024-03-25", periods=12, tz="Europe/Berlin")
    X = frame(without_freq(days).tz_convert("Europe/Berlin"))
    [(train, test), _] = PanelTimeSeriesSplit(2, test_size=3, gap=2).split(X)
    assert (train[-1], test[0]) == (3, 6)


def test_polars_and_windows():
    days = pd.date_range("2024-01-01", periods=12)
    table = pl.DataFrame({"date": days.to_numpy(), "load": np.arange(12.0)})
    splits = list(PanelTimeSeriesSplit(2, time="date", gap=1).split(table))
    assert_array_equal(splits[0][0], [0, 1, 2])
    X, Y = make_windows(frame(days), 3, fh=2)
    for train, test in PanelTimeSeriesSplit(2, gap=1).split(X):
        assert Y[train].max() < Y[test].min()


@pytest.mark.parametrize("X", [np.zeros((9, 1)), pd.DataFrame(np.zeros((9, 1)))])
def test_rows_without_times(X):
    with pytest.raises(ValueError, match=r"Nothing tells the times.*TimeSeriesSplit"):
        next(PanelTimeSeriesSplit(2).split(X))


def test_a_step_that_nothing_shows():
    X = frame(pd.MultiIndex.from_arrays([list("abcdef"), HOURS[:6]]))
    with pytest.raises(ValueError, match="no series of X has two rows"):
        next(PanelTimeSeriesSplit(2, gap=1).split(X))
    assert len(list(PanelTimeSeriesSplit(2, gap=1, freq="h").split(X))) == 2


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("n_splits", [1, 0, True, 2.0, "2"]),
        ("max_train_size", [0, -1, 1.5, True]),
        ("test_size", [0, -1, 1.5, True]),
        ("gap", [-1, 1.5, None, True]),
        ("series", [1, b"a"]),
        ("time", [1, ["a"]]),
        ("freq", [0, 1.5, True]),
    ],
)
def test_parameters_that_are_refused(name, values):
    for value in values:
        with pytest.raises(ValueError, match=f"'{name}' parameter of PanelTimeSeries"):
            next(PanelTimeSeriesSplit(**{name: value}).split(frame(HOURS)))


def test_gaps_beyond_all_times():
    X = frame(HOURS)
    for gap in (11, 2**31, 2**53 - 1):
        far = range(2**62, 2**62 + 12)
        for Z in (X, X.set_axis(far), X.set_axis(HOURS.to_period())):
            with pytest.raises(ValueError, match="Too few times"):
                next(PanelTimeSeriesSplit(2, gap=gap).split(Z))


def test_groups_are_ignored_with_a_warning():
    with pytest.warns(UserWarning, match="groups are ignored"):
        next(PanelTimeSeriesSplit(2).split(frame(HOURS), groups=[0] * 12))


def test_in_searches_and_scores():
    index = pd.MultiIndex.from_product([["a", "b"], pd.date_range("2024", periods=40)])
    table = index.to_frame(index=False, name=["store", "date"])
    table["sold"] = np.sin(np.arange(80.0))
    y = table["sold"]
    order = np.random.default_rng(0).permutation(80)
    window = SlidingWindow(3, horizon=1, **KEYS)
    model = make_pipeline(window, FlattenSequence("zero"), Ridge())
    splitter = PanelTimeSeriesSplit(3, **KEYS)
    assert repr(splitter).startswith("PanelTimeSeriesSplit(freq=None, gap=0")
    search = GridSearchCV(
        model,
        {"slidingwindow__window_length": [1, 4]},
        cv=splitter,
        error_score="raise",
    )
    search.fit(table.iloc[order], y.iloc[order])
    by_index = table.set_index(["store", "date"])
    model = make_pipeline(SlidingWindow(4, horizon=1), FlattenSequence("zero"), Ridge())
    scores = cross_val_score(
        model, by_index, y.to_numpy(), cv=PanelTimeSeriesSplit(3), error_score="raise"
    )
    found = [search.cv_results_[f"split{i}_test_score"][1] for i in range(3)]
    np.testing.assert_allclose(found, scores, rtol=1e-9)
    with sklearn.config_context(enable_metadata_routing=True):
        search.fit(table, y)


def test_targets_say_their_gap_in_steps_or_rows():
    index = pd.MultiIndex.from_product([["a", "b"], HOURS[:6]])
    X = frame(index)
    assert make_targets(X, np.arange(12), 3, gap_in="steps")[2] == 2
    with pytest.warns(LeakingSplitWarning, match="PanelTimeSeriesSplit"):
        assert make_targets(X, np.arange(12), 3)[2] == 2
    assert make_targets(X.sort_index(level=-1), np.arange(12), 3)[2] == 5
    long = index.to_frame(index=False, name=["store", "date"])
    assert make_targets(long, np.arange(12), 3, **KEYS)[2] == 2
    by_time = long.sort_values("date")
    assert make_targets(by_time, np.arange(12), 3, gap_in="rows", **KEYS)[2] == 5
