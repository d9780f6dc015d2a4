"""A default device of torch that the user has set is none of an estimator's business.

The device "meta", on which no number can be read, stands for any that is not the CPU.
"""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, RNNRegressor, SlidingWindow
from skrnn.inspection import (
    attention_weights,
    gates,
    gradient_flow,
    hidden_states,
    integrated_gradients,
)
from skrnn.streaming import StreamingPredictor
from tests.estimator.data import LABELS, X, y

TINY = {"hidden_size": 3, "max_epochs": 2, "random_state": 0, "early_stopping": False}
ONE = TINY | {"n_estimators": 1}
MODEL = RNNRegressor(**ONE, pooling="attention").fit(X, y)
STACKED = RNNClassifier(**TINY).fit(X, LABELS)
ROWS = np.sin(np.arange(40.0))[:, None]
WINDOWED = make_pipeline(SlidingWindow(4, history="allow"), RNNRegressor(**ONE))
WINDOWED.fit(ROWS, np.cos(np.arange(40.0)))

CALLS = {
    "fit": lambda: RNNRegressor(**ONE).fit(X, y).predict(X),
    "fit_defaults": lambda: RNNClassifier(**TINY).fit(X, LABELS).predict_proba(X),
    "fit_layers": lambda: (
        RNNRegressor(
            "lstm",
            num_layers=2,
            norm="batch",
            dropout=0.1,
            n_filters=2,
            loss="gaussian",
            lr_schedule="one_cycle",
            ema_decay=0.9,
            **ONE,
        )
        .fit(X, y)
        .predict_quantiles(X)
    ),
    "partial_fit": lambda: RNNRegressor(**ONE).partial_fit(X, y).predict(X),
    "predict": lambda: MODEL.predict(X),
    "predict_one": lambda: MODEL.predict(X[:1]),
    "predict_stacked": lambda: STACKED.predict_proba(X),
    "pickle": lambda: pickle.loads(pickle.dumps(STACKED)).predict_proba(X),
    "states": lambda: hidden_states(MODEL, X)[0],
    "gates": lambda: gates(MODEL, X)[0]["reset"],
    "attention": lambda: attention_weights(MODEL, X),
    "gradients": lambda: integrated_gradients(MODEL, X[:3]).values,
    "flow": lambda: gradient_flow(MODEL, X, y).norms,
    "window_stream": lambda: StreamingPredictor(WINDOWED).update_many(ROWS),
    "state_stream": lambda: StreamingPredictor(WINDOWED, mode="stateful").update_many(
        ROWS
    ),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_nothing_is_made_on_it(call):
    expected = call()
    with torch.device("meta"):
        assert_array_equal(call(), expected)
        assert torch.empty(0).device.type == "meta"
