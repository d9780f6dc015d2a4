"""Series and windows that the tests of several libraries read."""

import numpy as np
import pandas as pd
import pytest
from sktime.datasets import load_airline, load_longley
from sktime.forecasting.naive import NaiveForecaster
from sktime.split import (
    temporal_train_test_split,
)
from sktime.utils._testing.hierarchical import _make_hierarchical

from skrnn import (
    make_windows,
)
from tests.integrations.support import FH, mape


@pytest.fixture(scope="module")
def airline():
    """Rows to fit, and the six months after them."""
    return temporal_train_test_split(load_airline(), test_size=6)


@pytest.fixture(scope="module")
def naive_error(airline):
    """What repeating the newest value gets; all that trains has to be better."""
    past, future = airline
    return mape(future, NaiveForecaster().fit(past, fh=FH).predict())


@pytest.fixture(scope="module")
def longley():
    y, X = load_longley()
    return y[:-3], y[-3:], X[["GNP", "POP"]][:-3], X[["GNP", "POP"]][-3:]


@pytest.fixture(scope="module")
def hierarchy():
    """Two regions of three shops: 40 days, with a week, and 14 days after them."""
    y = _make_hierarchical((2, 3), min_timepoints=54, max_timepoints=54, random_state=0)
    day = y.groupby(level=[0, 1]).cumcount().to_numpy()
    shop = y.index.droplevel(-1).factorize()[0]
    rng = np.random.default_rng(0)
    week = np.sin(2 * np.pi * day / 7)
    y["c0"] = (shop + 1) * (10 + 3 * week + rng.normal(size=len(y)) / 2)
    return y[day < 40], y[day >= 40]


@pytest.fixture(scope="module")
def waves():
    """Windows over a noisy wave, the next two values, and where the test begins."""
    rng = np.random.default_rng(0)
    wave = np.sin(np.arange(260) / 5) + rng.normal(size=260) / 10
    return *make_windows(wave, 8, fh=2), 180


@pytest.fixture(scope="module")
def rows():
    """Rows of two columns in time order, and the target that follows the first."""
    time = np.arange(240) / 5
    rng = np.random.default_rng(0)
    X = np.column_stack([np.sin(time), np.cos(time)]) + rng.normal(size=(240, 2)) / 20
    return pd.DataFrame(X, columns=["a", "b"]), pd.Series(X[:, 0], name="a"), 180
