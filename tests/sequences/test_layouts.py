"""The estimator contract for every layout of X, a twin of scikit-learn's checks."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict

from skrnn import RNNClassifier, RNNRegressor, SlidingWindow, make_windows

FAST = {"hidden_size": 6, "max_epochs": 3, "n_estimators": 2, "random_state": 0}
FULL_BATCH = {
    "hidden_size": 5,
    "batch_size": None,
    "dtype": "float64",
    "early_stopping": False,
    "n_estimators": 1,
    "max_epochs": 10,
    "random_state": 0,
}
N, L, F = 24, 6, 3
RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(N, L, F))
LENGTHS = RNG.integers(0, L + 1, N)
LENGTHS[:2] = (0, L)  # a sample without any step among them


def rows():
    return ROWS[:, :, 0].copy()


def dense():
    return ROWS.copy()


def ragged():
    return [ROWS[i, :length] for i, length in enumerate(LENGTHS)]


def padded():
    X = ROWS.copy()
    X[np.arange(L) >= LENGTHS[:, None]] = np.nan
    return X


def sliding_window():
    return SlidingWindow(L).fit_transform(ROWS[:, 0])


def make_windows_output():
    return make_windows(RNG.normal(size=(N + L, F)), L)[0]


LAYOUTS = [rows, dense, ragged, padded, sliding_window, make_windows_output]
every_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda f: f.__name__)
every_estimator = pytest.mark.parametrize("Estimator", [RNNRegressor, RNNClassifier])


def take(X, indices):
    return [X[i] for i in indices] if isinstance(X, list) else X[np.asarray(indices)]


def target(X, Estimator):
    y = np.random.default_rng(1).normal(size=len(X))
    return (y > 0).astype(int) if Estimator is RNNClassifier else y


def output(model, X):
    return model.predict_proba(X) if is_classifier(model) else model.predict(X)


@every_layout
@every_estimator
def test_contract(Estimator, layout):
    X = layout()
    y = target(X, Estimator)
    model = Estimator(**FAST)
    before = model.get_params()
    with pytest.raises(NotFittedError):
        model.predict(X)
    assert set(vars(model)) == set(before)
    assert model.fit(X, y) is model
    assert model.get_params() == before
    unpublished = {name for name in vars(model) if not name.startswith("_")}
    assert all(name in before or name.endswith("_") for name in unpublished)
    state = vars(model).copy()
    result = output(model, X)
    assert vars(model) == state
    assert result.dtype == np.float64
    assert np.isfinite(result).all()
    assert len(result) == len(X)
    assert_array_equal(output(clone(model).fit(X, y), X), result)
    assert_array_equal(output(pickle.loads(pickle.dumps(model)), X), result)
    assert np.isfinite(model.score(X, y))


@every_layout
@every_estimator
def test_rows_of_a_call_are_independent(Estimator, layout):
    X = layout()
    model = Estimator(**FAST).fit(X, target(X, Estimator))
    result = output(model, X)
    order = np.random.default_rng(2).permutation(len(X))
    assert_allclose(output(model, take(X, order)), result[order], 1e-7, 1e-9)
    single = [output(model, take(X, [i])) for i in range(len(X))]
    assert_allclose(np.concatenate(single), result, rtol=1e-7, atol=1e-9)


@every_layout
@every_estimator
def test_memory_mapped_model(Estimator, layout, tmp_path):
    X = layout()
    model = Estimator(**FAST).fit(X, target(X, Estimator))
    joblib.dump(model, tmp_path / "model.joblib")
    loaded = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    assert_array_equal(output(loaded, X), output(model, X))


@every_layout
@every_estimator
def test_integer_weights_are_repetitions(Estimator, layout):
    X = layout()
    y = target(X, Estimator)
    weight = np.random.default_rng(3).integers(0, 4, len(X))
    weight[0] = 2
    weighted = Estimator(**FULL_BATCH).fit(X, y, sample_weight=weight)
    repeats = np.repeat(np.arange(len(X)), weight)
    repeated = Estimator(**FULL_BATCH).fit(take(X, repeats), y[repeats])
    assert_allclose(output(weighted, X), output(repeated, X), rtol=1e-7, atol=1e-9)


@every_layout
@every_estimator
def test_zero_weight_is_absence(Estimator, layout):
    X = layout()
    y = target(X, Estimator)
    weight = np.ones(len(X))
    weight[[3, 7, len(X) - 1]] = 0
    kept = np.flatnonzero(weight)
    weighted = Estimator(**FAST).fit(X, y, weight)
    without = Estimator(**FAST).fit(take(X, kept), y[kept], weight[kept])
    assert_array_equal(output(weighted, X), output(without, X))


@every_layout
@every_estimator
def test_grid_search(Estimator, layout):
    X = layout()
    y = target(X, Estimator)
    search = GridSearchCV(
        Estimator(**FAST), {"cell": ["gru", "rnn"]}, cv=KFold(2), error_score="raise"
    )
    results = search.fit(X, y).cv_results_
    assert np.isfinite(results["mean_test_score"]).all()
    predicted = cross_val_predict(Estimator(**FAST), X, y, cv=KFold(2))
    assert len(predicted) == len(X)
    for i, (train, test) in enumerate(KFold(2).split(y)):
        model = Estimator(**FAST, cell="gru").fit(take(X, train), y[train])
        score = model.score(take(X, test), y[test])
        assert results[f"split{i}_test_score"][0] == score
        assert_array_equal(predicted[test], model.predict(take(X, test)))


@every_layout
@every_estimator
def test_partial_fit_and_warm_start(Estimator, layout):
    X = layout()
    y = target(X, Estimator)
    options = {"classes": [0, 1]} if Estimator is RNNClassifier else {}
    model = Estimator(**FAST).partial_fit(X, y, **options)
    assert model.n_iter_ == 1
    assert model.partial_fit(X, y).n_iter_ == 2
    warm = Estimator(**FAST, warm_start=True).fit(X, y).fit(X, y)
    assert len(warm.loss_curve_) == 6
    assert warm.n_iter_ == 3


def test_layouts_of_the_same_data_agree():
    y = target(ROWS, RNNRegressor)
    model = RNNRegressor(**FULL_BATCH)
    reference = model.fit(padded(), y).predict(padded())
    assert_allclose(model.fit(ragged(), y).predict(ragged()), reference, 1e-10)
    windows = sliding_window()
    lazy = model.fit(windows, y).predict(windows)
    whole = np.asarray(windows)
    assert_allclose(model.fit(whole, y).predict(whole), lazy, rtol=1e-10)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "mixed", "attention"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_absent_steps_are_never_seen(cell, pooling, bidirectional):
    model = RNNRegressor(
        cell, pooling=pooling, bidirectional=bidirectional, num_layers=2, **FULL_BATCH
    )
    model.fit(ROWS, target(ROWS, RNNRegressor))
    X = ROWS.copy()
    X[:, [0, 2, 5]] = np.nan
    assert_allclose(model.predict(X), model.predict(ROWS[:, [1, 3, 4]]), rtol=1e-12)
    nothing = np.full((2, L, F), np.nan)
    assert np.isfinite(model.predict(nothing)).all()
    assert_array_equal(model.predict(nothing), model.predict([ROWS[0, :0]] * 2))


def test_any_number_of_steps_at_predict():
    model = RNNRegressor(**FAST).fit(ROWS, target(ROWS, RNNRegressor))
    for n_steps in (0, 1, 4, 11):
        X = np.zeros((2, n_steps, F))
        assert model.predict(X).shape == (2,)
    assert model.predict([np.zeros((2, F)), np.zeros((9, F))]).shape == (2,)


@every_estimator
def test_wrong_layout_or_features(Estimator):
    y = target(ROWS, Estimator)
    model = Estimator(**FAST).fit(ROWS, y)
    name = Estimator.__name__
    assert model.n_features_in_ == F
    with pytest.raises(ValueError, match=f"X has 2 features, but {name} is expecting"):
        model.predict(ROWS[:, :, :2])
    with pytest.raises(ValueError, match="was fitted on 3-D sequences"):
        model.predict(rows())
    with pytest.raises(ValueError, match="was fitted on 2-D rows"):
        Estimator(**FAST).fit(rows(), y).predict(ROWS)
    with pytest.raises(ValueError, match=f"X has 5 features, but {name} is expecting"):
        Estimator(**FAST).fit(rows(), y).predict(rows()[:, :5])


@pytest.mark.parametrize(
    "dtype", ["f2", "f4", "f8", "i1", "i8", "u1", "u2", "bool", ">f8"]
)
@every_estimator
def test_dtypes(Estimator, dtype):
    X = (RNG.normal(size=(N, L, F)) * 20).astype(dtype)
    y = target(X, Estimator)
    model = Estimator(**FAST).fit(X, y)
    reference = Estimator(**FAST).fit(X.astype(float), y)
    assert_allclose(output(model, X), output(reference, X), rtol=1e-4, atol=1e-4)


@every_estimator
def test_memory_orders(Estimator, tmp_path):
    y = target(ROWS, Estimator)
    reference = output(Estimator(**FAST).fit(ROWS, y), ROWS)
    mapped = np.memmap(tmp_path / "X", float, "w+", shape=ROWS.shape)
    mapped[:] = ROWS
    read_only = ROWS.copy()
    read_only.flags.writeable = False
    for X in (np.asfortranarray(ROWS), mapped, read_only, ROWS[::-1][::-1]):
        assert_array_equal(output(Estimator(**FAST).fit(X, y), X), reference)


def test_no_samples_and_one_without_a_list():
    model = RNNRegressor(**FAST)
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        model.fit([], [])
    model.fit(ROWS, target(ROWS, RNNRegressor))
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        model.predict([])
    with pytest.raises(ValueError, match=r"a single sequence x is \[x\]"):
        model.predict(ROWS[0])
    assert model.predict([ROWS[0]]).shape == (1,)


def test_frames_and_series():
    pl = pytest.importorskip("polars")
    X, y = rows(), target(ROWS, RNNRegressor)
    names = [f"lag{i}" for i in range(L)]
    reference = RNNRegressor(**FAST).fit(X, y).predict(X)
    for frame in (pd.DataFrame(X, columns=names), pl.DataFrame(X, schema=names)):
        model = RNNRegressor(**FAST).fit(frame, pd.Series(y))
        assert list(model.feature_names_in_) == names
        assert_array_equal(model.predict(frame), reference)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(pd.DataFrame(X, columns=names[::-1]))
    frames = [pd.DataFrame(x, columns=["a", "b", "c"]) for x in ROWS]
    model = RNNRegressor(**FAST).fit(frames, y)
    assert list(model.feature_names_in_) == ["a", "b", "c"]
    with pytest.raises(ValueError, match="must have the columns"):
        model.predict([frames[0], frames[1][["b", "a", "c"]]])


@pytest.mark.parametrize("shape", [(N,), (N, 1), (N, 4)])
def test_regressor_keeps_the_shape_of_y(shape):
    y = RNG.normal(size=shape)
    model = RNNRegressor(**FAST).fit(ROWS, y)
    assert model.predict(ROWS).shape == shape
    assert model.n_outputs_ == y.reshape(N, -1).shape[1]


@pytest.mark.parametrize(
    "labels",
    [
        ["no", "yes"],
        [False, True],
        [-1, 1],
        [10**9, 3],
        np.array(["a", "b", "c"], object),
        ["only"],
    ],
)
def test_any_labels(labels):
    y = np.asarray(labels)[np.arange(N) % len(labels)]
    model = RNNClassifier(**FAST).fit(ROWS, y)
    predicted = model.predict(ROWS)
    assert predicted.dtype == y.dtype
    assert set(predicted) <= set(y)
    probability = model.predict_proba(ROWS)
    assert_allclose(probability.sum(axis=1), 1, rtol=1e-12)
    assert_allclose(np.log(probability), model.predict_log_proba(ROWS), atol=1e-9)
    assert_array_equal(model.classes_[probability.argmax(1)], predicted)


def test_column_of_labels_warns():
    y = np.arange(N) % 2
    with pytest.warns(DataConversionWarning):
        model = RNNClassifier(**FAST).fit(ROWS, y[:, None])
    expected = RNNClassifier(**FAST).fit(ROWS, y).predict(ROWS)
    assert_array_equal(model.predict(ROWS), expected)


def test_multilabel():
    y = RNG.integers(0, 2, (N, 3))
    model = RNNClassifier(**FAST).fit(ROWS, y)
    probability = model.predict_proba(ROWS)
    assert probability.shape == (N, 3)
    assert_array_equal(model.predict(ROWS), (probability > 0.5).astype(int))
    assert_allclose(np.exp(model.predict_log_proba(ROWS)), probability)
    assert_allclose(model.decision_function(ROWS) > 0, probability > 0.5)


@every_estimator
@pytest.mark.parametrize("n_samples", [1, 2])
def test_one_and_two_rows(Estimator, n_samples):
    X = ROWS[:n_samples]
    y = np.arange(n_samples)
    model = Estimator(**FAST).fit(X, y)
    assert np.isfinite(output(model, X)).all()
    assert model.validation_loss_curve_ is None
    assert model.best_epoch_ == model.n_iter_ == 3


def test_constant_features_and_targets():
    X = np.full((N, L, 2), 7.0)
    model = RNNRegressor(**FAST).fit(X, np.full(N, 1e6))
    assert_allclose(model.predict(X), 1e6, rtol=1e-6)


def test_units_do_not_matter():
    y = target(ROWS, RNNRegressor)
    reference = RNNRegressor(**FULL_BATCH).fit(ROWS, y).predict(ROWS)
    shifted = RNNRegressor(**FULL_BATCH).fit(ROWS * 1e-6 + 1.0, y * 1e9 - 5)
    result = shifted.predict(ROWS * 1e-6 + 1.0)
    assert_allclose((result + 5) / 1e9, reference, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.inf, r"contains infinity.*sample 3, step 2, feature {1}"),
        (np.nan, r"contains NaN: sample 3, step 2, feature {1}"),
    ],
)
@pytest.mark.parametrize("layout", [dense, ragged, sliding_window])
def test_faulty_steps_are_named(layout, value, message):
    feature = "1"
    if layout is sliding_window:
        frame = pd.DataFrame(ROWS[:, 0], columns=["a", "b", "c"])
        frame.iloc[0, 1] = value
        X, feature = frame, "'b'"
        message = message.replace("3, step 2", "0, step 5")
        window = SlidingWindow(L)
        if np.isinf(value):
            with pytest.raises(ValueError, match="infinity"):
                window.fit_transform(X)
            return
        X = window.fit_transform(X)
    elif layout is ragged:
        X = [x.copy() for x in dense()]
        X[3][2, 1] = value
    else:
        X = dense()
        X[3, 2, 1] = value
    with pytest.raises(ValueError, match=message.replace("{1}", feature)):
        RNNRegressor(**FAST).fit(X, np.arange(N))


def test_infinity_in_rows():
    X = rows()
    X[4, 1] = -np.inf
    with pytest.raises(ValueError, match="sample 4, step 1"):
        RNNRegressor(**FAST).fit(X, np.arange(N))
