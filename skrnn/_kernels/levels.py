"""Levels of instructions: what the processor has, what was compiled, what loads.

Nothing here decides which of them runs.
"""

import ctypes
import json
import sys
from functools import cache
from pathlib import Path

__all__ = ["LEVELS", "compiled_by", "load", "missing", "why_not"]

_FOLDER = Path(__file__).parent / "native"
# As `skrnn_level` in kernels.cpp counts them, with their files and what they are called
# besides.
LEVELS = {
    "baseline": (0, "kernels"),
    "v3": (3, "kernels_v3"),
    "v4": (4, "kernels_v4"),
}
_INSTRUCTIONS = {"baseline": "any", "v3": "AVX2", "v4": "AVX-512"}


@cache
def load(level):
    """Load the library of a level, if there is one.

    Parameters
    ----------
    level : {"baseline", "v3", "v4"}
        Level of instructions, which the machine has to have.

    Returns
    -------
    library : ctypes.CDLL or None
        None where it is not there, or the system refuses it.
    why : str
        Why it is None.
    """
    # As compilers.py in that folder names them.
    path = _FOLDER / (LEVELS[level][1] + (".dll" if sys.platform == "win32" else ".so"))
    if not path.exists():
        failure = _report().get("failures", {}).get(level)
        if failure is None:
            return None, f"there is no file {path.name} in {path.parent}"
        compiler = compiled_by() or "a compiler that could not be asked"
        by = "" if compiler == "none" else f" with {compiler}"
        return None, f"it did not compile{by}: {failure}"
    try:
        return ctypes.CDLL(str(path)), ""
    except OSError as error:
        return None, str(error)


def machine_level():
    """Return the number of the machine's level (int), None if it can't be asked."""
    # Only what every machine can run may be asked what this machine can.
    basic, _ = load("baseline")
    return None if basic is None else basic.skrnn_level()


def why_not(level):
    """Return why the library of a level cannot run here (str), empty if it can."""
    number, _ = LEVELS[level]
    most = machine_level()
    if most is None:
        return load("baseline")[1]
    if number > most:
        return f"this machine does not have its instructions ({_INSTRUCTIONS[level]})"
    return load(level)[1]


def missing(running):
    """Return what the machine could run, but does not have.

    Parameters
    ----------
    running : str or None
        The level that runs.

    Returns
    -------
    dict
        Why not (str) by level; only of levels better than the one that runs.
    """
    most, names = machine_level(), list(LEVELS)
    if most is None:
        return {"baseline": why_not("baseline")}
    better = names[names.index(running) + 1 :] if running in LEVELS else names
    return {
        level: why_not(level)
        for level in better
        if LEVELS[level][0] <= most and why_not(level)
    }


def compiled_by():
    """Return the compiler of the libraries (str) as it names itself, "" if unknown."""
    return _report().get("compiler", "")


@cache
def _report():
    # Written when the libraries were compiled, by build_report.py in that folder.
    try:
        return json.loads((_FOLDER / "compiled.json").read_text())
    except (OSError, ValueError):
        return {}
