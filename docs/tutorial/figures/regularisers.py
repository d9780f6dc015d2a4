"""Regularisers by their strength, on 200 digits, and residual connections by depth.

Strengths in the table are those of the least validation loss; the test digits are
looked at afterwards.

usage: python docs/tutorial/figures/regularisers.py [--draw]   (four minutes)
"""

import statistics
import warnings

import matplotlib.pyplot as plt
import numpy as np
from _figure import COLOURS, draw, results, table
from _tasks import digits
from matplotlib.ticker import MaxNLocator

from skrnn import RNNClassifier

N_TRAIN, N_VALID, N_SEEDS = 200, 300, 3
TRAINING = {
    "hidden_size": 64,
    "pooling": "last",
    "parts": "network",
    "batch_size": 32,
    "learning_rate": 0.005,
    "max_epochs": 60,
    "early_stopping": False,
    "ema_decay": None,
    "time_warp": 0.0,
    "init": "chrono",
}
STRENGTHS = {
    "l1": (1e-5, 3e-5, 1e-4, 3e-4, 1e-3),
    "weight_decay": (1e-4, 3e-4, 1e-3, 3e-3, 1e-2),
    "dropout": (0.1, 0.3, 0.5, 0.7, 0.8),
    "recurrent_dropout": (0.1, 0.2, 0.3, 0.5, 0.7),
    "input_noise": (0.1, 0.3, 0.5, 0.8, 1.2),
    "label_smoothing": (0.01, 0.03, 0.1, 0.2, 0.4),
}
OTHERS = {
    'norm="layer"': {"norm": "layer"},
    'norm="batch"': {"norm": "batch"},
    "early_stopping": {"early_stopping": True, "n_iter_no_change": 10},
    "ema_decay=0.999": {"ema_decay": 0.999},
    "n_estimators=5": {"parts": "all", "n_kernels": None, "n_estimators": 5},
    "time_warp=0.3": {"time_warp": 0.3},
}
DEPTHS = (1, 2, 4, 8)
STACKS = {
    "plain": {},
    "residual": {"residual": True},
    "residual, norm": {"residual": True, "norm": "layer"},
}


def cross_entropy(model, X, y):
    p = model.predict_log_proba(X)
    return -np.mean(p[np.arange(len(y)), y])


def run(options, seed, data):
    """Cross-entropy of training, validation and test, and accuracy of the test."""
    X, y, X_test, y_test = data
    X_val, y_val = X[-N_VALID:], y[-N_VALID:]
    X, y = X[:N_TRAIN], y[:N_TRAIN]
    model = RNNClassifier("lstm", random_state=seed, **TRAINING | options)
    if model.early_stopping:
        model.fit(X, y, X_val=X_val, y_val=y_val)
    else:
        model.fit(X, y)
    losses = [
        cross_entropy(model, *part) for part in ((X, y), (X_val, y_val), data[2:])
    ]
    return [*losses, model.score(X_test, y_test)]


def median_run(options, data):
    runs = [run(options, seed, data) for seed in range(N_SEEDS)]
    return [statistics.median(column) for column in zip(*runs, strict=True)]


def courses(data):
    """Losses of training and of samples set aside, epoch by epoch."""
    X, y = data[:2]
    kept = {"max_epochs": 60, "early_stopping": True, "n_iter_no_change": 60}
    found = {}
    for name, options in (
        ("nothing", {}),
        ("dropout", {"dropout": 0.5, "input_noise": 0.5}),
    ):
        model = RNNClassifier("lstm", random_state=0, **TRAINING | kept | options)
        model.fit(X[:N_TRAIN], y[:N_TRAIN], X_val=X[-N_VALID:], y_val=y[-N_VALID:])
        found[name] = [model.loss_curve_, model.validation_loss_curve_]
    return found


def compute():
    data = digits()
    found = {"nothing": median_run({}, data), "courses": courses(data)}
    found["strengths"], found["others"], found["depths"] = {}, {}, {}
    for name, strengths in STRENGTHS.items():
        found["strengths"][name] = [median_run({name: s}, data) for s in strengths]
        print(name, found["strengths"][name], flush=True)
    for name, options in OTHERS.items():
        found["others"][name] = median_run(options, data)
        print(name, found["others"][name], flush=True)
    deep = {"hidden_size": 32, "max_epochs": 40}
    for name, options in STACKS.items():
        found["depths"][name] = [
            median_run(deep | options | {"num_layers": depth}, data) for depth in DEPTHS
        ]
        print(name, found["depths"][name], flush=True)
    return found


def paint_courses(found):
    def of(say):
        figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.2), sharey=True)
        titles = (say("No regulariser"), "dropout=0.5, input_noise=0.5")
        for ax, curves, title in zip(
            axes, found["courses"].values(), titles, strict=True
        ):
            labels = (say("training"), say("validation"))
            for curve, label, colour, dash in zip(
                curves, labels, COLOURS, ("-", "--"), strict=False
            ):
                epochs = np.arange(1, len(curve) + 1)
                ax.semilogy(epochs, curve, dash, color=colour, label=label)
            best = int(np.argmin(curves[1]))
            ax.plot(best + 1, curves[1][best], "o", color=COLOURS[1], markersize=5)
            ax.set(title=title, xlabel=say("epoch"))
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes[0].set_ylabel(say("cross-entropy"))
        axes[0].legend()
        return figure

    return of


def paint_strengths(found):
    def of(say):
        figure, axes = plt.subplots(2, 3, figsize=(9.6, 5), sharey=True)
        for ax, (name, strengths) in zip(axes.flat, STRENGTHS.items(), strict=True):
            columns = list(zip(*found["strengths"][name], strict=True))
            ax.plot(
                strengths,
                columns[2],
                "o-",
                color=COLOURS[0],
                markersize=4,
                label=say("test"),
            )
            ax.plot(
                strengths,
                columns[0],
                "s--",
                color=COLOURS[1],
                markersize=4,
                label=say("training"),
            )
            ax.axhline(found["nothing"][2], color="0.5", linewidth=0.9, linestyle=":")
            ax.set(title=name, ylim=(0, 0.85))
            if name in ("l1", "weight_decay", "label_smoothing"):
                ax.set_xscale("log")
        for ax in axes[:, 0]:
            ax.set_ylabel(say("cross-entropy"))
        for ax in axes[1]:
            ax.set_xlabel(say("strength"))
        axes[0, 0].legend(loc="center left")
        return figure

    return of


def paint_depth(found):
    def of(say):
        figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.2))
        for (name, runs), colour, dash, mark in zip(
            found["depths"].items(), COLOURS, ("-", "--", "-."), "os^", strict=False
        ):
            columns = list(zip(*runs, strict=True))
            look = {"color": colour, "linestyle": dash, "marker": mark}
            axes[0].plot(DEPTHS, columns[0], label=say(name), **look)
            axes[1].plot(DEPTHS, columns[3], **look)
        axes[0].set(title=say("Training loss"), yscale="log")
        axes[1].set(title=say("Test accuracy"))
        for ax in axes:
            ax.set(xlabel=say("layers"), xscale="log", xticks=DEPTHS)
            ax.set_xticklabels(DEPTHS)
            ax.minorticks_off()
        axes[0].legend()
        return figure

    return of


def main():
    warnings.simplefilter("ignore")
    found = results("regularisers", compute)
    draw("overfitting", paint_courses(found))
    draw("regularisers", paint_strengths(found))
    draw("residual", paint_depth(found))
    rows = [["``None``", found["nothing"]]]
    for name, strengths in STRENGTHS.items():
        runs = found["strengths"][name]
        best = min(range(len(runs)), key=lambda k: runs[k][1])
        rows.append([f"``{name}={strengths[best]:g}``", runs[best]])
    rows += [[f"``{name}``", values] for name, values in found["others"].items()]
    table(
        "regularisers",
        [
            [name, f"{train:.4f}", f"{test:.3f}", f"{accuracy:.3f}"]
            for name, (train, _, test, accuracy) in rows
        ],
    )


if __name__ == "__main__":
    main()
