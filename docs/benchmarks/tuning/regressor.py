"""The defaults of `RNNRegressor`, tried again on the tasks that they were chosen on.

Only the part of each series that the benchmark of accuracy fits on is used; its newest
fifth, on which that benchmark judges, is never looked at. Within that part each fold
fits on the oldest rows and is judged by the rows that follow.

usage: python docs/benchmarks/tuning/regressor.py [--quick] [subject ...]
(writes regressor.md beside itself; two hours on one core, or two minutes)
"""
# `_search` comes first: it sets the path to the other benchmarks.
# ruff: noqa: I001

import numpy as np
from _search import QUICK, constant, each, report
from _accuracy_tasks import development_tasks
from sklearn.model_selection import TimeSeriesSplit

from skrnn import RNNRegressor

SEEDS = range(1 if QUICK else 3)
N_FOLDS = 1 if QUICK else 3
QUICK_TASKS = ("airline", "lynx", "US consumption")


def tasks():
    found = development_tasks()
    names = QUICK_TASKS if QUICK else tuple(found)
    return {name: (found[name].X, found[name].y) for name in names}


def loss(task, parameters, seed):
    """Logarithm of the root mean square error of the folds, the same for all units."""
    X, y = task
    squares = []
    for train, valid in list(TimeSeriesSplit(4).split(X))[-N_FOLDS:]:
        model = RNNRegressor(random_state=seed, **parameters).fit(X[train], y[train])
        squares.append((model.predict(X[valid]) - y[valid]) ** 2)
    return float(np.log(np.mean(np.concatenate(squares)))) / 2


SUBJECTS = {
    "cell": each("cell", "lstm", "rnn"),
    "hidden size": each("hidden_size", 8, 32, 64),
    "learning rate": each("learning_rate", 0.0025, 0.01),
    "patience": each("n_iter_no_change", 8, 30),
    "validation": each("validation_fraction", 0.1, 0.3),
    "batch": each("batch_size", 16, 64),
    "clipping": each("max_grad_norm", None),
    "averaged weights": each("ema_decay", 0.99),
    "pooling": each("pooling", "mean"),
    "linear part": [
        *each("linear_steps", None),
        *constant("skrnn._ensemble.auto._MOST_REGRESSORS", 64),
    ],
    "penalty of the newest columns": constant(
        "skrnn._preprocessing.linear_path._LIGHTER", 1.0, 10.0, 1000.0
    ),
    "networks": [
        *each("n_estimators", 1),
        *constant("skrnn._ensemble.auto._MOST_NETWORKS", 2, 8),
        *constant("skrnn._ensemble.auto._SAMPLES_OF_ALL", 2_000),
    ],
    "kinds of networks": [
        *constant(
            "skrnn._ensemble.auto.SEGMENT_LENGTHS", (None,), (None, 3), (None, 12)
        ),
        *constant("skrnn._ensemble.network_ensemble._POWER", 0, 2, 8),
    ],
}
if QUICK:  # the first of each
    SUBJECTS = {name: variants[:1] for name, variants in SUBJECTS.items()}

if __name__ == "__main__":
    data = tasks()
    report(
        __file__,
        "The defaults of RNNRegressor",
        {name: (variants, data) for name, variants in SUBJECTS.items()},
        loss,
        SEEDS,
        unit="about one per cent of the root mean square error",
        settings=f"{N_FOLDS} of 4 folds in time order within the rows that the "
        f"benchmark fits on, seeds: {len(SEEDS)}.",
        packages=("scikit-learn", "sktime"),
    )
