"""SegRNN on ETTh1, trained here: how its error goes from one epoch to the next.

The network and the settings are those that the authors of SegRNN give for a look-back
of 96 (Lin, S. et al. (2023), arXiv:2308.11200; the repository lss-1138/SegRNN): one GRU
of 512 units that reads four embedded segments and then forecasts all segments at once,
each from the last state and what tells the segment and the column; Adam at 0.001, after
three epochs a tenth less each epoch; squared error; batches of 256; 30 epochs, or ten
without a better validation. The protocol is that of `etth1.py`. The errors of the test
are written down after every epoch, and choose nothing.

usage: python docs/benchmarks/etth1_segrnn.py ETTh1.csv [--quick]
(writes etth1_segrnn.md beside itself; an hour on one core)
"""

import time

import numpy as np
import torch
from _timing import QUICK, machine, write
from etth1 import LOOK_BACK, PART, PUBLISHED, TRAIN, rows_given
from torch import nn
from torch.nn import functional

HORIZONS = (96,) if QUICK else (96, 192, 336, 720)
N_EPOCHS, PATIENCE = (2, 1) if QUICK else (30, 10)
SEGMENT, SIZE, BATCH, RATE, DROPOUT = 24, 512, 256, 0.001, 0.5
SEED = 0


@torch.compile(dynamic=True)
def gru_step(given, recurrent, h):
    r_in, z_in, n_in = given.chunk(3, -1)
    r_of, z_of, n_of = recurrent.chunk(3, -1)
    r, z = torch.sigmoid(r_in + r_of), torch.sigmoid(z_in + z_of)
    n = torch.tanh(n_in + r * n_of)
    return (1 - z) * n + z * h


class SegRNN(nn.Module):
    def __init__(self, n_columns, horizon):
        super().__init__()
        self.embed = nn.Linear(SEGMENT, SIZE)
        self.cell = nn.GRUCell(SIZE, SIZE)
        self.segments = nn.Parameter(torch.randn(horizon // SEGMENT, SIZE // 2))
        self.columns = nn.Parameter(torch.randn(n_columns, SIZE // 2))
        self.head = nn.Linear(SIZE, SEGMENT)

    def forward(self, x):
        last, (n, c, _) = x[..., -1:], x.shape  # (N, C, 1)
        cell, m = self.cell, len(self.segments)
        embedded = torch.relu(self.embed((x - last).reshape(n * c, -1, SEGMENT)))
        h = torch.zeros(n * c, SIZE)
        for e in embedded.unbind(1):
            given = functional.linear(e, cell.weight_ih, cell.bias_ih)
            h = gru_step(given, functional.linear(h, cell.weight_hh, cell.bias_hh), h)
        which = torch.cat(
            [
                self.segments[None].expand(c, m, -1),
                self.columns[:, None].expand(c, m, -1),
            ],
            dim=2,
        )
        # All windows ask for the same segments of the same columns.
        asked = functional.linear(which, cell.weight_ih, cell.bias_ih)  # (C, M, 3 D)
        recurrent = functional.linear(h, cell.weight_hh, cell.bias_hh)
        states = gru_step(
            asked[None], recurrent.view(n, c, 1, -1), h.view(n, c, 1, SIZE)
        )
        states = functional.dropout(states, DROPOUT, self.training)
        return self.head(states).reshape(n, c, -1) + last


def windows(rows, begin, end, horizon):
    """All windows whose future lies between two hours, (n, C, LOOK_BACK + horizon)."""
    part = rows[max(0, begin - LOOK_BACK) : end]
    return np.lib.stride_tricks.sliding_window_view(part, LOOK_BACK + horizon, axis=0)


def batches(part, order):
    for start in range(0, len(order), BATCH):
        whole = torch.from_numpy(part[order[start : start + BATCH]])
        yield whole[..., :LOOK_BACK], whole[..., LOOK_BACK:]


@torch.no_grad()
def error(net, part):
    net.eval()
    total = sum(
        ((net(x) - y) ** 2).sum().item() for x, y in batches(part, np.arange(len(part)))
    )
    return total / (len(part) * part.shape[1] * (part.shape[2] - LOOK_BACK))


def train_epoch(net, optimizer, part, generator):
    net.train()
    order = generator.permutation(len(part))
    for x, y in batches(part, order[: len(order) // BATCH * BATCH]):
        optimizer.zero_grad()
        ((net(x) - y) ** 2).mean().backward()
        optimizer.step()


def trained(rows, horizon):
    """Errors of validation and test after each epoch, and the seconds of one."""
    torch.manual_seed(SEED)
    generator = np.random.default_rng(SEED)
    train = windows(rows, 0, TRAIN, horizon)
    valid = windows(rows, TRAIN, TRAIN + PART, horizon)
    test = windows(rows, TRAIN + PART, TRAIN + 2 * PART, horizon)
    net = SegRNN(rows.shape[1], horizon)
    optimizer = torch.optim.Adam(net.parameters(), RATE)
    found, begin = [], time.perf_counter()
    for epoch in range(N_EPOCHS):
        optimizer.param_groups[0]["lr"] = RATE * 0.9 ** max(0, epoch - 2)
        train_epoch(net, optimizer, train, generator)
        found.append((error(net, valid), error(net, test)))
        print(horizon, epoch + 1, *found[-1], flush=True)
        if epoch - int(np.argmin([v for v, _ in found])) >= PATIENCE:
            break
    return found, (time.perf_counter() - begin) / len(found)


def main():
    rows = rows_given(__doc__)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    summary, curves = [], []
    for horizon in HORIZONS:
        found, seconds = trained(rows, horizon)
        valid, test = np.array(found).T
        best = int(valid.argmin())
        summary.append(
            f"| {horizon} | {best + 1} of {len(found)} | **{test[best]:.3f}** "
            f"| {test[1:].min():.3f} to {test[1:].max():.3f} "
            f"| {PUBLISHED[horizon][0]:.3f} | {seconds:.0f} |"
        )
        curves += [
            f"| {horizon} | validation | {' '.join(f'{e:.3f}' for e in valid)} |",
            f"| | test | {' '.join(f'{e:.3f}' for e in test)} |",
        ]
    lines = "\n".join(summary), "\n".join(curves)
    write(
        __file__,
        f"""# SegRNN on ETTh1, trained here

MSE as in etth1.md, of one training by the authors' settings (seed {SEED}), and what
they publish.

| horizon | best epoch of validation | test then | test after epochs 2, 3, ... \
| published | seconds an epoch |
| ---: | ---: | ---: | --- | ---: | ---: |
{lines[0]}

Epoch by epoch:

| horizon | MSE of | from the first epoch on |
| ---: | --- | --- |
{lines[1]}

{machine("torch")}. Made by `etth1_segrnn.py`.
""",
    )


if __name__ == "__main__":
    main()
