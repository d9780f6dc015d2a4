"""Peak memory and time of truncated back-propagation through time.

One epoch of RNNRegressor("lstm", 32) on a few long sequences, with and without
`tbptt_steps`. Each case runs in a fresh process, whose peak resident size is compared
with that of a process that makes the same data and does not fit.

usage: python docs/benchmarks/tbptt_memory.py
(writes tbptt_memory.md beside itself; a minute, some GB of memory)
"""

import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

from skrnn import RNNRegressor

N_SEQUENCES = 8
LENGTHS = (1_000, 10_000, 100_000)
PARTS = (None, 100, 1_000)
POOLINGS = ("last", "mean")
SHORT = 10  # steps of the case that shows what any fit costs


def run_case(length, part, pooling):
    """Make the data and fit, unless part is "baseline"; print MB and CPU seconds."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N_SEQUENCES, length, 1)).astype(np.float32)
    y = x[:, -10:, 0].mean(1)
    start = time.process_time()
    if part != "baseline":
        RNNRegressor(
            "lstm",
            32,
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


def measure(length, part, pooling="last"):
    command = [sys.executable, __file__, str(length), str(part), pooling]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    peak, seconds = shown.stdout.split()[-2:]
    return float(peak), float(seconds)


def cases():
    yield SHORT, None, "last"
    for pooling in POOLINGS:
        for length in LENGTHS:
            for part in PARTS:
                yield length, part, pooling


def table():
    yield "| pooling | steps | tbptt_steps | growth, MB | CPU seconds |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    base = {length: measure(length, "baseline")[0] for length in (SHORT, *LENGTHS)}
    for length, part, pooling in cases():
        peak, seconds = measure(length, part, pooling)
        part = part if part is None else f"{part:,}"
        growth = peak - base[length]
        yield f"| {pooling} | {length:,} | {part} | {growth:.0f} | {seconds:.1f} |"


def main():
    lines = []
    for line in table():
        print(line, flush=True)
        lines.append(line)
    shown = "\n".join(lines)
    text = f"""# Memory of truncated back-propagation through time

One epoch of `RNNRegressor("lstm", 32)` on {N_SEQUENCES} sequences with one feature, in
one batch: growth of the peak resident memory of a fresh process over that of a process
that makes the same data and does not fit, and CPU seconds of `fit`. The first row shows
what any first fit of a process costs.

{shown}

torch {torch.__version__}, one thread, {platform.machine()}. Made by `tbptt_memory.py`.
"""
    Path(__file__).with_suffix(".md").write_text(text)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_case(int(sys.argv[1]), *sys.argv[2:])
    else:
        main()
