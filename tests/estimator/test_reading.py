"""Windows are read with their series; tables are read, warned of or explained."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

from skrnn import (
    FlattenSequence,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
    ToSequence,
)
from skrnn._estimator.reading import read_X
from skrnn.exceptions import TabularInputWarning
from skrnn.windows._array import WindowedArray
from tests.training.data import X


def test_windows_say_which_series_they_are_of():
    index = pd.MultiIndex.from_product([["a", "b", "c"], range(30)])
    frame = pd.DataFrame(X, index=index)
    groups = np.arange(90) % 30 < 10  # two series under each label of the index
    windows = SlidingWindow(4, horizon=1).fit_transform(frame, groups=groups)
    source = read_X(RNNRegressor(), windows, missing="error", reset=True)
    assert_array_equal(source.series, windows.series)
    assert len(np.unique(source.series)) == 6
    by_hand = WindowedArray(
        windows.values, windows.stop, windows.length, 4, index=windows.index
    )
    source = read_X(RNNRegressor(), by_hand, missing="error", reset=True)
    assert_array_equal(source.series, np.repeat([0, 1, 2], 30))


def test_the_series_of_windows_cost_no_memory():
    n_rows = 200_000
    index = pd.MultiIndex.from_product([range(10), range(n_rows // 10)])
    frame = pd.DataFrame(np.zeros((n_rows, 1), np.float32), index=index)
    windows = SlidingWindow(96).fit_transform(frame)
    tracemalloc.start()
    try:
        read_X(RNNRegressor(), windows, missing="error", reset=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # A block is checked at a time; the levels of the index alone would take 7 MB.
    assert peak < 1e6 + 2 * n_rows


# -- tables ----------------------------------------------------------------------------

N_ROWS = 120
HOUR = np.arange(N_ROWS)
TABLE = pd.DataFrame(
    {"temperature": 20 + np.sin(HOUR / 4), "humidity": 60.5 + HOUR / 9}
).assign(hour=HOUR % 24)
FAST = {"hidden_size": 4, "max_epochs": 2, "n_estimators": 1, "random_state": 0}
ESTIMATORS = pytest.mark.parametrize("Estimator", [RNNRegressor, RNNClassifier])


@ESTIMATORS
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_table_is_warned_of_once_and_predictions_are_quiet(Estimator, library):
    X, target = TABLE, HOUR % 2
    if library == "polars":
        X = pytest.importorskip("polars").DataFrame(TABLE.to_dict("list"))
    model = Estimator(**FAST)
    message = r"'hour' holds whole numbers and '\w+' fractions.*SlidingWindow"
    with pytest.warns(TabularInputWarning, match=message) as caught:
        model.fit(X, target, X_val=X[:30], y_val=target[:30])
    assert len([w for w in caught if w.category is TabularInputWarning]) == 1
    model.predict(X)
    model.set_params(warm_start=True).fit(X, target)


@ESTIMATORS
def test_what_is_meant_is_not_warned_of(Estimator):
    target = HOUR % 2
    for meant in (
        TABLE.to_numpy(),
        TABLE.set_axis(["lag_2", "lag_1", "lag_0"], axis=1),
        TABLE.set_axis([0, 1, 2], axis=1),
        ToSequence(n_timesteps=1).fit_transform(TABLE),
        SlidingWindow(4).fit_transform(TABLE),
        [TABLE[:5]] * N_ROWS,
    ):
        Estimator(**FAST).fit(meant, target)


@ESTIMATORS
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (lambda long: long.set_index(["id", "time"]), r"'id'.*groupby\(level=0, sort"),
        (lambda long: long, r"column 'id'.*groupby\('id', sort"),
        (lambda long: long.sort_values("time"), r"column 'id'.*groupby\('id', sort"),
        (
            lambda long: long.assign(u=0).set_index(["u", "id", "time"]),
            r"'u', 'id'.*groupby\(level=\[0, 1\], sort",
        ),
    ],
    ids=["index", "columns", "by time", "levels"],
)
def test_a_long_table_says_how_to_make_sequences(Estimator, X, message):
    rng = np.random.default_rng(0)
    long = pd.DataFrame(
        {
            "id": np.repeat([f"p{i}" for i in range(20)], 12),
            "time": np.tile(pd.date_range("2026", periods=12), 20),
            "a": rng.normal(size=240),
            "b": rng.normal(size=240),
        }
    )
    target = np.arange(20) % 2
    with pytest.raises(ValueError, match=f"(?s)X has 240 rows and y has 20.*{message}"):
        Estimator(**FAST).fit(X(long), target)
    # What it advises.
    rows = [rows[["a", "b"]].to_numpy() for _, rows in long.groupby("id", sort=False)]
    Estimator(**FAST).fit(rows, target)


def test_other_lengths_are_as_before():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        RNNRegressor(**FAST).fit(TABLE.set_axis([0, 1, 2], axis=1), HOUR[:-1])


# -- samples without steps -------------------------------------------------------------

OPTIONS = [
    {},
    {"segment_length": 3},
    {"pooling": "mean"},
    {"pooling": "max"},
    {"pooling": "attention"},
    {"cell": "lstm", "init": "chrono"},
    {"bidirectional": True},
    {"instance_norm": "standard"},
    {"missing": "indicator"},
    {"tbptt_steps": 2},
    {"norm": "batch"},
    {"scale": False},
    {"n_estimators": 2},
]


@ESTIMATORS
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_arrays_without_steps(Estimator, options):
    target = np.arange(24) % 2
    nothing = np.zeros((24, 0, 2))
    model = Estimator(**FAST | {"tol": 9} | options).fit(nothing, target)
    found = getattr(model, "predict_proba", model.predict)
    assert np.isfinite(found(nothing)).all()
    assert_array_equal(found(nothing), found([np.zeros((0, 2))] * 24))
    absent = np.full((24, 3, 2), np.nan)
    assert_array_equal(found(nothing), found(absent))
    model = Estimator(**FAST | options).partial_fit(
        nothing, target, **({"classes": [0, 1]} if Estimator is RNNClassifier else {})
    )
    model.partial_fit(np.random.default_rng(0).normal(size=(24, 3, 2)), target)
    assert np.isfinite(model.predict(nothing)).all()


def test_transformers_of_arrays_without_steps():
    assert FlattenSequence().fit_transform(np.zeros((4, 0, 2))).shape == (4, 0)
    fitted = FlattenSequence().fit(np.zeros((4, 3, 2)))
    assert np.isnan(fitted.transform(np.zeros((4, 0, 2)))).all()
    scaled = TimeDistributed().fit(np.zeros((4, 3, 2))).transform(np.zeros((4, 0, 2)))
    assert scaled.shape == (4, 0, 2)


@ESTIMATORS
def test_x_of_nothing_but_nan_is_warned_of(Estimator):
    for nothing in (np.full((24, 5), np.nan), [np.full((2, 2), np.nan)] * 24):
        with pytest.warns(UserWarning, match="Every step of X is absent"):
            Estimator(**FAST).fit(nothing, np.arange(24) % 2)


def test_weights_that_are_a_word():
    with pytest.raises(ValueError, match='class_weight="balanced"'):
        RNNClassifier().fit(TABLE.to_numpy(), HOUR % 2, sample_weight="balanced")


def test_a_nested_table_of_another_length():
    nested = pd.DataFrame({"a": [[1.0, 2.0]] * 24})
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        RNNRegressor(**FAST).fit(nested, np.arange(20.0))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (slice(-2, None), "missing, and so it is in all later rows"),
        (slice(-10, -8), r"TimeDistributed\(SimpleImputer\(\)\)"),
        (slice(-1, None), None),  # the window of the last row ends before it
    ],
)
@pytest.mark.parametrize("of", [["b"], ["a", "b"]])
def test_rows_that_have_not_happened_yet_are_told_from_others(rows, message, of):
    """A value that is missing to the end is none to be filled in."""
    index = pd.MultiIndex.from_product([["a", "b"], range(20)])
    load = np.random.default_rng(0).normal(size=40)
    table = pd.DataFrame({"load": load, "hour": np.arange(40.0)}, index)
    options = {"hidden_size": 2, "max_epochs": 1, "n_estimators": 1}
    last = RNNRegressor(**options, early_stopping=False)
    model = make_pipeline(SlidingWindow(3, horizon=1), last).fit(table, load)
    ahead = table.copy()
    for name in of:
        place = index.get_locs([name])[rows]
        ahead.iloc[place, 0] = np.nan
    if message is None:
        assert np.isfinite(model.predict(ahead)).all()
        return
    with pytest.raises(ValueError, match=message):
        model.predict(ahead)
