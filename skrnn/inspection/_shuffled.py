"""Sequences of which some steps and features are exchanged between samples.

Samples stand in a circle in random order, and each is given what the next one has.
Where that one lacks a step, the one after it is asked: which steps a sample has does
not change, and at every step the values are only put in another order.
"""

import numpy as np
import pandas as pd

from skrnn._sequences.nested import sequences_of
from skrnn._sequences.steps import is_absent
from skrnn._sequences.tokens import TokenArray
from skrnn.inspection._fitted import as_layout
from skrnn.windows._array import WindowedArray


def donors_of(circle, is_there):
    """Tell whose values each sample is given.

    Parameters
    ----------
    circle : ndarray of shape (n,) of int
        The samples in a random order.
    is_there : ndarray of shape (n,) of bool
        Which of them have a step.

    Returns
    -------
    ndarray of shape (n,) of int
        The next one in the circle that has it; itself where a sample lacks it.
    """
    donors = np.arange(len(circle))
    those = circle[is_there[circle]]
    donors[those] = np.roll(those, -1)
    return donors


class DenseSamples:
    """An array of sequences.

    Parameters
    ----------
    X : ndarray of shape (n, T, F), or DataFrame or ndarray of shape (n, T)
        The sequences.
    """

    def __init__(self, X):
        self._X = X
        self.n_samples, self.n_steps = X.shape[:2]
        self.n_features = X.shape[2] if len(X.shape) == 3 else 1

    def is_there(self, step):
        """Which samples have a step, ndarray (n,) of bool."""
        if isinstance(self._X, pd.DataFrame):
            return self._X.iloc[:, step].notna().to_numpy()
        values = self._X[:, step]
        values = values if values.ndim == 2 else values[:, None]
        if values.dtype == object:
            return ~pd.isna(values).all(axis=1)
        if values.dtype.kind != "f":
            return np.ones(len(values), bool)
        return ~is_absent(values)

    def shuffled(self, circle, steps, features):
        """Exchange steps and features between the samples.

        Parameters
        ----------
        circle : ndarray of shape (n,) of int
            The samples in a random order.
        steps, features : sequence of int
            What is exchanged.

        Returns
        -------
        Same type as X
        """
        X = self._X.copy()
        for step in steps:
            donors = donors_of(circle, self.is_there(step))
            if isinstance(X, pd.DataFrame):
                X.isetitem(step, self._X.iloc[donors, step].set_axis(X.index))
            elif X.ndim == 2:
                X[:, step] = self._X[donors, step]
            else:
                X[:, step, features] = self._X[donors, step][:, features]
        return X


class RaggedSamples(DenseSamples):
    """Sequences of different lengths, whose newest steps stand beside each other.

    Parameters
    ----------
    X : list of ndarray of shape (T_i, F), or TokenArray
        The sequences.
    columns : pandas.Index, default=None
        Names of the features, where the sequences are tables.
    """

    def __init__(self, X, columns=None):
        self._given, self._columns = X, columns
        arrays = list(X)
        self._lengths = np.array([len(array) for array in arrays])
        shape = len(arrays), self._lengths.max(initial=0), arrays[0].shape[1]
        has_words = any(array.dtype.kind in "OU" for array in arrays)
        block = np.full(shape, np.nan, dtype=object if has_words else None)
        for sample, array in zip(block, arrays, strict=True):
            sample[shape[1] - len(array) :] = array
        super().__init__(block)

    def shuffled(self, circle, steps, features):
        """Exchange steps and features; see `DenseSamples.shuffled`."""
        block, longest = super().shuffled(circle, steps, features), self.n_steps
        arrays = [
            sample[longest - n :]
            for sample, n in zip(block, self._lengths, strict=True)
        ]
        if self._columns is not None:
            tables = [pd.DataFrame(array, columns=self._columns) for array in arrays]
            return [table.infer_objects() for table in tables]
        if not isinstance(self._given, TokenArray):
            return arrays
        numbers = np.concatenate(arrays).ravel().astype(self._given.dtype)
        starts = np.cumsum(self._lengths) - self._lengths
        return TokenArray(numbers, starts, self._lengths, self._given.codes)


class WindowSamples:
    """Lazy windows, which stay lazy.

    Parameters
    ----------
    X : WindowedArray
        The windows.
    """

    def __init__(self, X):
        self._X = X
        self.n_samples, self.n_steps, self.n_features = X.shape
        self._has_row = None
        if X.values.dtype.kind == "f":
            self._has_row = ~is_absent(X.values)

    def is_there(self, step):
        """Which windows have a step, ndarray (n,) of bool."""
        X, lag = self._X, self.n_steps - 1 - step
        there = X.length > lag
        if self._has_row is not None and len(self._has_row):
            there &= self._has_row[np.maximum(X.stop - 1 - lag, 0)]
        return there

    def shuffled(self, circle, steps, features):
        """Exchange steps and features; see `DenseSamples.shuffled`."""
        stops, masks = {}, {}
        for step in steps:
            is_there = self.is_there(step)
            key = is_there.tobytes()
            if key not in masks:  # most steps are there in the same windows
                masks[key] = self._X.stop[donors_of(circle, is_there)]
            stops[self.n_steps - 1 - step] = masks[key]
        return ShuffledWindows(self._X, stops, list(features))


class ShuffledWindows(WindowedArray):
    """Lazy windows, some steps of which are those of other windows.

    Parameters
    ----------
    windows : WindowedArray
        The windows as the rows have them.
    stops : dict of int to ndarray of shape (n_windows,) of int
        By lag, where the windows stop whose values are read.
    features : list of int
        Those that are read there.
    """

    def __init__(self, windows, stops, features):
        vars(self).update(vars(windows), _full=None)
        self.stops, self.features = stops, features

    def gather(self, rows, dtype=None, out=None):
        """Materialise some windows; see `WindowedArray.gather`."""
        rows = np.asarray(rows)
        block = super().gather(rows, dtype)
        for lag, stop in self.stops.items():
            there = np.flatnonzero(self.length[rows] > lag)
            row = stop[rows[there]] - 1 - lag
            place = there[:, None], self.window_length - 1 - lag, self.features
            block[place] = self.values[row[:, None], self.features]
        if out is None:
            return block
        out[...] = block
        return out

    def gathered(self):
        """The same over rows of its own, which transformers of rows may change.

        Returns
        -------
        WindowedArray
        """
        n_windows, n_steps, n_features = self.shape
        return WindowedArray(
            np.asarray(self).reshape(-1, n_features),
            np.arange(1, n_windows + 1) * n_steps,
            self.length,
            n_steps,
            index=self.index,
            feature_names=self.feature_names,
            series=self.series,
            rank=self.rank,
            categories=self.categories,
        )

    def with_values(self, values, feature_names=None, categories=None):
        """The same exchange over other values of each feature by itself.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_features)
            Each feature made of the same one, such as codes of categories.
        feature_names, categories
            As for `WindowedArray.with_values`.
        """
        given = super().with_values(values, feature_names, categories)
        if given.shape != self.shape:
            raise ValueError(
                f"Windows of {self.shape[2]} features of which some are exchanged "
                f"cannot have {given.shape[2]} in their place."
            )
        return ShuffledWindows(given, self.stops, self.features)

    def _of_windows(self, key):
        own = {"stops": {lag: stop[key] for lag, stop in self.stops.items()}}
        return super()._of_windows(key) | own

    def with_newest_steps(self, n_steps):
        """Leave the oldest steps out; see `WindowedArray.with_newest_steps`."""
        stops = {lag: stop for lag, stop in self.stops.items() if lag < n_steps}
        return self._with(window_length=n_steps, stops=stops)

    def __getstate__(self):
        return {**vars(self), "_full": None}


def samples_of(X):
    """Wrap sequences in whichever layout, as what can be exchanged.

    Parameters
    ----------
    X : array-like, DataFrame, list of array-like, WindowedArray or TokenArray
        The sequences.

    Returns
    -------
    DenseSamples, RaggedSamples or WindowSamples
    """
    layout = as_layout(X)
    if isinstance(layout, WindowedArray):
        return WindowSamples(layout)
    if isinstance(layout, TokenArray):
        return RaggedSamples(layout)
    if isinstance(layout, list):
        return RaggedSamples(layout, sequences_of(X)[1])
    return DenseSamples(X if isinstance(X, pd.DataFrame) else layout)
