"""What a classifier costs that knows how frequent the classes are and nothing else."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import entr

from skrnn import RNNClassifier
from skrnn._ensemble import constant
from tests.support import waves_of_classes

X, y = waves_of_classes(30)
LABELS = (np.arange(30)[:, None] % [2, 3, 5] == 0).astype(int)
SHORT = {
    "hidden_size": 4,
    "n_estimators": 1,
    "n_kernels": None,
    "max_epochs": 1,
    "random_state": 0,
}


def constant_of(labels, sample_weight=None, **options):
    """Of a fit on all samples, which others validate."""
    model = RNNClassifier(**SHORT, **options)
    model.fit(X, labels, sample_weight, X_val=X, y_val=labels)
    return model.net_.best_weights.constant


def test_classes():
    share = np.unique(y, return_counts=True)[1] / len(y)
    assert_allclose(constant_of(y), entr(share).sum(), rtol=1e-6)


def test_weights_count():
    weight = np.arange(1.0, 31)
    share = np.bincount(np.unique(y, return_inverse=True)[1], weight) / weight.sum()
    assert_allclose(constant_of(y, weight), entr(share).sum(), rtol=1e-6)
    balanced = constant_of(y, class_weight="balanced")
    assert_allclose(balanced, np.log(len(share)), rtol=1e-6)


def test_it_is_summed_in_parts(monkeypatch):
    whole = constant_of(y)
    monkeypatch.setattr(constant, "_CHUNK_SIZE", 20)  # six samples of three classes
    assert_allclose(constant_of(y), whole, rtol=1e-6)


def test_labels():
    share = LABELS.mean(0)
    wanted = (entr(share) + entr(1 - share)).mean()
    assert_allclose(constant_of(LABELS), wanted, rtol=1e-6)


@pytest.mark.parametrize("loss", ["cross_entropy", "focal"])
def test_smoothed_labels_and_the_focal_loss(loss):
    places = np.unique(y, return_inverse=True)[1]
    share = np.bincount(places) / len(y)
    wanted = 0.1 / len(share) + 0.9 * np.eye(len(share))[places]  # (N, C)
    eased = (1 - share) ** 2 if loss == "focal" else 1
    by_hand = -(wanted * eased * np.log(share)).sum(1).mean()
    found = constant_of(y, loss=loss, label_smoothing=0.1)
    assert_allclose(found, by_hand, rtol=1e-6)


def test_there_is_none_without_validation_or_classes():
    model = RNNClassifier(**SHORT, early_stopping=False).fit(X, y)
    assert model.net_.best_weights.constant is None
