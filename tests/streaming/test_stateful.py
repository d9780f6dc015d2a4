"""Networks that are read a step at a time, against the whole sequence so far."""

import numpy as np
import pandas as pd
import pytest

from skrnn import RNNClassifier, RNNRegressor, TimeDistributed
from skrnn.streaming import StreamingPredictor
from tests.streaming.support import (
    hourly,
    hourly_pipeline,
    random_rows,
    small_regressor,
)

NAN = np.nan
CASES = [
    {},
    {"cell": "lstm", "num_layers": 2, "pooling": "mean"},
    {"cell": "rnn", "pooling": "max", "dtype": "float64"},
    {"pooling": "attention", "num_layers": 2, "residual": True, "norm": "layer"},
    {"pooling": "mixed", "norm": "batch", "n_estimators": 2},
    {"missing": "indicator", "loss": "gaussian"},
    {"decoder": "parallel", "loss": "quantile"},
]


def sequences(n=40, n_features=2):
    rows = random_rows(n + 6, n_features)
    X = np.stack([rows[i : i + 6] for i in range(n)])
    return X, np.sin(3 * X[:, -1, 0]) * X[:, -3, 1]


def sequence_with_absent_steps(seed=5):
    rows = random_rows(30, seed=seed)
    rows[[0, 7, 8]] = NAN
    return rows


@pytest.mark.parametrize("options", CASES)
def test_it_is_the_prediction_for_all_steps_so_far(options):
    X, y = sequences()
    regressor = RNNRegressor(
        **{"cell": "gru", "hidden_size": 5, "max_epochs": 3, "n_estimators": 1}
        | {"random_state": 0, "early_stopping": False}
        | options
    )
    regressor.fit(X, np.stack([y, -y], axis=1) if "decoder" in options else y)
    rows = sequence_with_absent_steps()
    if options.get("missing") == "indicator":
        rows[11, 0] = NAN
    stream = StreamingPredictor(regressor, mode="stateful")
    got = np.array([stream.update(row) for row in rows])
    want = [regressor.predict(rows[None, : i + 1])[0] for i in range(len(rows))]
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6)
    # The network counts, not only the linear model beside it.
    shuffled = np.concatenate([rows[15:25][::-1], rows[25:]])
    assert abs(regressor.predict(shuffled[None])[0] - want[-1]).max() > 1e-4


def test_many_streams_at_once():
    regressor = small_regressor().fit(*sequences())
    many = StreamingPredictor(regressor, mode="stateful")
    keys = ["x", "y", "x", "z", "x", "y"]
    rows = random_rows(6, seed=4)
    got = many.update_many(rows, keys=keys)
    one = StreamingPredictor(regressor, mode="stateful")
    want = [one.update(row, key=key) for row, key in zip(rows, keys, strict=True)]
    np.testing.assert_allclose(got, want, rtol=1e-9)


@pytest.mark.parametrize("options", [{}, {"horizon": 2}, {"horizon": 1, "known": "b"}])
def test_a_pipeline_reads_whole_runs(options):
    """History of the fit, a gap, and a row that comes once more."""
    long = {"window_length": 100, "history": "allow"}
    pipeline = hourly_pipeline(
        TimeDistributed(), small_regressor(missing="indicator"), **options
    )
    pipeline[0].set_params(**long)
    table = hourly(60)
    pipeline.fit(table, np.sin(3 * table["a"]))
    new = hourly(90)[60:].drop(hourly(90).index[[70, 71]])
    stream, got = StreamingPredictor(pipeline, mode="stateful"), []
    for time, row in new.iterrows():
        stream.update(row * 7, time=time)
        got.append(stream.update(row, time=time))
    np.testing.assert_allclose(got, pipeline.predict(new), rtol=1e-6, atol=1e-6)
    with pytest.raises(ValueError, match="older than what is remembered"):
        stream.update(new.iloc[-2], time=new.index[-2])


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"bidirectional": True}, "set bidirectional=False"),
        ({"instance_norm": "last"}, "set instance_norm=None"),
        ({"segment_length": 2}, "set segment_length=1"),
        ({"n_filters": 2}, "set n_filters=None"),
    ],
)
def test_what_needs_the_whole_window_is_named(options, match):
    regressor = small_regressor(**options).fit(*sequences())
    with pytest.raises(ValueError, match=match):
        StreamingPredictor(regressor, mode="stateful")


def test_convolutions_need_the_whole_window():
    X, y = sequences()
    options = {"max_epochs": 1, "n_estimators": 1, "random_state": 0}
    classifier = RNNClassifier("gru", 3, n_kernels=84, **options).fit(X, y > 0)
    with pytest.raises(ValueError, match="set n_kernels=None"):
        StreamingPredictor(classifier, mode="stateful")
    classifier.set_params(n_kernels=None).fit(X, y > 0)
    stream = StreamingPredictor(classifier, mode="stateful", method="predict_proba")
    got = [stream.update(row) for row in X[0]]
    want = [classifier.predict_proba(X[:1, : i + 1])[0] for i in range(6)]
    np.testing.assert_allclose(got, want, rtol=1e-6)


def test_other_weights_are_noticed():
    X, y = sequences()
    regressor = small_regressor().fit(X, y)
    stream = StreamingPredictor(regressor, mode="stateful")
    stream.update(X[0, 0])
    regressor.partial_fit(X, y)
    with pytest.raises(ValueError, match=r"reset\(\)"):
        stream.update(X[0, 1])
    got = stream.reset().update(X[0, 0])
    assert got == pytest.approx(regressor.predict(X[:1, :1])[0], rel=1e-6)


def test_two_dimensional_samples_have_a_length():
    table = random_rows(40, 6)
    regressor = small_regressor().fit(table, table[:, 0])
    with pytest.raises(ValueError, match="fit on 3-D sequences"):
        StreamingPredictor(regressor, mode="stateful")
    stream, values = StreamingPredictor(regressor), pd.Series(random_rows(9, 1)[:, 0])
    got = [stream.update([value]) for value in values][-1]
    assert got == regressor.predict(values.to_numpy()[None, 3:])[0]
