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
from skrnn.inspection import permutation_importance
from skrnn.model_selection import PanelTimeSeriesSplit
from skrnn.streaming import fit_stream
from skrnn.text import TokenSequence
from skrnn.windows import make_targets

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


def _fitted_regressor():
    model = RNNRegressor("gru", 2, max_epochs=1, n_estimators=1, early_stopping=False)
    return model.fit(NUMBERS[:, None], NUMBERS)


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


def _with_words(words):
    if words == "polars":
        return pl.DataFrame({"load": NUMBERS, "odd": WORDS})
    return pd.DataFrame({"load": NUMBERS, "odd": WORDS_OF[words]})


# Transformers of sequences, which see no types, and a window that was given numbers.
@pytest.mark.parametrize("read", ["flatten", "distributed", "window_later"])
@pytest.mark.parametrize("words", WORDS_OF)
def test_a_column_of_words(read, words):
    message = r"but column 'odd' holds strings such as 'north'.*Encode it"
    with pytest.raises(ValueError, match=message):
        READERS[read](_with_words(words))


@pytest.mark.parametrize("read", ["window", "windows"])
@pytest.mark.parametrize("words", WORDS_OF)
def test_words_are_categories(read, words):
    READERS[read](_with_words(words))


@pytest.mark.parametrize("words", WORDS_OF)
def test_a_feature_of_numbers_and_words_is_refused(words):
    with pytest.raises(ValueError, match=r"\['odd'|\['load'\] hold numbers"):
        ToSequence().fit(_with_words(words))


@every_reader
def test_words_among_numbers_are_refused(read):
    frame = pd.DataFrame({"load": NUMBERS, "odd": ["n/a", *map(str, range(N - 1))]})
    with pytest.raises(ValueError, match="column 'odd' holds strings"):
        read(frame)


def test_a_column_of_dates_of_python():
    frame = pd.DataFrame({"load": NUMBERS, "odd": TIMES.date})
    with pytest.raises(TypeError, match=r"but column 'odd' holds values such as"):
        RNNRegressor().fit(frame, NUMBERS)


def test_categories_that_are_numbers_are_categories():
    odd = np.arange(N) % 3 + 7
    plain = pd.DataFrame({"load": NUMBERS, "odd": odd})
    frame = plain.assign(odd=pd.Categorical(odd))
    windows = SlidingWindow(3).fit_transform(frame)
    assert_array_equal(windows.values, plain.assign(odd=odd - 6))
    assert windows.categories[1].labels == ["7", "8", "9"]
    # Who sees no types reads numbers.
    flat = FlattenSequence().fit_transform(frame)
    assert_array_equal(flat, plain)
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


LAZY = pl.LazyFrame({"load": NUMBERS, "odd": NUMBERS})


@every_reader
def test_a_plan_of_a_table(read):
    with pytest.raises(TypeError, match=r"(X|X\[0\]|series) is a LazyFrame.*collect"):
        read(LAZY)


@pytest.mark.parametrize(
    ("read", "name"),
    [
        (lambda: RNNRegressor().fit(LAZY.collect(), LAZY), "y"),
        (lambda: RNNClassifier().fit(LAZY.collect(), LAZY), "y"),
        (
            lambda: RNNRegressor().fit(LAZY.collect(), NUMBERS, sample_weight=LAZY),
            "sample_weight",
        ),
        (lambda: _fitted_regressor().predict(LAZY), "X"),
        (lambda: SlidingWindow(3).fit(LAZY.collect(), LAZY), "y"),
        (lambda: SlidingWindow(3, time="odd").fit(LAZY), "X"),
        (lambda: make_windows(NUMBERS, 3, exog=LAZY), "exog"),
        (lambda: make_targets(LAZY, NUMBERS, fh=1), "X"),
        (lambda: make_targets(LAZY.collect(), LAZY, fh=1), "y"),
        (lambda: list(PanelTimeSeriesSplit(2, time="odd").split(LAZY)), "X"),
        (lambda: fit_stream(RNNRegressor(), [(LAZY, NUMBERS)]), "X of chunk 0"),
        (lambda: TokenSequence().fit(LAZY), "X"),
        (lambda: permutation_importance(_fitted_regressor(), LAZY, NUMBERS), "X"),
        (
            lambda: permutation_importance(_fitted_regressor(), LAZY.collect(), LAZY),
            "y",
        ),
    ],
)
def test_a_plan_of_a_table_elsewhere(read, name):
    with pytest.raises(TypeError, match=f"^{name} is a LazyFrame.*collect"):
        read()


def test_windows_learn_nothing_beside_a_plan_of_y():
    window = SlidingWindow(3)
    with pytest.raises(TypeError, match=r"^y is a LazyFrame"):
        window.fit(LAZY.collect(), LAZY)
    assert vars(window) == vars(SlidingWindow(3))
