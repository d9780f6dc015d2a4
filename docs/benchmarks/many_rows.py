"""Many rows: the default regressor beside histogram boosting, from 2,000 to a million.

Hourly series, of which each row is forecast from the 24 rows before: by `SlidingWindow`
and `RNNRegressor`, or by the same windows as columns and scikit-learn's
`HistGradientBoostingRegressor`, both with their defaults. Each fit has a process of its
own with one thread; of both CPU seconds and peak memory are those of the fit, the error
is the root mean square over the 20,000 rows after it. How many steps are enough was
chosen on the series of `CHOOSING` in `_hourly_series.py`; those of `JUDGING` are here.

usage: python docs/benchmarks/many_rows.py [--quick] [N_ROWS ...]
(writes many_rows.md beside itself; half an hour on one core. With numbers of rows it
prints their lines alone, and --quick takes those of the smallest.)
"""

import json
import os
import resource
import subprocess
import sys
import time
import warnings

from _hourly_series import CHOOSING, JUDGING
from _timing import QUICK, machine, shown, write

N_ROWS = (2_000, 20_000, 200_000, 1_000_000)
N_TEST = 20_000
MODELS = ("skrnn", "boosting")
_COLUMNS = [f"{name}, {unit}" for unit in ("seconds", "error", "MB") for name in MODELS]
_NAMES = ["rows", "series", *_COLUMNS[:2], "ratio", *_COLUMNS[2:]]
HEAD = f"| {' | '.join(_NAMES)} |\n| ---: | --- |{' ---: |' * 7}"


def pipeline(model):
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline

    from skrnn import FlattenSequence, RNNRegressor, SlidingWindow

    window = SlidingWindow(24, horizon=1)
    if model == "skrnn":
        return make_pipeline(window, RNNRegressor(random_state=0))
    boosting = HistGradientBoostingRegressor(random_state=0)
    return make_pipeline(window, FlattenSequence(), boosting)


def peak():
    """Peak memory of the process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fit(model, kind, n_rows):
    """CPU seconds, error and peak memory of one fit, in this process."""
    import numpy as np
    import pandas as pd

    warnings.simplefilter("ignore")
    y = (CHOOSING | JUDGING)[kind](n_rows + N_TEST, 0)
    X = pd.DataFrame({"y": y})
    fitted = pipeline(model)
    fitted.fit(X[:50], y[:50])  # what is imported and opened once
    before, start = peak(), time.process_time()
    fitted.fit(X[:n_rows], y[:n_rows])
    seconds, more = time.process_time() - start, peak() - before
    difference = fitted.predict(X[n_rows:]) - y[n_rows:]
    return seconds, float(np.sqrt(np.mean(difference**2))), more


def in_process(*what):
    """The same, in a process with one thread."""
    command = [sys.executable, __file__, "--fit", *map(str, what)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, check=True, env=environment, capture_output=True, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def line(kind, n_rows):
    """A line of the table."""
    ours, theirs = (in_process(model, kind, n_rows) for model in MODELS)
    seconds = f"{ours[0]:.1f} | {theirs[0]:.1f} | {ours[0] / theirs[0]:.1f}"
    errors = f"{ours[1]:.4f} | {theirs[1]:.4f}"
    memory = f"{ours[2]:.0f} | {theirs[2]:.0f}"
    return f"| {n_rows:,} | {kind} | {seconds} | {errors} | {memory} |"


def main():
    if "--fit" in sys.argv:
        model, kind, n_rows = sys.argv[2:]
        print(json.dumps(fit(model, kind, int(n_rows))))
        return
    wanted = [int(word) for word in sys.argv[1:] if word.isdigit()]
    n_rows = wanted or (N_ROWS[:1] if QUICK else N_ROWS)
    lines = shown(line(kind, n) for n in n_rows for kind in JUDGING)
    if wanted:
        return
    text = f"""# Many rows

Hourly series by `SlidingWindow(24)`: the default `RNNRegressor` beside histogram
boosting of scikit-learn on the same windows as columns, both as they come, one thread
each. CPU seconds of the fit, root mean squared error over the {N_TEST:,} rows after it,
and the memory that the fit adds at its peak.

{HEAD}
{lines}

{machine("scikit-learn", "torch")}. Made by `many_rows.py`.
"""
    write(__file__, text)


if __name__ == "__main__":
    main()
