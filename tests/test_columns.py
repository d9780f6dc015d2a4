"""A column that holds no numbers is named, whoever was to read the table."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal

from skrnn import (
    FlattenSequence,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
    ToSequence,
    make_windows,
)

N = 30
NUMBERS = np.arange(N) + 0.5
TIMES = pd.date_range("2026-01-01", periods=N, freq="h")
READERS = {
    "regressor": lambda X: RNNRegressor().fit(X, NUMBERS),
    "classifier": lambda X: RNNClassifier().fit(X, np.arange(N) % 2),
    "frames": lambda X: RNNRegressor().fit([X] * N, NUMBERS),
    "flatten": lambda X: FlattenSequence().fit(X),
    "distributed": lambda X: TimeDistributed().fit(X),
    "fold": lambda X: ToSequence().fit(X),
    "window": lambda X: SlidingWindow(3).fit(X),
    "window_later": lambda X: _fitted_window().transform(X),
    "windows": lambda X: make_windows(X, 3),
}
every_reader = pytest.mark.parametrize("read", READERS.values(), ids=READERS)


def _fitted_window():
    frame = pd.DataFrame({"load": NUMBERS, "odd": NUMBERS})
    return SlidingWindow(3).fit(frame.reset_index(drop=True))


TIMES_OF = {
    "naive": TIMES,
    "zone": TIMES.tz_localize("Asia/Tokyo"),
    "period": TIMES.to_period("h"),
    "seconds": TIMES.to_numpy("M8[s]"),
}


@every_reader
@pytest.mark.parametrize("times", TIMES_OF.values(), ids=TIMES_OF)
def test_a_column_of_times(read, times):
    frame = pd.DataFrame({"load": NUMBERS, "odd": times})
    with pytest.raises(ValueError, match=r"but column 'odd' holds times .*set_index"):
        read(frame)


@every_reader
def test_a_column_of_durations(read):
    frame = pd.DataFrame({"load": NUMBERS, "odd": TIMES - TIMES[0]})
    with pytest.raises(ValueError, match=r"but column 'odd' holds .*total_seconds"):
        read(frame)


@every_reader
@pytest.mark.parametrize(
    "values",
    [list(TIMES.date), TIMES.to_pydatetime().tolist(), [datetime.timedelta(1)] * N],
    ids=["date", "datetime", "timedelta"],
)
def test_times_of_polars(read, values):
    frame = pl.DataFrame({"load": NUMBERS, "odd": values})
    with pytest.raises(ValueError, match=r"but column 'odd' holds times"):
        read(frame)


@pytest.mark.parametrize("X", [TIMES.to_numpy()[:, None], np.zeros((N, 2, 2), "m8[s]")])
def test_an_array_of_times(X):
    with pytest.raises(ValueError, match="X must hold numbers, but it holds times"):
        RNNRegressor().fit(X, NUMBERS)


WORDS = ["north", "south"] * (N // 2)
WORDS_OF = {
    "string": WORDS,
    "object": np.array(WORDS, object),
    "category": pd.Categorical(WORDS),
    "polars": None,
}


@every_reader
@pytest.mark.parametrize("words", WORDS_OF)
def test_a_column_of_words(read, words):
    frame = pd.DataFrame({"load": NUMBERS, "odd": WORDS_OF[words]})
    if words == "polars":
        frame = pl.DataFrame({"load": NUMBERS, "odd": WORDS})
    message = r"but column 'odd' holds strings such as 'north'.*Encode it"
    with pytest.raises(ValueError, match=message):
        read(frame)


def test_a_column_of_dates_of_python():
    frame = pd.DataFrame({"load": NUMBERS, "odd": TIMES.date})
    with pytest.raises(TypeError, match=r"but column 'odd' holds values such as"):
        RNNRegressor().fit(frame, NUMBERS)


def test_categories_that_are_numbers_are_numbers():
    odd = np.arange(N) % 3 + 1
    plain = pd.DataFrame({"load": NUMBERS, "odd": odd})
    frame = plain.assign(odd=pd.Categorical(odd))
    for read in (
        lambda X: np.asarray(SlidingWindow(3).fit_transform(X)),
        lambda X: ToSequence().fit_transform(X),
        lambda X: FlattenSequence().fit_transform(X),
    ):
        assert_array_equal(read(frame), read(plain))
        assert read(frame).dtype == np.float64
    # What is missing among them is found.
    frame.loc[3, "odd"] = np.nan
    frame.loc[3, "load"] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        RNNRegressor().fit(frame, NUMBERS)


def test_a_cell_that_is_a_sequence():
    frame = pd.DataFrame({"load": NUMBERS, "odd": [[1.0, 2.0]] * N})
    for read in ("fold", "window", "windows"):
        with pytest.raises(ValueError, match=r"but column 'odd' holds sequences"):
            READERS[read](frame)
