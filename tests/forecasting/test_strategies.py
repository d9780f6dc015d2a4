"""The ways to several steps ahead, where each is exact."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch

from skrnn import RNNRegressor
from tests.forecasting.support import LINEAR, PLAIN, STRATEGIES, fitted, forecaster
from tests.support import wave_series


def test_steps_beyond_those_of_fit():
    _, models = fitted()
    for strategy in ("multioutput", "recursive"):
        model = copy.deepcopy(models[strategy])
        far = model.predict(range(1, 11))
        assert np.isfinite(far).all()
        np.testing.assert_array_equal(far[:3], model.predict([1, 2, 3]))
        np.testing.assert_array_equal(far[[73, 79]], model.predict([4, 10]))
        intervals = model.predict_interval(range(1, 11))
        width = intervals.iloc[:, 1] - intervals.iloc[:, 0]
        assert (width[75:] > width.iloc[2]).all()
    for strategy in ("direct", "dirrec"):
        with pytest.raises(ValueError, match=r"none for 4\. Give them to fit"):
            copy.deepcopy(models[strategy]).predict([1, 4])


def test_gaps_in_the_horizon_of_fit():
    y = wave_series(80)
    direct = forecaster(strategy="direct").fit(y, fh=[2, 7])
    assert len(direct.estimators_) == 2
    np.testing.assert_array_equal(direct.predict().index, [81, 86])
    with pytest.raises(ValueError, match="each of the steps 2, 7 ahead"):
        direct.predict([1])
    several = forecaster().fit(y, fh=[2, 7])
    between = several.predict(range(1, 8))
    assert between.between(8, 12).all()
    np.testing.assert_array_equal(between[[81, 86]], several.predict([2, 7]))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_linear_series_is_learned(strategy):
    # Any wave is a linear function of its last two values.
    y = pd.Series(np.sin(np.arange(60) / 4) + 0.3 * np.cos(np.arange(60) / 7) + 2)
    model = forecaster(estimator=LINEAR, strategy=strategy, scaling=None, **PLAIN)
    model.fit(y[:50], fh=range(1, 9))
    np.testing.assert_allclose(model.predict(), y[50:58], atol=1e-6)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_network_learns_a_sine(strategy):
    y = pd.Series(np.sin(np.arange(150) * 0.7))
    learned = RNNRegressor(
        "gru", 16, max_epochs=40, early_stopping=False, n_estimators=1
    )
    model = forecaster(estimator=learned, window_length=9, strategy=strategy, **PLAIN)
    model.fit(y[:140], fh=[1, 2, 3])
    np.testing.assert_allclose(model.predict(), y[140:143], atol=0.1)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_gradient_of_the_first_step_by_the_newest_row(strategy):
    _, models = fitted()
    for group in models[strategy].estimators_:
        module = group[0].net_.module_
        generator = torch.Generator().manual_seed(0)
        window = torch.randn(1, 6, 1, generator=generator, requires_grad=True)
        length = torch.tensor([6])
        (gradient,) = torch.autograd.grad(_first_output(module, window, length), window)
        assert (gradient[0, -1] != 0).all()


def _first_output(module, window, length):
    return module(window, length)[0, 0, 0]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("differences", [0, 1])
def test_the_first_step_depends_on_the_newest_value(strategy, differences):
    y = wave_series(60)
    options = PLAIN | {"difference": differences, "strategy": strategy}
    options["scaling"] = "series"
    model = forecaster(**options).fit(y, fh=[1, 2, 3])
    changed = y.copy()
    changed.iloc[-1] += 0.5
    other = copy.deepcopy(model).update(changed[-1:], update_params=False)
    assert (other.predict() != model.predict()).all()
    assert abs(other.predict(1).iloc[0] - model.predict(1).iloc[0]) > 1e-6
