"""Columns known ahead: their steps lie later than those of the other columns."""

import numpy as np

from skrnn.windows._history import PrecedingRows
from skrnn.windows._named_columns import positions_of

__all__ = ["find_known", "move_known", "not_known", "open_beginnings"]


def find_known(known, features, names, n_columns):
    """Find the columns that are known ahead.

    Parameters
    ----------
    known : str, int, list of them, callable or None
        As given to `SlidingWindow`.
    features : array-like or DataFrame of shape (n_samples, n_columns)
        What a callable is given.
    names : list of str or None
        What the columns are called.
    n_columns : int
        How many there are.

    Returns
    -------
    positions : tuple of int
        Sorted, each once.
    """
    if known is None:
        return ()
    wanted = known(features) if callable(known) else known
    positions = positions_of(
        wanted, names, n_columns, parameter="known", table="X"
    ).tolist()
    return tuple(sorted(set(positions)))


def not_known(known, n_columns):
    """Positions of the columns that are not known ahead (ndarray of int)."""
    return np.setdiff1d(np.arange(n_columns), known)


def move_known(values, known, n_rows):
    """Put into every row what columns known ahead hold some rows later.

    A step of a window is then one row of values still, so that windows stay lazy. No
    window reads what the last rows of an unbroken run get, which is of other runs: it
    ends so many rows before its own row, which is of the same run.

    Parameters
    ----------
    values : ndarray of shape (n, n_columns)
        Rows in order, those of a run one after the other.
    known : tuple of int
        Positions of the columns.
    n_rows : int
        How many rows later.

    Returns
    -------
    moved : ndarray of shape (n, n_columns)
        `values` themselves where nothing moves, else a copy.
    """
    if not known or n_rows == 0:
        return values
    moved = np.array(values)
    columns = list(known)
    moved[: max(len(values) - n_rows, 0), columns] = values[n_rows:, columns]
    return moved


def open_beginnings(preceding, runs, n_rows, n_columns):
    """Put rows of NaN before every run, so that its first rows have steps of their own.

    Once the columns known ahead are moved, these rows hold those of the first rows of
    the run, and nothing else.

    Parameters
    ----------
    preceding : PrecedingRows or None
        Remembered rows that are put before some of the runs; these come before them.
    runs : Runs
        Those of the call.
    n_rows : int
        How many before each run that does not go on from the one before it.
    n_columns : int
        How many numbers a row has.

    Returns
    -------
    preceding : PrecedingRows
    """
    runs_opened = np.arange(len(runs.starts))
    chained = np.zeros(len(runs_opened), dtype=bool)
    if preceding is not None:
        chained = preceding.chained
    run = np.repeat(runs_opened[~chained], n_rows)
    values = np.full((len(run), n_columns), np.nan)
    begins = np.zeros(len(run), dtype=bool)
    if preceding is not None:
        run = np.concatenate([run, preceding.run])
        values = np.concatenate([values, preceding.values])
        begins = np.concatenate([begins, preceding.begins])
        order = np.argsort(run, kind="stable")
        run, values, begins = run[order], values[order], begins[order]
    return PrecedingRows(values, runs.starts[run], run, chained, begins)
