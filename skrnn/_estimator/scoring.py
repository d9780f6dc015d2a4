"""Scorers of scikit-learn that judge the epochs of a training."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring
from sklearn.utils import _safe_indexing

from skrnn._warn import warn_user


def new_scorer(estimator, judge_of, samples, given):
    """Make a scorer (ValidationScorer), or None if ``scoring`` asks for none.

    Parameters
    ----------
    estimator : BaseRNN
        What is fitted; not touched.
    judge_of, samples, given
        As for `ValidationScorer`.
    """
    if estimator.scoring is None:
        return None
    scorer = check_scoring(estimator, estimator.scoring)
    return ValidationScorer(scorer, estimator.scoring, judge_of, samples, given)


class ValidationScorer:
    """Judges a network in training as the estimator that it will be part of.

    Parameters
    ----------
    scorer : callable
        A scorer of scikit-learn.
    scoring : str or callable
        What asked for it.
    judge_of : callable
        Takes a net, and gives a fitted estimator of that network alone.
    samples, given : tuple of two array-like
        X and y of the fit, and for validation (or two times None), as they came.
    """

    def __init__(self, scorer, scoring, judge_of, samples, given):
        self._scorer, self._scoring, self._judge_of = scorer, scoring, judge_of
        self._samples, self._given = samples, given

    def of_given(self, net):
        """Return what judges a net by the validation samples that the user gave."""
        return self._judging(net, *self._given)

    def of_rows(self, net, rows):
        """Return what judges a net by some rows (ndarray of int64) of X."""
        X, y = (_safe_indexing(part, rows) for part in self._samples)
        return self._judging(net, X, y)

    def _judging(self, net, X, y):
        judge = self._judge_of(net)

        def score():
            try:
                # What is beyond a float is said below.
                with np.errstate(over="ignore", invalid="ignore"):
                    value = float(self._scorer(judge, X, y))
            except ValueError as error:
                lack = _lack_of_classes(judge, y)
                if not lack:
                    raise
                raise self._undefined(f"fails ({error})", y, lack) from error
            if not np.isfinite(value):
                told = "NaN" if np.isnan(value) else str(value)
                lack = _lack_of_classes(judge, y)
                raise self._undefined(f"gives {told}", y, lack)
            return value

        return score

    def _undefined(self, what, y, lack):
        return ValueError(
            f"scoring={self._scoring!r} {what} on the {len(y)} validation samples, so "
            f"that no epoch can be the best.{lack} Raise validation_fraction, give "
            "X_val and y_val, choose another scoring, or set scoring=None for the "
            "validation loss."
        )

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


def _lack_of_classes(judge, y):
    """Say which classes no validation sample has (str); nothing if each has one."""
    if not is_classifier(judge):
        return ""
    y = np.asarray(y)
    if judge._targets.is_multilabel:
        fixed = np.flatnonzero((y == y[0]).all(axis=0))
        return f" Labels {fixed} are the same in all of them." if len(fixed) else ""
    missing = np.setdiff1d(judge.classes_, y)
    if len(missing) == 0:
        return ""
    return (
        f" None of them is of the classes {missing}: the only sample of a class stays "
        "in training, and so does a class that validation_gap leaves no other sample."
    )
