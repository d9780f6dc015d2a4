"""Objects as arrays and text, and back: what the state of a fitted model is made of.

A state of arrays and text can be audited, takes little space in a file of many kinds,
and is read by other versions of the packages that wrote it.
"""

import json

import numpy as np


def pack(value):
    """Turn nested values into text, and a list of what is no text.

    Parameters
    ----------
    value : object
        None, a bool, a number, a str; a list, tuple or dict (with keys of str) of
        such values; or anything else, which stays as it is.

    Returns
    -------
    text : str
        JSON, in which other objects are places in the list.
    others : list of object
        Arrays, classes, and whatever else was found.
    """
    others = []
    return json.dumps(_encode(value, others), separators=(",", ":")), others


def unpack(text, others):
    """Turn what `pack` gave into the values that it was given.

    Parameters
    ----------
    text : str
        JSON.
    others : list of object
        What it refers to.

    Returns
    -------
    object
        Numbers of NumPy are those of Python.

    Raises
    ------
    ValueError
        If the text is none that `pack` writes.
    """
    return _decode(json.loads(text), others)


def _encode(value, others):
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        value = value.item()
    # A subclass of these (an enumeration, say) is another object.
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) is list:
        return [_encode(item, others) for item in value]
    if type(value) is tuple:
        return {"tuple": [_encode(item, others) for item in value]}
    if type(value) is dict and all(type(key) is str for key in value):
        return {"dict": {key: _encode(item, others) for key, item in value.items()}}
    others.append(value)
    return {"other": len(others) - 1}


def _decode(value, others):
    if isinstance(value, list):
        return [_decode(item, others) for item in value]
    if not isinstance(value, dict):
        return value
    [(kind, inner)] = value.items()
    if kind == "tuple":
        return tuple(_decode(item, others) for item in inner)
    if kind == "dict":
        return {key: _decode(item, others) for key, item in inner.items()}
    if kind != "other" or not isinstance(inner, int) or not 0 <= inner < len(others):
        raise ValueError(f"{kind!r} is no kind of value.")
    return others[inner]
