"""RNN, LSTM, GRU and a small CNN on the same tasks, with as many weights each.

All have about 8,000 weights, the same optimiser, rate, batches and samples set aside
for early stopping. The recurrent ones answer from the state after the last step.

usage: pip install mnist1d; python docs/tutorial/figures/compare.py [--draw]
(four minutes on one core)
"""

import statistics
import time
import warnings
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from _cnn import CNN
from _figure import LOOKS, draw, results, table
from _tasks import adding, bumps, digits, temporal_order

from skrnn import RNNClassifier, RNNRegressor

N_SEEDS = 3
UNITS = {"RNN": 84, "GRU": 48, "LSTM": 42}
TRAINING = {"max_epochs": 60, "batch_size": 32, "learning_rate": 0.003}
PATIENCE = 12
TICKS = (0.2, 1, 5)  # CPU seconds in the picture
RECURRENT = {
    "pooling": "last",
    "n_estimators": 1,
    "n_iter_no_change": PATIENCE,
    "time_warp": 0.0,
    "ema_decay": None,
}


class Task(NamedTuple):
    X: np.ndarray  # (n, L, F)
    y: np.ndarray  # (n,), numbers of classes or numbers
    X_test: np.ndarray
    y_test: np.ndarray

    @property
    def n_outputs(self):
        return int(self.y.max()) + 1 if self.y.dtype.kind == "i" else 1


def mnist1d():
    """MNIST-1D (Greydanus and Kobak 2020), made anew with its own seed."""
    from mnist1d.data import get_dataset_args, make_dataset

    data = make_dataset(get_dataset_args())
    X, X_test = data["x"][:, :, None], data["x_test"][:, :, None]
    return Task(X, data["y"].astype(int), X_test, data["y_test"].astype(int))


def made(make, length, n_train):
    return Task(*make(n_train, length, seed=0), *make(1000, length, seed=1))


def tasks():
    return {
        "digits by rows": Task(*digits()),
        "MNIST-1D": mnist1d(),
        "a shape in noise": made(bumps, 100, 600),
        "order of two symbols": made(temporal_order, 60, 1000),
        "adding problem": made(adding, 60, 1000),
    }


def fit(kind, task, seed):
    """Return score on the test, CPU seconds of the fit, weights and epochs."""
    n_valid = len(task.y) // 5
    X, y, X_val, y_val = (
        task.X[n_valid:],
        task.y[n_valid:],
        task.X[:n_valid],
        task.y[:n_valid],
    )
    is_classifier = task.n_outputs > 1
    start = time.process_time()
    if kind == "CNN":
        model = CNN(task.n_outputs, patience=PATIENCE, seed=seed, **TRAINING)
        model.fit(X, y, X_val, y_val)
        n_weights, n_epochs = model.n_weights, model.n_epochs
    else:
        options = RECURRENT | TRAINING | {"random_state": seed}
        if is_classifier:
            options["init"] = "chrono" if kind == "LSTM" else "orthogonal"
            model = RNNClassifier(kind.lower(), UNITS[kind], n_kernels=None, **options)
        else:
            del options["time_warp"]
            options["linear_steps"] = None
            model = RNNRegressor(kind.lower(), UNITS[kind], **options)
        model.fit(X, y, X_val=X_val, y_val=y_val)
        n_weights = sum(w.numel() for w in model.net_.module_.parameters())
        n_epochs = model.n_iter_
    seconds = time.process_time() - start
    predicted = model.predict(task.X_test)
    if is_classifier:
        score = np.mean(predicted == task.y_test)
    else:
        error = np.mean((predicted - task.y_test) ** 2)
        score = 1 - error / np.var(task.y_test)
    return score, seconds, n_weights, n_epochs


def compute():
    found = {}
    for name, task in tasks().items():
        found[name] = {}
        for kind in LOOKS:
            runs = [fit(kind, task, seed) for seed in range(N_SEEDS)]
            score, seconds, weights, epochs = zip(*runs, strict=True)
            found[name][kind] = {
                "scores": score,
                "seconds": statistics.median(seconds),
                "weights": weights[0],
                "epochs": statistics.median(epochs),
            }
            print(name, kind, found[name][kind], flush=True)
    return found


def paint(found):
    def of(say):
        size = {"figsize": (11, 3.3), "sharex": True, "sharey": True}
        figure, axes = plt.subplots(1, len(found), **size)
        for ax, (name, by_kind) in zip(axes, found.items(), strict=True):
            for kind, values in by_kind.items():
                score = values["scores"]
                look = LOOKS[kind]
                ax.errorbar(
                    values["seconds"],
                    statistics.median(score),
                    [
                        [statistics.median(score) - min(score)],
                        [max(score) - statistics.median(score)],
                    ],
                    fmt=look["marker"],
                    color=look["color"],
                    capsize=3,
                    label=kind,
                )
            ax.set(title=say(name), xscale="log", ylim=(-0.05, 1.05))
            ax.set(xlim=(0.15, 20), xticks=TICKS)
            ax.set_xticklabels([f"{second:g}" for second in TICKS])
            ax.minorticks_off()
            ax.grid(axis="y", color="0.92")
        axes[0].set_ylabel(say("test score"))
        axes[2].set_xlabel(say("CPU seconds of the fit"))
        axes[0].legend(loc="lower left")
        return figure

    return of


def main():
    warnings.simplefilter("ignore")
    found = results("compare", compute)
    draw("compare", paint(found))
    rows = []
    for kind in LOOKS:
        scores = [sorted(by_kind[kind]["scores"]) for by_kind in found.values()]
        rows.append(
            [kind, *(f"{s[1]:.3f} ({s[0]:.3f} to {s[-1]:.3f})" for s in scores)]
        )
    table("compare", rows)
    table(
        "compare_cost",
        [
            [
                kind,
                f"{found['digits by rows'][kind]['weights']:,}",
                *(f"{by_kind[kind]['seconds']:.1f}" for by_kind in found.values()),
            ]
            for kind in LOOKS
        ],
    )


if __name__ == "__main__":
    main()
