"""The kernels, compiled once for each level of instructions that a machine may have."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

sys.path.insert(0, str(Path(__file__).parent / "skrnn/_kernels/native"))
from build_report import REPORT, build_number, complaint, report_of
from compilers import NO_COMPILER, Machine, version_of

NATIVE = "skrnn/_kernels/native"
SOURCE = f"{NATIVE}/kernels.cpp"
KEPT = Path("build/kernels")  # libraries, by what they were made from
MACHINE = Machine(os.environ.get("SKRNN_WHEEL_PLATFORM", ""))


class BuildKernels(build_ext):
    """Plain shared libraries, which know nothing of Python and are loaded by ctypes."""

    def get_ext_filename(self, fullname):
        """Return the name of a library, which is the same for every Python."""
        return str(Path(*fullname.split("."))) + MACHINE.suffix

    def finalize_options(self):
        """Compile as many at a time as there are cores, unless told otherwise."""
        super().finalize_options()
        self.parallel = True if self.parallel is None else self.parallel

    def run(self):
        """Compile all; say what did not, or fail if that is wanted."""
        self._failures = {}
        self._compiler = (
            version_of(MACHINE.compiler()) if MACHINE.has_compiler else "none"
        )
        super().run()
        report = report_of(MACHINE, self._compiler, self._failures)
        told = complaint(report)
        if told and os.environ.get("SKRNN_REQUIRE_KERNELS", "0") not in ("", "0"):
            raise SystemExit(told)
        print(told, file=sys.stderr)
        kept = Path(self.build_lib, NATIVE, REPORT)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(report, indent=1))
        if self.inplace:
            shutil.copy(kept, Path(NATIVE, REPORT))

    def build_extension(self, ext):
        """Compile one library; without it torch does its work."""
        target = Path(self.get_ext_fullpath(ext.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        # Of a build before, that of another compiler perhaps.
        target.unlink(missing_ok=True)
        level = MACHINE.libraries[ext.name.rpartition(".")[2]]
        if not MACHINE.has_compiler:
            self._failures[level] = NO_COMPILER
            raise CompileError(NO_COMPILER)
        kept = KEPT / f"{level}-{self._made_from(level)}"
        if kept.exists():
            shutil.copy(kept, target)
            return
        said = ""
        for command in MACHINE.commands(level, SOURCE, target):
            try:
                run = subprocess.run(command, stderr=subprocess.PIPE, text=True)
                has_failed, said = run.returncode != 0, said + run.stderr
            except OSError as error:
                has_failed, said = True, said + str(error)
            if has_failed:
                break
        print(said, file=sys.stderr)
        # What zig leaves beside it.
        for left in (f"{target}.o", f"{target}.lib", target.with_suffix(".lib")):
            Path(left).unlink(missing_ok=True)
        is_made = target.exists() and not has_failed
        if not is_made:
            self._failures[level] = _reason(said)
            raise CompileError(f"no {target.name}")  # the extension is optional
        KEPT.mkdir(parents=True, exist_ok=True)
        for old in KEPT.glob(f"{level}-*"):
            old.unlink(missing_ok=True)
        copy = shutil.copy(target, KEPT / f"{os.getpid()}-{level}")
        os.replace(copy, kept)  # whole, or not there

    def _made_from(self, level):
        """Return a digest (str) of all that a library is made from and by."""
        commands = MACHINE.commands(level, SOURCE, "")
        digest = hashlib.blake2b(repr((commands, self._compiler)).encode())
        for path in sorted(Path(NATIVE).glob("*.[ch]*")):
            digest.update(path.name.encode() + path.read_bytes())
        return digest.hexdigest()[:32]

    def copy_extensions_to_source(self):
        """Put the libraries beside their source, and take away those of before."""
        for old in Path(NATIVE).glob("kernels*.*"):
            if old.suffix in (".so", ".pyd", ".dll"):
                old.unlink()
        super().copy_extensions_to_source()


class Wheel(bdist_wheel):
    """A wheel for every Python 3 of a platform."""

    def get_tag(self):
        """Return the three parts of the tag (str)."""
        kept = Path(self.get_finalized_command("build_ext").build_lib, NATIVE, REPORT)
        if kept.exists():
            self.build_number = build_number(json.loads(kept.read_text()))
        return "py3", "none", MACHINE.tag or super().get_tag()[2]


def _reason(said):
    """Return the line of a compiler's words (str) that tells what is wrong."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return [*errors, *lines, "The compiler failed without a word."][0][:300]


def readme_of(text, project):
    """Return the README (str) for readers who do not have the files beside it.

    Parameters
    ----------
    text : str
        As it is in the repository, in Markdown, whose links are relative.
    project : dict
        The table ``project`` of pyproject.toml. Where ``Source`` is an address among
        its ``urls``, links lead to the files of this version there; where it has none,
        they are plain text, and there are no pictures.
    """
    source = project.get("urls", {}).get("Source")
    link = r"\[([^][]*)\]\((?!https?://|#)([^)\s]+)\)"
    if source is None:
        text = re.sub(rf"!{link}\n*", "", text)
        return re.sub(link, r"\1", text)
    source = f"{source.rstrip('/')}/{{}}/v{project['version']}/"
    text = re.sub(rf"!{link}", rf"![\1]({source.format('raw')}\2)", text)
    return re.sub(link, rf"[\1]({source.format('blob')}\2)", text)


if __name__ == "__main__":  # else it is asked how to compile
    PROJECT = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    setup(
        long_description=readme_of(Path("README.md").read_text("utf-8"), PROJECT),
        long_description_content_type="text/markdown",
        ext_modules=[
            Extension(f"skrnn._kernels.native.{name}", [SOURCE], optional=True)
            for name in MACHINE.libraries
        ],
        cmdclass={"build_ext": BuildKernels, "bdist_wheel": Wheel},
    )
