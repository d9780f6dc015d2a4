"""The linear path against plain NumPy, and what it means for fits and predictions."""

import pickle
import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

import skrnn._sequences.sources
from skrnn import RNNClassifier, RNNRegressor, make_windows
from skrnn._kernels.library import library
from skrnn._preprocessing.baseline import Baseline
from skrnn._preprocessing.linear_path import LinearPath, Triangle
from skrnn._preprocessing.preprocessing import Preprocessing
from skrnn._preprocessing.scaling import Scaling
from skrnn._sequences.sources import as_source
from tests.instruction_levels import ROUNDING

RNG = np.random.default_rng(0)
N, L, F = 60, 7, 2
X = RNG.normal(size=(N, L, F)) * [3.0, 0.2] + [10.0, -1.0]
y = X[:, -1, 0] - 2 * X[:, -3, 1] + np.tanh(X[:, 0, 0] - 10) + RNG.normal(size=N) / 9
OPTIONS = {"hidden_size": 5, "max_epochs": 4, "random_state": 0}
# So small a rate leaves the outputs of the network what they were.
STILL = OPTIONS | {"learning_rate": 1e-30, "max_epochs": 1, "n_estimators": 1}


def path_of(model):
    return model.net_.module_.baseline.linear_path


# -- a slow twin ---------------------------------------------------------------------


def columns_of(samples, weight, n_steps):
    """Regressors with NaN for what is absent, a value at a time."""
    rows = []
    for sample in samples:
        row = np.full((n_steps, F), np.nan)
        present = [step for step in sample if not np.isnan(step).all()][-n_steps:]
        if present:
            row[-len(present) :] = present
        for f in range(F):
            seen = [value for value in row[:, f] if not np.isnan(value)]
            newest = seen[-1] if seen else np.nan
            row[:, f] = [value - newest for value in row[:, f]]
            row[-1, f] = newest
        rows.append(row.ravel())
    columns = np.array(rows)
    for column in columns.T:
        seen = ~np.isnan(column)
        if seen.any():
            column -= np.average(column[seen], weights=weight[seen])
        column[~seen] = 0.0
    return columns


def plain_path(samples, target, weight, n_steps):
    """Predictions for the samples themselves, by ridge as textbooks have it."""
    columns, mass = columns_of(samples, weight, n_steps), weight.sum()
    spread = np.sqrt(np.average(columns**2, axis=0, weights=weight))
    columns = columns / np.where(spread > 0, spread, 1.0)
    shares = np.ones(n_steps * F)
    shares[-F:] = 0.01  # of the penalty, for the newest values
    predicted = []
    for t in target.T:
        mean = np.average(t, weights=weight)
        tries = []
        for penalty in np.logspace(-6, 4, 41) * mass:
            inverse = np.linalg.inv(
                columns.T @ (weight[:, None] * columns) + np.diag(penalty * shares)
            )
            hat = columns @ inverse @ (columns.T * weight)
            fit = hat @ (t - mean) + mean
            spare = 1 - (np.trace(hat) + 1) / len(t)
            tries.append((weight @ (t - fit) ** 2 / spare**2, fit))
        predicted.append(min(tries, key=lambda pair: pair[0])[1])
    return np.column_stack(predicted)


def with_holes(X):
    X = X.copy()
    rng = np.random.default_rng(3)
    X[rng.random(X.shape) < 0.1] = np.nan
    X[rng.random(X.shape[:2]) < 0.2] = np.nan  # absent steps
    X[4] = np.nan
    return X


@pytest.mark.parametrize("n_steps", [1, 4, 12])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["dense", "holes", "ragged"])
def test_the_path_equals_ridge_with_loops(kind, weighted, n_steps, monkeypatch):
    monkeypatch.setattr(skrnn._sequences.sources, "CHUNK_SIZE", 100)
    samples, target = X, np.column_stack([y, X[:, -1, 1] ** 2])
    if kind == "holes":
        samples = with_holes(X)
    if kind == "ragged":
        samples = [row[: i % (L + 1)] for i, row in enumerate(X)]
    weight = RNG.integers(1, 4, N).astype(float) if weighted else np.ones(N)
    source = as_source(samples, allow_partial=True)
    path = LinearPath(n_steps, F, 2)
    scaling = Scaling(F, 2, instance_norm=None, indicator=True)
    baseline = Baseline(2, linear_path=path)
    Preprocessing(scaling, baseline).fit(source, target, weight, scale=False)
    block, lengths = source.batch(np.arange(N))
    lengths = None if lengths is None else torch.from_numpy(lengths)
    with torch.no_grad():
        predicted = path(torch.from_numpy(block), lengths)
    expected = plain_path(list(samples), target, weight, n_steps)
    assert_allclose(predicted, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("size", [1, 7, 40, 200])
def test_rows_in_blocks_keep_what_squares_would_lose(size):
    # Columns that are nearly multiples of each other, by 1e-10 of their size.
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 1)) + 1e-10 * rng.normal(size=(200, 6))
    triangle = Triangle(6)
    for start in range(0, 200, size):
        triangle.add(torch.from_numpy(rows[start : start + size]))
    found = torch.linalg.svdvals(triangle.result()).numpy()
    wanted = np.linalg.svd(rows, compute_uv=False)
    assert_allclose(found, wanted, rtol=1e-4)
    by_squares = np.sqrt(np.abs(np.linalg.eigvalsh(rows.T @ rows)))[::-1]
    assert not np.allclose(by_squares, wanted, rtol=0.1)
    fewer = Triangle(6)
    fewer.add(torch.from_numpy(rows[:3]))
    assert fewer.result().shape == (3, 6)


def test_kinds_of_networks_share_what_is_learned_of_their_rows():
    both = RNNRegressor(**OPTIONS, n_estimators="auto").fit(X, y)
    for place, length in enumerate((None, 6)):
        alone = RNNRegressor(**OPTIONS, segment_length=length, n_estimators=5).fit(X, y)
        for fold in range(5):
            shared = both.nets_[2 * fold + place].module_
            own = alone.nets_[fold].module_
            for name in ("scaling", "baseline"):
                state = getattr(shared, name).state_dict()
                wanted = getattr(own, name).state_dict()
                assert list(state) == list(wanted)
                for key, value in wanted.items():
                    assert torch.equal(state[key], value), key


def test_levels_that_wander_are_followed():
    walk = np.cumsum(np.random.default_rng(0).normal(size=(150, 1)), axis=0)
    windows, targets = make_windows(walk, 24)
    windows = np.asarray(windows)
    model = RNNRegressor(**STILL, early_stopping=False)
    model.fit(windows[:60], targets[:60])
    moved = torch.from_numpy(windows[60:] + 50.0)
    with torch.no_grad():
        found = path_of(model)(moved, None)[:, 0].numpy()
    naive = np.abs(windows[60:, -1, 0] - targets[60:, 0]).mean()
    assert np.abs(found - targets[60:, 0] - 50).mean() < 5 * naive


def test_units_do_not_matter():
    model = RNNRegressor(**OPTIONS).fit(X, y)
    moved = X * [1e-3, 1e4] + [-1.0, 5.0]
    other = RNNRegressor(**OPTIONS).fit(moved, 1e5 * y + 7)
    assert_allclose((other.predict(moved) - 7) / 1e5, model.predict(X), rtol=1e-4)


@pytest.mark.parametrize("instance_norm", ["last", "standard"])
def test_with_instance_norm_forecasts_move_with_the_window(instance_norm):
    options = OPTIONS | {"instance_norm": instance_norm}
    model = RNNRegressor(**options).fit(X[:, :, 0], y)
    before = model.predict(X[:, :, 0])
    assert_allclose(model.predict(X[:, :, 0] + 1e3), before + 1e3, rtol=0, atol=1e-6)
    if instance_norm == "standard":
        wide = model.predict(1e3 * X[:, :, 0])
        assert_allclose(wide, 1e3 * before, rtol=1e-3)


def test_weights_count_as_repetitions():
    counts = RNG.integers(0, 4, N)
    rows = np.repeat(np.arange(N), counts)
    weighted = RNNRegressor(**STILL, early_stopping=False)
    repeated = clone(weighted).fit(X[rows], y[rows])
    weighted.fit(X, y, sample_weight=counts)
    for name, value in path_of(weighted).state_dict().items():
        other = path_of(repeated).state_dict()[name]
        assert_allclose(value, other, rtol=1e-9, atol=1e-12)


def test_weights_that_add_up_to_one_are_no_single_sample():
    weight = RNG.random(N)
    fits = [
        RNNRegressor(**STILL, early_stopping=False).fit(X, y, sample_weight=w)
        for w in (weight / weight.sum(), weight / weight.mean())
    ]
    first, second = (path_of(model).weight for model in fits)
    assert_allclose(first, second, rtol=1e-9)


@pytest.mark.parametrize("power", [-1000, -400, 400, 1010])
def test_values_whose_squares_are_no_floats_are_as_good_as_others(power):
    expected = RNNRegressor(**OPTIONS, n_estimators=2).fit(X, y).predict(X)
    others, target = np.ldexp(X, power), np.ldexp(y, power)
    found = RNNRegressor(**OPTIONS, n_estimators=2).fit(others, target).predict(others)
    assert_array_equal(found, np.ldexp(expected, power))


def test_what_is_not_scaled_is_refused_where_squares_are_no_floats():
    options = OPTIONS | {"n_estimators": 2, "scale": False}
    for data in ((X * 1e305, y), (X * 1e305, y * 1e305)):
        with pytest.raises(ValueError, match="X has values too large for scale=False"):
            RNNRegressor(**options).fit(*data)
    with pytest.raises(ValueError, match="y has values too large for scale=False"):
        RNNRegressor(**options).fit(X, y * 1e305)


@pytest.mark.parametrize("unit", [1e-6, 1 / 3, 2.0, 1e6])
def test_the_unit_of_weights_does_not_matter(unit):
    weight = RNG.uniform(0.5, 3, N)
    one, other = (
        path_of(RNNRegressor(**STILL, early_stopping=False).fit(X, y, w))
        for w in (weight, unit * weight)
    )
    assert_allclose(one.weight, other.weight, rtol=1e-9)


def test_samples_that_weigh_next_to_nothing_are_no_samples():
    weight = np.where(np.arange(N) < 15, 1.0, 1e-9)
    one = RNNRegressor(**STILL, early_stopping=False).fit(X, y, weight)
    other = clone(one).fit(X[:15], y[:15])
    assert_allclose(path_of(one).weight, path_of(other).weight, rtol=1e-5)


def test_an_exact_law_is_found_and_leaves_nothing():
    exact = X[:, -1, 0] + 3 * X[:, -2, 1]
    model = RNNRegressor(**OPTIONS).fit(X[:40], exact[:40])
    assert_allclose(model.predict(X[40:]), exact[40:], rtol=1e-4)
    assert np.isfinite(model.loss_curve_).all()


# -- within the estimator ------------------------------------------------------------


def test_the_network_learns_what_is_left():
    model = RNNRegressor("gru", 8, max_epochs=2, random_state=0, early_stopping=False)
    model.set_params(n_estimators=1).fit(X, y)
    network, path = model.net_.module_, path_of(model)
    with torch.no_grad():
        left = y - path(torch.from_numpy(X), None)[:, 0].numpy()
        outputs = network.eval()(torch.from_numpy(X))[:, 0, 0].numpy()
    assert_allclose(float(network.scaling.y_scale), left.std(), rtol=1e-9)
    assert float(network.scaling.y_mean) == 0
    expected = y - left + outputs * left.std()
    assert_allclose(model.predict(X), expected, rtol=1e-5)


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("instance_norm", [None, "last", "standard"])
@pytest.mark.parametrize("loss", ["squared_error", "quantile", "gaussian", "student_t"])
def test_every_loss_and_normalisation_gets_the_path_back(loss, instance_norm, scale):
    options = {"loss": loss, "instance_norm": instance_norm, "scale": scale}
    model = RNNRegressor("gru", 8, n_estimators=1, random_state=0, **options)
    model.fit(X[:45], y[:45])
    assert model.score(X[45:], y[45:]) > 0.5
    if loss != "squared_error":
        low, _, high = model.predict_quantiles(X[45:]).T
        assert (low < high).all()


@pytest.mark.parametrize("instance_norm", [None, "last"])
@pytest.mark.parametrize("kind", ["dense", "ragged", "holes"])
def test_predictions_do_not_depend_on_other_rows(kind, instance_norm):
    samples = X
    if kind == "ragged":
        samples = [row[: 1 + i % L] for i, row in enumerate(X)]
    if kind == "holes":
        samples = with_holes(X)
    options = OPTIONS | {"missing": "indicator", "instance_norm": instance_norm}
    model = RNNRegressor(**options).fit(samples, y)
    together = model.predict(samples)
    alone = [model.predict(samples[i : i + 1])[0] for i in range(N)]
    assert_allclose(together, alone, rtol=ROUNDING)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(samples), together)


def test_a_run_of_the_best_epoch_gives_the_same_bits():
    model = RNNRegressor("gru", 8, random_state=1).fit(X, y)
    fresh = clone(model).set_params(max_epochs=model.best_epoch_)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fresh.fit(X, y)
    assert_array_equal(fresh.predict(X), model.predict(X))


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_training_on_keeps_the_path(method):
    model = RNNRegressor(**OPTIONS, warm_start=True)
    getattr(model, method)(X[:30], y[:30])
    paths = [net.module_.baseline.linear_path for net in model.nets_]
    before = [path.weight.clone() for path in paths]
    getattr(model, method)(X[30:], y[30:])
    for path, weight in zip(paths, before, strict=True):
        assert torch.equal(path.weight, weight)
    with pytest.raises(ValueError, match="fitted with linear_steps='auto'"):
        getattr(model.set_params(linear_steps=None), method)(X, y)


def test_checkpoints_hold_the_path(tmp_path):
    options = OPTIONS | {"checkpoint_dir": tmp_path}
    short = RNNRegressor(**options | {"max_epochs": 2}).fit(X, y)
    resumed = clone(short).set_params(max_epochs=4).fit(X, y, resume=True)
    whole = RNNRegressor(**OPTIONS).fit(X, y)
    assert_array_equal(resumed.predict(X), whole.predict(X))


def test_the_path_comes_along_with_the_head():
    donor = RNNRegressor(**OPTIONS, n_estimators=1, linear_steps=3).fit(X, y)
    heir = RNNRegressor(**STILL, init=donor).fit(X[:50, 1:], 5 * y[:50])
    assert path_of(heir).n_steps == 3
    assert_allclose(heir.predict(X[:, 1:]), donor.predict(X[:, 1:]), rtol=1e-5)
    # A head for whole targets is none for what a path leaves.
    other = RNNRegressor(**STILL, init=donor, linear_steps=None).fit(X, 5 * y)
    assert path_of(other) is None
    assert float(other.net_.module_.scaling.y_scale) == pytest.approx(5 * y.std(), 0.1)


@pytest.mark.parametrize(
    ("options", "n_steps"),
    [
        ({}, L),
        ({"linear_steps": 2}, 2),
        ({"linear_steps": 50}, L),
        ({"linear_steps": None}, None),
        ({"loss": "poisson"}, None),
        ({"loss": torch.nn.SmoothL1Loss}, None),
        ({"loss": torch.nn.SmoothL1Loss, "linear_steps": 2}, 2),
    ],
)
def test_how_many_steps_it_reads(options, n_steps):
    path = path_of(RNNRegressor(**STILL | options).fit(X, np.abs(y)))
    assert (None if path is None else path.n_steps) == n_steps


def test_many_features_leave_it_fewer_steps():
    wide = np.zeros((3, 4, 200))
    assert path_of(RNNRegressor(**STILL).fit(wide, [0, 1, 2])).n_steps == 2
    wide = np.zeros((3, 2, 600))
    assert path_of(RNNRegressor(**STILL).fit(wide, [0, 1, 2])) is None


def test_poisson_has_no_path():
    model = RNNRegressor(loss="poisson", linear_steps=3)
    with pytest.raises(ValueError, match="Set linear_steps=None"):
        model.fit(X, np.abs(y))


def test_a_classifier_has_none():
    assert path_of(RNNClassifier(**OPTIONS).fit(X, y > 0)) is None
    assert "linear_steps" not in RNNClassifier().get_params()


def test_the_step_is_compiled_with_a_path():
    model = RNNRegressor(**STILL).fit(X, y)
    assert path_of(model) is not None
    network = model.net_.module_
    assert network.standard_form() is not None or library() is None
    assert library() is None or network.training_form(L).composition is None


@pytest.mark.filterwarnings("ignore:Every step of X is absent")
@pytest.mark.parametrize("samples", [[np.zeros((0, 1))] * 3, np.full((4, 3), np.nan)])
def test_samples_without_a_step(samples):
    target = np.arange(len(samples)) ** 2.0
    model = RNNRegressor(**STILL, linear_steps=2).fit(samples, target)
    path = path_of(model)
    # Nothing is known but the mean of the targets, which are alike to the network.
    if path is not None:
        assert path.weight.tolist() == [[0.0] * len(path.center)]
        assert float(path.bias) == pytest.approx(target.mean())
    predicted = model.predict(samples)
    assert np.isfinite(predicted).all()
    assert_array_equal(predicted, predicted[0])
    assert predicted[0] == pytest.approx(target.mean(), abs=target.std())
