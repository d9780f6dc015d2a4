"""Initial weights: how a network begins, and what it brings from another task.

usage: python docs/tutorial/figures/initial_weights.py [--draw]   (four minutes)
"""

import statistics
import warnings

import matplotlib.pyplot as plt
import numpy as np
from _figure import COLOURS, draw, results
from _tasks import adding, digits

from skrnn import RNNClassifier, RNNRegressor

LENGTH, N_SEEDS = 150, 3
SETTINGS = {
    "hidden_size": 24,
    "batch_size": 50,
    "linear_steps": None,
    "n_estimators": 1,
    "pooling": "last",
    "early_stopping": False,
    "learning_rate": 0.005,
    "max_epochs": 20,
    "ema_decay": None,
    "random_state": 0,
}
BEGINNINGS = (
    ("lstm", "orthogonal", "tanh"),
    ("lstm", "chrono", "tanh"),
    ("gru", "orthogonal", "tanh"),
    ("gru", "chrono", "tanh"),
    ("rnn", "orthogonal", "tanh"),
    ("rnn", "identity", "relu"),
)
SIZES = (10, 25, 50, 100, 200)
NETWORK = {
    "hidden_size": 48,
    "pooling": "last",
    "parts": "network",
    "learning_rate": 0.005,
    "batch_size": 10,
    "max_epochs": 40,
    "early_stopping": False,
    "time_warp": 0.0,
}


def beginnings():
    """Training losses on the adding problem, by cell and initial weights."""
    X, y = adding(1500, LENGTH, seed=0)
    found = {}
    for cell, init, nonlinearity in BEGINNINGS:
        model = RNNRegressor(cell, init=init, nonlinearity=nonlinearity, **SETTINGS)
        found[f"{cell.upper()}, {init}"] = model.fit(X, y).loss_curve_
        print(cell, init, model.loss_curve_[-1], flush=True)
    return found


def pretrained():
    """Accuracy on the digits 5 to 9 by how many of them there are to learn from."""
    X, y, X_test, y_test = digits()
    low, high, high_test = y < 5, y >= 5, y_test >= 5
    found = {"new": [], "pretrained": [], "frozen": []}
    bases = [
        RNNClassifier("gru", random_state=seed, **NETWORK).fit(X[low], y[low])
        for seed in range(N_SEEDS)
    ]
    for size in SIZES:
        few = X[high][:size], y[high][:size]
        scores = {name: [] for name in found}
        for seed, base in enumerate(bases):
            for name, options in (
                ("new", {}),
                ("pretrained", {"init": base}),
                ("frozen", {"init": base, "frozen": "recurrent"}),
            ):
                model = RNNClassifier("gru", random_state=seed, **NETWORK | options)
                model.fit(*few)
                scores[name].append(model.score(X_test[high_test], y_test[high_test]))
        for name, values in scores.items():
            found[name].append(statistics.median(values))
        print(size, scores, flush=True)
    return found


def compute():
    return {"beginnings": beginnings(), "pretrained": pretrained()}


def paint_beginnings(found):
    def of(say):
        figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.2), sharey=True)
        for ax, cell in zip(axes, ("LSTM", "GRU", "RNN"), strict=True):
            curves = {
                name.split(", ")[1]: curve
                for name, curve in found["beginnings"].items()
                if name.startswith(cell)
            }
            for (name, curve), colour, dash in zip(
                curves.items(), COLOURS, ("-", "--"), strict=False
            ):
                label = f'init="{name}"'
                epochs = np.arange(1, len(curve) + 1)
                ax.semilogy(epochs, curve, dash, color=colour, label=label)
            ax.set(title=cell, xlabel=say("epoch"))
            ax.legend()
        axes[0].set_ylabel(say("training loss"))
        return figure

    return of


def paint_pretrained(found):
    def of(say):
        figure, ax = plt.subplots(figsize=(6.2, 3.4))
        names = {
            "new": say("random weights"),
            "pretrained": say("weights of digits 0 to 4"),
            "frozen": say("the same, recurrent ones frozen"),
        }
        for (name, label), colour, dash, mark in zip(
            names.items(), COLOURS, ("-", "--", "-."), "os^", strict=False
        ):
            scores = found["pretrained"][name]
            look = {"color": colour, "marker": mark, "markersize": 4}
            ax.plot(SIZES, scores, dash, label=label, **look)
        ax.set(
            xscale="log",
            xlabel=say("training digits from 5 to 9"),
            ylabel=say("test accuracy"),
            xticks=SIZES,
        )
        ax.set_xticklabels(SIZES)
        ax.minorticks_off()
        ax.legend()
        return figure

    return of


def main():
    warnings.simplefilter("ignore")
    found = results("initial_weights", compute)
    draw("initial_weights", paint_beginnings(found))
    draw("pretrained", paint_pretrained(found))


if __name__ == "__main__":
    main()
