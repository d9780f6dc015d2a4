"""
What does a forecast with intervals look like, as time goes on?
===============================================================

Monthly airline passengers: fitted until the end of 1957, each year is forecast from the
end of the one before. New months are taken in without any further training.
"""

import matplotlib.pyplot as plt
import numpy as np
from sktime.datasets import load_airline

from skrnn.plotting import PALETTE
from skrnn.sktime import RNNForecaster

y = load_airline()
past, future = y[:"1957"], y["1958":]
forecaster = RNNForecaster(random_state=0).fit(past, fh=range(1, 13))
table = forecaster.backtest(future, step_length=12, coverage=[0.8, 0.95])
name = y.name

error = np.abs(table[name, "forecast", ""].to_numpy() / future.to_numpy() - 1)
last_year = np.abs(y["1957":"1959"].to_numpy() / future.to_numpy() - 1)
print(f"mean absolute error: {error.mean():.1%} (as last year: {last_year.mean():.1%})")

figure, axes = plt.subplots(figsize=(9, 3.6), layout="constrained")
recent = y["1954":]
axes.plot(recent.index.to_timestamp(), recent, color="0.2", label="passengers")
for number, (_, part) in enumerate(table.groupby(level="origin")):
    times = part.index.get_level_values("time").to_timestamp()
    first = number == 0
    forecast = part[name, "forecast", ""]
    label = "forecast, a year ahead" if first else None
    axes.plot(times, forecast, color=PALETTE["blue"], label=label)
    for coverage, alpha in ((0.8, 0.35), (0.95, 0.15)):
        low, high = (part[name, coverage, end] for end in ("lower", "upper"))
        label = f"{coverage:.0%} interval" if first else None
        axes.fill_between(
            times, low, high, color=PALETTE["blue"], alpha=alpha, lw=0, label=label
        )
axes.set_ylabel("passengers a month, thousands")
axes.legend(loc="upper left", frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()
