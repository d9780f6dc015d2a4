"""Between the forecasting horizons of sktime and steps on a time axis."""

import numpy as np
import pandas as pd

from skrnn._forecasting.frames import time_axis
from skrnn._forecasting.limits import refuse_memory, refuse_short
from skrnn._numbers import is_integer

__all__ = ["dated", "farthest", "refuse_longer_than", "steps_ahead"]

# What sktime takes for each step of a horizon that is a number: the steps, a sorted
# copy, and a table that finds those which come twice.
_BYTES_OF_STEP = 64
# Before so many steps there was nothing; with more, integers of 64 bits may overflow.
_LONG_AGO = 2**60


def farthest(fh):
    """The farthest step of a horizon of integers (int); None of any other, or of none.

    Parameters
    ----------
    fh : object
        As the user gave it, before sktime counts its steps.

    Raises
    ------
    ValueError
        If a step is before all that can have been seen.
    """
    steps = _ends_of(fh)
    if not steps:
        return None
    _refuse_long_ago(min(steps))
    return max(steps)


def _ends_of(fh):
    """Steps of a horizon (list of int), of long ones its ends; empty of any other."""
    if is_integer(fh):
        return [int(fh)]
    if isinstance(fh, range):
        return [fh[0], fh[-1]] if fh else []
    if isinstance(fh, np.ndarray) and fh.dtype.kind in "iu" and fh.size:
        return [int(fh.min()), int(fh.max())]
    if isinstance(fh, list) and all(map(is_integer, fh)):
        return [int(step) for step in fh]
    return []


def _refuse_long_ago(step):
    if step < -_LONG_AGO:
        raise ValueError(f"fh has the step {step}, long before all that was seen.")


def refuse_longer_than(y, fh):
    """Raise where a horizon is longer than all series, before sktime counts its steps.

    Parameters
    ----------
    y, fh : object
        As the user gave them to fit. Of some formats only memory is a bound here.
    """
    far = farthest(fh)
    if far is None:
        return
    n_rows = _most_rows(y)
    if n_rows is not None:
        refuse_short(far, n_rows)
    what = f"The {far} steps of fh"
    refuse_memory(what, _BYTES_OF_STEP, far, "Give a shorter fh.")


def _most_rows(y):
    """Steps that no series of y has more of, None where that is not easily told."""
    if isinstance(y, np.ndarray):
        return y.size
    is_nested = isinstance(y, pd.DataFrame) and "O" in {t.kind for t in y.dtypes}
    if not isinstance(y, (pd.Series, pd.DataFrame)) or is_nested or not len(y):
        return None
    try:
        times = y.index.get_level_values(-1)
        steps = time_axis(y.index).ordinals(times)
    except (TypeError, ValueError):  # which fit explains
        return None
    return int(steps.max()) - int(steps.min()) + 1


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
        steps = times.to_numpy(dtype=np.int64)
        _refuse_long_ago(int(steps.min()))
        return steps
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
