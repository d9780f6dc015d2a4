"""Integrated gradients, against differences of predictions and captum's."""

import numpy as np
import pandas as pd
import pytest
import torch
from captum.attr import IntegratedGradients
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNClassifier, RNNRegressor, SlidingWindow, TokenSequence
from skrnn.inspection import integrated_gradients
from skrnn.inspection._fitted import double_network

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 6, 2)) * [3.0, 0.1] + [5.0, 0.0]
X[2, :3] = X[4, 5] = np.nan  # absent steps, wherever they are
X[6] = np.nan
y = np.nan_to_num(X[:, -1, 0] + 10 * X[:, -3, 1])
SMALL = {"hidden_size": 4, "max_epochs": 4, "n_estimators": 1, "random_state": 0}
OPTIONS = [
    {},
    {"cell": "lstm", "instance_norm": "standard"},
    {"instance_norm": "last", "num_layers": 2, "bidirectional": True, "residual": True},
    {"pooling": "attention", "cell": "rnn", "nonlinearity": "relu", "norm": "layer"},
    {"pooling": "max", "norm": "batch", "n_estimators": 2},
    {"segment_length": 4, "linear_steps": 3},
    {"scale": False, "tbptt_steps": 2, "linear_steps": None},
    {"decoder": "parallel"},
]


def without(X, baseline):
    """The baseline of each sample: the same steps are absent."""
    return np.where(np.isnan(X), np.nan, baseline)


@pytest.mark.parametrize("options", OPTIONS)
def test_values_add_up_to_the_difference(options):
    model = RNNRegressor(**SMALL | options).fit(X, y)
    for baseline in ([4.0, 0.1], rng.normal(size=X.shape)):
        found = integrated_gradients(model, X, baseline=baseline, n_steps=20)
        assert_allclose(found.prediction, model.predict(X), rtol=1e-5, atol=1e-5)
        at_baseline = model.predict(without(X, baseline))
        assert_allclose(found.baseline_prediction, at_baseline, rtol=1e-5, atol=1e-5)
        difference = found.prediction - found.baseline_prediction
        gap = np.abs(found.values.sum(axis=(1, 2)) - difference)
        assert (gap <= 0.01 * np.abs(difference) + 1e-12).all()
        assert_array_equal(found.values[np.isnan(X).all(axis=2)], 0)
        assert (found.completeness_error < 0.01).all()


def test_values_are_those_of_a_riemann_sum():
    """Of predictions of the estimator itself, whose differences are its gradients."""
    model = RNNRegressor(**SMALL, dtype="float64", instance_norm="last").fit(X, y)
    begin, end = without(X[:5], [5.0, 0.0]), X[:5]
    found = integrated_gradients(model, end, baseline=[5.0, 0.0]).values
    wanted = np.zeros_like(end)
    shares, by = (np.arange(40) + 0.5) / 40, 1e-4
    for step, feature in np.ndindex(end.shape[1:]):
        for share in shares:
            point = begin + share * (end - begin)
            ends = []
            for sign in (1, -1):
                moved = point.copy()
                moved[:, step, feature] += sign * by
                ends.append(model.predict(moved))
            slope = (ends[0] - ends[1]) / (2 * by) / len(shares)
            difference = end[:, step, feature] - begin[:, step, feature]
            wanted[:, step, feature] += np.nan_to_num(slope * difference)
    assert_allclose(found, wanted, atol=2e-4 * np.abs(wanted).max())


def test_values_are_those_of_captum():
    model = RNNRegressor(**SMALL, cell="lstm").fit(X, y)
    whole = np.nan_to_num(X)
    network = double_network(model.nets_[0])
    pair = [torch.from_numpy(v) for v in (whole, np.full_like(whole, 1.0))]
    wanted = IntegratedGradients(lambda x: network.predict(x)[:, 0, 0]).attribute(
        *pair, n_steps=64
    )
    found = integrated_gradients(model, whole, baseline=1.0).values
    assert_allclose(found, wanted.numpy(), atol=1e-5 * np.abs(found).max())


@settings(max_examples=10, deadline=None)
@given(st.lists(st.booleans(), min_size=6, max_size=6), st.integers(0, 3))
def test_absent_steps_change_nothing(absent, seed):
    """A sample with absent steps has the values of the sample without these steps."""
    model = _kept(RNNRegressor(**SMALL, missing="indicator"))
    whole = np.random.default_rng(seed).normal(size=(1, 6, 2))
    gaps = whole.copy()
    gaps[0, absent] = np.nan
    found = integrated_gradients(model, gaps, n_steps=8).values
    assert_array_equal(found[0, absent], 0)
    if not all(absent):
        short = whole[:, ~np.array(absent)]
        wanted = integrated_gradients(model, short, n_steps=8).values
        assert_allclose(found[0, ~np.array(absent)], wanted[0], atol=1e-12)


_fitted = {}


def _kept(model):
    if not _fitted:
        _fitted["model"] = model.fit(X, y)
    return _fitted["model"]


def test_missing_values_count_for_nothing():
    model = RNNRegressor(**SMALL, missing="indicator").fit(X, y)
    gaps = X.copy()
    gaps[0, 2, 1] = np.nan
    found = integrated_gradients(model, gaps, baseline=[5.0, 0.0])
    assert found.values[0, 2, 1] == 0
    wanted = model.predict(without(gaps, [5.0, 0.0]))
    assert_allclose(found.baseline_prediction, wanted, rtol=1e-5, atol=1e-5)
    assert found.completeness_error.max() < 0.01


def test_layouts():
    """Windows, columns of lags and ragged lists have the values of 3-D X."""
    rows = pd.DataFrame(rng.normal(size=(30, 2)), columns=["a", "b"])
    windows = SlidingWindow(4).fit_transform(rows)
    target = rows["a"].shift(2).fillna(0).to_numpy()
    pipeline = make_pipeline(SlidingWindow(4), RNNRegressor(**SMALL)).fit(rows, target)
    found = integrated_gradients(pipeline, rows)
    assert found.values.shape == (30, 4, 2)
    assert found.feature_names == ["a", "b"]
    assert found.step_names == ["lag3", "lag2", "lag1", "lag0"]
    model = RNNRegressor(**SMALL).fit(np.asarray(windows), target)
    dense = integrated_gradients(model, np.asarray(windows))
    assert_allclose(found.values, dense.values, atol=1e-6)
    ragged = [x[~np.isnan(x).any(axis=1)] for x in np.asarray(windows)]
    of_lists = integrated_gradients(model, ragged).values
    assert [v.shape for v in of_lists] == [x.shape for x in ragged]
    for values, wanted in zip(of_lists, dense.values, strict=True):
        assert_allclose(values, wanted[4 - len(values) :], atol=1e-12)
    columns = pd.DataFrame(np.asarray(windows)[3:, :, 0], columns=list("wxyz"))
    flat = RNNRegressor(**SMALL).fit(columns, 2 * target[3:])
    found = integrated_gradients(flat, columns)
    assert found.values.shape == (27, 4, 1)
    assert found.step_names == ["w", "x", "y", "z"]


@pytest.mark.parametrize("loss", ["quantile", "gaussian", "poisson", "student_t"])
def test_targets_of_a_regressor(loss):
    Y = np.column_stack([np.abs(y), 2 * np.abs(y), y**2]).round()
    model = RNNRegressor(**SMALL, loss=loss).fit(X, Y)
    found = integrated_gradients(model, X, target=1)
    assert_allclose(found.prediction, model.predict(X)[:, 1], rtol=1e-5)
    with pytest.raises(ValueError, match="predicts 3 columns: say by target"):
        integrated_gradients(model, X)
    for target in (3, "first", 1.5, True, (1, 0.9, 2)):
        with pytest.raises(ValueError, match="target"):
            integrated_gradients(model, X, target=target)
    if loss in ("quantile", "gaussian"):
        found = integrated_gradients(model, X, target=(2, 0.9), n_steps=32)
        wanted = model.predict_quantiles(X)[:, 2, 2]
        assert_allclose(found.prediction, wanted, rtol=1e-5)
        assert found.target == "output 2, quantile 0.9"
        assert found.completeness_error.max() < 0.01
    else:
        with pytest.raises(ValueError, match="asks for a quantile"):
            integrated_gradients(model, X, target=(0, 0.9))


def test_a_level_that_was_not_learned_is_refused():
    model = RNNRegressor(**SMALL, loss="quantile").fit(X, y)
    with pytest.raises(ValueError, match=r"none of the levels .*0\.1, 0\.5, 0\.9"):
        integrated_gradients(model, X, target=0.7)
    found = integrated_gradients(model, X, target=0.1)
    assert_allclose(found.prediction, model.predict_quantiles(X)[:, 0], rtol=1e-5)


def test_targets_of_a_classifier():
    options = SMALL | {"n_kernels": None}
    labels = np.digitize(y, [4, 6])
    model = RNNClassifier(**options).fit(X, np.array(["a", "b", "c"])[labels])
    scores = model.decision_function(X)
    found = integrated_gradients(model, X, target="c")
    assert_allclose(found.prediction, scores[:, 2], rtol=1e-5, atol=1e-6)
    found = integrated_gradients(model, X)
    assert_allclose(found.prediction, scores.max(axis=1), rtol=1e-5, atol=1e-6)
    assert found.completeness_error.max() < 0.01
    with pytest.raises(ValueError, match=r"none of the classes \['a', 'b', 'c'\]"):
        integrated_gradients(model, X, target="d")
    two = RNNClassifier(**options).fit(X, labels > 0)
    scores = two.decision_function(X)
    for target, sign in ((None, 1), (True, 1), (False, -1)):
        found = integrated_gradients(two, X, target=target)
        assert_allclose(found.prediction, sign * scores, rtol=1e-5, atol=1e-6)
    several = RNNClassifier(**options).fit(X, np.eye(3, dtype=int)[labels])
    found = integrated_gradients(several, X, target=1)
    wanted = several.predict_log_proba(X)[:, 1]
    assert_allclose(-np.log1p(np.exp(-found.prediction)), wanted, rtol=1e-4)
    with pytest.raises(ValueError, match="predicts 3 labels a sample"):
        integrated_gradients(several, X)


def test_random_convolutions_are_refused_by_name():
    model = RNNClassifier(**SMALL, n_kernels=100).fit(X, y > 5)
    with pytest.raises(ValueError, match=r"MultiRocket.* Fit with n_kernels=None"):
        integrated_gradients(model, X)
    # Those that count for nothing are no hindrance.
    shares = model.convolutions_.shares
    shares[:] = torch.tensor([0.0, 0.0, 0.5])
    found = integrated_gradients(model, X)
    assert_allclose(found.prediction, model.decision_function(X), rtol=1e-5, atol=1e-6)


def test_baselines_by_name():
    model = RNNRegressor(**SMALL, early_stopping=False).fit(X, y)
    found = integrated_gradients(model, X)
    mean = np.nanmean(X, axis=(0, 1))
    wanted = model.predict(without(X, mean))
    assert_allclose(found.baseline_prediction, wanted, rtol=1e-5, atol=1e-5)
    found = integrated_gradients(model, X, baseline="zero")
    wanted = model.predict(without(X, 0.0))
    assert_allclose(found.baseline_prediction, wanted, rtol=1e-5, atol=1e-5)
    assert_array_equal(integrated_gradients(model, X, baseline=0).values, found.values)
    for baseline in ("median", [1.0], np.ones((6, 3)), None, [1.0, np.nan], {}):
        with pytest.raises(ValueError, match=r"^baseline must be"):
            integrated_gradients(model, X, baseline=baseline)
    with pytest.raises(ValueError, match="n_steps"):
        integrated_gradients(model, X, n_steps=0)


def test_a_sample_that_is_its_baseline():
    model = RNNRegressor(**SMALL).fit(X, y)
    found = integrated_gradients(model, X, baseline=np.nan_to_num(X))
    assert_array_equal(found.values, 0)
    assert_array_equal(found.completeness_error, 0)


def test_numbers_of_any_size():
    size = np.array([1e200, 1e-200])
    model = RNNRegressor(**SMALL, instance_norm="last").fit(X * size, y * 1e150)
    found = integrated_gradients(model, X * size, baseline=[5e200, 0.0])
    assert_allclose(found.prediction, model.predict(X * size), rtol=1e-5, atol=1e145)
    assert found.completeness_error.max() < 0.01


def test_tokens_and_categories():
    texts = ["good film", "bad film", "a good one", "a bad one", ""] * 8
    labels = ["good" in text for text in texts]
    options = SMALL | {"n_kernels": None, "max_epochs": 60, "early_stopping": False}
    model = make_pipeline(TokenSequence(), RNNClassifier(**options)).fit(texts, labels)
    found = integrated_gradients(model, texts[:5])
    # A word of one letter is no token.
    assert [len(values) for values in found.values] == [2, 2, 2, 2, 0]
    assert found.values[0][0] > abs(found.values[0][1])
    assert found.values[1][0] < -abs(found.values[1][1])
    assert found.completeness_error.max() < 0.01
    codes = np.round(3 * rng.random(size=(60, 5, 1)))
    both = np.concatenate([rng.normal(size=(60, 5, 1)), codes], axis=2)
    target = (codes[:, -1, 0] == 2).astype(float)
    model = RNNRegressor(**SMALL, categorical_features=[1]).fit(both, target)
    for baseline in ("mean", "zero", [0.5, 1.0]):
        found = integrated_gradients(model, both, baseline=baseline)
        assert found.completeness_error.max() < 0.01
        assert_allclose(found.prediction, model.predict(both), rtol=1e-5, atol=1e-6)
    wanted = model.predict(np.broadcast_to([0.5, 1.0], both.shape))
    assert_allclose(found.baseline_prediction, wanted, rtol=1e-5, atol=1e-6)
    # Category 1 is that of the baseline.
    assert_array_equal(found.values[..., 1][codes[..., 0] == 1], 0)


def test_the_truth_is_found():
    """Of the inputs that matter, and beside a permutation of the truth."""
    X = rng.normal(size=(400, 8, 3))
    truth = np.zeros((8, 3))
    truth[-1, 0], truth[-3, 1], truth[-6, 2] = 1.0, -2.0, 1.5
    target = np.tanh((X * truth).sum(axis=(1, 2)))
    matters = truth.ravel() != 0
    model = RNNRegressor(n_estimators=1, max_epochs=40, random_state=0)
    shares = []
    for y in (target, rng.permutation(target)):
        values = integrated_gradients(model.fit(X, y), X[:100], n_steps=16).values
        mean = np.abs(values).mean(axis=0).ravel()
        shares.append(mean[matters].min() / mean[~matters].max())
    assert shares[0] > 3 and shares[1] < 1
    found = integrated_gradients(model.fit(X, target), X[:100], n_steps=16).values
    slopes = (found * X[:100]).sum(axis=0) / (X[:100] ** 2).sum(axis=0)
    assert_array_equal(
        np.sign(slopes.ravel()[matters]), np.sign(truth.ravel()[matters])
    )


def test_an_error_that_remains_is_told(monkeypatch):
    model = RNNRegressor(**SMALL, cell="lstm", linear_steps=None).fit(X, y)
    monkeypatch.setattr("skrnn.inspection._path_integral._MOST_PIECES", 1)
    with pytest.warns(UserWarning, match=r"miss the difference .* Raise n_steps"):
        found = integrated_gradients(model, 9 * X, n_steps=1)
    difference = found.prediction - found.baseline_prediction
    gap = found.values.sum(axis=(1, 2)) - difference
    kept = found.completeness_error > 0
    wanted = np.abs(gap[kept] / difference[kept])
    assert_allclose(found.completeness_error[kept], wanted, rtol=1e-6)
    assert "completeness_error" in repr(found)


def test_pipelines_are_explained_after_their_transformers():
    flat = np.nan_to_num(X[..., 0])
    pipeline = make_pipeline(StandardScaler(), RNNRegressor(**SMALL)).fit(flat, y)
    found = integrated_gradients(pipeline, flat)
    assert_allclose(found.prediction, pipeline.predict(flat), rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="6 features"):
        integrated_gradients(pipeline, flat[:, :3])
