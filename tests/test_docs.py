"""The README's code runs, and every public docstring is complete."""

import doctest
import inspect
import pkgutil
import re
from pathlib import Path

import pytest
from numpydoc.validate import validate

import skrnn
import skrnn.distributed
import skrnn.inspection
import skrnn.onnx
import skrnn.plotting
import skrnn.streaming
from skrnn.exceptions import NonFiniteLossError

ROOT = Path(__file__).parent.parent
CLASSES = [
    "RNNRegressor",
    "RNNClassifier",
    "SlidingWindow",
    "ToSequence",
    "FlattenSequence",
    "TimeDistributed",
    "TokenSequence",
]
# Left out: extended summaries, see-also sections and examples of every method, and
# rules of taste that scikit-learn's own docstrings do not keep.
IGNORED = {"ES01", "SA01", "EX01", "GL01", "GL02", "GL03", "GL08", "SS05", "RT02"}
IGNORED |= {"PR02", "PR06", "PR08", "PR09", "PR10", "RT03", "RT05", "SA04", "RT01"}


def test_readme_code(capsys):
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    # As it stands, but for the number of epochs.
    short = code[1].replace("max_epochs=30", "max_epochs=5")
    assert short != code[1]
    namespace = {}
    exec(short, namespace)
    assert (
        namespace["search"].score(namespace["X"][-24:], namespace["load"][-24:]) > 0.9
    )
    assert "rnnregressor__cell" in capsys.readouterr().out


def _documented():
    for name in CLASSES:
        yield f"skrnn.{name}"
        cls = getattr(skrnn, name)
        for method in ("fit", "partial_fit", "predict", "predict_proba", "transform"):
            if hasattr(cls, method):
                yield f"skrnn.{name}.{method}"
    for name in ("RNNForecaster", "RNNPanelClassifier", "RNNPanelRegressor"):
        yield f"skrnn.sktime.{name}"
    for method in ("predict", "predict_interval", "predict_quantiles", "backtest"):
        yield f"skrnn.sktime.RNNForecaster.{method}"
    for name in skrnn.streaming.__all__:
        yield f"skrnn.streaming.{name}"
    yield "skrnn.distributed.data_parallel"
    for method in ("update", "update_many", "predict_one", "get_state", "set_state"):
        yield f"skrnn.streaming.StreamingPredictor.{method}"
    yield "skrnn.onnx.to_onnx"
    for name in skrnn.inspection.__all__:
        if name.islower():  # the others are what these functions return
            yield f"skrnn.inspection.{name}"
    for name in sorted({*skrnn.plotting.__all__} - {"PALETTE"}):
        yield f"skrnn.plotting.{name}"
        for method in ("from_estimator", "from_predictions", "from_values", "plot"):
            if hasattr(getattr(skrnn.plotting, name), method):
                yield f"skrnn.plotting.{name}.{method}"
    yield "skrnn.make_windows"
    yield "skrnn.windows.make_targets"
    yield "skrnn.windows.check_no_lookahead"
    yield "skrnn.model_selection.PanelTimeSeriesSplit"
    yield "skrnn.model_selection.PanelTimeSeriesSplit.split"


@pytest.mark.parametrize("path", list(_documented()))
def test_docstring(path):
    faults = [
        f"{code}: {text}"
        for code, text in validate(path)["errors"]
        if code not in IGNORED
    ]
    assert faults == []


def _examples_of_methods():
    """Those of classes that bear another module's name than the one they are in."""
    for path in _documented():
        method = pkgutil.resolve_name(path)
        if inspect.isfunction(method) and method.__module__.startswith("skrnn"):
            found = doctest.DocTestFinder().find(method, path, module=False, globs={})
            yield from (test for test in found if test.examples)


@pytest.mark.parametrize("test", list(_examples_of_methods()), ids=lambda t: t.name)
def test_example_of_a_method(test):
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert doctest.DocTestRunner(optionflags=flags).run(test).failed == 0


@pytest.mark.parametrize("name", CLASSES)
def test_every_parameter_is_described_in_order(name):
    cls = getattr(skrnn, name)
    text = inspect.getdoc(cls)
    section = text.split("Parameters\n----------\n")[1].split("\nAttributes\n")[0]
    described = re.findall(r"^(\w+) : ", section, re.M)
    assert described == list(inspect.signature(cls).parameters)


@pytest.mark.parametrize("name", ["RNNRegressor", "RNNClassifier"])
def test_stated_defaults_are_true(name):
    cls = getattr(skrnn, name)
    text = re.sub(r"\\\n\s+", "", inspect.getdoc(cls))
    for parameter in inspect.signature(cls).parameters.values():
        stated = re.search(rf"^{parameter.name} : .*?default=(.+)$", text, re.M)[1]
        assert eval(stated) == parameter.default


def test_every_fitted_attribute_is_described():
    X = [[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]]
    for cls in (skrnn.RNNRegressor, skrnn.RNNClassifier):
        fitted = vars(cls(hidden_size=2, max_epochs=1).fit(X, [0, 1, 1]))
        public = {n for n in fitted if n.endswith("_") and not n.startswith("_")}
        described = set(re.findall(r"^(\w+_) : ", inspect.getdoc(cls), re.M))
        assert public | {"feature_names_in_"} == described


def test_the_gallery_has_a_place_for_every_example():
    found = {path.name for path in (ROOT / "examples").glob("plot_*.py")}
    text = (ROOT / "docs/_extensions/gallery.py").read_text()
    assert sorted(re.findall(r'"(plot_\w+\.py)"', text)) == sorted(found)
    assert len(found) >= 12


def test_every_public_name_has_an_example():
    text = (ROOT / "docs/api.rst").read_text()
    listed = re.findall(r"^   (skrnn\.[\w.]+)$", text, re.M)
    bare = [n for n in listed if ">>>" not in inspect.getdoc(pkgutil.resolve_name(n))]
    assert len(listed) > 40 and bare == []


def test_errors_are_what_callers_catch():
    assert issubclass(NonFiniteLossError, ArithmeticError)
