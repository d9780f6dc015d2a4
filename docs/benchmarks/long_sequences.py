"""An LSTM that is read at its last state, on sequences of hundreds of steps.

With ``segment_length="auto"`` it reads as many steps at once as leave fifty, and with
``n_filters`` convolutions that are trained with it. Beside it stands one whose states
are pooled. Both were chosen on generated sequences; those of the archives have been in
no choice.

usage: pip install tslearn; python docs/benchmarks/long_sequences.py [--quick]
(writes long_sequences.md beside itself; five minutes)
"""

import importlib.util
import statistics
import sys
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import torch
from _classification_tasks import Task, archive, made
from _timing import QUICK, machine, write
from sktime.datasets import load_acsf1, load_arrow_head, load_osuleaf

from skrnn import RNNClassifier

sys.path.insert(0, str(Path(__file__).parent / "tuning"))
import _stopping_tasks as sequences

SEEDS = range(1)
N_TEST = 300
LSTM = {"cell": "lstm", "parts": "network"}
LAST = {"pooling": "last", "init": "chrono"}
MODELS = {
    "last state": LAST,
    'last state, segments "auto"': LAST | {"segment_length": "auto"},
    "the same, filters": LAST | {"segment_length": "auto", "n_filters": 32},
    "all states": {},
    "all states, segments, filters": {"segment_length": "auto", "n_filters": 32},
}
if QUICK:
    LSTM["max_epochs"] = 5


def trace():
    """Trace of the UCR archive, as tslearn ships it."""
    from tslearn.datasets import CachedDatasets

    return Task(*CachedDatasets().load_dataset("Trace"))


def tasks():
    """Functions that give a task, by its name, and whether it was chosen by."""
    generated = {
        "loads": (sequences.loads, 60, 400),
        "motifs": (sequences.motifs, 90, 480),
        "transients": (sequences.transients, 80, 600),
    }
    for name, (make, n, length) in generated.items():
        law = partial(make, length=length)
        yield f"{name} (chosen by)", partial(made, law, n, N_TEST)
    if QUICK:
        return
    if importlib.util.find_spec("tslearn") is not None:
        yield "Trace", trace
    archives = {
        "ArrowHead": load_arrow_head,
        "OSULeaf": load_osuleaf,
        "ACSF1": load_acsf1,
    }
    for name, load in archives.items():
        yield name, partial(archive, load)


def told(options, task):
    """Mean accuracy over the seeds, and median CPU seconds of a fit, as text."""
    scores, seconds = [], []
    for seed in SEEDS:
        model = RNNClassifier(**LSTM | options, random_state=seed)
        start = time.process_time()
        model.fit(task.X, task.y)
        seconds.append(time.process_time() - start)
        scores.append(np.mean(model.predict(task.X_test) == task.y_test))
    return f"{np.mean(scores):.3f} ({statistics.median(seconds):.1f} s)"


def main():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    lines = [
        "# One LSTM on long sequences",
        "",
        "Share of the test sequences that an LSTM of 64 units classifies rightly, and",
        f"CPU seconds of a fit; seeds: {len(SEEDS)}. It reads its last state, or those "
        "of all steps",
        "(of half of the units the last, of the others the maximum). Segments: with",
        '`segment_length="auto"` fifty steps of the recurrence, each of several of the',
        "sequence. Filters: with `n_filters=32` the recurrence reads convolutions that",
        "are trained with it. The first three data sets are of the kinds by which both",
        "were chosen; nothing was chosen by the others. Last states are read with",
        '`init="chrono"`.',
        "",
        f"| data | sequences | {' | '.join(MODELS)} |",
        f"| --- | ---: |{' ---: |' * len(MODELS)}",
    ]
    for name, make in tasks():
        task = make()
        cells = [told(options, task) for options in MODELS.values()]
        size = f"{len(task.X)} of {np.shape(task.X)[1]}"
        lines.append(f"| {name} | {size} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    lines += ["", machine("skrnn", "torch", "sktime"), ""]
    write(__file__, "\n".join(lines))


if __name__ == "__main__":
    main()
