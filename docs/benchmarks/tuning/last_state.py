"""What an LSTM that is read at its last state learns from few sequences, and by what.

Compared are starts of its weights, rates and sizes of batches, and samples that run
unevenly or as they are. What is no part of the package is put in the place of its
parts. The sequences are generated, of kinds that nothing is judged by, and some
pictures of MNIST, pixel by pixel.

usage: python docs/benchmarks/tuning/last_state.py [--quick] [--kept=FILE]
       [--mnist=FILE] [subject ...]
(writes last_state.md beside itself; fifteen minutes on one core. FILE of --kept gets a
line of JSON for each fit, and a fit whose line is there is not done again; FILE of
--mnist holds the usual four arrays of MNIST as .npz)
"""
# `_search` comes first: it sets the path to the other benchmarks.
# ruff: noqa: I001

import json
import math
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from _search import QUICK
import _stopping_tasks as sequences
from _names import replaced
from _timing import machine, write

from skrnn import RNNClassifier
from skrnn._network import cells
from skrnn._network.pooling import new_linear

N_JUDGING = 250
_SPREAD = "skrnn._network.cells._spread_memory"
_INTEGRATE = "skrnn._network.cells._have_a_third_integrate"
_NEW_LINEAR = "skrnn._network.recurrent_network.new_linear"
# Batches of a fixed size, and what is left over, as with all other starts.
_LEFT_OVER = {"skrnn._ensemble.settings._has_even_batches": lambda *_: False}
# Inputs as strong as by Glorot's rule; and means read by a weight of 1.
_GLOROT = {"skrnn._network.cells._LEAST_DRIVE": 0.0}
_WEAK = {**_GLOROT, "skrnn._network.cells._READING": 1.0}
# Samples are read as they are, unless something else is tried.
LSTM = {"parts": "network", "cell": "lstm", "pooling": "last", "time_warp": 0.0}
LSTM |= {"init": "integrating"}


# -- gates at the start ---------------------------------------------------------------


def _by_logarithm(cell, gates, max_steps, generator):
    """Draw the logarithm of a memory evenly, and not the memory."""
    longest = max(2.0, max_steps - 1.0)
    keep = torch.empty_like(gates[0]).uniform_(generator=generator) * math.log(longest)
    gates[1].copy_(keep)
    gates[0].copy_(-keep)


def _half_open(cell, gates, max_steps, generator):
    """Half of the units have open forget gates, the others memories of all lengths."""
    longest = max(2.0, max_steps - 1.0)
    drawn = torch.empty_like(gates[0]).uniform_(generator=generator)
    keep = (1 + drawn * (longest - 1)).log()
    n_open = len(keep) // 2
    keep[:n_open] = 1.0
    gates[1].copy_(keep)
    gates[0].copy_(-keep)
    gates[0][:n_open] = 0.0


def _half_integrate(layer, cell, max_steps, generator):
    """Half of the units begin as running means of the others, and none as by chrono."""
    size = layer.hidden_size
    n_open = size // 2
    gates = layer.bias_ih_l0.view(-1, size)
    before = gates[:, :n_open].clone()
    cells._spread_memory(cell, gates, max_steps, generator)
    gates[:, :n_open] = before
    candidates = layer.weight_hh_l0.view(-1, size, size)[2]
    readers = torch.arange(n_open, size)
    candidates[readers] = 0.0
    candidates[readers, (readers - n_open) % n_open] = 1.0


def _strong_linear(n_inputs, n_outputs, generator):
    """An output layer that begins three times as strong as by Glorot's rule."""
    layer = new_linear(n_inputs, n_outputs, generator)
    with torch.no_grad():
        layer.weight.mul_(3.0)
    return layer


# -- tasks ----------------------------------------------------------------------------


def _task(make, n, length=None):
    law = {} if length is None else {"length": length}
    X, y = make(np.random.default_rng(n), n + N_JUDGING, **law)
    if not isinstance(X, list) and X.ndim == 2:
        X = X[:, :, None]
    return X[:n], y[:n], X[n:], y[n:]


def _pixels(path):
    """Some pictures of MNIST, pixel by pixel, of 14 x 14."""
    with np.load(path) as data:
        X, y = data["x_train"] / 255, data["y_train"]
    order = np.random.default_rng(0).permutation(len(X))
    X, y = X[order], y[order]
    rows = np.r_[:150, 1_000:1_300]
    pixels = X[rows].reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196, 1)
    return pixels[:150], y[rows][:150], pixels[150:], y[rows][150:]


# Makers of sequences, how many are for fitting, and their steps (None: as usual).
LAWS = {
    "frequencies": (sequences.frequencies, 60, None),
    "gestures": (sequences.gestures, 40, None),
    "transients": (sequences.transients, 60, 300),
    "loads": (sequences.loads, 40, 200),
    "subtle": (sequences.subtle, 50, 250),
    "motifs": (sequences.motifs, 60, 240),
    "shapes": (sequences.shapes, 30, None),
    "outlines": (sequences.outlines, 80, 150),
    "heartbeats": (sequences.heartbeats, 60, None),
    "order": (sequences.order, 120, None),
    "long memory": (sequences.long_memory, 100, None),
    "spirals": (sequences.spirals, 80, None),
    "variances": (sequences.variances, 90, None),
    "wrong labels": (sequences.wrong_labels, 200, None),
    "loads, long": (sequences.loads, 60, 1_000),
    "transients, long": (sequences.transients, 60, 1_000),
}
TRIED = {
    "chrono, samples run unevenly": {"init": "chrono", "time_warp": 0.3},
    "chrono": {"init": "chrono"},
    "chrono by logarithm": {"init": "chrono", _SPREAD: _by_logarithm},
    "half chrono, half open": {"init": "chrono", _SPREAD: _half_open},
    "integrating": {},
    "weak": _WEAK | _LEFT_OVER,
    "weak, half of the units": {_INTEGRATE: _half_integrate} | _WEAK | _LEFT_OVER,
    "weak, rate of .005": {"learning_rate": 0.005} | _WEAK | _LEFT_OVER,
    "weak, rate of .003": {"learning_rate": 0.003} | _WEAK | _LEFT_OVER,
    "weak, batches of 16": {"batch_size": 16} | _WEAK | _LEFT_OVER,
    "weak, layer norm": {"norm": "layer"} | _WEAK | _LEFT_OVER,
    "weak, even batches": _WEAK,
    "inputs as by Glorot": _GLOROT | _LEFT_OVER,
    "batches left over": _LEFT_OVER,
    "batches left over, strong output layer": {_NEW_LINEAR: _strong_linear}
    | _LEFT_OVER,
    "batches left over, rate of .005": {"learning_rate": 0.005} | _LEFT_OVER,
    "batches left over, time_warp=0.1": {"time_warp": 0.1} | _LEFT_OVER,
    "GRU, samples run unevenly": {
        "cell": "gru",
        "init": "orthogonal",
        "time_warp": 0.3,
    },
    "GRU": {"cell": "gru", "init": "orthogonal"},
}
_MAIN = ("chrono, samples run unevenly", "chrono", "integrating")
_FAST = tuple(
    name for name in LAWS if name != "transients" and not name.endswith("long")
)
# By subject: units, seeds, what is tried, and on what.
SUBJECTS = {
    "64 units": (
        64,
        (0, 1, 2),
        (*_MAIN, "weak", "weak, half of the units"),
        (*LAWS, "pixels"),
    ),
    "What holds a training": (
        64,
        (0, 1, 2),
        (
            "integrating",
            *(name for name in TRIED if name.startswith("weak")),
            "inputs as by Glorot",
            *(name for name in TRIED if "left over" in name),
        ),
        _FAST,
    ),
    "32 units, more seeds": (
        32,
        tuple(range(6)),
        (
            "integrating",
            "weak",
            "batches left over",
            "batches left over, strong output layer",
        ),
        _FAST,
    ),
    "other starts": (
        64,
        (0,),
        (*_MAIN[1:], "half chrono, half open"),
        tuple(LAWS)[:9],
    ),
    "GRU": (
        32,
        (0,),
        ("GRU, samples run unevenly", "GRU"),
        ("frequencies", "gestures", "loads", "motifs", "shapes", "heartbeats"),
    ),
    "32 units": (
        32,
        (1,),
        (*_MAIN, "weak", "chrono by logarithm"),
        (*tuple(LAWS)[:4], "motifs", "order", "long memory"),
    ),
}
HEAD = f"""# An LSTM read at its last state

Share of {N_JUDGING} generated sequences (300 pictures) that are classified rightly by
one LSTM that is read at its last state and was fitted on few others, the mean over the
seeds; and CPU seconds of all fits of a row, on a busy machine.

- *chrono*: memories of all lengths up to that of the sequences (Tallec and Ollivier
  2018, arXiv:1804.11188), drawn evenly, or *by logarithm*, so that short ones are as
  many as long ones.
- *half chrono, half open*: half of the units have open forget gates instead.
- *integrating*: a third has open forget gates, a third is as by *chrono*, and a third
  begins as running means of the first. Inputs and means are read strongly, and batches
  are even. That is what the package does by itself.
- *weak*: inputs as strong as by Glorot's rule (*inputs as by Glorot*: these alone),
  means read by a weight of 1, not 3, and batches of 32 with what is left over (*batches
  left over*: these alone). So it is for all *weak* ones, one of which has *even
  batches*; *half of the units*: the same without those as by *chrono*.
- *strong output layer*: it begins three times as strong as by Glorot's rule.
- *samples run unevenly*: `time_warp=0.3`."""
TAIL = """Units that begin as running means of others hand on from the first epoch what
those have found long ago. But means over a memory differ little between samples, so
that at first all samples look alike, and what is learned is noise: a step by the few
samples that are left over when others have made batches of 32 counts as much as theirs.
What is read strongly is learned at 64 units and at 32, in less time; even batches alone
gain where inputs are weak, with 64 units, and change little where they are strong. A
lower rate does not help on these tasks. Strong inputs carry more noise, too: with 32
units frequencies are found less. A strong output layer gains with 64 units and loses
with 32; a layer norm gains as much, and would make it another network.
Samples that run unevenly hide what is fast, and spare a network what only happens to be
at some step; a GRU gains by them on some tasks and loses on others."""


class Fits:
    """Fits by their names, those that are kept in a file among them.

    Parameters
    ----------
    path : Path or None
        Where they are kept.
    pictures : str or None
        Path of MNIST.
    """

    def __init__(self, path, pictures):
        self.path, self.pictures, self.data, self.done = path, pictures, {}, {}
        if path is not None and path.exists():
            for line in path.read_text().splitlines():
                *key, share, seconds = json.loads(line)
                self.done[tuple(key)] = share, seconds

    def outcome(self, *key):
        """Share that is right, and CPU seconds, of (units, tried, task, seed)."""
        if key not in self.done:
            self.done[key] = self._fit(*key)
            if self.path is not None:
                with self.path.open("a") as file:
                    file.write(json.dumps([*key, *self.done[key]]) + "\n")
        return self.done[key]

    def _fit(self, units, tried, name, seed):
        if name not in self.data:
            is_drawn = name in LAWS
            self.data[name] = _task(*LAWS[name]) if is_drawn else _pixels(self.pictures)
        X, y, X_test, y_test = self.data[name]
        values = TRIED[tried] | ({"max_epochs": 3} if QUICK else {})
        constants = {n: v for n, v in values.items() if "." in n}
        options = LSTM | {n: v for n, v in values.items() if "." not in n}
        start = time.process_time()
        with replaced(constants):
            model = RNNClassifier(hidden_size=units, random_state=seed, **options)
            model.fit(X, y)
        seconds = time.process_time() - start
        return float(np.mean(model.predict(X_test) == y_test)), seconds


def rows(fits, units, seeds, tried, names):
    """The lines of a table: a row for what is tried, a column for each task."""
    yield f"| start | {' | '.join(names)} | mean | CPU seconds |"
    yield f"| --- |{' ---: |' * (len(names) + 2)}"
    for label in tried:
        found = [[fits.outcome(units, label, n, s) for s in seeds] for n in names]
        shares, seconds = np.moveaxis(np.array(found), 2, 0)  # (n_tasks, n_seeds)
        cells = [f"{s:.3f}" for s in (*shares.mean(axis=1), shares.mean())]
        yield f"| {label} | {' | '.join(cells)} | {seconds.sum():.1f} |"


def main():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    given = [name for name in sys.argv[1:] if not name.startswith("-")]
    paths = dict(
        option.removeprefix("--").split("=", 1)
        for option in sys.argv[1:]
        if "=" in option
    )
    kept = Path(paths["kept"]) if "kept" in paths else None
    fits = Fits(kept, paths.get("mnist"))
    lines = [HEAD]
    for subject in given or SUBJECTS:
        units, seeds, tried, names = SUBJECTS[subject]
        if QUICK:
            seeds, tried, names = seeds[:1], tried[-2:], names[:2]
        if fits.pictures is None:
            names = [name for name in names if name in LAWS]
        seeds_used = f"{units} units; seeds: {len(seeds)}."
        lines += ["", f"## {subject}", "", seeds_used, ""]
        for line in rows(fits, units, seeds, tried, names):
            print(line, flush=True)
            lines.append(line)
    lines += ["", TAIL, "", machine("skrnn", "torch"), ""]
    write(__file__, "\n".join(lines))


if __name__ == "__main__":
    main()
