"""What scorers, those of skorch's callbacks among them, ask of a net."""

import numpy as np
from sklearn.utils import ClassifierTags


class Scored:
    """Predictions of a net, in the units and by the numbers of its loss."""

    @property
    def classes_(self):
        """Numbers of the classes (ndarray); those of each label, one below the other.

        Raises
        ------
        AttributeError
            If the loss knows no classes.
        """
        return self.module.target_head.classes(self.module.output_shape[0])

    def __sklearn_tags__(self):
        """Say that what has classes is a classifier: some scorers take no other."""
        tags = super().__sklearn_tags__()
        if hasattr(self.module.target_head, "classes"):
            tags.estimator_type = "classifier"
            tags.classifier_tags = ClassifierTags()
        return tags

    def predict_proba(self, X):
        """Compute, for skorch's callbacks, what the loss is computed from.

        Parameters
        ----------
        X : SequenceDataset
            The sequences.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples, n_targets, width)
            Probabilities of classes; else parameters in units of the loss.
        """
        parameters = super().predict_proba(X)
        head = self.module_.target_head
        return getattr(head, "probability", np.asarray)(parameters)

    def predict(self, X):
        """Predict, for skorch's callbacks, in units of the loss.

        Parameters
        ----------
        X : SequenceDataset
            The sequences.

        Returns
        -------
        ndarray of shape (n_samples, n_targets), or (n_samples,) of numbers of classes
        """
        return self.module_.target_head.location(super().predict_proba(X))
