"""One model on two processes, and on paper on sixty-four machines.

Two processes of torchrun, of one thread each, on the cores of this machine and by gloo
over loopback, against one process: seconds of an epoch, by the clock and by CPU time of
the busier process, which is what remains where each process has a machine that does
nothing else and the network takes no time. On paper each machine does what one core
does here, and sums gradients around a ring: every step carries 2 (n - 1) / n times the
gradient through each link (Patarasuk and Yuan, 2009), in 2 (n - 1) messages.

usage: python docs/benchmarks/distributed.py [--quick]
(writes distributed.md beside itself; five minutes)
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch
from _timing import QUICK, machine, shown, write
from skorch.callbacks import Callback

from skrnn import RNNRegressor
from skrnn.distributed import data_parallel

N_STEPS, N_FEATURES = 48, 8
SIZES = [(32, 256), (128, 256), (128, 2048)]  # hidden, batch
N_SAMPLES = 2048 if QUICK else 8192
N_EPOCHS = 2 if QUICK else 4
MACHINES = [2, 4, 8, 16, 32, 64]
# Bits a second, and seconds a message: what data centres and offices have.
NETWORKS = {
    "1 Gbit/s": (1e9, 50e-6),
    "10 Gbit/s": (10e9, 50e-6),
    "100 Gbit/s": (100e9, 5e-6),
}


class Clock(Callback):
    """Wall and CPU time when each epoch ends."""

    def __init__(self):
        self.times = []

    def on_epoch_end(self, net, **kwargs):
        self.times.append((time.perf_counter(), time.process_time()))


def fit(hidden, batch):
    """Seconds of an epoch after the first, by the clock and of CPU; and weights."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_SAMPLES, N_STEPS, N_FEATURES)).astype("float32")
    y = X[:, -1, 0] * X[:, -2, 1]
    model = RNNRegressor(
        "gru",
        hidden,
        batch_size=batch,
        n_estimators=1,
        max_epochs=N_EPOCHS,
        early_stopping=False,
        linear_steps=None,
        random_state=0,
        callbacks=[Clock()],
    ).fit(X, y)
    times = dict(model.net_.callbacks_)["Clock"].times
    wall, cpu = np.median(np.diff(times, axis=0), axis=0)
    n_weights = sum(weight.numel() for weight in model.net_.learnable())
    return {
        "wall": wall,
        "cpu": cpu,
        "n_weights": n_weights,
        "loss": model.loss_curve_[-1],
    }


def child(directory):
    torch.set_num_threads(1)
    with data_parallel() as rank:
        found = [fit(*size) for size in SIZES]
    (Path(directory) / f"{rank}.json").write_text(json.dumps(found))


def together():
    """What two processes find, for each size (list of pairs of dict)."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"]
        command += ["--rdzv-backend=c10d", "--rdzv-endpoint=localhost:0"]
        command += ["--local-addr=localhost", __file__, "--child", directory]
        command += ["--quick"] if QUICK else []
        subprocess.run(command, check=True)
        files = [Path(directory) / f"{rank}.json" for rank in range(2)]
        parts = [json.loads(file.read_text()) for file in files]
    return list(zip(*parts, strict=True))


def seconds_of_step(alone, batch, n_machines, network):
    """Of a step on several machines: its part of the batch, and the sum."""
    n_steps = -(-N_SAMPLES // batch)
    bits, latency = NETWORKS[network]
    carried = 2 * (n_machines - 1) / n_machines * 32 * (alone["n_weights"] + 1)
    messages = 2 * (n_machines - 1) * latency
    return alone["cpu"] / n_steps / n_machines + carried / bits + messages


def main():
    torch.set_num_threads(1)
    alone = [fit(*size) for size in SIZES]
    both = together()

    def measured():
        yield (
            "| hidden, batch | weights | KB a step | one process: wall, CPU s | two: "
            "wall, CPU s | faster by CPU | loss differs by |"
        )
        yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
        for (hidden, batch), one, two in zip(SIZES, alone, both, strict=True):
            wall = max(part["wall"] for part in two)
            cpu = max(part["cpu"] for part in two)
            size = 4 * (one["n_weights"] + 1) / 1000
            difference = abs(two[0]["loss"] / one["loss"] - 1)
            yield (
                f"| {hidden}, {batch} | {one['n_weights']:,} | {size:.0f} | "
                f"{one['wall']:.2f}, {one['cpu']:.2f} | {wall:.2f}, {cpu:.2f} | "
                f"{one['cpu'] / cpu:.2f} | {difference:.0e} |"
            )

    def on_paper():
        yield f"| hidden, batch | network | {' | '.join(map(str, MACHINES))} | most |"
        yield f"| --- | --- | {'---: | ' * (len(MACHINES) + 1)}"
        for (hidden, batch), one in zip(SIZES, alone, strict=True):
            of_one = one["cpu"] / -(-N_SAMPLES // batch)
            for network in NETWORKS:
                gains = [
                    of_one / seconds_of_step(one, batch, n, network) for n in MACHINES
                ]
                last = max(
                    (
                        n
                        for n in range(2, 65)
                        if of_one / seconds_of_step(one, batch, n, network) >= n / 2
                    ),
                    default=1,
                )
                shown_ = " | ".join(f"{gain:.1f}" for gain in gains)
                yield f"| {hidden}, {batch} | {network} | {shown_} | {last} |"

    first, second = shown(measured()), shown(on_paper())
    text = f"""# One model on several processes

A GRU on {N_SAMPLES:,} sequences of {N_STEPS} steps of {N_FEATURES} features, by
`skrnn.distributed.data_parallel` under torchrun. Seconds are of an epoch. CPU time is
that of the busier process, which other work on the machine changes least.

{first}

On paper, how many times faster a step is on so many machines than on one, each with one
core like these; "most" is the largest number of machines (of 64) that are still used
by half. The smaller the network and its batch, the sooner messages cost more than what
they share out.

{second}

{machine("torch")}. Made by `distributed.py`.
"""
    write(__file__, text)


if __name__ == "__main__":
    if "--child" in sys.argv:
        child(sys.argv[sys.argv.index("--child") + 1])
    else:
        main()
