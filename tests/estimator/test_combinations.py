"""Any combination of parameters trains, or is refused for a reason."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score

from skrnn import RNNClassifier, RNNRegressor
from tests.estimator.data import LABELS, SMALL, X, y
from tests.support import assert_rows_alone, weights_of


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nonlinearity": "relu"}, "nonlinearity='relu' is for cell='rnn'"),
        ({"init": "identity"}, "init='identity' is for cell='rnn'"),
        ({"init": "chrono", "cell": "rnn"}, "init='chrono'"),
        ({"init": "integrating", "cell": "rnn"}, "init='integrating'"),
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
        ({"device": "hpu"}, "finds no such device"),
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


def test_more_combinations_without_sense():
    with pytest.raises(ValueError, match="loss='poisson' needs"):
        RNNRegressor(loss="poisson", instance_norm="last").fit(X, np.abs(y))
    with pytest.raises(ValueError, match="label_smoothing is for"):
        RNNClassifier(loss=torch.nn.MultiMarginLoss, label_smoothing=0.1).fit(X, LABELS)
    with pytest.raises(ValueError, match="resume=True needs checkpoint_dir"):
        RNNRegressor().fit(X, y, resume=True)


# A list for each parameter; one grid over all pairs would take days, so each of its
# values meets the others in random combinations.
SPACE = {
    "cell": ["lstm", "gru", "rnn"],
    "num_layers": [1, 2],
    "bidirectional": [False, True],
    "nonlinearity": ["tanh", "relu"],
    "segment_length": [None, 2],
    "n_filters": [None, 3],
    "dropout": [0.0, 0.3],
    "recurrent_dropout": [0.0, 0.3],
    "input_noise": [0.0, 0.1],
    "norm": [None, "layer", "batch"],
    "residual": [False, True],
    "pooling": ["last", "mean", "max", "mixed", "attention"],
    "scale": [True, False],
    "instance_norm": [None, "last", "standard"],
    "missing": ["error", "indicator"],
    "init": ["orthogonal", "chrono", "integrating", "identity"],
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
    "init='integrating' sets",
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
    again = clone(model).fit(X, target)
    assert torch.equal(weights_of(model), weights_of(again))
    predict = "predict_proba" if classes else "predict"
    forecast = getattr(model, predict)(X)
    assert np.isfinite(forecast).all()
    assert_array_equal(forecast, getattr(again, predict)(X))
    assert_rows_alone(getattr(model, predict)(X[5:6]), forecast[5:6])


@pytest.mark.parametrize("name", sorted(SPACE))
def test_every_value_of_one_parameter_in_a_grid(name):
    grid = [
        {"cell": ["rnn"]} | {name: [value]}
        for value in SPACE[name]
        if (name, value)
        not in {("init", "chrono"), ("init", "integrating"), ("nesterov", True)}
    ]
    model = RNNRegressor(hidden_size=3, max_epochs=2, n_estimators=1, random_state=0)
    splits = TimeSeriesSplit(2)
    search = GridSearchCV(model, grid, cv=splits, error_score="raise", refit=False)
    found = search.fit(X[:40], y[:40]).cv_results_
    assert np.isfinite(found["mean_test_score"]).all()
    # The last candidate's score is that of the parameter set by hand.
    last = clone(model).set_params(**found["params"][-1])
    by_hand = cross_val_score(last, X[:40], y[:40], cv=splits)
    assert found["mean_test_score"][-1] == by_hand.mean()
