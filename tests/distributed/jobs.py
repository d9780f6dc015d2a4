"""What processes of torchrun fit together, and a single one alone.

usage: torchrun --nproc-per-node 2 -m tests.distributed.jobs DIRECTORY [NAME ...]
Each process writes what it has found of every job to DIRECTORY/NAME-RANK.npz.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from skorch.callbacks import Callback

from skrnn import RNNClassifier, RNNRegressor, make_windows
from skrnn.distributed import data_parallel
from tests.integrations.workers import DieOnce

OPTIONS = {"n_estimators": 1, "batch_size": 31, "max_epochs": 6, "random_state": 0}


class FirstGradient(Callback):
    """Keep the gradient of the first batch, the loss of each, and what is read."""

    def __init__(self):
        self.found, self.n_read = None, []

    def on_grad_computed(self, net, named_parameters, **kwargs):
        if self.found is None:
            self.found = np.concatenate(
                [p.grad.numpy().ravel() for _, p in named_parameters]
            )

    def on_batch_begin(self, net, batch, training, **kwargs):
        if training:
            self.n_read.append(len(batch[0]["x"]))


class StopAt(Callback):
    """Stop the training after an epoch, in one of the processes."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise KeyboardInterrupt


def samples(n=200):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 7, 2)).astype("float32")
    return X, X[:, -1, 0] * X[:, -2, 1] + X[:, 0, 0]


def panel():
    """Windows of four series, which are of different lengths."""
    rng = np.random.default_rng(0)
    sizes = [60, 45, 80, 30]
    index = pd.MultiIndex.from_tuples(
        [(name, i) for name, n in zip("abcd", sizes, strict=True) for i in range(n)]
    )
    rows = pd.DataFrame({"x": rng.normal(size=len(index)).cumsum()}, index=index)
    series = [part.droplevel(0) for _, part in rows.groupby(level=0)]
    X, y = make_windows(series, 6)
    return X, y[:, 0]


def standard(rank, **options):
    return _fitted(RNNRegressor("gru", 4, **OPTIONS | options), *samples())


def layers(rank, **options):
    return standard(rank, norm="layer", weight_decay=0.01, optimizer="sgd", **options)


def classes(rank):
    X, y = samples()
    label = np.digitize(y, np.quantile(y, [0.3, 0.6]))
    model = RNNClassifier("lstm", 3, n_kernels=None, class_weight="balanced", **OPTIONS)
    return _fitted(model, X, label)


def noise(rank):
    return standard(rank, dropout=0.3, random_state=None)


def stopped(rank):
    return standard(rank, callbacks=[StopAt(3 if rank == 1 else 99)])


def one_sample(rank):
    """The last batch has one sample, so that one process has none."""
    X, y = samples(32)
    model = RNNRegressor("gru", 4, early_stopping=False, **OPTIONS)
    return _fitted(model, X, y)


def series(rank):
    X, y = panel()
    return _fitted(RNNRegressor("gru", 4, **OPTIONS), X, y)


def checkpoints(rank, directory, dies):
    """Every process names a directory of its own."""
    death = DieOnce(directory / "happened", epoch=4, spared=0)
    model = RNNRegressor(
        "gru",
        4,
        checkpoint_dir=directory / f"checkpoints-{rank}",
        callbacks=[death] if dies and rank == 1 else None,
        **OPTIONS,
    )
    X, y = samples()
    return _tell(model.fit(X, y, resume=True), X)


JOBS = {
    job.__name__: job
    for job in (standard, layers, classes, noise, stopped, one_sample, series)
}


def _fitted(model, X, y):
    first = FirstGradient()
    model.set_params(callbacks=[*(model.callbacks or []), first])
    told = _tell(model.fit(X, y), X)
    kept = dict(model.net_.callbacks_)["FirstGradient"]
    return told | {"gradient": kept.found, "n_read": kept.n_read}


def _tell(model, X):
    return {
        "predicted": getattr(model, "predict_proba", model.predict)(X),
        "losses": model.loss_curve_,
        "validation": model.validation_loss_curve_ or [],
        "best": model.best_epoch_,
    }


def main():
    torch.set_num_threads(1)
    directory = Path(sys.argv[1])
    for name in sys.argv[2:]:
        by = "series" if name == "series" else "batch"
        with data_parallel(by=by) as rank:
            if name in ("lives", "dies"):
                found = checkpoints(rank, directory, name == "dies")
            else:
                found = JOBS[name](rank)
        np.savez(directory / f"{name}-{rank}.npz", **found)


if __name__ == "__main__":
    main()
