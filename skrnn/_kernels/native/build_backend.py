"""setuptools, with a compiler from PyPI where the machine has none.

Most machines have wheels, or a C compiler. Elsewhere the package ziglang brings clang
along for the time of the build.
"""

import os
import shutil
import sys

from setuptools import build_meta
from setuptools.build_meta import (  # noqa: F401  (hooks that stay as they are)
    build_editable,
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


def _compiler():
    return [] if find_compiler() else ["ziglang>=0.13"]


def find_compiler():
    """Return the command (list of str) of a C compiler that knows C++, or None."""
    if os.environ.get("CC"):
        return os.environ["CC"].split()
    for name in ("gcc", "clang", "cc"):
        if shutil.which(name):
            return [name]
    return None


def compiler_and_flags(level):
    """Return the command that compiles for a level of instructions.

    Parameters
    ----------
    level : str
        Such as ``"x86-64-v3"``; empty for what every machine of this kind has.

    Returns
    -------
    list of str
    """
    command = find_compiler()
    if command:
        # The C driver: the C++ runtime is not needed, and so not linked.
        flags = [f"-march={level}"] if level else []
        return [*command, "-x", "c++", *flags]
    # Without a name it would be for the machine that builds.
    name = level.replace("-", "_") or "baseline"
    return [sys.executable, "-m", "ziglang", "c++", f"-mcpu={name}"]
