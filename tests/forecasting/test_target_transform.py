"""Windows, baselines and targets of a forecast, against loops over single windows."""

import numpy as np
import pandas as pd
import pytest

from skrnn._forecasting.covariates import Covariates
from skrnn._forecasting.differencing import filled_forward, without_outliers
from skrnn._forecasting.horizon_model import HorizonModel, new_members
from skrnn._forecasting.table import Origins, SeriesTable
from skrnn._forecasting.target_transform import TargetTransform
from skrnn._time.axis import TimeAxis
from skrnn.regressor import RNNRegressor
from skrnn.sktime import RNNForecaster

ORDERS = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 1)]
SP = 4
LENGTHS = [30, 9, 41]
N_LAGS = {order: order[0] + order[1] * SP for order in ORDERS}


def table(*, missing=True, x=True):
    rng = np.random.default_rng(0)
    begin = np.append(0, np.cumsum(LENGTHS))
    y = np.exp(rng.normal(size=(begin[-1], 2)).cumsum(axis=0) / 5) * [1.0, 30.0] + 1
    if missing:
        y[rng.random(y.shape) < 0.15] = np.nan
        y[:3, 0] = np.nan  # the first series begins without its first target
    keys = [("a",), ("b",), ("c",)]
    first = np.array([0, 7, -4])
    values = rng.normal(size=(len(y), 2)) if x else None
    return SeriesTable(keys, first, begin, y, values)


def recipe(order=(0, 0), *, scaling="window", log=(True, False), of=None):
    made = TargetTransform(np.array(log), *order, SP, scaling)
    if of is not None:
        made.learn_moments(of)
    return made


def model(made, prepared, *, steps=(1, 3), length=6, fourier_terms=1):
    has_x = prepared.table.x is not None
    covariates = Covariates(
        sp=SP,
        fourier_terms=fourier_terms,
        calendar=None,
        static=True,
        x_names=["known", "past"] if has_x else [],
        is_future=np.array([True, False]) if has_x else np.zeros(0, dtype=bool),
        y_names=["u", "v"],
    ).fit(prepared, np.random.RandomState(0))
    axis = TimeAxis(pd.RangeIndex(3), np.array([0]))
    horizon_model = HorizonModel(made, covariates, axis, np.array(steps), length)
    horizon_model.needs_full = False
    return horizon_model


# -- loops -----------------------------------------------------------------------------


def slow_units(y, is_log, moments, floor):
    """One series (n, 2) without gaps, in its units; and what was observed."""
    values = y.copy()
    for target in range(2):
        if is_log[target]:
            values[:, target] = np.log(np.maximum(values[:, target], floor[target]))
    known = ~np.isnan(values)
    for target in range(2):
        newest = np.nan
        for i in range(len(values)):
            newest = values[i, target] if known[i, target] else newest
            values[i, target] = newest
    units = (values - moments[0]) / moments[1]
    return np.where(np.isnan(units), 0.0, units), known


def slow_difference(u, order):
    """Differences, from the first row that has all its lags on; zero before."""
    z = u.copy()
    for _ in range(order[0]):
        z = np.vstack([np.full((1, 2), np.nan), np.diff(z, axis=0)])
    for _ in range(order[1]):
        z = np.vstack([np.full((SP, 2), np.nan), z[SP:] - z[:-SP]])
    return np.where(np.isnan(z), 0.0, z)


def slow_undo(u, order, n_steps):
    """Rows that follow if all differences are zero from now on."""
    path = list(u)
    for _ in range(n_steps):
        zero = np.vstack([path, [np.nan, np.nan]])
        # What the next row must be is linear in it: find it from two trials.
        trial = []
        for value in (0.0, 1.0):
            zero[-1] = value
            trial.append(slow_difference(np.array(zero), order)[-1])
        path.append(-trial[0] / (trial[1] - trial[0]))
    return np.array(path[len(u) :])


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("scaling", [None, "series", "window"])
def test_samples_equal_a_loop_over_windows(order, scaling):
    data = table()
    made = recipe(order, scaling=scaling, of=data)
    prepared = made.prepare(data)
    horizon_model = model(made, prepared)
    X, Y, weight = horizon_model.samples(prepared)
    dense = np.asarray(X)
    assert dense.shape[1:] == (6, 2 + 2 + 2 + 1 + 2 + 3)
    lag, at = N_LAGS[order], 0
    for code, n in enumerate(LENGTHS):
        part = slice(data.begin[code], data.begin[code + 1])
        y, x = data.y[part], data.x[part]
        u, known = slow_units(y, (True, False), data.moments[code], made.floor)
        z = slow_difference(u, order)
        for row in range(lag + 2, n - 3):
            if not known[[row + 1, row + 3]].any():
                continue
            begin = max(lag, row - 5)
            local = z[begin : row + 1]
            level, scale = np.zeros(2), np.ones(2)
            if scaling == "window":
                level = local.mean(axis=0) if not lag else level
                scale = np.sqrt(((local - level) ** 2).mean(axis=0) + 0.1**2)
            window = dense[at]
            assert np.isnan(window[: 6 - len(local)]).all()
            window = window[6 - len(local) :]
            np.testing.assert_allclose(
                window[:, :2], (local - level) / scale, atol=1e-9
            )
            np.testing.assert_array_equal(window[:, 2:4], ~known[begin : row + 1])
            np.testing.assert_array_equal(window[:, 4:6], x[begin : row + 1])
            np.testing.assert_array_equal(window[:, 6], x[begin + 3 : row + 4, 0])
            angle = 2 * np.pi * (data.first[code] + np.arange(begin, row + 1)) / SP
            np.testing.assert_allclose(window[:, 7], np.sin(angle), atol=1e-9)
            np.testing.assert_array_equal(window[:, 9:], np.eye(3)[[code] * len(local)])
            base = np.tile(level, (3, 1))
            if lag:
                base = slow_undo(u[: row + 1], order, 3)
            expected = (u[[row + 1, row + 3]] - base[[0, 2]]) / scale
            np.testing.assert_allclose(Y[at], expected.ravel(), atol=1e-8)
            seen = known[[row + 1, row + 3]].mean()
            assert weight[at] == pytest.approx(seen)
            at += 1
    assert at == len(Y)


def test_weights_are_none_where_all_was_observed():
    data = table(missing=False)
    made = recipe(of=data)
    prepared = made.prepare(data)
    assert model(made, prepared).samples(prepared)[2] is None


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("scaling", [None, "series", "window"])
def test_targets_are_got_back(order, scaling):
    """A network that were right would give the future exactly."""
    data = table(missing=False)
    made = recipe(order, scaling=scaling, of=data)
    prepared = made.prepare(data)
    horizon_model = model(made, prepared, steps=(1, 2, 5))
    X, Y, _ = horizon_model.samples(prepared)
    rows = X.stop - 1
    codes = X.series
    base = horizon_model._baseline(prepared, Origins(rows, codes), X)
    u = base + Y.reshape(base.shape) * X.scale[:, None]
    found = made.to_units(u, codes, data)
    truth = data.y[rows[:, None] + [1, 2, 5]]
    np.testing.assert_allclose(found, truth, rtol=1e-9)
    np.testing.assert_allclose(
        made.from_units(truth[:, 0], codes, data), u[:, 0], atol=1e-9
    )


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("scaling", [None, "series", "window"])
def test_nothing_is_read_beyond_the_origin(order, scaling):
    data = table()
    made = recipe(order, scaling=scaling, of=data)
    rows = np.array([12, 25, 36, 50])
    codes = data.codes[rows]
    changed = table()
    changed.moments = data.moments
    # In the window of three steps the X of one column is known ahead, no other is.
    later = np.ones(len(data.y), dtype=bool)
    for row, code in zip(rows, codes, strict=True):
        later[data.begin[code] : row + 1] = False
    rng = np.random.default_rng(1)
    changed.y[later] = np.exp(rng.normal(size=(later.sum(), 2)) * 3)
    changed.x[later, 1] = rng.normal(size=later.sum())
    # The newest origin of a series bounds what may change.
    newest = [max(rows[codes == code], default=-1) for code in range(3)]
    is_newest = np.isin(rows, newest)
    origins = Origins(rows[is_newest], codes[is_newest])
    found = []
    for one in (data, changed):
        prepared = made.prepare(one)
        horizon_model = model(made, prepared)
        X = horizon_model.windows(prepared, origins)
        found.append((np.asarray(X), horizon_model._baseline(prepared, origins, X)))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_windows_do_not_reach_into_another_series():
    data = table(missing=False)
    made = recipe((1, 0), of=data)
    prepared = made.prepare(data)
    begin = data.begin[1]
    origins = Origins(np.array([begin - 1, begin, begin + 3]), np.array([1, 1, 1]))
    X = model(made, prepared).windows(prepared, origins)
    np.testing.assert_array_equal(X.length, [0, 0, 3])
    base = made.baseline(prepared, origins, X, 2)
    # Before the first row nothing is known, after it the level is.
    np.testing.assert_array_equal(base[0], 0.0)
    np.testing.assert_allclose(base[1], prepared.u[[begin, begin]])


def test_padded_windows():
    data = table(missing=False, x=False)
    made = recipe(of=data)
    prepared = made.prepare(data)
    horizon_model = model(made, prepared, fourier_terms=0)
    origins = Origins(np.array([-1, 2, 20]), np.array([0, 0, 0]))
    dense = np.asarray(horizon_model.windows(prepared, origins))
    horizon_model.needs_full = True
    X = horizon_model.windows(prepared, origins)
    padded = np.asarray(X)
    np.testing.assert_array_equal(padded[0], 0.0)
    np.testing.assert_array_equal(padded[1], dense[1][[3, 3, 3, 3, 4, 5]])
    np.testing.assert_array_equal(padded[2], dense[2])
    np.testing.assert_array_equal(np.asarray(X[1:]), padded[1:])
    np.testing.assert_array_equal(np.asarray(X[np.array([2, 1])]), padded[[2, 1]])
    np.testing.assert_array_equal(X[1], padded[1])
    # Only full windows teach, where there are any.
    full, _, _ = horizon_model.samples(prepared)
    assert (full.length == 6).all()


def test_lazy_windows_are_the_dense_ones():
    data = table()
    made = recipe(of=data)
    prepared = made.prepare(data)
    X, _, _ = model(made, prepared).samples(prepared)
    dense = np.asarray(X)
    assert X.dtype == np.float64
    rows = np.array([5, 0, 17, 5])
    np.testing.assert_array_equal(X.gather(rows), dense[rows])
    np.testing.assert_array_equal(
        X.gather(rows, dtype=np.float32), dense[rows].astype(np.float32)
    )
    out = np.empty((4, *X.shape[1:]))
    assert X.gather(rows, out=out) is out
    np.testing.assert_array_equal(out, dense[rows])
    mask = np.arange(len(X)) % 3 == 0
    np.testing.assert_array_equal(np.asarray(X[mask]), dense[mask])
    np.testing.assert_array_equal(np.asarray(X[4:9, ...]), dense[4:9])
    np.testing.assert_array_equal(np.asarray(X.with_values(X.values)), dense)


def test_moments():
    data = table()
    made = recipe((0, 0), scaling="series", log=(False, False), of=data)
    for code in range(3):
        part = data.y[data.begin[code] : data.begin[code + 1]]
        for target in range(2):
            filled = pd.Series(part[:, target]).ffill().dropna()
            center, scale = data.moments[code, :, target]
            assert center == pytest.approx(filled.mean())
            assert scale == pytest.approx(filled.std(ddof=0))
    # Those that are there stay, new ones are learned.
    data.moments[1] = np.nan
    kept = data.moments.copy()
    made.learn_moments(data)
    np.testing.assert_array_equal(data.moments[[0, 2]], kept[[0, 2]])
    assert np.isfinite(data.moments).all()
    plain = table()
    recipe(scaling=None, of=plain)
    assert (plain.moments == [[0.0], [1.0]]).all()


def test_moments_of_what_does_not_vary_or_was_never_seen():
    y = np.column_stack([np.full(10, 3.0), np.full(10, np.nan)])
    data = SeriesTable([()], np.array([0]), np.array([0, 10]), y)
    made = recipe((1, 0), log=(True, True), of=data)
    np.testing.assert_allclose(data.moments, [[[np.log(3), 0.0], [1.0, 1.0]]])
    prepared = made.prepare(data)
    np.testing.assert_allclose(prepared.u, 0.0, atol=1e-12)
    assert not prepared.known[:, 1].any()


def test_values_below_those_of_fit_have_a_logarithm():
    data = table(missing=False)
    made = recipe(of=data)
    later = data.until(data.last)
    later.y = later.y.copy()
    later.y[-1, 0] = -5.0
    assert np.isfinite(made.prepare(later).u).all()


def test_filled_forward():
    values = np.array([[np.nan], [1.0], [np.nan], [np.nan], [2.0], [np.nan]])
    start = np.array([0, 0, 0, 3, 3, 3])
    found = filled_forward(values, start)[:, 0]
    np.testing.assert_array_equal(found, [np.nan, 1.0, 1.0, np.nan, 2.0, 2.0])


def test_short_series_teach_what_they_can():
    y = np.arange(8.0)[:, None] * [1.0, 2.0] + 1
    data = SeriesTable([()], np.array([0]), np.array([0, 8]), y)
    made = recipe((0, 1), of=data)
    prepared = made.prepare(data)
    X, _, _ = model(made, prepared, steps=(1, 2), length=24).samples(prepared)
    assert list(X.length) == [1, 2]
    X, _, _ = model(made, prepared, steps=(5,), length=24).samples(prepared)
    assert list(X.length) == [0, 0, 0]
    with pytest.raises(ValueError, match="No series is longer than the 8 steps"):
        model(made, prepared, steps=(8,), length=24).samples(prepared)


def test_only_new_targets_in_an_update():
    data = table(missing=False)
    made = recipe(of=data)
    prepared = made.prepare(data)
    newer_than = data.last - [4, 0, 2]
    X, _, _ = model(made, prepared).samples(prepared, newer_than)
    newest = data.ordinals[X.stop - 1] + 3
    assert (newest > newer_than[X.series]).all()
    assert list(np.bincount(X.series, minlength=3)) == [4, 0, 2]


def test_seeds_of_members():
    state = np.random.RandomState(0)
    first, second = new_members(RNNRegressor(random_state=5), 2, state)
    assert (first.random_state, second.random_state) == (5, 6)
    first, second = new_members(RNNRegressor(), 2, state)
    assert first.random_state != second.random_state


def test_gross_outliers_count_for_little():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(200, 3))
    plain = values.copy()
    values[20, 0], values[:, 2] = 1e6, np.nan
    found = without_outliers(values)
    usual = np.quantile(np.abs(values[:, 0]), 0.95)
    np.testing.assert_allclose(found[20, 0], 10 * usual)
    others = np.arange(200) != 20
    np.testing.assert_array_equal(found[others, 0], plain[others, 0])
    np.testing.assert_array_equal(found[:, 1], plain[:, 1])
    assert np.isnan(found[:, 2]).all()
    # Where nearly all is zero the rest is what there is to know.
    rare = np.zeros((200, 1))
    rare[7] = 5.0
    np.testing.assert_array_equal(without_outliers(rare), rare)


def test_an_outlier_does_not_spoil_the_forecast_of_the_rest():
    rng = np.random.default_rng(0)
    y = pd.Series(rng.normal(size=150))
    y[100] = 1e4
    network = RNNRegressor("gru", 4, max_epochs=5, early_stopping=False)
    for strategy in ("multioutput", "recursive"):
        one = RNNForecaster(
            network, strategy=strategy, n_estimators=1, interval=None, random_state=0
        )
        forecast = one.fit(y, fh=[1, 2, 3]).predict()
        assert np.abs(forecast).max() < 10
