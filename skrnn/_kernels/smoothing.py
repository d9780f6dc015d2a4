"""Exponential smoothing of series by many models, in compiled code.

`smooth` does what the forecasts' smoothing filter does in NumPy, which says what each
argument is. Nothing here knows torch.
"""

import ctypes

import numpy as np

from skrnn._kernels.library import check_answer, library
from skrnn._kernels.structs import SmoothingCall

__all__ = ["can_smooth", "smooth"]


def can_smooth():
    """Whether there are kernels (bool)."""
    return library() is not None


def smooth(
    models, gains, ahead, values, asked, rows, limits, found, kept=None, pool=None
):
    """Forecast from some rows of series.

    Parameters
    ----------
    models : Models
        Those of one season.
    gains : Gains
        Theirs, of as many rows as the series have, or more.
    ahead : Ahead
        How many steps ahead, and what a trend comes to in these.
    values : ndarray of shape (n_series, T) of float64
        Series.
    asked : ndarray of shape (n_series + 1,) of int64
        Where the rows of each series begin among all that are asked for, and the end.
    rows : ndarray of shape (n,) of int64
        From where to forecast, rising within a series.
    limits : tuple
        Largest surprise, rows that tell what is usual, least variance, and the power
        of the likelihoods.
    found : Averages
        Written to.
    kept : tuple of (int, ndarray of shape ((2 + n_effects + 3) * M + 1,)), optional
        Of a single series the row that is to be taken in next, and the state before
        it, which becomes that after the newest row that is asked for: level, trend,
        effects and sums of all models, then the rows seen. Zeros are of no row.
    pool : int, optional
        Handle of threads among which series are shared out; what is found has the same
        bits by any number of them.

    Raises
    ------
    ValueError
        If there are other models than priors, fewer gains than rows, or an array that
        is written to is of another kind.
    """
    most_surprise, rows_of_scale, least_variance, power = limits
    T = values.shape[1]
    begin, state = (0, None) if kept is None else kept
    n_models = len(models.damping)
    if len(ahead.prior) != n_models or len(gains.gain) < T:
        raise ValueError(
            f"{n_models} models of {T} rows have {len(ahead.prior)} priors, and gains "
            f"of {len(gains.gain)} rows."
        )
    arrays = {
        "values": values,
        "gain": gains.gain[:T],
        "variance": gains.variance[:T],
        "log_variance": gains.log_variance[:T],
        "damping": models.damping,
        "prior": ahead.prior,
        "basis": models.basis,
        "damped": ahead.damped,
        "kinds": np.append(ahead.starts, n_models),
        "steps": ahead.steps,
        "asked": asked,
        "rows": rows,
        "state": state,
        "path": found.path,
        "evidence": found.evidence,
        "shares": found.weights,
    }
    arrays = {name: _contiguous(name, array) for name, array in arrays.items()}
    call = SmoothingCall(
        n_series=len(values),
        n_rows=T,
        n_models=n_models,
        n_effects=models.basis.shape[1],
        period=len(models.basis),
        n_steps=len(ahead.steps),
        n_kinds=ahead.damped.shape[1],
        n_asked=len(rows),
        begin=begin,
        most_surprise=most_surprise,
        rows_of_scale=rows_of_scale,
        least_variance=least_variance,
        power=power,
    )
    for name, array in arrays.items():
        setattr(call, name, None if array is None else array.ctypes.data)
    answer = library().skrnn_smooth(pool, ctypes.byref(call))
    check_answer(answer, "There is no memory for the states of smoothing.")


_INTEGERS = {"kinds", "steps", "asked", "rows"}
_WRITTEN = {"state", "path", "evidence", "shares"}


def _contiguous(name, array):
    if array is None:
        return None
    dtype = np.int64 if name in _INTEGERS else np.float64
    made = np.ascontiguousarray(array, dtype=dtype)
    if name in _WRITTEN and made is not array:
        raise ValueError(f"{name} is written to: it has to be contiguous, of {dtype}.")
    return made
