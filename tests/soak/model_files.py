"""Files of models, damaged and forged at random, ten thousand of them.

    python -m tests.soak.model_files [--n N] [--seed S] [--write]

A damaged file is to raise `ModelFileError` or to load to the same bits. A forged one,
in which nothing tells what was replaced, is to raise it, or ValueError when it is
asked, or to predict finite numbers. None may take a second, or the process a gigabyte.
What does not hold is printed.
"""

import argparse
import collections
import faulthandler
import resource
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skrnn
from skrnn import RNNClassifier, RNNRegressor, SlidingWindow, TimeDistributed
from skrnn.exceptions import ModelFileError
from tests.mutation import damaged, forged
from tests.soak.results import write_row

SMALL = {"hidden_size": 4, "max_epochs": 2, "n_estimators": 2, "random_state": 0}
SMALL["early_stopping"] = False


def models():
    """Models, and what they predict from, by name."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 6))
    classifier = RNNClassifier(**SMALL, n_kernels=84).fit(X, X[:, -1] > 0)
    laws = RNNRegressor("lstm", **SMALL, loss="gaussian", instance_norm="last")
    pipeline = make_pipeline(
        SlidingWindow(4, horizon=1, history="allow"),
        TimeDistributed(StandardScaler()),
        RNNRegressor(**SMALL),
    )
    rows = rng.normal(size=(60, 2))
    return {
        "a classifier": (classifier, X, "predict_proba"),
        "a regressor": (laws.fit(X, X[:, -1]), X, "predict"),
        "a pipeline with windows": (pipeline.fit(rows, rows[:, 0]), rows, "predict"),
    }


def outcome(path, X, method, expected, *, is_damaged):
    """What loading a file comes to, in a word; "fault" and why where it is wrong."""
    try:
        found = getattr(skrnn.load(path), method)(X)
    except ModelFileError:
        return "refused"
    except ValueError:  # what a step of scikit-learn finds when it is asked
        if not is_damaged:
            return "refused"
        raise
    except Exception as error:  # which is what is looked for
        return f"fault: {type(error).__name__}: {error}"
    if found.tobytes() == expected.tobytes():
        return "same"
    if is_damaged or not np.isfinite(found).all():
        return "fault: other numbers"
    return "other"


def main():
    """Run all; return how many outcomes are at fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=10_000, help="how many files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write the table")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    n_faults, rng = 0, np.random.default_rng(options.seed)
    n_each = -(-options.n // 6)
    for name, (model, X, method) in models().items():
        expected = getattr(model, method)(X)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.skops"
            skrnn.save(model, path)
            content = path.read_bytes()
            for change in (damaged, forged):
                counts, slowest = collections.Counter(), 0.0
                for _ in range(n_each):
                    path.write_bytes(change(content, rng))
                    faulthandler.dump_traceback_later(60, exit=True)
                    start = time.process_time()
                    is_damaged = change is damaged
                    told = outcome(path, X, method, expected, is_damaged=is_damaged)
                    slowest = max(slowest, time.process_time() - start)
                    faulthandler.cancel_dump_traceback_later()
                    counts[told.partition(":")[0]] += 1
                    if told.startswith("fault"):
                        print(f"    {told}"[:300], flush=True)
                what = f"{change.__name__} files of {name}"
                print(f"{what}: {dict(counts)}; slowest {slowest:.2f} s", flush=True)
                n_faults += counts["fault"] + (slowest > 1)
                if options.write:
                    write_row(__file__, what, n_each, counts["fault"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"memory at the most: {peak:.2f} GiB")
    return n_faults + (peak > 1)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
