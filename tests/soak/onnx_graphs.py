"""Estimators with parameters drawn at random, and their ONNX graphs beside them.

    python -m tests.soak.onnx_graphs [--count N] [--seed N]

Whatever a graph is given (all steps, absent ones, lengths, longer sequences, a single
step, none), its outputs have to be those of the estimator but for 1e-5 of the largest
that the estimator gives. What is not is printed, and at the end the largest error.
"""

import argparse
import sys
import warnings

import numpy as np

from skrnn.onnx import to_onnx
from tests.onnx.support import TOLERANCE, classifier, fitted, inputs_of, session_of

OF_NETWORKS = {
    "cell": ("gru", "lstm", "rnn"),
    "bidirectional": (False, True),
    "num_layers": (1, 1, 2),
    "norm": (None, None, "layer", "batch"),
    "residual": (False, True),
    "pooling": ("last", "mean", "max", "mixed", "attention"),
    "segment_length": (None, None, 2, 3, 20),
    "n_filters": (None, None, 3),
    "instance_norm": (None, None, "last", "standard"),
    "missing": ("error", "indicator"),
    "scale": (True, True, True, False),
    "dtype": ("float32", "float32", "float64"),
    "hidden_size": (1, 3, 8),
    "n_estimators": (1, 1, 2),
}
OF_REGRESSORS = {
    "loss": ("squared_error", "huber", "quantile", "gaussian", "student_t"),
    "quantiles": ((0.1, 0.5, 0.9), (0.8, 0.3), (0.02,)),
    "linear_steps": (None, 1, 3, "auto"),
    "decoder": ("linear", "linear", "parallel"),
}
OF_CLASSIFIERS = {"n_kernels": (None, 84, 168), "loss": ("cross_entropy", "focal")}
SHAPES = {"n_steps": (1, 2, 5, 9, 17), "n_features": (1, 2, 3, 11), "n": (1, 2, 5)}
N_SAMPLES = 20


def drawn(rng, choices):
    """One of the values (dict) of each parameter."""
    return {name: values[rng.integers(len(values))] for name, values in choices.items()}


def sequences(rng, shape, options):
    """Walks of any size and level, with absent and missing steps."""
    X = rng.normal(size=(N_SAMPLES, shape["n_steps"], shape["n_features"]))
    if options["scale"]:
        X = 10 ** rng.uniform(-3, 3) * (X.cumsum(axis=1) + 10 ** rng.uniform(-1, 4))
    if options["missing"] == "indicator" and shape["n_features"] > 1:
        X[::3, 0, 0] = np.nan
    if rng.random() < 0.5:
        X[rng.random(X.shape[:2]) < 0.3] = np.nan
    return X


def model_of(rng):
    """A fitted estimator, the sequences of its fit and its parameters."""
    options, shape = drawn(rng, OF_NETWORKS), drawn(rng, SHAPES)
    options["random_state"] = int(rng.integers(2**31))
    if options["cell"] == "rnn":
        options["nonlinearity"] = ("tanh", "relu")[rng.integers(2)]
    X, n = sequences(rng, shape, options), shape["n"]
    if rng.random() < 0.4:
        options |= drawn(rng, OF_CLASSIFIERS)
        y = rng.permutation(np.arange(N_SAMPLES) % (n + 1))
        if rng.random() < 0.3:
            y = np.c_[y > 0, y > 1].astype(int)
        return classifier(X, y, **options), X, options
    options |= drawn(rng, OF_REGRESSORS)
    y = 10 ** rng.uniform(-3, 3) * rng.normal(size=(N_SAMPLES, n))
    return fitted(X, y, **options), X, options


def outputs_of(model, X):
    """What an estimator gives (dict), by the names of the graph."""
    if hasattr(model, "predict_proba"):
        return {"probabilities": model.predict_proba(X)}
    outputs = {"variable": model.predict(X)}
    if model.loss in ("gaussian", "student_t"):
        outputs["std"] = model.predict(X, return_std=True)[1]
    if hasattr(model, "predict_quantiles"):
        outputs["quantiles"] = model.predict_quantiles(X)
    return outputs


def largest_error(model, X):
    """The largest error of a graph, beside the largest output, and of what it is."""
    session, worst = session_of(to_onnx(model, lengths=True)), (0.0, "")
    sizes = {name: np.abs(value).max() for name, value in outputs_of(model, X).items()}
    for what, inputs, given in inputs_of(X):
        for name, wanted in outputs_of(model, given).items():
            (got,) = session.run([name], inputs)
            size = max(sizes[name], np.abs(wanted).max())
            # NaN, which nothing is larger than, is the worst.
            error = np.nan_to_num(np.abs(got - wanted).max() / size, nan=np.inf)
            worst = max(worst, (float(error), f"{name}, {what}"))
    return worst


def main():
    """Run what the command line asks for; return how many graphs are at fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of fits that are cut short on purpose
    rng, worst, n_faults, n_refused = np.random.default_rng(options.seed), 0.0, 0, 0
    for _ in range(options.count):
        try:
            model, X, parameters = model_of(rng)
        except ValueError:  # parameters that make no sense together
            n_refused += 1
            continue
        error, what = largest_error(model, X)
        worst = max(worst, error)
        if error > TOLERANCE:
            n_faults += 1
            print(f"{error:.2g} of {what}\n    {parameters}", flush=True)
    print(
        f"{options.count - n_refused} graphs, {n_faults} at fault; {n_refused} fits "
        f"were refused; the largest error is {worst:.2g}."
    )
    return n_faults


if __name__ == "__main__":
    sys.exit(bool(main()))
