"""Memory and time of lazy windows.

Memory: a float32 series of 1,000,000 rows goes through SlidingWindow(96) and
RNNRegressor.fit, and through GridSearchCV; as one array its windows would take 384 MB.
Each case runs in a fresh process, whose peak resident size is compared with that of
the same case on 20,000 rows: the difference is what the other 980,000 rows cost, data
included, beyond the training of the network itself.

Time: a batch of 64 windows of 96 steps, gathered as the training gathers it, against
indexing sliding_window_view.

usage: python docs/benchmarks/windows.py    (writes windows.md beside itself)
"""

import platform
import resource
import subprocess
import sys
import tempfile
import timeit
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from skrnn import SlidingWindow

WINDOW = 96
N_ROWS = 1_000_000
N_FEW = 20_000
BATCH = 1024


def run_case(case, path, n_rows):
    """Fit one model on the first rows of a file; print the process's peak in MB."""
    from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
    from sklearn.pipeline import make_pipeline

    from skrnn import RNNRegressor

    rows = np.load(path, mmap_mode="r")[:n_rows]
    if "memmap" not in case:
        rows = np.array(rows)
    model = make_pipeline(
        SlidingWindow(WINDOW, horizon=1),
        RNNRegressor("rnn", 4, max_epochs=1, batch_size=BATCH, random_state=0),
    )
    if "grid" in case:
        grid = {"rnnregressor__learning_rate": [0.001, 0.01]}
        model = GridSearchCV(model, grid, cv=TimeSeriesSplit(2), error_score="raise")
    model.fit(rows, rows[:, 0])
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def peak(*arguments):
    command = [sys.executable, __file__, *map(str, arguments)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(shown.stdout.split()[-1])


def memory_table(path):
    yield f"| case | {N_FEW:,} rows, MB | {N_ROWS:,} rows, MB | growth, MB |"
    yield "| --- | ---: | ---: | ---: |"
    cases = ("fit", "fit from memmap", "grid search")
    for case in cases:
        few, many = peak(case, path, N_FEW), peak(case, path, N_ROWS)
        yield f"| {case} | {few:.0f} | {many:.0f} | {many - few:.0f} |"


def gather_seconds(n_features):
    """Best time of a gather, lazily and from sliding_window_view."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(100_000, n_features)).astype(np.float32)
    lazy = SlidingWindow(WINDOW).fit_transform(rows)
    view = np.moveaxis(sliding_window_view(rows, WINDOW, axis=0), -1, 1)
    ours, theirs = [], []
    for _ in range(30):  # in turns, so that both see the same machine
        picked = rng.integers(WINDOW, len(rows) - WINDOW, 64)
        first = picked - WINDOW + 1
        assert np.array_equal(lazy.gather(picked), view[first])
        ours.append(timeit.timeit(lambda p=picked: lazy.gather(p), number=300) / 300)
        theirs.append(timeit.timeit(lambda f=first: view[f], number=300) / 300)
    return min(ours), min(theirs)


def gather_table():
    yield "| features | WindowedArray, us | sliding_window_view, us | ratio |"
    yield "| ---: | ---: | ---: | ---: |"
    for n_features in (1, 7, 32):
        ours, theirs = gather_seconds(n_features)
        yield (
            f"| {n_features} | {ours * 1e6:.1f} | {theirs * 1e6:.1f} "
            f"| {ours / theirs:.2f} |"
        )


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.npy"
        noise = np.random.default_rng(0).normal(size=N_ROWS) * 0.1
        series = np.sin(np.arange(N_ROWS) / 50) + noise
        np.save(path, series[:, None].astype(np.float32))
        memory = "\n".join(memory_table(path))
    gather = "\n".join(gather_table())
    text = f"""# Lazy windows

Peak resident memory of a process, windows of {WINDOW} steps over float32 rows (as one
array, {N_ROWS * WINDOW * 4 / 1e6:.0f} MB), one epoch, one validation:

{memory}

Time to gather a batch of 64 windows of {WINDOW} steps:

{gather}

NumPy {np.__version__}, {platform.machine()}. Made by `windows.py`.
"""
    Path(__file__).with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_case(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        main()
