"""Windows against a slow loop, and each promise about index, history and series."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    TimeSeriesSplit,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import _safe_indexing

from skrnn import (
    FlattenSequence,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
    ToSequence,
    make_windows,
)
from skrnn.exceptions import TargetInWindowWarning
from skrnn.windows import WindowedArray, check_no_lookahead, make_targets


def slow_windows(known, called, window_length, horizon):
    """Windows of called rows, by a loop; both map (series, time) to a value."""
    rows = known | called
    windows = []
    for series, time in called:
        window = [np.nan] * window_length
        bridge = [(series, time - k) in rows for k in range(horizon + 1)]
        if all(bridge):
            newest = time - horizon
            for k in range(window_length):
                if (series, newest - k) not in rows:
                    break
                window[window_length - 1 - k] = rows[series, newest - k]
        windows.append(window)
    return np.array(windows, float).reshape(len(called), window_length)


@st.composite
def indexed_rows(draw):
    n_series = draw(st.integers(1, 3))
    seed = draw(st.integers(0, 10**6))
    rng = np.random.default_rng(seed)
    keys = []
    for series in range(n_series):
        times = np.flatnonzero(rng.random(draw(st.integers(4, 30))) > 0.15)
        keys += [(series, int(time)) for time in times]
    if len(keys) < 3:
        keys = [(0, 0), (0, 1), (0, 2)]
    return keys, rng.permutation(len(keys)).astype(float)


def remembered(keys, values, reach):
    """The last rows of every unbroken run, which is what fit may keep."""
    rows = dict(zip(keys, values, strict=True))
    kept = {}
    for series, time in keys:
        ahead = 0
        while (series, time + ahead + 1) in rows:
            ahead += 1
        if ahead < reach:
            kept[series, time] = rows[series, time]
    return kept


@settings(max_examples=120, deadline=None)
@given(
    indexed_rows(),
    st.integers(1, 7),
    st.integers(0, 3),
    st.sampled_from(["range", "datetime", "period"]),
    st.sampled_from(["kfold", "series", "all"]),
)
def test_windows_equal_a_slow_loop(data, window_length, horizon, kind, split):
    keys, values = data
    several = len({series for series, _ in keys}) > 1
    times = np.array([time for _, time in keys])
    if kind == "datetime":
        times = pd.Timestamp("2024-02-27") + pd.to_timedelta(times, "h")
    elif kind == "period":
        start = pd.Period("2024-01", "M").ordinal
        times = pd.PeriodIndex.from_ordinals(start + times, freq="M")
    index = pd.Index(times)
    if several:
        index = pd.MultiIndex.from_arrays([[str(s) for s, _ in keys], index])
    frame = pd.DataFrame({"v": values}, index)
    if split == "all":
        splits = [(np.arange(len(keys)), np.arange(len(keys)))]
    elif split == "kfold":
        splits = list(KFold(2).split(frame))
    else:
        groups = [series for series, _ in keys]
        by_series = GroupKFold(2).split(frame, groups=groups) if several else None
        splits = list(by_series or KFold(2).split(frame))
    freq = "h" if kind == "datetime" else None
    for train, test in splits:
        window = SlidingWindow(window_length, horizon=horizon, freq=freq)
        fitted = window.fit_transform(frame.iloc[train])
        own = {keys[i]: values[i] for i in train}
        assert_array_equal(
            np.asarray(fitted)[:, :, 0], slow_windows({}, own, window_length, horizon)
        )
        called = {keys[i]: values[i] for i in test}
        known = remembered(list(own), list(own.values()), window_length + horizon - 1)
        result = np.asarray(window.transform(frame.iloc[test]))[:, :, 0]
        assert_array_equal(result, slow_windows(known, called, window_length, horizon))


def series(n=20, **kwargs):
    index = pd.date_range("2024-01-01", periods=n, freq="D", **kwargs)
    return pd.DataFrame({"v": np.arange(float(n))}, index)


def values_of(windows):
    return np.asarray(windows)[:, :, 0].tolist()


def test_history_comes_by_index_only():
    X = series()
    window = SlidingWindow(3).fit(X[:10])
    assert values_of(window.transform(X[10:12])) == [[8, 9, 10], [9, 10, 11]]
    gap = np.asarray(window.transform(X[11:12]))[0, :, 0]
    assert_array_equal(gap, [np.nan, np.nan, 11])
    with pytest.raises(ValueError, match="fitted with a DatetimeIndex"):
        window.transform(X[10:11].reset_index(drop=True))


def test_plain_arrays_have_no_history():
    X = series().to_numpy()
    windows = np.asarray(SlidingWindow(3).fit(X[:10]).transform(X[10:]))
    assert_array_equal(windows[0, :, 0], [np.nan, np.nan, 10])


def test_daylight_saving():
    index = pd.date_range("2024-03-30", periods=72, freq="h", tz="Europe/Paris")
    X = pd.DataFrame({"v": np.arange(72.0)}, index)
    assert np.isfinite(np.asarray(SlidingWindow(5).fit_transform(X))[4:]).all()
    days = pd.date_range("2024-03-25", periods=12, freq="D", tz="Europe/Paris")
    X = pd.DataFrame({"v": np.arange(12.0)}, days)
    assert np.isfinite(np.asarray(SlidingWindow(5).fit_transform(X))[4:]).all()


def test_unread_rows_may_be_missing():
    X = series(6)
    X.iloc[-1] = np.nan
    window = SlidingWindow(3, horizon=1).fit(X[:-1])
    assert values_of(window.transform(X[-1:])) == [[2, 3, 4]]


def test_groups():
    X, groups = np.arange(8.0)[:, None], np.repeat([0, 1], 4)
    window = SlidingWindow(3).fit(X, groups=groups)
    assert_array_equal(window.transform(X, groups=groups).series, groups)
    first = np.asarray(window.transform(X, groups=groups))[4, :, 0]
    assert_array_equal(first, [np.nan, np.nan, 4])
    with pytest.raises(ValueError, match="fitted with groups"):
        window.transform(X)
    with sklearn.config_context(enable_metadata_routing=True):
        step = SlidingWindow(3).set_fit_request(groups=True)
        step.set_transform_request(groups=True)
        model = make_pipeline(step, FlattenSequence(pad="zero"), Ridge())
        model.fit(X, -X[:, 0], groups=groups)
        assert len(model.predict(X, groups=groups)) == 8


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ([2, 1, 3], "time order"),
        ([1, 1, 2], "[Dd]uplicate|twice"),
        (["a", "b", "c"], "cannot be put in time order"),
    ],
)
def test_faulty_indexes(index, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindow(2).fit(pd.DataFrame({"v": [1.0, 2, 3]}, index))


def test_target_in_the_window_warns():
    X = series()
    with pytest.warns(TargetInWindowWarning, match="Column v of X equals y"):
        SlidingWindow(3).fit(X, X["v"])
    SlidingWindow(3, horizon=1).fit(X, X["v"])


def test_windowed_array():
    rows = np.arange(40.0).reshape(20, 2)
    windows = SlidingWindow(4).fit_transform(rows)
    dense = np.asarray(windows)
    assert windows.shape == dense.shape == (20, 4, 2)
    assert (windows.ndim, len(windows), windows.dtype) == (3, 20, dense.dtype)
    assert isinstance(windows[3], np.ndarray)
    mask = np.arange(20) % 3 == 0
    for key in (slice(2, 9, 2), [5, 1, 1], np.array([0, -1]), mask, (mask, ...)):
        assert isinstance(windows[key], WindowedArray)
        assert_array_equal(windows[key], dense[key[0] if type(key) is tuple else key])
    assert_array_equal(_safe_indexing(windows, [3, 4]), dense[3:5])
    assert_array_equal(pickle.loads(pickle.dumps(windows[2:5])), dense[2:5])
    assert_array_equal(copy.deepcopy(windows), dense)
    assert len(pickle.dumps(windows[:2])) < len(pickle.dumps(windows))
    assert_array_equal(train_test_split(windows, shuffle=False)[1], dense[15:])
    assert "shape=(20, 4, 2)" in repr(windows)
    with pytest.raises(ValueError, match="read-only"):
        windows.values[0] = 1
    assert np.shares_memory(windows.values, rows)


def test_memory_map_stays_on_disk(tmp_path):
    rows = np.memmap(tmp_path / "rows", np.float32, "w+", shape=(50, 1))
    windows = SlidingWindow(4).fit_transform(rows)
    assert np.shares_memory(windows.values, rows)
    assert windows.dtype == np.float32
    assert windows.gather(np.array([7]), dtype=np.float64).dtype == np.float64


def test_make_windows():
    X, Y = make_windows(np.arange(10.0), 3, fh=[1, 3])
    assert values_of(X)[0] == [0, 1, 2]
    assert Y.tolist() == [[t + 3, t + 5] for t in range(5)]
    lists = make_windows([np.arange(6.0), np.arange(10.0, 17)], 3, return_newest=True)
    assert lists[0].series.tolist() == [0] * 3 + [1] * 4
    assert np.asarray(lists[2])[:, :, 0].tolist() == [[3, 4, 5], [14, 15, 16]]
    frame = pd.DataFrame({"a": np.arange(8.0), "b": np.arange(8.0) * 10})
    X, Y = make_windows(frame, 2, fh=2, target="b", step_length=2)
    assert Y.tolist() == [[20, 30], [40, 50], [60, 70]]
    assert X.shape == (3, 2, 2)


def test_make_targets():
    X = series(8)
    X_, Y, gap = make_targets(X, X["v"], fh=3)
    assert gap == 2
    assert len(X_) == len(Y)
    assert np.asarray(Y)[0].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "split", [TimeSeriesSplit(3), TimeSeriesSplit(3, gap=2), KFold(3)]
)
def test_main_job(split):
    X = series(60)
    X["v"] = np.sin(X["v"])
    grid = {"slidingwindow__window_length": [2, 6]}
    recurrent = RNNRegressor("gru", 6, max_epochs=2, random_state=0)
    for last in (
        [recurrent],
        [TimeDistributed(StandardScaler()), recurrent],
        [FlattenSequence(pad="edge"), RandomForestRegressor(5, random_state=0)],
        [FlattenSequence(pad="zero"), StandardScaler(), Ridge()],
    ):
        model = make_pipeline(SlidingWindow(horizon=1), *last)
        model.set_output(transform="pandas")
        search = GridSearchCV(model, grid, cv=split, error_score="raise")
        search.fit(X, X["v"])
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert np.isfinite(cross_val_score(model, X, X["v"], cv=split)).all()


def test_no_lookahead():
    X = series(40)
    X["v"] = np.sin(X["v"])
    y = X["v"]
    good = make_pipeline(SlidingWindow(4, horizon=1), FlattenSequence("edge"), Ridge())
    check_no_lookahead(good, X, y)
    network = RNNRegressor("gru", 4, max_epochs=2, random_state=0)
    check_no_lookahead(make_pipeline(SlidingWindow(4, horizon=1), network), X, y)
    smooth = FunctionTransformer(
        lambda X: X.rolling(5, center=True, min_periods=1).mean()
    )
    with pytest.raises(AssertionError, match=r"row \d+|Row \d+"):
        check_no_lookahead(make_pipeline(smooth, good), X, y)


# -- reshape ------------------------------------------------------------------------


def test_to_sequence():
    X = np.arange(24).reshape(2, 12)
    by_time = ToSequence(n_features=3).fit_transform(X)
    assert_array_equal(by_time, X.reshape(2, 4, 3))
    by_feature = ToSequence(4, order="feature").fit_transform(X)
    assert_array_equal(by_feature, X.reshape(2, 3, 4).transpose(0, 2, 1))
    assert ToSequence().fit_transform(X).shape == (2, 12, 1)
    flat = FlattenSequence().fit_transform(by_time)
    assert_array_equal(flat, X)
    with pytest.raises(ValueError, match="12 columns, which are not n_timesteps=5"):
        ToSequence(5).fit(X)
    with pytest.raises(NotFittedError):
        ToSequence().transform(X)
    assert ToSequence(4).fit(X).get_feature_names_out().tolist() == ["x0", "x1", "x2"]


@pytest.mark.parametrize(
    ("pad", "expected"),
    [
        ("nan", [[np.nan, np.nan, 1], [np.nan, 1, 2], [1, 2, 3]]),
        ("edge", [[1, 1, 1], [1, 1, 2], [1, 2, 3]]),
        ("zero", [[0, 0, 1], [0, 1, 2], [1, 2, 3]]),
    ],
)
def test_flatten_sequence(pad, expected):
    index = pd.date_range("2024", periods=3)
    frame = pd.DataFrame({"temp": [1.0, 2, 3], "x": 0.0}, index)
    windows = SlidingWindow(3).fit_transform(frame)
    flatten = FlattenSequence(pad).set_output(transform="pandas")
    result = flatten.fit_transform(windows)
    assert result.index.equals(index)
    names = [f"{n}__lag{k}" for k in (2, 1, 0) for n in ("temp", "x")]
    assert list(result.columns) == names == list(flatten.get_feature_names_out())
    assert_array_equal(result.filter(like="temp"), expected)
    ragged = FlattenSequence(pad).fit([[[1.0], [2], [3]]]).transform([[[1.0], [2]]])
    assert_array_equal(ragged[0, 1:], [1, 2])
    with pytest.raises(ValueError, match="a sequence of 4 steps"):
        flatten.transform(SlidingWindow(4).fit_transform(frame))


def test_flatten_pads_every_absent_step():
    X = np.array([[[np.nan], [1], [np.nan], [2]], [[np.nan]] * 4])
    edge = FlattenSequence("edge").fit_transform(X)
    assert_array_equal(edge, [[1, 1, 1, 2], [0, 0, 0, 0]])


class CountingScaler(StandardScaler):
    def fit(self, X, y=None):
        self.n_rows_ = len(X)
        return super().fit(X, y)


def test_time_distributed():
    rows = np.random.default_rng(0).normal(3, 2, (50, 2))
    windows = SlidingWindow(8).fit_transform(rows)
    step = TimeDistributed(CountingScaler()).fit(windows)
    assert step.transformer_.n_rows_ == 50  # once a row, not once a window
    lazy = step.transform(windows)
    assert isinstance(lazy, WindowedArray)
    expected = (np.asarray(windows) - rows.mean(0)) / rows.std(0)
    np.testing.assert_allclose(lazy, expected, rtol=1e-12)
    dense = np.asarray(windows)
    by_dense = TimeDistributed().fit(dense).transform(dense)
    present = dense[~np.isnan(dense[:, :, 0])]
    np.testing.assert_allclose(
        by_dense, (dense - present.mean(0)) / present.std(0), rtol=1e-10
    )
    pieces = [rows[:3], rows[3:3], rows[3:]]
    scaled = TimeDistributed().fit(pieces).transform(pieces)
    assert [len(piece) for piece in scaled] == [3, 0, 47]
    np.testing.assert_allclose(
        np.concatenate(scaled), (rows - rows.mean(0)) / rows.std(0)
    )
    doubled = TimeDistributed(FunctionTransformer(lambda X: np.hstack([X, X])))
    assert doubled.fit(dense).transform(dense).shape == (50, 8, 4)
    with pytest.raises(ValueError, match="no present step"):
        TimeDistributed().fit(np.full((3, 2, 1), np.nan))
    nothing = step.transform(np.full((3, 2, 2), np.nan))
    assert np.isnan(nothing).all()
