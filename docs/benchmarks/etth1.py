"""Long forecasts of ETTh1: four horizons from a look-back of 96 hours.

The protocol is the usual one. Columns are z-scored on the first 12 x 720 hours, which
are the training; the next 4 x 720 hours validate and the next 4 x 720 test, each with
the look-back reaching into what is before. Every window of a part counts, one an hour.
Errors are means over windows, steps and all seven columns, in scaled units.

One network serves all seven columns, each window of a column being a sample. It is
trained once a seed; validation stops it and chose its settings, which the test did not.
A second table compares them, on the validation alone, with what else was tried.

The data are not here, since their licence forbids it: ETTh1.csv is in the repository
zhouhaoyi/ETDataset (Zhou, H. et al. (2021), arXiv:2012.07436).

usage: python docs/benchmarks/etth1.py ETTh1.csv [--quick]
(writes etth1.md beside itself; half an hour on one core)
"""

import statistics
import sys
import time
import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
from _timing import QUICK, machine, shown, write
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge

from skrnn import RNNRegressor, make_windows

LOOK_BACK = 96
MONTH = 30 * 24
TRAIN, PART = 12 * MONTH, 4 * MONTH
HORIZONS = (96,) if QUICK else (96, 192, 336, 720)
CHOICE_HORIZONS = HORIZONS[:1] if QUICK else (96, 336)
SEEDS = (0, 1) if QUICK else (0, 1, 2, 3)
ALPHAS = (1.0, 100.0, 10_000.0)
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
SETTINGS = {
    "cell": "gru",
    "hidden_size": 128,
    "segment_length": 24,
    "decoder": "parallel",
    "parts": "network",
    "dropout": 0.2,
    "input_noise": 0.2,
    "instance_norm": "last",
    "loss": "huber",
    "learning_rate": 0.001,
    "lr_schedule": "exponential",
    "lr_schedule_options": {"gamma": 0.9},
    "batch_size": 256,
    "max_epochs": 1 if QUICK else 12,
    "n_iter_no_change": 4,
    "tol": 0.0,
}
# What validation compared with the settings above, a change at a time.
CHANGES = (
    {},
    {"decoder": "linear"},
    {"loss": "squared_error"},
    {"loss": "absolute_error"},
    {"segment_length": 48},
    {"cell": "lstm"},
    {"dropout": 0.5},
    {"input_noise": 0.0},
    {"instance_norm": "standard"},
)
# MSE and MAE of SegRNN with a look-back of 96, from its repository lss-1138/SegRNN.
PUBLISHED = {
    96: (0.368, 0.395),
    192: (0.408, 0.419),
    336: (0.444, 0.440),
    720: (0.446, 0.457),
}


class Part(NamedTuple):
    X: object  # windows (n, LOOK_BACK, 1), those of a column after those of another
    Y: np.ndarray  # (n, horizon)


def scaled(path):
    """The seven columns, z-scored on the training hours."""
    rows = pd.read_csv(path).drop(columns="date").to_numpy(np.float64)
    train = rows[:TRAIN]
    return ((rows - train.mean(axis=0)) / train.std(axis=0)).astype(np.float32)


def part(rows, begin, end, horizon):
    """All windows whose future lies between two hours."""
    begin = max(0, begin - LOOK_BACK)
    columns = [rows[begin:end, column] for column in range(rows.shape[1])]
    return Part(*make_windows(columns, LOOK_BACK, fh=horizon))


def errors(forecast, Y):
    error = np.asarray(forecast, np.float64) - Y
    return float((error**2).mean()), float(np.abs(error).mean())


# -- forecasts without a network ------------------------------------------------------


def repeat_last(X, horizon):
    return np.repeat(np.asarray(X)[:, -1:, 0], horizon, axis=1)


def repeat_day(X, horizon):
    return np.tile(np.asarray(X)[:, -24:, 0], (1, -(-horizon // 24)))[:, :horizon]


def ridge(train, valid):
    """Linear in the window less its last value; validation chooses the penalty."""

    def forecast(model, X):
        windows = np.asarray(X)[:, :, 0]
        last = windows[:, -1:]
        return model.predict(windows - last) + last

    windows = np.asarray(train.X)[:, :, 0]
    last = windows[:, -1:]
    models = [Ridge(alpha).fit(windows - last, train.Y - last) for alpha in ALPHAS]
    best = min(models, key=lambda m: errors(forecast(m, valid.X), valid.Y)[0])
    return lambda X: forecast(best, X)


# -- networks -------------------------------------------------------------------------


def fitted(train, valid, seed, **changes):
    """A network of one seed, and the seconds that its training took."""
    model = RNNRegressor(**SETTINGS | changes, random_state=seed)
    start = time.perf_counter()
    with warnings.catch_warnings():
        # The last of few epochs may well be the best one.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(train.X, train.Y, X_val=valid.X, y_val=valid.Y)
    return model, time.perf_counter() - start


def choices(rows):
    """Validation errors of the settings and of every change."""
    yield "| change | horizon | MSE of validation | MAE | best epoch | seconds |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for horizon in CHOICE_HORIZONS:
        train = part(rows, 0, TRAIN, horizon)
        valid = part(rows, TRAIN, TRAIN + PART, horizon)
        for changes in CHANGES:
            model, seconds = fitted(train, valid, 0, **changes)
            mse, mae = errors(model.predict(valid.X), valid.Y)
            told = ", ".join(f"`{k}={v!r}`" for k, v in changes.items()) or "none"
            yield (
                f"| {told} | {horizon} | {mse:.4f} | {mae:.4f} | {model.best_epoch_} "
                f"| {seconds:.0f} |"
            )


def results(rows):
    yield (
        "| horizon | windows | repeat last | repeat day | ridge | skrnn, one seed "
        "| skrnn, all seeds | all seeds and ridge | SegRNN, published "
        "| seconds a seed |"
    )
    yield "| ---: | ---: " + "| --- " * 7 + "| ---: |"
    for horizon in HORIZONS:
        train = part(rows, 0, TRAIN, horizon)
        valid = part(rows, TRAIN, TRAIN + PART, horizon)
        models, seconds = zip(*(fitted(train, valid, s) for s in SEEDS), strict=True)
        linear = ridge(train, valid)
        share = linear_share(models, linear, valid)
        del train, valid
        test = part(rows, TRAIN + PART, TRAIN + 2 * PART, horizon)
        forecasts = [model.predict(test.X) for model in models]
        single = np.array([errors(forecast, test.Y) for forecast in forecasts])
        by_ridge, by_all = linear(test.X), np.mean(forecasts, axis=0)
        others = [repeat_last(test.X, horizon), repeat_day(test.X, horizon), by_ridge]
        others += [by_all, share * by_ridge + (1 - share) * by_all]
        cells = [_cell(errors(forecast, test.Y)) for forecast in others]
        cells[-1] += f" ({share:.0%} ridge)"
        low, high = single[:, 0].min(), single[:, 0].max()
        cells.insert(3, f"{_cell(single.mean(axis=0))} ({low:.3f} to {high:.3f})")
        yield (
            f"| {horizon} | {len(test.Y) // rows.shape[1]} | {' | '.join(cells)} "
            f"| {_cell(PUBLISHED[horizon])} | {statistics.mean(seconds):.0f} |"
        )


def linear_share(models, linear, valid):
    """What share of ridge in the mean with the networks validation likes best."""
    networks = np.mean([model.predict(valid.X) for model in models], axis=0)
    by_ridge = linear(valid.X)
    return min(
        SHARES,
        key=lambda w: errors(w * by_ridge + (1 - w) * networks, valid.Y)[0],
    )


def _cell(pair):
    mse, mae = pair
    return f"**{mse:.3f}** {mae:.3f}"


def rows_given(usage):
    """The scaled columns of the file that the command line names."""
    paths = [argument for argument in sys.argv[1:] if argument[:2] != "--"]
    if len(paths) != 1:
        sys.exit(f"{usage}\nOne path of ETTh1.csv is needed, got {paths}.")
    return scaled(paths[0])


def main():
    rows = rows_given(__doc__)
    chosen, table = shown(choices(rows)), shown(results(rows))
    settings = ", ".join(f"`{name}={value!r}`" for name, value in SETTINGS.items())
    write(
        __file__,
        f"""# ETTh1

**MSE** and MAE of forecasts of all seven columns, in units of their standard deviation
in the training. Look-back {LOOK_BACK} hours; 12, 4 and 4 months of training, validation
and test; every window of the test.

{table}

"One seed" is the mean over the seeds {SEEDS}, with the lowest and the highest
MSE; "all seeds" is for the mean of their forecasts, and beside it the weighted mean of
that and of ridge, validation having chosen the weight. "Repeat last" and "repeat day"
repeat the last value and the last 24 hours. "Ridge" is linear in the window less its
last value; validation chose its penalty out of {ALPHAS}. SegRNN is what
its authors publish for this look-back (Lin, S. et al. (2023), arXiv:2308.11200; the
repository lss-1138/SegRNN); etth1_segrnn.md trains it here.

`RNNRegressor` with {settings}.
Validation stops the training and chose these settings. Errors on the validation, of
networks of one seed, for the settings and with one of them changed:

{chosen}

{machine("skrnn", "torch", "scikit-learn")}. Made by `etth1.py`.
""",
    )


if __name__ == "__main__":
    main()
