"""Long tables, a row for each time step, given with one target for each series."""

import numpy as np
import pandas as pd


def refuse_long_table(X, y, estimator_name):
    """Say what to do with a table of time steps where y has a value for each series.

    Parameters
    ----------
    X, y : object
        As the user gave them.
    estimator_name : str
        Who was to be fitted.

    Raises
    ------
    ValueError
        If a level of the index or a column of X names as many series as y has values.
    """
    n_targets = _length(y)
    if not hasattr(X, "columns") or n_targets < 2 or n_targets >= len(X):
        return
    found = _series_level(X, n_targets)
    if found is None:
        return
    what, key = found
    raise ValueError(
        f"Found input variables with inconsistent numbers of samples: X has {len(X)} "
        f"rows and y has {n_targets} values, one for each value of {what}. So X is a "
        f"long table, a row for each time step of a series; {estimator_name} takes a "
        "list of sequences, and y in the order of the list:\n"
        f"    X = [rows.to_numpy() for _, rows in X.groupby({key}, sort=False)]\n"
        "(of the columns that are features, in time order). ToSequence folds series "
        "that have been pivoted into one row each, and skrnn.sktime takes a table with "
        "a MultiIndex (series, time) as it is. To predict a value for every row, give "
        "y for every row, and put SlidingWindow before."
    )


def _length(y):
    try:
        return len(y)
    except TypeError:
        return 0


def _series_level(X, n_series):
    """What names that many series, in words and as groupby takes it; or None."""
    index = getattr(X, "index", None)
    if isinstance(index, pd.MultiIndex):
        series = index.droplevel(-1)
        if series.nunique() == n_series:
            levels = list(range(index.nlevels - 1))
            names = [level for level in index.names[:-1] if level is not None]
            what = "index level " + ", ".join(map(repr, names or levels))
            return what, f"level={levels[0] if len(levels) == 1 else levels}"
    candidates = []
    for name in X.columns:
        try:
            codes, labels = pd.factorize(np.asarray(X[name]))
        except TypeError:  # its cells are sequences
            continue
        if len(labels) == n_series:
            candidates.append((int((np.diff(codes) != 0).sum()), name))
    if not candidates:
        return None
    # The rows of a series mostly stand together.
    name = min(candidates, key=lambda candidate: candidate[0])[1]
    return f"column {name!r}", repr(name)
