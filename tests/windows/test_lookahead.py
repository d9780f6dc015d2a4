"""check_no_lookahead: leaks are found, and good pipelines pass."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skrnn import SlidingWindow, TimeDistributed
from skrnn.windows import check_no_lookahead
from tests.windows.support import NAN, ridge_over_windows


class Leak(TransformerMixin, BaseEstimator):
    """Reads what it should not, in one of several ways."""

    def __init__(self, how):
        self.how = how

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        table = pd.DataFrame(np.asarray(X))
        if self.how == "centred":
            return table.rolling(3, center=True, min_periods=1).mean().to_numpy()
        if self.how == "scaler":
            return ((table - table.mean()) / table.std()).to_numpy()
        if self.how == "maximum":
            return (table / table.max()).to_numpy()
        if self.how == "filled":
            return table.bfill().ffill().to_numpy()
        if self.how == "next":
            return table.shift(-1, fill_value=0).to_numpy()
        if self.how == "random":
            return np.random.default_rng().normal(size=table.shape)
        return table.rolling(3, min_periods=1).mean().to_numpy()


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    index = pd.date_range("2024", periods=60, freq="h")
    X = pd.DataFrame({"a": rng.normal(size=60), "b": rng.integers(0, 9, 60)}, index)
    return X, X["a"].cumsum().to_numpy()


@pytest.mark.parametrize("how", ["centred", "scaler", "maximum"])
@pytest.mark.parametrize("container", [pd.DataFrame, np.asarray])
def test_leaks_are_found(rows, how, container):
    X, y = rows
    leaking = make_pipeline(Leak(how), *ridge_over_windows())
    # Every one of them lets the first row move with the rows after it.
    match = "Look-ahead: the prediction of row 0 .*moved when the rows after row 0"
    with pytest.raises(AssertionError, match=match):
        check_no_lookahead(leaking, container(X), y)


def test_back_fill_is_found_where_values_are_missing(rows):
    X, y = rows
    X = X.copy()
    X.iloc[30, 0] = NAN
    leaking = make_pipeline(Leak("filled"), Ridge())
    message = r"row 30 \(2024-01-02 06:00:00\) moved .* after row 30"
    with pytest.raises(AssertionError, match=message):
        check_no_lookahead(leaking, X, y, n_cuts=None)


def test_good_pipelines_pass(rows):
    X, y = rows
    good = [
        ridge_over_windows(),
        ridge_over_windows(horizon=2),
        make_pipeline(
            SlidingWindow(4),
            TimeDistributed(StandardScaler()),
            *ridge_over_windows()[1:],
        ),
        make_pipeline(StandardScaler(), Leak("trailing"), Ridge()),
    ]
    for estimator in good:
        check_no_lookahead(estimator, X, y)
        check_no_lookahead(estimator, X.to_numpy(), y)
    classifier = make_pipeline(*ridge_over_windows()[:2], LogisticRegression())
    check_no_lookahead(classifier, X, y > 0)
    check_no_lookahead(SlidingWindow(3), X)


@pytest.mark.parametrize("kinds", [["x", "y"], [0, 1], [True, False]])
def test_columns_of_few_values_can_always_be_changed(rows, kinds):
    _, y = rows
    X = pd.DataFrame({"c": np.array(kinds)[np.arange(60) % 2]})
    encoder = OneHotEncoder(sparse_output=False)
    # The future of the last cut is a single row, which must not come out as it was.
    for seed in range(10):
        check_no_lookahead(make_pipeline(encoder, Ridge()), X, y, random_state=seed)
        leaking = make_pipeline(encoder, Leak("next"), Ridge())
        with pytest.raises(AssertionError, match="row 0"):
            check_no_lookahead(leaking, X, y, random_state=seed)


def test_horizon_is_checked(rows):
    X, y = rows
    check_no_lookahead(ridge_over_windows(horizon=2), X, y, horizon=2)
    with pytest.raises(AssertionError, match=r"row 2 .* with horizon=2"):
        check_no_lookahead(ridge_over_windows(horizon=1), X, y, horizon=2)


def test_future_of_a_panel_is_later_time(rows):
    X, y = rows
    index = pd.MultiIndex.from_product([["a", "b"], X.index[:30]])
    check_no_lookahead(ridge_over_windows(), X.set_axis(index), y)
    stacked = make_pipeline(Leak("trailing"), Ridge())
    # Stacked below one another, the second series reads the end of the first.
    with pytest.raises(AssertionError, match=r"row 30 .*'b'"):
        check_no_lookahead(stacked, X.set_axis(index), y)


def test_estimator_is_cloned(rows):
    X, y = rows
    estimator = ridge_over_windows()
    check_no_lookahead(estimator, X, y, n_cuts=1)
    assert not hasattr(estimator[0], "freq_")


def test_what_cannot_be_checked(rows):
    X, y = rows
    with pytest.raises(AssertionError, match=r"row 0 .* at random"):
        check_no_lookahead(Leak("random"), X, y)
    with pytest.raises(ValueError, match="at least two moments"):
        check_no_lookahead(ridge_over_windows(), X[:1], y[:1])
    with pytest.raises(ValueError, match="all alike"):
        check_no_lookahead(ridge_over_windows(), np.zeros((5, 1)), np.arange(5))
    with pytest.raises(ValueError, match="needs the whole pipeline"):
        check_no_lookahead(Ridge(), SlidingWindow(2).fit_transform(X), y)
    with pytest.raises(ValueError, match="needs the whole pipeline"):
        check_no_lookahead(Ridge(), np.zeros((5, 2, 1)), y)
    with pytest.raises(TypeError, match="none of the methods"):
        check_no_lookahead(OnlyFits(), X, y)
    with pytest.raises(ValueError, match="1 predictions for 60 rows"):
        check_no_lookahead(OnlyFits().set_params(answer=1), X, y)


class OnlyFits(BaseEstimator):
    """Has something to predict with only where it is given an answer."""

    def __init__(self, answer=None):
        self.answer = answer

    def fit(self, X, y=None):
        if self.answer is not None:
            self.predict = lambda X: [self.answer]
        return self


# --- what is compared --------------------------------------------------------------


class Answers(BaseEstimator):
    """Has some of the methods; each of them gives its own name away."""

    def __init__(self, methods, n_outputs=None):
        self.methods = methods
        self.n_outputs = n_outputs

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def __getattr__(self, name):
        if name in vars(self).get("methods", ()):
            return lambda X: self.leaking(X, name)
        raise AttributeError(name)

    def leaking(self, X, name):
        if name != self.methods[0]:
            raise RuntimeError(f"{name} was asked")
        result = np.zeros((len(X), self.n_outputs or 1))
        result[0, -1] = X[-1, 0]
        return result if self.n_outputs else result[:, 0]


METHODS = ["predict_proba", "decision_function", "predict", "transform"]


@pytest.mark.parametrize("first", range(4))
@pytest.mark.parametrize("n_outputs", [None, 1, 3])
def test_first_method_of_an_estimator_is_compared(first, n_outputs):
    estimator = Answers(METHODS[first:], n_outputs)
    with pytest.raises(AssertionError, match="prediction of row 0 moved"):
        check_no_lookahead(estimator, np.arange(6.0)[:, None])


def test_rows_of_plain_lists():
    X = [[1.0], [3.0], [2.0], [5.0]]
    check_no_lookahead(Leak("trailing"), X)
    with pytest.raises(AssertionError, match="prediction of row 0 moved"):
        check_no_lookahead(Leak("next"), X)


def test_fit_may_take_no_target():
    class Rows(BaseEstimator):
        def fit(self, X):
            self.fitted_ = True
            return self

        def transform(self, X):
            return np.cumsum(X, axis=0)

    check_no_lookahead(Rows(), np.arange(1.0, 7)[:, None])


def test_missing_predictions_are_compared():
    class Missing(Leak):
        def predict(self, X):
            return np.where(X[-1, 0] == 6.0, NAN, 1.0) * np.ones(len(X))

    X = np.arange(1.0, 7)[:, None]
    with pytest.raises(AssertionError, match="prediction of row 0 moved"):
        check_no_lookahead(Missing(None), X)
    X[0] = NAN
    check_no_lookahead(Leak("trailing"), X)


@pytest.mark.parametrize(
    "options", [{"n_cuts": 0}, {"horizon": -1}, {"random_state": "x"}]
)
def test_bad_parameters(options):
    name = next(iter(options))
    with pytest.raises(ValueError, match=f"'{name}' parameter of check_no_lookahead"):
        check_no_lookahead(Ridge(), np.arange(4.0)[:, None], **options)
    with pytest.raises(ValueError, match="'estimator' parameter"):
        check_no_lookahead(None, np.arange(4.0)[:, None])
