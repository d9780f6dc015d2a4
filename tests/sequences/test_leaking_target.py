"""The target among the features is told, and nothing else is taken for it."""

import warnings

import numpy as np
import pandas as pd
import pytest

from skrnn import RNNClassifier, RNNRegressor, make_windows
from skrnn.exceptions import TargetInWindowWarning

RNG = np.random.default_rng(0)
N = 24
OPTIONS = {"hidden_size": 2, "max_epochs": 1, "n_estimators": 1, "random_state": 0}
X = RNG.normal(size=(N, 5, 2))
Y = RNG.normal(size=N)
LABELS = np.array(["no", "yes", "well"])[np.arange(N) % 3]
TABLES = [pd.DataFrame(x[: 3 + i % 3], columns=["a", "b"]) for i, x in enumerate(X)]
SERIES = RNG.normal(size=40).cumsum()
WINDOWS = np.lib.stride_tricks.sliding_window_view(SERIES, 5)


def with_column(values):
    """Tables with a column that holds a value of each, at all its steps."""
    pairs = zip(TABLES, values, strict=True)
    return [table.assign(more=value) for table, value in pairs]


def with_last(values):
    """The same of the last step alone."""
    given = with_column(values)
    return [t.assign(more=t["more"] - np.arange(len(t))[::-1]) for t in given]


def fit(X, y):
    kind = RNNRegressor if np.asarray(y).dtype.kind == "f" else RNNClassifier
    options = OPTIONS | ({} if kind is RNNRegressor else {"n_kernels": None})
    return kind(**options, early_stopping=False).fit(X, y)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (with_column(Y), Y, "'more' of X is the same at all steps"),
        (with_column(LABELS), LABELS, "'more' .* tells y in every sample"),
        (with_column(np.arange(N) % 3 + 1.0), LABELS, "'more' .* tells y"),
        ([t.to_numpy() for t in with_column(Y)], Y, "Feature 2 .*numpy.delete"),
        (np.stack([X[:, :, 0], np.tile(Y, (5, 1)).T], axis=2), Y, "Feature 1 of X"),
        (with_last(Y), Y, "'more' of X equals y in the last step"),
        (pd.DataFrame(X[:, :, 0]).add_prefix("lag_").assign(y=Y), Y, "Column 'y' of X"),
        (WINDOWS, SERIES[4:], "windows of a series, and the last step equals y"),
        (WINDOWS[:, :, None], SERIES[4:], "last step of feature 0 equals y"),
    ],
)
def test_the_target_among_the_features_is_told(X, y, message):
    with pytest.warns(TargetInWindowWarning, match=message) as caught:
        fit(X, y)
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (TABLES, Y),
        (with_column(Y[::-1]), Y),
        (with_column(np.arange(N)), LABELS),  # one of its own for each sample
        (with_column(np.arange(N) % 2), LABELS),
        (with_column(np.ones(N)), np.ones(N)),
        (with_column(Y)[:19], Y[:19]),  # too few to tell
        # To learn to copy the last step is a task that toys have.
        (X, X[:, -1, 0]),
        (X[:, :, 0], X[:, -1, 0]),
        (make_windows(SERIES, 5)[0], make_windows(SERIES, 5)[1]),
    ],
)
def test_nothing_else_is_taken_for_it(X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("error", TargetInWindowWarning)
        fit(X, y)
