"""Columns known ahead: what a step holds, against loops; nothing looks ahead."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.compose import make_column_selector
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from skrnn import FlattenSequence, RNNRegressor, SlidingWindow, make_windows
from skrnn.exceptions import MissingHistoryWarning, TargetInWindowWarning
from skrnn.windows import check_no_lookahead, make_targets
from tests.windows.support import HOURS, NAN
from tests.windows.test_windows_reference import (
    UNITS,
    check,
    cut,
    fit,
    frequency,
    horizons,
    lengths,
    reference_tails,
    tables,
    ways,
    with_series,
)


def sales(n_rows=6, **columns):
    """Sales known afterwards, and prices known ahead."""
    number = np.arange(float(n_rows))
    columns = {"sold": number, "price": 10 + number} | columns
    return pd.DataFrame(columns, HOURS[:n_rows])


def reference_windows(
    called, remembered, window_length, horizon, known, partial_steps="absent"
):
    """The window of each row, cell by cell: known columns from `horizon` rows later."""
    keep = partial_steps == "keep" and horizon > 0 and len(known) > 0
    cells = {(series, place): values for series, place, values in remembered}
    cells.update({(series, place): values for series, place, values in called})
    windows = []
    for series, place, values in called:
        window, run = [], 1
        while (series, place - run) in cells:
            run += 1
        for back in range(horizon, horizon + window_length):
            if back - (horizon if keep else 0) >= run:
                break
            step = []
            for column in range(len(values)):
                of = back - (horizon if column in known else 0)
                step.append(cells[series, place - of][column] if of < run else NAN)
            window.insert(0, step)
        absent = [[NAN] * len(values)] * (window_length - len(window))
        windows.append(absent + window)
    return np.array(windows, dtype=float)


@settings(max_examples=100, deadline=None)
@given(
    tables(),
    lengths,
    horizons,
    ways,
    st.sets(st.integers(0, 1)),
    st.sampled_from(["absent", "keep"]),
    st.data(),
)
def test_any_rows_after_any_rows(
    table, window_length, horizon, how, known, partial_steps, data
):
    kind, rows, frame = table
    frame, groups = with_series(frame, rows, how)
    flags = st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))
    fitted, called = (np.flatnonzero(data.draw(flags)) for _ in range(2))
    fitted = fitted if len(fitted) else np.array([0])
    called = called if len(called) else np.array([len(rows) - 1])
    window = SlidingWindow(
        window_length,
        horizon=horizon,
        freq=frequency(kind),
        history="allow",
        known=data.draw(st.sampled_from([sorted(known), ["ab"[i] for i in known]])),
        partial_steps=partial_steps,
    )
    some = None if groups is None else groups[fitted]
    windows = fit(window, frame.iloc[fitted], some)
    fitted_rows = [rows[i] for i in fitted]
    options = (window_length, horizon, known, partial_steps)
    expected = reference_windows(fitted_rows, [], *options)
    check(windows, expected, frame.dtypes.iloc[0])
    windows = window.transform(
        frame.iloc[called], groups=None if groups is None else groups[called]
    )
    expected = reference_windows(
        [rows[i] for i in called],
        reference_tails(fitted_rows, window_length + horizon - 1),
        *options,
    )
    check(windows, expected, frame.dtypes.iloc[0])


@settings(max_examples=60, deadline=None)
@given(
    tables(max_rows=16).filter(lambda table: table[0] in UNITS),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 2),
)
def test_make_windows(table, window_length, fh, step_length):
    kind, rows, frame = table
    frame, _ = with_series(frame, rows, "index")
    options = {"fh": fh, "step_length": step_length, "return_newest": True}
    try:
        plain = cut(make_windows, kind, frame, window_length, target="a", **options)
    except ValueError as error:
        assert "No window fits" in str(error)
        return
    X, Y, newest = cut(make_windows, kind, frame, window_length, known="b", **options)
    assert_array_equal(Y, plain[1])
    assert X.index.equals(plain[0].index)
    value = {(series, place): values for series, place, values in rows}
    origin = {row: i for i, row in enumerate(frame.index)}
    for windows in (X, newest):
        for window, label in zip(np.asarray(windows), windows.index, strict=True):
            series, place, _ = rows[origin[label]]
            for back, step in enumerate(window[::-1]):
                if np.isnan(step).all():
                    continue
                assert step[0] == value[series, place - back][0]
                assert step[1] == value[series, place - back + fh][1]
    # What the newest windows end with is the last row that has so many after it.
    longest = [max(p for s, p, _ in rows if s == name) for name, _, _ in rows]
    ends = dict(zip([s for s, _, _ in rows], longest, strict=True))
    for label, length in zip(newest.index, newest.length, strict=True):
        series, place, _ = rows[origin[label]]
        assert length == 0 or place + fh == ends[series]


def test_newest_windows_have_the_known_columns_of_the_rows_ahead():
    X = sales(6, sold=[0, 1, 2, 3, NAN, NAN])
    _, _, newest = make_windows(X, 2, fh=2, known="price", return_newest=True)
    assert_array_equal(newest[0], [[2, 14], [3, 15]])
    as_exog = make_windows(
        X["sold"], 2, fh=2, exog=X["price"], known=["price"], return_newest=True
    )
    assert_array_equal(as_exog[2][0], newest[0])
    assert_array_equal(as_exog[0][0], [[0, 12], [1, 13]])


def test_a_target_cannot_be_known():
    with pytest.raises(ValueError, match="'price' out of known"):
        make_windows(sales(), 2, target="price", known="price")
    with pytest.raises(ValueError, match="cannot be known ahead"):
        make_windows(sales()["sold"], 2, known=0)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, []),
        ([], []),
        ("price", [1]),
        (["price"], [1]),
        (1, [1]),
        (np.array([1, 1]), [1]),
        (make_column_selector("pri"), [1]),
        (("price", "sold"), [0, 1]),
    ],
)
def test_ways_to_name_columns(known, expected):
    window = SlidingWindow(2, horizon=1, known=known)
    W = window.fit_transform(sales())
    moved = np.add([[3.0, 13.0], [4.0, 14.0]], np.isin([0, 1], expected))
    assert_array_equal(W[5], moved)
    again = pickle.loads(pickle.dumps(window)).set_params(history="allow")
    assert_array_equal(again.transform(sales())[5], moved)


@pytest.mark.parametrize("known", ["cost", ["sold", "cost"], 2, [True], -0.5])
def test_columns_that_are_not_there(known):
    with pytest.raises(ValueError, match=r"known.*(not among the 2 columns|must be)"):
        SlidingWindow(known=known).fit(sales())


def test_without_a_horizon_nothing_moves_and_nothing_is_copied():
    X = sales().to_numpy()
    W = SlidingWindow(2, known=[1]).fit_transform(X)
    assert np.shares_memory(W.values, X)


def test_what_is_held_is_one_copy_of_the_rows():
    X = np.zeros((1000, 2))
    W = SlidingWindow(100, horizon=3, known=[1]).fit_transform(X)
    assert W.values.nbytes == X.nbytes
    kept = SlidingWindow(100, horizon=3, known=[1], partial_steps="keep")
    assert len(kept.fit_transform(X).values) == len(X) + 3
    windows = SlidingWindow(5, horizon=9, known=[1]).fit_transform(X[:4])
    assert np.isnan(np.asarray(windows)).all()


def test_the_row_itself_may_lack_what_is_not_known():
    X = sales(5, sold=[0, 1, 2, 3, NAN])
    window = SlidingWindow(2, horizon=1, known="price").fit(X[:4])
    assert_array_equal(window.transform(X[4:])[0], [[2, 13], [3, 14]])


def test_forecasts_from_the_same_newest_row_are_counted():
    X = sales(6, sold=[0, 1, 2, 3, NAN, NAN])
    window = SlidingWindow(2, horizon=1, known="price").fit(X[:4])
    with pytest.warns(MissingHistoryWarning, match="In 1 of them.*not known ahead"):
        W = window.transform(X[4:])
    assert_array_equal(W[1], [[3, 14], [NAN, 15]])
    all_known = SlidingWindow(2, horizon=1, known=["price", "sold"]).fit(X[:4])
    with pytest.warns(MissingHistoryWarning, match="2 of 2 rows"):
        all_known.transform(X[4:].assign(price=NAN))


def test_a_known_column_that_is_the_target():
    X = sales()
    with pytest.warns(TargetInWindowWarning, match="price of X equals y, and as a"):
        SlidingWindow(2, horizon=1, known="price").fit(X, X["price"])
    SlidingWindow(2, horizon=1, known="price").fit(X, X["sold"])


def test_steps_missing_in_part_are_named_and_can_be_filled():
    X = sales(12)
    X.loc[X.index[5], ["sold", "price"]] = NAN
    y = np.arange(12.0)
    window = SlidingWindow(3, horizon=1, known="price")
    settings = {"hidden_size": 2, "max_epochs": 2, "n_estimators": 1}
    with pytest.raises(ValueError, match='missing="indicator"'):
        make_pipeline(window, RNNRegressor(**settings)).fit(X, y)
    model = make_pipeline(window, RNNRegressor(missing="indicator", **settings))
    assert np.isfinite(model.fit(X, y).predict(X)).all()


def test_the_first_row_of_a_new_series_has_its_known_columns():
    stores = ["a"] * 6 + ["b"] * 6
    X = pd.concat([sales(), sales()]).set_index(pd.Series(stores), append=True)
    X = X.swaplevel()
    window = SlidingWindow(2, horizon=2, known="price", partial_steps="keep")
    W = window.fit_transform(X)
    assert_array_equal(W[0], [[NAN, NAN], [NAN, 10]])
    assert_array_equal(W[1], [[NAN, 10], [NAN, 11]])
    assert_array_equal(W[8], [[NAN, 11], [0, 12]])
    new = X.loc[["b"]].rename(index={"b": "c"})
    assert_array_equal(window.transform(new[:1])[0], [[NAN, NAN], [NAN, 10]])
    # It says of history what it says without these steps.
    after_a_gap = new.rename(index={"c": "a"}, level=0)
    shifted = after_a_gap.index.levels[1] + pd.Timedelta("9h")
    after_a_gap = after_a_gap.set_axis(after_a_gap.index.set_levels(shifted, level=1))
    with pytest.warns(MissingHistoryWarning, match="3 of 6 rows"):
        window.transform(after_a_gap)
    without = SlidingWindow(2, horizon=2, known="price").fit(X)
    with pytest.warns(MissingHistoryWarning, match="3 of 6 rows"):
        without.transform(after_a_gap)
    y = np.arange(12.0)
    settings = {"hidden_size": 2, "max_epochs": 2, "n_estimators": 1}
    model = make_pipeline(window, RNNRegressor(missing="indicator", **settings))
    forecast = model.fit(X, y).predict(new[:1].assign(price=[10]))
    assert forecast != model.predict(new[:1].assign(price=[90]))


def flat_ridge(**options):
    return make_pipeline(SlidingWindow(3, **options), FlattenSequence("zero"), Ridge())


def test_lookahead_is_told_from_what_is_known():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(40, 2)), columns=["sold", "price"])
    y = rng.normal(size=40)
    model = flat_ridge(horizon=2, known=["price"])
    check_no_lookahead(model, X, y, horizon=2, known="price", n_cuts=None)
    with pytest.raises(AssertionError, match="with horizon=2"):
        check_no_lookahead(model, X, y, horizon=2, n_cuts=None)
    # The row itself is known, and not the rows after it.
    ahead = X.assign(price=X["price"].shift(-1, fill_value=0))
    check_no_lookahead(model, ahead, y, horizon=2, known=1, n_cuts=None)
    with pytest.raises(AssertionError, match="with horizon=1"):
        check_no_lookahead(flat_ridge(), X, y, horizon=1, known="price")
    with pytest.raises(ValueError, match="known='cost' is not among"):
        check_no_lookahead(model, X, y, known="cost")


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 4),
    st.integers(0, 3),
    st.lists(st.sampled_from("ab"), min_size=12, max_size=24),
    st.integers(0, 2**32 - 1),
)
def test_nothing_after_a_row_moves_its_window(window_length, horizon, names, seed):
    rng = np.random.default_rng(seed)
    day = [names[:i].count(name) for i, name in enumerate(names)]
    index = pd.MultiIndex.from_arrays([names, HOURS[0] + pd.to_timedelta(day, "D")])
    X = pd.DataFrame(rng.normal(size=(len(names), 2)), index, ["sold", "price"])
    window = SlidingWindow(
        window_length,
        horizon=horizon,
        freq="D",
        history="allow",
        known="price",
        partial_steps=["absent", "keep"][seed % 2],
    ).fit(X)
    before = np.asarray(window.transform(X))
    row = int(rng.integers(len(names)))
    changed = X.copy()
    of_series = np.array(names) == names[row]
    behind = np.array(day) - day[row]
    changed.loc[~of_series] += 1
    changed.loc[of_series & (behind > -horizon), "sold"] += 1
    changed.loc[of_series & (behind > 0), ["sold", "price"]] += 1
    assert_array_equal(np.asarray(window.transform(changed))[row], before[row])


def test_several_steps_ahead_as_by_hand():
    n, steps = 12, 3
    X, y = sales(n), np.arange(100.0, 100 + n)
    X_, Y, gap = make_targets(X, y, fh=steps, at="last")
    assert X_.index.equals(X.index[steps:])
    assert gap == steps - 1
    W = SlidingWindow(4, horizon=steps, known="price").fit_transform(X_)
    for i, row in enumerate(range(steps, n)):
        origin = row - steps
        assert_array_equal(Y[i], y[origin + 1 : row + 1])
        present = W[i][~np.isnan(W[i]).all(axis=1)]
        # The first rows are not in X_ any more.
        assert len(present) == min(max(origin - steps + 1, 0), 4)
        # The newest steps hold the prices of all the rows ahead.
        newest = np.arange(origin + 1 - len(present), origin + 1)
        assert_array_equal(present[:, 0], newest)
        assert_array_equal(present[:, 1], newest + steps + 10)


def test_rows_of_targets_at_the_last_step():
    index = pd.MultiIndex.from_product([HOURS[:5], ["a", "b"]]).swaplevel()
    X = pd.DataFrame({"sold": np.arange(10.0)}, index)
    X_, Y, gap = make_targets(X, X["sold"].to_numpy(), [1, 2], at="last")
    assert_array_equal(X_["sold"], np.arange(4, 10))
    assert_array_equal(Y, [[2, 4], [3, 5], [4, 6], [5, 7], [6, 8], [7, 9]])
    assert gap == 3
    # At a gap of that many rows no target is in both sets, and with one less there is.
    last_trained, first_tested = Y[2 - 1], Y[2 + gap]
    assert last_trained.max() < first_tested.min()
    with pytest.raises(ValueError, match="'at' parameter of make_targets"):
        make_targets(X, X["sold"], 1, at="end")
