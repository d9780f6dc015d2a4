"""What is predicted under every loss: means, medians, rates, laws."""

from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.metrics import mean_pinball_loss

from skrnn import RNNClassifier, RNNRegressor
from tests.estimator.data import LABELS, SMALL, X, y

RNG = np.random.default_rng(0)
WAVES = RNG.normal(size=(2500, 5))
SPREAD = np.where(WAVES[:, -1] > 0, 2.0, 0.2)
NOISY = 3 * WAVES[:, -2] + SPREAD * RNG.normal(size=2500) + 50
LAW = {"hidden_size": 16, "max_epochs": 30, "n_estimators": 1, "random_state": 0}


@cache
def of_law(loss):
    model = RNNRegressor(**LAW, loss=loss, quantiles=(0.05, 0.25, 0.75, 0.95))
    return model.fit(WAVES[:2000], NOISY[:2000])


@pytest.mark.parametrize("loss", ["quantile", "gaussian", "student_t"])
def test_quantiles_cover_what_they_say(loss):
    model = of_law(loss)
    levels = model.quantiles
    forecast = model.predict_quantiles(WAVES[2000:])
    assert forecast.shape == (500, 4)
    assert (np.diff(forecast, axis=1) >= 0).all()
    below = (NOISY[2000:, None] <= forecast).mean(axis=0)
    assert_allclose(below, levels, atol=0.1)
    width = forecast[:, 3] - forecast[:, 0]
    wide = WAVES[2000:, -1] > 0
    assert np.median(width[wide]) > 2 * np.median(width[~wide])
    constant = np.quantile(NOISY[:2000], 0.95)
    assert mean_pinball_loss(
        NOISY[2000:], forecast[:, 3], alpha=0.95
    ) < mean_pinball_loss(NOISY[2000:], np.full(500, constant), alpha=0.95)


@pytest.mark.parametrize("loss", ["gaussian", "student_t"])
def test_deviations(loss):
    model = of_law(loss)
    mean, std = model.predict(WAVES[2000:], return_std=True)
    assert_array_equal(mean, model.predict(WAVES[2000:]))
    assert mean.shape == std.shape == (500,)
    wide = WAVES[2000:, -1] > 0
    assert_allclose(np.median(std[wide]), 2.0, rtol=0.35)
    assert_allclose(np.median(std[~wide]), 0.2, rtol=0.6)
    if loss == "gaussian":
        quantiles = model.predict_quantiles(WAVES[:9])
        mean, std = model.predict(WAVES[:9], return_std=True)
        for i, level in enumerate(model.quantiles):
            assert_allclose(quantiles[:, i], stats.norm.ppf(level, mean, std))


def test_the_median_is_predicted_whether_it_is_asked_for_or_not():
    targets = np.column_stack([NOISY, -NOISY])[:200]
    model = RNNRegressor(
        **LAW | {"max_epochs": 3}, loss="quantile", quantiles=(0.9, 0.2)
    ).fit(WAVES[:200], targets)
    both = model.predict_quantiles(WAVES[:10])
    assert both.shape == (10, 2, 2)
    median = model.predict(WAVES[:10])
    assert (both[:, :, 0] >= median).all()  # in the order that was asked for
    assert (both[:, :, 1] <= median).all()


def test_poisson_rates_are_positive_and_right():
    rate = np.exp(1 + WAVES[:, -1])
    counts = np.random.default_rng(1).poisson(rate)
    model = RNNRegressor(**LAW, loss="poisson").fit(WAVES[:2000], counts[:2000])
    forecast = model.predict(WAVES[2000:])
    assert (forecast > 0).all()
    assert np.corrcoef(np.log(forecast), np.log(rate[2000:]))[0, 1] > 0.97
    assert_allclose(forecast.mean(), rate[2000:].mean(), rtol=0.1)
    with pytest.raises(ValueError, match="not negative"):
        model.fit(WAVES, -counts)


def test_smoothing_takes_certainty_away():
    options = SMALL | {"max_epochs": 100, "learning_rate": 0.05, "pooling": "last"}
    sharp, smooth = (
        RNNClassifier(**options, label_smoothing=s, n_kernels=None)
        .fit(X, LABELS)
        .predict_proba(X)
        for s in (0.0, 0.3)
    )
    assert sharp.max() > 0.99
    assert smooth.max() < 0.95


def test_losses_that_give_no_spread_say_so():
    model = RNNRegressor(**SMALL).fit(X, y)
    assert not hasattr(model, "predict_quantiles")
    with pytest.raises(AttributeError) as caught:
        model.predict_quantiles(X)
    assert 'loss="quantile"' in str(caught.value.__cause__)
    with pytest.raises(ValueError, match=r'return_std=True needs loss="gaussian"'):
        model.predict(X, return_std=True)


@pytest.mark.parametrize("quantiles", [(), (0.5, 0.5), (0.0, 0.5), (1, 2), [[0.5]]])
def test_wrong_quantiles(quantiles):
    with pytest.raises(ValueError, match="quantiles must be different numbers"):
        RNNRegressor(loss="quantile", quantiles=quantiles).fit(X, y)
