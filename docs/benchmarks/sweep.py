"""Is skrnn anywhere slower than the raw torch loop? A sweep over sizes.

One layer with two features, at every combination of cell, hidden size, steps and batch:
the CPU time that skrnn takes for a batch divided by that of the raw torch loop (with
its fused Adam), both with one thread, so that it matters little what else a machine
does (cores.md has more threads). The time of a batch is the difference between fits of
several epochs and of one, each the shortest of several in turns, so that neither start
nor end counts, nor what a neighbour takes of a cache. A fit gets so many batches that
it takes long enough to be timed. Left out is where a batch would take the loop too
long, judged by the next smaller one.

usage: python docs/benchmarks/sweep.py [--quick] [CELL,HIDDEN,STEPS ...]
(writes sweep.md and sweep.png beside itself; half an hour. Named as
lstm,512,4 the sizes are printed alone)
"""

import gc
import itertools
import math
import sys
import time

import _fits
import matplotlib
import numpy as np
import torch
from _fits import CELLS, Task
from _timing import QUICK, beside, machine, seconds, shown, write

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.colors import TwoSlopeNorm

HIDDEN = (8, 128) if QUICK else (8, 32, 128, 512, 1024)
STEPS = (4, 50) if QUICK else (4, 50, 400, 2000)
BATCH = (1, 8, 32, 256, 4096)
N_FEATURES = 2
LONGEST = 1.0  # seconds of a batch in the loop
# By so much less than in proportion to its samples a batch may take longer.
OVERRATED = 4
AIM = 0.1  # seconds of the epochs after the first
MOST_BATCHES = 200  # in an epoch
EPOCHS = 4
REPEATS = 1 if QUICK else 4
TOOLS = {"skrnn": _fits.skrnn, "torch": _fits.raw_torch}


def of_batches(task, tools, repeats):
    """CPU seconds that each tool takes for a batch, by the epochs after the first."""
    data, shortest = task.data(), {}
    fits = {
        (tool, n): TOOLS[tool](task._replace(epochs=n), *data)
        for tool in tools
        for n in (1, task.epochs)
    }
    for _ in range(repeats):
        for key, fit in fits.items():
            used = seconds(fit, time.process_time)
            shortest[key] = min(used, shortest.get(key, used))
    n_batches = task.batches * (task.epochs - 1)
    return [(shortest[t, task.epochs] - shortest[t, 1]) / n_batches for t in tools]


def compare(task):
    """Ratio of the times of a batch, or None; seconds that it takes the loop."""
    trial = task._replace(epochs=2, batches=1)
    (expected,) = of_batches(trial, ["torch"], 1)
    if expected > LONGEST:
        return None, expected
    batches = math.ceil(AIM / max(expected, 1e-5) / (EPOCHS - 1))
    task = task._replace(batches=min(batches, MOST_BATCHES), epochs=EPOCHS)
    skrnn, loop = of_batches(task, TOOLS, REPEATS)
    return skrnn / loop, loop


def row(cell, hidden, steps, expected):
    """Ratios by batch, None where that would take too long; seconds of the first."""
    ratios, first = dict.fromkeys(BATCH), expected
    for batch, larger in itertools.pairwise((*BATCH, BATCH[-1])):
        if expected < LONGEST * OVERRATED:
            task = Task(cell, batch, steps, N_FEATURES, hidden, 1, 1, 1)
            ratios[batch], used = compare(task)
            first = used if batch == BATCH[0] else first
            expected = used * larger / batch
        else:
            break
    return ratios, first


def table(results, sizes):
    """Yield the lines; keep what was measured."""
    yield f"| cell | hidden | steps | {' | '.join(f'batch {n:,}' for n in BATCH)} |"
    yield f"| --- | ---: | ---: |{' ---: |' * len(BATCH)}"
    of_step = {}  # seconds of one of the loop, where fewer steps were measured
    for cell, hidden, steps in sizes:
        expected = steps * of_step.get((cell, hidden), 0.0)
        ratios, used = row(cell, hidden, steps, expected)
        of_step[cell, hidden] = used / steps
        results[cell, hidden, steps] = ratios
        cells = ("" if r is None else f"{r:.2f}" for r in ratios.values())
        yield f"| {cell.upper()} | {hidden} | {steps:,} | {' | '.join(cells)} |"


def draw(results, path):
    figure, panels = plt.subplots(
        1, len(CELLS), figsize=(11, 6.2), sharey=True, layout="constrained"
    )
    sizes = list(itertools.product(HIDDEN, STEPS))
    for axes, cell in zip(panels, CELLS, strict=True):
        rows = [list(results[cell, *size].values()) for size in sizes]
        ratios = np.array(rows, dtype=float)  # None becomes NaN
        # A difference of times may be below nothing.
        colours = np.log2(np.maximum(ratios, 0.01))
        axes.set_facecolor("0.9")
        image = axes.imshow(
            colours,
            cmap="RdBu_r",
            norm=TwoSlopeNorm(0, vmin=-3, vmax=3),
            aspect="auto",
        )
        for (i, j), ratio in np.ndenumerate(ratios):
            if np.isfinite(ratio):
                colour = "white" if abs(colours[i, j]) > 1.9 else "black"
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
    bar.set_label("CPU time of a batch, raw torch loop = 1")
    bar.outline.set_visible(False)
    figure.savefig(path, dpi=150)


def main():
    torch.set_num_threads(1)
    named = [word.split(",") for word in sys.argv[1:] if "," in word]
    sizes = [(cell, int(hidden), int(steps)) for cell, hidden, steps in named]
    for cell, tool in itertools.product(CELLS, TOOLS):  # what is done once a process
        task = Task(cell, 1, 4, N_FEATURES, 8, 1, 1, 1)
        TOOLS[tool](task, *task.data())()
    gc.freeze()  # or each timing would begin with a look at all that was imported
    results = {}
    every = itertools.product(CELLS, HIDDEN, STEPS)
    ratios = shown(table(results, sizes or every))
    if sizes:
        return
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

CPU time of a batch of skrnn divided by that of the raw torch loop: one layer,
{N_FEATURES} features, Adam; by the difference between fits of several epochs and of
one, each the shortest of {REPEATS} in turns; both with one thread. Left out is where a
batch would take the loop more than {LONGEST:g} seconds. Differences between fits waver:
below 0.05 a ratio says that skrnn takes next to nothing beside the loop, and no more.

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
