"""Sets of options that together try every parameter, and every word that one may be."""

import numpy as np
import pandas as pd
import torch
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils._param_validation import StrOptions
from skorch.callbacks import EpochTimer

from skrnn import (
    FlattenSequence,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
    TokenSequence,
    ToSequence,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6, 2))
Y = np.abs(np.stack([X[:, -1, 0], X[:, 0, 1], X.sum((1, 2))], axis=1))
LABELS = np.array(["no", "yes", "well"])[np.digitize(X[:, -1, 0], [-0.5, 0.5])]
SMALL = {"hidden_size": 3, "max_epochs": 2, "n_estimators": 1, "random_state": 0}

# Of both estimators.
COMMON = [
    {"cell": "lstm", "num_layers": 2, "dropout": 0.2, "batch_size": None},
    {"cell": "gru", "num_layers": 2, "recurrent_dropout": 0.2, "shuffle": False},
    {"cell": "rnn", "num_layers": 2, "input_noise": 0.1, "weight_decay": 0.01},
    {"cell": "rnn", "nonlinearity": "relu", "init": "identity", "pooling": "last"},
    {"bidirectional": True, "norm": "layer", "pooling": "attention"},
    {"norm": "batch", "residual": True, "num_layers": 2, "pooling": "mixed"},
    {"segment_length": 2, "pooling": "max", "l1": 0.01, "max_grad_norm": None},
    {"cell": "lstm", "pooling": "last", "init": "orthogonal"},
    {"instance_norm": "last", "pooling": "mean", "max_grad_value": 0.5},
    {"instance_norm": "standard", "missing": "indicator", "max_time": 60},
    {"scale": False, "dtype": "float64", "init": "chrono", "warm_start": True},
    {"cell": "lstm", "init": "integrating"},
    {"ema_decay": 0.9, "lr_schedule": "cosine", "optimizer": "sgd"},
    {"optimizer": "sgd", "momentum": 0.5, "nesterov": True, "lr_schedule": "warmup"},
    {
        "optimizer": "adagrad",
        "lr_schedule": "step",
        "lr_schedule_options": {"step_size": 1},
    },
    {"optimizer": "rmsprop", "lr_schedule": "exponential", "learning_rate": 0.02},
    {"optimizer": "adamw", "lr_schedule": "one_cycle", "on_divergence": "restart"},
    {"optimizer": "nadam", "lr_schedule": "plateau", "device": "cpu"},
    {"tbptt_steps": 2, "frozen": ["recurrent"], "verbose": 1},
    {"n_filters": 2, "segment_length": 2, "frozen": "filters"},
    {"n_estimators": 2, "early_stopping": False, "autocast": True},
    {"parts": "networks", "tol": 0.0, "n_iter_no_change": np.inf},
    {"parts": "network", "segment_length": "auto", "pooling": "last"},
    {"parts": "network", "validation_fraction": 0.3, "validation_gap": 1},
]
REGRESSORS = [
    *COMMON,
    {"n_estimators": "auto", "max_epochs": 1, "hidden_size": 2},
    {"decoder": "parallel", "linear_steps": 2},
    {"loss": "quantile", "quantiles": (0.3, 0.8), "linear_steps": None},
    {"scoring": "r2", "random_state": np.random.RandomState(3)},
    *({"loss": loss} for loss in ("absolute_error", "huber", "gaussian")),
    *({"loss": loss} for loss in ("student_t", "poisson")),
]
CLASSIFIERS = [
    *COMMON,
    {"n_kernels": 84, "random_state": None},
    {"n_kernels": None, "loss": "focal", "focal_gamma": 1.0, "label_smoothing": 0.1},
    {"class_weight": {"no": 1.0, "yes": 2.0, "well": 0.5}, "parts": "network"},
    {"class_weight": "balanced", "scoring": "accuracy"},
    {"time_warp": 0.2, "n_kernels": None},
]


# As if it stood in a program, or in a cell of a notebook.
_PROGRAM = """
import torch
from skorch.callbacks import EpochTimer

class Loss(torch.nn.Module):
    def forward(self, outputs, targets):
        return (outputs - targets).abs()

class Seen(EpochTimer):
    pass

def score(model, X, y):
    return -abs(model.predict(X) - y).mean()

def scaled(factor):
    return lambda model, X, y: factor * score(model, X, y)
"""


def from_program():
    """Options that only cloudpickle keeps: what they are stands in no module."""
    defined = {"__name__": "__main__"}
    exec(_PROGRAM, defined)
    return [
        {"loss": defined["Loss"]},
        {"callbacks": [defined["Seen"]()]},
        {"scoring": defined["score"]},
        {"scoring": defined["scaled"](2.0)},
    ]


# What a file must be told to trust.
OBJECTS = [
    {"loss": torch.nn.SmoothL1Loss},
    {"loss": torch.nn.HuberLoss(delta=2.0)},
    {"optimizer": torch.optim.Adagrad},
    {"lr_schedule": torch.optim.lr_scheduler.ConstantLR},
    {"callbacks": [EpochTimer()]},
]
# Parameters with a test of their own.
ELSEWHERE = {"checkpoint_dir", "categorical_features", "embedding_size"}
# Functions, which no file holds.
FUNCTIONS = {"preprocessor", "tokenizer"}


def untried(kind):
    """Parameters, and words that they may be, which no set of options has (set)."""
    default = kind().get_params()
    rows = REGRESSORS if kind is RNNRegressor else CLASSIFIERS
    rows = [SMALL, *rows, *(OBJECTS + from_program() if kind is RNNRegressor else ())]
    missing = set()
    for name, value in default.items():
        tried = [row[name] for row in rows if name in row]
        # Parameters of objects are tried with one estimator.
        if kind is RNNClassifier and name in RNNRegressor().get_params():
            more = (row for row in OBJECTS + from_program() if name in row)
            tried += [row[name] for row in more if name != "loss"]
        if not any(other is not value for other in tried) and name not in ELSEWHERE:
            missing.add(name)
        for constraint in kind._parameter_constraints[name]:
            if isinstance(constraint, StrOptions):
                words = {word for word in [value, *tried] if isinstance(word, str)}
                missing |= {f"{name}={word}" for word in constraint.options - words}
    return missing


HOURS = pd.DataFrame(
    {"load": np.arange(24) % 7.0, "heat": np.arange(24) % 5.0},
    index=pd.date_range("2024", periods=24, freq="h"),
)
LONG = HOURS.rename_axis("hour").reset_index().assign(site=["a", "b"] * 12)
KINDS = HOURS.assign(kind=pd.Categorical(["b", "a", None] * 8), day=["x", "y"] * 12)
LONG_KINDS = LONG.assign(kind=[1, 2, 3, 4] * 6).astype({"kind": "category"})
TEXTS = ["a text of words", "a text", "more of a text", "words"]
# Transformers, and what each is fitted on.
TRANSFORMERS = [
    (SlidingWindow(3, horizon=2, freq="h", history="allow"), HOURS),
    (SlidingWindow(4, history="require"), HOURS.to_numpy()),
    (
        SlidingWindow(
            2, horizon=1, known=["heat"], history="allow", partial_steps="keep"
        ),
        HOURS,
    ),
    (SlidingWindow(2, series="site", time="hour"), LONG),
    (TimeDistributed(MinMaxScaler()), X),
    (ToSequence(n_timesteps=3), X[:, :, 0]),
    (ToSequence(n_features=2, order="feature"), X[:, :, 0]),
    (SlidingWindow(2, history="allow"), KINDS),
    (SlidingWindow(2, series="site", time="hour", history="allow"), LONG_KINDS),
    (ToSequence(n_timesteps=2), KINDS[["kind", "kind"]].set_axis(["a", "b"], axis=1)),
    (ToSequence(n_timesteps=1), KINDS),
    (TokenSequence(), TEXTS),
    (
        TokenSequence(
            analyzer="char",
            encoding="latin-1",
            decode_error="ignore",
            strip_accents="unicode",
            lowercase=False,
            ngram_range=(1, 2),
            min_df=2,
            max_df=3,
            max_features=5,
            max_length=4,
            keep="last",
        ),
        TEXTS,
    ),
    (
        TokenSequence(
            stop_words=("of",), token_pattern=r"\w+", vocabulary=["a", "text"]
        ),
        TEXTS,
    ),
    (TokenSequence(vectors={"a": [1.0, 2.0], "more": [0.5, 0.0]}), TEXTS),
    (FlattenSequence(pad="edge"), X),
    (FlattenSequence(pad="zero"), X),
]
