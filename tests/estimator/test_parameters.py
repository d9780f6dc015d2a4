"""Parameters: those of NumPy are as those of Python, and none is read after fit."""

import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from skrnn import (
    FlattenSequence,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    ToSequence,
    make_windows,
)
from skrnn._numbers import Number, is_integer, plain
from skrnn.inspection import integrated_gradients, permutation_importance
from tests.estimator.data import LABELS, X, y

# A value of Python for each parameter that may be a number or a boolean. Fractions that
# float16 holds too, so that nothing is rounded.
NUMBERS = {
    "hidden_size": 4,
    "num_layers": 2,
    "bidirectional": False,
    "segment_length": 2,
    "n_filters": 3,
    "embedding_size": 5,
    "dropout": 0.125,
    "recurrent_dropout": 0.125,
    "input_noise": 0.125,
    "residual": True,
    "scale": True,
    "n_estimators": 2,
    "learning_rate": 0.0625,
    "momentum": 0.5,
    "nesterov": True,
    "weight_decay": 0.0625,
    "l1": 0.0625,
    "ema_decay": 0.5,
    "max_grad_norm": 2,
    "max_grad_value": 2,
    "tbptt_steps": 2,
    "batch_size": 100,
    "max_epochs": 2,
    "max_time": 100,
    "shuffle": True,
    "early_stopping": True,
    "validation_fraction": 0.25,
    "validation_gap": 1,
    "n_iter_no_change": 100,
    "tol": 0,
    "warm_start": False,
    "random_state": 100,
    "autocast": False,
    "verbose": 0,
    # The regressor's and the classifier's own.
    "linear_steps": 3,
    "quantiles": [0.25, 0.5],
    "n_kernels": 100,
    "time_warp": 0.125,
    "label_smoothing": 0.125,
    "focal_gamma": 2,
    "class_weight": {0: 2, 1: 1},
}
WORDS = {
    "optimizer": "sgd",
    "lr_schedule": "step",
    "lr_schedule_options": {"step_size": 1, "gamma": 0.5},
}
OWN = {
    RNNRegressor: {"loss": "quantile"},
    RNNClassifier: {"loss": "focal"},
}
KINDS = {
    "short": (np.uint8, np.float16),
    "long": (np.int64, np.float64),
    "unsigned": (np.uint64, np.longdouble),
}


def as_numpy(value, kind):
    """The same value, made of NumPy's numbers."""
    of_int, of_float = KINDS[kind]
    if isinstance(value, dict):
        return {key: as_numpy(item, kind) for key, item in value.items()}
    if isinstance(value, list):
        return np.array(value, of_float)
    if isinstance(value, bool):
        return np.bool_(value)
    return of_int(value) if isinstance(value, int) else of_float(value)


def takes_numbers(constraints):
    """Whether a parameter may be a number or a boolean."""
    words = [c for c in constraints if isinstance(c, str)]
    return {"boolean", "verbose"} & set(words) or any(
        isinstance(c, Number) for c in constraints
    )


def target_of(Estimator):
    return LABELS if Estimator is RNNClassifier else y


def output(model, given):
    return getattr(model, "predict_proba", model.predict)(given)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("Estimator", OWN)
def test_numbers_of_numpy_are_those_of_python(Estimator, kind):
    known = set(Estimator().get_params())
    numbers = {name: v for name, v in NUMBERS.items() if name in known}
    constraints = Estimator._parameter_constraints
    assert {name for name in known if takes_numbers(constraints[name])} <= set(numbers)
    words = WORDS | OWN[Estimator]
    target = target_of(Estimator)
    expected = Estimator(**numbers, **words).fit(X, target)
    given = {name: as_numpy(value, kind) for name, value in numbers.items()}
    words["lr_schedule_options"] = as_numpy(words["lr_schedule_options"], kind)
    words = {n: np.str_(v) if isinstance(v, str) else v for n, v in words.items()}
    model = Estimator(**given, **words).fit(X, target)
    assert_array_equal(output(model, X), output(expected, X))
    assert model.settings_ == expected.settings_
    assert model.loss_curve_ == expected.loss_curve_


def test_numbers_of_numpy_for_transformers():
    rows = np.arange(600.0).reshape(300, 2)
    expected = SlidingWindow(200, horizon=100).fit_transform(rows)
    # 300 is more than a byte holds.
    window = SlidingWindow(np.uint8(200), horizon=np.uint8(100))
    assert_array_equal(window.fit_transform(rows), expected)
    assert_array_equal(window.transform(rows), expected)
    folded = ToSequence(np.uint8(150), np.uint8(2)).fit_transform(np.zeros((2, 300)))
    assert folded.shape == (2, 150, 2)
    found = make_windows(
        rows,
        np.uint8(200),
        fh=np.uint8(90),
        step_length=np.int8(2),
        return_newest=np.bool_(True),
    )
    wanted = make_windows(rows, 200, fh=90, step_length=2, return_newest=True)
    for one, other in zip(found, wanted, strict=True):
        assert_array_equal(one, other)


def test_plain_leaves_all_else_as_it_is():
    loss, rule = torch.nn.MSELoss(), torch.optim.Adam
    for value in (None, "gru", 3, 0.5, True, loss, rule, np.random.RandomState(0)):
        assert plain(value) is value
    assert plain({"a": [np.int8(1), (np.float32(0.5), None)]}) == {
        "a": [1, (0.5, None)]
    }


# -- once it is fitted ----------------------------------------------------------------

# A value other than that of the fit, for every parameter of both estimators.
OTHERS = {
    "cell": "lstm",
    "hidden_size": 9,
    "num_layers": 3,
    "bidirectional": True,
    "nonlinearity": "relu",
    "segment_length": 3,
    "n_filters": 3,
    "categorical_features": [0],
    "embedding_size": 3,
    "dropout": 0.9,
    "recurrent_dropout": 0.9,
    "input_noise": 9.0,
    "norm": "batch",
    "residual": True,
    "pooling": "attention",
    "decoder": "parallel",
    "linear_steps": 1,
    "n_estimators": 3,
    "n_kernels": None,
    "time_warp": 9.0,
    "parts": "network",
    "scale": False,
    "instance_norm": "standard",
    "missing": "indicator",
    "init": "chrono",
    "frozen": "head",
    "quantiles": (0.3, 0.7, 0.8),
    "label_smoothing": 0.5,
    "focal_gamma": 9.0,
    "class_weight": {0: 100.0, 1: 1.0},
    "optimizer": "sgd",
    "learning_rate": 9.0,
    "momentum": 0.1,
    "nesterov": True,
    "weight_decay": 9.0,
    "l1": 9.0,
    "lr_schedule": "cosine",
    "lr_schedule_options": {"gamma": 3},
    "ema_decay": 0.1,
    "max_grad_norm": None,
    "max_grad_value": 1e-9,
    "tbptt_steps": 1,
    "batch_size": None,
    "max_epochs": 1,
    "max_time": 1e-9,
    "shuffle": False,
    "early_stopping": False,
    "scoring": "no scorer",
    "validation_fraction": 0.9,
    "validation_gap": 9,
    "n_iter_no_change": 1,
    "tol": 9.0,
    "on_divergence": "restart",
    "checkpoint_dir": "/nowhere",
    "warm_start": True,
    "random_state": 9,
    "device": "cuda:99",
    "dtype": "float64",
    "autocast": True,
    "callbacks": [None],
    "verbose": 9,
}
FITTED = {
    "hidden_size": 4,
    "max_epochs": 3,
    "n_estimators": 2,
    "n_iter_no_change": 3,
    "random_state": 0,
}


def told(model, given):
    """All that a fitted estimator says of X, by method."""
    methods = (
        "predict",
        "predict_quantiles",
        "predict_proba",
        "predict_log_proba",
        "decision_function",
    )
    found = {m: getattr(model, m)(given) for m in methods if hasattr(model, m)}
    if hasattr(getattr(model, "_head", None), "std"):
        found["std"] = model.predict(given, return_std=True)[1]
    return found


@pytest.mark.parametrize(
    ("Estimator", "loss", "others"),
    [
        (RNNRegressor, "squared_error", ["gaussian", "quantile", "poisson"]),
        (RNNRegressor, "quantile", ["squared_error", "gaussian"]),
        (RNNRegressor, "gaussian", ["squared_error", "quantile"]),
        (RNNClassifier, "cross_entropy", ["focal", torch.nn.CrossEntropyLoss]),
    ],
)
def test_what_is_set_after_fit_changes_no_prediction(Estimator, loss, others):
    few = {"n_kernels": 84} if Estimator is RNNClassifier else {}
    model = Estimator(**FITTED, **few, loss=loss)
    model.fit(X, target_of(Estimator))
    expected = told(model, X)
    with_gaps = np.where(np.arange(X.shape[1]) % 2, np.nan, X)
    with_gaps = told(model, with_gaps), with_gaps
    names = set(model.get_params())
    assert names <= {*OTHERS, "loss"}
    changes = [(name, OTHERS[name]) for name in sorted(names - {"loss"})]
    changes += [("loss", other) for other in others]
    for name, value in changes:
        assert model.get_params()[name] is not value
        changed = copy.copy(model).set_params(**{name: value})
        for wanted, given in ((expected, X), with_gaps):
            found = told(changed, given)
            assert found.keys() == wanted.keys(), name
            for method in wanted:
                assert_array_equal(found[method], wanted[method], err_msg=name)


def test_what_a_step_lacks_is_read_as_it_was_in_fit():
    steps = np.stack([X, X + 1], axis=2)
    steps[:, 2, 1] = np.nan
    model = RNNRegressor(**FITTED, missing="indicator").fit(steps, y)
    expected = model.predict(steps)
    assert_array_equal(model.set_params(missing="error").predict(steps), expected)
    model = RNNRegressor(**FITTED).fit(np.nan_to_num(steps), y)
    with pytest.raises(ValueError, match="is missing while other features"):
        model.set_params(missing="indicator").predict(steps)


def test_a_method_that_is_not_there_names_the_loss_of_the_fit():
    model = RNNRegressor(**FITTED).fit(X, y).set_params(loss="quantile")
    with pytest.raises(AttributeError) as caught:
        model.predict_quantiles(X)
    assert "was fitted with loss='squared_error'" in str(caught.value.__cause__)


def test_transformers_too_are_as_they_were_fitted():
    steps = np.where(np.arange(3) == 0, np.nan, X[:, :3])[:, :, None]
    flatten = FlattenSequence().fit(steps)
    expected = flatten.transform(steps)
    assert_array_equal(flatten.set_params(pad="zero").transform(steps), expected)
    fold = ToSequence(n_features=2).fit(X[:, :4])
    expected = fold.transform(X[:, :4])
    fold.set_params(order="feature", n_timesteps=1, n_features=4)
    assert_array_equal(fold.transform(X[:, :4]), expected)
    rows = np.arange(40.0).reshape(20, 2)
    window = SlidingWindow(3, horizon=1).fit(rows)
    expected = window.transform(rows)
    window.set_params(window_length=5, horizon=0, freq="D")
    assert_array_equal(window.transform(rows), expected)


@pytest.mark.parametrize("value", [0, -3, 10**30, np.int8(1), np.uint64(2**63)])
def test_integers_of_python_and_numpy_are_integers(value):
    assert is_integer(value)


@pytest.mark.parametrize(
    "value", [True, np.True_, 1.0, "1", None, np.timedelta64(1, "h"), np.array([1])]
)
def test_what_passes_as_an_integer_is_none(value):
    assert not is_integer(value)


def test_a_lag_that_is_a_difference_of_times_is_refused():
    model = RNNRegressor(hidden_size=2, max_epochs=1, n_estimators=1, random_state=0)
    model.set_params(early_stopping=False).fit(X, y)
    hour = np.timedelta64(1, "h")
    with pytest.raises(ValueError, match="lag"):
        permutation_importance(model, X, y, by="step", step_groups=[[hour]])
    with pytest.raises(ValueError, match="target"):
        integrated_gradients(model, X, target=hour)
