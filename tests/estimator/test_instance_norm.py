"""Windows in units of their own, and values that are missing."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skrnn import RNNClassifier, RNNRegressor
from tests.estimator.data import SMALL
from tests.support import network_of


def trending(n=300):
    level = np.cumsum(np.random.default_rng(3).normal(size=n + 12)) * 3 + np.arange(
        n + 12
    )
    windows = np.lib.stride_tricks.sliding_window_view(level[:-1], 12)
    return windows[:n].copy(), level[12 : n + 12]


@pytest.mark.parametrize("kind", ["last", "standard"])
def test_instance_norm_follows_a_trend(kind):
    windows, target = trending()
    options = {"hidden_size": 8, "max_epochs": 40, "random_state": 0}
    options |= {"linear_steps": None, "learning_rate": 0.01}
    errors = []
    for how in (None, kind):
        model = RNNRegressor(**options, instance_norm=how)
        model.fit(windows[:200], target[:200])
        errors.append(np.abs(model.predict(windows[200:]) - target[200:]).mean())
    naive = np.abs(windows[200:, -1] - target[200:]).mean()
    assert errors[1] < errors[0] / 3
    assert errors[1] < 1.3 * naive


@pytest.mark.parametrize("kind", ["last", "standard"])
def test_instance_norm_moves_with_the_level(kind):
    windows, target = trending(100)
    model = RNNRegressor(**SMALL, instance_norm=kind).fit(windows, target)
    moved = model.predict(windows + 1e4)
    assert_allclose(moved, model.predict(windows) + 1e4, rtol=0, atol=1e-6)
    if kind == "standard":
        wide = model.predict(1e3 * windows)
        # Up to the little that is added to the variance of a window.
        assert_allclose(wide, 1e3 * model.predict(windows), rtol=1e-3)


@pytest.mark.parametrize("loss", ["quantile", "gaussian", "student_t"])
def test_instance_norm_of_a_distribution(loss):
    windows, target = trending(100)
    model = RNNRegressor(**SMALL, instance_norm="last", loss=loss).fit(windows, target)
    moved = model.predict_quantiles(windows + 1e4)
    expected = model.predict_quantiles(windows) + 1e4
    assert_allclose(moved, expected, rtol=0, atol=1e-6)


def test_instance_norm_finds_the_feature_of_the_target():
    windows, target = trending(100)
    noise = np.random.default_rng(0).normal(size=windows.shape)
    both = np.stack([noise, windows], axis=2)
    model = RNNRegressor(**SMALL, instance_norm="last").fit(both, target)
    assert network_of(model).baseline.feature.tolist() == [1]
    labels = (np.diff(windows, axis=1).mean(axis=1) > 0.9).astype(int)
    classifier = RNNClassifier(**SMALL, instance_norm="standard").fit(windows, labels)
    assert_allclose(
        classifier.predict_proba(windows + 1e4),
        classifier.predict_proba(windows),
        atol=1e-6,
    )


def test_missing_values_are_told():
    rng = np.random.default_rng(5)
    sequences = rng.normal(size=(400, 6, 2))
    target = sequences[:, -1, 0].copy()
    is_missing = rng.random(400) < 0.4
    target[is_missing] = 3.0  # only the indicator can know
    sequences[is_missing, -1, 0] = np.nan
    with pytest.raises(ValueError, match='missing="indicator"'):
        RNNRegressor(**SMALL).fit(sequences, target)
    options = {"hidden_size": 12, "max_epochs": 30, "random_state": 0}
    model = RNNRegressor(**options, missing="indicator")
    model.fit(sequences[:300], target[:300])
    assert model.score(sequences[300:], target[300:]) > 0.9
    # A step without any feature is absent, as ever.
    padded = np.concatenate([np.full((400, 2, 2), np.nan), sequences], axis=1)
    assert_allclose(model.predict(padded), model.predict(sequences), atol=1e-12)
    with pytest.raises(ValueError, match="infinity"):
        model.predict(np.where(np.isnan(sequences), np.inf, sequences))
