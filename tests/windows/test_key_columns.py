"""Series and time as columns of a long table: the same windows as by an index."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline

from skrnn import (
    FlattenSequence,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
)
from skrnn._ensemble import train_networks, validation
from skrnn.exceptions import (
    LeakingSplitWarning,
    LostIndexWarning,
    MissingHistoryWarning,
    ShortWindowsWarning,
)
from skrnn.windows import check_no_lookahead, make_targets
from tests.windows.support import NAN, without_freq
from tests.windows.test_known import reference_windows
from tests.windows.test_windows_reference import (
    UNITS,
    check,
    cut,
    fit,
    frequency,
    horizons,
    lengths,
    reference_tails,
    tables,
    with_series,
)

DAYS = pd.date_range("2024-01-01", periods=8)
KEYS = {"series": "store", "time": "date"}


def sales(order=None):
    """Two stores and four days, in the order given."""
    table = pd.DataFrame(
        {
            "store": ["a"] * 4 + ["b"] * 4,
            "date": [*DAYS[:4], *DAYS[2:6]],
            "sold": np.arange(8.0),
            "price": np.arange(8.0) + 10,
        }
    )
    return table if order is None else table.iloc[order]


SHUFFLED = [5, 0, 7, 2, 3, 1, 6, 4]


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.LeakingSplitWarning")
@settings(max_examples=100, deadline=None)
@given(
    tables(), lengths, horizons, st.booleans(), st.booleans(), st.randoms(), st.data()
)
def test_any_rows_in_any_order(
    table, window_length, horizon, two_columns, as_index, random, data
):
    kind, rows, frame = table
    frame = frame.rename_axis("date")
    if not as_index:
        frame = frame.reset_index()
    names = [series for series, _, _ in rows]
    if two_columns:
        frame["region"] = [name[0] for name in names]
        frame["store"] = pd.Categorical([int(name[1]) for name in names])
    else:
        frame["store"] = names
    series = ["region", "store"] if two_columns else "store"
    flags = st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))
    fitted, called = (np.flatnonzero(data.draw(flags)).tolist() for _ in range(2))
    fitted, called = fitted or [0], called or [len(rows) - 1]
    random.shuffle(fitted)
    random.shuffle(called)
    window = SlidingWindow(
        window_length,
        horizon=horizon,
        freq=frequency(kind),
        history="allow",
        known=["b"],
        series=series,
        time=None if as_index else "date",
    )
    windows = fit(window, frame.iloc[fitted], None)
    fitted_rows = [rows[i] for i in fitted]
    expected = reference_windows(fitted_rows, [], window_length, horizon, {1})
    check(windows, expected, frame.dtypes["a"])
    windows = window.transform(frame.iloc[called])
    tails = reference_tails(fitted_rows, window_length + horizon - 1)
    called_rows = [rows[i] for i in called]
    expected = reference_windows(called_rows, tails, window_length, horizon, {1})
    check(windows, expected, frame.dtypes["a"])
    assert windows.index.equals(frame.index[called])
    assert windows.feature_names == ["a", "b"]
    # The rank puts the windows of each series in time order.
    order = np.arange(len(called)) if windows.rank is None else np.argsort(windows.rank)
    places = {}
    for i in order:
        name, place, _ = called_rows[i]
        assert places.get(name, -1) < place
        places[name] = place


@settings(max_examples=60, deadline=None)
@given(tables(), lengths, horizons, st.data())
def test_partial_fit_remembers_as_one_fit_would(table, window_length, horizon, data):
    kind, rows, frame = table
    frame, _ = with_series(frame, rows, "index")
    kept = [
        sorted(data.draw(st.sets(st.integers(0, len(rows) - 1), min_size=1)))
        for _ in range(3)
    ]
    first, second, called = ([rows[i] for i in part] for part in kept)
    window = SlidingWindow(
        window_length, horizon=horizon, freq=frequency(kind), history="allow"
    )
    fit(window, frame.iloc[kept[0]], None)
    count = window_length + horizon - 1
    before = pickle.dumps(window)
    # What is the same row has changed meanwhile.
    second = [(s, p, [value + 100 for value in values]) for s, p, values in second]
    window.partial_fit(frame.iloc[kept[1]] + 100)
    again = {(s, p) for s, p, _ in second}
    tails = [row for row in reference_tails(first, count) if row[:2] not in again]
    remembered = reference_tails(tails + second, count)
    assert len(window._history.values) == len(remembered)
    expected = reference_windows(called, remembered, window_length, horizon, ())
    check(window.transform(frame.iloc[kept[2]]), expected, frame.dtypes.iloc[0])
    assert pickle.loads(before)._reach == window._reach


def test_partial_fit_begins_with_a_fit():
    window = SlidingWindow(2, **KEYS).partial_fit(sales())
    assert_array_equal(window.transform(sales())[1], [[0, 10], [1, 11]])


def test_numbers_of_series_are_told_as_numbers():
    table = sales([3, 3]).assign(store=7)
    with pytest.raises(ValueError, match="Two rows of series 7 have the same time"):
        SlidingWindow(3, **KEYS).fit(pd.concat([table, table]))


def test_partial_fit_of_the_newest_rows():
    window = SlidingWindow(3, horizon=1, history="require", **KEYS).fit(sales())
    names = window.feature_names_in_
    day = sales([3, 7]).assign(sold=[100, 101], date=[DAYS[4], DAYS[6]])
    tomorrow = day.assign(sold=NAN, date=[DAYS[5], DAYS[7]])
    with pytest.raises(ValueError, match="2 of 2 rows"):
        window.transform(tomorrow)
    window.partial_fit(day[["date", "sold", "price", "store"]])
    expected = [[2, 3, 100], [6, 7, 101]]
    assert_array_equal(np.asarray(window.transform(tomorrow))[:, :, 0], expected)
    assert_array_equal(window.feature_names_in_, names)
    # A series that begins now is known from here on.
    new = day.assign(store="c", date=DAYS[:2])
    window.partial_fit(new)
    later = new.assign(date=DAYS[2:4])
    assert_array_equal(window.transform(later)[0][:, 0], [NAN, 100, 101])
    with pytest.raises(ValueError, match=r"from row 0 \(c, 2.*lack some"):
        window.transform(new.assign(date=DAYS[6:8]))


def test_partial_fit_after_a_gap_does_not_make_gaps_usual():
    days = pd.date_range("2024", periods=30)
    X = pd.DataFrame({"load": np.arange(30.0)}, days)
    window = SlidingWindow(3).fit(X[:10])
    window.partial_fit(X[12:14])
    with pytest.warns(MissingHistoryWarning, match="1 of 1 rows"):
        window.transform(X[14:15].iloc[[0]].set_axis(days[17:18]))
    with pytest.warns(MissingHistoryWarning, match="1 of 2 rows"):
        window.transform(X[14:16].set_axis(days[[13, 14]]))


def test_partial_fit_finds_the_step_that_one_row_does_not_show():
    X = pd.DataFrame({"load": [1.0, 2.0, 3.0]}, without_freq(DAYS[:3]))
    window = SlidingWindow(2, history="allow").fit(X[:1])
    assert window.freq_ is None
    window.partial_fit(X[1:2])
    assert pd.Timedelta(window.freq_) == pd.Timedelta("1D")
    assert_array_equal(window.transform(X[2:])[0].ravel(), [2, 3])


def test_partial_fit_needs_times():
    X = np.zeros((5, 1))
    with pytest.warns(LostIndexWarning, match="Nothing is remembered"):
        SlidingWindow(2).fit(X).partial_fit(X)
    with pytest.raises(ValueError, match="the rows of fit have none"):
        SlidingWindow(2).fit(X).partial_fit(pd.DataFrame(X, DAYS[:5]))
    X = pd.DataFrame(np.arange(5.0), DAYS[:5])
    with pytest.raises(ValueError, match="the rows given to it have none"):
        SlidingWindow(2).fit(X).partial_fit(X.to_numpy())
    with pytest.raises(ValueError, match="partial_fit was called with groups"):
        SlidingWindow(2).fit(X).partial_fit(X, groups=[0] * 5)


@pytest.mark.parametrize("unit", ["ns", "us", "ms"])
def test_partial_fit_of_times_in_another_unit(unit):
    X = pd.DataFrame({"load": np.arange(8.0)}, DAYS.as_unit("s"))
    window = SlidingWindow(2).fit(X.iloc[[0, 1, 3, 4]])
    newer = X[5:7].set_axis(DAYS[5:7].as_unit(unit))
    window.partial_fit(newer)
    assert_array_equal(window.transform(X[7:])[0].ravel(), [6, 7])


def test_polars_gives_the_same():
    table = sales(SHUFFLED).reset_index(drop=True)
    for kind in (
        pl.Datetime("us"),
        pl.Datetime("ms", "Europe/Berlin"),
        pl.Date,
        pl.Int32,
    ):
        numbers = pl.Series((table["date"] - DAYS[0]).dt.days.to_numpy())
        dates = pl.Series(table["date"].to_numpy().astype("M8[us]"))
        if kind == pl.Int32:
            dates = numbers.cast(pl.Int32)
        elif getattr(kind, "time_zone", None):
            dates = dates.dt.replace_time_zone("Europe/Berlin").cast(kind)
        else:
            dates = dates.cast(kind)
        frame = pl.DataFrame(
            {
                "store": table["store"].to_list(),
                "date": dates,
                "sold": table["sold"].to_numpy(),
                "price": table["price"].to_numpy(),
            }
        )
        frame = frame.with_columns(pl.col("store").cast(pl.Categorical))
        window = SlidingWindow(2, horizon=1, known="price", **KEYS)
        W = window.fit_transform(frame)
        expected = SlidingWindow(2, horizon=1, known="price", **KEYS)
        assert_array_equal(np.asarray(W), np.asarray(expected.fit_transform(table)))
        assert W.index is None
        assert_array_equal(window.feature_names_in_, table.columns)
        other = window.transform(frame.select("sold", "date", "store", "price"))
        assert_array_equal(np.asarray(other), np.asarray(W))
    with pytest.raises(ValueError, match=r"without time.*no pandas DataFrame"):
        SlidingWindow(2, series="store").fit(frame)


def test_clock_changes_in_polars_break_nothing():
    days = pd.date_range("2024-03-25", periods=10, tz="Europe/Berlin")
    dates = pl.Series(days.tz_convert("UTC").tz_localize(None).to_numpy())
    dates = dates.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin")
    frame = pl.DataFrame({"date": dates, "sold": np.arange(10.0)})
    W = SlidingWindow(10, time="date").fit_transform(frame)
    assert_array_equal(W[9].ravel(), np.arange(10))


def test_names():
    window = SlidingWindow(2, **KEYS).fit(sales())
    assert window.n_features_in_ == 4
    assert_array_equal(window.feature_names_in_, ["store", "date", "sold", "price"])
    assert_array_equal(window.get_feature_names_out(), ["sold", "price"])
    flat = make_pipeline(window, FlattenSequence()).set_output(transform="pandas")
    flat = flat.fit_transform(sales(SHUFFLED))
    assert list(flat.index) == SHUFFLED
    assert list(flat.columns[-2:]) == ["sold__lag0", "price__lag0"]
    again = pickle.loads(pickle.dumps(window))
    assert_array_equal(np.asarray(again.transform(sales())), window.transform(sales()))


def test_columns_are_found_by_name():
    window = SlidingWindow(2, **KEYS).fit(sales())
    other = sales()[["price", "store", "sold", "date"]]
    assert_array_equal(window.transform(other)[1], [[0, 10], [1, 11]])
    with pytest.raises(ValueError, match=r"Missing: \['sold'\].*Unseen at fit: \['x'"):
        window.transform(sales().drop(columns="sold").assign(x=0))
    with pytest.raises(
        ValueError, match=r"time='date' names what X does not have, \['date'\]"
    ):
        window.transform(sales().drop(columns="date"))
    with pytest.raises(ValueError, match="X is a ndarray, which has none"):
        window.transform(sales().to_numpy())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"date": DAYS[0]}, r"same time: rows 0 and 1 .*series 'a'|series 'a' have"),
        ({"date": [pd.NaT, *DAYS[:7]]}, "'date', which is the time, has none in row 0"),
        ({"date": DAYS.astype(str)}, "pandas.to_datetime"),
        ({"date": np.arange(8.0)}, "of dtype float64, by which rows cannot be put"),
        ({"store": ["a", None] * 4}, "names the series, has no value in row 1"),
        ({"kind": ["x", "3"] * 4}, "column 'kind' holds strings of which some are"),
    ],
)
def test_tables_that_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindow(2, **KEYS).fit(sales().assign(**changes))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"series": "shop"},
            r"does not have, \['shop'\]: its columns are \['store', 'date'",
        ),
        ({"series": "store", "time": "store"}, "more than once"),
        ({"series": [0]}, "must be the names of columns"),
        ({"series": ["store", "date", "sold", "price"]}, "no columns besides"),
    ],
)
def test_key_columns_that_are_refused(keys, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindow(2, **keys).fit(sales())


def test_tables_with_two_columns_of_a_name():
    twice = pd.concat([sales(), sales()[["sold"]]], axis=1)
    with pytest.raises(ValueError, match=r"several columns of the name \['sold'\]"):
        SlidingWindow(2, **KEYS).fit(twice)


def test_numbers_and_text_are_never_the_same_series():
    numbered = sales().assign(store=[1] * 4 + [2] * 4)
    window = SlidingWindow(2, **KEYS).fit(numbered)
    with pytest.raises(ValueError, match=r"such as '1', those of fit by .* such as"):
        window.transform(numbered.assign(store=numbered["store"].astype(str)))


def test_a_column_of_times_alone():
    table = sales()[["date", "sold"]].drop_duplicates("date").iloc[[3, 0, 5, 1, 4, 2]]
    W = SlidingWindow(2, time="date").fit_transform(table)
    assert W.series is None
    assert_array_equal(W[0].ravel(), [2, 3])


def test_windows_know_their_place():
    W = SlidingWindow(2, **KEYS).fit_transform(sales(SHUFFLED))
    # Days 0 and 1 have one row each, days 2 and 3 two, and so on, of a before b.
    places = [0, 1, 2, 4, 3, 5, 6, 7]
    assert_array_equal(W.rank, np.take(places, SHUFFLED))
    assert_array_equal(W[2:5].rank, W.rank[2:5])
    for other in (W.with_values(W.values), pickle.loads(pickle.dumps(W))):
        assert_array_equal(other.rank, W.rank)
    by_time = SlidingWindow(2, **KEYS).fit_transform(sales(np.argsort(places)))
    assert by_time.rank is None
    assert by_time.nbytes == W.nbytes - W.rank.nbytes
    by_index = SlidingWindow(2).fit_transform(sales().set_index(["store", "date"]))
    assert by_index.rank is None


@pytest.mark.parametrize("Network", [RNNRegressor, RNNClassifier])
def test_an_estimator_learns_the_same_from_any_order(Network):
    n = 40
    index = pd.MultiIndex.from_product([["a", "b"], pd.date_range("2024", periods=n)])
    table = index.to_frame(index=False, name=["store", "date"])
    table["sold"] = np.sin(np.arange(2 * n) / 3)
    y = table["sold"].to_numpy() ** 2
    y = y if Network is RNNRegressor else (y > 0.5).astype(int)
    weight = (np.arange(2 * n) % 5 > 0).astype(float)
    order = np.random.default_rng(0).permutation(2 * n)
    network = Network(
        hidden_size=2, max_epochs=3, n_estimators=1, parts="network", random_state=0
    )
    window = SlidingWindow(3, horizon=1, **KEYS)
    model = Pipeline([("w", window), ("t", TimeDistributed()), ("n", network)])
    for sample_weight in (None, weight):
        chosen = None if sample_weight is None else sample_weight[order]
        model.fit(table, y, n__sample_weight=sample_weight)
        sorted_, curve = model.predict(table), model[-1].validation_loss_curve_
        model.fit(table.iloc[order], y[order], n__sample_weight=chosen)
        assert_array_equal(model.predict(table), sorted_)
        assert_array_equal(model.predict(table.iloc[order]), sorted_[order])
        assert model[-1].validation_loss_curve_ == curve


def test_the_newest_rows_of_each_class_are_set_aside(monkeypatch):
    n = 30
    index = pd.MultiIndex.from_product([["a", "b"], pd.date_range("2024", periods=n)])
    table = index.to_frame(index=False, name=["store", "date"])
    table["sold"] = np.arange(2 * n) % n  # the day
    y = np.arange(2 * n) % 2
    folds = []

    def split_rows(n_samples, *arguments, **options):
        folds.append(validation.split_rows(n_samples, *arguments, **options))
        return folds[-1]

    monkeypatch.setattr(train_networks, "split_rows", split_rows)
    network = RNNClassifier(
        hidden_size=2, max_epochs=1, n_estimators=1, parts="network", random_state=0
    )
    order = np.random.default_rng(0).permutation(2 * n)
    windows = SlidingWindow(1, **KEYS).fit_transform(table.iloc[order])
    network.fit(windows, y[order])
    [fold] = folds
    day = np.repeat(np.arange(n), 2)  # of the rows in order of time
    for of_class in (0, 1):
        trained, valid = (day[rows][day[rows] % 2 == of_class] for rows in fold)
        assert 0 < len(valid) < len(trained)
        assert trained.max() <= valid.min()


@settings(max_examples=40, deadline=None)
@given(
    tables(max_rows=16).filter(lambda table: table[0] in UNITS),
    st.integers(1, 3),
    st.sampled_from(["origin", "last"]),
    st.randoms(),
)
def test_targets_in_any_order(table, fh, at, random):
    kind, rows, frame = table
    y = 10 * np.arange(len(rows))
    by_index, _ = with_series(frame, rows, "index")
    frame = frame.rename_axis("date").reset_index()
    frame["store"] = [series for series, _, _ in rows]
    order = list(range(len(rows)))
    random.shuffle(order)
    try:
        X_, Y, _ = cut(make_targets, kind, by_index, y, fh, at=at)
    except ValueError as error:
        assert "complete future" in str(error)
        return
    value = dict(zip(X_.index, Y.tolist(), strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", (ShortWindowsWarning, LeakingSplitWarning))
        shuffled, Y, _ = make_targets(frame.iloc[order], y[order], fh, at=at, **KEYS)
    labels = list(by_index.index)
    kept = [i for i in order if labels[i] in value]
    assert list(shuffled.index) == kept
    assert_array_equal(Y, [value[labels[i]] for i in kept])


def test_no_look_ahead_in_a_long_table():
    rng = np.random.default_rng(0)
    table = sales(SHUFFLED).assign(price=rng.normal(size=8), sold=rng.normal(size=8))
    y = rng.normal(size=8)
    window = SlidingWindow(2, horizon=1, known="price", history="allow", **KEYS)
    model = make_pipeline(window, FlattenSequence("zero"), Ridge())
    check_no_lookahead(model, table, y, horizon=1, known="price", n_cuts=None, **KEYS)
    with pytest.raises(AssertionError, match="with horizon=1"):
        check_no_lookahead(model, table, y, horizon=1, n_cuts=None, **KEYS)
    with pytest.raises(ValueError, match="X is a ndarray, which has none"):
        check_no_lookahead(model, table.to_numpy(), y, **KEYS)


@pytest.mark.parametrize("known", [3, [3], np.array([3]), ["price"]])
@pytest.mark.parametrize("columns", [["store", "date"], ["sold", "date"], ["price"]])
def test_known_columns_by_their_position_in_the_table(known, columns):
    # Which columns are keys does not move the others, wherever they stand.
    table = sales()[[*columns, *sales().columns.difference(columns)]]
    at = table.columns.get_loc("price")
    known = known if known == ["price"] else np.subtract(known, 3 - at).tolist()
    window = SlidingWindow(2, horizon=1, known=known, **KEYS).fit(table)
    windows = window.transform(table)
    place = windows.feature_names.index("price")
    assert_array_equal(windows[2][:, place], [11, 12])
    assert_array_equal(windows[2][:, 1 - place], [0, 1])
    # As the check of look-ahead counts them.
    model = make_pipeline(window, FlattenSequence(pad="edge"), Ridge())
    check_no_lookahead(model, table, table["sold"], known=known, **KEYS)


@pytest.mark.parametrize("known", [0, 1, [3, 0], 4])
def test_a_key_is_not_known_ahead(known):
    with pytest.raises(ValueError, match="not among the 2 columns"):
        SlidingWindow(2, horizon=1, known=known, **KEYS).fit(sales())
