"""Windows inside the ensembles of scikit-learn, and before them."""

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
from sklearn.model_selection import KFold
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import FlattenSequence, SlidingWindow, ToSequence, make_windows
from tests.integrations.support import regressor


@pytest.mark.parametrize(
    "ensemble",
    [
        lambda one: MultiOutputRegressor(one),
        lambda one: VotingRegressor([("one", one)]),
        lambda one: StackingRegressor([("one", one)], Ridge(), cv=KFold(3)),
        lambda one: TransformedTargetRegressor(one, transformer=StandardScaler()),
    ],
    ids=["multioutput", "voting", "stacking", "transformed"],
)
@pytest.mark.parametrize("inside", [True, False])
def test_windows_inside_and_before(rows, ensemble, inside):
    X, y, now = rows
    y = y.to_frame() if isinstance(ensemble(regressor()), MultiOutputRegressor) else y
    # The first fold of KFold has no rows before it.
    window = SlidingWindow(8, horizon=1, history="allow")
    if inside:
        one = ensemble(make_pipeline(window, regressor()))
    else:
        one = make_pipeline(window, ensemble(regressor()))
    found = one.fit(X[:now], y[:now]).predict(X[now:])
    assert r2_score(y[now:], found) > 0.85
    # The rows of the test follow those of fit by their index, so that their first
    # windows are whole, and a later row does not change what is said of an earlier.
    assert_allclose(one.predict(X[now : now + 30]), found[:30], rtol=1e-6)


def test_bagging_draws_windows_rather_than_rows(rows):
    X, y, now = rows
    # Rows that are drawn are not in time order any more: windows come first.
    folds = make_pipeline(ToSequence(n_features=2), regressor())
    one = make_pipeline(
        SlidingWindow(8, horizon=1),
        FlattenSequence(),
        BaggingRegressor(folds, 5, random_state=0),
    ).fit(X[:now], y[:now])
    assert r2_score(y[now:], one.predict(X[now:])) > 0.85


def test_boosting_has_no_place_for_missing_history(rows):
    X, y, now = rows
    # The first windows have no history; AdaBoost does not let that through.
    one = make_pipeline(
        SlidingWindow(8, horizon=1), AdaBoostRegressor(regressor(), n_estimators=2)
    )
    with pytest.raises(ValueError, match="contains NaN"):
        one.fit(X[:now], y[:now])
    windows, ahead = make_windows(X, 8, fh=1)
    boosted = AdaBoostRegressor(regressor(), n_estimators=3, random_state=0)
    boosted.fit(windows[:now], ahead[:now, 0])
    assert r2_score(ahead[now:, 0], boosted.predict(windows[now:])) > 0.85
