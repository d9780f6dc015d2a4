"""Networks by themselves: what the rules found by networks_alone.py are worth.

Judged by sets that no rule was chosen by: those of the table of classification, and
some that other packages ship. "before" is the same package without those rules: no
sample runs unevenly, all networks read step by step, of epochs the one that validates
best is kept, and an LSTM begins like any other network.

usage: pip install tslearn pyts; python docs/benchmarks/tuning/networks_judged.py
       [--quick]
(writes networks_judged.md beside itself; an hour on one core, or a minute)
"""
# `_search` comes first: it sets the path to the other benchmarks.
# ruff: noqa: I001

import importlib.util
import sys
import textwrap
import time
import warnings

import numpy as np
import torch
from _search import QUICK
import _classification_tasks as made
from _classification_tasks import Task, archive
from _names import replaced
from _timing import machine, write
from sktime.datasets import (
    load_acsf1,
    load_arrow_head,
    load_gunpoint,
    load_japanese_vowels,
    load_osuleaf,
)

from skrnn import RNNClassifier

SEEDS = range(1)
MODELS = {
    "networks": {"parts": "networks"},
    "one network": {"parts": "network"},
    "one LSTM, last state": {
        "parts": "network",
        "cell": "lstm",
        "pooling": "last",
        "init": "chrono",
    },
}
BEFORE = {
    "skrnn._ensemble.auto._WARP": 0.0,
    "skrnn._ensemble.auto.SEGMENT_LENGTHS": (None,),
    # No difference, however small, counts as none.
    "skrnn._training.best_weights._ERRORS_OF_NOTHING": -1.0,
}


def trace():
    """Trace of the UCR archive, as tslearn ships it."""
    from tslearn.datasets import CachedDatasets

    X, y, X_test, y_test = CachedDatasets().load_dataset("Trace")
    return Task(X, y, X_test, y_test)


def coffee():
    """Coffee of the UCR archive, as pyts ships it."""
    from pyts.datasets import load_coffee

    X, X_test, y, y_test = load_coffee(return_X_y=True)
    return Task(X[:, :, None], y, X_test[:, :, None], y_test)


def tasks():
    """Tasks (dict of str to Task), those of long sequences last."""
    found = {"GunPoint": archive(load_gunpoint)}
    if QUICK:
        return found
    if importlib.util.find_spec("pyts") is not None:
        found["Coffee"] = coffee()
    if importlib.util.find_spec("tslearn") is not None:
        found["Trace"] = trace()
    return found | {
        "chirps": made.made(made.chirps, 150),
        "two patterns": made.made(made.two_patterns, 200),
        "temporal order": made.made(made.temporal_order, 300),
        "ArrowHead": archive(load_arrow_head),
        "JapaneseVowels": archive(load_japanese_vowels),
        "digits by rows": made.digits(),
        "OSULeaf": archive(load_osuleaf),
        "ACSF1": archive(load_acsf1),
    }


def result(task, options, *, is_before):
    """Accuracy and CPU seconds of a fit, means over the seeds."""
    if is_before:
        options = options | {"init": "orthogonal"}
    shares, times = [], []
    for seed in SEEDS:
        start = time.process_time()
        with replaced(BEFORE if is_before else {}):
            model = RNNClassifier(random_state=seed, **options).fit(task.X, task.y)
        times.append(time.process_time() - start)
        shares.append(np.mean(model.predict(task.X_test) == task.y_test))
    return np.mean(shares), np.mean(times)


def main():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    RNNClassifier(max_epochs=1).fit(np.eye(9), np.arange(9) % 2)  # imports
    columns = [f"{name}, {when}" for name in MODELS for when in ("before", "now")]
    lines = [
        "# Networks by themselves, before and now",
        "",
        *textwrap.wrap(
            "Share of the test sequences that are classified rightly, and CPU seconds "
            f"of the fit; seeds: {len(SEEDS)}. Nothing was chosen by these sets. The "
            'LSTM begins with `init="chrono"`.',
            88,
        ),
        "",
        "| data | sequences | " + " | ".join(columns) + " |",
        "| --- | ---: |" + " ---: |" * len(columns),
    ]
    rows = []
    for name, task in tasks().items():
        row = [
            result(task, options, is_before=is_before)
            for options in MODELS.values()
            for is_before in (True, False)
        ]
        rows.append(row)
        size = f"{len(task.X):,} of {max(map(len, task.X))}"
        cells = [f"{share:.3f} ({seconds:.1f} s)" for share, seconds in row]
        lines.append(f"| {name} | {size} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    means = np.mean(rows, axis=0)
    cells = [f"{share:.3f} ({seconds:.1f} s)" for share, seconds in means]
    lines.append(f"| mean | | {' | '.join(cells)} |")
    lines += ["", machine("skrnn", "torch", "sktime")]
    write(__file__, "\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
