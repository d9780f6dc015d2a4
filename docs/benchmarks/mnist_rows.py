"""MNIST read row by row, at the defaults of `RNNClassifier` but for ten epochs.

The file is that of Keras: an .npz of x_train, y_train, x_test and y_test. The test
digits are looked at once for each seed.

usage: python docs/benchmarks/mnist_rows.py mnist.npz [--quick]
(writes mnist_rows.md beside itself; forty minutes on one core)
"""

import statistics
import sys
import time
import warnings

from _classification_tasks import mnist_rows
from _timing import QUICK, machine, write
from sklearn.exceptions import ConvergenceWarning

from skrnn import RNNClassifier

N_EPOCHS = 1 if QUICK else 10
N_SEEDS = 1 if QUICK else 5


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)
    task = mnist_rows(next(a for a in sys.argv[1:] if a.endswith(".npz")))
    lines = [
        f"# MNIST, row by row, {N_EPOCHS} epochs",
        "",
        f"`RNNClassifier(max_epochs={N_EPOCHS})`, 60,000 digits of 28 steps of 28",
        "pixels; share of the 10,000 test digits that are classified rightly.",
        "",
        "| seed | all | networks alone | pooled convolutions alone "
        "| competing ones alone | best epoch | CPU seconds |",
        "| ---: " * 7 + "|",
    ]
    shares = []
    for seed in range(N_SEEDS):
        start = time.process_time()
        model = RNNClassifier(max_epochs=N_EPOCHS, random_state=seed)
        model.fit(task.X, task.y)
        seconds = time.process_time() - start
        shares.append(model.score(task.X_test, task.y_test))
        parts, whole = [], model.convolutions_.shares.clone()
        for part in (2, 0, 1):
            model.convolutions_.shares.zero_()[part] = whole[part]
            parts.append(model.score(task.X_test, task.y_test))
        cells = [f"{share:.4f}" for share in (shares[-1], *parts)]
        row = [str(seed), *cells, str(model.best_epoch_), f"{seconds:.0f}"]
        lines.append(f"| {' | '.join(row)} |")
        print(lines[-1], flush=True)
    lines += [f"| median | **{statistics.median(shares):.4f}** | | | | | |", ""]
    lines.append(machine("skrnn", "torch"))
    write(__file__, "\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
