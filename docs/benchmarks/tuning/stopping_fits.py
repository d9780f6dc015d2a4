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
from skrnn._sequences.sources import as_source

GROUPS = {
    "classes, judging": classes.judging_classes,
    "archives, judging": classes.judging_archives,
}
SEEDS = range(1)
PATIENCE = {"skrnn._ensemble.auto._PATIENCE": 10}
KNOWN = "skrnn._ensemble.train_networks.constant_loss"


def fitted(task, seed):
    """Errors and losses of the networks alone and of all, epochs, CPU seconds."""
    model = RNNClassifier(random_state=seed, **task.options)
    begin = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(task.X, task.y)
    seconds = time.process_time() - begin
    number = np.searchsorted(model.classes_, task.y_test)
    alone = model._model.networks.outputs(as_source(task.X_test))[..., 0]
    together = model.predict_proba(task.X_test)
    shares = np.exp(alone - alone.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    found = [f(p) for p in (shares, together) for f in (_error(number), _loss(number))]
    epochs = np.mean([len(net.history) for net in model.nets_])
    return np.array([*found, epochs, seconds])


def _error(number):
    return lambda shares: np.mean(shares.argmax(1) != number)


def _loss(number):
    return lambda shares: log_loss(number, shares, labels=np.arange(shares.shape[1]))


def both(task):
    """The present rule, and patience alone (2, 6), on average of the seeds."""
    found = []
    for seed in SEEDS:
        now = fitted(task, seed)
        with patch(KNOWN, lambda net, data: None), replaced(PATIENCE):
            found.append([now, fitted(task, seed)])
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
    yield ""
    yield "| task | error, networks | loss, networks | error | loss | epochs | CPU s |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    found = []
    for group in asked or GROUPS:
        for name, task in list(GROUPS[group]().items())[: 2 if QUICK else None]:
            found.append(both(task))
            yield _row(name, found[-1])
    yield _row("mean", np.mean(found, axis=0))


def _row(name, pair):
    cells = [f"{a:.3f}, {b:.3f}" for a, b in pair[:, :4].T]
    cells += [f"{a:.0f}, {b:.0f}" for a, b in pair[:, 4:5].T]
    cells += [f"{a:.1f}, {b:.1f}" for a, b in pair[:, 5:].T]
    return f"| {' | '.join([name, *cells])} |"


if __name__ == "__main__":
    fitted(next(iter(GROUPS["classes, judging"]().values())), 0)  # a warm-up
    done = []
    for line in lines():
        print(line, flush=True)  # as they come
        done.append(line)
    done += ["", machine("skrnn", "torch", "scikit-learn", "sktime"), ""]
    write(__file__, "\n".join(done))
