"""Categories in a graph: numbers and codes go in, words are refused."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from skrnn import (
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
    ToSequence,
)
from skrnn.onnx import to_onnx
from tests.onnx.support import assert_near, classifier, fitted, session_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 5, 4))
X[..., 1] = RNG.choice([-7.0, 3.0, 1e6], (30, 5))
X[..., 3] = RNG.choice([10.0, 20.5], (30, 1))
X[0, 0, 1] = np.nan
X[1:3, :2] = np.nan
y = RNG.normal(size=30)


def asked():
    """Sequences with unknown and missing categories, and absent steps."""
    other = X.copy()
    other[4:8, :, 1], other[8:12, :, 3] = 99.0, np.nan
    return other


@pytest.mark.parametrize(
    "options", [{}, {"segment_length": 2}, {"missing": "indicator", "scale": False}]
)
@pytest.mark.parametrize("kind", [RNNRegressor, RNNClassifier])
def test_graphs_take_numbers_of_categories(kind, options):
    options = options | {"categorical_features": [1, 3]}
    if kind is RNNRegressor:
        model = fitted(X, y, linear_steps=2, **options)
    else:
        model = classifier(X, y > 0, n_kernels=84, **options)
    session = session_of(to_onnx(model))
    name = "variable" if kind is RNNRegressor else "probabilities"
    got = session.run([name], {"X": asked()})[0]
    expected = getattr(model, "predict_proba", model.predict)(asked())
    assert_near(got.reshape(expected.shape), expected)


def test_graphs_take_codes_of_windows():
    rows = pd.DataFrame({"sold": RNG.normal(size=40), "kind": list("abac") * 10})
    window = SlidingWindow(4, horizon=1).fit(rows[:30])
    windows = window.transform(rows[:30])
    model = fitted(windows, rows["sold"][:30])
    later = window.transform(rows[30:].assign(kind=["a", None, "new"] * 3 + ["c"]))
    session = session_of(to_onnx(model))
    got = session.run(["variable"], {"X": np.asarray(later)})[0][:, 0]
    assert_near(got, model.predict(later))


@pytest.mark.parametrize("number", [np.inf, -np.inf])
def test_what_the_estimator_refuses_is_nan(number):
    model = fitted(X, y, categorical_features=[1, 3])
    other = X.copy()
    other[3, 2, 0] = number
    got = session_of(to_onnx(model)).run(["variable"], {"X": other})[0][:, 0]
    assert np.isnan(got[3])
    assert np.isfinite(np.delete(got, 3)).all()


def test_words_are_refused():
    table = pd.DataFrame({"lag_2": y + 2, "lag_1": y + 3, "kind": list("ab") * 15})
    with pytest.raises(NotImplementedError, match="columns of categories"):
        to_onnx(fitted(table, y))
    last = RNNRegressor(hidden_size=2, max_epochs=1, n_estimators=1)
    table = table.rename(columns={"lag_2": "a", "lag_1": "b"})
    folded = make_pipeline(ToSequence(n_timesteps=1), last).fit(table, y)
    with pytest.raises(NotImplementedError, match="ToSequence was fitted on"):
        to_onnx(folded)
    windows = SlidingWindow(3, history="allow")
    scaled = make_pipeline(windows, TimeDistributed(), last).fit(table, y + 1)
    with pytest.raises(NotImplementedError, match="TimeDistributed was fitted on"):
        to_onnx(scaled[-2:])
