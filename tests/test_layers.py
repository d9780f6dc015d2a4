"""Who may import whom, read from the source."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skrnn

SOURCE = Path(skrnn.__file__).parent

# From the top down: a module imports only from lines below its own.
LAYERS = [
    {"__init__", "sktime"},
    {"_panel_estimators", "_forecaster"},
    {"regressor", "classifier", "windows", "reshape"},
    {"_lookahead", "_make_windows", "_base", "_stacking"},
    {"_fit_networks", "_fit_convolution_path"},
    {"_make_networks"},
    {"_build", "_checkpoint", "_fingerprint", "_sklearn_callbacks"},
    {"_fit_scaling", "_pretrained", "_training", "_convolution_path", "_ridge"},
    {"_auto", "_parameters", "_training_state", "_epoch", "_outputs"},
    {"_compiled_step", "_fit_linear_path"},
    {"_network", "_losses", "_callbacks", "_datasets", "_optimizers"},
    {"_recurrent", "_recompute", "_pooling", "_heads", "_compiled", "_decoder"},
    {"_scaling", "_segments", "_linear_path", "_competing_convolutions"},
    {"_cells", "_convolutions", "_kernel_layer", "_row_by_row"},
    {"_kernels"},
    {"_backtest", "_ends", "_series_forecaster", "_series_frames"},
    {"_strategies", "_conformal"},
    {"_step_model"},
    {"_plan"},
    {"_covariates", "_choices", "_linear_effect"},
    {"_recipe"},
    {"_local_windows", "_series_table", "_time_axis"},
    {"_sequences", "_layouts", "_rows", "_panels"},
    {"_windowed", "_step"},
    {"_index"},
    {"_threads", "_progress", "_weight_average"},
    {"_validation_split", "_warn", "exceptions"},
    {"_calendar", "_distributions"},
]
OUTSIDE = {
    "torch": {
        "_build",
        "_cells",
        "_checkpoint",
        "_competing_convolutions",
        "_compiled",
        "_compiled_step",
        "_convolution_path",
        "_convolutions",
        "_datasets",
        "_decoder",
        "_epoch",
        "_fingerprint",
        "_fit_convolution_path",
        "_fit_linear_path",
        "_make_networks",
        "_fit_scaling",
        "_heads",
        "_kernel_layer",
        "_linear_path",
        "_losses",
        "_network",
        "_optimizers",
        "_outputs",
        "_parameters",
        "_pooling",
        "_recompute",
        "_recurrent",
        "_ridge",
        "_row_by_row",
        "_scaling",
        "_segments",
        "_threads",
        "_training",
        "_weight_average",
    },
    "skorch": {"_training", "_epoch", "_callbacks"},
    "sktime": {"_calendar", "_forecaster", "_panel_estimators", "sktime"},
    "tqdm": {"_progress"},
}


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in {path.name}"
            yield node.module


def _level(module):
    return next(i for i, layer in enumerate(LAYERS) if module in layer)


MODULES = sorted(path.stem for path in SOURCE.glob("*.py"))


def test_every_module_has_its_place():
    assert set().union(*LAYERS) == set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module):
    for name in _imports(SOURCE / f"{module}.py"):
        package, _, inner = name.partition(".")
        if package == "skrnn" and inner:
            assert _level(inner) > _level(module), f"{module} imports {inner}"
        if package in OUTSIDE:
            assert module in OUTSIDE[package], f"{module} imports {package}"


def test_import_loads_neither_torch_nor_sktime():
    code = (
        "import sys, skrnn; skrnn.SlidingWindow; skrnn.make_windows;"
        "print([m for m in ('torch', 'skorch', 'sktime') if m in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"


def test_public_names():
    for name in skrnn.__all__:
        assert getattr(skrnn, name) is not None
        assert name in dir(skrnn)
    with pytest.raises(AttributeError, match="no attribute 'Forest'"):
        skrnn.Forest  # noqa: B018
