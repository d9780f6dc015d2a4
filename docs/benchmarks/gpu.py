"""What a GPU has to do: train, predict, be saved and loaded, and be fast.

Each check says yes or no beside the number that it is about; the speed is compared with
a plain loop over torch's own layers, which cuDNN computes, by the same batches.

usage: python docs/benchmarks/gpu.py [--quick] [--device cuda]
(writes gpu.md beside itself; under ten minutes on one GPU)
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # for the same bits twice

import numpy as np
import torch
from _timing import QUICK, machine, shown, write

import skrnn
from skrnn import RNNClassifier, RNNRegressor

N_SAMPLES = 512 if QUICK else 20_000
N_EPOCHS = 2 if QUICK else 5
# Steps, features, hidden units, layers, batch.
SPEEDS = [(24, 8, 32, 1, 256), (96, 16, 128, 2, 512), (96, 16, 512, 2, 1024)]
CELLS = ("lstm", "gru", "rnn")


def samples(n, n_steps=24, n_features=8, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_steps, n_features)).astype("float32")
    return X, X[:, -1, 0] * X[:, -2, 1] + X[:, 0, 0]


def regressor(cell="gru", hidden=16, **options):
    base = {"max_epochs": N_EPOCHS, "early_stopping": False, "random_state": 0}
    options = base | {"n_estimators": 1, "batch_size": 128} | options
    return RNNRegressor(cell, hidden, **options)


def wait(device):
    """Until a GPU has done all that it was asked for."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()


def far(a, b):
    """The largest difference (float), beside the deviation of the first."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    return float(np.abs(a - b).max() / max(1e-12, a.std()))


# -- checks: each yields what is checked, its number, and whether it is right


def same_as_cpu(device):
    """An epoch without chance: the weights are those of the CPU but for rounding."""
    X, y = samples(256)
    for cell in CELLS:
        for options in ({}, {"bidirectional": True}, {"pooling": "attention"}):
            on = [
                regressor(cell, device=kind, max_epochs=1, **options).fit(X, y)
                for kind in ("cpu", device)
            ]
            error = far(*(model.predict(X) for model in on))
            what = " ".join([cell, *options])
            yield f"{what}: an epoch as on the CPU", error, error <= 1e-4


def predicts_as_cpu(device):
    """A model of the CPU, asked on the device."""
    X, y = samples(256)
    for cell in CELLS:
        model = regressor(cell).fit(X, y)
        here = model.predict(X)
        network = model.net_.module_.to(device).eval()
        with torch.inference_mode():
            parts = torch.from_numpy(X).split(100)
            there = [network.predict(part, None, None).numpy() for part in parts]
        network.to("cpu")
        error = far(here, np.concatenate(there).reshape(here.shape))
        yield f"{cell}: predicts as on the CPU", error, error <= 1e-4


def same_bits(device):
    """The same seed twice, with dropout and batches that are drawn."""
    X, y = samples(N_SAMPLES)
    one, two = (
        regressor(dropout=0.2, device=device).fit(X, y).predict(X) for _ in range(2)
    )
    yield "the same seed twice: the same bits", far(one, two), np.array_equal(one, two)


def saved_and_loaded(device):
    """A file of a model of the device is read where there is only a CPU."""
    X, y = samples(256)
    label = (y > 0).astype(int)
    for model in (
        regressor(device=device).fit(X, y),
        RNNClassifier("lstm", 8, max_epochs=2, device=device, random_state=0).fit(
            X, label
        ),
    ):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "model.skops"
            skrnn.save(model, path)
            loaded = skrnn.load(path)
        loaded.net_.module_.to("cpu")
        ask = "predict_proba" if hasattr(model, "predict_proba") else "predict"
        here, there = getattr(model, ask)(X), getattr(loaded, ask)(X)
        name = type(model).__name__
        yield f"{name}: loaded on the CPU", far(here, there), far(here, there) <= 1e-4


def autocast(device):
    """Half the digits in the training; what is learned is as good."""
    X, y = samples(N_SAMPLES)
    part = len(X) * 4 // 5
    scores = [
        regressor(autocast=half, device=device, max_epochs=2 * N_EPOCHS)
        .fit(X[:part], y[:part])
        .score(X[part:], y[part:])
        for half in (False, True)
    ]
    loss = scores[0] - scores[1]
    yield "autocast: R² lost", loss, np.isfinite(loss) and loss < 0.05


CHECKS = (same_as_cpu, predicts_as_cpu, same_bits, saved_and_loaded, autocast)


def checked(device):
    """Lines of a table of all checks."""
    yield "| check | number | |"
    yield "| --- | ---: | --- |"
    for check in CHECKS:
        try:
            for what, number, is_right in check(device):
                yield f"| {what} | {number:.1e} | {'yes' if is_right else 'NO'} |"
        except Exception as error:  # the next check may tell why
            yield f"| {check.__name__}: {type(error).__name__}: {error} | | NO |"


# -- speed


class Raw(torch.nn.Module):
    """torch's own GRU, and a linear layer."""

    def __init__(self, n_features, hidden, n_layers):
        super().__init__()
        self.rnn = torch.nn.GRU(n_features, hidden, n_layers, batch_first=True)
        self.head = torch.nn.Linear(hidden, 1)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


def raw_seconds(X, y, device, size):
    """Seconds of an epoch of a plain loop, data on the device."""
    _, n_features, hidden, n_layers, batch = size
    network = Raw(n_features, hidden, n_layers).to(device)
    optimizer = torch.optim.Adam(network.parameters())
    x = torch.from_numpy(X).to(device)
    target = torch.from_numpy(np.asarray(y, np.float32))[:, None].to(device)
    times = []
    for _ in range(N_EPOCHS + 1):
        wait(device)
        begin = time.perf_counter()
        for rows in torch.randperm(len(x)).to(device).split(batch):
            optimizer.zero_grad(set_to_none=True)
            loss = (network(x[rows]) - target[rows]).square().mean()
            loss.backward()
            optimizer.step()
        wait(device)
        times.append(time.perf_counter() - begin)
    return float(np.median(times[1:]))


def own_seconds(X, y, device, size):
    """Seconds of an epoch of the estimator."""
    _, _, hidden, n_layers, batch = size
    model = RNNRegressor(
        "gru",
        hidden,
        num_layers=n_layers,
        batch_size=batch,
        n_estimators=1,
        linear_steps=None,
        max_epochs=N_EPOCHS + 1,
        early_stopping=False,
        device=device,
        random_state=0,
    ).fit(X, y)
    return float(np.median([epoch["dur"] for epoch in model.net_.history[1:]]))


def speeds(device):
    """Lines of a table of epochs."""
    yield "| steps, features, hidden, layers, batch | skrnn, s | torch, s | ratio |"
    yield "| --- | ---: | ---: | ---: |"
    for size in SPEEDS[:1] if QUICK else SPEEDS:
        X, y = samples(N_SAMPLES, *size[:2])
        own, raw = own_seconds(X, y, device, size), raw_seconds(X, y, device, size)
        name = ", ".join(map(str, size))
        yield f"| {name} | {own:.3g} | {raw:.3g} | {own / raw:.2f} |"


def main(device):
    begin = time.perf_counter()
    first, second = shown(checked(device)), shown(speeds(device))
    name = device
    if torch.device(device).type == "cuda":
        name = torch.cuda.get_device_name(device)
    text = f"""# On a GPU

Of {name}. Numbers of the first table are the largest difference beside the deviation of
what is predicted.

{first}

An epoch of {N_SAMPLES:,} sequences, beside a plain loop over torch's layers with all
data on the device:

{second}

{machine("torch")}; {time.perf_counter() - begin:.0f} s. Made by `gpu.py`.
"""
    write(__file__, text)
    return text


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--device", default="cuda")
    main(parser.parse_args().device)
