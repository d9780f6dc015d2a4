"""What `RNNClassifier` chooses by the number of samples, tried again.

The tasks are generated sequences, from other seeds than those of the benchmark of
classification, and those digits of scikit-learn that it fits on. Small ones are judged
by cross-validation; larger ones, for what more samples want, by sequences set aside.

usage: python docs/benchmarks/tuning/classifier.py [--quick] [subject ...]
(writes classifier.md beside itself; many hours on one core, or two minutes)
"""
# `_search` comes first: it sets the path to the other benchmarks.
# ruff: noqa: I001

import numpy as np
from _search import QUICK, constant, each, report
import _classification_tasks as made
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from skrnn import RNNClassifier

SEEDS = range(1 if QUICK else 3)
N_FOLDS = 1 if QUICK else 3
_FIRST_SEED = 1_000  # the benchmark's is 0
# A task of many samples, and so many more that judge.
MANY, N_JUDGING = (300, 200) if QUICK else (20_000, 5_000)
SOME = (250,) if QUICK else (1_000, 2_000, 5_000, 10_000)
# Of a quick run, which would take long where a network learns slowly.
_EPOCHS = {"max_epochs": 15} if QUICK else {}
_AUTO = "skrnn._ensemble.auto"


def generated(make, n, place):
    X, y = make(np.random.default_rng(_FIRST_SEED + place), n)
    return X if X.ndim == 3 else X[:, :, None], y


def few():
    """Tasks of few samples, as sequences and labels."""
    kinds = {
        "cylinder, bell, funnel": (made.cylinder_bell_funnel, 60),
        "control charts": (made.control_charts, 180),
        "two patterns": (made.two_patterns, 240),
        "chirps": (made.chirps, 225),
        "adding problem": (made.adding, 1500),
        "temporal order": (made.temporal_order, 450),
    }
    if QUICK:
        kinds = {name: (kinds[name][0], 45) for name in ("control charts", "chirps")}
    found = {
        name: generated(make, n, place)
        for place, (name, (make, n)) in enumerate(kinds.items())
    }
    if not QUICK:
        digits = made.digits()
        found["digits by rows"] = digits.X, digits.y
    return found


def many():
    """Tasks of many samples."""
    kinds = {"chirps": made.chirps, "control charts": made.control_charts}
    if QUICK:
        kinds.pop("control charts")
    return {
        f"{MANY:,} {name}": generated(make, MANY + N_JUDGING, 10 + place)
        for place, (name, make) in enumerate(kinds.items())
    }


def walks(n_classes):
    """Random walks in noise; how far they end from their mean decides on the class."""

    def make(rng, n):
        X = rng.normal(size=(n, 24)).cumsum(axis=1)
        distance = X[:, -1] - X.mean(axis=1) + 0.3 * rng.normal(size=n)
        shares = np.arange(1, n_classes) / n_classes
        return X, np.digitize(distance, np.quantile(distance, shares))

    return make


def some():
    """Tasks of numbers of samples in between."""
    kinds = {
        "walks in 2 classes": walks(2),
        "walks in 3 classes": walks(3),
        "chirps": made.chirps,
        "control charts": made.control_charts,
        "two patterns": made.two_patterns,
        "temporal order": made.temporal_order,
    }
    if QUICK:
        kinds = {"chirps": made.chirps}
    return {
        f"{n:,} {name}": generated(make, n + N_JUDGING, 20 + place)
        for n in SOME
        for place, (name, make) in enumerate(kinds.items())
    }


def folds(X, y):
    n_training = len(X) - N_JUDGING
    if n_training in (*SOME, MANY):
        return [(np.arange(n_training), np.arange(n_training, len(X)))]
    return list(StratifiedKFold(3).split(X, y))[:N_FOLDS]


def loss(task, parameters, seed):
    """Mean cross-entropy of the folds, in nats."""
    X, y = task
    options = {"random_state": seed} | _EPOCHS | parameters
    found = []
    for train, valid in folds(X, y):
        model = RNNClassifier(**options).fit(X[train], y[train])
        found.append(log_loss(y[valid], model.predict_proba(X[valid])))
    return float(np.mean(found))


# By subject: what is tried, and on which tasks.
SUBJECTS = {
    "rate": (constant(f"{_AUTO}._RATE", 0.005, 0.02), "few"),
    "rate by samples": (
        [
            *constant(f"{_AUTO}._SAMPLES_OF_RATE", 250, 4_000),
            *constant(f"{_AUTO}._POWER", 0.0, -0.5),
        ],
        "many",
    ),
    "size": (each("hidden_size", 32, 128), "few"),
    "samples of size": (
        [
            # Some more than these tasks have, and the larger networks are not taken.
            *constant(f"{_AUTO}._SAMPLES_OF_SIZE", 10 * MANY if not QUICK else MANY),
            *constant(f"{_AUTO}._SAMPLES_OF_BATCHES", 10 * MANY if not QUICK else MANY),
        ],
        "many",
    ),
    "direction": (each("bidirectional", True), "few"),
    "patience": (constant(f"{_AUTO}._PATIENCE_OF_MANY", 3, 10, 20), "few"),
    "patience of many": (constant(f"{_AUTO}._PATIENCE_OF_MANY", 3, 10), "many"),
    "validation": (each("validation_fraction", 0.1, 0.3), "few"),
    "averaged weights": (each("ema_decay", None, 0.99), "few"),
    "pooling": (each("pooling", "last", "max"), "few"),
    "networks": (constant(f"{_AUTO}._MOST_BESIDE", 1, 3, 5), "few"),
    "networks by samples": (
        [
            *constant(f"{_AUTO}._NETWORKS_OF_MANY", 1, 5),
            *constant(f"{_AUTO}._SAMPLES_OF_ALL", 2_000, 20_000),
        ],
        "many",
    ),
    "kernels": (
        [
            *each("n_kernels", None),
            *constant(f"{_AUTO}._MOST_KERNELS", 504, 4_032),
            *constant(f"{_AUTO}._FEWEST_KERNELS", 1_008),
            *constant(f"{_AUTO}._MULTIPLICATIONS", 1e9, 3e10),
        ],
        "few",
    ),
    "kernels of some": (
        constant(f"{_AUTO}._MULTIPLICATIONS", 8e9),
        "some",
    ),
    "judging of some": (
        constant("skrnn._convolutions.convolution_classifier._MOST_JUDGING", 20_000),
        "some",
    ),
    "patience of some": (
        [
            *constant(f"{_AUTO}._PATIENCE_OF_BATCHES", 5),
            *constant(f"{_AUTO}._PATIENCE_OF_LARGE_BATCHES", 3),
            *constant(f"{_AUTO}._SAMPLES_OF_PATIENCE", 1_000, 5_000),
        ],
        "some",
    ),
    "size of some": (each("hidden_size", 32), "some"),
    "kernels of many": (constant(f"{_AUTO}._KERNELS_OF_MANY", 252, 1_008), "many"),
    "doubt of the stacking": (
        constant("skrnn._ensemble.stacking._DOUBT", 0.0, 1.0, 10.0),
        "few",
    ),
}
if QUICK:  # the first of each
    SUBJECTS = {name: (tried[:1], size) for name, (tried, size) in SUBJECTS.items()}

if __name__ == "__main__":
    data = {"few": few(), "some": some(), "many": many()}
    report(
        __file__,
        "What RNNClassifier chooses by the number of samples",
        {name: (tried, data[size]) for name, (tried, size) in SUBJECTS.items()},
        loss,
        SEEDS,
        unit="a hundredth of a nat of cross-entropy",
        settings=f"{N_FOLDS} of 3 folds of tasks of few samples, {N_JUDGING:,} more "
        f"sequences for those of {SOME[0]:,} and more; seeds: {len(SEEDS)}"
        f"{', 15 epochs at most.' if QUICK else '.'}",
        packages=("scikit-learn",),
    )
