"""Networks of a classifier by themselves, on few sequences and long ones.

What they do is compared with what else was tried: by several networks, by one, and by
the plain LSTM whose final state counts. The tasks are generated, and those that other
packages ship and no table of this project holds; none is for judging, which is what
networks_judged.py does.

usage: python docs/benchmarks/tuning/networks_alone.py [--quick] [--mnist=FILE]
       [subject ...]
(writes networks_alone.md beside itself; hours on one core, or two minutes. FILE holds
the usual four arrays of MNIST as .npz; PickupGestureWiimoteZ is there with aeon
installed)
"""
# `_search` comes first: it sets the path to the other benchmarks.
# ruff: noqa: I001

import importlib.util
import sys

import numpy as np
from _search import QUICK, Variant, constant, each, report
import _stopping_tasks as sequences
from _stopping_tasks import Task

from skrnn import RNNClassifier

SEEDS = range(1)
N_JUDGING = 400
_AUTO, _BEST = "skrnn._ensemble.auto", "skrnn._training.best_weights"
_EPOCHS = {"max_epochs": 10} if QUICK else {}
NETWORKS = {"parts": "networks"}
NETWORK = {"parts": "network"}
LSTM = {"parts": "network", "cell": "lstm", "pooling": "last"}
# Of epochs the one that validates best: no difference is so small that it counts as
# none.
_BEST_EPOCH = {f"{_BEST}._ERRORS_OF_NOTHING": -1.0}
_ONE_KIND = {f"{_AUTO}.SEGMENT_LENGTHS": (None,)}
_EVENLY = {f"{_AUTO}._WARP": 0.0}


def mnist(path):
    """Few of the pictures of MNIST, row by row and pixel by pixel (of 14 x 14)."""
    with np.load(path) as data:
        X, y = data["x_train"] / 255, data["y_train"]
    order = np.random.default_rng(0).permutation(len(X))
    X, y = X[order], y[order]
    pixels = X.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(len(X), 196, 1)
    rest = slice(1_000, 1_000 + N_JUDGING)
    return {
        "MNIST rows, 100": Task(X[:100], y[:100], X[rest], y[rest], {}, True),
        "MNIST pixels, 150": Task(
            pixels[:150], y[:150], pixels[rest], y[rest], {}, True
        ),
    }


def pickup():
    """Gestures in one dimension, of different lengths, as aeon ships them."""
    from aeon.datasets import load_classification

    parts = []
    for split in ("train", "test"):
        X, y = load_classification("PickupGestureWiimoteZ", split=split)
        parts += [[np.asarray(sequence).T for sequence in X], y]
    return {"Pickup": Task(*parts, {}, True)}


def tasks():
    """Tasks (dict of str to Task) to choose by."""
    found = sequences.choosing_classes() | sequences.more_choosing_classes()
    found.pop("transients, 60, LSTM")
    if QUICK:
        return {name: found[name] for name in ("shapes, 30", "gestures, 40")}
    for option in sys.argv[1:]:
        if option.startswith("--mnist="):
            found |= mnist(option.partition("=")[2])
    if importlib.util.find_spec("aeon") is not None:
        found |= pickup()
    return found


def long():
    """Tasks (dict of str to Task) of hundreds of steps."""
    if QUICK:
        return FOUND
    laws = {
        "loads, 60 of 400": (sequences.loads, 60, 400),
        "motifs, 90 of 480": (sequences.motifs, 90, 480),
        "transients, 80 of 600": (sequences.transients, 80, 600),
        "subtle, 60 of 500": (sequences.subtle, 60, 500),
    }
    found = {}
    for name, (make, n, length) in laws.items():
        X, y = make(np.random.default_rng(n), n + N_JUDGING, length=length)
        X = X[:, :, None]
        found[name] = Task(X[:n], y[:n], X[n:], y[n:], {}, True)
    return found


def of(options):
    """The same tasks, for an estimator with these options."""
    return {name: (task, options) for name, task in FOUND.items()}


def loss(task, parameters, seed):
    """Share of the test sequences that are classified wrongly."""
    task, options = task
    options = {"random_state": seed} | _EPOCHS | options | parameters
    model = RNNClassifier(**options).fit(task.X, task.y)
    X, y = task.X_test[:N_JUDGING], task.y_test[:N_JUDGING]
    return float(np.mean(model.predict(X) != y))


FOUND = tasks()
OF_NETWORKS, OF_ONE, OF_LSTM = of(NETWORKS), of(NETWORK), of(LSTM)
OF_LONG = {
    name: (task, LSTM | {"segment_length": "auto"}) for name, task in long().items()
}
_BEFORE = _BEST_EPOCH | _ONE_KIND | _EVENLY
# By subject: what is tried instead, and of what.
SUBJECTS = {
    "networks": (
        [
            Variant("all as it was before", _BEFORE),
            Variant("the epoch that validates best", _BEST_EPOCH),
            Variant("one kind of network", _ONE_KIND),
            Variant("no sample runs unevenly", _EVENLY),
        ],
        OF_NETWORKS,
    ),
    "one LSTM, last state": (
        [
            Variant("all as it was before", _BEFORE | {"init": "orthogonal"}),
            Variant("the epoch that validates best", _BEST_EPOCH),
            *each("time_warp", 0.3),
            *each("init", "chrono", "orthogonal"),
        ],
        OF_LSTM,
    ),
    "one network": (
        [
            Variant("all as it was before", _BEFORE),
            *each("time_warp", 0.3),
            *each("segment_length", 6),
        ],
        OF_ONE,
    ),
    "how unevenly": (constant(f"{_AUTO}._WARP", 0.1, 0.6), OF_NETWORKS),
    "length of segments": (
        constant(f"{_AUTO}.SEGMENT_LENGTHS", (None, 3), (None, 12), (6,)),
        OF_NETWORKS,
    ),
    "steps of long sequences": (
        constant(f"{_AUTO}._STEPS_OF_RECURRENCE", 25, 100),
        OF_LONG,
    ),
    "doubt of an epoch": (
        constant(f"{_BEST}._ERRORS_OF_NOTHING", 0.5, 2.0),
        OF_NETWORKS,
    ),
    "patience": (constant(f"{_AUTO}._PATIENCE", 5, 20), OF_NETWORKS),
    "networks, without gain": (
        [
            *each("time_warp", 0.3),
            *each("batch_size", 16),
            *each("dropout", 0.3),
            *each("input_noise", 0.3),
            *each("label_smoothing", 0.1),
            *each("init", "chrono"),
        ],
        OF_NETWORKS,
    ),
    "one LSTM, last state, without gain": (
        [
            *each("learning_rate", 0.003),
            *each("batch_size", 16),
            *each("max_grad_norm", 0.1),
            *each("norm", "layer"),
        ],
        OF_LSTM,
    ),
}
if QUICK:
    SUBJECTS = {name: (tried[:1], data) for name, (tried, data) in SUBJECTS.items()}

if __name__ == "__main__":
    report(
        __file__,
        "Networks of a classifier by themselves",
        SUBJECTS,
        loss,
        SEEDS,
        unit="one per cent of the test sequences, classified wrongly",
        settings=f"Up to {N_JUDGING} sequences of each task judge; seeds: "
        f"{len(SEEDS)}{', 10 epochs at most.' if QUICK else '.'}",
        packages=("scikit-learn", "sktime"),
    )
