"""Forecasts of many series from several origins, by this package and by others.

Those of others are kept on disk, by what they were made from, so that a new run costs
no more than the forecaster that is measured.
"""

import importlib
import time
import warnings
from typing import NamedTuple

import joblib
import numpy as np
import torch
from _series_cache import CACHE, kept
from _series_models import CLASSICAL, COMBINED, MODELS, combine, forecast_by

__all__ = ["DEFAULT", "Run", "load", "made", "measure", "rivals", "run_of", "save"]

DEFAULT = "skrnn.sktime:RNNForecaster()"
_LEVELS = (0.8, 0.95)
_kept_forecast = kept(forecast_by)


class Run(NamedTuple):
    """The forecast of one series from one origin."""

    series: str
    group: str
    origin: int
    truth: np.ndarray  # (steps,)
    table: np.ndarray  # (steps, 5): forecast, bounds of 80 %, bounds of 95 %
    scale: float  # mean absolute change from season to season of the known rows
    seconds: float  # of one processor
    error: str  # why there is no forecast of its own, or nothing


def rivals(series, n_jobs=1):
    """Runs of all other models and of their combinations (dict of str to list)."""
    jobs = [(name, item, o) for item in series for o in item.origins for name in MODELS]
    tables = joblib.Parallel(n_jobs=n_jobs, verbose=0)(
        joblib.delayed(_rival)(name, item, o) for name, item, o in jobs
    )
    found = {name: [] for name in MODELS}
    for (name, item, origin), table in zip(jobs, tables, strict=True):
        found[name].append(run_of(item, origin, table))
    for name, how in COMBINED.items():
        parts = zip(*(found[model] for model in CLASSICAL), strict=True)
        found[name] = [
            runs[0]._replace(table=combine([r.table for r in runs], how))
            for runs in parts
        ]
    return found


def _rival(name, item, origin):
    return _kept_forecast(name, item.y.to_numpy()[:origin], item.sp, item.steps)


def measure(series, forecaster=DEFAULT, n_jobs=1):
    """Runs of a forecaster of sktime, fitted anew at every origin (list of Run).

    Parameters
    ----------
    series : list of Series
        What is forecast.
    forecaster : str, default="skrnn.sktime:RNNForecaster()"
        Module, colon, and an expression in it.
    n_jobs : int, default=1
        Processes, of one thread each.
    """
    jobs = [(item, origin) for item in series for origin in item.origins]
    return joblib.Parallel(n_jobs=n_jobs)(
        joblib.delayed(_forecast)(forecaster, item, origin) for item, origin in jobs
    )


def made(forecaster):
    """What an expression in a module is, with a seed."""
    module, _, expression = forecaster.partition(":")
    found = eval(expression, vars(importlib.import_module(module)).copy())
    if found.get_params().get("random_state", 0) is None:
        found.set_params(random_state=0)
    return found


def _forecast(forecaster, item, origin):
    torch.set_num_threads(1)
    model = made(forecaster)
    fh = list(range(1, item.steps + 1))
    table, error = np.full((item.steps, 5), np.nan), ""
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(item.y.iloc[:origin], fh=fh)
            table[:, 0] = np.ravel(model.predict())
            if model.get_tag("capability:pred_int"):
                table[:, 1:] = model.predict_interval(coverage=list(_LEVELS))
        except Exception as e:
            error = f"{type(e).__name__}: {e}"
    seconds = time.process_time() - start
    if not np.isfinite(table[:, 0]).all():
        error = error or "forecasts that are not finite"
        table = forecast_by(
            "SeasonalNaive", item.y.to_numpy()[:origin], item.sp, item.steps
        )
    return run_of(item, origin, table, seconds, error)


def run_of(item, origin, table, seconds=np.nan, error=""):
    """The Run of a series from an origin."""
    values = item.y.to_numpy()
    known, truth = values[:origin], values[origin : origin + item.steps]
    sp = item.sp if origin > item.sp else 1
    scale = np.abs(known[sp:] - known[:-sp]).mean()
    return Run(item.name, item.group, origin, truth, table, scale, seconds, error)


def save(label, runs):
    """Keep runs by a name; gives the path."""
    path = CACHE / "runs" / f"{label}.joblib"
    path.parent.mkdir(parents=True, exist_ok=True)
    joblib.dump([run._asdict() for run in runs], path)
    return path


def load(label):
    """Runs that were kept (list of Run)."""
    return [Run(**r) for r in joblib.load(CACHE / "runs" / f"{label}.joblib")]
