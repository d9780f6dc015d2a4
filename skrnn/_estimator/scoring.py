"""Scorers of scikit-learn that judge the epochs of a training."""

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import _safe_indexing

from skrnn._warn import warn_user


class ValidationScorer:
    """Judges a network in training as the estimator that it will be part of.

    Parameters
    ----------
    scoring : str or callable
        As for the estimators.
    judge_of : callable
        Takes a net, and gives a fitted estimator of that network alone.
    estimator : BaseRNN
        What is fitted; not touched.
    X, y : array-like
        Samples of the fit, as they were given.
    X_val, y_val : array-like or None
        Validation samples, as they were given.
    """

    def __init__(self, scoring, judge_of, estimator, X, y, X_val, y_val):
        self._scoring, self._judge_of = scoring, judge_of
        self._scorer = check_scoring(estimator, scoring)
        self._X, self._y, self._given = X, y, (X_val, y_val)

    def of_given(self, net):
        """Return what judges a net by the validation samples that the user gave."""
        return self._judging(net, *self._given)

    def of_rows(self, net, rows):
        """Return what judges a net by some rows (ndarray of int64) of X."""
        X, y = (_safe_indexing(part, rows) for part in (self._X, self._y))
        return self._judging(net, X, y)

    def _judging(self, net, X, y):
        judge = self._judge_of(net)

        def score():
            value = float(self._scorer(judge, X, y))
            if np.isnan(value):
                raise ValueError(
                    f"scoring={self._scoring!r} gives NaN on the {len(y)} validation "
                    "samples, so that no epoch can be the best. Raise "
                    "validation_fraction, give X_val and y_val, or set scoring=None."
                )
            return value

        return score

    def warn_unused(self, settings):
        """Say that there is no sample to judge by, and why (EnsembleSettings)."""
        lack = "early_stopping=False sets no sample aside"
        remedy = "Set early_stopping=True"
        if settings.early_stopping:
            lack = (
                f"validation_fraction={settings.validation_fraction} and "
                f"validation_gap={settings.validation_gap} leave no sample of so few "
                "to set aside"
            )
            remedy = "Raise validation_fraction"
        warn_user(
            f"scoring={self._scoring!r} is not used: {lack}, and no X_val was given. "
            f"{remedy}, give X_val and y_val to fit, or set scoring=None."
        )
