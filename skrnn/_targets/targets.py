"""What both sorts of targets have in common: the way from y to the loss and back."""

from abc import ABC, abstractmethod

import numpy as np

from skrnn._units import ordinary_weights


class Targets(ABC):
    """What an estimator predicts, learned from the y of its fit.

    It is the only thing that a regressor and a classifier say differently: everything
    below asks this object and no estimator.

    Parameters
    ----------
    estimator_name : str
        Whose targets they are; named in the errors.

    Attributes
    ----------
    is_scaled : bool
        Whether the network learns targets with mean 0 and deviation 1.
    is_centered : bool
        Whether scaling takes the mean off; else targets are divided by it.
    has_classes : bool
        Whether a sample is of one class, and each class validates.
    n_targets : int
        Targets of the network, or classes.
    exponents : ndarray of shape (n_targets,) of int32, or None
        The network learns targets divided by two to that power; None where those are
        the user's.
    """

    exponents = None
    is_scaled = False
    is_centered = True
    has_classes = False

    def __init__(self, estimator_name):
        self.estimator_name = estimator_name

    @abstractmethod
    def fit(self, y, classes=None):
        """Note what y is like and encode it (ndarray), as `read` does."""

    @abstractmethod
    def read(self, y, classes=None):
        """Check y against what was noted and encode it.

        Returns
        -------
        ndarray of shape (n_samples, n_targets) of float64, or (n_samples,) of int64
            Numbers, or the places of classes.
        """

    @abstractmethod
    def take_over(self, fitted):
        """Note what other targets (of the same kind) have noted, to go on from it."""

    def choose_units(self, target, level=0.0, like=None):
        """Note in which units targets are learned, in a fit that begins anew.

        Parameters
        ----------
        target : ndarray
            Encoded, in the user's units.
        level : float, default=0.0
            A value that is taken off the targets, and that the unit has to hold too.
        like : Targets, default=None
            Those of an estimator to begin with.
        """
        return  # classes have none

    def in_units(self, target):
        """Return targets (ndarray), encoded in the user's units, in those noted."""
        return target

    def note(self, noted):
        """Take over attributes (dict) that targets of this kind have noted.

        Raises
        ------
        ValueError
            If they are not what `fit` notes.
        """
        vars(self).update(noted)
        if not self._has_noted():
            raise ValueError("What was noted of y is not what a fit notes.")

    @abstractmethod
    def _has_noted(self):
        """Whether what was noted of y is of the right types."""

    @abstractmethod
    def new_loss(self):
        """Make the head of a network and its loss."""

    @abstractmethod
    def fitted_attributes(self):
        """Return what estimators show of y (dict of values by attribute)."""

    def loss_weight(self, target, weight):
        """Return what the loss of each sample weighs (n,), or None for 1 each.

        Parameters
        ----------
        target : ndarray
            Encoded.
        weight : ndarray of shape (n,) of float64, or None
            Weights of the samples.
        """
        return weight

    def validation_groups(self, target, series):
        """Return groups (n,) of int whose newest rows validate; None for one group.

        Parameters
        ----------
        target : ndarray
            Encoded.
        series : ndarray of shape (n,) of int, or None
            Which series each sample belongs to.
        """
        return series

    def with_mean_one(self, weight):
        """Scale weights of the loss to mean 1; refuse those that are all zero.

        The mean over a full batch is then the weighted mean, and small batches keep
        their relative weights.
        """
        weight = ordinary_weights(weight)
        mean = weight.mean()
        if mean == 0:
            self._refuse_weights()
        return np.asarray(weight / mean)

    def _refuse_weights(self):
        raise ValueError(
            "No sample of the training or the validation data has a weight."
        )
