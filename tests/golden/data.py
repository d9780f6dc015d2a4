"""Small data sets that are the same to the bit on every machine."""

from typing import NamedTuple

import numpy as np
import pandas as pd

N_NEW = 10  # samples that are predicted and that no model was trained on


class Samples(NamedTuple):
    """Sequences with targets, and sequences to predict."""

    X: np.ndarray | list
    y: np.ndarray
    X_new: np.ndarray | list
    y_new: np.ndarray


def exact(values):
    """Round to what a float32 holds exactly, so that the last bit of a sine is lost."""
    return np.round(np.asarray(values) * 1024) / 1024


def walks(n_samples, n_steps, n_features, seed):
    """Slow random walks of shape (n_samples, n_steps, n_features)."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(n_samples, n_steps, n_features))
    return exact(0.5 * steps.cumsum(axis=1) + 0.5 * rng.normal(size=steps.shape))


def numbers(n_samples=48, n_steps=10, n_features=2, *, n_outputs=None, seed=0):
    """Sequences whose targets depend on several of their steps, in units of 10."""
    X = walks(n_samples + N_NEW, n_steps, n_features, seed)
    weights = np.random.default_rng(seed + 1).normal(size=(4, n_outputs or 1))
    signal = X[:, -4:, 0] @ weights + np.sin(2 * X[:, -2, -1:])
    y = exact(10 * signal + 3)
    y = y[:, 0] if n_outputs is None else y
    return split(X, y)


def counts(**options):
    """Sequences with the counts that follow from them."""
    data = numbers(**options)
    counted = [np.floor(np.abs(y) / 8) for y in (data.y, data.y_new)]
    return data._replace(y=counted[0], y_new=counted[1])


def waves(n_samples=48, n_steps=16, n_features=1, *, n_classes=3, noise=0.5, seed=0):
    """Noisy sines, of another frequency in each class."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_samples + N_NEW) % n_classes
    shape = (len(y), 1, n_features)
    time = np.arange(n_steps)[:, None] / n_steps
    frequency = 1 + 1.5 * y[:, None, None]
    X = np.sin(2 * np.pi * (frequency * time + rng.uniform(size=shape)))
    return split(exact(X + noise * rng.normal(size=X.shape)), y)


def labels_of(X):
    """Three labels of each sequence, of which it may have none or all."""
    return np.column_stack(
        [X[:, -1, 0] > 0, X[:, :, 0].mean(axis=1) > 0.1, X[:, -3, 0] > X[:, -1, 0]]
    ).astype(int)


def split(X, y):
    """Keep the last samples for predictions."""
    return Samples(X[:-N_NEW], y[:-N_NEW], X[-N_NEW:], y[-N_NEW:])


def ragged(X, shortest=3):
    """Cut sequences to the newest of their steps, of each another number."""
    n_steps = X.shape[1]
    lengths = shortest + 5 * np.arange(len(X)) % (n_steps - shortest + 1)
    return [x[-length:] for x, length in zip(X, lengths, strict=True)]


def with_holes(X, share, *, seed, whole_steps=False):
    """Make some values NaN, or all those of some steps."""
    rng = np.random.default_rng(seed)
    shape = (*X.shape[:2], 1) if whole_steps else X.shape
    return np.where(rng.uniform(size=shape) < share, np.nan, X)


def series(n_rows=72, *, period=6, level=20.0, trend=0.05, seed=0, freq="D"):
    """One series with a season and a trend, in a data frame."""
    rng = np.random.default_rng(seed)
    row = np.arange(n_rows)
    wave = 3 * np.sin(2 * np.pi * row / period)
    values = level + trend * row + wave + 0.3 * rng.normal(size=n_rows).cumsum()
    index = pd.period_range("2021-03-01", periods=n_rows, freq=freq)
    return pd.DataFrame({"load": exact(values)}, index)


def exogenous(index, seed=0):
    """Two further columns for the rows of an index."""
    rng = np.random.default_rng(seed)
    values = exact(rng.normal(size=(len(index), 2)))
    return pd.DataFrame(values, index, columns=["sun", "wind"])


def table(n_rows=70, *, seed=0):
    """Rows of two columns by the hour, of which some are missing, and a target."""
    rng = np.random.default_rng(seed)
    hours = pd.date_range("2024-01-01", periods=n_rows + 3, freq="h")
    hours = hours.delete([20, 21, n_rows - 15])
    values = exact(0.6 * rng.normal(size=(n_rows, 2)).cumsum(axis=0))
    X = pd.DataFrame(values, hours, columns=["load", "sun"])
    y = exact(values[:, 0] - 0.5 * np.roll(values[:, 1], 2) + np.sin(values[:, 1]))
    return X, pd.Series(y, hours)
