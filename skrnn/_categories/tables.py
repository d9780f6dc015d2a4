"""Columns of tables that hold categories, and tables with codes in their place."""

import numpy as np
import pandas as pd

from skrnn._categories.categories import Categories, values_of
from skrnn._warn import warn_user

__all__ = [
    "all_columns",
    "columns_of_table",
    "encode_table",
    "find_categories",
    "holds_categories",
]


def columns_of_table(X):
    """List the columns of a table that may hold something else than numbers.

    Parameters
    ----------
    X : object
        Whatever the user gave.

    Returns
    -------
    list or None
        Of Series of pandas or polars, or 1-D arrays; None where X is no such table.
    """
    if isinstance(X, np.ndarray):
        return list(X.T) if X.ndim == 2 and X.dtype.kind in "OU" else None
    if not (hasattr(X, "columns") and hasattr(X, "dtypes")) or isinstance(X, type):
        return None
    return all_columns(X)


def all_columns(X):
    """List the columns of a table (DataFrame of pandas or polars, or ndarray)."""
    of = X.iloc if hasattr(X, "iloc") else X
    return [of[:, j] for j in range(X.shape[1])]


def holds_categories(column, name, input_name="X"):
    """Tell by its type, and of strings by its values, whether a column is categorical.

    A column of a categorical type is. One of strings is if they are words; strings of
    numbers are read as numbers, as scikit-learn does, which a warning says.

    Parameters
    ----------
    column : Series of pandas or polars, or ndarray, of shape (n,)
        The values.
    name : str or int
        What the column is called.
    input_name : str, default="X"
        What the user calls the table.

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        If some of the strings are numbers, and others are not.
    """
    kind = str(column.dtype).lower()
    if kind.startswith(("category", "categorical", "enum", "dictionary")):
        return True
    is_plain = isinstance(column.dtype, np.dtype)
    starts = ("str", "large_string", "utf8")
    if not (column.dtype.kind in "OU" if is_plain else kind.startswith(starts)):
        return False
    try:
        values = pd.unique(values_of(column))
    except TypeError:  # what has no hash is no category
        return False
    present = [value for value in values if not _is_missing(value)]
    if not all(isinstance(value, str) for value in present):
        return False
    present = [text for text in present if text.strip().lower() != "nan"]
    figures = [text for text in present if _is_figure(text)]
    words = [text for text in present if not _is_figure(text)]
    if figures and words:
        raise ValueError(
            f"{input_name} must hold numbers or categories, but column {name!r} holds "
            f"strings of which some are numbers, such as {figures[0]!r}, and others "
            f"are not, such as {words[0]!r}. If they are categories, make it of dtype "
            "category, astype('category'); if they are numbers, "
            "pandas.to_numeric(errors='coerce') makes the others NaN."
        )
    # Of an array of strings an error follows.
    if figures and not (is_plain and column.dtype.kind == "U"):
        warn_user(
            f"Column {name!r} of {input_name} holds strings of numbers, such as "
            f"{figures[0]!r}, which are read as numbers. If they are categories, make "
            "it of dtype category, astype('category'); else convert it by "
            "pandas.to_numeric."
        )
    return bool(words)


def _is_missing(value):
    return value is None or value is pd.NA or value is pd.NaT or value != value


def _is_figure(text):
    try:
        return float(text) == float(text)
    except ValueError:
        return False


def find_categories(X, input_name="X"):
    """Find the columns of a table that are categorical by their types.

    Parameters
    ----------
    X : object
        Whatever the user gave.
    input_name : str, default="X"
        What the user calls it.

    Returns
    -------
    dict of Categories
        By the positions of their columns.
    """
    columns, found = columns_of_table(X), {}
    if columns is None:
        return found
    names = list(getattr(X, "columns", range(len(columns))))
    for j, (name, column) in enumerate(zip(names, columns, strict=True)):
        if holds_categories(column, name, input_name):
            found[j] = Categories.of(column)
    return found


def encode_table(X, categories, names=None, input_name="X"):
    """Put codes in the place of categories.

    Parameters
    ----------
    X : DataFrame of pandas or polars, or ndarray, of shape (n, F)
        A table.
    categories : dict of Categories
        By the positions of their columns.
    names : sequence of str, default=None
        What the columns were called that have those positions; in a table with names
        they are found by them. A column that is not there is left to other checks.
    input_name : str, default="X"
        What the user calls it.

    Returns
    -------
    object
        Of the type of X; X itself where nothing is categorical.
    """
    if not categories or not hasattr(X, "shape") or len(X.shape) != 2:
        return X
    given = list(X.columns) if hasattr(X, "columns") else None
    places = {j: j for j in categories if j < X.shape[1]}
    if names is not None and given is not None:
        by_name = {name: j for j, name in enumerate(given)}
        places = {j: by_name.get(names[j]) for j in categories}
        places = {j: place for j, place in places.items() if place is not None}
    codes = {}
    for j, place in places.items():
        column = X.iloc[:, place] if hasattr(X, "iloc") else X[:, place]
        name = place if given is None else given[place]
        codes[place] = categories[j].codes_of(column, name, input_name)
    return _with_columns(X, codes)


def _with_columns(X, columns):
    """The table with other columns (dict of ndarray, by position)."""
    if hasattr(X, "iloc"):
        X = X.copy(deep=False)
        for j, values in columns.items():
            X.isetitem(j, values)
        return X
    if hasattr(X, "with_columns"):
        return X.with_columns(
            [type(X[:, j])(X.columns[j], v) for j, v in columns.items()]
        )
    if X.dtype.kind not in "OU":
        X = np.array(X, np.float64)
    else:
        X = X.astype(object)
    for j, values in columns.items():
        X[:, j] = values
    return X
