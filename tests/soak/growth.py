"""Memory, threads and open files over some hundred fits and predictions.

    python -m tests.soak.growth [--count N] [--write]

After a warm-up none of them grows. Memory may move by some MiB with what the allocator
keeps: the median of the last tenth is compared with that of the first.
"""

import argparse
import gc
import statistics
import sys
import warnings
from pathlib import Path

import torch

from tests.scenarios import scenarios, state_of_process
from tests.soak.results import write_row

# What a leak of one hidden state a fit would exceed many times over.
MOST_BYTES_A_CALL = 4096
COUNTS = ("threads", "native threads", "open files", "open scopes")


def resident():
    """Return the resident memory of this process in bytes (int)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def growth(work, count):
    """Call something many times.

    Returns
    -------
    per_call : float
        Bytes that memory grew by with each call.
    changed : dict
        Counts before and after, of those that are another.
    """
    n_parts = max(1, count // 10)
    for _ in range(n_parts):
        work()
    before, sizes = state_of_process(), []
    for _ in range(count):
        work()
        gc.collect()
        sizes.append(resident())
    after = state_of_process()
    changed = {k: (before[k], after[k]) for k in COUNTS if before[k] != after[k]}
    first, last = sizes[:n_parts], sizes[-n_parts:]
    grown = statistics.median(last) - statistics.median(first)
    return grown / (count - n_parts), changed


def main():
    """Run what the command line asks for; return how many scenarios grow."""
    made = scenarios()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(made))
    parser.add_argument("--count", type=int, default=300, help="calls a scenario")
    parser.add_argument("--write", action="store_true", help="write the table")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(2)
    n_faults = 0
    for name in options.names:
        per_call, changed = growth(made[name]().work, options.count)
        is_fault = per_call > MOST_BYTES_A_CALL or bool(changed)
        print(f"{name}: {per_call:.0f} bytes a call, changed {changed}", flush=True)
        if options.write:
            told = f"{name}: memory, threads and files do not grow"
            write_row(__file__, told, options.count, options.count * is_fault)
        n_faults += is_fault
    return n_faults


if __name__ == "__main__":
    sys.exit(bool(main()))
