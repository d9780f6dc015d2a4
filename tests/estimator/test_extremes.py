"""Numbers as large and as small as floats can be, in X, y and weights."""

import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skrnn import RNNClassifier, RNNRegressor, make_windows
from skrnn._ensemble.validation import split_rows
from tests.extremes import (
    Case,
    cases,
    kinds,
    moved_cases,
    numbers,
    unlike_in_other_units,
)

SMALL = {"hidden_size": 4, "max_epochs": 2, "n_estimators": 1, "random_state": 0}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 5, 2)).cumsum(axis=1)
y = 2 * X[:, -1, 0] + X[:, -2, 1] + 0.1 * RNG.normal(size=30)
LABELS = (y > np.median(y)).astype(int)
ANY = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
UNITS = [-1000, -400, 400, 1000]  # powers of two


def regressor(**options):
    return RNNRegressor(**SMALL | options)


def classifier(**options):
    return RNNClassifier(**SMALL | {"n_kernels": 84} | options)


# -- anything -------------------------------------------------------------------------


@ANY
@given(cases())
def test_extreme_numbers_give_finite_predictions_or_an_error_of_ours(drawn):
    outcome = Case(drawn).outcome()
    assert outcome.startswith(("finite", "refused", "diverged")), outcome
    if drawn["options"]["scale"] and drawn["options"].get("loss") != "poisson":
        assert not outcome.startswith("diverged"), outcome


@ANY
@given(moved_cases())
def test_predictions_in_other_units_are_the_same(drawn):
    assert unlike_in_other_units(drawn).startswith(("same", "refused"))


# -- units ----------------------------------------------------------------------------


@pytest.mark.parametrize("power", UNITS)
def test_the_unit_of_y_and_of_each_feature_does_not_matter(power):
    expected = regressor().fit(X, y).predict(X)
    found = regressor().fit(X, np.ldexp(y, power)).predict(X)
    assert_array_equal(found, np.ldexp(expected, power))
    other = np.ldexp(X, [0, power])
    assert_array_equal(regressor().fit(other, y).predict(other), expected)
    several = np.column_stack([y, y])
    expected = regressor().fit(X, several).predict(X)
    moved = np.ldexp(several, [power, 0])
    found = regressor().fit(X, moved).predict(X)
    assert_array_equal(found, np.ldexp(expected, [power, 0]))


@pytest.mark.parametrize("norm", ["standard", "last"])
def test_a_level_within_the_window_has_the_unit_of_y(norm):
    level = 100 * RNG.normal(size=(30, 1, 2))
    moved = X + level
    follows = y + level[:, 0, 0]
    expected = regressor(instance_norm=norm).fit(moved, follows).predict(moved)
    for power in UNITS:
        there = np.ldexp(moved, power), np.ldexp(follows, power)
        found = regressor(instance_norm=norm).fit(*there).predict(there[0])
        assert_array_equal(found, np.ldexp(expected, power))


@ANY
@given(
    st.sampled_from(["standard", "last"]),
    st.sampled_from(["auto", None, 2]),
    st.sampled_from(["squared_error", "absolute_error", "gaussian", "student_t"]),
    kinds.filter(lambda kind: kind not in ("edge", "mixture")),
    st.integers(-46, 38),
    st.integers(-90, 90),
    st.integers(0, 99),
)
def test_targets_need_not_be_as_large_as_their_windows(
    norm, steps, loss, kind, of_X, of_y, seed
):
    rng = np.random.default_rng(seed)
    with np.errstate(over="ignore", under="ignore"):
        windows = numbers(kind, of_X, (30, 5, 2), rng).astype(np.float32)
    windows = np.nan_to_num(windows)
    target = numbers("normal", of_y, 30, rng)
    options = {"instance_norm": norm, "linear_steps": steps, "loss": loss}
    model = regressor(**options).fit(windows, target)
    assert np.isfinite(model.predict(windows)).all()


def test_windows_of_one_constant_and_targets_beyond_single_precision():
    constant = np.full((30, 5, 1), 1e-41, np.float32)
    for target in (y, np.ldexp(y, -270), np.ldexp(y, 250)):
        model = regressor(instance_norm="standard").fit(constant, target)
        error = np.abs(model.predict(constant) - target.mean()).max()
        # As far as double precision tells such targets from what windows are.
        assert error < max(0.5 * target.std(), 1e-15 * float(constant.max()))


@pytest.mark.parametrize("loss", ["gaussian", "student_t", "quantile", "poisson"])
def test_quantiles_and_deviations_have_the_unit_of_y(loss):
    target = np.abs(y) if loss == "poisson" else y
    options = {"loss": loss}
    if loss == "poisson":
        options["linear_steps"] = None
    ordinary = regressor(**options).fit(X, target)
    for power in (-1000, 1000):
        other = regressor(**options).fit(X, np.ldexp(target, power))
        expected = np.ldexp(ordinary.predict(X), power)
        assert_allclose(other.predict(X), expected, rtol=1e-10)
        if loss in ("gaussian", "student_t"):
            of_ordinary = ordinary.predict(X, return_std=True)[1]
            std = other.predict(X, return_std=True)[1]
            assert_array_equal(std, np.ldexp(of_ordinary, power))
        if loss != "poisson":
            of_ordinary = ordinary.predict_quantiles(X)
            found = other.predict_quantiles(X)
            assert_array_equal(found, np.ldexp(of_ordinary, power))


def ragged(values):
    return [x[: 1 + i % 5] for i, x in enumerate(values)]


def windows(values):
    return make_windows(values[:, 0], 3)[0]


@pytest.mark.parametrize("layout", [ragged, windows], ids=lambda f: f.__name__)
def test_units_in_every_layout(layout):
    given, moved = layout(X), layout(np.ldexp(X, 900))
    target = y[: len(given)]
    model = regressor().fit(given, target)
    other = regressor().fit(moved, np.ldexp(target, -900))
    found = np.ldexp(other.predict(moved), 900)
    assert_array_equal(found, model.predict(given))
    assert other.score(moved, np.ldexp(target, -900)) == model.score(given, target)


def test_a_fit_goes_on_in_the_units_of_its_first_part():
    model, other = regressor(warm_start=True), regressor(warm_start=True)
    X_val, y_val = X[:8] + 1, y[:8]
    for _ in range(2):
        model.fit(X, y, X_val=X_val, y_val=y_val).partial_fit(X, y)
        pair = np.ldexp(X, -990), np.ldexp(y, 990)
        given = {"X_val": np.ldexp(X_val, -990), "y_val": np.ldexp(y_val, 990)}
        other.fit(*pair, **given).partial_fit(*pair)
    expected = np.ldexp(model.predict(X), 990)
    assert_array_equal(other.predict(pair[0]), expected)
    kept = pickle.loads(pickle.dumps(other))
    assert_array_equal(kept.predict(pair[0]), expected)
    # The next fit that begins anew has forgotten them.
    other.set_params(warm_start=False).fit(X, y)
    assert_array_equal(other.predict(X), regressor().fit(X, y).predict(X))


def test_weights_of_another_estimator_come_with_its_units():
    tall = np.ldexp(X, 800), np.ldexp(y, 800)
    expected = regressor(init=regressor().fit(X, y)).fit(X, y).predict(X)
    begun = regressor(init=regressor().fit(*tall)).fit(*tall)
    assert_array_equal(begun.predict(tall[0]), np.ldexp(expected, 800))
    # A head of another unit is not taken over; layers and scaling of X are.
    apart = regressor(init=regressor().fit(*tall), max_epochs=30).fit(tall[0], y)
    assert apart.score(tall[0], y) > 0.9


def test_checkpoints_of_extreme_numbers_are_resumed(tmp_path):
    pair = np.ldexp(X, 800), np.ldexp(y, -800)
    model = regressor(checkpoint_dir=tmp_path).fit(*pair)
    expected = clone(model).set_params(max_epochs=4).fit(*pair).predict(pair[0])
    clone(model).fit(*pair)
    resumed = clone(model).set_params(max_epochs=4).fit(*pair, resume=True)
    assert_array_equal(resumed.predict(pair[0]), expected)


def test_samples_that_weigh_nothing_have_no_say_in_the_units():
    weight = (np.arange(30) > 0).astype(float)
    far, large = X.copy(), y.copy()
    far[0], large[0] = 1e300, -1e300
    expected = regressor().fit(X[1:], y[1:]).predict(X)
    assert_array_equal(regressor().fit(far, large, weight).predict(X), expected)


@pytest.mark.parametrize("size", [1e-9, 1e-80, 1e-250, 1e250])
@pytest.mark.parametrize("steps", [None, "auto"])
def test_a_constant_target_is_predicted_in_its_size(size, steps):
    model = regressor(linear_steps=steps).fit(X, np.full(30, size))
    assert_allclose(model.predict(X), size, rtol=2)


@pytest.mark.parametrize("size", [1e-12, 1e-30, 1e-95])
def test_what_a_level_leaves_is_measured_in_the_unit_of_y(size):
    """Of y that is nearly the last value of X, whatever its size."""
    options = {"instance_norm": "last", "max_epochs": 1}
    follows = X[:, -1, 0] + 1e-3 * y
    expected = regressor(**options).fit(X, follows).predict(X)
    found = regressor(**options).fit(size * X, size * follows).predict(size * X)
    assert_allclose(found / size, expected, rtol=1e-4)


# -- what lies far --------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1e20, 1e40, 1e200, 1e307])
@pytest.mark.parametrize("missing", ["error", "indicator"])
def test_predictions_far_from_all_samples_are_finite(factor, missing):
    model = regressor(missing=missing).fit(X, y)
    found = model.predict(factor * X)
    assert np.isfinite(found).all()
    assert_array_equal(model.predict(factor * X[:1]), found[:1])
    probability = classifier().fit(X, LABELS).predict_proba(factor * X)
    assert_allclose(probability.sum(axis=1), 1)
    # Only what is far is moved.
    near = X.copy()
    near[0] *= factor
    assert_array_equal(model.predict(near)[1:], model.predict(X)[1:])


def test_what_lies_far_counts_as_a_certain_distance():
    model = regressor().fit(X, y)
    scaling = model.net_.module_.scaling
    mean, scale = scaling.x_mean.numpy(), scaling.x_scale.numpy()
    far = np.array(X)
    far[:, -1, 1] = 1e250
    edge = np.array(far)
    edge[:, -1, 1] = mean[1] + 1e15 * scale[1]
    assert_array_equal(model.predict(far), model.predict(edge))


def test_an_outlier_among_the_targets():
    large = y.copy()
    for row in (3, -1):  # of the training, and of the validation
        large[row] = 1e12
        assert np.isfinite(regressor().fit(X, large).predict(X)).all()
    _, valid = split_rows(30, 0.2)
    large = y.copy()
    large[valid[1]] = 1e200
    told = rf"Target 0 of sample {valid[1]} .*1e\+200, .* standard dev.*float32"
    with pytest.raises(ValueError, match=told):
        regressor(linear_steps=None).fit(X, large)
    double = regressor(linear_steps=None, dtype="float64")
    large[valid[1]] = 1e100
    assert np.isfinite(double.fit(X, large).predict(X)).all()


def test_predictions_beyond_floats_are_refused():
    largest = np.finfo(float).max
    model = regressor().fit(X, largest * (y / np.abs(y).max()))
    with pytest.raises(ValueError, match="prediction of sample 0 is beyond the larg"):
        model.predict(1e9 * X)


def test_predictions_that_are_no_numbers_are_refused():
    model = regressor().fit(X, y)
    model.net_.module_.head.bias.data[0] = np.inf
    with pytest.raises(ValueError, match=r"of sample 0 is not finite.*step 3, feature"):
        model.predict(X)


@pytest.mark.parametrize("kernels", ["1", "0"])
@pytest.mark.parametrize("layout", [np.asarray, ragged], ids=["dense", "ragged"])
def test_time_stamps_with_a_small_signal(kernels, layout, monkeypatch):
    monkeypatch.setenv("SKRNN_KERNELS", kernels)
    seconds = np.round(10 * X)
    for stamp, rtol in ((1.7e9, 1e-6), (1e14, 1e-1)):
        for options in ({}, {"instance_norm": "last", "linear_steps": None}):
            shift = stamp if options else 0
            expected = regressor(**options).fit(layout(seconds), y)
            found = regressor(**options).fit(layout(seconds + stamp), y + shift)
            assert_allclose(
                found.predict(layout(seconds + stamp)) - shift,
                expected.predict(layout(seconds)),
                atol=rtol * y.std(),
            )


# -- weights --------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [5e-324, 1e-200, 1e306])
def test_equal_weights_of_any_size_are_none(weight):
    expected = regressor().fit(X, y).predict(X)
    assert_allclose(regressor().fit(X, y, [weight] * 30).predict(X), expected, 1e-4)
    of_classes = classifier(class_weight={0: weight, 1: weight}).fit(X, LABELS)
    expected = classifier().fit(X, LABELS).predict_proba(X)
    assert_allclose(of_classes.predict_proba(X), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("heavy", [0, 29])
@pytest.mark.parametrize("weight", [5e-324, 1e-310, 1e-200, 1e-20])
def test_one_sample_weighs_more_than_all_others(weight, heavy):
    weights = np.full(30, weight)
    weights[heavy] = 1.0
    assert np.isfinite(regressor().fit(X, y, weights).predict(X)).all()
    probability = classifier().fit(X, LABELS, weights).predict_proba(X)
    assert_allclose(probability.sum(axis=1), 1)


def test_class_weights_of_several_labels():
    several = np.column_stack([LABELS, X[:, 0, 0] > 0]).astype(int)
    weight = [{0: 3.0, 1: 1.0}, {0: 1.0, 1: 5.0}]
    expected = classifier(class_weight=weight).fit(X, several).predict_proba(X)
    for power in (-1000, 1000):
        moved = [{k: np.ldexp(v, power) for k, v in part.items()} for part in weight]
        found = classifier(class_weight=moved).fit(X, several).predict_proba(X)
        assert_allclose(found, expected, rtol=1e-4)


# -- what is refused ------------------------------------------------------------------

HUGE = 10**400


def with_value(value):
    values = X.astype(object)
    values[3, 2, 1] = value
    return values


@pytest.mark.parametrize("Estimator", [RNNRegressor, RNNClassifier])
@pytest.mark.parametrize(
    ("given", "where"),
    [
        (with_value(HUGE), "X .* sample 3, step 2, feature 1 .* about 1e400"),
        (with_value(-HUGE)[:, :, 1], "X .* sample 3, step 2 .* about -1e400"),
        (list(with_value(HUGE)), r"X\[3\] .* step 2, feature 1 .* about 1e400"),
        (with_value(Decimal("1e400")), "infinity .*sample 3, step 2, feature 1"),
        (with_value(np.longdouble("1e400")), "infinity .*sample 3, step 2, feature 1"),
    ],
)
def test_numbers_beyond_floats_are_named(Estimator, given, where):
    with pytest.raises(ValueError, match=where):
        Estimator(**SMALL).fit(given, LABELS)


@pytest.mark.skipif(np.finfo(np.longdouble).max == np.finfo(float).max, reason="none")
def test_long_floats_are_read_if_they_are_no_more_than_floats():
    longer = X.astype(np.longdouble)
    expected = regressor().fit(X, y).predict(X)
    assert_array_equal(regressor().fit(longer, y).predict(longer), expected)
    longer[1, 2, 0] = np.longdouble("1e4000")
    with pytest.raises(ValueError, match=r"at \(1, 2, 0\) is 1e\+4000"):
        regressor().fit(longer, y)


def test_integers_beyond_floats_in_y_and_weights():
    numbers = [HUGE, *range(29)]
    for arguments in ((numbers,), (y, numbers)):
        with pytest.raises(ValueError, match=r"sample 0 .*about 1e400"):
            regressor().fit(X, *arguments)
    nested = pd.DataFrame({"a": [[1.0, HUGE]] * 30})
    with pytest.raises(ValueError, match=r"instance 0, variable 'a'.* step 1 .*1e400"):
        regressor().fit(nested, y)
    with pytest.raises(ValueError, match=r"class_weight .* integer beyond"):
        classifier(class_weight={0: HUGE, 1: 1}).fit(X, LABELS)


@pytest.mark.parametrize(
    "values",
    [
        np.array([0, 2**64 - 1, 5], np.uint64),
        np.array([-(2**63), 2**63 - 1, 0], np.int64),
        np.array([3e38, -3e38, 1e-45], np.float32),
        np.array([6e4, -6e4, 1e-7], np.float16),
    ],
)
def test_the_ends_of_every_type(values):
    given = np.resize(values, (30, 7))[:, :, None]
    model = regressor().fit(given, y)
    assert np.isfinite(model.predict(given)).all()
    of_y = regressor().fit(X, np.resize(values, 30)).predict(X)
    assert np.isfinite(of_y).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_not_scaled_is_named_if_it_is_too_large(dtype):
    options = {"scale": False, "dtype": dtype}
    for fault, place in ((1e305, "step 1, feature 0"), (-1e305, "step 1, feature 0")):
        given, large = X.copy(), y.copy()
        given[7, 1, 0] = large[7] = fault
        for Estimator in (regressor, classifier):
            told = rf"X .*scale=False: {fault:g} .*sample 7, {place}".replace(
                "+", r"\+"
            )
            with pytest.raises(ValueError, match=told):
                Estimator(**options).fit(given, LABELS)
            model = Estimator(**options).fit(X, LABELS)
            with pytest.raises(ValueError, match=told):
                model.predict(given)
        with pytest.raises(ValueError, match=r"y .*scale=False.*sample 7, target 0"):
            regressor(**options).fit(X, large)
    absent = X.copy()
    absent[7, 0], absent[7, 1, 0] = np.nan, 1e305
    with pytest.raises(ValueError, match=r"step 0 \(of those present\), feature 0"):
        regressor(**options).fit(absent, y)
    stamps = X + 1.7e18  # nanoseconds
    assert np.isfinite(regressor(**options).fit(stamps, y).predict(stamps)).all()


def test_scores_of_extreme_numbers():
    expected = regressor().fit(X, y).score(X, y)
    large = np.ldexp(y, 1000)
    model = regressor().fit(X, large)
    assert model.score(X, large) == expected
    assert model.score(X, large, np.ones(30)) == expected
    with pytest.raises(ValueError, match=r"neg_mean_squared_error' gives -inf"):
        regressor(scoring="neg_mean_squared_error").fit(X, large)
