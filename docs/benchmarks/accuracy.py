"""Accuracy out of the box: one step ahead, nothing tuned, beside other models.

Each task is a series, cut into windows of its newest rows, and the row after them. The
oldest 80 % are for fitting, the rest for the table. Errors are root mean squares,
divided by those of the forecast that nothing changes; of models with a seed the median.
Beside the default stand its networks without ridge regression, and one of them: each of
these is ranked in the place of the default, and the others beside the default.
The defaults of `RNNRegressor` were chosen on the first group of tasks, all of them at
once; that several networks are averaged was decided with the second group in view too.

usage: pip install statsmodels; python docs/benchmarks/accuracy.py [--quick]
(writes accuracy.md and accuracy.png beside itself; a quarter of an hour on one core)
"""

import itertools
import statistics
import sys
import time
import warnings

import matplotlib
import numpy as np
import pandas as pd
import torch
from _accuracy_tasks import development_tasks, unseen_tasks
from _timing import QUICK, beside, machine, write
from scipy.stats import friedmanchisquare, studentized_range
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import RidgeCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from skorch import NeuralNetRegressor
from skorch.callbacks import EarlyStopping
from skorch.dataset import ValidSplit

from skrnn import FlattenSequence, RNNRegressor
from skrnn.plotting import PALETTE

matplotlib.use("Agg")
import matplotlib.pyplot as plt

N_SEEDS = 1 if QUICK else 5
OURS = "skrnn"
# What its defaults are made of, each by itself.
PARTS = {"networks alone": "networks", "one network": "network"}


class LastState(torch.nn.Module):
    """What a tutorial writes: an LSTM, and a linear layer on its last state."""

    def __init__(self, n_features):
        super().__init__()
        self.lstm = torch.nn.LSTM(n_features, 64, batch_first=True)
        self.head = torch.nn.Linear(64, 1)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


class SkorchLSTM:
    """Scaled by hand, with the newest tenth for early stopping."""

    def __init__(self, seed):
        self.seed = seed

    def fit(self, X, y):
        torch.manual_seed(self.seed)
        self.x_moments = X.mean((0, 1)), X.std((0, 1))
        self.y_moments = y.mean(), y.std()
        n_valid = max(1, len(X) // 10)
        folds = [(np.arange(len(X) - n_valid), np.arange(len(X) - n_valid, len(X)))]
        self.net = NeuralNetRegressor(
            LastState,
            module__n_features=X.shape[2],
            optimizer=torch.optim.Adam,
            lr=0.01,
            batch_size=32,
            max_epochs=200,
            iterator_train__shuffle=True,
            train_split=ValidSplit(folds),
            callbacks=[EarlyStopping(patience=20, load_best=True)],
            verbose=0,
        )
        target = (y - self.y_moments[0]) / self.y_moments[1]
        self.net.fit(self._scaled(X), target[:, None].astype(np.float32))
        return self

    def predict(self, X):
        mean, scale = self.y_moments
        return self.net.predict(self._scaled(X))[:, 0] * scale + mean

    def _scaled(self, X):
        mean, scale = self.x_moments
        return ((X - mean) / scale).astype(np.float32)


def on_lags(model, *, scaled=True):
    steps = [FlattenSequence(), *([StandardScaler()] if scaled else []), model]
    pipeline = make_pipeline(*steps)
    if not scaled:
        return pipeline
    return TransformedTargetRegressor(pipeline, transformer=StandardScaler())


# Makers of a model with a seed, and how many of them to take; the last one is slow.
MODELS = {
    OURS: (lambda seed: RNNRegressor(random_state=seed), N_SEEDS),
    **{
        name: (
            lambda seed, parts=parts: RNNRegressor(parts=parts, random_state=seed),
            N_SEEDS,
        )
        for name, parts in PARTS.items()
    },
    "ridge": (lambda seed: on_lags(RidgeCV(np.logspace(-3, 4, 15))), 1),
    "k-NN": (lambda seed: on_lags(KNeighborsRegressor()), 1),
    "SVR": (lambda seed: on_lags(SVR()), 1),
    "forest": (
        lambda seed: on_lags(RandomForestRegressor(random_state=seed), scaled=False),
        N_SEEDS,
    ),
    "boosting": (
        lambda seed: on_lags(HistGradientBoostingRegressor(), scaled=False),
        1,
    ),
    "MLP": (lambda seed: on_lags(MLPRegressor(random_state=seed)), N_SEEDS),
    "skorch LSTM": (SkorchLSTM, 1),
}
CLASSICAL = [n for n in MODELS if n not in (OURS, *PARTS, "skorch LSTM")]


def root_mean_square(errors):
    return float(np.sqrt(np.mean(np.square(errors))))


def result(model, task):
    """Relative error, and CPU seconds of the fit; medians over the seeds."""
    make, n_seeds = MODELS[model]
    errors, times = [], []
    for seed in range(n_seeds):
        start = time.process_time()
        fitted = make(seed).fit(task.X, task.y)
        times.append(time.process_time() - start)
        errors.append(root_mean_square(fitted.predict(task.X_test) - task.y_test))
    scale = root_mean_square(task.X_test[:, -1, -1] - task.y_test)
    return statistics.median(errors) / scale, statistics.median(times)


def measure(tasks):
    """Errors and CPU seconds, a row a task and a column a model."""
    errors, times = {}, {}
    for name, task in tasks.items():
        pairs = {model: result(model, task) for model in MODELS}
        errors[name] = {model: pair[0] for model, pair in pairs.items()}
        times[name] = {model: pair[1] for model, pair in pairs.items()}
        print(name, {m: f"{e:.3f}" for m, e in errors[name].items()}, flush=True)
    return pd.DataFrame(errors).T, pd.DataFrame(times).T


def ranked(errors, parts=PARTS):
    """Ranks, a row a task: of each part as if it were the default."""
    ranks = errors.drop(columns=list(parts)).rank(axis=1)
    for name in parts:
        others = errors.drop(columns=[OURS, *(part for part in parts if part != name)])
        ranks[name] = others.rank(axis=1)[name]
    return ranks[errors.columns]


def marked(row, best, parts=PARTS):
    """Numbers of a row (Series) as text, bold where they are the best of the models."""
    return [
        f"**{number:.3f}**" if number == best and name not in parts else f"{number:.3f}"
        for name, number in row.items()
    ]


def summary(errors, times):
    ranks = ranked(errors)
    best = errors[CLASSICAL].min(axis=1)
    above = errors.gt(1.1 * best, axis=0).sum()
    rows = {
        "geometric mean": np.exp(np.log(errors).mean()).map("{:.3f}".format),
        "beside the best classical model": np.exp(
            np.log(errors.div(best, axis=0)).mean()
        ).map("{:.3f}".format),
        "mean rank": ranks.mean().map("{:.2f}".format),
        "tasks with more than 1.1 times its error": above.map(str),
        "CPU seconds to fit, median": times.median().map("{:.2f}".format),
        "CPU seconds to fit, most": times.max().map("{:.2f}".format),
    }
    return [f"| {name} | | {' | '.join(row)} |" for name, row in rows.items()]


def table(tasks, errors, times):
    lines = [
        "| series | windows | " + " | ".join(MODELS) + " |",
        "| --- | ---: |" + " ---: |" * len(MODELS),
    ]
    for name, row in errors.iterrows():
        n_samples, length = tasks[name].X.shape[:2]
        cells = marked(row, row.drop(list(PARTS)).min())
        lines.append(f"| {name} | {n_samples} of {length} | {' | '.join(cells)} |")
    return lines + summary(errors, times)


def critical_difference(n_models, n_tasks):
    """Least difference of two mean ranks that is more than chance (Demsar 2006)."""
    q = studentized_range.ppf(0.95, n_models, np.inf) / np.sqrt(2)
    return q * np.sqrt(n_models * (n_models + 1) / (6 * n_tasks))


def draw(errors, path):
    """Mean ranks; a bar joins what may differ by chance."""
    ranks = errors.rank(axis=1).mean().sort_values()
    difference = critical_difference(len(ranks), len(errors))
    figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
    places = np.arange(len(ranks))
    colours = [PALETTE["blue"] if name == OURS else "0.35" for name in ranks.index]
    axes.scatter(ranks, places, color=colours, zorder=3)
    axes.set_yticks(places, ranks.index)
    axes.invert_yaxis()
    joined, last = 0, -1
    for first, rank in enumerate(ranks):
        stop = int((ranks <= rank + difference).sum()) - 1
        if stop > max(first, last):
            x = rank - 0.08 - 0.08 * joined
            axes.plot([x, x], [first, stop], color="0.7", linewidth=3)
            joined, last = joined + 1, stop
    axes.set_xlabel(
        f"mean rank over {len(errors)} tasks; bars join models within the critical "
        f"difference of {difference:.2f}"
    )
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def main():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    RNNRegressor(max_epochs=1).fit(np.eye(9), np.arange(9))  # imports what it needs
    groups = [development_tasks(), unseen_tasks()]
    if QUICK:
        groups = [dict(itertools.islice(tasks.items(), 2)) for tasks in groups]
    lines = [
        "# Accuracy out of the box",
        "",
        "Error one step ahead, relative to the forecast that nothing changes; median",
        f"of {N_SEEDS} seeds where the model has one (skorch: one seed), everything at",
        "its defaults. *Networks alone* are those of the default without ridge",
        'regression (`parts="networks"`), *one network* is one of them',
        '(`parts="network"`); their ranks are those in the place of the default.',
    ]
    found = []
    titles = ("Tasks that the defaults were chosen on", "Other tasks")
    for title, tasks in zip(titles, groups, strict=True):
        errors, times = measure(tasks)
        found.append(errors)
        lines += ["", f"## {title}", "", *table(tasks, errors, times)]
    errors = pd.concat(found).drop(columns=list(PARTS))
    if len(errors) > 4:
        p = friedmanchisquare(*errors.to_numpy().T).pvalue
        lines += ["", f"Friedman's test that all ranks are chance: p = {p:.1g}."]
    packages = ("skrnn", "scikit-learn", "sktime", "statsmodels", "torch")
    lines += ["", machine(*packages)]
    write(__file__, "\n".join(lines) + "\n")
    draw(errors, beside(__file__, ".png"))


if __name__ == "__main__":
    sys.exit(main())
