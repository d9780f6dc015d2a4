"""Is skrnn anywhere slower than the raw torch loop? A sweep over sizes.

Whole fits of one layer with two features, at every combination of cell, hidden size,
steps and batch: the time of skrnn's fit divided by that of the raw torch loop (fused
Adam), each with the number of torch threads that is best for it. A fit gets so many
batches that it takes long enough to be timed, and is repeated where that is cheap.
Left out is where a batch would take the loop too long, judged by the next smaller one.

usage: python docs/benchmarks/sweep.py [--quick]
(writes sweep.md and sweep.png beside itself; ten minutes)
"""

import itertools
import math

import _fits
import matplotlib
import numpy as np
from _fits import CELLS, Task
from _timing import (
    QUICK,
    THREADS,
    beside,
    in_turns,
    machine,
    seconds,
    shown,
    with_threads,
    write,
)

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.colors import TwoSlopeNorm

HIDDEN = (8, 128) if QUICK else (8, 32, 128, 256, 512)
STEPS = (5, 50) if QUICK else (5, 50, 1000)
BATCH = (1, 32, 256)
N_FEATURES = 2
LONGEST = 1.0  # seconds of a batch in the loop
AIM = 0.15  # seconds of a fit
MOST_BATCHES = 800
EPOCHS = 4
TOOLS = {"skrnn": _fits.skrnn, "torch": _fits.raw_torch}


def jobs(task, tools, threads):
    x, y = task.data()
    return {
        (tool, n): with_threads(TOOLS[tool](task, x, y), n)
        for tool in tools
        for n in threads
    }


def best(times, tool):
    return min(value for (name, _), value in times.items() if name == tool)


def compare(task, threads):
    """Ratio of a whole fit, and seconds that a batch takes the loop."""
    trial = {key: seconds(job) for key, job in jobs(task, ["torch"], threads).items()}
    n = min(MOST_BATCHES, math.ceil(AIM / best(trial, "torch")))
    epochs = min(EPOCHS, n)
    task = task._replace(batches=math.ceil(n / epochs), epochs=epochs)
    slow = best(trial, "torch") > 1
    repeats = 1 if slow or QUICK else 3
    times = in_turns(jobs(task, TOOLS, threads), repeats, warm_up=not slow)
    torch_seconds = best(times, "torch")
    return best(times, "skrnn") / torch_seconds, task.per_batch(torch_seconds)


def row(cell, hidden, steps):
    """Ratios by batch; None where that would take too long."""
    ratios = {}
    expected = 0.0
    for batch, larger in itertools.pairwise((*BATCH, BATCH[-1])):
        ratios[batch] = None
        if expected < LONGEST:
            # Long fits are better with all threads.
            threads = THREADS if expected < 1 else THREADS[-1:]
            task = Task(cell, batch, steps, N_FEATURES, hidden, 1, 1, 1)
            ratios[batch], used = compare(task, threads)
            expected = used * larger / batch
    return ratios


def table(results):
    """Yield the lines; keep what was measured."""
    yield f"| cell | hidden | steps | {' | '.join(f'batch {n:,}' for n in BATCH)} |"
    yield f"| --- | ---: | ---: |{' ---: |' * len(BATCH)}"
    for cell, hidden, steps in itertools.product(CELLS, HIDDEN, STEPS):
        ratios = results[cell, hidden, steps] = row(cell, hidden, steps)
        cells = ("" if r is None else f"{r:.2f}" for r in ratios.values())
        yield f"| {cell.upper()} | {hidden} | {steps:,} | {' | '.join(cells)} |"


def draw(results, path):
    figure, panels = plt.subplots(
        1, len(CELLS), figsize=(10, 5.6), sharey=True, layout="constrained"
    )
    sizes = list(itertools.product(HIDDEN, STEPS))
    for axes, cell in zip(panels, CELLS, strict=True):
        rows = [list(results[cell, *size].values()) for size in sizes]
        ratios = np.array(rows, dtype=float)  # None becomes NaN
        axes.set_facecolor("0.9")
        image = axes.imshow(
            np.log2(ratios),
            cmap="RdBu_r",
            norm=TwoSlopeNorm(0, vmin=-3, vmax=3),
            aspect="auto",
        )
        for (i, j), ratio in np.ndenumerate(ratios):
            if np.isfinite(ratio):
                colour = "white" if abs(np.log2(ratio)) > 1.9 else "black"
                axes.text(
                    j,
                    i,
                    f"{ratio:.2f}",
                    ha="center",
                    va="center",
                    color=colour,
                    fontsize=8,
                )
        for i in range(len(STEPS), len(sizes), len(STEPS)):
            axes.axhline(i - 0.5, color="white", linewidth=2)
        axes.set_xticks(range(len(BATCH)), [f"{n:,}" for n in BATCH])
        axes.set_xlabel("batch")
        axes.set_title(cell.upper(), loc="left")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    labels = [f"hidden {hidden}, {steps:,} steps" for hidden, steps in sizes]
    panels[0].set_yticks(range(len(sizes)), labels)
    bar = figure.colorbar(image, ax=panels, shrink=0.6, ticks=[-3, -2, -1, 0, 1, 2, 3])
    bar.ax.set_yticklabels(["1/8", "1/4", "1/2", "1", "2", "4", "8"])
    bar.set_label("time of a fit, raw torch loop = 1")
    bar.outline.set_visible(False)
    figure.savefig(path, dpi=150)


def main():
    results = {}
    ratios = shown(table(results))
    picture = beside(__file__, ".png")
    draw(results, picture)
    flat = [
        (ratio, cell, hidden, steps, batch)
        for (cell, hidden, steps), by_batch in results.items()
        for batch, ratio in by_batch.items()
        if ratio is not None
    ]
    largest, cell, hidden, steps, batch = max(flat)
    n_slower = sum(ratio > 1 for ratio, *_ in flat)
    text = f"""# Training at many sizes

Time of a whole fit of skrnn divided by that of the raw torch loop: one layer,
{N_FEATURES} features, Adam. Median of up to 5 fits in turns, one where a batch takes
seconds; each with the better of {THREADS[0]} and {THREADS[-1]} torch threads. Left out
is where a batch would take the loop more than {LONGEST:g} seconds.

Of {len(flat)} sizes skrnn is slower at {n_slower}. The largest ratio is {largest:.2f}
({cell.upper()}, hidden {hidden}, {steps:,} steps, batch {batch:,}), the median
{np.median([ratio for ratio, *_ in flat]):.2f}.

![Ratios as a heat map]({picture.name})

{ratios}

{machine("torch")}. Made by `sweep.py`.
"""
    write(__file__, text)


if __name__ == "__main__":
    main()
