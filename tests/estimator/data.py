"""Samples, labels and short networks of the tests of estimators."""

from tests.support import samples_with_target

X, y = samples_with_target()
LABELS = (y > 0).astype(int)
SMALL = {
    "hidden_size": 6,
    "n_estimators": 1,
    "random_state": 0,
    "early_stopping": False,
    "max_epochs": 4,
}
