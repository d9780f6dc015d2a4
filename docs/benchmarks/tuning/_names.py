"""The tuned numbers by their names, and the table in README.md that lists them.

A name is one of

- ``skrnn.package.module._CONSTANT``, a constant at the head of a module;
- ``skrnn.package.module.function().attribute``, of what a function without arguments
  returns;
- ``skrnn.Class(parameter)``, the default of a parameter;
- ``native/file.h:CONSTANT``, a constant of the compiled kernels.
"""

import importlib
import inspect
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

HERE = Path(__file__).parent
REMEDY = (
    "Say where it is now, in the script and in docs/benchmarks/tuning/README.md, or "
    "take it out of both if it is no more."
)
# A path with or without calls, and a parameter in brackets behind it.
NAME = re.compile(r"([^()]+(?:\(\))?[^()]*)(?:\((\w+)\))?")


class Row(NamedTuple):
    """A line of the table."""

    name: str
    value: str  # as a literal of Python, or "" where it stands inside a function
    meaning: str
    script: str  # "" if none searches over it


def value_of(name):
    """Give the value that a name has now.

    Parameters
    ----------
    name : str
        As this module's docstring says.

    Raises
    ------
    LookupError
        If there is no such thing, with what is to be done.
    """
    if name.startswith("native/"):
        return _of_kernels(name)
    path, parameter = re.fullmatch(
        r"([^()]+(?:\(\))?[^()]*)(?:\((\w+)\))?", name
    ).groups()
    found = _follow(path)
    if parameter is None:
        return found
    parameters = inspect.signature(found).parameters
    if parameter not in parameters:
        raise LookupError(f"{path} has no parameter {parameter!r}. {REMEDY}")
    return parameters[parameter].default


def _follow(path):
    found, rest = _module(path.split("."))
    for part in rest:
        attribute = part.removesuffix("()")
        if not hasattr(found, attribute):
            raise LookupError(f"{path}: there is no {attribute!r} any more. {REMEDY}")
        found = getattr(found, attribute)
        if part != attribute:
            found = found()
    return found


def _module(parts):
    """Import the longest beginning of a path that is a module; give it and the rest."""
    module, rest = None, parts
    for n in range(1, len(parts) + 1):
        name = ".".join(parts[:n])
        try:
            module, rest = importlib.import_module(name), parts[n:]
        except ModuleNotFoundError as error:
            if error.name != name:  # something else is missing
                raise
            break
    if module is None:
        raise LookupError(f"There is no module {parts[0]!r}. {REMEDY}")
    return module, rest


def _of_kernels(name):
    file, constant = name.split(":")
    native = Path(importlib.import_module("skrnn._kernels").__file__).parent / file
    text = native.read_text() if native.exists() else ""
    found = re.search(rf"constexpr \w+ {constant} = ([^;]+);", text)
    if found is None:
        raise LookupError(f"{name}: there is no such constant any more. {REMEDY}")
    return _number(found[1])


def _number(text):
    """Evaluate a literal, or an expression of some, without any names."""
    return eval(text, {"__builtins__": {}})


def wanted_of(row):
    """Give the value that a row of the table states.

    Parameters
    ----------
    row : Row
        One with a value.
    """
    if row.value.startswith("logspace"):
        return np.logspace(*_number(row.value.removeprefix("logspace")))
    return _number(row.value)


def is_equal(value, wanted):
    """Whether a value is what the table states; arrays of them up to rounding."""
    if isinstance(wanted, np.ndarray):
        value = np.asarray(value)
        return value.shape == wanted.shape and bool(np.allclose(value, wanted))
    return type(value) is type(wanted) and value == wanted


def table():
    """Read the rows of README.md (list of Row)."""
    rows = []
    for line in (HERE / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 4:
            rows.append(Row(*(cell.strip("`") for cell in cells)))
    return rows


@contextmanager
def replaced(values):
    """Give constants at the heads of modules other values for a while.

    Parameters
    ----------
    values : dict of str to object
        By their names.

    Raises
    ------
    LookupError
        If there is no such constant.
    ValueError
        If a name is that of no constant of a module of Python.
    """
    before = []
    try:
        for name, value in values.items():
            present = value_of(name)
            module, rest = _module(name.split(".")) if "/" not in name else (None, [])
            if len(rest) != 1 or name.endswith(")"):
                raise ValueError(f"{name} is no constant that a run can replace.")
            for holder in _holders(module, rest[0], present):
                before.append((holder, rest[0], present))
                setattr(holder, rest[0], value)
        yield
    finally:
        for module, attribute, present in reversed(before):
            setattr(module, attribute, present)


def _holders(module, attribute, value):
    """Modules that have a constant: its own, and if it is public whoever imports it."""
    if attribute.startswith("_"):
        return [module]
    package = module.__name__.partition(".")[0]
    loaded = [m for n, m in sys.modules.items() if n.partition(".")[0] == package]
    return [m for m in loaded if vars(m).get(attribute) is value]
