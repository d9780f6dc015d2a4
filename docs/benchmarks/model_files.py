"""Files of models: how large they are, and how long they take to read.

Each model is written once. Fresh processes with one thread import skrnn and what it
stands on, and then read the file several times: the first time, and the median of the
others, by the clock and of the processor.

usage: python docs/benchmarks/model_files.py [--quick]
(writes model_files.md beside itself; two minutes)
"""

import io
import json
import pickle
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from pathlib import Path
from statistics import median

import numpy as np
from _timing import QUICK, REPEATS, machine, shown, write
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sktime.datasets import load_airline

import skrnn
from skrnn import RNNClassifier, RNNRegressor, SlidingWindow, TimeDistributed
from skrnn.sktime import RNNForecaster

N_LOADS = 3 if QUICK else 10
PROCESS = """
import json, sys, time, warnings
import skops.io, torch
import skrnn.classifier, skrnn.persistence, skrnn.regressor, skrnn.reshape, skrnn.sktime
torch.set_num_threads(1)
warnings.simplefilter("ignore")
found = []
for _ in range(int(sys.argv[2])):
    begin = time.perf_counter(), time.process_time()
    skrnn.load(sys.argv[1])
    found.append([time.perf_counter() - begin[0], time.process_time() - begin[1]])
print(json.dumps(found))
"""


def models():
    """Fitted models by what they are."""
    rng = np.random.default_rng(0)
    kind = {"random_state": 0, "max_epochs": 5 if QUICK else 60}
    X = rng.normal(size=(400, 24)).cumsum(axis=1)
    y = X[:, -1] + np.sin(X[:, -3])
    yield "default regressor, 24 lags", RNNRegressor(**kind).fit(X, y)
    many = np.tile(X, (5, 1)) + rng.normal(size=(2000, 24)) / 10
    regressor = RNNRegressor("lstm", 64, num_layers=2, **kind | {"max_epochs": 3})
    yield (
        "regressor, two LSTMs of 64",
        regressor.fit(many, np.tile(y, 5)),
    )
    classes = (y > np.median(y)).astype(int)
    yield "default classifier", RNNClassifier(**kind).fit(X, classes)
    steps = SlidingWindow(24, horizon=1), TimeDistributed(StandardScaler())
    pipeline = make_pipeline(*steps, RNNRegressor(**kind))
    yield "pipeline with windows of 3 columns", pipeline.fit(many[:, :3], many[:, 0])
    forecaster = RNNForecaster(random_state=0)
    yield "default forecaster", forecaster.fit(load_airline(), fh=range(1, 13))


def sizes(path):
    """Bytes of the networks' weights, and of all arrays in a file."""
    told = skrnn.persistence.describe(path)["estimators"]
    with zipfile.ZipFile(path) as archive:
        arrays = [
            np.load(io.BytesIO(archive.read(name)))
            for name in archive.namelist()
            if name.endswith(".npy")
        ]
    weights = 4 * sum(estimator["n_numbers"] for estimator in told)
    return weights, sum(array.nbytes for array in arrays)


def row(name, model, folder):
    """A line of the table."""
    path = Path(folder) / "model.skops"
    begin = time.process_time()
    skrnn.save(model, path)
    saved = time.process_time() - begin
    command = [sys.executable, "-c", PROCESS, path, str(N_LOADS)]
    first, later = [], []
    for _ in range(REPEATS):
        times = np.array(json.loads(subprocess.check_output(command)))
        first.append(times[0])
        later.append(np.median(times[1:], axis=0))
    weights, arrays = sizes(path)
    size = path.stat().st_size
    kib = [weights, arrays, size, len(pickle.dumps(model))]
    cells = [name, *(f"{number / 1024:,.0f}" for number in kib)]
    cells += [f"{size / weights:.2f}", f"{1000 * saved:.0f}"]
    for runs in (first, later):
        cells += [f"{1000 * median(times):.0f}" for times in zip(*runs, strict=True)]
    return f"| {' | '.join(cells)} |"


def main():
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        skrnn.save(RNNRegressor(), Path(folder) / "model.skops")  # imports skops
        table = shown(row(name, model, folder) for name, model in models())
    write(
        __file__,
        f"""# Files of models

Sizes in KiB: weights of the networks (with their scaling, in single precision), all
arrays, the file of `skrnn.save`, and a pickle. Milliseconds: to write the file, to read
it for the first time in a process that has imported skrnn, and each further time, by
the clock and of the processor; one thread, median of {REPEATS} processes.

| model | weights | arrays | file | pickle | file / weights | ms to save (processor) | \
first load | processor | further loads | processor |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{table}

{machine("skops", "numpy", "torch")}. Made by `model_files.py`.
""",
    )


if __name__ == "__main__":
    main()
