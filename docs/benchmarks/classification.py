"""Accuracy of classification out of the box, nothing tuned, beside other models.

Every model is at its defaults and sees the usual training data of each set, and the
test data once; of models with a seed the median of five (parts of the default: three;
skorch and MiniRocket: one).
Beside the default stand its networks without random convolutions, one of them, and one
LSTM of 64 units that is read at its last state; each is ranked in the place of the
default, and the others beside the default. Flat models are given the steps as columns,
standardised, and zeros behind sequences that are shorter than others. So is MiniRocket,
which wants nine steps.

usage: pip install mnist1d numba; python docs/benchmarks/classification.py [--quick]
       [--anew=MODEL]
(writes classification.md and classification.png beside itself; an hour. With --anew
one model is fitted, and the page keeps what it says of the others)
"""

import importlib.util
import itertools
import statistics
import sys
import time
import warnings

import numpy as np
import pandas as pd
import torch
from _classification_tasks import tasks
from _timing import QUICK, beside, machine, write
from accuracy import draw, marked, ranked
from scipy.stats import friedmanchisquare
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import RidgeClassifierCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, StandardScaler
from sklearn.svm import SVC
from skorch import NeuralNetClassifier
from skorch.callbacks import EarlyStopping
from skorch.dataset import ValidSplit
from sktime.classification.kernel_based import RocketClassifier

from skrnn import RNNClassifier

TIME = "CPU seconds to fit"
N_SEEDS, N_SEEDS_OF_PARTS = (1, 1) if QUICK else (5, 3)
OURS = "skrnn"
# What its defaults are made of, each by itself, and what the name promises.
PARTS = {
    "networks alone": {"parts": "networks"},
    "one network": {"parts": "network"},
    "plain LSTM": {
        "cell": "lstm",
        "hidden_size": 64,
        "pooling": "last",
        "parts": "network",
    },
}


class LastState(torch.nn.Module):
    """What a tutorial writes: an LSTM, and a linear layer on its last state."""

    def __init__(self, n_features, n_classes):
        super().__init__()
        self.lstm = torch.nn.LSTM(n_features, 64, batch_first=True)
        self.head = torch.nn.Linear(64, n_classes)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


def padded(X):
    """Sequences of one length, zeros behind those that are shorter."""
    if isinstance(X, np.ndarray):
        return X.astype(np.float32)
    block = np.zeros((len(X), max(map(len, X)), X[0].shape[1]), np.float32)
    for row, sequence in zip(block, X, strict=True):
        row[: len(sequence)] = sequence
    return block


class OfOneLength:
    """A model that takes one array: of sequences, or of their steps as columns."""

    def __init__(self, model, layout):
        self.model, self.layout = model, layout

    def fit(self, X, y):
        X = padded(X)
        self.n_steps = max(X.shape[1], 9 if self.layout == "channels" else 1)
        self.model.fit(self._as_asked(X), y)
        return self

    def predict(self, X):
        return self.model.predict(self._as_asked(padded(X)))

    def _as_asked(self, X):
        X = X[:, : self.n_steps]
        X = np.pad(X, ((0, 0), (0, self.n_steps - X.shape[1]), (0, 0)))
        if self.layout == "flat":
            return X.reshape(len(X), -1)
        return X if self.layout == "steps" else X.transpose(0, 2, 1)


class SkorchLSTM:
    """Scaled by hand, with a tenth of every class for early stopping."""

    def __init__(self, seed):
        self.seed = seed

    def fit(self, X, y):
        torch.manual_seed(self.seed)
        self.moments = X.mean((0, 1)), X.std((0, 1)) + 1e-9
        self.labels = LabelEncoder().fit(y)
        self.net = NeuralNetClassifier(
            LastState,
            module__n_features=X.shape[2],
            module__n_classes=len(self.labels.classes_),
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            lr=0.003,
            batch_size=32,
            max_epochs=200,
            iterator_train__shuffle=True,
            train_split=ValidSplit(10, stratified=len(y) > 100),
            callbacks=[EarlyStopping(patience=20, load_best=True)],
            verbose=0,
        )
        self.net.fit(self._scaled(X), self.labels.transform(y).astype(np.int64))
        return self

    def predict(self, X):
        return self.labels.inverse_transform(self.net.predict(self._scaled(X)))

    def _scaled(self, X):
        mean, scale = self.moments
        return ((X - mean) / scale).astype(np.float32)


def on_columns(model, *, scaled=True):
    steps = [StandardScaler()] if scaled else []
    return OfOneLength(make_pipeline(*steps, model), "flat")


# Makers of a model with a seed, and how many seeds to take.
MODELS = {
    OURS: (lambda seed: RNNClassifier(random_state=seed), N_SEEDS),
    **{
        name: (
            lambda seed, options=options: RNNClassifier(random_state=seed, **options),
            N_SEEDS_OF_PARTS,
        )
        for name, options in PARTS.items()
    },
    "ridge": (lambda seed: on_columns(RidgeClassifierCV(np.logspace(-3, 4, 15))), 1),
    "k-NN": (lambda seed: on_columns(KNeighborsClassifier(1)), 1),
    "SVC": (lambda seed: on_columns(SVC()), 1),
    "forest": (
        lambda seed: on_columns(
            RandomForestClassifier(random_state=seed), scaled=False
        ),
        N_SEEDS,
    ),
    "boosting": (
        lambda seed: on_columns(HistGradientBoostingClassifier(), scaled=False),
        1,
    ),
    "MLP": (lambda seed: on_columns(MLPClassifier(random_state=seed)), N_SEEDS),
    "skorch LSTM": (lambda seed: OfOneLength(SkorchLSTM(seed), "steps"), 1),
}
if importlib.util.find_spec("numba") is not None:
    MODELS["MiniRocket"] = (
        lambda seed: OfOneLength(
            RocketClassifier(rocket_transform="minirocket", random_state=seed),
            "channels",
        ),
        1,
    )


def result(model, task):
    """Accuracy, and CPU seconds of the fit; medians over the seeds."""
    make, n_seeds = MODELS[model]
    shares, times = [], []
    for seed in range(n_seeds):
        start = time.process_time()
        fitted = make(seed).fit(task.X, task.y)
        times.append(time.process_time() - start)
        shares.append(np.mean(fitted.predict(task.X_test) == task.y_test))
    return statistics.median(shares), statistics.median(times)


def measure(found, models):
    """Accuracies, a row a task, and what is said of times; a column a model."""
    shares, times = {}, {}
    for name, task in found.items():
        pairs = {model: result(model, task) for model in models}
        shares[name] = {model: pair[0] for model, pair in pairs.items()}
        times[name] = {model: pair[1] for model, pair in pairs.items()}
        print(name, {m: f"{s:.3f}" for m, s in shares[name].items()}, flush=True)
    times = pd.DataFrame(times).T
    said = {
        f"{TIME}, median": times.median().map("{:.2f}".format),
        f"{TIME}, most": times.max().map("{:.1f}".format),
    }
    return pd.DataFrame(shares).T, pd.DataFrame(said).T


def on_page():
    """What the page says: as `measure` does."""
    lines = beside(__file__, ".md").read_text().splitlines()
    rows = [
        [cell.strip(" *") for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|") and "---" not in line
    ]
    table = pd.DataFrame(
        [row[2:] for row in rows[1:]],
        columns=rows[0][2:],
        index=[row[0] for row in rows[1:]],
    )
    is_summed = table.index.str.startswith(("mean", TIME))
    said = table[table.index.str.startswith(TIME)]
    return table[~is_summed].astype(float), said


def table(found, shares, times):
    lines = [
        "| data | sequences | " + " | ".join(MODELS) + " |",
        "| --- | ---: |" + " ---: |" * len(MODELS),
    ]
    for name, row in shares.iterrows():
        X = found[name].X
        longest, n_features = max(map(len, X)), X[0].shape[1]
        size = f"{len(X):,} of {longest} x {n_features}"
        cells = marked(row, row.drop(list(PARTS)).max(), PARTS)
        lines.append(f"| {name} | {size} | {' | '.join(cells)} |")
    rows = {
        "mean": shares.mean().map("{:.3f}".format),
        "mean rank": ranked(-shares, PARTS).mean().map("{:.2f}".format),
        **dict(times.iterrows()),
    }
    return lines + [f"| {name} | | {' | '.join(row)} |" for name, row in rows.items()]


def main():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    RNNClassifier(max_epochs=1).fit(
        np.eye(9), np.arange(9) % 2
    )  # imports what it needs
    found = tasks()
    if QUICK:
        found = dict(itertools.islice(found.items(), 2))
    anew = [a.removeprefix("--anew=") for a in sys.argv[1:] if a.startswith("--anew=")]
    shares, times = measure(found, anew or MODELS)
    if anew:
        kept, said = on_page()
        shares = kept.assign(**shares)[list(MODELS)]
        times = said.assign(**times)[list(MODELS)]
    lines = [
        "# Accuracy of classification out of the box",
        "",
        "Share of the test sequences that are classified rightly; median of "
        f"{N_SEEDS} seeds",
        "where the model has one (skorch and MiniRocket: one seed), everything at its",
        "defaults. *Networks alone* are those of the default without random",
        'convolutions (`parts="networks"`), *one network* is one of them',
        '(`parts="network"`), and the *plain LSTM* has 64 units and is read at its',
        "last state: of these the median of "
        f"{N_SEEDS_OF_PARTS} seeds, and ranks in the place of the default.",
        "",
        *table(found, shares, times),
    ]
    shares = shares.drop(columns=list(PARTS))
    if len(shares) > 4:
        p = friedmanchisquare(*shares.to_numpy().T).pvalue
        lines += ["", f"Friedman's test that all ranks are chance: p = {p:.1g}."]
    lines += ["", machine("skrnn", "scikit-learn", "sktime", "torch")]
    if anew:
        lines[-1] += f". Of another run: all but {' and '.join(anew)}"
    write(__file__, "\n".join(lines) + "\n")
    draw(-shares, beside(__file__, ".png"))


if __name__ == "__main__":
    sys.exit(main())
