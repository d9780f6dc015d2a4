"""Three LSTM layers of 50 units that read MNIST row by row, and simpler networks.

The network of the tutorial (docs/tutorial/mnist.rst): no convolutions beside it, one
direction, the state after the last row. The file is that of Keras: an .npz of x_train,
y_train, x_test and y_test. The test digits are looked at once for each fit, after it.

usage: python docs/benchmarks/mnist_lstm.py mnist.npz [--quick]
(writes mnist_lstm.md beside itself; ten minutes on one core)
"""

import statistics
import sys
import time

from _classification_tasks import mnist_rows
from _timing import QUICK, machine, write

from skrnn import RNNClassifier

N_EPOCHS = 1 if QUICK else 10
SETTINGS = {
    "parts": "network",
    "bidirectional": False,
    "pooling": "last",
    "learning_rate": 0.003,
    "batch_size": 128,
    "max_epochs": N_EPOCHS,
    "early_stopping": False,
}
# Name, cell, units, layers, dropout, number of seeds.
NETWORKS = (
    ("three LSTM(50) layers", "lstm", 50, 3, 0.2, 2),
    ("one LSTM(50) layer", "lstm", 50, 1, 0.0, 1),
    ("one GRU(50) layer", "gru", 50, 1, 0.0, 1),
    ("one plain RNN(50) layer", "rnn", 50, 1, 0.0, 1),
)


def fit(task, cell, units, layers, dropout, seed):
    """Return test accuracy, CPU seconds of the fit and number of weights."""
    options = SETTINGS | ({"init": "chrono"} if cell == "lstm" else {})
    model = RNNClassifier(
        cell, units, num_layers=layers, dropout=dropout, random_state=seed, **options
    )
    start = time.process_time()
    model.fit(task.X, task.y)
    seconds = time.process_time() - start
    n_weights = sum(w.numel() for w in model.net_.module_.parameters())
    return model.score(task.X_test, task.y_test), seconds, n_weights


def rows(task):
    yield "| network | seeds | weights | test accuracy | CPU seconds |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, *network, n_seeds in NETWORKS:
        seeds = range(1 if QUICK else n_seeds)
        found = [fit(task, *network, seed) for seed in seeds]
        shares, seconds, weights = zip(*found, strict=True)
        told = ", ".join(f"{share:.4f}" for share in shares)
        yield (
            f"| {name} | {len(shares)} | {weights[0]:,} | {told} "
            f"| {statistics.median(seconds):.0f} |"
        )


def main():
    task = mnist_rows(next(a for a in sys.argv[1:] if a.endswith(".npz")))
    settings = ", ".join(f"`{key}={value!r}`" for key, value in SETTINGS.items())
    lines = [
        f"# MNIST by rows: the network of the tutorial, {N_EPOCHS} epochs",
        "",
        "60,000 digits of 28 steps of 28 pixels for training; share of the 10,000 test",
        "digits that are classified rightly, for each seed. `RNNClassifier` with",
        f"{settings}, and `dropout=0.2` where there are three layers; LSTMs with",
        '`init="chrono"`.',
        "",
    ]
    for line in rows(task):
        lines.append(line)
        print(line, flush=True)
    lines += ["", f"{machine('skrnn', 'torch')}. Made by `mnist_lstm.py`."]
    write(__file__, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
