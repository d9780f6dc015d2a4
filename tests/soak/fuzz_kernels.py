"""Call every function of the compiled library with sizes and addresses that do not fit.

    python -m tests.soak.fuzz_kernels [--count N] [--seed N] [--write]

Each call of `tests.native_calls` is broken in every way that the library can see by
itself: sizes that are negative or beyond all memory, kinds that there are not, lengths
beyond the steps, no address or one that is not aligned. It has to be refused, and the
same call has to be done when it is mended. How large an array is behind an address only
the Python side knows; that is what `tests/kernels/test_native_calls.py` looks at.
"""

import argparse
import collections
import faulthandler
import random
import sys

import torch

from tests.native_calls import misfits, new_calls
from tests.soak.results import write_row


def faults_of(call):
    """Break a call in every way; yield what was tried, and what was wrong or None."""
    if (answer := call.run()) != 1:
        yield "as it is", f"answers {answer}"
    for what, break_it, mend in misfits(call):
        break_it()
        answer = call.run()
        mend()
        yield what, f"answers {answer}" if answer == 1 else None
    if (answer := call.run()) != 1:
        yield "mended", f"answers {answer}"


def main():
    """Run what the command line asks for; return how many calls were not refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--count", type=int, default=2000, help="calls of each function"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write the table")
    options = parser.parse_args()
    faulthandler.enable()
    torch.manual_seed(options.seed)
    rng, n_faults = random.Random(options.seed), collections.Counter()
    counts = collections.Counter()
    for _ in range(options.count):
        for call in new_calls(rng):
            for what, fault in faults_of(call):
                counts[call.name] += 1
                n_faults[call.name] += fault is not None
                if fault is not None:
                    print(f"    {call.name}: {what}: {fault}", flush=True)
    for name, count in sorted(counts.items()):
        print(f"{name}: {count} calls, {n_faults[name]} not refused", flush=True)
        if options.write:
            told = f"{name}, called with what does not fit"
            write_row(__file__, told, count, n_faults[name])
    return n_faults.total()


if __name__ == "__main__":
    sys.exit(bool(main()))
