"""Real SIGINTs at random moments of fits and predictions, in this very process.

    python -m tests.soak.signals [--count N] [--seed N] [--write] [SCENARIO ...]

Scenarios are those of `tests.scenarios`. After each signal bits, threads and counts
have to be what they were; what is not is printed. Something that hangs for two minutes
ends the script with a traceback.
"""

import argparse
import faulthandler
import os
import random
import signal
import sys
import threading
import time
import warnings

import torch

from tests.scenarios import scenarios
from tests.soak.results import write_row


def interrupted_once(scenario, seconds):
    """Run a scenario, with a signal from another thread after so many seconds."""

    def send():
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=send)
    try:
        thread.start()
        scenario.work()
        thread.join()
        time.sleep(0.01)
    except KeyboardInterrupt:
        pass
    thread.join()


def main():
    """Run what the command line asks for; return how many signals are at fault."""
    made = scenarios()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(made))
    parser.add_argument("--count", type=int, default=200, help="signals a scenario")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write the table")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda unraisable: None
    torch.set_num_threads(2)
    rng, n_faults = random.Random(options.seed), 0
    for name in options.names:
        faulthandler.dump_traceback_later(120, exit=True)
        scenario, faults = made[name](), 0
        begin = time.perf_counter()
        scenario.work()
        duration = time.perf_counter() - begin
        for _ in range(options.count):
            faulthandler.dump_traceback_later(120, exit=True)
            seconds = rng.random() * duration
            try:
                interrupted_once(scenario, seconds)
                scenario.check(f"a signal after {seconds:.6f} s")
            except Exception as fault:
                faults += 1
                print("   ", type(fault).__name__, fault, flush=True)
                scenario = made[name]()
        print(f"{name}: {options.count} signals, {faults} faults", flush=True)
        if options.write:
            write_row(__file__, f"SIGINT in {name}", options.count, faults)
        n_faults += faults
    return n_faults


if __name__ == "__main__":
    sys.exit(bool(main()))
