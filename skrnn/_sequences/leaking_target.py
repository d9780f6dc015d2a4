"""The target among the features: a column left in, or windows that end too late.

Both are learned at once, score perfectly, and predict nothing of what is not known yet.
What is looked for cannot be there by chance:

- a feature that is the same at all steps of a sequence, and tells its target in every
  sample (equal to it; or, for classes, one value for each class);
- a feature of a table, or of a list of tables, whose last step is the target in every
  sample;
- the same of a feature of an array that holds the windows of a series, each a step
  later than the one before it, which should have ended a step earlier.

A few samples are looked at first, so that nothing is read twice where there is none.
"""

import numpy as np
import pandas as pd

from skrnn._sequences.nested import is_nested, is_ragged
from skrnn._warn import warn_user
from skrnn.exceptions import TargetInWindowWarning

__all__ = ["warn_of_leaking_target"]

# Samples that are compared first, and fewer than which nothing is said: a flag that is
# drawn by lot names two classes in one of 2**19 such sets.
_FIRST, _FEWEST = 8, 20


def warn_of_leaking_target(X, y, estimator_name, *, is_classification):
    """Warn if a feature of X is the target.

    Parameters
    ----------
    X, y : object
        As the user gave them, of a fit that has read them.
    estimator_name : str
        Who is fitted.
    is_classification : bool
        Whether y holds classes.

    Warns
    -----
    TargetInWindowWarning
        If there is such a feature.
    """
    features = _features_of(X)
    if features is None:
        return
    for target in _targets_of(y):
        for feature in features.numbers:
            found = features.sign(feature, target, is_classification)
            if found is not None:
                warn_user(
                    f"{found} {estimator_name} is shown what it is to predict. "
                    f"{features.remedy(feature)}",
                    TargetInWindowWarning,
                )
                return


def _targets_of(y):
    """Columns (list of ndarray) of y that are long enough and not constant."""
    values = np.asarray(y)
    if values.ndim not in (1, 2) or len(values) < _FEWEST:
        return []
    columns = values.reshape(len(values), -1).T
    return [column for column in columns if (column[1:] != column[:-1]).any()]


def _features_of(X):
    if isinstance(X, pd.DataFrame) or type(X).__name__ == "DataFrame":
        return None if is_nested(X) else _Table(X)
    if is_ragged(X):
        return _Sequences(list(X))
    if isinstance(X, np.ndarray) and X.ndim in (2, 3) and X.dtype != object:
        return _Array(X if X.ndim == 3 else X[:, :, None], is_2d=X.ndim == 2)
    return None


class _Table:
    """Columns of a table, each a step of a univariate sequence."""

    def __init__(self, X):
        self._X, self.numbers = X, range(X.shape[1])
        self._first = np.asarray(X.head(_FIRST))

    def sign(self, feature, target, is_classification):
        """Say (str) what shows that a feature is the target, or None."""
        if not _equal(self._first[:, feature], target[:_FIRST]):
            return None
        if not _equal(_column(self._X, feature), target):
            return None
        return f"Column {self._X.columns[feature]!r} of X equals y:"

    def remedy(self, feature):
        """Say (str) what to do about it."""
        return f"Leave the column {self._X.columns[feature]!r} out."


class _Sequences:
    """Features of a list of tables or arrays, each a sequence."""

    def __init__(self, X):
        self._X = X
        self._names = getattr(X[0], "columns", None)
        self.numbers = range(np.shape(X[0])[1])

    def sign(self, feature, target, is_classification):
        """Say (str) what shows that a feature is the target, or None."""
        some = slice(0, _FIRST)
        if self._sign(self._X[some], feature, target[some], is_classification) is None:
            return None
        return self._sign(self._X, feature, target, is_classification)

    def _sign(self, sequences, feature, target, is_classification):
        columns = [_column(one, feature) for one in sequences]
        if not all(map(len, columns)):
            return None
        last = np.array([column[-1] for column in columns], dtype=object)
        if max(map(len, columns)) > 1 and all(map(_is_constant, columns)):
            if _tells(last, target, is_classification):
                return (
                    f"{self._called(feature)} of X is the same at all steps of a "
                    "sequence, and tells y in every sample:"
                )
        if self._names is not None and _equal(last, target):
            return (
                f"{self._called(feature)} of X equals y in the last step of each "
                "sequence:"
            )
        return None

    def _called(self, feature):
        if self._names is None:
            return f"Feature {feature}"
        return f"Column {self._names[feature]!r}"

    def remedy(self, feature):
        """Say (str) what to do about it."""
        if self._names is None:
            return f"Leave it out: [numpy.delete(x, {feature}, axis=1) for x in X]."
        return f"Leave the column {self._names[feature]!r} out of the tables."


class _Array:
    """Features of an array of shape (n_samples, n_timesteps, n_features)."""

    def __init__(self, X, *, is_2d):
        self._X, self._is_2d = X, is_2d
        n_steps = X.shape[1]
        self.numbers = range(X.shape[2]) if n_steps > 1 else ()
        first = X[:_FIRST]
        self._are_windows = n_steps > 1 and np.array_equal(
            first[1:, :-1], first[:-1, 1:], equal_nan=X.dtype.kind == "f"
        )

    def sign(self, feature, target, is_classification):
        """Say (str) what shows that a feature is the target, or None."""
        X = self._X[:, :, feature]
        if not self._is_2d and _is_constant(X[:_FIRST].T) and _is_constant(X.T):
            if _tells(X[:, -1], target, is_classification):
                return (
                    f"Feature {feature} of X is the same at all steps of a sequence, "
                    "and tells y in every sample:"
                )
        if not self._are_windows or not _equal(X[:_FIRST, -1], target[:_FIRST]):
            return None
        if not _equal(X[:, -1], target):
            return None
        of = "" if self._is_2d else f" of feature {feature}"
        return (
            f"X holds windows of a series, and the last step{of} equals y in every "
            "window:"
        )

    def remedy(self, feature):
        """Say (str) what to do about it."""
        if self._are_windows:
            return (
                "The window of a target ends before it: y[i] is the value that follows "
                "X[i]. skrnn.make_windows and SlidingWindow(horizon=1) make such."
            )
        return f"Leave it out: numpy.delete(X, {feature}, axis=2)."


def _column(table, number):
    """A column (ndarray) of a table of pandas or polars, or of an array."""
    if hasattr(table, "iloc"):
        return np.asarray(table.iloc[:, number])
    if hasattr(table, "columns"):
        return np.asarray(table[table.columns[number]])
    return np.asarray(table)[:, number]


def _is_constant(steps):
    """Whether all steps (n_timesteps, ...) are alike."""
    return bool((steps[1:] == steps[:-1]).all())


def _equal(values, target):
    """Whether all values are those of the target; what is missing never is."""
    try:
        return bool(np.all(np.asarray(values == target)))
    except TypeError:  # pandas.NA is neither
        return False


def _tells(values, target, is_classification):
    """Whether values are the target, or name its classes one by one."""
    if _equal(values, target):
        return True
    if not is_classification:
        return False
    codes, classes = pd.factorize(target)
    # Of as many classes as samples every feature tells the class.
    is_many = len(classes) * 2 > len(target) > _FIRST
    return not is_many and bool(np.array_equal(pd.factorize(values)[0], codes))
