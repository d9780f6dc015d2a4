"""Rules that say when a training stops, applied to trainings that did not.

A rule takes the trainings with validation samples and those with all samples, and
gives for each network of the model its training, the epoch whose weights it has, and
how many epochs it took to find that out.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

EPOCHS = 200
TOL = 1e-4  # the default of both estimators


class Curve(NamedTuple):
    """A training without a stop."""

    epochs: list  # of int, from 0: those that there are outputs of
    outputs: list  # of arrays (n_samples, n_targets): what it predicted then
    sizes: tuple  # numbers of training and validation samples
    constant: tuple  # losses on them of the best constant; None where there are none
    seconds: float
    train: np.ndarray  # (EPOCHS,)
    valid: np.ndarray | None  # (EPOCHS,)


def stopped(losses, patience, is_free=None, last=EPOCHS):
    """Best epoch, from 0, and number of epochs, by patience that free epochs keep."""
    best, n_stalled = 0, 0
    for epoch in range(last):
        improved = epoch == 0 or losses[epoch] <= losses[best] - TOL
        if losses[epoch] < losses[best]:
            best = epoch
        is_spent = is_free is None or not is_free[epoch]
        n_stalled = 0 if improved else n_stalled + is_spent
        if n_stalled >= patience:
            return best, epoch + 1
    return best, last


def own_patience(curve, is_classes):
    """Patience that the estimators had by default when these rules were compared."""
    if not is_classes:
        return 15
    return 5 if sum(curve.sizes) >= 1000 else 10


def shorter(curve, is_classes):
    """The same, but no more than seven epochs for classes."""
    return min(own_patience(curve, is_classes), 7 if is_classes else 15)


def in_steps(curve, is_classes, steps):
    """Patience of so many steps of the optimiser, if that is more than the default."""
    n_batches = -(-curve.sizes[0] // 32)
    return max(own_patience(curve, is_classes), -(-steps // n_batches))


def each(patience=own_patience, is_free=None, last=None):
    """A rule that stops each network by its own validation."""

    def rule(folds, full, *, is_classes):
        del full
        chosen = []
        for curve in folds:
            free = None if is_free is None else is_free(curve)
            end = EPOCHS if last is None else last(curve)
            p = patience(curve, is_classes) if callable(patience) else patience
            chosen.append((curve, *stopped(curve.valid, p, free, end)))
        return chosen

    return rule


def above_validation(curve):
    """Epochs that validate no better than a constant."""
    return curve.valid >= curve.constant[1]


def above_both(curve):
    """Epochs no better than a constant on validation, nor on training samples."""
    return above_validation(curve) & (curve.train >= curve.constant[0])


def unlearned(curve, share=0.5):
    """Epochs before so much of the loss of a constant is gone in training."""
    return curve.train >= (1 - share) * curve.constant[0]


def unlearned_in_few_steps(curve, steps):
    """The same, up to a number of steps of the optimiser."""
    n_batches = -(-curve.sizes[0] // 32)
    return unlearned(curve) & (np.arange(EPOCHS) * n_batches < steps)


def nothing_left(curve):
    """Epochs until all training samples together cost less than one to a constant."""
    mean = np.convolve(curve.train, np.ones(3) / 3)[:EPOCHS]
    is_left = mean >= curve.constant[0] / curve.sizes[0]
    is_left[:2] = True
    return EPOCHS if is_left.all() else int(np.argmin(is_left)) + 1


def all_rows(n_epochs):
    """A rule that trains with all samples for a number of epochs."""

    def rule(folds, full, *, is_classes):
        return [(curve, n_epochs - 1, n_epochs) for curve in full]

    return rule


def same_epoch(patience, *, again=False):
    """A rule that stops all networks at once, by the mean of their validations."""

    def rule(folds, full, *, is_classes):
        sizes = [curve.sizes[1] for curve in folds]
        mean = np.average([curve.valid for curve in folds], axis=0, weights=sizes)
        best, n_epochs = stopped(mean, patience)
        if again:
            return [(curve, best, n_epochs + best + 1) for curve in full]
        return [(curve, best, n_epochs) for curve in folds]

    return rule


def median_epoch(folds, full, *, is_classes):
    """Train again with all samples, for the median of the epochs that were best."""
    found = [stopped(c.valid, own_patience(c, is_classes)) for c in folds]
    best = int(np.median([epoch for epoch, _ in found]))
    n_epochs = np.mean([n for _, n in found]) + best + 1
    return [(curve, best, n_epochs) for curve in full]


_LIMITED = {n: partial(unlearned_in_few_steps, steps=n) for n in (200, 400, 800)}

RULES = {
    "patience alone": each(),
    "no patience while no better than a constant on validation": each(
        is_free=above_validation
    ),
    "the same, on validation and training": each(is_free=above_both),
    "no patience before half is learned": each(is_free=unlearned),
    "the same, for 200 steps at most": each(is_free=_LIMITED[200]),
    "the same, for 400 steps at most": each(is_free=_LIMITED[400]),
    "the same, for 800 steps at most": each(is_free=_LIMITED[800]),
    "the end where nothing is left to learn": each(last=nothing_left),
    "both: half is learned, nothing is left": each(
        is_free=unlearned, last=nothing_left
    ),
    "both, for 400 steps at most": each(is_free=_LIMITED[400], last=nothing_left),
    "both, for 800 steps at most": each(is_free=_LIMITED[800], last=nothing_left),
    "both, for 400 steps at most, patience of 7 epochs": each(
        shorter, is_free=_LIMITED[400], last=nothing_left
    ),
    "patience of 20 epochs": each(20),
    "patience of 30 epochs": each(30),
    "patience of 60 epochs": each(60),
    "patience of 50 steps": each(partial(in_steps, steps=50)),
    "patience of 100 steps": each(partial(in_steps, steps=100)),
    "patience of 200 steps": each(partial(in_steps, steps=200)),
    "mean of the validations, patience of 15": same_epoch(15),
    "mean of the validations, patience of 30": same_epoch(30),
    "the same of 15, then all samples": same_epoch(15, again=True),
    "the same of 30, then all samples": same_epoch(30, again=True),
    "median of the best epochs, then all samples": median_epoch,
    "all samples, 50 epochs": all_rows(50),
    "all samples, 100 epochs": all_rows(100),
    "all samples, 200 epochs": all_rows(200),
}

# Those that need trainings with all samples.
ON_ALL_SAMPLES = [label for label in RULES if "all samples" in label]
