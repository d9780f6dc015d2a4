"""
How much does a random split flatter?
=====================================

Windows that overlap share most of their values. Where they are dealt out to folds at
random, each test window has near twins among those of training, from before it *and
after it*, and the score says how well a model looks up what it has seen. Here the
passengers of airlines (monthly, 1949 to 1960) are forecast a year ahead; two
cross-validations say how good that is, and then the two years that neither has touched.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_val_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sktime.datasets import load_airline

from skrnn import FlattenSequence, RNNRegressor, make_windows
from skrnn.plotting import PALETTE

# %%
# A window is a year of months, the target the month a year after its end. The newest
# two years of targets are set aside, with a year between: no value of theirs is in
# training.
AHEAD = 12
windows, targets = make_windows(load_airline(), 12, fh=[AHEAD])
targets = targets[:, 0]
train, test = slice(None, -24 - AHEAD + 1), slice(-24, None)

models = {
    "RNNRegressor": RNNRegressor(random_state=0),
    "nearest neighbours": make_pipeline(FlattenSequence(), KNeighborsRegressor(3)),
    "random forest": make_pipeline(
        FlattenSequence(), RandomForestRegressor(100, random_state=0)
    ),
}
splits = {
    "random split": KFold(3, shuffle=True, random_state=0),
    "by time": TimeSeriesSplit(3, test_size=12, gap=AHEAD - 1),
}
table = pd.DataFrame(index=list(models), columns=[*splits, "what came"], dtype=float)
for name, model in models.items():
    for kind, split in splits.items():
        scores = cross_val_score(
            model,
            windows[train],
            targets[train],
            cv=split,
            scoring="neg_mean_absolute_percentage_error",
        )
        table.loc[name, kind] = -100 * scores.mean()
    forecast = model.fit(windows[train], targets[train]).predict(windows[test])
    error = np.abs(forecast / targets[test] - 1)
    table.loc[name, "what came"] = 100 * error.mean()
print(table.round(1))

# %%
# Promised, and found
# -------------------
#
# What looks things up is flattered most: between two twins, nearest neighbours and a
# forest find the answer in months that had not yet been. Of the years to come they know
# nothing, and a split by time, with the gap that the horizon asks for, says so
# beforehand. Use :class:`~sklearn.model_selection.TimeSeriesSplit` or, for many series,
# :class:`~skrnn.model_selection.PanelTimeSeriesSplit`.

axes = table.plot.bar(
    color=["0.8", PALETTE["sky"], PALETTE["blue"]], figsize=(8, 4.2), rot=0, width=0.78
)
for bars in axes.containers:
    axes.bar_label(bars, fmt="%.1f", padding=2, fontsize=9)
axes.set(ylabel="mean error, %", title="Passengers a year ahead")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, loc="upper left")
axes.figure.tight_layout()
plt.show()
