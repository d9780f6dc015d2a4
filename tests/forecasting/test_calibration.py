"""Intervals hold as many truths as they say."""

import numpy as np
import pandas as pd
import pytest

from tests.forecasting.support import LINEAR, STRATEGIES, forecaster
from tests.support import short_network, wave_series

SOURCES = {
    "conformal": {},
    "quantile": {"estimator": short_network(loss="quantile", max_epochs=20)},
    "gaussian": {"estimator": short_network(loss="gaussian", max_epochs=20)},
    "student_t": {"estimator": short_network(loss="student_t", max_epochs=20)},
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("log", [False, True])
def test_intervals(source, log):
    rng = np.random.default_rng(0)
    y = pd.Series(20 + rng.normal(size=400))
    options = {"log": log, "difference": 0, "sp": 1}
    model = forecaster(**options | SOURCES[source]).fit(y[:300], fh=[1, 2])
    levels = [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98]
    quantiles = model.predict_quantiles(alpha=levels)
    assert (np.diff(quantiles, axis=1) >= 0).all()
    shuffled = [0.9, 0.1, 0.5]
    pd.testing.assert_frame_equal(
        model.predict_quantiles(alpha=shuffled),
        quantiles[[(0, a) for a in shuffled]],
    )
    wide = model.predict_interval(coverage=[0.5, 0.8])[0]
    assert (wide[0.8]["lower"] <= wide[0.5]["lower"]).all()
    assert (wide[0.8]["upper"] >= wide[0.5]["upper"]).all()
    np.testing.assert_allclose(wide[0.8]["lower"], quantiles[0][0.1])
    found = model.backtest(y[300:], coverage=[0.5, 0.8])[0]
    truth = y[found.index.get_level_values("time")].to_numpy()
    for coverage, tolerance in ((0.5, 0.15), (0.8, 0.12)):
        ends = found[coverage]
        inside = (truth >= ends["lower"]) & (truth <= ends["upper"])
        assert inside.mean() == pytest.approx(coverage, abs=tolerance)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("source", SOURCES)
def test_every_strategy_has_intervals(strategy, source):
    y = wave_series(80)
    model = forecaster(strategy=strategy, **SOURCES[source]).fit(y, fh=[1, 2])
    quantiles = model.predict_quantiles(alpha=[0.05, 0.5, 0.95])
    assert (np.diff(quantiles, axis=1) > 0).all()
    assert model.predict_var().shape == (2, 1)
    assert (model.predict_var() > 0).all(axis=None)
    forecast = model.predict()
    interval = model.predict_interval(coverage=0.9).to_numpy()
    assert ((interval[:, 0] <= forecast) & (forecast <= interval[:, 1])).all()


def test_intervals_tell_noise_from_season():
    # Series of seasons of all sizes and the same noise, and others like them.
    def series(seed):
        rng = np.random.default_rng(seed)
        wave = np.sin(np.arange(160) * 2 * np.pi / 12 + rng.uniform(0, 6))
        values = rng.uniform(1, 20) * wave + rng.normal(size=160)
        return pd.DataFrame({"load": values})

    y = pd.concat({i: series(i) for i in range(24)}, names=["shop", "month"])
    early = y.index.get_level_values("month") < 120
    seen = y.index.get_level_values("shop") < 12
    options = {"sp": 12, "window_length": 36, "fourier_terms": 0}
    model = forecaster(
        estimator=LINEAR, log=False, difference=0, seasonal_difference=0, **options
    )
    model.pretrain(y[seen & early], fh=[1, 2, 3])
    model.fit(y[~seen & early], fh=[1, 2, 3])
    found = model.backtest(y[~seen & ~early], coverage=0.95)
    ends = found["load"][0.95]
    truth = y["load"].loc[list(found.index.droplevel("origin"))].to_numpy()
    inside = pd.Series((truth >= ends["lower"]) & (truth <= ends["upper"]), found.index)
    assert inside.mean() == pytest.approx(0.95, abs=0.04)
    assert inside.groupby("shop").mean().min() > 0.8
    # Seasonal naive forecasts have errors of sqrt(2).
    assert (ends["upper"] - ends["lower"]).mean() < 2 * 1.96 * np.sqrt(2)


def test_intervals_from_where_they_are_asked_from():
    y = wave_series(60)
    model = forecaster(interval=None).fit(y, fh=1)
    with pytest.raises(NotImplementedError):
        model.predict_interval()
    model = forecaster(interval="loss").fit(y, fh=1)
    with pytest.raises(ValueError, match="The loss does not give the quantiles"):
        model.predict_interval()
    gaussian = short_network(loss="gaussian")
    calibrated = forecaster(estimator=gaussian, interval="conformal").fit(y, fh=1)
    assert calibrated.forecaster_.scores is not None
    assert forecaster(estimator=gaussian).fit(y, fh=1).forecaster_.scores is None
    # Levels beyond those that were learned are conformal.
    quantile = short_network(
        loss="quantile", quantiles=(0.25, 0.5, 0.75), max_epochs=20
    )
    model = forecaster(estimator=quantile).fit(y, fh=1)
    assert (np.diff(model.predict_quantiles(alpha=[0.01, 0.3, 0.99])) > 0).all()
    model = forecaster(estimator=quantile, interval="loss").fit(y, fh=1)
    with pytest.raises(ValueError, match="add them to the quantiles"):
        model.predict_quantiles(alpha=[0.01])
    with pytest.raises(NotImplementedError, match="no covariances"):
        model.predict_var(cov=True)
