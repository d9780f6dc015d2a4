"""Long series: the default classifier, and one whose network reads each step.

Generated series of a thousand and of two thousand steps. With its defaults the network
beside the random convolutions reads long series in segments; `segment_length=1` has it
read step by step. CPU seconds of one thread, and accuracy on samples that were not
fitted. The two thousand steps of 52 classes, two samples each, are read by the default
alone: step by step they take minutes.

usage: python docs/benchmarks/long_series.py [--quick]
(writes long_series.md beside itself; a few minutes on one core)
"""

import time

import numpy as np
import torch
from _timing import QUICK, machine, shown, write

from skrnn import RNNClassifier

N_TRAINED, N_TEST = 120, 300


def events(rng, n_samples, n_steps):
    """Two bumps, of which one is upside down: the first, or the second."""
    labels = rng.integers(0, 2, n_samples)
    X = 0.7 * rng.normal(size=(n_samples, n_steps))
    bump = 3 * np.hanning(20)
    for row, label in zip(X, labels, strict=True):
        first = rng.integers(0, n_steps // 2 - 20)
        second = rng.integers(n_steps // 2, n_steps - 20)
        row[first : first + 20] += bump if label else -bump
        row[second : second + 20] -= bump if label else -bump
    return X, labels


def rhythms(rng, n_samples, n_steps):
    """Trains of pulses at one of three paces, which wander."""
    labels = rng.integers(0, 3, n_samples)
    pace = 1 + 0.1 * rng.normal(size=(n_samples, n_steps // 50 + 1)).repeat(50, axis=1)
    period = np.array([23, 26, 29])[labels, None]
    phase = np.cumsum(2 * np.pi / period * pace[:, :n_steps], axis=1)
    X = np.sin(phase + rng.uniform(0, 6, size=(n_samples, 1))) ** 5
    return X + 0.8 * rng.normal(size=X.shape), labels


def shapes(rng, n_samples, n_steps):
    """One of 52 random walks, in noise, a little earlier or later."""
    walks = 0.05 * np.random.default_rng(0).normal(size=(52, n_steps)).cumsum(axis=1)
    labels = np.arange(n_samples) % 52
    X = walks[labels] + 0.6 * rng.normal(size=(n_samples, n_steps))
    shifts = rng.integers(-30, 30, n_samples)
    return np.array([np.roll(x, s) for x, s in zip(X, shifts, strict=True)]), labels


def measure(task, n_samples, n_steps, **options):
    """CPU seconds of a fit, and its accuracy."""
    X, y = task(np.random.default_rng(1), n_samples, n_steps)
    X_test, y_test = task(np.random.default_rng(2), N_TEST, n_steps)
    start = time.process_time()
    model = RNNClassifier(random_state=0, **options).fit(X, y)
    seconds = time.process_time() - start
    return f"{seconds:.1f} | {model.score(X_test, y_test):.3f}"


def lines():
    for task in (events, rhythms):
        sizes = N_TRAINED, 520 if QUICK else 1_000
        default = measure(task, *sizes)
        by_step = measure(task, *sizes, segment_length=1)
        yield f"| {task.__name__} | {sizes[0]} | {sizes[1]:,} | {default} | {by_step} |"
    if not QUICK:
        default = measure(shapes, 104, 2_000)
        yield f"| shapes, 52 classes | 104 | 2,000 | {default} | | |"


def main():
    torch.set_num_threads(1)
    text = f"""# Long series

The default `RNNClassifier`, whose network reads long series in segments, and with
`segment_length=1`. CPU seconds of the fit, one thread; accuracy on {N_TEST} other
samples.

| series | samples | steps | seconds | accuracy | step by step, seconds | accuracy |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
{shown(lines())}

{machine("scikit-learn", "torch")}. Made by `long_series.py`.
"""
    write(__file__, text)


if __name__ == "__main__":
    main()
