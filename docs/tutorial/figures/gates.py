"""What gates do: a GRU and an LSTM that have learned the adding problem.

usage: python docs/tutorial/figures/gates.py [--draw]   (half a minute)
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from _figure import draw, numbers, results
from _tasks import adding

from skrnn import RNNRegressor
from skrnn.inspection import gates
from skrnn.plotting import PALETTE

LENGTH = 24
SETTINGS = {
    "hidden_size": 12,
    "batch_size": 50,
    "linear_steps": None,
    "n_estimators": 1,
    "pooling": "last",
    "init": "orthogonal",
    "early_stopping": False,
    "learning_rate": 0.01,
    "max_epochs": 60,
    "random_state": 0,
}
SHOWN = {"gru": ("update", "reset"), "lstm": ("forget", "input", "output")}


def compute():
    X, y = adding(2000, LENGTH, seed=0)
    X_test, y_test = adding(1000, LENGTH, seed=1)
    marked = X_test[:, :, 1] == 1
    found = {"numbers": X_test[0, :, 0], "marks": marked[0].nonzero()[0]}
    for cell, names in SHOWN.items():
        model = RNNRegressor(cell, **SETTINGS).fit(X, y)
        values = gates(model, X_test)[0]
        found[cell] = {
            "r2": model.score(X_test, y_test),
            "gates": {name: values[name][0].T for name in names},
            # Means over all units and samples, at marked steps and elsewhere.
            "means": {
                name: [values[name][marked].mean(), values[name][~marked].mean()]
                for name in names
            },
        }
        print(cell, found[cell]["r2"], found[cell]["means"], flush=True)
    return found


def paint(cell, found):
    def of(say):
        names = SHOWN[cell]
        heights = [1.1] + [1.5] * len(names)
        figure, axes = plt.subplots(
            len(heights),
            1,
            figsize=(7.6, 1.5 * sum(heights) * 0.62 + 0.6),
            sharex=True,
            height_ratios=heights,
        )
        steps, marks = np.arange(LENGTH), found["marks"]
        values = np.array(found["numbers"])
        colours = np.where(np.isin(steps, marks), PALETTE["red"], "0.8")
        axes[0].bar(steps, values, color=colours, width=0.75)
        axes[0].set(ylim=(0, 1), title=say("Input: the red numbers are marked"))
        for ax, name in zip(axes[1:], names, strict=True):
            array = np.array(found[cell]["gates"][name])
            # Units that change most at the marks are on top.
            order = array[:, marks].mean(axis=1).argsort()
            image = ax.imshow(array[order], aspect="auto", cmap="Blues", vmin=0, vmax=1)
            title = f"{name} gate of {len(array)} units"
            ax.set(title=say(title), yticks=[], ylabel=say("unit"))
            ax.spines[["left", "bottom"]].set_visible(False)
        axes[-1].set_xlabel(say("step"))
        figure.colorbar(image, ax=axes[1:], label=say("0 closed, 1 open"), aspect=30)
        return figure

    return of


def main():
    warnings.simplefilter("ignore")
    found = results("gates", compute)
    told = {}
    for cell, names in SHOWN.items():
        draw(f"gates_{cell}", paint(cell, found))
        told[f"gates-{cell}-r2"] = f"{found[cell]['r2']:.3f}"
        for name in names:
            at_marks, elsewhere = found[cell]["means"][name]
            told[f"{cell}-{name}-marked"] = f"{at_marks:.2f}"
            told[f"{cell}-{name}-elsewhere"] = f"{elsewhere:.2f}"
    numbers("gates", told)


if __name__ == "__main__":
    main()
