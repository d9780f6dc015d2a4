"""Tables whose columns are to be numbers: errors that name the column which is not."""

from contextlib import contextmanager

import numpy as np

__all__ = ["as_numbers", "numbers_only"]

# How the types of pandas, polars and Arrow that are times begin.
_TIMES = ("datetime", "timestamp", "date", "time", "duration", "period", "interval")
_SPANS = ("timedelta", "duration")


@contextmanager
def numbers_only(X, input_name="X"):
    """Refuse times, and name the column for which the conversion inside fails.

    Parameters
    ----------
    X : object
        What is converted to an array of numbers.
    input_name : str, default="X"
        What the user calls it.

    Raises
    ------
    ValueError, TypeError
        As the conversion did, with the column and what to do; a ValueError for times.
    """
    _refuse_times(X, input_name)
    try:
        yield
    except (TypeError, ValueError) as error:
        fault = _first_fault(X)
        if fault is None:
            raise
        name, value = fault
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"{input_name} must hold numbers, but column {name!r} holds "
            f"{_described(value)} ({error}). {_remedy(value)}"
        ) from error


def as_numbers(array):
    """Convert what scikit-learn leaves an array of objects: categories among numbers.

    Parameters
    ----------
    array : ndarray
        What `sklearn.utils.check_array` gives.

    Returns
    -------
    ndarray
    """
    return array.astype(np.float64) if array.dtype.kind == "O" else array


def _refuse_times(X, input_name):
    """Refuse dates, durations and periods, which some conversions count in ticks."""
    for name, dtype in _dtypes(X):
        kind = str(dtype).lower()
        if not kind.startswith(_TIMES):
            continue
        where = "it" if name is None else f"column {name!r}"
        message = f"{input_name} must hold numbers, but {where} holds times ({dtype})."
        if kind.startswith(_SPANS):
            message += " Give seconds: dt.total_seconds() of it."
        elif input_name == "y":
            message += " Give numbers, such as seconds since a date."
        else:
            message += " As a feature give numbers, such as the hour: dt.hour of it."
        if input_name != "y":
            message += (
                " The times of the rows belong in their index, X.set_index(...), where "
                "SlidingWindow reads them."
            )
        raise ValueError(message)


def _dtypes(X):
    """Names and types of the columns; None for the name of what has no columns."""
    if isinstance(X, type):
        return
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        yield from zip(list(X.columns), list(X.dtypes), strict=True)
    elif hasattr(X, "dtype"):
        yield None, X.dtype


def _first_fault(X):
    """Name of the first column that holds no numbers, and a value of it; or None."""
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        names = list(X.columns)
        of = X.iloc if hasattr(X, "iloc") else X
        columns = ((name, of[:, j]) for j, name in enumerate(names))
    elif isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 2:
        columns = enumerate(X.T)
    else:
        return None
    for name, column in columns:
        try:
            np.asarray(column).astype(np.float64)
        except (TypeError, ValueError):
            for value in column:
                if not _is_number(value):
                    return name, value
    return None


def _is_number(value):
    try:
        float(value)
    except (TypeError, ValueError):
        return value is None
    return True


def _described(value):
    if isinstance(value, str):
        return f"strings such as {value!r}"
    if _is_sequence(value):
        return f"sequences (a {type(value).__name__} in a cell)"
    return f"values such as {value!r} ({type(value).__name__})"


def _remedy(value):
    if isinstance(value, str):
        return (
            "Encode it first, with OneHotEncoder or OrdinalEncoder of scikit-learn, or "
            "leave the column out."
        )
    if _is_sequence(value):
        return "A table of sequences is for the estimators, not for a table of rows."
    return "Turn it into numbers, or leave the column out."


def _is_sequence(value):
    return hasattr(value, "__len__") and not isinstance(value, (str, bytes, dict))
