"""Break off fits and predictions at every place where CPython looks for signals.

    python -m tests.soak.interrupts [--step N] [--again N] [--error NAME] [--write]
                                    [SCENARIO ...]

Scenarios are those of `tests.scenarios`; without one all are run. Each place is tried
once; with ``--again`` a second interrupt follows after so many places more. Afterwards
the counts of the process have to be as they were, and the same call has to give the
same bits. A place after which something is not so is printed with what changed.
"""

import argparse
import faulthandler
import sys
import warnings

import torch

from tests.interrupts import run_interrupted
from tests.scenarios import scenarios
from tests.soak.results import write_row


def main():
    """Run what the command line asks for; return how many places are at fault."""
    made = scenarios()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(made))
    parser.add_argument("--step", type=int, default=1, help="try every n-th place")
    parser.add_argument("--again", type=int, help="interrupt again so much later")
    parser.add_argument("--error", default="KeyboardInterrupt")
    parser.add_argument("--write", action="store_true", help="write the table")
    options = parser.parse_args()
    errors = {"KeyboardInterrupt": KeyboardInterrupt, "MemoryError": MemoryError}
    warnings.simplefilter("ignore")
    torch.set_num_threads(2)
    n_faults = 0
    for name in options.names:
        found = _interrupt(made[name], options, errors[options.error])
        n_cases, faults = found
        print(f"{name}: {n_cases} places, {len(faults)} faults", flush=True)
        for fault in sorted(set(faults))[:40]:
            print("   ", fault, flush=True)
        if options.write:
            write_row(__file__, _told(name, options), n_cases, len(faults))
        n_faults += len(faults)
    return n_faults


def _interrupt(new_scenario, options, error):
    # Its thread is to be among those that are counted.
    faulthandler.dump_traceback_later(120, exit=True)
    scenario = new_scenario()
    n_places = run_interrupted(scenario.work).n_places
    places, faults = range(0, n_places, options.step), []
    for at in places:
        faulthandler.dump_traceback_later(120, exit=True)
        done = run_interrupted(scenario.work, at, error=error, again=options.again)
        try:
            scenario.check(done.where)
        except Exception as fault:
            faults.append(f"{type(fault).__name__}: {fault}")
            scenario = new_scenario()
    return len(places), faults


def _told(name, options):
    told = f"{options.error} in {name}"
    if options.again is not None:
        told += f", and again {options.again} places later"
    return told if options.step == 1 else f"{told}, at one place in {options.step}"


if __name__ == "__main__":
    sys.exit(bool(main()))
