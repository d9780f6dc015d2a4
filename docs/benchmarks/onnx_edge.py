"""A model on a small device: ONNX Runtime alone beside skrnn itself.

Each model is written once as ONNX and once as a pickle. A fresh process reads the file
and predicts one sample: how long that takes, how much memory it has used at most, and
how long each further prediction takes, and each sample of a hundred at once. Times are
of the processor and not of the clock, by one thread, in turns.

usage: python docs/benchmarks/onnx_edge.py [--quick]
(writes onnx_edge.md beside itself; needs Linux and the extra onnx; two minutes)
"""

import json
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from _timing import QUICK, REPEATS, machine, write

from skrnn import RNNClassifier, RNNRegressor
from skrnn.onnx import to_onnx

N_PREDICTIONS = 20 if QUICK else 500

# What the fresh process runs: arguments are the model, a sample and a number.
READ = {
    "onnx": """
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options)
def predict(X):
    return session.run(None, {"X": X})[-1]
""",
    "pickle": """
import pickle, torch
torch.set_num_threads(1)
model = pickle.loads(open(sys.argv[1], "rb").read())
def predict(X):
    return getattr(model, "predict_proba", model.predict)(X)
""",
}
PROCESS = r"""
import json, re, sys, time
import numpy as np
hundred = np.load(sys.argv[2])
{read}
first = predict(hundred[:1])
ready = time.process_time()
peak = int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]) / 1024
def seconds(X, number):
    times = []
    for _ in range(number):
        begin = time.process_time()
        predict(X)
        times.append(time.process_time() - begin)
    return sorted(times)[len(times) // 2] / len(X)
number = int(sys.argv[3])
each, of_many = seconds(hundred[:1], number), seconds(hundred, number // 20 + 1)
print(json.dumps([first.ravel().tolist(), ready, peak, each, of_many]))
"""


def models():
    """Fitted estimators by what they are, and a sample for each."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 24, 3))
    y = np.sin(X[:, -1, 0]) + X[:, -3, 1] * X[:, -1, 2]
    kind = {"max_epochs": 1, "early_stopping": False, "random_state": 0}
    yield "regressor, GRU of 16, 24 steps", RNNRegressor(n_estimators=1, **kind), X, y
    lstm = RNNRegressor("lstm", 64, num_layers=2, n_estimators=1, **kind)
    yield "regressor, two LSTMs of 64, 24 steps", lstm, X, y
    network = RNNClassifier(n_kernels=None, n_estimators=1, **kind)
    X = rng.normal(size=(300, 100, 1)).cumsum(axis=1)
    y = (X[:, 50, 0] > X[:, -1, 0]).astype(int)
    yield "classifier, GRU of 64, 100 steps", network, X, y
    yield "the same with random convolutions", RNNClassifier(**kind), X, y


def measured(files, sample_file):
    """Outputs, seconds to the first, MiB, seconds of each further one and of many."""
    runs = {kind: [] for kind in files}
    for _ in range(REPEATS):
        for kind, file in files.items():
            command = [sys.executable, "-c", PROCESS.replace("{read}", READ[kind])]
            arguments = [file, sample_file, str(N_PREDICTIONS)]
            printed = subprocess.check_output([*command, *arguments], text=True)
            runs[kind].append(json.loads(printed))
    return {
        kind: [np.array(several[0][0])]
        + [median(run[place] for run in several) for place in (1, 2, 3, 4)]
        for kind, several in runs.items()
    }


def row(name, model, folder, X, y):
    """A line of the table."""
    model.fit(X, y)
    files = {kind: Path(folder) / f"model.{kind}" for kind in READ}
    begin = time.process_time()
    to_onnx(model, path=files["onnx"])
    converted = time.process_time() - begin
    files["pickle"].write_bytes(pickle.dumps(model))
    sample = Path(folder) / "sample.npy"
    np.save(sample, X[:100])
    found = measured(files, sample)
    np.testing.assert_allclose(found["onnx"][0], found["pickle"][0], rtol=1e-5)
    cells = [name, f"{files['onnx'].stat().st_size / 1024:,.0f}", f"{converted:.2f}"]
    for place, form in ((1, "{:.2f}"), (2, "{:,.0f}")):
        cells += [form.format(found[kind][place]) for kind in READ]
    for place in (3, 4):
        cells += [f"{1e6 * found[kind][place]:,.0f}" for kind in READ]
    return f"| {' | '.join(cells)} |"


def main():
    with tempfile.TemporaryDirectory() as folder:
        rows = [row(name, model, folder, X, y) for name, model, X, y in models()]
    table = "\n".join(rows)
    write(
        __file__,
        f"""# A model on a small device

One sample in a fresh process with one thread: by ONNX Runtime alone, and by a pickle
that skrnn and torch read. Time of the processor until the first prediction is there,
memory at most, time of each further prediction, and of each of a hundred samples that
are predicted at once. Median of {REPEATS}, in turns; all outputs agree to 1e-5.

| model | KiB of ONNX | s to convert | s to first, ONNX | s, skrnn | MiB, ONNX | MiB, \
skrnn | µs each, ONNX | µs, skrnn | µs of many, ONNX | µs, skrnn |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{table}

{machine("onnxruntime", "onnx", "skl2onnx", "torch")}. Made by `onnx_edge.py`.
""",
    )


if __name__ == "__main__":
    main()
