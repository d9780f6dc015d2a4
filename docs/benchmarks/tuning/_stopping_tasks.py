"""Sequences with classes for the search over when to stop a training.

By the tasks named choosing a rule is found; those named judging follow other laws, and
tell what the rule that was found is worth. None is a task of the benchmarks: of the
sets of the archives only the part that is for fitting is used, by cross-validation.
"""

from typing import NamedTuple

import numpy as np
from _classification_tasks import archive
from sklearn.model_selection import StratifiedKFold
from sktime.datasets import (
    load_acsf1,
    load_arrow_head,
    load_basic_motions,
    load_gunpoint,
    load_italy_power_demand,
    load_japanese_vowels,
    load_osuleaf,
)


class Task(NamedTuple):
    """Samples to fit on and others to judge by."""

    X: object  # (n, L, F), or a list of arrays
    y: np.ndarray
    X_test: object
    y_test: np.ndarray
    options: dict  # of the estimator, beside those of all tasks
    is_classes: bool


# -- classes --------------------------------------------------------------------------


def _warped(rng, curve, length, strength):
    """A curve (a function on [0, 1]) at times that run unevenly."""
    time = np.cumsum(
        np.exp(strength * rng.normal(size=8))[np.arange(length) * 8 // length]
    )
    time = (time - time[0]) / (time[-1] - time[0])
    return curve((time + 0.15 * rng.uniform(-1, 1)) % 1)


def shapes(rng, n, length=100, noise=0.3, n_classes=3):
    """Smooth closed curves, one a class, shifted and warped."""
    law = np.random.default_rng(5)
    heights = law.normal(size=(n_classes, 2, 4)) / np.arange(1, 5)
    y = rng.integers(0, n_classes, n)

    def curve(kind):
        def of(time):
            angle = 2 * np.pi * time[:, None] * np.arange(1, 5)
            return np.cos(angle) @ heights[kind, 0] + np.sin(angle) @ heights[kind, 1]

        return of

    X = np.stack([_warped(rng, curve(kind), length, 0.3) for kind in y])
    return X + noise * rng.normal(size=X.shape), y


def motifs(rng, n, length=120, noise=0.5):
    """A short motif somewhere in noise; its shape is the class."""
    y, time = rng.integers(0, 3, n), np.linspace(-1, 1, 16)
    kinds = np.stack([np.exp(-8 * time**2), np.sign(time), np.sin(6 * time)])
    X = noise * rng.normal(size=(n, length))
    for row, kind in zip(X, y, strict=True):
        begin = rng.integers(0, length - 16)
        row[begin : begin + 16] += 2 * kinds[kind]
    return X, y


def frequencies(rng, n, length=150, noise=0.7):
    """Tones of three pitches that lie close together, of any phase."""
    y, time = rng.integers(0, 3, n), np.arange(length)
    pitch = np.array([0.06, 0.07, 0.082])[y] + 0.002 * rng.normal(size=n)
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    tone = np.sin(2 * np.pi * pitch[:, None] * time + phase)
    return tone + noise * rng.normal(size=(n, length)), y


def long_memory(rng, n, length=100):
    """The level of the first ten steps is the class, and noise follows."""
    y = rng.integers(0, 2, n)
    X = rng.normal(size=(n, length))
    X[:, :10] += (2 * y - 1)[:, None]
    return X, y


def order(rng, n, length=60):
    """Two pulses of different width; which came first?"""
    y = rng.integers(0, 2, n)
    X = 0.4 * rng.normal(size=(n, length))
    for row, kind in zip(X, y, strict=True):
        begins = (
            rng.integers(2, length // 2 - 12),
            rng.integers(length // 2, length - 12),
        )
        for begin, width in zip(begins, (4, 10)[:: 1 if kind else -1], strict=True):
            row[begin : begin + width] += 2
    return X, y


def gestures(rng, n):
    """Strokes in two dimensions, of different lengths, with a third that is noise."""
    y, X = rng.integers(0, 4, n), []
    for kind in y:
        time = np.linspace(0, 2 * np.pi, rng.integers(40, 90)) * rng.uniform(0.8, 1.2)
        speed = (1, 2, 1, 3)[kind]
        path = np.stack([np.cos(time), np.sin(speed * time) * (1, 1, -1, 1)[kind]], 1)
        turn = 0.4 * rng.normal()
        turned = path @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
        third = rng.normal(size=(len(time), 1))
        X.append(np.hstack([turned + 0.2 * rng.normal(size=path.shape), third]))
    return X, y


def loads(rng, n, length=400, n_classes=5):
    """Loads that switch on and off: how often, for how long, and how they decay."""
    y = rng.integers(0, n_classes, n)
    X = 0.05 * rng.normal(size=(n, length))
    for row, kind in zip(X, y, strict=True):
        period = (60, 60, 110, 110, 40)[kind] * rng.uniform(0.85, 1.15)
        share = (0.3, 0.6, 0.3, 0.6, 0.5)[kind]
        phase = (np.arange(length) + rng.uniform(0, period)) % period / period
        row += (phase < share) * (1 + (kind % 2) * np.exp(-8 * phase))
    return X, y


def wrong_labels(rng, n, length=40):
    """A slope that is seen easily, and a fifth of the labels is wrong."""
    y = rng.integers(0, 2, n)
    X = (2 * y - 1)[:, None] * np.linspace(-1, 1, length) + rng.normal(size=(n, length))
    return X, np.where(rng.uniform(size=n) < 0.2, 1 - y, y)


def outlines(rng, n, length=150):
    """Rims of leaves: five numbers of lobes and depths, from any point on."""
    y = rng.integers(0, 5, n)
    angle = np.linspace(0, 2 * np.pi, length)
    X = np.empty((n, length))
    for row, kind in zip(X, y, strict=True):
        lobes, depth = (3, 5, 5, 7, 3)[kind], (0.4, 0.4, 0.15, 0.3, 0.15)[kind]
        bent = angle + rng.uniform(0, 2 * np.pi) + 0.15 * np.sin(angle + rng.normal())
        row[:] = 1 + depth * np.cos(lobes * bent) + 0.3 * np.cos(bent)
        row += 0.04 * np.cumsum(rng.normal(size=length)) * (1 - angle / 2 / np.pi)
    return X, y


def transients(rng, n, length=150):
    """A step or a pulse at one of two times, with or without an echo."""
    y, time = rng.integers(0, 4, n), np.arange(length)
    X = 0.1 * rng.normal(size=(n, length))
    for row, kind in zip(X, y, strict=True):
        begin = length // 3 + rng.integers(-15, 15)
        after = np.clip(time - begin, 0, None)
        row += 1 - np.exp(-after / 5) if kind // 2 else after * np.exp(-after / 8) / 3
        if kind % 2:
            row += 0.5 * np.sin(after / 2) * np.exp(-after / 20)
    return X, y


def subtle(rng, n, length=200, n_classes=3, height=0.25):
    """One large smooth curve, the same for all, with a small bump that is the class."""
    law = np.random.default_rng(9)
    common = law.normal(size=(2, 4)) / np.arange(1, 5)
    places = np.linspace(0.2, 0.8, n_classes)
    y, X = rng.integers(0, n_classes, n), np.empty((n, length))
    for row, kind in zip(X, y, strict=True):

        def curve(time, kind=kind):
            angle = 2 * np.pi * time[:, None] * np.arange(1, 5)
            bump = np.exp(-(((time - places[kind]) / 0.06) ** 2))
            return np.cos(angle) @ common[0] + np.sin(angle) @ common[1] + height * bump

        row[:] = rng.uniform(0.8, 1.2) * _warped(rng, curve, length, 0.15)
        row += 0.02 * np.cumsum(rng.normal(size=length)) + 0.03 * rng.normal(
            size=length
        )
    return X, y


def spirals(rng, n, length=60):
    """In three dimensions: turned to the left or right, slower or faster."""
    y, time = rng.integers(0, 4, n), np.linspace(0, 1, length)
    speed = np.array([6, 10])[y // 2] * rng.uniform(0.9, 1.1, n)
    angle = (2 * (y % 2) - 1)[:, None] * speed[:, None] * time
    angle = angle + rng.uniform(0, 2 * np.pi, (n, 1))
    X = np.stack([np.cos(angle), np.sin(angle), time + 0 * angle], 2)
    return X + 0.7 * rng.normal(size=X.shape), y


def variances(rng, n, length=80):
    """Noise of a variance, or of a colour, of its own."""
    y = rng.integers(0, 3, n)
    X = rng.normal(size=(n, length))
    for row, kind in zip(X, y, strict=True):
        if kind == 1:
            row[length // 2 :] *= 2
        if kind == 2:
            for t in range(1, length):
                row[t] += 0.7 * row[t - 1]
    return X, y


def heartbeats(rng, n, length=140):
    """A beat with a wave that is missing, late or upside down, in most cases noisy."""
    y, time = rng.integers(0, 4, n), np.linspace(0, 1, length)
    X = 0.15 * rng.normal(size=(n, length))
    for row, kind in zip(X, y, strict=True):
        start = rng.uniform(0.15, 0.3)
        row += 3 * np.exp(-(((time - start) / 0.02) ** 2))
        wave = 0.25 + 0.1 * (kind == 2) + 0.02 * rng.normal()
        height = (1, 0, 1, -1)[kind] * rng.uniform(0.5, 1)
        row += height * np.exp(-(((time - start - wave) / 0.06) ** 2))
        row += 0.5 * np.sin(2 * np.pi * (time * rng.uniform(0.2, 1) + rng.uniform()))
    return X, y


def nothing(rng, n, length=50):
    """Noise: there is nothing to learn."""
    return rng.normal(size=(n, length)), rng.integers(0, 2, n)


def _classes(make, n, seed, n_test=400, options=None, **law):
    X, y = make(np.random.default_rng(seed), n + n_test, **law)
    if isinstance(X, list):
        return Task(X[:n], y[:n], X[n:], y[n:], options or {}, True)
    X = X if X.ndim == 3 else X[:, :, None]
    return Task(X[:n], y[:n], X[n:], y[n:], options or {}, True)


_PLAIN_LSTM = {"cell": "lstm", "pooling": "last"}


def choosing_classes():
    """Tasks (dict of str to Task) that a rule for classes is chosen by."""
    return {
        "shapes, 30": _classes(shapes, 30, 1),
        "shapes, 60, noise": _classes(shapes, 60, 2, noise=1.2),
        "motifs, 90": _classes(motifs, 90, 3),
        "frequencies, 60": _classes(frequencies, 60, 4),
        "long memory, 100": _classes(long_memory, 100, 5),
        "order, 120": _classes(order, 120, 6),
        "subtle, 50": _classes(subtle, 50, 13),
    }


def more_choosing_classes():
    """More of them, for rules that need no training with all samples."""
    return {
        "gestures, 40": _classes(gestures, 40, 7),
        "loads, 40": _classes(loads, 40, 8, 200),
        "wrong labels, 200": _classes(wrong_labels, 200, 9),
        "outlines, 80": _classes(outlines, 80, 10),
        "transients, 60": _classes(transients, 60, 11),
        "transients, 60, LSTM": _classes(transients, 60, 11, options=_PLAIN_LSTM),
        "shapes, 1000, noise": _classes(shapes, 1000, 12, length=20, noise=0.8),
        "subtle, 60 of 500 steps": _classes(
            subtle, 60, 14, 200, length=500, n_classes=5, height=0.4
        ),
    }


def judging_classes():
    """Tasks (dict of str to Task) that judge a rule for classes."""
    return {
        "spirals, 80": _classes(spirals, 80, 101),
        "variances, 90": _classes(variances, 90, 102),
        "heartbeats, 40": _classes(heartbeats, 40, 103),
        "heartbeats, 200": _classes(heartbeats, 200, 104),
        "heartbeats, 60, LSTM": _classes(heartbeats, 60, 105, options=_PLAIN_LSTM),
        "nothing, 80": _classes(nothing, 80, 106),
        "five loads, 60 of 1,000 steps": _classes(loads, 60, 107, 200, length=1000),
    }


def _folds(name, load, n_folds, n_used):
    """Some of the folds of the part of a set that is for fitting."""
    X, y = archive(load)[:2]
    found = StratifiedKFold(n_folds, shuffle=True, random_state=0).split(X, y)
    tasks = {}
    for number, (train, test) in zip(range(n_used), found, strict=False):
        part, rest = ([X[i] for i in rows] for rows in (train, test))
        if not isinstance(X, list):
            part, rest = np.stack(part), np.stack(rest)
        tasks[f"{name}, fold {number}"] = Task(part, y[train], rest, y[test], {}, True)
    return tasks


def choosing_archives():
    """Folds (dict of str to Task) of sets of archives, to choose by."""
    return (
        _folds("GunPoint", load_gunpoint, 3, 3)
        | _folds("ArrowHead", load_arrow_head, 3, 3)
        | _folds("OSULeaf", load_osuleaf, 2, 1)
        | _folds("ACSF1", load_acsf1, 2, 1)
    )


def judging_archives():
    """Folds (dict of str to Task) of sets of archives, to judge by."""
    return (
        _folds("ItalyPowerDemand", load_italy_power_demand, 3, 3)
        | _folds("BasicMotions", load_basic_motions, 2, 2)
        | _folds("JapaneseVowels", load_japanese_vowels, 2, 1)
    )
