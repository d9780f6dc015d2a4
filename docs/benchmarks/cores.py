"""How fits and predictions scale with cores: measured on those there are, and on paper.

A GRU of 64 units over 48 steps. Milliseconds of a batch out of whole fits, and of a
prediction of 20,000 sequences, by the clock, with every power of two of threads that
the machine has cores for, beside the same network in a loop of raw torch. On paper is
what the kernels could gain at the most: a batch is cut into pieces that do not depend
on each other, by its size alone, and a thread takes whole pieces.

usage: python docs/benchmarks/cores.py [--quick]
(writes cores.md beside itself; a minute or two. On a machine with more cores it
measures more threads)
"""

import math
import os

import numpy as np
import torch
from _fits import Network, Task, raw_torch, skrnn
from _timing import QUICK, in_turns, machine, shown, with_threads, write

CELL, N_STEPS, N_FEATURES, HIDDEN = "gru", 48, 8, 64
BATCHES = [64, 256, 1024]
N_SAMPLES = 2048 if QUICK else 8192
N_PREDICTED = 2000 if QUICK else 20_000
ON_PAPER = [2, 4, 8, 16]
# Of kernels/native: sequences side by side in vectors, those of a piece at the most,
# and sums of gradients that pieces are added to.
GROUP, LARGEST_PIECE, MOST_SUMS = 16, 64, 16


def thread_counts():
    counts = [1]
    while 2 * counts[-1] <= os.cpu_count():
        counts.append(2 * counts[-1])
    return counts


def pieces(batch):
    """Pieces of a training batch that threads can work on at the same time."""
    size = math.ceil(math.ceil(batch / 2) / GROUP) * GROUP
    return min(math.ceil(batch / min(size, LARGEST_PIECE)), MOST_SUMS)


def gain_on_paper(n_pieces, n_threads):
    return n_pieces / math.ceil(n_pieces / n_threads)


def measured(jobs):
    """Seconds by tool and number of threads."""
    counts = thread_counts()
    variants = {
        (name, n): with_threads(job, n) for name, job in jobs.items() for n in counts
    }
    return in_turns(variants, 1 if QUICK else 5)


def predictions():
    task = Task(CELL, 64, N_STEPS, N_FEATURES, HIDDEN, 1, 8, 1)
    X = np.random.default_rng(0).normal(size=(N_PREDICTED, N_STEPS, N_FEATURES))
    X = X.astype(np.float32)
    model = skrnn(task, *task.data())()
    network, tensor = Network(task).eval(), torch.from_numpy(X)

    def by_torch():
        with torch.inference_mode():
            for part in tensor.split(512):
                network(part)

    return measured({"skrnn": lambda: model.predict(X), "raw torch": by_torch})


def rows():
    counts = thread_counts()
    of_counts = [f"{n} threads" if n > 1 else "1 thread" for n in counts]
    paper = [f"at most, {n}" for n in ON_PAPER]
    yield f"| what | tool | {' | '.join(of_counts)} | faster | {' | '.join(paper)} |"
    yield f"| --- | --- |{' ---: |' * (len(counts) + 1 + len(paper))}"
    for batch in BATCHES:
        task = Task(
            CELL,
            batch,
            N_STEPS,
            N_FEATURES,
            HIDDEN,
            1,
            N_SAMPLES // batch,
            1 if QUICK else 2,
        )
        found = measured(
            {
                "skrnn": skrnn(task, *task.data()),
                "raw torch": raw_torch(task, *task.data()),
            }
        )
        most = [gain_on_paper(pieces(batch), n) for n in ON_PAPER]
        yield from lines(f"a batch of {batch:,}", found, task.per_batch(1), most)
    # Predictions come in many pieces.
    yield from lines(f"{N_PREDICTED:,} predicted", predictions(), 1, ON_PAPER)


def lines(what, found, share, most):
    for tool in ("skrnn", "raw torch"):
        times = [1000 * share * found[tool, n] for n in thread_counts()]
        cells = [f"{value:.2f}" for value in times] + [f"{times[0] / times[-1]:.2f}"]
        cells += [f"{value:.1f}" if tool == "skrnn" else "" for value in most]
        yield f"| {what} | {tool} | {' | '.join(cells)} |"


def main():
    table = shown(rows())
    write(
        __file__,
        f"""# More cores

A GRU of {HIDDEN} units over {N_STEPS} steps of {N_FEATURES} features. Milliseconds of a
batch out of whole fits, and of predictions, by the clock; "faster" compares the most
threads with one. "At most" is what so many threads could gain by the number of pieces
that a batch is cut into: as many as {GROUP} sequences make, of up to
{LARGEST_PIECE} sequences, and two for a small batch, since its pieces would be too
narrow for the vectors of the processor. What is measured is for the cores of this
machine; nothing is claimed of more.

{table}

{machine("torch")}. Made by `cores.py`.
""",
    )


if __name__ == "__main__":
    main()
