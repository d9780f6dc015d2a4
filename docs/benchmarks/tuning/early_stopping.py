"""When a training should stop, by rules that are tried on recorded trainings.

A training of networks alone goes on for 200 epochs, with its validation samples set
aside but without stopping, and for some tasks once more with all samples. What it
predicts is kept from epoch to epoch, so that a rule costs nothing: it says which epoch
it would have stopped at, and which it would have gone back to. Rules are chosen by the
tasks named choosing, and judged by those named judging; none is a task of a benchmark,
or of the test data of one. What was found are `_SHARE_TO_LEARN`, `_STEPS_TO_LEARN` and
`_EPOCHS_OF_MEAN` of skrnn/_training/best_weights.py, for classes. For regression no
rule was better than patience alone by two standard errors. That of epochs which may be
the best the latest is kept is looked at by networks_alone.py.

usage: python docs/benchmarks/tuning/early_stopping.py [--quick] [--kept] [group ...]
(writes early_stopping.md beside itself; two hours on one core, or two minutes; with
--kept only of the trainings that earlier runs have recorded)
"""
# `_search` comes first: it sets the path to the other benchmarks.
# ruff: noqa: I001

import math
import pickle
import sys
import tempfile
import textwrap
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from _search import QUICK
from _stopping_rules import EPOCHS, ON_ALL_SAMPLES, RULES, Curve
import _stopping_series as series
import _stopping_tasks as classes
from _timing import machine, write
from scipy.special import log_softmax
from skorch.callbacks import Callback

from skrnn import RNNClassifier, RNNRegressor
from skrnn._sequences.sources import as_source
from skrnn._training.outputs import outputs

ONLY_KEPT = "Tasks whose trainings were recorded, not all of them"
N_JUDGING = 250  # samples that judge, of each task
# Trainings that were recorded are not done again; remove it to have them done.
KEPT = Path(tempfile.gettempdir()) / f"skrnn_stopping{'_quick' if QUICK else ''}"
GROUPS = {
    "classes, choosing": classes.choosing_classes,
    "more classes, choosing": classes.more_choosing_classes,
    "archives, choosing": classes.choosing_archives,
    "regression, choosing": series.choosing_regressions,
    "classes, judging": classes.judging_classes,
    "archives, judging": classes.judging_archives,
    "regression, judging": series.judging_regressions,
}
WITH_ALL_SAMPLES = ("classes, choosing", "regression, choosing")
QUICK_TASKS = ("shapes, 30", "AR, clean, 150", "counts, 700")


class Recorder(Callback):
    """Keeps what a network predicts, after many of its epochs."""

    trainings = []  # of all copies: a net trains with a copy of its callbacks
    source = None

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Begin with a new network."""
        found = {"epochs": [], "outputs": [], "recording": 0.0}
        found["sizes"] = len(X), 0 if y is None else len(y)
        found["constant"] = tuple(_constant_loss(X.target, part) for part in (X, y))
        self.trainings.append(found | {"begin": time.process_time()})

    def on_epoch_end(self, net, **kwargs):
        """Predict, after every epoch at first and then after every fourth."""
        begin, found, n = time.process_time(), self.trainings[-1], len(net.history)
        if n <= 30 or n % 4 == 0:
            found["epochs"].append(n - 1)
            predicted = outputs(net, self.source)[..., 0]
            found["outputs"].append(predicted.astype(np.float32))
        found["recording"] += time.process_time() - begin

    def on_train_end(self, net, **kwargs):
        """Take over the losses, and what the training took."""
        found = self.trainings[-1]
        found["seconds"] = time.process_time() - found.pop("begin")
        found["seconds"] -= found.pop("recording")
        found["train"] = np.array(net.history[:, "train_loss"])
        if found["sizes"][1]:
            found["valid"] = np.array(net.history[:, "valid_loss"])


def _constant_loss(target, part):
    """Loss on a data set of the constant that is best for targets; None without one."""
    if part is None:
        return None
    if target.ndim == 2:
        return float(((part.target - target.mean(0)) ** 2).mean())
    share = torch.bincount(target, minlength=int(part.target.max()) + 1) / len(target)
    return float(-share.clamp(min=1e-9).log()[part.target].mean())


def record(task, early_stopping):
    """Train networks alone without ever stopping (list of Curve)."""
    Recorder.trainings.clear()
    Recorder.source = as_source(task.X_test[:N_JUDGING])
    options = {
        "n_estimators": 1 if QUICK else min(max(5000 // len(task.X), 1), 5),
        "max_epochs": EPOCHS,
        "n_iter_no_change": 10 * EPOCHS,
        "early_stopping": early_stopping,
        "random_state": 0,
        "callbacks": [Recorder()],
    } | task.options
    if task.is_classes:
        model = RNNClassifier(n_kernels=None, **options)
    else:
        model = RNNRegressor(**options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(task.X, task.y)
    return [Curve(**{"valid": None} | found) for found in Recorder.trainings]


def recorded(group, name, task):
    """Trainings with validation, and those without, if any (pair of list of Curve)."""
    path = _path(group, name)
    if not path.exists():
        KEPT.mkdir(exist_ok=True)
        kinds = (True, False) if group in WITH_ALL_SAMPLES else (True,)
        found = [[tuple(curve) for curve in record(task, early)] for early in kinds]
        path.write_bytes(pickle.dumps(found))
        print(f"{group}: {name}", file=sys.stderr, flush=True)
    found = [[Curve(*c) for c in part] for part in pickle.loads(path.read_bytes())]
    return [*found, []][:2]


def _path(group, name):
    return KEPT / f"{group} {name}.pickle"


class Result(NamedTuple):
    """What a rule comes to on a task, with all networks and on average of one."""

    error: float  # share of wrong classes, or logarithm of the root mean square error
    loss: float  # cross-entropy, or the same again
    error_of_one: float
    epochs: float
    seconds: float


def result(rule, trainings, task):
    """Apply a rule."""
    y, together, alone, epochs, seconds = task.y_test[:N_JUDGING], 0, [], 0, 0
    chosen = rule(*trainings, is_classes=task.is_classes)
    for curve, best, n_epochs in chosen:
        place = np.searchsorted(curve.epochs, best, side="right") - 1
        together = together + curve.outputs[place].astype(float)
        alone.append(_errors(curve.outputs[place], y, task.is_classes)[0])
        epochs += n_epochs / len(chosen)
        seconds += curve.seconds * n_epochs / EPOCHS
    errors = _errors(together / len(chosen), y, task.is_classes)
    return Result(*errors, float(np.mean(alone)), epochs, seconds)


def _errors(predicted, y, is_classes):
    if not is_classes:
        error = math.log(np.mean((predicted[:, 0] - y) ** 2)) / 2
        return error, error
    logs = log_softmax(predicted.astype(float), axis=1)
    number = np.unique(y, return_inverse=True)[1]
    of_right = logs[np.arange(len(y)), number]
    return float((logs.argmax(1) != number).mean()), float(-of_right.mean())


def table(group, tasks):
    """Lines of the table of a group of tasks."""
    all_trainings = {name: recorded(group, name, task) for name, task in tasks.items()}
    found = {
        label: np.array(
            [result(rule, all_trainings[name], task) for name, task in tasks.items()]
        )
        for label, rule in RULES.items()
        if group in WITH_ALL_SAMPLES or label not in ON_ALL_SAMPLES
    }
    before = next(iter(found.values()))
    yield from [
        "",
        f"## {group}",
        "",
        *textwrap.wrap(f"{len(tasks)} tasks: {'; '.join(tasks)}.", 88),
        "",
    ]
    yield (
        "| rule | error | its standard error | better / worse | loss | error of one "
        "network | its standard error | epochs | CPU seconds | the same, in the "
        "median |"
    )
    yield "| --- |" + 9 * " ---: |"
    for label, after in found.items():
        difference = 100 * (after - before)
        spreads = difference.std(0, ddof=min(1, len(tasks) - 1)) / math.sqrt(len(tasks))
        n_better, n_worse = (
            (difference[:, 0] < -0.01).sum(),
            (difference[:, 0] > 0.01).sum(),
        )
        mean, times = difference.mean(0), after[:, 4] / before[:, 4]
        yield (
            f"| {label} | {mean[0]:+.2f} | {spreads[0]:.2f} | {n_better} / {n_worse} | "
            f"{mean[1]:+.2f} | {mean[2]:+.2f} | {spreads[2]:.2f} | "
            f"{after[:, 3].mean():.0f} | "
            f"{after[:, 4].sum() / before[:, 4].sum():.2f} | {np.median(times):.2f} |"
        )


def main():
    asked = [name for name in sys.argv[1:] if not name.startswith("-")]
    unknown = set(asked) - set(GROUPS)
    if unknown:
        sys.exit(f"No group {sorted(unknown)}; there are {sorted(GROUPS)}.")
    mode = "Quick run, which shows that the script works and proves nothing"
    lines = [
        "# When a training should stop",
        "",
        f"{mode if QUICK else ONLY_KEPT if '--kept' in sys.argv else 'Full run'}.",
        *textwrap.wrap(
            "Networks alone, of the same initial weights for all rules; one seed. Of "
            "classes the error is the share that is wrong and the loss the "
            "cross-entropy, both times 100; of regression both are 100 times the "
            "logarithm of the root mean square error, so that 1 is one per cent. "
            "Differences to the first rule: below 0 is better. The standard error is "
            "over tasks. CPU seconds are of all trainings, beside those of the first "
            "rule.",
            88,
        ),
    ]
    for group in asked or GROUPS:
        tasks = GROUPS[group]()
        if QUICK:
            tasks = {n: t for n, t in tasks.items() if n in QUICK_TASKS}
        if "--kept" in sys.argv:
            tasks = {n: t for n, t in tasks.items() if _path(group, n).exists()}
        if len(tasks) > 1 or (tasks and QUICK):
            part = list(table(group, tasks))
            print("\n".join(part), flush=True)
            lines += part
    lines += ["", machine("skrnn", "torch", "scikit-learn", "sktime"), ""]
    write(__file__, "\n".join(lines))


if __name__ == "__main__":
    main()
