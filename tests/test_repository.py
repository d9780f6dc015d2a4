"""What stands beside the package fits it: hooks, workflow, lowest versions."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import skrnn
from setup import readme_of
from tests.lowest_versions import floors

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pinned(package):
    text = (ROOT / "constraints.txt").read_text()
    return re.search(rf"^{package}==(.+)$", text, re.M)[1]


def test_hooks_have_the_pinned_linter():
    text = (ROOT / ".pre-commit-config.yaml").read_text()
    version = re.search(r"ruff-pre-commit\n\s+rev: v(.+)", text)[1]
    assert version == pinned("ruff")


def test_workflow_begins_with_the_lowest_python():
    text = (ROOT / ".github/workflows/ci.yml").read_text()
    versions = re.findall(r'"(3\.\d+)"', re.search(r"python: \[(.+)\]", text)[1])
    assert PROJECT["requires-python"] == f">={versions[0]}"


def test_lowest_versions_are_printed():
    command = [sys.executable, str(ROOT / "tests/lowest_versions.py")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    printed = dict(line.split("==") for line in run.stdout.splitlines())
    assert printed == floors(PROJECT)
    wanted = {re.split(r"\W*>=", text)[0] for text in PROJECT["dependencies"]}
    assert set(printed) == wanted


def test_no_floor_is_above_what_is_tested():
    def numbers(version):
        return [int(part) for part in version.split(".")]

    for package, version in floors(PROJECT, ["test"]).items():
        assert numbers(version) <= numbers(pinned(package)), package


def test_floors():
    project = {
        "dependencies": ["b>=1.9", "a>=2"],
        "optional-dependencies": {"more": ["b>=1.10", "c-d>=0.1"], "other": ["a>=1"]},
    }
    assert floors(project) == {"a": "2", "b": "1.9"}
    both = floors(project, ["more", "other"])
    assert both == {"a": "2", "b": "1.10", "c-d": "0.1"}
    with pytest.raises(ValueError, match="No extra"):
        floors(project, ["none"])
    with pytest.raises(ValueError, match="name>=version"):
        floors({"dependencies": ["a==2"]})


README = (ROOT / "README.md").read_text()
RELATIVE = re.compile(r"\[[^][]*\]\((?!https?://|#)[^)]*\)")


def test_links_of_the_readme_lead_somewhere_from_the_package_index():
    assert len(RELATIVE.findall(README)) > 15
    known = PROJECT | {"urls": {"Source": "https://example.org/skrnn/"}}
    text = readme_of(README, known)
    assert RELATIVE.findall(text) == []
    address = f"https://example.org/skrnn/blob/v{PROJECT['version']}/docs/"
    assert f"({address}benchmarks/accuracy.md)" in text
    assert f"({address.replace('blob', 'raw')}images/quickstart.png)" in text


def test_without_an_address_the_readme_has_no_dead_links():
    text = readme_of(README, {key: PROJECT[key] for key in PROJECT if key != "urls"})
    assert RELATIVE.findall(text) == []
    assert "](" not in text and "16 regression tasks" in text
    assert len(text.split()) > 0.9 * len(RELATIVE.sub("", README).split())


def test_versions_are_one():
    cited = re.findall(r"^ *version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.M)
    assert {*cited, skrnn.__version__} == {PROJECT["version"]}
