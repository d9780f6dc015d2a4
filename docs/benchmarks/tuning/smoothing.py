"""The models of smoothing that `RNNForecaster` averages, tried again.

On every fifth of the 1,001 series of the first M competition (Makridakis et al. 1982),
yearly, quarterly and monthly, and its own test rows. Nothing of it is in a benchmark
one directory up. It is not shipped: give the path of a table, gzipped, with the columns
series, period, t, is_test and value, or have it as ``shared/data/m1.csv.gz`` in a
directory above this one.

usage: python docs/benchmarks/tuning/smoothing.py [--quick] [--data FILE] [subject ...]
(writes smoothing.md beside itself; five minutes on one core, or one)
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from _search import QUICK, constant, report

from skrnn._forecasting import smoothing_filter, smoothing_models
from skrnn._forecasting.smoothing_models import gains_of, models
from skrnn.sktime import RNNForecaster

_MODELS = "skrnn._forecasting.smoothing_models"
_FILTER = "skrnn._forecasting.smoothing_filter"
_SMOOTHING = "skrnn._forecasting.smoothing"
_FREQUENCIES = {"yearly": ("Y", 1), "quarterly": ("Q", 4), "monthly": ("M", 12)}
_EVERY = 50 if QUICK else 5
_KNOWN = []  # constants that the models were made with


def data_file():
    """Path of the competition's table, taken out of the arguments if it is there."""
    if "--data" in sys.argv:
        place = sys.argv.index("--data")
        _, path = sys.argv[place : place + 2]
        del sys.argv[place : place + 2]
        return Path(path)
    places = [p / "shared/data/m1.csv.gz" for p in Path(__file__).resolve().parents]
    found = [path for path in places if path.is_file()]
    if not found:
        raise SystemExit(
            "The first M competition is not here, and the package does not ship it: "
            "give its table by --data FILE."
        )
    return found[0]


def tasks():
    """Rows to fit on, and rows to forecast, by name."""
    table = pd.read_csv(data_file()).sort_values("t", kind="stable")
    found = {}
    for (period, name), rows in table.groupby(["period", "series"], sort=True):
        freq, sp = _FREQUENCIES[period]
        values = rows["value"].to_numpy(dtype=float)
        index = pd.period_range("1950", periods=len(values), freq=freq)
        cut = int((rows["is_test"] == 0).sum())
        series = pd.Series(values, index)
        if cut > len(values) - cut:
            found[name] = (series[:cut], series[cut:], sp)
    return {name: found[name] for name in list(found)[::_EVERY]}


def loss(task, parameters, seed):
    """Logarithm of the mean absolute error, of smoothing alone."""
    # What is kept is of other constants, if these are.
    smoothing_filter._KEPT.clear()
    now = [value for name, value in vars(smoothing_models).items() if name.isupper()]
    if now != _KNOWN:
        _KNOWN[:] = now
        models.cache_clear()
        gains_of.cache_clear()
    past, future, _ = task
    options = {"network_weight": 0, "interval": None, "insample": False} | parameters
    model = RNNForecaster(random_state=seed, **options)
    model.fit(past, fh=np.arange(1, len(future) + 1))
    error = np.abs(model.predict() - future).mean()
    return float(np.log(error + 1e-3 * np.abs(past).mean()))


_TRENDS = (
    (0.0, 0.8, 1.0),
    (0.0, 0.95, 1.0),
    (0.0, 1.0, 1.0),
    (0.2, 0.8, 1.0),
    (0.2, 0.95, 1.0),
    (0.2, 1.0, 1.0),
    (1.0, 1.0, 0.05),
)
_DRIFT_OFTEN = (*_TRENDS[:2], (0.0, 1.0, 10.0), *_TRENDS[3:])
SUBJECTS = {
    "levels": constant(
        f"{_MODELS}._LEVEL_GAINS", (0.1, 0.3, 0.9), (0.05, 0.25, 0.5, 0.75, 1.0)
    ),
    "trends": [
        *constant(f"{_MODELS}._TRENDS", _TRENDS, _DRIFT_OFTEN),
        *constant(f"{_MODELS}._FIRST_TREND", 0.3, 3.0),
        *constant(f"{_MODELS}._SMOOTH_PRIOR", 0.0, 0.3),
    ],
    "levels that return": [
        *constant(f"{_MODELS}._RETURN_PRIOR", 0.0, 0.3, 1.0),
        *constant(f"{_MODELS}._RETURNING", (0.8,)),
        *constant(f"{_MODELS}._RETURN_NOISE", (0.0,)),
    ],
    "seasons": constant(
        f"{_MODELS}._SEASONS",
        ((0.5, 0.0, 1.0), (2.0, 0.0, 1.0), (4.0, 0.02, 1.0)),
        ((0.5, 0.0, 1.0), (2.0, 0.0, 1.0), (4.0, 1.0, 1.0)),
        ((0.5, 0.0, 1.0), (2.0, 0.0, 1.0), (4.0, 0.1, 1.0), (4.0, 1.0, 1.0)),
        ((4.0, 0.1, 1.0),),
    ),
    "logarithms": constant(f"{_SMOOTHING}._LOGARITHM_PRIOR", 1.0, 4.0),
    "outliers": constant(f"{_FILTER}._MOST_SURPRISE", 3.0, 6.0, 1e9),
    "likelihoods": constant(f"{_FILTER}._POWER", 0.3, 0.7, 1.0),
    "rows": constant(f"{_SMOOTHING}._LEAST_ROWS", 60, 1000),
}
if QUICK:  # the first of each
    SUBJECTS = {name: variants[:1] for name, variants in SUBJECTS.items()}

if __name__ == "__main__":
    data = tasks()
    report(
        __file__,
        "The models of smoothing",
        {name: (variants, data) for name, variants in SUBJECTS.items()},
        loss,
        range(1),
        unit="about one per cent of the mean absolute error",
        settings="Smoothing alone, on the rows that the first M competition gave, and "
        "judged by those that it kept. Nothing in it is drawn: one seed is all.",
        packages=("sktime",),
    )
