"""What series of a panel tell each other of the models of smoothing."""

import math

import numpy as np
import pandas as pd

from skrnn._forecasting.pooled_priors import pooled_priors
from skrnn._forecasting.table import Origins
from tests.forecasting.support import forecaster

ALONE = {"network_weight": 0, "interval": None, "insample": False}


def panel(lengths, seed=0):
    """Positive series with one drift, as monthly rows that end together."""
    rng = np.random.default_rng(seed)
    parts = {}
    for i, n in enumerate(lengths):
        y = np.exp(0.1 * np.arange(n) + 0.02 * rng.normal(size=n).cumsum())
        index = pd.period_range(end="2020-12", periods=n, freq="M", name="month")
        parts[i] = pd.Series(y * (i + 1), index=index, name="sales")
    return pd.concat(parts, names=["store"]).to_frame()


def slow_mixture(logs, before, strength, rounds):
    """Shares of a mixture, number by number."""
    share = [b / sum(before) for b in before]
    start = list(share)
    for _ in range(rounds):
        sums = [strength * s for s in start]
        for row in logs:
            each = [s * math.exp(v - max(row)) for s, v in zip(share, row, strict=True)]
            each = [e / sum(each) * (1 - 1 / len(logs)) for e in each]
            sums = [a + e for a, e in zip(sums, each, strict=True)]
        share = [s / sum(sums) for s in sums]
    return share


def test_priors_are_the_shares_of_a_mixture():
    model = forecaster(**ALONE, sp=4, log="auto").fit(panel([20, 9, 26]), fh=[1])
    engine = model.forecaster_
    smoothing = engine.forecasts.smoothing
    prepared = engine.transform.prepare(engine.tail)
    found, smoothing.priors = smoothing.priors, None
    ends = Origins(prepared.table.begin[1:] - 1, np.arange(3))
    logs = [part[:, 0] for part in smoothing.likelihoods(prepared, ends)]
    assert [part.shape[1] for part in logs] == [len(p) for p in found]
    before = np.concatenate(smoothing.usual_priors)
    expected = slow_mixture(np.concatenate(logs, axis=1), before, 30.0, 30)
    np.testing.assert_allclose(np.concatenate(found), expected, rtol=1e-9)
    # What has been learned is not learned from.
    smoothing.priors = found
    again = smoothing.likelihoods(prepared, ends)
    for one, other in zip(again, logs, strict=True):
        np.testing.assert_allclose(one[:, 0], other, rtol=1e-9, atol=1e-9)
    smoothing.priors = None
    np.testing.assert_array_equal(pooled_priors(smoothing, prepared)[0], found[0])


def test_a_short_series_learns_from_the_others():
    y = panel([30] * 150 + [6])
    newest = y.loc[[150]]
    known, truth = newest[:-2], newest["sales"].to_numpy()[-2:]
    others = y.loc[:149].groupby("store").head(28)
    options = ALONE | {"sp": 1, "log": "auto"}
    together = forecaster(**options).fit(pd.concat([others, known]), fh=[1, 2])
    alone = forecaster(**options).fit(known.loc[150], fh=[1, 2])
    assert alone.forecaster_.forecasts.smoothing.priors is None
    errors = [
        np.abs(forecast.to_numpy()[:, 0] - truth).sum()
        for forecast in (together.predict().loc[150], alone.predict())
    ]
    assert errors[0] < 0.8 * errors[1]
    # A series that was not there in fit is forecast like one that was.
    other = together.predict(y=known)
    np.testing.assert_allclose(other, together.predict().loc[[150]], rtol=1e-9)
