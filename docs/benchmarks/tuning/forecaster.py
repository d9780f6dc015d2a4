"""What `RNNForecaster` chooses by looking at the series, tried again.

Series are generated, from other seeds than those of the benchmark of forecasting, and
some are real: of these only the oldest 60 % are used, less than what that benchmark
fits on. Of each series the oldest two thirds are for fitting, and forecasts are made
from every second row after them, without fitting anew. What costs the more the longer
a series is, is tried on hourly ones, too (those for choosing of `_hourly_series.py`).

usage: python docs/benchmarks/tuning/forecaster.py [--quick] [subject ...]
(writes forecaster.md beside itself; an hour on one core, or two minutes)
"""

import numpy as np
import pandas as pd
from _names import value_of
from _search import QUICK, Variant, constant, each, report
from sktime.datasets import load_airline, load_lynx, load_PBS_dataset, load_uschange

from skrnn.sktime import RNNForecaster

from _hourly_series import CHOOSING  # isort: skip  # _search says where it is

SEEDS = range(1 if QUICK else 3)
_FIRST_SEED = 1_000  # the benchmark's are 0 and more, and few
_SEASONALITY = "skrnn._forecasting.seasonality"
_WINDOWS = "skrnn._forecasting.auto"
_TRANSFORM = "skrnn._forecasting.target_transform"
_PARAMETERS = "skrnn.sktime._parameters"


def monthly(values):
    index = pd.period_range("1960-01", periods=len(values), freq="M")
    return pd.Series(np.asarray(values, dtype=float), index=index)


def numbered(values):
    return pd.Series(np.asarray(values, dtype=float))


def generated(place, n=360):
    """Series of known structure, with the steps ahead that are asked for."""
    rng = np.random.default_rng(_FIRST_SEED + place)
    t, noise = np.arange(n), rng.normal(size=n)
    year, week = (np.sin(2 * np.pi * t / sp + place) for sp in (12, 7))
    memory = noise.copy()
    for i in range(2, n):
        memory[i] += 0.6 * memory[i - 1] + 0.2 * memory[i - 2]
    growth = np.exp(0.01 * t + 0.05 * np.cumsum(rng.normal(size=n)))
    peaks = np.where(t % 12 == place % 12, 4.0, 0.0)
    return {
        f"AR(2) {place}": (numbered(memory), 8),
        f"walk {place}": (numbered(np.cumsum(noise)), 8),
        f"trend, season {place}": (monthly(3 * year + 0.05 * t + noise), 12),
        f"weak season {place}": (monthly(0.5 * year + memory), 12),
        f"short, season {place}": (monthly((3 * year + noise)[:96]), 12),
        f"growing season {place}": (monthly(growth * (3 + year)), 12),
        f"growth {place}": (numbered(growth * np.exp(0.1 * noise)), 8),
        f"peaks {place}": (monthly(peaks + 0.5 * memory), 12),
        f"season of seven {place}": (numbered(2 * week + noise), 14),
        f"outliers {place}": (numbered(memory + 20 * (rng.random(n) < 0.01)), 8),
    }


def tasks():
    if QUICK:
        names = ("AR(2) 0", "short, season 0", "growth 0")
        return {name: generated(0, 120)[name] for name in names}
    found = {
        "airline": (monthly(load_airline()), 12),
        "lynx": (numbered(load_lynx()), 8),
        "PBS": (monthly(load_PBS_dataset()), 12),
        "US consumption": (numbered(load_uschange()[0]), 8),
    }
    found = {
        name: (series[: int(0.6 * len(series))], steps)
        for name, (series, steps) in found.items()
    }
    for place in range(3):
        found |= generated(place)
    return found


def hourly():
    """Series of which there is much to learn, a day ahead."""
    lengths = (600,) if QUICK else (1_500, 4_500, 7_500)  # a third is not fitted
    return {
        f"{n} hours of {name}": (
            pd.Series(law(n, place), pd.period_range("2000", periods=n, freq="h")),
            24,
        )
        for place, n in enumerate(lengths)
        for name, law in CHOOSING.items()
    }


def loss(task, parameters, seed):
    """Logarithm of the mean absolute error of the forecasts, the same for all units."""
    series, steps = task
    options = {"n_estimators": 1, "interval": None, "insample": False} | parameters
    options = {"network_weight": 1} | options  # what networks are is the question
    cut = len(series) * 2 // 3
    model = RNNForecaster(random_state=seed, **options)
    model.fit(series[:cut], fh=range(1, steps + 1))
    forecasts = model.backtest(series[cut:], step_length=2)
    truth = series.loc[forecasts.index.get_level_values("time")]
    return float(np.log(np.abs(forecasts.to_numpy()[:, 0] - truth.to_numpy()).mean()))


def usual(**changes):
    """Variants of the network that the forecaster takes by itself."""
    made = value_of(f"{_PARAMETERS}.usual_estimator")()
    label = ", ".join(f"{name}={value!r}" for name, value in changes.items())
    return Variant(label, {"estimator": made.set_params(**changes)})


SUBJECTS = {
    "seasons and rows of a window": [
        *constant(f"{_WINDOWS}._SEASONS", 1, 2, 5),
        *constant(f"{_WINDOWS}._LEAST_WINDOW", 6, 24),
        *constant(f"{_WINDOWS}._MOST_WINDOW", 24),
    ],
    "difference": [
        *each("difference", 0, 1),
        *constant(f"{_SEASONALITY}._LEVEL_GAIN", 0.65, 0.95),
    ],
    "season": [
        *each("seasonal_difference", 0, 1),
        *constant(f"{_SEASONALITY}._SEASON_GAIN", 0.35, 0.75),
        *constant(f"{_SEASONALITY}._LEAST_CORRELATION", 0.2, 0.5),
    ],
    "seasons that are few": constant(f"{_SEASONALITY}._FEW_SEASONS", 5, 20),
    "sines and cosines": constant(f"{_SEASONALITY}._TERMS", 1, 6),
    "logarithm": [
        *each("log", False),
        *constant(f"{_SEASONALITY}._LEAST_RATIO", 1.0, 3.0),
        *constant(f"{_SEASONALITY}._LEAST_GROWTH", 0.1, 0.4),
    ],
    "scale": [
        *each("scaling", "series"),
        *constant(f"{_TRANSFORM}._LEAST_SHARE", 0.02, 0.5),
    ],
    "outliers": constant("skrnn._forecasting.differencing._GROSS", 3, 100),
    "size": [usual(hidden_size=16), usual(hidden_size=64)],
    "rate": [usual(learning_rate=0.001), usual(learning_rate=0.01)],
    "patience": constant(f"{_PARAMETERS}._MOST_PATIENCE", 2, 3, 4, 8, 20),
    "validation": [usual(validation_fraction=0.2)],
    "networks": [
        Variant(f"n_estimators={n} in the place of 1", {"n_estimators": n})
        for n in (3, 5)
    ],
}
OF_LONG = {
    "patience, long series": [
        *constant(f"{_PARAMETERS}._ROWS_OF_PATIENCE", 1, 5_000, 20_000, 100_000),
        *constant(f"{_PARAMETERS}._LEAST_PATIENCE", 2),
    ],
    "rate, long series": SUBJECTS["rate"],
}
if QUICK:  # the first of each
    SUBJECTS = {name: variants[:1] for name, variants in SUBJECTS.items()}
    OF_LONG = {name: variants[:1] for name, variants in OF_LONG.items()}

if __name__ == "__main__":
    data, long = tasks(), hourly()
    report(
        __file__,
        "What RNNForecaster chooses",
        {name: (variants, data) for name, variants in SUBJECTS.items()}
        | {name: (variants, long) for name, variants in OF_LONG.items()},
        loss,
        SEEDS,
        unit="about one per cent of the mean absolute error",
        settings="Forecasts from every second row of the newest third of what each "
        f"series has for choosing; seeds: {len(SEEDS)}; one network, no intervals.",
        packages=("sktime",),
    )
