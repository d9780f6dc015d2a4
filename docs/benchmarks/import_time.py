"""Time of imports, each in a fresh process.

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
    times = in_turns({s: job(s) for s in (NOTHING, *installed)})
    nothing = times.pop(NOTHING)
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

{machine(*names, "neuralforecast")}. Made by `import_time.py`.{left_out}
"""
    write(__file__, text)


if __name__ == "__main__":
    main()
