"""Peak memory and time of truncated back-propagation through time.

One epoch of RNNRegressor(cell, 32) on a few long sequences, with and without
`tbptt_steps`. Each case runs in a fresh process, whose peak resident size is compared
with that of a process that makes the same data and does not fit.

usage: python docs/benchmarks/tbptt_memory.py
(writes tbptt_memory.md beside itself; a few minutes, some GB of memory)
"""

import os
import platform
import resource
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import numpy as np
import torch

from skrnn import RNNRegressor

N_SEQUENCES = 8
LENGTHS = (1_000, 10_000, 100_000)
PARTS = (None, 100, 1_000)
CELLS = ("lstm", "gru")
POOLINGS = ("last", "mean", "attention")
# Has glibc ask the system for every large block, and give it back.
UNSHARED = {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=65536"}
SHORT = 10  # steps of the case that shows what any fit costs


def run_case(length, part, cell, pooling):
    """Make the data and fit, unless part is "baseline"; print MB and CPU seconds."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N_SEQUENCES, length, 1)).astype(np.float32)
    y = x[:, -10:, 0].mean(1)
    start = time.process_time()
    if part != "baseline":
        RNNRegressor(
            cell,
            32,
            parts="network",
            pooling=pooling,
            batch_size=N_SEQUENCES,
            max_epochs=1,
            early_stopping=False,
            tbptt_steps=None if part == "None" else int(part),
            random_state=0,
        ).fit(x, y)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(peak, seconds)


def measure(length, part, cell="lstm", pooling="last", **settings):
    command = [sys.executable, __file__, str(length), str(part), cell, pooling]
    environment = os.environ | settings
    shown = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment
    )
    peak, seconds = shown.stdout.split()[-2:]
    return float(peak), float(seconds)


def cases():
    for cell, pooling in product(CELLS, POOLINGS):
        yield SHORT, None, cell, pooling
        for length, part in product(LENGTHS, PARTS):
            yield length, part, cell, pooling


def table():
    yield "| cell | pooling | steps | tbptt_steps | growth, MB | mmap, MB | CPU s |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    base = {length: measure(length, "baseline")[0] for length in (SHORT, *LENGTHS)}
    for length, part, cell, pooling in cases():
        peak, seconds = measure(length, part, cell, pooling)
        growth, unshared = f"{peak - base[length]:.0f}", ""
        if length == max(LENGTHS) and part is not None:
            peak = measure(length, part, cell, pooling, **UNSHARED)[0]
            unshared = f"{peak - base[length]:.0f}"
        part = part if part is None else f"{part:,}"
        case = f"{cell} | {pooling} | {length:,} | {part}"
        yield f"| {case} | {growth} | {unshared} | {seconds:.1f} |"


def main():
    lines = []
    for line in table():
        print(line, flush=True)
        lines.append(line)
    shown = "\n".join(lines)
    setting = "=".join(*UNSHARED.items())
    text = f"""# Memory of truncated back-propagation through time

One epoch of `RNNRegressor(cell, 32)` on {N_SEQUENCES} sequences with one feature, in
one batch: growth of the peak resident memory of a fresh process over that of a process
that makes the same data and does not fit, and CPU seconds of `fit`. The rows of {SHORT}
steps show what any first fit of a process costs.

What is in use hardly grows with the length where `tbptt_steps` is set. What the
process holds may: glibc's allocator leaves gaps between the results of the parts, which
it does not fill again. "mmap" is the growth under
`{setting}`, where it takes every large block
from the system and gives it back.

{shown}

torch {torch.__version__}, {" ".join(platform.libc_ver())}, one thread,
{platform.machine()}. Made by `tbptt_memory.py`.
"""
    Path(__file__).with_suffix(".md").write_text(text)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_case(int(sys.argv[1]), *sys.argv[2:])
    else:
        main()
