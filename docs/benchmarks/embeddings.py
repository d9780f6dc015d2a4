"""What it costs that a network learns vectors of categories: beside one-hot columns.

Samples of 24 steps of two numbers and a category, of which there are few or many, that
one network reads: as they are, so that it learns a vector for each category, and with a
column of zeros and ones for each. Below the same of texts: the characters of the names
in text.py. Whole fits of some epochs are timed in turns, by the seconds that the
processor works, on one thread.

usage: python docs/benchmarks/embeddings.py   (writes embeddings.md beside itself)
"""

import gc
import statistics
import time
from functools import partial

import numpy as np
import torch
from _timing import QUICK, REPEATS, machine, shown, write
from sklearn.base import clone
from text import CHARACTERS, names

from skrnn import RNNClassifier, RNNRegressor, TokenSequence

N_SAMPLES, N_STEPS, EPOCHS = 2000, 24, 2 if QUICK else 10
OPTIONS = {
    "parts": "network",
    "n_estimators": 1,
    "early_stopping": False,
    "random_state": 0,
}
CASES = [
    (3, {}),
    (20, {}),
    (100, {}),
    (20, {"segment_length": 6}),
    (20, {"hidden_size": 64}),
    (100, {"hidden_size": 64}),
    (1000, {"hidden_size": 64}),
]


def cpu_in_turns(jobs):
    """Median seconds of the processor of each job."""
    times = {name: [] for name in jobs}
    for _ in range(REPEATS + 1):
        for name, job in jobs.items():
            gc.collect()
            start = time.process_time()
            job()
            times[name].append(time.process_time() - start)
    return {name: statistics.median(found[1:]) for name, found in times.items()}


def sequences(n_categories):
    """Samples with a category at each step, the same one-hot, and targets."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(N_SAMPLES, N_STEPS, 2))
    codes = rng.integers(0, n_categories, (N_SAMPLES, N_STEPS))
    codes[0, : min(n_categories, N_STEPS)] = np.arange(min(n_categories, N_STEPS))
    as_codes = np.concatenate([numbers, codes[..., None]], axis=2)
    one_hot = np.concatenate([numbers, np.eye(n_categories)[codes]], axis=2)
    return as_codes, one_hot, numbers[:, -1, 0] + (codes[:, -1] == 1)


def row(name, network, X, one_hot, y, wanted="from_dtype"):
    """A line of the table: a network that is fitted on either."""
    of_vectors = clone(network).set_params(categorical_features=wanted)
    jobs = {
        "vectors": partial(of_vectors.fit, X, y),
        "one-hot": partial(network.fit, one_hot, y),
    }
    ours, theirs = (seconds / EPOCHS for seconds in cpu_in_turns(jobs).values())
    return f"| {name} | {1000 * ours:.1f} | {1000 * theirs:.1f} | {ours / theirs:.2f} |"


def rows():
    for n_categories, options in CASES:
        X, one_hot, y = sequences(n_categories)
        network = RNNRegressor(**OPTIONS, **options, max_epochs=EPOCHS)
        given = ", ".join(f"{key}={value}" for key, value in options.items())
        name = f"{n_categories:,} categories, RNNRegressor({given})"
        yield row(name, network, X, one_hot, y, [2])
    texts, labels = names()
    if QUICK:
        texts, labels = texts[:500], labels[:500]
    tokens = TokenSequence(**CHARACTERS).fit_transform(texts)
    n_codes = tokens.codes.sizes[0]
    one_hot = [np.eye(n_codes, dtype=np.float32)[sample.ravel()] for sample in tokens]
    network = RNNClassifier(**OPTIONS, max_epochs=EPOCHS)
    name = f"characters of {len(texts):,} names, {n_codes} of them"
    yield row(name, network, tokens, one_hot, labels)


def main():
    torch.set_num_threads(1)
    write(
        __file__,
        f"""# Categories

A network of one layer, {N_SAMPLES:,} samples of {N_STEPS} steps; milliseconds of the
processor an epoch, over fits of {EPOCHS}, reading X included:

| X and network | vectors, ms | one-hot, ms | ratio |
| --- | ---: | ---: | ---: |
{shown(rows())}

{machine("skrnn")}
""",
    )


if __name__ == "__main__":
    main()
