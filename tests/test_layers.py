"""Who may import whom, read from the source: a table of packages."""

import ast
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import skrnn

SOURCE = Path(skrnn.__file__).parent

# What each room (a package, or a module beside them) may import of the others. A line
# names only rooms of lines above it, so that there can be no circle.
TABLE = {
    "exceptions": (),
    "_warn": (),
    "_typing": (),
    "_numbers": (),
    "_columns": (),
    "_categories": ("_warn",),
    "_units": (),
    "_plain": (),
    "_files": ("exceptions",),
    "_versions": ("_numbers",),
    "_kernels": ("_warn", "exceptions"),
    "_targets": ("_columns", "_units"),
    "_time": ("_plain",),
    "_training": ("_files", "_kernels", "_warn", "exceptions"),
    "windows": (
        "_categories",
        "_columns",
        "_numbers",
        "_plain",
        "_time",
        "_typing",
        "_versions",
        "_warn",
        "exceptions",
    ),
    "model_selection": ("windows",),
    "_sequences": (
        "_categories",
        "_columns",
        "_time",
        "_units",
        "_warn",
        "exceptions",
        "windows",
    ),
    "_forecasting": (
        "_categories",
        "_kernels",
        "_numbers",
        "_plain",
        "_time",
        "_warn",
        "windows",
    ),
    "reshape": (
        "_categories",
        "_numbers",
        "_sequences",
        "_typing",
        "_versions",
        "_warn",
        "windows",
    ),
    "text": (
        "_columns",
        "_numbers",
        "_sequences",
        "_typing",
        "_versions",
        "windows",
    ),
    "_preprocessing": ("_kernels", "_sequences", "_units"),
    "_network": ("_kernels", "_preprocessing", "_warn"),
    "_convolutions": ("_kernels", "_preprocessing"),
    "_ensemble": (
        "_convolutions",
        "_kernels",
        "_network",
        "_preprocessing",
        "_sequences",
        "_targets",
        "_training",
        "_units",
        "_warn",
    ),
    "_estimator": (
        "_columns",
        "_ensemble",
        "_numbers",
        "_plain",
        "_sequences",
        "_training",
        "_units",
        "_versions",
        "_warn",
    ),
    "regressor": (
        "_estimator",
        "_numbers",
        "_targets",
        "_typing",
    ),
    "classifier": (
        "_estimator",
        "_numbers",
        "_targets",
        "_typing",
    ),
    "streaming": (
        "_categories",
        "_columns",
        "_estimator",
        "_kernels",
        "_numbers",
        "_preprocessing",
        "_sequences",
        "_time",
        "_typing",
        "reshape",
        "windows",
    ),
    "distributed": ("_training",),
    "sktime": (
        "_categories",
        "_forecasting",
        "_numbers",
        "_plain",
        "_sequences",
        "_time",
        "_typing",
        "_versions",
        "_warn",
        "classifier",
        "regressor",
    ),
    "_onnx": (
        "_convolutions",
        "_ensemble",
        "_estimator",
        "_network",
        "_preprocessing",
        "_sequences",
        "_targets",
        "classifier",
        "regressor",
        "reshape",
        "windows",
    ),
    "inspection": (
        "_columns",
        "_ensemble",
        "_estimator",
        "_kernels",
        "_network",
        "_numbers",
        "_preprocessing",
        "_sequences",
        "_targets",
        "_training",
        "_typing",
        "_warn",
        "windows",
    ),
    "plotting": ("_estimator", "_plain", "_typing", "_warn", "inspection"),
    "onnx": (
        "_onnx",
        "_typing",
    ),
    "_persistence": ("_files", "exceptions"),
    "persistence": ("_persistence",),
    "_show_versions": ("_kernels",),
    "__main__": ("exceptions", "persistence"),
    "__init__": (),
}
# Packages from outside that not every room may import.
OUTSIDE = {
    "torch": {
        "_convolutions",
        "_ensemble",
        "_estimator",
        "_kernels",
        "_network",
        "_preprocessing",
        "_show_versions",
        "_targets",
        "_training",
        "distributed",
        "inspection",
        "streaming",
    },
    "matplotlib": {"plotting"},
    "onnx": {"_onnx", "onnx"},
    "skl2onnx": {"_onnx", "onnx"},
    "skops": {"_persistence"},
    "skorch": {"_training", "plotting"},
    "sktime": {"sktime"},
    "tqdm": {"_training"},
}


def imports_of(path):
    """Modules that a file imports, as far as their names tell."""
    for node in import_nodes(path.read_text()):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            assert node.level == 0, f"relative import in {path.name}"
            # `from skrnn._kernels import library` may name a module or a function.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache  # most tests read the same text
def import_nodes(text):
    nodes = ast.walk(ast.parse(text))
    return [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]


def modules_of(source):
    """Files of a package by their dotted names, without the name of the package."""
    files = (p for p in source.rglob("*.py") if "native" not in p.parts)
    return {
        ".".join(p.relative_to(source).with_suffix("").parts).removesuffix(
            ".__init__"
        ): p
        for p in files
    }


def arrows_of(source):
    """Pairs of modules (importing, imported) within the package."""
    modules = modules_of(source)
    for name, path in modules.items():
        for imported in imports_of(path):
            package, _, inner = imported.partition(".")
            while package == "skrnn" and inner not in modules:
                inner, found, _ = inner.rpartition(".")
                if not found:
                    break
            if package == "skrnn" and inner in modules:
                yield name, inner


def room_of(module):
    return module.partition(".")[0]


def forbidden(source):
    """Imports that the tables do not permit, in words."""
    found = [
        f"{importing} imports {imported}"
        for importing, imported in arrows_of(source)
        if room_of(imported) != room_of(importing)
        and room_of(imported) not in TABLE[room_of(importing)]
    ]
    for name, path in modules_of(source).items():
        for imported in imports_of(path):
            package = imported.partition(".")[0]
            if room_of(name) not in OUTSIDE.get(package, {room_of(name)}):
                found.append(f"{name} imports {package}")
    return found


def test_every_room_has_its_line():
    assert set(TABLE) == {room_of(name) for name in modules_of(SOURCE)}


def test_imports_are_permitted():
    assert forbidden(SOURCE) == []


def test_the_table_points_down():
    above = set()
    for room, permitted in TABLE.items():
        assert above.issuperset(permitted), f"{room} comes before what it imports"
        above.add(room)


def test_the_table_permits_under_a_third():
    rooms = [room_of(name) for name in modules_of(SOURCE)]
    counts = {room: rooms.count(room) for room in TABLE}
    permitted = sum(
        counts[room] * counts[other] for room in TABLE for other in TABLE[room]
    )
    # Within a room one way of the two.
    permitted += sum(count * (count - 1) // 2 for count in counts.values())
    possible = len(rooms) * (len(rooms) - 1)
    assert permitted < possible / 3


def test_no_module_imports_itself_by_a_detour():
    arrows = {}
    for importing, imported in arrows_of(SOURCE):
        arrows.setdefault(importing, set()).add(imported)
    # The rooms of a public package are read by its __init__, which stands above them.
    done, path = set(), []

    def walk(module):
        if module in path:
            pytest.fail(" -> ".join([*path[path.index(module) :], module]))
        if module in done:
            return
        path.append(module)
        for other in arrows.get(module, ()):
            walk(other)
        path.pop()
        done.add(module)

    for module in modules_of(SOURCE):
        walk(module)


@pytest.mark.parametrize(
    ("file", "line", "complaint"),
    [
        (
            "_kernels/library.py",
            "from skrnn._forecasting.backtest import backtest",
            "_kernels.library imports _forecasting.backtest",
        ),
        (
            "_network/cells.py",
            "import skrnn._estimator.base",
            "_network.cells imports _estimator.base",
        ),
        (
            "windows/_array.py",
            "from skrnn import regressor",
            "windows._array imports regressor",
        ),
        ("_time/axis.py", "import torch.nn", "_time.axis imports torch"),
        (
            "_forecasting/frames.py",
            "from sktime.base import BaseObject",
            "_forecasting.frames imports sktime",
        ),
    ],
)
def test_a_forbidden_import_is_found(file, line, complaint, tmp_path):
    copy = tmp_path / "skrnn"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("*.so", "native"))
    path = copy / file
    path.write_text(f"{path.read_text()}\n{line}\n")
    assert forbidden(copy) == [complaint]


def test_import_loads_neither_torch_nor_sktime():
    code = (
        "import sys, skrnn; skrnn.SlidingWindow; skrnn.make_windows;"
        "packages = ('torch', 'skorch', 'sktime', 'onnx', 'skl2onnx', 'matplotlib');"
        "print([m for m in packages if m in sys.modules])"
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
