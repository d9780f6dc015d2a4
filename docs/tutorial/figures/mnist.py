"""The tutorial's example on the digits of scikit-learn, and what it knows row by row.

usage: python docs/tutorial/figures/mnist.py [--draw]   (half a minute)
"""

import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from _figure import COLOURS, PLACE, draw, numbers, results, table
from _tasks import digits

from skrnn import RNNClassifier

# Those of the page, but for the number of epochs.
SETTINGS = {
    "num_layers": 3,
    "dropout": 0.2,
    "pooling": "last",
    "parts": "network",
    "learning_rate": 0.003,
    "max_epochs": 40,
    "random_state": 0,
}


def compute():
    X, y, X_test, y_test = digits()
    start = time.process_time()
    model = RNNClassifier("lstm", 50, **SETTINGS).fit(X, y)
    seconds = time.process_time() - start
    by_row = [model.predict_proba(X_test[:, : rows + 1]) for rows in range(8)]
    labels = [model.classes_[p.argmax(axis=1)] for p in by_row]
    # The first test digits of three kinds that are recognised in the end.
    shown = [np.flatnonzero((y_test == k) & (labels[-1] == k))[0] for k in (3, 7, 8)]
    return {
        "train": model.loss_curve_,
        "valid": model.validation_loss_curve_,
        "best": model.best_epoch_,
        "seconds": seconds,
        "n_weights": sum(w.numel() for w in model.net_.module_.parameters()),
        "accuracy": [np.mean(found == y_test) for found in labels],
        "digits": [X_test[i] for i in shown],
        "probability": [[p[i] for p in by_row] for i in shown],
        "classes": (3, 7, 8),
    }


def paint_training(found):
    def of(say):
        figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.3))
        epochs = np.arange(1, len(found["train"]) + 1)
        left.semilogy(epochs, found["train"], color=COLOURS[0], label=say("training"))
        left.semilogy(
            epochs, found["valid"], "--", color=COLOURS[1], label=say("validation")
        )
        left.axvline(found["best"], color="0.7", linewidth=0.9, linestyle=":")
        left.set(title=say("Loss"), xlabel=say("epoch"), ylabel=say("cross-entropy"))
        left.legend()
        rows = np.arange(1, 9)
        right.plot(rows, found["accuracy"], "o-", color=COLOURS[0], markersize=4)
        right.axhline(0.1, color="0.7", linewidth=0.9, linestyle=":")
        right.text(8, 0.12, say("guessing"), ha="right", size=9, color="0.35")
        right.set(
            title=say("Test accuracy by rows read"),
            xlabel=say("rows read"),
            ylim=(0, 1.02),
        )
        return figure

    return of


def paint_rows(found):
    def of(say):
        figure, axes = plt.subplots(
            2, 3, figsize=(8.6, 4.6), height_ratios=(1, 1.15), sharey="row"
        )
        for (above, below), digit, chances, kind in zip(
            axes.T,
            found["digits"],
            found["probability"],
            found["classes"],
            strict=True,
        ):
            above.imshow(np.array(digit), cmap="Greys")
            above.set(xticks=[], yticks=range(8), yticklabels=range(1, 9))
            above.spines[["left", "bottom"]].set_visible(False)
            chances = np.array(chances)  # (rows, classes)
            image = below.imshow(chances.T, cmap="Blues", vmin=0, vmax=1, aspect="auto")
            below.axhline(kind - 0.5, color=COLOURS[1], linewidth=0.8)
            below.axhline(kind + 0.5, color=COLOURS[1], linewidth=0.8)
            below.set(
                xticks=range(8),
                xticklabels=range(1, 9),
                yticks=range(10),
                xlabel=say("rows read"),
            )
        axes[0, 0].set_ylabel(say("row"))
        axes[1, 0].set_ylabel(say("class"))
        figure.colorbar(image, ax=axes[1], label=say("probability"))
        return figure

    return of


def full_table():
    """Rows of the table that the benchmark of the full MNIST has written."""
    text = (PLACE.parent / "benchmarks" / "mnist_lstm.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def main():
    warnings.simplefilter("ignore")
    found = results("mnist", compute)
    draw("mnist_training", paint_training(found))
    draw("mnist_rows", paint_rows(found))
    table("mnist_full", full_table())
    numbers(
        "mnist",
        {
            "digits-accuracy": f"{100 * found['accuracy'][-1]:.1f} %",
            "digits-half": f"{100 * found['accuracy'][3]:.0f} %",
            "digits-seconds": f"{found['seconds']:.0f}",
            "digits-weights": f"{found['n_weights']:,}",
        },
    )


if __name__ == "__main__":
    main()
