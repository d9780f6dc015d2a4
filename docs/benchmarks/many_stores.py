"""One day ahead for many stores: a network, and gradient boosting on lags.

The table is made up, and long: a row for each store and day, in no order. Sales have a
level that drifts, a week whose shape depends on the kind of store, a promotion that
helps today and costs on the two days after, and a price. Rows are missing here and
there, and some stores open late: two of them within the newest four weeks. Prices and
promotions are known a day ahead.

All pipelines read the same columns of the same 14 days, and are judged on the newest
four weeks, in two splits, always from one day to the next. The sales of a week before
are the naive forecast, those expected by the law that made the table the best there can
be.

usage: python docs/benchmarks/many_stores.py   (writes many_stores.md beside itself)
"""

import platform
import time
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skrnn import FlattenSequence, RNNRegressor, SlidingWindow
from skrnn.model_selection import PanelTimeSeriesSplit

N_STORES, N_DAYS = 20, 250
WINDOW = 14
KEYS = {"series": "store", "time": "date"}
CATEGORIES = ["kind", "region", "weekday"]
KNOWN = "^(?:price|promo|kind|region|weekday)"


def make_sales(seed=0):
    """The table, its rows in random order, with the sales expected by its law."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2025-01-01", periods=N_DAYS)
    week = {
        "city": [0, 0, 0, 1, 5, 9, -9],
        "mall": [-3, -3, -2, 0, 4, 12, 8],
        "town": [3, 2, 2, 2, 3, -2, -9],
    }
    parts = []
    for store in range(N_STORES):
        kind = rng.choice(list(week))
        level = 40 + 10 * rng.normal() + np.cumsum(0.7 * rng.normal(size=N_DAYS))
        promo = (rng.random(N_DAYS) < 0.15).astype(float)
        price = np.repeat(rng.normal(size=N_DAYS // 7 + 1), 7)[:N_DAYS]
        dip = 4 * np.append(0, promo[:-1]) + 2 * np.append([0, 0], promo[:-2])
        expected = level + np.take(week[kind], days.dayofweek) + 12 * promo - dip
        expected -= 3 * price
        table = pd.DataFrame(
            {
                "store": f"store {store}",
                "date": days,
                "kind": kind,
                "region": rng.choice(["north", "south"]),
                "weekday": days.day_name(),
                "promo": promo,
                "price": price,
                "sold": expected + 3 * rng.normal(size=N_DAYS),
                "expected": expected,
            }
        )
        opens = 0
        if store < 2:
            opens = N_DAYS - 22
        elif store < 6:
            opens = int(rng.integers(60, 160))
        is_kept = rng.random(N_DAYS) > 0.01
        parts.append(table[opens:][is_kept[opens:]])
    table = pd.concat(parts, ignore_index=True)
    return table.sample(frac=1, random_state=seed, ignore_index=True)


def encoder():
    """Categories as columns of zeros and ones; the others as they are."""
    return make_column_transformer(
        (OneHotEncoder(sparse_output=False, handle_unknown="ignore"), CATEGORIES),
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")


def models():
    """Pipelines over the same windows."""
    window = SlidingWindow(
        WINDOW,
        horizon=1,
        freq="D",
        known=make_column_selector(KNOWN),
        partial_steps="keep",
        history="allow",
        **KEYS,
    )
    network = RNNRegressor(missing="indicator", random_state=0)
    trees = HistGradientBoostingRegressor(random_state=0)
    by_type = make_pipeline(window, FlattenSequence(), trees)
    return {
        "RNNRegressor": make_pipeline(window, network),
        "RNNRegressor, one-hot columns": make_pipeline(encoder(), window, network),
        "HistGradientBoostingRegressor": by_type.set_output(transform="pandas"),
        "HistGradientBoostingRegressor, one-hot columns": make_pipeline(
            encoder(), clone(window), FlattenSequence(), trees
        ),
        "ridge, one-hot columns": make_pipeline(
            encoder(), clone(window), FlattenSequence(pad="zero"), ZeroFilled()
        ),
    }


class ZeroFilled(RidgeCV):
    """Ridge regression that takes what is missing for zero."""

    def fit(self, X, y):
        return super().fit(np.nan_to_num(X), y)

    def predict(self, X):
        return super().predict(np.nan_to_num(X))


def judge(model, X, y, splits):
    """Absolute errors of all test rows, and the seconds that all fits took."""
    errors, seconds = np.full(len(y), np.nan), 0.0
    for train, test in splits:
        begin = time.perf_counter()
        model.fit(X.iloc[train], y[train])
        seconds += time.perf_counter() - begin
        errors[test] = np.abs(model.predict(X.iloc[test]) - y[test])
    return errors, seconds


def week_before(table):
    """Sales of the same store and weekday a week before; NaN where there are none."""
    sold = table.set_index(["store", "date"])["sold"]
    before = table["date"] - pd.Timedelta(7, "D")
    return sold.reindex(pd.MultiIndex.from_arrays([table["store"], before])).to_numpy()


def main():
    table = make_sales()
    X, y = table.drop(columns="expected"), table["sold"].to_numpy()
    splits = list(PanelTimeSeriesSplit(2, test_size=14, **KEYS).split(X))
    errors = {"expected sales": (np.abs(table["expected"] - y).to_numpy(), None)}
    errors["a week before"] = np.abs(week_before(table) - y), None
    for name, model in models().items():
        errors[name] = judge(model, X, y, splits)
    tested = np.concatenate([test for _, test in splits])
    is_tested = np.isin(np.arange(len(y)), tested)
    is_new = X.groupby("store")["date"].transform("min") >= X["date"].iloc[tested].min()
    lines = []
    for name, (error, seconds) in errors.items():
        old, new = (
            np.nanmean(error[is_tested & chosen]) for chosen in (~is_new, is_new)
        )
        shown = "" if seconds is None else f"{seconds:.1f}"
        lines.append(f"| {name} | {old:.2f} | {new:.2f} | {shown} |")
    rows = "\n".join(lines)
    text = f"""# Many stores

One day ahead, mean absolute error of the newest 28 days of {N_STORES} stores, of which
two open within them, and the seconds that the two fits took on one thread;
{len(X):,} rows:

| model | error, stores of the training | error, new stores | fits, s |
| --- | ---: | ---: | ---: |
{rows}

The data are made up: see `many_stores.py`, which made this table. scikit-learn
{sklearn.__version__}, {platform.machine()}.
"""
    Path(__file__).with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
