"""Hidden states, gates and attention weights, against loops over samples and steps."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNClassifier, RNNRegressor, SlidingWindow
from skrnn.inspection import attention_weights, gates, hidden_states
from skrnn.sktime import RNNForecaster
from tests.inspection.support import stack_by_hand

rng = np.random.default_rng(0)
X = rng.normal(size=(30, 7, 2)) * [3.0, 0.1] + [5.0, 0.0]
X[2, :3] = X[4, 5] = np.nan  # absent steps, wherever they are
X[6] = np.nan
y = np.nan_to_num(X[:, -1, 0])
RAGGED = [x[rng.integers(0, 5) :] for x in np.nan_to_num(X)]
SMALL = {"hidden_size": 3, "max_epochs": 2, "n_estimators": 1, "random_state": 0}


def scaled(model, sequence):
    scaling = model.nets_[0].module_.scaling
    return (sequence - scaling.x_mean.numpy()) / scaling.x_scale.numpy()


def by_hand(model, X):
    """For each sample what each layer has, of its present steps."""
    stack = model.nets_[0].module_.stack
    for sample in X:
        is_there = ~np.isnan(sample).all(axis=1)
        yield is_there, stack_by_hand(stack, scaled(model, sample[is_there]))


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "lstm", "num_layers": 2, "residual": True, "norm": "layer"},
        {"cell": "gru", "num_layers": 2, "bidirectional": True, "norm": "batch"},
        {"cell": "rnn"},
        {"cell": "rnn", "nonlinearity": "relu", "bidirectional": True},
    ],
)
def test_states_and_gates_are_those_of_a_loop(options):
    model = RNNRegressor(**SMALL, **options).fit(X, y)
    states, of_gates = hidden_states(model, X), gates(model, X)
    for i, (is_there, layers) in enumerate(by_hand(model, X)):
        assert len(states) == len(of_gates) == len(layers)
        for layer, (wanted, wanted_gates) in enumerate(layers):
            assert_allclose(states[layer][i, is_there], wanted, atol=1e-10)
            assert np.isnan(states[layer][i, ~is_there]).all()
            if is_there.any():
                assert set(of_gates[layer]) == set(wanted_gates)
            for name, gate in wanted_gates.items():
                assert_allclose(of_gates[layer][name][i, is_there], gate, atol=1e-10)


def test_ragged_and_windows():
    model = RNNRegressor(**SMALL).fit(RAGGED, y)
    (states,) = hidden_states(model, RAGGED)
    assert [len(s) for s in states] == [len(x) for x in RAGGED]
    for sample, found in zip(RAGGED, states, strict=True):
        wanted = stack_by_hand(model.nets_[0].module_.stack, scaled(model, sample))
        assert_allclose(found, wanted[0][0], atol=1e-10)
    rows = pd.DataFrame(rng.normal(size=(20, 2)), columns=["a", "b"])
    pipeline = make_pipeline(SlidingWindow(4), RNNRegressor(**SMALL))
    pipeline.fit(rows, rows["a"].shift(1).fillna(0))
    (states,) = hidden_states(pipeline, rows)
    assert states.shape == (20, 4, 3)
    assert_array_equal(np.isnan(states[1, :, 0]), [True, True, False, False])


def test_segments_have_a_state_each_and_the_newest_last():
    model = RNNRegressor(**SMALL, segment_length=3).fit(X, y)
    (states,) = hidden_states(model, X)
    assert states.shape == (30, 3, 3)  # seven steps are three segments
    is_there = ~np.isnan(states[..., 0])
    assert is_there[2].tolist() == [False, True, True]  # four steps are two
    assert not is_there[6].any()
    padded = np.concatenate([np.zeros((2, 2)), scaled(model, X[0])]).reshape(3, 6)
    wanted = stack_by_hand(model.nets_[0].module_.stack, padded)[0][0]
    assert_allclose(states[0], wanted, atol=1e-10)


def test_attention_weights_are_a_softmax():
    model = RNNClassifier(**SMALL, pooling="attention", n_kernels=None)
    model.fit(X, (y > 5).astype(str))
    weights = attention_weights(model, X)
    pool = model.nets_[0].module_.pool
    parts = [
        p.detach().numpy()
        for p in (pool.project.weight, pool.project.bias, pool.score.weight)
    ]
    for i, (is_there, layers) in enumerate(by_hand(model, X)):
        assert_array_equal(weights[i, ~is_there], 0)
        if is_there.any():
            score = np.tanh(layers[-1][0] @ parts[0].T + parts[1]) @ parts[2][0]
            wanted = np.exp(score - score.max())
            assert_allclose(weights[i, is_there], wanted / wanted.sum(), atol=1e-7)


def test_networks_are_chosen_by_number():
    model = RNNRegressor(**SMALL | {"n_estimators": 2}).fit(X, y)
    first, second = (hidden_states(model, X, network=i)[0][0] for i in range(2))
    assert not np.allclose(first, second)
    for network in (2, -1, 0.5, "0", True):
        with pytest.raises(ValueError, match="network"):
            hidden_states(model, X, network=network)


def test_what_has_no_states_is_refused():
    model = RNNRegressor(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match=r'Fit with pooling="attention"'):
        attention_weights(model, X)
    with pytest.raises(TypeError, match="got LinearRegression"):
        pipeline = make_pipeline(StandardScaler(), LinearRegression())
        hidden_states(pipeline.fit(X[:6, :, 0][[0, 1, 3]], y[:3]), X[:2, :, 0])
    with pytest.raises(TypeError, match="got RNNForecaster"):
        hidden_states(RNNForecaster(), X)
    with pytest.raises(ValueError, match="Give X in the layout of fit"):
        gates(model, np.zeros((3, 7)))
    with pytest.raises(ValueError, match="3 features"):
        gates(model, np.zeros((3, 7, 3)))
    with pytest.raises(Exception, match="not fitted"):
        gates(RNNRegressor(), X)
