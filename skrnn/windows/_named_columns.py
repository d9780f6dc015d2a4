"""Columns that a user names, by what they are called or by their place."""

import numpy as np
import pandas as pd

from skrnn._numbers import NOT_NEGATIVE, is_integer

__all__ = ["COLUMNS", "as_list", "positions_of"]

# What a parameter may be that names columns.
COLUMNS = [str, NOT_NEGATIVE, list, tuple, np.ndarray, pd.Index, None]


def as_list(wanted):
    """The columns that a user names, one or several (list of str or int)."""
    is_one = isinstance(wanted, str) or not np.iterable(wanted)
    return [wanted] if is_one else list(wanted)


def positions_of(wanted, names, n_columns, *, parameter, table):
    """Find columns that are given by name, or by position if integers.

    Parameters
    ----------
    wanted : str, int, or list of them
        The columns.
    names : sequence of str or None
        What the columns are called.
    n_columns : int
        How many there are.
    parameter, table : str
        What the user calls `wanted`, and where it is looked for; named in the error.

    Returns
    -------
    positions : ndarray of shape (n_wanted,) of int

    Raises
    ------
    ValueError
        If one is not among the columns.
    """
    given = as_list(wanted)
    names = None if names is None else list(names)
    by_name = dict(zip(names or [], range(n_columns), strict=False))
    by_name.update((i, i) for i in range(n_columns))
    unknown = [column for column in given if not _is_label_in(column, by_name)]
    if unknown:
        raise ValueError(
            f"{parameter}={wanted!r} is not among the {n_columns} columns of {table}"
            + (f", {names}." if names else ", which have no names.")
        )
    return np.array([by_name[column] for column in given], dtype=np.intp)


def _is_label_in(column, by_name):
    return (isinstance(column, str) or is_integer(column)) and column in by_name
