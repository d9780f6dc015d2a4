"""Data of the tutorial: what scikit-learn brings, and what a few lines make."""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def digits(n_train=None, seed=0):
    """The 1,797 digits of scikit-learn by rows, (n, 8, 8), a quarter for the test."""
    X, y = load_digits(return_X_y=True)
    parts = train_test_split(
        X.reshape(-1, 8, 8), y, test_size=0.25, random_state=seed, stratify=y
    )
    X, X_test, y, y_test = parts
    return X[:n_train], y[:n_train], X_test, y_test


def adding(n, length, seed):
    """The adding problem (Hochreiter and Schmidhuber 1997): X (n, length, 2), y (n,).

    The first feature is a number, the second marks one step of each half; the target
    is the sum of the two marked numbers.
    """
    rng = np.random.default_rng(seed)
    X = np.zeros((n, length, 2))
    X[:, :, 0] = rng.random((n, length))
    rows = np.arange(n)
    first = rng.integers(0, length // 2, n)
    second = rng.integers(length // 2, length, n)
    X[rows, first, 1] = X[rows, second, 1] = 1
    return X, X[rows, first, 0] + X[rows, second, 0]


def temporal_order(n, length, seed):
    """Which of two symbols came first and which second (1997, too): 4 classes."""
    rng = np.random.default_rng(seed)
    y, row = rng.integers(0, 4, n), np.arange(n)
    X = 0.3 * rng.normal(size=(n, length, 3))
    X[row, rng.integers(length // 12, length // 3, n), y // 2] += 3
    X[row, rng.integers(7 * length // 12, 5 * length // 6, n), y % 2] += 3
    for _ in range(6):  # and what means nothing
        X[row, rng.integers(0, length, n), 2] += 3
    return X, y


def bumps(n, length, seed):
    """A rise or a fall of 20 steps, somewhere in noise: 3 classes (the third: none)."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    X = rng.normal(size=(n, length, 1))
    ramp = np.linspace(0, 2.5, 20)
    for signal, kind in zip(X[:, :, 0], y, strict=True):
        begin = rng.integers(0, length - 20)
        signal[begin : begin + 20] += (ramp, ramp[::-1], 0 * ramp)[kind]
    return X, y
