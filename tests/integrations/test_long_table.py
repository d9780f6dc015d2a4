"""A long table, unsorted, with gaps and new stores: as accurate as all done by hand."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from skrnn import FlattenSequence, RNNRegressor, SlidingWindow, TimeDistributed
from skrnn.model_selection import PanelTimeSeriesSplit
from skrnn.windows import check_no_lookahead

KEYS = {"series": "store", "time": "date"}
DAY = pd.Timedelta("1D")
FEATURES = ["kind_city", "kind_mall", "week_a", "week_b", "promo", "price", "sold"]
PAST = {"sold"}
TREES = {"max_iter": 5, "max_leaf_nodes": 5, "min_samples_leaf": 2, "random_state": 0}


def make_table(seed=0, n_stores=4, n_days=30):
    """Sales of some stores, in random order, a tenth of the rows missing."""
    rng = np.random.default_rng(seed)
    rows = []
    for store in range(n_stores):
        begin = int(rng.integers(0, n_days // 3))
        for day in range(begin, n_days):
            promo, price = float(rng.random() < 0.3), rng.normal()
            rows.append(
                {
                    "store": f"store {store}",
                    "kind": ["city", "mall"][store % 2],
                    "date": pd.Timestamp("2024-01-01") + day * DAY,
                    "week": "ab"[day // 7 % 2],
                    "promo": promo,
                    "price": price,
                    "sold": 10 + 3 * promo - price + rng.normal(),
                }
            )
    rng.shuffle(rows)
    return pd.DataFrame(rows[: len(rows) * 9 // 10])


def tomorrow_of(table):
    """The day after the last, with a store that is new and sales that are not known."""
    day = table["date"].max() + DAY
    last = table.sort_values("date").drop_duplicates("store", keep="last")
    new = last[:1].assign(store="new")
    rows = pd.concat([last, new], ignore_index=True)
    return rows.assign(date=day, week="b", promo=1.0, price=0.5, sold=np.nan)


def encoder(output="pandas"):
    return make_column_transformer(
        (OneHotEncoder(sparse_output=False, dtype=float), ["kind", "week"]),
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform=output)


def window(window_length=5, **parameters):
    known = make_column_selector("promo|price|kind_|week_")
    parameters = {"known": known, "partial_steps": "keep", **KEYS, **parameters}
    return SlidingWindow(window_length, horizon=1, history="allow", **parameters)


def lags_by_hand(asked, all_rows, window_length):
    """Flat lag columns of the rows asked for, each looked up by store and day."""
    known = {(row["store"], row["date"]): row for row in all_rows.to_dict("records")}
    table = []
    for row in asked.to_dict("records"):
        store, date = row["store"], row["date"]
        steps, unbroken = [], True
        for back in range(window_length):
            own = known.get((store, date - back * DAY)) if unbroken else None
            unbroken = own is not None
            before = known.get((store, date - (back + 1) * DAY)) if unbroken else None
            step = []
            for name in FEATURES:
                of = before if name in PAST else own
                if of is None:
                    step.append(np.nan)
                elif name in of:
                    step.append(of[name])
                else:
                    column, _, value = name.partition("_")
                    step.append(float(of[column] == value))
            steps.insert(0, step)
        table.append(np.concatenate(steps))
    return np.array(table)


def test_windows_are_those_made_by_hand():
    table = make_table()
    lags = make_pipeline(encoder(), window(), FlattenSequence())
    assert_array_equal(lags.fit_transform(table), lags_by_hand(table, table, 5))
    order = [f"{name}__lag{4 - i // 7}" for i, name in enumerate(5 * FEATURES)]
    assert_array_equal(lags.get_feature_names_out(), order)
    rows = tomorrow_of(table)
    found = lags.transform(rows.iloc[:, ::-1])
    by_hand = lags_by_hand(rows, pd.concat([table, rows]), 5)
    assert_array_equal(found, by_hand)
    assert np.isnan(by_hand[-1][-1])
    assert not np.isnan(by_hand[-1][-2])


def test_a_search_and_a_forecast_are_those_made_by_hand():
    table = make_table()
    y, days = table["sold"].to_numpy(), np.sort(table["date"].unique())
    model = make_pipeline(
        encoder(), window(), FlattenSequence(), HistGradientBoostingRegressor(**TREES)
    )
    search = GridSearchCV(
        model,
        {"slidingwindow__window_length": [2, 4]},
        cv=PanelTimeSeriesSplit(2, test_size=6, **KEYS),
        scoring="neg_mean_absolute_error",
        error_score="raise",
    ).fit(table, table["sold"])
    means = []
    for window_length in (2, 4):
        lags = lags_by_hand(table, table, window_length)
        errors = []
        for border in (-12, -6):
            tested = days[border : border + 6 or None]
            train = (table["date"] < tested[0]).to_numpy()
            test = table["date"].isin(tested).to_numpy()
            by_hand = HistGradientBoostingRegressor(**TREES).fit(lags[train], y[train])
            errors.append(mean_absolute_error(y[test], by_hand.predict(lags[test])))
        means.append(-np.mean(errors))
    assert_allclose(search.cv_results_["mean_test_score"], means, rtol=1e-12)
    best = [2, 4][int(np.argmax(means))]
    by_hand = HistGradientBoostingRegressor(**TREES)
    by_hand.fit(lags_by_hand(table, table, best), y)
    rows = tomorrow_of(table)
    lags = lags_by_hand(rows, pd.concat([table, rows]), best)
    assert_array_equal(search.predict(rows), by_hand.predict(lags))


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.ShortWindowsWarning")
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_no_look_ahead(seed, window_length):
    table = make_table(seed, n_stores=3, n_days=12)
    filled = FunctionTransformer(np.nan_to_num)
    model = make_pipeline(
        encoder(), window(window_length), FlattenSequence(), filled, Ridge()
    )
    known = ["promo", "price", "kind", "week"]
    y = table["sold"]
    check_no_lookahead(model, table, y, horizon=1, known=known, n_cuts=5, **KEYS)


def test_what_is_known_reaches_its_row_and_the_target_does_not():
    table = make_table()
    model = make_pipeline(
        encoder(), window(), FlattenSequence(), HistGradientBoostingRegressor()
    ).fit(table, table["sold"])
    before = model.predict(table)
    assert (model.predict(table.assign(promo=1 - table["promo"])) != before).any()
    newest = table["date"] == table["date"].max()
    changed = table.assign(sold=table["sold"].where(~newest, 99.0))
    assert_array_equal(model.predict(changed), before)


def test_a_network_learns_of_a_new_store_what_is_known():
    table = make_table()
    network = RNNRegressor(
        hidden_size=4, max_epochs=3, n_estimators=1, missing="indicator", random_state=0
    )
    model = make_pipeline(encoder(), window(), network).fit(table, table["sold"])
    rows = tomorrow_of(table)
    forecast = model.predict(rows)
    assert np.isfinite(forecast).all()
    assert forecast[-1] != model.predict(rows.assign(promo=0.0))[-1]
    # Rows in another order give the same forecasts in that order, from any fit.
    order = np.random.default_rng(1).permutation(len(table))
    model.fit(table.iloc[order], table["sold"].iloc[order])
    assert_array_equal(model.predict(rows[::-1]), forecast[::-1])


def test_partial_fit_in_a_pipeline_is_as_good_as_sending_the_rows():
    table = make_table()
    is_old = table["date"] < table["date"].max() - 2 * DAY
    model = make_pipeline(
        encoder(), window(), FlattenSequence(), HistGradientBoostingRegressor(**TREES)
    ).fit(table[is_old], table["sold"][is_old])
    rows = tomorrow_of(table)
    sent = model.predict(pd.concat([table[~is_old], rows]))[-len(rows) :]
    model["slidingwindow"].partial_fit(model[:1].transform(table[~is_old]))
    assert_array_equal(model.predict(rows), sent)


def test_polars_through_a_pipeline():
    table = make_table()
    lags = make_pipeline(encoder(), window(), FlattenSequence())
    expected = lags.fit_transform(table)
    # make_column_selector reads pandas alone.
    known = FEATURES[:-1]
    frame = pl.DataFrame({name: table[name].to_numpy() for name in table})
    lags = make_pipeline(encoder("polars"), window(known=known), FlattenSequence())
    assert_array_equal(lags.fit_transform(frame), expected)


def test_columns_by_name_inside_time_distributed():
    table = make_table()
    scale = make_column_transformer(
        (StandardScaler(), ["sold"]),
        remainder="passthrough",
        verbose_feature_names_out=False,
    )
    windows = make_pipeline(encoder(), window(partial_steps="absent"))
    plain = np.asarray(windows.fit_transform(table))
    scaled = make_pipeline(windows, TimeDistributed(scale)).fit(table)
    names = scaled.get_feature_names_out().tolist()
    assert names == ["sold", *FEATURES[:-1]]
    found = np.asarray(scaled.transform(table))
    assert_array_equal(found[:, :, 1:], plain[:, :, :-1])
    read = plain[~np.isnan(plain).all(axis=2)][:, -1]
    assert_allclose(np.nanmean(found[:, :, 0]), 0, atol=0.2)
    assert len(np.unique(read)) > 10


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_windows_inside_a_column_transformer(output):
    table = make_table()
    lags = make_pipeline(SlidingWindow(3, horizon=1, **KEYS), FlattenSequence())
    beside = make_column_transformer(
        (lags, ["store", "date", "sold"]),
        ("passthrough", ["promo", "price"]),
        verbose_feature_names_out=False,
    ).set_output(transform=output)
    found = np.asarray(beside.fit_transform(table))
    by_hand = lags_by_hand(table, table, 3)
    assert_array_equal(found[:, :3], by_hand[:, [6, 13, 20]])
    assert_array_equal(found[:, 3:], table[["promo", "price"]])
