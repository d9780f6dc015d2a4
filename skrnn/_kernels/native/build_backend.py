"""setuptools, with a compiler from PyPI where the machine has none.

Most machines have wheels, or a C compiler. Elsewhere the package ziglang brings clang
along for the time of the build; and so it does where ``SKRNN_WHEEL_PLATFORM`` names a
platform for which a wheel is to be made.
"""

import json
import os
from pathlib import Path

from build_report import REPORT, build_number
from compilers import find_compiler
from setuptools import build_meta
from setuptools.build_meta import (  # noqa: F401  (hooks that stay as they are)
    build_sdist,
    build_wheel,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)


def get_requires_for_build_wheel(config_settings=None):
    """Return what a wheel is built with (list of str)."""
    return build_meta.get_requires_for_build_wheel(config_settings) + _compiler()


def get_requires_for_build_editable(config_settings=None):
    """Return what an editable wheel is built with (list of str)."""
    return build_meta.get_requires_for_build_editable(config_settings) + _compiler()


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """Make an editable wheel; return its name (str), which tells what is missing."""
    name = build_meta.build_editable(
        wheel_directory, config_settings, metadata_directory
    )
    build = build_number(json.loads((Path(__file__).parent / REPORT).read_text()))
    if build is None:
        return name
    renamed = name.replace("-0.editable-", f"-{build}.editable-")
    Path(wheel_directory, name).rename(Path(wheel_directory, renamed))
    return renamed


def _compiler():
    is_for_others = bool(os.environ.get("SKRNN_WHEEL_PLATFORM"))
    return [] if find_compiler() and not is_for_others else ["ziglang>=0.13"]
