"""Rows that have lost their index, and what tells of it."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import FlattenSequence, SlidingWindow
from skrnn.exceptions import LostIndexWarning, MissingHistoryWarning
from tests.windows.support import frame

HOURS = pd.date_range("2024-01-01", periods=40, freq="h")
SERIES = pd.MultiIndex.from_product([["a", "b"], HOURS], names=["place", "time"])
NAMES = "ignore:X (does not have valid|has) feature names"


def scaled(window):
    columns = ColumnTransformer([("scaled", StandardScaler(), ["load"])])
    return make_pipeline(columns, window, FlattenSequence(pad="zero"), Ridge())


def test_scaler_before_windows_of_several_series():
    X = frame(SERIES)
    y = X["load"] ** 2
    with pytest.raises(ValueError, match=r"y names 2 series.*set_output"):
        scaled(SlidingWindow(3)).fit(X, y)
    model = scaled(SlidingWindow(3)).set_output(transform="pandas")
    model.fit(X, y)
    windows = model[:2].transform(X)
    assert np.isnan(np.asarray(windows)[40, :2]).all()  # none of the other series
    assert_array_equal(np.unique(windows.series), [0, 1])


def test_scaler_before_windows_of_times():
    X = frame(HOURS)
    y = X["load"] ** 2
    model = scaled(SlidingWindow(3))
    with pytest.warns(LostIndexWarning, match=r"y has one.*set_output") as caught:
        model.fit(X, y)
    assert [item.filename for item in caught] == [__file__]
    with pytest.warns(MissingHistoryWarning, match=r"has no index.*set_output"):
        model.predict(X[30:31])
    numbered = X.reset_index(drop=True)
    with pytest.warns(LostIndexWarning, match="y has one"):
        SlidingWindow(3).fit(numbered, y)


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (np.zeros((3, 1)), pd.Series([0, 1, 2])),
        (np.zeros((3, 1)), pd.Series([0, 1, 2], index=list("abc"))),
        (np.zeros((3, 1)), pd.Series([0, 1], index=HOURS[:2])),
        (frame(pd.RangeIndex(4, 7)), pd.Series([0, 1, 2], index=HOURS[:3])),
        (frame(HOURS[:3]), pd.Series([0, 1, 2])),
        (frame(HOURS[:3]), pd.Series([0, 1, 2], index=HOURS[:3])),
        (np.zeros((3, 1)), [0, 1, 2]),
    ],
)
def test_targets_that_tell_nothing(X, y):
    SlidingWindow(2, horizon=1).fit(X, y)


def test_groups_tell_the_series():
    y = pd.Series(np.arange(80.0), SERIES)
    SlidingWindow(2, horizon=1).fit(np.zeros((80, 1)), y, groups=SERIES.codes[0])


def test_one_series_in_an_index_of_levels():
    y = pd.Series(np.arange(40.0), SERIES[:40])
    with pytest.warns(LostIndexWarning):
        SlidingWindow(2, horizon=1).fit(np.zeros((40, 1)), y)


def test_step_that_is_not_read():
    rows = np.arange(40.0)[:, None]
    for X, has in [
        (rows, "X has no index"),
        (frame(pd.RangeIndex(40)), "holds integers, not times"),
    ]:
        with pytest.warns(LostIndexWarning, match=f"freq='h' was given, but .*{has}"):
            SlidingWindow(3, freq="h").fit(X)
    with pytest.warns(LostIndexWarning):
        SlidingWindow(3, freq=1).fit(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SlidingWindow(3, freq=1).fit(frame(pd.RangeIndex(40)))
        SlidingWindow(3, freq="h").fit(frame(HOURS))
        SlidingWindow(3, freq="h").fit(frame(HOURS.to_period("h")))


@pytest.mark.filterwarnings(NAMES)
@pytest.mark.parametrize("index", [SERIES[:40], HOURS, HOURS.to_period("h")])
def test_index_in_fit_or_in_transform_only(index):
    X = frame(index)
    window = SlidingWindow(3)
    for fitted, called in [(X, X.to_numpy()), (X.to_numpy(), X)]:
        window.fit(fitted)
        if isinstance(index, pd.MultiIndex):
            with pytest.raises(ValueError, match=r"Give X the index levels of fit"):
                window.transform(called)
            continue
        with pytest.warns(MissingHistoryWarning, match=r"2 of 40 rows.* index.*index"):
            window.transform(called)
        with pytest.raises(ValueError, match="2 of 40 rows"):
            window.set_params(history="require").transform(called)
        window.set_params(history="allow").transform(called)
        window.set_params(history="warn")


@pytest.mark.filterwarnings(NAMES)
def test_numbered_rows_and_plain_ones():
    """A data frame without an index of its own says no more than an array."""
    X = frame(pd.RangeIndex(40))
    SlidingWindow(3).fit(X).transform(X.to_numpy())
    SlidingWindow(3).fit(X.to_numpy()).transform(X)
    with pytest.warns(MissingHistoryWarning, match="2 of 10 rows.*has no index"):
        SlidingWindow(3).fit(X[:30]).transform(X[30:].to_numpy())
    with pytest.warns(MissingHistoryWarning, match="2 of 10 rows"):
        SlidingWindow(3).fit(X[:30].to_numpy()).transform(X[30:])
