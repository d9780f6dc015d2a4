"""What a row of a call gets that lacks the newest rows before it."""

import numpy as np

from skrnn._warn import warn_user
from skrnn.exceptions import MissingHistoryWarning
from skrnn.windows._known import not_known

__all__ = ["absent_newest_steps", "absent_rows", "report_missing_history"]

_AHEAD = (
    "A forecast of several rows ahead takes targets of several steps "
    "(skrnn.windows.make_targets), skrnn.sktime.RNNForecaster, or one row after the "
    "other, each with the forecasts before it filled in."
)


def absent_rows(values, known=()):
    """Which rows are NaN in every feature, those known ahead aside.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        The rows that windows read.
    known : tuple of int, default=()
        Features that are known ahead: they say nothing of the rows that went before.

    Returns
    -------
    absent : ndarray of shape (n_rows,), dtype bool, or None
        None where there is no such row.
    """
    if values.dtype.kind != "f":
        return None
    past = not_known(known, values.shape[1])
    if not len(past):
        past = np.arange(values.shape[1])
    absent = np.isnan(values[:, past[0]])
    if absent.any():
        rows = np.flatnonzero(absent)
        absent[rows] = np.isnan(values[rows[:, None], past]).all(axis=1)
    return absent if absent.any() else None


def absent_newest_steps(absent, stop, length):
    """How many of the newest steps of each window are absent.

    Parameters
    ----------
    absent : ndarray of shape (n_rows,), dtype bool
        Which of the rows that the windows read are.
    stop, length : ndarray of shape (n_windows,)
        One past the newest row of each window, and how many rows it has.

    Returns
    -------
    n_absent : ndarray of shape (n_windows,)
    """
    n_absent = np.zeros(len(stop), dtype=length.dtype)
    # A window without rows stops at 0, and the last row of all says nothing of it.
    ending = np.flatnonzero(absent[stop - 1] & (length > 0))
    newest = stop[ending] - 1
    present = np.flatnonzero(~absent)
    place = np.searchsorted(present, newest)
    last = np.append(present, -1)[place - 1]
    n_absent[ending] = np.minimum(newest - last, length[ending])
    return n_absent


def report_missing_history(policy, short, stale, index, *, lost, n_before):
    """Warn of rows without their newest history, or raise, as the user chose.

    Parameters
    ----------
    policy : {"warn", "require"}
        The `history` of the transformer.
    short, stale : ndarray of shape (n_rows,), dtype bool
        Rows before which rows were left out, and rows whose window ends with more
        absent steps than any of the fit.
    index : pandas.Index of length n_rows, or None
        What tells series and time of the rows of the call.
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
    label = "" if index is None else f" ({_in_words(index[first])})"
    said = [
        f"{n_missing} of {len(short)} rows, from row {first}{label} on, lack some of "
        "the newest rows before them."
    ]
    if short.any():
        said.append(_why_short(index, lost))
        said.append(
            f"Send the {n_before} rows before them along, and keep the predictions of "
            'the newest rows; history="allow" then says that the others are meant.'
        )
    if stale.any():
        said.append(
            f"In {np.count_nonzero(stale)} of them the newest steps of the window are "
            f"NaN in every feature that is not known ahead. {_AHEAD}"
        )
    if policy == "require":
        raise ValueError(" ".join(said))
    warn_user(" ".join(said), MissingHistoryWarning)


def _in_words(label):
    """What names a row: its time, or its series and its time."""
    return ", ".join(map(str, label)) if isinstance(label, tuple) else str(label)


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
