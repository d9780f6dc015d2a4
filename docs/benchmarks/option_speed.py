"""CPU time of a training step with one option set, beside raw torch with the same.

Whole fits on one thread: the difference between fits of four epochs and of one, so that
neither start nor end counts. The same network, data, batches and epochs for both; no
validation. Raw torch is what one would write by hand: modules of torch, its fused Adam,
a loop. Beside both stands what the products of matrices alone would take at the rate of
torch's own (sgemm) for large ones: no network can be faster than that.

The page has a part for each level of instructions. A run measures one and leaves the
others as they are: that of the machine, or AVX2 with --avx2, which holds torch to it as
well.

usage: python docs/benchmarks/option_speed.py [--avx2] [--quick] [option ...]
(writes option_speed.md beside itself, if no option is named; three minutes)
"""

import os
import statistics
import subprocess
import sys
import time
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from _fits import Task
from _timing import QUICK, beside, machine, sgemm_peak, shown, write
from torch import distributions, nn
from torch.nn import functional

from skrnn import RNNClassifier, RNNRegressor

RATE, FEATURES, REPEATS = 0.01, 1, 1 if QUICK else 3
QUANTILES = (0.1, 0.5, 0.9)
CELLS = {"gru": nn.GRU, "lstm": nn.LSTM}


class Size(NamedTuple):
    batch: int
    steps: int
    hidden: int
    batches: int

    def __str__(self):
        return f"{self.batch}, {self.steps}, {self.hidden}"


SIZES = [Size(32, 24, 32, 20), Size(64, 48, 64, 8)]


class Option(NamedTuple):
    """An option of the estimators, and what a network by hand does in its place."""

    name: str
    ours: dict
    theirs: dict = {}
    kind: type = RNNRegressor


def options(size):
    half = size.steps // 2
    return [
        Option("plain", {}),
        Option("num_layers=2", {"num_layers": 2}, {"layers": 2}),
        Option(
            "dropout=0.2, two layers",
            {"num_layers": 2, "dropout": 0.2},
            {"layers": 2, "dropout": 0.2},
        ),
        Option("dropout=0.2", {"dropout": 0.2}, {"dropout": 0.2}),
        Option("bidirectional", {"bidirectional": True}, {"bidirectional": True}),
        Option('loss="gaussian"', {"loss": "gaussian"}, {"loss": "gaussian"}),
        Option('loss="student_t"', {"loss": "student_t"}, {"loss": "student_t"}),
        Option(
            'loss="quantile"',
            {"loss": "quantile", "quantiles": QUANTILES},
            {"loss": "quantile"},
        ),
        Option("cross-entropy", {}, {"loss": "classes"}, RNNClassifier),
        Option(
            "label_smoothing=0.1",
            {"label_smoothing": 0.1},
            {"loss": "smoothed"},
            RNNClassifier,
        ),
        Option('loss="focal"', {"loss": "focal"}, {"loss": "focal"}, RNNClassifier),
        Option("sample_weight", {"weighted": True}, {"weighted": True}),
        Option('norm="layer"', {"norm": "layer"}, {"norm": "layer"}),
        Option('norm="batch"', {"norm": "batch"}, {"norm": "batch"}),
        Option('pooling="attention"', {"pooling": "attention"}, {"attends": True}),
        Option(
            "residual, two layers",
            {"num_layers": 2, "residual": True},
            {"layers": 2, "residual": True},
        ),
        Option("recurrent_dropout=0.2", {"recurrent_dropout": 0.2}, {"weights": 0.2}),
        Option("tbptt_steps, half", {"tbptt_steps": half}, {"tbptt": half}),
        Option("input_noise=0.1", {"input_noise": 0.1}, {"noise": 0.1}),
        Option('dtype="float64"', {"dtype": "float64"}, {"dtype": torch.float64}),
        Option(
            "two layers, bidirectional, dropout, norm, attention",
            {
                "num_layers": 2,
                "bidirectional": True,
                "dropout": 0.2,
                "norm": "layer",
                "pooling": "attention",
            },
            {
                "layers": 2,
                "bidirectional": True,
                "dropout": 0.2,
                "norm": "layer",
                "attends": True,
            },
        ),
    ]


# -- by hand ---------------------------------------------------------------------------


class Network(nn.Module):
    """One recurrent network of torch's modules, as an option wants it."""

    def __init__(self, cell, size, n_outputs, given):
        super().__init__()
        self.given = given
        bidirectional = given.get("bidirectional", False)
        state = size.hidden * (1 + bidirectional)
        n_layers = given.get("layers", 1)
        # One module for all layers, unless something comes in between.
        is_apart = given.get("residual") or given.get("norm")
        sizes = [FEATURES, *[state] * (n_layers - 1)] if is_apart else [FEATURES]
        options = {"batch_first": True, "bidirectional": bidirectional}
        if not is_apart:
            dropout = given.get("dropout", 0.0) if n_layers > 1 else 0.0
            options |= {"num_layers": n_layers, "dropout": dropout}
        self.layers = nn.ModuleList(
            CELLS[cell](n, size.hidden, **options) for n in sizes
        )
        norms = {"layer": nn.LayerNorm, "batch": nn.BatchNorm1d, None: nn.Identity}
        self.norms = nn.ModuleList(norms[given.get("norm")](state) for _ in sizes)
        self.dropout = nn.Dropout(given.get("dropout", 0.0))
        if given.get("attends"):
            self.project, self.score = nn.Linear(state, state), nn.Linear(state, 1)
        self.head = nn.Linear(state, n_outputs)

    def run(self, layer, x, begin=None):
        p = self.given.get("weights")
        if p is None:
            return layer(x, begin)
        masked = functional.dropout(layer.weight_hh_l0, p)
        weights = [layer.weight_ih_l0, masked, layer.bias_ih_l0, layer.bias_hh_l0]
        zeros = x.new_zeros(1, len(x), layer.hidden_size)
        is_lstm = isinstance(layer, nn.LSTM)
        function, begin = (
            (torch.lstm, (zeros, zeros)) if is_lstm else (torch.gru, zeros)
        )
        return function(x, begin, weights, True, 1, 0.0, True, False, True)[:2]

    def forward(self, x):
        if self.given.get("noise"):
            x = x + self.given["noise"] * torch.randn_like(x)
        if self.given.get("tbptt"):
            return self.head(self.in_parts(x)[:, -1])
        for i, (layer, norm) in enumerate(zip(self.layers, self.norms, strict=True)):
            states, _ = self.run(layer, self.dropout(x) if i else x)
            if isinstance(norm, nn.BatchNorm1d):
                states = norm(states.flatten(0, 1)).view(states.shape)
            else:
                states = norm(states)
            x = states + x if i and self.given.get("residual") else states
        if self.given.get("attends"):
            score = self.score(torch.tanh(self.project(x)))
            pooled = (score.softmax(dim=1) * x).sum(dim=1)
        elif self.given.get("bidirectional"):
            half = x.shape[2] // 2
            pooled = torch.cat([x[:, -1, :half], x[:, 0, half:]], dim=1)
        else:
            pooled = x[:, -1]
        return self.head(self.dropout(pooled))

    def in_parts(self, x):
        states, begin = None, None
        for part in x.split(self.given["tbptt"], dim=1):
            if begin is not None:
                is_lstm = isinstance(begin, tuple)
                begin = tuple(b.detach() for b in begin) if is_lstm else begin.detach()
            states, begin = self.run(self.layers[0], part, begin)
        return states


def loss_of(name):
    """Outputs a target, and a function of outputs, targets and weights."""
    levels = torch.tensor(QUANTILES)

    def gaussian(z, y, weight):
        return functional.gaussian_nll_loss(
            z[:, :1], y, functional.softplus(z[:, 1:]) ** 2
        )

    def student_t(z, y, weight):
        scale, freedom = functional.softplus(z[:, 1]), functional.softplus(z[:, 2]) + 2
        law = distributions.StudentT(freedom, z[:, 0], scale, validate_args=False)
        return -law.log_prob(y[:, 0]).mean()

    def quantile(z, y, weight):
        error = y - z
        return torch.maximum(levels * error, (levels - 1) * error).mean()

    def focal(z, y, weight):
        log_p = functional.log_softmax(z, dim=1).gather(1, y[:, None])
        return -((1 - log_p.exp()) ** 2 * log_p).mean()

    def squared(z, y, weight):
        if weight is None:
            return functional.mse_loss(z, y)
        return (weight[:, None] * (z - y) ** 2).mean()

    def classes(z, y, weight, smoothing=0.0):
        return functional.cross_entropy(z, y, label_smoothing=smoothing)

    return {
        None: (1, squared),
        "gaussian": (2, gaussian),
        "student_t": (3, student_t),
        "quantile": (3, quantile),
        "classes": (3, classes),
        "smoothed": (3, partial(classes, smoothing=0.1)),
        "focal": (3, focal),
    }[name]


def by_hand(cell, size, option, data, n_epochs):
    given, (x, y, weight) = option.theirs, data
    n_outputs, loss = loss_of(given.get("loss"))
    network = Network(cell, size, n_outputs, given)
    inputs, target = torch.from_numpy(x), torch.from_numpy(y)
    weights = torch.from_numpy(weight)
    if target.dtype != torch.int64:
        target = target[:, None]
    if "dtype" in given:
        network.to(given["dtype"])
        inputs, target = inputs.to(given["dtype"]), target.to(given["dtype"])
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE, fused=True)
    for _ in range(n_epochs):
        for rows in torch.randperm(len(x)).split(size.batch):
            optimizer.zero_grad()
            some = weights[rows] if given.get("weighted") else None
            loss(network(inputs[rows]), target[rows], some).backward()
            optimizer.step()


# -- here ------------------------------------------------------------------------------


def here(cell, size, option, data, n_epochs):
    (x, y, weight), given = data, dict(option.ours)
    fit_options = {"sample_weight": weight} if given.pop("weighted", False) else {}
    if option.kind is RNNRegressor:
        given["linear_steps"] = None  # raw torch has no linear path
    else:
        # By hand there are no convolutions, and sequences run as they are.
        given |= {"n_kernels": None, "time_warp": 0.0}
    given = {"pooling": "last"} | given
    model = option.kind(
        cell,
        size.hidden,
        batch_size=size.batch,
        max_epochs=n_epochs,
        learning_rate=RATE,
        max_grad_norm=None,
        early_stopping=False,
        n_estimators=1,
        random_state=0,
        **given,
    )
    model.fit(x, y, **fit_options)


def data_for(size, option):
    rng = np.random.default_rng(0)
    shape = size.batch * size.batches, size.steps, FEATURES
    x = rng.normal(size=shape).astype(np.float32)
    weight = rng.uniform(0.5, 1.5, len(x)).astype(np.float32)
    if option.kind is RNNClassifier:
        return x, np.digitize(x[:, -1, 0], [-0.4, 0.4]), weight
    return x, x[:, -1, 0].copy(), weight


def milliseconds(jobs, size):
    """Median CPU time of a step of each job, a function of the number of epochs."""
    found = {name: [] for name in jobs}
    for job in jobs.values():
        job(1)
    for _ in range(REPEATS):
        for name, job in jobs.items():
            times = []
            for n_epochs in (1, 4):
                begin = time.process_time()
                job(n_epochs)
                times.append(time.process_time() - begin)
            found[name].append((times[1] - times[0]) / (3 * size.batches))
    return {name: 1000 * statistics.median(times) for name, times in found.items()}


def rows(wanted, found):
    """Yield the lines; keep the milliseconds that were measured."""
    names = "option", "batch, steps, hidden", "cell", "ms", "of plain", "by hand"
    yield f"| {' | '.join(names)} | ratio |"
    yield "| --- | --- | --- | ---: | ---: | ---: | ---: |"
    for size in SIZES:
        for cell in CELLS:
            plain = None
            for option in options(size):
                if wanted and option.name not in wanted and option.name != "plain":
                    continue
                data = data_for(size, option)
                given = cell, size, option, data
                jobs = {
                    "here": partial(here, *given),
                    "by hand": partial(by_hand, *given),
                }
                times = milliseconds(jobs, size)
                plain = plain or times["here"]
                found[size, cell, option.name] = times
                yield (
                    f"| {option.name} | {size} | {cell.upper()} | {times['here']:.2f} "
                    f"| {times['here'] / plain:.1f} | {times['by hand']:.2f} "
                    f"| {times['here'] / times['by hand']:.2f} |"
                )


def floor_rows(found):
    """What sgemm would take for the products, beside both."""
    peak = sgemm_peak(1, time.process_time)
    yield "| layers | batch, steps, hidden | cell | ms at the least | here | by hand |"
    yield "| ---: | --- | --- | ---: | ---: | ---: |"
    for (size, cell, name), times in found.items():
        layers = {"plain": 1, "num_layers=2": 2}.get(name)
        if layers is None:
            continue
        task = Task(cell, size.batch, size.steps, FEATURES, size.hidden, layers, 1, 1)
        least = task.flops() / peak / 1e6
        times = " | ".join(
            f"{times[tool]:.2f} ({times[tool] / least:.1f})" for tool in times
        )
        yield f"| {layers} | {size} | {cell.upper()} | {least:.2f} | {times} |"


# -- the page --------------------------------------------------------------------------

# What holds skrnn and all that torch computes with to AVX2.
AVX2 = {
    "SKRNN_KERNELS": "v3",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}


def other_parts(capability):
    """Parts of the page as it is that are of other levels of instructions."""
    path = beside(__file__, ".md")
    parts = path.read_text().split("\n## ")[1:] if path.exists() else []
    return [f"## {part.rstrip()}" for part in parts if capability not in part]


def main():
    if "--avx2" in sys.argv[1:] and not AVX2.items() <= os.environ.items():
        # Libraries read these when they are loaded.
        command = [sys.executable, *sys.argv]
        sys.exit(subprocess.run(command, env=os.environ | AVX2).returncode)
    torch.set_num_threads(1)
    wanted = [word for word in sys.argv[1:] if not word.startswith("--")]
    found = {}
    table = shown(rows(wanted, found))
    if wanted:
        return
    floor = shown(floor_rows(found))
    capability = torch.backends.cpu.get_cpu_capability()
    part = f"""## With {capability}

Median of {REPEATS}.

{table}

Products of matrices at the rate of sgemm for large ones, and in brackets how many times
as long both take; functions of the gates, loss, Adam and batches are in it as well:

{floor}

{machine("torch", "skorch", "scikit-learn")}"""
    # The more instructions the sooner.
    parts = [part, *other_parts(capability)]
    parts.sort(key=lambda part: "AVX512" not in part)
    text = """# Time of a training step with one option

Milliseconds of CPU time for a batch on one thread, out of whole fits: the difference
between four epochs and one. "By hand" is raw torch with the same option.
"""
    write(__file__, "\n\n".join([text.rstrip(), *parts]) + "\n")


if __name__ == "__main__":
    main()
