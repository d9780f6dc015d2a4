"""Segments of sequences against plain loops and a network of wider steps."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skrnn import RNNClassifier, RNNRegressor, SlidingWindow, make_windows
from skrnn._kernels.library import library
from skrnn._network.recurrent_network import RecurrentNetwork
from skrnn._network.segments import align, cut
from skrnn._preprocessing.scaling import Scaling
from skrnn._targets.heads import Point

N, L, F, H, LENGTH = 5, 11, 2, 4, 3
LENGTHS = torch.tensor([11, 1, 3, 0, 8])
RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, L, F)) * 2 + 1
y = X[:, -1, 0] - X[:, 4, 1]
SMALL = {
    "hidden_size": 5,
    "random_state": 0,
    "early_stopping": False,
    "n_estimators": 1,
    "max_epochs": 3,
}
# The outputs of the network alone, without what a linear path adds.
PLAIN = SMALL | {"linear_steps": None}
every_cell = pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
whole_or_ragged = pytest.mark.parametrize("lengths", [None, LENGTHS])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=1):
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def segments_of(sequence, length):
    """Segments (S, length * F) of one sequence (L, F), built from its newest step."""
    segments = []
    for stop in range(len(sequence), 0, -length):
        steps = list(sequence[max(stop - length, 0) : stop])
        steps = [np.zeros(sequence.shape[1])] * (length - len(steps)) + steps
        segments.insert(0, np.concatenate(steps))
    return np.array(segments).reshape(len(segments), length * sequence.shape[1])


def wider(x, lengths, length):
    """All sequences of a batch so cut, right-padded, and how many segments each has."""
    seen = [len(x[0])] * len(x) if lengths is None else lengths.tolist()
    rows = [segments_of(s[:n].numpy(), length) for s, n in zip(x, seen, strict=True)]
    shape = (len(x), max(1, *map(len, rows)), length * x.shape[2])
    block = np.zeros(shape)
    for to, row in zip(block, rows, strict=True):
        to[: len(row)] = row
    n_segments = None if lengths is None else torch.tensor([len(row) for row in rows])
    return torch.from_numpy(block), n_segments


@given(
    st.integers(1, 9),
    st.lists(st.integers(0, 8), min_size=1, max_size=5),
    st.integers(1, 10),
    st.booleans(),
)
def test_segments_equal_a_loop(n_steps, lengths, length, is_whole):
    lengths = None if is_whole else torch.tensor(lengths).clamp(max=n_steps)
    x = normal(3 if is_whole else len(lengths), n_steps, F)
    aligned, n_segments, padding = align(x, lengths, length)
    found = cut(aligned.clone(), padding, length)
    expected, n_expected = wider(x, lengths, length)
    if lengths is None:
        assert n_segments is None
        assert_array_equal(found, expected)
        return
    assert_array_equal(n_segments, n_expected)
    for mine, theirs, n in zip(found, expected, n_segments, strict=True):
        assert_array_equal(mine[:n], theirs[:n])


OPTIONS = [
    {},
    {"num_layers": 2, "bidirectional": True, "dropout": 0.3},
    {"num_layers": 2, "residual": True, "norm": "layer", "pooling": "mean"},
    {"norm": "batch", "pooling": "max"},
    {"pooling": "attention", "recurrent_dropout": 0.4},
    {"tbptt_steps": 2},
    {"tbptt_steps": 1, "num_layers": 2, "pooling": "mean"},
    {"tbptt_steps": 3, "pooling": "attention", "dropout": 0.2},
    {"tbptt_steps": 9},
    {"init": "chrono", "max_steps": 4},
]


def new_network(n_features, length, *, cell, **options):
    scaling = Scaling(n_features, 2, instance_norm=None, indicator=False)
    options = {
        "hidden_size": H,
        "num_layers": 1,
        "bidirectional": False,
        "dropout": 0.0,
        "pooling": "last",
    } | options
    if cell == "rnn" and options.get("init") == "chrono":
        options["init"] = "identity"
    return RecurrentNetwork(
        scaling,
        Point(),
        n_targets=2,
        cell=cell,
        segment_length=length,
        generator=seeded(),
        dtype=torch.float64,
        **options,
    )


@every_cell
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@whole_or_ragged
@pytest.mark.parametrize("repeats", [None, torch.tensor([1.0, 2, 3, 1, 2]).double()])
def test_a_segment_is_a_wider_step(cell, options, lengths, repeats):
    network = new_network(F, LENGTH, cell=cell, **options)
    twin = new_network(F * LENGTH, None, cell=cell, **options)
    x = normal(N, L, F)
    for _ in range(2):  # running moments of the first pass count in the second
        found = network(x, lengths, repeats)
        expected = twin(*wider(x, lengths, LENGTH), repeats)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
        found.square().sum().backward()
        expected.square().sum().backward()
        for mine, theirs in zip(network.parameters(), twin.parameters(), strict=True):
            torch.testing.assert_close(mine.grad, theirs.grad, rtol=0, atol=1e-12)
    with torch.no_grad():
        found = network.eval().predict(x, lengths)
        expected = twin.eval().predict(*wider(x, lengths, LENGTH))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@whole_or_ragged
def test_gradients(lengths):
    network = new_network(F, LENGTH, cell="gru", pooling="attention")
    x = normal(N, L, F).requires_grad_()
    names, values = zip(*network.named_parameters(), strict=True)

    def run(x, *values):
        given = dict(zip(names, values, strict=True))
        return torch.func.functional_call(network, given, (x, lengths))

    assert torch.autograd.gradcheck(run, (x, *values))


# -- estimators -----------------------------------------------------------------------


def numpy_twin(model, X):
    """Predict by loops over sequences, segments and gates."""
    network = model.net_.module_
    scaling, cell = network.scaling, network.stack.layers[0].directions[0]
    weights = [
        getattr(cell, f"{kind}_l0").detach().numpy()
        for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    ]
    predictions = []
    for sequence in X:
        level = sequence[-1] if model.instance_norm == "last" else 0
        scaled = sequence - level
        scaled = (scaled - scaling.x_mean.numpy()) / scaling.x_scale.numpy()
        h = np.zeros(model.hidden_size)
        for segment in segments_of(scaled, model.segment_length):
            a, r = weights[0] @ segment + weights[2], weights[1] @ h + weights[3]
            a, r = np.split(a, 3), np.split(r, 3)
            reset, update = (1 / (1 + np.exp(-a[i] - r[i])) for i in range(2))
            h = (1 - update) * np.tanh(a[2] + reset * r[2]) + update * h
        raw = network.head.weight.detach().numpy() @ h
        raw = raw + network.head.bias.detach().numpy()
        if model.instance_norm == "last":
            mean, scale = scaling.rest_mean.numpy(), scaling.rest_scale.numpy()
            predictions.append(raw * scale + mean + level[network.baseline.feature[0]])
        else:
            predictions.append(raw * scaling.y_scale.numpy() + scaling.y_mean.numpy())
    return np.concatenate(predictions)


@pytest.mark.parametrize("instance_norm", [None, "last"])
@pytest.mark.parametrize("length", [1, 3, 11, 20])
@pytest.mark.parametrize("is_ragged", [False, True])
def test_predictions_equal_a_loop_in_numpy(instance_norm, length, is_ragged):
    given = [x[: 1 + i % L] for i, x in enumerate(X)] if is_ragged else X
    options = PLAIN | {"dtype": "float64", "instance_norm": instance_norm}
    model = RNNRegressor("gru", **options, segment_length=length).fit(given, y)
    expected = numpy_twin(model, given)
    assert_allclose(model.predict(given), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", [RNNRegressor, RNNClassifier])
def test_segments_of_every_layout_are_the_same(kind):
    target = y if kind is RNNRegressor else y > 0
    method = "predict" if kind is RNNRegressor else "predict_proba"
    model = kind(**SMALL, segment_length=4)
    whole = getattr(clone(model).fit(X, target), method)(X)
    gaps = np.full((80, L + 3, F), np.nan)  # absent steps are in no segment
    place = np.sort(np.argsort(RNG.random((80, L + 3)), axis=1)[:, :L], axis=1)
    np.put_along_axis(gaps, place[:, :, None], X, axis=1)
    for other in (list(X), gaps):
        found = clone(model).fit(other, target)
        assert_array_equal(getattr(found, method)(X), whole)
        assert_array_equal(getattr(found, method)(other), whole)


@settings(max_examples=20)
@given(st.integers(1, 14), st.integers(1, 12))
def test_padding_is_a_step_of_means(n_steps, length):
    model = RNNRegressor(**PLAIN | {"max_epochs": 1}, segment_length=length)
    model.set_params(dtype="float64").fit(X, y)
    short = RNG.normal(size=(3, n_steps, F))
    mean = model.net_.module_.scaling.x_mean.numpy()
    filled = np.broadcast_to(mean, (3, -n_steps % length, F))
    filled = np.concatenate([filled, short], axis=1)
    assert_allclose(model.predict(short), model.predict(filled), rtol=0, atol=1e-12)


def test_lazy_windows_and_missing_values():
    series = RNG.normal(size=(120, 2)).cumsum(axis=0)
    windows = SlidingWindow(9, horizon=1).fit_transform(series)
    model = RNNRegressor(**SMALL, segment_length=4, instance_norm="standard")
    lazy = model.fit(windows, series[:, 0]).predict(windows)
    assert_array_equal(
        lazy, model.fit(np.asarray(windows), series[:, 0]).predict(windows)
    )
    given = X.copy()
    given[::3, 2, 1] = np.nan
    model = RNNRegressor(**SMALL, segment_length=4, missing="indicator").fit(given, y)
    assert model.net_.module_.stack.layers[0].directions[0].input_size == 4 * 2 * F
    assert np.isfinite(model.predict(given)).all()


@every_cell
def test_the_standard_network_of_segments_is_compiled(cell):
    model = RNNRegressor(cell, **SMALL, segment_length=4, tbptt_steps=3).fit(X, y)
    network = model.net_.module_
    assert network.standard_form() is not None or library() is None
    if library() is not None:
        assert network.training_form(L).composition is None  # three segments
        assert network.training_form(L + 2).composition is not None


def test_a_weight_of_zero_and_a_search():
    weight = np.ones(80)
    weight[:7] = 0
    model = RNNRegressor(**SMALL, segment_length=4)
    without = clone(model).fit(X[7:], y[7:])
    assert_array_equal(clone(model).fit(X, y, weight).predict(X), without.predict(X))
    grid = {"segment_length": [None, 1, 5]}
    search = GridSearchCV(model, grid, cv=TimeSeriesSplit(2), error_score="raise")
    scores = search.fit(X, y).cv_results_["mean_test_score"]
    assert scores[0] == scores[1] != scores[2]


def test_another_length_is_another_network():
    model = RNNRegressor(**SMALL, segment_length=4, warm_start=True).fit(X, y)
    before = copy.deepcopy(model)
    with pytest.raises(ValueError, match=r"segment_length=4, and .* segment_length=5"):
        model.set_params(segment_length=5).fit(X, y)
    assert_array_equal(before.predict(X), model.predict(X))
    with pytest.raises(ValueError, match="do not fit segment_length=5"):
        RNNRegressor(**SMALL, segment_length=5, init=before).fit(X, y)
    still = SMALL | {"max_epochs": 1, "learning_rate": 1e-30}
    same = RNNRegressor(**still, segment_length=4, init=before).fit(X, y)
    assert_allclose(same.predict(X), before.predict(X), atol=1e-6)


def test_a_long_rhythm_is_learned_in_few_steps():
    hour = np.arange(1500.0)
    noise = 0.1 * RNG.normal(size=len(hour))
    series = (hour % 24 == 5) * 2.0 + np.sin(hour * np.pi / 12) + noise
    windows, targets = make_windows(series[:, None], 48, fh=24)
    model = RNNRegressor(
        "gru", 16, segment_length=24, max_epochs=20, batch_size=64, random_state=0
    )
    model.set_params(learning_rate=0.02, early_stopping=False)
    model.fit(windows[:1000], targets[:1000])
    assert model.score(windows[1100:], targets[1100:]) > 0.9
