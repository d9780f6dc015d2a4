"""Forecasts from many origins, in one call of the networks or with training between."""

from numbers import Real
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import (
    StrOptions,
    validate_parameter_constraints,
)

from skrnn._forecasting.engine import rows_since_known
from skrnn._forecasting.plausibility import refuse_overflow
from skrnn._forecasting.table import Origins, numbered
from skrnn._numbers import AT_LEAST_ONE, Number
from skrnn._time.index import key_levels

__all__ = ["Backtest", "as_frame", "backtest", "check_options", "interval_levels"]

_ALLOWED = {
    "step_length": [AT_LEAST_ONE],
    "refit": [StrOptions({"warm"}), None],
}
_SHARE = {"coverage": [Number(Real, 0, 1, closed="neither")]}


class Backtest(NamedTuple):
    """Forecasts of a backtest, one row for each origin."""

    codes: np.ndarray  # (n,) series of each origin, in the order of `keys`
    origins: np.ndarray  # (n,) its step
    point: np.ndarray  # (n, n_steps, k)
    quantiles: np.ndarray | None  # (n, n_steps, k, n_levels)
    keys: list  # label of each series
    last: np.ndarray  # (n_series,) last step of the data


def check_options(steps, step_length, refit):
    """Raise where a backtest cannot be as it is asked for.

    Parameters
    ----------
    steps : ndarray of int64
        Steps ahead, rising.
    step_length, refit
        As for `RNNForecaster.backtest`.
    """
    if steps[0] < 1:
        raise ValueError(f"fh must be steps ahead, at least 1; got {steps[0]}.")
    _validate(_ALLOWED, {"step_length": step_length, "refit": refit})


def interval_levels(coverage, interval):
    """Levels of the ends of intervals.

    Parameters
    ----------
    coverage : float, list of float or None
        Nominal coverage of each.
    interval : str or None
        Where intervals come from; None if from nowhere.

    Returns
    -------
    coverage : list of float, or None
    levels : ndarray of shape (2 * n_intervals,) of float64, or None
        The lower and the upper end of each interval.
    """
    if coverage is None:
        return None, None
    if interval is None:
        raise ValueError(
            f"coverage={coverage!r} asks for intervals, but interval=None has none. "
            "Set interval='auto' and fit again."
        )
    coverage = [coverage] if np.ndim(coverage) == 0 else list(coverage)
    for share in coverage:
        _validate(_SHARE, {"coverage": share})
    half = np.array(coverage, dtype=float) / 2
    return coverage, np.column_stack([0.5 - half, 0.5 + half]).ravel()


def _validate(constraints, values):
    validate_parameter_constraints(
        constraints, values, caller_name="RNNForecaster.backtest"
    )


def backtest(engine, newer, steps, *, step_length, n_epochs, levels):
    """Forecast from the end of what was seen and from every row after it.

    Parameters
    ----------
    engine : SeriesForecaster
        Fitted; left as it is.
    newer : SeriesTable
        The rows after it.
    steps : ndarray of int64
        Steps ahead, rising.
    step_length : int
        Rows from one origin to the next.
    n_epochs : int
        Epochs of training on the new samples after each origin; with 0 all forecasts
        come from one call.
    levels : ndarray of float64, or None
        Levels of quantiles.

    Returns
    -------
    Backtest
        Of the origins after which at least one step has data.
    """
    unseen = [key for key in newer.keys if key not in engine.tail.keys]
    if unseen:
        raise ValueError(
            f"y has series that were not in fit, such as {unseen[0]}. Their past is "
            "needed: pretrain on the other series, and give fit the past of these."
        )
    prepared, start = engine.transform.prepare(engine.extended(newer)), engine.seen.last
    table = prepared.table
    if (table.last <= start).all():
        raise ValueError("y has no row after those that were seen, so nothing to test.")
    counts = -(-np.maximum(table.last - start, 0) // step_length)  # origins of each
    codes, number = numbered(counts)
    ordinals = start[codes] + number * step_length
    rows = table.begin[codes] + ordinals - table.first[codes]
    origins = Origins(rows, codes)
    if n_epochs:
        found = _with_training(
            engine,
            newer,
            prepared,
            origins,
            number,
            steps,
            levels,
            step_length,
            n_epochs,
        )
    else:
        offsets = None
        if levels is not None and engine.scores is not None:
            offsets = _offsets_at(engine, prepared, origins, levels)
        found = engine.both(prepared, origins, steps, levels, offsets)
    return Backtest(codes, ordinals, *found, table.keys, table.last)


def _offsets_at(engine, prepared, origins, levels):
    """Quantiles of the errors that were known at each origin."""
    known = prepared.until(prepared.table.known_last)
    last = known.table.last
    n_newest = int(np.maximum(last - engine.tail.last, 0).max(initial=0))
    rolling = engine.scores_after(known).rolling_offsets(levels, n_newest)
    rows = origins.rows - rows_since_known(prepared, origins)
    begin = prepared.table.begin[origins.codes]
    ordinals = rows - begin + prepared.table.first[origins.codes]
    return rolling[n_newest - (last[origins.codes] - ordinals)]


def _with_training(
    engine, newer, prepared, origins, number, steps, levels, step_length, n_epochs
):
    """Forecasts and quantiles, each origin's by networks that knew what was then."""
    start, parts, order = engine.seen.last, [], []
    for j in range(int(number.max(initial=-1)) + 1):
        here = np.flatnonzero(number == j)
        now = Origins(origins.rows[here], origins.codes[here])
        parts.append(engine.both(prepared, now, steps, levels, None))
        order.append(here)
        known = _of(newer, prepared.table, start + (j + 1) * step_length)
        engine = engine.updated(newer.until(known), n_epochs)
    place = np.argsort(np.concatenate(order))
    return tuple(
        None if part[0] is None else np.concatenate(part)[place]
        for part in zip(*parts, strict=True)
    )


def _of(newer, table, numbers):
    """Numbers of the series of a table, for the series of another."""
    by_key = dict(zip(table.keys, numbers, strict=True))
    return np.array([by_key[key] for key in newer.keys])


def as_frame(found, frames, steps, coverage, names):
    """A row for each origin and time of which there is data.

    Parameters
    ----------
    found : Backtest
        The forecasts.
    frames : SeriesFrames
        Of the series.
    steps : ndarray of shape (n_steps,) of int64
        Steps ahead.
    coverage : list of float, or None
        Of the intervals whose ends are the quantiles of `found`.
    names : list
        Of the targets.

    Returns
    -------
    DataFrame
    """
    times = found.origins[:, None] + steps  # (n, S)
    inside = times <= found.last[found.codes][:, None]
    row, _ = np.nonzero(inside)
    index = pd.MultiIndex.from_arrays(
        [
            *key_levels(found.keys, found.codes[row]),
            frames.axis.times(found.origins[row]),
            frames.axis.times(times[inside]),
        ],
        names=[*frames.index_names[:-1], "origin", "time"],
    )
    values = frames.y_units.multiplied(found.point[inside])  # (n_rows, k)
    refuse_overflow(values)
    if coverage is None:
        return pd.DataFrame(values, index, frames.y_columns)
    ends = frames.y_units.multiplied(found.quantiles[inside], axis=1)
    refuse_overflow(ends)
    values = np.concatenate([values[..., None], ends], axis=-1)
    ends = [(c, end) for c in coverage for end in ("lower", "upper")]
    columns = [(name, *kind) for name in names for kind in [("forecast", ""), *ends]]
    columns = pd.MultiIndex.from_tuples(columns)
    return pd.DataFrame(values.reshape(len(index), -1), index, columns)
