"""Twelve steps ahead in one model: how the gap of a cross-validation is chosen.

make_targets gives every row the next twelve values as its targets, and the gap that
TimeSeriesSplit needs: without it the targets of the last training rows reach into the
test rows. The same windows go to a recurrent network, ridge and a random forest; the
error is shown by step ahead, beside the value of the same time on the day before.
Half-hourly solar power in Great Britain comes with sktime. Takes some ten seconds and
writes twelve_steps.png.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sktime.datasets import load_solar

from skrnn import FlattenSequence, RNNRegressor, SlidingWindow
from skrnn.windows import check_no_lookahead, make_targets

STEPS = 12  # half-hours ahead
DAY = 48  # rows
WINDOW = 12  # rows


def models():
    """Pipelines over the same windows: the last six hours, row t included."""
    network = RNNRegressor(
        "gru", 32, early_stopping=False, max_epochs=60, random_state=0
    )
    # Behind the gap between training and test rows, the first windows are shorter.
    window = SlidingWindow(WINDOW, history="allow")
    flat = [window, FlattenSequence(pad="edge")]
    return {
        "RNNRegressor": make_pipeline(window, network),
        "ridge": make_pipeline(*flat, Ridge(1.0)),
        "random forest": make_pipeline(*flat, RandomForestRegressor(random_state=0)),
    }


def error_by_step(model, X, Y, splits):
    """Mean absolute error of each step ahead, averaged over the test days."""
    errors = []
    for train, test in splits.split(X):
        forecast = model.fit(X.iloc[train], Y[train]).predict(X.iloc[test])
        errors.append(np.abs(forecast - Y[test]).mean(axis=0))
    return np.mean(errors, axis=0)


def main():
    y = load_solar(api_version=None)  # the copy inside the package: 1 to 7 May 2021
    angle = 2 * np.pi * np.arange(len(y)) / DAY  # the time of day
    rows = y.to_frame("solar").assign(sin=np.sin(angle), cos=np.cos(angle))
    X, Y, gap = make_targets(rows, y, fh=STEPS)
    splits = TimeSeriesSplit(3, test_size=DAY, gap=gap)
    print(f"{len(X)} rows with {Y.shape[1]} targets each; the folds need gap={gap}\n")

    errors = {
        name: error_by_step(model, X, Y, splits) for name, model in models().items()
    }
    naive = day_before(y, X.index)
    errors["day before"] = np.mean(
        [np.abs(naive - Y)[test].mean(axis=0) for _, test in splits.split(X)],
        axis=0,
    )
    print(f"{'model':<16}{'1 step':>9}{'12 steps':>9}{'mean':>9}")
    for name, error in sorted(errors.items(), key=lambda item: item[1].mean()):
        print(f"{name:<16}{error[0]:>9.4f}{error[-1]:>9.4f}{error.mean():>9.4f}")

    # No prediction moves when the future is changed.
    check_no_lookahead(models()["ridge"], X, Y)
    plot(errors)


def day_before(y, index):
    """For every row, the values of a day before each of its twelve targets."""
    steps = range(1, STEPS + 1)
    columns = [y.shift(DAY - step).reindex(index).to_numpy() for step in steps]
    return np.column_stack(columns)


def plot(errors):
    """Draw the error of every model by step ahead."""
    figure, axes = plt.subplots(figsize=(7, 3.8), layout="constrained")
    hours = np.arange(1, STEPS + 1) / 2
    for name, error in sorted(errors.items(), key=lambda item: item[1].mean()):
        axes.plot(hours, error, marker="o", markersize=3, label=name)
    axes.set(
        title="Solar power up to six hours ahead, three test days",
        xlabel="hours ahead",
        ylabel="mean absolute error",
        ylim=(0, None),
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    path = Path("twelve_steps.png").resolve()
    figure.savefig(path, dpi=120)
    print(f"\nPicture: {path}")


if __name__ == "__main__":
    main()
