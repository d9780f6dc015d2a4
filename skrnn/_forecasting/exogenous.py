"""What exogenous values add to the targets of their own time, linearly."""

import numpy as np
from sklearn.linear_model import RidgeCV

from skrnn._forecasting.differencing import (
    differences,
    filled_forward,
    mean_of_known,
)

__all__ = ["LinearEffect"]

# Penalties that leave-one-out errors choose from, a decade apart. Set by hand, as what
# follows.
_ALPHAS = np.logspace(-2, 4, 7)
# The share of the changes that has to be explained for any effect to be taken off: of
# less the network, which reads the columns too, may make what it can.
_LEAST_EXPLAINED = 0.03
# So many changes, and so many more for each column, are the least to learn from.
_LEAST_CHANGES, _CHANGES_PER_COLUMN = 10, 2
# So many times the usual change is an accident, of which nothing is learned.
_ABSURD = 2.0**20


class LinearEffect:
    """Regression of the changes of targets on the changes of exogenous values.

    With the rest forecast as a series of its own this is regression with errors that
    have a memory. One set of weights holds for all series and steps ahead, so that few
    rows tell it, which a network would have to learn for each step anew.

    Parameters
    ----------
    weight : ndarray of shape (n_exogenous, n_targets) of float64
        What one more of each adds, in units of the series.
    mean : ndarray of shape (n_exogenous,) of float64
        What missing values are taken for, and where nothing is added.
    """

    def __init__(self, weight, mean):
        self.weight, self.mean = weight, mean

    @classmethod
    def fit(cls, x, u, known, start, polynomial, is_future):
        """Find the effect, if there is one.

        Parameters
        ----------
        x : ndarray of shape (n_rows, n_exogenous) of float64, or None
            The exogenous values of fit.
        u : ndarray of shape (n_rows, n_targets) of float64
            The targets without gaps, in units of their series.
        known : ndarray of shape (n_rows, n_targets) of bool
            Which of those were observed.
        start : ndarray of shape (n_rows,) of int64
            First row of the series of each row.
        polynomial : ndarray of float64
            Coefficients, by lag, of the differences that the targets get; a difference
            from row to row is taken where they get none.
        is_future : ndarray of shape (n_exogenous,) of bool
            The columns whose future is known; the others have no effect.

        Returns
        -------
        LinearEffect or None
            None if leave-one-out errors are hardly smaller with it.
        """
        if x is None or not is_future.any():
            return None
        polynomial = polynomial if len(polynomial) > 1 else np.array([1.0, -1.0])
        mean = mean_of_known(x)
        x = filled_forward(x, start, mean)[:, is_future]
        changes_x = differences(x, polynomial)
        changes_u = differences(u, polynomial)
        unknown = (~known).any(axis=1, keepdims=True).astype(float)
        usable = differences(unknown, np.abs(polynomial))[:, 0] == 0
        usable &= np.arange(len(x)) - start >= len(polynomial) - 1
        changes_x, changes_u = changes_x[usable], changes_u[usable]
        kept = ~_is_absurd(changes_x).any(axis=1)
        changes_x, changes_u = changes_x[kept], changes_u[kept]
        spread = changes_x.std(axis=0)
        least = _LEAST_CHANGES + _CHANGES_PER_COLUMN * len(spread)
        if len(changes_x) < least or not spread.any():
            return None
        spread = np.where(spread > 0, spread, np.inf)
        ridge = RidgeCV(_ALPHAS).fit(changes_x / spread, changes_u)
        variance = np.mean((changes_u - changes_u.mean(axis=0)) ** 2)
        if -ridge.best_score_ > (1 - _LEAST_EXPLAINED) * variance:
            return None
        weight = np.zeros((len(mean), u.shape[1]))
        coefficients = ridge.coef_.reshape(-1, len(spread))  # (k, n_future)
        weight[is_future] = (coefficients / spread).T
        return cls(weight, mean)

    def of(self, x, start):
        """The effect at each row (n_rows, n_targets), in units of the series."""
        x = filled_forward(x, start, self.mean)
        return (x - self.mean) @ self.weight


def _is_absurd(changes):
    """Which changes are beyond all measure, beside 95 % of their column (bool)."""
    if not len(changes):
        return np.zeros(changes.shape, dtype=bool)
    sizes = np.abs(changes)
    usual = np.quantile(sizes, 0.95, axis=0)
    return (usual > 0) & (sizes > _ABSURD * usual)
