"""Run the kernels of wheels on this machine, by emulators where they are for others.

    python -m tests.platforms.run dist/*.whl [--count N] [--write]

Calls of every function are recorded with the library of this machine (`record.py`) and
replayed with each library of each wheel (`replay.cpp`, compiled by zig): as it is, by
qemu-user (Debian's `qemu-user-static` and `libc6-arm64-cross`), or by wine. With
`--write` the rows go into `docs/benchmarks/platforms.md`. A wheel that nothing here can
run gets a row that says so.
"""

import argparse
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from setup import MACHINE
from skrnn._kernels.levels import LEVELS
from skrnn._kernels.library import library_of, running_level
from tests.platforms.record import record
from tests.wheel_contents import ARM64, X86_64, kind_of_tag

Machine, zig = type(MACHINE), sys.modules["compilers"].zig
TABLE = Path(__file__).parents[2] / "docs" / "benchmarks" / "platforms.md"
HEAD = """# Kernels on other platforms

Calls of every function of the kernels, with arrays of random sizes, recorded on
{machine} with the level {level} and replayed with the libraries in the wheels: the
largest difference of a number, relative to the largest one of its array or to 1.
Weights are those that a network begins with: far larger ones make a layer of tanh
chaotic, whose steps multiply what rounding leaves, with every level alike. An
emulator shows that they compute the same; how fast they are there, nobody has measured:
neither NEON nor the threads of Windows. For macOS there is no emulator.

| wheel | library | run by | calls | float32 | float64 |
| --- | --- | --- | ---: | ---: | ---: |
"""
TOLD = re.compile(r"(\d+) calls; largest difference (\S+) in float32, (\S+) in float64")


def runner(system, processor):
    """Give what runs programs there (list of str, or None), and its name."""
    here = platform.system().lower().replace("darwin", "macos")
    is_x86_64 = platform.machine().lower() in ("x86_64", "amd64")
    if (system, processor == X86_64) == (here, is_x86_64):
        return [], "this machine"
    if system == "linux" and processor == ARM64 and shutil.which("qemu-aarch64-static"):
        sysroot = "/usr/aarch64-linux-gnu"
        return ["qemu-aarch64-static", "-L", sysroot], "qemu-user"
    if system == "windows" and shutil.which("wine"):
        return ["wine"], "wine"
    return None, "nothing here"


def compile_replay(tag, folder):
    """Compile `replay.cpp` for the platform of a wheel; return the program (Path)."""
    target = Machine(tag).zig_target
    source, program = Path(__file__).parent / "replay.cpp", folder / f"replay-{tag}.exe"
    options = ["-target", target, "-O1", "-std=gnu++17", "-fno-exceptions", "-fno-rtti"]
    compiled = f"{program}.o"
    subprocess.run([*zig("c++"), *options, "-c", source, "-o", compiled], check=True)
    linked = [*zig("cc"), "-target", target, compiled, "-o", program]
    subprocess.run([*linked, *([] if "windows" in target else ["-ldl"])], check=True)
    return program


def rows_of(wheel, folder, count):
    """Give the lines of the table for a wheel, and whether all agreed."""
    tag = wheel.stem.split("-")[-1]
    system, processor = kind_of_tag(tag)
    command, name = runner(system, processor)
    if command is None:
        return [f"| {tag} | all | {name} | | | |"], True
    calls = folder / "calls"
    if not calls.exists():
        record(calls, count)
    program = compile_replay(tag, folder)
    with zipfile.ZipFile(wheel) as archive:
        inside = [n for n in archive.namelist() if n.endswith((".so", ".dll"))]
        archive.extractall(folder / tag, inside)
    rows, agreed = [], True
    for path in sorted(inside):
        level = {file: level for level, (_, file) in LEVELS.items()}[Path(path).stem]
        if level != "baseline" and library_of(level) is None:
            continue  # this processor does not have it
        run = subprocess.run(
            [*command, program, folder / tag / path, calls],
            capture_output=True,
            text=True,
        )
        told = TOLD.search(run.stdout)
        agreed &= run.returncode == 0 and told is not None
        numbers = " | ".join(told.groups()) if told else f"failed: {run.stdout} | | "
        rows.append(f"| {tag} | {level} | {name} | {numbers} |")
        print(rows[-1], run.stderr if told is None else "", flush=True)
    return rows, agreed


def main():
    """Run them; return 1 where a library does not agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheels", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=10, help="rounds of all functions")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    rows, all_agreed = [], True
    with tempfile.TemporaryDirectory() as folder:
        for wheel in sorted(options.wheels):
            new, agreed = rows_of(wheel, Path(folder), options.count)
            rows, all_agreed = rows + new, all_agreed and agreed
    if options.write:
        head = HEAD.format(machine=platform.machine(), level=running_level())
        TABLE.write_text(head + "\n".join(rows) + "\n")
    return int(not all_agreed)


if __name__ == "__main__":
    sys.exit(main())
