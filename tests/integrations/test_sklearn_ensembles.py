"""Ensembles and target transforms of scikit-learn over sequences."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingRegressor,
    StackingRegressor,
    VotingRegressor,
)
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.multioutput import MultiOutputRegressor, RegressorChain
from sklearn.pipeline import make_pipeline

from skrnn import FlattenSequence
from tests.integrations.support import layout, layouts, regressor


@layouts
def test_one_network_for_each_target(waves, kind):
    X, Y, now = layout(waves[0], kind), *waves[1:]
    found = MultiOutputRegressor(regressor()).fit(X[:now], Y[:now]).predict(X[now:])
    for target in range(2):
        one = regressor().fit(X[:now], Y[:now, target])
        assert_allclose(found[:, target], one.predict(X[now:]))
    assert r2_score(Y[now:], found) > 0.9


def test_chain_of_targets(waves):
    X, Y, now = layout(waves[0], "2-D"), *waves[1:]
    found = RegressorChain(regressor()).fit(X[:now], Y[:now]).predict(X[now:])
    # The first target is one more step of the sequence for the second.
    first = regressor().fit(X[:now], Y[:now, 0])
    second = regressor().fit(np.column_stack([X[:now], Y[:now, 0]]), Y[:now, 1])
    ahead = first.predict(X[now:])
    assert_allclose(found[:, 0], ahead)
    assert_allclose(found[:, 1], second.predict(np.column_stack([X[now:], ahead])))
    assert r2_score(Y[now:], found) > 0.9


@pytest.mark.parametrize("kind", ["3-D", "lazy"])
@pytest.mark.parametrize(
    "ensemble", [BaggingRegressor, RegressorChain], ids=lambda cls: cls.__name__
)
def test_flat_columns_for_those_that_insist(waves, kind, ensemble):
    X, Y, now = layout(waves[0], kind), *waves[1:]
    Y = Y[:, 0] if ensemble is BaggingRegressor else Y
    # They draw columns of X, or add some, which a 3-D array has not.
    with pytest.raises(ValueError, match="Found array with dim 3"):
        ensemble(regressor()).fit(X[:now], Y[:now])
    one = make_pipeline(FlattenSequence(), ensemble(regressor())).fit(X[:now], Y[:now])
    assert r2_score(Y[now:], one.predict(X[now:])) > 0.9


def test_bagging(waves):
    X, y, now = layout(waves[0], "2-D"), waves[1][:, 0], waves[2]
    bag = BaggingRegressor(regressor(), 30, oob_score=True, random_state=0)
    bag.fit(X[:now], y[:now])
    members = [member.predict(X[now:]) for member in bag.estimators_]
    assert_allclose(bag.predict(X[now:]), np.mean(members, axis=0))
    assert len({member.random_state for member in bag.estimators_}) == 30
    assert bag.oob_score_ > 0.9
    assert r2_score(y[now:], bag.predict(X[now:])) > 0.9
    # Every member reads half of the steps.
    steps = BaggingRegressor(regressor(), 3, max_features=0.5, random_state=0)
    assert r2_score(y[now:], steps.fit(X[:now], y[:now]).predict(X[now:])) > 0.85


@layouts
def test_vote_and_stack(waves, kind):
    X, y, now = layout(waves[0], kind), waves[1][:, 0], waves[2]
    parts = [("gru", regressor()), ("rnn", regressor().set_params(cell="rnn"))]
    fitted = [part.fit(X[:now], y[:now]) for _, part in parts]
    own = np.column_stack([part.predict(X[now:]) for part in fitted])
    vote = VotingRegressor(parts).fit(X[:now], y[:now])
    assert_allclose(vote.predict(X[now:]), own.mean(axis=1))

    stack = StackingRegressor(parts, Ridge(), cv=KFold(3)).fit(X[:now], y[:now])
    inner = [cross_val_predict(part, X[:now], y[:now], cv=3) for _, part in parts]
    final = Ridge().fit(np.column_stack(inner), y[:now])
    assert_allclose(stack.predict(X[now:]), final.predict(own))
    assert r2_score(y[now:], stack.predict(X[now:])) > 0.9


@layouts
def test_transformed_target(waves, kind):
    X, Y, now = layout(waves[0], kind), *waves[1:]
    Y = np.exp(Y)
    one = TransformedTargetRegressor(regressor(), func=np.log, inverse_func=np.exp)
    found = one.fit(X[:now], Y[:now]).predict(X[now:])
    own = regressor().fit(X[:now], np.log(Y[:now])).predict(X[now:])
    assert_allclose(found, np.exp(own))
    assert r2_score(Y[now:], found) > 0.85


@layouts
def test_boosting(waves, kind):
    X, y, now = layout(waves[0], kind), waves[1][:, 0], waves[2]
    boosted = AdaBoostRegressor(regressor(), n_estimators=4, random_state=0)
    boosted.fit(X[:now], y[:now])
    assert len(boosted.estimators_) == 4
    members = np.array([member.predict(X[now:]) for member in boosted.estimators_])
    found = boosted.predict(X[now:])
    # A weighted median: the forecast of one of them.
    assert np.isclose(members, found).any(axis=0).all()
    assert r2_score(y[now:], found) > 0.9
