"""Rows of a call that lack the newest rows before them."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    TimeSeriesSplit,
    cross_val_predict,
)

from skrnn import SlidingWindow
from skrnn.exceptions import MissingHistoryWarning
from skrnn.windows._missing_history import absent_newest_steps
from tests.windows.support import NAN, frame, ridge_over_windows, table

N = 60
HOURS = pd.date_range("2024-01-01", periods=N, freq="h")
NUMBERS = pd.RangeIndex(N)
X = frame(HOURS)


def counted(window, rows, **options):
    """How many rows of a call are said to lack history."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MissingHistoryWarning)
        window.transform(rows, **options)
    assert len(caught) < 2
    return int(str(caught[0].message).split()[0]) if caught else 0


# --- what is missing ---------------------------------------------------------------


@pytest.mark.parametrize("index", [HOURS, NUMBERS, HOURS.to_period("h")])
@pytest.mark.parametrize("horizon", [0, 1, 2])
def test_rows_behind_a_gap(index, horizon):
    rows = frame(index)
    window = SlidingWindow(6, horizon=horizon).fit(rows[:40])
    n_before = 5 + horizon
    assert counted(window, rows[40:]) == 0
    assert counted(window, rows[43:]) == n_before
    assert counted(window, rows[59:]) == 1
    assert counted(window, rows[20:30]) == n_before
    assert counted(window, rows) == 0
    assert counted(window, rows[:3]) == 0


def test_warning_says_what_to_do():
    window = SlidingWindow(6, horizon=1).fit(X[:40])
    match = (
        r"6 of 17 rows, from row 0 \(2024-01-02 19:00:00\) on, lack some of the newest "
        r'rows.* Send the 6 rows before them along.* history="allow"'
    )
    with pytest.warns(MissingHistoryWarning, match=match) as caught:
        window.transform(X[43:])
    assert [item.filename for item in caught] == [__file__]
    with pytest.warns(MissingHistoryWarning) as caught:
        model = ridge_over_windows(horizon=1).fit(X[:40], X["load"][:40])
        model.predict(X[43:])
    assert [item.filename for item in caught] == [__file__]


def test_column_that_is_not_known_yet():
    X = pd.DataFrame({"load": range(9), "rain": range(9)}, dtype=float)
    window = SlidingWindow(2, horizon=1, known=["rain"]).fit(X[:8])
    with pytest.raises(ValueError, match=r"(?s)missing:\n- load\n.*assign\(name=numpy"):
        window.transform(X[8:][["rain"]])
    assert window.transform(X[8:].assign(load=np.nan)).shape == (1, 2, 2)


def test_policy():
    window = SlidingWindow(6, history="require").fit(X[:40])
    window.transform(X[40:])
    with pytest.raises(ValueError, match="5 of 17 rows"):
        window.transform(X[43:])
    window.set_params(history="allow")
    assert_array_equal(table(window.transform(X[43:]))[1], [NAN] * 4 + [43, 44])


def test_rows_sent_along():
    """The documented way: the rows before the newest one, and its forecast alone."""
    model = ridge_over_windows(6, horizon=1, history="allow")
    model.fit(X[:30], X["load"][:30])
    batch = model.predict(X[30:])
    for row in (40, 59):
        assert model.predict(X[row - 6 : row + 1])[-1] == batch[row - 30]


@pytest.mark.parametrize("fitted", [NUMBERS, NUMBERS + 24])
def test_rows_numbered_anew(fitted):
    rng = np.random.default_rng(0)
    rows = frame(fitted, rng.normal(size=N))
    window = SlidingWindow(6).fit(rows[:40])
    renumbered = rows[40:].reset_index(drop=True)
    assert counted(window, renumbered) == 5
    assert counted(window, rows[40:]) == 0


def test_breaks_such_as_the_fit_had():
    nights = frame(HOURS[(HOURS.hour >= 8) & (HOURS.hour < 20)])
    window = SlidingWindow(3).fit(nights[:12])
    assert counted(window, nights[12:]) == 4  # one day showed no night
    window.fit(nights[:24])
    assert counted(window, nights[24:]) == 0
    assert counted(window, nights) == 0
    # From noon on, rows are missing.
    assert counted(window, nights[26:]) == 2
    # In another unit, and through a clock change.
    assert counted(window, nights[24:].set_axis(nights.index[24:].as_unit("ns"))) == 0
    days = pd.date_range("2024-03-29", periods=24 * 4, freq="h", tz="Europe/Berlin")
    local = frame(days[(days.hour >= 8) & (days.hour < 20)])
    window.fit(local[:24])
    assert counted(window, local[24:].tz_convert("UTC")) == 0


def test_break_within_the_call():
    window = SlidingWindow(3).fit(X[:40])
    assert counted(window, X[40:].drop(HOURS[50])) == 2
    holed = SlidingWindow(3).fit(X[:40].drop(HOURS[20]))
    assert counted(holed, X[40:].drop(HOURS[50])) == 0


def test_overlapping_calls():
    """Of rows that a call sends again, those before them are not remembered."""
    window = SlidingWindow(4).fit(X[:40])
    assert counted(window, X[38:50]) == 2
    # One remembered row joins two of the call.
    assert counted(window, X.iloc[[38, 40, 41]]) == 1


def test_fit_of_fewer_rows_than_a_window():
    window = SlidingWindow(24).fit(X[:5])
    assert counted(window, X[5:]) == 0
    assert counted(window, X[6:]) == 23


def test_series():
    index = pd.MultiIndex.from_product([["a", "b"], HOURS[:20]])
    rows = frame(index)
    first, rest = rows.groupby(level=0).head(12), rows.groupby(level=0).tail(8)
    window = SlidingWindow(4).fit(first)
    assert counted(window, rest) == 0
    assert counted(window, rest.sort_index(level=1)) == 0
    assert counted(window, rest.drop([("b", HOURS[12])])) == 3
    # Of a series that fit did not know, the first row is its first.
    other = pd.concat([rest.loc[["b"]], rest.loc[["a"]].rename({"a": "c"}, level=0)])
    assert counted(window, other) == 0
    assert counted(window, rest.loc[["b"]][3:]) == 3


def test_groups_without_an_index():
    rows, groups = np.arange(20.0)[:, None], np.arange(20) % 2
    window = SlidingWindow(3).fit(rows[:10], groups=groups[:10])
    assert counted(window, rows[10:], groups=groups[10:]) == 0
    assert counted(window, rows[10:12], groups=groups[10:12]) == 2
    assert counted(window, rows[10:12], groups=[7, 8]) == 0
    assert counted(window, rows[:2], groups=groups[:2]) == 0


# --- plain arrays ------------------------------------------------------------------


def test_plain_rows():
    rows = X.to_numpy()
    window = SlidingWindow(3).fit(rows[:40])
    # Nothing tells whether they follow those of fit; one row has nothing before it.
    assert counted(window, rows[40:]) == 0
    with pytest.warns(
        MissingHistoryWarning, match=r"1 of 1 .*has no index.*set_output"
    ):
        window.transform(rows[40:41])
    assert counted(window, rows[:1]) == 0
    window.set_params(history="require")
    with pytest.raises(ValueError, match="2 of 20 rows, from row 0 on"):
        window.transform(rows[40:])
    window.transform(rows)
    SlidingWindow(1, history="require").fit(rows).transform(rows[7:])


# --- absent newest steps -----------------------------------------------------------


def test_several_rows_ahead():
    future = frame(HOURS[40:43], [NAN] * 3)
    window = SlidingWindow(6, horizon=1).fit(X[:40])
    match = (
        r"2 of 3 rows, from row 1 .*newest steps .* NaN.*make_targets.*RNNForecaster"
    )
    with pytest.warns(MissingHistoryWarning, match=match):
        window.transform(future)
    assert counted(window, future[:1]) == 0
    assert counted(SlidingWindow(6, horizon=3).fit(X[:40]), future) == 0
    with pytest.raises(ValueError, match="2 of 3 rows"):
        window.set_params(history="require").transform(future)


def test_absent_steps_such_as_the_fit_had():
    rows = X.copy()
    rows.iloc[[10, 20, 21]] = NAN
    window = SlidingWindow(4).fit(rows[:30])
    later = X[30:].copy()
    later.iloc[[5, 6, 7]] = NAN
    # Two at the end of a window are known, three are not.
    assert counted(window, later) == 1
    assert counted(window, rows) == 0
    # A step that is missing in part is none.
    two = X.assign(other=1.0)
    window.fit(two[:30])
    later = two[30:].copy()
    later.iloc[4, 0] = NAN
    assert counted(window, later) == 0


def test_row_that_no_window_reads():
    rows = X[:40].copy()
    rows.iloc[-1] = NAN
    window = SlidingWindow(3, horizon=1).fit(rows)
    # The fit never saw a window that ends with an absent step.
    assert counted(window, frame(HOURS[40:41], [NAN])) == 1


# --- cross-validation --------------------------------------------------------------


def search(cv, **options):
    model = ridge_over_windows(4, horizon=1)
    grid = {"slidingwindow__window_length": [2, 5]}
    return GridSearchCV(model, grid, cv=cv, **options).fit(X, X["load"])


def test_folds_that_follow_each_other():
    search(TimeSeriesSplit(4))
    panel = frame(pd.MultiIndex.from_product([range(6), HOURS[:10]]))
    groups = panel.index.codes[0]
    model = ridge_over_windows(4)
    y = panel["load"] ** 2
    cross_val_predict(model, panel, y, cv=GroupKFold(3), groups=groups)
    by_time = panel.sort_index(level=1)
    for train, test in TimeSeriesSplit(4, test_size=12).split(by_time):
        model.fit(by_time.iloc[train], y.iloc[train]).predict(by_time.iloc[test])


def test_folds_behind_a_gap():
    with pytest.warns(MissingHistoryWarning) as caught:
        search(TimeSeriesSplit(4, gap=3))
    # One a call of predict, of two candidates and four folds.
    assert len(caught) == 8


# --- invariants --------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(st.sets(st.integers(0, 39)), st.integers(1, 5), st.integers(0, 2), st.data())
def test_what_is_not_counted_is_what_fit_gives(gone, length, horizon, data):
    """A row has the window it has where everything known is given at once, or counts.

    Fit sees the rows before a cut, the call some rows after it: a later stretch.
    """
    kept = np.array([i for i in range(N) if i not in gone and i < 55])
    cut = data.draw(st.integers(5, len(kept) - 1))
    begin = data.draw(st.integers(0, len(kept) - 1))
    end = data.draw(st.integers(begin + 1, len(kept)))
    window = SlidingWindow(length, horizon=horizon, freq="h", history="allow")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            whole = table(window.fit_transform(X.iloc[kept]))[begin:end]
            window.fit(X.iloc[kept[:cut]])
        except ValueError:  # no row follows another
            return
    # Rows that are left out where the fit has a hole of that length do not count.
    holes = set(np.diff(kept[:cut])) - {1}
    assume(not holes & set(kept[begin] - kept[: min(begin, cut)]))
    rows = X.iloc[kept[begin:end]]
    found = table(window.transform(rows))
    same = ((found == whole) | (np.isnan(found) & np.isnan(whole))).all(axis=1)
    n_missing = counted(window.set_params(history="warn"), rows)
    assert n_missing >= np.count_nonzero(~same)
    if n_missing == 0:
        window.set_params(history="require").transform(rows)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=12), st.data())
def test_absent_newest_steps(absent, data):
    absent = np.array(absent)
    stop = np.arange(len(absent)) + 1
    length = np.array([data.draw(st.integers(0, n)) for n in stop])
    stop[length == 0] = 0
    expected = []
    for end, n in zip(stop, length, strict=True):
        window = absent[end - n : end][::-1].tolist()
        expected.append(window.index(False) if False in window else n)
    assert_array_equal(absent_newest_steps(absent, stop, length), expected)
