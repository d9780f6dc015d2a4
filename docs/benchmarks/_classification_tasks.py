"""Labelled sequences for the benchmark of classification."""

from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_digits
from sktime.datasets import (
    load_acsf1,
    load_arrow_head,
    load_basic_motions,
    load_gunpoint,
    load_italy_power_demand,
    load_japanese_vowels,
    load_osuleaf,
)

try:
    from mnist1d.data import get_dataset_args, make_dataset
except ImportError:
    make_dataset = None


class Task(NamedTuple):
    """Sequences and their labels; a list where lengths differ."""

    X: np.ndarray  # (n, L, F)
    y: np.ndarray  # (n,)
    X_test: np.ndarray
    y_test: np.ndarray


def archive(load):
    """The usual split of a set of the UCR and UEA archives, as sktime brings it."""
    parts = []
    for split in ("train", "test"):
        X, y = load(split=split, return_X_y=True)
        sequences = [
            np.column_stack([np.asarray(series) for series in row])
            for row in X.itertuples(index=False)
        ]
        is_ragged = len({len(sequence) for sequence in sequences}) > 1
        parts += [sequences if is_ragged else np.stack(sequences), np.asarray(y)]
    return Task(*parts)


def digits():
    """The 8x8 digits of scikit-learn, row by row; the first 1,000 are for fitting."""
    X, y = load_digits().images, load_digits().target
    return Task(X[:1000], y[:1000], X[1000:], y[1000:])


def mnist1d():
    """MNIST-1D (Greydanus and Kobak 2020), made anew with its own seed."""
    data = make_dataset(get_dataset_args())
    X, X_test = data["x"][:, :, None], data["x_test"][:, :, None]
    return Task(X, data["y"], X_test, data["y_test"])


def mnist_rows(path):
    """MNIST, a picture of 28 x 28 row by row, from an .npz of the usual four arrays."""
    with np.load(path) as data:
        names = ("x_train", "y_train", "x_test", "y_test")
        return Task(*(data[name] for name in names))


# -- sequences of known structure -----------------------------------------------------


def cylinder_bell_funnel(rng, n, length=128):
    """Saito (1994): a plateau, a rise or a fall, somewhere in noise."""
    y, time = rng.integers(0, 3, n), np.arange(length)
    X = rng.normal(size=(n, length))
    for row, kind in zip(X, y, strict=True):
        begin = rng.integers(length // 8, length // 4 + 1)
        end = begin + rng.integers(length // 4, 3 * length // 4)
        inside, part = (time >= begin) & (time <= end), (time - begin) / (end - begin)
        row += (6 + rng.normal()) * inside * (1, part, 1 - part)[kind]
    return X, y


def control_charts(rng, n, length=60):
    """Alcock and Manolopoulos (1999): normal, cyclic, trends and shifts."""
    y, time = rng.integers(0, 6, n), np.arange(length)
    X = 30 + 2 * rng.uniform(-3, 3, (n, length))
    for row, kind in zip(X, y, strict=True):
        height, period = rng.uniform(10, 15, 2)
        slope, jump = rng.uniform(0.2, 0.5), rng.uniform(7.5, 20)
        is_after = time > rng.uniform(length / 3, 2 * length / 3)
        cycle = height * np.sin(2 * np.pi * time / period)
        row += (0, cycle, slope * time, -slope * time, jump * is_after)[kind % 5]
        if kind == 5:
            row -= jump * is_after
    return X, y


def two_patterns(rng, n, length=128):
    """Geurts (2002): two steps, each up or down, at random places."""
    y, half = rng.integers(0, 4, n), length // 2
    X = 0.3 * rng.normal(size=(n, length))
    for row, kind in zip(X, y, strict=True):
        for start, is_up in ((0, kind // 2), (half, kind % 2)):
            size = rng.integers(15, 35)
            begin = start + rng.integers(0, half - size)
            step = np.where(np.arange(size) < size // 2, -5, 5)
            row[begin : begin + size] = step if is_up else -step
    return X, y


def chirps(rng, n, length=100):
    """Tones that rise, stay or fall, of any pitch and phase."""
    y, time = rng.integers(0, 3, n), np.linspace(0, 1, length)
    pitch, phase = rng.uniform(3, 8, (n, 1)), rng.uniform(0, 2 * np.pi, (n, 1))
    slope = np.array([0, 6, -2.5])[y][:, None] * rng.uniform(0.6, 1.2, (n, 1))
    tone = np.sin(2 * np.pi * (pitch + slope * time / 2) * time + phase)
    return tone + 0.5 * rng.normal(size=(n, length)), y


def adding(rng, n, length=50):
    """The adding problem of Hochreiter and Schmidhuber (1997): is the sum above 1?"""
    X = np.stack([rng.uniform(size=(n, length)), np.zeros((n, length))], axis=2)
    first, last = (rng.integers(a, a + length // 2, n) for a in (0, length // 2))
    row = np.arange(n)
    X[row, first, 1] = X[row, last, 1] = 1
    return X, (X[row, first, 0] + X[row, last, 0] > 1).astype(int)


def temporal_order(rng, n, length=60):
    """Hochreiter and Schmidhuber (1997): which symbols came, and in which order."""
    y, row = rng.integers(0, 4, n), np.arange(n)
    X = 0.3 * rng.normal(size=(n, length, 3))
    X[row, rng.integers(5, 20, n), y // 2] += 3
    X[row, rng.integers(35, 50, n), y % 2] += 3
    for _ in range(6):  # and what means nothing
        X[row, rng.integers(0, length, n), 2] += 3
    return X, y


def made(make, n_train, n_test=1000):
    X, y = make(np.random.default_rng(0), n_train + n_test)
    X = X if X.ndim == 3 else X[:, :, None]
    return Task(X[:n_train], y[:n_train], X[n_train:], y[n_train:])


def tasks():
    """All tasks but MNIST, by name."""
    found = {
        "ArrowHead": archive(load_arrow_head),
        "GunPoint": archive(load_gunpoint),
        "ItalyPowerDemand": archive(load_italy_power_demand),
        "BasicMotions": archive(load_basic_motions),
        "JapaneseVowels": archive(load_japanese_vowels),
        "OSULeaf": archive(load_osuleaf),
        "ACSF1": archive(load_acsf1),
        "digits by rows": digits(),
    }
    if make_dataset is not None:
        found["MNIST-1D"] = mnist1d()
    return found | {
        "cylinder, bell, funnel": made(cylinder_bell_funnel, 30),
        "control charts": made(control_charts, 120),
        "two patterns": made(two_patterns, 200),
        "chirps": made(chirps, 150),
        "adding problem": made(adding, 1000),
        "temporal order": made(temporal_order, 300),
    }
