"""Run the kernels under the address, undefined-behaviour and thread sanitizers.

    python -m tests.soak.sanitizers [--quick] [--no-self-check] [--write]
                                    [SANITIZER ...] [--level LEVEL ...]

In a copy of the package the kernels are compiled with a sanitizer (``address``, which
brings undefined behaviour with it, or ``thread``), for the first and the best level of
instructions that this machine has. There run calls of every function of the library
(`tests.native_calls`), calls that do not fit (`tests.soak.fuzz_kernels`), and tests of
the kernels. Whatever a sanitizer reports ends the run that showed it and is a fault;
memory that is not given back is one where the kernels took it.

First of all copies are made in which something is broken on purpose. What a sanitizer
does not report of those is a fault, too. With ``--quick`` that is all that is done.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from setup import MACHINE
from skrnn._kernels.levels import LEVELS
from skrnn._kernels.library import library_of
from tests.soak.results import write_row

ROOT = Path(__file__).parents[2]
FLAGS = {
    "address": [
        "-fsanitize=address,undefined",
        "-fno-sanitize=vptr",
        "-fno-sanitize-recover=all",
    ],
    "thread": ["-fsanitize=thread"],
}
RUNTIMES = {"address": ["libasan.so", "libubsan.so"], "thread": ["libtsan.so"]}
ENVIRONMENT = {
    # CPython and torch keep much until the end; `_leaks_of_kernels` looks at the rest.
    "ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1:handle_segv=1",
    "LSAN_OPTIONS": "exitcode=0:print_suppressions=0",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    # It does not see how code that it has not compiled waits for others: CPython, torch
    # and OpenMP. Only a race in which the kernels take part counts.
    "TSAN_OPTIONS": "halt_on_error=1:exitcode=66:ignore_noninstrumented_modules=1",
    "OMP_NUM_THREADS": "1",
    "PYTHONMALLOC": "malloc",
}
REPORT = r"ERROR: AddressSanitizer|WARNING: ThreadSanitizer|runtime error:"
CALLS = ["-m", "tests.native_calls"]
RUNS = {
    "every function": CALLS,
    "calls that do not fit": ["-m", "tests.soak.fuzz_kernels", "--count", "50"],
    "tests of threads and pools": [
        # Without -s what a sanitizer tells would be kept by pytest.
        *("-m", "pytest", "-q", "-x", "-s", "-p", "no:cacheprovider"),
        *("-k", "two or pool or denormal or twice or transposed or frozen or penalty"),
        "tests/kernels/test_threads.py",
        "tests/kernels/test_layer.py",
        "tests/kernels/test_training_step.py",
        "tests/kernels/test_native_calls.py",
    ],
}
# What is broken on purpose: file, what stands there, what takes its place, and the
# sanitizer that has to tell.
BROKEN = {
    "a write behind an array": (
        "lanes.h",
        "for (int64_t h = 0; h < size; h++) to[i * size + h] = from[h * n + i];",
        "for (int64_t h = 0; h <= size; h++) to[i * size + h] = from[0];",
        "address",
    ),
    "a write behind a piece of an arena": (
        "convolutions.h",
        "for (int64_t t = n_steps; t < n_whole; t++) channel[t] = 0;",
        "for (int64_t t = n_steps; t < n_whole + F * L; t++) channel[t] = 0;",
        "address",
    ),
    "memory that is not given back": (
        "kernels.cpp",
        "    pool->kept.clear();\n",
        "",
        "address",
    ),
    "a shift by too much": (
        "convolutions.h",
        "BLOCK / WORD_BITS]",
        "BLOCK / (WORD_BITS << (int)n_steps)]",
        "address",
    ),
    "a data race": (
        "convolutions.h",
        "std::atomic<int64_t> next{0};",
        "volatile int64_t next = 0;",
        "thread",
    ),
}


def copy_of_package(folder, level, sanitizer, broken=None):
    """Copy package and tests into a folder, with kernels of one level, instrumented."""
    for name in ("skrnn", "tests", "docs"):
        unwanted = shutil.ignore_patterns("*.so", "__pycache__", "*.png")
        shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
    for name in ("pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, folder)
    native = folder / "skrnn" / "_kernels" / "native"
    if broken is not None:
        file, old, new, _ = BROKEN[broken]
        text = (native / file).read_text()
        assert old in text, f"{file} no longer has what is to be broken: {old}"
        (native / file).write_text(text.replace(old, new))
    # What is broken on purpose is told of unoptimised code, too, which is made sooner.
    level_of_optimisation = "-O1" if broken is None else "-O0"
    flags = [level_of_optimisation, "-g", "-fno-omit-frame-pointer", *FLAGS[sanitizer]]
    # The baseline is asked what the machine can do, whichever level is wanted.
    for name in dict.fromkeys(("kernels", LEVELS[level][1])):
        target = native / (name + MACHINE.suffix)
        (command,) = MACHINE.commands(
            MACHINE.libraries[name], native / "kernels.cpp", target, flags
        )
        subprocess.run(command, check=True, cwd=folder)


def run(folder, level, sanitizer, arguments):
    """Run Python in such a copy; return what was at fault (str), empty if nothing."""
    compiler = os.environ.get("CC", "gcc").split()[0]
    libraries = [
        subprocess.run(
            [compiler, f"-print-file-name={name}"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for name in RUNTIMES[sanitizer]
    ]
    environment = os.environ | ENVIRONMENT
    environment |= {"SKRNN_KERNELS": level, "PYTHONPATH": str(folder)}
    command = [sys.executable, *arguments]
    # The thread sanitizer wants its part of the address space.
    if sanitizer == "thread" and shutil.which("setarch"):
        command = ["setarch", os.uname().machine, "-R", *command]
    command = ["env", f"LD_PRELOAD={' '.join(libraries)}", *command]
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True
    )
    told = done.stdout + done.stderr
    # That leaks do not count in the exit status holds for all that it tells.
    report = re.search(REPORT, told)
    if report is not None:
        return told[report.start() :][:6000]
    if done.returncode:
        return told[-6000:] or f"ended with {done.returncode}"
    return _leaks_of_kernels(told)


def _leaks_of_kernels(told):
    leaks = re.split(r"\n(?=(?:Direct|Indirect) leak of)", told)
    return "\n".join(leak[:1500] for leak in leaks[1:] if "/_kernels/native/" in leak)


def self_check():
    """Break copies on purpose; return what no sanitizer has reported (list of str)."""
    missed = []
    for what, (*_, sanitizer) in BROKEN.items():
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            copy_of_package(folder, "baseline", sanitizer, broken=what)
            told = run(folder, "baseline", sanitizer, CALLS)
        report = re.search(f"{REPORT}|leak of", told)
        print(f"broken: {what}: {report[0] if report else 'NOT REPORTED'}", flush=True)
        if report is None:
            print(told)
            missed.append(what)
    return missed


def main():
    """Run what the command line asks for; return how much is at fault."""
    best = [level for level in LEVELS if library_of(level) is not None][-1]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(FLAGS))
    parser.add_argument("--level", nargs="*", default=["baseline", best])
    parser.add_argument("--quick", action="store_true", help="the broken copies only")
    parser.add_argument("--no-self-check", action="store_true", help="none of them")
    parser.add_argument("--write", action="store_true", help="write the table")
    options = parser.parse_args()
    n_faults = 0
    if not options.no_self_check:
        missed = self_check()
        n_faults += len(missed)
        for what in BROKEN if options.write else ():
            told = f"{what}, made on purpose, is reported"
            write_row(__file__, told, 1, what in missed)
    if options.quick:
        return n_faults
    for sanitizer in options.names:
        for level in options.level:
            with tempfile.TemporaryDirectory() as folder:
                folder = Path(folder)
                copy_of_package(folder, level, sanitizer)
                for what, arguments in RUNS.items():
                    told = run(folder, level, sanitizer, arguments)
                    name = f"{sanitizer} sanitizer, {level}: {what}"
                    print(f"{name}: {told or 'nothing'}", flush=True)
                    n_faults += bool(told)
                    if options.write:
                        write_row(__file__, name, 1, bool(told))
    return n_faults


if __name__ == "__main__":
    sys.exit(bool(main()))
