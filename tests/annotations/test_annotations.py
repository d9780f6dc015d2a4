"""Annotations are complete, and say of each parameter what its constraint says.

The tests tell by name what is missing, so that who adds a parameter or a class knows
what to write: its type in the signature, its class in `skrnn/__init__.pyi`, and a line
in `tests/annotations/program.py`.
"""

import ast
import importlib
import inspect
import re
import typing
from numbers import Integral, Real
from pathlib import Path
from types import NoneType

import pytest
from numpy.typing import ArrayLike
from sklearn.utils._param_validation import Interval, Options, StrOptions

import skrnn
import skrnn.onnx
from skrnn.model_selection import PanelTimeSeriesSplit
from skrnn.windows import _panel_split

MODULES = [
    skrnn,
    skrnn.onnx,
    *(importlib.import_module(f"skrnn.{name}") for name in skrnn._MODULES),
]
PUBLIC = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in MODULES
    for name in module.__all__
    if inspect.isclass(getattr(module, name))
    or inspect.isfunction(getattr(module, name))
}
CLASSES = {name: one for name, one in PUBLIC.items() if inspect.isclass(one)}
CONSTRAINED = {
    cls: getattr(cls, "_parameter_constraints", None) for cls in CLASSES.values()
} | {PanelTimeSeriesSplit: _panel_split._CONSTRAINTS}
CONSTRAINED = {cls: found for cls, found in CONSTRAINED.items() if found}


def methods_of(cls):
    """Methods that the package itself has, with the constructor."""
    for name, value in inspect.getmembers(cls):
        call = inspect.unwrap(getattr(value, "fget", None) or value)
        is_own = (getattr(call, "__module__", None) or "").startswith("skrnn")
        if (
            inspect.isroutine(call)
            and is_own
            and (name[0] != "_" or name == "__init__")
        ):
            yield name, call
    for base in cls.__mro__:  # what is there for some parameters alone
        for name, value in vars(base).items():
            call = getattr(value, "fn", None)
            if call is not None and base.__module__.startswith("skrnn"):
                yield name, inspect.unwrap(call)


def calls_of(public):
    if inspect.isclass(public):
        return dict(methods_of(public))
    return {public.__name__: inspect.unwrap(public)}


def flat(hint):
    """Parts of a union, with the words of literals as they are."""
    if typing.get_origin(hint) is typing.Literal:
        return set(typing.get_args(hint))
    parts = typing.get_args(hint)
    if parts and not isinstance(hint, type) and typing.get_origin(hint) in _UNIONS:
        return set().union(*map(flat, parts))
    return {hint}


_UNIONS = (typing.Union, type(int | str))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_argument_and_result_has_a_type(name):
    missing = []
    for method, call in calls_of(PUBLIC[name]).items():
        signature = inspect.signature(call)
        missing += [
            f"{method}({argument.name})"
            for argument in signature.parameters.values()
            if argument.name not in ("self", "cls")
            and argument.annotation is argument.empty
        ]
        if signature.return_annotation is signature.empty:
            missing.append(f"{method} ->")
        typing.get_type_hints(call)  # every name in it is known
    assert missing == []


@pytest.mark.parametrize("name", CLASSES)
def test_every_documented_attribute_has_a_type(name):
    text = inspect.getdoc(CLASSES[name]) or ""
    section = re.search(r"\nAttributes\n-+\n(.*?)(\n\n\S|\Z)", text, re.S)
    described = re.findall(r"^([\w, ]+) : ", section[1], re.M) if section else []
    typed = {
        attribute
        for base in CLASSES[name].__mro__
        for attribute in (*vars(base).get("__annotations__", ()), *vars(base))
    }
    wanted = {one for line in described for one in line.split(", ")}
    assert {one for one in wanted - typed if one.endswith("_")} == set()


@pytest.mark.parametrize("cls", CONSTRAINED, ids=lambda cls: cls.__name__)
def test_types_of_parameters_are_their_constraints(cls):
    hints = typing.get_type_hints(cls.__init__)
    constraints = CONSTRAINED[cls]
    assert set(hints) - {"return"} == set(constraints)
    told = {name: _told_by_type(hints[name]) for name in constraints}
    wanted = {name: _told_by_constraint(constraints[name]) for name in constraints}
    for name in constraints:
        # An object of some kind, and Any, may be whatever is asked of it.
        if "object" in told[name]:
            told[name] |= wanted[name] - _words(wanted[name]) - {"None", "bool"}
            wanted[name] |= {"object"}
        # A string alone is an array to NumPy, to its older versions a number, too.
        if "array-like" in constraints[name]:
            told[name] -= _told_by_type(ArrayLike) - {"object"}
            wanted[name] -= _told_by_type(ArrayLike) - {"object"}
    assert told == wanted


def _words(kinds):
    return {kind for kind in kinds if kind.startswith("'")}


def _told_by_type(hint):
    plain = {NoneType: "None", bool: "bool", int: "int", float: "float", str: "str"}
    return {
        repr(part) if isinstance(part, str) else plain.get(part, "object")
        for part in flat(hint)
    }


def _told_by_constraint(constraints):
    kinds = set()
    for one in constraints:
        if isinstance(one, StrOptions):
            kinds |= {repr(word) for word in one.options}
        elif isinstance(one, Options):
            kinds |= {"float"}
        elif isinstance(one, Interval):
            kinds |= {"int"} if one.type is Integral else {"float"}
        elif one is None or one is str:
            kinds |= {"None" if one is None else "str"}
        elif one == "boolean":
            kinds |= {"bool"}
        elif one == "verbose":
            kinds |= {"int"}
        else:
            kinds |= {"object"}
    return kinds


def test_the_stub_has_every_public_name():
    stub = ast.parse((Path(skrnn.__file__).parent / "__init__.pyi").read_text())
    named = {}
    for node in stub.body:
        if isinstance(node, ast.ImportFrom):
            named |= {alias.name: node.module for alias in node.names}
    homes = skrnn._HOME | dict.fromkeys(skrnn._MODULES, "skrnn")
    assert named == homes
    assert (Path(skrnn.__file__).parent / "py.typed").exists()


def test_a_type_that_is_not_its_constraint_is_found():
    assert _told_by_type(typing.Literal["a", "b"] | None) == {"'a'", "'b'", "None"}
    interval = Interval(Real, 0, 1, closed="both")
    assert _told_by_constraint([StrOptions({"a"}), interval]) == {"'a'", "float"}
    assert flat(int | typing.Literal["a"] | None) == {int, "a", NoneType}
