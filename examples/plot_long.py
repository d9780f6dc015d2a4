"""
Long sequences: what helps, and what does it cost?
==================================================

A day of electric power of ten kinds of appliances, 1,460 readings each (ACSF1, which
comes with sktime); a hundred to learn from and a hundred to judge by. Read step by
step, a network sees its gradients fade over so many steps. Segments of steps that are
read at once (``segment_length``) let them through. Here that makes a fit faster and no
better: what decides is what finds shapes wherever they stand, the random convolutions
that :class:`~skrnn.RNNClassifier` has beside its networks.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from sktime.datasets import load_acsf1

from skrnn import RNNClassifier
from skrnn.inspection import gradient_flow
from skrnn.plotting import PALETTE


def load(split):
    """Return X of shape (100, 1460, 1), and the kind of appliance."""
    table, kind = load_acsf1(split, return_type="nested_univ")
    return np.array([np.asarray(day) for day in table["dim_0"]])[:, :, None], kind


X, y = load("train")
X_test, y_test = load("test")

network = {"parts": "network", "hidden_size": 32, "random_state": 0}
network |= {"max_epochs": 12, "early_stopping": False}
models = {
    "GRU, step by step": RNNClassifier(**network),
    "GRU, segments of 10": RNNClassifier(segment_length=10, **network),
    "GRU, segments of 73": RNNClassifier(segment_length=73, **network),
    "RNNClassifier()": RNNClassifier(max_epochs=12, random_state=0),
}
models["GRU, segments of 10"].set_params(max_epochs=60)
models["GRU, segments of 73"].set_params(max_epochs=200)
found = {}
for name, model in models.items():
    start = time.process_time()
    model.fit(X, y)
    found[name] = model.score(X_test, y_test), time.process_time() - start
    print(f"{name:<22}{found[name][0]:.0%} told rightly")

# %%
# How far back a gradient reaches
# -------------------------------
#
# :func:`~skrnn.inspection.gradient_flow` measures how much of the gradient of the loss
# is left at each step. Segments make the way back shorter.

flows = {}
for name in list(models)[:3]:
    flow = gradient_flow(models[name], X[:20], y[:20])
    flows[name] = flow.norms[0] / flow.norms[0].max()

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
for (name, norms), colour in zip(flows.items(), ("0.6", "sky", "blue"), strict=True):
    share = np.arange(len(norms)) / (len(norms) - 1)
    left.semilogy(share, norms, color=PALETTE.get(colour, colour), label=name)
left.set(
    title="Gradient by place in the sequence",
    xlabel="share of the day",
    ylabel="norm, largest is 1",
)
left.legend(frameon=False)
names = list(found)[::-1]
colours = ["0.6", PALETTE["sky"], PALETTE["blue"], PALETTE["orange"]][::-1]
bars = right.barh(names, [found[name][0] for name in names], color=colours)
labels = [f"{score:.0%} in {seconds:.1f} s" for score, seconds in found.values()][::-1]
right.bar_label(bars, labels, padding=4)
right.set(title="Told rightly, and seconds of a fit", xlim=(0, 1.25), xticks=[])
right.spines[["bottom"]].set_visible(False)
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
plt.show()
