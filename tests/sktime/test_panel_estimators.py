"""The recurrent classifier and regressor of sktime's panels."""

import inspect
import pickle
import re
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from numpydoc.validate import validate
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sktime.base import load
from sktime.classification.model_selection import TSCGridSearchCV
from sktime.datasets import (
    load_airline,
    load_basic_motions,
    load_italy_power_demand,
    load_japanese_vowels,
)
from sktime.datatypes import convert
from sktime.forecasting.compose import make_reduction
from sktime.transformations.series.exponent import ExponentTransformer
from sktime.utils.estimator_checks import parametrize_with_checks

from skrnn import RNNClassifier, RNNRegressor, TimeDistributed
from skrnn.sktime import RNNPanelClassifier, RNNPanelRegressor
from skrnn.sktime._panels import read_panel
from tests.instruction_levels import ROUNDING
from tests.sktime.support import IS_OLD, failed_checks, n_checks, skips_none

SHORT = {
    "cell": "gru",
    "hidden_size": 4,
    "max_epochs": 3,
    "early_stopping": False,
    "n_estimators": 1,
}
LABELS = np.array(list("abc" * 4))
RAGGED = [2, 7, 4, 1, 5, 7, 3, 6, 2, 5, 4, 3]


@pytest.fixture
def panel():
    """Panel (instance, variable, time) = (12, 3, 7), with unlike variables."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, 3, 7)) * [[[1.0], [10.0], [0.1]]] + [[[0.0], [5.0], [9.0]]]
    return X, X[:, 1, -1] + X[:, 0, 2]


@pytest.fixture
def ragged(panel):
    """The same as frames of unequal length, named a, b, c."""
    frames = [
        pd.DataFrame(x[:, :n].T, columns=list("abc"))
        for x, n in zip(panel[0], RAGGED, strict=True)
    ]
    return frames, panel[1]


def regressor(**options):
    return RNNPanelRegressor(RNNRegressor(**SHORT | options), random_state=0)


def classifier(**options):
    return RNNPanelClassifier(RNNClassifier(**SHORT | options), random_state=0)


def nested(frames):
    """One row an instance, one Series a cell."""
    return pd.DataFrame({c: [frame[c] for frame in frames] for c in frames[0].columns})


def long(frames):
    return pd.concat(frames, keys=range(len(frames)))


# -- sktime's own checks ---------------------------------------------------------------


@parametrize_with_checks([RNNPanelClassifier, RNNPanelRegressor])
def test_check_of_sktime(obj, test_name):
    if IS_OLD and obj is RNNPanelRegressor and test_name == "test_multioutput":
        pytest.skip("sktime 1.1 asks for copies just where one takes all the targets")
    assert failed_checks(obj, test_name) == {}


@pytest.mark.parametrize(
    "cls, least", [(RNNPanelClassifier, 258), (RNNPanelRegressor, 146)]
)
def test_no_check_of_sktime_is_left_out(cls, least):
    assert n_checks(cls) >= least - 2 * IS_OLD
    assert skips_none(cls)


@pytest.mark.parametrize("cls", [RNNPanelClassifier, RNNPanelRegressor])
def test_docstring(cls):
    path = f"skrnn.sktime.{cls.__name__}"
    assert [e for e in validate(path)["errors"] if e[0] not in ("ES01", "PR06")] == []
    section = inspect.getdoc(cls).split("Parameters\n----------\n")[1]
    described = re.findall(r"^(\w+) : ", section.split("\nAttributes\n")[0], re.M)
    assert described == list(inspect.signature(cls).parameters)


def test_skrnn_loads_sktime_only_where_asked():
    code = (
        "import sys, skrnn; assert 'sktime' in dir(skrnn);"
        "assert 'sktime' not in sys.modules;"
        "skrnn.sktime.RNNPanelRegressor; assert 'sktime' in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


# -- the same as on arrays -------------------------------------------------------------


def test_regressor_equals_that_of_arrays(panel):
    X, y = panel
    plain = RNNRegressor(**SHORT, random_state=0).fit(X.transpose(0, 2, 1), y)
    model = regressor().fit(X, y)
    np.testing.assert_array_equal(model.predict(X), plain.predict(X.transpose(0, 2, 1)))
    assert model.estimator_.n_features_in_ == 3


def test_classifier_equals_that_of_arrays(panel):
    X, _ = panel
    plain = RNNClassifier(**SHORT, random_state=0).fit(X.transpose(0, 2, 1), LABELS)
    model = classifier().fit(X, LABELS)
    np.testing.assert_array_equal(
        model.predict_proba(X), plain.predict_proba(X.transpose(0, 2, 1))
    )
    np.testing.assert_array_equal(model.predict(X), plain.predict(X.transpose(0, 2, 1)))


@pytest.mark.parametrize(
    "mtype", ["numpy3D", "df-list", "nested_univ", "pd-multiindex"]
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_every_kind_of_panel_gives_the_same(panel, mtype, dtype):
    X, y = panel
    X = X.astype(dtype)
    expected = regressor().fit(X, y).predict(X)
    other = convert(X, "numpy3D", mtype, "Panel")
    model = regressor().fit(other, y)
    np.testing.assert_array_equal(model.predict(other), expected)
    # What the variables are called in fit does not matter at an array.
    np.testing.assert_array_equal(model.predict(X), expected)


def test_univariate_rows(panel):
    X, y = panel
    flat = X[:, 1]  # (instance, time)
    expected = regressor().fit(X[:, 1:2], y).predict(X[:, 1:2])
    np.testing.assert_array_equal(regressor().fit(flat, y).predict(flat), expected)


def test_time_is_not_taken_for_variables():
    # Only the order of the steps tells the classes apart: their values are the same.
    rng = np.random.default_rng(0)
    rising = np.sort(rng.normal(size=(60, 2, 5)), axis=2)
    y = np.arange(60) % 2
    X = np.where(y[:, None, None] == 1, rising, rising[:, :, ::-1])
    model = classifier(max_epochs=20).fit(X[:40], y[:40])
    assert model.score(X[40:], y[40:]) == 1
    with pytest.raises(ValueError, match="X has 5 features, but RNNClassifier"):
        model.predict(X.transpose(0, 2, 1))


def test_instances_keep_their_order(panel):
    X, y = panel
    frame = convert(X, "numpy3D", "pd-multiindex", "Panel")
    expected = regressor().fit(X, y).predict(X)
    some = pd.concat([frame.loc[[i]] for i in (5, 2, 9)])
    model = regressor().fit(frame, y)
    np.testing.assert_allclose(model.predict(some), expected[[5, 2, 9]], rtol=ROUNDING)
    # Rows sorted by time, so that those of an instance are no neighbours.
    mixed = frame.swaplevel().sort_index().swaplevel()
    np.testing.assert_allclose(model.predict(mixed), expected, rtol=ROUNDING)
    dated = frame.set_index(
        pd.MultiIndex.from_product(
            [list("lkjihgfedcba"), pd.date_range("2020", periods=7, freq="D")]
        )
    )
    np.testing.assert_array_equal(model.predict(dated), expected)


def test_prediction_depends_on_its_own_instance_alone(panel):
    X, _ = panel
    model = classifier().fit(X, LABELS)
    alone = np.concatenate([model.predict_proba(X[i : i + 1]) for i in range(12)])
    np.testing.assert_array_equal(alone, model.predict_proba(X))


def test_same_seed_same_bits_and_nothing_of_the_callers(panel):
    X, y = panel
    before = pickle.dumps(np.random.get_state()), torch.get_rng_state()
    first, second = regressor().fit(X, y), regressor().fit(X, y)
    np.testing.assert_array_equal(first.predict(X), second.predict(X))
    assert pickle.dumps(np.random.get_state()) == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])
    other = first.clone().set_params(random_state=1).fit(X, y)
    assert (other.predict(X) != first.predict(X)).all()
    # None leaves the seed of the estimator.
    model = RNNPanelRegressor(RNNRegressor(**SHORT, random_state=0)).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), first.predict(X))


# -- unequal length and missing values -------------------------------------------------


@pytest.mark.parametrize("form", [list, long, nested])
def test_unequal_length(ragged, form):
    frames, y = ragged
    arrays = [frame.to_numpy() for frame in frames]
    expected = RNNRegressor(**SHORT, random_state=0).fit(arrays, y).predict(arrays)
    model = regressor().fit(form(frames), y)
    np.testing.assert_array_equal(model.predict(form(frames)), expected)


def test_padding_is_absent(panel, ragged):
    X, y = panel
    padded = X.copy()
    for i, n in enumerate(RAGGED):
        padded[i, :, n:] = np.nan
    expected = regressor().fit(ragged[0], y).predict(ragged[0])
    model = regressor().fit(padded, y)
    np.testing.assert_array_equal(model.predict(padded), expected)
    assert model.estimator_.missing == "error"


def test_length_of_a_prediction_is_free(panel):
    X, y = panel
    model = regressor().fit(X, y)
    twice = np.concatenate([X, X], axis=2)
    expected = model.estimator_.predict(twice.transpose(0, 2, 1))
    np.testing.assert_array_equal(model.predict(twice), expected)
    assert np.isfinite(model.predict(X[:, :, :1])).all()


def test_instance_without_a_step(ragged):
    frames, y = ragged
    frames[3] = frames[3].iloc[:0]
    model = regressor().fit(frames, y)
    prediction = model.predict(frames)
    assert np.isfinite(prediction).all()
    np.testing.assert_array_equal(model.predict(nested(frames)), prediction)


def test_steps_missing_in_part_in_fit(panel):
    X, y = panel
    X[2, 1, 3] = np.nan
    model = regressor().fit(X, y)
    assert model.estimator_.missing == "indicator"
    assert model.estimator.missing == "error"
    plain = RNNRegressor(**SHORT, missing="indicator", random_state=0)
    rows = X.transpose(0, 2, 1)
    np.testing.assert_array_equal(model.predict(X), plain.fit(rows, y).predict(rows))
    assert model.fit(np.nan_to_num(X), y).estimator_.missing == "error"


@pytest.mark.parametrize("form", [np.array, nested, long])
def test_steps_missing_in_part_at_a_prediction_alone(panel, form):
    X, y = panel
    model = regressor().fit(X, y)
    filled = X.copy()
    filled[2, 1, 3] = X[:, 1].mean()
    expected = model.predict(filled)
    X[2, 1, 3] = np.nan
    X = form(X if form is np.array else convert(X, "numpy3D", "df-list", "Panel"))
    with pytest.warns(UserWarning, match="missing in part, and the X of fit had none"):
        np.testing.assert_allclose(model.predict(X), expected, rtol=1e-6)


def test_asked_for_indicators_are_kept(panel):
    X, y = panel
    model = regressor(missing="indicator").fit(X, y)
    plain = RNNRegressor(**SHORT, missing="indicator", random_state=0)
    plain.fit(X.transpose(0, 2, 1), y)
    X[2, 1, 3] = np.nan
    np.testing.assert_array_equal(model.predict(X), plain.predict(X.transpose(0, 2, 1)))


def test_cells_of_unequal_length_lack_times(panel):
    X, y = panel
    cells = [[pd.Series(series) for series in instance] for instance in X]
    cells[5][0] = cells[5][0].iloc[2:]  # the first variable begins later
    frame = pd.DataFrame({j: [row[j] for row in cells] for j in range(3)})
    X[5, 0, :2] = np.nan
    expected = regressor().fit(X, y).predict(X)
    np.testing.assert_array_equal(regressor().fit(frame, y).predict(frame), expected)


def test_nothing_is_there(panel):
    X, y = panel
    X = np.full_like(X, np.nan)
    with pytest.warns(UserWarning, match="Every step of X is absent"):
        model = regressor().fit(X, y)
    assert len(np.unique(model.predict(X))) == 1
    X[:, 1:] = 1.0  # one variable is never seen
    assert np.isfinite(regressor().fit(X, y).predict(X)).all()


def test_nullable_columns(panel):
    X, y = panel
    frame = convert(X, "numpy3D", "pd-multiindex", "Panel").astype("Float64")
    expected = regressor().fit(X, y).predict(X)
    np.testing.assert_array_equal(regressor().fit(frame, y).predict(frame), expected)
    frame.iloc[0, 0] = pd.NA
    X[0, 0, 0] = np.nan
    expected = regressor().fit(X, y).predict(X)
    np.testing.assert_array_equal(regressor().fit(frame, y).predict(frame), expected)


# -- y ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "y",
    [
        LABELS,
        LABELS.astype(object),
        np.arange(12) % 3 - 1,
        np.arange(12) % 2 == 0,
        np.arange(12) % 2 * 1.0,
        pd.Series(LABELS, index=range(9, 21)),
        list(LABELS),
    ],
    ids=["str", "object", "int", "bool", "float", "series", "list"],
)
def test_labels_of_any_dtype(panel, y):
    X, _ = panel
    model = classifier().fit(X, y)
    labels = np.asarray(y)
    assert model.predict(X).dtype == labels.dtype
    np.testing.assert_array_equal(model.classes_, np.unique(labels))
    np.testing.assert_array_equal(model.estimator_.classes_, model.classes_)
    probabilities = model.predict_proba(X)
    best = model.classes_[probabilities.argmax(axis=1)]
    np.testing.assert_array_equal(model.predict(X), best)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert model.score(X, y) == (best == labels).mean()


def test_one_class_and_one_instance(panel):
    X, y = panel
    model = classifier().fit(X, LABELS)
    with pytest.warns(UserWarning, match="only single label"):
        model.fit(X[:1], LABELS[:1])
    assert not hasattr(model, "estimator_")
    np.testing.assert_array_equal(model.predict(X), ["a"] * 12)
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((12, 1)))
    with pytest.warns(UserWarning, match="only single label"):
        model = regressor().fit(X[:1], y[:1])
    assert model.predict(X).shape == (12,)


def test_several_targets_are_of_one_network(panel):
    X, y = panel
    both = np.column_stack([y, -y])
    model = regressor().fit(X, both)
    plain = RNNRegressor(**SHORT, random_state=0).fit(X.transpose(0, 2, 1), both)
    expected = plain.predict(X.transpose(0, 2, 1))
    np.testing.assert_array_equal(model.predict(X), expected)
    assert np.isfinite(model.score(X, both))
    frame = pd.DataFrame(both, columns=["up", "down"], index=range(3, 15))
    prediction = model.fit(X, frame).predict(X[:5])
    assert list(prediction.columns) == ["up", "down"]
    np.testing.assert_array_equal(prediction, expected[:5])


def test_one_column_is_one_target(panel):
    X, y = panel
    expected = regressor().fit(X, y).predict(X)
    np.testing.assert_array_equal(regressor().fit(X, y[:, None]).predict(X), expected)
    np.testing.assert_array_equal(regressor().fit(X, list(y)).predict(X), expected)


def test_several_labels_have_a_classifier_each(panel):
    X, _ = panel
    y = pd.DataFrame({"u": LABELS, "v": LABELS[::-1]})
    prediction = classifier().fit(X, y).predict(X)
    np.testing.assert_array_equal(
        prediction["v"], classifier().fit(X, LABELS[::-1]).predict(X)
    )


# -- errors ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "estimator", [RNNRegressor, RNNClassifier(), 32, "gru", RNNPanelRegressor()]
)
def test_estimator_of_the_wrong_kind(panel, estimator):
    with pytest.raises(TypeError, match="estimator must be a regressor"):
        RNNPanelRegressor(estimator).fit(*panel)


def test_faults_of_X_and_y(panel):
    X, y = panel
    frame = convert(X, "numpy3D", "pd-multiindex", "Panel")
    model = regressor().fit(frame, y)
    with pytest.raises(ValueError, match=r"X are \['var_1', 'var_0', 'var_2'\], those"):
        model.predict(frame[["var_1", "var_0", "var_2"]])
    with pytest.raises(ValueError, match="X has 2 features, but RNNRegressor is expec"):
        model.predict(X[:, :2])
    frames = convert(X, "numpy3D", "df-list", "Panel")
    numbered = nested([frame.set_axis(range(3), axis=1) for frame in frames])
    with pytest.raises(ValueError, match=r"X are \[2, 1, 0\], those of fit were"):
        regressor().fit(numbered, y).predict(numbered[[2, 1, 0]])
    frames[2] = frames[2].iloc[:, ::-1]
    with pytest.raises(ValueError, match=r"instance 2 has"):
        model.predict(frames)
    with pytest.raises(ValueError, match="target y is None"):
        model.fit(X, None)
    with pytest.raises(ValueError, match="y contains NaN"):
        model.fit(X, np.where(np.arange(12) == 3, np.nan, y))
    with pytest.raises(ValueError, match="hidden_size"):
        regressor(hidden_size=0).fit(X, y)
    frame.iloc[8, 2] = np.inf
    with pytest.raises(ValueError, match="sample 1, step 1, feature 'var_2'"):
        model.fit(frame, y)
    with pytest.raises(ValueError, match="sample 1, step 1, feature 2"):
        regressor().fit(X, y).predict(frame)


def test_cell_that_is_no_series():
    frame = nested([pd.DataFrame({"a": [1.0, 2.0]})] * 2)
    frame["constant"] = pd.Series([1.0, 1.0], dtype=object)
    with pytest.raises(ValueError, match="instance 0, variable 'constant' is a float"):
        read_panel(frame)
    frame["constant"] = [np.array([1.0, 1.0])] * 2
    np.testing.assert_array_equal(read_panel(frame)[0], [[[1, 1], [2, 1]]] * 2)


def test_warning_names_the_line_of_the_user(panel):
    X, y = panel
    with pytest.warns(ConvergenceWarning) as caught:
        options = {"linear_steps": None, "learning_rate": 0.01}
        regressor(early_stopping=True, validation_fraction=0.3, **options).fit(X, y)
    assert caught[0].filename == __file__


# -- with sktime and scikit-learn ------------------------------------------------------


def test_pickle_and_save(panel, tmp_path):
    X, _ = panel
    model = classifier().fit(X, LABELS)
    expected = model.predict_proba(X)
    model.save(tmp_path / "model")
    for twin in (
        pickle.loads(pickle.dumps(model)),
        load(model.save()),
        load(tmp_path / "model.zip"),
    ):
        np.testing.assert_array_equal(twin.predict_proba(X), expected)


def test_parameters_and_clone(panel):
    model = regressor()
    assert is_regressor(model) and is_classifier(classifier())
    assert is_regressor(RNNPanelRegressor())
    assert clone(model).estimator is not model.estimator
    model.set_params(estimator__hidden_size=5)
    assert clone(model).get_params()["estimator__hidden_size"] == 5
    model.fit(*panel)
    assert model.estimator is not model.estimator_
    assert not hasattr(model.estimator, "net_")
    assert model.reset().estimator.hidden_size == 5
    assert not hasattr(model, "estimator_")


@pytest.mark.parametrize("name", ["estimator__hidden_size", "hidden_size"])
def test_grid_searches(panel, name):
    X, _ = panel
    frame = convert(X, "numpy3D", "nested_univ", "Panel")
    for search, data in ((GridSearchCV, frame), (TSCGridSearchCV, X)):
        search = search(classifier(), {name: [2, 5]}, cv=3).fit(data, LABELS)
        assert len(search.cv_results_["mean_test_score"]) == 2
        best = search.best_params_[name]
        expected = classifier(hidden_size=best).fit(X, LABELS).predict(X)
        np.testing.assert_array_equal(search.predict(data), expected)


def test_cross_validation(panel):
    X, y = panel
    rows = X.transpose(0, 2, 1)
    scores = cross_val_score(classifier(), X, LABELS, cv=4, scoring="accuracy")
    # As a classifier it gets folds with every class.
    proba = cross_val_predict(classifier(), X, LABELS, cv=4, method="predict_proba")
    assert scores.shape == (4,) and proba.shape == (12, 3)
    plain = RNNClassifier(**SHORT, random_state=0)
    np.testing.assert_array_equal(
        scores, cross_val_score(plain, rows, LABELS, cv=4, scoring="accuracy")
    )
    np.testing.assert_array_equal(
        proba, cross_val_predict(plain, rows, LABELS, cv=4, method="predict_proba")
    )
    plain = RNNRegressor(**SHORT, random_state=0)
    np.testing.assert_array_equal(
        cross_val_score(regressor(), X, y, cv=3), cross_val_score(plain, rows, y, cv=3)
    )


def test_pipelines(panel):
    X, y = panel
    X = np.abs(X)
    model = (ExponentTransformer(2) * regressor()).fit(X, y)
    expected = regressor().fit(X**2, y).predict(X**2)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-6)


def test_built_of_an_estimator(panel):
    X, y = panel
    inner = TransformedTargetRegressor(
        RNNRegressor(**SHORT), func=np.arcsinh, inverse_func=np.sinh
    )
    model = RNNPanelRegressor(inner, random_state=3).fit(X, y)
    assert model.estimator_.regressor_.random_state == 3
    assert np.isfinite(model.predict(X)).all()
    X[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match='taken with missing="indicator"'):
        model.predict(X)


def test_imputer_of_a_pipeline_does_its_work(panel):
    X, y = panel
    inner = make_pipeline(
        TimeDistributed(SimpleImputer(strategy="median")), RNNRegressor(**SHORT)
    )
    model = RNNPanelRegressor(inner, random_state=0).fit(X, y)
    filled = X.copy()
    filled[2, 1, 3] = np.median(X[:, 1])
    X[2, 1, 3] = np.nan
    np.testing.assert_array_equal(model.predict(X), model.predict(filled))
    assert model.fit(X, y).estimator_[-1].missing == "error"


@pytest.mark.parametrize(
    "loader, kind, options, accuracy",
    [
        (load_italy_power_demand, "numpy3D", {"early_stopping": True}, 0.93),
        (load_basic_motions, "numpy3D", {"batch_size": 8, "pooling": "mean"}, 0.95),
        (load_japanese_vowels, "nested_univ", {"hidden_size": 32}, 0.95),
    ],
    ids=["ItalyPowerDemand", "BasicMotions", "JapaneseVowels"],
)
def test_real_panels(loader, kind, options, accuracy):
    X, y = loader("train", return_type=kind)
    X_test, y_test = loader("test", return_type=kind)
    options = {"hidden_size": 16, "max_epochs": 25} | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = classifier(**options).fit(X, y)
    assert model.score(X_test, y_test) > accuracy


# -- forecasting by reduction ----------------------------------------------------------

FORECAST = SHORT | {"hidden_size": 16, "max_epochs": 40, "instance_norm": "last"}


@pytest.fixture
def airline():
    """The series, loaded apart: sktime undoes the filters of warnings."""
    return load_airline()


@pytest.mark.parametrize("strategy", ["recursive", "direct", "multioutput", "dirrec"])
def test_reductions(airline, strategy):
    forecasters = [
        make_reduction(estimator, strategy=strategy, window_length=24, scitype=scitype)
        for estimator, scitype in (
            (
                RNNPanelRegressor(RNNRegressor(**FORECAST), random_state=0),
                "time-series-regressor",
            ),
            (RNNRegressor(**FORECAST, random_state=0), "tabular-regressor"),
        )
    ]
    train, test = airline[:-12], airline[-12:]
    fh = [1, 6, 12]
    truth = test.iloc[[h - 1 for h in fh]]
    forecasts = []
    for forecaster in forecasters:
        with warnings.catch_warnings():  # for the same reason as above
            forecasts.append(forecaster.fit(train, fh=fh).predict())
        assert forecasts[-1].index.equals(truth.index)
    # Either way the window is read from its oldest value to its newest.
    np.testing.assert_array_equal(forecasts[0], forecasts[1])
    panel, tabular = (
        each.estimators_[0] if hasattr(each, "estimators_") else each.estimator_
        for each in forecasters
    )
    assert panel.estimator_.n_features_in_ == 1  # one variable over 24 steps
    assert tabular.n_features_in_ == 24  # columns that are read as steps
    naive = (truth - train.iloc[-1]).abs().mean()
    assert (truth - forecasts[0]).abs().mean() < naive


def test_reduction_finds_out_what_it_has(airline):
    forecaster = make_reduction(regressor(), window_length=12)
    assert type(forecaster).__name__ == "RecursiveTimeSeriesRegressionForecaster"
    assert forecaster.fit(airline).predict(fh=[1, 2]).notna().all()


def test_reduction_with_exogenous_variables(airline):
    y = airline
    X = pd.DataFrame({"month": y.index.month, "year": y.index.year}, index=y.index)
    forecaster = make_reduction(
        regressor(), window_length=12, strategy="recursive"
    ).fit(y[:-3], X=X[:-3])
    forecast = forecaster.predict(fh=[1, 2, 3], X=X[-3:])
    # The series and the two others are the variables of a step.
    assert forecaster.estimator_.estimator_.n_features_in_ == 3
    assert np.isfinite(forecast).all()


@pytest.mark.parametrize("seed", [True, 1.0, -1, 2**32, "zero"])
def test_a_seed_is_an_integer(panel, seed):
    X, y = panel
    for estimator in (RNNRegressor(**SHORT), None):
        with pytest.raises(ValueError, match="'random_state' parameter of RNNPanelReg"):
            RNNPanelRegressor(estimator, random_state=seed).fit(X, y)
