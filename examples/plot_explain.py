"""
What has a network learned?
===========================

The output of a heat pump answers to the temperature of three hours before and to the
hour's tariff, and to nothing else; the other columns are noise. Permutation importance
and integrated gradients find that out from a fitted pipeline; each picture is a line. A
forecaster of the airline passengers shows its intervals, and how good it was at each
step ahead.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sktime.datasets import load_airline

from skrnn import RNNRegressor, SlidingWindow
from skrnn.inspection import integrated_gradients, permutation_importance
from skrnn.plotting import (
    AttributionDisplay,
    BacktestDisplay,
    ForecastDisplay,
    HiddenStatesDisplay,
    LossCurveDisplay,
)
from skrnn.sktime import RNNForecaster

WINDOW = 12  # hours
LAG = 3


def heat_pump(n_rows=2000):
    """Hourly rows, and the output that they cause (kW)."""
    rng = np.random.default_rng(0)
    index = pd.date_range("2025-01-01", periods=n_rows, freq="h")
    rows = pd.DataFrame(
        {
            "temperature": 5 + 4 * rng.normal(size=n_rows),
            "tariff": rng.choice([0.2, 0.4], size=n_rows),
            "wind": rng.gamma(2.0, size=n_rows),
            "humidity": 60 + 10 * rng.normal(size=n_rows),
        },
        index,
    )
    past = rows["temperature"].shift(LAG).fillna(5.0)
    is_cheap = rows["tariff"] < 0.3
    output = np.maximum(0, 8 - 0.6 * past) * np.where(is_cheap, 1.0, 0.5)
    return rows, output + 0.2 * rng.normal(size=n_rows)


rows, output = heat_pump()
train, test = slice(0, 1600), slice(1600, None)
network = RNNRegressor(n_estimators=1, max_epochs=40, random_state=0)
pipeline = make_pipeline(SlidingWindow(WINDOW), network)
pipeline.fit(rows[train], output[train])
print(f"R2 of the newest rows: {pipeline.score(rows[test], output[test]):.3f}")

# %%
# What errors depend on, and what a prediction comes from
# -------------------------------------------------------
#
# An importance says by how much the score falls if an input is exchanged between hours;
# an attribution what an input adds to one prediction, in the units of y.

importance = permutation_importance(
    pipeline, rows[test], output[test], by="feature_step", random_state=0
)
found = integrated_gradients(pipeline, rows[test])
mean = np.abs(found.values).mean(axis=0)
print(f"{'input':<20}{'fall of R2':>12}{'attribution':>13}")
for step, feature in np.argwhere(importance.importances_mean > 0.05):
    name = f"{found.feature_names[feature]}, {found.step_names[step]}"
    fall = importance.importances_mean[step, feature]
    print(f"{name:<20}{fall:>12.3f}{mean[step, feature]:>10.3f} kW")

_, axes = plt.subplots(2, 2, figsize=(9.6, 6.4), layout="constrained")
AttributionDisplay.from_values(
    importance, label="fall of R2 if exchanged", ax=axes[0, 0]
)
cold = int(found.prediction.argmax())
AttributionDisplay.from_values(
    found, sample=cold, label="attribution, coldest hour (kW)", ax=axes[0, 1]
)
HiddenStatesDisplay.from_estimator(pipeline, rows[test], sample=cold, ax=axes[1, 0])
LossCurveDisplay.from_estimator(pipeline, ax=axes[1, 1])
plt.show()

# %%
# A forecast, and how good such forecasts were
# --------------------------------------------
#
# A year of the airline passengers, and the backtest of three.

y = load_airline()
forecaster = RNNForecaster(random_state=0).fit(y[:-36], fh=range(1, 13))
_, axes = plt.subplots(2, 2, figsize=(9.6, 6.0), layout="constrained")
ForecastDisplay.from_estimator(forecaster, y, coverage=[0.5, 0.9], ax=axes[0, 0])
panels = [axes[0, 1], axes[1, 0], axes[1, 1]]
display = BacktestDisplay.from_estimator(forecaster, y[-36:], ax=panels)
plt.show()
