"""How the scripts of this directory compare values: in pairs, on data for choosing.

A script has tasks, which are data to choose on and never the test data of a benchmark,
a loss, and for each subject some variants: values of parameters or of constants instead
of the present ones. Every variant is fitted on the same folds with the same seeds as
the package is now, and what counts is the difference between the two losses.
"""
# ruff: noqa: E402

import math
import sys
import textwrap
import time
import warnings
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import numpy as np
from _names import replaced
from _timing import QUICK, machine, write

__all__ = ["QUICK", "Outcome", "Variant", "compare", "constant", "each", "report"]


class Variant(NamedTuple):
    """What is tried instead of the present values."""

    label: str
    values: dict  # parameters by name, constants by dotted name


def each(parameter, *values):
    """Variants that differ in one parameter."""
    return [Variant(f"{parameter}={value!r}", {parameter: value}) for value in values]


def constant(name, *values):
    """Variants that differ in one constant, named with its module."""
    last = name.rpartition(".")[2]
    return [Variant(f"{last} = {value!r}", {name: value}) for value in values]


class Outcome(NamedTuple):
    """A variant beside the present values."""

    label: str
    difference: float  # mean over tasks; below 0 where the variant is better
    error: float  # its standard error, over tasks
    n_better: int
    n_worse: int
    n_same: int  # tasks without any difference
    time: float  # of all fits, beside that of the present values


def compare(variants, tasks, loss, seeds, done=None):
    """Fit every variant, and the present values, on every task with every seed.

    Parameters
    ----------
    variants : list of Variant
        What is tried.
    tasks : dict of str to object
        Data to choose on.
    loss : callable
        Takes a task, parameters (dict) and a seed; gives a number, the lower the
        better, of which a difference means the same for every task.
    seeds : iterable of int
        Several; the difference of a task is the mean over them.
    done : dict, default=None
        Fits of the same tasks that need not be done again; those done now are added.

    Returns
    -------
    list of Outcome
    """
    present = Variant("as it is", {})
    done = {} if done is None else done
    outcomes = []
    for name, task in tasks.items():
        for seed in seeds:
            for variant in (present, *variants):
                key = variant.label, name, seed
                if key not in done:
                    done[key] = _loss_and_seconds(variant, task, loss, seed)
    before = _of(present, done, tasks, seeds)
    for variant in variants:
        after = _of(variant, done, tasks, seeds)
        differences = (after - before)[..., 0].mean(axis=1)
        times = after[..., 1].sum() / max(before[..., 1].sum(), 1e-9)
        outcomes.append(_outcome(variant.label, differences, times))
    return outcomes


def _loss_and_seconds(variant, task, loss, seed):
    constants = {n: v for n, v in variant.values.items() if "." in n}
    parameters = {n: v for n, v in variant.values.items() if "." not in n}
    start = time.process_time()
    with replaced(constants), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = loss(task, parameters, seed)
    return found, time.process_time() - start


def _of(variant, done, tasks, seeds):
    """Losses and seconds (n_tasks, n_seeds, 2)."""
    return np.array([[done[variant.label, n, s] for s in seeds] for n in tasks])


def _outcome(label, differences, times):
    n = len(differences)
    return Outcome(
        label,
        float(differences.mean()),
        float(differences.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan,
        int((differences < 0).sum()),
        int((differences > 0).sum()),
        int((differences == 0).sum()),
        float(times),
    )


def report(script, title, subjects, loss, seeds, *, unit, settings, packages=()):
    """Compare all subjects, or those named on the command line; write the table.

    Parameters
    ----------
    script : str
        Path of the script, beside which the table goes; that of a quick run goes to the
        directory for temporary files.
    title : str
        Heading.
    subjects : dict of str to (list of Variant, dict of tasks)
        What is searched over, and the data.
    loss, seeds
        As for `compare`.
    unit : str
        What a hundredth of the loss is.
    settings : str
        A sentence about folds and seeds.
    packages : sequence of str
        Whose versions matter, beside skrnn and torch.
    """
    asked = [name for name in sys.argv[1:] if not name.startswith("-")]
    unknown = set(asked) - set(subjects)
    if unknown:
        sys.exit(f"No subject {sorted(unknown)}; there are {sorted(subjects)}.")
    mode = "Quick run, which shows that the script works and proves nothing"
    lines = [
        f"# {title}",
        "",
        f"{mode if QUICK else 'Full run'}.",
        *textwrap.wrap(settings, 88),
        "",
        *textwrap.wrap(
            f"A difference of 1 is {unit}; below 0 the variant is better than what the "
            "package does now. The standard error is over tasks. Time is that of all "
            "fits, beside that of the present values.",
            88,
        ),
    ]
    first = next(iter(next(iter(subjects.values()))[1].values()))
    _loss_and_seconds(Variant("", {}), first, loss, 0)  # a warm-up
    done = {}  # by the identity of the tasks: most subjects share them
    for name in asked or subjects:
        variants, tasks = subjects[name]
        known = done.setdefault(id(tasks), {})
        part = ["", f"## {name}", "", f"{len(tasks)} tasks: {', '.join(tasks)}.", ""]
        part += _table(compare(variants, tasks, loss, seeds, known))
        print("\n".join(part), flush=True)
        lines += part
    lines += ["", machine("skrnn", "torch", *packages), ""]
    write(script, "\n".join(lines))


def _table(outcomes):
    yield "| instead | difference | standard error | better / worse / same | time |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for o in outcomes:
        error = "" if math.isnan(o.error) else f"{100 * o.error:.2f}"
        counts = f"{o.n_better} / {o.n_worse} / {o.n_same}"
        difference = f"{100 * o.difference:+.2f}"
        yield f"| {o.label} | {difference} | {error} | {counts} | {o.time:.2f} |"
