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


def dated(X, times, names):
    """Give an array for the future, which has no times and no names, these (DataFrame).

    Anything else, and an array of another shape, is left as it is.

    Parameters
    ----------
    X : object
        Exogenous values.
    times : pandas.Index
        Times of its rows.
    names : list of pandas.Index
        Names for its columns, as many as there are.
    """
    if not isinstance(X, np.ndarray) or X.ndim > 2 or len(X) != len(times):
        return X
    X = pd.DataFrame(X, times)
    for columns in names:
        if len(columns) == X.shape[1]:
            return X.set_axis(columns, axis=1)
    return X
