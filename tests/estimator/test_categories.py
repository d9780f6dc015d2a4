"""Features that are categories, through all that estimators do."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

import skrnn
from skrnn import RNNClassifier, RNNRegressor, SlidingWindow
from skrnn._sequences.sources import as_source
from tests.support import assert_rows_alone, network_of, same_bits

RNG = np.random.default_rng(0)
# A number, a category at each step, a number, a category of the whole sequence.
X = RNG.normal(size=(60, 5, 4))
X[..., 1] = RNG.choice([-7.0, 3.0, 4.0, 1e6], (60, 5))
X[..., 3] = RNG.choice([10.0, 20.0], (60, 1))
y = X[:, -1, 0] * np.where(X[:, -1, 1] == 3, -1, 1) + (X[:, 0, 3] == 10)
LABELS = np.where(y > 0, "+", "-")
SMALL = {"hidden_size": 4, "n_estimators": 1, "max_epochs": 2, "random_state": 0}
SMALL["categorical_features"] = [1, 3]


def fitted(kind=RNNRegressor, X=X, **options):
    target = y if kind is RNNRegressor else LABELS
    return kind(**SMALL | options).fit(X, target)


def output(model, X=X):
    return getattr(model, "predict_proba", model.predict)(X)


def renamed(X):
    """The same categories by other numbers, in another order."""
    other = X.copy()
    for feature in (1, 3):
        values = np.unique(X[..., feature])
        place = np.searchsorted(values, X[..., feature])
        other[..., feature] = np.sort(RNG.normal(size=len(values)))[place]
    return other


@pytest.mark.parametrize("kind", [RNNRegressor, RNNClassifier])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"segment_length": 2, "bidirectional": True, "embedding_size": 3},
        {"missing": "indicator", "tbptt_steps": 2, "pooling": "mean"},
        {"scale": False, "dtype": "float64", "early_stopping": False},
    ],
)
def test_kept_models_rows_alone_and_names_of_categories(kind, options, tmp_path):
    if "tbptt_steps" in options and kind is RNNClassifier:
        options = {**options, "bidirectional": False}
    if kind is RNNClassifier:
        options = {**options, "n_kernels": 84}
    model = fitted(kind, **options)
    found = output(model)
    assert np.isfinite(found).all()
    assert_rows_alone(output(model, X[3:4]), found[3:4])
    assert_array_equal(output(pickle.loads(pickle.dumps(model))), found)
    skrnn.save(model, tmp_path / "model.skops")
    assert_array_equal(output(skrnn.load(tmp_path / "model.skops")), found)
    # What a category is called is of no consequence, as long as the order stays.
    other = renamed(X)
    assert_allclose(output(fitted(kind, other, **options), other), found, rtol=1e-6)
    # The same without the array.
    ragged = fitted(kind, list(X), **options)
    assert_array_equal(output(ragged, list(X)), found)


def test_unknown_and_missing_categories():
    model = fitted(missing="indicator")
    first, second, third = X.copy(), X.copy(), X.copy()
    first[..., 1], second[..., 1], third[..., 1] = 99.0, -1.5, np.nan
    assert_array_equal(model.predict(first), model.predict(second))
    assert (model.predict(first) != model.predict(X)).all()
    # The channel that tells what is missing differs.
    assert np.isfinite(model.predict(third)).all()


@pytest.mark.parametrize("kind", [RNNRegressor, RNNClassifier])
def test_beside_the_network_numbers_alone_are_read(kind):
    options = {"n_kernels": 84} if kind is RNNClassifier else {"linear_steps": 5}
    model, other = fitted(kind, **options), X.copy()
    other[..., 1] = np.roll(X[..., 1], 1, axis=0)
    if kind is RNNRegressor:
        path = network_of(model).baseline.linear_path
        weight = path.weight.reshape(5, 4)
        assert (weight[:, [1, 3]] == 0).all()
        assert (weight[:, [0, 2]] != 0).all()
        return
    one, two = (model.convolutions_.logits(as_source(Z)) for Z in (X, other))
    assert_array_equal(one, two)


def test_a_category_decides():
    model = RNNRegressor(
        categorical_features=[1, 3],
        n_estimators=1,
        early_stopping=False,
        max_epochs=150,
        random_state=0,
    )
    model.fit(X, y)
    assert model.score(X, y) > 0.9
    assert network_of(model).embedding.n_codes == (0, 6, 0, 4)
    told = model.summary()
    assert told.task == "4 features a step, 2 of them categories -> 1 target"
    assert told.layers[0].description == "one of 6 codes -> 3, one of 4 codes -> 2"
    assert sum(row.n_parameters for row in told.layers) == told.n_parameters


def test_trainings_that_go_on_keep_the_categories():
    model = fitted(warm_start=True)
    few = X.copy()
    few[..., 1] = 3.0
    again = model.fit(few, y)
    assert network_of(again).embedding.n_codes == (0, 6, 0, 4)
    assert again.partial_fit(X, y).n_iter_ == 5  # 2 + 2 + 1
    with pytest.raises(ValueError, match="fitted with categorical_features"):
        again.set_params(categorical_features=[1]).fit(X, y)
    donor = fitted()
    assert same_bits(
        fitted(init=donor, frozen=["embedding"]),
        fitted(init=donor, frozen=["embedding"]),
    )
    with pytest.raises(ValueError, match="other categories"):
        fitted(init=donor, categorical_features=[1])


def test_weights_are_repetitions():
    options = {"early_stopping": False, "batch_size": None, "dtype": "float64"}
    rows = np.r_[:60, :9]
    twice = RNNRegressor(**SMALL | options).fit(X[rows], y[rows])
    weight = np.where(np.arange(60) < 9, 2.0, 1.0)
    once = RNNRegressor(**SMALL | options).fit(X, y, weight)
    assert_allclose(once.predict(X), twice.predict(X), atol=1e-8)


def test_windows_of_a_table():
    table = pd.DataFrame(
        {
            "sold": RNG.normal(size=80),
            "kind": RNG.choice(["city", "mall"], 80),
            "day": RNG.choice(list("abcd"), 80),
        }
    )
    encode = make_column_transformer(
        (
            OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
            ["kind", "day"],
        ),
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    network = RNNRegressor(**SMALL | {"categorical_features": ["kind", "day"]})
    model = make_pipeline(encode, SlidingWindow(4, horizon=1, history="allow"), network)
    target = table["sold"].to_numpy()
    model.fit(table[:60], target[:60])
    assert network_of(model[-1]).embedding.n_codes == (4, 6, 0)
    new = table[60:].assign(kind="never seen")
    assert np.isfinite(model.predict(new)).all()
    assert np.isfinite(cross_val_score(model, table, target, cv=3)).all()


@pytest.mark.parametrize(
    ("options", "given", "message"),
    [
        ({"categorical_features": ["a"]}, X, "must name features of a step"),
        ({"categorical_features": [4]}, X, "X has steps of 4 numbers"),
        ({"categorical_features": [9]}, X[..., 0], "must name features of a step"),
        ({"categorical_features": "from_types"}, X, "must be a str among"),
        ({"instance_norm": "last"}, X, "X holds categories. Set instance_norm=None"),
        ({"input_noise": 0.1}, X, "X holds categories. Set input_noise=0.0"),
    ],
)
def test_what_is_refused(options, given, message):
    with pytest.raises(ValueError, match=message):
        fitted(X=given, **options)


def test_tokens_are_categories_already():
    tokens = skrnn.TokenSequence().fit_transform([["a", "b"]] * 60)
    with pytest.raises(ValueError, match="X holds tokens"):
        fitted(X=tokens)
    with pytest.raises(ValueError, match="X has 1 features"):
        fitted().predict(tokens)


@pytest.mark.parametrize(
    "categories",
    [
        None,
        (np.array([1]), [np.arange(4.0)]),
        (np.array([1, 3]), [np.arange(4.0), np.arange(9.0)]),
        (np.array([1, 9]), [np.arange(4.0), np.arange(2.0)]),
    ],
)
def test_categories_that_no_fit_notes_are_refused(categories):
    state = fitted().__getstate__() | {"_categories": categories}
    with pytest.raises(ValueError, match="those of another model"):
        object.__new__(RNNRegressor).__setstate__(state)
