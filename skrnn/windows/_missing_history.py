"""What a row of a call gets that lacks the newest rows before it."""

import numpy as np

from skrnn._warn import warn_user
from skrnn.exceptions import MissingHistoryWarning

__all__ = ["absent_newest_steps", "report_missing_history"]

_AHEAD = (
    "A forecast of several rows ahead takes targets of several steps "
    "(skrnn.windows.make_targets), skrnn.sktime.RNNForecaster, or one row after the "
    "other, each with the forecasts before it filled in."
)


def absent_newest_steps(values, stop, length):
    """How many of the newest steps of each window are absent, NaN in every feature.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        The rows that the windows read.
    stop, length : ndarray of shape (n_windows,)
        One past the newest row of each window, and how many rows it has.

    Returns
    -------
    n_absent : ndarray of shape (n_windows,), or None
        None where no row is absent.
    """
    if values.dtype.kind != "f" or not np.isnan(values[:, 0]).any():
        return None
    present = ~np.isnan(values).all(axis=1)
    if present.all():
        return None
    last = np.maximum.accumulate(np.where(present, np.arange(len(values)), -1))
    newest = np.maximum(stop - 1, 0)
    return np.minimum(newest - last[newest], length)


def report_missing_history(policy, short, stale, windows, *, lost, n_before):
    """Warn of rows without their newest history, or raise, as the user chose.

    Parameters
    ----------
    policy : {"warn", "require"}
        The `history` of the transformer.
    short, stale : ndarray of shape (n_rows,), dtype bool
        Rows before which rows were left out, and rows whose window ends with more
        absent steps than any of the fit.
    windows : WindowedArray
        All windows of the call.
    lost : bool
        Whether the call has no index where the fit had times, or the reverse.
    n_before : int
        How many rows before its own row a window reads.

    Raises
    ------
    ValueError
        If there is such a row and `policy` is "require".

    Warns
    -----
    MissingHistoryWarning
        If there is such a row and `policy` is "warn".
    """
    missing = short | stale
    n_missing = np.count_nonzero(missing)
    if not n_missing:
        return
    first = int(np.argmax(missing))
    label = "" if windows.index is None else f" ({windows.index[first]})"
    said = [
        f"{n_missing} of {len(windows)} rows, from row {first}{label} on, lack some of "
        "the newest rows before them."
    ]
    if short.any():
        said.append(_why_short(windows.index, lost))
        said.append(
            f"Send the {n_before} rows before them along, and keep the predictions of "
            'the newest rows; history="allow" then says that the others are meant.'
        )
    if stale.any():
        said.append(
            f"In {np.count_nonzero(stale)} of them the newest steps of the window are "
            f"NaN in every feature. {_AHEAD}"
        )
    if policy == "require":
        raise ValueError(" ".join(said))
    warn_user(" ".join(said), MissingHistoryWarning)


def _why_short(index, lost):
    if index is None:
        why = (
            "X has no index, so that the rows of fit that come before these cannot be "
            "found"
            + (", though fit had one" if lost else "")
            + ": give a DataFrame with the index of its rows. A step before "
            "SlidingWindow that returns NumPy loses it, unless it is asked for data "
            'frames by set_output(transform="pandas").'
        )
    elif lost:
        why = (
            "X has an index, but the rows of fit had none, so that those before these "
            "cannot be found: give fit a DataFrame with the index of its rows."
        )
    else:
        why = (
            "By the index, rows are missing between the rows that fit remembers, the "
            "last of every unbroken run, and these."
        )
    return why
