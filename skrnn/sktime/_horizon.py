"""Between the forecasting horizons of sktime and steps on a time axis."""

import numpy as np
import pandas as pd

__all__ = ["dated", "steps_ahead"]


def steps_ahead(fh, cutoff, axis):
    """Steps ahead of the cutoff, in the order of the horizon.

    Parameters
    ----------
    fh : ForecastingHorizon
        Relative or absolute.
    cutoff : pandas.Index of one time, or None
        None where series of many ends have none in common.
    axis : TimeAxis
        Of the series.

    Returns
    -------
    ndarray of int64
    """
    times = fh.to_pandas()
    if fh.is_relative and pd.api.types.is_integer_dtype(times.dtype):
        return times.to_numpy(dtype=np.int64)
    if cutoff is None:
        raise ValueError(
            "pretrain needs fh in steps ahead, since it has series of many ends; "
            f"got {list(times)}."
        )
    times = cutoff[0] + times if fh.is_relative else times
    return axis.ordinals(times) - axis.ordinals(cutoff)[0]


def dated(X, times):
    """Give an array for the future, which has no times, these (DataFrame).

    Anything else, and an array of another length, is left as it is.
    """
    is_table = isinstance(X, np.ndarray) and X.ndim <= 2
    return pd.DataFrame(X, times) if is_table and len(X) == len(times) else X
