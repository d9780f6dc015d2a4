"""Adaptive conformal quantiles, against a loop over the errors as they come in."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from scipy.stats import t as student
from sktime.datasets import load_airline, load_longley

from skrnn import RNNRegressor
from skrnn._forecasting.conformal import AdaptiveScores
from skrnn.sktime import RNNForecaster

LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


def errors_of(n_origins, n_series=1, steps=(1,), n_targets=1, seed=0):
    """Errors whose spread grows with the step; unknown where the future is."""
    rng = np.random.default_rng(seed)
    shape = n_series, n_origins, len(steps), n_targets
    errors = rng.normal(size=shape) * np.sqrt(steps)[:, None]
    for i, step in enumerate(steps):
        errors[:, n_origins - step :, i] = np.nan
    return errors


def slow(errors, step, levels, rate, most, start):
    """Quantiles (n_origins, n_levels) of one step and target as of each origin."""
    n_origins = errors.shape[1]
    moved, found = np.array(levels, dtype=float), []
    for now in range(n_origins):
        known = []
        for origin in range(n_origins):
            is_known = origin + step <= now and origin + step > now - most
            if is_known:
                known += [e for e in errors[:, origin] if not np.isnan(e)]
        n = len(known)
        offsets = np.full(len(levels), np.nan)
        if n:
            at = 0.5 + (np.clip(moved, 0, 1) - 0.5) * (n + 1) / n
            offsets = np.quantile(known, np.clip(at, 0, 1))
            # Those further ahead overlap.
            doubt = 1 / max(n / step, 1) - 1 / n
            if doubt:
                outer = 0.5 + np.maximum(abs(levels - 0.5), 1e-3)
                offsets *= student.ppf(outer, 2 + 1 / doubt) / norm.ppf(outer)
        offsets = np.sort(offsets)
        found.append(offsets)
        if now + 1 < start or now + 1 == n_origins:
            continue
        come = [e[now + 1 - step] for e in errors if now + 1 >= step]
        come = [e for e in come if not np.isnan(e)]
        for i, level in enumerate(levels):
            if come:
                share = np.mean([e <= offsets[i] for e in come])
                moved[i] += rate * (level - share)
    return np.array(found)


@pytest.mark.parametrize("rate", [0.0, 0.05])
@pytest.mark.parametrize("n_series", [1, 3])
def test_quantiles_equal_a_loop(rate, n_series):
    steps = (1, 4)
    errors = errors_of(330, n_series, steps, n_targets=2)
    scores = AdaptiveScores(errors, np.array(steps), rate, 250)
    found = scores.rolling_offsets(LEVELS, 100)
    assert found.shape == (101, 2, 2, 5)
    for i, step in enumerate(steps):
        for target in range(2):
            expected = slow(
                errors[:, :, i, target], step, LEVELS, rate, 250, scores.start
            )
            np.testing.assert_allclose(found[:, i, target], expected[-101:])
    np.testing.assert_array_equal(scores.offsets(LEVELS), found[-1])


def counted_call(calls, function, *given):
    calls.append(1)
    return function(*given)


def known_until(everything, steps, n):
    """Errors of the first origins, as far as they are known then."""
    errors = everything[:, :n].copy()
    for i, step in enumerate(steps):
        errors[:, n - step :, i] = np.nan
    return errors


def replayed(scores):
    """The same errors, whose levels move from their beginning."""
    own = scores.errors, scores.steps, scores.rate, scores.most, scores.start
    return AdaptiveScores(*own, scores.known_after, scores.groups)


@pytest.mark.parametrize("n_series", [1, 3])
def test_levels_go_on_with_the_bits_of_a_replay(n_series):
    steps = np.array([1, 4])
    everything = errors_of(330, n_series, steps)
    until = partial(known_until, everything, steps)

    scores = AdaptiveScores(until(150), steps, 0.05, 250)
    for n, n_new, has_changed in [
        (151, 1, False),
        (154, 3, False),
        (154, 0, False),
        (300, 146, False),  # older ones count no more
        (301, 1, True),
        (302, 1, False),
    ]:
        scores.offsets(LEVELS)
        if has_changed:
            everything[:, 120] += 1.0
        scores = scores.followed_by(until(n), n_new)
        counted = []
        scores._quantiles = partial(counted_call, counted, scores._quantiles)
        found = scores.offsets(LEVELS)
        assert len(counted) == (n - scores.start if has_changed else n_new) + 1
        del scores._quantiles
        np.testing.assert_array_equal(found, replayed(scores).offsets(LEVELS))
    others = scores.followed_by(until(303), 1).offsets(LEVELS[:2])
    np.testing.assert_array_equal(
        others, replayed(scores.followed_by(until(303), 1)).offsets(LEVELS[:2])
    )


@pytest.mark.parametrize("stops", [(420, 449, 450, 677), (700,), range(411, 701, 41)])
def test_dropped_origins_are_those_of_a_look_back(stops):
    steps = np.array([1, 4])
    everything = errors_of(700, 2, steps)
    until = partial(known_until, everything, steps)

    begin = AdaptiveScores(until(400), steps, 0.05, 250)
    scores, last = begin, 400
    for n in stops:
        n_cols = scores.errors.shape[1] + n - last
        first = n - n_cols + scores.n_to_drop(n_cols)
        scores, last = scores.followed_by(until(n)[:, first:], n - last), n
        assert 250 <= scores.errors.shape[1] < 350 or n < 450
        assert scores.n_dropped == first
        found = scores.offsets(LEVELS)
        np.testing.assert_array_equal(found, replayed(scores).offsets(LEVELS))
        whole = AdaptiveScores(until(n), steps, 0.05, 250, begin.start)
        rolling = whole.rolling_offsets(LEVELS, n - 400)
        np.testing.assert_array_equal(found, rolling[-1])
    assert scores.n_dropped >= 200
    for n in (400, 449, 450, 549, 550):
        whole = AdaptiveScores(until(n), steps, 0.05, 250, begin.start)
        now = whole.rolling_offsets(LEVELS, 0)[0]
        np.testing.assert_array_equal(rolling[n - 400], now)


@pytest.mark.parametrize("chunks", [(150,), (1, 5, 60, 84)])
def test_intervals_of_a_long_stream_are_those_of_a_backtest(chunks):
    rng, index = np.random.default_rng(0), pd.date_range("2024", periods=950, freq="h")
    y = pd.Series(rng.standard_t(3, size=950).cumsum(), index)
    model = RNNForecaster(network_weight=0, sp=1, random_state=0)
    model.fit(y[:800], fh=[1, 3])
    backtest = model.backtest(y[800:], coverage=0.8)
    rows = 800
    for chunk in chunks:
        model.update(y[rows : rows + chunk], update_params=False)
        rows += chunk
        if rows == len(y):
            break
        expected = backtest.loc[y.index[rows - 1]].to_numpy()
        found = np.column_stack([model.predict(), model.predict_interval(coverage=0.8)])
        np.testing.assert_allclose(found[: len(expected)], expected, rtol=1e-12)
    assert model.forecaster_.scores.n_dropped == 100


def test_the_way_of_levels_is_not_kept():
    scores = AdaptiveScores(errors_of(200), np.array([1]), 0.05, 250)
    found = scores.offsets(LEVELS)
    twin = pickle.loads(pickle.dumps(scores))
    assert twin._way is None and scores._way is not None
    np.testing.assert_array_equal(twin.offsets(LEVELS), found)


def test_without_adaptation_it_is_the_conformal_quantile():
    errors = errors_of(200)
    scores = AdaptiveScores(errors, np.array([1]), 0.0, 500)
    n = 199
    at = 0.5 + (LEVELS - 0.5) * (n + 1) / n
    expected = np.quantile(errors[0, :-1, 0, 0], at)
    np.testing.assert_allclose(scores.offsets(LEVELS)[0, 0], expected)


def test_quantiles_are_those_of_the_time():
    steps = (1, 3)
    errors = errors_of(300, 2, steps)
    scores = AdaptiveScores(errors, np.array(steps), 0.05, 500)
    rolling = scores.rolling_offsets(LEVELS, 60)
    for back in (0, 1, 17, 60):
        n = 300 - back
        then = errors[:, :n].copy()
        for i, step in enumerate(steps):
            then[:, n - step :, i] = np.nan
        known = AdaptiveScores(then, np.array(steps), 0.05, 500, scores.start)
        np.testing.assert_array_equal(known.offsets(LEVELS), rolling[60 - back])


def test_more_errors_move_the_levels_on():
    errors = errors_of(400)
    first = AdaptiveScores(errors[:, :200], np.array([1]), 0.05, 300)
    more = first.followed_by(errors[:, :260], 60)
    assert more.start == first.start
    # Those that fall out at the front take the place where levels begin along.
    cut = first.followed_by(errors[:, 100:400], 200)
    assert cut.start == max(first.start - 100, 100)


@pytest.mark.parametrize("change", ["none", "scale", "level"])
def test_coverage_in_the_long_run(change):
    """Whatever the distribution does, as many lie below as should."""
    rng = np.random.default_rng(0)
    n = 2500
    errors = rng.normal(size=n)
    if change == "scale":
        errors *= 1 + 4 * (np.arange(n) // 300 % 2)
    elif change == "level":
        errors += np.arange(n) / 300
    scores = AdaptiveScores(errors[None, :, None, None], np.array([1]), 0.05, 250)
    levels = np.array([0.1, 0.9])
    offsets = scores.rolling_offsets(levels, 2000)[:-1, 0, 0]
    # An origin's quantiles are judged by the error that it makes.
    below = errors[-2000:, None] <= offsets
    np.testing.assert_allclose(below.mean(axis=0), levels, atol=0.03)
    fixed = AdaptiveScores(errors[None, :, None, None], np.array([1]), 0.0, n)
    static = fixed.rolling_offsets(levels, 2000)[:-1, 0, 0]
    if change == "level":
        below = errors[-2000:, None] <= static
        assert (np.abs(below.mean(axis=0) - levels) > 0.06).any()


def test_quantiles_never_cross():
    rng = np.random.default_rng(0)
    levels = np.array([0.9, 0.05, 0.5, 0.51, 0.1, 0.99])
    for n in (1, 2, 5, 30, 150):
        errors = rng.standard_t(2, size=(2, n, 3, 2))
        errors[rng.random(errors.shape) < 0.2] = np.nan
        scores = AdaptiveScores(errors, np.array([1, 2, 5]), 0.1, 500)
        offsets = scores.offsets(levels)
        assert np.isfinite(offsets).all()
        assert (np.diff(offsets[..., np.argsort(levels)], axis=-1) >= 0).all()


def test_few_errors_share_their_distribution():
    steps = np.array([1, 4, 9])
    errors = errors_of(40, steps=steps, seed=2)
    scores = AdaptiveScores(errors, steps, 0.0, 500)
    offsets = scores.offsets(np.array([0.1, 0.9]))[:, 0]
    width = offsets[:, 1] - offsets[:, 0]
    assert (np.diff(width) > 0).all()


def test_few_errors_are_no_lighter_in_their_tails_than_normal_ones():
    """Of two sizes alone, no quantile of theirs is beyond the larger."""
    errors = np.tile([1.0, -1.0], 20)[None, :, None, None]
    scores = AdaptiveScores(errors, np.array([1]), 0.0, 500)
    low, quarter, middle, _, high = scores.offsets(LEVELS)[0, 0]
    assert high == pytest.approx(student.ppf(0.95, 39 + 2), rel=1e-3)
    assert low == pytest.approx(-high)
    # Nearer to the middle the errors themselves lie farther out.
    assert quarter == pytest.approx(student.ppf(0.25, 41) / norm.ppf(0.75))
    assert abs(middle) <= 1.1
    heavy = np.tile([0.1, -0.1, 0.1, -5.0], 10)[None, :, None, None]
    scores = AdaptiveScores(heavy, np.array([1]), 0.0, 500)
    assert scores.offsets(LEVELS)[0, 0, 0] < -1.6449 * 2.5


def test_no_error_is_known():
    errors = np.full((1, 1, 2, 1), np.nan)
    scores = AdaptiveScores(errors, np.array([1, 2]), 0.02, 500)
    np.testing.assert_array_equal(scores.offsets(LEVELS), np.zeros((2, 1, 5)))


@pytest.mark.parametrize("n_origins", [2, 4])
def test_very_few_errors_may_have_had_the_other_sign(n_origins):
    errors = 1 + np.abs(errors_of(n_origins, steps=(1,)))
    scores = AdaptiveScores(errors, np.array([1]), 0.02, 500)
    low, _, middle, _, high = scores.offsets(LEVELS)[0, 0]
    assert low == pytest.approx(-high, rel=0.1)  # levels move
    assert low < 0
    assert low < middle < high


@pytest.mark.parametrize("n", [12, 13, 16])
def test_intervals_of_short_series_hold_the_forecast(n):
    network = RNNRegressor(
        "gru", 4, max_epochs=10, early_stopping=False, n_estimators=1
    )
    for y in (load_longley()[0][:n], load_airline()[:n]):
        one = RNNForecaster(network, n_estimators=1, random_state=0)
        one.fit(y, fh=[1, 2, 3])
        low, high = one.predict_interval(coverage=0.8).to_numpy().T
        assert (low < one.predict()).all() and (one.predict() < high).all()
        assert (high - low < 5 * np.ptp(y)).all()


def test_steps_of_other_groups_tell_nothing():
    steps = (1, 2, 5, 9)
    errors = errors_of(60, n_series=2, steps=steps)
    groups = [np.array([0, 2]), np.array([1, 3])]
    scores = AdaptiveScores(errors, np.array(steps), 0.02, 500, groups=groups)
    found = scores.rolling_offsets(LEVELS, 20)
    for group in groups:
        own = AdaptiveScores(errors[:, :, group], np.array(steps)[group], 0.02, 500)
        expected = own.rolling_offsets(LEVELS, 20)
        np.testing.assert_allclose(found[:, group], expected, rtol=1e-12)


def test_errors_that_are_known_later():
    errors = errors_of(300, steps=(1,))
    late = AdaptiveScores(errors, np.array([1]), 0.02, 500, known_after=np.array([4]))
    usual = AdaptiveScores(
        errors[:, :-3], np.array([1]), 0.02, 500, start=late.start - 3
    )
    # What was known three origins before.
    np.testing.assert_array_equal(
        late.rolling_offsets(LEVELS, 50), usual.rolling_offsets(LEVELS, 50)
    )
