"""Forecasts of extreme series, X, indexes, horizons and parameters.

    python -m tests.soak.forecaster_extremes [--step N] [--network] [--write]

Each try is finite and right, refused by an error that says why, or wrong: another
forecast than the same series has at an ordinary size, or that lies far outside of it,
NaN, an error without words, a warning of NumPy, or a minute without an end. What is
wrong is printed.
"""

import argparse
import collections
import faulthandler
import itertools
import sys
import warnings

import numpy as np
import pandas as pd

from tests.forecasting.support import LINEAR, STRATEGIES, driven, forecaster
from tests.soak.results import write_row
from tests.support import short_network, wave_panel, wave_series

N, MOST = 80, 2**63 - 1
SIZES = [5e-324, 1e-310, 1e-300, 1e-160, 1e-60, 1e60, 1e153, 1e154, 1e200, 1e300, 1e307]
OUTLIERS = [1e6, 1e12, -1e12, 1e15, 1e18, 1e30, -1e100, 1e200, 1.7e308]
HUGE = [79, 80, 10**4, 10**6, 10**9, 2**31, 2**53, 2**63 - 1, 10**30]
SHAPES = {
    "wave": lambda: wave_series(N),
    "signed": lambda: wave_series(N) - 10,
    "walk": lambda: pd.Series(np.random.default_rng(0).normal(size=N).cumsum()),
    "growth": lambda: pd.Series(np.exp(np.arange(N) / 9)),
    "counts": lambda: pd.Series(np.random.default_rng(1).poisson(3.0, N).astype(float)),
    "rare": lambda: pd.Series((np.random.default_rng(2).random(N) < 0.05) * 4.0),
    "constant": lambda: pd.Series(np.full(N, 3.0)),
}


def said(model, **X):
    """Forecasts and the ends of their intervals, in one array."""
    parts = [model.predict(**X), model.predict_interval(**X)]
    return np.column_stack([part.to_numpy() for part in parts])


def near(y):
    """A check that forecasts lie within a few times the range of a series."""
    low, high = float(y.min()), float(y.max())
    reach = 3 * (high - low) + 1e-9 * max(abs(low), abs(high))
    return lambda found: np.abs(found[:, 0] - (low + high) / 2).max() <= reach


def equal_to(expected, atol=1e-9):
    """A check that forecasts are those of the same series at an ordinary size."""
    return lambda found: np.allclose(found, expected, rtol=1e-6, atol=atol)


def either(*checks):
    """A check that one of several holds."""
    return lambda found: any(check(found) for check in checks)


def sizes(estimator):
    """Series of any size, with X of any size."""
    for name, strategy in itertools.product(SHAPES, ("multioutput", "recursive")):
        y, options = SHAPES[name](), {"estimator": estimator, "strategy": strategy}
        ordinary = said(forecaster(**options).fit(y, fh=[1, 2]))
        for size in SIZES:
            if y.abs().max() > 1e308 / size:
                continue
            right = equal_to(ordinary)
            if y.abs().max() * size <= 1e-305:
                # The least numbers of all have not the digits of the others.
                right = either(equal_to(ordinary, 2 * 5e-324 / size), near(y))
            yield (
                f"{name} times {size}, {strategy}",
                lambda y=y, size=size, o=options: (
                    said(forecaster(**o).fit(y * size, fh=[1, 2])) / size
                ),
                right,
            )
    y, X = driven(N)
    future = X[-2:].set_axis(range(N, N + 2))
    for size, other in itertools.product(SIZES, (1.0, 1e-200, 1e200)):
        yield (
            f"X times {size}, y times {other}",
            lambda size=size, other=other: (
                said(
                    forecaster(estimator=estimator).fit(y * other, X * size, fh=[1, 2]),
                    X=future * size,
                )
                / other
            ),
            near(y),
        )


def outliers(estimator):
    """One value far off, in fit, later or in X; and large offsets."""
    y, X = SHAPES["wave"](), driven(N)[1]
    cases = itertools.product(
        OUTLIERS, (3, 40, 65), (0, 1, "auto"), ("window", "series")
    )
    for size, place, difference, scaling in cases:
        options = {"estimator": estimator, "difference": difference, "scaling": scaling}
        spoilt = y.where(np.arange(N) != place, size)
        yield (
            f"{size} at {place}, difference={difference}, {scaling}",
            lambda spoilt=spoilt, o=options: said(
                forecaster(**o).fit(spoilt, fh=[1, 2])
            ),
            near(y),
        )
    # Seasonal differences would read them a season later.
    options = {"estimator": estimator, "seasonal_difference": 0}
    model = forecaster(**options).fit(y[:60], fh=[1, 2])
    for size, place in itertools.product(OUTLIERS, (41, 45)):
        later = y[40:].where(y[40:].index != place, size)
        for name, call in {
            "predict y": lambda later=later: model.predict(y=later).to_numpy()[:, None],
            "backtest": lambda later=later: model.backtest(later).to_numpy(),
        }.items():
            yield f"{size} at {place} of {name}", call, near(y)
    for size in OUTLIERS:
        spoilt = X.copy()
        spoilt.iloc[40, 0] = size
        yield (
            f"{size} in X",
            lambda spoilt=spoilt: said(
                forecaster(estimator=estimator).fit(y, spoilt, fh=[1, 2]),
                X=X[-2:].set_axis(range(N, N + 2)),
            ),
            near(y),
        )
    for offset, signal in itertools.product((1e6, 1e9, 1e12, 1e15, 1e200), (1.0, 1e-3)):
        high = offset + signal * (y - 10)
        yield (
            f"offset {offset} and signal {signal}",
            lambda high=high: said(
                forecaster(estimator=estimator).fit(high, fh=[1, 2])
            ),
            near(high),
        )
    panel = wave_panel([40, 40])
    for ratio in SIZES:
        both = panel.copy()
        both.loc["b"] = (panel.loc["b"] * min(ratio, 1e306)).to_numpy()
        yield (
            f"a panel of sizes 1 and {ratio}",
            lambda both=both: said(forecaster(estimator=estimator).fit(both, fh=1)),
            lambda found: True,
        )


def indexes(estimator):
    """Indexes near the end of what they can hold, and labels that are missing."""

    def on(make):
        y = wave_series(60)
        return said(forecaster(estimator=estimator).fit(y.set_axis(make()), fh=[1, 2]))

    whole = np.arange(60)
    starts = [-MOST - 1, -MOST, -(2**62), -60, 0, 2**53, 2**62 - 70, 2**62, MOST - 62]
    for start, step in itertools.product([*starts, MOST - 59], (1, 10)):
        if -MOST - 1 <= start <= MOST - 59 * step:
            yield (
                f"from {start} by {step}",
                lambda a=start, s=step: on(lambda: pd.Index(a + s * whole)),
                near(wave_series(60)),
            )
            yield (
                f"periods from {start} by {step}",
                lambda a=start, s=step: on(
                    lambda: pd.PeriodIndex.from_ordinals(a + s * whole, freq="M")
                ),
                near(wave_series(60)),
            )
    for start in (0, 2**63 - 30, 2**63, 2**64 - 60):
        yield (
            f"unsigned from {start}",
            lambda a=start: on(
                lambda: pd.Index(whole.astype(np.uint64) + np.uint64(a))
            ),
            near(wave_series(60)),
        )
    for unit, freq, year in itertools.product(
        ("s", "ms", "us", "ns"),
        ("D", "h", "MS", "YS"),
        (1, 1678, 2000, 2200, 2261, 9000),
    ):
        yield (
            f"{freq} of {year} in {unit}",
            lambda u=unit, f=freq, y=year: on(
                lambda: pd.date_range(f"{y:04d}-03-01", periods=60, freq=f, unit=u)
            ),
            near(wave_series(60)),
        )
    panel = wave_panel([40, 40])
    for label, level in itertools.product((None, np.nan, pd.NaT, pd.NA), (0, 1)):
        values = [list(panel.index.get_level_values(i)) for i in (0, 1)]
        values[level][5] = label
        yield (
            f"label {label} in level {level}",
            lambda v=values: said(
                forecaster(estimator=estimator).fit(
                    panel.set_axis(pd.MultiIndex.from_arrays(v)), fh=1
                )
            ),
            lambda found: False,
        )


def parameters(estimator):
    """Huge numbers and booleans where numbers belong, and huge horizons."""
    y = wave_series(N)
    names = [
        "window_length",
        "sp",
        "difference",
        "seasonal_difference",
        "fourier_terms",
    ]
    for name, value, sp in itertools.product(
        [*names, "n_estimators"], [*HUGE, True, np.True_, -1, 0.5], (1, 12)
    ):
        if name == "n_estimators" and 79 <= value < 10**9:
            continue  # these can be trained, in hours
        options = {"sp": sp, "estimator": estimator} | {name: value}
        yield (
            f"{name}={value}, sp={sp}",
            lambda o=options: said(forecaster(**o).fit(y, fh=[1, 2])),
            lambda found: True,
        )
    for strategy, far in itertools.product(STRATEGIES, [*HUGE, True, -(10**30)]):
        options = {"strategy": strategy, "estimator": estimator}
        for fh in (far, [far], [1, far]):
            yield (
                f"fh={fh} in fit, {strategy}",
                lambda o=options, fh=fh: said(forecaster(**o).fit(y, fh=fh)),
                lambda found: True,
            )
            yield (
                f"fh={fh} in predict, {strategy}",
                lambda o=options, fh=fh: forecaster(**o).fit(y, fh=[1]).predict(fh),
                lambda found: True,
            )


def outcome(call, is_right):
    """What became of a try: "finite", "refused", or what is wrong with it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", RuntimeWarning)
        try:
            found = np.asarray(call(), dtype=float)
        except (ValueError, TypeError) as error:
            return "refused" if len(str(error)) > 40 else f"no words: {error!r}"
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    if not np.isfinite(found).all():
        return "not finite"
    return "finite" if is_right(found) else f"not right: {found.ravel()[:6]}"


def main():
    """Run all; return how many tries are wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=int, default=1, help="try every n-th")
    parser.add_argument("--network", action="store_true", help="not a linear model")
    parser.add_argument("--write", action="store_true", help="write the table")
    options = parser.parse_args()
    estimator = short_network() if options.network else LINEAR
    n_wrong = 0
    for group in (sizes, outliers, indexes, parameters):
        counts = collections.Counter()
        for what, call, is_right in itertools.islice(
            group(estimator), 0, None, options.step
        ):
            faulthandler.dump_traceback_later(120, exit=True)
            told = outcome(call, is_right)
            faulthandler.cancel_dump_traceback_later()
            kind = told if told in ("finite", "refused") else "wrong"
            counts[kind] += 1
            if kind == "wrong":
                print(f"    {what}: {told}"[:300], flush=True)
        print(group.__name__, dict(counts), flush=True)
        n_wrong += counts["wrong"]
        if options.write:
            what = f"forecasts of extreme {group.__name__} by a "
            what += "network" if options.network else "linear model"
            if options.step > 1:
                what += f", one in {options.step}"
            write_row(__file__, what, counts.total(), counts["wrong"])
    return n_wrong


if __name__ == "__main__":
    sys.exit(min(main(), 1))
