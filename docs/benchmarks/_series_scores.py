"""How good forecasts of many series are: errors, ranks, intervals, and tables of them.

MASE is the mean absolute scaled error of Hyndman and Koehler (2006), its scale the mean
absolute change from season to season of the known rows; sMAPE the symmetric error of
the M competitions in per cent; the interval score that of Gneiting and Raftery (2007),
divided by the same scale, as in M4.
"""

import numpy as np
import pandas as pd
from _series_models import CLASSICAL

__all__ = ["by_series", "error_table", "interval_table", "ratio_table", "worst_table"]

_LEVELS = (0.8, 0.95)
_LEAST = 1e-3  # of an error whose logarithm is taken


def by_series(runs):
    """Measures of each series, their means over its origins (pandas.DataFrame)."""
    rows = []
    for run in runs:
        if not run.scale > 0:
            continue
        forecast, bounds = run.table[:, 0], run.table[:, 1:]
        miss = np.abs(run.truth - forecast)
        size = (np.abs(run.truth) + np.abs(forecast)) / 2
        row = {
            "series": run.series,
            "group": run.group,
            "MASE": miss.mean() / run.scale,
            "sMAPE": 100 * np.mean(miss / np.where(size > 0, size, 1)),
            "seconds": run.seconds,
            "failed": float(bool(run.error)),
        }
        for i, level in enumerate(_LEVELS):
            low, high = bounds[:, 2 * i], bounds[:, 2 * i + 1]
            below, above = (
                np.maximum(low - run.truth, 0),
                np.maximum(run.truth - high, 0),
            )
            score = high - low + 2 / (1 - level) * (below + above)
            row[f"score {level}"] = score.mean() / run.scale
            inside = (run.truth >= low) & (run.truth <= high)
            row[f"inside {level}"] = inside.mean() if np.isfinite(low).all() else np.nan
        rows.append(row)
    return pd.DataFrame(rows).groupby(["series", "group"], sort=False).mean()


def _geometric(values):
    return float(np.exp(np.log(np.maximum(values, _LEAST)).mean()))


def error_table(scores, measure="MASE"):
    """Lines: of each model the mean error of each group, and the mean rank.

    Parameters
    ----------
    scores : dict of str to pandas.DataFrame
        By model, from `by_series`.
    measure : {"MASE", "sMAPE"}, default="MASE"
        Means of MASE are geometric.
    """
    table = pd.DataFrame({name: s[measure] for name, s in scores.items()})
    groups = table.index.get_level_values("group")
    names = list(dict.fromkeys(groups))
    names = names if len(names) > 1 else []
    mean = _geometric if measure == "MASE" else (lambda v: float(np.mean(v)))
    ranks = table.rank(axis=1).mean()
    heads = [f"all ({len(table)})"]
    heads += [f"{g} ({(groups == g).sum()})" for g in names]
    digits = 3 if measure == "MASE" else 2
    yield f"| {measure} | {' | '.join(heads)} | mean rank |"
    yield "| --- |" + " ---: |" * (len(names) + 2)
    for name in table:
        cells = [mean(table[name]), *(mean(table[name][groups == g]) for g in names)]
        shown = " | ".join(f"{c:.{digits}f}" for c in cells)
        yield f"| {name} | {shown} | {ranks[name]:.2f} |"


def interval_table(scores):
    """Lines: of each model with intervals their score and their coverage."""
    yield (
        "| | score, 80 % | score, 95 % | within 80 %, % | within 95 %, % "
        "| failed fits, % | CPU seconds a fit |"
    )
    yield "| --- |" + " ---: |" * 6
    for name, table in scores.items():
        if table["score 0.8"].isna().all():
            continue
        known = table.dropna(subset=["score 0.8", "score 0.95"])
        cells = [f"{_geometric(known[f'score {v}']):.2f}" for v in _LEVELS]
        cells += [f"{100 * known[f'inside {v}'].mean():.1f}" for v in _LEVELS]
        cells.append(f"{100 * table['failed'].mean():.1f}")
        time = table["seconds"].mean()
        cells.append("" if np.isnan(time) else f"{time:.2f}")
        yield f"| {name} | {' | '.join(cells)} |"


def _beside_best(scores):
    """Errors of each series and model, and those beside the best classical one's."""
    table = pd.DataFrame({model: s["MASE"] for model, s in scores.items()})
    best = table[list(CLASSICAL)].min(axis=1).clip(lower=_LEAST)
    return table, table.div(best, axis=0)


def ratio_table(scores):
    """Lines: how far each model is from the best classical one of each series.

    Nobody knows beforehand which of these that is: what they themselves come to says
    how near one can hope to be.
    """
    _, ratios = _beside_best(scores)
    yield (
        "| beside the best classical model of each series | geometric mean | worst "
        "| more than 1.5, % of series |"
    )
    yield "| --- |" + " ---: |" * 3
    for name, ratio in ratios.items():
        cells = f"{_geometric(ratio):.3f} | {ratio.max():.2f}"
        yield f"| {name} | {cells} | {100 * (ratio > 1.5).mean():.1f} |"


def worst_table(scores, name, n=15):
    """Lines: the series where a model is furthest behind the best classical one."""
    table, ratios = _beside_best(scores)
    ratio = ratios[name].sort_values(ascending=False)
    yield f"| series | group | {name} | {' | '.join(CLASSICAL)} | ratio |"
    yield "| --- | --- |" + " ---: |" * (len(CLASSICAL) + 2)
    for series, group in ratio.index[:n]:
        cells = [table[name][series, group]]
        cells += [table[model][series, group] for model in CLASSICAL]
        shown = " | ".join(f"{c:.2f}" for c in cells)
        yield f"| {series} | {group} | {shown} | {ratio[series, group]:.2f} |"
