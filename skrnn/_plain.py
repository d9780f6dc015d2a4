"""Objects as arrays and text, and back: what the state of a fitted model is made of.

A state of arrays and text can be audited, takes little space in a file of many kinds,
and is read by other versions of the packages that wrote it.
"""

import copy
import json
from pathlib import Path, PurePath
from typing import NamedTuple

import numpy as np


class WholeCopiesMixin:
    """Copies that keep all attributes, where the state of pickles keeps fewer."""

    def __copy__(self):
        twin = object.__new__(type(self))
        vars(twin).update(vars(self))
        return twin

    def __deepcopy__(self, memo):
        twin = memo[id(self)] = object.__new__(type(self))
        vars(twin).update(copy.deepcopy(vars(self), memo))
        return twin


class Codec(NamedTuple):
    """How objects of a kind become plain values, and what makes them again."""

    kind: type | tuple
    to_plain: object  # a callable
    from_plain: object  # a callable


def pack_path(value):
    """Turn a path into plain values; anything else stays as it is.

    Pickles and files hold a path by its class, which Python 3.13 knows by a name that
    others do not, and which is another one on Windows.
    """
    return {"path": str(value)} if isinstance(value, PurePath) else value


def unpack_path(value):
    """Turn what `pack_path` gave into a path of this machine, or what it was given."""
    return Path(value["path"]) if isinstance(value, dict) else value


def pack(value, codecs=None):
    """Turn nested values into text, and a list of what is no text.

    Parameters
    ----------
    value : object
        None, a bool, a number, a str; a list, tuple or dict of such values; or anything
        else, which stays as it is.
    codecs : dict of Codec, default=None
        By name, for objects that are to become plain values first.

    Returns
    -------
    text : str
        JSON, in which other objects are places in the list.
    others : list of object
        Arrays, classes, and whatever else was found.
    """
    others = []
    plain = _encode(value, others, codecs or {})
    return json.dumps(plain, separators=(",", ":")), others


def unpack(text, others, codecs=None):
    """Turn what `pack` gave into the values that it was given.

    Parameters
    ----------
    text : str
        JSON.
    others : list of object
        What it refers to.
    codecs : dict of Codec, default=None
        Those that `pack` had.

    Returns
    -------
    object
        Numbers of NumPy are those of Python.

    Raises
    ------
    ValueError
        If the text is none that `pack` writes.
    """
    return _decode(json.loads(text), others, codecs or {})


def _encode(value, others, codecs):
    def inner(item):
        return _encode(item, others, codecs)

    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        value = value.item()
    # A subclass of these (an enumeration, say) is another object.
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) is list:
        return [inner(item) for item in value]
    if type(value) is tuple:
        return {"tuple": [inner(item) for item in value]}
    if type(value) is dict:
        if all(type(key) is str for key in value):
            return {"dict": {key: inner(item) for key, item in value.items()}}
        return {"pairs": [[inner(key), inner(item)] for key, item in value.items()]}
    for name, codec in codecs.items():
        if isinstance(value, codec.kind):
            return {name: inner(codec.to_plain(value))}
    others.append(value)
    return {"other": len(others) - 1}


def _decode(value, others, codecs):
    def inner(item):
        return _decode(item, others, codecs)

    if isinstance(value, list):
        return [inner(item) for item in value]
    if not isinstance(value, dict):
        return value
    [(kind, held)] = value.items()
    if kind == "tuple":
        return tuple(inner(item) for item in held)
    if kind == "dict":
        return {key: inner(item) for key, item in held.items()}
    if kind == "pairs":
        return {inner(key): inner(item) for key, item in held}
    if kind in codecs:
        return codecs[kind].from_plain(inner(held))
    if kind != "other" or not isinstance(held, int) or not 0 <= held < len(others):
        raise ValueError(f"{kind!r} is no kind of value.")
    return others[held]
