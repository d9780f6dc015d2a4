"""Windows against a slow reference: loops over rows, in plain Python."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, KFold, TimeSeriesSplit

from skrnn import SlidingWindow, make_windows
from skrnn.exceptions import LeakingSplitWarning, ShortWindowsWarning
from skrnn.windows import make_targets
from skrnn.windows._runs import Rows

NAN = float("nan")

# A reference row is (series, position on the time grid, list of feature values).


def reference_tails(rows, count):
    """The last `count` rows of every unbroken run."""
    tails = []
    for series, place, values in rows:
        following = 0
        while any(s == series and p == place + following + 1 for s, p, _ in rows):
            following += 1
        if following < count:
            tails.append((series, place, values))
    return tails


def reference_windows(called, remembered, window_length, horizon):
    """The window of each row of a call, walking back one row at a time."""
    known = {(series, place): values for series, place, values in remembered}
    known.update({(series, place): values for series, place, values in called})
    windows = []
    for series, place, values in called:
        window = []
        for back in range(horizon + window_length):
            if (series, place - back) not in known:
                break
            if back >= horizon:
                window.insert(0, known[series, place - back])
        absent = [NAN] * len(values)
        while len(window) < window_length:
            window.insert(0, absent)
        windows.append(window)
    return np.array(windows, dtype=float)


GRIDS = {
    "integer": pd.RangeIndex(-5, 35),
    "hourly, through both clock changes": pd.date_range(
        "2024-03-30 20:00", periods=40, freq="h", tz="Europe/Berlin"
    ),
    "hourly, autumn": pd.date_range(
        "2024-10-26 18:00", periods=40, freq="h", tz="Europe/Berlin"
    ),
    "daily, spring": pd.date_range(
        "2024-03-25", periods=40, freq="D", tz="Europe/Berlin"
    ),
    "no midnight": pd.date_range("2018-10-28", periods=40, freq="D").tz_localize(
        "America/Sao_Paulo", nonexistent="shift_forward"
    ),
    "15 minutes": pd.date_range("2024-01-01", periods=40, freq="15min", unit="s"),
    "business days": pd.date_range("2024-01-01", periods=40, freq="B"),
    "month ends": pd.date_range("2001-01-31", periods=40, freq="ME"),
    "Sundays": pd.date_range("2024-01-07", periods=40, freq="W-SUN"),
    "elapsed": pd.timedelta_range("0s", periods=40, freq="90s"),
    "months": pd.period_range("2001-01", periods=40, freq="M"),
    "periods of two hours": pd.period_range("2001-01", periods=40, freq="2h"),
}
# Those whose step shows in two rows out of three.
UNITS = ["integer", "months", "periods of two hours"]
DTYPES = ["float64", "float32", "int32"]


def frequency(kind):
    grid = GRIDS[kind]
    if isinstance(grid, pd.RangeIndex):
        return 1
    return getattr(grid, "freq", None) or "D"


@st.composite
def tables(draw, max_series=3, max_rows=14):
    """Rows of some series with gaps, as reference rows and as a data frame."""
    kind = draw(st.sampled_from(sorted(GRIDS)))
    n_series = draw(st.integers(1, max_series))
    start = draw(st.integers(0, 8))  # the clock changes are near
    cells = [
        (f"s{series}", start + place)
        for series in range(n_series)
        for place in draw(
            st.sets(st.integers(0, max_rows - 1), min_size=2, max_size=max_rows).map(
                sorted
            )
        )
    ]
    if draw(st.booleans()):
        cells.sort(key=lambda cell: cell[1])  # interleaved, by time
    dtype = draw(st.sampled_from(DTYPES))
    values = np.arange(2 * len(cells)).reshape(-1, 2).astype(dtype)
    rows = [
        (series, place, value.tolist())
        for (series, place), value in zip(cells, values, strict=True)
    ]
    times = GRIDS[kind].take([place for _, place in cells])
    frame = pd.DataFrame(values, columns=["a", "b"], index=times)
    return kind, rows, frame


def with_series(frame, rows, how):
    """Name the series of the rows in one of the ways there are."""
    names = [series for series, _, _ in rows]
    if how == "groups":
        return frame, np.array(names)
    if how == "index":
        levels = [names, frame.index]
    else:
        levels = [[name[0] for name in names], [name[1] for name in names], frame.index]
    return frame.set_axis(pd.MultiIndex.from_arrays(levels)), None


def check(windows, expected, dtype):
    assert windows.shape == expected.shape
    assert windows.dtype == (dtype if dtype != "int32" else "float64")
    np.testing.assert_array_equal(np.asarray(windows), expected)
    chosen = np.arange(len(expected))[::-2]
    np.testing.assert_array_equal(windows.gather(chosen), expected[chosen])
    np.testing.assert_array_equal(np.asarray(windows[chosen]), expected[chosen])


def fit(window, X, groups):
    """Fit and transform; rows of which none follows another are no example."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ShortWindowsWarning)
        try:
            return window.fit_transform(X, groups=groups)
        except ValueError as error:
            assume("No row follows another" not in str(error))
            raise


def cut(function, kind, frame, *arguments, **options):
    """Call what cuts rows whose index alone tells their step."""
    shown = Rows(len(frame), frame.index).find_step(None)
    assume(shown is None or shown == frequency(kind))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", (ShortWindowsWarning, LeakingSplitWarning))
        return function(frame, *arguments, **options)


lengths = st.integers(1, 6)
horizons = st.integers(0, 3)
ways = st.sampled_from(["groups", "index", "two levels"])


@settings(max_examples=150, deadline=None)
@given(tables(), lengths, horizons, ways, st.data())
def test_any_rows_after_any_rows(table, window_length, horizon, how, data):
    kind, rows, frame = table
    frame, groups = with_series(frame, rows, how)
    flags = st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))
    fitted = np.flatnonzero(data.draw(flags))
    called = np.flatnonzero(data.draw(flags))
    fitted = fitted if len(fitted) else np.array([0])
    called = called if len(called) else np.array([len(rows) - 1])
    window = SlidingWindow(
        window_length, horizon=horizon, freq=frequency(kind), history="allow"
    )
    fit(window, frame.iloc[fitted], None if groups is None else groups[fitted])
    windows = window.transform(
        frame.iloc[called], groups=None if groups is None else groups[called]
    )
    remembered = reference_tails([rows[i] for i in fitted], window_length + horizon - 1)
    expected = reference_windows(
        [rows[i] for i in called], remembered, window_length, horizon
    )
    check(windows, expected, frame.dtypes.iloc[0])
    assert windows.index.equals(frame.index[called])
    names = np.array([rows[i][0] for i in called])
    same = windows.series[:, None] == windows.series
    np.testing.assert_array_equal(same, names[:, None] == names)


@settings(max_examples=50, deadline=None)
@given(tables(), lengths, horizons, ways, st.integers(2, 4), st.integers(0, 2))
def test_splitters(table, window_length, horizon, how, n_splits, gap):
    kind, rows, frame = table
    frame, groups = with_series(frame, rows, how)
    names = [series for series, _, _ in rows]
    splits = []
    if len(rows) >= n_splits:
        splits += KFold(n_splits).split(frame)
    if len(rows) > n_splits + gap + n_splits:
        splits += TimeSeriesSplit(n_splits, gap=gap).split(frame)
    if len(set(names)) > 1:
        splits += GroupKFold(2).split(frame, groups=names)
    window = SlidingWindow(
        window_length, horizon=horizon, freq=frequency(kind), history="allow"
    )
    for train, test in splits:
        fit_groups = None if groups is None else groups[train]
        fitted = fit(window, frame.iloc[train], fit_groups)
        train_rows = [rows[i] for i in train]
        expected = reference_windows(train_rows, [], window_length, horizon)
        check(fitted, expected, frame.dtypes.iloc[0])
        again = window.transform(frame.iloc[train], groups=fit_groups)
        check(again, expected, frame.dtypes.iloc[0])
        # All rows of the training set, not only those remembered.
        expected = reference_windows(
            [rows[i] for i in test], train_rows, window_length, horizon
        )
        test_groups = None if groups is None else groups[test]
        windows = window.transform(frame.iloc[test], groups=test_groups)
        check(windows, expected, frame.dtypes.iloc[0])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=20), lengths, horizons)
def test_plain_arrays(series, window_length, horizon):
    X = np.arange(2.0 * len(series)).reshape(-1, 2)
    rows = [(0, i, value.tolist()) for i, value in enumerate(X)]
    window = SlidingWindow(window_length, horizon=horizon).fit(X)
    expected = reference_windows(rows, [], window_length, horizon)
    check(window.transform(X), expected, "float64")
    check(window.transform(X.tolist()), expected, "float64")
    rows = [
        (s, series[:i].count(s), value.tolist())
        for i, (s, value) in enumerate(zip(series, X, strict=True))
    ]
    expected = reference_windows(rows, [], window_length, horizon)
    check(window.fit_transform(X, groups=series), expected, "float64")
    check(window.transform(X, groups=series), expected, "float64")


def reference_pairs(rows, window_length, fh, step_length, targets):
    """Windows with a complete history and future, and the values ahead."""
    known = {(series, place): values for series, place, values in rows}
    pairs = []
    for row, (series, place, _) in enumerate(rows):
        if any(
            (series, place + i) not in known
            for i in range(1 - window_length, max(fh) + 1)
        ):
            continue
        oldest = place - window_length + 1
        while (series, oldest - 1) in known:
            oldest -= 1
        if (place - window_length + 1 - oldest) % step_length:
            continue
        window = [known[series, place + i] for i in range(1 - window_length, 1)]
        future = [known[series, place + i][t] for i in fh for t in targets]
        pairs.append((row, window, future))
    return pairs


@settings(max_examples=50, deadline=None)
@given(
    tables(max_rows=16).filter(lambda table: table[0] in UNITS),
    st.integers(1, 4),
    st.one_of(st.integers(1, 3), st.sets(st.integers(1, 4), min_size=1).map(list)),
    st.integers(1, 3),
    st.sampled_from([(None, [0, 1]), ("a", [0]), (["b"], [1]), ([1, 0], [1, 0])]),
)
def test_make_windows(table, window_length, fh, step_length, target):
    kind, rows, frame = table
    frame, _ = with_series(frame, rows, "index")
    target, targets = target
    ahead = range(1, fh + 1) if isinstance(fh, int) else fh
    pairs = reference_pairs(rows, window_length, list(ahead), step_length, targets)
    arguments = {"fh": fh, "step_length": step_length, "target": target}
    if not pairs:
        with pytest.raises(ValueError, match="No window fits"):
            cut(make_windows, kind, frame, window_length, **arguments)
        return
    X, Y, newest = cut(
        make_windows, kind, frame, window_length, return_newest=True, **arguments
    )
    np.testing.assert_array_equal(np.asarray(X), [window for _, window, _ in pairs])
    np.testing.assert_array_equal(Y, [future for _, _, future in pairs])
    assert X.index.equals(frame.index[[row for row, _, _ in pairs]])
    last = {series: i for i, (series, _, _) in enumerate(rows)}
    order = list(dict.fromkeys(series for series, _, _ in rows))
    expected = reference_windows(rows, [], window_length, 0)[[last[s] for s in order]]
    np.testing.assert_array_equal(np.asarray(newest), expected)


@settings(max_examples=60, deadline=None)
@given(
    tables().filter(lambda table: table[0] in UNITS),
    st.one_of(st.integers(1, 3), st.sets(st.integers(1, 4), min_size=1).map(list)),
)
def test_make_targets(table, fh):
    kind, rows, frame = table
    frame, _ = with_series(frame, rows, "index")
    ahead = list(range(1, fh + 1)) if isinstance(fh, int) else fh
    y = 10 * np.arange(len(rows))
    numbered = [(s, p, [value]) for (s, p, _), value in zip(rows, y, strict=True)]
    pairs = reference_pairs(numbered, 1, ahead, 1, [0])
    if not pairs:
        with pytest.raises(ValueError, match="No row has a complete future"):
            cut(make_targets, kind, frame, y, fh)
        return
    X_, Y, gap = cut(make_targets, kind, frame, y, fh)
    assert X_.equals(frame.iloc[[row for row, _, _ in pairs]])
    np.testing.assert_array_equal(Y, [future for _, _, future in pairs])
    # No target of a row that is trained on is later than a row that is tested on.
    place = np.array([rows[row][1] for row, _, _ in pairs])
    if (np.diff(place) >= 0).all():
        for border in range(gap + 1, len(place)):
            trained, tested = place[: border - gap], place[border:]
            assert trained.max() + max(ahead) <= tested.min()
    if len({series for series, _, _ in rows}) == 1:
        assert gap == max(ahead) - 1
