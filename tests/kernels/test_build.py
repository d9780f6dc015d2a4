"""How the kernels are compiled, and what is said where they are not."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from setup import MACHINE
from tests.wheel_contents import faults_of, kind_of

ROOT = Path(__file__).parents[2]
NATIVE = ROOT / "skrnn" / "_kernels" / "native"
build_report = sys.modules["build_report"]
compilers = sys.modules["compilers"]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="compilers are scripts here")
FAILING = '#!/bin/sh\necho "cc1plus: error: no such option: -mavx2" >&2\nexit 1\n'
# Knows no AVX, as if it were very old, and compiles nothing else either.
OLD = """#!/bin/sh
for one in "$@"; do
    [ "$one" = -mavx2 ] && echo "cc1plus: error: no -mavx2" >&2 && exit 1
    [ "$last" = -o ] && : > "$one"
    last=$one
done
"""


@pytest.fixture
def compiler(tmp_path):
    def write(text, name="compiler"):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return str(path)

    return write


@pytest.fixture
def sources(tmp_path):
    """A copy of what a wheel is built from."""
    folder = tmp_path / "sources"
    ignored = shutil.ignore_patterns("*.so", "*.dll", "*.json", "__pycache__")
    shutil.copytree(NATIVE, folder / "skrnn/_kernels/native", ignore=ignored)
    for name in ("__init__.py", "__init__.pyi", "py.typed"):
        shutil.copy(ROOT / "skrnn" / name, folder / "skrnn")
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, folder)
    return folder


def build(folder, hook, lacks="nothing", **variables):
    """Call a hook of the build backend, as pip does; return the process."""
    pytest.importorskip("setuptools")
    script = f"import sys; sys.modules[{lacks!r}] = None; "
    script += f"import build_backend; print(build_backend.{hook}('.'))"
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": "skrnn/_kernels/native", "SKRNN_REQUIRE_KERNELS": ""}
        | variables,
        capture_output=True,
        text=True,
    )


@POSIX
@pytest.mark.parametrize(
    ("script", "words"), [(FAILING, "none"), (OLD, "only_baseline")]
)
def test_the_name_of_the_wheel_says_what_did_not_compile(
    script, words, sources, compiler
):
    path = compiler(script)
    done = build(sources, "build_wheel", CC=path)
    name = done.stdout.split()[-1]
    assert name.startswith(f"skrnn-0.1.0-0_kernels_compiled_{words}-py3-none-")
    assert "cc1plus: error: no" in done.stderr
    assert f"The compiler: {path} -x c++, which tells no version." in done.stderr
    assert "SKRNN_REQUIRE_KERNELS=1" in done.stderr
    with zipfile.ZipFile(sources / name) as wheel:
        report = json.loads(wheel.read("skrnn/_kernels/native/compiled.json"))
        libraries = [n for n in wheel.namelist() if n.endswith((".so", ".dll"))]
    assert len(libraries) == (words != "none")
    assert "cc1plus: error" in report["failures"]["v3"]
    if not libraries:
        assert "lacks kernels, as its name says" in faults_of(sources / name)


@POSIX
def test_an_editable_wheel_says_so_too(sources, compiler):
    done = build(sources, "build_editable", CC=compiler(FAILING))
    name = done.stdout.split()[-1]
    assert name.startswith("skrnn-0.1.0-0_kernels_compiled_none.editable-")
    assert (sources / name).exists()


@POSIX
def test_a_library_is_compiled_anew_where_what_it_is_made_from_has_changed(
    sources, compiler, tmp_path
):
    log, header = tmp_path / "log", sources / "skrnn/_kernels/native/gemm.h"
    asked = f'case "$*" in *--version*) echo 1; exit;; *) echo >> {log};; esac'
    counting = OLD.replace("\nfor", f"\n{asked}\nfor", 1).replace("-mavx2", "-none")
    path = compiler(counting)

    def n_compiled(hook="build_wheel", **variables):
        log.write_text("")
        done = build(sources, hook, CC=path, **variables)
        assert "none" not in done.stdout.split()[-1].replace("py3-none", "")
        return len(log.read_text())

    n_levels = len(MACHINE.libraries)
    assert n_compiled() == n_levels
    assert n_compiled() == 0
    assert n_compiled("build_editable", SKRNN_REQUIRE_KERNELS="1") == 0
    header.write_text(header.read_text() + "// more\n")
    assert n_compiled() == n_levels
    assert len(list((sources / "build/kernels").iterdir())) == n_levels
    compiler(counting.replace("echo 1", "echo 2"))  # of another version
    assert n_compiled() == n_levels
    path = f"{path} -O2"
    assert n_compiled() == n_levels


@POSIX
def test_a_machine_without_a_compiler_is_told_so(sources):
    done = build(sources, "build_wheel", lacks="ziglang", CC="", PATH="")
    assert "0_kernels_compiled_none-py3-none-" in done.stdout
    assert f": {compilers.NO_COMPILER}\nThe compiler: none." in done.stderr


@POSIX
@pytest.mark.parametrize("hook", ["build_wheel", "build_editable"])
def test_missing_kernels_can_be_an_error(hook, sources, compiler):
    done = build(sources, hook, CC=compiler(FAILING), SKRNN_REQUIRE_KERNELS="1")
    assert done.returncode != 0
    assert "kernels of these levels of instructions did not compile" in done.stderr


@POSIX
def test_a_c_compiler_without_cpp_is_passed_over(compiler, monkeypatch):
    folder = Path(compiler(FAILING, "gcc")).parent
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(folder))
    assert compilers.find_compiler() is None
    compiler(OLD, "clang")
    assert compilers.find_compiler() == ["clang"]
    monkeypatch.setenv("CC", "mine -m64")
    assert compilers.find_compiler() == ["mine", "-m64"]


@pytest.mark.parametrize(
    ("tag", "target", "levels", "suffix"),
    [
        ("manylinux_2_17_x86_64", "x86_64-linux-gnu.2.17", 3, ".so"),
        ("manylinux_2_28_aarch64", "aarch64-linux-gnu.2.28", 1, ".so"),
        ("macosx_11_0_arm64", "aarch64-macos.11.0", 1, ".so"),
        ("macosx_11_0_x86_64", "x86_64-macos.11.0", 3, ".so"),
        ("win_amd64", "x86_64-windows-gnu", 3, ".dll"),
        ("win_arm64", "aarch64-windows-gnu", 1, ".dll"),
    ],
)
def test_zig_compiles_for_other_platforms(tag, target, levels, suffix):
    machine = compilers.Machine(tag)
    assert (len(machine.libraries), machine.suffix) == (levels, suffix)
    compiling, linking = machine.commands("baseline", "a.cpp", f"b{suffix}")
    for command in (compiling, linking):
        assert command[1:3] == ["-m", "ziglang"]
        assert command[command.index("-target") + 1] == target
    assert compiling[compiling.index("-c") + 1] == "a.cpp"
    assert linking[linking.index("-o") + 1] == f"b{suffix}"


@pytest.mark.parametrize("tag", ["any", "manylinux_x86_64", "win_2_0_amd64", "linux"])
def test_an_unknown_platform_is_an_error(tag):
    with pytest.raises(ValueError, match=f"for the platform '{tag}'"):
        compilers.Machine(tag)


def test_levels_are_those_that_are_loaded():
    from skrnn._kernels.levels import LEVELS

    loaded = {name: level for level, (_, name) in LEVELS.items()}
    assert loaded == compilers.X86_64


@pytest.mark.skipif(not MACHINE.is_x86_64, reason="of x86-64")
def test_flags_of_a_level_are_what_the_level_has():
    """As compilers that know the levels by name understand them."""
    if compilers.find_compiler() is None:
        pytest.skip("there is no compiler")
    command = compilers.find_compiler()

    def macros(*flags):
        run = subprocess.run(
            [*command, "-dM", "-E", "-x", "c++", *flags, os.devnull],
            capture_output=True,
            text=True,
        )
        return set(run.stdout.splitlines())

    for level, name in (("v3", "x86-64-v3"), ("v4", "x86-64-v4")):
        known = macros(f"-march={name}")
        if not known:
            pytest.skip("the compiler does not know the levels by name")
        differing = known ^ macros(*compilers._LEVEL_FLAGS[level])
        # What is not an instruction: the names of processors, and -mprefer...
        assert {m for m in differing if "k8" not in m.lower()} == set()


def test_kinds_of_libraries():
    for path in NATIVE.glob("*.so"):
        assert kind_of(path.read_bytes())[0] in ("linux", "macos")
    with pytest.raises(ValueError, match="no shared library"):
        kind_of(b"text" * 20)


def test_no_size_is_a_long():
    """Windows gives it 32 bits, in which ordinary networks would be too large."""
    sources = [*NATIVE.glob("*.h"), *NATIVE.glob("*.cpp")]
    lines = [line for path in sources for line in path.read_text().splitlines()]
    assert len(lines) > 1000
    code = [line.partition("//")[0] for line in lines]
    assert [line for line in code if re.search(r"\blong\b", line)] == []
    assert "c_long" not in (NATIVE.parent / "structs.py").read_text()
