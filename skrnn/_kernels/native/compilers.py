"""Which compiler makes the kernels, with which flags, for which machine.

Nothing here needs setuptools, so that whoever wants to compile may ask.
"""

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Libraries by their level of instructions; without x86-64 there is the baseline alone.
BASELINE = {"kernels": "baseline"}
X86_64 = {**BASELINE, "kernels_v3": "v3", "kernels_v4": "v4"}
# By name, since GCC 10 and clang 11 do not know -march=x86-64-v3 yet.
_V3 = "-mcx16 -msahf -mpopcnt -msse4.2 -mavx2 -mbmi -mbmi2 -mf16c -mfma -mlzcnt -mmovbe"
_V4 = f"{_V3} -mavx512f -mavx512bw -mavx512cd -mavx512dq -mavx512vl"
_LEVEL_FLAGS = {
    "baseline": [],
    "v3": _V3.split(),
    "v4": [*_V4.split(), "-mprefer-vector-width=512"],
}
_ZIG_CPUS = {"baseline": "baseline", "v3": "x86_64_v3", "v4": "x86_64_v4"}
_FLAGS = [
    "-O3",
    "-g0",
    "-std=gnu++17",
    "-fno-math-errno",  # or a square root may be a call, and its loop no vector's
    "-fno-exceptions",
    "-fno-rtti",
    "-fvisibility=hidden",
    "-Wno-psabi",
    "-Wno-maybe-uninitialized",  # GCC means its own intrinsics
    "-Wno-unknown-warning-option",
]
_POSIX_FLAGS = ["-fPIC", "-pthread"]
NO_COMPILER = (
    "neither gcc, clang nor cc compiles C++, and the package ziglang is not installed"
)
# What the kernels include, so that a driver without C++ behind it is found out.
_TRIAL = """
#include <atomic>
#include <initializer_list>
#include <new>
#include <math.h>
extern "C" int trial(int x) { return std::atomic<int>(x).load(); }
"""


class Machine:
    """The machine that kernels are compiled for.

    Parameters
    ----------
    tag : str, default=""
        Platform of a wheel, such as ``"manylinux_2_17_aarch64"``, for which zig then
        compiles; empty for the machine that builds.

    Raises
    ------
    ValueError
        If the tag is none of Linux, macOS and Windows on x86-64 or ARM.
    """

    def __init__(self, tag=""):
        self.tag = tag
        if tag:
            self.zig_target, self.system, self.is_x86_64 = _of_tag(tag)
        else:
            self.zig_target, self.system = None, platform.system()
            self.is_x86_64 = platform.machine().lower() in ("x86_64", "amd64")

    @property
    def libraries(self):
        """Level (str) of each library that is compiled for it, by name (dict)."""
        return X86_64 if self.is_x86_64 else BASELINE

    @property
    def suffix(self):
        """Ending (str) of the names of libraries."""
        return ".dll" if self.system == "Windows" else ".so"

    def commands(self, level, source, target, flags=()):
        """Return the commands (list of list of str) that compile for a level, in turn.

        Parameters
        ----------
        level : {"baseline", "v3", "v4"}
            Level of instructions.
        source, target : path
            From where to where.
        flags : list of str, default=()
            What follows the flags that are always given.
        """
        flags = [*_FLAGS, *([] if self.system == "Windows" else _POSIX_FLAGS), *flags]
        source, target = str(source), str(target)
        if not self.uses_zig:
            flags = [*_LEVEL_FLAGS[level], *flags, "-shared", source]
            return [[*self.compiler(), *flags, "-o", target, "-lm"]]
        # Without a name it would be for the machine that builds.
        cpu = [f"-mcpu={_ZIG_CPUS[level]}"]
        cpu += ["-target", self.zig_target] if self.zig_target else []
        wide = ["-mprefer-vector-width=512"] if level == "v4" else []
        compiled = f"{target}.o"
        # Apart, since C++ linked by zig has its library compiled first, for minutes.
        return [
            [*zig("c++"), *cpu, *wide, *flags, "-c", source, "-o", compiled],
            [*zig("cc"), *cpu, "-shared", "-s", compiled, "-o", target, "-lm"],
        ]

    @property
    def uses_zig(self):
        """Whether the compiler is that of the package ziglang."""
        return self.zig_target is not None or find_compiler() is None

    @property
    def has_compiler(self):
        """Whether there is one: nothing brings zig along without build isolation."""
        return not self.uses_zig or importlib.util.find_spec("ziglang") is not None

    def compiler(self):
        """Return the command (list of str) that compiles C++ for it."""
        # The C driver: the C++ runtime is not needed, and so not linked.
        return zig("c++") if self.uses_zig else [*find_compiler(), "-x", "c++"]


def _of_tag(tag):
    """Target of zig, system, and whether it is x86-64, of the platform of a wheel."""
    found = re.fullmatch(
        r"(manylinux|macosx|win)_?(\d+_\d+)?_?(x86_64|amd64|aarch64|arm64)", tag
    )
    if found is None or (found[1] == "win") != (found[2] is None):
        raise ValueError(
            f"No kernels can be compiled for the platform {tag!r}. Name one such as "
            "manylinux_2_17_x86_64, manylinux_2_17_aarch64, macosx_11_0_arm64 or "
            "win_amd64."
        )
    is_x86_64 = found[3] in ("x86_64", "amd64")
    cpu = "x86_64" if is_x86_64 else "aarch64"
    version = (found[2] or "").replace("_", ".")
    target, system = {
        "manylinux": (f"linux-gnu.{version}", "Linux"),
        "macosx": (f"macos.{version}", "Darwin"),
        "win": ("windows-gnu", "Windows"),
    }[found[1]]
    return f"{cpu}-{target}", system, is_x86_64


def find_compiler():
    """Return the command (list of str) of a C compiler that knows C++, or None.

    ``CC`` is taken at its word. Others are tried: a gcc without its part for C++, as
    slim images of systems have it, is passed over.
    """
    if os.environ.get("CC"):
        return os.environ["CC"].split()
    for name in ("gcc", "clang", "cc"):
        if shutil.which(name) and _knows_cpp(shutil.which(name)):
            return [name]
    return None


_known = {}  # by path: a trial takes a tenth of a second


def _knows_cpp(compiler):
    if compiler not in _known:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "trial.cpp")
            source.write_text(_TRIAL)
            made = Path(folder, "trial.so")
            flags = ["-x", "c++", "-std=gnu++17", "-shared", "-fPIC"]
            try:
                run = subprocess.run(
                    [compiler, *flags, str(source), "-o", str(made)],
                    capture_output=True,
                )
                _known[compiler] = run.returncode == 0 and made.exists()
            except OSError:
                _known[compiler] = False
    return _known[compiler]


def zig(driver):
    """Return the command (list of str) of a driver of ziglang, c++ or cc."""
    return [sys.executable, "-m", "ziglang", driver]


def version_of(command):
    """Return what a compiler says of its version (str), or what it was called by."""
    called = " ".join(command)
    try:
        told = subprocess.run([*command, "--version"], capture_output=True, text=True)
    except OSError:
        return f"{called}, which does not run"
    first = told.stdout.strip().partition("\n")[0]
    return first or f"{called}, which tells no version"
