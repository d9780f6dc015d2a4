"""What series may hold that can be read, but not rightly: refused, or warned of."""

from numbers import Number

import numpy as np

from skrnn._forecasting.limits import refuse_rows
from skrnn._forecasting.table import newest_known
from skrnn._warn import warn_user

# Squares of smaller numbers are nearly zero.
_LEAST_SIZE = 2.0**-400
# Of the rest of a series a float holds nothing beside a number as many times as far off
# as most are.
_MOST_OUTLIER, _MOST_ROWS = 2.0**60, 0.95

__all__ = [
    "check_gap",
    "check_labels",
    "check_log",
    "check_positive",
    "check_sizes",
    "check_sizes_of_x",
    "refuse_overflow",
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
    found = _first(log & (table.y <= 0), table, frames)
    if found:
        raise ValueError(
            f"{found}, but its logarithm is forecast, since all values of fit were "
            "positive. Fit again with log=False."
        )


def check_log(table, frames):
    """Raise where a logarithm is asked for, and a value has none.

    Parameters
    ----------
    table : SeriesTable
        The series of fit.
    frames : SeriesFrames
        Knows names and times.
    """
    found = _first(table.y <= 0, table, frames)
    if found:
        is_lost = frames.y_units.exponents.any() and not (table.y < 0).any()
        raise ValueError(
            f"log=True needs positive values, but {found}"
            + (", or too small beside the largest" if is_lost else "")
            + ". Set log='auto' or log=False, or give the logarithm of y yourself."
        )


def check_sizes(filled, frames):
    """Raise where numbers are so far apart that the small ones would be lost.

    Parameters
    ----------
    filled : FilledTable
        The series of fit, or others.
    frames : SeriesFrames
        Knows names and times.
    """
    table = filled.table
    for code in _suspicious(filled):
        values = filled.of_series(code)
        known = filled.known[table.begin[code] : table.begin[code + 1]]
        for column in np.flatnonzero(~filled.log & known.any(axis=0)):
            own = np.where(known[:, column], values[:, column], np.nan)
            worst = _lost_beside(own)
            if worst is None:
                continue
            row = table.begin[code] + worst
            if np.nanmax(np.abs(own)) < _LEAST_SIZE:
                raise ValueError(
                    f"{_said(table, row, column, frames)} and around it, too small "
                    "beside the values of other series to be computed with. Fit series "
                    "of so different a size each by itself."
                )
            raise ValueError(
                f"{_said(table, row, column, frames)}, beside which the other values "
                "of its series cannot be computed with. Set it to NaN if it is an "
                "accident; else give the logarithm."
            )


def _suspicious(filled):
    """Series that may hold such numbers: those of missing values, and all that do."""
    suspicious = []
    for codes, values in filled.alike:
        place = filled.table.begin[codes][:, None] + np.arange(values.shape[1])
        if filled.known[place].all():
            off = np.abs(values - np.median(values, axis=1, keepdims=True))
            most = _MOST_OUTLIER * np.quantile(off, _MOST_ROWS, axis=1)
            is_lost = (most > 0) & (off.max(axis=1) > most)
            is_tiny = np.abs(values).max(axis=1) < _LEAST_SIZE
            codes = codes[(is_lost | is_tiny).any(axis=1)]
        suspicious.append(codes)
    return np.sort(np.concatenate(suspicious))


def check_sizes_of_x(table, frames):
    """Raise where an exogenous value is so large that the others would be lost.

    Parameters
    ----------
    table : SeriesTable
        The series of fit.
    frames : SeriesFrames
        Knows names and times.
    """
    for column in range(0 if table.x is None else table.x.shape[1]):
        values = table.x[:, column]
        row = None if np.isnan(values).all() else _lost_beside(values)
        if row is not None and values[row] != 0:
            value = frames.x_units.multiplied(table.x[[row]])[0, column]
            raise ValueError(
                f"X is {value:g} at {_place(table, row, frames)} in "
                f"{frames.x_names[column]!r}, beside which its other values cannot "
                "be computed with. Set it to NaN if it is an accident; else give its "
                "logarithm."
            )


def _lost_beside(values):
    """The row of an outlier that leaves nothing of the rest, or of a tiny series."""
    size = np.abs(values)
    largest = np.nanmax(size)
    if 0 < largest < _LEAST_SIZE:
        return int(np.nanargmax(size))
    off = np.abs(values - np.nanmedian(values))
    usual = np.nanquantile(off, _MOST_ROWS)
    is_lost = usual > 0 and np.nanmax(off) > _MOST_OUTLIER * usual
    return int(np.nanargmax(off)) if is_lost else None


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


def refuse_overflow(values):
    """Raise where forecasts (ndarray), or their quantiles, are infinite."""
    if np.isinf(values).any():
        raise ValueError(
            "Forecasts, or ends of their intervals, are beyond 1.8e308, the largest "
            "number of 64 bits. Give y in a larger unit, or set log=False where its "
            "logarithm is forecast (log_)."
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


def _first(is_wrong, table, frames):
    """Say in words which is the first wrong value; "" if there is none."""
    if not is_wrong.any():
        return ""
    row, column = np.argwhere(is_wrong)[0]
    return _said(table, row, column, frames)


def _said(table, row, column, frames):
    """A value in words, with its place."""
    value = frames.y_units.multiplied(table.y[[row]])[0, column]
    place = _place(table, row, frames)
    return f"y is {value:g} at {place} in {frames.y_columns[column]!r}"


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
