"""Rows that come late, or once more: where they belong, and what that changes."""

import numpy as np

from skrnn.streaming._rings import Rows

__all__ = ["place_row"]


def place_row(rows, value, tick, past, clock):
    """Put a row into those of its stream, in the order of time.

    Parameters
    ----------
    rows : Rows
        Those of the stream.
    value : ndarray of shape (n_features,)
        The row.
    tick : int
        Number of its time.
    past : callable
        Gives the remembered rows of the fit that lead up to a time, and are later than
        another: their numbers and values.
    clock : Clock
        Tells which times follow each other.

    Returns
    -------
    placed : Rows
        With the row, whose steps from there on are still to be made.
    first : int
        Position of the first row that is new.
    place : int
        Position of the row itself.
    """
    place = first = int(np.searchsorted(rows.ticks, tick))
    if place < len(rows) and rows.ticks[place] == tick:
        values = rows.values.copy()
        values[place] = value
        steps = values if rows.steps is rows.values else rows.steps.copy()
        return Rows(values, steps, rows.ticks, rows.runs, rows.lost), place, place
    ticks, values = np.array([tick]), value[None]
    after = int(rows.ticks[place - 1]) if place else None
    if after is None or not clock.follows(after, tick):
        older, of_fit = past(tick, after)
        if len(older):
            ticks = np.append(older, tick)
            values = np.concatenate([of_fit.astype(value.dtype), values])
    placed = Rows(
        np.insert(rows.values, [first] * len(ticks), values, axis=0),
        None,
        np.insert(rows.ticks, [first] * len(ticks), ticks),
        np.insert(rows.runs, [first] * len(ticks), 1),
        rows.lost,
    )
    if rows.steps is rows.values:
        placed.steps = placed.values
    else:
        blank = np.full((len(ticks), rows.steps.shape[1]), np.nan)
        placed.steps = np.insert(rows.steps, [first] * len(ticks), blank, axis=0)
    place += len(ticks) - 1
    _count_runs(placed, first, clock)
    return placed, first, place


def _count_runs(rows, first, clock):
    """Count the rows of runs anew, from a position on."""
    joined = clock.follows(rows.ticks[:-1], rows.ticks[1:])
    for i in range(first, len(rows)):
        rows.runs[i] = rows.runs[i - 1] + 1 if i and joined[i - 1] else 1
