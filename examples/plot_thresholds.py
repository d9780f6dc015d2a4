"""
One class is rare: which threshold, and can the probabilities be believed?
==========================================================================

A day of a town's power demand, hour by hour: was it in winter? (ItalyPowerDemand, which
comes with sktime; of the winter days every fifth is kept, so that they are rare.) What
counts is not how many days are told rightly, but how many winter days are overlooked
and how often there is a false alarm. That is a matter of the threshold, and of
probabilities that mean what they say.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import brier_score_loss, make_scorer
from sklearn.model_selection import StratifiedKFold, TunedThresholdClassifierCV
from sktime.datasets import load_italy_power_demand

from skrnn import RNNClassifier
from skrnn.plotting import PALETTE


def load(split):
    """Return days (array of shape (n_days, 24)), and which are winter days (0 or 1)."""
    table, label = load_italy_power_demand(split, return_type="nested_univ")
    days = np.array([np.asarray(day) for day in table["dim_0"]])
    winter = label == "1"
    kept = ~winter | (np.cumsum(winter) % 5 == 1)
    return days[kept], winter[kept].astype(int)


X, y = load("train")
X_test, y_test = load("test")
print(f"winter days: {y.sum()} of {len(y)}; test: {y_test.sum()} of {len(y_test)}")

# %%
# What a mistake costs
# --------------------
#
# A winter day that is overlooked costs five times as much as a false alarm. The
# threshold that is cheapest is found by cross-validation: 0.5 is right only where both
# cost the same.


def cost(y_true, y_pred):
    """Mean cost of a day."""
    overlooked = (y_pred == 0) & (y_true == 1)
    alarm = (y_pred == 1) & (y_true == 0)
    return (5 * overlooked + alarm).mean()


network = RNNClassifier(
    "gru", 16, parts="network", early_stopping=False, max_epochs=40, random_state=0
)
folds = StratifiedKFold(5, shuffle=True, random_state=0)
score = make_scorer(cost, greater_is_better=False)
tuned = TunedThresholdClassifierCV(network, scoring=score, cv=folds).fit(X, y)
chances = tuned.estimator_.predict_proba(X_test)[:, 1]
print(f"threshold: {tuned.best_threshold_:.2f}")
for name, threshold in {"0.5": 0.5, "tuned": tuned.best_threshold_}.items():
    told = (chances >= threshold).astype(int)
    overlooked = ((told == 0) & (y_test == 1)).sum()
    alarms = ((told == 1) & (y_test == 0)).sum()
    price = cost(y_test, told)
    print(
        f"{name:>6}: {overlooked} overlooked, {alarms} alarms; cost {price:.3f} a day"
    )

# %%
# class_weight moves the probabilities
# ------------------------------------
#
# ``class_weight="balanced"`` makes training look at the rare class: the network learns
# a world in which every second day is one of winter, and its probabilities are of that
# world. Choose a threshold where costs are known, and weights where training would
# ignore the class. Below, left: how many were winter days where the network gave a
# chance of so much (few days a point, so that the lines jump).

weighted = clone(network).set_params(class_weight="balanced").fit(X, y)
of_weighted = weighted.predict_proba(X_test)[:, 1]
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
for name, chance, colour in (
    ("as it is", chances, "blue"),
    ('class_weight="balanced"', of_weighted, "orange"),
):
    brier = brier_score_loss(y_test, chance)
    CalibrationDisplay.from_predictions(
        y_test,
        chance,
        n_bins=8,
        ax=left,
        name=f"{name} (Brier {brier:.3f})",
        color=PALETTE[colour],
    )
    grid = np.linspace(0.01, 0.99, 99)
    costs = [cost(y_test, (chance >= t).astype(int)) for t in grid]
    right.plot(grid, costs, color=PALETTE[colour], label=name)
left.set(title="Chances that were given, and what came", xlabel="chance given")
left.set_ylabel("share that was winter")
left.legend(frameon=False, fontsize=8.5)
right.axvline(tuned.best_threshold_, color="0.4", ls="--", lw=1)
right.annotate(
    "tuned on\ntraining",
    (tuned.best_threshold_, right.get_ylim()[1] * 0.9),
    (8, 0),
    textcoords="offset points",
    ha="left",
    va="top",
    color="0.3",
)
right.set(title="Cost of a day, test", xlabel="threshold", ylim=(0, None))
right.legend(frameon=False)
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
plt.show()
