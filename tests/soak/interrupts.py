"""Interrupt fits and predictions at every place where CPython looks for signals.

    python -m tests.soak.interrupts [--step N] [--again N] [--error NAME] [SCENARIO ...]

Scenarios are those of `tests.interrupts.scenarios`; without one all are run. Each place
is tried once; with ``--again`` a second interrupt follows after so many places more. A
place after which something is not as it was is printed with what changed.
"""

import argparse
import faulthandler
import sys
import warnings

import torch

from tests.interrupts import run_interrupted, scenarios


def main():
    """Run what the command line asks for; return how many places are at fault."""
    made = scenarios()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(made))
    parser.add_argument("--step", type=int, default=1, help="try every n-th place")
    parser.add_argument("--again", type=int, help="interrupt again so much later")
    parser.add_argument("--error", choices=["KeyboardInterrupt", "MemoryError"])
    options = parser.parse_args()
    error = MemoryError if options.error == "MemoryError" else KeyboardInterrupt
    warnings.simplefilter("ignore")
    torch.set_num_threads(2)
    n_faults = 0
    for name in options.names:
        # Its thread is to be among those that are counted.
        faulthandler.dump_traceback_later(120, exit=True)
        scenario = made[name]()
        n_places = run_interrupted(scenario.work).n_places
        faults = set()
        for at in range(0, n_places, options.step):
            faulthandler.dump_traceback_later(120, exit=True)
            done = run_interrupted(scenario.work, at, error=error, again=options.again)
            try:
                scenario.check(done)
            except Exception as fault:
                faults.add(f"{type(fault).__name__}: {fault}")
                scenario = made[name]()
        print(f"{name}: {n_places} places, {len(faults)} faults", flush=True)
        for fault in sorted(faults)[:40]:
            print("   ", fault, flush=True)
        n_faults += len(faults)
    return n_faults


if __name__ == "__main__":
    sys.exit(bool(main()))
