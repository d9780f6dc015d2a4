"""Fold flat lag columns into sequences: (n, T * F) becomes (n, T, F)."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skrnn._numbers import AT_LEAST_ONE, plain
from skrnn._typing import ArrayLike, fit_context
from skrnn.reshape._base import SequenceTransformer
from skrnn.windows._given_rows import check_rows
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

    __module__ = "skrnn.reshape"  # by which files name it

    n_timesteps_: int
    n_step_features_: int
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

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
            Flat columns, any real dtype.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : ToSequence
            The fitted transformer.

        Raises
        ------
        ValueError
            If the columns do not make up whole steps.
        """
        X = check_rows(self, X, reset=True)
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
        return self

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Fold the columns.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps * n_features)
            Flat columns.

        Returns
        -------
        sequences : ndarray of shape (n_samples, n_timesteps, n_features)
            The sequences, in the dtype of X.
        """
        check_is_fitted(self)
        X = check_rows(self, X, reset=False)
        if self._order == "time":
            return X.reshape(len(X), self.n_timesteps_, self.n_step_features_)
        folded = X.reshape(len(X), self.n_step_features_, self.n_timesteps_)
        return folded.transpose(0, 2, 1)

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
