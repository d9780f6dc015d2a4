"""Optimisers on a narrow valley, and on the digits by the rate that suits each.

usage: python docs/tutorial/figures/optimisers.py [--draw]   (three minutes)
"""

import statistics
import warnings

import matplotlib.pyplot as plt
import numpy as np
import torch
from _figure import COLOURS, draw, results, table
from _tasks import digits

from skrnn import RNNClassifier
from skrnn.exceptions import NonFiniteLossError

N_STEPS = 60
START = (-9.0, 1.0)
# Torch's classes, as skrnn takes them, with a rate that suits the valley.
VALLEY = {
    "gradient descent": (torch.optim.SGD, {"lr": 0.18}),
    "momentum": (torch.optim.SGD, {"lr": 0.05, "momentum": 0.8}),
    "Nesterov": (torch.optim.SGD, {"lr": 0.05, "momentum": 0.8, "nesterov": True}),
    "Adagrad": (torch.optim.Adagrad, {"lr": 2.0}),
    "RMSprop": (torch.optim.RMSprop, {"lr": 0.3}),
    "Adam": (torch.optim.Adam, {"lr": 0.5}),
}
RATES = tuple(10.0 ** (k / 2) for k in range(-7, 4))
PARAMETERS = {
    "gradient descent": {"optimizer": "sgd", "momentum": 0.0, "batch_size": None},
    "SGD": {"optimizer": "sgd", "momentum": 0.0},
    "momentum": {"optimizer": "sgd", "momentum": 0.9},
    "Nesterov": {"optimizer": "sgd", "momentum": 0.9, "nesterov": True},
    "Adagrad": {"optimizer": "adagrad"},
    "RMSprop": {"optimizer": "rmsprop", "momentum": 0.0},
    "Adam": {"optimizer": "adam"},
    "AdamW": {"optimizer": "adamw", "weight_decay": 0.01},
    "NAdam": {"optimizer": "nadam"},
}
TRAINING = {
    "pooling": "last",
    "parts": "network",
    "batch_size": 32,
    "max_epochs": 20,
    "early_stopping": False,
    "ema_decay": None,
}


def valley_loss(w):
    """A quadratic whose curvature is fifty times as large one way as the other."""
    return 0.1 * w[0] ** 2 + 5.0 * w[1] ** 2


def path(kind, options):
    """Weights (N_STEPS + 1, 2) on their way down the valley."""
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimiser, places = kind([w], **options), [w.detach().numpy().copy()]
    for _ in range(N_STEPS):
        optimiser.zero_grad()
        valley_loss(w).backward()
        optimiser.step()
        places.append(w.detach().numpy().copy())
    return np.array(places)


def run(options, rate, seed, data):
    """Loss by epoch, validation loss and test accuracy; None where it diverged."""
    X, y, X_test, y_test = data
    model = RNNClassifier(
        "gru", 32, learning_rate=rate, random_state=seed, **TRAINING | options
    )
    try:
        model.fit(X[300:], y[300:])
    except NonFiniteLossError:
        return None
    p = model.predict_log_proba(X[:300])
    valid = -np.mean(p[np.arange(300), y[:300]])
    return model.loss_curve_, valid, model.score(X_test, y_test)


def on_digits():
    data, found = digits(), {}
    for name, options in PARAMETERS.items():
        tried = {rate: run(options, rate, 0, data) for rate in RATES}
        valid = {r: kept[1] for r, kept in tried.items() if kept is not None}
        best = min(valid, key=valid.get)
        runs = [tried[best], *(run(options, best, seed, data) for seed in (1, 2))]
        found[name] = {
            "rate": best,
            "loss": np.median([kept[0] for kept in runs], axis=0),
            "accuracy": statistics.median(kept[2] for kept in runs),
            # Validation loss by rate: how much the choice of the rate matters.
            "valid": [valid.get(rate) for rate in RATES],
        }
        print(name, best, found[name]["accuracy"], flush=True)
    return found


def compute():
    paths = {name: path(*how) for name, how in VALLEY.items()}
    return {"paths": paths, "digits": on_digits()}


def paint_paths(found):
    def of(say):
        figure, axes = plt.subplots(2, 3, figsize=(10, 3.8), sharex=True, sharey=True)
        x, y = np.meshgrid(np.linspace(-10, 4, 200), np.linspace(-1.4, 1.4, 100))
        for ax, (name, places), colour in zip(
            axes.flat, found["paths"].items(), COLOURS, strict=True
        ):
            levels = np.geomspace(0.05, 20, 9)
            ax.contour(x, y, valley_loss((x, y)), levels, colors="0.8", linewidths=0.8)
            places = np.array(places)
            ax.plot(*places.T, "o-", color=colour, markersize=2.5, linewidth=1)
            ax.plot(0, 0, "k+", markersize=9)
            left = valley_loss(places[-1])
            text = say(name)
            ax.set(title=f"{text}   $E$ = {left:.1e}", ylim=(-1.4, 1.4))
        figure.supxlabel("$w_1$", fontsize=10)
        figure.supylabel("$w_2$", fontsize=10)
        return figure

    return of


def paint_digits(found):
    def of(say):
        figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.8))
        dashes = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 1)))
        for k, (name, values) in enumerate(found["digits"].items()):
            look = {
                "color": COLOURS[k % len(COLOURS)],
                "linestyle": dashes[(k + k // len(COLOURS)) % len(dashes)],
            }
            epochs = np.arange(1, len(values["loss"]) + 1)
            left.semilogy(epochs, values["loss"], label=say(name), **look)
            valid = [np.nan if v is None else v for v in values["valid"]]
            right.loglog(RATES, valid, **look)
        left.set(
            title=say("The best rate of each"),
            xlabel=say("epoch"),
            ylabel=say("training loss"),
        )
        right.set(
            title=say("How much the rate matters"),
            xlabel=say("learning rate"),
            ylabel=say("validation loss"),
            ylim=(None, 5),
        )
        figure.legend(loc="outside right center")
        return figure

    return of


def main():
    warnings.simplefilter("ignore")
    found = results("optimisers", compute)
    draw("optimiser_paths", paint_paths(found))
    draw("optimiser_digits", paint_digits(found))
    table(
        "optimisers",
        [
            [
                name,
                f"{values['rate']:.2g}",
                f"{values['loss'][-1]:.4f}",
                f"{values['accuracy']:.3f}",
            ]
            for name, values in found["digits"].items()
        ],
    )


if __name__ == "__main__":
    main()
