"""Rows one at a time: StreamingPredictor beside ONNX Runtime and a loop of predict.

A GRU with the defaults of RNNRegressor but one network, on rows of three features
without times. What is timed is CPU time of one thread, for each call by itself, so that
other work on the machine counts as little as can be; the tools take turns, a hundred
calls each. ONNX Runtime and the loops get windows that are kept for them outside of
what is timed.

usage: python docs/benchmarks/streaming.py [--quick]
(writes streaming.md beside itself; needs onnx, onnxruntime, skl2onnx; five minutes)
"""

import os
import time
import warnings
from collections import deque

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import onnxruntime
import torch
from _timing import QUICK, machine, shown, write
from sklearn.pipeline import make_pipeline

from skrnn import RNNRegressor, SlidingWindow
from skrnn.onnx import to_onnx
from skrnn.streaming import StreamingPredictor

SIZES = [(24, 32), (96, 64)]  # steps, hidden
N_FEATURES = 3
N_CALLS, IN_TURN = 400 if QUICK else 6000, 100
N_STREAMS = 500 if QUICK else 10_000
N_MANY = 2 if QUICK else 9
N_CORES = os.cpu_count()


def fitted(n_steps, hidden):
    rows = np.random.default_rng(0).normal(size=(600, N_FEATURES))
    y = np.sin(3 * rows[:, 0]) * np.roll(rows[:, 1], 2)
    regressor = RNNRegressor(
        "gru",
        hidden,
        n_estimators=1,
        max_epochs=2,
        early_stopping=False,
        random_state=0,
    )
    window = SlidingWindow(n_steps, history="allow")
    return make_pipeline(window, regressor).fit(rows, y)


def callers(model, n_steps):
    """By tool, a function of the newest row and the last rows (array)."""
    stream = StreamingPredictor(model)
    stateful = StreamingPredictor(model, mode="stateful")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        to_onnx(model[1:]).SerializeToString(),
        options,
        providers=["CPUExecutionProvider"],
    )
    return {
        "update": lambda row, window: stream.update(row),
        "update, stateful": lambda row, window: stateful.update(row),
        "predict of the estimator": lambda row, window: model[-1].predict(window[None]),
        "predict of the pipeline": lambda row, window: model.predict(window),
        "ONNX Runtime": lambda row, window: session.run(None, {"X": window[None]}),
    }


def times_of_calls(model, n_steps):
    """CPU microseconds (ndarray) of every call, by tool, once windows are full."""
    rng = np.random.default_rng(1)
    window = deque(rng.normal(size=(n_steps, N_FEATURES)), maxlen=n_steps)
    tools = callers(model, n_steps)
    for row in window:
        for name in list(tools)[:2]:
            tools[name](row, None)
    times = {name: [] for name in tools}
    for _ in range(N_CALLS // IN_TURN):
        rows = rng.normal(size=(IN_TURN, N_FEATURES))
        windows = [np.array(window) for row in rows if not window.append(row)]
        said = []
        for name, tool in tools.items():
            for row, given in zip(rows, windows, strict=True):
                start = time.thread_time_ns()
                result = tool(row, given)
                times[name].append(time.thread_time_ns() - start)
            said.append(float(np.ravel(result)[-1]))
        # The network that keeps states has read more rows than the others.
        assert said[0] == said[2] == said[3] and abs(said[4] - said[0]) < 1e-4
    return {name: np.array(t[IN_TURN:]) / 1e3 for name, t in times.items()}


def rows_a_second(model, n_steps, mode):
    """One row of each of many streams: rows a second, and bytes of a stream.

    The first of the two speeds is by CPU time of one thread, the second by the clock,
    with a thread for each core.
    """
    stream = StreamingPredictor(model, mode=mode)
    rng, keys = np.random.default_rng(2), list(range(N_STREAMS))
    for _ in range(n_steps):
        stream.update_many(rng.normal(size=(N_STREAMS, N_FEATURES)), keys=keys)
    speeds = []
    for n_threads, clock in ((1, time.process_time), (N_CORES, time.perf_counter)):
        torch.set_num_threads(n_threads)
        times = []
        for _ in range(N_MANY):
            rows = rng.normal(size=(N_STREAMS, N_FEATURES))
            start = clock()
            stream.update_many(rows, keys=keys)
            times.append(clock() - start)
        speeds.append(N_STREAMS / np.median(times))
    torch.set_num_threads(1)
    return *speeds, stream.nbytes_per_stream


def main():
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    models = {size: fitted(*size) for size in SIZES}

    def of_calls():
        yield "| steps, hidden | | median | p99 |"
        yield "| --- | --- | ---: | ---: |"
        for (n_steps, hidden), model in models.items():
            for name, times in times_of_calls(model, n_steps).items():
                yield (
                    f"| {n_steps}, {hidden} | {name} | {np.median(times):.0f} | "
                    f"{np.quantile(times, 0.99):.0f} |"
                )

    def of_many():
        speeds = f"of CPU time, 1 thread | by the clock, {N_CORES} threads"
        yield f"| steps, hidden | mode | {speeds} | bytes a stream |"
        yield "| --- | --- | ---: | ---: | ---: |"
        for (n_steps, hidden), model in models.items():
            for mode in ("window", "stateful"):
                *speeds, size = rows_a_second(model, n_steps, mode)
                cells = " | ".join(f"{speed:,.0f}" for speed in speeds)
                yield f"| {n_steps}, {hidden} | {mode} | {cells} | {size:,} |"

    one, many = shown(of_calls()), shown(of_many())
    text = f"""# Rows as they arrive

A GRU of one layer on {N_FEATURES} features, one thread. Microseconds of CPU time for a
prediction of one row, of {N_CALLS:,} calls; windows are full, and are at hand for
the last three, which the first two keep themselves:

{one}

One row of each of {N_STREAMS:,} streams in one call of `update_many`, rows a second:

{many}

{machine("torch", "onnxruntime", "numpy")}. Made by `streaming.py`.
"""
    write(__file__, text)


if __name__ == "__main__":
    main()
