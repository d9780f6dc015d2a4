"""Every technique of training does what its parameter says."""

import copy
import warnings
from functools import cache

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import (
    ConvergenceWarning,
    NotFittedError,
    UndefinedMetricWarning,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import mean_pinball_loss
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from skorch.callbacks import BatchScoring, Callback, EpochScoring

from skrnn import RNNClassifier, RNNRegressor, SlidingWindow
from skrnn.exceptions import NonFiniteLossError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 7))
y = X[:, -1] - X[:, 2] + 0.1 * RNG.normal(size=90)
LABELS = (y > 0).astype(int)
SMALL = {"hidden_size": 6, "random_state": 0, "early_stopping": False, "max_epochs": 4}


def network(model):
    return model.net_.module_


def weights(model):
    return torch.cat([p.detach().flatten() for p in network(model).parameters()])


# -- optimisers and schedules ---------------------------------------------------------


def torch_twin(model, optimizer, n_steps):
    """Full-batch training of a copy of a network by torch alone."""
    twin = copy.deepcopy(network(model))
    scaled = (torch.as_tensor(y) - twin.scaling.y_mean) / twin.scaling.y_scale
    optimizer = optimizer(twin.parameters())
    for _ in range(n_steps):
        optimizer.zero_grad()
        out = twin(torch.as_tensor(X)[:, :, None])[:, 0, 0]
        (out - scaled).square().mean().backward()
        optimizer.step()
    return torch.cat([p.detach().flatten() for p in twin.parameters()])


@pytest.mark.parametrize(
    ("options", "optimizer"),
    [
        ({"optimizer": "sgd", "momentum": 0.0}, lambda p: torch.optim.SGD(p, 0.1)),
        ({"optimizer": "sgd"}, lambda p: torch.optim.SGD(p, 0.1, momentum=0.9)),
        (
            {"optimizer": "sgd", "nesterov": True, "momentum": 0.5},
            lambda p: torch.optim.SGD(p, 0.1, momentum=0.5, nesterov=True),
        ),
        ({"optimizer": "adagrad"}, lambda p: torch.optim.Adagrad(p, 0.1)),
        (
            {"optimizer": "rmsprop"},
            lambda p: torch.optim.RMSprop(p, 0.1, momentum=0.9),
        ),
        ({"optimizer": "adam"}, lambda p: torch.optim.Adam(p, 0.1)),
        (
            {"optimizer": "adamw", "weight_decay": 0.3},
            lambda p: torch.optim.AdamW(p, 0.1, weight_decay=0.3),
        ),
        ({"optimizer": "nadam"}, lambda p: torch.optim.NAdam(p, 0.1, weight_decay=0)),
        ({"optimizer": torch.optim.Adamax}, lambda p: torch.optim.Adamax(p, 0.1)),
    ],
    ids=lambda value: str(value.get("optimizer")) if isinstance(value, dict) else "",
)
def test_full_batch_steps_equal_those_of_torch(options, optimizer):
    model = RNNRegressor(
        "lstm",
        **SMALL | {"max_epochs": 1},
        linear_steps=None,
        learning_rate=1e-300,
        dtype="float64",
        batch_size=None,
        max_grad_norm=None,
    ).fit(X, y)
    start = clone(model).set_params(
        init=model, max_epochs=3, learning_rate=0.1, **options
    )
    start.fit(X, y)
    expected = torch_twin(model, optimizer, 3)
    torch.testing.assert_close(weights(start), expected, rtol=0, atol=1e-10)


def rates(schedule, options=None, max_epochs=6, **others):
    """Learning rate of every epoch, as its first batch has it."""
    seen = []

    class Spy(Callback):
        def on_epoch_begin(self, net, **kwargs):
            seen.append(net.optimizer_.param_groups[0]["lr"])

        def __deepcopy__(self, memo):
            return self

    model = RNNRegressor(
        hidden_size=3,
        max_epochs=max_epochs,
        early_stopping=False,
        learning_rate=0.1,
        lr_schedule=schedule,
        lr_schedule_options=options,
        callbacks=[Spy()],
        random_state=0,
        **others,
    )
    model.fit(X, y)
    return seen


def test_schedules():
    assert_allclose(rates(None), [0.1] * 6)
    assert_allclose(rates("step"), [0.1, 0.1, 0.01, 0.01, 0.001, 0.001])
    assert_allclose(rates("exponential"), 0.1 * 0.95 ** np.arange(6))
    assert_allclose(
        rates("cosine"), 0.05 * (1 + np.cos(np.pi * np.arange(6) / 6)), atol=1e-12
    )
    assert_allclose(rates("warmup"), 0.1 * np.minimum(0.1 + 0.18 * np.arange(6), 1))
    cycle = rates("one_cycle")
    assert cycle[0] == pytest.approx(0.1 / 25)
    assert max(cycle) > 0.05
    assert cycle[-1] < 0.04
    assert_allclose(rates("step", {"step_size": 5, "gamma": 0.5})[-2:], [0.1, 0.05])
    polynomial = torch.optim.lr_scheduler.PolynomialLR
    assert_allclose(
        rates(polynomial, {"total_iters": 5}), 0.1 * (1 - np.arange(6) / 5), atol=1e-12
    )
    cycle = torch.optim.lr_scheduler.OneCycleLR
    by_epochs = {"max_lr": 0.1, "epochs": 6, "steps_per_epoch": 3}
    assert_allclose(rates(cycle, by_epochs)[0], 0.1 / 25)
    shorter = rates("one_cycle", {"epochs": 3, "steps_per_epoch": 3})
    assert shorter[-1] == shorter[-2] < 1e-3  # it stays where the cycle ended
    # A rate that is far too high: the loss on a plateau.
    assert rates("plateau", {"patience": 0, "threshold": 10.0})[-1] < 0.1


def test_a_cosine_does_not_go_up_again():
    model = RNNRegressor(
        **SMALL, lr_schedule="cosine", warm_start=True, learning_rate=0.1
    )
    model.fit(X, y)
    before = weights(model)
    model.fit(X, y)  # at a rate of zero
    assert torch.equal(before, weights(model))


def test_a_schedule_goes_on_over_calls():
    options = {**SMALL, "lr_schedule": "exponential", "max_epochs": 5}
    whole = RNNRegressor(**options).fit(X, y)
    stepwise = RNNRegressor(**options)
    for _ in range(5):
        stepwise.partial_fit(X, y)
    assert torch.equal(weights(whole), weights(stepwise))


# -- regularisation -------------------------------------------------------------------


def test_l1_makes_weights_small_and_leaves_biases():
    sums = []
    for l1 in (0.0, 0.5):
        model = RNNRegressor(**SMALL | {"max_epochs": 60}, l1=l1).fit(X, y)
        matrices = [p for p in network(model).parameters() if p.ndim > 1]
        sums.append(sum(float(p.detach().abs().sum()) for p in matrices))
    assert sums[1] < sums[0] / 3


def test_l1_is_the_gradient_of_the_absolute_values():
    options = {**SMALL, "max_epochs": 1, "batch_size": None, "dtype": "float64"}
    options |= {"optimizer": "sgd", "momentum": 0, "max_grad_norm": None}
    options |= {"learning_rate": 1e-3}
    start = RNNRegressor(**options | {"learning_rate": 1e-300}).fit(X, y)
    plain = RNNRegressor(**options).fit(X, y)
    sparse = RNNRegressor(**options, l1=0.5).fit(X, y)
    for begin, without, with_ in zip(
        *(network(m).parameters() for m in (start, plain, sparse)), strict=True
    ):
        step = 1e-3 * 0.5 * begin.sign() * (begin.ndim > 1)
        torch.testing.assert_close(with_, without - step, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "option",
    [
        {"dropout": 0.4},
        {"recurrent_dropout": 0.4},
        {"input_noise": 0.5},
        {"norm": "batch"},
    ],
)
def test_noise_is_of_the_training_only(option):
    model = RNNRegressor(**SMALL, **option).fit(X, y)
    assert_array_equal(model.predict(X), model.predict(X))
    assert not torch.equal(weights(model), weights(RNNRegressor(**SMALL).fit(X, y)))
    again = RNNRegressor(**SMALL, **option).fit(X, y)
    assert torch.equal(weights(model), weights(again))
    one_by_one = np.concatenate([model.predict(X[i : i + 1]) for i in range(9)])
    assert_allclose(one_by_one, model.predict(X)[:9], rtol=0, atol=1e-12)


def test_clipping_by_value_bounds_each_number():
    options = {**SMALL, "max_epochs": 1, "batch_size": None, "optimizer": "sgd"}
    options |= {"momentum": 0, "max_grad_norm": None, "learning_rate": 1.0}
    start = RNNRegressor(**options | {"learning_rate": 1e-30}).fit(X, y)
    model = RNNRegressor(**options, max_grad_value=1e-3).fit(X, y)
    moved = (weights(model) - weights(start)).abs()
    assert moved.max() <= 1e-3 + 1e-7
    assert (moved > 0.99e-3).sum() > 5


def test_deep_plain_stacks_stall_where_residual_ones_learn():
    digits, labels = load_digits(return_X_y=True)
    digits, labels = digits[:500].reshape(-1, 8, 8), labels[:500]
    options = {"cell": "lstm", "hidden_size": 16, "num_layers": 8, "max_epochs": 8}
    options |= {"early_stopping": False, "random_state": 0}
    losses = [
        RNNClassifier(**options, **how).fit(digits, labels).loss_curve_[-1]
        for how in ({}, {"residual": True, "norm": "layer"})
    ]
    assert losses[1] < losses[0] / 2


# -- losses ---------------------------------------------------------------------------

WAVES = RNG.normal(size=(4500, 5))
SPREAD = np.where(WAVES[:, -1] > 0, 2.0, 0.2)
NOISY = 3 * WAVES[:, -2] + SPREAD * RNG.normal(size=4500) + 50
LAW = {"hidden_size": 16, "max_epochs": 30, "n_estimators": 1, "random_state": 0}


@cache
def of_law(loss):
    model = RNNRegressor(**LAW, loss=loss, quantiles=(0.05, 0.25, 0.75, 0.95))
    return model.fit(WAVES[:4000], NOISY[:4000])


@pytest.mark.parametrize("loss", ["quantile", "gaussian", "student_t"])
def test_quantiles_cover_what_they_say(loss):
    model = of_law(loss)
    levels = model.quantiles
    forecast = model.predict_quantiles(WAVES[4000:])
    assert forecast.shape == (500, 4)
    assert (np.diff(forecast, axis=1) >= 0).all()
    below = (NOISY[4000:, None] <= forecast).mean(axis=0)
    assert_allclose(below, levels, atol=0.1)
    width = forecast[:, 3] - forecast[:, 0]
    wide = WAVES[4000:, -1] > 0
    assert np.median(width[wide]) > 2 * np.median(width[~wide])
    constant = np.quantile(NOISY[:4000], 0.95)
    assert mean_pinball_loss(
        NOISY[4000:], forecast[:, 3], alpha=0.95
    ) < mean_pinball_loss(NOISY[4000:], np.full(500, constant), alpha=0.95)


@pytest.mark.parametrize("loss", ["gaussian", "student_t"])
def test_deviations(loss):
    model = of_law(loss)
    mean, std = model.predict(WAVES[4000:], return_std=True)
    assert_array_equal(mean, model.predict(WAVES[4000:]))
    assert mean.shape == std.shape == (500,)
    wide = WAVES[4000:, -1] > 0
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
    model = RNNRegressor(**LAW, loss="poisson").fit(WAVES[:4000], counts[:4000])
    forecast = model.predict(WAVES[4000:])
    assert (forecast > 0).all()
    assert np.corrcoef(np.log(forecast), np.log(rate[4000:]))[0, 1] > 0.97
    assert_allclose(forecast.mean(), rate[4000:].mean(), rtol=0.1)
    with pytest.raises(ValueError, match="not negative"):
        model.fit(WAVES, -counts)


@pytest.mark.parametrize(
    "loss",
    [
        "absolute_error",
        "huber",
        "poisson",
        "quantile",
        "gaussian",
        "student_t",
        torch.nn.SmoothL1Loss,
        torch.nn.HuberLoss(delta=0.3),
    ],
)
def test_weights_are_repetitions_in_every_loss(loss):
    times = np.arange(len(X)) % 3
    options = {**SMALL, "batch_size": None, "dtype": "float64", "loss": loss}
    target = np.exp(y)
    weighted = RNNRegressor(**options).fit(X, target, times)
    repeated = RNNRegressor(**options)
    repeated.fit(np.repeat(X, times, axis=0), np.repeat(target, times))
    assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-7)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"loss": "focal"},
        {"label_smoothing": 0.2},
        {"class_weight": "balanced"},
        {"loss": torch.nn.MultiMarginLoss},
    ],
)
def test_weights_are_repetitions_for_classes(options):
    times = np.arange(len(X)) % 3
    options = {**SMALL, "batch_size": None, "dtype": "float64", **options}
    labels = np.digitize(y, [-1, 1])
    weighted = RNNClassifier(**options)
    weighted.fit(X, labels, times)
    repeated = RNNClassifier(**options)
    repeated.fit(np.repeat(X, times, axis=0), np.repeat(labels, times))
    assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-7)


@pytest.mark.parametrize(
    "options",
    [
        {"num_layers": 2, "pooling": "attention"},
        {"cell": "gru", "residual": True, "num_layers": 3, "bidirectional": True},
        {"cell": "rnn", "early_stopping": False},
    ],
)
@pytest.mark.parametrize("is_ragged", [False, True])
def test_weights_are_repetitions_in_batch_normalisation(options, is_ragged):
    times = np.arange(len(X)) % 3
    options = {**SMALL, "batch_size": None, "dtype": "float64", **options}
    given = [row[: 3 + i % 5, None] for i, row in enumerate(X)] if is_ragged else X
    rows = np.repeat(np.arange(len(X)), times)
    more = [given[i] for i in rows] if is_ragged else X[rows]
    weighted = RNNRegressor(**options, norm="batch").fit(given, y, times)
    repeated = RNNRegressor(**options, norm="batch").fit(more, y[rows])
    assert_allclose(weighted.predict(given), repeated.predict(given), rtol=1e-7)
    assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-7)
    kept = np.flatnonzero(times)
    fewer = [given[i] for i in kept] if is_ragged else X[kept]
    without = RNNRegressor(**options, norm="batch").fit(fewer, y[kept], times[kept])
    assert_array_equal(weighted.predict(given), without.predict(given))


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 1, 1: 5, 2: 2}])
def test_batch_normalisation_counts_samples_and_not_classes(class_weight):
    times = np.arange(len(X)) % 3
    options = {**SMALL, "batch_size": None, "dtype": "float64", "norm": "batch"}
    options["class_weight"] = class_weight
    labels = np.digitize(y, [-1, 1])
    weighted = RNNClassifier(**options).fit(X, labels, times)
    repeated = RNNClassifier(**options)
    repeated.fit(np.repeat(X, times, axis=0), np.repeat(labels, times))
    assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-7)


@pytest.mark.parametrize("autocast", [False, True])
def test_weights_in_batches_of_batch_normalisation(autocast):
    options = SMALL | {"norm": "batch", "autocast": autocast, "max_epochs": 30}
    weight = np.where(np.arange(len(X)) % 2, 1e-3, 2.0)
    model = RNNRegressor(**options, batch_size=16).fit(X, y, weight)
    assert model.score(X, y, weight) > 0.3


def test_smoothing_takes_certainty_away():
    options = SMALL | {"max_epochs": 100, "learning_rate": 0.05, "pooling": "last"}
    sharp, smooth = (
        RNNClassifier(**options, label_smoothing=s).fit(X, LABELS).predict_proba(X)
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


# -- initial weights ------------------------------------------------------------------


def test_a_fitted_estimator_to_begin_with():
    donor = RNNRegressor(**SMALL | {"max_epochs": 20}).fit(X, y)
    still = {**SMALL, "max_epochs": 1, "learning_rate": 1e-30}
    same = RNNRegressor(**still, init=donor).fit(X, y)
    assert_allclose(same.predict(X), donor.predict(X), atol=1e-6)
    two = RNNRegressor(**still, init=donor).fit(X, np.column_stack([y, y]))
    labels = RNNClassifier("gru", **still, init=donor).fit(X, LABELS)
    for other in (two, labels):
        for mine, theirs in zip(
            network(other).stack.parameters(),
            network(donor).stack.parameters(),
            strict=True,
        ):
            torch.testing.assert_close(mine, theirs)
        assert_array_equal(network(other).scaling.x_mean, network(donor).scaling.x_mean)


def test_transfer_learns_faster_than_a_fresh_start():
    options = SMALL | {"linear_steps": None, "learning_rate": 0.01}
    donor = RNNRegressor(**options | {"max_epochs": 60}).fit(X[:60], y[:60])
    losses = [
        RNNRegressor(**options, **how).fit(X[60:], y[60:]).loss_curve_[0]
        for how in ({}, {"init": donor}, {"init": donor, "frozen": "recurrent"})
    ]
    assert max(losses[1:]) < losses[0] / 2


@pytest.mark.parametrize(
    ("frozen", "parts"),
    [
        ("recurrent", ["stack"]),
        (["recurrent.0"], ["stack.layers.0"]),
        (("pooling", "head"), ["pool", "head"]),
    ],
)
def test_frozen_parts_do_not_move(frozen, parts):
    options = {**SMALL, "num_layers": 2, "pooling": "attention", "norm": "batch"}
    begin = RNNRegressor(**options | {"max_epochs": 1, "learning_rate": 1e-30})
    begin.fit(X, y)
    model = RNNRegressor(**options, init=begin, frozen=frozen, weight_decay=0.1)
    model.fit(X, y)
    before = dict(network(begin).named_parameters())
    for name, now in network(model).named_parameters():
        is_frozen = any(name.startswith(part) for part in parts)
        is_same = torch.allclose(now, before[name], rtol=0, atol=1e-12)
        assert is_same == is_frozen, name


def test_clones_keep_the_weights_to_begin_with():
    donor = RNNRegressor(**SMALL).fit(X, y)
    for init in (donor, FrozenEstimator(donor)):
        model = RNNRegressor(**SMALL, init=init)
        assert clone(model).init is init
        search = GridSearchCV(model, {"frozen": [None, "recurrent"]}, cv=2)
        search.fit(X, y)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    grid = {"init": [FrozenEstimator(donor), "chrono"]}
    GridSearchCV(RNNRegressor(**SMALL), grid, cv=2, error_score="raise").fit(X, y)
    with pytest.raises(NotFittedError, match=r"wrap it in sklearn\.frozen"):
        RNNRegressor(init=RNNRegressor()).fit(X, y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden_size": 7}, "hidden_size=6, so its layers do not fit hidden_size=7"),
        ({"cell": "lstm"}, "cell='gru'"),
        ({"frozen": "recurent"}, "out of .*'recurrent'.*; got 'recurent'"),
        ({"frozen": ["recurrent", "head"]}, "leaves nothing to train"),
    ],
)
def test_parts_that_do_not_fit(options, message):
    donor = RNNRegressor(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match=message):
        RNNRegressor(**SMALL | {"init": donor} | options).fit(X, y)


# -- long sequences -------------------------------------------------------------------


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "mixed", "attention"])
def test_parts_longer_than_the_sequences_change_nothing(pooling):
    options = {**SMALL, "pooling": pooling, "dropout": 0.2, "num_layers": 2}
    whole = RNNRegressor(**options).fit(X, y)
    parts = RNNRegressor(**options, tbptt_steps=7).fit(X, y)
    assert torch.equal(weights(whole), weights(parts))
    truncated = RNNRegressor(**options, tbptt_steps=3).fit(X, y)
    assert not torch.equal(weights(whole), weights(truncated))


def test_truncated_gradients_do_not_reach_beyond_their_part():
    # What decides the target lies further back than the gradient may flow; a state
    # that nothing teaches to remember it still carries some of it.
    first = X.copy()
    target = first[:, 0]
    options = {
        **SMALL,
        "cell": "rnn",
        "max_epochs": 40,
        "linear_steps": None,
        "learning_rate": 0.01,
    }
    whole = RNNRegressor(**options).fit(first, target)
    short = RNNRegressor(**options, tbptt_steps=2).fit(first, target)
    assert whole.score(first, target) > short.score(first, target) + 0.2


# -- scaling --------------------------------------------------------------------------


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
    noise = RNG.normal(size=windows.shape)
    both = np.stack([noise, windows], axis=2)
    model = RNNRegressor(**SMALL, instance_norm="last").fit(both, target)
    assert network(model).baseline.feature.tolist() == [1]
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


# -- control --------------------------------------------------------------------------


def test_validation_data_of_the_user():
    options = {"hidden_size": 6, "random_state": 0, "max_epochs": 12, "tol": 0}
    # A linear path is fitted on what is set aside too, but not on what was given.
    options["linear_steps"] = None
    split = RNNRegressor(**options, validation_fraction=0.2).fit(X, y)
    given = RNNRegressor(**options).fit(X[:72], y[:72], X_val=X[72:], y_val=y[72:])
    assert split.validation_loss_curve_ == given.validation_loss_curve_
    assert torch.equal(weights(split), weights(given))
    watched = RNNRegressor(**options | {"early_stopping": False})
    watched.fit(X[:72], y[:72], X_val=X[72:], y_val=y[72:])
    assert watched.n_iter_ == watched.best_epoch_ == 12
    assert watched.validation_loss_curve_ == given.validation_loss_curve_
    with pytest.raises(ValueError, match="X_val was given without y_val"):
        given.fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="labels that are not among"):
        RNNClassifier().fit(X, LABELS, X_val=X, y_val=LABELS + 1)


def test_validation_data_go_through_a_pipeline():
    import sklearn

    rows, target = y[:, None], y
    with sklearn.config_context(enable_metadata_routing=True):
        network = RNNRegressor(hidden_size=4, max_epochs=3, random_state=0)
        network.set_fit_request(X_val=True, y_val=True)
        model = make_pipeline(
            SlidingWindow(5, horizon=1), network, transform_input=["X_val"]
        )
        model.fit(rows[:60], target[:60], X_val=rows[60:], y_val=target[60:])
    window = model[0]
    by_hand = RNNRegressor(hidden_size=4, max_epochs=3, random_state=0)
    by_hand.fit(
        window.transform(rows[:60]),
        target[:60],
        X_val=window.transform(rows[60:]),
        y_val=target[60:],
    )
    assert model[1].validation_loss_curve_ == by_hand.validation_loss_curve_


def test_a_scorer_decides():
    labels = np.where(y > 0, "up", "down")
    model = RNNClassifier(
        hidden_size=6, random_state=0, scoring="roc_auc", n_iter_no_change=4, tol=0.001
    )
    model.fit(X, labels)
    scores = model.validation_scores_
    assert len(scores) == model.n_iter_ == len(model.validation_loss_curve_)
    assert model.best_epoch_ == 1 + int(np.argmax(scores))
    assert scores[model.best_epoch_ - 1] == max(scores)
    seen = []

    def scorer(estimator, X_valid, y_valid):
        seen.append(len(X_valid))
        return -float(np.abs(estimator.predict(X_valid) - y_valid).mean())

    options = {"hidden_size": 6, "random_state": 0, "max_epochs": 5, "n_estimators": 1}
    model = RNNRegressor(**options, scoring=scorer)
    model.fit(X, y, sample_weight=np.arange(90) >= 10)
    assert seen == [16] * 5  # a fifth of the rows that count
    best = model.validation_scores_[model.best_epoch_ - 1]
    assert_allclose(best, scorer(model, X[-16:], y[-16:]))


@pytest.mark.parametrize(
    ("options", "n_samples", "message"),
    [
        ({"early_stopping": False}, 90, "early_stopping=False sets no sample aside"),
        (
            {"early_stopping": True},
            4,
            "validation_fraction=0.2 and validation_gap=0 leave no sample",
        ),
        (
            {"early_stopping": True, "validation_gap": 85},
            90,
            "validation_gap=85 leave no sample",
        ),
    ],
)
def test_a_scorer_without_validation_warns(options, n_samples, message):
    some, target = X[:n_samples], y[:n_samples]
    options = {**SMALL, "max_epochs": 2, "tol": 9, **options}
    model = RNNRegressor(**options, scoring="r2")
    with pytest.warns(UserWarning, match=f"scoring='r2' is not used: .*{message}"):
        model.fit(some, target)
    assert model.validation_scores_ is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(some, target, X_val=X[:5], y_val=y[:5])
        assert len(model.validation_scores_) == 2
        model.partial_fit(some, target)
        model.set_params(scoring=None).fit(some, target)


def test_max_time():
    class Slow(Callback):
        def on_epoch_end(self, net, **kwargs):
            import time

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
        RNNRegressor(**options, max_epochs=3, early_stopping=False).fit(X, y)
        RNNRegressor(**options).partial_fit(X, y)


def test_halving_search_over_epochs():
    search = HalvingGridSearchCV(
        RNNRegressor(hidden_size=4, early_stopping=False, random_state=0),
        {"learning_rate": [1e-4, 1e-2, 0.03], "cell": ["gru"]},
        resource="max_epochs",
        max_resources=9,
        min_resources=1,
        factor=3,
        cv=2,
    ).fit(X, y)
    assert search.best_params_["max_epochs"] > 1
    assert search.best_params_["learning_rate"] != 1e-4


def test_callbacks_of_scikit_learn():
    callback = pytest.importorskip("sklearn.callback")

    class Recorder:
        def __init__(self):
            self.events = []

        def setup(self, estimator, context):
            self.events.append("setup")

        def teardown(self, estimator, context):
            self.events.append("teardown")

        def on_fit_task_begin(self, estimator, context):
            self.events.append(f"begin {context.task_name}")

        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            self.events.append(f"end {context.task_name}")
            if fitted_estimator is not None:
                self.score = fitted_estimator.score(X, y)
            return self.events.count("end epoch") == 3

    recorder = Recorder()
    options = SMALL | {"max_epochs": 50, "n_estimators": 1}
    model = RNNRegressor(**options).set_callbacks(recorder)
    model.fit(X, y)
    assert model.n_iter_ == 3
    assert recorder.events == [
        "setup",
        "begin fit",
        *["begin epoch", "end epoch"] * 3,
        "end fit",
        "teardown",
    ]
    assert recorder.score == model.score(X, y)
    assert isinstance(recorder, callback.FitCallback)
    recorder.events.clear()
    with pytest.raises(ValueError, match="NaN"):
        model.fit(X, np.full(90, np.nan))
    assert recorder.events[-1] == "teardown"


def test_an_epoch_that_starts_again_is_one_task():
    callback = pytest.importorskip("sklearn.callback")
    model = RNNRegressor(
        **SMALL | {"max_epochs": 6},
        n_estimators=1,
        optimizer="sgd",
        learning_rate=1e4,
        momentum=0.0,
        max_grad_norm=None,
        scale=False,
        on_divergence="restart",
    )
    monitor = callback.ScoringMonitor(scoring="r2")
    with pytest.warns(UserWarning, match="Training goes on from the best weights"):
        model.set_callbacks(monitor).fit(X * 10, y * 100)
    scores = [entry["r2"] for entry in monitor.get_logs().data]
    assert len(scores) == model.n_iter_ == 6
    assert scores[-1] == model.score(X * 10, y * 100)


def test_epochs_show_under_the_bar_of_a_search():
    callback = pytest.importorskip("sklearn.callback")
    pytest.importorskip("rich")
    search = GridSearchCV(RNNRegressor(**SMALL), {"hidden_size": [3]}, cv=2)
    search.set_callbacks(callback.ProgressBar()).fit(X, y)
    assert search.best_score_ > -10


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
    model = RNNRegressor(**options, n_iter_no_change=4, learning_rate=0.05).fit(X, y)
    again = clone(model).set_params(max_epochs=model.best_epoch_).fit(X, y)
    assert model.best_epoch_ < model.n_iter_
    assert_array_equal(model.predict(X), again.predict(X))
    assert torch.equal(weights(model), weights(again))


@every_trick
@pytest.mark.filterwarnings("ignore:scoring=:UserWarning")
def test_going_on_is_the_same_as_not_stopping(options):
    options = {"hidden_size": 6, "random_state": 0, "early_stopping": False, **options}
    whole = RNNRegressor(**options, max_epochs=10).fit(X, y)
    warm = RNNRegressor(**options, max_epochs=5, warm_start=True).fit(X, y).fit(X, y)
    stepwise = RNNRegressor(**options)
    for _ in range(10):
        stepwise.partial_fit(X, y)
    for other in (warm, stepwise):
        assert torch.equal(weights(whole), weights(other))
        assert_array_equal(whole.predict(X), other.predict(X))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ({0: -1.0, 1: 1.0}, "not negative"),
        ({0: np.nan, 1: 1.0}, "finite numbers"),
        ({0: 0.0, 1: 0.0}, "leaves no sample with a weight"),
        ([{0: 1, 1: 2}], "a list, which is for several labels"),
    ],
)
def test_class_weights_without_sense(weight, message):
    with pytest.raises(ValueError, match=message):
        RNNClassifier(**SMALL, class_weight=weight).fit(X, LABELS)


def test_class_weights_of_several_labels():
    Y = np.c_[LABELS, X[:, -1] > 0.5, X[:, -2] > 1].astype(int)
    weight = [{0: 1, 1: 3}, {0: 2, 1: 1}, {0: 1, 1: 1}]
    factor = np.prod([np.where(Y[:, i], w[1], w[0]) for i, w in enumerate(weight)], 0)
    options = SMALL | {"batch_size": None, "dtype": "float64"}
    by_class = RNNClassifier(**options, class_weight=weight).fit(X, Y)
    by_sample = RNNClassifier(**options).fit(X, Y, sample_weight=factor)
    # The features are scaled with the weights of the samples only.
    assert_allclose(by_class.loss_curve_, by_sample.loss_curve_, rtol=0.1)
    rows = np.repeat(np.arange(90), factor)
    repeated = RNNClassifier(**options, scale=False).fit(X[rows], Y[rows])
    by_class.set_params(scale=False).fit(X, Y)
    assert_allclose(by_class.predict_proba(X), repeated.predict_proba(X), atol=1e-7)


def test_a_score_that_is_nan_is_an_error():
    model = RNNClassifier(hidden_size=4, max_epochs=3, scoring="roc_auc")
    one_class = {"X_val": X[:5], "y_val": np.zeros(5, int)}
    with pytest.raises(ValueError, match="scoring='roc_auc' gives NaN on the 5"):
        with pytest.warns(UndefinedMetricWarning):
            model.fit(X, LABELS, **one_class)
    assert not hasattr(model, "net_")


# -- failure --------------------------------------------------------------------------


def test_a_diverged_training_says_where_and_why():
    model = RNNRegressor(
        **SMALL, optimizer="sgd", learning_rate=1e30, max_grad_norm=None
    )
    with pytest.raises(NonFiniteLossError) as caught:
        model.fit(X, y)
    message = str(caught.value)
    for part in (
        "epoch 1",
        "batch",
        "learning rate 1e+30",
        "norm was",
        "max_grad_norm",
    ):
        assert part in message
    assert not hasattr(model, "net_")


def test_a_diverged_training_starts_again_at_a_tenth_of_the_rate():
    options = {**SMALL, "optimizer": "sgd", "max_grad_norm": None, "momentum": 0.0}
    model = RNNRegressor(**options, learning_rate=1e4, on_divergence="restart")
    model.set_params(scale=False, max_epochs=8)
    with pytest.warns(UserWarning, match="Training goes on from the best weights"):
        model.fit(X * 10, y * 100)
    assert model.n_iter_ == 8
    assert model.net_.lr < 1e4
    assert np.isfinite(model.predict(X)).all()
    hopeless = model.set_params(learning_rate=1e30)
    with pytest.raises(NonFiniteLossError, match="after 5 restarts"), pytest.warns():
        hopeless.fit(X * 10, y * 100)


def test_autocast_trains_and_predicts_in_full_precision():
    model = RNNRegressor(**SMALL | {"max_epochs": 30}, autocast=True).fit(X, y)
    assert not torch.equal(
        weights(model), weights(RNNRegressor(**SMALL | {"max_epochs": 30}).fit(X, y))
    )
    assert model.score(X, y) > 0.7
    assert network(model).head.weight.dtype == torch.float32


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("lengths", [None, "ragged"])
def test_autocast_with_batch_normalisation(cell, lengths):
    given = X[:, :, None]
    if lengths is not None:
        given = [x[: 1 + i % 7] for i, x in enumerate(given)]
    options = SMALL | {"max_epochs": 30, "norm": "batch", "autocast": True}
    model = RNNRegressor(cell, **options).fit(given, y)
    assert network(model).stack.layers[0].norm.running_var.dtype == torch.float32
    assert model.loss_curve_[-1] < model.loss_curve_[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nonlinearity": "relu"}, "nonlinearity='relu' is for cell='rnn'"),
        ({"init": "identity"}, "init='identity' is for cell='rnn'"),
        ({"init": "chrono", "cell": "rnn"}, "init='chrono'"),
        ({"nesterov": True}, "nesterov=True needs optimizer='sgd'"),
        (
            {"nesterov": True, "optimizer": "sgd", "momentum": 0.0},
            "momentum above 0",
        ),
        ({"tbptt_steps": 3, "bidirectional": True}, "bidirectional=True"),
        ({"tbptt_steps": 3, "norm": "batch"}, "norm='batch'"),
        ({"autocast": True, "dtype": "float64"}, "autocast=True"),
        ({"lr_schedule_options": {"gamma": 0.5}}, "lr_schedule is None"),
        ({"device": "cuda"}, "finds no such device"),
        ({"optimizer": int}, "must be derived from torch.optim"),
        ({"lr_schedule": int}, "must be derived from torch.optim.lr_scheduler"),
        ({"loss": int}, "must be derived from torch.nn"),
        ({"callbacks": [3]}, "callbacks must hold objects"),
        ({"lr_schedule": torch.optim.lr_scheduler.StepLR}, "step_size"),
    ],
)
@pytest.mark.parametrize("estimator", [RNNRegressor, RNNClassifier])
def test_combinations_without_sense(estimator, options, message):
    if options.get("device") == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ValueError, match=message):
        estimator(**SMALL | options).fit(X, LABELS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "meta"}, "finds no such device"),
        ({"device": "vulkan"}, "finds no such device"),
        ({"device": "mps", "dtype": "float64"}, "no double precision"),
        (
            {"optimizer": torch.optim.LBFGS, "weight_decay": 0.1},
            "LBFGS cannot be made with lr=.*, weight_decay=0.1",
        ),
        ({"loss": torch.nn.TripletMarginLoss}, "cannot compare outputs of shape"),
        ({"loss": torch.nn.GaussianNLLLoss()}, "cannot compare outputs of shape"),
        (
            {"loss": torch.nn.AdaptiveLogSoftmaxWithLoss},
            "AdaptiveLogSoftmaxWithLoss cannot be made without arguments",
        ),
    ],
)
@pytest.mark.parametrize("estimator", [RNNRegressor, RNNClassifier])
def test_what_torch_refuses_is_a_value_error(estimator, options, message):
    model = estimator(**SMALL | options)
    with pytest.raises(ValueError, match=message):
        model.fit(X, LABELS)
    assert not hasattr(model, "net_")


@pytest.mark.parametrize("quantiles", [(), (0.5, 0.5), (0.0, 0.5), (1, 2), [[0.5]]])
def test_wrong_quantiles(quantiles):
    with pytest.raises(ValueError, match="quantiles must be different numbers"):
        RNNRegressor(loss="quantile", quantiles=quantiles).fit(X, y)


def test_more_combinations_without_sense():
    with pytest.raises(ValueError, match="loss='poisson' needs"):
        RNNRegressor(loss="poisson", instance_norm="last").fit(X, np.abs(y))
    with pytest.raises(ValueError, match="label_smoothing is for"):
        RNNClassifier(loss=torch.nn.MultiMarginLoss, label_smoothing=0.1).fit(X, LABELS)
    with pytest.raises(ValueError, match="resume=True needs checkpoint_dir"):
        RNNRegressor().fit(X, y, resume=True)


# -- all together ---------------------------------------------------------------------

# A list for each parameter; one grid over all pairs would take days, so each of its
# values meets the others in random combinations.
SPACE = {
    "cell": ["lstm", "gru", "rnn"],
    "num_layers": [1, 2],
    "bidirectional": [False, True],
    "nonlinearity": ["tanh", "relu"],
    "segment_length": [None, 2],
    "dropout": [0.0, 0.3],
    "recurrent_dropout": [0.0, 0.3],
    "input_noise": [0.0, 0.1],
    "norm": [None, "layer", "batch"],
    "residual": [False, True],
    "pooling": ["last", "mean", "max", "mixed", "attention"],
    "scale": [True, False],
    "instance_norm": [None, "last", "standard"],
    "missing": ["error", "indicator"],
    "init": ["orthogonal", "chrono", "identity"],
    "frozen": [None, "recurrent.0", "head"],
    "optimizer": ["sgd", "adagrad", "rmsprop", "adam", "adamw", "nadam"],
    "nesterov": [False, True],
    "weight_decay": [0.0, 0.01],
    "l1": [0.0, 1e-3],
    "lr_schedule": [
        None,
        "step",
        "exponential",
        "cosine",
        "one_cycle",
        "warmup",
        "plateau",
    ],
    "max_grad_norm": [None, 1.0],
    "max_grad_value": [None, 0.5],
    "tbptt_steps": [None, 3],
    "batch_size": [None, 16],
    "early_stopping": [True, False],
    "autocast": [False, True],
    "dtype": ["float32", "float64"],
}
LOSSES = ["squared_error", "absolute_error", "huber", "poisson", "quantile"]
LOSSES += ["gaussian", "student_t", torch.nn.SmoothL1Loss]
REFUSALS = (
    "is for cell='rnn'",
    "init='chrono' sets",
    "nesterov=True needs",
    "bidirectional=True needs",
    "norm='batch' needs",
    "loss='poisson' needs",
    "autocast=True trains",
)


@pytest.mark.parametrize("seed", range(60))
def test_any_combination_trains_or_is_refused(seed):
    rng = np.random.default_rng(seed)
    options = {
        name: values[rng.integers(len(values))] for name, values in SPACE.items()
    }
    classes = bool(seed % 2)
    if classes:
        options["loss"] = ["cross_entropy", "focal"][rng.integers(2)]
        options["label_smoothing"] = [0.0, 0.1][rng.integers(2)]
        kind, target = RNNClassifier, LABELS
    else:
        options["loss"] = LOSSES[rng.integers(len(LOSSES))]
        options["decoder"] = ["linear", "parallel"][rng.integers(2)]
        kind, target = RNNRegressor, np.abs(y)
    model = kind(
        hidden_size=4, max_epochs=2, learning_rate=1e-3, random_state=0, **options
    )
    states = torch.get_rng_state(), np.random.get_state()[1].copy()
    try:
        model.fit(X, target)
    except ValueError as error:
        assert any(part in str(error) for part in REFUSALS), error
        return
    assert torch.equal(states[0], torch.get_rng_state())
    assert_array_equal(states[1], np.random.get_state()[1])
    forecast = model.predict_proba(X) if classes else model.predict(X)
    assert np.isfinite(forecast).all()
    again = clone(model).fit(X, target)
    assert torch.equal(weights(model), weights(again))


def test_every_value_of_one_parameter_in_a_grid():
    names = sorted(SPACE)
    for name in names:
        grid = [
            {"cell": ["rnn"]} | {name: [value]}
            for value in SPACE[name]
            if (name, value) not in {("init", "chrono"), ("nesterov", True)}
        ]
        search = GridSearchCV(
            RNNRegressor(hidden_size=3, max_epochs=2, n_estimators=1, random_state=0),
            grid,
            cv=TimeSeriesSplit(2),
            error_score="raise",
            refit=False,
        )
        search.fit(X[:40], y[:40])
        assert np.isfinite(search.cv_results_["mean_test_score"]).all(), name


@pytest.mark.parametrize(
    ("kind", "scoring"),
    [
        (RNNRegressor, "neg_mean_squared_error"),
        (RNNClassifier, "accuracy"),
        (RNNClassifier, "neg_log_loss"),
    ],
)
def test_scores_of_skorch(kind, scoring):
    target = y if kind is RNNRegressor else LABELS
    callbacks = [
        EpochScoring(scoring, name="valid"),
        EpochScoring(scoring, on_train=True, name="train"),
        BatchScoring("neg_mean_squared_error", name="batch"),
    ]
    if kind is RNNClassifier:
        callbacks.pop()
    model = kind(hidden_size=6, max_epochs=5, random_state=0, callbacks=callbacks)
    model.fit(X, target, sample_weight=np.ones(90))
    epochs = model.net_.history
    if scoring != "accuracy":
        expected = [-loss for loss in model.validation_loss_curve_]
        assert_allclose(epochs[:, "valid"], expected, rtol=1e-5)
    assert len(epochs[:, "train"]) == 5
    assert torch.equal(
        weights(model), weights(clone(model).set_params(callbacks=None).fit(X, target))
    )


def test_the_net_reads_no_plain_arrays():
    model = RNNRegressor(**SMALL).fit(X, y)
    with pytest.raises(TypeError, match="Call predict of the estimator instead"):
        model.net_.predict(X.astype(np.float32))
