"""What the scripts that forecast many series take on the command line, and do."""

import argparse
import time
import warnings

from _series_runs import DEFAULT, load, measure, rivals, save
from _series_scores import (
    by_series,
    error_table,
    interval_table,
    ratio_table,
    worst_table,
)

__all__ = ["arguments", "parser_of", "report_lines", "scores_of", "with_quick"]

RIDGE = (
    "skrnn.sktime:RNNForecaster(__import__('_series_ridge').ridge(), n_estimators=1, "
    "interval=None)"
)


def arguments(description, sets):
    """The parsed command line.

    Parameters
    ----------
    description : str
        The docstring of the script.
    sets : list of str
        Names of the sets that there are; all by default.
    """
    parser = parser_of(description, f"of {', '.join(sets)}; all of them by default")
    add = parser.add_argument
    add("--beside", nargs="*", default=[], help="labels of runs to show as well")
    add("--group", help="yearly, monthly and so on: take only these series")
    add("--ridge", action="store_true", help="measure ridge on the same windows, too")
    add("--worst", type=int, default=15, help="series to show where it loses most")
    add("--no-fit", action="store_true", help="tables of runs that are kept, only")
    found = with_quick(parser.parse_args())
    unknown = set(found.sets) - set(sets)
    if unknown:
        parser.error(f"no set {sorted(unknown)}; there are {', '.join(sets)}")
    found.sets = found.sets or sets
    return found


def with_quick(options):
    """The options, of a quick run with a twentieth of the series."""
    if options.quick:
        options.every *= 20
    return options


def parser_of(description, sets):
    """A parser of what all scripts take; `sets` says what may be named."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("sets", nargs="*", help=sets)
    add("--forecaster", default=DEFAULT, help="module:expression of a forecaster")
    add("--label", default="RNNForecaster", help="its name in tables, and of its runs")
    add("--every", type=int, default=1, help="take every N-th series of a set")
    add("--first", type=int, default=0, help="the place of the first of them")
    add("--jobs", type=int, default=1, help="processes, of one thread each")
    add("--m1", help="path of the series of the M competition")
    add("--quick", action="store_true", help="every 20th series; writes elsewhere")
    return parser


def scores_of(name, series, options):
    """Forecast the series of a set; their measures by model (dict of pandas.DataFrame).

    The forecaster of the command line is the first; only series that all have count.
    """
    warnings.simplefilter("ignore")
    series = [s for s in series if options.group in (None, s.group)]
    series = series[options.first :: options.every]
    found = {}
    wanted = {options.label: options.forecaster}
    if options.ridge:
        wanted["ridge, same windows"] = RIDGE
    for label, forecaster in wanted.items():
        key = f"{name}-{options.every}-{options.first}-{label}"
        if not options.no_fit:
            start = time.process_time()
            runs = measure(series, forecaster, options.jobs)
            seconds = time.process_time() - start
            print(f"{key}: {seconds:.0f} s, {save(key, runs)}", flush=True)
            _tell_failures(runs)
        found[label] = load(key)
    for label in options.beside:
        found[label] = load(f"{name}-{options.every}-{options.first}-{label}")
    found |= rivals(series, options.jobs)
    # Runs that were kept may be of other series: only what all have is compared.
    kept = {item.name for item in series}
    kept.intersection_update(*({run.series for run in runs} for runs in found.values()))
    return {
        label: by_series([run for run in runs if run.series in kept])
        for label, runs in found.items()
    }


def report_lines(name, scores, options):
    """The lines of all tables of a set."""
    yield from ("", f"## {name}: {len(scores[options.label])} series", "")
    yield from (*error_table(scores), "")
    if name == "m1":
        yield from (*error_table(scores, "sMAPE"), "")
    yield from (*interval_table(scores), "")
    yield from (*ratio_table(scores), "")
    if options.worst:
        yield from worst_table(scores, options.label, options.worst)


def _tell_failures(runs):
    """Print the errors of fits, each kind once."""
    kinds = {}
    for run in runs:
        if run.error:
            kinds.setdefault(run.error[:60], []).append(f"{run.series} @{run.origin}")
    for error, where in kinds.items():
        print(f"failed {len(where)} times: {error} ... ({where[0]})")
