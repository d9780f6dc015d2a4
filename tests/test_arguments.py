"""Every parameter and every argument takes what it is documented to take, no more.

A boolean is no number, a number no boolean, a float no count; and no number is so large
that C, NumPy or torch cannot hold it.
"""

import inspect

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.linear_model import LinearRegression
from sklearn.utils._param_validation import InvalidParameterError

import skrnn
from skrnn import (
    FlattenSequence,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
    ToSequence,
    make_windows,
    windows,
)
from skrnn.windows import WindowedArray, check_no_lookahead, make_targets
from tests.estimator.data import LABELS, X, y

_HOUR = np.timedelta64(1, "h")  # an integer, to NumPy
_NO_NUMBER = [True, False, np.True_, "1", b"1", [1], (), {}, 1j, object(), int, _HOUR]
_NO_COUNT = [*_NO_NUMBER, 1.0, 2.5, np.float64(1), -1, np.nan, np.inf, np.int8(-1)]
_NO_COUNT += [2**53, 2**64, 10**400, -(10**400)]
_NO_FLOAT = [*_NO_NUMBER, np.nan, np.inf, -np.inf, -1, -1e-300, 10**400]
_NO_FLOAT += [np.longdouble("1e400")]
_TINY = np.longdouble("1e-400")  # zero, once it is a float of Python
_NO_WORD = [True, 0, 1.5, "no such word", b"last", ["last"], object()]
_NO_OBJECT = [True, 0, 1.5, object()]

# What a kind of parameter takes, and what it does not.
KINDS = {
    "count": ([1, np.int8(1), np.uint64(7), 2**53 - 1], [*_NO_COUNT, 0]),
    "count from 0": ([0, np.uint8(1), 2**53 - 1], _NO_COUNT),
    "seed": ([0, np.uint32(2**32 - 1), np.random.RandomState()], [*_NO_COUNT, 2**32]),
    "positive": ([1, 1e-300, np.float32(0.5)], [*_NO_FLOAT, 0, -0.0, _TINY]),
    "from 0": ([0, -0.0, 1e300, np.float16(0.5)], _NO_FLOAT),
    "probability": ([0, -0.0, 0.5], [*_NO_FLOAT, 1, 1.0]),
    "share": ([0.5, np.float32(0.5)], [*_NO_FLOAT, 0, -0.0, 1, 1.0, _TINY]),
    "switch": ([True, False, np.True_], [0, 1, 1.0, "yes", "True", [True], 1j]),
    "level": ([0, 2, True, False], ["yes", -1, 1.0, np.nan, [1]]),
    "word": ([], _NO_WORD),
    "text": (["cpu"], [True, 0, 1.5, b"cpu", ["cpu"]]),
    "list": ([[], ()], [*_NO_OBJECT, "words"]),
    "names": (["head", ["head"]], _NO_OBJECT),
    "dict": ([{}], [*_NO_OBJECT, "words", [1]]),
    "class": ([torch.nn.MSELoss], _NO_WORD),
    # With all the methods that are asked for.
    "object": ([KMeans()], [*_NO_OBJECT, "words"]),
    "scorer": (["accuracy", max], _NO_OBJECT),
    "columns": (
        ["a", ["a"], ("a", 0), 0, np.int8(1), np.array([0]), pd.Index(["a"])],
        [True, np.True_, -1, 1.5, b"a", {}, object()],
    ),
    "key columns": (["a", ["a"], ("a", "b")], [True, 0, 1.5, b"a", {}, object()]),
    "column": (["a"], [True, 0, 1.5, b"a", ["a"], {}, object()]),
    "features": ([["a"], ("a", 0), np.array([True]), [0]], [True, 0, 1.5, object()]),
    "levels": ([(0.1, 0.5), np.array([0.5])], [*_NO_OBJECT, "words"]),
    "step": (
        ["D", 1, pd.Timedelta(1)],
        [True, False, np.True_, 0, -1, 1.5, 2**53, _HOUR],
    ),
}
# A kind, and what else is taken: None, "auto" and infinity only where it says so.
OF_BOTH = {
    "cell": ["word", "lstm", "gru", "rnn"],
    "hidden_size": ["count"],
    "num_layers": ["count"],
    "bidirectional": ["switch"],
    "nonlinearity": ["word", "tanh", "relu"],
    "segment_length": ["count", "auto", None],
    "n_filters": ["count", None],
    "categorical_features": ["features", "from_dtype", None],
    "embedding_size": ["count", "auto"],
    "dropout": ["probability"],
    "recurrent_dropout": ["probability"],
    "input_noise": ["from 0"],
    "norm": ["word", "layer", "batch", None],
    "residual": ["switch"],
    "pooling": ["word", "last", "mean", "max", "mixed", "attention"],
    "n_estimators": ["count", "auto"],
    "parts": ["word", "all", "networks", "network"],
    "scale": ["switch"],
    "instance_norm": ["word", "last", "standard", None],
    "missing": ["word", "error", "indicator"],
    "init": ["object", "orthogonal", "chrono", "integrating", "identity"],
    "frozen": ["names", "auto", None],
    "loss": ["class"],
    "optimizer": ["class", "sgd", "adagrad", "rmsprop", "adam", "adamw", "nadam"],
    "learning_rate": ["positive"],
    "momentum": ["probability"],
    "nesterov": ["switch"],
    "weight_decay": ["from 0"],
    "l1": ["from 0"],
    "lr_schedule": ["class", "step", "cosine", "one_cycle", "plateau", None],
    "lr_schedule_options": ["dict", None],
    "ema_decay": ["share", None],
    "max_grad_norm": ["positive", None],
    "max_grad_value": ["positive", None],
    "tbptt_steps": ["count", None],
    "batch_size": ["count", None],
    "max_epochs": ["count"],
    "max_time": ["positive", None],
    "shuffle": ["switch"],
    "early_stopping": ["switch"],
    "scoring": ["scorer", "auto", None],
    "validation_fraction": ["share"],
    "validation_gap": ["count from 0"],
    "n_iter_no_change": ["count", "auto", np.inf],
    "tol": ["from 0"],
    "on_divergence": ["word", "raise", "restart"],
    "checkpoint_dir": ["text", "auto", None],
    "warm_start": ["switch"],
    "random_state": ["seed", None],
    "device": ["text", "auto"],
    "dtype": ["word", "float32", "float64"],
    "autocast": ["switch"],
    "callbacks": ["list", None],
    "verbose": ["level"],
}
PARAMETERS = {
    RNNRegressor: {
        **OF_BOTH,
        "decoder": ["word", "linear", "parallel"],
        "linear_steps": ["count", "auto", None],
        "ema_decay": ["share", "auto", None],
        "quantiles": ["levels"],
    },
    RNNClassifier: {
        **OF_BOTH,
        "hidden_size": ["count", "auto"],
        "bidirectional": ["switch", "auto"],
        "learning_rate": ["positive", "auto"],
        "batch_size": ["count", "auto", None],
        "validation_fraction": ["share", "auto"],
        "init": [
            "object",
            "auto",
            "orthogonal",
            "chrono",
            "integrating",
            "identity",
        ],
        "time_warp": ["from 0", "auto"],
        "n_kernels": ["count", "auto", None],
        "label_smoothing": ["probability"],
        "focal_gamma": ["from 0"],
        "class_weight": ["dict", "balanced", None, [1]],
    },
    SlidingWindow: {
        "window_length": ["count"],
        "horizon": ["count from 0"],
        "freq": ["step", "auto", None],
        "history": ["word", "warn", "require", "allow"],
        "known": ["columns", "auto", None, max],
        "partial_steps": ["word", "absent", "keep"],
        "series": ["key columns", "auto", None],
        "time": ["column", "auto", None],
    },
    ToSequence: {
        "n_timesteps": ["count", None],
        "n_features": ["count", None],
        "order": ["word", "time", "feature"],
    },
    FlattenSequence: {"pad": ["word", "nan", "edge", "zero"]},
    TimeDistributed: {"transformer": ["object", None]},
}
ROWS = np.arange(20.0).reshape(10, 2)
FRAME = pd.DataFrame(ROWS, columns=["a", "b"])
_CONTAINER = ["word", "default", "pandas", "polars", None]
FITTED = RNNRegressor(hidden_size=2, max_epochs=1, n_estimators=1).fit(X, y)
# Arguments that are no data: the call, by the argument, and its kind.
ARGUMENTS = {
    (RNNRegressor.fit, "resume"): (
        lambda resume: RNNRegressor().fit(X, y, resume=resume),
        ["switch"],
    ),
    (RNNClassifier.fit, "resume"): (
        lambda resume: RNNClassifier().fit(X, LABELS, resume=resume),
        ["switch"],
    ),
    (RNNRegressor.predict, "return_std"): (
        lambda return_std: FITTED.predict(X, return_std),
        ["switch"],
    ),
    **{
        (kind.set_output, "transform"): (
            lambda transform, kind=kind: kind().set_output(transform=transform),
            _CONTAINER,
        )
        for kind in (SlidingWindow, ToSequence, TimeDistributed)
    },
    (WindowedArray, "window_length"): (
        lambda window_length: WindowedArray(ROWS, [1], [1], window_length),
        ["count"],
    ),
    (make_windows, "window_length"): (
        lambda window_length: make_windows(ROWS, window_length),
        ["count"],
    ),
    (make_windows, "step_length"): (
        lambda step_length: make_windows(ROWS, 2, step_length=step_length),
        ["count"],
    ),
    (make_windows, "return_newest"): (
        lambda return_newest: make_windows(ROWS, 2, return_newest=return_newest),
        ["switch"],
    ),
    (make_windows, "fh"): (lambda fh: make_windows(ROWS, 2, fh=fh), ["count", [1]]),
    (make_targets, "fh"): (lambda fh: make_targets(ROWS, ROWS, fh), ["count", [1]]),
    (make_windows, "target"): (
        lambda target: make_windows(ROWS, 2, target=target),
        ["count from 0", [1], None],
    ),
    (make_windows, "known"): (
        lambda known: make_windows(ROWS, 2, known=known),
        ["columns", None],
    ),
    (make_targets, "at"): (
        lambda at: make_targets(ROWS, ROWS, 1, at=at),
        ["word", "origin", "last"],
    ),
    (make_targets, "gap_in"): (
        lambda gap_in: make_targets(ROWS, ROWS, 1, gap_in=gap_in),
        ["word", "rows", "steps", None],
    ),
    (make_targets, "time"): (
        lambda time: make_targets(FRAME, ROWS, 1, time=time),
        ["column", None],
    ),
    (check_no_lookahead, "time"): (
        lambda time: check_no_lookahead(LinearRegression(), FRAME, ROWS, time=time),
        ["column", None],
    ),
    (check_no_lookahead, "known"): (
        lambda known: check_no_lookahead(LinearRegression(), ROWS, ROWS, known=known),
        ["columns", None],
    ),
    (check_no_lookahead, "horizon"): (
        lambda horizon: check_no_lookahead(
            LinearRegression(), ROWS, ROWS, horizon=horizon
        ),
        ["count from 0"],
    ),
    (check_no_lookahead, "n_cuts"): (
        lambda n_cuts: check_no_lookahead(
            LinearRegression(), ROWS, ROWS, n_cuts=n_cuts
        ),
        ["count", None],
    ),
    (check_no_lookahead, "random_state"): (
        lambda random_state: check_no_lookahead(
            LinearRegression(), ROWS, ROWS, random_state=random_state
        ),
        ["seed", None],
    ),
}
# What the data are, and what belongs to them.
DATA = {"self", "X", "y", "sample_weight", "X_val", "y_val", "classes", "groups"}
DATA |= {"input_features", "series", "exog", "estimator", "values", "stop", "length"}
DATA |= {
    "index",
    "feature_names",
    "rows",
    "dtype",
    "out",
    "api_version",
    "n_steps",
    "categories",
    "rank",
}


def _refused(kind, also):
    """What a parameter of a kind does not take, that else is taken of `also`."""
    of_kind = [*KINDS[kind][1], None, "auto"]
    return [
        value
        for value in of_kind
        if not any(type(value) is type(one) and value == one for one in also)
    ]


@pytest.mark.parametrize("kind", PARAMETERS)
def test_every_parameter(kind):
    assert set(PARAMETERS[kind]) == set(kind().get_params())
    for name, (of_kind, *also) in PARAMETERS[kind].items():
        for value in [*KINDS[of_kind][0], *also]:
            kind(**{name: value})._validate_params()
        for value in _refused(of_kind, also):
            with pytest.raises(InvalidParameterError, match=f"'{name}' parameter"):
                kind(**{name: value})._validate_params()


@pytest.mark.parametrize(
    "key", ARGUMENTS, ids=lambda key: f"{key[0].__name__}-{key[1]}"
)
def test_every_argument(key):
    call, (of_kind, *also) = ARGUMENTS[key]
    for value in _refused(of_kind, also):
        with pytest.raises(ValueError, match=rf"^(The )?'?{key[1]}\b"):
            call(value)


def test_no_argument_is_forgotten():
    found = set()
    for public in (*PARAMETERS, *map(windows.__dict__.get, windows.__all__)):
        calls = [public]
        if inspect.isclass(public):
            members = inspect.getmembers(public, inspect.isfunction)
            calls = [call for name, call in members if not name.startswith("_")]
            calls = [c for c in calls if c.__module__.startswith("skrnn")]
            calls += [WindowedArray] if public is WindowedArray else []
        for call in calls:
            names = set(inspect.signature(call).parameters) - DATA
            found |= {(call, name) for name in names}
    assert found == set(ARGUMENTS)
    assert {*PARAMETERS, make_windows} <= {getattr(skrnn, name) for name in skrnn._HOME}


def test_a_fault_in_an_argument_leaves_an_estimator_as_it_was():
    model = RNNRegressor(hidden_size=2, max_epochs=1, n_estimators=1)
    before = dict(vars(model))
    with pytest.raises(InvalidParameterError, match="'resume' parameter of RNNRegr"):
        model.fit(X, y, resume="yes")
    assert vars(model) == before


@pytest.mark.parametrize(
    "fh",
    [[True, 2], [1, np.True_], [1.0, 2.0], [0], [1, 1], [2**53], [np.uint64(2**63)]],
)
def test_steps_ahead_are_different_counts(fh):
    for call in (make_windows, make_targets):
        with pytest.raises(ValueError, match=r"^fh must be a positive integer"):
            call(ROWS, 2, fh=fh) if call is make_windows else call(ROWS, ROWS, fh)
