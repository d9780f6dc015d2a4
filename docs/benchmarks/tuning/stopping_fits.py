"""Whole classifiers with the rule of when to stop, and with patience alone.

What a network costs that has learned nothing (`_SHARE_TO_LEARN`, `_STEPS_TO_LEARN` of
skrnn/_training/best_weights.py) is made unknown to it for the second fit, and that
leaves patience alone, of 10 epochs, as it once was. The tasks are those that judge in
early_stopping.py.

usage: python docs/benchmarks/tuning/stopping_fits.py [--quick] [group ...]
(writes stopping_fits.md beside itself; half an hour on one core, or a minute)
"""
# `_search` comes first: it sets the path to the other benchmarks.
# ruff: noqa: I001

import sys
import textwrap
import time
import warnings
from unittest.mock import patch

import numpy as np
from _search import QUICK
from _names import replaced
import _stopping_tasks as classes
from _timing import machine, write
from sklearn.metrics import log_loss

from skrnn import RNNClassifier

GROUPS = {
    "classes, judging": classes.judging_classes,
    "archives, judging": classes.judging_archives,
}
KINDS = {"Default": {}, "Networks alone": {"n_kernels": None}}
SEEDS = range(1)
PATIENCE = {"skrnn._ensemble.auto._PATIENCE": 10}
KNOWN = "skrnn._ensemble.train_networks.constant_loss"


def fitted(task, seed, **options):
    """Error, loss, epochs and CPU seconds of a classifier."""
    model = RNNClassifier(random_state=seed, **task.options, **options)
    begin = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(task.X, task.y)
    seconds = time.process_time() - begin
    shares = model.predict_proba(task.X_test)
    error = np.mean(model.classes_[shares.argmax(1)] != task.y_test)
    loss = log_loss(task.y_test, shares, labels=model.classes_)
    epochs = np.mean([len(net.history) for net in model.nets_])
    return np.array([error, loss, epochs, seconds])


def both(task, **options):
    """The present rule, and patience alone (2, 4), on average of the seeds."""
    found = []
    for seed in SEEDS:
        now = fitted(task, seed, **options)
        with patch(KNOWN, lambda net, data: None), replaced(PATIENCE):
            found.append([now, fitted(task, seed, **options)])
    return np.mean(found, axis=0)


def lines():
    asked = [name for name in sys.argv[1:] if not name.startswith("-")]
    yield "# Classifiers with the rule of when to stop, and with patience alone"
    yield ""
    mode = "Quick run, which shows that the script works and proves nothing"
    yield f"{mode if QUICK else 'Full run'}."
    yield from textwrap.wrap(
        "Each pair of numbers: with the rule, with patience alone. Errors are shares "
        f"of test sequences, losses the cross-entropy; seeds: {len(SEEDS)}. Defaults "
        "but where a task says LSTM.",
        88,
    )
    for title, options in KINDS.items():
        yield from ["", f"## {title}", ""]
        yield "| task | error | loss | epochs | CPU seconds |"
        yield "| --- | --- | --- | --- | --- |"
        found = []
        for group in asked or GROUPS:
            for name, task in list(GROUPS[group]().items())[: 2 if QUICK else None]:
                found.append(both(task, **options))
                yield _row(name, found[-1])
        yield _row("mean", np.mean(found, axis=0))


def _row(name, pair):
    texts = ("{:.3f}, {:.3f}", "{:.3f}, {:.3f}", "{:.0f}, {:.0f}", "{:.1f}, {:.1f}")
    cells = [text.format(*two) for text, two in zip(texts, pair.T, strict=True)]
    return f"| {' | '.join([name, *cells])} |"


if __name__ == "__main__":
    fitted(next(iter(GROUPS["classes, judging"]().values())), 0)  # a warm-up
    done = []
    for line in lines():
        print(line, flush=True)  # as they come
        done.append(line)
    done += ["", machine("skrnn", "torch", "scikit-learn", "sktime"), ""]
    write(__file__, "\n".join(done))
