"""
What do missing values cost?
============================

Sensors fail. A step whose features are all NaN is absent: the networks skip it, and
nothing has to be filled in. A step that lacks some of its features is an error that
names it, unless ``missing="indicator"`` fills it with the mean and tells the network
which numbers are not real. Here values are taken away from a smart watch (BasicMotions,
which comes with sktime: standing, walking, running, badminton) and the same models
learn from what is left.
"""

import matplotlib.pyplot as plt
import numpy as np
from sktime.datasets import load_basic_motions

from skrnn import RNNClassifier
from skrnn.plotting import PALETTE


def load(split):
    """Return X of shape (40, 100 readings, 6 sensors), and the activity."""
    X, y = load_basic_motions(split=split, return_X_y=True, return_type="numpy3D")
    return X.transpose(0, 2, 1), y


X, y = load("train")
X_test, y_test = load("test")
SHARES = [0.0, 0.3, 0.6, 0.8, 0.9, 0.95]


def without(X, share, kind, seed):
    """Return a copy of X that lacks whole readings, or single numbers."""
    shape = X.shape[:2] + ((1,) if kind == "readings" else X.shape[2:])
    gone = np.random.default_rng(seed).random(shape) < share
    return np.where(gone, np.nan, X)


# %%
# An error names what is missing
# ------------------------------

try:
    RNNClassifier().fit(without(X, 0.3, "numbers", 0), y)
except ValueError as error:
    print(error)

# %%
# Readings that are missing altogether, and single numbers
# --------------------------------------------------------
#
# Training and test rows lack the same share. Three draws of what is missing for each
# point.


def accuracy(share, kind):
    """Shares of test sequences told rightly, one for each draw."""
    missing = "indicator" if kind == "numbers" else "error"
    model = RNNClassifier("gru", 32, parts="network", missing=missing, random_state=0)
    model.set_params(max_epochs=25, early_stopping=False)
    return [
        model.fit(without(X, share, kind, seed), y).score(
            without(X_test, share, kind, 100 + seed), y_test
        )
        for seed in range(3)
    ]


figure, axes = plt.subplots(figsize=(7.5, 4), layout="constrained")
kinds = {"readings": "blue", "numbers": "orange"}
for kind, colour in kinds.items():
    found = np.array([accuracy(share, kind) for share in SHARES])
    label = {
        "readings": "whole readings are absent",
        "numbers": 'single numbers, missing="indicator"',
    }[kind]
    axes.plot(SHARES, found.mean(axis=1), "o-", color=PALETTE[colour], label=label)
    axes.fill_between(
        SHARES, found.min(1), found.max(1), color=PALETTE[colour], alpha=0.15, lw=0
    )
    print(f"{kind:<10}", " ".join(f"{value:.2f}" for value in found.mean(axis=1)))
axes.axhline(0.25, color="0.6", ls=":")
axes.text(0.95, 0.26, "chance", ha="right", color="0.4")
axes.xaxis.set_major_formatter("{x:.0%}")
axes.yaxis.set_major_formatter("{x:.0%}")
axes.set(
    title="Four activities, by what is missing",
    xlabel="share that is missing",
    ylabel="test sequences told rightly",
    ylim=(0.2, 1.03),
)
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, loc="lower left")
plt.show()
