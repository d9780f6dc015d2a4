"""Fold flat lag columns into sequences: (n, T * F) becomes (n, T, F)."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skrnn._categories.categories import (
    Categories,
    categories_from_text,
    text_of_categories,
)
from skrnn._categories.tables import all_columns, encode_table, find_categories
from skrnn._numbers import AT_LEAST_ONE, plain
from skrnn._typing import ArrayLike, fit_context
from skrnn.reshape._base import SequenceTransformer
from skrnn.windows._array import WindowedArray
from skrnn.windows._given_rows import check_rows, refuse_sequences
from skrnn.windows._sequence_output import SequenceOutputMixin


class ToSequence(SequenceOutputMixin, SequenceTransformer, auto_wrap_output_keys=None):
    """Fold flat columns into sequences: (n, T * F) becomes (n, T, F).

    Parameters
    ----------
    n_timesteps : int, default=None
        Steps T of a sequence. None takes what `n_features` leaves.
    n_features : int, default=None
        Features F of a step. None takes what `n_timesteps` leaves, or 1 if that is
        None too.
    order : {"time", "feature"}, default="time"
        Whether the columns hold one step after the other, each with all its features,
        or one feature after the other, each with all its steps.

    Attributes
    ----------
    n_timesteps_ : int
        Steps of a sequence.
    n_step_features_ : int
        Features of a step.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,) of str
        Names of the columns; only where X has string names.

    See Also
    --------
    FlattenSequence : The way back.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import ToSequence
    >>> X = np.arange(12).reshape(2, 6)
    >>> ToSequence(n_features=2).fit_transform(X)[0]
    array([[0, 1],
           [2, 3],
           [4, 5]])
    >>> ToSequence(n_features=2, order="feature").fit_transform(X)[0]
    array([[0, 3],
           [1, 4],
           [2, 5]])
    """

    n_timesteps_: int
    n_step_features_: int
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    _categories = "[]"  # as text; what a fit finds in its columns

    _parameter_constraints: dict = {
        "n_timesteps": [AT_LEAST_ONE, None],
        "n_features": [AT_LEAST_ONE, None],
        "order": [StrOptions({"time", "feature"})],
    }

    def __init__(
        self,
        n_timesteps: int | None = None,
        n_features: int | None = None,
        *,
        order: Literal["time", "feature"] = "time",
    ) -> None:
        self.n_timesteps = n_timesteps
        self.n_features = n_features
        self.order = order

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn the shape.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps * n_features)
            Flat columns, any real dtype, or categories as in `SlidingWindow`.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : ToSequence
            The fitted transformer.

        Raises
        ------
        ValueError
            If the columns do not make up whole steps, or those of one feature are
            categories in part.
        """
        refuse_sequences(X, self)
        table, found = X, find_categories(X)
        X = check_rows(self, encode_table(X, found), reset=True)
        n_columns = X.shape[1]
        steps, features = plain((self.n_timesteps, self.n_features))
        if features is None:
            features = 1 if steps is None else n_columns // steps
        if steps is None:
            steps = n_columns // features
        if steps * features != n_columns:
            raise ValueError(
                f"X has {n_columns} columns, which are not n_timesteps={steps} times "
                f"n_features={features}. Change one, or leave it None to infer it."
            )
        self.n_timesteps_, self.n_step_features_ = steps, features
        self._order = self.order
        of_features = self._of_features(table, found) if found else {}
        self._categories = text_of_categories(of_features)
        return self

    def transform(self, X: ArrayLike) -> NDArray[Any] | WindowedArray:
        """Fold the columns.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps * n_features)
            Flat columns.

        Returns
        -------
        sequences : ndarray or WindowedArray of shape (n_samples, n_timesteps, \
                n_features)
            The sequences, in the dtype of X; as a WindowedArray, which tells what codes
            mean, where columns are categories.
        """
        check_is_fitted(self)
        categories = categories_from_text(self._categories, self.n_step_features_)
        index = X.index if isinstance(X, pd.DataFrame) else None
        if categories:
            of_columns = {
                j: categories[feature]
                for j, feature in enumerate(self._feature_of_columns().tolist())
                if feature in categories
            }
            names = getattr(self, "feature_names_in_", None)
            X = encode_table(X, of_columns, names)
        X = check_rows(self, X, reset=False)
        shape = len(X), self.n_timesteps_, self.n_step_features_
        if self._order == "time":
            folded = X.reshape(shape)
        else:
            folded = X.reshape(len(X), *shape[:0:-1]).transpose(0, 2, 1)
        if not categories:
            return folded
        stop = self.n_timesteps_ * np.arange(1, len(X) + 1)
        return WindowedArray(
            folded.reshape(-1, self.n_step_features_),
            stop,
            np.full_like(stop, self.n_timesteps_),
            self.n_timesteps_,
            index=index,
            feature_names=self.get_feature_names_out().tolist(),
            categories=categories,
        )

    def _feature_of_columns(self):
        """The feature of a step that each column holds (ndarray of int)."""
        column = np.arange(self.n_timesteps_ * self.n_step_features_)
        if self._order == "time":
            return column % self.n_step_features_
        return column // self.n_timesteps_

    def _of_features(self, table, found):
        """The categories (dict) of features of a step, whose columns have some."""
        values = all_columns(table)
        feature, together = self._feature_of_columns(), {}
        for j in sorted({int(feature[place]) for place in found}):
            columns = np.flatnonzero(feature == j).tolist()
            numbers = [place for place in columns if place not in found]
            if numbers:
                names = list(getattr(table, "columns", range(table.shape[1])))
                raise ValueError(
                    f"Feature {j} of a step has its values in the columns "
                    f"{[names[place] for place in columns]}, of which "
                    f"{[names[place] for place in numbers]} hold numbers and the "
                    "others categories. Give all of them one type, or change `order`."
                )
            together[j] = Categories.of(*(values[place] for place in columns))
        return together

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_]:
        """Name the features of a step.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns, to be checked against those of fit.

        Returns
        -------
        names : ndarray of shape (n_features,) of object
            ``x0``, ``x1`` and so on; those of the columns if there is a single step.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        if self.n_timesteps_ == 1:
            return names
        count = self.n_step_features_
        return np.array([f"x{i}" for i in range(count)], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = False
        return tags


# By which files name it. Within the class, inspect would show lines of that module.
ToSequence.__module__ = "skrnn.reshape"
