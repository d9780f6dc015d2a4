"""Graphs of regressors predict what those do: every cell, every option."""

import numpy as np
import pytest

from skrnn.onnx import to_onnx
from tests.onnx.support import (
    assert_near,
    assert_predicts,
    fitted,
    run,
    sequences,
    session_of,
    targets,
    with_gaps,
)

X = sequences()
Y = targets(X)

OPTIONS = [
    {"cell": "gru"},
    {"cell": "lstm"},
    {"cell": "rnn"},
    {"cell": "rnn", "nonlinearity": "relu"},
    {"cell": "lstm", "bidirectional": True, "pooling": "mean"},
    {"cell": "gru", "bidirectional": True, "num_layers": 2},
    {"cell": "rnn", "bidirectional": True, "nonlinearity": "relu", "pooling": "max"},
    {"pooling": "mixed", "bidirectional": True},
    {"pooling": "attention", "num_layers": 2, "residual": True},
    {"norm": "layer", "num_layers": 2},
    {"norm": "batch", "pooling": "max", "bidirectional": True},
    {"norm": "layer", "num_layers": 3, "residual": True, "pooling": "mean"},
    {"segment_length": 4},
    {"segment_length": 2, "norm": "batch", "pooling": "attention"},
    {"segment_length": 3, "missing": "indicator", "bidirectional": True},
    {"segment_length": 3, "n_filters": 4, "pooling": "mean"},
    {"n_filters": 4, "dtype": "float64"},
    {"tbptt_steps": 2, "pooling": "attention"},
    {"dtype": "float64"},
    {"dtype": "float64", "cell": "lstm", "bidirectional": True, "pooling": "max"},
    {"dtype": "float64", "cell": "rnn", "norm": "layer", "segment_length": 2},
    {"decoder": "parallel"},
    {"decoder": "parallel", "cell": "lstm", "bidirectional": True},
    {"decoder": "parallel", "cell": "rnn", "nonlinearity": "relu"},
    {"instance_norm": "last"},
    {"instance_norm": "standard"},
    {"instance_norm": "standard", "linear_steps": 3},
    {"instance_norm": "last", "linear_steps": "auto", "missing": "indicator"},
    {"missing": "indicator"},
    {"linear_steps": "auto"},
    {"linear_steps": 2, "segment_length": 4},
    {"scale": False, "linear_steps": 3},
    {"n_estimators": 2, "linear_steps": 2},
    {"n_estimators": "auto", "linear_steps": "auto", "max_epochs": 2},
    {"loss": "absolute_error"},
    {"loss": "huber"},
    {"loss": "quantile", "quantiles": (0.9, 0.1, 0.4)},
    {"loss": "quantile", "quantiles": (0.7,), "instance_norm": "standard"},
    {"loss": "gaussian", "quantiles": (0.01, 0.5, 0.8)},
    {"loss": "student_t", "quantiles": (0.999, 0.5, 0.05)},
    {"loss": "student_t", "instance_norm": "standard", "linear_steps": 2},
    {"loss": "gaussian", "n_estimators": 2, "decoder": "parallel"},
    {"loss": "poisson"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_option(options):
    y = np.round(np.abs(Y)) if options.get("loss") == "poisson" else Y
    assert_predicts(fitted(X, y, **options), X)


@pytest.mark.parametrize("instance_norm", [None, "last", "standard"])
@pytest.mark.parametrize("segment_length", [None, 4])
def test_steps_that_are_missing_in_part(instance_norm, segment_length):
    given = with_gaps(X)
    given[::2, 1:4, 0] = np.nan
    model = fitted(
        given,
        Y,
        missing="indicator",
        instance_norm=instance_norm,
        segment_length=segment_length,
        linear_steps=4,
    )
    assert_near(run(to_onnx(model), X=given)["variable"], model.predict(given))


def test_one_target_is_a_column():
    model = fitted(X, Y[:, 0], loss="gaussian")
    got = run(to_onnx(model), X=X)
    assert_near(got["variable"][:, 0], model.predict(X))
    assert_near(got["quantiles"][:, 0], model.predict_quantiles(X))


def test_rows_of_lags():
    model = fitted(X[:, :, 0], Y, segment_length=2, linear_steps=3)
    given = with_gaps(X)[:, :, 0]
    assert_near(run(to_onnx(model), X=given)["variable"], model.predict(given))


def test_a_large_offset_costs_no_digits():
    """As it would if scaling or the linear path were of single precision."""
    far = X + 1e9
    for options in ({"linear_steps": 3}, {"instance_norm": "standard"}):
        model = fitted(far, Y, **options)
        assert_near(run(to_onnx(model), X=far)["variable"], model.predict(far))


def test_single_precision_and_whole_numbers():
    model = fitted(X, Y, linear_steps=3)
    single, whole = X.astype(np.float32), X.round().astype(np.int64)
    for given in (single, whole):
        got = run(to_onnx(model, given), X=given)["variable"]
        assert got.dtype == np.float32
        assert_near(got, model.predict(given).astype(np.float32))


def test_what_is_refused_gives_nan():
    model = fitted(X, Y, pooling="max", linear_steps=3)
    given = X[:4].copy()
    given[1, 2, 0] = np.nan
    given[3, 0, 1] = -np.inf
    got = run(to_onnx(model), X=given)["variable"]
    assert np.isnan(got[[1, 3]]).all()
    assert_near(got[[0, 2]], model.predict(X[[0, 2]]))


def test_rows_do_not_depend_on_the_others():
    model = fitted(X, Y, bidirectional=True, segment_length=4)
    session, given = session_of(to_onnx(model)), with_gaps(X)
    together = session.run(None, {"X": given})[0]
    for row in range(4):
        alone = session.run(None, {"X": given[row : row + 1]})[0]
        assert_near(together[row : row + 1], alone)
