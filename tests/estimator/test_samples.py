"""Which samples validate, scale and count, and the classes that they may have."""

from collections import UserDict

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from skorch.callbacks import Callback

from skrnn import RNNClassifier, RNNRegressor, SlidingWindow
from tests.support import same_bits
from tests.training.data import SMALL, X, y


def test_newest_rows_of_each_series_validate():
    index = pd.MultiIndex.from_product([["a", "b", "c"], range(30)])
    frame = pd.DataFrame(X, index=index)
    seen = {}

    class Spy(Callback):
        def on_train_begin(self, net, X=None, y=None, **kwargs):
            seen["sizes"] = len(X), len(y)

    options = {"max_epochs": 1, "validation_gap": 2}
    model = RNNRegressor(**SMALL, **options, callbacks=[Spy()])
    model.fit(frame, y)
    assert seen["sizes"] == (90 - 3 * (6 + 2), 18)
    windows = SlidingWindow(4, horizon=1).fit_transform(frame)
    model.fit(windows, y)
    assert seen["sizes"] == (90 - 3 * (6 + 2), 18)


def test_newest_rows_of_each_class_validate():
    labels = np.repeat(["x", "y", "z"], [70, 19, 1])  # sorted by class
    seen = {}

    class Spy(Callback):
        def on_train_begin(self, net, X=None, y=None, **kwargs):
            seen["valid"] = np.bincount(y.target.numpy(), minlength=3)
            seen["train"] = np.bincount(X.target.numpy(), minlength=3)

    options = SMALL | {"max_epochs": 1}
    RNNClassifier(**options, callbacks=[Spy()]).fit(X, labels)
    assert_array_equal(seen["valid"], [7, 1, 0])
    assert_array_equal(seen["train"], [63, 18, 1])


def test_scaling_is_that_of_the_training_samples():
    far = X.copy()
    far[-18:] += 1e6
    options = {"linear_steps": None, "max_epochs": 1}
    scaling = RNNRegressor(**SMALL, **options).fit(far, y).net_.module_.scaling
    assert_allclose(scaling.x_mean, [X[:-18].mean()], rtol=1e-9)
    assert_allclose(scaling.y_mean, [y[:-18].mean()], rtol=1e-9)


def test_a_weight_of_zero_is_absence():
    weight = np.random.default_rng(1).integers(0, 3, len(X)).astype(float)
    kept = weight > 0
    options = SMALL | {"max_epochs": 3, "dropout": 0.2}
    weighted = RNNRegressor(**options).fit(X, y, weight)
    assert same_bits(
        weighted, RNNRegressor(**options).fit(X[kept], y[kept], weight[kept])
    )
    assert not same_bits(weighted, RNNRegressor(**options).fit(X[kept], y[kept]))


def test_class_weight():
    labels = (y > 1.2).astype(int)
    plain = RNNClassifier(**SMALL, max_epochs=5, n_kernels=None).fit(X, labels)
    balanced = clone(plain).set_params(class_weight="balanced").fit(X, labels)
    assert balanced.predict(X).sum() > plain.predict(X).sum()
    by_hand = len(y) / (2 * np.bincount(labels))
    weighted = clone(plain).set_params(class_weight=UserDict(enumerate(by_hand)))
    assert_allclose(
        weighted.fit(X, labels).predict_proba(X), balanced.predict_proba(X), rtol=1e-6
    )
    with pytest.raises(ValueError, match="partial_fit"):
        clone(balanced).partial_fit(X, labels, classes=[0, 1])


def test_classes_of_partial_fit():
    labels = np.where(y > 0, "up", "down")
    model = RNNClassifier(**SMALL)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, labels)
    model.partial_fit(X, labels, classes=["up", "down", "flat"])
    assert list(model.classes_) == ["down", "flat", "up"]
    assert model.predict_proba(X).shape == (len(X), 3)
    model.partial_fit(X, labels)
    with pytest.raises(ValueError, match="not among the classes"):
        model.partial_fit(X, np.full(len(X), "sideways"))
    with pytest.raises(ValueError, match="not the same as in the first call"):
        model.partial_fit(X, labels, classes=["up", "down"])
