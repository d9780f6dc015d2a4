"""Losses that are not finite: said, and undone."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from torch import nn

from skrnn import RNNRegressor
from skrnn.exceptions import NonFiniteLossError
from tests.support import same_bits, weights_of
from tests.training.data import DIVERGING, SMALL, X, y


class NinthPower(nn.Module):
    """A loss that is infinite in single precision where an error is 1e6 deviations."""

    def forward(self, found, wanted):
        """Losses of all samples."""
        return (found - wanted) ** 8 * (found - wanted).abs()


def test_divergence_is_an_error():
    model = RNNRegressor(**SMALL, **DIVERGING)
    with pytest.raises(NonFiniteLossError, match=r"epoch \d+, batch \d+.*rate 1e\+30"):
        model.fit(X, y)
    assert vars(model) == model.get_params()


def test_non_finite_validation_loss_is_an_error():
    bad = y.copy()
    bad[-1] = 1e6
    model = RNNRegressor(**SMALL, linear_steps=None, loss=NinthPower)
    with pytest.raises(NonFiniteLossError, match=r"the validation loss .* epoch 1"):
        model.fit(X, bad)
    assert vars(model) == model.get_params()


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_failed_continuation_changes_nothing(method):
    options = SMALL | {"max_epochs": 3, "warm_start": True, "loss": NinthPower}
    model = RNNRegressor(**options).fit(X, y)
    twin = copy.deepcopy(model)
    state = vars(model).copy()
    model.learning_rate = 1e30
    model.net_.optimizer_.param_groups[0]["betas"] = (0.0, 0.0)
    with pytest.raises(NonFiniteLossError):
        for _ in range(5):
            getattr(model, method)(X, y * 1e6)
    model.learning_rate = state["learning_rate"]
    assert vars(model).keys() == state.keys()
    with pytest.raises(ValueError, match="y has 2 targets"):
        getattr(model, method)(X, np.column_stack([y, y]))
    assert_array_equal(weights_of(model).isfinite().all(), True)
    assert len(twin.loss_curve_) == 3


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_divergence_while_going_on_is_undone(method):
    options = SMALL | {"dropout": 0.2, "max_epochs": 2, "warm_start": True}
    model = RNNRegressor(**options, batch_size=30, loss=NinthPower).fit(X, y)
    twin = copy.deepcopy(model)
    curve = list(model.loss_curve_)
    bad = np.where(np.arange(len(y)) == 40, 1e6, y)
    with pytest.raises(NonFiniteLossError, match=r"training loss .* epoch 3, batch"):
        getattr(model, method)(X, bad)
    assert same_bits(model, twin)
    assert model.loss_curve_ == curve
    assert same_bits(getattr(model, method)(X, y), getattr(twin, method)(X, y))
    assert model.loss_curve_ == twin.loss_curve_
