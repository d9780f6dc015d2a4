"""Categories in the X of forecasters, and in the variables of panels."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn import RNNRegressor, TimeDistributed
from skrnn._forecasting.exogenous_columns import ExogenousColumns
from skrnn.sktime import RNNForecaster, RNNPanelClassifier

RNG = np.random.default_rng(0)
N = 72
MONTHS = pd.period_range("2018-01", periods=N, freq="M")
KIND = RNG.choice(["none", "promo", "sale"], N)
X = pd.DataFrame({"kind": KIND, "price": RNG.normal(size=N)}, MONTHS)
SEASON = np.sin(np.arange(N) * np.pi / 6)
Y = pd.Series(
    10 + SEASON + 4 * (KIND == "promo") - 3 * (KIND == "sale") + X["price"], MONTHS
)
SMALL = {
    "estimator": RNNRegressor(hidden_size=4, max_epochs=3, n_estimators=1),
    "n_estimators": 1,
    "interval": None,
    "random_state": 0,
}


def one_hot(X, words=("none", "promo", "sale")):
    columns = {f"kind is {word}": (X["kind"] == word).astype(float) for word in words}
    return pd.DataFrame(columns, X.index).assign(price=X["price"])


def fitted(X=X, **options):
    return RNNForecaster(**SMALL | options).fit(Y[:60], X=X[:60], fh=[1, 2, 3])


@pytest.mark.parametrize("dtype", ["str", object, "category", "string"])
def test_categories_are_columns_of_zeros_and_ones(dtype):
    model, by_hand = fitted(X.astype({"kind": dtype})), fitted(one_hot(X))
    forecast = model.predict(X=X[60:63])
    assert_array_equal(forecast, by_hand.predict(X=one_hot(X)[60:63]))
    changed = X[60:63].assign(kind=["promo"] * 3, price=0.0)
    moved = model.predict(X=changed) - model.predict(X=changed.assign(kind="sale"))
    assert_allclose(moved, 7, atol=2.5)
    turned = X[60:63][["price", "kind"]]
    assert_array_equal(model.predict(X=turned), forecast)


def test_updates_and_backtests():
    model, by_hand = fitted(), fitted(one_hot(X))
    expected = by_hand.backtest(Y[60:], X=one_hot(X)[60:], step_length=3)
    found = model.backtest(Y[60:], X=X[60:], step_length=3)
    assert_array_equal(found, expected)
    for forecaster, given in ((model, X), (by_hand, one_hot(X))):
        forecaster.update(Y[60:64], X=given[60:64])
    assert_array_equal(model.predict(X=X[64:67]), by_hand.predict(X=one_hot(X)[64:67]))


def test_unknown_and_missing_categories(tmp_path):
    model, rows = fitted(), X[60:63]
    unknown = model.predict(X=rows.assign(kind="flood"))
    assert_array_equal(model.predict(X=rows.assign(kind="war")), unknown)
    assert_array_equal(model.predict(X=rows.assign(kind=None)), unknown)
    gaps = X.assign(kind=X["kind"].mask(np.arange(N) % 5 == 0))
    model = fitted(gaps)
    assert model.frames_.x_names[:4] == [
        *("kind is none", "kind is promo", "kind is sale", "kind is missing")
    ]
    missing = model.predict(X=rows.assign(kind=None))
    assert (missing != model.predict(X=rows.assign(kind="flood"))).any()
    assert_array_equal(
        pickle.loads(pickle.dumps(model)).predict(X=rows.assign(kind=None)), missing
    )
    skrnn.save(model, tmp_path / "model")
    assert_array_equal(
        skrnn.load(tmp_path / "model").predict(X=rows.assign(kind=None)), missing
    )


def test_panels_and_past_covariates():
    y = pd.concat({"a": Y.to_frame("y"), "b": 2 * Y.to_frame("y")})
    of_panel = pd.concat({"a": X, "b": X.assign(kind="none")})
    is_old = y.index.get_level_values(-1) < MONTHS[60]
    is_next = y.index.get_level_values(-1).isin(MONTHS[60:63])
    model = RNNForecaster(**SMALL)
    model.fit(y[is_old], X=of_panel[is_old], fh=[1, 2, 3])
    forecast = model.predict(X=of_panel[is_next])
    assert forecast.shape == (6, 1)
    assert np.isfinite(forecast.to_numpy()).all()
    past = fitted(past_covariates=["kind"], network_weight=1)
    assert_array_equal(past.frames_.is_past, [True, True, True, False])
    assert_array_equal(past.predict(X=X[60:63][["price"]]), past.predict(X=X[60:63]))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (X[60:63].assign(kind=1), "'kind' of X .* strings in fit, and are numbers"),
        (X[60:63][["price"]], r"X lacks the columns \['kind'\] of fit"),
        (X[60:63].assign(price="dear"), "column 'price' holds other values"),
    ],
)
def test_what_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        fitted().predict(X=given)


def test_many_categories_share_columns():
    frame = pd.DataFrame({"id": pd.Categorical(np.arange(50)), "u": 1.0})
    columns = ExogenousColumns.of(frame)
    numbers = columns.numbers(frame)
    assert numbers.shape == (50, 33)
    assert len(columns.names) == len(columns.owner) == 33
    assert len(np.unique(numbers[:, :32], axis=0)) == 50
    assert_array_equal(ExogenousColumns.of(frame).numbers(frame), numbers)
    unknown = columns.numbers(frame.assign(id=99)[:1])
    assert_array_equal(unknown, [[0.0] * 32 + [1.0]])
    assert np.isnan(columns.numbers(frame[["u"]])[:, :32]).all()
    empty = ExogenousColumns.of(pd.DataFrame({"id": pd.Categorical([])}))
    assert len(empty.names) == len(empty.owner) == 1


def test_variables_of_panels():
    n, length = 24, 5
    kinds = RNG.choice(["u", "v", "w"], (n, length))
    index = pd.MultiIndex.from_product([range(n), range(length)])
    panel = pd.DataFrame(
        {"a": RNG.normal(size=n * length), "kind": pd.Categorical(kinds.ravel())}, index
    )
    y = np.where(kinds[:, -1] == "u", "yes", "no")
    options = {"max_epochs": 40, "early_stopping": False, "n_estimators": 1}
    network = skrnn.RNNClassifier(hidden_size=8, n_kernels=None, **options)
    model = RNNPanelClassifier(network, random_state=0)
    assert (model.fit(panel, y).predict(panel) == y).mean() > 0.9
    expected = model.predict_proba(panel)
    frames = [panel.loc[i] for i in range(n)]
    assert_array_equal(model.predict_proba(frames), expected)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(panel), expected)
    codes = np.unique(kinds, return_inverse=True)[1].reshape(n, length)
    by_hand = np.stack([panel["a"].to_numpy().reshape(n, length), codes], axis=2)
    twin = skrnn.RNNClassifier(
        hidden_size=8,
        n_kernels=None,
        categorical_features=[1],
        random_state=0,
        **options,
    ).fit(by_hand, y)
    assert_array_equal(twin.predict_proba(by_hand), expected)
    with pytest.raises(TypeError, match="has no parameter categorical_features"):
        RNNPanelClassifier(make_pipeline(TimeDistributed(), network)).fit(panel, y)
    some = panel.assign(kind=panel["kind"].mask(np.arange(len(panel)) % 3 == 0))
    assert np.isfinite(model.predict_proba(some)).all()
