"""The target among the columns of X, where a window holds its own row."""

import numpy as np

from skrnn._warn import warn_user
from skrnn.exceptions import TargetInWindowWarning

__all__ = ["warn_of_target"]

# Rows that are compared first: random columns differ in the first of them, and a column
# that equals y in so many deserves a look at all rows.
_FIRST_ROWS = 100


def warn_of_target(X, y, names):
    """Warn if a column of X equals a column of y.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The rows of a fit.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Their target.
    names : array-like of shape (n_features,)
        What the columns of X are called.

    Warns
    -----
    TargetInWindowWarning
        If there is such a column that is not constant.
    """
    leaking = [str(names[column]) for column in _columns_equal_to(X, y)]
    if leaking:
        warn_user(
            f"Column {', '.join(leaking)} of X equals y, and with horizon=0 the "
            "window of a row includes the row itself: the model is shown what it "
            "is to predict. Use horizon=1 to predict each row from the rows "
            "before it.",
            TargetInWindowWarning,
        )


def _columns_equal_to(X, y):
    """The columns of X that are one of the columns of y, constants aside."""
    y = np.asarray(y)
    if y.dtype.kind not in "fiub" or len(y) != len(X):
        return []
    targets = [t for t in y.reshape(len(y), -1).T if (t[1:] != t[:-1]).any()]
    head = slice(0, _FIRST_ROWS)
    return [
        column
        for column, feature in enumerate(X.T)
        if any(
            _equal_or_both_missing(feature[head], target[head])
            and _equal_or_both_missing(feature, target)
            for target in targets
        )
    ]


def _equal_or_both_missing(feature, target):
    target = target.astype(feature.dtype) if feature.dtype.kind == "f" else target
    return bool(
        np.all((feature == target) | ((feature != feature) & (target != target)))
    )
