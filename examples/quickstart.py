"""An LSTM or GRU in the place of a random forest: solar power two hours ahead.

A grid search over the window, the cell and the size of the network, in one pipeline
and under TimeSeriesSplit; the same pipeline with a random forest, ridge and an MLP;
and two naive forecasts. The data come with sktime: half-hourly solar generation in
Great Britain. Takes well under a minute on two cores and writes quickstart.png.
"""

import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sktime.datasets import load_solar

from skrnn import FlattenSequence, RNNRegressor, SlidingWindow

HORIZON = 4  # rows ahead: two hours
DAY = 48  # rows
SPLITS = TimeSeriesSplit(3)


def load():
    """Return the past as X (a column) and the series itself as y; row t is time t."""
    y = load_solar(api_version=None)  # the copy inside the package: 1 to 7 May 2021
    return y.to_frame("solar"), y


def models():
    """Name, pipeline and grid of every model; all read the same windows."""
    flat = [SlidingWindow(horizon=HORIZON), FlattenSequence(pad="edge")]
    windows = {"slidingwindow__window_length": [12, 24]}
    mlp = TransformedTargetRegressor(
        MLPRegressor(max_iter=500, random_state=0), transformer=StandardScaler()
    )
    # The first fold has a day and a half to learn from: too little to set some aside
    # for early stopping, so the number of epochs is fixed.
    network = RNNRegressor(early_stopping=False, max_epochs=60, random_state=0)
    recurrent = make_pipeline(SlidingWindow(horizon=HORIZON), network)
    grid = windows | {
        "rnnregressor__cell": ["lstm", "gru"],
        "rnnregressor__hidden_size": [32, 64],
    }
    forest = make_pipeline(*flat, RandomForestRegressor(random_state=0))
    ridge = make_pipeline(*flat, StandardScaler(), Ridge())
    return [
        ("RNNRegressor", recurrent, grid),
        ("random forest", forest, windows),
        ("ridge", ridge, windows | {"ridge__alpha": [0.1, 1.0, 10.0]}),
        ("MLP", make_pipeline(*flat, StandardScaler(), mlp), windows),
    ]


def cross_validated_error(forecast, y):
    """Mean absolute error of a forecast (Series), averaged over the test folds."""
    errors = (y - forecast).abs().to_numpy()
    return np.mean([errors[test].mean() for _, test in SPLITS.split(y)])


def main():
    X, y = load()
    print(f"{len(y)} half-hours of solar power; forecast {HORIZON} rows ahead\n")
    rows, searches = [], {}
    for name, pipeline, grid in models():
        search = GridSearchCV(
            pipeline, grid, cv=SPLITS, scoring="neg_mean_absolute_error", n_jobs=2
        )
        start = time.perf_counter()
        searches[name] = search.fit(X, y)
        seconds = time.perf_counter() - start
        rows.append((name, -search.best_score_, seconds, search.best_params_))
    rows.append(("naive", cross_validated_error(y.shift(HORIZON), y), 0.0, {}))
    rows.append(("seasonal naive", cross_validated_error(y.shift(DAY), y), 0.0, {}))
    print(f"{'model':<16}{'CV error':>10}{'search':>9}   best parameters")
    for name, error, seconds, best in sorted(rows, key=lambda row: row[1]):
        chosen = ", ".join(f"{k.split('__')[-1]}={v}" for k, v in best.items())
        print(f"{name:<16}{error:>10.4f}{seconds:>8.1f}s   {chosen}")
    plot(X, y, rows, searches)


def plot(X, y, rows, searches):
    """Draw the forecasts of the last test fold and the error of every model."""
    train, test = list(SPLITS.split(X))[-1]
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(11, 3.8), width_ratios=(2, 1), layout="constrained"
    )
    left.plot(y.index[test], y.iloc[test], color="black", label="measured")
    for name, color in (("RNNRegressor", "tab:blue"), ("random forest", "tab:orange")):
        model = searches[name].best_estimator_.fit(X.iloc[train], y.iloc[train])
        left.plot(y.index[test], model.predict(X.iloc[test]), color=color, label=name)
    left.set(title="Two hours ahead, last test fold", ylabel="solar power (normalised)")
    left.xaxis.set_major_formatter(plt.matplotlib.dates.DateFormatter("%d %b\n%H:%M"))
    left.legend(frameon=False)
    rows = sorted(rows, key=lambda row: -row[1])
    colors = ["tab:blue" if row[0] == "RNNRegressor" else "silver" for row in rows]
    bars = right.barh([row[0] for row in rows], [row[1] for row in rows], color=colors)
    right.bar_label(bars, fmt="%.3f", padding=3)
    right.margins(x=0.15)
    right.set(title="Mean absolute error, 3 test folds")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    path = Path("quickstart.png").resolve()
    figure.savefig(path, dpi=120)
    print(f"\nPicture: {path}")


if __name__ == "__main__":
    main()
