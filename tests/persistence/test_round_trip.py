"""Every option, through every way of keeping a model."""

import copy
import pickle
import re

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skrnn
from skrnn import (
    FlattenSequence,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
    TokenSequence,
    ToSequence,
)
from skrnn._estimator import state
from skrnn._sequences.tokens import TokenArray
from skrnn.onnx import to_onnx
from tests.onnx.support import assert_near, run
from tests.persistence.options import (
    CLASSIFIERS,
    FUNCTIONS,
    LABELS,
    OBJECTS,
    REGRESSORS,
    SMALL,
    TRANSFORMERS,
    X,
    Y,
    from_program,
    untried,
)
from tests.persistence.support import assert_tells, kept, told


def check(model, tmp_path, trusted=(), given=X):
    """Assert that copies by every way say the same, to the bit; return them."""
    expected = told(model, given)
    twins = {way: read() for way, read in kept(model, tmp_path, trusted).items()}
    twins |= {"copy": copy.copy(model), "deepcopy": copy.deepcopy(model)}
    for twin in twins.values():
        assert_tells(twin, expected, given)
    return twins.values()


def same(found, given):
    """Whether two parameters are equal."""
    if isinstance(given, np.random.RandomState):
        found, given = found.get_state(), given.get_state()
    return joblib.hash(found) == joblib.hash(given)


def check_onnx(model, X=X):
    """Assert that the graph of a model says the same."""
    got = run(to_onnx(model), X=X)
    if isinstance(model, RNNClassifier):
        assert_array_equal(got["label"], model.predict(X))
        assert_near(got["probabilities"], model.predict_proba(X))
    else:
        assert_near(got["variable"], model.predict(X))
        if hasattr(model, "predict_quantiles"):
            assert_near(got["quantiles"], model.predict_quantiles(X))


def without_address(options):
    """Options (dict) as text that is the same in every process."""
    return re.sub(r" at 0x\w+", "", str(options))


@pytest.mark.parametrize("kind", [RNNRegressor, RNNClassifier])
def test_every_parameter_and_every_word_is_tried(kind):
    assert untried(kind) == set()


@pytest.mark.parametrize("options", REGRESSORS, ids=without_address)
def test_regressors(options, tmp_path):
    model = RNNRegressor(**SMALL | options).fit(X, Y)
    for twin in check(model, tmp_path):
        assert vars(twin).keys() == vars(model).keys()
        assert twin.settings_ == model.settings_
        for name in ("n_iter_", "best_epochs_", "loss_curve_", "fit_time_"):
            assert getattr(twin, name) == getattr(model, name), name
        assert str(twin.summary()) == str(model.summary())
        for name, value in options.items():
            assert same(getattr(twin, name), value)
    check_onnx(model)


@pytest.mark.parametrize("options", CLASSIFIERS, ids=without_address)
def test_classifiers(options, tmp_path):
    model = RNNClassifier(**{"n_kernels": 84} | SMALL | options).fit(X, LABELS)
    for twin in check(model, tmp_path):
        assert_array_equal(twin.classes_, model.classes_)
        assert str(twin.summary()) == str(model.summary())
        for name, value in options.items():
            assert same(getattr(twin, name), value)
    check_onnx(model)


@pytest.mark.parametrize("options", from_program(), ids="-".join)
def test_what_a_program_defines_is_kept_by_cloudpickle_alone(options, tmp_path):
    model = RNNRegressor(**SMALL | options).fit(X, Y)
    twin = cloudpickle.loads(cloudpickle.dumps(model))
    assert_tells(twin, told(model, X), X)
    check_onnx(model)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(model)


def test_a_place_for_checkpoints_is_kept(tmp_path):
    model = RNNRegressor(**SMALL, checkpoint_dir=tmp_path / "checkpoints").fit(X, Y)
    for twin in check(model, tmp_path):
        assert twin.checkpoint_dir == model.checkpoint_dir
        assert type(twin.checkpoint_dir) is type(model.checkpoint_dir)
    # By which class, only some versions of Python would know.
    assert b"pathlib" not in pickle.dumps(model)


@pytest.mark.parametrize("kind", [RNNRegressor, RNNClassifier])
def test_embeddings_of_categories_are_kept(kind, tmp_path):
    coded = X.copy()
    coded[:, :, 1] = np.digitize(X[:, :, 1], [-1, 0, 1])
    options = {"categorical_features": [1], "embedding_size": 2}
    model = kind(**SMALL | options).fit(coded, LABELS if kind is RNNClassifier else Y)
    unknown = np.where(coded == 3, 9, coded)
    for given in coded, unknown:
        for twin in check(model, tmp_path, given=given):
            assert str(twin.summary()) == str(model.summary())
            assert twin.get_params() == model.get_params()
        check_onnx(model, given)


def test_several_labels(tmp_path):
    model = RNNClassifier(**SMALL, n_kernels=84).fit(X, (Y > 0).astype(int))
    check(model, tmp_path)


def test_counts_and_first_calls_of_partial_fit(tmp_path):
    check(RNNRegressor(**SMALL, loss="poisson").fit(X, Y), tmp_path)
    check(RNNRegressor(**SMALL).partial_fit(X, Y[:, 0]), tmp_path)


@pytest.mark.parametrize("options", OBJECTS, ids="-".join)
def test_objects_of_torch_are_to_be_trusted(options, tmp_path):
    model = RNNRegressor(**SMALL | options).fit(X, Y)
    skrnn.save(model, tmp_path / "model.skops")
    with pytest.raises(
        skrnn.exceptions.ModelFileError, match=r"trusted: .*(torch|skorch)"
    ):
        skrnn.load(tmp_path / "model.skops")
    untrusted = skrnn.persistence.describe(tmp_path / "model.skops")["untrusted"]
    check(model, tmp_path, untrusted)


def test_pretrained_weights(tmp_path):
    first = RNNRegressor(**SMALL).fit(X, Y)
    check(RNNRegressor(**SMALL, init=first).fit(X, Y), tmp_path)


def test_pipelines_keep_their_windows(tmp_path):
    hours = pd.date_range("2024", periods=60, freq="h", tz="Europe/Berlin")
    index = pd.MultiIndex.from_product([["a", "b"], hours], names=["site", "hour"])
    table = pd.DataFrame({"load": np.arange(120) % 7.0}, index=index)
    last = RNNRegressor(**SMALL)
    window = SlidingWindow(4, horizon=1)
    model = make_pipeline(window, TimeDistributed(StandardScaler()), last)
    rows = np.tile(np.arange(60) < 50, 2)
    model.fit(table[rows], table.load[rows])
    check(model, tmp_path, given=table[~rows])


def test_a_splitter_of_skrnn_is_trusted(tmp_path):
    splitter = skrnn.model_selection.PanelTimeSeriesSplit(2, series="a", time="b")
    skrnn.save(splitter, tmp_path / "splitter.skops")
    again = skrnn.load(tmp_path / "splitter.skops")
    assert repr(again) == repr(splitter)
    assert repr(pickle.loads(pickle.dumps(splitter))) == repr(splitter)


def test_what_is_not_fitted_is_kept_too(tmp_path):
    model = make_pipeline(
        SlidingWindow(3, freq="D"), FlattenSequence(), ToSequence(3, 1), RNNClassifier()
    )
    skrnn.save(model, tmp_path / "model.skops")
    for twin in (
        skrnn.load(tmp_path / "model.skops"),
        pickle.loads(pickle.dumps(model)),
    ):
        assert str(twin.get_params()) == str(model.get_params())


def contents_of(sequences):
    """What transformed sequences are made of (list of ndarray)."""
    if isinstance(sequences, TokenArray):
        return [*sequences, *(sequences.codes.identity[:1]), sequences.codes.vectors]
    coded = getattr(sequences, "categories", {})
    return [np.asarray(sequences), *coded, *(of.words for of in coded.values())]


@pytest.mark.parametrize(("transformer", "given"), TRANSFORMERS)
def test_transformers(transformer, given, tmp_path):
    model = clone(transformer).fit(given)
    expected = contents_of(model.transform(given))
    for way, read in kept(model, tmp_path).items():
        twin = read()
        for got, part in zip(contents_of(twin.transform(given)), expected, strict=True):
            assert_array_equal(got, part, err_msg=way)
        assert str(twin.get_params()) == str(model.get_params())


def test_every_parameter_of_transformers_is_tried():
    kinds = SlidingWindow, TimeDistributed, ToSequence, FlattenSequence, TokenSequence
    for kind in kinds:
        default = kind().get_params(deep=False)
        rows = [t.get_params(deep=False) for t, _ in TRANSFORMERS if type(t) is kind]
        for name, value in default.items():
            is_tried = any(row[name] is not value for row in rows)
            assert is_tried or name in FUNCTIONS, name


# -- what is not kept -----------------------------------------------------------------


def test_size_does_not_depend_on_the_samples():
    model = RNNRegressor(**SMALL)
    sizes = [
        len(pickle.dumps(model.fit(np.tile(X, (n, 1, 1)), np.tile(Y, (n, 1)))))
        for n in (1, 20)
    ]
    assert abs(sizes[0] - sizes[1]) < 100


def test_a_default_regressor_takes_no_more_than_twice_its_weights(tmp_path):
    model = RNNRegressor(max_epochs=40, random_state=0, early_stopping=False)
    model.fit(X[:, :, 0], Y[:, 0])
    skrnn.save(model, tmp_path / "model.skops")
    n_bytes = 4 * model.summary().n_parameters
    assert (tmp_path / "model.skops").stat().st_size <= 2 * n_bytes


def test_a_loaded_model_goes_on_with_a_new_optimiser():
    model = RNNRegressor(**SMALL).partial_fit(X, Y)
    twin = pickle.loads(pickle.dumps(model))
    assert model.net_.optimizer_.state_dict()["state"]
    assert not twin.net_.optimizer_.state_dict()["state"]
    again = pickle.loads(pickle.dumps(model))
    # What is random goes on alike from each copy.
    assert_array_equal(
        twin.partial_fit(X, Y).predict(X), again.partial_fit(X, Y).predict(X)
    )
    assert twin.n_iter_ == 2


# -- versions -------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["skrnn", "scikit-learn", "torch"])
def test_another_version_is_told(package, monkeypatch):
    model = RNNRegressor(**SMALL).fit(X, Y)
    written = state.versions() | {package: "0.0.1"}
    with monkeypatch.context() as patch:
        patch.setattr(state, "versions", lambda: written)
        content = pickle.dumps(model)
    with pytest.warns(InconsistentVersionWarning, match=f"{package} 0.0.1"):
        twin = pickle.loads(content)
    assert_array_equal(twin.predict(X), model.predict(X))


def test_a_later_format_is_refused(monkeypatch):
    monkeypatch.setattr(state, "FORMAT", 10**6)
    content = pickle.dumps(RNNRegressor(**SMALL).fit(X, Y))
    monkeypatch.undo()
    with pytest.raises(ValueError, match="later version of skrnn, in format 1000000"):
        pickle.loads(content)
