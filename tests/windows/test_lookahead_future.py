"""The future that check_no_lookahead changes: which rows, at which moments, and how."""

import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator

from skrnn.windows import check_no_lookahead
from tests.windows.support import NAN


class Recorder(BaseEstimator):
    """Predicts zeros and keeps every X it is given; the list outlives a clone."""

    given = []

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def predict(self, X):
        self.given.append(X.copy())
        return np.zeros(len(X))


@pytest.fixture
def given_by(monkeypatch):
    """The X that an estimator is given in a check, in turn."""

    def check(X, **options):
        monkeypatch.setattr(Recorder, "given", [])
        check_no_lookahead(Recorder(), X, **options)
        first, second, *changed = Recorder.given
        # What is predicted first is X, twice, and later X with another future.
        for plain in (first, second):
            assert not differs(X, plain).any()
        return changed

    return check


def differs(X, changed):
    """Whether each value differs, where none is missing in either (n, F)."""
    X, changed = pd.DataFrame(X), pd.DataFrame(changed)
    assert_array_equal(X.isna(), changed.isna())
    return ((X != changed) & X.notna()).to_numpy()


def mixed(n):
    """A column of each kind that has no two equal values in a row."""
    number = np.arange(n)
    return pd.DataFrame(
        {
            "float": number + 0.5,
            "signed": (-1.0) ** number * (number + 1),
            "single": (number + 1).astype("float32"),
            "whole": number,
            "text": np.array(list("xyz"))[number % 3],
            "kind": pd.Categorical(np.array(list("pq"))[number % 2]),
            "flag": number % 2 == 0,
            "nullable": pd.array(number, dtype="Int64"),
            "time": pd.date_range("2024", periods=n),
        }
    )


@pytest.mark.parametrize(
    ("n_rows", "n_cuts", "moments"),
    [
        (6, None, [0, 1, 2, 3, 4]),
        (6, 20, [0, 1, 2, 3, 4]),
        (6, 5, [0, 1, 2, 3, 4]),
        (6, 4, [0, 1, 3, 4]),
        (6, 2, [0, 4]),
        (6, 1, [0]),
        (2, None, [0]),
        (42, 20, [0, 2, 4, 6, 8, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 32, 34, 36]),
    ],
)
def test_moments_are_spread_from_the_first_to_the_last_but_one(
    given_by, n_rows, n_cuts, moments
):
    changed = given_by(mixed(n_rows), n_cuts=n_cuts)
    begins = [int(differs(mixed(n_rows), X).any(axis=1).argmax()) for X in changed]
    assert [begin - 1 for begin in begins][: len(moments)] == moments
    assert begins[-1] == (1 if n_cuts == 1 else n_rows - 1)
    assert len(changed) == len(moments) + (2 if n_rows == 42 else 0)


def test_twenty_moments_by_default(given_by):
    assert len(given_by(mixed(50))) == 20


def test_every_value_of_the_future_is_changed_and_none_of_the_past(given_by):
    X = mixed(12)
    before = X.copy()
    for moment, changed in enumerate(given_by(X, n_cuts=None)):
        future = np.arange(12) > moment
        assert_array_equal(differs(X, changed), np.tile(future[:, None], X.shape[1]))
        assert_array_equal(changed.dtypes, X.dtypes)
        assert changed.columns.equals(X.columns)
        for name in ("whole", "text", "kind", "flag", "nullable", "time"):
            assert changed[name].isin(X[name]).all()
    pd.testing.assert_frame_equal(X, before)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "object", ">f8"])
def test_values_of_an_array_are_changed(given_by, dtype):
    X = np.arange(1, 25).reshape(-1, 2).astype(dtype)
    before = X.copy()
    for moment, changed in enumerate(given_by(X, n_cuts=None)):
        assert isinstance(changed, np.ndarray)
        assert changed.dtype == X.dtype.newbyteorder("=")
        assert_array_equal(differs(X, changed)[: moment + 1], False)
        assert_array_equal(differs(X, changed)[moment + 1 :], True)
    assert_array_equal(X, before)


def test_floats_are_scaled_by_up_to_four_and_keep_their_sign(given_by):
    """So a value leaves the range of the past, and a logarithm remains defined."""
    X = np.where(np.arange(400) % 2, 1.0, 2.0)[:, None]
    signed = np.hstack([X, -X])
    (changed,) = given_by(signed, n_cuts=1)
    # Another of the two values, and then a factor of a quarter to four.
    factor = changed[1:] / (3 * np.sign(signed) - signed)[1:]
    assert factor.min() >= 1 / 4
    assert factor.max() <= 4
    assert np.quantile(factor, [0.02, 0.98]) == pytest.approx([1 / 4, 4], rel=0.1)
    assert np.median(factor) == pytest.approx(1, rel=0.2)


def test_random_state_draws_the_future(given_by):
    X = mixed(20)
    drawn = [given_by(X, n_cuts=1, random_state=seed)[0] for seed in (0, 0, 1)]
    pd.testing.assert_frame_equal(drawn[0], drawn[1])
    assert differs(drawn[0], drawn[2]).any()
    pd.testing.assert_frame_equal(drawn[0], given_by(X, n_cuts=1)[0])


def test_every_other_value_may_be_drawn(given_by):
    X = np.tile(np.arange(5), 60)[:, None]
    (changed,) = given_by(X, n_cuts=1)
    step = (changed - X)[1:] % 5
    assert sorted(set(step.ravel().tolist())) == [1, 2, 3, 4]


@pytest.mark.parametrize("as_frame", [True, False])
def test_missing_values_stay_missing(given_by, as_frame):
    """A row may be NaN only where it is unread, and so no value takes its place."""
    number = np.arange(12.0)
    X = np.c_[number + 1, number + 1, np.full(12, NAN)]
    X[[0, 5, 11], 0] = NAN
    X[:6, 1] = NAN
    X = pd.DataFrame(X) if as_frame else X
    for moment, changed in enumerate(given_by(X, n_cuts=None)):
        future = (np.arange(12) > moment)[:, None]
        assert_array_equal(differs(X, changed), pd.DataFrame(X).notna() & future)


def test_missing_text_stays_missing(given_by):
    X = pd.DataFrame({"a": [None, "x", "y", None, "x"], "b": [1, 2, 3, 4, 5]})
    for moment, changed in enumerate(given_by(X, n_cuts=None)):
        future = (np.arange(5) > moment)[:, None]
        assert_array_equal(differs(X, changed), X.notna() & future)


def test_future_that_is_missing_cannot_be_changed():
    X = pd.DataFrame({"a": [1.0, NAN, NAN]})
    with pytest.raises(ValueError, match="all alike"):
        check_no_lookahead(Recorder(), X, n_cuts=None)
    # A column that cannot be changed is no obstacle if another one can.
    X["b"] = [1, 2, 3]
    check_no_lookahead(Recorder(), X.assign(c="same"), n_cuts=None)
    check_no_lookahead(Recorder(), X.assign(c="same")[["b", "c", "a"]], n_cuts=None)


# --- several series ----------------------------------------------------------------


class Panel(BaseEstimator):
    """Predicts each row from another row of its series, `back` rows before it."""

    def __init__(self, back=1, series=None):
        self.back = back
        self.series = series

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def predict(self, X):
        shifted = X["a"].groupby(level=0, sort=False).shift(self.back)
        if self.series is not None:
            own = X.index.get_level_values(0) == self.series
            shifted = shifted.where(own, 0.0)
        return shifted.to_numpy()


def series_of_unequal_length(order):
    """Rows of three series that begin and end at different times."""
    hours = pd.date_range("2024", periods=8, freq="h")
    keys = [("c", t) for t in hours[2:]]
    keys += [("a", t) for t in hours[:5]]
    keys += [("b", t) for t in hours[[1, 3, 7]]]
    index = pd.MultiIndex.from_tuples(keys, names=["series", "time"])
    X = pd.DataFrame({"a": np.arange(1.0, 15), "b": np.arange(14)}, index)
    return X if order == "series" else X.sort_index(level=1, kind="stable")


@pytest.mark.parametrize("order", ["series", "time"])
def test_future_of_every_series_is_changed(given_by, order):
    X = series_of_unequal_length(order)
    time = X.index.get_level_values(1)
    moments = np.unique(time)
    changed = given_by(X, n_cuts=None)
    assert len(changed) == len(moments) - 1
    for moment, other in zip(moments, changed, strict=False):
        future = np.asarray(time > moment)
        assert_array_equal(differs(X, other), np.tile(future[:, None], 2))
        assert other.index.equals(X.index)


@pytest.mark.parametrize("order", ["series", "time"])
def test_missing_values_of_several_series_stay_missing(given_by, order):
    X = series_of_unequal_length(order)
    X.loc["b", "a"] = NAN
    X.loc[[("c", t) for t in X.loc["c"].index[::2]], "a"] = NAN
    time = X.index.get_level_values(1)
    for moment, other in zip(np.unique(time), given_by(X, n_cuts=None), strict=False):
        future = np.asarray(time > moment)[:, None]
        assert_array_equal(differs(X, other), X.notna() & future)


@pytest.mark.parametrize("order", ["series", "time"])
@pytest.mark.parametrize("missing", [True, False])
def test_leak_of_one_series_is_found(order, missing):
    X = series_of_unequal_length(order)
    if missing:
        X.loc["a", "a"] = NAN
    for back in (0, 1, 2):
        check_no_lookahead(Panel(back), X, n_cuts=None)
    row = X.index.get_loc(X.loc[["b"]].index[0])
    # Of series b the first row is at 01:00, and the next at 03:00 is what it reads.
    newest = np.flatnonzero(X.index.get_level_values(1) <= X.index[row][1])[-1]
    message = (
        f"Look-ahead: the prediction of row {row} ({X.index[row]}) moved when the "
        f"rows after row {newest} ({X.index[newest]}) were changed."
    )
    with pytest.raises(AssertionError, match=f"^{re.escape(message)}$"):
        check_no_lookahead(Panel(-1, series="b"), X, n_cuts=None)


def test_horizon_counts_moments_of_all_series():
    X = series_of_unequal_length("time")
    check_no_lookahead(Panel(1), X, horizon=1, n_cuts=None)
    for horizon, back in [(1, 0), (2, 1)]:
        with pytest.raises(
            AssertionError, match=f"were changed, with horizon={horizon}"
        ):
            check_no_lookahead(Panel(back), X, horizon=horizon, n_cuts=None)


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2024", periods=6)[[0, 0, 1, 1, 3, 3]],
        pd.period_range("2024", periods=6, freq="M")[[0, 0, 1, 1, 3, 3]],
    ],
)
def test_rows_of_one_time_are_one_moment(given_by, index):
    X = pd.DataFrame({"a": np.arange(6)}, index)
    changed = given_by(X, n_cuts=None)
    assert [differs(X, other).sum() for other in changed] == [4, 2]


@pytest.mark.parametrize("index", [pd.Index([3, 3, 1]), pd.Index(["x", "x", "y"])])
def test_rows_of_other_indexes_follow_one_another(given_by, index):
    X = pd.DataFrame({"a": np.arange(3)}, index)
    changed = given_by(X, n_cuts=None)
    assert [differs(X, other).sum() for other in changed] == [2, 1]


def test_times_out_of_order_are_sorted(given_by):
    X = pd.DataFrame({"a": range(3)}, pd.date_range("2024", periods=3)[[2, 0, 1]])
    first, second = given_by(X, n_cuts=None)
    assert_array_equal(differs(X, first).ravel(), [True, False, True])
    assert_array_equal(differs(X, second).ravel(), [True, False, False])
