"""
What is the watch's wearer doing, reading by reading?
=====================================================

A smart watch sends ten readings a second (BasicMotions, which comes with sktime). A
pipeline is fitted on tables; a :class:`~skrnn.streaming.StreamingPredictor` asks it
after each reading, and remembers what the next answer needs. One stream here stands,
walks, runs and plays badminton in turn.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sktime.datasets import load_basic_motions

from skrnn import RNNClassifier, SlidingWindow
from skrnn.plotting import PALETTE
from skrnn.streaming import StreamingPredictor

SENSORS = ["x", "y", "z", "u", "v", "w"]


def readings(split):
    """Return a long table, a row a reading, and the activity of each row."""
    X, y = load_basic_motions(split=split, return_X_y=True, return_type="numpy3D")
    table = pd.DataFrame(X.transpose(0, 2, 1).reshape(-1, 6), columns=SENSORS)
    table["watch"] = np.repeat(np.arange(40), 100)
    table["reading"] = np.tile(np.arange(100), 40)
    return table, np.repeat(y, 100)


table, activity = readings("train")
model = make_pipeline(
    SlidingWindow(20, series="watch", time="reading", history="allow"),
    RNNClassifier(
        "gru", 16, parts="network", early_stopping=False, max_epochs=20, random_state=0
    ),
).fit(table, activity)

# %%
# One reading in, one prediction out
# ----------------------------------

test, truth = readings("test")
order = ["standing", "walking", "running", "badminton"]
pieces = [test[truth == name].iloc[200:260] for name in order]
journey = pd.concat(pieces).assign(watch=99, reading=np.arange(240))

stream = StreamingPredictor(model, method="predict_proba")
chances = np.array([stream.update(row) for row in journey.to_dict("records")])
whole = model.predict_proba(journey)
print(
    f"largest difference to the table as a whole: {np.abs(chances - whole).max():.0e}"
)

# %%
# A change of activity is seen once half a window or so is new.

figure, (upper, lower) = plt.subplots(
    2, figsize=(10, 5), sharex=True, height_ratios=(1, 1.3), layout="constrained"
)
seconds = np.arange(240) / 10
for sensor, colour in zip("xyz", ("0.2", "0.5", "0.75"), strict=True):
    upper.plot(seconds, journey[sensor], color=colour, lw=0.9, label=sensor)
upper.set(title="What the watch sends", ylabel="acceleration")
upper.legend(frameon=False, ncols=3, loc="upper left")
colours = [PALETTE["sky"], PALETTE["orange"], PALETTE["red"], PALETTE["green"]]
classes = list(model.classes_)
lower.stackplot(
    seconds, *(chances[:, classes.index(name)] for name in order), colors=colours
)
for border in (6, 12, 18):
    lower.axvline(border, color="k", lw=1, ls="--")
for place, (name, colour) in enumerate(zip(order, colours, strict=True)):
    lower.text(6 * place + 3, 1.04, name, ha="center", color=colour, weight="bold")
lower.set(xlabel="seconds", ylabel="chance", ylim=(0, 1), xlim=(0, 23.9))
for axes in (upper, lower):
    axes.spines[["top", "right"]].set_visible(False)
plt.show()
