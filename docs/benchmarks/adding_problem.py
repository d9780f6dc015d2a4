"""The adding problem of Hochreiter and Schmidhuber (1997).

A sequence has two features: a value, uniform in [0, 1], and a marker, which is 1 at one
step of each half and 0 elsewhere. The target is the sum of the two marked values. The
mean as a prediction has a mean squared error (MSE) of 1/6. All cells get the same
settings, but for `init="chrono"`, which only gated cells know. Two controls show what
the initial weights and the learning rate have to do with the result.

The picture shows the loss while training and, before any training, the gradient of the
loss with respect to each step of the input.

usage: python docs/benchmarks/adding_problem.py
(writes adding_problem.md and adding_problem.png beside itself; a quarter of an hour)
"""

import platform
import time
from pathlib import Path

import matplotlib
import numpy as np
import torch

from skrnn import RNNRegressor
from skrnn.plotting import PALETTE

matplotlib.use("Agg")
import matplotlib.pyplot as plt

LENGTHS = (200, 1000)
N_TRAIN = 5000
N_TEST = 1000
SOLVED = 0.01
SETTINGS = {
    "parts": "network",
    "hidden_size": 32,
    "batch_size": 50,
    "max_epochs": 10,
    "lr_schedule": "cosine",
    "max_grad_norm": 1.0,
    "early_stopping": False,
    "random_state": 0,
}
RATE = 0.01
# Name, cell, init, learning rate.
MODELS = (
    ("LSTM", "lstm", "chrono", RATE),
    ("GRU", "gru", "chrono", RATE),
    ("plain RNN", "rnn", "orthogonal", RATE),
)
CONTROLS = (
    ("LSTM", "lstm", "orthogonal", RATE),
    ("plain RNN", "rnn", "orthogonal", RATE / 10),
)
COLOURS = {
    "LSTM": PALETTE["blue"],
    "GRU": PALETTE["green"],
    "plain RNN": PALETTE["red"],
}


def sequences(n, length, seed):
    rng = np.random.default_rng(seed)
    x = np.zeros((n, length, 2), dtype=np.float32)
    x[:, :, 0] = rng.random((n, length))
    rows = np.arange(n)
    first = rng.integers(0, length // 2, n)
    second = rng.integers(length // 2, length, n)
    x[rows, first, 1] = x[rows, second, 1] = 1
    return x, x[rows, first, 0] + x[rows, second, 0]


def train(cell, init, rate, length):
    """Return CPU seconds, the MSE on training data by epoch, and that on test data."""
    x, y = sequences(N_TRAIN, length, seed=0)
    model = RNNRegressor(cell, init=init, learning_rate=rate, **SETTINGS)
    start = time.process_time()
    model.fit(x, y)
    seconds = time.process_time() - start
    x_test, y_test = sequences(N_TEST, length, seed=1)
    mse = np.mean((model.predict(x_test) - y_test) ** 2)
    # The loss is in units of the standardised target.
    return seconds, np.array(model.loss_curve_) * np.var(y), mse


def gradients(cell, init, length):
    """Norm of the gradient at each step, the median of 100 sequences."""
    x, y = sequences(100, length, seed=0)
    options = SETTINGS | {"max_epochs": 1, "batch_size": None, "lr_schedule": None}
    # One step of next to no size: the weights are the initial ones. In double
    # precision, as small gradients would be zero in single precision.
    model = RNNRegressor(
        cell,
        init=init,
        learning_rate=1e-12,
        dtype="float64",
        **options,
    )
    module = model.fit(x, y).net_.module_
    inputs = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    target = torch.tensor((y - y.mean()) / y.std())
    ((module(inputs)[:, 0, 0] - target) ** 2).sum().backward()
    return np.median(inputs.grad.norm(dim=2).numpy(), axis=0)


def row(name, init, rate, length, result):
    seconds, curve, mse = result
    below = np.flatnonzero(curve < SOLVED)
    epoch = below[0] + 1 if len(below) else "never"
    return (
        f"| {length:,} | {name} | {init} | {rate:g} | {mse:.5f} "
        f"| {'yes' if mse < SOLVED else 'no'} | {epoch} | {seconds:.0f} |"
    )


def draw(curves, path):
    longest = LENGTHS[-1]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    for (name, length), curve in curves.items():
        left.semilogy(
            np.arange(1, len(curve) + 1),
            curve,
            color=COLOURS[name],
            linestyle="-" if length == longest else ":",
            label=f"{name}, T = {length:,}",
        )
    left.axhline(1 / 6, color="0.6", linewidth=0.8, zorder=0)
    left.text(1, 1 / 6 * 1.12, "predicting the mean", color="0.4", fontsize=9)
    left.set_xlabel("epoch")
    left.set_ylabel("mean squared error in training")
    left.set_title("Training", loc="left")
    left.legend(frameon=False, fontsize=9)
    table = []
    for name, cell, init, _ in (*MODELS, CONTROLS[0]):
        norms = gradients(cell, init, longest)
        table.append((name, init, norms))
        right.semilogy(
            np.arange(1, longest + 1),
            norms,
            color=COLOURS[name],
            linestyle="--" if name == "LSTM" and init == "orthogonal" else "-",
            label=f"{name}, {init}",
        )
    right.set_xlim(0, longest)
    right.set_xlabel("step of the sequence")
    right.set_ylabel("norm of the gradient")
    right.set_title(f"Gradient before training, T = {longest:,}", loc="left")
    right.legend(frameon=False, fontsize=9, loc="lower right")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
    return table


def gradient_table(table):
    yield "| cell | init | first 10 steps | last 10 steps | ratio |"
    yield "| --- | --- | ---: | ---: | ---: |"
    for name, init, norms in table:
        first, last = norms[:10].mean(), norms[-10:].mean()
        yield f"| {name} | {init} | {first:.1e} | {last:.1e} | {first / last:.1e} |"


def main():
    heading = (
        "| T | cell | init | learning rate | test MSE "
        f"| below {SOLVED:g} | first epoch below {SOLVED:g} in training "
        "| CPU seconds |\n"
        "| ---: | --- | --- | ---: | ---: | --- | ---: | ---: |"
    )
    curves, same, controls = {}, [heading], [heading]
    for length in LENGTHS:
        for model in MODELS:
            name, *how, rate = model
            result = train(*how, rate, length)
            curves[name, length] = result[1]
            same.append(row(name, how[1], rate, length, result))
            print(same[-1], flush=True)
        for name, *how, rate in CONTROLS:
            result = train(*how, rate, length)
            controls.append(row(name, how[1], rate, length, result))
            print(controls[-1], flush=True)
    picture = Path(__file__).with_suffix(".png")
    gradient = "\n".join(gradient_table(draw(curves, picture)))
    same, controls = "\n".join(same), "\n".join(controls)
    settings = ", ".join(f"`{key}={value!r}`" for key, value in SETTINGS.items())
    text = f"""# The adding problem

Sequences of T steps with a value and a marker; the target is the sum of the two marked
values (Hochreiter and Schmidhuber 1997). Predicting the mean has a mean squared error
(MSE) of 1/6 = {1 / 6:.3f}. {N_TRAIN:,} sequences for training, {N_TEST:,} for the test,
one seed. `RNNRegressor` with {settings}.

{same}

Controls: the LSTM without chrono initialisation, and the plain network with a tenth of
the learning rate.

{controls}

![Training loss and gradients]({picture.name})

Left: the loss while training. Right: the gradient of the squared error with respect to
the input at each step, before any training, T = {LENGTHS[-1]:,}, the median of 100
sequences:

{gradient}

torch {torch.__version__}, one thread, {platform.machine()}. Made by
`adding_problem.py`.
"""
    Path(__file__).with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
