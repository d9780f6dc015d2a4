"""What series may hold that can be read, but not rightly: refused, or warned of."""

from numbers import Number

import numpy as np

from skrnn._forecasting.limits import refuse_rows
from skrnn._forecasting.table import newest_known
from skrnn._warn import warn_user

__all__ = [
    "check_gap",
    "check_labels",
    "check_positive",
    "warn_of_gaps",
    "warn_of_late_targets",
]


def check_positive(table, log, frames):
    """Raise where a target whose logarithm is forecast is not positive.

    Parameters
    ----------
    table : SeriesTable
        Rows after fit.
    log : ndarray of shape (n_targets,) of bool
        The targets whose logarithm is forecast.
    frames : SeriesFrames
        Knows names and times.
    """
    is_wrong = log & (table.y <= 0)
    if not is_wrong.any():
        return
    row, column = np.argwhere(is_wrong)[0]
    raise ValueError(
        f"y is {table.y[row, column]:g} at {_place(table, row, frames)} in "
        f"{frames.y_columns[column]!r}, but its logarithm is forecast, since all "
        "values of fit were positive. Fit again with log=False."
    )


def check_labels(keys, known):
    """Raise where a series is new, and its label of a type that fit had not.

    Parameters
    ----------
    keys, known : list of tuple
        Labels of series, and of those that were seen before.
    """
    new = set(keys) - set(known)
    for level in range(len(known[0])) if new else ():
        kinds = {_kind(key[level]) for key in known}
        for key in keys:
            if key in new and _kind(key[level]) not in kinds:
                raise ValueError(
                    f"y has a new series {key[level]!r} ({_kind(key[level])}), but "
                    f"those seen so far are {' and '.join(sorted(kinds))}, such as "
                    f"{known[0][level]!r}. Give the labels of the index one type."
                )


def warn_of_gaps(table, n_rows, frames):
    """Warn where most rows on the grid of the series of fit are missing.

    Parameters
    ----------
    table : SeriesTable
        The series.
    n_rows : int
        How many rows were given.
    frames : SeriesFrames
        Knows the step.
    """
    n_steps = int(table.begin[-1])
    if n_steps > 2 * n_rows:
        warn_user(
            f"y has {n_rows} rows, but between its first and its last times there are "
            f"{n_steps} steps of {frames.axis.step_name}: most rows are missing, and "
            "are taken for missing values. If that is not the step of the series, "
            "round its times, or resample it."
        )


def check_gap(seen, newer, frames, n_read):
    """Warn where newer rows begin long after those seen; raise if absurdly long after.

    Parameters
    ----------
    seen, newer : SeriesTable
        The rows kept, and those that come after them.
    frames : SeriesFrames
        Knows times and the step.
    n_read : int
        Rows that a forecast reads: a longer gap leaves nothing of what was seen.
    """
    numbers = {key: code for code, key in enumerate(seen.keys)}
    pairs = [(numbers[k], new) for new, k in enumerate(newer.keys) if k in numbers]
    if not pairs:
        return
    old, new = np.array(pairs).T
    gaps = newer.first[new] - seen.last[old] - 1
    worst = int(np.argmax(gaps))
    last, first = seen.last[old[worst]], newer.first[new[worst]]
    last, first = (frames.axis.times(np.array([step]))[0] for step in (last, first))
    what = f"y, which goes on at {first} after {last},"
    advice = "Check its times, or fit again: memory is enough for {} rows."
    n_exogenous = 0 if seen.x is None else seen.x.shape[1]
    lengths = newer.last[new].astype(float) - seen.first[old] + 1
    refuse_rows(what, lengths, seen.y.shape[1], n_exogenous, advice)
    if gaps[worst] > n_read:
        warn_user(
            f"y goes on at {first}, but was seen up to {last}: the {gaps[worst]} rows "
            f"between, in steps of {frames.axis.step_name}, are taken for missing "
            f"values, and forecasts read {n_read}. Give the rows between, or fit again."
        )


def warn_of_late_targets(tail, frames):
    """Warn where some targets of a series end earlier than others.

    Parameters
    ----------
    tail : SeriesTable
        The newest rows, the last of which have a target.
    frames : SeriesFrames
        Knows names and times.
    """
    end = tail.begin[1:] - 1
    if not np.isnan(tail.y[end]).any():
        return
    newest = newest_known(~np.isnan(tail.y), tail.begin)[end]
    late = np.where(newest < 0, 0, end[:, None] - newest)
    if not late.any():
        return
    code, column = np.unravel_index(np.argmax(late), late.shape)
    warn_user(
        f"{frames.y_columns[column]!r} has no value in the newest {late[code, column]} "
        f"rows up to {_place(tail, end[code], frames)}, where other columns of y have: "
        "its last one is carried forward, and its intervals are those of a column that "
        "is up to date. Forecast it by itself, and it is forecast from its last value."
    )


def _place(table, row, frames):
    """Label of a row, as its index has it."""
    time = frames.axis.times(table.ordinals[[row]])[0]
    label = (*table.keys[table.codes[row]], time)
    return label[0] if len(label) == 1 else label


def _kind(label):
    """The type of a label; one for all numbers, and one for all texts."""
    for kind, name in [(str, "text"), (Number, "number"), (np.number, "number")]:
        if isinstance(label, kind):
            return name
    return type(label).__name__
