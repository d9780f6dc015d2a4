"""What the parameters of the estimators may be, alone and together."""

import os
from collections.abc import Mapping
from numbers import Real

import numpy as np
import torch
from sklearn.utils._param_validation import HasMethods, Options, StrOptions

from skrnn._numbers import AT_LEAST_ONE, NOT_NEGATIVE, RANDOM_STATE, Number
from skrnn._training.optimizers import OPTIMIZERS
from skrnn._training.schedules import SCHEDULES

_NON_NEGATIVE = Number(Real, 0, None, closed="left")
_POSITIVE = Number(Real, 0, None, closed="neither")
_PROBABILITY = Number(Real, 0, 1, closed="left")

CONSTRAINTS = {
    "cell": [StrOptions({"lstm", "gru", "rnn"})],
    "hidden_size": [AT_LEAST_ONE],
    "num_layers": [AT_LEAST_ONE],
    "bidirectional": ["boolean"],
    "nonlinearity": [StrOptions({"tanh", "relu"})],
    "segment_length": [AT_LEAST_ONE, StrOptions({"auto"}), None],
    "n_filters": [AT_LEAST_ONE, None],
    "categorical_features": [StrOptions({"from_dtype"}), "array-like", None],
    "embedding_size": [AT_LEAST_ONE, StrOptions({"auto"})],
    "dropout": [_PROBABILITY],
    "recurrent_dropout": [_PROBABILITY],
    "input_noise": [_NON_NEGATIVE],
    "norm": [StrOptions({"layer", "batch"}), None],
    "residual": ["boolean"],
    "pooling": [StrOptions({"last", "mean", "max", "mixed", "attention"})],
    "parts": [StrOptions({"all", "networks", "network"})],
    "scale": ["boolean"],
    "instance_norm": [StrOptions({"last", "standard"}), None],
    "missing": [StrOptions({"error", "indicator"})],
    "init": [
        StrOptions({"orthogonal", "chrono", "integrating", "identity"}),
        HasMethods(["fit", "predict"]),
    ],
    "frozen": [str, "array-like", None],
    "optimizer": [StrOptions(set(OPTIMIZERS)), type],
    "learning_rate": [_POSITIVE],
    "momentum": [_PROBABILITY],
    "nesterov": ["boolean"],
    "weight_decay": [_NON_NEGATIVE],
    "l1": [_NON_NEGATIVE],
    "lr_schedule": [StrOptions(set(SCHEDULES)), type, None],
    "lr_schedule_options": [dict, Mapping, None],
    "ema_decay": [Number(Real, 0, 1, closed="neither"), None],
    "max_grad_norm": [_POSITIVE, None],
    "max_grad_value": [_POSITIVE, None],
    "tbptt_steps": [AT_LEAST_ONE, None],
    "batch_size": [AT_LEAST_ONE, None],
    "max_epochs": [AT_LEAST_ONE],
    "max_time": [_POSITIVE, None],
    "shuffle": ["boolean"],
    "early_stopping": ["boolean"],
    "scoring": [str, callable, None],
    "validation_fraction": [Number(Real, 0, 1, closed="neither")],
    "validation_gap": [NOT_NEGATIVE],
    "n_iter_no_change": [AT_LEAST_ONE, Options(Real, {np.inf})],
    "tol": [_NON_NEGATIVE],
    "on_divergence": [StrOptions({"raise", "restart"})],
    "checkpoint_dir": [str, os.PathLike, None],
    "warm_start": ["boolean"],
    "random_state": RANDOM_STATE,
    "device": [str],
    "dtype": [StrOptions({"float32", "float64"})],
    "autocast": ["boolean"],
    "callbacks": [list, tuple, None],
    "verbose": ["verbose"],
}


def _is(value, word):
    return isinstance(value, str) and value == word


def _sets_gates(init):
    return _is(init, "chrono") or _is(init, "integrating")


# What makes no sense together, by `get` of the parameters, and what is said of it.
_REFUSALS = [
    (
        lambda get: get("nonlinearity") == "relu" and get("cell") != "rnn",
        "nonlinearity='relu' is for cell='rnn'; the gates of cell={cell!r} are fixed. "
        "Set nonlinearity='tanh'.",
    ),
    (
        lambda get: _is(get("init"), "identity") and get("cell") != "rnn",
        "init='identity' is for cell='rnn' (with nonlinearity='relu' it is an IRNN), "
        "got cell={cell!r}. Set init='orthogonal', 'chrono' or 'integrating'.",
    ),
    (
        lambda get: _sets_gates(get("init")) and get("cell") == "rnn",
        "init={init!r} sets the biases of gates, and cell='rnn' has none. Set "
        "init='orthogonal' or 'identity', or another cell.",
    ),
    (
        lambda get: (
            get("nesterov") and not (_is(get("optimizer"), "sgd") and get("momentum"))
        ),
        "nesterov=True needs optimizer='sgd' and a momentum above 0, got "
        "optimizer={optimizer!r}, momentum={momentum!r}.",
    ),
    (
        lambda get: (
            get("tbptt_steps") is not None
            and get("bidirectional") not in (False, "auto")
        ),
        "tbptt_steps reads a sequence in parts from its beginning, and "
        "bidirectional=True needs its end first. Set one of them off.",
    ),
    (
        lambda get: get("tbptt_steps") is not None and get("norm") == "batch",
        "norm='batch' needs the moments of whole sequences, which tbptt_steps never "
        "holds. Set norm='layer', or tbptt_steps=None.",
    ),
    (
        lambda get: get("instance_norm") is not None and _is(get("loss"), "poisson"),
        "loss='poisson' needs targets that are counts, and instance_norm takes a level "
        "off them. Set instance_norm=None.",
    ),
    (
        lambda get: (
            get("linear_steps") not in (None, "auto") and _is(get("loss"), "poisson")
        ),
        "loss='poisson' learns the logarithm of a rate, to which a linear path cannot "
        "be added. Set linear_steps=None.",
    ),
    (
        lambda get: get("autocast") and get("dtype") == "float64",
        "autocast=True trains in bfloat16 where it can, against dtype='float64'. Set "
        "one of them off.",
    ),
    (
        lambda get: get("device").startswith("mps") and get("dtype") == "float64",
        "device='mps' has no double precision. Set dtype='float32', or device='cpu'.",
    ),
    (
        lambda get: get("lr_schedule_options") and get("lr_schedule") is None,
        "lr_schedule_options was given, but lr_schedule is None. Name a schedule.",
    ),
    (
        lambda get: get("label_smoothing") and not isinstance(get("loss"), str),
        "label_smoothing is for loss='cross_entropy' or 'focal'. A loss of torch has "
        "its own; set label_smoothing=0.",
    ),
    (
        lambda get: _is(get("checkpoint_dir"), ""),
        "checkpoint_dir='' names no directory. Set checkpoint_dir=None for no "
        "checkpoints, or '.' for the directory of the process.",
    ),
]


def check_combination(parameters):
    """Refuse parameters that make no sense together.

    Parameters
    ----------
    parameters : dict
        Those of an estimator, each valid by itself.

    Raises
    ------
    ValueError
        Naming both parameters and what to do.
    """
    _check_classes(parameters)
    for is_senseless, message in _REFUSALS:
        if is_senseless(parameters.get):
            _refuse(message.format_map(parameters))
    if parameters.get("quantiles") is not None:
        _check_quantiles(parameters["quantiles"])


def _check_classes(parameters):
    """Refuse classes of the wrong kind, which no constraint can tell apart."""
    kinds = {
        "optimizer": torch.optim.Optimizer,
        "lr_schedule": torch.optim.lr_scheduler.LRScheduler,
        "loss": torch.nn.Module,
    }
    for name, kind in kinds.items():
        value = parameters[name]
        if isinstance(value, type) and not issubclass(value, kind):
            _refuse(
                f"The class given as {name} must be derived from "
                f"{kind.__module__}.{kind.__qualname__}, got {value!r}."
            )
    for item in parameters["callbacks"] or ():
        # skorch takes a callback with or without a name, and its class too.
        is_named = isinstance(item, tuple) and len(item) == 2
        if not hasattr(item[1] if is_named else item, "on_epoch_end"):
            _refuse(
                "callbacks must hold objects such as skorch.callbacks.Callback, or "
                f"pairs of a name and one, got {item!r}."
            )


def _check_quantiles(quantiles):
    levels = np.asarray(quantiles)
    is_fine = (
        levels.ndim == 1
        and len(levels) > 0
        and levels.dtype.kind == "f"
        and bool(((levels > 0) & (levels < 1)).all())
        and len(np.unique(levels)) == len(levels)
    )
    if not is_fine:
        _refuse(
            "quantiles must be different numbers between 0 and 1, such as "
            f"(0.1, 0.5, 0.9); got {quantiles!r}."
        )


def _refuse(message):
    raise ValueError(message)
