"""What ARCHITECTURE.md and CONTRIBUTING.md name is there."""

import re
from pathlib import Path

import pytest

from tests.test_layers import TABLE

ROOT = Path(__file__).parent.parent


def code_of(file):
    """What stands in backticks."""
    return re.findall(r"`([^`\n]+)`", (ROOT / file).read_text())


@pytest.mark.parametrize("file", ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_files_that_are_named_exist(file):
    places = ("skrnn/", "tests/", "docs/", "examples/", ".ci/", ".github/")
    named = {text for text in code_of(file) if text.startswith(places)}
    assert [text for text in named if not (ROOT / text).exists()] == []


def test_modules_that_are_named_exist():
    """Those of the private packages, whether with their package or without it."""
    known = {
        p.relative_to(ROOT / "skrnn").as_posix() for p in ROOT.glob("skrnn/**/*.py")
    }
    known |= {Path(name).name for name in known}
    named = {text for text in code_of("ARCHITECTURE.md") if text.endswith(".py")}
    inside = {t for t in named if not t.startswith(("skrnn/", "tests/", "docs/"))}
    assert inside and inside <= known


def test_the_table_of_rooms_is_that_of_the_layers():
    found = {}
    for line in (ROOT / "ARCHITECTURE.md").read_text().splitlines():
        cells = line.split("|")
        if line.startswith("| `") and len(cells) == 5:
            rooms, imported = (re.findall(r"`(\w+)`", cell) for cell in cells[1:3])
            found |= {room: set(imported) for room in rooms if room in TABLE}
    wanted = {room: set(names) for room, names in TABLE.items() if room != "__init__"}
    assert found == wanted
