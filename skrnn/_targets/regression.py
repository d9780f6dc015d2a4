"""Targets of a regressor."""

import numpy as np

from skrnn._targets.losses import regression_loss
from skrnn._targets.reading import checked_y
from skrnn._targets.targets import Targets
from skrnn._units import LEAST, MOST, are_finite, exponents_of, times_power_of_two


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
        self.exponents = fitted.exponents

    def choose_units(self, target, level=0.0, like=None):
        """Note powers of two by which extreme targets are divided."""
        largest = np.maximum(np.abs(target).max(axis=0, initial=0.0), level)
        if isinstance(like, RegressionTargets) and like.n_targets == self.n_targets:
            # A head that is taken over gives targets in its own unit.
            moved = 0 if like.exponents is None else -like.exponents
            moved = times_power_of_two(largest, moved)
            if ((moved == 0) | ((moved >= LEAST) & (moved <= MOST))).all():
                self.exponents = like.exponents
                return
        self.exponents = exponents_of(largest)

    def in_units(self, target):
        """Divide targets by those powers of two."""
        if self.exponents is None:
            return target
        return times_power_of_two(target, -self.exponents)

    def in_units_of_y(self, values):
        """Bring what is predicted (n, n_targets, ...) back to the user's units.

        Raises
        ------
        ValueError
            If a value is then beyond the largest float.
        """
        if self.exponents is not None:
            exponents = self.exponents.reshape(-1, *[1] * (values.ndim - 2))
            values = times_power_of_two(values, exponents)
        if not are_finite(values):
            sample = int(np.argwhere(~np.isfinite(values))[0, 0])
            raise ValueError(
                f"The prediction of sample {sample} is beyond the largest float, "
                "1.8e308: its values are too far from those of fit, or y needs a "
                "larger unit. Leave the sample out, or fit with y divided by a "
                "constant."
            )
        return values

    def _has_noted(self):
        is_count = isinstance(self.n_targets, int) and self.n_targets > 0
        units = self.exponents
        has_units = units is None or np.shape(units) == (self.n_targets,)
        return is_count and self.y_ndim in (1, 2) and has_units

    def new_loss(self):
        """Make the head of a network and its loss."""
        return regression_loss(self.loss, self.quantiles)

    def fitted_attributes(self):
        """Return what a regressor shows of y."""
        return {"n_outputs_": self.n_targets}

    def in_shape_of_y(self, values):
        """Bring predictions (n, n_targets, ...) to the unit and shape of y in fit."""
        values = self.in_units_of_y(values)
        return values[:, 0] if self.y_ndim == 1 else values
