"""Averages of many models, against Kalman filters that are run one by one."""

import numpy as np
import pytest
import torch

from skrnn._forecasting import smoothing_filter
from skrnn._forecasting.smoothing_filter import filtered
from skrnn._forecasting.smoothing_models import PARTS, Models, gains_of, models
from skrnn._kernels.library import library

STEPS = np.array([1, 2, 5])


@pytest.fixture(autouse=True, params=["kernels", "numpy"])
def engine(request, monkeypatch):
    """Compute by the kernels, and without them."""
    has_kernels = library() is not None
    if request.param == "kernels" and not has_kernels:
        pytest.skip("There are no kernels.")
    use = request.param == "kernels"
    monkeypatch.setattr(smoothing_filter, "can_smooth", lambda: use)
    return request.param


def slow(y, sp, model, steps):
    """Forecasts, sum of squares, logarithms and rows of one model, step by step.

    The textbook's filter, with matrices, of series without outliers.
    """
    chosen = models(sp)
    n_rows, n_effects = chosen.basis.shape
    own = {name: getattr(chosen, name)[model] for name in Models._fields[:-2]}
    size = 2 + n_effects
    F = np.eye(size)
    F[0, 1] = F[1, 1] = own["damping"]
    P = np.zeros((size, size))
    P[0, 0], P[1, 1] = 1e4, own["first_trend"]
    P[0, 1] = P[1, 0] = own["first_cross"]
    shape = np.eye(n_effects) - (1 / n_rows if n_effects == n_rows else 0.0)
    P[2:, 2:] = own["first_season"] * shape
    state, squares, logs, count = np.zeros(size), 0.0, 0.0, 0
    for t, value in enumerate(y - y[0]):
        H = np.concatenate([[1.0, 0.0], chosen.basis[t % n_rows]])
        Q = np.zeros((size, size))
        Q[0, 0], Q[1, 1] = own["level"], own["trend"]
        Q[0, 1] = Q[1, 0] = own["cross"]
        if t:
            state, P = F @ state, F @ P @ F.T + Q
        if n_effects and t >= n_rows:
            P[2:, 2:] += own["season"] * (
                np.diag(chosen.basis[t % n_rows])
                if n_effects == n_rows
                else np.eye(n_effects) / n_rows
            )
        variance = H @ P @ H + own["noise"]
        K = P @ H / variance
        surprise = value - H @ state if np.isfinite(value) else 0.0
        if t and np.isfinite(value):
            squares += surprise**2 / variance
            logs, count = logs + np.log(variance), count + 1
        state, P = state + K * surprise, P - np.outer(K, H @ P)
    ahead = []
    for step in steps:
        later = np.linalg.matrix_power(F, int(step)) @ state
        row = (len(y) - 1 + step) % n_rows
        ahead.append(later[0] + chosen.basis[row] @ later[2:] + y[0])
    return np.array(ahead), squares, logs, count


def series(n_series, T, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(T)
    level = rng.normal(size=(n_series, T)).cumsum(axis=1) * 0.3
    return level + np.sin(t * np.pi / 2) + rng.normal(size=(n_series, T)) * 0.3


@pytest.mark.parametrize("sp", [1, 4, 26])
@pytest.mark.parametrize("is_missing", [False, True])
def test_the_mean_of_all_models(sp, is_missing, monkeypatch):
    monkeypatch.setattr(smoothing_filter, "_MOST_SURPRISE", 1e9)
    y = series(2, 31)
    if is_missing:
        y[0, [3, 7, 8]] = np.nan
    rows = np.array([30, 11])
    found = filtered(y, np.array([0, 1]), rows, STEPS, sp, has_weights=True)
    chosen = models(sp)
    for i, row in enumerate(rows):
        parts = [slow(y[i, : row + 1], sp, m, STEPS) for m in range(len(chosen.noise))]
        ahead, squares, logs, count = map(np.array, zip(*parts, strict=True))
        logs = -0.25 * (count * np.log(squares / count) + logs)  # by its square root
        weight = chosen.prior * np.exp(logs - logs.max())
        expected = weight @ ahead / weight.sum()
        np.testing.assert_allclose(found.path[i], expected, rtol=1e-6, atol=1e-8)
        evidence = logs.max() + np.log(weight.sum())
        assert found.evidence[i] == pytest.approx(evidence)
        shares = weight / weight.sum()
        np.testing.assert_allclose(found.weights[i], shares, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("sp", [1, 12, 52])
def test_kernels_and_numpy_agree(sp, engine, monkeypatch):
    if engine == "numpy":
        pytest.skip("Both are asked for.")
    rng = np.random.default_rng(sp)
    y = series(7, 130)
    y[rng.random(y.shape) < 0.03] += 30  # gross surprises
    y[:, 1:][rng.random((7, 129)) < 0.05] = np.nan
    y[5], y[6] = 2.0, np.arange(130)  # which models explain entirely
    codes, rows = np.divmod(rng.permutation(7 * 130)[:400], 130)
    found = filtered(y, codes, rows, STEPS, sp, has_weights=True)
    monkeypatch.setattr(smoothing_filter, "can_smooth", lambda: False)
    expected = filtered(y, codes, rows, STEPS, sp, has_weights=True)
    for own, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-9, atol=1e-9)


def test_threads_have_the_bits_of_one(engine, monkeypatch):
    if engine == "numpy":
        pytest.skip("Without kernels there are none.")
    rng, handles = np.random.default_rng(0), []
    smooth = smoothing_filter.smooth

    def noting(*args, pool, **options):
        handles.append(pool)
        return smooth(*args, pool=pool, **options)

    monkeypatch.setattr(smoothing_filter, "smooth", noting)
    y = series(40, 60)
    codes, rows = np.divmod(rng.permutation(y.size)[:900], y.shape[1])
    monkeypatch.setattr(smoothing_filter, "_MANY", np.inf)
    one = filtered(y, codes, rows, STEPS, 12, has_weights=True)
    monkeypatch.setattr(smoothing_filter, "_MANY", 1000)
    before = torch.get_num_threads()
    try:
        for n_threads in (1, 2, 3):
            torch.set_num_threads(n_threads)
            found = filtered(y, codes, rows, STEPS, 12, has_weights=True)
            for own, other in zip(found, one, strict=True):
                np.testing.assert_array_equal(own, other)
    finally:
        torch.set_num_threads(before)
    assert handles[0] is None
    assert all(handles[1:])


def test_priors_of_other_models_are_refused():
    with pytest.raises(ValueError):
        filtered(series(2, 9), np.arange(2), np.full(2, 8), STEPS, 1, np.ones(5))


def test_every_model_has_a_trend_or_none_and_a_season_or_none():
    for sp in (1, 12):
        parts = dict(zip(PARTS, models(sp).parts.T, strict=True))
        trends = np.array([parts[name] for name in PARTS[:-2]])
        assert (trends.sum(axis=0) == 1).all()
        assert trends.any(axis=1).all()
        seasons = parts["lasting season"] + 0 + parts["changing season"]
        assert (seasons == (sp > 1)).all()


def test_a_level_alone_is_simple_exponential_smoothing(monkeypatch):
    chosen = models(1)
    for gain in (0.25, 0.5):
        level = np.isclose(chosen.level, gain**2) & np.isclose(chosen.noise, 1 - gain)
        only = np.flatnonzero(level & (chosen.first_trend == 0))
        assert len(only) == 1
        alone = chosen._replace(prior=np.where(np.arange(len(level)) == only, 1.0, 0.0))
        monkeypatch.setattr(smoothing_filter, "models", lambda sp, alone=alone: alone)
        y = series(1, 200)
        found = filtered(y, np.array([0]), np.array([199]), STEPS, 1)
        smooth = y[0, 0]
        for value in y[0]:
            smooth += gain * (value - smooth)
        np.testing.assert_allclose(found.path[0], smooth, rtol=1e-8)


def test_gains_of_a_level_are_those_it_is_named_by():
    chosen, gains = models(1), gains_of(1, 256)
    alone = (chosen.first_trend == 0) & (chosen.cross == 0)
    np.testing.assert_allclose(
        gains.gain[-1, 0, alone], np.sqrt(chosen.level[alone]), atol=1e-6
    )


def test_a_forecast_depends_on_its_own_past_alone():
    y = series(40, 25)
    codes, rows = np.repeat(np.arange(40), 25), np.tile(np.arange(25), 40)
    together = filtered(y, codes, rows, STEPS, 4)
    order = np.random.default_rng(0).permutation(len(rows))[:300]
    shuffled = filtered(y, codes[order], rows[order], STEPS, 4)
    np.testing.assert_array_equal(shuffled.path, together.path[order])
    for code, row in ((0, 24), (3, 7), (39, 0)):
        alone = filtered(y[[code], : row + 1], np.array([0]), np.array([row]), STEPS, 4)
        place = code * 25 + row
        np.testing.assert_array_equal(alone.path[0], together.path[place])
        assert alone.evidence[0] == together.evidence[place]


def test_an_outlier_counts_for_little():
    y = series(1, 60)
    spoiled = y.copy()
    spoiled[0, 40] += 1e6
    ends = np.array([0]), np.array([59])
    clean, found = (filtered(v, *ends, STEPS, 1).path[0] for v in (y, spoiled))
    assert np.abs(found - clean).max() < 10 * np.abs(np.diff(y)).max()


def test_levels_of_a_series_that_was_nothing_for_long():
    y = np.concatenate([np.zeros(50), np.full(30, 7.0)])[None]
    found = filtered(y, np.array([0]), np.array([79]), STEPS, 1)
    np.testing.assert_allclose(found.path[0], 7.0, rtol=0.02)


def test_what_a_model_explains_entirely():
    t = np.arange(30.0)
    y = np.stack([np.full(30, 3.0), 5 + 2 * t])
    found = filtered(y, np.array([0, 1]), np.array([29, 29]), STEPS, 1)
    np.testing.assert_allclose(found.path[0], 3.0)
    np.testing.assert_allclose(found.path[1], 5 + 2 * (29 + STEPS), rtol=0.01)


def test_a_smooth_course_goes_on_by_its_newest_change():
    slope = 100 + np.random.default_rng(0).normal(size=40).cumsum()
    y = slope.cumsum()[None]
    found = filtered(y, np.array([0]), np.array([39]), STEPS, 1).path[0]
    change = y[0, -1] - y[0, -2]
    np.testing.assert_allclose(found, y[0, -1] + STEPS * change, rtol=1e-3)
    # A tenth of what they differ by from the mean change.
    apart = STEPS * np.abs(change - np.diff(y[0]).mean())
    assert (np.abs(found - y[0, -1] - STEPS * change) < apart / 10).all()


def test_a_season_that_changes_is_that_of_last_year():
    y = np.random.default_rng(0).normal(size=(20, 12)).cumsum(axis=0).reshape(1, -1)
    steps = np.arange(1, 13)
    found = filtered(y, np.array([0]), np.array([239]), steps, 12).path[0]
    error = np.abs(found - y[0, -12:]).mean()
    mean = y.reshape(20, 12).mean(axis=0)
    assert error < 0.25 * np.abs(mean - y[0, -12:]).mean()


def _noting_rows(run, noted):
    """Note in a list which rows are taken in."""

    def run_noting(self, values, begin, *rest):
        noted.extend(range(begin, values.shape[1]))
        return run(self, values, begin, *rest)

    return run_noting


@pytest.mark.parametrize("n_origins", [1, 5])
@pytest.mark.parametrize("sp", [1, 4])
def test_row_after_row_is_as_all_at_once(sp, n_origins, monkeypatch):
    y = series(1, 70)  # beyond the rows that gains are first made for
    y[0, [20, 41]] = np.nan
    asked, kept = [], {}
    for name in ("_Filter", "_CompiledFilter"):
        cls = getattr(smoothing_filter, name)
        monkeypatch.setattr(cls, "run", _noting_rows(cls.run, asked))
    for row in range(28, 70):
        # Newest first, and one of them twice.
        rows = np.append(np.arange(row, row - n_origins, -1), row)
        ask = y[:, : row + 1], np.zeros_like(rows), rows, STEPS, sp
        monkeypatch.setattr(smoothing_filter, "_KEPT", {})
        whole = filtered(*ask)
        if row > 28:
            monkeypatch.setattr(smoothing_filter, "_KEPT", kept)
            asked.clear()
            # The first row twice is taken in once.
            for _ in range(2):
                found = filtered(*ask)
                np.testing.assert_array_equal(found.path, whole.path)
                np.testing.assert_array_equal(found.evidence, whole.evidence)
            again = list(range(row - n_origins + 2, row + 1))
            # The oldest may be known from a call that ended there.
            assert asked in ([row - n_origins + 1, *again, *again], again * 2)
        kept = smoothing_filter._KEPT
    assert len(kept) <= smoothing_filter._MOST_KEPT


def test_a_past_that_was_changed_is_looked_at_anew():
    y, zero, newest = series(1, 40), np.array([0]), np.array([39])
    filtered(y[:, :39], zero, newest - 1, STEPS, 1)
    other = y.copy()
    other[0, 3] += 1.0
    found = filtered(other, zero, newest, STEPS, 1)
    both = filtered(np.concatenate([other, y]), zero, newest, STEPS, 1)
    np.testing.assert_array_equal(found.path, both.path)
    before = filtered(y, zero, newest, STEPS, 1)
    assert not np.array_equal(found.path, before.path)
