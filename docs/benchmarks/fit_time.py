"""Time of a fit at the defaults beside histogram boosting, by the number of windows.

Windows of 24 steps: of a series with a season, one step ahead, and of random walks in
2, 3 and 10 classes: boosting grows one tree for two of them, else one for each.
Everything runs on one core.

usage: python docs/benchmarks/fit_time.py [--quick]
(writes fit_time.md beside itself; ten minutes)
"""

import statistics
import sys
import time
import warnings

import numpy as np
import torch
from _accuracy_tasks import seasonal, split
from _timing import QUICK, machine, write
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from threadpoolctl import threadpool_limits

from skrnn import RNNClassifier, RNNRegressor

SIZES = (100, 1_000) if QUICK else (100, 300, 1_000, 2_000, 5_000, 10_000)
N_SEEDS = 1 if QUICK else 3
LENGTH = 24


def season(n):
    """Windows of a season with a trend, in noise."""
    task = split(seasonal(n * 5 // 4 + LENGTH, 3), LENGTH)
    return task.X[:n, :, 0], task.y[:n]


def walks(n_classes):
    """Random walks; how far they end from their mean decides on one of the classes."""

    def data(n):
        X = np.random.default_rng(0).normal(size=(n, LENGTH)).cumsum(axis=1)
        distance = X[:, -1] - X.mean(axis=1)
        shares = np.arange(1, n_classes) / n_classes
        return X, np.digitize(distance, np.quantile(distance, shares))

    return data


CLASSIFIERS = RNNClassifier, HistGradientBoostingClassifier
PAIRS = {"regression": (season, RNNRegressor, HistGradientBoostingRegressor)}
PAIRS |= {f"{k} classes": (walks(k), *CLASSIFIERS) for k in (2, 3, 10)}


def seconds(make, X, y):
    """CPU seconds of a fit, the median over the seeds."""
    times = []
    for seed in range(N_SEEDS):
        model = make(random_state=seed)
        start = time.process_time()
        model.fit(X, y)
        times.append(time.process_time() - start)
    return statistics.median(times)


def main():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    lines = [
        "# Time of a fit",
        "",
        "CPU seconds of a fit at the defaults, median of "
        f"{N_SEEDS} seeds, and how many times",
        f"those of histogram boosting; windows of {LENGTH} steps. On a machine that",
        "does other work as well seconds are longer, and the ratios tell more.",
        "",
        "| task | windows | skrnn | boosting | ratio |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    with threadpool_limits(1):
        for task, (data, ours, theirs) in PAIRS.items():
            for make in (ours, theirs):  # imports what it needs
                make().fit(*data(50))
            for n in SIZES:
                a, b = (seconds(make, *data(n)) for make in (ours, theirs))
                lines.append(f"| {task} | {n:,} | {a:.2f} | {b:.2f} | {a / b:.1f} |")
                print(lines[-1], flush=True)
    lines += ["", machine("skrnn", "scikit-learn")]
    write(__file__, "\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
