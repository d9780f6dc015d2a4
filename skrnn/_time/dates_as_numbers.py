"""Dates that are written as integers, such as 20240131."""

import numpy as np
import pandas as pd

__all__ = ["date_format"]

_FORMATS = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M"}
_YEARS = range(1800, 2200)


def date_format(times):
    """The format in which all integers of an index are dates.

    Parameters
    ----------
    times : pandas.Index
        Of any kind.

    Returns
    -------
    pattern : str or None
        As `pandas.to_datetime` reads it; None if not all of them are dates in one
        format, or the index is none of integers.
    """
    if not pd.api.types.is_integer_dtype(times.dtype) or not len(times):
        return None
    low, high = str(times.min()), str(times.max())
    pattern = _FORMATS.get(len(low)) if len(low) == len(high) else None
    if pattern is None or not {int(low[:4]), int(high[:4])} <= set(_YEARS):
        return None
    numbers = pd.Index(np.asarray(times, dtype=np.int64)).astype(str)
    dates = pd.to_datetime(numbers, format=pattern, errors="coerce")
    return None if dates.hasnans else pattern
