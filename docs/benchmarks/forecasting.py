"""Forecasts and their intervals on rolling origins, beside plain and classical models.

1. AirPassengers, the protocol of darts' tutorial on its original scale: fit until the
   end of 1957, forecast 1958, 1959 and 1960 from the end of the year before. Nothing is
   fitted on those months.
2. Series of sktime and statsmodels: fit on the oldest 70 % of each, forecast one season
   (or eight steps) ahead from the end and from every row after it. Errors are divided
   by those of the last value or the last season, whichever are smaller there.
3. Intervals: how many of the truths lie within, and how wide they are, beside those by
   the errors that the seasonal naive forecast has on the rows of fit.
4. How long that takes.

`RNNForecaster` has its default settings throughout, but for the strategies of the first
table. Series generated here have a known structure; their noise has another seed each.
Without statsmodels, its series and models are left out.

usage: pip install statsmodels; python docs/benchmarks/forecasting.py [--quick]
(writes forecasting.md beside itself; ten minutes)
"""

import itertools
import statistics
import sys
import time
import warnings

import numpy as np
import pandas as pd
from _timing import QUICK, machine, write
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sktime.datasets import (
    load_airline,
    load_lynx,
    load_PBS_dataset,
    load_uschange,
)

from skrnn import FlattenSequence
from skrnn.sktime import RNNForecaster

try:
    from statsmodels.datasets import co2, elec_equip, elnino, macrodata, nile, sunspots
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel
    from statsmodels.tsa.forecasting.theta import ThetaModel
except ImportError:
    ETSModel = None

SEEDS = range(2 if QUICK else 5)
SEASONS = {"M": 12, "Q": 4, "Y": 1}
COVERAGES = (0.8, 0.95)
OTHER_STEPS = 8  # of series without a season


def season_of(series):
    return SEASONS[series.index.freqstr[0]]


def monthly_or_so(values, start, freq):
    index = pd.period_range(start, periods=len(values), freq=freq)
    return pd.Series(np.asarray(values, dtype=float), index=index, name="y")


def real_series():
    series = {
        "airline": monthly_or_so(load_airline(), "1949-01", "M"),
        "lynx": monthly_or_so(load_lynx(), "1821", "Y"),
        "PBS": monthly_or_so(load_PBS_dataset(), "1991-07", "M"),
    }
    consumption, others = load_uschange()
    others = others.assign(Consumption=consumption.to_numpy())
    for name in ("Consumption", "Income", "Production", "Unemployment"):
        series[f"US {name.lower()}"] = monthly_or_so(others[name], "1970Q1", "Q")
    if ETSModel is None:
        return series
    weekly = co2.load_pandas().data["co2"]
    monthly = weekly.resample("MS").mean().interpolate()
    series["CO2"] = monthly_or_so(monthly, "1958-03", "M")
    table = elnino.load_pandas().data
    series["El Nino"] = monthly_or_so(table.iloc[:, 1:].to_numpy().ravel(), "1950", "M")
    orders = elec_equip.load().data.squeeze()
    series["electrical equipment"] = monthly_or_so(orders, "1996-01", "M")
    spots = sunspots.load_pandas().data["SUNACTIVITY"]
    series["sunspots"] = monthly_or_so(spots, "1700", "Y")
    macro = macrodata.load_pandas().data
    for name in ("realgdp", "realcons", "cpi", "unemp", "infl", "tbilrate", "realinv"):
        series[f"macro {name}"] = monthly_or_so(macro[name], "1959Q1", "Q")
    series["Nile"] = monthly_or_so(nile.load_pandas().data["volume"], "1871", "Y")
    return series


def made_series(seed):
    """Series of known structure, 800 rows each, with the rows of a season."""
    rng = np.random.default_rng(seed)
    n = 800
    t, noise = np.arange(n), rng.normal(size=n)
    memory = np.zeros(n)
    for i in range(2, n):
        memory[i] = 0.6 * memory[i - 1] + 0.2 * memory[i - 2] + noise[i]
    loud = np.zeros(n)
    variance = 1.0
    for i in range(1, n):
        variance = 0.1 + 0.8 * variance + 0.1 * loud[i - 1] ** 2
        loud[i] = np.sqrt(variance) * rng.normal()
    year = np.sin(2 * np.pi * t / 12)
    return {
        "AR(2)": (memory, 1),
        "random walk": (np.cumsum(rng.normal(size=n)), 1),
        "season, trend": (10 * np.sin(2 * np.pi * t / 24) + 0.02 * t + noise, 24),
        "season, AR(2)": (3 * year + memory, 12),
        "season that grows": (
            (50 + 0.1 * t) * (1 + 0.3 * year) * np.exp(0.05 * rng.normal(size=n)),
            12,
        ),
        "season, heavy tails": (
            5 * np.sin(2 * np.pi * t / 7) + rng.standard_t(3, size=n),
            7,
        ),
        "season, noise in bursts": (3 * year + loud, 12),
    }


class Task:
    """One series, cut in two, with the truth of every forecast."""

    def __init__(self, series, sp, steps, share=0.7):
        self.series, self.sp, self.steps = series, sp, steps
        self.cut = int(len(series) * share)
        self.past, self.rest = series[: self.cut], series[self.cut :]
        values = series.to_numpy()
        self.origins = np.arange(self.cut - 1, len(series) - 1)
        ahead = np.arange(1, steps + 1)
        target = self.origins[:, None] + ahead
        self.inside = target < len(series)
        self.truth = values[np.where(self.inside, target, 0)]
        season_before = target - sp * -(-ahead // sp)
        self.naive = np.repeat(values[self.origins][:, None], steps, axis=1)
        self.seasonal = values[season_before]

    def error(self, forecasts):
        return np.abs(forecasts - self.truth)[self.inside].mean()

    def relative(self, forecasts):
        plain = min(self.error(self.naive), self.error(self.seasonal))
        return self.error(forecasts) / plain

    def seasonal_intervals(self, coverage):
        """Half widths (n_steps,) by the seasonal errors on the rows of fit."""
        past, halves = self.past.to_numpy(), []
        for step in range(1, self.steps + 1):
            lag = self.sp * -(-step // self.sp)
            errors = np.abs(past[lag:] - past[:-lag])
            halves.append(np.quantile(errors, coverage))
        return np.array(halves)

    def share_within(self, low, high):
        """Share of the truths between bounds (n_origins, n_steps)."""
        is_in = (low <= self.truth) & (self.truth <= high)
        return is_in[self.inside].mean()


def rnn_forecasts(task, seed, **options):
    """Forecasts (n_origins, n_steps), and bounds by coverage."""
    forecaster = RNNForecaster(sp=task.sp, random_state=seed, **options)
    forecaster.fit(task.past, fh=range(1, task.steps + 1))
    coverage = None if options.get("interval", 1) is None else list(COVERAGES)
    table = forecaster.backtest(task.rest, coverage=coverage)
    columns = table.to_numpy()
    full = np.full((*task.truth.shape, columns.shape[1]), np.nan)
    full[task.inside] = columns
    return full[..., 0], full[..., 1:]


def ridge_forecasts(task):
    """The same windows, with a linear model in the place of the network."""
    zero = SimpleImputer(strategy="constant", fill_value=0)
    ridge = make_pipeline(FlattenSequence(), zero, RidgeCV(np.logspace(-3, 4, 15)))
    return rnn_forecasts(task, 0, estimator=ridge, n_estimators=1, interval=None)[0]


def classical_forecasts(task, fit):
    """Forecasts of a model that takes in each new row, its parameters fitted once."""
    values = task.series.to_numpy()
    model = fit(task.past.to_numpy(), task.sp)
    return np.array([model(values[: o + 1], task.steps) for o in task.origins])


def ets(past, sp):
    """Exponential smoothing of the form with the least AIC."""
    kinds = ["add", "mul"] if past.min() > 0 else ["add"]
    seasons = [None, *kinds] if sp > 1 else [None]
    fits = []
    for error, trend, season in itertools.product(kinds, (None, "add"), seasons):
        options = {
            "error": error,
            "trend": trend,
            "damped_trend": trend is not None,
            "seasonal": season,
            "seasonal_periods": sp if season else None,
        }
        fitted = ETSModel(past, **options).fit(disp=False)
        if np.isfinite(fitted.aic):
            fits.append((fitted.aic, len(fits), options, fitted.params))
    _, _, options, parameters = min(fits)

    def forecast(values, steps):
        return ETSModel(values, **options).smooth(parameters).forecast(steps)

    return forecast


def theta(past, sp):
    del past  # it has nothing that would be fitted once

    def forecast(values, steps):
        model = ThetaModel(values, period=sp if sp > 1 else 1, deseasonalize=sp > 1)
        return np.asarray(model.fit(disp=False).forecast(steps))

    return forecast


def airline_table():
    y = load_airline()
    values, n = y.to_numpy(), len(y) - 36
    blocks = [n + 12 * i for i in range(3)]

    def row(name, forecast):
        errors = [
            np.abs(forecast(values[:start]) / values[start : start + 12] - 1)
            for start in blocks
        ]
        cells = [f"{100 * e.mean():.2f}" for e in errors]
        return f"| {name} | {100 * np.mean(errors):.2f} | {' | '.join(cells)} |"

    def with_growth(past):
        return past[-12:] * past[-12:].sum() / past[-24:-12].sum()

    lines = [
        "| forecast | MAPE, % | 1958 | 1959 | 1960 |",
        "| --- | ---: | ---: | ---: | ---: |",
        row("last year", lambda past: past[-12:]),
        row("last year, with its growth", with_growth),
    ]
    if ETSModel is not None:
        lines.append(row("ETS", lambda past: ets(values[:n], 12)(past, 12)))
        lines.append(row("Theta", lambda past: theta(None, 12)(past, 12)))
    for strategy in ("multioutput", "recursive", "direct", "dirrec"):
        forecasts = []
        for seed in SEEDS:
            forecaster = RNNForecaster(
                strategy=strategy, interval=None, random_state=seed
            ).fit(y[:n], fh=range(1, 13))
            table = forecaster.backtest(y[n:], step_length=12)
            forecasts.append(table.to_numpy().reshape(3, 12))
        truth = values[n:].reshape(3, 12)
        errors = 100 * np.abs(np.array(forecasts) / truth - 1).mean(axis=2)
        order = np.argsort(errors.mean(axis=1))
        middle = errors[order[len(order) // 2]]
        low, high = errors.mean(axis=1).min(), errors.mean(axis=1).max()
        lines.append(
            f"| RNNForecaster, {strategy} | {middle.mean():.2f} ({low:.2f} to "
            f"{high:.2f}) | {' | '.join(f'{e:.2f}' for e in middle)} |"
        )
    return lines


def accuracy_table(tasks):
    models = {
        "RNNForecaster": lambda task: [rnn_forecasts(task, s)[0] for s in SEEDS],
        "ridge, same windows": lambda task: [ridge_forecasts(task)],
    }
    if ETSModel is not None:
        models["ETS"] = lambda task: [classical_forecasts(task, ets)]
        models["Theta"] = lambda task: [classical_forecasts(task, theta)]
    lines = [
        "| series | rows | " + " | ".join(models) + " |",
        "| --- | ---: |" + " ---: |" * len(models),
    ]
    found = {}
    for name, task in tasks.items():
        cells = []
        for model, forecast in models.items():
            errors = [task.relative(f) for f in forecast(task)]
            found.setdefault(model, []).append(statistics.median(errors))
            cells.append(found[model][-1])
        best = min(cells)
        shown_cells = [f"**{c:.3f}**" if c == best else f"{c:.3f}" for c in cells]
        lines.append(f"| {name} | {len(task.series)} | {' | '.join(shown_cells)} |")
        print(lines[-1], flush=True)
    means = [np.exp(np.mean(np.log(errors))) for errors in found.values()]
    lines.append("| geometric mean | | " + " | ".join(f"{m:.3f}" for m in means) + " |")
    table = pd.DataFrame(found)
    ranks = table.rank(axis=1).mean()
    lines.append("| mean rank | | " + " | ".join(f"{r:.2f}" for r in ranks) + " |")
    return lines


def interval_table(tasks, seeds):
    lines = [
        "| series | within 80 % | within 95 % | seasonal naive, 80 % "
        "| seasonal naive, 95 % | width, 80 % | width, 95 % |",
        "| --- |" + " ---: |" * 6,
    ]
    totals = []
    for name, of_seed in tasks.items():
        rows = []
        for seed in seeds:
            task = of_seed(seed)
            _, bounds = rnn_forecasts(task, seed)
            shares, plain, widths = [], [], []
            for i, coverage in enumerate(COVERAGES):
                low, high = bounds[..., 2 * i], bounds[..., 2 * i + 1]
                shares.append(task.share_within(low, high))
                half = task.seasonal_intervals(coverage)
                low_, high_ = task.seasonal - half, task.seasonal + half
                plain.append(task.share_within(low_, high_))
                width = (high - low)[task.inside].mean()
                widths.append(width / (high_ - low_)[task.inside].mean())
            rows.append([*shares, *plain, *widths])
        totals.append(np.mean(rows, axis=0))
        lines.append(_interval_row(name, totals[-1]))
        print(lines[-1], flush=True)
    lines.append(_interval_row("mean", np.mean(totals, axis=0)))
    return lines


def _interval_row(name, mean):
    shares = [f"{100 * share:.1f}" for share in mean[:4]]
    return f"| {name} | {' | '.join(shares)} | {mean[4]:.2f} | {mean[5]:.2f} |"


def time_table():
    y = load_airline()
    rng = np.random.default_rng(0)
    t = np.arange(5000)
    long = pd.Series(np.sin(2 * np.pi * t / 24) + rng.normal(size=len(t)) / 5)
    lines = ["| job | seconds |", "| --- | ---: |"]
    cases = (
        ("AirPassengers", y[:44], y[44:], range(1, 13), 12),
        ("5,000 hours", long[:-100], long[-100:], range(1, 25), 24),
    )
    for name, past, rest, fh, sp in cases:
        start = time.perf_counter()
        forecaster = RNNForecaster(sp=sp, random_state=0).fit(past, fh=fh)
        fitted = time.perf_counter()
        forecaster.backtest(rest)
        done = time.perf_counter()
        forecaster.backtest(rest, coverage=list(COVERAGES))
        told = time.perf_counter()
        forecaster.backtest(rest, refit="warm")
        end = time.perf_counter()
        lines += [
            f"| {name}: fit on {len(past)} rows, with what intervals need | "
            f"{fitted - start:.2f} |",
            f"| backtest from 100 origins, {len(fh)} steps each | "
            f"{done - fitted:.2f} |",
            f"| the same with intervals | {told - done:.2f} |",
            f'| the same without, `refit="warm"` | {end - told:.2f} |',
        ]
    return lines


def main():
    warnings.simplefilter("ignore")
    names = real_series()
    if QUICK:
        names = {name: names[name] for name in ("airline", "lynx")}
    tasks = {}
    for name, series in names.items():
        sp = season_of(series)
        tasks[name] = Task(series, sp, sp if sp > 1 else OTHER_STEPS)

    def generated(name, seed):
        values, sp = made_series(seed)[name]
        return Task(pd.Series(values, name="y"), sp, 6, share=0.625)

    made = {
        name: (lambda seed, name=name: generated(name, seed)) for name in made_series(0)
    }
    real = {
        name: (lambda seed, task=task: task)
        for name, task in tasks.items()
        if QUICK or len(task.series) >= 180
    }
    if QUICK:
        made = {"AR(2)": made["AR(2)"]}
    lines = [
        "# Forecasts on rolling origins",
        "",
        "## AirPassengers, three times a year ahead",
        "",
        f"Median of {len(SEEDS)} seeds, smallest and largest in brackets.",
        "",
        *airline_table(),
        "",
        "## Errors relative to the better of last value and last season",
        "",
        *accuracy_table(tasks),
        "",
        "## Intervals",
        "",
        "Share of the truths within, in %, beside that of intervals about the seasonal",
        "naive forecast by its errors on the rows of fit; mean width, beside theirs.",
        "",
        "Generated series, mean of two seeds:",
        "",
        *interval_table(made, range(1 if QUICK else 2)),
        "",
        "Real series of at least 180 rows; their few test rows (54 to 220 origins)",
        "tell a share to within some points only:",
        "",
        *interval_table(real, range(1)),
        "",
        "## Time",
        "",
        *time_table(),
        "",
        machine("skrnn", "sktime", "statsmodels", "torch"),
    ]
    write(__file__, "\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
