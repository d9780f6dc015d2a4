"""MNIST digits read row by row: three LSTM(50) layers, 28 steps of 28 features.

usage: python plot_mnist_rows.py [mnist.npz]

The file holds x_train, y_train, x_test and y_test. Without one the digits are fetched
from OpenML; where that cannot be reached, scikit-learn's own 8 x 8 digits take their
place. Ten epochs of the 60,000 digits take some minutes on one core. Writes
mnist_rows.png.
"""

import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import fetch_openml, load_digits
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

from skrnn import RNNClassifier


def load(path=None):
    """Return x_train, x_test (n, rows, columns), y_train, y_test."""
    if path is not None:
        with np.load(path) as data:
            return tuple(data[k] for k in ("x_train", "x_test", "y_train", "y_test"))
    try:
        X, y = fetch_openml(
            "mnist_784",
            version=1,
            return_X_y=True,
            as_frame=False,
            n_retries=1,
            delay=0.1,
        )
    except OSError as error:
        print(f"MNIST cannot be fetched ({error}).")
        print("Instead: scikit-learn's 1,797 digits of 8 x 8 pixels.")
        X, y = load_digits(return_X_y=True)
        X = X.reshape(-1, 8, 8)
        return train_test_split(X, y, test_size=0.25, random_state=0, stratify=y)
    X, y = X.reshape(-1, 28, 28).astype(np.uint8), y.astype(int)
    return X[:60000], X[60000:], y[:60000], y[60000:]


def main():
    x_train, x_test, y_train, y_test = load(*sys.argv[1:2])
    small = len(x_train) < 10000
    model = RNNClassifier(
        "lstm",
        50,
        num_layers=3,
        dropout=0.2,
        optimizer="adam",
        learning_rate=0.003,
        batch_size=16 if small else 128,
        max_epochs=30 if small else 10,
        early_stopping=False,
        random_state=0,
        verbose=2,
    )
    print(f"{len(x_train)} digits, {x_train.shape[1]} steps of {x_train.shape[2]}")
    start = time.perf_counter()
    model.fit(x_train, y_train)
    print(f"fit: {time.perf_counter() - start:.0f} s")
    print(f"test accuracy: {model.score(x_test, y_test):.4f}")

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    epochs = np.arange(1, len(model.loss_curve_) + 1)
    left.plot(epochs, model.loss_curve_, marker="o")
    left.set(title="Training loss", xlabel="epoch", ylabel="cross-entropy")
    left.spines[["top", "right"]].set_visible(False)
    ConfusionMatrixDisplay.from_predictions(
        y_test, model.predict(x_test), ax=right, colorbar=False, cmap="Blues"
    )
    right.set_title("Test digits")
    path = Path("mnist_rows.png").resolve()
    figure.savefig(path, dpi=120)
    print(f"Picture: {path}")


if __name__ == "__main__":
    main()
