"""What was tried for one network on long series: other starts, a stem, augmentation.

An LSTM that is read at its last state, and the network of the defaults, as they are and
with: other memories of the gates at the start; weights that were trained with another
pooling before; convolutions that are trained with the network; samples that are changed
in other ways than `time_warp` does. What is no part of the package is put in the place
of its parts. The sequences are generated, of kinds that nothing is judged by.

usage: python docs/benchmarks/tuning/stem_and_augmentation.py [--quick] [subject ...]
(writes stem_and_augmentation.md beside itself; five minutes on one core)
"""
# `_search` comes first: it sets the path to the other benchmarks.
# ruff: noqa: I001

import math
import sys
import time
import warnings
from functools import partial

import numpy as np
import torch
from torch import nn
from _search import QUICK
import _stopping_tasks as sequences
from _names import replaced
from _timing import machine, write

from skrnn import RNNClassifier
from skrnn._network.pooling import new_linear
from skrnn._network.recurrent_network import RecurrentNetwork
from skrnn._training.time_warp import warp

SEED = 0
N_JUDGING = 400
HEAD = f"""# Other starts, filters and augmentation

Share of {N_JUDGING} generated sequences that are classified rightly by one network, or
several, which were fitted on few others; one seed, and CPU seconds of all fits of a
row, on a busy machine. What has the name of a parameter is in the package.

- *Memories evenly by logarithm*, *shares kept evenly*: `init="chrono"` draws how long a
  unit remembers evenly from 1 to the number of steps, so that few units are short of
  memory. These draw its logarithm evenly, or how much is kept at each step (Gu et al.
  2020, arXiv:1910.09890).
- *After a training with the mean*: `init` is an estimator fitted with `pooling="mean"`.
- *Any of the later states in training*: each time another of the states in the second
  half is read, which in the mean is target replication (Lipton et al. 2016,
  arXiv:1511.03677).
- *Parts of at least 0.7 of the steps*, stretched to all (Le Guennec et al. 2016);
  *times a number* that is another for each sequence, and *noise* at each step, which is
  `input_noise` (Um et al. 2017, arXiv:1706.00527).
- *Convolutions beside it*: the branch of LSTM-FCN (Karim et al. 2018), of 32, 64 and 32
  filters, its mean beside the state."""
TAIL = """What one network gains by, in less time, is `n_filters` with segments of some
steps, which is a parameter now. Several networks gain nothing by it: every second one
reads segments. An LSTM that goes on from a fit with another pooling gains as much, for
twice the time; convolutions beside the recurrence gain less, for more time, and target
replication still less. Other memories at the start, and samples that are changed in
other ways, gain on some data and lose on others. *Loads* moves up and down with any
small change: one seed says little there."""
_NETWORK = "skrnn._network.recurrent_network.RecurrentNetwork"
_WARP, _SPREAD = "skrnn._training.time_warp.warp", "skrnn._network.cells._spread_memory"
_EPOCHS = {"max_epochs": 3} if QUICK else {}


# -- memories of the gates ------------------------------------------------------------


def _spread(cell, gates, max_steps, generator, *, is_even):
    """Draw gate biases: shares that are kept evenly, or logarithms of memories."""
    longest = max(2.0, max_steps - 1.0)
    drawn = torch.empty_like(gates[0]).uniform_(generator=generator)
    if is_even:
        kept = drawn.clamp(1 / longest, 1 - 1 / longest)
        keep = torch.logit(kept)
    else:
        keep = drawn * math.log(longest)
    gates[1].copy_(keep)
    if cell == "lstm":
        gates[0].copy_(-keep)


# -- convolutions that learn ----------------------------------------------------------


class Other(RecurrentNetwork):
    """A network of univariate sequences of one length, which kernels do not know."""

    def standard_form(self):
        return None

    def is_standard(self):
        return False

    def training_form(self, max_steps):
        return None


class Branch(Other):
    """The fully convolutional branch of LSTM-FCN beside the recurrence, narrower."""

    widths, sizes = (32, 64, 32), (8, 5, 3)

    def __init__(self, *parts, **options):
        super().__init__(*parts, **options)
        generator, layers, before = options["generator"], [], 1
        for width, size in zip(self.widths, self.sizes, strict=True):
            layer = nn.Conv1d(before, width, size, padding="same")
            nn.init.kaiming_uniform_(
                layer.weight, nonlinearity="relu", generator=generator
            )
            nn.init.zeros_(layer.bias)
            # Norms of batches would need moments for the averaged weights.
            layers += [layer, nn.GroupNorm(8, width), nn.ReLU()]
            before = width
        self.branch = nn.Sequential(*layers)
        n_inputs = self.stack.output_size + before
        self.head = new_linear(n_inputs, self.head.out_features, generator)

    def _pool(self, batch, repeats=None):
        pooled = super()._pool(batch, repeats)
        x = self.scaling.inputs(batch.x, batch.moments).to(pooled.dtype)
        return torch.cat([pooled, self.branch(x.transpose(1, 2)).mean(dim=2)], dim=1)


class AnyStep(Other):
    """Each time another of the states in the second half is read while training.

    In the mean that is the loss of all: target replication (Lipton et al. 2016).
    """

    def _pool(self, batch, repeats=None):
        if not self.training:
            return super()._pool(batch, repeats)
        states = self.stack(self.inputs(batch), batch.lengths)[0]
        n, n_steps = states.shape[:2]
        step = torch.randint(n_steps // 2, n_steps, (n,), generator=self.generator)
        return states[torch.arange(n), step]


# -- samples that are changed ---------------------------------------------------------


def sliced(x, lengths, strength, generator, *, least, also):
    """Read a part of each sequence, stretched to all of it (Le Guennec et al. 2016)."""
    if also:
        x = warp(x, lengths, also, generator)
    n, n_steps = x.shape[:2]
    share = torch.empty(n, 1, dtype=torch.float64).uniform_(
        least, 1, generator=generator
    )
    begin = torch.empty_like(share).uniform_(generator=generator) * (1 - share)
    places = torch.linspace(0, 1, n_steps, dtype=torch.float64)
    times = (begin + share * places) * (n_steps - 1)  # (N, L)
    before = times.long().clamp_(max=n_steps - 2)
    part = (times - before)[:, :, None]
    before = before[:, :, None].expand_as(x)
    return torch.lerp(
        x.double().gather(1, before), x.double().gather(1, before + 1), part
    )


def scaled(x, lengths, strength, generator, *, deviation, also):
    """Multiply each sequence by a number of its own (Um et al. 2017)."""
    if also:
        x = warp(x, lengths, also, generator)
    factor = torch.empty(len(x), 1, x.shape[2], dtype=torch.float64)
    return x * factor.normal_(1, deviation, generator=generator)


def changed(function, **options):
    """Values that have samples changed by a function, beside what is done now."""
    return lambda also: {
        _WARP: partial(function, also=also, **options),
        "time_warp": also or 0.3,
    }


# -- tasks ----------------------------------------------------------------------------


def tasks():
    """Tasks (dict of str to Task) to choose by."""
    laws = {
        "loads, 40 of 200": (sequences.loads, 40, 200),
        "motifs, 60 of 240": (sequences.motifs, 60, 240),
        "transients, 60 of 300": (sequences.transients, 60, 300),
        "subtle, 50 of 250": (sequences.subtle, 50, 250),
    }
    found = {}
    for name, (make, n, length) in laws.items():
        if QUICK:
            n, length = 20, 60
        X, y = make(np.random.default_rng(n), n + N_JUDGING, length=length)
        X = X[:, :, None]
        found[name] = sequences.Task(X[:n], y[:n], X[n:], y[n:], {}, True)
    return dict(list(found.items())[:2]) if QUICK else found


LSTM = {"parts": "network", "cell": "lstm", "pooling": "last"}
NETWORK = {"parts": "network"}
_LOGARITHMS = {_SPREAD: partial(_spread, is_even=False)}
_EVENLY = {_SPREAD: partial(_spread, is_even=True)}
CHANGES = {
    "parts of at least 0.7 of the steps": changed(sliced, least=0.7),
    "times a number of deviation 0.2": changed(scaled, deviation=0.2),
}
_FILTERS = {"n_filters": 32, "segment_length": 4}
# By subject: options, and by the name of what is tried other values.
SUBJECTS = {
    "one LSTM, last state": (
        LSTM,
        {
            "as it is": {},
            "n_filters=32, segment_length=4": _FILTERS,
            'n_filters=32, segment_length="auto"': _FILTERS
            | {"segment_length": "auto"},
            'segment_length="auto"': {"segment_length": "auto"},
            "memories evenly by logarithm": _LOGARITHMS,
            "the same, n_filters=32, segment_length=4": _LOGARITHMS | _FILTERS,
            "after a training with the mean": {"first": "mean"},
            "any of the later states in training": {_NETWORK: AnyStep},
            'pooling="mixed"': {"pooling": "mixed"},
            **{name: values(0.3) for name, values in CHANGES.items()},
            "noise of 0.1": {"input_noise": 0.1},
            "shares kept evenly": _EVENLY,
            "n_filters=32": {"n_filters": 32},
            "convolutions beside it": {_NETWORK: Branch},
        },
    ),
    "one network": (
        NETWORK,
        {
            "as it is": {},
            "n_filters=32, segment_length=4": _FILTERS,
            **{name: values(0.0) for name, values in CHANGES.items()},
            "noise of 0.1": {"input_noise": 0.1},
            "convolutions beside it": {_NETWORK: Branch},
        },
    ),
    "networks": (
        {"parts": "networks"},
        {
            "as it is": {},
            "n_filters=32": {"n_filters": 32},
            'n_filters=32, segment_length="auto"': _FILTERS
            | {"segment_length": "auto"},
        },
    ),
}


def outcome(task, options, values):
    """Share of the test sequences that are right, and CPU seconds of the fit."""
    constants = {n: v for n, v in values.items() if "." in n}
    options = options | {n: v for n, v in values.items() if "." not in n} | _EPOCHS
    first = options.pop("first", None)
    start = time.process_time()
    with replaced(constants):
        if first is not None:
            other = options | {"pooling": first, "init": "chrono"}
            donor = RNNClassifier(random_state=SEED, **other).fit(task.X, task.y)
            options = options | {"init": donor}
        model = RNNClassifier(random_state=SEED, **options).fit(task.X, task.y)
        seconds = time.process_time() - start
        predicted = model.predict(task.X_test[:N_JUDGING])
    return np.mean(predicted == task.y_test[:N_JUDGING]), seconds


def rows(found, options, tried):
    """The lines of a table: a row for what is tried, a column for each task."""
    yield f"| instead | {' | '.join(found)} | mean | CPU seconds |"
    yield f"| --- |{' ---: |' * (len(found) + 2)}"
    for name, values in tried.items():
        pairs = [outcome(task, options, values) for task in found.values()]
        shares, seconds = zip(*pairs, strict=True)
        cells = [f"{share:.3f}" for share in (*shares, np.mean(shares))]
        yield f"| {name} | {' | '.join(cells)} | {sum(seconds):.1f} |"


def main():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    RNNClassifier(max_epochs=1).fit(np.eye(9), np.arange(9) % 2)  # imports
    asked = [name for name in sys.argv[1:] if not name.startswith("-")] or SUBJECTS
    found = tasks()
    lines = [HEAD]
    for name in asked:
        options, tried = SUBJECTS[name]
        if QUICK:
            tried = dict(list(tried.items())[:3])
        lines += ["", f"## {name}", ""]
        for line in rows(found, options, tried):
            print(line, flush=True)
            lines.append(line)
    lines += ["", TAIL, "", machine("skrnn", "torch", "sktime"), ""]
    write(__file__, "\n".join(lines))


if __name__ == "__main__":
    main()
