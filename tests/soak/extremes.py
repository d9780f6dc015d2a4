"""Fits and predictions of extreme numbers, drawn at random; what became of them.

    python -m tests.soak.extremes [--count N] [--seed N] [--write]

Every case has to end with finite predictions or with an error of our own words, which
may say that the training diverged: rates of `loss="poisson"` are exponentials. Those
of ordinary samples in other units have to be the same, to the bit, in those units. What
is not is printed.
"""

import argparse
import collections
import faulthandler
import re
import sys

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.extremes import Case, cases, moved_cases, unlike_in_other_units
from tests.soak.results import write_row


def drawn(strategy, options):
    """Draw the cases of the command line, as a list."""
    found = []

    @seed(options.seed)
    @settings(
        max_examples=options.count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(case):
        found.append(case)

    collect()
    return found


def told(outcome):
    """An outcome without its numbers, so that like ones are counted together."""
    return re.sub(r"-?\d[\d.e+-]*", "#", outcome)[:100]


def main():
    """Run what the command line asks for; return how many cases are at fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1500, help="cases of each sort")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write the table")
    options = parser.parse_args()
    judges = {
        "extreme": (cases(), lambda case: Case(case).outcome()),
        "other units": (moved_cases(), unlike_in_other_units),
    }
    n_faults = 0
    whats = {
        "extreme": "estimators on extreme numbers",
        "other units": "estimators on the same numbers in other units",
    }
    for name, (strategy, judge) in judges.items():
        counts, n_before = collections.Counter(), n_faults
        for case in drawn(strategy, options):
            faulthandler.dump_traceback_later(120, exit=True)
            outcome = judge(case)
            faulthandler.cancel_dump_traceback_later()
            counts[told(outcome)] += 1
            if not outcome.startswith(("finite", "refused", "diverged", "same")):
                n_faults += 1
                print(f"    {outcome}\n        {case}"[:2000], flush=True)
        for outcome, count in counts.most_common():
            print(f"{name}: {count:6d} {outcome}", flush=True)
        if options.write:
            write_row(__file__, whats[name], counts.total(), n_faults - n_before)
    return n_faults


if __name__ == "__main__":
    sys.exit(bool(main()))
