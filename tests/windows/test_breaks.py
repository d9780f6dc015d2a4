"""Breaks in an index that leave little of the windows: what fit says of them."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from skrnn import FlattenSequence, SlidingWindow, make_windows
from skrnn.exceptions import ShortWindowsWarning
from skrnn.windows import make_targets
from tests.windows.support import NAN, frame, table, without_freq

N = 120
RNG = np.random.default_rng(0)


def dates_as_numbers(pattern, **options):
    dates = pd.date_range("2023-01-01", periods=N, **options)
    return pd.Index(dates.strftime(pattern).astype("int64"))


def every(unit, count):
    return pd.period_range("2024-01-01", periods=N * count, freq=unit)[::count]


# --- regular in any unit -----------------------------------------------------------

REGULAR = {
    "rows of one store": pd.Index(np.arange(N) * 10 + 3),
    "range": pd.RangeIndex(0, 10 * N, 10),
    "unix seconds": pd.Index(1_704_067_200 + 3600 * np.arange(N)),
    "unix milliseconds": pd.Index((1_704_067_200 + 60 * np.arange(N)) * 1000),
    "years": pd.Index(1900 + np.arange(N)),
    "minutes": every("min", 10),
    "days": every("D", 7),
    "15th": pd.date_range("2000-01-15", periods=N, freq=pd.DateOffset(months=1)),
    "1st and 15th": pd.date_range("2000-01-01", periods=N, freq="SMS"),
    "business days": pd.bdate_range("2024-01-01", periods=N),
    "Mondays": pd.date_range("2024-01-01", periods=N, freq="W-MON"),
    "half hours": pd.date_range("2024-01-01", periods=N, freq="30min"),
}


def forgetful(index):
    """The index without the step that it may know."""
    if isinstance(index, pd.DatetimeIndex):
        return without_freq(index)
    return index if isinstance(index, pd.PeriodIndex) else pd.Index(np.array(index))


@pytest.mark.parametrize("forget", [forgetful, lambda index: index], ids=["", "freq"])
@pytest.mark.parametrize("index", REGULAR.values(), ids=REGULAR)
@pytest.mark.parametrize("panel", [False, True])
def test_windows_are_whole_wherever_the_index_is_regular(index, forget, panel):
    times = forget(index)
    if panel:
        times = pd.MultiIndex.from_product([["b", "a"], times])
    X = frame(times)
    window = SlidingWindow(24).fit(X.groupby(level=0).head(100) if panel else X[:100])
    rest = X.groupby(level=0).tail(N - 100) if panel else X[100:]
    first = table(window.transform(rest))[0]
    assert_array_equal(first, np.arange(77, 101))
    expected = pd.DataFrame(np.arange(len(X)))[0].to_numpy()
    W = SlidingWindow(24).fit_transform(X)
    assert_array_equal(table(W)[N - 1], expected[N - 24 : N])
    n_series = 1 + panel
    windows, _ = make_windows(X, 24, fh=2)
    assert len(windows) == n_series * (N - 25)
    rows, _, _ = make_targets(
        X.sort_index(level=-1) if panel else X, np.arange(len(X)), 5
    )
    assert len(rows) == n_series * (N - 5)


def test_one_store_of_many_is_learnt():
    """The rows of one store keep numbers that are ten apart."""
    sales = np.sin(np.arange(1000) / 7)
    table = pd.DataFrame({"store": np.arange(1000) % 10, "sales": sales})
    X = table[table.store == 3][["sales"]]
    y = X["sales"].to_numpy()
    flat = FlattenSequence(pad="zero")
    model = make_pipeline(SlidingWindow(6, horizon=1), flat, Ridge(alpha=1e-6))
    assert model.fit(X[:80], y[:80]).score(X[80:], y[80:]) > 0.99


def test_step_of_integers_may_be_given():
    X = frame(pd.Index([0, 2, 4, 6, 7]))
    assert SlidingWindow(2).fit(X).freq_ == 2
    window = SlidingWindow(2, freq=1)
    with pytest.warns(ShortWindowsWarning, match=r"given as freq=1 is 1.*\(2 is what"):
        W = window.fit_transform(X)
    assert_array_equal(table(W)[-1], [3, 4])


# --- irregular ---------------------------------------------------------------------

TEN_MINUTES = pd.date_range("2024-01-01", periods=N, freq="10min")
SHORT = {
    "seconds of jitter": (
        TEN_MINUTES + pd.to_timedelta(RNG.integers(0, 5, N), unit="s"),
        {},
        r"to 0 days 00:10:0\d .*longest unbroken run has \d rows.* round them",
    ),
    "microseconds of jitter": (
        TEN_MINUTES + pd.to_timedelta(RNG.integers(0, 5_000_000, N), unit="us"),
        {},
        "longest unbroken run has 2 rows",
    ),
    "jitter in numbers": (
        pd.Index(600 * np.arange(N) + RNG.integers(0, 5, N)),
        {},
        r"5\d\d to 60\d .*longest unbroken run has \d rows",
    ),
    "trading days as days": (
        without_freq(pd.bdate_range("2024-01-01", periods=N)),
        {"freq": "D"},
        r"longest unbroken run has 5 rows\. Leave freq out.*'B' is what they show",
    ),
    "trading days with hours between": (
        without_freq(pd.bdate_range("2024-01-01", periods=N)).insert(
            1, pd.Timestamp("2024-01-01 12:00")
        ),
        {"freq": "D"},
        "longest unbroken run has 5 rows",
    ),
    "business days on all days": (
        pd.date_range("2024-01-01", periods=N),
        {"freq": "B"},
        r"run has 5 rows\. Leave freq out.*'D' is what they show",
    ),
    "holes everywhere": (
        pd.date_range("2024-01-01", periods=2 * N, freq="h")[
            np.sort(RNG.choice(2 * N, N, replace=False))
        ],
        {},
        r"step found in the index is 'h'.*asfreq.*reset_index\(drop=True\)",
    ),
    "holes in numbers": (
        pd.Index(np.sort(RNG.choice(2 * N, N, replace=False))),
        {},
        r"step found in the index is 1,.*reindex",
    ),
}


@pytest.mark.parametrize("case", SHORT.values(), ids=SHORT)
@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_most_windows_short(case, method):
    index, options, match = case
    with pytest.warns(ShortWindowsWarning, match=match) as caught:
        getattr(SlidingWindow(12, **options), method)(frame(index))
    assert [item.filename for item in caught] == [__file__]


@pytest.mark.parametrize(
    ("index", "freq", "shown"),
    [
        (pd.date_range("2024-01-01", periods=N, freq="W-MON"), "W", "'W-SUN'.*'W-MON'"),
        (pd.date_range("2001-01-31", periods=N, freq="ME"), "MS", "'MS'.*'ME' is"),
        (pd.date_range("2024-01-01", periods=N, freq="h"), "D", "'D'.*'h' is"),
        (pd.date_range("2024-01-01", periods=N, freq="30min"), "h", "'h'.*'30min' is"),
        (every("min", 10), "h", "'h'.*'10min' is"),
        (pd.Index(np.arange(N) * 10), 1, "freq=1 is 1, .*10 is"),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_no_windows_at_all(index, freq, shown, known):
    index = index if known else forgetful(index)
    window = SlidingWindow(12, freq=freq)
    with pytest.raises(ValueError, match=f"no windows at all. .*{shown}"):
        window.fit(frame(index))
    assert not hasattr(window, "freq_")


def test_rows_between_the_steps_of_a_freq():
    """Few enough that most windows are whole."""
    days = frame(pd.date_range("2024-01-01", periods=N))
    with pytest.warns(ShortWindowsWarning, match="'B' does not fit .* 51 rows .* 2024"):
        SlidingWindow(2, freq="B").fit(days)
    odd = frame(TEN_MINUTES.delete(50).insert(50, TEN_MINUTES[50] + pd.Timedelta("9s")))
    with pytest.warns(ShortWindowsWarning, match="does not fit the index: 2 rows"):
        SlidingWindow(4, freq="10min").fit(odd)
    SlidingWindow(4).fit(odd)


@pytest.mark.parametrize(
    ("pattern", "options"),
    [
        ("%Y%m%d", {"freq": "D"}),
        ("%Y%m%d", {"freq": "B"}),
        ("%Y%m", {"freq": "MS"}),
        ("%Y%m%d%H", {"freq": "h"}),
        ("%Y%m%d%H%M", {"freq": "15min"}),
    ],
)
@pytest.mark.parametrize("panel", [False, True])
def test_dates_written_as_integers(pattern, options, panel):
    index = dates_as_numbers(pattern, **options)
    if panel:
        index = pd.MultiIndex.from_product([["a", "b"], index])
    X = frame(index)
    with pytest.raises(ValueError, match=f'are dates.*format="{pattern}"'):
        SlidingWindow(2).fit(X)
    for cut in (lambda: make_windows(X, 2), lambda: make_targets(X, X["load"], 1)):
        with pytest.raises(ValueError, match="are dates"):
            cut()


@pytest.mark.parametrize("n", [31, 32])
def test_numbers_that_may_be_dates_and_break_nowhere(n):
    X = frame(pd.Index(20240101 + np.arange(n)))
    SlidingWindow(2).fit(X)


@pytest.mark.parametrize(
    "X", [np.full((5, 2), NAN), frame(pd.RangeIndex(5), np.full(5, NAN))]
)
def test_nothing_but_nan(X):
    with pytest.raises(ValueError, match="X holds nothing but NaN"):
        SlidingWindow(2).fit(X)
    with pytest.raises(ValueError, match="series holds nothing but NaN"):
        make_windows(X, 2)


def test_series_of_another_step():
    """Of a hundred rows ten are too few to make most windows short."""
    hours = pd.date_range("2024", periods=90, freq="h")
    days = pd.date_range("2024", periods=10)
    index = pd.MultiIndex.from_arrays(
        [["a"] * 90 + ["b"] * 10, [*hours, *days]], names=["place", "time"]
    )
    match = r"In 1 of 2 series no row follows another.*series 'b'.* 1 days"
    with pytest.warns(ShortWindowsWarning, match=match):
        SlidingWindow(3).fit(frame(index))
    with pytest.warns(ShortWindowsWarning, match=match):
        make_windows(frame(index), 3)
    # A short series shows nothing.
    SlidingWindow(11).fit(frame(index))


def test_make_windows_and_make_targets_say_so():
    index = SHORT["seconds of jitter"][0]
    X = frame(index)
    with pytest.raises(ValueError, match=r"No window fits.*round them"):
        make_windows(X, 12)
    with pytest.warns(ShortWindowsWarning, match="The others are left out"):
        make_windows(X, 2)
    with pytest.raises(ValueError, match=r"No row has a complete future.*round them"):
        make_targets(X, X["load"], 12)
    with pytest.warns(ShortWindowsWarning, match="are dropped, as their targets"):
        make_targets(X, X["load"], 2)


# --- no false alarms ---------------------------------------------------------------


def nights(hours):
    index = pd.date_range("2024-01-01", periods=24 * 20, freq="h")
    return without_freq(index[np.isin(index.hour, hours)])


SPARSE = {
    "few gaps": (pd.date_range("2024", periods=N, freq="h").delete([9, 50, 90]), 12),
    "nights": (nights(range(8, 20)), 4),
    "one row": (pd.DatetimeIndex(["2024-01-01"]), 24),
    "two rows": (pd.DatetimeIndex(["2024-01-01", "2024-03-05"]), 24),
    "short": (pd.date_range("2024", periods=5).delete(2), 24),
    "short series": (
        pd.MultiIndex.from_product([range(30), pd.date_range("2024", periods=6)]),
        24,
    ),
    "series of one row": (
        pd.MultiIndex.from_product([range(30), pd.DatetimeIndex(["2024-01-01"])]),
        24,
    ),
    "series with gaps": (
        pd.MultiIndex.from_product([range(9), pd.RangeIndex(20)]).delete([7, 50, 90]),
        4,
    ),
    "holidays": (pd.bdate_range("2024-01-01", periods=N).delete([5, 40, 80]), 5),
    "no windows to speak of": (SHORT["seconds of jitter"][0], 1),
    "clock change": (
        pd.date_range("2024-03-25", periods=N, tz="Europe/Berlin").delete([6, 7]),
        5,
    ),
    "skipped midnight": (
        pd.date_range("2018-10-20", periods=N)
        .tz_localize("America/Sao_Paulo", nonexistent="shift_forward")
        .delete([14, 30]),
        5,
    ),
}


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("case", SPARSE.values(), ids=SPARSE)
def test_sparse_rows_are_no_alarm(case, given):
    index, length = case
    window = SlidingWindow(length).fit(frame(index))
    if given and length > 1:
        window.set_params(freq=window.freq_).fit(frame(index))
    window.transform(frame(index))
