"""Small tables of rows, and windows of one feature as a table."""

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from skrnn import FlattenSequence, SlidingWindow

NAN = float("nan")
HOURS = pd.date_range("2024-01-01", periods=12, freq="h")


def column(*values):
    """Rows of one feature, as an array."""
    return np.array(values, dtype=float).reshape(-1, 1)


def frame(index, values=None):
    """Rows of one feature with an index; numbered from 0 if no values are given."""
    values = np.arange(len(index), dtype=float) if values is None else values
    return pd.DataFrame({"load": values}, index=index)


def table(windows):
    """Windows of one feature as a table: a row a window."""
    return np.asarray(windows)[:, :, 0]


def without_freq(index):
    """The times alone: an index whose step is not known."""
    return pd.DatetimeIndex(list(index))


def panel(order):
    """Two series of six rows, below one another or by time."""
    index = pd.MultiIndex.from_product([["b", "a"], HOURS[:6]])
    X = frame(index)
    return X.iloc[np.argsort(index.codes[1], kind="stable")] if order == "time" else X


def ridge_over_windows(window_length=3, **parameters):
    """A classical model over windows."""
    return make_pipeline(
        SlidingWindow(window_length, **parameters), FlattenSequence("zero"), Ridge()
    )
