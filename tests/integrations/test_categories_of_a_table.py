"""A long table with categories as they are: the same as with codes made by hand."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder

import skrnn
from skrnn import FlattenSequence, RNNRegressor, SlidingWindow
from skrnn.model_selection import PanelTimeSeriesSplit
from skrnn.windows import check_no_lookahead
from tests.integrations.test_long_table import (
    DAY,
    KEYS,
    TREES,
    make_table,
    tomorrow_of,
)

CATEGORIES = ["kind", "week", "region"]
KNOWN = ["promo", "price", "kind", "week"]
SMALL = {"hidden_size": 4, "max_epochs": 2, "n_estimators": 1, "random_state": 0}


def make_sales(seed=0, **sizes):
    """Sales with three categories, one of which is not known ahead."""
    table = make_table(seed, **sizes)
    rng = np.random.default_rng(seed)
    region = pd.Series(rng.choice(["north", "south"], len(table)), table.index)
    region[rng.random(len(table)) < 0.1] = None
    return table.assign(region=region, kind=table["kind"].astype("category"))


def window(window_length=5, **parameters):
    options = {"known": KNOWN, "partial_steps": "keep", "history": "allow", **KEYS}
    return SlidingWindow(window_length, horizon=1, **options | parameters)


def objects(table):
    """The categories as objects, NaN where missing: pandas < 3 keeps None otherwise."""
    given = table[CATEGORIES]
    return given.astype(object).where(given.notna(), np.nan)


def numbered(table):
    """Codes by hand: of the words in their order, from 0, NaN for what is missing."""
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(
        objects(table)
    )

    def number(rows):
        codes = encode.transform(objects(rows)).T
        return rows.assign(**dict(zip(CATEGORIES, codes, strict=True)))

    return number


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_search_and_a_forecast_are_those_of_codes_made_by_hand(tmp_path):
    table = make_sales()
    y, number = table["sold"].to_numpy(), numbered(table)
    network = RNNRegressor(missing="indicator", **SMALL)
    grid = {"slidingwindow__window_length": [2, 4]}
    cv = PanelTimeSeriesSplit(2, test_size=6, **KEYS)
    searches = []
    for X, of_network in (
        (table, {}),
        (number(table), {"categorical_features": CATEGORIES}),
    ):
        model = make_pipeline(window(), network.set_params(**of_network))
        search = GridSearchCV(
            model, grid, cv=cv, scoring="neg_mean_absolute_error", error_score="raise"
        )
        searches.append(search.fit(X, y))
    by_type, by_hand = searches
    assert_array_equal(
        by_type.cv_results_["mean_test_score"], by_hand.cv_results_["mean_test_score"]
    )
    rows = tomorrow_of(table.assign(kind=table["kind"].astype(object)))
    rows.loc[len(rows) - 1, "kind"] = "a kind that opens tomorrow"
    expected = by_hand.predict(number(rows))
    assert_array_equal(by_type.predict(rows), expected)
    assert_array_equal(by_type.predict(rows[::-1]), expected[::-1])
    skrnn.save(by_type.best_estimator_, tmp_path / "model")
    assert_array_equal(skrnn.load(tmp_path / "model").predict(rows), expected)


def test_partial_fit_needs_no_encoding():
    table = make_sales()
    is_old = table["date"] < table["date"].max() - 2 * DAY
    model = make_pipeline(window(), RNNRegressor(missing="indicator", **SMALL))
    model.fit(table[is_old], table["sold"][is_old])
    rows = tomorrow_of(table)
    sent = model.predict(pd.concat([table[~is_old], rows]))[-len(rows) :]
    model["slidingwindow"].partial_fit(table[~is_old])
    assert_array_equal(model.predict(rows), sent)


def test_polars_gives_the_same():
    table = make_sales()
    model = make_pipeline(window(), RNNRegressor(missing="indicator", **SMALL))
    expected = model.fit(table, table["sold"]).predict(table)
    frame = pl.DataFrame(
        {
            n: c.astype(object).where(c.notna(), None).to_list()
            for n, c in table.items()
        },
        schema_overrides={"kind": pl.Categorical},
    )
    assert_array_equal(model.predict(frame), expected)
    assert_array_equal(model.fit(frame, table["sold"]).predict(table), expected)


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.ShortWindowsWarning")
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4))
@example(13597, 4)
def test_no_look_ahead(seed, window_length):
    table = make_sales(seed, n_stores=3, n_days=12)
    one_hot = make_column_transformer(
        # In the rows up to a cut one kind may be missing that later rows have.
        (
            OneHotEncoder(handle_unknown="ignore"),
            make_column_selector(dtype_include="category"),
        ),
        remainder=FunctionTransformer(np.nan_to_num),
    )
    lags = make_pipeline(window(window_length), FlattenSequence())
    model = make_pipeline(lags.set_output(transform="pandas"), one_hot, Ridge())
    y = table["sold"]
    check_no_lookahead(model, table, y, horizon=1, known=KNOWN, n_cuts=4, **KEYS)


def test_no_look_ahead_of_a_network():
    table = make_sales(n_stores=3, n_days=15)
    model = make_pipeline(window(3), RNNRegressor(missing="indicator", **SMALL))
    y = table["sold"]
    check_no_lookahead(model, table, y, horizon=1, known=KNOWN, n_cuts=3, **KEYS)
    with pytest.raises(AssertionError, match="Look-ahead"):
        check_no_lookahead(
            model, table, y, horizon=1, known=["promo", "price"], n_cuts=3, **KEYS
        )


def test_boosting_takes_lags_of_categories():
    table = make_sales()
    rows, y = table["date"] < table["date"].max() - 5 * DAY, table["sold"]
    trees = HistGradientBoostingRegressor(**TREES)
    model = make_pipeline(window(), FlattenSequence(), trees)
    model = model.set_output(transform="pandas").fit(table[rows], y[rows])
    names = model[:-1].get_feature_names_out()
    is_category = [name.split("__")[0] in CATEGORIES for name in names]
    assert model[-1].is_categorical_.tolist() == is_category
    error = mean_absolute_error(y[~rows], model.predict(table[~rows]))
    assert error < mean_absolute_error(y[~rows], np.full((~rows).sum(), y[rows].mean()))


def test_as_accurate_as_one_hot_columns():
    # Sales are set by the kind of store, and by what its promotions are worth there.
    table = make_sales(n_stores=6, n_days=60)
    worth = table["kind"].map({"city": 8.0, "mall": -8.0}).astype(float)
    table["sold"] = 10 + worth * table["promo"] + 0.1 * table["sold"]
    train = table["date"] < table["date"].max() - 9 * DAY
    errors = []
    for encode in (None, OneHotEncoder(sparse_output=False)):
        steps = [
            window(3),
            RNNRegressor(
                missing="indicator", n_estimators=1, max_epochs=40, random_state=0
            ),
        ]
        if encode is not None:
            encode = make_column_transformer(
                (encode, CATEGORIES),
                remainder="passthrough",
                verbose_feature_names_out=False,
            ).set_output(transform="pandas")
            known = make_column_selector("promo|price|kind_|week_")
            steps = [encode, window(3, known=known), steps[1]]
        model = make_pipeline(*steps).fit(table[train], table["sold"][train])
        found = model.predict(table[~train])
        errors.append(mean_absolute_error(table["sold"][~train], found))
    assert errors[0] < 1.3 * errors[1] + 0.1
    assert_allclose(errors[0], 0, atol=1.5)
