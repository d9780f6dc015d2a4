"""How many epochs there are, and that they may be had in several calls."""

import time
import warnings

import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV
from skorch.callbacks import Callback

from skrnn import RNNRegressor
from tests.estimator.data import SMALL, X, y
from tests.support import weights_of


def test_max_time():
    class Slow(Callback):
        def on_epoch_end(self, net, **kwargs):
            time.sleep(0.05)

    model = RNNRegressor(**SMALL | {"max_epochs": 1000}, max_time=0.2)
    model.set_params(callbacks=[Slow()]).fit(X, y)
    assert 1 <= model.n_iter_ <= 5
    model.set_params(max_time=1e-9).fit(X, y)
    assert model.n_iter_ == 1


def test_convergence_warning():
    options = {"hidden_size": 6, "random_state": 0, "learning_rate": 1e-3, "tol": 0}
    options["linear_steps"] = None
    with pytest.warns(ConvergenceWarning, match="last of max_epochs=3 epochs"):
        RNNRegressor(**options, max_epochs=3).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        RNNRegressor(**options, max_epochs=3, early_stopping=False, n_estimators=1).fit(
            X, y
        )
        RNNRegressor(**options).partial_fit(X, y)


def test_halving_search_over_epochs():
    search = HalvingGridSearchCV(
        RNNRegressor(
            hidden_size=4, early_stopping=False, n_estimators=1, random_state=0
        ),
        {"learning_rate": [1e-4, 1e-2, 0.03], "cell": ["gru"]},
        resource="max_epochs",
        max_resources=9,
        min_resources=1,
        factor=3,
        cv=2,
    ).fit(X, y)
    assert search.best_params_["max_epochs"] > 1
    assert search.best_params_["learning_rate"] != 1e-4


TRICKY = [
    {"norm": "batch", "num_layers": 2, "residual": True},
    {"recurrent_dropout": 0.3, "input_noise": 0.2, "dropout": 0.2},
    {"lr_schedule": "plateau", "lr_schedule_options": {"patience": 1}},
    {"tbptt_steps": 3, "dropout": 0.2, "pooling": "attention"},
    {"loss": "student_t", "instance_norm": "standard", "optimizer": "sgd"},
    {"scoring": "neg_mean_absolute_error", "l1": 1e-3, "max_grad_value": 0.1},
    {"on_divergence": "restart", "autocast": True, "init": "chrono"},
    {"segment_length": 3, "dropout": 0.2, "input_noise": 0.1},
    {"segment_length": 2, "decoder": "parallel", "norm": "batch", "tbptt_steps": None},
]
every_trick = pytest.mark.parametrize("options", TRICKY, ids=lambda o: "-".join(o))


@every_trick
def test_a_run_of_the_best_epoch_gives_the_weights_that_were_restored(options):
    options = {"hidden_size": 6, "random_state": 0, "max_epochs": 25, **options}
    options["n_estimators"] = 1
    model = RNNRegressor(**options, n_iter_no_change=4, learning_rate=0.05).fit(X, y)
    again = clone(model).set_params(max_epochs=model.best_epoch_).fit(X, y)
    assert model.best_epoch_ < model.n_iter_
    assert_array_equal(model.predict(X), again.predict(X))
    assert torch.equal(weights_of(model), weights_of(again))


@every_trick
@pytest.mark.filterwarnings("ignore:scoring=:UserWarning")
def test_going_on_is_the_same_as_not_stopping(options):
    options = {
        "hidden_size": 6,
        "random_state": 0,
        "early_stopping": False,
        "n_estimators": 1,
        **options,
    }
    whole = RNNRegressor(**options, max_epochs=10).fit(X, y)
    warm = RNNRegressor(**options, max_epochs=5, warm_start=True).fit(X, y).fit(X, y)
    stepwise = RNNRegressor(**options)
    for _ in range(10):
        stepwise.partial_fit(X, y)
    for other in (warm, stepwise):
        assert torch.equal(weights_of(whole), weights_of(other))
        assert_array_equal(whole.predict(X), other.predict(X))
