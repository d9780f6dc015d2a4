"""How long fits and forecasts of `RNNForecaster` take, beside AutoARIMA's.

Seconds of processors, not of the clock, each job on one thread and in turns: fit with
intervals, forecast one season or so, and its intervals. Of large jobs the clock's, too,
with a thread for every core. The series are generated.

usage: pip install statsforecast; python docs/benchmarks/forecast_speed.py [--quick]
           [--forecaster module:expression] [part of a job's name ...]
(writes forecast_speed.md beside itself; ten minutes)
"""

import argparse
import statistics
import time
import warnings
from functools import partial

import numpy as np
import pandas as pd
import torch
from _series_models import MODELS
from _series_runs import DEFAULT, made
from _timing import QUICK, THREADS, machine, write

_REPEATS = 1 if QUICK else 3
NAIVE = "sktime.forecasting.naive:NaiveForecaster(sp=24)"


def seasonal(n, sp, seed=0):
    """A level that wanders, a season, and noise (n,)."""
    rng, t = np.random.default_rng(seed), np.arange(n)
    level = np.cumsum(0.2 * rng.normal(size=n)) + 0.01 * t
    return 50 + level + 3 * np.sin(2 * np.pi * t / sp) + rng.normal(size=n)


def steady(n, sp, seed=0):
    """A season that stays, of which there is much to learn, and little noise (n,)."""
    rng, t = np.random.default_rng(seed), np.arange(n)
    return np.sin(2 * np.pi * t / sp) + 0.2 * rng.normal(size=n)


def dated(values, freq):
    index = pd.date_range("1990-01-01", periods=len(values), freq=freq)
    return pd.Series(values, index=index, name="y")


def walk(n, sp, seed=0):
    """A walk, of which there is nothing to learn (n,)."""
    del sp
    return np.cumsum(np.random.default_rng(seed).normal(size=n))


def many(n_series, n, law):
    """Monthly series (n_series * n rows), indexed by series and time."""
    index = pd.date_range("2020-01-01", periods=n, freq="MS")
    rows = np.concatenate([law(n, 12, seed) for seed in range(n_series)])
    keys = pd.MultiIndex.from_product([range(n_series), index], names=["id", "time"])
    return pd.DataFrame({"y": rows}, index=keys)


def by_network(forecaster, y, steps, n_threads=1):
    torch.set_num_threads(n_threads)
    model = made(forecaster).fit(y, fh=range(1, steps + 1))
    model.predict()
    model.predict_interval(coverage=[0.8, 0.95])


def after_a_row(forecaster, law):
    """Median CPU milliseconds of `update` by a row, of `predict` and of intervals."""
    torch.set_num_threads(1)
    y, n_rows = dated(law(1100, 24), "h"), 50 if QUICK else 100
    model = made(forecaster).fit(y[:1000], fh=range(1, 25))
    times = []
    for i in range(1000, 1000 + n_rows):
        clock = [time.process_time()]
        model.update(y[i : i + 1], update_params=False)
        clock.append(time.process_time())
        model.predict()
        clock.append(time.process_time())
        model.predict_interval(coverage=0.8)
        clock.append(time.process_time())
        times.append(1000 * np.diff(clock))
    return np.median(times, axis=0)


def by_arima(y, sp, steps):
    MODELS["AutoARIMA"](y.to_numpy(), sp, steps)


def in_turns(jobs):
    """Median CPU seconds of each job after one round to warm up."""
    times = {name: [] for name in jobs}
    for _ in range(_REPEATS + 1):
        for name, job in jobs.items():
            times[name].append(seconds_of(job, time.process_time))
    return {name: statistics.median(found[1:]) for name, found in times.items()}


def seconds_of(job, clock):
    start = clock()
    job()
    return clock() - start


def beside_arima(forecaster):
    """Name, job of the network, and that of AutoARIMA."""
    plain = (("months", "MS", 12, 12), ("days", "D", 7, 14), ("hours", "h", 24, 48))
    for kind, freq, sp, steps in plain:
        for law in (seasonal, steady):
            y = dated(law(1000, sp), freq)
            arima = partial(by_arima, y, sp, steps)
            name = f"1,000 {kind}, {law.__name__}"
            yield name, partial(by_network, forecaster, y, steps), arima
    for n in (150, 700, 960):
        y = dated(seasonal(n, 24), "h")
        name = f"{n} hours, 48 ahead"
        yield name, partial(by_network, forecaster, y, 48), partial(by_arima, y, 24, 48)


def large(forecaster):
    """Name, and job of the network by a number of threads."""
    for law in (seasonal, steady):
        y = dated(law(5000, 24), "h")
        yield f"5,000 hours, {law.__name__}", partial(by_network, forecaster, y, 24)
    n = 400 if QUICK else 4000
    for law in (walk, seasonal):
        job = partial(by_network, forecaster, many(n, 40, law), 12)
        yield f"{n:,} series of 40 months, {law.__name__}", job


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--forecaster", default=DEFAULT)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    lines = [
        "# Time of forecasts",
        "",
        "CPU seconds of fit, forecast and intervals with default settings, one thread,",
        "median of several turns: see `forecast_speed.py`, which made this.",
        "",
        "| series | RNNForecaster | AutoARIMA | ratio |",
        "| --- | ---: | ---: | ---: |",
    ]

    def is_wanted(name):
        return not options.names or any(part in name for part in options.names)

    for name, job, arima in beside_arima(options.forecaster):
        if is_wanted(name):
            found = in_turns({"network": job, "arima": arima})
            own, other = found["network"], found["arima"]
            lines.append(f"| {name} | {own:.2f} | {other:.2f} | {own / other:.1f} |")
            print(lines[-1], flush=True)
    lines += [
        "",
        f"Of large jobs, and by the clock with {THREADS[-1]} threads:",
        "",
        "| series | CPU seconds, one thread | seconds by the clock |",
        "| --- | ---: | ---: |",
    ]
    for name, job in large(options.forecaster):
        if is_wanted(name):
            alone = in_turns({name: job})[name]
            every = partial(job, n_threads=THREADS[-1])
            clock = [seconds_of(every, time.perf_counter) for _ in range(_REPEATS)]
            lines.append(f"| {name} | {alone:.2f} | {statistics.median(clock):.2f} |")
            print(lines[-1], flush=True)
    lines += [
        "",
        "CPU milliseconds of one new row after 1,000 hours, without learning, and of",
        "the 24 hours ahead, beside the seasonal naive forecaster of sktime, which has",
        "little to do:",
        "",
        "| series | forecaster | update | predict | predict_interval |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    tools = {"RNNForecaster": options.forecaster, "NaiveForecaster": NAIVE}
    for law in (seasonal, steady):
        for name, tool in tools.items():
            cells = " | ".join(f"{ms:.1f}" for ms in after_a_row(tool, law))
            lines.append(f"| {law.__name__} | {name} | {cells} |")
    write(__file__, "\n".join([*lines, "", machine("skrnn", "statsforecast"), ""]))


if __name__ == "__main__":
    main()
