"""What the benchmarks of speed share: timing in turns, and where results go."""

import gc
import os
import platform
import statistics
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

# A trial run: less of everything, and no table in this directory is replaced.
QUICK = "--quick" in sys.argv[1:]
REPEATS = 1 if QUICK else 5
THREADS = sorted({1, os.cpu_count()})


def seconds(job, clock=time.perf_counter):
    """Wall time of one call, or that of another clock."""
    gc.collect()
    start = clock()
    job()
    return clock() - start


def in_turns(jobs, repeats=REPEATS, *, warm_up=True):
    """Median seconds of each job after a warm-up.

    Every round calls each job once, so that all of them see the same machine.
    """
    times = {name: [] for name in jobs}
    for _ in range(repeats + warm_up):
        for name, job in jobs.items():
            times[name].append(seconds(job))
    return {name: statistics.median(t[warm_up:]) for name, t in times.items()}


def with_threads(job, n_threads):
    """The job, with this number of torch threads."""

    def run():
        torch.set_num_threads(n_threads)
        job()

    return run


def best_of_threads(jobs, repeats=REPEATS):
    """As `in_turns`, each job with the number of torch threads that is best for it."""
    variants = {
        (name, n): with_threads(job, n) for name, job in jobs.items() for n in THREADS
    }
    medians = in_turns(variants, repeats)
    return {name: min(medians[name, n] for n in THREADS) for name in jobs}


def sgemm_peak(n_threads=THREADS[-1], clock=time.perf_counter):
    """GFLOP/s of the fastest of many products of two large float32 matrices."""
    torch.set_num_threads(n_threads)
    n = 2048
    a, b = torch.randn(n, n), torch.randn(n, n)
    with torch.inference_mode():
        best = min(
            seconds(lambda: torch.mm(a, b), clock) for _ in range(5 if QUICK else 20)
        )
    return 2 * n**3 / best / 1e9


def machine(*packages):
    """The last line of a table: versions, and the machine."""
    found = []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    capability = torch.backends.cpu.get_cpu_capability()
    return (
        f"{', '.join(found)}; {os.cpu_count()} cores, {platform.machine()}, "
        f"{capability}"
    )


def shown(lines):
    """The lines as one text; each is printed as soon as it is known."""
    done = []
    for line in lines:
        print(line, flush=True)
        done.append(line)
    return "\n".join(done)


def beside(script, suffix):
    """Path of a result: beside its script, or that of a trial run elsewhere."""
    path = Path(script).with_suffix(suffix)
    return Path(tempfile.gettempdir()) / path.name if QUICK else path


def write(script, text):
    """Write and print a report."""
    path = beside(script, ".md")
    path.write_text(text)
    print(f"\n{text}\n{path}")
