"""A neuron's functions, and a recurrent network unrolled: pictures without a run.

usage: python docs/tutorial/figures/neuron.py
"""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from _figure import COLOURS, draw
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from skrnn.plotting import PALETTE

FUNCTIONS = {
    "sigmoid": (
        lambda a: 1 / (1 + np.exp(-a)),
        lambda a: np.exp(-a) / (1 + np.exp(-a)) ** 2,
    ),
    "tanh": (np.tanh, lambda a: 1 - np.tanh(a) ** 2),
    "relu": (lambda a: np.maximum(a, 0), lambda a: (a > 0).astype(float)),
}


def activations(say):
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3.2))
    a = np.linspace(-4, 4, 801)
    dashes = ("-", "--", "-.")
    for (name, (function, slope)), colour, dash in zip(
        FUNCTIONS.items(), COLOURS, dashes, strict=False
    ):
        left.plot(a, function(a), color=colour, linestyle=dash, label=name)
        right.plot(a, slope(a), color=colour, linestyle=dash, label=name)
    left.set(title=say("Activation"), ylim=(-1.2, 2.2), xlabel="$a$")
    right.set(title=say("Its derivative"), ylim=(-0.05, 1.15), xlabel="$a$")
    left.legend(loc="upper left")
    right.axhline(0.25, color="0.75", linewidth=0.8, zorder=0)
    right.text(-3.9, 0.27, say("at most 1/4"), color="0.35", size=9)
    return figure


def box(axes, x, y, text, colour, *, width=1.0, height=0.62):
    """A rounded box around a text; returns its middle."""
    patch = FancyBboxPatch(
        (x - width / 2, y - height / 2),
        width,
        height,
        boxstyle="round,pad=0.02,rounding_size=0.12",
        facecolor=colour,
        edgecolor="0.25",
        linewidth=1,
    )
    axes.add_patch(patch)
    axes.text(x, y, text, ha="center", va="center", size=11)


def arrow(axes, start, end, text="", *, bend=0.0, shift=(0.08, 0), colour="0.2"):
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=11,
            color=colour,
            linewidth=1.3,
            connectionstyle=f"arc3,rad={bend}",
            shrinkA=0,
            shrinkB=0,
        )
    )
    if text:
        x, y = (np.add(start, end) / 2) + shift
        axes.text(x, y, text, color=colour, size=10, va="center")


INPUT, STATE, OUTPUT = "#d7e8f5", "#fbe3b0", "#d3eee2"


def column(axes, x, step, *, with_output=True):
    """One step of the unrolled network: input, state and output."""
    box(axes, x, 0, f"$x_{{{step}}}$", INPUT)
    box(axes, x, 1.5, f"$h_{{{step}}}$", STATE)
    arrow(axes, (x, 0.36), (x, 1.14), "$W_x$")
    if with_output:
        box(axes, x, 3, f"$o_{{{step}}}$", OUTPUT)
        arrow(axes, (x, 1.86), (x, 2.64), "$W_y$")


def unrolled(say):
    figure, axes = plt.subplots(figsize=(9.2, 3.0))
    column(axes, 0, "t")
    # The loop of the folded network.
    arrow(axes, (0.55, 1.35), (0.55, 1.68), bend=1.9)
    axes.text(1.12, 1.5, "$W_h$", size=10, va="center")
    axes.text(0, 3.62, say("as it is defined"), ha="center", size=10)
    axes.text(1.95, 1.5, "=", size=20, ha="center", va="center")
    places = (4.7, 6.6, 8.5, 10.4)
    box(axes, 2.75, 1.5, "$h_0 = 0$", "white", width=0.85)
    for step, x in enumerate(places, 1):
        column(axes, x, step)
    for start, end in zip((2.83, *places[:-1]), places, strict=True):
        arrow(axes, (start + 0.54, 1.5), (end - 0.54, 1.5))
        axes.text((start + end) / 2, 1.68, "$W_h$", size=10, ha="center")
    axes.text(7.55, 3.62, say("unrolled over 4 steps"), ha="center", size=10)
    notes = (
        (0, say("input, $F$ numbers")),
        (1.5, say("state, $H$ numbers")),
        (3, say("output, $K$ numbers")),
    )
    for y, text in notes:
        axes.text(11.12, y, text, size=10, va="center", color="0.3")
    axes.set(xlim=(-0.9, 13.6), ylim=(-0.45, 3.9), aspect="equal")
    axes.axis("off")
    return figure


def back_in_time(say):
    """The same, with the way of the gradient back, and where truncation cuts it."""
    figure, axes = plt.subplots(figsize=(9.2, 3.3))
    red = PALETTE["red"]
    places = np.arange(5) * 2.1
    for step, x in enumerate(places, 1):
        column(axes, x, step, with_output=False)
    for start, end in pairwise(places):
        arrow(axes, (start + 0.54, 1.62), (end - 0.54, 1.62))
        arrow(axes, (end - 0.54, 1.36), (start + 0.54, 1.36), colour=red)
    x = places[-1]
    box(axes, x, 3, "$E$", OUTPUT)
    arrow(axes, (x - 0.1, 1.86), (x - 0.1, 2.64))
    arrow(axes, (x + 0.1, 2.64), (x + 0.1, 1.86), colour=red)
    axes.text(x + 0.25, 2.25, r"$\partial E/\partial h_5$", color=red, size=10)
    for start, end in pairwise(places):
        axes.text(
            (start + end) / 2, 1.1, r"$\times J$", color=red, size=10, ha="center"
        )
    cut = (places[1] + places[2]) / 2
    axes.plot([cut, cut], [-0.4, 2.55], color="0.5", linestyle=":", linewidth=1.2)
    axes.text(cut, 2.65, say("tbptt_steps=3 stops here"), ha="center", size=10)
    axes.text(-0.5, 3.1, say("black: forwards"), size=10)
    axes.text(-0.5, 2.7, say("red: the gradient, backwards"), size=10, color=red)
    axes.set(xlim=(-0.6, 10.4), ylim=(-0.45, 3.4), aspect="equal")
    axes.axis("off")
    return figure


def main():
    draw("activations", activations)
    draw("unrolled", unrolled)
    draw("back_in_time", back_in_time)


if __name__ == "__main__":
    main()
