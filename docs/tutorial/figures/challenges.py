"""The three challenges by runs: long sequences, cost, interpretability.

usage: python docs/tutorial/figures/challenges.py [--draw]   (ten minutes)
"""

import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from _figure import COLOURS, LOOKS, draw, numbers, results, table
from _tasks import adding, temporal_order

from skrnn import RNNClassifier, RNNRegressor
from skrnn.inspection import integrated_gradients, permutation_importance
from skrnn.plotting import PALETTE

LENGTHS = (50, 100, 200, 400)
MODELS = {
    "RNN": ("rnn", "orthogonal"),
    "GRU": ("gru", "chrono"),
    "LSTM": ("lstm", "chrono"),
    "LSTM, orthogonal": ("lstm", "orthogonal"),
}
SETTINGS = {
    "hidden_size": 24,
    "batch_size": 50,
    "linear_steps": None,
    "n_estimators": 1,
    "pooling": "last",
    "early_stopping": False,
    "learning_rate": 0.01,
    "lr_schedule": "cosine",
    "max_epochs": 10,
    "random_state": 0,
}
SEGMENTS = (1, 4, 12, 24)
N_STEPS = 240


def long_sequences():
    """Test R2 by length and cell."""
    found = {name: [] for name in MODELS}
    for length in LENGTHS:
        X, y = adding(1500, length, seed=0)
        X_test, y_test = adding(1000, length, seed=1)
        for name, (cell, init) in MODELS.items():
            model = RNNRegressor(cell, init=init, **SETTINGS).fit(X, y)
            found[name].append(model.score(X_test, y_test))
            print(length, name, found[name][-1], flush=True)
    return found


def cost():
    """Accuracy and CPU seconds of an order of two symbols over 240 steps."""
    X, y = temporal_order(800, N_STEPS, seed=0)
    X_test, y_test = temporal_order(1000, N_STEPS, seed=1)
    found = []
    cases = [{"segment_length": length} for length in SEGMENTS]
    cases += [{"tbptt_steps": 60}, {"hidden_size": 128}, {"num_layers": 3}]
    for options in cases:
        given = {"hidden_size": 32, "parts": "network", "max_epochs": 15} | options
        model = RNNClassifier(
            "gru",
            batch_size=32,
            learning_rate=0.005,
            early_stopping=False,
            time_warp=0.0,
            random_state=0,
            **given,
        )
        start = time.process_time()
        model.fit(X, y)
        seconds = time.process_time() - start
        n_weights = sum(w.numel() for w in model.net_.module_.parameters())
        name = ", ".join(f"{key}={value}" for key, value in options.items())
        found.append([name, n_weights, seconds, model.score(X_test, y_test)])
        print(found[-1], flush=True)
    return found


def interpretability():
    """What a network found, where it is known what there is to be found."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 12, 3))
    y = X[:, -1, 0] + 0.6 * X[:, -5, 1] + 0.1 * rng.normal(size=1500)
    model = RNNRegressor("gru", 24, random_state=0, n_estimators=1, linear_steps=None)
    model.fit(X[:1000], y[:1000])
    importance = permutation_importance(
        model, X[1000:], y[1000:], by="feature_step", random_state=0
    )
    Xa, ya = adding(2000, 30, seed=0)
    options = SETTINGS | {"max_epochs": 40}
    adder = RNNRegressor("gru", **options).fit(Xa, ya)
    X_test, y_test = adding(200, 30, seed=1)
    values = integrated_gradients(adder, X_test).values
    marked = X_test[:, :, 1] == 1
    size = np.abs(values).sum(axis=2)  # (n, steps)
    return {
        "importance": importance.importances_mean,
        "r2": model.score(X[1000:], y[1000:]),
        "adder_r2": adder.score(X_test, y_test),
        "share": size[marked].sum() / size.sum(),
        "sample": X_test[0],
        "attribution": values[0],
    }


def compute():
    return {
        "long": long_sequences(),
        "cost": cost(),
        "interpretability": interpretability(),
    }


def paint_long(found):
    def of(say):
        figure, ax = plt.subplots(figsize=(6.4, 3.4))
        looks = dict(LOOKS)
        looks["LSTM, orthogonal"] = {
            "color": PALETTE["sky"],
            "linestyle": ":",
            "marker": "v",
        }
        for name, scores in found["long"].items():
            cell, init = MODELS[name]
            label = f'{cell.upper()}, init="{init}"'
            ax.plot(LENGTHS, scores, label=label, **looks[name])
        ax.set(
            xscale="log",
            xticks=LENGTHS,
            xlabel=say("steps of a sequence"),
            ylabel=say("test $R^2$"),
        )
        ax.set_xticklabels(LENGTHS)
        ax.minorticks_off()
        ax.axhline(0, color="0.8", linewidth=0.8, zorder=0)
        figure.legend(loc="outside right center")
        return figure

    return of


def paint_cost(found):
    def of(say):
        figure, ax = plt.subplots(figsize=(7.2, 3.2))
        names, _, seconds, scores = zip(*found["cost"], strict=True)
        place = np.arange(len(names))[::-1]
        colours = [COLOURS[0] if "segment" in name else COLOURS[1] for name in names]
        ax.barh(place, seconds, color=colours, height=0.6)
        for y, second, score in zip(place, seconds, scores, strict=True):
            text = say("accuracy")
            ax.text(second, y, f"  {second:.1f} s, {text} {score:.3f}", va="center")
        ax.set(
            yticks=place,
            yticklabels=names,
            xlabel=say("CPU seconds of the fit"),
            xlim=(0, 1.5 * max(seconds)),
        )
        return figure

    return of


def paint_interpretability(found):
    def of(say):
        kept = found["interpretability"]
        figure, (left, right) = plt.subplots(
            1, 2, figsize=(9.6, 3.4), width_ratios=(1, 1.5)
        )
        importance = np.array(kept["importance"])  # (steps, features)
        image = left.imshow(importance.T, cmap="Blues", aspect="auto", vmin=0)
        steps = len(importance)
        shown = [steps - 1 - lag for lag in (0, 4, 8)]
        left.set(
            xticks=shown,
            xticklabels=[0, 4, 8],
            yticks=range(3),
            yticklabels=["x0", "x1", "x2"],
            xlabel=say("lag"),
            title=say("Permutation importance"),
        )
        left.spines[["left", "bottom"]].set_visible(False)
        figure.colorbar(image, ax=left, label=say("loss of $R^2$"))
        sample = np.array(kept["sample"])
        values = np.array(kept["attribution"])
        place = np.arange(len(sample))
        right.bar(place - 0.2, values[:, 0], 0.4, color=COLOURS[0], label=say("number"))
        right.bar(place + 0.2, values[:, 1], 0.4, color=COLOURS[1], label=say("mark"))
        for step in np.flatnonzero(sample[:, 1]):
            right.axvspan(step - 0.5, step + 0.5, color="0.93", zorder=0)
        right.axhline(0, color="0.4", linewidth=0.7)
        right.set(
            title=say("Integrated gradients of one sum"),
            xlabel=say("step"),
            ylabel=say("what it adds"),
        )
        right.legend()
        return figure

    return of


def main():
    warnings.simplefilter("ignore")
    found = results("challenges", compute)
    draw("long_sequences", paint_long(found))
    draw("cost", paint_cost(found))
    draw("interpretability", paint_interpretability(found))
    table(
        "long_sequences",
        [
            [f'{cell.upper()}, ``init="{init}"``']
            + [f"{score:.3f}" for score in found["long"][name]]
            for name, (cell, init) in MODELS.items()
        ],
    )
    table(
        "cost",
        [
            [f"``{name}``", f"{n_weights:,}", f"{seconds:.1f}", f"{score:.3f}"]
            for name, n_weights, seconds, score in found["cost"]
        ],
    )
    kept = found["interpretability"]
    numbers(
        "challenges",
        {
            "importance-r2": f"{kept['r2']:.3f}",
            "adder-r2": f"{kept['adder_r2']:.3f}",
            "marked-share": f"{100 * kept['share']:.0f} %",
        },
    )


if __name__ == "__main__":
    main()
