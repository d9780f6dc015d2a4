"""Ridge regression in the place of the network, on the windows of the forecaster."""

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline

from skrnn import FlattenSequence

__all__ = ["ridge"]


def ridge():
    """A pipeline over windows (n, L, F), for the forecaster's `estimator`."""
    zero = SimpleImputer(strategy="constant", fill_value=0)
    return make_pipeline(FlattenSequence(), zero, RidgeCV(np.logspace(-3, 4, 15)))
