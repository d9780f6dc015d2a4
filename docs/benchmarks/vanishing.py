"""Time of training where gradients vanish: denormal numbers, and who minds them.

Over a long sequence the gradients of the first steps become denormal numbers, which
slow many CPUs down by an order of magnitude. skrnn flushes them to zero while it
trains.

usage: python docs/benchmarks/vanishing.py [--quick]
(writes vanishing.md beside itself; two minutes)
"""

from concurrent.futures import ThreadPoolExecutor

import _fits
import torch
from _fits import Task
from _timing import (
    QUICK,
    REPEATS,
    THREADS,
    in_turns,
    machine,
    seconds,
    shown,
    with_threads,
    write,
)

VANISHING = (128, 50, 4, 64, 2, 2) if QUICK else (128, 200, 4, 256, 2, 2)
VANISHING_CELLS = ("lstm", "gru")


def flushed(job):
    """The job in a new thread that flushes denormal numbers, as its helpers then do."""

    def start():
        torch.set_num_threads(THREADS[-1])
        torch.set_flush_denormal(True)

    def run():
        with ThreadPoolExecutor(1, initializer=start) as pool:
            pool.submit(job).result()

    return run


def vanishing_table():
    yield (
        "| cell | skrnn | skorch, denormal numbers flushed | skorch as it comes "
        "| as it comes / skrnn |"
    )
    yield "| --- | ---: | ---: | ---: | ---: |"
    for cell in VANISHING_CELLS:
        task = Task(cell, *VANISHING, 1)
        x, y = task.data()
        theirs = _fits.skorch(task, x, y)
        jobs = {
            "skrnn": with_threads(_fits.skrnn(task, x, y), THREADS[-1]),
            "flushed": flushed(theirs),
        }
        times = in_turns(jobs)
        # Once, and without a warm-up: it takes many times as long.
        times["skorch"] = seconds(with_threads(theirs, THREADS[-1]))
        ours, fast, slow = (1000 * task.per_batch(value) for value in times.values())
        yield (
            f"| {cell.upper()} | {ours:.0f} | {fast:.0f} | {slow:.0f} "
            f"| {slow / ours:.1f} |"
        )


def main():
    lines = shown(vanishing_table())
    batch, steps, features, hidden, layers, n_batches = VANISHING
    text = f"""# Gradients that vanish

Milliseconds for a batch of {batch} sequences of {steps} steps, {features} features,
{layers} layers of {hidden}, {n_batches} batches a fit, {THREADS[-1]} threads. Gradients
become denormal numbers on their way to the first steps. skrnn flushes those to zero
while it trains, which torch can be told to do (`torch.set_flush_denormal`). Median of
{REPEATS} fits after a warm-up; of skorch as it comes, one fit. What they cost
depends on the processor: there are some on which they cost nothing.

{lines}

{machine("torch", "skorch")}. Made by `vanishing.py`.
"""
    write(__file__, text)


if __name__ == "__main__":
    main()
