"""
What does a window see?
=======================

:class:`~skrnn.SlidingWindow` gives every row the window of rows that leads up to it.
Which rows those are depends on ``window_length``, ``horizon``, on the columns that are
``known`` ahead, and on the history that was remembered at ``fit``. Here the windows
draw themselves: each cell of the table holds the number of its row, so that a window
tells what it has read.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skrnn import SlidingWindow
from skrnn.plotting import PALETTE

days = pd.date_range("2026-03-01", periods=12, freq="D")
number = np.arange(12.0)
table = pd.DataFrame({"sales": number, "price": number}, index=days)
COLOURS = {"sales": PALETTE["blue"], "price": PALETTE["orange"]}


def draw(axes, window, row, title):
    """Fill the cells that one window (steps, columns) has read for one row."""
    for line, name in enumerate(table):
        read = set(window[:, line][~np.isnan(window[:, line])])
        for cell in range(12):
            seen = cell in read
            axes.add_patch(
                plt.Rectangle(
                    (cell + 0.05, -line - 0.9),
                    0.9,
                    0.8,
                    facecolor=COLOURS[name] if seen else "0.93",
                    edgecolor="k" if cell == row else "none",
                    lw=1.6,
                )
            )
    axes.annotate(
        "predicted",
        (row + 0.5, 0),
        (row + 0.5, 0.55),
        ha="center",
        arrowprops={"arrowstyle": "->"},
    )
    axes.set(xlim=(-0.1, 12.1), ylim=(-2.05, 1.0))
    axes.set_title(title, loc="left", fontsize=10.5, family="monospace")
    axes.set_yticks([-0.5, -1.5], list(table))
    axes.set_xticks(number + 0.5, [f"{day:%-d}" for day in days])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


# %%
# Horizon, and what is known ahead
# --------------------------------
#
# With ``horizon=0`` the window ends at the row itself: right for a label of the same
# moment, and a leak where a column is the target. With ``horizon=1`` it ends one row
# before. With ``horizon=3`` it ends three rows before, and prices that are ``known``
# ahead still reach the row that is predicted.

figure, panels = plt.subplots(3, figsize=(8, 5.4), layout="constrained")
options = [
    {"horizon": 0},
    {"horizon": 1},
    {"horizon": 3, "known": ["price"]},
]
for axes, option in zip(panels, options, strict=True):
    window = SlidingWindow(4, **option).fit_transform(table)
    said = ", ".join(f"{name}={value!r}" for name, value in option.items())
    draw(axes, window[8], 8, f"SlidingWindow(4, {said})")
panels[-1].set_xlabel("day of March; the row that is predicted has a frame")
plt.show()

# %%
# History, and gaps
# -----------------
#
# After a ``fit`` on the first eight rows the window remembers their end. The first new
# row has its true history, though the call holds no other row. Behind a gap there is
# none: the days that nobody has seen are absent, and nothing is put in their place.
# ``transform`` warns of that, unless ``history="allow"`` says that it is meant.

remembers = SlidingWindow(4, horizon=1).fit(table[:8])
figure, panels = plt.subplots(2, figsize=(8, 3.6), layout="constrained")
draw(panels[0], remembers.transform(table[8:9])[0], 8, "fit on 1 to 8, then the 9th")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    behind = remembers.transform(table[10:12])
print(caught[0].message)
draw(panels[1], behind[1], 11, "fit on 1 to 8, then the 11th and 12th")
panels[-1].set_xlabel("day of March")
plt.show()
