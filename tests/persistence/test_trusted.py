"""What is loaded without being named: what scikit-learn, SciPy and NumPy have."""

import inspect
import json
import zipfile
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pytest
import sklearn
import skops.io
from numpy.testing import assert_array_equal
from scipy import stats
from sklearn import model_selection
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_selector,
)
from sklearn.ensemble import StackingRegressor, VotingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.metrics import (
    get_scorer,
    get_scorer_names,
    make_scorer,
    mean_pinball_loss,
)
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    StratifiedGroupKFold,
    TimeSeriesSplit,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    QuantileTransformer,
    SplineTransformer,
)
from skops.io._protocol import PROTOCOL

import skrnn
from skrnn import RNNClassifier, RNNRegressor, SlidingWindow
from skrnn.exceptions import ModelFileError
from skrnn.model_selection import PanelTimeSeriesSplit

RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, 4))
Y = X @ [1.0, 2.0, 3.0, 4.0]
LABELS = np.arange(32) % 3
OPTIONS = {"hidden_size": 2, "max_epochs": 2, "n_estimators": 1, "random_state": 0}
REGRESSOR = RNNRegressor(early_stopping=False, **OPTIONS)
CLASSIFIER = RNNClassifier(early_stopping=False, n_kernels=None, **OPTIONS)
DRAWN = {
    "learning_rate": stats.loguniform(1e-3, 1e-1),
    "hidden_size": stats.randint(2, 4),
    "dropout": stats.uniform(loc=0.0, scale=0.5),
    "momentum": stats.beta(2, 3),
}
TABLE = pd.DataFrame(np.abs(X), columns=list("abcd"))
COLUMNS = ColumnTransformer(
    [
        ("log", FunctionTransformer(np.log1p), make_column_selector("a")),
        ("clip", FunctionTransformer(partial(np.clip, a_min=0, a_max=1)), ["b"]),
        (
            "fill",
            make_pipeline(SimpleImputer(), FunctionTransformer(np.nan_to_num)),
            [2],
        ),
        ("hours", SplineTransformer(n_knots=3), [3]),
    ]
)


def again(model, folder):
    """The same model from a file."""
    skrnn.save(model, folder / "model.skops")
    return skrnn.load(folder / "model.skops")


@pytest.mark.parametrize(
    ("model", "y", "groups"),
    [
        (
            GridSearchCV(
                make_pipeline(SelectKBest(f_regression, k=3), REGRESSOR),
                {"rnnregressor__hidden_size": [2, 3]},
                cv=TimeSeriesSplit(2),
                scoring=["r2", "neg_mean_squared_error"],
                refit="r2",
            ),
            Y,
            None,
        ),
        (
            make_pipeline(
                SlidingWindow(2),
                GridSearchCV(
                    REGRESSOR,
                    {"hidden_size": [2]},
                    cv=KFold(2, shuffle=True, random_state=np.random.RandomState(0)),
                    scoring=make_scorer(mean_pinball_loss, alpha=0.1),
                ),
            ),
            Y,
            None,
        ),
        (RandomizedSearchCV(REGRESSOR, DRAWN, n_iter=2, cv=2, random_state=0), Y, None),
        (
            HalvingGridSearchCV(
                CLASSIFIER,
                {"hidden_size": [2, 3]},
                cv=StratifiedGroupKFold(2),
                random_state=0,
            ),
            LABELS,
            np.arange(32) % 4,
        ),
        (VotingRegressor([("a", REGRESSOR), ("b", Ridge())]), Y, None),
        (StackingRegressor([("a", REGRESSOR), ("b", Ridge())], cv=2), Y, None),
        (
            TransformedTargetRegressor(
                REGRESSOR, func=np.arcsinh, inverse_func=np.sinh
            ),
            Y,
            None,
        ),
        (
            TransformedTargetRegressor(
                REGRESSOR, transformer=QuantileTransformer(n_quantiles=10)
            ),
            Y,
            None,
        ),
        (CalibratedClassifierCV(CLASSIFIER, cv=2), LABELS, None),
        (OneVsRestClassifier(CLASSIFIER), LABELS, None),
        (MultiOutputRegressor(REGRESSOR), np.c_[Y, -Y], None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_built_of_estimators_is_loaded(model, y, groups, tmp_path):
    model = sklearn.clone(model)
    model.fit(X, y, **({} if groups is None else {"groups": groups}))
    twin = again(model, tmp_path)
    assert_array_equal(twin.predict(X), model.predict(X))
    assert skrnn.persistence.describe(tmp_path / "model.skops")["untrusted"] == []
    if hasattr(model, "cv_results_"):
        assert twin.score(X, y) == model.score(X, y)
        assert twin.best_params_ == model.best_params_


def test_functions_of_numpy_and_splines_are_loaded(tmp_path):
    model = make_pipeline(sklearn.clone(COLUMNS), SlidingWindow(2), REGRESSOR)
    model.fit(TABLE, Y)
    assert_array_equal(again(model, tmp_path).predict(TABLE), model.predict(TABLE))


def test_every_scorer_and_splitter_is_loaded(tmp_path):
    given = {"p": 1, "n_groups": 1, "test_fold": [0, 1]}
    splitters = [PanelTimeSeriesSplit(2)]
    for name in model_selection.__all__:
        kind = getattr(model_selection, name)
        if hasattr(kind, "split") and not name.startswith("Base"):
            names = inspect.signature(kind).parameters
            splitters.append(kind(**{n: given[n] for n in names if n in given}))
    assert len(splitters) > 15
    scorers = {name: get_scorer(name) for name in get_scorer_names()}
    searches = [GridSearchCV(REGRESSOR, {}, cv=one) for one in splitters]
    models = [*searches, GridSearchCV(REGRESSOR, {}, scoring=scorers)]
    assert str(again(models, tmp_path)) == str(models)


def test_distributions_draw_the_same(tmp_path):
    # An open one needs no parameters.
    found = again({**DRAWN, "open": stats.norm}, tmp_path)
    for name, drawn in {**DRAWN, "open": stats.norm}.items():
        got, expected = (
            one.rvs(size=5, random_state=np.random.RandomState(1))
            for one in (found[name], drawn)
        )
        assert_array_equal(got, expected)


def test_requests_for_metadata_are_loaded(tmp_path):
    with sklearn.config_context(enable_metadata_routing=True):
        last = sklearn.clone(REGRESSOR).set_fit_request(sample_weight="weight")
        scorer = get_scorer("r2").set_score_request(sample_weight=True)
        model = GridSearchCV(last, {"hidden_size": [2]}, cv=2, scoring=scorer)
        twin = again(model, tmp_path)
        weight = np.linspace(0, 1, 32)
        for one in (model, twin):
            one.fit(X, Y, weight=weight, sample_weight=weight)
        assert_array_equal(twin.predict(X), model.predict(X))
        assert str(twin.get_metadata_routing()) == str(model.get_metadata_routing())


# -- what is not ----------------------------------------------------------------------


@pytest.mark.parametrize("module", ["pathlib", "pathlib._local"])
@pytest.mark.parametrize("kind", ["PosixPath", "WindowsPath"])
def test_paths_are_loaded_whichever_python_and_system_wrote_them(
    module, kind, tmp_path
):
    path, given = tmp_path / "model.skops", Path("a", "b.csv")
    model = FunctionTransformer(kw_args={"path": given, "pure": PurePosixPath("c")})
    names = {"pathlib.Path", "pathlib.PurePosixPath"}
    assert again(model, tmp_path).kw_args == model.kw_args
    assert names < set(skrnn.persistence.describe(path)["types"])
    # skops by itself names the class, here as others do.
    content, schema = BytesIO(), skops_schema(model)
    for place, name in ("path", kind), ("pure", "PurePosixPath"):
        named = schema["content"]["content"]["kw_args"]["content"][place]
        named |= {"__module__": module, "__class__": name}
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))
    path.write_bytes(content.getvalue())
    assert skrnn.persistence.describe(path)["untrusted"] == []
    found = skrnn.load(path).kw_args
    assert found == model.kw_args
    assert list(map(type, found.values())) == [type(given), PurePosixPath]


def skops_schema(model):
    """What skops by itself writes of a model without arrays (dict)."""
    with zipfile.ZipFile(BytesIO(skops.io.dumps(model))) as archive:
        return json.loads(archive.read("schema.json"))


def own(values):
    """A function that a user might have."""
    return values


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (FunctionTransformer(own), r"test_trusted\.own"),
        (FunctionTransformer(partial(own)), r"test_trusted\.own"),
        (GridSearchCV(REGRESSOR, {}, scoring=make_scorer(own)), r"test_trusted\.own"),
        # They read files, or make more than they are given.
        (FunctionTransformer(np.load), "load"),
        (FunctionTransformer(np.fromfile), r"numpy\.fromfile"),
        (FunctionTransformer(np.tile), r"numpy\.tile"),
        (FunctionTransformer(sklearn.datasets.load_files), "load_files"),
        (FunctionTransformer(eval), r"builtins\.eval"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_functions_are_to_be_named(model, name, tmp_path):
    path = tmp_path / "model.skops"
    skrnn.save(model, path)
    with pytest.raises(ModelFileError, match=f"not trusted: [^,]*{name}. If you know"):
        skrnn.load(path)
    [untrusted] = skrnn.persistence.describe(path)["untrusted"]
    assert str(skrnn.load(path, trusted=[untrusted])) == str(model)


def node(name, loader, **more):
    """What a file says of an object."""
    module, _, kind = name.rpartition(".")
    return {"__class__": kind, "__module__": module, "__loader__": loader, **more}


def plain(value):
    return node("builtins.str", "JsonNode", content=json.dumps(value))


NOTHING = node("builtins.tuple", "TupleNode", content=[])
EMPTY = {"content": {}, "key_types": node("builtins.list", "ListNode", content=[])}


@pytest.mark.parametrize(
    "forged",
    [
        # A function that is called as the file is read, by three ways.
        node("numpy.copy", "ConstructorFromReduceNode", content=NOTHING),
        node("sklearn.metrics._regression.r2_score", "ListNode", content=[]),
        node("numpy.sort", "DictNode", **EMPTY),
        node("skrnn.persistence._distribution", "FunctionNode"),
        # SciPy would run source code that is in the state.
        node(
            "scipy.stats._continuous_distns.uniform_gen",
            "ObjectNode",
            content=node(
                "builtins.dict",
                "DictNode",
                content={"_parse_arg_template": plain("raise SystemExit")},
                key_types=node(
                    "builtins.list",
                    "ListNode",
                    content=[node("builtins.str", "TypeNode")],
                ),
            ),
        ),
        node("scipy.interpolate._bsplines.BSpline", "ObjectNode", content=NOTHING),
        node(
            "skrnn.persistence._distribution",
            "ConstructorFromReduceNode",
            content=node(
                "builtins.tuple",
                "TupleNode",
                content=[plain("__doc__"), plain(None), plain({})],
            ),
        ),
    ],
    ids=lambda value: f"{value['__class__']} by {value['__loader__']}",
)
def test_what_is_trusted_is_trusted_in_its_own_form_alone(forged, tmp_path):
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        schema = {**forged, "protocol": PROTOCOL}
        archive.writestr("schema.json", json.dumps(schema))
    (tmp_path / "model.skops").write_bytes(content.getvalue())
    with pytest.raises(ModelFileError, match=r"not trusted|no distribution"):
        skrnn.load(tmp_path / "model.skops")


def test_other_files_of_skops_are_as_they_were(tmp_path):
    written = skops.io.dumps(DRAWN["dropout"])
    again(DRAWN, tmp_path)
    after = skops.io.get_untrusted_types(data=skops.io.dumps(DRAWN["dropout"]))
    assert after == skops.io.get_untrusted_types(data=written)
