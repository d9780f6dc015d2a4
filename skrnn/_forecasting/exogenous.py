"""What exogenous values add to the targets of their own time, linearly."""

import numpy as np
from sklearn.linear_model import RidgeCV

from skrnn._forecasting.differencing import (
    differences,
    filled_forward,
    mean_of_known,
)

__all__ = ["LinearEffect"]

_ALPHAS = np.logspace(-2, 4, 7)
# The share of the changes that has to be explained for any effect to be taken off.
_LEAST_EXPLAINED = 0.03


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
    def fit(cls, prepared, polynomial, is_future):
        """Find the effect, if there is one.

        Parameters
        ----------
        prepared : Prepared
            The table of fit, nothing taken off yet.
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
        table = prepared.table
        if table.x is None or not is_future.any():
            return None
        polynomial = polynomial if len(polynomial) > 1 else np.array([1.0, -1.0])
        mean = mean_of_known(table.x)
        x = filled_forward(table.x, prepared.start, mean)[:, is_future]
        changes_x = differences(x, polynomial)
        changes_u = differences(prepared.u, polynomial)
        unknown = (~prepared.known).any(axis=1, keepdims=True).astype(float)
        usable = differences(unknown, np.abs(polynomial))[:, 0] == 0
        usable &= np.arange(len(x)) - prepared.start >= len(polynomial) - 1
        changes_x, changes_u = changes_x[usable], changes_u[usable]
        spread = changes_x.std(axis=0)
        if len(changes_x) < 10 + 2 * len(spread) or not spread.any():
            return None
        spread = np.where(spread > 0, spread, np.inf)
        ridge = RidgeCV(_ALPHAS).fit(changes_x / spread, changes_u)
        variance = np.mean((changes_u - changes_u.mean(axis=0)) ** 2)
        if -ridge.best_score_ > (1 - _LEAST_EXPLAINED) * variance:
            return None
        weight = np.zeros((len(mean), prepared.u.shape[1]))
        coefficients = ridge.coef_.reshape(-1, len(spread))  # (k, n_future)
        weight[is_future] = (coefficients / spread).T
        return cls(weight, mean)

    def of(self, table, start):
        """The effect at each row (n_rows, n_targets), in units of the series."""
        x = filled_forward(table.x, start, self.mean)
        return (x - self.mean) @ self.weight
