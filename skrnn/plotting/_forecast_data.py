"""Series, forecasts and intervals of pandas, a series at a time."""

import numpy as np
import pandas as pd

from skrnn.plotting._axes import places_of


def as_frame(values, name):
    """A Series or DataFrame as a DataFrame.

    Parameters
    ----------
    values : Series or DataFrame
        With an index of times, or a MultiIndex whose last level is time.
    name : str
        What it is, for the errors.
    """
    if isinstance(values, pd.Series):
        return values.to_frame("y" if values.name is None else values.name)
    if not isinstance(values, pd.DataFrame):
        raise TypeError(
            f"{name} must be a Series or DataFrame of pandas, got "
            f"{type(values).__name__}."
        )
    return values


def point_columns(frame):
    """Forecasts (DataFrame) without their intervals, a column a target."""
    if frame.columns.nlevels == 1:
        return frame
    points = frame.xs("forecast", axis=1, level=1)
    return points.droplevel(-1, axis=1) if points.columns.nlevels > 1 else points


def interval_frame(frame):
    """Intervals (DataFrame) of a backtest, (target, coverage, end), or None."""
    if frame.columns.nlevels != 3:
        return None
    is_end = frame.columns.get_level_values(2).isin(["lower", "upper"])
    return frame.loc[:, is_end] if is_end.any() else None


def column_of(frame, target):
    """One target's column (Series); several need to be told apart.

    Parameters
    ----------
    frame : DataFrame
        A column a target.
    target : label or None
        Which; None takes the only one.
    """
    if target is None:
        if frame.shape[1] != 1:
            raise ValueError(
                f"There are {frame.shape[1]} targets: choose by target one of "
                f"{list(frame.columns)}."
            )
        return frame.iloc[:, 0]
    if target not in frame.columns:
        raise ValueError(f"target={target!r} is none of {list(frame.columns)}.")
    return frame[target]


def bands_of(intervals, target):
    """Lower and upper ends of intervals by coverage.

    Parameters
    ----------
    intervals : DataFrame
        With columns (target, coverage, "lower" or "upper"), as ``predict_interval``
        gives them.
    target : label or None
        Which target; None takes the first.

    Returns
    -------
    dict of float to tuple of Series
        The widest first.
    """
    if intervals.columns.nlevels != 3:
        raise ValueError(
            "intervals must have the columns of predict_interval: (target, coverage, "
            f"'lower' or 'upper'); got {list(intervals.columns)[:3]}."
        )
    known = list(intervals.columns.get_level_values(0).unique())
    chosen = known[0] if target is None or len(known) == 1 else target
    if chosen not in known:
        raise ValueError(f"target={target!r} is none of {known}, which have intervals.")
    of_target = intervals.xs(chosen, axis=1, level=0)
    levels = sorted(of_target.columns.get_level_values(0).unique(), reverse=True)
    return {c: (of_target[(c, "lower")], of_target[(c, "upper")]) for c in levels}


def keys_of(values, n_levels):
    """Labels of the series (list) by the first `n_levels` levels; [None] for one."""
    if n_levels == 0:
        return [None]
    index = values.index.droplevel(list(range(n_levels, values.index.nlevels)))
    return list(index.unique())


def part_of(values, key, n_levels):
    """What belongs to one series (same type), without the levels that name it."""
    if key is None or values is None:
        return values
    key = key if isinstance(key, tuple) else (key,)
    mask = np.ones(len(values), bool)
    for level, label in enumerate(key[:n_levels]):
        mask &= values.index.get_level_values(level) == label
    return values[mask].droplevel(list(range(n_levels)))


def line_of(series):
    """Places (ndarray) and values (ndarray) of a series on axes."""
    return places_of(series.index), series.to_numpy(np.float64)


def name_of(key):
    """A label of a series in words."""
    return " / ".join(map(str, key)) if isinstance(key, tuple) else str(key)
