"""Tables whose columns are to be numbers: errors that name the column which is not."""

import math
from contextlib import contextmanager

import numpy as np

__all__ = ["as_numbers", "check_noted_columns", "numbers_only", "refuse_lazy"]

# How the types of pandas, polars and Arrow that are times begin.
_TIMES = ("datetime", "timestamp", "date", "time", "duration", "period", "interval")
_SPANS = ("timedelta", "duration")

_REMEDY_OF_TEXT = (
    "Numbers that are text become numbers by numpy.asarray(X, dtype=float).",
    "Labels are for RNNClassifier; numbers that are text become numbers by "
    "numpy.asarray(y, dtype=float).",
)


@contextmanager
def numbers_only(X, input_name="X", axes=("row", "column")):
    """Refuse times, and name the column or place at which the conversion inside fails.

    Parameters
    ----------
    X : object
        What is converted to an array of numbers.
    input_name : str, default="X"
        What the user calls it.
    axes : tuple of str, default=("row", "column")
        What its axes are called.

    Raises
    ------
    ValueError, TypeError
        As the conversion did, with the column and what to do; a ValueError for times.
    """
    _refuse_times(X, input_name)
    try:
        # scikit-learn adds up what may be beyond floats, to see whether it is finite.
        with np.errstate(over="ignore", invalid="ignore"):
            yield
    except OverflowError as error:
        place, value = _first_beyond_floats(X)
        names = zip(axes, place, strict=False)
        where = ", ".join(f"{name} {number}" for name, number in names)
        raise ValueError(
            f"{input_name} must hold numbers that a float can be, up to 1.8e308, but "
            f"{where} holds {_magnitude(value)}. Correct it, or give all values "
            "divided by a constant."
        ) from error
    except (TypeError, ValueError) as error:
        fault = _first_fault(X)
        is_of_text = any(word in str(error) for word in ("strings", "convert string"))
        text = _first_text(X) if is_of_text else None
        if fault is None and text is None:
            raise
        if fault is None:
            holds = f"it holds {_described(text)}"
            remedy = _REMEDY_OF_TEXT[input_name == "y"]
        else:
            name, value = fault
            holds, remedy = f"column {name!r} holds {_described(value)}", _remedy(value)
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"{input_name} must hold numbers, but {holds} ({error}). {remedy}"
        ) from error


def refuse_lazy(X, input_name="X"):
    """Refuse a plan of a table, such as polars has, which is not computed yet.

    Parameters
    ----------
    X : object
        What the user gave.
    input_name : str, default="X"
        What the user calls it.

    Raises
    ------
    TypeError
        If it is one.
    """
    # To ask for its columns or types would compute the plan.
    if hasattr(X, "collect_schema") and not hasattr(X, "shape"):
        raise TypeError(
            f"{input_name} is a {type(X).__name__}, whose rows are not computed yet. "
            "Give what its method collect returns."
        )


def as_numbers(array):
    """Convert what is no float64 and more than it: objects and longer floats.

    Parameters
    ----------
    array : ndarray
        What `sklearn.utils.check_array` gives.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If a longer float is beyond float64.
    """
    if array.dtype.kind == "O":
        return array.astype(np.float64)
    if array.dtype.kind != "f" or array.dtype.itemsize <= 8:
        return array
    with np.errstate(over="ignore"):
        numbers = array.astype(np.float64)
    fault = np.isinf(numbers) & np.isfinite(array)
    if fault.any():
        place = tuple(np.argwhere(fault)[0].tolist())
        raise ValueError(
            f"Numbers must be such as float64 can be, up to 1.8e308, but {array.dtype} "
            f"at {place} is {array[place]!s}. Give all values divided by a constant."
        )
    return numbers


def _first_beyond_floats(X):
    """Place (tuple of int) and value of the first number that no float can be."""
    array = np.asarray(X, dtype=object)
    for place, value in np.ndenumerate(array):
        try:
            float(value)
        except OverflowError:
            return place, value
        except (TypeError, ValueError):
            continue
    return (), X


def _magnitude(value):
    """Say what a number beyond floats is, in few characters."""
    kind = type(value).__name__
    if not isinstance(value, int):
        return f"a {kind} beyond that"
    sign = "-" * (value < 0)
    return f"an integer of about {sign}1e{math.floor(math.log10(abs(value)))}"


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
                "SlidingWindow reads them, or are named by its parameter time."
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
        except OverflowError:
            continue
        except (TypeError, ValueError):
            for value in column:
                if not _is_number(value):
                    return name, value
    return None


def _first_text(X):
    """A text of an array or list that holds such, and no columns; or None."""
    try:
        array = np.asarray(X)
    except ValueError:  # a list of lists of unequal lengths
        return None
    if array.dtype.kind == "O":
        return next((v for v in array.flat if isinstance(v, str)), None)
    return str(array.flat[0]) if array.dtype.kind in "US" and array.size else None


def _is_number(value):
    try:
        float(value)
    except OverflowError:
        return True
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


def check_noted_columns(attributes):
    """Refuse what no fit notes of the columns of X.

    Parameters
    ----------
    attributes : dict
        Those of an estimator that is read from a pickle or a file.

    Raises
    ------
    ValueError
        If names, number or layout of the columns are of the wrong kind.
    """
    number, names = attributes["n_features_in_"], attributes.get("feature_names_in_")
    is_fine = type(number) is int and number > 0
    is_fine &= type(attributes.get("_is_3d", True)) is bool
    if names is not None:
        is_array = isinstance(names, np.ndarray) and names.shape == (number,)
        is_fine &= is_array and all(isinstance(name, str) for name in names.tolist())
    if not is_fine:
        raise ValueError("What was noted of the columns of X is not what a fit notes.")
