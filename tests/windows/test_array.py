"""WindowedArray: an array of windows that stores the rows."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils.validation import _num_samples

from skrnn import FlattenSequence, SlidingWindow, make_windows
from skrnn.windows import WindowedArray
from tests.windows.support import NAN, column, table


@pytest.fixture
def W():
    X = pd.DataFrame(np.arange(20.0).reshape(-1, 2), columns=["a", "b"])
    return SlidingWindow(3).fit_transform(X, groups=[0] * 5 + [1] * 5)


KEYS = [
    slice(2, 7),
    slice(None, None, -2),
    [3, 1, 1],
    [],
    np.array([9, 0]),
    np.arange(10) % 3 == 0,
    [True, False] * 5,
    pd.Series([4, 5]),
    (np.array([2, 8]), ...),
    (slice(4), ...),
]


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_subsets_are_lazy(W, key):
    part = W[key]
    rows = key[0] if isinstance(key, tuple) else key
    rows = rows if isinstance(rows, slice) else np.asarray(rows)
    rows = np.arange(10)[rows if np.size(rows) else slice(0)]
    assert isinstance(part, WindowedArray)
    assert np.shares_memory(part.values, W.values)
    assert part.shape == (len(rows), 3, 2)
    assert_array_equal(np.asarray(part), np.asarray(W)[rows])
    assert_array_equal(part.index, W.index[rows])
    assert_array_equal(part.series, W.series[rows])
    assert part.feature_names == ["a", "b"]


@pytest.mark.parametrize("key", [4, -1, np.int64(0), (4, ...), np.array(2)])
def test_one_window_is_an_array(W, key):
    number = key[0] if isinstance(key, tuple) else key
    assert type(W[key]) is np.ndarray
    assert_array_equal(W[key], np.asarray(W)[number])


@pytest.mark.parametrize(
    "key", [10, -11, [10], True, 1.5, "a", None, (1, 2), [[1]], ..., (0, ..., 0)]
)
def test_other_keys_are_refused(W, key):
    with pytest.raises(IndexError):
        W[key]


def test_attributes(W):
    assert W.shape == (10, 3, 2)
    assert len(W) == 10
    assert W.ndim == 3
    assert W.size == 60
    assert W.nbytes == 20 * 8 + 10 * 8 + 2 * 10 * 4  # rows, series, windows
    assert repr(W) == "WindowedArray(shape=(10, 3, 2), dtype=float64, holds 320 bytes)"
    assert_array_equal(np.array(list(W)), np.asarray(W))


def test_windows_are_read_only(W):
    with pytest.raises(TypeError):
        W[0] = 0
    for array in (W.values, W.stop, W.length, W.series, W[2:].values, W[2:].stop):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    W[5][:] = -1
    np.asarray(W)[:] = -1
    assert W[0][2, 0] == 0


def test_array_of_callers_stays_writable():
    X = column(0, 1, 2)
    SlidingWindow(2).fit_transform(X)
    X[0] = 5


def test_conversion(W):
    assert np.asarray(W, dtype="float32").dtype == "float32"
    assert np.array(W, copy=True).shape == W.shape
    with pytest.raises(ValueError, match="without a copy"):
        np.array(W, copy=False)


def test_gather(W):
    dense = np.asarray(W)
    assert_array_equal(W.gather([9, 2, 9]), dense[[9, 2, 9]])
    assert_array_equal(W.gather([9, 0], dtype="float32"), dense[[9, 0]])
    assert W.gather([9, 0], dtype="float32").dtype == "float32"
    assert W.gather([9, 9], dtype="float32").dtype == "float32"
    assert W.gather([]).shape == (0, 3, 2)
    out = np.empty((2, 3, 2), dtype="float32")
    for rows in ([9, 4], [0, 1]):
        assert W.gather(rows, out=out) is out
        assert_array_equal(out, dense[rows])
    with pytest.raises(IndexError):
        W.gather([10])
    many = SlidingWindow(2).fit_transform(np.arange(10000.0).reshape(-1, 1))
    assert_array_equal(table(many)[1:, 1], np.arange(1, 10000))


@pytest.mark.parametrize("window_length", [127, 128, 129])
def test_long_windows_are_gathered(window_length):
    """The arithmetic on narrow positions holds at the edge of an integer type."""
    X = np.arange(300.0)[:, None]
    W = SlidingWindow(window_length).fit_transform(X)
    rows = np.array([window_length - 1, 299])
    expected = [X[:window_length], X[300 - window_length :]]
    assert_array_equal(W.gather(rows), expected)
    rows[0] -= 1
    expected = [np.vstack([[[NAN]], X[: window_length - 1]]), expected[1]]
    assert_array_equal(W.gather(rows), expected)


def test_rows_of_fewer_than_a_window():
    W = SlidingWindow(50).fit_transform(column(1, 2))
    assert W.shape == (2, 50, 1)
    assert_array_equal(table(W)[1, -3:], [NAN, 1, 2])
    assert np.isnan(table(W[:0])).all()


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_copies(W, duplicate):
    part = W[[8, 9]]
    other = duplicate(part)
    assert_array_equal(np.asarray(other), np.asarray(part))
    assert not other.values.flags.writeable


@pytest.mark.parametrize("rows", [slice(3, 6), [0, 9], [9, 0], [0], [], slice(None)])
@pytest.mark.parametrize("horizon", [0, 2])
def test_pickle_carries_the_rows_it_needs(rows, horizon):
    X = np.arange(10.0).reshape(-1, 1)
    part = SlidingWindow(2, horizon=horizon).fit_transform(X)[rows]
    part.gather(np.arange(len(part)))
    other = pickle.loads(pickle.dumps(part))
    assert_array_equal(np.asarray(other), np.asarray(part))
    assert len(other.values) <= 2 * part.rows_read().sum()
    assert (other.stop >= 0).all()
    assert not other.stop.flags.writeable


def test_memory_map_stays_on_disk(tmp_path):
    rows = np.memmap(tmp_path / "rows", dtype="float32", mode="w+", shape=(50, 2))
    rows[:] = np.arange(100).reshape(-1, 2)
    for X in (rows, pd.DataFrame(rows, copy=False)):
        W = SlidingWindow(4).fit_transform(X)
        assert np.shares_memory(W.values, rows)
        assert np.shares_memory(W[10:20].values, rows)
    X, _ = make_windows(rows, 4)
    assert np.shares_memory(X.values, rows)
    joblib.dump(rows, tmp_path / "dumped")
    read_only = joblib.load(tmp_path / "dumped", mmap_mode="r")
    assert np.shares_memory(SlidingWindow(4).fit_transform(read_only).values, read_only)


def test_what_scikit_learn_does_with_windows(W):
    for key in ([1, 2], np.array([1, 2]), slice(1, 3), np.arange(10) == 4):
        part = _safe_indexing(W, key)
        assert isinstance(part, WindowedArray)
    assert _num_samples(W) == 10
    assert indexable(W, np.zeros(10))[0] is W
    train, test, y_train, _ = train_test_split(W, np.arange(10), random_state=0)
    assert isinstance(train, WindowedArray)
    assert_array_equal(train.index, y_train)
    assert len(train) + len(test) == 10
    shown = joblib.Parallel(n_jobs=2)(joblib.delayed(np.asarray)(W[i:]) for i in (0, 5))
    assert_array_equal(shown[1], np.asarray(W)[5:])


def test_grid_search_over_windows():
    X, Y = make_windows(np.sin(np.arange(60.0)), 4)
    model = make_pipeline(FlattenSequence(), Ridge())
    search = GridSearchCV(model, {"ridge__alpha": [1e-6, 100]}, cv=TimeSeriesSplit(3))
    search.fit(X, Y)
    assert search.best_params_ == {"ridge__alpha": 1e-6}
    assert search.best_score_ > 0.99


def test_with_values(W):
    other = W.with_values(np.arange(10.0).reshape(-1, 1), ["c"])
    assert other.shape == (10, 3, 1)
    assert other.feature_names == ["c"]
    assert other.index is W.index
    with pytest.raises(ValueError, match="read 10 rows, but values has 9"):
        W.with_values(np.zeros((9, 1)))


def test_parts_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match="stop has 2 windows, but length has 1"):
        WindowedArray(column(0, 1), [1, 2], [1], 1)
    with pytest.raises(ValueError, match="2-D array of numbers"):
        WindowedArray(np.array(["a"]), [1], [1], 1)
