"""The target among the columns of X that a window holds of its own row."""

import numpy as np

from skrnn._warn import warn_user
from skrnn.exceptions import TargetInWindowWarning

__all__ = ["warn_of_target"]

# Rows that are compared first: random columns differ in the first of them, and a column
# that equals y in so many deserves a look at all rows.
_FIRST_ROWS = 100


def warn_of_target(X, y, names, horizon=0, known=(), categories=None):
    """Warn if a column of X equals a column of y, and windows hold it of their own row.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The rows of a fit.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Their target.
    names : array-like of shape (n_features,)
        What the columns of X are called.
    horizon : int, default=0
        How many rows before its own row a window ends.
    known : tuple of int, default=()
        The columns that are known ahead, which it holds of its own row even so.
    categories : dict of Categories, default=None
        Those of the columns that hold codes, by position.

    Warns
    -----
    TargetInWindowWarning
        If there is such a column that is not constant.
    """
    columns = np.arange(X.shape[1]) if horizon == 0 else np.asarray(known, dtype=int)
    equal = _columns_equal_to(X, columns, y, categories or {})
    leaking = ", ".join(str(names[columns[i]]) for i in equal)
    if not leaking:
        return
    if horizon == 0:
        why = "with horizon=0 the window of a row includes the row itself"
        remedy = "Use horizon=1 to predict each row from the rows before it."
    else:
        why = "as a column known ahead it is in the window of its own row"
        remedy = "Leave it out of known."
    warn_user(
        f"Column {leaking} of X equals y, and {why}: the model is shown what it is to "
        f"predict. {remedy}",
        TargetInWindowWarning,
    )


def _columns_equal_to(X, columns, y, categories):
    """Places among columns of X that are one of y, constants aside."""
    y = np.asarray(y)
    if y.dtype.kind not in "fiubOU" or len(y) != len(X):
        return []
    targets = [t for t in y.reshape(len(y), -1).T if (t[1:] != t[:-1]).any()]
    head, equal = slice(0, _FIRST_ROWS), []
    for place, column in enumerate(columns):
        feature, of = X[:, column], categories.get(column)
        if any(
            _is_target(feature[head], target[head], of)
            and _is_target(feature, target, of)
            for target in targets
        ):
            equal.append(place)
    return equal


def _is_target(feature, target, categories):
    if categories is not None:
        try:
            target = categories.codes_of(target, "y")
        except ValueError:  # of another kind
            return False
    return target.dtype.kind in "fiub" and _equal_or_both_missing(feature, target)


def _equal_or_both_missing(feature, target):
    target = target.astype(feature.dtype) if feature.dtype.kind == "f" else target
    return bool(
        np.all((feature == target) | ((feature != feature) & (target != target)))
    )
