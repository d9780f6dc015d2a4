"""The searches of `search_on_dask.py` and `search_on_ray.py`, which run anywhere.

Half-hourly solar power in Great Britain, an hour ahead, comes with sktime.
"""

import argparse
import os
import signal
import threading
import time

import numpy as np
import optuna
from joblib import parallel_config
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    ParameterGrid,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sktime.datasets import load_solar

from skrnn import RNNRegressor, SlidingWindow

HORIZON = 2  # rows ahead: an hour
DAY = 48  # rows
GRID = {
    "rnnregressor__cell": ["gru", "lstm"],
    "rnnregressor__hidden_size": [8, 16],
}
SPLITS = TimeSeriesSplit(2)


def rows_of_days():
    """Solar power and the time of day, and the power that is to be forecast."""
    y = load_solar(api_version=None)  # the copy inside the package: 1 to 7 May 2021
    angle = 2 * np.pi * np.arange(len(y)) / DAY
    return y.to_frame("solar").assign(sin=np.sin(angle), cos=np.cos(angle)), y


def pipeline(**parameters):
    """Windows of six hours and a network."""
    network = RNNRegressor(
        max_epochs=8, early_stopping=False, n_estimators=1, random_state=0
    )
    window = SlidingWindow(12, horizon=HORIZON)
    return make_pipeline(window, network).set_params(**parameters)


# -- by joblib's backends, of which `parallel_config` chooses one


def grid_search(X, y, **parameters):
    """Test scores (candidates, splits) of a grid search."""
    model = pipeline(**parameters)
    search = GridSearchCV(model, GRID, cv=SPLITS, n_jobs=-1, refit=False)
    return scores_of(search.fit(X, y).cv_results_)


def halving_search(X, y, **parameters):
    """Test scores of a search that gives the better half twice the epochs."""
    search = HalvingGridSearchCV(
        pipeline(**parameters),
        GRID,
        resource="rnnregressor__max_epochs",
        min_resources=2,
        max_resources=8,
        factor=2,
        cv=SPLITS,
        n_jobs=-1,
        random_state=0,
        refit=False,
    )
    return scores_of(search.fit(X, y).cv_results_)


def scores_of(results):
    """Test scores (candidates, splits) of the results (dict) of a search."""
    names = sorted(name for name in results if name.startswith("split"))
    return np.array([results[name] for name in names if name.endswith("test_score")]).T


def optuna_search(X, y, **parameters):
    """Values (list) of the trials of a study, each a cross-validation in parallel."""

    def objective(trial):
        return score_of(suggest(trial) | parameters, X, y, n_jobs=-1).mean()

    study = new_study()
    study.optimize(objective, n_trials=2)
    return [trial.value for trial in study.trials]


# -- a task for every candidate, whoever does the tasks


def score_of(parameters, X, y, n_jobs=None):
    """Test scores (splits,) of one candidate."""
    model = pipeline(**parameters)
    return cross_val_score(model, X, y, cv=SPLITS, n_jobs=n_jobs)


def grid_of_tasks(scores, **parameters):
    """Test scores (candidates, splits) of a grid search.

    Parameters
    ----------
    scores : callable
        Takes parameters of candidates (list of dict), and gives `score_of` each.
    """
    return np.array(scores([grid | parameters for grid in ParameterGrid(GRID)]))


def optuna_of_tasks(scores, n_rounds=2, at_once=3, **parameters):
    """Values (list) of the trials of a study, several at once.

    A round of trials is asked for and told in one order, whichever of them is ready
    first, so that the values depend on nothing but the seed.
    """
    study = new_study(constant_liar=True)
    for _ in range(n_rounds):
        trials = [study.ask() for _ in range(at_once)]
        found = scores([suggest(trial) | parameters for trial in trials])
        for trial, score in zip(trials, found, strict=True):
            study.tell(trial, score.mean())
    return [trial.value for trial in study.trials]


def new_study(**options):
    """A study that looks for the highest value."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=0, **options)
    return optuna.create_study(direction="maximize", sampler=sampler)


def suggest(trial):
    """Parameters (dict) of the pipeline as a trial proposes them."""
    return {
        "rnnregressor__cell": trial.suggest_categorical("cell", ["gru", "lstm"]),
        "rnnregressor__hidden_size": trial.suggest_int("hidden_size", 4, 32, log=True),
    }


BY_JOBLIB = (grid_search, halving_search, optuna_search)
OF_TASKS = (grid_of_tasks, optuna_of_tasks)


def arguments(usage):
    """What the command line says to a script whose docstring is given."""
    parser = argparse.ArgumentParser(description=usage.splitlines()[0])
    parser.add_argument("--kill", action="store_true", help="kill a worker meanwhile")
    parser.add_argument("--address", help="of a cluster; else one is made here")
    return parser.parse_args()


def found_alone(X, y):
    """What every search finds in one process (dict)."""

    def scores(candidates):
        return [score_of(one, X, y) for one in candidates]

    with parallel_config("sequential"):
        found = {job: job(X, y) for job in BY_JOBLIB}
    return found | {job: job(scores) for job in OF_TASKS}


def kill_soon(pid, after=2.0):
    """Kill a process, hard, after some seconds."""

    def kill():
        time.sleep(after)
        print("killing worker", pid)
        os.kill(pid, signal.SIGKILL)

    threading.Thread(target=kill, daemon=True).start()


def tell(found, alone):
    """Print of every search whether its results are those of one process."""
    for job, result in found.items():
        print(f"{job.__name__}: same bits:", np.array_equal(result, alone[job]))
