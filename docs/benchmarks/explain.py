"""Time and memory of explanations, and a fast way to Shapley values by lag.

Times are those of the CPU, over all threads: two cores need half as much at best.

Permutation importance by lag of 100,000 windows of 96 steps, in a fresh process, whose
peak resident size is compared with that before the call. Integrated gradients of 1,000
of these windows. Shapley values of two of them: by shap's KernelExplainer over all
columns of a reshaped X, as its documentation shows for any model, and by lag, with the
other lags at the mean (`shapley_by_lag`, which the guide shows).

usage: python docs/benchmarks/explain.py    (writes explain.md beside itself)
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from skrnn import RNNRegressor, make_windows
from skrnn.inspection import integrated_gradients, permutation_importance

WINDOW = 96
N_WINDOWS = 100_000
N_FEATURES = 3


def shapley_by_lag(model, X, background):
    """Shapley values (n, T) of the lags of sequences (n, T, F).

    What counts as not known has the values of `background`, of shape (F,) or (T, F).
    """
    import shap

    values = []
    for x in X:

        def predict(known, x=x):  # (m, T), 1 where the lag is known
            return model.predict(np.where(known[:, :, None] > 0.5, x, background))

        none, every = np.zeros((1, len(x))), np.ones((1, len(x)))
        explainer = shap.PermutationExplainer(predict, none, seed=0)
        values.append(explainer(every, silent=True).values[0])
    return np.array(values)


def windows_and_model():
    """Windows whose target is the value of four steps before, and a network of them."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(N_WINDOWS + WINDOW, N_FEATURES))
    rows[4:, 0] = 0.8 * rows[:-4, 1] + 0.6 * rows[4:, 0]
    X, y = make_windows(rows, WINDOW, target=0)
    model = RNNRegressor("gru", 16, max_epochs=3, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # three epochs are enough for a time
        return X, y.ravel(), model.fit(X[:5000], y[:5000].ravel())


def timed(call):
    begin = time.process_time()
    result = call()
    return result, time.process_time() - begin


def run_permutation():
    """Print the seconds, the growth of memory in MB, and what matters most."""
    X, y, model = windows_and_model()
    model.predict(X[:1000])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found, cpu = timed(
        lambda: permutation_importance(model, X, y, by="step", random_state=0)
    )
    growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    best = found.step_names[int(found.importances_mean.argmax())]
    print(cpu, growth, found.n_samples, len(model.nets_), best)


def shapley_rows():
    """Lines of the table of Shapley values."""
    import shap

    X, _, model = windows_and_model()
    few = np.asarray(X[:2])
    flat, back = few.reshape(2, -1), np.asarray(X[2:102]).reshape(100, -1)
    shape = (-1, *few.shape[1:])

    def by_column():
        explainer = shap.KernelExplainer(
            lambda Z: model.predict(Z.reshape(shape)), back
        )
        return explainer.shap_values(flat, silent=True).reshape(few.shape).sum(axis=2)

    mean = np.asarray(X[:2000]).mean(axis=(0, 1))
    shapley_by_lag(model, few[:1, -2:], mean)  # what shap compiles the first time
    gradients, of_gradients = timed(
        lambda: integrated_gradients(model, X[:1000], baseline=mean)
    )
    both = gradients.values[:2].sum(axis=2)
    yield "| | samples | CPU seconds | correlation |"
    yield "| --- | ---: | ---: | ---: |"
    for name, call in (
        ("KernelExplainer, every column", by_column),
        ("`shapley_by_lag`", lambda: shapley_by_lag(model, few, mean)),
    ):
        values, cpu = timed(call)
        near = np.corrcoef(values.ravel(), both.ravel())[0, 1]
        yield f"| {name} | 2 | {cpu:.2f} | {near:.3f} |"
    yield f"| `integrated_gradients` | 1,000 | {of_gradients:.2f} | 1 |"


def main(write):
    command = [sys.executable, __file__, "--permutation"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    cpu, growth, n_samples, n_networks, best = shown.stdout.split()
    megabytes = N_WINDOWS * WINDOW * N_FEATURES * 8 / 1e6
    text = f"""# Explanations

`permutation_importance(model, X, y, by="step")` of {N_WINDOWS:,} windows of {WINDOW}
steps and {N_FEATURES} features ({megabytes:.0f} MB as one array), five repeats,
{n_networks} networks of 16 units:

| CPU seconds | growth of memory, MB | windows a repeat | found |
| ---: | ---: | ---: | --- |
| {float(cpu):.1f} | {float(growth):.0f} | {n_samples} | {best} |

Attributions to the lags of the same windows; the correlation is with the sums of
integrated gradients over the features:

{chr(10).join(shapley_rows())}

{os.cpu_count()} cores, {platform.machine()}. Made by `explain.py`.
"""
    if write:
        Path(__file__).with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--permutation", action="store_true", help="one part alone")
    parser.add_argument("--quick", action="store_true", help="writes nothing")
    options = parser.parse_args()
    if options.permutation:
        run_permutation()
    else:
        main(write=not options.quick)
