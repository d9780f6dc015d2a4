"""Time of whole fits: skrnn beside a raw torch loop, skorch, Keras and others.

The same network, data, batches and epochs for all: a recurrent stack, the last state, a
linear layer, squared error and Adam, no clipping, no early stopping. Whole fits are
timed, after one warm-up, in turns, so that all see the same machine; the tables give
medians, each tool with the number of torch threads that is best for it. The raw loop
has its data in two tensors and torch's fused Adam. Keras keeps its compiled model: its
fits go on from each other, and compiling is not in the time.

Further tables:

- Tools that do not train this very network: on one series, as near to equal as their
  parameters allow.
- What of the machine's peak of matrix products the fits of large networks achieve.

usage: python docs/benchmarks/training_speed.py [--quick]
(writes training_speed.md and training_speed.png beside itself; a quarter of an hour.
Keras with JAX, darts and neuralforecast are left out where they are not installed.)
"""

import _fits
import matplotlib
import numpy as np
from _fits import CELLS, Task
from _timing import (
    QUICK,
    REPEATS,
    THREADS,
    beside,
    best_of_threads,
    machine,
    sgemm_peak,
    shown,
    write,
)

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from skrnn.plotting import PALETTE

EPOCHS = 1 if QUICK else 4
# batch, steps, features, hidden, layers, batches in an epoch
SIZES = [
    (32, 24, 1, 32, 1, 125),
    (64, 48, 1, 64, 1, 50),
    (128, 28, 28, 50, 3, 20),
    (128, 96, 7, 128, 1, 5),
]
SERIES = (32, 24, 1, 32, 1, 250)
SERIES_EPOCHS = 1 if QUICK else 2
LARGE = [
    (128, 96, 7, 128, 1, 5),
    (256, 100, 8, 128, 1, 3),
    (128, 96, 7, 256, 1, 3),
    (128, 96, 7, 512, 1, 1),
    (128, 200, 4, 256, 2, 1),
]
SIZE_WORDS = "batch, steps, features, hidden, layers"
COLOURS = {
    "skrnn": PALETTE["blue"],
    "raw torch": "#555555",
    "skorch": "#999999",
    "Keras on JAX": "#c9a66b",
}


# -- the same network ------------------------------------------------------------------


def measure():
    """Yield each task with the seconds of a batch, by tool."""
    tools = {"skrnn": _fits.skrnn, **_fits.peers()}
    for cell in CELLS:
        for size in SIZES:
            task = Task(cell, *size, EPOCHS)
            x, y = task.data()
            jobs = {name: tool(task, x, y) for name, tool in tools.items()}
            best = best_of_threads(jobs)
            yield task, {name: task.per_batch(value) for name, value in best.items()}


def best_peer(times):
    return min((value, name) for name, value in times.items() if name != "skrnn")


def table(results):
    """Yield the lines; keep what was measured."""
    names = ["skrnn", *_fits.peers()]
    yield f"| cell | {SIZE_WORDS} | {' | '.join(names)} | best peer | ratio to it |"
    yield f"| --- | --- |{' ---: |' * len(names)} --- | ---: |"
    for task, times in measure():
        results.append((task, times))
        peer, name = best_peer(times)
        shown_times = " | ".join(f"{1000 * times[name]:.2f}" for name in names)
        yield (
            f"| {task.cell.upper()} | {task.size} | {shown_times} | {name} "
            f"| {times['skrnn'] / peer:.2f} |"
        )


def draw(results, path):
    names = list(results[0][1])
    figure, panels = plt.subplots(
        1, len(CELLS), figsize=(11, 3.6), sharey=True, layout="constrained"
    )
    width = 0.8 / len(names)
    for axes, cell in zip(panels, CELLS, strict=True):
        mine = [(task, times) for task, times in results if task.cell == cell]
        for i, name in enumerate(names):
            ratios = [times[name] / best_peer(times)[0] for _, times in mine]
            places = np.arange(len(mine)) + (i - (len(names) - 1) / 2) * width
            axes.bar(places, ratios, width, color=COLOURS[name], label=name)
            if name == "skrnn":
                for place, ratio in zip(places, ratios, strict=True):
                    # Flush right: to the left there is room.
                    axes.text(
                        place + width / 2,
                        ratio,
                        f"{ratio:.2f}",
                        ha="right",
                        va="bottom",
                        fontsize=8,
                        color=COLOURS[name],
                    )
        axes.axhline(1, color="0.3", linewidth=0.8, linestyle=":", zorder=0)
        labels = [
            f"{t.batch}, {t.steps}, {t.features},\n{t.hidden}, {t.layers}"
            for t, _ in mine
        ]
        axes.set_xticks(np.arange(len(mine)), labels, fontsize=8)
        axes.set_title(cell.upper(), loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(axis="x", length=0)
    panels[0].set_ylabel("time of a fit, best peer = 1")
    figure.supxlabel(SIZE_WORDS, fontsize=9)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper right", ncols=len(names), frameon=False
    )
    figure.savefig(path, dpi=150)


# -- other tools -----------------------------------------------------------------------


def series_table():
    tools = {"skrnn": _fits.skrnn_series, **_fits.series_peers()}
    yield f"| cell | {' | '.join(tools)} | scikit-learn's MLPRegressor |"
    yield f"| --- |{' ---: |' * (len(tools) + 1)}"
    for cell in CELLS:
        task = Task(cell, *SERIES, SERIES_EPOCHS)
        values = _fits.series(task)
        jobs = {name: tool(task, values) for name, tool in tools.items()}
        jobs["MLP"] = _fits.multilayer_perceptron(task, values)
        best = best_of_threads(jobs)
        cells = (
            f"{value:.2f} ({value / best['skrnn']:.1f})" for value in best.values()
        )
        yield f"| {cell.upper()} | {' | '.join(cells)} |"


# -- of the peak -----------------------------------------------------------------------


def peak_table():
    yield f"| cell | {SIZE_WORDS} | ms a batch | GFLOP/s | of the sgemm peak |"
    yield "| --- | --- | ---: | ---: | ---: |"
    for cell in CELLS:
        for size in LARGE[:1] if QUICK else LARGE:
            task = Task(cell, *size, EPOCHS)
            before = sgemm_peak()
            used = best_of_threads({"skrnn": _fits.skrnn(task, *task.data())})["skrnn"]
            peak = max(before, sgemm_peak())
            achieved = task.flops() / task.per_batch(used) / 1e9
            yield (
                f"| {cell.upper()} | {task.size} | {1000 * task.per_batch(used):.1f} "
                f"| {achieved:.0f} | {100 * achieved / peak:.0f} % of {peak:.0f} |"
            )


def main():
    results = []
    same = shown(table(results))
    picture = beside(__file__, ".png")
    draw(results, picture)
    of_peak = shown(peak_table())
    series = shown(series_table())
    missing = {"Keras on JAX", "darts", "neuralforecast"}
    missing -= {*_fits.peers(), *_fits.series_peers()}
    left_out = f" Not installed here: {', '.join(sorted(missing))}." if missing else ""
    versions = machine(
        "torch", "skorch", "keras", "jax", "scikit-learn", "darts", "neuralforecast"
    )
    text = f"""# Time of training

Milliseconds for a batch, out of whole fits of {EPOCHS} epochs. The same network, data,
batches and epochs for all; median of {REPEATS} fits after a warm-up, in turns, each
tool with the better of {THREADS[0]} and {THREADS[-1]} torch threads. Compiling is not
in Keras's time.

{same}

![Time of a fit, by tool and size]({picture.name})

## Other tools

Seconds for a whole fit of {SERIES_EPOCHS} epochs on one series with
{SERIES[0] * SERIES[-1]:,} windows of {SERIES[1]} steps, hidden size {SERIES[3]},
batches of {SERIES[0]}, and in brackets the ratio to skrnn. darts and neuralforecast
train nearly the same network; scikit-learn's MLP, with one hidden layer of the same
size, reads the flattened windows.

{series}

## Of the peak

What whole fits of skrnn achieve, counting the matrix products of outputs and gradients
alone, beside the fastest product of two 2048 x 2048 matrices (`torch.mm`, float32,
{THREADS[-1]} threads) just before and after.

{of_peak}

{versions}. Made by `training_speed.py`.{left_out}
"""
    write(__file__, text)


if __name__ == "__main__":
    main()
