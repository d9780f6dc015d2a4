"""A transformer of rows, such as a scaler, applied to every time step of sequences."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skrnn._sequences.layouts import check_sequences
from skrnn._sequences.tabular import warn_of_table
from skrnn._typing import ArrayLike, SequencesLike, SupportsFitTransform, fit_context
from skrnn.reshape._base import SequenceTransformer
from skrnn.windows._array import WindowedArray
from skrnn.windows._sequence_output import SequenceOutputMixin


class TimeDistributed(
    SequenceOutputMixin, SequenceTransformer, auto_wrap_output_keys=None
):
    """Apply a transformer of 2-D data to every time step.

    The name is that of Keras. The present steps of all sequences are the rows on which
    the transformer is fitted; absent steps stay absent. Windows stay lazy: every row of
    the series that some window reads is one row for the transformer, however many
    windows read it.

    Parameters
    ----------
    transformer : transformer, default=None
        Any transformer of rows, such as `sklearn.preprocessing.StandardScaler`, which
        None stands for.

    Attributes
    ----------
    transformer_ : transformer
        The fitted copy.
    n_features_in_ : int
        Features of a step for 3-D X, columns for 2-D X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,) of str
        Names of the features; only where X has string names.

    See Also
    --------
    SlidingWindow : Gives every row of a time series its window.

    Notes
    -----
    2-D X is one univariate sequence a row: the transformer sees a single column. Where
    it makes several of it, the result is 3-D.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skrnn import TimeDistributed
    >>> X = np.arange(12.0).reshape(2, 3, 2)
    >>> scaled = TimeDistributed(StandardScaler()).fit_transform(X)
    >>> scaled.shape, bool(abs(scaled.mean()) < 1e-12)
    ((2, 3, 2), True)
    """

    transformer_: Any
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    _parameter_constraints: dict = {
        "transformer": [HasMethods(["fit", "transform"]), None]
    }

    _coded = ()  # features that are codes; set by a fit

    def __init__(self, transformer: SupportsFitTransform | None = None) -> None:
        self.transformer = transformer

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: SequencesLike, y: Any = None) -> Self:
        """Fit the transformer on all present steps.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), or WindowedArray
            Sequences, oldest step first.
        y : object, default=None
            Ignored: a target belongs to a sequence, not to a step.

        Returns
        -------
        self : TimeDistributed
            The fitted transformer.

        Raises
        ------
        ValueError
            If X has no present step at all.
        """
        given = X
        X, names = check_sequences(self, given, reset=True)
        columns = getattr(given, "columns", None)
        self._coded = _coded_features(X)
        if columns is not None and not isinstance(X, list):
            warn_of_table(X, list(columns), type(self).__name__)
        steps = _PresentSteps(X, names, self._coded)
        if not len(steps.present):
            raise ValueError(
                "X has no present step: every step is NaN in all its features. "
                "TimeDistributed needs at least one to fit its transformer."
            )
        chosen = StandardScaler() if self.transformer is None else self.transformer
        self.transformer_ = clone(chosen).fit(steps.table())
        return self

    def transform(self, X: SequencesLike) -> Any:
        """Transform every present step.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), or WindowedArray
            Sequences in the layout of fit.

        Returns
        -------
        sequences : ndarray, list of ndarray or WindowedArray
            In the layout of X, with the features that the transformer makes.

        Raises
        ------
        ValueError
            If the transformer does not give one row for each it is given.
        """
        check_is_fitted(self)
        X, names = check_sequences(self, X, reset=False)
        if _coded_features(X) != self._coded:
            raise ValueError(
                "TimeDistributed was fitted on windows with categories in the "
                f"features {list(self._coded)} of a step, and X has some in "
                f"{list(_coded_features(X))}. "
                "Make X by the transformer of fit."
            )
        steps = _PresentSteps(X, names, self._coded)
        rows = steps.table()
        # Without a row the transformer cannot say how many columns it makes.
        given = rows if len(rows) else steps.as_table(np.zeros((1, len(steps.numbers))))
        result = self._transform_rows(given)[: len(rows)]
        return steps.rebuild(result, self._names_out)

    def _transform_rows(self, rows):
        result = self.transformer_.transform(rows)
        result = result.toarray() if hasattr(result, "toarray") else result
        result = np.asarray(result)
        if result.ndim != 2 or len(result) != len(rows):
            raise ValueError(
                f"The transformer of TimeDistributed, {self.transformer_!r}, made an "
                f"output of shape {result.shape} out of {len(rows)} rows, which are "
                "the present time steps. It must give one row for each of them: an "
                "output of shape (n_rows, n_features_out)."
            )
        return result

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_]:
        """Name the features of a step.

        Parameters
        ----------
        input_features : array-like of str of shape (`n_features_in_`,), default=None
            Names of the features of a step; None takes those of fit, or x0, x1, ...

        Returns
        -------
        names : ndarray of str objects
            What the transformer calls them; for 2-D X the columns keep their names.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        if not self._is_3d:
            return names
        if not self._coded:
            return self.transformer_.get_feature_names_out(names)
        given = self.transformer_.get_feature_names_out(
            np.delete(names, list(self._coded))
        )
        return np.concatenate([given, names[list(self._coded)]])

    def _names_out(self):
        try:
            return list(self.get_feature_names_out())
        except (AttributeError, ValueError):  # the transformer gives no names
            return None


# By which files name it. Within the class, inspect would show lines of that module.
TimeDistributed.__module__ = "skrnn.reshape"


def _coded_features(X):
    """Positions of the features of windows that are codes (tuple of int)."""
    return tuple(sorted(X.categories)) if isinstance(X, WindowedArray) else ()


class _PresentSteps:
    """The present steps of sequences, and the way back from transformed ones.

    Parameters
    ----------
    X : WindowedArray, list of ndarray, or ndarray
        Checked sequences.
    names : sequence of str or None
        Names of the features of a step.
    coded : tuple of int
        The features that are codes of categories, which are left as they are.
    """

    def __init__(self, X, names, coded):
        self._X, self._names, self._coded = X, names, coded
        if isinstance(X, WindowedArray):
            self._rows = X.values
            candidates = np.flatnonzero(X.rows_read())
        elif isinstance(X, list):
            self._rows = np.concatenate(X)
            candidates = np.arange(len(self._rows))
        else:
            self._rows = X.reshape(-1, X.shape[2] if X.ndim == 3 else 1)
            candidates = np.arange(len(self._rows))
        self.numbers = np.setdiff1d(np.arange(self._rows.shape[1]), list(coded))
        if not len(self.numbers):
            raise ValueError(
                "X has no feature but categories, which TimeDistributed leaves as they "
                "are: there is nothing for its transformer."
            )
        if self._rows.dtype.kind == "f":
            absent = np.isnan(self._choose(candidates)).all(axis=1)
            candidates = candidates[~absent]
        self.present = candidates

    def _choose(self, rows):
        return self._rows if len(rows) == len(self._rows) else self._rows[rows]

    def table(self):
        """Return the present steps, as a DataFrame where they have names."""
        rows = self._choose(self.present)
        return self.as_table(rows[:, self.numbers] if self._coded else rows)

    def as_table(self, rows):
        """Return rows as the transformer is to see them."""
        if self._names is None:
            return rows
        return pd.DataFrame(rows, columns=[self._names[j] for j in self.numbers])

    def rebuild(self, result, names_out):
        """Put the transformed steps where they came from."""
        X, n_made = self._X, result.shape[1]
        if self._coded:
            codes = self._choose(self.present)[:, list(self._coded)]
            result = np.concatenate([result, codes], axis=1)
        width = result.shape[1]
        # Whole numbers too: a step may be absent in the next X, if not in this one.
        dtype = result.dtype if result.dtype.kind == "f" else np.float64
        if len(self.present) == len(self._rows):
            rows = result.astype(dtype, copy=False)
        else:
            rows = np.full((len(self._rows), width), np.nan, dtype)
            rows[self.present] = result
        if isinstance(X, WindowedArray):
            categories = {
                n_made + i: X.categories[j] for i, j in enumerate(self._coded)
            }
            return X.with_values(rows, names_out(), categories)
        if isinstance(X, list):
            return np.split(rows, np.cumsum([len(item) for item in X])[:-1])
        if X.ndim == 2 and width == 1:
            return rows.reshape(X.shape)
        return rows.reshape(X.shape[0], X.shape[1], width)
