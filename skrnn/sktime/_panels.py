"""The panels of sktime, read as the sequences of this package.

sktime keeps a panel as (instance, variable, time), as one frame with the instances in
its index, as a list of frames, or as a frame whose cells are series. Here is the one
place where such a panel becomes (n_samples, n_timesteps, n_features).
"""

import numpy as np
import pandas as pd

from skrnn._categories.categories import Categories
from skrnn._categories.tables import encode_table, holds_categories
from skrnn._sequences.nested import join_cells, numbers_of


def read_panel(X):
    """Convert a panel.

    Parameters
    ----------
    X : ndarray of shape (n_instances, n_variables, n_timepoints), DataFrame with a \
            MultiIndex (instance, time), list of DataFrame, or DataFrame of Series
        What sktime calls numpy3D, pd-multiindex, df-list and nested_univ.

    Returns
    -------
    sequences : ndarray of shape (n_instances, n_timepoints, n_variables), or list of \
            ndarray of shape (n_timepoints_i, n_variables)
        A list only where the instances differ in length. Frames come as float64.
    names : list or None
        Names of the variables; None where the panel has none.

    Raises
    ------
    ValueError
        If the frames of a list differ in their columns, or a cell is no series.
    """
    if isinstance(X, np.ndarray):
        return X.transpose(0, 2, 1), None  # (N, L, F), a view
    if isinstance(X, list):
        return _stacked([numbers_of(frame) for frame in X]), _common_names(X)
    if isinstance(X.index, pd.MultiIndex):
        return _stacked(_split(X)), list(X.columns)
    arrays, names = join_cells(X)
    return _stacked(arrays), names


def panel_categories(X):
    """Find the variables of a panel that are categories (dict of Categories)."""
    frames = _frames_of(X)
    found = {}
    for j, name in enumerate(frames[0].columns if frames else ()):
        columns = [frame.iloc[:, j] for frame in frames if frame.shape[1] > j]
        if any(holds_categories(column, name) for column in columns):
            found[j] = Categories.of(*columns)
    return found


def with_codes(X, categories, names=None):
    """Put numbers in the place of categories, in a panel of frames.

    Parameters
    ----------
    X : DataFrame with a MultiIndex (instance, time), or list of DataFrame
        A panel whose variables are those of `categories`.
    categories : dict of Categories
        By the positions of variables.
    names : list, default=None
        What the variables were called that have those positions.

    Returns
    -------
    same type as X
        With whole numbers from 0: what is unknown, each category, what is missing. A
        step without any value stays one.
    """
    if not categories or not _frames_of(X):
        return X
    if isinstance(X, list):
        return [_coded(frame, categories, names) for frame in X]
    return _coded(X, categories, names)


def _coded(X, categories, names):
    coded = encode_table(X, categories, names)
    is_absent = X.isna().all(axis=1).to_numpy()
    for j, of in categories.items():
        name = X.columns[j] if names is None else names[j]
        if name in coded:  # else others say that it is not there
            codes = coded[name].fillna(of.missing_code)
            coded[name] = codes.mask(is_absent)
    return coded


def _frames_of(X):
    """The frames of a panel that has a row for each step (list of DataFrame)."""
    if isinstance(X, list):
        return X
    is_long = isinstance(X, pd.DataFrame) and isinstance(X.index, pd.MultiIndex)
    return [X] if is_long else []


def has_partly_missing(sequences):
    """Tell whether some feature of a step is missing while others are present.

    Parameters
    ----------
    sequences : ndarray of shape (N, L, F) or list of ndarray of shape (L_i, F)
        What `read_panel` gives.

    Returns
    -------
    bool
    """
    return any(_partly_missing(block).any() for block in _blocks(sequences))


def fill_partly_missing(sequences, values):
    """Fill what is missing of steps that are present in part.

    Parameters
    ----------
    sequences : ndarray of shape (N, L, F) or list of ndarray of shape (L_i, F)
        What `read_panel` gives; left as it is.
    values : ndarray of shape (F,)
        What to fill each feature with.

    Returns
    -------
    ndarray of shape (N, L, F) or list of ndarray of shape (L_i, F)
    """
    filled = [np.where(_partly_missing(b), values, b) for b in _blocks(sequences)]
    return filled if isinstance(sequences, list) else filled[0]


def _blocks(sequences):
    return sequences if isinstance(sequences, list) else [sequences]


def _partly_missing(block):
    """Where (..., F) a value is missing of a step that has others."""
    if block.dtype.kind != "f":
        return np.zeros(block.shape, bool)
    missing = np.isnan(block)
    return missing & ~missing.all(axis=-1, keepdims=True)


def _stacked(arrays):
    """One array where that can be, so that every kind of panel gives the same bits."""
    lengths = {len(array) for array in arrays}
    return arrays if len(lengths) != 1 or 0 in lengths else np.stack(arrays)


def _common_names(frames):
    columns = list(frames[0].columns)
    for i, frame in enumerate(frames):
        if list(frame.columns) != columns:
            raise ValueError(
                f"Every instance must have the columns of the first, {columns}; "
                f"instance {i} has {list(frame.columns)}. Bring them into one order."
            )
    return columns


def _split(frame):
    """Arrays (L_i, F) of the instances of a frame, in order of their appearance."""
    codes, labels = pd.factorize(frame.index.get_level_values(0), use_na_sentinel=False)
    values = numbers_of(frame)
    if (np.diff(codes) < 0).any():  # the rows of an instance need not be neighbours
        order = np.argsort(codes, kind="stable")
        codes, values = codes[order], values[order]
    return np.split(values, np.searchsorted(codes, np.arange(1, len(labels))))
