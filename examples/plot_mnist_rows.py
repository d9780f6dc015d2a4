"""
Can a recurrent network read pictures?
======================================

Digits, read row by row by three LSTM layers: each row of pixels is a step. Here they
are scikit-learn's own, 1,797 of 8 x 8 pixels. The same script reads MNIST, 70,000 of 28
x 28::

    python plot_mnist_rows.py mnist.npz

The file holds x_train, y_train, x_test and y_test; ``--fetch`` in its place asks
OpenML. Ten epochs of the 60,000 digits take some minutes on one core, and tell 99 %
rightly.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import fetch_openml, load_digits
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

from skrnn import RNNClassifier


def load(path=None):
    """Return x_train, x_test (n, rows, columns), y_train, y_test."""
    if path is None:
        X, y = load_digits(return_X_y=True)
        X = X.reshape(-1, 8, 8)
        return train_test_split(X, y, test_size=0.25, random_state=0, stratify=y)
    if path == "--fetch":
        X, y = fetch_openml("mnist_784", version=1, return_X_y=True, as_frame=False)
        X, y = X.reshape(-1, 28, 28).astype(np.uint8), y.astype(int)
        return X[:60000], X[60000:], y[:60000], y[60000:]
    with np.load(path) as data:
        return tuple(data[k] for k in ("x_train", "x_test", "y_train", "y_test"))


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
        n_estimators=1,
        verbose=0 if small else 2,
    )
    print(f"{len(x_train)} digits, {x_train.shape[1]} steps of {x_train.shape[2]}")
    model.fit(x_train, y_train)
    print(f"test accuracy: {model.score(x_test, y_test):.4f}")

    _, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    guess = model.predict(x_test)
    sure = model.predict_proba(x_test).max(axis=1)
    ConfusionMatrixDisplay.from_predictions(
        y_test, guess, ax=left, colorbar=False, cmap="Blues"
    )
    left.set_title("Test digits")
    size = x_train.shape[1]
    cell = size + 3
    board = np.full((3 * cell, 5 * cell), np.nan)
    for place, row in enumerate(np.argsort(sure)[:15]):
        down, across = 3 + cell * (place // 5), cell * (place % 5)
        board[down : down + size, across : across + size] = x_test[row]
        right.text(
            across, down - 0.7, f"{y_test[row]} read as {guess[row]}", fontsize=8
        )
    right.imshow(board, cmap="gray_r")
    right.set(title="The fifteen that it was least sure of", xticks=[], yticks=[])
    right.spines[:].set_visible(False)
    plt.show()


main()
