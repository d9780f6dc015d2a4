"""Rows that are added to what a fit of windows remembers."""

import numpy as np
import pandas as pd

from skrnn._time.index import conform, keys
from skrnn.windows._beginnings import Beginnings, times_finer
from skrnn.windows._history import History
from skrnn.windows._runs import Rows

__all__ = ["with_newer_rows"]


def with_newer_rows(history, beginnings, runs, X, begun, freq):
    """Add the rows of a call to what is remembered.

    Parameters
    ----------
    history : History
        The rows that are remembered.
    beginnings : Beginnings
        Where the runs of the fit began.
    runs : Runs
        Those of the call.
    X : ndarray of shape (n_rows, n_features)
        The rows of the call, in the caller's order.
    begun : ndarray of shape (n_runs,), dtype bool
        Whether each run of the call begins there, and no row before it was left out.
    freq : str, timedelta, pandas offset, int or None
        The step that the user gave.

    Returns
    -------
    history : History
        The last rows of every run of both together.
    beginnings : Beginnings
        With the beginnings of the call. Breaks within it are not added: that rows
        were left out once does not make it usual.
    step : pandas offset, int or None
        The step between rows; that of the fit, if it had one.
    """
    rows = runs.rows
    labels, old_codes, new_codes = _same_codes(history, rows)
    times, old_times = conform(rows.times, history.times)
    begins = np.zeros(rows.n_rows, dtype=bool)
    begins[runs.starts] = begun
    kept = ~_among(old_codes, keys(old_times), new_codes, keys(times))
    values = np.concatenate([history.values[kept], rows.values(X)])
    codes = None
    if labels is not None:
        codes = np.concatenate([old_codes[kept], new_codes])
    both = Rows(len(values), old_times[kept].append(times), groups=codes, sort=True)
    step = both.find_step(freq) if runs.step is None else runs.step
    merged = both.cut(step)
    begins = np.concatenate([history.begins[kept], begins])
    remembered = History.of(merged, values, history.reach)
    remembered.begins &= begins[both.caller_rows(merged.tails(history.reach))]
    if labels is not None:
        remembered.labels = labels.take(remembered.labels.to_numpy())
    return remembered, _with_beginnings(beginnings, runs, X, begun), step


def _with_beginnings(beginnings, runs, X, begun):
    rows, starts = runs.rows, runs.starts[begun]
    if not len(starts):
        return beginnings
    labels, old_codes, new_codes = _same_codes(beginnings, rows)
    times, old_times = conform(rows.times[starts], beginnings.times)
    breaks = beginnings.breaks * times_finer(old_times, beginnings.times)
    new_codes = new_codes[starts]
    is_new = ~_among(new_codes, keys(times), old_codes, keys(old_times))
    starts, times, new_codes = starts[is_new], times[is_new], new_codes[is_new]
    values = np.concatenate([beginnings.values, X[rows.caller_rows(starts)]])
    times = old_times.append(times)
    codes = np.concatenate([old_codes, new_codes])
    order = np.lexsort((keys(times), codes))
    return Beginnings(
        values[order],
        None if labels is None else codes[order],
        labels,
        times[order],
        breaks,
    )


def _same_codes(kept, rows):
    """Number the series of what is kept and of a call alike.

    Returns
    -------
    labels : pandas.Index or None
        Of all series.
    old_codes, new_codes : ndarray of int
        The series of each row of either, zero where there is one series.
    """
    if kept.labels is None:
        old = np.zeros(len(kept.values), dtype=np.intp)
        return None, old, np.zeros(rows.n_rows, dtype=np.intp)
    known = kept.labels.get_indexer(rows.labels)
    used = np.unique(rows.codes)
    new = used[known[used] < 0]
    known[new] = len(kept.labels) + np.arange(len(new))
    labels = kept.labels.append(rows.labels.take(new))
    return labels, np.asarray(kept.codes, dtype=np.intp), known[rows.codes]


def _among(codes, ticks, other_codes, other_ticks):
    """Whether each pair of series and time is among others."""
    pairs = pd.MultiIndex.from_arrays([codes, ticks])
    return pairs.isin(pd.MultiIndex.from_arrays([other_codes, other_ticks]))
