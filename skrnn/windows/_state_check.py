"""Whether what a window is said to remember is what a fit could have remembered."""

import numpy as np
import pandas as pd

from skrnn._categories.categories import Categories
from skrnn._columns import check_noted_columns

__all__ = ["check_state"]

# Rows, or numbers of them, that no machine holds.
_MOST = 2**48


def check_state(state):
    """Refuse a state of `SlidingWindow` that no fit has.

    Parameters
    ----------
    state : dict
        Its attributes.

    Raises
    ------
    ValueError
        If one is of another type or length than `fit` gives it.
    """
    if "_reach" not in state:  # not fitted
        return
    check_noted_columns(state)
    series, time = _key_columns(state["_keys"])
    n_features = state["n_features_in_"] - len(series) - (time is not None)
    reach = state["_reach"]
    numbers = [*reach, n_features, state["_most_absent"]]
    known = state["_known"]
    if (
        type(known) is not tuple
        or any(type(place) is not int or not 0 <= place < n_features for place in known)
        or type(reach) is not tuple
        or len(reach) != 2
        or any(type(number) is not int or not 0 <= number < _MOST for number in numbers)
        or type(state["_grouped"]) is not bool
        or type(state["_opened"]) is not bool
    ):
        _refuse()
    _check_categories(state.get("_categories"), n_features)
    history, beginnings = state["_history"], state["_beginnings"]
    _check_rows(beginnings, n_features)
    if not _is_array(beginnings.breaks, 1, "iu"):
        _refuse()
    if history is None:
        return
    _check_rows(history, n_features)
    n_rows = len(history.values)
    is_flag = _is_array(history.begins, 1, "b") and len(history.begins) == n_rows
    if not is_flag or history.times is None or type(history.reach) is not int:
        _refuse()


def _check_categories(categories, n_features):
    """Refuse what is no categories by the positions of features."""
    for place, of in ({} if categories is None else categories).items():
        if type(place) is not int or not 0 <= place < n_features:
            _refuse()
        if not isinstance(of, Categories) or not isinstance(of.words, list):
            _refuse()
        if not all(type(word) is str and word for word in of.words):
            _refuse()


def _key_columns(keys):
    """The names of the columns that tell series and time; refuse what is none."""
    if type(keys) is not tuple or len(keys) != 2 or type(keys[0]) is not tuple:
        _refuse()
    names = [*keys[0], *([] if keys[1] is None else [keys[1]])]
    if not all(type(name) is str for name in names):
        _refuse()
    return keys


def _check_rows(kept, n_features):
    """Refuse rows without a time or a series each."""
    values, codes, labels = kept.values, kept.codes, kept.labels
    if not _is_array(values, 2, "biuf") or values.shape[1] != n_features:
        _refuse()
    n_rows = len(values)
    if kept.times is not None and not _is_index(kept.times, n_rows):
        _refuse()
    if codes is None and labels is None:
        return
    if not _is_array(codes, 1, "iu") or len(codes) != n_rows:
        _refuse()
    if not isinstance(labels, pd.Index):
        _refuse()
    if n_rows and not 0 <= codes.min() <= codes.max() < len(labels):
        _refuse()


def _is_array(value, n_dims, kinds):
    is_array = isinstance(value, np.ndarray) and value.ndim == n_dims
    return is_array and value.dtype.kind in kinds


def _is_index(value, n_rows):
    return isinstance(value, pd.Index) and len(value) == n_rows


def _refuse():
    raise ValueError("What this SlidingWindow remembers is not what a fit remembers.")
