"""Data larger than memory: 10 GB of rows, and processes that may have 2 GB.

Each way is a process of its own, whose address space (RLIMIT_AS), or, for the memory
map, whose memory that is no page of a file (RLIMIT_DATA), the system limits to 2 GB;
the resident set is measured beside it. What a fit from chunks costs a row is compared
with a fit of a part of the same rows that lie in memory. Both are one epoch, with the
checks and the scaling before it.

usage: python docs/benchmarks/larger_than_memory.py [--quick] [--gigabytes 10] [--dir .]
(writes larger_than_memory.md beside itself; the directory needs that much room, and
some more; a quarter of an hour)
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from _timing import QUICK, machine, write

N_STEPS, N_FEATURES, HIDDEN = 24, 64, 16
BYTES = 4 * N_STEPS * N_FEATURES  # of a sequence
LIMIT = 2 * 10**9
CHUNK = 8192  # sequences: 50 MB
N_PARQUET = 20_000 if QUICK else 200_000  # rows


def network(**options):
    from skrnn import RNNRegressor

    return RNNRegressor(
        "gru",
        HIDDEN,
        n_estimators=1,
        max_epochs=1,
        early_stopping=False,
        linear_steps=None,  # of 1,536 regressors it would take most of the time
        random_state=0,
        **options,
    )


class FileChunks:
    """Chunks of sequences in one file of float32, read when they are asked for."""

    def __init__(self, directory, size):
        self.path, self.y = directory / "X.bin", np.load(directory / "y.npy")
        self.size = size

    def __len__(self):
        return -(-len(self.y) // self.size)

    def __getitem__(self, number):
        if number >= len(self):
            raise IndexError(number)
        start = number * self.size
        y = self.y[start : start + self.size]
        count = len(y) * BYTES // 4
        X = np.fromfile(self.path, np.float32, count, offset=start * BYTES)
        return X.reshape(-1, N_STEPS, N_FEATURES), y


def make_data(directory, n):
    """Write n sequences and their targets."""
    rng, targets = np.random.default_rng(0), []
    with open(directory / "X.bin", "wb") as file:
        for start in range(0, n, CHUNK):
            shape = min(CHUNK, n - start), N_STEPS, N_FEATURES
            X = rng.random(shape, np.float32) - np.float32(0.5)
            X.tofile(file)
            targets.append(X[:, -1, 0] + np.sin(3 * X[:, -2, 1]) * X[:, -3, 2])
    np.save(directory / "y.npy", np.concatenate(targets))


def table(directory):
    """Write a table of rows, whose every row is to be predicted from its window."""
    import polars

    rng = np.random.default_rng(1)
    X = rng.random((N_PARQUET, N_FEATURES), np.float32)
    columns = {f"x{i}": X[:, i] for i in range(N_FEATURES)}
    columns["y"] = X[:, 0] + np.roll(X[:, 1], 1)
    columns["hour"] = np.arange(N_PARQUET)
    path = directory / "rows.parquet"
    polars.DataFrame(columns).write_parquet(path, row_group_size=10_000)


# -- what the processes do; each returns the number of rows it has learned from


def in_memory(directory, n):
    chunks = FileChunks(directory, n)
    X, y = chunks[0]
    start()
    network().fit(X, y)
    return len(y) * N_STEPS


def from_chunks(directory, n):
    from skrnn.streaming import fit_stream

    chunks = FileChunks(directory, CHUNK)
    start()
    fit_stream(network(), chunks, buffer_size=2 * CHUNK, validation=None)
    return len(chunks.y) * N_STEPS


def memory_map(directory, n):
    y = np.load(directory / "y.npy")
    shape = len(y), N_STEPS, N_FEATURES
    X = np.memmap(directory / "X.bin", np.float32, "r", shape=shape)
    start()
    network().fit(X[:n], y[:n])
    return n * N_STEPS


def _pipeline():
    from sklearn.pipeline import make_pipeline

    from skrnn import SlidingWindow

    return make_pipeline(SlidingWindow(N_STEPS, time="hour"), network())


def table_in_memory(directory, n):
    import polars

    rows = polars.read_parquet(directory / "rows.parquet")
    start()
    _pipeline().fit(rows.drop("y"), rows["y"].to_numpy())
    return len(rows)


def table_in_chunks(directory, n):
    from skrnn.streaming import ParquetChunks, fit_stream

    start()
    chunks = ParquetChunks(directory / "rows.parquet", "y", chunk_size=10_000)
    fit_stream(_pipeline(), chunks, buffer_size=20_000, validation=None)
    return N_PARQUET


WAYS = {
    job.__name__: job
    for job in (in_memory, from_chunks, memory_map, table_in_memory, table_in_chunks)
}
BEGIN = {}


def start():
    """Begin to count the time."""
    BEGIN.update(wall=time.perf_counter(), cpu=time.process_time())


def child(name, directory, n):
    import torch

    torch.set_num_threads(1)
    n_rows = WAYS[name](Path(directory), n)
    status = Path("/proc/self/status").read_text().split()
    found = {
        "rows": n_rows,
        "wall": time.perf_counter() - BEGIN["wall"],
        "cpu": time.process_time() - BEGIN["cpu"],
        "resident": int(status[status.index("VmHWM:") + 1]) * 1024,
    }
    print(json.dumps(found))


def measure(name, directory, n=0, limit=None):
    """Have a process of its own do it, with limits of the system (dict of bytes)."""
    import resource

    def restrict():
        for kind, size in (limit or {}).items():
            resource.setrlimit(getattr(resource, kind), (size, size))

    command = [sys.executable, __file__, "--child", name, str(directory), str(n)]
    command += ["--quick"] if QUICK else []
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, preexec_fn=restrict
    )
    found = json.loads(done.stdout.splitlines()[-1])
    print(name, found, flush=True)
    return found


def line(what, found, reference, limit):
    cost = 1e6 / found["rows"]
    ratio = found["cpu"] / found["rows"] / (reference["cpu"] / reference["rows"])
    return (
        f"| {what} | {found['rows'] / 1e6:.1f} | {limit} | "
        f"{found['resident'] / 1e9:.2f} | {found['cpu'] * cost:.2f} | "
        f"{found['wall'] * cost:.2f} | {ratio:.2f} |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--gigabytes", type=float, default=0.3 if QUICK else 10)
    parser.add_argument("--dir", default=None)
    given = parser.parse_args()
    n = int(given.gigabytes * 1e9 / BYTES)
    part = min(n // 2, 10**9 // BYTES)
    mapped = min(n, 3 * 10**9 // BYTES)
    with tempfile.TemporaryDirectory(dir=given.dir) as directory:
        directory = Path(directory)
        make_data(directory, n)
        table(directory)
        memory = measure("in_memory", directory, part)
        whole = measure("from_chunks", directory, limit={"RLIMIT_AS": LIMIT})
        map_ = measure("memory_map", directory, mapped, {"RLIMIT_DATA": LIMIT})
        again = measure("in_memory", directory, part)
        memory = min(memory, again, key=lambda found: found["cpu"])
        table_there = measure("table_in_memory", directory)
        table_read = measure("table_in_chunks", directory)
    lines = [
        line("in memory: `fit`", memory, memory, "none"),
        line("a file, by chunks: `fit_stream`", whole, memory, "2 GB of addresses"),
        line("a memory map: `fit`", map_, memory, "2 GB that are no pages of the file"),
        line("a table, in memory: `fit`", table_there, table_there, "none"),
        line("Parquet, by chunks: `fit_stream`", table_read, table_there, "none"),
    ]
    rows = "\n".join(lines)
    text = f"""# Data larger than memory

One epoch of a GRU of {HIDDEN} units, one thread, with the checks and the scaling before
it, from rows of {N_FEATURES} features in float32. The first three
read sequences of {N_STEPS} rows of a file of {n * BYTES / 1e9:.1f} GB; the table is of
{N_PARQUET:,} rows, each with a window of {N_STEPS}, so that a row costs more. Seconds
are for a million rows. Chunks are of {CHUNK:,} sequences, buffers of two chunks. The
resident set counts pages of the memory map too, which the system takes back when it
needs them. The ratio is of CPU time, to the fit in memory.

| | million rows | limit | resident set, GB | CPU s | wall s | ratio |
| --- | ---: | --- | ---: | ---: | ---: | ---: |
{rows}

{machine("torch", "numpy", "polars")}. Made by `larger_than_memory.py`.
"""
    write(__file__, text)


if __name__ == "__main__":
    if "--child" in sys.argv:
        child(*sys.argv[2:4], int(sys.argv[4]))
    else:
        main()
