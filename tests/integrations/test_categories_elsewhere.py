"""Categories of a table in streams and in explanations."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import FlattenSequence, RNNRegressor, SlidingWindow, TimeDistributed
from skrnn.inspection import (
    hidden_states,
    integrated_gradients,
    permutation_importance,
)
from skrnn.streaming import StreamingPredictor
from tests.instruction_levels import ROUNDING

N = 240
DAYS = pd.date_range("2024-01-01", periods=N)


@pytest.fixture(scope="module")
def table():
    """Rows of two categories and two numbers, of which one means nothing; and y."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "kind": pd.Categorical(rng.choice(list("abc"), N)),
            "price": rng.normal(size=N),
            "place": rng.choice(["here", "there"], N),
            "noise": rng.normal(size=N),
        },
        index=DAYS,
    )
    return X, X["price"] + 2.0 * (X["kind"] == "a") - (X["place"] == "here")


def regressor(**options):
    quick = {"max_epochs": 15, "n_estimators": 1, "random_state": 0}
    return RNNRegressor(**quick | options)


@pytest.fixture(scope="module")
def pipeline(table):
    return make_pipeline(SlidingWindow(3), regressor()).fit(*table)


@pytest.fixture(scope="module")
def newer(table):
    """Rows after those of fit, with a category that it did not see, and a gap."""
    X = table[0].iloc[:20].astype({"kind": object})
    X.index = DAYS[-1] + pd.to_timedelta([*range(1, 11), *range(13, 23)], unit="D")
    X.iloc[3, 0], X.iloc[5, 0], X.iloc[6, 2] = "new", None, None
    return X


@pytest.mark.parametrize("known", [None, ["place"]])
def test_a_stream_reads_them_as_the_batch_does(table, newer, known):
    window = SlidingWindow(3, known=known, horizon=0 if known is None else 1)
    pipeline = make_pipeline(window, regressor(max_epochs=2)).fit(*table)
    expected = pipeline.set_params(slidingwindow__history="allow").predict(newer)
    stream = StreamingPredictor(pipeline)
    single = [stream.update(row, time=time) for time, row in newer.iterrows()]
    assert_allclose(np.ravel(single), expected, rtol=ROUNDING)
    as_mapping = StreamingPredictor(pipeline)
    rows = zip(newer.to_dict("records"), newer.index, strict=True)
    found = [as_mapping.update(row, time=time) for row, time in rows]
    assert_allclose(np.ravel(found), expected, rtol=ROUNDING)
    assert_allclose(
        StreamingPredictor(pipeline).update_many(newer), expected, rtol=ROUNDING
    )


def test_a_stream_of_a_long_table_reads_them(table):
    X, y = table
    X = X.assign(day=np.repeat(DAYS[: N // 2], 2), shop=list("st") * (N // 2))
    window = SlidingWindow(3, series="shop", time="day")
    pipeline = make_pipeline(window, regressor(max_epochs=2)).fit(X[:200], y[:200])
    stream = StreamingPredictor(pipeline)
    found = [stream.update(row) for row in X[200:].to_dict("records")]
    assert_allclose(np.ravel(found), pipeline.predict(X[200:]), rtol=ROUNDING)


@pytest.mark.parametrize("is_scaled", [False, True])
def test_a_stream_hands_them_on_to_other_models(table, newer, is_scaled):
    scaler = [TimeDistributed(StandardScaler())] if is_scaled else []
    pipeline = make_pipeline(
        SlidingWindow(3, history="allow"),
        *scaler,
        FlattenSequence().set_output(transform="pandas"),
        HistGradientBoostingRegressor(categorical_features="from_dtype"),
    )
    pipeline.fit(*table)
    stream = StreamingPredictor(pipeline)
    found = [stream.update(row, time=time) for time, row in newer.iterrows()]
    assert_allclose(np.ravel(found), pipeline.predict(newer), rtol=0)


def test_a_stream_of_sequences_of_them_says_what_to_fit(table):
    X, y = table
    sequences = [X.iloc[i : i + 3] for i in range(30)]
    model = regressor(max_epochs=1).fit(sequences, y[:30])
    with pytest.raises(ValueError, match="Fit a pipeline that begins with one"):
        StreamingPredictor(model, window_length=3)


def test_exchanging_them_tells_their_importance(table, pipeline):
    found = permutation_importance(
        pipeline, *table, by="feature_step", n_repeats=2, random_state=0
    )
    newest = found.importances_mean[-1]
    assert (newest[:3] > 0.1).all()
    assert abs(found.importances_mean[:-1]).max() < 0.1 * newest[:3].min()
    assert abs(newest[3]) < 0.1 * newest[:3].min()


def test_their_attributions_add_up(table, pipeline):
    found = integrated_gradients(pipeline, table[0][:30])
    assert found.values.shape == (30, 3, 4)
    scale = abs(pipeline.predict(table[0][:30]) - found.baseline_prediction).max()
    assert abs(found.completeness_error).max() < 0.01 * scale
    share = abs(found.values[2:, -1]).mean(axis=0)
    assert share[:3].min() > 3 * share[3]
    with pytest.raises(ValueError, match="baseline must be 'mean' or 'zero'"):
        integrated_gradients(pipeline, table[0][:30], baseline=np.zeros(4))


def test_a_table_of_lags_beside_them_is_explained(table):
    X, _ = table
    lags = pd.DataFrame(np.random.default_rng(1).normal(size=(N, 4)))
    lags.columns = [f"lag{lag}" for lag in (3, 2, 1, 0)]
    lags["kind"] = X["kind"].to_numpy()
    y = lags["lag0"] + 2.0 * (lags["kind"] == "a")
    model = regressor().fit(lags, y)
    found = integrated_gradients(model, lags[:10])
    assert found.values.shape == (10, 4, 2)
    assert found.feature_names[1] == "kind"
    assert hidden_states(model, lags[:10])[0].shape[:2] == (10, 4)
    exchanged = permutation_importance(
        model, lags, y, by="step", n_repeats=2, random_state=0
    )
    assert set(np.argsort(exchanged.importances_mean)[-2:]) == {3, 4}


def test_sequences_of_tables_are_exchanged(table):
    X, y = table
    sequences = [X.iloc[i : i + 3 + i % 2] for i in range(120)]
    y = np.array([y.iloc[i + 2 + i % 2] for i in range(120)])
    model = regressor().fit(sequences, y)
    found = permutation_importance(
        model, sequences, y, by="feature", n_repeats=2, random_state=0
    )
    assert found.importances_mean[:3].min() > 3 * abs(found.importances_mean[3])
