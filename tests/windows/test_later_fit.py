"""Splits of a long table by the position of its rows are told, and no others."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import GroupKFold, KFold, TimeSeriesSplit, cross_validate
from sklearn.pipeline import make_pipeline

from skrnn import SlidingWindow
from skrnn.exceptions import LeakingSplitWarning, ShortWindowsWarning
from skrnn.model_selection import PanelTimeSeriesSplit

DAYS = pd.date_range("2024-01-01", periods=60)
TABLE = pd.DataFrame(
    {
        "store": np.repeat(["a", "b", "c"], 60),
        "day": np.tile(DAYS, 3),
        "sold": np.random.default_rng(0).normal(size=180),
    }
)
SHUFFLED = TABLE.sample(frac=1, random_state=0)
KEYS = {"series": "store", "time": "day"}


class Zero(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.is_fitted_ = True
        return self

    def predict(self, X):
        return np.zeros(len(X))


def warned(table, splitter, length=2, **options):
    """Categories and messages of what a cross-validation warns of."""
    model = make_pipeline(
        SlidingWindow(length, horizon=1, history="allow", **KEYS), Zero()
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cross_validate(model, table, table["sold"], cv=splitter, **options)
    return [(w.category, str(w.message)) for w in caught]


@pytest.mark.parametrize("splitter", [TimeSeriesSplit(3), KFold(4)], ids=str)
def test_a_split_by_position_is_told(splitter):
    found = warned(SHUFFLED, splitter)
    leaking = [text for kind, text in found if kind is LeakingSplitWarning]
    assert len(leaking) == splitter.get_n_splits()
    for text in leaking:
        assert "PanelTimeSeriesSplit(series='store', time='day')" in text
    # Of longer windows most are cut short, and that is why.
    found = warned(SHUFFLED, splitter, length=10)
    short = [text for kind, text in found if kind is ShortWindowsWarning]
    assert len(short) == splitter.get_n_splits()
    assert all("PanelTimeSeriesSplit(series=" in text for text in short)


@pytest.mark.parametrize(
    ("table", "splitter", "options"),
    [
        (SHUFFLED, PanelTimeSeriesSplit(3, **KEYS), {"return_train_score": True}),
        (SHUFFLED, GroupKFold(3), {"groups": SHUFFLED["store"]}),
        (TABLE.sort_values("day", kind="stable"), TimeSeriesSplit(3), {}),
        (TABLE, PanelTimeSeriesSplit(3, gap=2, **KEYS), {}),
    ],
)
def test_other_splits_are_not(table, splitter, options):
    assert warned(table, splitter, **options) == []


def test_which_rows_are_earlier_is_counted():
    """Every fifth row of a series is left out, and given afterwards in any order."""
    is_left_out = np.arange(180) % 5 == 1
    window = SlidingWindow(2, freq="D", history="allow", **KEYS)
    window.fit(TABLE[~is_left_out])
    other = SHUFFLED[is_left_out[SHUFFLED.index]]
    with pytest.warns(LeakingSplitWarning, match="^36 of 36 rows are earlier"):
        window.transform(other)
    # Half of them are of the fit, and so is nothing that came later than all.
    again = pd.concat([other, TABLE[~is_left_out][:36]]).sample(frac=1, random_state=1)
    later = other.assign(day=other["day"] + pd.Timedelta(days=100))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        window.transform(again)
        window.transform(later)
