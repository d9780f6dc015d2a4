"""The sizes at which a layer goes to torch instead of its compiled kernel, timed.

Each size is timed in pairs, the kernel and torch's own layer in turn, forward alone and
forward and backward. The table says which of the two `has_kernel` takes, by
`_FEW_SAMPLES` and `_MANY_UNITS` of `skrnn/_kernels/layer.py`, and is bold
where the other one was faster by more than the noise: two standard errors of the mean
of the logarithms of the ratios, and 5 %.

usage: python docs/benchmarks/tuning/kernels.py [--quick]
(writes kernels.md beside itself; ten minutes, or one)
"""

import itertools
import math
import statistics
import time

import torch
from _names import value_of
from _search import QUICK
from _timing import machine, shown, write

has_kernel = value_of("skrnn._kernels.layer.has_kernel")
run_kernel = value_of("skrnn._kernels.layer.run_kernel")
library = value_of("skrnn._kernels.library.library")

CELLS = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}
SAMPLES = (4, 8, 16) if QUICK else (1, 2, 4, 8, 12, 16, 32, 64)
HIDDEN = (64, 128) if QUICK else (16, 32, 64, 96, 128, 192, 256, 512)
STEPS, FEATURES = 32, 8
N_PAIRS = 5 if QUICK else 25


def jobs(cell, n_samples, hidden, *, is_training):
    """The kernel's call and torch's, and whether the kernel is what is taken."""
    torch.manual_seed(0)
    layer = CELLS[cell](FEATURES, hidden, batch_first=True)
    x = torch.randn(n_samples, STEPS, FEATURES)

    def by_kernel():
        return run_kernel(layer, x, None)[0]

    def by_torch():
        return layer(x)[0]

    def timed(run):
        def job():
            if not is_training:
                with torch.no_grad():
                    return run()
            layer.zero_grad()
            return run().square().sum().backward()

        return job

    with torch.set_grad_enabled(is_training):
        is_taken = has_kernel(layer, x)
    return timed(by_kernel), timed(by_torch), is_taken


def seconds(job, n):
    """CPU time of so many calls; what else the machine does counts less."""
    start = time.process_time()
    for _ in range(n):
        job()
    return max(time.process_time() - start, 1e-6)


def ratio(kernel, other):
    """Mean logarithm of kernel over torch in pairs, and its standard error."""
    for job in (kernel, other):
        job()  # a warm-up
    n = max(1, round(0.01 / seconds(other, 1)))
    pairs = [math.log(seconds(kernel, n) / seconds(other, n)) for _ in range(N_PAIRS)]
    return statistics.fmean(pairs), statistics.stdev(pairs) / math.sqrt(len(pairs))


def rows():
    mode = "Quick run, which shows that the script works and proves nothing"
    yield "# Kernel or torch, by size"
    yield ""
    yield f"{mode if QUICK else 'Full run'}."
    yield f"CPU time of the kernel over that of torch's layer, {N_PAIRS} pairs,"
    yield "with the standard error of the logarithm; one thread, float32,"
    yield f"{STEPS} steps of {FEATURES} features. Bold is what is taken although the"
    yield "other is faster."
    yield ""
    yield "| cell | samples | hidden | forward | taken | and backward | taken |"
    yield "| --- | ---: | ---: | ---: | --- | ---: | --- |"
    n_wrong = 0
    for cell, n_samples, hidden in itertools.product(CELLS, SAMPLES, HIDDEN):
        cells = []
        for is_training in (False, True):
            *pair, is_taken = jobs(cell, n_samples, hidden, is_training=is_training)
            mean, error = ratio(*pair)
            is_faster = mean < 0
            is_sure = abs(mean) > max(2 * error, math.log(1.05))
            is_wrong = is_sure and is_faster != is_taken
            n_wrong += is_wrong
            name = "kernel" if is_taken else "torch"
            cells.append(f"{math.exp(mean):.2f} ± {error:.2f}")
            cells.append(f"**{name}**" if is_wrong else name)
        yield f"| {cell} | {n_samples} | {hidden} | {' | '.join(cells)} |"
    yield ""
    yield f"The slower one is taken in {n_wrong} cases."
    yield ""
    yield machine("skrnn", "torch")
    yield ""


if __name__ == "__main__":
    if library() is None:
        raise SystemExit("There are no compiled kernels here to be timed.")
    torch.set_num_threads(1)
    write(__file__, shown(rows()))
