"""Pipelines by skl2onnx: steps before, ensembles around, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import skl2onnx
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.ensemble import StackingRegressor, VotingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skrnn import (
    FlattenSequence,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
    ToSequence,
)
from skrnn.onnx import to_onnx
from tests.onnx.support import assert_near, run, sequences, targets, with_gaps

X = sequences()
Y = targets(X)[:, 0]
FLAT = X.reshape(len(X), -1)
TINY = {"hidden_size": 4, "max_epochs": 1, "n_estimators": 1, "random_state": 0}
# Names of lag columns.
LAGS = pd.DataFrame(X[:, :, 0], columns=[f"load__lag{lag}" for lag in range(5, -1, -1)])


def network(**options):
    return RNNRegressor(**TINY | options)


def assert_converted(model, X, given=None, **inputs):
    given = X if given is None else given
    got = run(to_onnx(model, lengths="lengths" in inputs), X=X, **inputs)
    assert_near(got["variable"][:, 0], model.predict(given))


@pytest.mark.parametrize(
    "steps",
    [
        [StandardScaler()],
        [MinMaxScaler(), ToSequence(n_features=2)],
        [ToSequence(n_timesteps=3, order="feature"), TimeDistributed()],
        [StandardScaler(), TimeDistributed(StandardScaler()), "passthrough"],
        [ToSequence(n_features=2), TimeDistributed(PCA(2)), FlattenSequence()],
    ],
    ids=str,
)
def test_steps_over_columns(steps):
    assert_converted(make_pipeline(*steps, network()).fit(FLAT, Y), FLAT)


@pytest.mark.parametrize(
    "steps",
    [
        [TimeDistributed()],
        [TimeDistributed(make_pipeline(StandardScaler(), PCA(1)))],
        [FlattenSequence()],
        [TimeDistributed(), FlattenSequence(pad="edge")],
        [FlattenSequence(pad="zero"), MinMaxScaler()],
    ],
    ids=str,
)
def test_steps_over_sequences(steps):
    model = make_pipeline(*steps, network()).fit(with_gaps(X), Y)
    given = with_gaps(X, seed=4)
    assert_converted(model, given)
    assert_converted(model, given[:, 2:])
    lengths = np.arange(len(X)) % 7
    ragged = [x[:n] for x, n in zip(given, lengths, strict=True)]
    assert_converted(model, given, ragged, lengths=lengths)


def test_a_step_of_columns_that_becomes_several():
    both = make_union(StandardScaler(), MinMaxScaler())
    model = make_pipeline(TimeDistributed(both), network()).fit(FLAT, Y)
    assert_converted(model, FLAT)


def test_sequences_too_long_to_flatten_fail():
    """They would take the places of other samples."""
    model = make_pipeline(FlattenSequence(), network()).fit(X, Y)
    longer = np.concatenate([X, X], axis=1)
    with pytest.raises(Exception, match="Reshape"):
        run(to_onnx(model), X=longer)


def test_a_classical_model_over_flattened_sequences():
    model = make_pipeline(FlattenSequence(pad="edge"), LinearRegression())
    assert_converted(model.fit(with_gaps(X), Y), with_gaps(X, seed=4))


@pytest.mark.parametrize("steps", [[], [StandardScaler()]], ids=str)
def test_columns_with_names_are_inputs(steps):
    model = make_pipeline(*steps, network())
    model.set_output(transform="pandas").fit(LAGS, Y)
    columns = {name: LAGS[[name]].to_numpy() for name in LAGS}
    got = run(to_onnx(model), **columns)["variable"]
    assert_near(got[:, 0], model.predict(LAGS))
    again = run(skl2onnx.to_onnx(model, LAGS), **columns)["variable"]
    # Before its own steps skl2onnx joins columns in single precision.
    np.testing.assert_allclose(got, again, atol=1e-2 if steps else 0)
    whole = run(to_onnx(model, LAGS.to_numpy()), X=LAGS.to_numpy())["variable"]
    np.testing.assert_array_equal(got, whole)


def test_single_precision_for_steps_that_need_it():
    """ONNX Runtime has no imputer of double precision."""
    single = with_gaps(X - 1e5).reshape(len(X), -1).astype(np.float32)
    model = make_pipeline(SimpleImputer(), network()).fit(single, Y)
    got = run(to_onnx(model, single), X=single)["variable"]
    assert_near(got[:, 0], model.predict(single).astype(np.float32))


def test_searches():
    grid = {"hidden_size": [2, 3]}
    assert_converted(GridSearchCV(network(), grid, cv=2).fit(X, Y), X)
    grid = {f"rnnregressor__{name}": values for name, values in grid.items()}
    pipeline = make_pipeline(StandardScaler(), network())
    assert_converted(GridSearchCV(pipeline, grid, cv=2).fit(FLAT, Y), FLAT)


@pytest.mark.parametrize("ensemble", [VotingRegressor, StackingRegressor])
def test_ensembles_of_scikit_learn(ensemble):
    """They want the first output only, of a law too."""
    parts = [("law", network(loss="gaussian")), ("line", LinearRegression())]
    assert_converted(ensemble(parts).fit(FLAT, Y), FLAT)


@pytest.mark.parametrize("labels", [Y > 0, np.where(Y > 0, "up", "down")], ids=str)
def test_options_of_skl2onnx_for_classifiers(labels):
    classifier = RNNClassifier(**TINY, n_kernels=None)
    model = make_pipeline(StandardScaler(), classifier).fit(FLAT, labels)
    label, probability = model.predict(FLAT), model.predict_proba(FLAT)

    def outputs(**options):
        options = {id(model[-1]): options} if options else None
        got = run(skl2onnx.to_onnx(model, FLAT, options=options), X=FLAT)
        return list(got.values())

    got, maps = outputs()
    np.testing.assert_array_equal(got, label)
    assert_near(
        np.array([[row[c] for c in model.classes_] for row in maps]), probability
    )
    got, *columns = outputs(zipmap="columns")
    assert_near(np.column_stack(columns), probability)
    got, scores = outputs(zipmap=False, raw_scores=True)
    assert_near(scores[:, 1], model.decision_function(FLAT))
    got, _ = outputs(zipmap=False, nocl=True)
    np.testing.assert_array_equal(model.classes_[got], label)


def test_a_step_that_nobody_can_write():
    model = make_pipeline(_NoColumns(), network()).fit(FLAT, Y)
    with pytest.raises(NotImplementedError, match=r"_NoColumns.*register a converter"):
        to_onnx(model, FLAT)


def test_a_class_derived_from_the_estimators():
    class Derived(RNNRegressor):
        pass

    assert_converted(Derived(**TINY).fit(X, Y), X)


def test_windows_are_refused():
    series = X[:, 0]
    pipeline = make_pipeline(SlidingWindow(3, history="allow"), network())
    pipeline.fit(series, Y)
    for convert in (to_onnx, lambda model: skl2onnx.to_onnx(model, series)):
        with pytest.raises(NotImplementedError, match=r"to_onnx\(pipeline\[1:\]\)"):
            convert(pipeline)
    windows = pipeline[:1].transform(series)
    assert_converted(pipeline[1:], np.asarray(windows), windows)
    # What X is like, as the windows are.
    got = run(to_onnx(pipeline[1:], windows), X=np.asarray(windows))["variable"]
    assert_near(got[:, 0], pipeline[1:].predict(windows))


def test_inputs_of_another_layout_are_refused():
    model = network().fit(X, Y)
    with pytest.raises(ValueError, match="fitted on 3-D X"):
        skl2onnx.to_onnx(model, FLAT)
    with pytest.raises(ValueError, match="fitted on 2-D X"):
        skl2onnx.to_onnx(network().fit(FLAT, Y), X)
    types = [(name, skl2onnx.common.data_types.DoubleTensorType()) for name in "abc"]
    with pytest.raises(ValueError, match="got 3"):
        skl2onnx.to_onnx(model, initial_types=types)


def test_an_unknown_first_step():
    """Nobody tells how many columns there are."""
    model = make_pipeline(_NoColumns(), network()).fit(FLAT, Y)
    with pytest.raises(ValueError, match="Give X"):
        to_onnx(model)


class _NoColumns(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X
