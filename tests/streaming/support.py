"""Small fitted pipelines, and the batch that streams are compared with."""

import warnings

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from skrnn import RNNRegressor, SlidingWindow
from tests.instruction_levels import ROUNDING


class Echo(BaseEstimator):
    """Predicts its windows, so that every number of them is compared."""

    def fit(self, X, y=None):
        self.is_fitted_ = True
        return self

    def predict(self, X):
        return np.array(X, dtype=np.float64).reshape(len(X), -1)


def small_regressor(**options):
    given = {"hidden_size": 5, "max_epochs": 2, "n_estimators": 1, "random_state": 0}
    given |= {"early_stopping": False}
    return RNNRegressor("gru", **given | options)


def random_rows(n_rows, n_features=2, seed=0):
    return np.random.default_rng(seed).normal(size=(n_rows, n_features))


def target_of(values):
    """No linear law, so that the network has to count."""
    return np.sin(3 * values[:, 0]) * np.roll(values[:, -1], 1)


def hourly(n_rows, seed=0, names="ab"):
    values = random_rows(n_rows, len(names), seed)
    index = pd.date_range("2024-01-01", periods=n_rows, freq="h")
    return pd.DataFrame(values, index, list(names))


def fitted(window, *others, table):
    """A pipeline that is fitted on a table, without the warnings of its smallness."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_pipeline(window, *others).fit(table, target_of(np.asarray(table)))


def hourly_pipeline(*others, table=None, **options):
    window = SlidingWindow(4, **{"history": "allow"} | options)
    others = others or (small_regressor(),)
    return fitted(window, *others, table=hourly(60) if table is None else table)


def batch_of(pipeline, arrived, names, method="predict"):
    """What a pipeline says of rows in time order, by their keys and times.

    Parameters
    ----------
    arrived : dict
        Values of the rows by their key and time.
    """
    order = sorted(arrived)
    times = pd.Index([time for _, time in order])
    if order[0][0] is not None:
        keys = [key for key, _ in order]
        times = pd.MultiIndex.from_arrays([keys, times])
    table = pd.DataFrame([arrived[place] for place in order], times, names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        predicted = getattr(pipeline, method)(table)
    return dict(zip(order, predicted, strict=True))


def is_same(got, want):
    """Whether predictions are equal, to the bit where kernels compute them."""
    got, want = np.asarray(got), np.asarray(want)
    if got.dtype.kind != "f":
        return np.array_equal(got, want)
    return np.allclose(got, want, rtol=ROUNDING, atol=ROUNDING, equal_nan=True)
