"""Streams against a batch of all rows so far, whatever the order in which they come."""

import functools
from datetime import timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import RNNClassifier, SlidingWindow, TimeDistributed
from skrnn.streaming import StreamingPredictor
from tests.streaming.support import (
    Echo,
    batch_of,
    fitted,
    hourly,
    hourly_pipeline,
    is_same,
    random_rows,
    small_regressor,
)

NAN = np.nan
N_FIT = 12
GRIDS = {
    "hours": pd.date_range("2024-03-30 20:00", periods=40, freq="h"),
    "hours, through a clock change": pd.date_range(
        "2024-03-30 20:00", periods=40, freq="h", tz="Europe/Berlin"
    ),
    "days, through both clock changes": pd.date_range(
        "2024-03-28", periods=40, freq="6D", tz="Europe/Berlin"
    ),
    "months": pd.date_range("2020-01-31", periods=40, freq="ME"),
    "integers": pd.RangeIndex(-5, 195, 5),
    "periods": pd.period_range("2024-01", periods=40, freq="M"),
    "durations": pd.timedelta_range("1h", periods=40, freq="90min"),
}
OPTIONS = [
    {},
    {"horizon": 2},
    {"horizon": 1, "known": ["b"]},
    {"horizon": 2, "known": ["a"], "partial_steps": "keep"},
]


@functools.cache
def echoing(grid, option, is_scaled, n_series):
    """A pipeline that was fitted on the first rows of a grid, with a gap in them."""
    times = GRIDS[grid][:N_FIT].delete(5)
    index = times
    if n_series:
        index = pd.MultiIndex.from_product([range(n_series), times])
    table = pd.DataFrame(random_rows(len(index)), index, ["a", "b"])
    window = SlidingWindow(3, history="allow", **OPTIONS[option])
    others = [TimeDistributed(StandardScaler())] if is_scaled else []
    return fitted(window, *others, Echo(), table=table)


number = st.one_of(st.just(NAN), st.floats(-9, 9, width=16))
row = st.tuples(st.integers(0, 2), st.integers(0, 24), st.tuples(number, number))


@settings(max_examples=60, deadline=None)
@given(
    grid=st.sampled_from(list(GRIDS)),
    option=st.integers(0, len(OPTIONS) - 1),
    is_scaled=st.booleans(),
    n_series=st.sampled_from([0, 2]),
    rows=st.lists(row, min_size=1, max_size=14),
)
def test_windows_are_those_of_a_batch(grid, option, is_scaled, n_series, rows):
    """Gaps, late rows, corrections, new series, rows that the fit has seen too."""
    pipeline = echoing(grid, option, is_scaled, n_series)
    stream = StreamingPredictor(pipeline, max_delay=40)
    arrived = {}
    for series, place, values in rows:
        key, time = series if n_series else None, GRIDS[grid][place]
        arrived[key, time] = values
        got = stream.update(dict(zip("ab", values, strict=True)), key=key, time=time)
        want = batch_of(pipeline, arrived, ["a", "b"])[key, time]
        np.testing.assert_array_equal(got, want)


@settings(max_examples=25, deadline=None)
@given(
    option=st.integers(0, len(OPTIONS) - 1),
    rows=st.lists(row, min_size=1, max_size=30),
    seed=st.integers(0, 9),
)
def test_many_rows_at_once_are_as_one_after_the_other(option, rows, seed):
    pipeline = echoing("hours", option, True, 2)
    one, many = (StreamingPredictor(pipeline, max_delay=40) for _ in range(2))
    keys = [series for series, _, _ in rows]
    times = [GRIDS["hours"][place] for _, place, _ in rows]
    values = np.array([values for _, _, values in rows])
    want = [one.update(values[i], key=keys[i], time=times[i]) for i in range(len(rows))]
    cut = len(rows) // 2
    got = [
        many.update_many(values[part], keys=keys[part], times=times[part])
        for part in (slice(cut), slice(cut, None))
        if keys[part]
    ]
    assert is_same(np.concatenate(got), want)


@pytest.mark.parametrize("options", OPTIONS)
def test_predictions_have_the_bits_of_a_batch(options):
    regressor = small_regressor(missing="indicator")
    pipeline = hourly_pipeline(TimeDistributed(), regressor, **options)
    table = hourly(110)[60:].drop(hourly(110).index[[63, 64, 80]])
    table.iloc[30, 1] = table.iloc[35] = NAN
    stream = StreamingPredictor(pipeline)
    got = [stream.update(row, time=time) for time, row in table.iterrows()]
    want = pipeline.predict(table)
    assert is_same(got, want) and np.std(want) > 0
    again = StreamingPredictor(pipeline)
    assert is_same(again.update_many(table), want)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
@pytest.mark.parametrize("n_kernels", [None, 84])
def test_methods_of_a_classifier(method, n_kernels):
    table = hourly(90)
    options = {"n_kernels": n_kernels, "early_stopping": False, "random_state": 0}
    classifier = RNNClassifier("lstm", 4, max_epochs=1, n_estimators=1, **options)
    y = np.where(table["a"] > 0, "up", "down")
    pipeline = make_pipeline(SlidingWindow(4, history="allow"), classifier)
    pipeline.fit(table[:60], y[:60])
    stream = StreamingPredictor(pipeline, method=method)
    got = [stream.update(row, time=time) for time, row in table[60:].iterrows()]
    assert is_same(got, getattr(pipeline, method)(table[60:]))


def test_rows_without_times_are_one_run():
    values = random_rows(90)
    pipeline = hourly_pipeline(table=values[:60])
    stream = StreamingPredictor(pipeline)
    got = [stream.update(row) for row in values[60:]]
    assert is_same(got, pipeline.predict(values[60:]))
    with pytest.raises(ValueError, match="without an index of times"):
        stream.update(values[0], time=pd.Timestamp("2024-01-01"))


def test_columns_tell_series_and_time():
    table = hourly(40, names="ab").rename_axis("time").reset_index()
    table = pd.concat([table.assign(shop=shop) for shop in ("x", "y")])
    table["a"] = random_rows(80, 1)
    known = table["time"] < table["time"].iloc[30]
    window = SlidingWindow(4, series="shop", time="time", history="allow")
    pipeline = make_pipeline(window, small_regressor())
    pipeline.fit(table[known], np.sin(table.loc[known, "a"]))
    new = table[~known].sample(frac=1, random_state=0).sort_values("time")
    stream = StreamingPredictor(pipeline)
    got = [stream.update(row.to_dict()) for _, row in new.iterrows()]
    assert is_same(got, pipeline.predict(new))
    assert is_same(StreamingPredictor(pipeline).update_many(new), pipeline.predict(new))
    with pytest.raises(ValueError, match="columns of the row say"):
        stream.update(new.iloc[-1].to_dict(), key="z")
    # Times may be text, as in JSON.
    stream = StreamingPredictor(pipeline)
    texts = new.assign(time=new["time"].astype(str)).to_dict("records")
    assert is_same([stream.update(row) for row in texts], pipeline.predict(new))
    for update in stream.update, lambda row: stream.update_many([row]):
        with pytest.raises(ValueError, match="time"):
            update(texts[0] | {"time": "soon"})
        with pytest.raises(ValueError, match=r"Missing: \['a'\]"):
            update({"shop": "x", "time": texts[0]["time"], "b": 1.0})
    many = StreamingPredictor(pipeline).update_many(texts)
    assert is_same(many, pipeline.predict(new))
    with pytest.raises(ValueError, match="columns of the rows say"):
        stream.update_many(texts[:2], keys=["x", "z"])


def test_columns_tell_series_and_an_argument_the_times():
    table = pd.concat([hourly(40).assign(shop=shop) for shop in ("x", "y")])
    known = table.index < table.index[30]
    window = SlidingWindow(4, series="shop", history="allow")
    pipeline = make_pipeline(window, small_regressor())
    pipeline.fit(table[known], np.sin(table.loc[known, "a"]))
    new, stream = table[~known], StreamingPredictor(pipeline)
    got = stream.update_many(new.to_dict("records"), times=new.index.astype(str))
    assert is_same(got, pipeline.predict(new))


def test_rows_are_read_by_their_names_in_every_form():
    """Mappings, Series, and tables of one row or many, of pandas or polars."""
    table = hourly(70, names="ab")
    pipeline = hourly_pipeline(table=table[:60])
    new, names = table[60:], ["b", "a"]
    expected = pipeline.predict(new)
    rows = [row[names] for _, row in new.iterrows()]
    forms = {
        "series": rows,
        "mappings": [row.to_dict() for row in rows],
        "a table": new[names],
        "a table of polars": pl.DataFrame(new[names].to_dict("list")),
    }
    for form, rows in forms.items():
        stream = StreamingPredictor(pipeline)
        got = stream.update_many(rows, times=new.index)
        assert is_same(got, expected), form
    stream = StreamingPredictor(pipeline)
    got = [stream.update(new[names][i : i + 1]) for i in range(5)]
    assert is_same(got, expected[:5])
    with pytest.raises(ValueError, match="update takes one row, got a table of 5"):
        stream.update(new[5:])


@pytest.mark.parametrize(
    ("rows", "time", "message"),
    [
        ({"a": "much", "b": 1.0}, 0, "its column 'a' is 'much'"),
        ([1.0, [2.0]], 0, r"its column 'b' is \[2.0\]"),
        ({"a": 1.0, "b": 2.0}, 1711807200, "time=1711807200 is|an integer index"),
        ({"a": 1.0, "b": 2.0}, 0.5, "a number is no time"),
    ],
)
def test_what_is_no_row_or_time_is_told_alike(rows, time, message):
    stream = StreamingPredictor(hourly_pipeline())
    time = hourly(61).index[60] if time == 0 else time
    with pytest.raises(ValueError, match=message):
        stream.update(rows, time=time)
    with pytest.raises(ValueError, match=message):
        stream.update_many([rows], times=[time])
    assert stream.n_streams == 0


def test_rows_that_are_none_or_one_are_told():
    stream = StreamingPredictor(hourly_pipeline())
    with pytest.raises(ValueError, match="at least one row"):
        stream.update_many([])
    with pytest.raises(ValueError, match="many rows, got a mapping"):
        stream.update_many({"a": [1.0], "b": [2.0]})
    missing = stream.update({"a": pd.NA, "b": None}, time=hourly(61).index[60])
    assert np.isfinite(missing)


def test_columns_of_periods_may_be_text():
    table = hourly(40, names="ab").rename_axis("time").reset_index()
    table["time"] = table["time"].dt.to_period("h")
    window = SlidingWindow(4, time="time", history="allow")
    pipeline = make_pipeline(window, small_regressor())
    pipeline.fit(table[:30], np.sin(table["a"][:30]))
    stream = StreamingPredictor(pipeline)
    texts = table[30:].assign(time=table["time"].astype(str)).to_dict("records")
    got = [stream.update(row) for row in texts]
    assert is_same(got, pipeline.predict(table[30:]))


def test_a_forecast_is_made_before_its_row_is_known():
    """The row is sent with NaN, and once more with what came."""
    pipeline, table = hourly_pipeline(horizon=1), hourly(80)[60:]
    stream, forecasts = StreamingPredictor(pipeline), []
    for time, row in table.iterrows():
        forecasts.append(stream.update(row * NAN, time=time))
        stream.update(row, time=time)
    assert is_same(forecasts, pipeline.predict(table))


def test_float32_is_the_batch_of_that_type():
    pipeline, table = hourly_pipeline(TimeDistributed(), small_regressor()), hourly(80)
    stream = StreamingPredictor(pipeline, dtype="float32")
    got = stream.update_many(table[60:])
    assert is_same(got, pipeline.predict(table[60:].astype("float32")))
    wide = StreamingPredictor(pipeline)
    assert stream.nbytes_per_stream < wide.nbytes_per_stream


@pytest.mark.parametrize("mode", ["window", "stateful"])
def test_what_is_infinite_is_never_remembered(mode):
    new = hourly(64)[60:]
    pipeline = hourly_pipeline(horizon=1)
    stream = StreamingPredictor(pipeline, mode=mode)
    first = new.iloc[:1].to_dict("records")[0]
    # The window of the row itself does not read it, those of the next rows would.
    for wrong in (first | {"a": np.inf}, first | {"a": "-inf"}, [first["a"], np.inf]):
        with pytest.raises(ValueError, match=r"its column '[ab]' is infinite"):
            stream.update(wrong, time=new.index[0])
    with pytest.raises(ValueError, match="infinite"):
        stream.update_many(new.replace(new.iloc[1, 0], np.inf))
    assert stream.n_streams == 0
    got = [stream.update(row, time=time) for time, row in new.iterrows()]
    want = StreamingPredictor(pipeline, mode=mode).update_many(new)
    assert is_same(got, want)
    narrow = StreamingPredictor(pipeline, mode=mode, dtype="float32")
    with pytest.raises(ValueError, match="too large for float32"):
        narrow.update(first | {"b": 1e300}, time=new.index[0])
    with pytest.raises(ValueError, match="an integer of about 1e400"):
        stream.update(first | {"b": 10**400}, time=new.index[0])


@pytest.mark.parametrize("key", [NAN, np.float32(NAN), pd.NA, pd.NaT, ("x", NAN)])
def test_keys_that_could_not_be_found_again(key):
    stream, row = StreamingPredictor(hourly_pipeline()), hourly(61)[60:]
    with pytest.raises(ValueError, match="is missing: it equals no other"):
        stream.update(row, key=key)
    with pytest.raises(ValueError, match="is missing: it equals no other"):
        stream.update_many(row, keys=[key], times=row.index)
    with pytest.raises(ValueError, match="names no stream"):
        stream.update(row, key={"store": 1})
    assert stream.n_streams == 0


@pytest.mark.parametrize(
    ("times", "beyond", "none"),
    [
        (pd.date_range("2024", periods=9, freq="h"), "9999-01-01", ""),
        (pd.timedelta_range("1h", periods=9, freq="h"), timedelta(days=10**6), ""),
        (pd.period_range("2024", periods=9, freq="M"), None, "NaT"),
        (pd.RangeIndex(9), 2**63, None),
    ],
)
def test_times_that_are_none_or_beyond_all(times, beyond, none):
    table = pd.DataFrame(random_rows(9), times, ["a", "b"])
    stream = StreamingPredictor(fitted(SlidingWindow(3), Echo(), table=table))
    if beyond is not None:
        with pytest.raises(ValueError, match="beyond the times that are told apart"):
            stream.update([1, 2], time=beyond)
    if none is not None:
        with pytest.raises(ValueError, match="it is no time"):
            stream.update([1, 2], time=none)


def test_rows_of_an_iterator_and_a_text_for_many():
    new, stream = hourly(64)[60:], StreamingPredictor(hourly_pipeline())
    for name in ("keys", "times"):
        with pytest.raises(ValueError, match=f"{name} must have an entry for each row"):
            stream.update_many(new[:2], **{name: "ab"})
    rows = (row for row in new.to_dict("records"))
    got = stream.update_many(rows, times=new.index)
    assert is_same(got, hourly_pipeline().predict(new))


def with_index_as_columns(X):
    """What a step may read of an index: its last level as numbers, its first labels."""
    times, told = X.index.get_level_values(-1), X.index.get_level_values(0)
    found = np.asarray(getattr(times, "hour", times))
    series = told == "x" if X.index.nlevels > 1 else 0
    return X.assign(hour=found % 24 * 1.0, is_x=1.0 * series)


@pytest.mark.parametrize("has_series", [False, True])
@pytest.mark.parametrize("grid", ["hours, through a clock change", "integers", "hours"])
def test_steps_before_the_windows_have_the_index_of_the_fit(grid, has_series):
    times = GRIDS[grid].rename("when")
    if has_series:
        times = pd.MultiIndex.from_product(
            [["x", "y"], [1], times], names=["s", "k", "t"]
        )
    table = pd.DataFrame(random_rows(len(times)), times, ["a", "b"])
    is_new = np.arange(len(table)) % 40 >= N_FIT
    before = FunctionTransformer(with_index_as_columns)
    model = make_pipeline(before, SlidingWindow(3, history="allow"), Echo())
    new = table[is_new]
    want = model.fit(table[~is_new], np.sin(table["a"][~is_new])).predict(new)
    stream, got = StreamingPredictor(model), []
    for at, row in new.iterrows():
        named = {"key": at[:2], "time": at[2]} if has_series else {"time": at}
        got.append(stream.update(row.to_dict(), **named))
    assert is_same(got, want)
    assert is_same(StreamingPredictor(model).update_many(new), want)
    plain = new.reset_index(drop=True)  # an index that means nothing
    keys = [at[:2] for at in new.index] if has_series else None
    arguments = {"keys": keys, "times": new.index.get_level_values(-1)}
    assert is_same(StreamingPredictor(model).update_many(plain, **arguments), want)
    with pytest.raises(ValueError, match="Give the time of the row"):
        stream.update(plain.iloc[0].to_dict(), key=("x", 1) if has_series else None)
    with pytest.raises(ValueError, match="rows, but 1 times"):
        stream.update_many(plain[:2], keys=keys and keys[:2], times=new.index[:1])


def test_windows_within_the_last_step_are_refused():
    table = hourly(60)
    inner = make_pipeline(SlidingWindow(3), small_regressor())
    whole = TransformedTargetRegressor(inner).fit(table, table["a"].to_numpy() ** 2)
    with pytest.raises(ValueError, match="TransformedTargetRegressor has a SlidingWin"):
        StreamingPredictor(whole)
    lags = small_regressor().fit(random_rows(20, 4), random_rows(20, 1).ravel())
    with pytest.raises(ValueError, match="a row is a single number"):
        StreamingPredictor(lags).update({"a": 1.0})
