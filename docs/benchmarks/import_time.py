"""Time of imports, and of a first fit, each in a fresh process.

Wall time of `python -c STATEMENT`, beside that of Python doing nothing; after a warm-up
that compiles the sources and reads the files, in turns.

usage: python docs/benchmarks/import_time.py [--quick]
(writes import_time.md beside itself; two minutes. Packages that are not installed are
left out.)
"""

import os
import subprocess
import sys
from importlib.util import find_spec

from _timing import REPEATS, in_turns, machine, write

STATEMENTS = (
    "import skrnn",
    "from skrnn import SlidingWindow",
    "from skrnn import RNNRegressor",
    "import sklearn",
    "from sklearn.neural_network import MLPRegressor",
    "import torch",
    "from skorch import NeuralNetRegressor",
    "import sktime",
    "from sktime.forecasting.naive import NaiveForecaster",
    "import keras",
    "import darts",
    "from darts.models import BlockRNNModel",
    "from neuralforecast.models import LSTM",
)
NOTHING = "pass"
# What a first fit costs beyond the libraries that it stands on, and with them.
LIBRARIES = "import numpy, torch, sklearn.linear_model, sklearn.pipeline"
_FIT = """
from skrnn import {name}
X = numpy.random.default_rng(0).normal(size=(64, 12))
{name}(max_epochs=1, early_stopping=False, n_estimators=1).fit(X, X[:, -1]{more})
"""
FIRST_FITS = {
    "RNNRegressor": LIBRARIES + _FIT.format(name="RNNRegressor", more=""),
    "RNNClassifier": LIBRARIES + _FIT.format(name="RNNClassifier", more=" > 0"),
}


def package(statement):
    return statement.split()[1].split(".")[0]


def job(statement):
    environment = {"KERAS_BACKEND": "jax"} | os.environ
    command = [sys.executable, "-W", "ignore", "-c", statement]

    def run():
        subprocess.run(command, check=True, env=environment, capture_output=True)

    return run


def main():
    installed = [s for s in STATEMENTS if find_spec(package(s))]
    missing = sorted({package(s) for s in STATEMENTS} - set(map(package, installed)))
    first = {name: job(statement) for name, statement in FIRST_FITS.items()}
    imports = {s: job(s) for s in (NOTHING, LIBRARIES, *installed)}
    times = in_turns(imports | first)
    nothing, libraries = times.pop(NOTHING), times.pop(LIBRARIES)
    fits = "\n".join(
        f"| `{name}` | {times.pop(name) - libraries:.2f} |" for name in FIRST_FITS
    )
    lines = "\n".join(
        f"| `{statement}` | {value - nothing:.2f} |"
        for statement, value in times.items()
    )
    names = ("scikit-learn", "torch", "skorch", "sktime", "keras", "darts")
    left_out = f" Not installed here: {', '.join(missing)}." if missing else ""
    text = f"""# Time of imports

Seconds of a fresh process beyond the {nothing:.3f} of a Python that does nothing;
median of {REPEATS} after a warm-up, in turns. Keras has JAX as its backend.

| statement | seconds |
| --- | ---: |
{lines}

A first fit of 64 samples, one network and one epoch, with the import of skrnn, beyond
the {libraries - nothing:.2f} seconds of `{LIBRARIES}`:

| first fit | seconds |
| --- | ---: |
{fits}

{machine(*names, "neuralforecast")}. Made by `import_time.py`.{left_out}
"""
    write(__file__, text)


if __name__ == "__main__":
    main()
