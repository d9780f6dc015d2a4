"""Categories by their types, in every layout that the estimators take."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import skrnn
from skrnn import (
    FlattenSequence,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
    ToSequence,
)
from skrnn._categories.categories import Categories
from skrnn._sequences.encoding import Encoding
from tests.support import network_of

RNG = np.random.default_rng(0)
N = 60
KIND = RNG.choice(["city", "mall", "town"], N)
LAGS = RNG.normal(size=(N, 3))
TABLE = pd.DataFrame(LAGS, columns=["lag_3", "lag_2", "lag_1"]).assign(kind=KIND)
Y = LAGS[:, 2] + 2 * (KIND == "city")
SMALL = {"hidden_size": 4, "n_estimators": 1, "max_epochs": 2, "random_state": 0}


def fitted(X=TABLE, y=Y, kind=RNNRegressor, **options):
    return kind(**SMALL | options).fit(X, y)


def stepped(kinds=KIND):
    """The same as sequences, the category at each of their steps."""
    X = np.empty((len(kinds), 3, 2), dtype=object)
    X[..., 0], X[..., 1] = LAGS[: len(kinds)], kinds[:, None]
    return X


def numbered(kinds=KIND):
    """The same with numbers for the categories, in the order of the words."""
    return np.stack(
        [LAGS, np.repeat(np.unique(kinds, return_inverse=True)[1][:, None], 3, 1)], 2
    )


def test_a_column_beside_lags_is_a_category_at_every_step():
    expected = fitted(numbered(), categorical_features=[1]).predict(numbered())
    of_frames = [
        pd.DataFrame(sample, columns=["lag", "kind"]).astype({"lag": float})
        for sample in stepped()
    ]
    polars = pl.DataFrame({name: TABLE[name].to_list() for name in TABLE})
    for X in (
        TABLE,
        TABLE.astype({"kind": "category"}),
        TABLE.astype({"kind": "string"}),
        TABLE[["kind", "lag_3", "lag_2", "lag_1"]],
        TABLE.to_numpy(dtype=object),
        polars,
        polars.cast({"kind": pl.Categorical}),
        stepped(),
        list(stepped()),
        of_frames,
        [frame.astype({"kind": "category"}) for frame in of_frames],
    ):
        model = fitted(X)
        assert_array_equal(model.predict(X), expected)
        assert network_of(model).embedding.n_codes == (0, 5)
    for wanted in (["kind"], [3], [False, False, False, True]):
        assert_array_equal(fitted(categorical_features=wanted).predict(TABLE), expected)


def test_what_fit_read_is_read_in_other_types():
    model = fitted()
    expected = model.predict(TABLE[:5])
    for X in (
        TABLE[:5].astype({"kind": "category"}),
        pl.DataFrame({name: TABLE[name][:5].to_list() for name in TABLE}),
    ):
        assert_array_equal(model.predict(X), expected)
    model = fitted(stepped())
    assert_array_equal(model.predict(list(stepped()[:5])), expected)


def test_categories_in_all_columns_are_steps():
    dna = pd.DataFrame(RNG.choice(list("ACGT"), (N, 5)))
    dna.columns = [f"p{i}" for i in range(5)]
    dna.loc[0, "p1"] = None
    labels = dna["p3"] == "A"
    model = fitted(dna, labels, RNNClassifier)
    assert network_of(model).embedding.n_codes == (6,)
    found = model.predict_proba(dna)
    # As text, of which a missing letter is no letter; the codes are in the same order.
    rows = dna.to_numpy(dtype=object)
    sequences = [[letter for letter in row if isinstance(letter, str)] for row in rows]
    assert [len(s) for s in sequences[:2]] == [4, 5]
    array = fitted(dna.to_numpy(dtype=object), labels, RNNClassifier)
    assert_array_equal(array.predict_proba(dna.to_numpy(dtype=object)), found)
    shorter = dna.assign(p1=None)
    assert_array_equal(
        model.predict_proba(shorter)[0], found[0]
    )  # the step is absent, there and here
    assert "one of 6 codes" in model.summary().layers[0].description


def test_unknown_and_missing_categories_have_places_of_their_own():
    y = np.where(np.arange(N) % 4 == 0, 5.0, Y)
    some = TABLE.assign(kind=TABLE["kind"].mask(np.arange(N) % 4 == 0))
    options = {"max_epochs": 60, "early_stopping": False, "parts": "network"}
    model = fitted(some, y, **options)
    unknown = model.predict(some.assign(kind="new"))
    assert_array_equal(unknown, model.predict(some.assign(kind="newer")))
    missing = model.predict(some.assign(kind=None))
    assert abs(missing - 5).mean() < abs(unknown - 5).mean()
    # Where fit had nothing missing, that says as little as what is unknown.
    model = fitted(**options)
    assert_array_equal(
        model.predict(TABLE.assign(kind=None)), model.predict(TABLE.assign(kind="new"))
    )
    # So does what is in rows alone that are set aside: here the newest.
    rare = TABLE.assign(kind=[*["city", "mall"] * 28, *["late"] * 4])
    model = fitted(rare, validation_fraction=4 / N)
    assert_array_equal(
        model.predict(rare.assign(kind="late")), model.predict(rare.assign(kind="new"))
    )


def test_files_copies_and_searches(tmp_path):
    for X in (TABLE, stepped(), TABLE[["kind"]].assign(other=KIND[::-1])):
        model = fitted(X)
        expected = model.predict(X)
        skrnn.save(model, tmp_path / "model")
        for again in (
            pickle.loads(pickle.dumps(model)),
            skrnn.load(tmp_path / "model"),
            clone(model).fit(X, Y),
        ):
            assert_array_equal(again.predict(X), expected)
    grid = {"embedding_size": [1, 2], "categorical_features": ["from_dtype", ["kind"]]}
    search = GridSearchCV(RNNRegressor(**SMALL), grid, cv=2, error_score="raise")
    assert np.isfinite(search.fit(TABLE, Y).cv_results_["mean_test_score"]).all()


def test_trainings_that_go_on_know_no_new_categories():
    model = fitted(warm_start=True)
    codes = network_of(model).embedding.n_codes
    new = TABLE.assign(kind="new")
    before = model.predict(new)
    model.partial_fit(new, Y + 9)
    assert network_of(model).embedding.n_codes == codes
    assert (model.predict(new) != before).all()  # "unknown" has been learned
    assert np.isfinite(model.fit(TABLE[::-1], Y).predict(TABLE)).all()


def test_columns_are_checked_as_ever():
    model = fitted()
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(TABLE[["kind", "lag_1", "lag_2", "lag_3"]])
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(TABLE.drop(columns="kind"))
    with pytest.raises(ValueError, match=r"'kind' of X .* strings in fit, .* numbers"):
        model.predict(TABLE.assign(kind=1))
    with pytest.raises(ValueError, match="column 'lag_1' holds strings such as 'x'"):
        model.predict(TABLE.assign(lag_1="x"))
    assert model.feature_names_in_.tolist() == list(TABLE)


@pytest.mark.parametrize(
    ("X", "options", "message"),
    [
        (TABLE, {"categorical_features": None}, "column 'kind' holds strings"),
        (TABLE, {"categorical_features": ["no"]}, "must name features of a step"),
        (TABLE.assign(kind=["1", "x"] * 30), {}, "some are numbers, such as '1'"),
        (TABLE.assign(kind=["a", 1.0] * 30), {}, "column 'kind' holds strings"),
        (TABLE.assign(kind=pd.Timestamp("2024")), {}, "'kind' holds times"),
        (TABLE, {"instance_norm": "last"}, "X holds categories. Set instance_norm"),
        (
            SlidingWindow(2).fit_transform(TABLE),
            {"categorical_features": None},
            r"\['kind'\] of the windows are codes of categories",
        ),
    ],
)
def test_what_is_refused(X, options, message):
    with pytest.raises(ValueError, match=message):
        fitted(X, **options)


def test_strings_of_numbers_stay_numbers():
    X = TABLE[["lag_3"]].assign(lag_2=[str(i % 7) for i in range(N)])
    with pytest.warns(UserWarning, match="'lag_2' of X holds strings of numbers"):
        model = fitted(X)
    assert network_of(model).embedding is None
    assert_array_equal(model.predict(X), model.predict(X.astype(float)))
    as_category = fitted(X.astype({"lag_2": "category"}))
    assert network_of(as_category).embedding.n_codes == (0, 9)
    assert_array_equal(
        fitted(X, categorical_features=["lag_2"]).predict(X), as_category.predict(X)
    )


def test_dates_and_many_levels():
    dates = pd.Series(pd.date_range("2024", periods=N)).astype("category")
    assert network_of(fitted(TABLE.assign(kind=dates))).embedding.n_codes == (0, N + 2)
    many = TABLE.assign(kind=pd.Categorical(RNG.integers(0, 10**5, N)))
    many["kind"] = many["kind"].cat.set_categories(range(10**5))
    n_codes = network_of(fitted(many)).embedding.n_codes[1]
    assert n_codes == many["kind"].nunique() + 2  # those that are there
    none = TABLE.assign(kind=pd.Categorical([None] * N, list("ab")))
    assert np.isfinite(fitted(none).predict(TABLE)).all()


def test_transformers_hand_categories_on():
    rows = pd.DataFrame({"sold": LAGS[:, 0], "kind": KIND, "price": LAGS[:, 1]})
    window = SlidingWindow(3, horizon=1, known=["kind"])
    scaled = make_pipeline(window, TimeDistributed(), RNNRegressor(**SMALL))
    model = scaled.fit(rows, Y)
    names = model[:-1].get_feature_names_out().tolist()
    assert names == ["sold", "price", "kind"]
    assert model[-1].summary().layers[0].description == "kind: one of 5 codes -> 3"
    inside = model[:-1].transform(rows)
    expected = StandardScaler().fit(rows[["sold", "price"]].to_numpy()[:-1])
    numbers = window.transform(rows).values[:-1, [0, 2]]
    assert_array_equal(inside.values[:-1, :2], expected.transform(numbers))
    lags = make_pipeline(window, FlattenSequence()).set_output(transform="pandas")
    frame = lags.fit_transform(rows)
    assert frame["kind__lag0"].astype(str).tolist()[1:] == KIND[1:].tolist()
    assert frame["sold__lag0"][1:].tolist() == rows["sold"][:-1].tolist()
    with pytest.warns(UserWarning, match=r"categories \['kind'\] hold codes"):
        make_pipeline(window, FlattenSequence()).fit(rows)
    with pytest.raises(ValueError, match="X has some in"):
        model[1].transform(SlidingWindow(3).fit_transform(rows.assign(kind=1.0)))


def test_a_table_of_unlike_columns_as_one_step():
    table = pd.DataFrame({"age": LAGS[:, 0], "city": KIND, "id": KIND == "city"})
    model = make_pipeline(ToSequence(n_timesteps=1), RNNRegressor(**SMALL))
    model.fit(table, Y)
    assert model[-1].summary().layers[0].description == "city: one of 5 codes -> 3"
    X = np.empty((N, 1, 3))
    X[:, 0, 0], X[:, 0, 1] = LAGS[:, 0], np.unique(KIND, return_inverse=True)[1]
    X[:, 0, 2] = KIND == "city"
    by_hand = fitted(X, categorical_features=[1])
    assert_array_equal(model.predict(table), by_hand.predict(X))
    folded = ToSequence(n_timesteps=2).fit_transform(
        pd.DataFrame({"a2": KIND, "b2": LAGS[:, 0], "a1": KIND[::-1], "b1": LAGS[:, 1]})
    )
    assert folded.categories[0].labels == ["city", "mall", "town"]
    with pytest.raises(ValueError, match="Give all of them one type"):
        ToSequence(n_timesteps=2, order="feature").fit(
            pd.DataFrame({"a2": KIND, "b2": LAGS[:, 0], "a1": KIND, "b1": LAGS[:, 1]})
        )


def test_one_hot_by_hand_works_as_before():
    encode = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["kind"]),
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    model = make_pipeline(encode, SlidingWindow(2), RNNRegressor(**SMALL)).fit(TABLE, Y)
    assert network_of(model[-1]).embedding is None


@pytest.mark.parametrize(
    "change",
    [
        lambda given: ("columns", {3: Categories(["tcity"])}, 4),
        lambda given: ("steps", given[0], 4),
        lambda given: ("nowhere", given[0], 4),
        lambda given: ("columns", {9: given[1]}, 4),
    ],
)
def test_altered_states_are_refused(change):
    model = fitted()
    found = model._encoding.categories
    model._encoding = Encoding(*change([found, found[3]]))
    state = model.__getstate__()
    with pytest.raises(ValueError, match=r"altered|another model"):
        object.__new__(RNNRegressor).__setstate__(state)
