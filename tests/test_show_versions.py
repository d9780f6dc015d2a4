"""What `show_versions` prints of packages and kernels."""

import subprocess
import sys

import numpy as np
import pytest
import torch

import skrnn
from skrnn import _show_versions
from skrnn.__main__ import main
from tests.instruction_levels import library_of, needs_kernels


def told(capsys):
    """Lines that were printed, by their names."""
    lines = capsys.readouterr().out.splitlines()
    return dict(line.strip().split(": ", 1) for line in lines if ": " in line)


def run(level, *command):
    process = subprocess.run(
        [sys.executable, *command],
        env={"PATH": "", "SKRNN_KERNELS": level},
        capture_output=True,
        text=True,
    )
    return process.stdout + process.stderr


def test_versions_are_those_that_are_installed(capsys):
    skrnn.show_versions()
    lines = told(capsys)
    assert lines["numpy"] == np.__version__
    # What stands behind the plus, such as cpu, torch and its package may tell apart.
    assert lines["torch"].partition("+")[0] == torch.__version__.partition("+")[0]
    assert lines["python"].startswith(sys.version.split()[0])
    assert lines["threads"] == str(torch.get_num_threads())


@needs_kernels
@pytest.mark.parametrize("level", ["baseline", "0"])
def test_a_level_that_was_chosen_is_told_and_why_no_better_one(level):
    shown = run(level, "-m", "skrnn", "versions")
    if library_of("v3") is not None:
        assert f"why not v3: SKRNN_KERNELS is '{level}'" in shown
    assert f"level: {'none' if level == '0' else level}" in shown


@needs_kernels
def test_the_command_prints_the_same(capsys):
    skrnn.show_versions()
    printed = capsys.readouterr().out
    assert main(["versions"]) == 0
    assert capsys.readouterr().out == printed


def test_a_package_that_is_not_there_is_none(capsys, monkeypatch):
    monkeypatch.setattr(_show_versions, "_PACKAGES", ["no-such-package"])
    skrnn.show_versions()
    assert told(capsys)["no-such-package"] == "None"


def test_a_level_that_cannot_run_is_an_error():
    assert "ValueError: The environment variable SKRNN_KERNELS is 'v9'" in run(
        "v9", "-c", "import skrnn; skrnn.show_versions()"
    )
