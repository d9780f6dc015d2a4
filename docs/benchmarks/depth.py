"""Eight layers with and without `residual=True` and `norm="layer"`.

Two tasks: the rows of handwritten digits as sequences (8 steps of 8 features) for an
LSTM, and the adding problem (see adding_problem.py) of 20 steps for the plain tanh
cell. One layer is there for comparison. Three seeds, which determine the initial
weights, the order of the batches and the data for the test.

usage: python docs/benchmarks/depth.py    (writes depth.md beside itself; ten minutes)
"""

import platform
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skrnn import RNNClassifier, RNNRegressor

SEEDS = (0, 1, 2)
SETTINGS = {
    "parts": "network",
    "hidden_size": 32,
    "learning_rate": 0.01,
    "batch_size": 32,
    "max_epochs": 20,
    "pooling": "last",
    "ema_decay": None,
    "early_stopping": False,
}
DEEP = 8
# Name, layers, residual, norm.
STACKS = (
    ("one layer", 1, False, None),
    ("plain", DEEP, False, None),
    ("residual", DEEP, True, None),
    ("norm", DEEP, False, "layer"),
    ("residual and norm", DEEP, True, "layer"),
)
N_STEPS = 20


def digits(seed):
    x, y = load_digits(return_X_y=True)
    x = x.reshape(-1, 8, 8)
    return train_test_split(x, y, test_size=0.3, random_state=seed, stratify=y)


def adding(seed):
    rng = np.random.default_rng(seed)
    n = 3000
    x = np.zeros((n, N_STEPS, 2))
    x[:, :, 0] = rng.random((n, N_STEPS))
    rows = np.arange(n)
    first = rng.integers(0, N_STEPS // 2, n)
    second = rng.integers(N_STEPS // 2, N_STEPS, n)
    x[rows, first, 1] = x[rows, second, 1] = 1
    y = x[rows, first, 0] + x[rows, second, 0]
    return x[:2000], x[2000:], y[:2000], y[2000:]


def spread(values):
    low, high = min(values), max(values)
    return f"{np.mean(values):.3f} ({low:.3f} to {high:.3f})"


def table(estimator, cell, data, score):
    """Train all stacks; yield the lines of a table."""
    yield f"| stack | layers | train loss | test {score} |"
    yield "| --- | ---: | --- | --- |"
    for name, layers, residual, norm in STACKS:
        losses, scores = [], []
        for seed in SEEDS:
            x, x_test, y, y_test = data(seed)
            model = estimator(
                cell,
                num_layers=layers,
                residual=residual,
                norm=norm,
                random_state=seed,
                **SETTINGS,
            ).fit(x, y)
            losses.append(model.loss_curve_[-1])
            scores.append(model.score(x_test, y_test))
        yield f"| {name} | {layers} | {spread(losses)} | {spread(scores)} |"


def shown(*task):
    lines = []
    for line in table(*task):
        print(line, flush=True)
        lines.append(line)
    return "\n".join(lines)


def main():
    of_digits = shown(RNNClassifier, "lstm", digits, "accuracy")
    of_adding = shown(RNNRegressor, "rnn", adding, "R2")
    settings = ", ".join(f"`{key}={value!r}`" for key, value in SETTINGS.items())
    text = f"""# Depth

{DEEP} layers, plain, with `residual=True`, with `norm="layer"` and with both; one layer
for comparison. The loss of the last epoch in training and the score on test data: mean
of {len(SEEDS)} seeds, lowest and highest. Settings: {settings}.

Rows of handwritten digits (`load_digits`, 8 steps of 8 features, 30 % for the test),
`RNNClassifier("lstm")`. The loss is the cross-entropy; that of a guess is
{np.log(10):.2f}:

{of_digits}

The adding problem of {N_STEPS} steps (2,000 sequences, 1,000 for the test),
`RNNRegressor("rnn")`. The loss is the squared error of the standardised target; that of
the mean is 1:

{of_adding}

torch {torch.__version__}, {platform.machine()}. Made by `depth.py`.
"""
    Path(__file__).with_suffix(".md").write_text(text)


if __name__ == "__main__":
    main()
