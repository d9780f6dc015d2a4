"""The kernels, compiled once for each level of instructions that a machine may have."""

import platform
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

sys.path.insert(0, str(Path(__file__).parent / "skrnn" / "_kernels" / "native"))
from build_backend import compiler_and_flags

SOURCE = "skrnn/_kernels/native/kernels.cpp"
FLAGS = [
    "-O3",
    "-g0",
    "-std=gnu++17",
    "-shared",
    "-fno-exceptions",
    "-fno-rtti",
    "-fvisibility=hidden",
    "-Wno-psabi",
    "-Wno-maybe-uninitialized",  # GCC means its own intrinsics
    "-Wno-unknown-warning-option",
]
if sys.platform != "win32":
    FLAGS += ["-fPIC", "-pthread"]
LEVELS = {"kernels": ""}
if platform.machine().lower() in ("x86_64", "amd64"):
    LEVELS |= {"kernels_v3": "x86-64-v3", "kernels_v4": "x86-64-v4"}


def compile_command(level, source, target, flags=()):
    """Return the command (list of str) that compiles the kernels for a level.

    Parameters
    ----------
    level : str
        A value of LEVELS.
    source, target : path
        From where to where.
    flags : list of str, default=()
        What follows the flags that are always given.
    """
    wide = ["-mprefer-vector-width=512"] if level.endswith("v4") else []
    given = [*FLAGS, *wide, *flags, str(source), "-o", str(target), "-lm"]
    return [*compiler_and_flags(level), *given]


class BuildKernels(build_ext):
    """Plain shared libraries, which Python loads by ctypes."""

    def build_extension(self, ext):
        """Compile one library; without it torch does its work."""
        target = Path(self.get_ext_fullpath(ext.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        level = LEVELS[ext.name.rpartition(".")[2]]
        try:
            subprocess.run(compile_command(level, SOURCE, target), check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"skrnn: no {ext.name}, so torch's layers serve: {error}")
            target.touch()  # setuptools wants a file; an empty one is never loaded


if __name__ == "__main__":  # else it is asked how to compile
    setup(
        ext_modules=[
            Extension(f"skrnn._kernels.native.{name}", [SOURCE]) for name in LEVELS
        ],
        cmdclass={"build_ext": BuildKernels},
    )
