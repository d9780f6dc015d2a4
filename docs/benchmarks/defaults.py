"""What the defaults are made of: a drawing, what "auto" is by the number of samples,
and what each part adds, for the page of the guide that tells of them.

The numbers of samples are asked of the package itself; what the parts add comes from
the tables that accuracy.py and classification.py wrote.

usage: python docs/benchmarks/defaults.py (writes defaults.png into docs/images, and
defaults_*.csv into docs/guide; a second)
"""

import csv
from pathlib import Path

import matplotlib
import numpy as np

from skrnn import RNNClassifier, RNNRegressor
from skrnn._ensemble.settings import Settings
from skrnn._sequences.sources import as_source
from skrnn.plotting import PALETTE

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

HERE = Path(__file__).parent
GUIDE, IMAGES = HERE.parent / "guide", HERE.parent / "images"
SIZES = (100, 1_000, 2_000, 5_000, 10_000, 20_000, 100_000)
NETWORKS, OTHER, FLOW = PALETTE["blue"], "0.55", "0.3"
KINDS = {"regressor": RNNRegressor, "classifier": RNNClassifier}
TABLES = {"regressor": "accuracy.md", "classifier": "classification.md"}
# Columns of those tables that the page tells of, and how it calls them.
COLUMNS = {
    "regressor": {
        "skrnn": "default: ridge and networks",
        "ridge": "ridge of scikit-learn on all steps",
        "networks alone": 'networks alone, ``parts="networks"``',
        "one network": 'one network, ``parts="network"``',
    },
    "classifier": {
        "skrnn": "default: networks and convolutions",
        "MiniRocket": "MiniRocket of sktime",
        "networks alone": 'networks alone, ``parts="networks"``',
        "one network": 'one network, ``parts="network"``',
        "plain LSTM": "one LSTM, read at its last state",
    },
}
FIGURES = {
    "regressor": ("geometric mean", "mean rank", "CPU seconds to fit, median"),
    "classifier": ("mean", "mean rank", "CPU seconds to fit, median"),
}


def decided(kind, n_samples, n_steps=24):
    """What a default estimator decides for so many windows of one feature."""
    X = np.broadcast_to(np.float32(0), (n_samples, n_steps, 1))
    settings = Settings.decide(
        KINDS[kind]().get_params(),
        as_source(X),
        is_classification=kind == "classifier",
    )
    return {"networks": settings.ensemble.n_networks} | settings.decided


def rows_of_auto(kind):
    """Rows of a table: what each parameter is, a column a number of samples."""
    found = [decided(kind, n) for n in SIZES]
    yield ["samples", *(f"{n:,}" for n in SIZES)]
    for name in found[0]:
        if name != "device":
            yield [_readable(name), *(_told(one[name]) for one in found)]


def _readable(name):
    return name if name == "networks" else f"``{name}``"


def _told(value):
    return f"{value:.3g}" if isinstance(value, float) else f"{value}"


def rows_of_parts(kind):
    """Rows of a table: how good each part is by itself, from a benchmark's."""
    lines = (HERE / TABLES[kind]).read_text().splitlines()
    cells = [[c.strip(" *") for c in x.split("|")[1:-1]] for x in lines if "|" in x]
    # The last table is that of tasks which the defaults were not chosen on.
    start = max(i for i, row in enumerate(cells) if "skrnn" in row)
    columns = {name: cells[start].index(name) for name in COLUMNS[kind]}
    figures = {row[0]: row for row in cells[start + 1 :]}
    yield ["model", *FIGURES[kind]]
    for name, told in COLUMNS[kind].items():
        yield [told, *(figures[f][columns[name]] for f in FIGURES[kind])]


def draw(path):
    """Draw how the parts of both estimators belong together."""
    figure, panels = plt.subplots(2, 1, figsize=(9, 4.6), layout="constrained")
    draw_flow(
        panels[0],
        "RNNRegressor()",
        "windows X",
        [
            ("ridge regression on all steps", OTHER),
            ("GRUs that read step by step", NETWORKS),
            ("GRUs that read six steps at a time", NETWORKS),
        ],
        ("+", "the networks learn\nwhat the ridge leaves"),
        "prediction",
    )
    draw_flow(
        panels[1],
        "RNNClassifier()",
        "sequences X",
        [
            ("GRUs, their outputs averaged", NETWORKS),
            ("random convolutions (MultiRocket), ridge", OTHER),
            ("competing convolutions (Hydra), ridge", OTHER),
        ],
        ("Σ", "weighted by what each predicts\nof samples it has not seen"),
        "probabilities",
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def draw_flow(axes, title, source, parts, joined, end):
    """Draw one estimator: its input, its parts beneath each other, what joins them."""
    axes.set(xlim=(0, 10), ylim=(-0.2, 3.1))
    axes.axis("off")
    axes.set_title(title, loc="left", family="monospace")
    places = [2.5, 1.5, 0.5]
    box = {"boxstyle": "round,pad=0.45", "facecolor": "white"}
    axes.text(0.7, 1.5, source, ha="center", va="center", bbox=box)
    for (name, color), place in zip(parts, places, strict=True):
        axes.add_patch(
            FancyBboxPatch(
                (2.3, place - 0.25), 3.9, 0.5, boxstyle="round,pad=0.05", color=color
            )
        )
        axes.text(4.25, place, name, ha="center", va="center", color="white")
        _arrow(axes, (1.4, 1.5), (2.2, place))
        _arrow(axes, (6.3, place), (7.25, 1.5))
    sign, words = joined
    axes.text(7.45, 1.5, sign, ha="center", va="center", size=15)
    axes.text(7.45, 0.1, words, ha="center", va="bottom", size=8, color=FLOW)
    _arrow(axes, (7.7, 1.5), (8.4, 1.5))
    axes.text(9.15, 1.5, end, ha="center", va="center", bbox=box)


def _arrow(axes, start, end):
    look = {"arrowstyle": "->", "color": FLOW, "lw": 1}
    axes.annotate("", end, start, arrowprops=look)


def main():
    for kind in KINDS:
        for name, rows in (
            ("auto", rows_of_auto(kind)),
            ("parts", rows_of_parts(kind)),
        ):
            path = GUIDE / f"defaults_{kind}_{name}.csv"
            with path.open("w", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(rows)
            print(path.read_text())
    draw(IMAGES / "defaults.png")


if __name__ == "__main__":
    main()
