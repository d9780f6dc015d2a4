"""Targets of a regressor."""

import numpy as np

from skrnn._targets.losses import regression_loss
from skrnn._targets.reading import checked_y
from skrnn._targets.targets import Targets


class RegressionTargets(Targets):
    """One or more numbers a sample.

    Parameters
    ----------
    loss : str, or class of torch.nn.Module, or torch.nn.Module
        What is minimised.
    quantiles : sequence of float
        Levels of the quantile loss.
    estimator_name : str
        Whose targets they are.
    """

    is_scaled = True

    def __init__(self, loss, quantiles, estimator_name):
        super().__init__(estimator_name)
        self.loss, self.quantiles = loss, quantiles

    @property
    def is_centered(self):
        """Whether scaling takes the mean off: counts have no level to take off."""
        return not (isinstance(self.loss, str) and self.loss == "poisson")

    def fit(self, y, classes=None):
        """Note the shape of y and encode it."""
        y, target = self._checked(y)
        self.y_ndim, self.n_targets = y.ndim, target.shape[1]
        return target

    def read(self, y, classes=None):
        """Check y against the shape of fit and encode it."""
        target = self._checked(y)[1]
        if target.shape[1] != self.n_targets:
            raise ValueError(
                f"y has {target.shape[1]} targets, but this {self.estimator_name} was "
                f"fitted with {self.n_targets}. Set warm_start=False to start afresh."
            )
        return target

    def _checked(self, y):
        y = checked_y(y, self.estimator_name, dtype="numeric")
        target = y.astype(np.float64).reshape(len(y), -1)
        if not self.is_centered and (target.min() < 0 or target.max() == 0):
            raise ValueError(
                'loss="poisson" needs targets that are not negative, and some above '
                f"zero; y lies in [{target.min():g}, {target.max():g}]."
            )
        return y, target

    def take_over(self, fitted):
        """Note the shape that other targets have noted."""
        self.y_ndim, self.n_targets = fitted.y_ndim, fitted.n_targets

    def _has_noted(self):
        is_count = isinstance(self.n_targets, int) and self.n_targets > 0
        return is_count and self.y_ndim in (1, 2)

    def new_loss(self):
        """Make the head of a network and its loss."""
        return regression_loss(self.loss, self.quantiles)

    def fitted_attributes(self):
        """Return what a regressor shows of y."""
        return {"n_outputs_": self.n_targets}

    def in_shape_of_y(self, values):
        """Bring values (n, n_targets, ...) to the shape that y had in fit."""
        return values[:, 0] if self.y_ndim == 1 else values
