"""Random convolutions beside the networks of a classifier."""

import pickle

import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from sklearn.base import clone

from skrnn import RNNClassifier, SlidingWindow
from skrnn._convolutions import convolution_classifier
from skrnn._convolutions.convolution_classifier import _factor, cross_entropy
from skrnn._ensemble.stacking import stacking_weights
from skrnn._ensemble.train_networks import NetworkTraining
from skrnn._estimator.reading import read_X
from tests.support import assert_rows_alone, waves_of_classes


def classifier(**parameters):
    options = {
        "hidden_size": 4,
        "max_epochs": 3,
        "n_estimators": 2,
        "n_kernels": 168,
        "random_state": 0,
    }
    return RNNClassifier(**options | parameters)


@pytest.fixture(autouse=True)
def short(recwarn):
    """Few epochs are meant."""
    yield
    recwarn.clear()


def test_logits_are_the_weighted_sum():
    X, y = waves_of_classes()
    model = classifier().fit(X, y)
    beside = model.convolutions_
    shares = beside.shares.numpy()
    alone = clone(model).set_params(n_kernels=None).fit(X, y)
    parts = beside.logits(read_X(model, X, missing="error", reset=False))
    expected = np.tensordot(shares, [*parts, alone.decision_function(X)], axes=1)
    np.testing.assert_allclose(model.decision_function(X), expected, rtol=1e-12)


def test_it_does_what_few_samples_ask_for():
    X, y = waves_of_classes(30)
    X_new, y_new = waves_of_classes(300, seed=1)
    model = classifier(n_kernels="auto").fit(X, y)
    assert model.score(X_new, y_new) > 0.95
    assert clone(model).set_params(n_kernels=None).fit(X, y).score(X_new, y_new) < 0.8


def test_none_beside():
    X, y = waves_of_classes()
    assert classifier(n_kernels=None).fit(X, y).convolutions_ is None
    # Nothing would say what it wants.
    custom = classifier(n_kernels="auto", loss=torch.nn.CrossEntropyLoss).fit(X, y)
    assert custom.convolutions_ is None


def test_early_stopping_changes_no_part():
    X, y = waves_of_classes(100)
    model = classifier(n_kernels="auto", n_estimators="auto").fit(X, y)
    without = clone(model).set_params(early_stopping=False).fit(X, y)
    assert len(without.nets_) == len(model.nets_) == 2
    assert without.settings_.auto == model.settings_.auto
    for one, other in zip(
        without.convolutions_.classifiers, model.convolutions_.classifiers, strict=True
    ):
        for name, value in one.state_dict().items():
            assert torch.equal(value, other.state_dict()[name])
    assert [len(net.history) for net in without.nets_] == [model.max_epochs] * 2


def test_without_early_stopping_few_samples_are_told_apart_as_well():
    X, y = waves_of_classes(30)
    X_new, y_new = waves_of_classes(300, seed=1)
    model = classifier(n_kernels="auto", early_stopping=False).fit(X, y)
    assert model.score(X_new, y_new) > 0.95


def test_without_early_stopping_weights_are_those_of_samples_left_out():
    X, y = waves_of_classes(90)
    X = X + np.random.default_rng(0).normal(size=X.shape)
    options = {"early_stopping": False, "max_epochs": 60, "hidden_size": 32}
    model = classifier(**options).fit(X, y)
    shares = model.convolutions_.shares
    # A network that knows its samples by heart is not trusted for that.
    assert (model.nets_[0].history[-1, "train_loss"]) < 0.05
    assert shares[-1] < 0.5 < shares[:2].sum()


@pytest.mark.parametrize("is_of_windows", [False, True])
def test_what_is_set_aside_without_early_stopping(is_of_windows, monkeypatch):
    folds = []
    original = NetworkTraining.fold

    def fold(training, place):
        folds.append(original(training, place))
        return folds[-1]

    monkeypatch.setattr(NetworkTraining, "fold", fold)
    X, y = waves_of_classes(100, n_classes=2)
    if is_of_windows:
        X = SlidingWindow(5).fit_transform(X)
    model = classifier(n_estimators=5, early_stopping=False, max_epochs=1).fit(X, y)
    valid = [fold.valid for fold in folds[:5]]
    np.testing.assert_array_equal(np.sort(np.concatenate(valid)), np.arange(100))
    # Windows share their rows with those beside them, which go together.
    assert is_of_windows == all((np.diff(rows) == 1).all() for rows in valid)
    # Networks that stand alone have nothing to set aside for.
    folds.clear()
    model.set_params(n_kernels=None).fit(X, y)
    assert all(len(fold.train) == 100 for fold in folds)


def test_no_sample_to_judge_by_leaves_the_first_path_alone():
    X, y = waves_of_classes(6)
    shares = classifier().fit(X, y).convolutions_.shares
    np.testing.assert_allclose(shares, [1.0, 0.0, 0.0], atol=1e-6)


def test_judged_by_what_the_user_gives():
    X, y = waves_of_classes()
    X_val, y_val = waves_of_classes(30, seed=1)
    # Labels that say the opposite: no part deserves any trust.
    model = classifier().fit(X, y, X_val=X_val, y_val=(y_val + 1) % 3)
    trusted = classifier().fit(X, y, X_val=X_val, y_val=y_val)
    found, wanted = (m.convolutions_.shares[:2].sum() for m in (model, trusted))
    assert found < 0.5 < wanted


@pytest.mark.parametrize("layout", ["3d", "ragged", "windows", "partly missing"])
def test_rows_do_not_influence_each_other(layout):
    rng = np.random.default_rng(0)
    X, y = waves_of_classes(40)
    options = {}
    if layout == "3d":
        X = np.stack([X, rng.normal(size=X.shape)], axis=2)
    elif layout == "ragged":
        X = [row[: rng.integers(1, 30), None] for row in X]
    elif layout == "windows":
        X = SlidingWindow(9).fit_transform(rng.normal(size=(40, 2)))
    else:
        X = np.stack([X, rng.normal(size=X.shape)], axis=2)
        X[rng.random(X.shape) < 0.1] = np.nan
        options["missing"] = "indicator"
    model = classifier(**options).fit(X, y)
    together = model.predict_proba(X)
    for i in (0, 7, 39):
        alone = model.predict_proba(X[i : i + 1])
        assert_rows_alone(alone[0], together[i])


@pytest.fixture(params=[7, 3_000])
def most_judging(request, monkeypatch):
    monkeypatch.setattr(convolution_classifier, "_MOST_JUDGING", request.param)


@pytest.mark.usefixtures("most_judging")
def test_order_of_samples_does_not_matter_to_the_path():
    X, y = waves_of_classes()
    order = np.random.default_rng(0).permutation(len(X))
    paths = [
        classifier(hidden_size=1, max_epochs=1).fit(*data).convolutions_
        for data in ((X, y), (X[order], y[order]))
    ]
    for place, name in enumerate(("convolutions.biases", "convolutions.weights")):
        one, other = (
            path.state_dict()[f"classifiers.{place}.{name}"] for path in paths
        )
        np.testing.assert_allclose(one, other, rtol=1e-6)
    for name in (
        "classifiers.0.center",
        "classifiers.0.weight",
        "classifiers.1.weight",
    ):
        one, other = (path.state_dict()[name] for path in paths)
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


@pytest.mark.usefixtures("most_judging")
def test_weights_are_repetitions_to_the_path():
    X, y = waves_of_classes(24)
    weight = np.random.default_rng(0).integers(0, 3, len(X))
    X_val, y_val = waves_of_classes(12, seed=1)
    given = {"X_val": X_val, "y_val": y_val}
    options = {"batch_size": None, "dtype": "float64", "n_estimators": 1}
    weighted = classifier(**options).fit(X, y, weight, **given)
    repeated = classifier(**options).fit(X.repeat(weight, 0), y.repeat(weight), **given)
    np.testing.assert_allclose(
        weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-6, atol=1e-9
    )


def test_several_labels_a_sample():
    X, y = waves_of_classes(90)
    X_new, y_new = waves_of_classes(300, seed=1)
    kinds = np.array([[0, 0], [1, 0], [1, 1]])
    model = classifier(n_kernels="auto").fit(X, kinds[y])
    assert (model.predict(X_new) == kinds[y_new]).mean() > 0.95


def test_class_weight_reaches_the_path():
    X, y = waves_of_classes(60, n_classes=2)
    X = X + 2 * np.random.default_rng(0).normal(size=X.shape)
    share = [
        classifier(class_weight={0: 1, 1: heavy}).fit(X, y).predict(X).mean()
        for heavy in (0.05, 20)
    ]
    assert share[0] < 0.5 < share[1]


def test_same_bits_again_and_after_pickle():
    X, y = waves_of_classes()
    model = classifier().fit(X, y)
    again = clone(model).fit(X, y)
    for twin in (again, pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))


def test_partial_fit_has_none_and_keeps_what_there_is():
    X, y = waves_of_classes()
    stream = classifier().partial_fit(X, y, classes=[0, 1, 2])
    assert stream.convolutions_ is None
    model = classifier().fit(X, y)
    path = model.convolutions_
    assert model.partial_fit(X, y).convolutions_ is path


def test_fit_that_goes_on_fits_the_path_anew():
    X, y = waves_of_classes()
    model = classifier(warm_start=True).fit(X, y)
    path = model.convolutions_
    model.fit(*waves_of_classes(seed=2))
    assert model.convolutions_ is not path


def test_failed_fit_leaves_it():
    X, y = waves_of_classes()
    model = classifier().fit(X, y)
    path = model.convolutions_
    with pytest.raises(ValueError, match="hidden_size"):
        model.set_params(hidden_size=0).fit(X, y)
    assert model.convolutions_ is path


def test_scorer_judges_the_network_alone():
    X, y = waves_of_classes()
    seen = []

    def scorer(estimator, X, y):
        seen.append(estimator.convolutions_)
        return 0.5

    classifier(scoring=scorer).fit(X, y)
    assert seen and set(seen) == {None}


def test_resumed_fit_has_the_same(tmp_path):
    X, y = waves_of_classes()
    whole = classifier(max_epochs=4).fit(X, y)
    part = classifier(max_epochs=2, checkpoint_dir=tmp_path).fit(X, y)
    part.set_params(max_epochs=4).fit(X, y, resume=True)
    np.testing.assert_array_equal(part.predict_proba(X), whole.predict_proba(X))


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (np.full((8, 5), np.nan), [0, 1] * 4),  # no step at all
        ([np.empty((0, 2))] * 8, [0, 1] * 4),  # nor a place for one
        (np.ones((8, 5)), [0, 1] * 4),  # all samples alike
        (np.arange(8.0)[:, None], [0, 1] * 4),  # one step
        (np.random.default_rng(0).normal(size=(6, 3, 40)), [0, 1, 2] * 2),
        (np.arange(12.0).reshape(4, 3), ["a"] * 4),  # one class
        (np.arange(12.0).reshape(4, 3) * 1e30, [0, 1, 0, 1]),
    ],
)
def test_odd_data(X, y):
    probability = classifier(n_kernels="auto").fit(X, y).predict_proba(X)
    assert np.isfinite(probability).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)


def test_bad_values_are_named():
    X, y = waves_of_classes()
    for value in (0, 2.5, "many"):
        with pytest.raises(ValueError, match="n_kernels"):
            classifier(n_kernels=value).fit(X, y)


def test_factor_gives_the_least_cross_entropy():
    rng = np.random.default_rng(0)
    scores, wanted = rng.normal(size=(50, 3)), np.eye(3)[rng.integers(0, 3, 50)]
    scores += wanted
    weight = rng.uniform(1, 2, 50)
    factor = _factor(scores, wanted, weight, False)
    smooth = (wanted * 50 + 1) / (50 + 3)

    def loss(f):
        return -(weight[:, None] * smooth * log_softmax(f * scores, axis=1)).sum()

    losses = [loss(f) for f in np.geomspace(0.05, 400, 2000)]
    assert loss(factor) <= min(losses) + 1e-6


def test_faultless_scores_stay_finite():
    wanted = np.eye(2)[[0, 1, 0, 1]]
    # Of 4 samples and one more of each class 5 / 6 are right.
    factor = _factor(2 * wanted - 1, wanted, np.ones(4), False)
    assert factor == pytest.approx(np.log(5) / 2, rel=1e-4)


def test_factor_does_not_depend_on_the_unit_of_weights():
    wanted = np.eye(2)[[0, 1, 0, 1]]
    factors = [_factor(2 * wanted - 1, wanted, np.full(4, w), False) for w in (1, 1e-6)]
    assert factors[0] == pytest.approx(factors[1], rel=1e-6)


@pytest.mark.parametrize("value", [-3.4e38, 3.4e38, 1e300, -1.7e308])
def test_extreme_values_give_probabilities(value):
    X, y = waves_of_classes()
    X = np.stack([X, X[::-1]], axis=2)
    model = classifier().fit(X, y)
    X_new = X[:3].copy()
    X_new[:, 7, 1] = value
    probability = model.predict_proba(X_new)
    assert np.isfinite(probability).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)


def test_a_sort_that_says_nothing_is_left_out():
    rng = np.random.default_rng(1)
    target = rng.integers(0, 3, 200)
    telling = rng.normal(size=(200, 3)) + 3 * np.eye(3)[target]
    logits = [telling, 5 * rng.normal(size=(200, 3)), rng.normal(size=(200, 3))]
    weights = stacking_weights(logits, target, np.ones(200))
    assert weights[0] > 0.5
    assert weights[1:].max() < 0.1


def test_shares_are_the_least_of_the_sum():
    rng = np.random.default_rng(1)
    target = rng.integers(0, 3, 200)
    ours = rng.normal(size=(200, 3)) + np.eye(3)[target]
    theirs = rng.normal(size=(200, 3)) + 2 * np.eye(3)[target]
    weight = rng.uniform(0.5, 2, 200)
    weights = stacking_weights([ours, theirs], target, weight)

    def loss(a, b):
        total = weight @ cross_entropy(a * ours + b * theirs, np.eye(3)[target], False)
        return total + 1.5 * ((a - 1) ** 2 + b**2)

    grid = np.linspace(0, 4, 81)
    least = min(loss(a, b) for a in grid for b in grid)
    assert loss(*weights) <= least
    exact = stacking_weights([ours, theirs], target, weight, to_rounding=True)
    np.testing.assert_allclose(exact, weights, rtol=1e-4)
    assert loss(*exact) <= loss(*weights)
    assert weights[1] > weights[0] > 0
