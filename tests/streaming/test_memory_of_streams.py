"""What streams remember: late rows, dropped streams, restarts, fits meanwhile."""

import copy
import json
import pickle
import threading
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import SlidingWindow, TimeDistributed
from skrnn.exceptions import MissingHistoryWarning
from skrnn.streaming import StreamingPredictor
from tests.instruction_levels import needs_kernels
from tests.streaming.support import (
    hourly,
    hourly_pipeline,
    random_rows,
    small_regressor,
)

# What is asked here is the same bits; without kernels there is rounding.
pytestmark = needs_kernels

HOUR = pd.Timedelta("1h")


@pytest.fixture(scope="module")
def pipeline():
    return hourly_pipeline()


@pytest.fixture
def new():
    return hourly(100)[60:]


def take(stream, table, **options):
    return [stream.update(row, time=time, **options) for time, row in table.iterrows()]


# -- late rows ------------------------------------------------------------------------


@pytest.mark.parametrize(("max_delay", "n_late"), [(0, 0), (1, 1), (2, 2), (None, 3)])
def test_a_row_may_be_late_by_so_many_rows(pipeline, new, max_delay, n_late):
    stream = StreamingPredictor(pipeline, max_delay=max_delay)
    late = new.index[20 - n_late - 1]
    wrong = new.copy()
    wrong.loc[late] = 0.0
    take(stream, wrong[:20])
    too_late = new.index[20 - n_late - 2]
    with pytest.raises(ValueError, match="older than what is remembered"):
        stream.update(new.loc[too_late], time=too_late)
    got = stream.update(new.loc[late], time=late)
    assert got == pipeline.predict(new[:20])[20 - n_late - 1]
    assert take(stream, new[20:21]) == [pipeline.predict(new[:21])[20]]


def test_a_row_that_is_too_late_is_an_error_or_left_out(pipeline, new):
    stream = StreamingPredictor(pipeline)
    take(stream, new[:30])
    state = stream.get_state()
    with pytest.raises(ValueError, match="max_delay"):
        stream.update(new.iloc[3], time=new.index[3])
    for name, array in stream.get_state()["arrays"].items():
        np.testing.assert_array_equal(array, state["arrays"][name])
    skipping = StreamingPredictor(pipeline, late="skip").set_state(state)
    assert skipping.update(new.iloc[3], time=new.index[3]) is None
    many = skipping.update_many(new.iloc[[3, 30]])
    assert np.isnan(many[0])
    assert many[1] == pipeline.predict(new[:31])[30]


def test_a_wrong_row_is_not_remembered(pipeline, new):
    stream = StreamingPredictor(pipeline)
    take(stream, new[:10])
    for wrong in ({"a": np.inf, "b": 0.0}, {"a": np.nan, "b": 0.0}):
        with pytest.raises(ValueError, match=r"(feature|column) 'a'"):
            stream.update(wrong, time=new.index[10])
    assert take(stream, new[10:15]) == list(pipeline.predict(new[:15])[10:])


# -- streams that go ------------------------------------------------------------------


def test_the_least_recently_used_stream_is_dropped():
    pipeline = hourly_pipeline(table=random_rows(60))
    stream, rows = StreamingPredictor(pipeline, max_streams=2), random_rows(9, seed=1)
    for key in ("x", "y", "x", "z"):
        stream.update(rows[0], key=key)
    assert stream.keys == ["x", "z"]
    assert stream.update(rows[1], key="x") == pipeline.predict(rows[[0, 0, 1]])[-1]
    assert stream.update(rows[1], key="y") == pipeline.predict(rows[[1]])[-1]
    assert stream.n_streams == 2
    with pytest.raises(ValueError, match="more than max_streams=2"):
        stream.update_many(rows[:3], keys=[1, 2, 3])


def test_reset_forgets():
    pipeline = hourly_pipeline(table=random_rows(60))
    stream, rows = StreamingPredictor(pipeline), random_rows(3, seed=1)
    first = stream.update(rows[0], key="x")
    stream.update(rows[0], key="y")
    assert stream.reset("x").keys == ["y"]
    assert stream.update(rows[0], key="x") == first
    assert stream.reset().n_streams == 0


# -- restarts -------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["window", "stateful"])
@pytest.mark.parametrize("options", [{}, {"horizon": 2, "known": "b"}])
def test_a_restart_loses_nothing(new, mode, options):
    pipeline = hourly_pipeline(small_regressor(missing="indicator"), **options)
    whole = take(StreamingPredictor(pipeline, mode=mode), new)
    stream = StreamingPredictor(pipeline, mode=mode)
    take(stream, new[:17])
    state = stream.get_state()
    arrays = {name: array.tolist() for name, array in state["arrays"].items()}
    text = json.dumps(state | {"arrays": arrays})
    again = pickle.loads(pickle.dumps(pipeline))
    other = StreamingPredictor(again, mode=mode).set_state(json.loads(text))
    assert take(other, new[17:]) == whole[17:]


def test_it_can_be_pickled_and_copied(pipeline, new):
    stream = StreamingPredictor(pipeline, max_streams=3)
    take(stream, new[:9])
    copies = pickle.loads(pickle.dumps(stream)), copy.deepcopy(stream)
    want = take(stream, new[9:20])
    for other in copies:
        assert take(other, new[9:20]) == want and other.max_streams == 3


def test_a_state_of_another_pipeline_is_refused(pipeline, new):
    stream = StreamingPredictor(pipeline)
    take(stream, new[:5])
    state = stream.get_state()
    for other in (
        StreamingPredictor(hourly_pipeline(horizon=1)),
        StreamingPredictor(pipeline, mode="stateful"),
        StreamingPredictor(pipeline, max_delay=9),
    ):
        with pytest.raises(ValueError, match="state"):
            other.set_state(state)
        assert other.n_streams == 0


def test_a_damaged_state_is_refused(pipeline, new):
    stream = StreamingPredictor(pipeline)
    take(stream, new[:3])
    state = stream.get_state()
    damaged = [{k: v for k, v in state.items() if k != name} for name in state]
    damaged += [state | {"shape": None}, state | {"keys": 7}, state | {"arrays": []}]
    for other in damaged[:3] + damaged[4:]:  # where the stream has a clock by itself
        with pytest.raises(ValueError, match="state"):
            stream.set_state(other)
    assert stream.keys == [None]


def test_times_of_a_bare_estimator_survive(new):
    values = random_rows(60)
    windows = np.stack([values[i : i + 4] for i in range(40)])
    regressor = small_regressor().fit(windows, np.sin(windows[:, -1, 0]))
    streams = [
        StreamingPredictor(regressor, window_length=4, freq="h") for _ in range(2)
    ]
    rows = new.set_axis(list(new.columns), axis=1)
    first = [streams[0].update(r.to_numpy(), time=t) for t, r in rows[:6].iterrows()]
    streams[1].set_state(streams[0].get_state())
    time = rows.index[6] + HOUR
    got = [s.update(rows.iloc[7].to_numpy(), time=time) for s in streams]
    alone = np.full((1, 4, 2), np.nan)
    alone[0, -1] = rows.iloc[7]
    assert got == [regressor.predict(alone)[0]] * 2
    assert len(set(first)) == 6
    with pytest.raises(ValueError, match="Set freq"):
        StreamingPredictor(regressor, window_length=4).update(values[0], time=time)


# -- fits meanwhile -------------------------------------------------------------------


def test_the_estimator_may_be_fitted_further(new):
    pipeline = hourly_pipeline()
    stream = StreamingPredictor(pipeline)
    before = take(stream, new[:10])
    windows = pipeline[0].transform(hourly(60))
    pipeline[-1].partial_fit(windows, np.arange(60.0))
    got = take(stream, new[10:14])
    assert got == list(pipeline.predict(new[:14])[10:])
    assert before != list(pipeline.predict(new[:10]))


def test_a_scaler_after_the_window_may_be_fitted_again(new):
    pipeline = hourly_pipeline(TimeDistributed(), small_regressor())
    stream = StreamingPredictor(pipeline)
    take(stream, new[:10])
    table = 5 * hourly(60)
    pipeline.fit(table, np.sin(table["a"]))
    assert take(stream, new[10:14]) == list(pipeline.predict(new[:14])[10:])


def test_more_rows_may_be_remembered_by_the_window(new):
    pipeline = hourly_pipeline()
    stream = StreamingPredictor(pipeline)
    pipeline[0].partial_fit(new[:5])
    assert take(stream, new[5:9]) == list(pipeline.predict(new[5:9]))


def test_what_cannot_be_made_again_is_said(new):
    scaler = StandardScaler().set_output(transform="pandas")
    window = SlidingWindow(4, history="allow")
    table = hourly(60)
    pipeline = make_pipeline(scaler, window, small_regressor())
    pipeline.fit(table, np.sin(table["a"]))
    stream = StreamingPredictor(pipeline)
    assert take(stream, new[:9]) == list(pipeline.predict(new[:9]))
    pipeline.fit(2 * table, np.sin(table["a"]))
    with pytest.raises(ValueError, match=r"reset\(\)"):
        stream.update(new.iloc[9], time=new.index[9])
    stream.reset()
    assert take(stream, new[:9]) == list(pipeline.predict(new[:9]))


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table[["b", "a"]],
        lambda table: table.rename(columns={"b": "c"}),
        lambda table: table[::2],
        lambda table: table.set_axis(pd.RangeIndex(60)),
        lambda table: table.tz_localize("UTC"),
    ],
    ids=["order", "names", "step", "kind of times", "zone"],
)
def test_rows_that_came_to_mean_something_else_are_not_read(change, new):
    pipeline, table = hourly_pipeline(), change(hourly(60))
    stream = StreamingPredictor(pipeline)
    take(stream, new[:10])
    state = stream.get_state()
    pipeline.fit(table, np.sin(table["a"]))
    with pytest.raises(ValueError, match=r"reset\(\)"):
        stream.update_many(new[10:12])
    stream.reset()
    if len(table) == 60:  # the clock of a state does not know the step
        with pytest.raises(ValueError, match="The state is of a pipeline with the"):
            stream.set_state(state)
    assert stream.n_streams == 0


def test_categories_that_came_to_mean_something_else_are_not_read(new):
    table = hourly(60).assign(b=np.tile(["u", "v"], 30))
    pipeline = make_pipeline(SlidingWindow(4, history="allow"), small_regressor())
    pipeline.fit(table, np.sin(table["a"]))
    stream = StreamingPredictor(pipeline)
    stream.update({"a": 1.0, "b": "v"}, time=new.index[0])
    table["b"] = np.tile(["t", "v"], 30)
    pipeline.fit(table, np.sin(table["a"]))
    with pytest.raises(ValueError, match=r"reset\(\)"):
        stream.update({"a": 1.0, "b": "v"}, time=new.index[1])


def test_steps_that_learn_further_in_place_are_noticed(new):
    scaler = StandardScaler().set_output(transform="pandas")
    window, table = SlidingWindow(4, history="allow"), hourly(60)
    before = make_pipeline(scaler, window, small_regressor())
    before.fit(table, np.sin(table["a"]))
    stream = StreamingPredictor(before)
    take(stream, new[:5])
    before[0].partial_fit(9 * new[:5])
    with pytest.raises(ValueError, match=r"reset\(\)"):
        stream.update(new.iloc[5], time=new.index[5])
    behind = hourly_pipeline(TimeDistributed(StandardScaler()), small_regressor())
    stream = StreamingPredictor(behind)
    take(stream, new[:5])
    behind[1].transformer_.partial_fit(9 * new[:5])
    assert take(stream, new[5:9]) == list(behind.predict(new[:9])[5:])


def test_what_reads_several_rows_before_the_window_is_refused(new):
    changes = FunctionTransformer(lambda X: X - X.mean())
    pipeline = make_pipeline(
        changes, SlidingWindow(4, history="allow"), small_regressor()
    )
    pipeline.fit(hourly(60), np.sin(np.arange(60.0)))
    for stream in (StreamingPredictor(pipeline) for _ in range(2)):
        with pytest.raises(ValueError, match="beside other rows"):
            stream.update_many(new[:5])
        with pytest.raises(ValueError, match="beside other rows"):
            take(stream, new[:5])


# -- missing history ------------------------------------------------------------------


def test_a_gap_is_told_of_once(new):
    pipeline = hourly_pipeline(history="warn")
    stream = StreamingPredictor(pipeline)
    take(stream, new[:6])
    with pytest.warns(MissingHistoryWarning):
        take(stream, new[9:10])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        take(stream, new[10:15])


def test_required_history_is_required(new):
    pipeline = hourly_pipeline(history="require")
    stream = StreamingPredictor(pipeline)
    take(stream, new[:6])
    for _ in range(2):
        with pytest.raises(ValueError, match="lack some of the newest rows"):
            take(stream, new[9:10])
    assert take(stream, new[6:12]) == list(pipeline.predict(new[:12])[6:])


# -- what is given --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "options", "match"),
    [
        ({"a": 1.0}, {}, "Missing: \\['b'\\]"),
        ({"a": 1.0, "b": 1.0, "c": 1.0}, {}, "Unseen at fit: \\['c'\\]"),
        ([1.0], {}, "must have 2 numbers"),
        ([1.0, 2.0], {"time": None}, "Give the time of the row"),
        ([1.0, 2.0], {"time": 5.5}, None),
        ([1.0, 2.0], {"time": pd.Timestamp("2024-01-09", tz="UTC")}, "time zone"),
        ([1.0, 2.0], {"time": "soon"}, "not of the kind of the fit"),
    ],
)
def test_what_is_no_row_is_refused(pipeline, row, options, match):
    stream = StreamingPredictor(pipeline)
    if match is None:
        return
    with pytest.raises(ValueError, match=match):
        stream.update(row, **{"time": pd.Timestamp("2024-01-09")} | options)
    assert stream.n_streams == 0


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"mode": "batch"}, "mode must be"),
        ({"late": "drop"}, "late must be"),
        ({"dtype": "float16"}, "dtype must be"),
        ({"max_streams": 0}, "max_streams must be"),
        ({"max_delay": -1}, "max_delay must be"),
        ({"window_length": 3}, "this pipeline has one"),
        ({"method": "guess"}, "no method 'guess'"),
    ],
)
def test_wrong_options_are_refused(pipeline, options, match):
    with pytest.raises(ValueError, match=match):
        StreamingPredictor(pipeline, **options)


def test_keys_are_those_of_the_fit():
    index = pd.MultiIndex.from_product([["x", "y"], hourly(30).index])
    table = pd.DataFrame(random_rows(60), index, ["a", "b"])
    stream = StreamingPredictor(hourly_pipeline(table=table))
    time = index[-1][1] + HOUR
    for key in (None, 1, ("x", "y")):
        with pytest.raises(ValueError, match="key="):
            stream.update([0.0, 0.0], key=key, time=time)


# -- threads --------------------------------------------------------------------------


def test_threads_take_turns():
    pipeline, values = hourly_pipeline(table=random_rows(60)), random_rows(40, seed=3)
    stream, got = StreamingPredictor(pipeline), {}

    def run(key):
        got[key] = [stream.update(row, key=key) for row in values]

    threads = [threading.Thread(target=run, args=(key,)) for key in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    want = list(pipeline.predict(values))
    assert all(got[key] == want for key in range(4))


def test_river_calls_it_predict_one():
    metrics = pytest.importorskip("river.metrics")
    river_stream = pytest.importorskip("river.stream")
    pipeline, table = hourly_pipeline(), hourly(80)[60:]
    stream, error = StreamingPredictor(pipeline), metrics.MAE()
    rows = river_stream.iter_array(table.to_numpy(), table["a"].to_numpy(), ["a", "b"])
    for (x, y), time in zip(rows, table.index, strict=True):
        error.update(y, stream.predict_one(x, time=time))
    want = np.abs(table["a"] - pipeline.predict(table)).mean()
    assert error.get() == pytest.approx(want)
