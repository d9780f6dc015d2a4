"""mypy and pyright understand a user's program, and find what is wrong in it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import skrnn
from tests.annotations.test_annotations import MODULES

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).parent / "program.py"
BELOW = (
    "joblib onnx pandas scipy skl2onnx sklearn skops skorch sktime torch tqdm".split()
)
REFUSED = [
    number
    for number, line in enumerate(PROGRAM.read_text().splitlines(), 1)
    if line.endswith("# refused")
]


def run(*command, **options):
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "MYPYPATH": ""},
        capture_output=True,
        text=True,
        **options,
    )


def test_the_program_uses_every_public_name():
    used = set(re.findall(r"\w+", PROGRAM.read_text()))
    public = {name for module in MODULES for name in module.__all__}
    assert public - used - set(skrnn._MODULES) == set()


def test_mypy(tmp_path):
    pytest.importorskip("mypy")
    pytest.importorskip("matplotlib")  # which the program names
    # Of what stands below, types are not asked: torch alone takes half a minute.
    skipped = ",".join(f"{package}.*" for package in BELOW)
    settings = tmp_path / "mypy.ini"
    settings.write_text(
        f"[mypy]\n[mypy-{skipped}]\nfollow_imports = skip\n"
        "ignore_missing_imports = True\n"
    )
    options = ("--config-file", settings, "--cache-dir", tmp_path / "cache")
    shown = run(sys.executable, "-m", "mypy", *options, PROGRAM).stdout
    found = re.findall(rf"{PROGRAM.name}:(\d+): error: (.*)", shown)
    assert sorted({int(line) for line, _ in found}) == REFUSED, shown


def test_pyright():
    command = shutil.which("pyright", path=Path(sys.executable).parent)
    if command is None:
        pytest.skip("pyright is not installed")
    shown = run(command, "--pythonpath", sys.executable, "--outputjson", PROGRAM).stdout
    found = json.loads(shown)["generalDiagnostics"]
    lines = {
        one["range"]["start"]["line"] + 1 for one in found if one["severity"] == "error"
    }
    assert sorted(lines) == REFUSED, shown
