"""Containers of sequences as lists: lists, arrays, Series, and tables of series."""

import numpy as np
import pandas as pd

from skrnn._columns import numbers_only


def sequences_of(X: object) -> tuple[list | None, list | None]:
    """List the sequences that X is made of.

    Parameters
    ----------
    X : object
        Whatever the user gave.

    Returns
    -------
    sequences : list or None
        Each of two dimensions, unchecked; None where X is no container of sequences.
    names : list or None
        Of their features, those of the first sequence.
    """
    if is_nested(X):
        return join_cells(X)
    sequences = list(X) if is_ragged(X) else elements_of(X)
    if sequences is None:
        return None, None
    return sequences, getattr(sequences[0], "columns", None)


def is_ragged(X: object) -> bool:
    """Tell whether X is a list (tuple, object array) of 2-D arrays.

    Parameters
    ----------
    X : object
        Whatever the user gave.

    Returns
    -------
    bool
    """
    if isinstance(X, np.ndarray) and (X.dtype != object or X.ndim != 1):
        return False
    if not isinstance(X, (list, tuple, np.ndarray)) or len(X) == 0:
        return False
    first = X[0]
    if hasattr(first, "ndim"):
        return first.ndim == 2
    try:
        return np.ndim(first) == 2
    except ValueError:  # a list of lists of unequal lengths has no dimension
        return False


def is_nested(X: object) -> bool:
    """Tell whether X is a table whose cells are series, or an array of such cells.

    Parameters
    ----------
    X : object
        Whatever the user gave.

    Returns
    -------
    bool
    """
    if isinstance(X, pd.DataFrame):
        places = [j for j, kind in enumerate(X.dtypes) if not _is_plain(kind)]
        return len(X) > 0 and any(_is_sequence(X.iat[0, j]) for j in places)
    if isinstance(X, np.ndarray):
        is_table = X.dtype == object and X.ndim == 2 and X.size > 0
        return is_table and any(map(_is_sequence, X[0]))
    # Tables of polars say it by the types of their columns.
    kinds = list(getattr(X, "schema", {}).values()) if hasattr(X, "to_dict") else []
    return any(str(kind).startswith(("List", "Array")) for kind in kinds)


def join_cells(nested: object) -> tuple[list[np.ndarray], list | None]:
    """Make sequences of a table whose cells are series: a row a sample.

    Parameters
    ----------
    nested : DataFrame of pandas or polars, or ndarray of shape (n, F) of object
        What `is_nested` says yes to: a row a sample, a column a feature.

    Returns
    -------
    sequences : list of ndarray of shape (n_timesteps_i, F) of float64
        Where the series of a row have an index that differs, a time which one of them
        lacks is NaN.
    names : list or None
        Of the columns.

    Raises
    ------
    ValueError
        If a cell is no series.
    """
    names = list(nested.columns) if hasattr(nested, "columns") else None
    if not isinstance(nested, (pd.DataFrame, np.ndarray)):
        columns = [list(nested[name]) for name in names]
        nested = pd.DataFrame(dict(zip(names, columns, strict=True)))
    if isinstance(nested, np.ndarray):
        nested = pd.DataFrame(nested)
    arrays = []
    for label, row in zip(nested.index, nested.to_numpy(), strict=True):
        cells = [_cell(cell, label, nested.columns[j]) for j, cell in enumerate(row)]
        try:
            arrays.append(_joined(cells))
        except OverflowError:
            for cell, name in zip(cells, nested.columns, strict=True):
                what = f"The cell of instance {label!r}, variable {name!r}"
                with numbers_only(cell.to_numpy(), what, ("step",)):
                    numbers_of(cell)
            raise
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"The cells of instance {label!r} must hold numbers ({error})."
            ) from error
    return arrays, names


def elements_of(X: object) -> list | None:
    """List the sequences of a Series or of an object array of sequences.

    Parameters
    ----------
    X : object
        Whatever the user gave.

    Returns
    -------
    list or None
        Its elements, those of one dimension as a column: one feature. None where X is
        no such container.
    """
    is_array = isinstance(X, np.ndarray) and X.dtype == object
    is_series = not isinstance(X, np.ndarray) and hasattr(X, "to_list")
    if not (is_array or is_series) or getattr(X, "ndim", 1) != 1 or len(X) == 0:
        return None
    items = list(X)
    if not all(map(_is_sequence, items)):
        return None
    return [_as_column(item) for item in items]


def numbers_of(frame: pd.DataFrame | pd.Series) -> np.ndarray:
    """Return the values of a frame as float64; pandas' own missing values are NaN."""
    return frame.to_numpy(dtype=np.float64, na_value=np.nan)


def _is_plain(kind):
    return isinstance(kind, np.dtype) and kind.kind != "O"


def _is_sequence(value):
    return not isinstance(value, (str, bytes, dict)) and (
        isinstance(value, (list, tuple))
        or getattr(value, "ndim", 0) > 0
        or hasattr(value, "to_list")  # a Series of polars
    )


def _as_column(item):
    if getattr(item, "ndim", 1) == 2:
        return item
    values = np.asarray(item)
    return values[:, None] if values.ndim == 1 else values


def _joined(cells):
    index = cells[0].index
    if all(cell.index.equals(index) for cell in cells[1:]):
        return np.column_stack([numbers_of(cell) for cell in cells])
    return numbers_of(pd.concat(cells, axis=1).sort_index())


def _cell(cell, label, column):
    if isinstance(cell, pd.Series):
        return cell
    values = np.asarray(cell) if _is_sequence(cell) else np.empty((0, 0))
    if values.ndim == 1:
        return pd.Series(values)
    raise ValueError(
        f"The cell of instance {label!r}, variable {column!r} is a "
        f"{type(cell).__name__}; each cell must be a Series or a 1-D array. Repeat a "
        "value that is the same at all times."
    )
