"""Unfold sequences into named lag columns: (n, T, F) becomes (n, T * F)."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils._param_validation import StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skrnn._sequences.layouts import check_sequences
from skrnn._typing import ArrayLike, SequencesLike, fit_context
from skrnn._warn import warn_user
from skrnn.reshape._base import SequenceTransformer
from skrnn.windows._array import WindowedArray


class FlattenSequence(SequenceTransformer):
    """Unfold sequences into named lag columns, for a classical model.

    The columns are named ``load__lag3``: lags count back from the newest step of the
    sequence, which is ``lag0``. The oldest step comes first. With it the same pipeline
    takes a random forest in the place of a recurrent network, over the same windows.

    Parameters
    ----------
    pad : {"nan", "edge", "zero"}, default="nan"
        What stands for an absent step: NaN; the step before it, or the oldest present
        step where none is before it (zero where the sequence has no step at all); or
        zero.

    Attributes
    ----------
    n_timesteps_ : int
        Steps of a sequence.
    n_features_in_ : int
        Features of a step for 3-D X, columns for 2-D X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,) of str
        Names of the features; only where X has string names.

    See Also
    --------
    ToSequence : The way back.
    SlidingWindow : Gives every row of a time series its window.

    Notes
    -----
    Where windows hold categories, their lag columns are of dtype category in a frame of
    pandas, which `set_output` asks for, and codes in an array: from 1, 0 for one that
    was not there in ``fit``, NaN for a missing one.

    2-D X is one univariate sequence a row, so flat already: its columns keep their
    names. Shorter sequences of a ragged X are absent in their oldest steps.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn import FlattenSequence, SlidingWindow
    >>> X = pd.DataFrame({"load": [1.0, 2.0, 3.0]})
    >>> windows = SlidingWindow(3).fit_transform(X)
    >>> flatten = FlattenSequence(pad="edge").set_output(transform="pandas")
    >>> flatten.fit_transform(windows)
       load__lag2  load__lag1  load__lag0
    0         1.0         1.0         1.0
    1         1.0         1.0         2.0
    2         1.0         2.0         3.0
    """

    n_timesteps_: int
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    _parameter_constraints: dict = {"pad": [StrOptions({"nan", "edge", "zero"})]}

    def __init__(self, pad: Literal["nan", "edge", "zero"] = "nan") -> None:
        self.pad = pad

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: SequencesLike, y: Any = None) -> Self:
        """Learn the length of the sequences and the names of their features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), or WindowedArray
            Sequences, oldest step first.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : FlattenSequence
            The fitted transformer.
        """
        X, names = check_sequences(self, X, reset=True)
        if _categories_of(X) and not self._gives_frames():
            coded = [j if names is None else names[j] for j in _categories_of(X)]
            warn_user(
                f"The lag columns of the categories {coded} hold codes, which a "
                'classical model takes for numbers. With set_output(transform="pandas")'
                " they are of dtype category, as OneHotEncoder and "
                "HistGradientBoostingRegressor read them."
            )
        self.n_timesteps_ = max(map(len, X)) if isinstance(X, list) else X.shape[1]
        self._pad = self.pad
        return self

    def transform(self, X: SequencesLike) -> Any:
        """Unfold the sequences.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), or WindowedArray
            Sequences of at most as many steps as in fit.

        Returns
        -------
        columns : ndarray of shape (n_samples, n_timesteps * n_features)
            Lag columns. As a pandas DataFrame they have the index of the windows.

        Raises
        ------
        ValueError
            If a sequence has more steps than those of fit.
        """
        check_is_fitted(self)
        index = getattr(X, "index", None) if isinstance(X, WindowedArray) else None
        X, _ = check_sequences(self, X, reset=False)
        categories = _categories_of(X)
        if not isinstance(X, list) and X.ndim == 2:
            block = X[:, :, None]
        else:
            block = self._align(X)  # (n, T, F)
        if self._pad != "nan" and block.dtype.kind == "f":
            block = _fill_absent(block, self._pad)
        flat = block.reshape(len(block), -1)
        if not self._gives_frames() or (index is None and not categories):
            return flat
        frame = pd.DataFrame(flat, index, self.get_feature_names_out())
        for j, of in categories.items():
            for column in range(j, flat.shape[1], self.n_features_in_):
                frame.isetitem(column, of.decode(flat[:, column]))
        return frame

    def _gives_frames(self):
        return _get_output_config("transform", self)["dense"] == "pandas"

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_]:
        """Name the lag columns.

        Parameters
        ----------
        input_features : array-like of str of shape (`n_features_in_`,), default=None
            Names of the features of a step; None takes those of fit, or x0, x1, ...

        Returns
        -------
        names : ndarray of shape (n_timesteps * n_features,) of object
            Such as ``load__lag3``, in the order of the columns.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        if not self._is_3d:
            return names
        lags = range(self.n_timesteps_ - 1, -1, -1)
        return np.array([f"{n}__lag{lag}" for lag in lags for n in names], dtype=object)

    def _align(self, X):
        """Return sequences as one array, their newest steps in its last column."""
        longest = max(map(len, X)) if isinstance(X, list) else X.shape[1]
        if longest > self.n_timesteps_:
            raise ValueError(
                f"X has a sequence of {longest} steps, but FlattenSequence was fitted "
                f"on sequences of at most {self.n_timesteps_}. Cut X to its newest "
                f"{self.n_timesteps_} steps, or fit on longer sequences."
            )
        if not isinstance(X, list) and longest == self.n_timesteps_:
            return np.asarray(X)
        shape = (len(X), self.n_timesteps_, self.n_features_in_)
        block = np.full(shape, np.nan)
        for i, sequence in enumerate(X):
            block[i, self.n_timesteps_ - len(sequence) :] = sequence
        return block


# By which files name it. Within the class, inspect would show lines of that module.
FlattenSequence.__module__ = "skrnn.reshape"


def _categories_of(X):
    """Those (dict) of the features that are codes."""
    return X.categories if isinstance(X, WindowedArray) else {}


def _fill_absent(block, pad):
    """Replace steps that are NaN in every feature, (n, T, F)."""
    absent = np.isnan(block).all(axis=2)  # (n, T)
    if not absent.any():
        return block
    block = block.copy()
    if pad == "edge":
        step = np.arange(block.shape[1])
        before = np.maximum.accumulate(np.where(absent, -1, step), axis=1)
        oldest = np.argmin(absent, axis=1)[:, None]
        source = np.where(before < 0, oldest, before)
        block = np.take_along_axis(block, source[:, :, None], axis=1)
        absent = absent.all(axis=1)
    block[absent] = 0.0
    return block
