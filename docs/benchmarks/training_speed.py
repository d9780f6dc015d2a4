"""Time of whole fits: skrnn beside a raw torch loop and skorch, at four sizes.

The same network, data, batches and epochs for all: a recurrent stack, the last state, a
linear layer, squared error and Adam, no clipping, no early stopping. Whole fits are
timed, after one warm-up, in turns, so that all see the same machine; the table gives
medians, each tool with the number of threads that is best for it.

Also the case of gradients that vanish: long sequences whose early gradients become
denormal numbers, which slow a CPU down by an order of magnitude. skrnn flushes them to
zero while it trains.

usage: python docs/benchmarks/training_speed.py    (writes training_speed.md)
"""

import platform
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from skorch import NeuralNetRegressor
from torch import nn

from skrnn import RNNRegressor

# batch, steps, features, hidden, layers, samples
SIZES = [
    (32, 24, 1, 32, 1, 3200),
    (64, 48, 1, 64, 1, 3200),
    (128, 28, 28, 50, 3, 2560),
    (128, 96, 7, 128, 1, 1280),
]
VANISHING = (64, 200, 4, 128, 2, 128)
REPEATS = 5
CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}


class Network(nn.Module):
    def __init__(self, cell, features, hidden, layers):
        super().__init__()
        self.cell = CELLS[cell](features, hidden, layers, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.head(self.cell(x)[0][:, -1])


def data(size):
    _, steps, features, *_, samples = size
    rng = np.random.default_rng(0)
    x = rng.normal(size=(samples, steps, features)).astype(np.float32)
    return x, x[:, -1, 0].copy()


def fit_skrnn(cell, size, x, y):
    batch, _, _, hidden, layers, _ = size
    RNNRegressor(
        cell,
        hidden,
        num_layers=layers,
        batch_size=batch,
        max_epochs=1,
        max_grad_norm=None,
        early_stopping=False,
        random_state=0,
    ).fit(x, y)


def fit_torch(cell, size, x, y):
    batch, _, features, hidden, layers, _ = size
    network = Network(cell, features, hidden, layers)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    x, y = torch.from_numpy(x), torch.from_numpy(y)[:, None]
    for rows in torch.randperm(len(x)).split(batch):
        optimizer.zero_grad()
        nn.functional.mse_loss(network(x[rows]), y[rows]).backward()
        optimizer.step()


def fit_skorch(cell, size, x, y):
    batch, _, features, hidden, layers, _ = size
    NeuralNetRegressor(
        Network(cell, features, hidden, layers),
        max_epochs=1,
        lr=0.01,
        batch_size=batch,
        optimizer=torch.optim.Adam,
        train_split=None,
        iterator_train__shuffle=True,
        verbose=0,
    ).fit(x, y[:, None])


TOOLS = {"raw torch": fit_torch, "skorch": fit_skorch, "skrnn": fit_skrnn}


def medians(cell, size, repeats):
    """Median seconds of each tool, with its better number of threads."""
    x, y = data(size)
    seconds = {}
    for _ in range(repeats + 1):
        for name, fit in TOOLS.items():
            # skrnn trains on one thread whatever the setting is.
            for threads in (1,) if name == "skrnn" else (1, 2):
                torch.set_num_threads(threads)
                start = time.perf_counter()
                fit(cell, size, x, y)
                used = time.perf_counter() - start
                seconds.setdefault((name, threads), []).append(used)
    best = {}
    for (name, _), values in seconds.items():
        median = statistics.median(values[1:])  # the first is the warm-up
        best[name] = min(median, best.get(name, np.inf))
    return best


def table(rows):
    names = " | ".join(TOOLS)
    yield f"| cell | batch, steps, features, hidden, layers | {names} |"
    yield "| --- | --- | ---: | ---: | ---: |"
    for cell, size, repeats in rows:
        best = medians(cell, size, repeats)
        n_batches = -(-size[-1] // size[0])
        raw = best["raw torch"]
        shown = [
            f"{1000 * best[name] / n_batches:.2f} ({best[name] / raw:.2f})"
            for name in TOOLS
        ]
        sizes = ", ".join(map(str, size[:-1]))
        yield f"| {cell.upper()} | {sizes} | {' | '.join(shown)} |"


def main():
    usual = "\n".join(table((cell, size, REPEATS) for size in SIZES for cell in CELLS))
    vanishing = "\n".join(table((cell, VANISHING, 1) for cell in CELLS))
    text = f"""# Time of training

Milliseconds for a batch, out of whole fits, and in brackets the ratio to the raw torch
loop. Median of {REPEATS} fits after a warm-up, each tool with the better of one and two
threads.

{usual}

Sequences over which the gradient vanishes (one fit after a warm-up):

{vanishing}

torch {torch.__version__}, {platform.machine()}. Made by `training_speed.py`.
"""
    Path(__file__).with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
