"""Containers of sequences are lists of sequences."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import FlattenSequence, RNNRegressor, TimeDistributed
from skrnn.sktime import RNNPanelRegressor

RNG = np.random.default_rng(0)
SEQUENCES = [RNG.normal(size=(length, 2)) for length in RNG.integers(3, 7, 24)]
ONE = [x[:, 0] for x in SEQUENCES]
y = RNG.normal(size=24)
FAST = {"hidden_size": 4, "max_epochs": 2, "n_estimators": 1, "random_state": 0}


def array_of(items):
    array = np.empty(len(items), object)
    array[:] = items
    return array


def frame_of(cell):
    return pd.DataFrame({"a": [cell(x[:, 0]) for x in SEQUENCES]}).assign(
        b=[cell(x[:, 1]) for x in SEQUENCES]
    )


def lists_of(x):
    return [float(value) for value in x]


COLUMNS = [x[:, None] for x in ONE]
CONTAINERS = {
    "array of arrays": (array_of(SEQUENCES), SEQUENCES),
    "series of arrays": (pd.Series(SEQUENCES), SEQUENCES),
    "series of frames": (pd.Series([pd.DataFrame(x) for x in SEQUENCES]), SEQUENCES),
    "series of lists": (pd.Series([x.tolist() for x in SEQUENCES]), SEQUENCES),
    "frame of series": (frame_of(pd.Series), SEQUENCES),
    "frame of arrays": (frame_of(np.array), SEQUENCES),
    "frame of lists": (frame_of(lists_of), SEQUENCES),
    "array of cells": (frame_of(pd.Series).to_numpy(), SEQUENCES),
    "frame of polars": (pl.DataFrame(frame_of(lists_of).to_dict("list")), SEQUENCES),
    "array of numbers": (array_of(ONE), COLUMNS),
    "array of lists": (array_of([lists_of(x) for x in ONE]), COLUMNS),
    "series of numbers": (pd.Series(ONE), COLUMNS),
    "series of series": (pd.Series([pd.Series(x) for x in ONE]), COLUMNS),
    "series of polars": (pl.Series([lists_of(x) for x in ONE]), COLUMNS),
}


@pytest.mark.parametrize(("X", "same"), CONTAINERS.values(), ids=CONTAINERS)
def test_a_container_of_sequences_is_a_list_of_them(X, same):
    expected = RNNRegressor(**FAST).fit(same, y).predict(same)
    model = RNNRegressor(**FAST).fit(X, y)
    assert_array_equal(model.predict(X), expected)
    assert model.n_features_in_ == same[0].shape[1]
    flat = FlattenSequence().fit(same).transform(same)
    assert_array_equal(FlattenSequence().fit(X).transform(X), flat)
    for one, other in zip(
        TimeDistributed().fit_transform(X),
        TimeDistributed().fit_transform(same),
        strict=True,
    ):
        assert_allclose(one, other, rtol=1e-12)


def test_a_table_of_series_has_names():
    X = frame_of(pd.Series)
    model = RNNRegressor(**FAST).fit(X, y)
    assert list(model.feature_names_in_) == ["a", "b"]
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(X[["b", "a"]])
    panel = RNNPanelRegressor(RNNRegressor(**FAST)).fit(X, y)
    assert_array_equal(panel.predict(X), model.predict(X))


def test_the_index_of_a_container_names_series():
    index = pd.MultiIndex.from_product([["u", "v"], range(12)])
    named = RNNRegressor(**FAST).fit(pd.Series(SEQUENCES, index=index), y)
    table = frame_of(pd.Series).set_axis(index)
    assert_array_equal(
        RNNRegressor(**FAST).fit(table, y).predict(table), named.predict(SEQUENCES)
    )


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (frame_of(pd.Series).assign(age=1.0), "instance 0, variable 'age' is a float"),
        (frame_of(pd.Series).assign(b=None), "variable 'b' is a NoneType"),
        (pd.DataFrame({"a": [["x", "y"]] * 24}), "instance 0 must hold numbers"),
    ],
)
def test_cells_that_are_no_series(X, message):
    with pytest.raises(ValueError, match=message):
        RNNRegressor(**FAST).fit(X, y)


def test_lists_of_unequal_lists_say_how_to_make_sequences():
    with pytest.raises(ValueError, match=r"numpy.reshape\(x, \(-1, 1\)\)"):
        RNNRegressor(**FAST).fit(ONE, y)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.zeros((24, 3, 2, 2)), ValueError, r"dim 4.*X.reshape\(24, 3, -1\)"),
        (np.zeros((24, 1, 28, 28, 3)), ValueError, "dim 5"),
        (np.zeros(24), ValueError, "Expected 2D array.*make_windows"),
        (pd.Series(np.zeros(24)), ValueError, "Expected 2D array.*make_windows"),
        ((x for x in SEQUENCES), TypeError, r"X is a generator.*list\(X\)"),
        ({"a": 1}, TypeError, "X is a dict"),
    ],
)
def test_what_is_no_sequence(X, error, message):
    with pytest.raises(error, match=message):
        RNNRegressor(**FAST).fit(X, y)
    fitted = RNNRegressor(**FAST).fit(SEQUENCES, y)
    if not hasattr(X, "__next__"):
        with pytest.raises(error, match=message):
            fitted.predict(X)
